//! The evidence document: what happened, as the command line reads and writes it. [`model`] is its shape; [`document`] finds
//! the records in a file of any size, [`stream`] reads them on all cores without ever holding the file.

pub mod document;
pub mod model;
pub mod stream;
