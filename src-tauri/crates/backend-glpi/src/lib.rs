//! GLPI's legacy REST API (10.0 and 11.0) as a [`guichet_backend::Backend`]. No wire type leaves this crate.

pub mod transport;
