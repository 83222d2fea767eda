//! From a tool and a hostile target to what would be started: pure. Each tool has a **template** of arguments; a target fills its
//! one place in it and never makes another argument, nor a flag (`tests/no_other_argument.rs` holds that against 100,000 targets
//! of each tool).
//!
//! No template has a place for a password: arguments are readable by every program of the account.

use crate::{
    Platform, Policy, Programs, RemoteError, Tool,
    policy::{RdpProtection, TeamViewerMode},
    program,
    target::{HostPort, Target},
};
use serde::Serialize;

/// How a plan is carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Launch {
    /// A program with its arguments, one by one; no shell reads them.
    Program {
        /// Its absolute path.
        program: String,
        /// Its arguments, the program itself not among them.
        arguments: Vec<String>,
    },
    /// A link, given whole to what opens links on this system.
    Link {
        /// The link.
        link: String,
    },
}

/// What would be started. It comes from [`plan()`] only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    tool: Tool,
    target: String,
    #[serde(flatten)]
    launch: Launch,
    end_is_seen: bool,
}

impl Plan {
    /// By which tool.
    #[must_use]
    pub const fn tool(&self) -> &Tool {
        &self.tool
    }

    /// On what; empty where the tool takes no target.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// How.
    #[must_use]
    pub const fn launch(&self) -> &Launch {
        &self.launch
    }

    /// Whether the end of the session will be seen (see [`Tool::end_is_seen`]).
    #[must_use]
    pub const fn end_is_seen(&self) -> bool {
        self.end_is_seen
    }
}

/// Plans a session.
///
/// # Errors
/// When the policy, the system or the target does not allow it.
pub fn plan(tool: &Tool, target: &str, policy: &Policy, programs: &Programs) -> Result<Plan, RemoteError> {
    if !policy.allows(tool) {
        return Err(RemoteError::NotAllowed { tool: tool.clone() });
    }
    let platform = programs.platform();
    let windows_only = matches!(tool, Tool::RemoteAssistance | Tool::RdpShadow | Tool::QuickAssist);
    if windows_only && platform != Platform::Windows {
        return Err(RemoteError::NotOnThisSystem {
            tool: tool.clone(),
            platform,
        });
    }
    let template = match tool {
        Tool::Link(name) => Some(
            policy
                .link(name)
                .ok_or_else(|| RemoteError::NoLink { tool: tool.clone() })?,
        ),
        _ => None,
    };
    let target = Target::parse(tool, target, template.and_then(|template| template.word()))?;
    let text = target.to_string();
    let launch = match &target {
        Target::Word(word) => Launch::Link {
            link: template
                .map(|template| template.link(word))
                .ok_or_else(|| RemoteError::NoLink { tool: tool.clone() })?,
        },
        Target::None => Launch::Link {
            link: match tool {
                Tool::QuickAssist => Some("ms-quick-assist:".to_owned()),
                Tool::Webex => policy.webex.clone(),
                _ => template.map(|template| template.link("")),
            }
            .ok_or_else(|| RemoteError::NoLink { tool: tool.clone() })?,
        },
        Target::TeamViewerLink(link) => Launch::Link { link: link.clone() },
        // Linux' client has no command line for this; where there is one, no URI is used (CVE-2020-13699).
        Target::TeamViewerId(id) if program::names(tool, platform).is_empty() => Launch::Link {
            link: format!("teamviewer10://control?device={id}"),
        },
        _ => {
            let program = programs
                .path(tool)
                .ok_or_else(|| RemoteError::NoProgram { tool: tool.clone() })?;
            Launch::Program {
                program: program.to_owned(),
                arguments: arguments(tool, &target, policy, platform),
            }
        }
    };
    Ok(Plan {
        end_is_seen: tool.end_is_seen(),
        tool: tool.clone(),
        target: text,
        launch,
    })
}

/// The arguments of a tool's program. Sources of the forms: `docs/remote-control.md`.
fn arguments(tool: &Tool, target: &Target, policy: &Policy, platform: Platform) -> Vec<String> {
    let own = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    match target {
        Target::TeamViewerId(id) => {
            let mut arguments = own(&["--id", id]);
            match policy.teamviewer_mode {
                TeamViewerMode::Control => {}
                TeamViewerMode::FileTransfer => arguments.extend(own(&["--mode", "fileTransfer"])),
                TeamViewerMode::Vpn => arguments.extend(own(&["--mode", "vpn"])),
            }
            if let Some(level) = policy.teamviewer_access_control {
                arguments.extend(own(&["--ac", &level.to_string()]));
            }
            arguments
        }
        Target::RustDeskId(id) => own(&["--connect", id]),
        Target::AnyDeskId(id) => own(&[id]),
        Target::Host(host) => own(&["/offerRA", &host.to_string()]),
        // Without /noConsentPrompt, ever: the person on that session is asked by Windows as well.
        Target::Session { host, session } => own(&[&format!("/v:{host}"), &format!("/shadow:{session}"), "/control"]),
        Target::HostPort(host) if *tool == Tool::Vnc => own(&[&vnc_server(host)]),
        Target::HostPort(host) => match platform {
            Platform::Windows => {
                let mut arguments = own(&[&format!("/v:{host}")]);
                match policy.rdp_protection {
                    Some(RdpProtection::RestrictedAdmin) => arguments.push("/restrictedAdmin".to_owned()),
                    Some(RdpProtection::RemoteGuard) => arguments.push("/remoteGuard".to_owned()),
                    None => {}
                }
                arguments
            }
            // A certificate is remembered when it is first seen, and another one refused later, as SSH does: FreeRDP would
            // otherwise ask on a terminal that nobody has.
            Platform::Linux => own(&[&format!("/v:{host}"), "/cert:tofu"]),
        },
        // These open a link.
        Target::TeamViewerLink(_) | Target::Word(_) | Target::None => Vec::new(),
    }
}

/// A VNC server's address: `host::port` names a port, where `host:n` would name a display.
fn vnc_server(host: &HostPort) -> String {
    let name = host.bracketed();
    host.port.map_or_else(|| name.clone(), |port| format!("{name}::{port}"))
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
