//! What is wrong with the arguments, in the person's language: clap knows what happened, the catalogue knows the words.

use crate::{api::UiError, messages::Locale};
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The codes of the catalogue that a mistake can carry.
pub const CODES: [&str; 7] = [
    "usage_unknown_argument",
    "usage_unknown_command",
    "usage_missing",
    "usage_bad_value",
    "usage_conflict",
    "usage_no_command",
    "usage_other",
];

fn code(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::UnknownArgument => "usage_unknown_argument",
        ErrorKind::InvalidSubcommand => "usage_unknown_command",
        ErrorKind::MissingRequiredArgument | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            "usage_missing"
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation | ErrorKind::InvalidUtf8 => "usage_bad_value",
        ErrorKind::ArgumentConflict => "usage_conflict",
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => "usage_no_command",
        _ => "usage_other",
    }
}

fn words(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(word)) => vec![word.clone()],
        Some(ContextValue::Strings(words)) => words.clone(),
        Some(ContextValue::StyledStr(text)) => vec![text.to_string()],
        Some(ContextValue::StyledStrs(texts)) => texts.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

/// The mistake and its cure: what would have been right, and how the command is used.
#[must_use]
pub fn explain(error: &clap::Error, locale: Locale) -> UiError {
    let catalogue = locale.catalogue();
    let mut code = code(error.kind());
    let value = words(error, ContextKind::InvalidValue).join(" ");
    if code == "usage_bad_value" && value.is_empty() {
        // "--lang" with nothing after it.
        code = "usage_missing";
    }
    let mut named = words(error, ContextKind::InvalidArg);
    if code == "usage_unknown_command" {
        named = words(error, ContextKind::InvalidSubcommand);
    }
    let others = words(error, ContextKind::PriorArg).join(", ");
    let told = catalogue.error(code, &[("name", named.join(", ")), ("value", value), ("other", others)]);
    let mut hints = Vec::new();
    let right = [
        ContextKind::SuggestedArg,
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedValue,
    ]
    .into_iter()
    .flat_map(|kind| words(error, kind))
    .collect::<Vec<_>>();
    if !right.is_empty() {
        hints.push(catalogue.text("usage.suggestion", &[("names", right.join(", "))]));
    }
    let valid = [ContextKind::ValidValue, ContextKind::ValidSubcommand]
        .into_iter()
        .flat_map(|kind| words(error, kind))
        .collect::<Vec<_>>();
    if !valid.is_empty() {
        hints.push(catalogue.text("usage.valid", &[("names", valid.join(", "))]));
    }
    if let Some(usage) = usage(error) {
        hints.push(catalogue.text("usage.usage", &[("usage", usage)]));
    }
    hints.push(told.hint);
    UiError {
        code: code.to_owned(),
        message: told.message,
        hint: hints.join(" "),
        detail: None,
    }
}

/// How the command is used, without clap's own English heading.
fn usage(error: &clap::Error) -> Option<String> {
    let text = words(error, ContextKind::Usage).concat();
    let text = text.trim().trim_start_matches("Usage:").trim();
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    (!lines.is_empty()).then(|| lines.join(" | "))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::cli::help;

    fn told(arguments: &[&str], locale: Locale) -> UiError {
        let error = help::command(locale.catalogue())
            .try_get_matches_from([&["guichet"], arguments].concat())
            .unwrap_err();
        explain(&error, locale)
    }

    /// Words that only clap's own English has.
    const ENGLISH: [&str; 6] = [
        "error:",
        "unexpected",
        "required",
        "provided",
        "possible values",
        "Usage:",
    ];

    #[test]
    fn every_mistake_is_told_in_french_with_its_cure() {
        for (arguments, code, said) in [
            (&["ticket", "lsit"][..], "usage_unknown_command", "lsit"),
            (&["ticket", "list", "--veiw", "all"], "usage_unknown_argument", "--veiw"),
            (&["ticket", "list", "--view", "tout"], "usage_bad_value", "tout"),
            (&["ticket", "show", "abc"], "usage_bad_value", "abc"),
            (&["ticket", "followup", "1"], "usage_missing", "--text"),
            (&["ticket", "set", "1", "--priority"], "usage_missing", "--priority"),
            (&["sync", "--once", "--watch"], "usage_conflict", "--watch"),
            (&["ticket"], "usage_no_command", "guichet"),
        ] {
            let error = told(arguments, Locale::Fr);
            assert_eq!(error.code, code, "{arguments:?}: {error:?}");
            assert!(CODES.contains(&code));
            let text = format!("{} {}", error.message, error.hint);
            assert!(text.contains(said), "{arguments:?}: {text}");
            assert!(!text.contains('{'), "{arguments:?}: {text}");
            for word in ENGLISH {
                assert!(!text.contains(word), "{arguments:?}: {text}");
            }
        }
    }

    #[test]
    fn what_was_meant_is_proposed() {
        let error = told(&["ticket", "list", "--veiw", "all"], Locale::Fr);
        assert!(error.hint.contains("--view"), "{error:?}");
        let error = told(&["ticket", "list", "--view", "tout"], Locale::En);
        assert!(error.hint.contains("unassigned"), "{error:?}");
    }
}
