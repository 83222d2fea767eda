//! GLPI's JSON as it comes: rows whose numbers may be strings, texts that 10.0 stores entity-encoded, errors as a pair.
//! Nothing of this module leaves the crate.

use serde_json::{Map, Value};

/// Which generation of GLPI is behind: what it stores encoded, and which fields it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Generation {
    /// 10.0: every string is stored and returned entity-encoded; tickets have no external id.
    Ten,
    /// 11.0 and later: strings as they are; tickets have an external id.
    Eleven,
}

impl Generation {
    /// From `cfg_glpi.version` ("10.0.20", "11.0.6").
    pub(crate) fn from_version(version: &str) -> Self {
        let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
        if major.is_some_and(|major| major >= 11) {
            Self::Eleven
        } else {
            Self::Ten
        }
    }

    /// A string as its author wrote it. 10.0 encodes `<`, `>` and `&` once on the way in and gives them back encoded: they
    /// are decoded **exactly once** (`&#38;lt;` is the author's `&lt;`, not his `<`).
    pub(crate) fn decode(self, text: &str) -> String {
        if self == Self::Eleven || !text.contains("&#") {
            return text.to_owned();
        }
        let mut decoded = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find("&#") {
            decoded.push_str(&rest[..at]);
            let tail = &rest[at..];
            let replacement = [("&#60;", '<'), ("&#62;", '>'), ("&#38;", '&')]
                .into_iter()
                .find(|(entity, _)| tail.starts_with(entity));
            if let Some((entity, character)) = replacement {
                decoded.push(character);
                rest = &tail[entity.len()..];
            } else {
                decoded.push_str("&#");
                rest = &tail[2..];
            }
        }
        decoded.push_str(rest);
        decoded
    }
}

/// One row of a table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row(pub(crate) Map<String, Value>);

impl Row {
    /// A field that holds a number, whether GLPI gave it as a number or as a string.
    pub(crate) fn int(&self, field: &str) -> Option<i64> {
        match self.0.get(field)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            Value::Bool(flag) => Some(i64::from(*flag)),
            _ => None,
        }
    }

    /// The row's own number.
    pub(crate) fn id(&self) -> i64 {
        self.int("id").unwrap_or(0)
    }

    /// A flag: 1, "1", true.
    pub(crate) fn flag(&self, field: &str) -> bool {
        self.int(field).unwrap_or(0) != 0
    }

    /// A foreign key; GLPI's 0 (and -1) means none.
    pub(crate) fn key(&self, field: &str) -> Option<i64> {
        self.int(field).filter(|id| *id > 0)
    }

    /// A string as GLPI gave it; null is absent.
    pub(crate) fn str(&self, field: &str) -> Option<&str> {
        match self.0.get(field)? {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// A string field that says something.
    pub(crate) fn filled(&self, field: &str) -> Option<&str> {
        self.str(field).filter(|text| !text.trim().is_empty())
    }

    /// The name that `add_keys_names[]` put beside a foreign key.
    pub(crate) fn key_name(&self, field: &str) -> Option<&str> {
        self.0
            .get("_keys_names")?
            .get(field)?
            .as_str()
            .filter(|name| !name.trim().is_empty() && *name != "&nbsp;")
    }
}

/// Rows of a list, whatever else is in it dropped.
pub(crate) fn rows(value: Value) -> Option<Vec<Row>> {
    match value {
        Value::Array(items) => items
            .into_iter()
            .map(|item| match item {
                Value::Object(row) => Some(Row(row)),
                _ => None,
            })
            .collect(),
        // PHP writes a list with gaps in its keys as an object.
        Value::Object(map) => map
            .into_iter()
            .map(|(_, item)| match item {
                Value::Object(row) => Some(Row(row)),
                _ => None,
            })
            .collect(),
        _ => None,
    }
}

/// GLPI said no, in its own way: `["CODE", "text"]` under some 4xx.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// HTTP status.
    pub(crate) status: u16,
    /// `ERROR_…`.
    pub(crate) code: String,
    /// Its text, localised; GLPI may send none.
    pub(crate) message: Option<String>,
}

impl Refusal {
    /// From the body of an error, if it is one of GLPI's.
    pub(crate) fn parse(status: u16, body: &Value) -> Option<Self> {
        let pair = body.as_array()?;
        let code = pair.first()?.as_str()?;
        if code != "ERROR" && !code.starts_with("ERROR_") {
            return None;
        }
        let message = pair
            .get(1)
            .and_then(Value::as_str)
            .map(str::trim)
            .filter(|text| !text.is_empty());
        Some(Self {
            status,
            code: code.to_owned(),
            message: message.map(str::to_owned),
        })
    }

    /// The server's words, without the pointer to its documentation.
    pub(crate) fn words(&self) -> String {
        let text = self.message.as_deref().unwrap_or_default();
        let text = text
            .split("; view documentation in your browser at")
            .next()
            .unwrap_or_default()
            .trim();
        if text.is_empty() {
            self.code.clone()
        } else {
            text.to_owned()
        }
    }

    /// The account may not read it.
    pub(crate) fn is_forbidden(&self) -> bool {
        self.status == 403 || self.code == "ERROR_RIGHT_MISSING"
    }

    /// There is no such row.
    pub(crate) fn is_missing(&self) -> bool {
        self.code == "ERROR_ITEM_NOT_FOUND"
    }

    /// There is no such table (a plugin that is not installed, a type of another generation).
    pub(crate) fn is_unknown_type(&self) -> bool {
        self.code == "ERROR_RESOURCE_NOT_FOUND_NOR_COMMONDBTM"
    }

    /// The list is shorter than where the range starts.
    pub(crate) fn is_beyond_the_end(&self) -> bool {
        self.code == "ERROR_RANGE_EXCEED_TOTAL"
    }

    /// The text GLPI gives for a missing right on a write, in the two languages this help desk's accounts use. A hint for
    /// the message a person reads, never for what is done next: both readings are final refusals.
    pub(crate) fn speaks_of_rights(&self) -> bool {
        self.message.as_deref().is_some_and(|text| {
            text.starts_with("You don't have permission")
                || text.starts_with("Vous n'avez pas les droits")
                || text.starts_with("Vous n'avez pas la permission")
        })
    }
}
