//! What can be wrong with a contract file, and where.

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Not TOML, an unknown or missing key, a value of the wrong kind; in the reader's words.
    #[error("{0}")]
    Syntax(String),
    /// No such zone.
    #[error("{0:?} is not a time zone of the IANA database")]
    TimeZone(String),
    /// Neither a day nor a range of days.
    #[error("{0:?} is neither a day (mon) nor a range of days (mon-fri)")]
    Days(String),
    /// Not an opening.
    #[error("{0:?} is not an opening such as 08:00-18:00")]
    Opening(String),
    /// Openings of a day that overlap.
    #[error("the openings of {0} overlap")]
    OpeningsOverlap(String),
    /// Never open.
    #[error("the calendar {0:?} is never open")]
    NeverOpen(String),
    /// Not a date.
    #[error("{0:?} is not a date such as 2026-12-24")]
    Date(String),
    /// Not a length of time.
    #[error("{0:?} is not a length such as 20 s, 15 min, 3 h or 0.5 d")]
    Length(String),
    /// No such calendar.
    #[error("there is no calendar {0:?}")]
    NoCalendar(String),
    /// No such population.
    #[error("there is no population {0:?}")]
    NoPopulation(String),
    /// No such penalty level.
    #[error("there is no penalty level {0:?}")]
    NoPenalty(String),
    /// No such roster.
    #[error("there is no roster {0:?}")]
    NoRoster(String),
    /// A roster without anybody.
    #[error("the roster {0:?} calls nobody")]
    NoSteps(String),
    /// A form for a domain that the matrix does not have.
    #[error("there is no responsibility for the domain {0:?}")]
    NoDomain(String),
    /// Two rows of the matrix for one domain.
    #[error("the domain {0:?} is there twice")]
    DomainTwice(String),
    /// Two escalation forms for one domain.
    #[error("there are two escalation forms for {0:?}")]
    FormTwice(String),
    /// Not something to dial.
    #[error("{0:?} is not a number to dial")]
    Extension(String),
    /// Hot transfers are on, and nothing says how.
    #[error("hot_transfer is on and there is no table [hot_transfer]")]
    NoHotTransfer,
    /// A text or a name that says nothing.
    #[error("{key} must not be empty")]
    Empty {
        /// Key.
        key: String,
    },
    /// A text without the place that is filled in.
    #[error("the text {key} must contain {name}")]
    Place {
        /// Key.
        key: String,
        /// The place, with its braces.
        name: String,
    },
    /// Two indicators of one name.
    #[error("the indicator {0:?} is there twice")]
    Twice(String),
    /// A kind of indicator needs a key.
    #[error("an indicator of kind {kind} needs the key {key}")]
    MissingKey {
        /// Kind.
        kind: String,
        /// Key.
        key: String,
    },
    /// A kind of indicator has no use for a key.
    #[error("an indicator of kind {kind} has no key {key}")]
    UselessKey {
        /// Kind.
        kind: String,
        /// Key.
        key: String,
    },
    /// An objective is one of two.
    #[error("an objective is either at_least or at_most")]
    Objective,
    /// A number is out of its range.
    #[error("{key} must be between {min} and {max}")]
    Range {
        /// Key.
        key: String,
        /// Least.
        min: u32,
        /// Most.
        max: u32,
    },
}

impl Problem {
    /// A name for the catalogue of messages.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Syntax(_) => "syntax",
            Self::TimeZone(_) => "time_zone",
            Self::Days(_) => "days",
            Self::Opening(_) => "opening",
            Self::OpeningsOverlap(_) => "openings_overlap",
            Self::NeverOpen(_) => "never_open",
            Self::Date(_) => "date",
            Self::Length(_) => "length",
            Self::NoCalendar(_) => "no_calendar",
            Self::NoPopulation(_) => "no_population",
            Self::NoPenalty(_) => "no_penalty",
            Self::NoRoster(_) => "no_roster",
            Self::NoSteps(_) => "no_steps",
            Self::NoDomain(_) => "no_domain",
            Self::DomainTwice(_) => "domain_twice",
            Self::FormTwice(_) => "form_twice",
            Self::Extension(_) => "extension",
            Self::NoHotTransfer => "no_hot_transfer",
            Self::Empty { .. } => "empty",
            Self::Place { .. } => "place",
            Self::Twice(_) => "twice",
            Self::MissingKey { .. } => "missing_key",
            Self::UselessKey { .. } => "useless_key",
            Self::Objective => "objective",
            Self::Range { .. } => "range",
        }
    }

    /// What fills the message's places: `{name}`, `{kind}`, `{key}`, `{min}`, `{max}`.
    #[must_use]
    pub fn arguments(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Syntax(name)
            | Self::TimeZone(name)
            | Self::Days(name)
            | Self::Opening(name)
            | Self::OpeningsOverlap(name)
            | Self::NeverOpen(name)
            | Self::Date(name)
            | Self::Length(name)
            | Self::NoCalendar(name)
            | Self::NoPopulation(name)
            | Self::NoPenalty(name)
            | Self::NoRoster(name)
            | Self::NoSteps(name)
            | Self::NoDomain(name)
            | Self::DomainTwice(name)
            | Self::FormTwice(name)
            | Self::Extension(name)
            | Self::Twice(name) => vec![("name", name.clone())],
            Self::MissingKey { kind, key } | Self::UselessKey { kind, key } => {
                vec![("kind", kind.clone()), ("key", key.clone())]
            }
            Self::Empty { key } => vec![("key", key.clone())],
            Self::Place { key, name } => vec![("key", key.clone()), ("name", name.clone())],
            Self::Objective | Self::NoHotTransfer => Vec::new(),
            Self::Range { key, min, max } => {
                vec![("key", key.clone()), ("min", min.to_string()), ("max", max.to_string())]
            }
        }
    }
}

/// What is wrong with a contract file, and where: lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct ContractError {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
    /// What.
    pub problem: Problem,
}

impl ContractError {
    /// At a byte of the text.
    pub(super) fn at(text: &str, offset: usize, problem: Problem) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            problem,
        }
    }
}
