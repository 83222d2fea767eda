//! Remote control: what is started to see a person's screen, and only after that person agreed.
//!
//! **A target is hostile.** It comes from the inventory, which any agent on any machine feeds. So every tool has a typed target
//! with a grammar of its own ([`target`]), a program is one of the tool's own at a fixed absolute path ([`program`]), and a
//! [`Plan`] is that program with its arguments as a list: no shell, no batch file, no password. Planning is pure ([`plan`]);
//! looking for programs is I/O in a module of its own ([`discovery`]); starting takes the plan and a
//! [`guichet_domain::consent::Granted`], which only a recorded consent yields ([`launch`]).
//!
//! Not a tool of this machine but a service: TeamViewer's sessions by its Web API ([`teamviewer`]).

pub mod discovery;
mod error;
pub mod launch;
pub mod plan;
pub mod policy;
pub mod program;
pub mod target;
pub mod teamviewer;
mod tool;

pub use error::RemoteError;
pub use launch::{Ended, Launcher, RemoteSession};
pub use plan::{Launch, Plan, plan};
pub use policy::{Policy, PolicyError, PolicyProblem};
pub use program::Programs;
pub use target::{Target, TargetProblem};
pub use tool::{Platform, Tool};
