//! The embedded backend: a server that speaks GLPI's legacy REST API (10.0 or 11.0) as the recordings show it, traps
//! included, over demo data made from a seed.

pub mod wire;
