//! Search criteria: `criteria[n][field|searchtype|value|link|criteria]`, as the search engine reads them, oddities
//! included: `morethan` on a number behaves as `equals`, `contains >295` is the way to compare numbers.

use super::{
    params::in_order,
    reply::Refusal,
    search_options::{DataType, SearchOption},
};
use serde_json::Value;

/// How criteria join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Join {
    And,
    Or,
    AndNot,
    OrNot,
}

/// One condition or a group of them.
#[derive(Debug, Clone)]
pub(crate) enum Criterion {
    /// One condition on one column.
    Field {
        join: Join,
        option: usize,
        test: String,
        value: String,
    },
    /// A nested group.
    Group { join: Join, inner: Vec<Criterion> },
    /// A condition on something linked to the row: (itemtype, column, test, value).
    Meta {
        join: Join,
        itemtype: String,
        field: i64,
        test: String,
        value: String,
    },
}

impl Criterion {
    pub(crate) fn join(&self) -> Join {
        match self {
            Self::Field { join, .. } | Self::Group { join, .. } | Self::Meta { join, .. } => *join,
        }
    }

    /// Every column number that is searched on: GLPI shows them too.
    pub(crate) fn columns(&self, options: &[SearchOption], into: &mut Vec<i64>) {
        match self {
            Self::Field { option, .. } => into.push(options[*option].number),
            Self::Group { inner, .. } => inner.iter().for_each(|criterion| criterion.columns(options, into)),
            Self::Meta { .. } => {}
        }
    }
}

/// Reads a tree of criteria.
pub(crate) fn parse(tree: &Value, options: &[SearchOption]) -> Result<Vec<Criterion>, Refusal> {
    let malformed = || Refusal::bad("Malformed search criteria");
    let Value::Object(map) = tree else {
        return Err(malformed());
    };
    let mut criteria = Vec::new();
    for one in in_order(map) {
        let join = match one["link"].as_str().map(str::to_ascii_uppercase).as_deref() {
            None | Some("AND" | "") => Join::And,
            Some("OR") => Join::Or,
            Some("AND NOT") => Join::AndNot,
            Some("OR NOT") => Join::OrNot,
            Some(_) => return Err(malformed()),
        };
        if one.get("criteria").is_some() {
            criteria.push(Criterion::Group {
                join,
                inner: parse(&one["criteria"], options)?,
            });
            continue;
        }
        let (Some(field), Some(test), Some(value)) =
            (one["field"].as_str(), one["searchtype"].as_str(), one["value"].as_str())
        else {
            return Err(malformed());
        };
        let (test, value) = (test.to_owned(), value.to_owned());
        if let Some(itemtype) = one["itemtype"].as_str().filter(|_| one.get("meta").is_some()) {
            let field = field.parse().map_err(|_| malformed())?;
            criteria.push(Criterion::Meta {
                join,
                itemtype: itemtype.to_owned(),
                field,
                test,
                value,
            });
            continue;
        }
        let number: i64 = field.parse().map_err(|_| bad_field())?;
        let option = options
            .iter()
            .position(|option| option.number == number)
            .ok_or_else(bad_field)?;
        criteria.push(Criterion::Field {
            join,
            option,
            test,
            value,
        });
    }
    Ok(criteria)
}

fn bad_field() -> Refusal {
    Refusal::bad("Bad field ID in search criteria")
}

/// `>295`, `<=12`: a comparison hidden in a `contains`.
pub(crate) fn comparison(value: &str) -> Option<(std::cmp::Ordering, bool, &str)> {
    use std::cmp::Ordering::{Greater, Less};
    let value = value.trim();
    let (order, rest) = if let Some(rest) = value.strip_prefix('>') {
        (Greater, rest)
    } else if let Some(rest) = value.strip_prefix('<') {
        (Less, rest)
    } else {
        return None;
    };
    let (equal, rest) = rest.strip_prefix('=').map_or((false, rest), |rest| (true, rest));
    Some((order, equal, rest.trim()))
}

/// Whether a datatype is compared by the number behind it.
pub(crate) fn by_number(kind: DataType) -> bool {
    matches!(kind, DataType::Number | DataType::Specific | DataType::Bool)
}
