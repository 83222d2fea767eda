//! The tools and where they run.

use crate::RemoteError;
use serde::{Serialize, Serializer};
use std::{fmt, str::FromStr};

/// Which system the technician's machine has. A parameter of planning, so that both are tested on either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// Windows 10 and 11.
    Windows,
    /// Linux with a desktop.
    Linux,
}

impl Platform {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Windows, Self::Linux];

    /// The one this was built for. What is neither is planned for as Linux is: programs by absolute paths, none discovered.
    #[must_use]
    pub const fn here() -> Self {
        if cfg!(windows) { Self::Windows } else { Self::Linux }
    }

    /// "windows", "linux".
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Windows => "windows",
            Self::Linux => "linux",
        }
    }
}

/// A way to see a person's screen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tool {
    /// TeamViewer's client, by the other side's id.
    TeamViewer,
    /// A session made by TeamViewer's Web API, by the link for supporters that it answered.
    TeamViewerSession,
    /// Webex: the link of the policy (no way to hand a target over was found).
    Webex,
    /// RustDesk's client.
    RustDesk,
    /// AnyDesk's client.
    AnyDesk,
    /// Windows Remote Assistance, offered to a computer.
    RemoteAssistance,
    /// Somebody's session on a computer, shared with his consent (`mstsc /shadow`).
    RdpShadow,
    /// A session of one's own on a computer.
    Rdp,
    /// A screen shared over VNC.
    Vnc,
    /// Windows Quick Assist.
    QuickAssist,
    /// A web tool of the policy, by the name it has there.
    Link(String),
}

impl Tool {
    /// All but the policy's own.
    pub const BUILT_IN: [Self; 10] = [
        Self::TeamViewer,
        Self::TeamViewerSession,
        Self::Webex,
        Self::RustDesk,
        Self::AnyDesk,
        Self::RemoteAssistance,
        Self::RdpShadow,
        Self::Rdp,
        Self::Vnc,
        Self::QuickAssist,
    ];

    /// Whether the started program lives as long as the session does. Where it does not (it hands over to a program that runs
    /// already, or a web page opens) only the technician can say when the session ended.
    #[must_use]
    pub const fn end_is_seen(&self) -> bool {
        matches!(self, Self::Rdp | Self::RdpShadow | Self::Vnc)
    }

    /// What a target looks like, for the error's cure; empty where there is none to give.
    #[must_use]
    pub const fn example(&self) -> &'static str {
        match self {
            Self::TeamViewer => "123456789",
            Self::TeamViewerSession => "https://get.teamviewer.com/v15/s12345678",
            Self::RustDesk => "123456789",
            Self::AnyDesk => "123456789, poste-0417@ad",
            Self::RemoteAssistance => "PC-0417, 192.0.2.17",
            Self::RdpShadow => "PC-0417#2",
            Self::Rdp | Self::Vnc => "PC-0417, 192.0.2.17:3390",
            Self::Link(_) => "PC-0417",
            Self::Webex | Self::QuickAssist => "",
        }
    }

    /// Its name on the command line, in the policy and in records.
    #[must_use]
    pub fn name(&self) -> String {
        let name = match self {
            Self::TeamViewer => "teamviewer",
            Self::TeamViewerSession => "teamviewer_session",
            Self::Webex => "webex",
            Self::RustDesk => "rustdesk",
            Self::AnyDesk => "anydesk",
            Self::RemoteAssistance => "remote_assistance",
            Self::RdpShadow => "rdp_shadow",
            Self::Rdp => "rdp",
            Self::Vnc => "vnc",
            Self::QuickAssist => "quick_assist",
            Self::Link(name) => return format!("link:{name}"),
        };
        name.to_owned()
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name())
    }
}

impl Serialize for Tool {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name())
    }
}

impl FromStr for Tool {
    type Err = RemoteError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(name) = text.strip_prefix("link:") {
            if is_link_name(name) {
                return Ok(Self::Link(name.to_owned()));
            }
        } else if let Some(tool) = Self::BUILT_IN.into_iter().find(|tool| tool.name() == text) {
            return Ok(tool);
        }
        Err(RemoteError::UnknownTool {
            name: crate::error::shown(text),
        })
    }
}

/// A name of the policy's links: lower-case letters, digits, `-` and `_`, 32 at most.
pub(crate) fn is_link_name(name: &str) -> bool {
    (1..=32).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for tool in Tool::BUILT_IN.into_iter().chain([Tool::Link("assist-2".to_owned())]) {
            assert_eq!(tool.name().parse::<Tool>().unwrap(), tool);
        }
        for wrong in ["", "RDP", "link:", "link:A", "link:a b", "mstsc.exe"] {
            assert_eq!(
                wrong.parse::<Tool>().unwrap_err().code(),
                "remote_tool_unknown",
                "{wrong}"
            );
        }
    }
}
