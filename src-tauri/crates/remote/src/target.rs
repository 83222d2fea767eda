//! Targets: one type and one grammar per tool. What does not fit is refused with its reason; nothing is corrected, trimmed or
//! escaped, because what has to be escaped has no business in a target.
//!
//! A first sieve is the same for all ([`sieve`]): it gives the reasons that people understand. The grammars are what makes it safe:
//! each names the characters it takes, and none of them means anything to a command line, a URI or a program's own options.

use crate::{RemoteError, Tool, error::shown};
use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
};

/// Longest target: a DNS name's 253 characters and a port, or a link.
const LONGEST: usize = 300;

/// Why a target is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetProblem {
    /// There is none.
    #[error("it is empty")]
    Empty,
    /// The tool takes none.
    #[error("this tool takes no target")]
    Superfluous,
    /// Nothing that long is a target.
    #[error("it is too long")]
    TooLong,
    /// It begins like an option (CVE-2019-6453, CVE-2022-28755).
    #[error("it begins like an option")]
    Option,
    /// It has a quotation mark (CVE-2020-13699).
    #[error("it has a quotation mark")]
    Quote,
    /// It has a blank.
    #[error("it has a blank")]
    Blank,
    /// It has a control character or an invisible one.
    #[error("it has a control character or an invisible one")]
    Control,
    /// It looks like a path: `\\server\share`, `//server`, `..`.
    #[error("it looks like a path")]
    Path,
    /// It names a scheme: `file:`, `http:`…
    #[error("it names a scheme")]
    Scheme,
    /// It has letters that are not ASCII's: some only look like them.
    #[error("it has characters that are not ASCII")]
    Foreign,
    /// It does not have this tool's form.
    #[error("it does not have the form of a target of this tool")]
    Form,
}

impl TargetProblem {
    /// Key in the message catalogue.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "remote_target_empty",
            Self::Superfluous => "remote_target_superfluous",
            Self::TooLong => "remote_target_too_long",
            Self::Option => "remote_target_option",
            Self::Quote => "remote_target_quote",
            Self::Blank => "remote_target_blank",
            Self::Control => "remote_target_control",
            Self::Path => "remote_target_path",
            Self::Scheme => "remote_target_scheme",
            Self::Foreign => "remote_target_foreign",
            Self::Form => "remote_target_form",
        }
    }
}

/// A computer: a host name or an address. An IPv6 address has no zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// Labels of letters, digits, `-` and `_` (Windows has names with it), 253 characters at most (RFC 1123).
    Name(String),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address.
    V6(Ipv6Addr),
}

impl Host {
    /// Reads one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(address) = text.parse() {
            return Some(Self::V4(address));
        }
        if let Ok(address) = text.parse() {
            return Some(Self::V6(address));
        }
        let label = |label: &str| {
            let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
            let bytes = label.as_bytes();
            (1..=63).contains(&bytes.len())
                && ends(bytes.first())
                && ends(bytes.last())
                && bytes
                    .iter()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        // "10.1", "1.2.3.999" and "0x7f.1" are read as addresses by some resolvers, each in its way: the last label of a name
        // begins with a letter, unless it is the only one and has a letter somewhere ("3com-poste").
        let last = text.rsplit('.').next().unwrap_or_default();
        let named = if text.contains('.') {
            last.starts_with(|c: char| c.is_ascii_alphabetic())
        } else {
            last.contains(|c: char| c.is_ascii_alphabetic()) && !last.starts_with("0x") && !last.starts_with("0X")
        };
        (text.len() <= 253 && named && text.split('.').all(label)).then(|| Self::Name(text.to_owned()))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::V4(address) => address.fmt(f),
            Self::V6(address) => address.fmt(f),
        }
    }
}

/// A computer and, where it is not the usual one, a port: `PC-0417`, `PC-0417:3390`, `[2001:db8::7]:3390`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPort {
    /// Which computer.
    pub host: Host,
    /// Which port.
    pub port: Option<u16>,
}

