//! What is wrong, in plain words, with the cure.
