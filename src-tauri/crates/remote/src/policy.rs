//! The organisation's policy on remote control: which tools, which programs, which links, and how long a consent holds. A TOML
//! file (`docs/remote-control.md` says its format and where it stands); what is wrong in it is told with its line and column.

use crate::{Platform, Tool, error::shown, program, target::WordKind, tool::is_link_name};
use jiff::SignedDuration;
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};
use toml::Spanned;
use url::Url;

/// The place of the target in a link's template.
const PLACE: &str = "{target}";
/// A consent holds for an hour, unless the policy says otherwise.
const CONSENT_MINUTES: u32 = 60;

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyProblem {
    /// Not TOML, an unknown or missing key, a value of the wrong kind; in the reader's words.
    #[error("{0}")]
    Syntax(String),
    /// No such tool.
    #[error("there is no tool {0:?}")]
    Tool(String),
    /// A program that is refused.
    #[error("the program of {tool} is refused: {why}")]
    Program {
        /// Whose.
        tool: String,
        /// Why.
        why: program::ProgramProblem,
    },
    /// A link that is refused.
    #[error("{0:?} is not a link by https without user name, port or fragment of a script")]
    Link(String),
    /// The place of the target is missing, twice, or within the address of the site.
    #[error("a template with a target names {{target}} once, after the site's address")]
    Place,
    /// A link's name.
    #[error("{0:?} is not a name of lower-case letters, digits, - and _, 32 at most")]
    Name(String),
    /// A group's name.
    #[error("{0:?} is not the name of a group")]
    Group(String),
    /// A number is out of its range.
    #[error("{key} must be between {min} and {max}")]
    Range {
        /// Key.
        key: &'static str,
        /// Least.
        min: u32,
        /// Most.
        max: u32,
    },
    /// TeamViewer's `--ac` knows 0 to 3 and 9.
    #[error("access_control is 0, 1, 2, 3 or 9")]
    AccessControl,
}

impl PolicyProblem {
    /// A name for the catalogue of messages.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Syntax(_) => "syntax",
            Self::Tool(_) => "tool",
            Self::Program { .. } => "program",
            Self::Link(_) => "link",
            Self::Place => "place",
            Self::Name(_) => "name",
            Self::Group(_) => "group",
            Self::Range { .. } => "range",
            Self::AccessControl => "access_control",
        }
    }

    /// Every code, for the catalogue's test.
    pub const CODES: [&'static str; 9] = [
        "syntax",
        "tool",
        "program",
        "link",
        "place",
        "name",
        "group",
        "range",
        "access_control",
    ];

    /// What fills the message's places: `{name}`, `{code}` (of a program's problem: a key of the errors), `{key}`, `{min}`, `{max}`.
    #[must_use]
    pub fn arguments(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Syntax(name) | Self::Tool(name) | Self::Link(name) | Self::Name(name) | Self::Group(name) => {
                vec![("name", name.clone())]
            }
            Self::Program { tool, why } => vec![("name", tool.clone()), ("code", why.code().to_owned())],
            Self::Range { key, min, max } => {
                vec![
                    ("key", (*key).to_owned()),
                    ("min", min.to_string()),
                    ("max", max.to_string()),
                ]
            }
            Self::Place | Self::AccessControl => Vec::new(),
        }
    }
}

/// What is wrong with a policy, and where: lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct PolicyError {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
    /// What.
    pub problem: PolicyProblem,
}

impl PolicyError {
    fn at(text: &str, offset: usize, problem: PolicyProblem) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            problem,
        }
    }
}

/// What a TeamViewer session does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TeamViewerMode {
    /// The screen, keyboard and mouse.
    #[default]
    Control,
    /// Files only.
    FileTransfer,
    /// A private network only.
    Vpn,
}

/// How the technician's own credentials are kept from the computer that is helped (`mstsc` only).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RdpProtection {
    /// `/restrictedAdmin`: they are not sent.
    RestrictedAdmin,
    /// `/remoteGuard`: they stay on the technician's machine.
    RemoteGuard,
}

/// A web tool of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkTemplate {
    template: String,
    word: Option<WordKind>,
}

impl LinkTemplate {
    /// What it takes; `None`: nothing.
    #[must_use]
    pub const fn word(&self) -> Option<WordKind> {
        self.word
    }