impl HostPort {
    /// Reads one. A bare IPv6 address has no port.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let port = |text: &str| {
            let digits = (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<u16>().ok().filter(|port| digits && *port > 0)
        };
        if let Some(rest) = text.strip_prefix('[') {
            let (address, rest) = rest.split_once(']')?;
            let host = Host::V6(address.parse().ok()?);
            return match rest.strip_prefix(':') {
                Some(digits) => port(digits).map(|port| Self { host, port: Some(port) }),
                None => rest.is_empty().then_some(Self { host, port: None }),
            };
        }
        if let Some(host) = Host::parse(text) {
            return Some(Self { host, port: None });
        }
        let (name, digits) = text.split_once(':')?;
        Some(Self {
            host: Host::parse(name)?,
            port: Some(port(digits)?),
        })
    }

    /// The host as it stands before a port: an IPv6 address in brackets.
    #[must_use]
    pub fn bracketed(&self) -> String {
        match &self.host {
            Host::V6(address) => format!("[{address}]"),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.bracketed())?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// What a policy's link takes as its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordKind {
    /// A computer's name or IPv4 address.
    Host,
    /// Digits, 1 to 20.
    Digits,
    /// Letters, digits, `.`, `_` and `-`, 64 at most, beginning with a letter or a digit and without `..`.
    Word,
}

impl WordKind {
    /// Whether a text is one.
    #[must_use]
    pub fn holds(self, text: &str) -> bool {
        match self {
            Self::Host => matches!(Host::parse(text), Some(Host::Name(_) | Host::V4(_))),
            Self::Digits => digits(text, 1, 20),
            Self::Word => {
                word(text, 64) && !text.contains("..") && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            }
        }
    }
}

/// A target that is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// TeamViewer's id: 8 to 12 digits.
    TeamViewerId(String),
    /// The link for supporters that TeamViewer's Web API answered.
    TeamViewerLink(String),
    /// RustDesk's id: 6 to 12 digits, or a name of 6 to 16 letters, digits, `_` and `-` that begins with a letter.
    RustDeskId(String),
    /// AnyDesk's id (9 or 10 digits) or alias (`name@namespace`).
    AnyDeskId(String),
    /// A computer.
    Host(Host),
    /// Somebody's session on a computer: `PC-0417#2`.
    Session {
        /// Which computer.
        host: HostPort,
        /// Which session (`query session` tells).
        session: u32,
    },
    /// A computer and its port.
    HostPort(HostPort),
    /// The word that a policy's link takes.
    Word(String),
    /// None: the tool takes none.
    None,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TeamViewerId(text)
            | Self::TeamViewerLink(text)
            | Self::RustDeskId(text)
            | Self::AnyDeskId(text)
            | Self::Word(text) => f.write_str(text),
            Self::Host(host) => host.fmt(f),
            Self::Session { host, session } => write!(f, "{host}#{session}"),
            Self::HostPort(host) => host.fmt(f),
            Self::None => Ok(()),
        }
    }
}

/// Digits only, so many.
fn digits(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Letters, digits, `.`, `_` and `-`.
fn word(text: &str, most: usize) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=most).contains(&text.len()) && text.bytes().all(fits)
}

fn is_rustdesk_id(text: &str) -> bool {
    let named = (6..=16).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    digits(text, 6, 12) || named
}

fn is_anydesk_id(text: &str) -> bool {
    let part = |text: &str, most| word(text, most) && text.starts_with(|c: char| c.is_ascii_alphanumeric());
    digits(text, 9, 10)
        || text
            .split_once('@')
            .is_some_and(|(name, namespace)| part(name, 64) && part(namespace, 32))
}

/// A link to TeamViewer's own site by HTTPS, of characters that no opener reads otherwise.
pub(crate) fn is_teamviewer_link(text: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'/' | b'?' | b'=' | b'&');
    let Some(rest) = text.strip_prefix("https://") else {
        return false;
    };
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let ours = host == "teamviewer.com" || host.ends_with(".teamviewer.com");
    text.len() <= LONGEST && rest.bytes().all(plain) && ours && matches!(Host::parse(host), Some(Host::Name(_)))
}

