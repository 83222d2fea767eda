//! Folding of text for search and comparison: accents, ligatures, case and French plurals forgiven.
