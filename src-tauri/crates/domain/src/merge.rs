//! Three-way merge of a field.
