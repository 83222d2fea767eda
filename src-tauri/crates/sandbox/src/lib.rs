//! The embedded backend: a server that speaks GLPI's legacy REST API (10.0 or 11.0) as the recordings show it, traps
//! included, over demo data made from a seed.
//!
//! [`Glpi`] is the core: requests in, replies out, no I/O; the simulation calls it directly. Everything in it is a
//! function of the options, the requests and the instants they come with. [`Sandbox`] serves it over HTTP on loopback, with
//! faults on a switch.
//!
//! [`pbx`] is a pretend telephone exchange that speaks Asterisk's Manager Interface.

mod demo;
mod glpi;
pub mod options;
pub mod pbx;
mod server;
pub mod wire;

pub use glpi::{Act, ActError, Author, Glpi, SlowWrite, Write, WriteAction, journal::WrittenFile, schema::Version};
pub use options::Options;
pub use server::{Fault, Faults, Sandbox, SandboxError, StatusFault, UnknownFault};