/// Reasons that are the same for every tool.
fn sieve(text: &str) -> Result<(), TargetProblem> {
    let invisible = |c: char| matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let quote = |c: char| {
        matches!(
            c,
            '"' | '\'' | '`' | '\u{2018}'..='\u{201f}' | '«' | '»' | '\u{ff02}' | '\u{ff07}'
        )
    };
    if text.is_empty() {
        return Err(TargetProblem::Empty);
    }
    if text.len() > LONGEST {
        return Err(TargetProblem::TooLong);
    }
    if text.chars().any(|c| c.is_control() || invisible(c)) {
        return Err(TargetProblem::Control);
    }
    if text.chars().any(quote) {
        return Err(TargetProblem::Quote);
    }
    if text.chars().any(char::is_whitespace) {
        return Err(TargetProblem::Blank);
    }
    if text.starts_with("//") || text.contains('\\') || text.contains("..") {
        return Err(TargetProblem::Path);
    }
    if text.starts_with(['-', '/', '+', '@']) {
        return Err(TargetProblem::Option);
    }
    if !text.is_ascii() {
        return Err(TargetProblem::Foreign);
    }
    Ok(())
}

/// Whether a text begins with a scheme, rather than with a computer and its port or an IPv6 address.
fn names_a_scheme(text: &str) -> bool {
    text.contains("://")
        || text.split_once(':').is_some_and(|(scheme, rest)| {
            scheme.len() > 1
                && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && !rest.starts_with(|c: char| c.is_ascii_digit() || c == ':')
        })
}

impl Target {
    /// Reads a tool's target; a policy's link says itself what it takes (`word`).
    ///
    /// # Errors
    /// Why it is refused.
    pub fn parse(tool: &Tool, text: &str, word: Option<WordKind>) -> Result<Self, RemoteError> {
        Self::read(tool, text, word).map_err(|problem| RemoteError::Target {
            tool: tool.clone(),
            target: shown(text),
            problem,
        })
    }

    fn read(tool: &Tool, text: &str, word: Option<WordKind>) -> Result<Self, TargetProblem> {
        let takes_none =
            matches!(tool, Tool::Webex | Tool::QuickAssist) || (matches!(tool, Tool::Link(_)) && word.is_none());
        if takes_none {
            return if text.is_empty() {
                Ok(Self::None)
            } else {
                Err(TargetProblem::Superfluous)
            };
        }
        sieve(text)?;
        let own = || text.to_owned();
        let read = match tool {
            Tool::TeamViewer => digits(text, 8, 12).then(|| Self::TeamViewerId(own())),
            Tool::TeamViewerSession => is_teamviewer_link(text).then(|| Self::TeamViewerLink(own())),
            Tool::RustDesk => is_rustdesk_id(text).then(|| Self::RustDeskId(own())),
            Tool::AnyDesk => is_anydesk_id(text).then(|| Self::AnyDeskId(own())),
            Tool::RemoteAssistance => Host::parse(text).map(Self::Host),
            Tool::RdpShadow => text.split_once('#').and_then(|(host, session)| {
                let host = HostPort::parse(host)?;
                let session = digits(session, 1, 10).then(|| session.parse().ok()).flatten()?;
                Some(Self::Session { host, session })
            }),
            Tool::Rdp | Tool::Vnc => HostPort::parse(text).map(Self::HostPort),
            Tool::Link(_) => word.is_some_and(|word| word.holds(text)).then(|| Self::Word(own())),
            Tool::Webex | Tool::QuickAssist => Some(Self::None),
        };
        read.ok_or(if names_a_scheme(text) && *tool != Tool::TeamViewerSession {
            TargetProblem::Scheme
        } else {
            TargetProblem::Form
        })
    }
}

#[cfg(test)]
#[path = "target_tests.rs"]
mod tests;
