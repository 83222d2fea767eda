//! The command line as scripts and support use it: real processes, a real (sandbox) server, a real profile folder.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, missing_docs)]

mod escalation;
mod export;
mod harness;
mod keyring;
mod kpi;
mod outage;
mod policy;
mod profile;
mod reading;
mod remote;
mod usage;
mod vault;
