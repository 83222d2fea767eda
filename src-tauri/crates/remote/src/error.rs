//! One error for the room. Each has a key in the message catalogue, and what fills the places of its texts.

use crate::{Platform, PolicyError, TargetProblem, Tool, program::ProgramProblem, teamviewer::TeamViewerError};

/// What can go wrong between wanting to see a screen and seeing it.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// No tool of that name.
    #[error("there is no tool {name:?}")]
    UnknownTool {
        /// What was given, fit to be shown.
        name: String,
    },
    /// The policy does not allow it.
    #[error("the policy does not allow {tool}")]
    NotAllowed {
        /// Which.
        tool: Tool,
    },
    /// It does not exist on this system.
    #[error("{tool} does not exist on {}", platform.name())]
    NotOnThisSystem {
        /// Which.
        tool: Tool,
        /// Where.
        platform: Platform,
    },
    /// The target is not one of this tool.
    #[error("{target:?} is no target of {tool}: {problem}")]
    Target {
        /// For which tool.
        tool: Tool,
        /// What was given, fit to be shown (see [`shown`]).
        target: String,
        /// What is wrong with it.
        problem: TargetProblem,
    },
    /// Its program is neither in the policy nor in a place it is known to be in.
    #[error("the program of {tool} was not found")]
    NoProgram {
        /// Of which tool.
        tool: Tool,
    },
    /// A program's path is refused.
    #[error("{path:?} is not started: {problem}")]
    Program {
        /// Which.
        path: String,
        /// Why.
        problem: ProgramProblem,
    },
    /// The policy has no such link.
    #[error("the policy has no link for {tool}")]
    NoLink {
        /// For which tool.
        tool: Tool,
    },
    /// The policy file is wrong. Nothing is launched by another one instead.
    #[error("{path}: {source}")]
    Policy {
        /// Which file.
        path: String,
        /// Where and what.
        source: PolicyError,
    },
    /// The policy file is there and cannot be read. Nothing is launched without it.
    #[error("{path}: {source}")]
    PolicyUnreadable {
        /// Which file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The consent is for another ticket or other equipment.
    #[error("the consent is for another ticket or other equipment")]
    ConsentElsewhere,
    /// The consent ended to hold before the launch.
    #[error("the consent expired before the launch")]
    ConsentExpired,
    /// The program could not be started.
    #[error("{path}: {source}")]
    Start {
        /// Which.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The link could not be opened.
    #[error("the link could not be opened: {source}")]
    Open {
        /// What the system said.
        source: std::io::Error,
    },
    /// How the started program ended cannot be told.
    #[error("how the program ended cannot be told: {source}")]
    Wait {
        /// What the system said.
        source: std::io::Error,
    },
    /// TeamViewer's Web API.
    #[error(transparent)]
    TeamViewer(#[from] TeamViewerError),
}

/// A hostile text made fit to be shown and logged: controls, quotes and what is not ASCII are escaped, 80 characters at most.
#[must_use]
pub fn shown(text: &str) -> String {
    const MOST: usize = 80;
    let mut shown: String = text.chars().take(MOST).flat_map(char::escape_default).collect();
    if shown.len() > MOST || text.chars().nth(MOST).is_some() {
        shown.truncate(MOST); // ASCII by now: any byte is a boundary.
        shown.push_str("...");
    }
    shown
}

impl RemoteError {
    /// Every code, for the catalogue's test.
    pub const CODES: [&'static str; 31] = [
        "remote_tool_unknown",
        "remote_tool_not_allowed",
        "remote_tool_not_here",
        "remote_target_empty",
        "remote_target_superfluous",
        "remote_target_too_long",
        "remote_target_option",
        "remote_target_quote",
        "remote_target_blank",
        "remote_target_control",
        "remote_target_path",
        "remote_target_scheme",
        "remote_target_foreign",
        "remote_target_form",
        "remote_program_missing",
        "remote_program_relative",
        "remote_program_batch",
        "remote_program_characters",
        "remote_program_other",
        "remote_program_gone",
        "remote_program_writable",
        "remote_link_missing",
        "remote_policy_invalid",
        "remote_policy_unreadable",
        "remote_consent_elsewhere",
        "remote_consent_expired",
        "remote_start_failed",
        "remote_end_unknown",
        "teamviewer_unreachable",
        "teamviewer_token_refused",
        "teamviewer_refused",
    ];

    /// Key in the message catalogue.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownTool { .. } => "remote_tool_unknown",
            Self::NotAllowed { .. } => "remote_tool_not_allowed",
            Self::NotOnThisSystem { .. } => "remote_tool_not_here",
            Self::Target { problem, .. } => problem.code(),
            Self::NoProgram { .. } => "remote_program_missing",
            Self::Program { problem, .. } => problem.code(),
            Self::NoLink { .. } => "remote_link_missing",
            Self::Policy { .. } => "remote_policy_invalid",
            Self::PolicyUnreadable { .. } => "remote_policy_unreadable",
            Self::ConsentElsewhere => "remote_consent_elsewhere",
            Self::ConsentExpired => "remote_consent_expired",
            Self::Start { .. } | Self::Open { .. } => "remote_start_failed",
            Self::Wait { .. } => "remote_end_unknown",
            Self::TeamViewer(error) => error.code(),
        }
    }

    /// What was given is wrong, rather than what was asked for.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::UnknownTool { .. } | Self::Target { .. })
    }

    /// What fills the places of the texts. A policy's `{detail}` is in English here; its words are in the catalogue under
    /// [`crate::PolicyProblem::code`].
    #[must_use]
    pub fn arguments(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::UnknownTool { name } => vec![
                ("name", name.clone()),
                ("known", Tool::BUILT_IN.map(|tool| tool.name()).join(", ")),
            ],
            Self::NotAllowed { tool } | Self::NoProgram { tool } | Self::NoLink { tool } => {
                vec![("tool", tool.name())]
            }
            Self::NotOnThisSystem { tool, platform } => {
                vec![("tool", tool.name()), ("system", platform.name().to_owned())]
            }
            Self::Target { tool, target, .. } => vec![
                ("tool", tool.name()),
                ("target", target.clone()),
                ("example", tool.example().to_owned()),
            ],
            Self::Program { path, problem } => {
                let mut arguments = vec![("path", path.clone())];
                if let ProgramProblem::NotThisTool { known } = problem {
                    arguments.push(("known", known.clone()));
                }
                arguments
            }
            Self::Policy { path, source } => vec![
                ("path", path.clone()),
                ("line", source.line.to_string()),
                ("column", source.column.to_string()),
                ("detail", source.problem.to_string()),
            ],
            Self::PolicyUnreadable { path, source } => {
                vec![("path", path.clone()), ("detail", source.to_string())]
            }
            Self::ConsentElsewhere | Self::ConsentExpired => Vec::new(),
            Self::Start { path, source } => vec![("detail", format!("{path}: {source}"))],
            Self::Open { source } | Self::Wait { source } => vec![("detail", source.to_string())],
            Self::TeamViewer(error) => vec![("detail", error.detail())],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_text_is_shown_in_plain_ascii_and_short() {
        assert_eq!(shown("PC-0417"), "PC-0417");
        assert_eq!(shown("a\r\nb\u{202e}\"\0"), "a\\r\\nb\\u{202e}\\\"\\u{0}");
        let long = shown(&"é".repeat(500));
        assert!(long.is_ascii() && long.len() == 83 && long.ends_with("..."), "{long}");
    }
}