    /// The link for a target, which [`WordKind`] holds.
    #[must_use]
    pub fn link(&self, target: &str) -> String {
        self.template.replace(PLACE, target)
    }
}

/// Where TeamViewer's Web API is asked for sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamViewerSessions {
    /// Its address.
    pub api: Url,
    /// The group that sessions are made in.
    pub group: String,
}

/// A policy that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    allowed: Option<BTreeSet<Tool>>,
    programs: BTreeMap<Tool, String>,
    /// How long after the answer a consent holds.
    pub consent_valid: SignedDuration,
    /// What a TeamViewer session does.
    pub teamviewer_mode: TeamViewerMode,
    /// TeamViewer's `--ac`: 0 full access, 1 after confirmation, 2 view and show, 3 custom, 9 denied.
    pub teamviewer_access_control: Option<u8>,
    /// TeamViewer's sessions by Web API, where there are any.
    pub teamviewer_sessions: Option<TeamViewerSessions>,
    /// How credentials are kept from the computer that is helped.
    pub rdp_protection: Option<RdpProtection>,
    /// Webex's link.
    pub webex: Option<String>,
    links: BTreeMap<String, LinkTemplate>,
}

impl Default for Policy {
    /// What an organisation that says nothing has: every built-in tool, programs as they are found.
    fn default() -> Self {
        Self {
            allowed: None,
            programs: BTreeMap::new(),
            consent_valid: SignedDuration::from_mins(i64::from(CONSENT_MINUTES)),
            teamviewer_mode: TeamViewerMode::Control,
            teamviewer_access_control: None,
            teamviewer_sessions: None,
            rdp_protection: None,
            webex: None,
            links: BTreeMap::new(),
        }
    }
}

impl Policy {
    /// Reads and checks a policy for a system: programs are held against that system's rules.
    ///
    /// # Errors
    /// What is wrong first, with its line and column.
    pub fn parse(text: &str, platform: Platform) -> Result<Self, PolicyError> {
        let file: File = toml::from_str(text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            PolicyError::at(text, offset, PolicyProblem::Syntax(error.message().to_owned()))
        })?;
        file.checked(platform)
            .map_err(|(offset, problem)| PolicyError::at(text, offset, problem))
    }

    /// Whether a tool may be used.
    #[must_use]
    pub fn allows(&self, tool: &Tool) -> bool {
        self.allowed.as_ref().is_none_or(|allowed| allowed.contains(tool))
    }

    /// The program the policy says, if it does.
    #[must_use]
    pub fn program(&self, tool: &Tool) -> Option<&str> {
        self.programs.get(tool).map(String::as_str)
    }

    /// A web tool by its name.
    #[must_use]
    pub fn link(&self, name: &str) -> Option<&LinkTemplate> {
        self.links.get(name)
    }

    /// The web tools' names.
    pub fn link_names(&self) -> impl Iterator<Item = &str> {
        self.links.keys().map(String::as_str)
    }
}

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    allowed: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    consent: ConsentTable,
    #[serde(default)]
    programs: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    teamviewer: TeamViewerTable,
    teamviewer_session: Option<SessionTable>,
    #[serde(default)]
    rdp: RdpTable,
    webex: Option<WebexTable>,
    #[serde(default)]
    links: BTreeMap<Spanned<String>, LinkTable>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConsentTable {
    valid_minutes: Option<Spanned<u32>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TeamViewerTable {
    #[serde(default)]
    mode: TeamViewerMode,
    access_control: Option<Spanned<u8>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SessionTable {
    api: Option<Spanned<String>>,
    group: Spanned<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RdpTable {
    protection: Option<RdpProtection>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WebexTable {
    link: Spanned<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WordName {
    Host,
    Digits,
    Word,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkTable {
    template: Spanned<String>,
    target: Option<WordName>,
}

/// A problem and the byte it is at.
type Checked<T> = Result<T, (usize, PolicyProblem)>;

fn at<T>(span: &Spanned<T>, problem: PolicyProblem) -> (usize, PolicyProblem) {
    let Range { start, .. } = span.span();
    (start, problem)
}

/// A link by HTTPS whose text is its own canonical form: what an opener makes of it is what was written here.
fn link(text: &Spanned<String>) -> Checked<Url> {
    let refused = || at(text, PolicyProblem::Link(shown(text.get_ref())));
    let written = text.get_ref();
    let plain = written
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'`' | b'\\' | b'<' | b'>'));
    let url = Url::parse(written).map_err(|_| refused())?;
    let bare = url.username().is_empty() && url.password().is_none() && url.port().is_none();
    if !plain || !bare || url.scheme() != "https" || url.host_str().is_none() {
        return Err(refused());
    }
    Ok(url)
}

impl File {
    fn checked(self, platform: Platform) -> Checked<Policy> {
        let mut policy = Policy::default();
        for (name, table) in &self.links {
            if !is_link_name(name.get_ref()) {
                return Err(at(name, PolicyProblem::Name(shown(name.get_ref()))));
            }
            policy.links.insert(name.get_ref().clone(), table.checked()?);
        }
        if let Some(allowed) = &self.allowed {
            let tools = allowed.iter().map(|name| tool(name, &policy.links));
            policy.allowed = Some(tools.collect::<Checked<_>>()?);
        }
        if let Some(minutes) = &self.consent.valid_minutes {
            let (min, max) = (1, 24 * 60);
            if !(min..=max).contains(minutes.get_ref()) {
                let key = "valid_minutes";
                return Err(at(minutes, PolicyProblem::Range { key, min, max }));
            }
            policy.consent_valid = SignedDuration::from_mins(i64::from(*minutes.get_ref()));
        }
        for (name, path) in &self.programs {
            let tool = tool(name, &policy.links)?;
            program::check(&tool, platform, path.get_ref()).map_err(|why| {
                let tool = tool.name();
                at(path, PolicyProblem::Program { tool, why })
            })?;
            policy.programs.insert(tool, path.get_ref().clone());
        }
        policy.teamviewer_mode = self.teamviewer.mode;
        if let Some(level) = &self.teamviewer.access_control {
            if !matches!(level.get_ref(), 0..=3 | 9) {
                return Err(at(level, PolicyProblem::AccessControl));
            }
            policy.teamviewer_access_control = Some(*level.get_ref());
        }
        policy.teamviewer_sessions = self
            .teamviewer_session
            .as_ref()
            .map(SessionTable::checked)
            .transpose()?;
        policy.rdp_protection = self.rdp.protection;
        if let Some(webex) = &self.webex {
            link(&webex.link)?;
            policy.webex = Some(webex.link.get_ref().clone());
        }
        Ok(policy)
    }
}

fn tool(name: &Spanned<String>, links: &BTreeMap<String, LinkTemplate>) -> Checked<Tool> {
    let unknown = || at(name, PolicyProblem::Tool(shown(name.get_ref())));
    match name.get_ref().parse::<Tool>().map_err(|_| unknown())? {
        Tool::Link(link) if !links.contains_key(&link) => Err(unknown()),
        tool => Ok(tool),
    }
}

impl SessionTable {
    fn checked(&self) -> Checked<TeamViewerSessions> {
        let group = self.group.get_ref();
        if group.trim().is_empty() || group.chars().count() > 100 || group.chars().any(char::is_control) {
            return Err(at(&self.group, PolicyProblem::Group(shown(group))));
        }
        let api = match &self.api {
            Some(api) => link(api)?,
            None => Url::parse(crate::teamviewer::API).map_err(|_| at(&self.group, PolicyProblem::Place))?,
        };
        Ok(TeamViewerSessions {
            api,
            group: group.clone(),
        })
    }
}

impl LinkTable {
    fn checked(&self) -> Checked<LinkTemplate> {
        let template = self.template.get_ref();
        let places = template.matches(PLACE).count();
        let word = self.target.map(|name| match name {
            WordName::Host => WordKind::Host,
            WordName::Digits => WordKind::Digits,
            WordName::Word => WordKind::Word,
        });
        if places != usize::from(word.is_some()) {
            return Err(at(&self.template, PolicyProblem::Place));
        }
        // Filled with two different words the link must lead to the same site: the place is not within its address.
        let filled = |word: &str| {
            let span = self.template.span();
            link(&Spanned::new(span, template.replace(PLACE, word)))
        };
        let (one, other) = (filled("a1")?, filled("b2")?);
        if one.origin() != other.origin() {
            return Err(at(&self.template, PolicyProblem::Place));
        }
        Ok(LinkTemplate {
            template: template.clone(),
            word,
        })
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
