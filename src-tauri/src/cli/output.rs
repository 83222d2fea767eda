//! What the command line prints: one JSON document with `--json`, else text for people. Nothing panics on a closed pipe.

use crate::{
    api::UiError,
    error::AppError,
    messages::{Args, Locale},
};
use serde_json::{Value, json};
use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// 0.
    Done,
    /// 1.
    Failed,
    /// 2.
    Usage,
    /// 3: accepted, durable, and waiting in the outbox.
    Waiting,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        Self::from(match ending {
            Ending::Done => 0,
            Ending::Failed => 1,
            Ending::Usage => 2,
            Ending::Waiting => 3,
        })
    }
}

/// Where a command says what it did.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// One JSON document instead of text.
    pub json: bool,
    /// The language of the text.
    pub locale: Locale,
}

impl Output {
    /// A text of the catalogue.
    #[must_use]
    pub fn text(&self, key: &str, args: &Args<'_>) -> String {
        self.locale.catalogue().text(key, args)
    }

    /// One answer: the document, or the text made of the same facts.
    pub fn answer(&self, document: &Value, human: impl FnOnce() -> String) {
        let text = if self.json { document.to_string() } else { human() };
        self.line(&text);
    }

    /// A line on standard output.
    pub fn line(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        // A reader that went away (`| head`) is no failure of ours.
        let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    }

    /// A line for people beside the answer.
    pub fn aside(&self, text: &str) {
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }

    /// An error, its cure, and the exit code that goes with it.
    pub fn error(&self, error: &AppError) -> Ending {
        self.told(&error.explain(self.locale));
        if error.is_usage() {
            Ending::Usage
        } else {
            Ending::Failed
        }
    }

    /// What went wrong and its cure, as the document or in words.
    pub fn told(&self, told: &UiError) {
        if self.json {
            self.line(&json!({ "error": told }).to_string());
            return;
        }
        self.aside(&told.message);
        self.aside(&format!("  → {}", told.hint));
        if let Some(detail) = &told.detail {
            self.aside(&self.text("error.detail", &[("detail", detail.clone())]));
        }
    }

    /// Standard output is looked at by a person.
    #[must_use]
    pub fn for_eyes(&self) -> bool {
        !self.json && std::io::stdout().is_terminal()
    }

    /// A table of rows under headings of the catalogue.
    #[must_use]
    pub fn table(&self, headings: &[&str], rows: Vec<Vec<String>>) -> String {
        let mut table = comfy_table::Table::new();
        table.load_preset("                   ");
        table.set_content_arrangement(comfy_table::ContentArrangement::Disabled);
        table.set_header(headings.iter().map(|key| self.text(key, &[])));
        for row in rows {
            table.add_row(row);
        }
        let text = table.to_string();
        let lines: Vec<&str> = text
            .lines()
            .map(str::trim_end)
            .filter(|line| !line.is_empty())
            .collect();
        lines.join("\n")
    }
}

/// A text cut to a width, with an ellipsis.
#[must_use]
pub fn shortened(text: &str, width: usize) -> String {
    let text = text.replace(['\n', '\r', '\t'], " ");
    if text.chars().count() <= width {
        return text;
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// An instant as a person reads it, in the machine's zone.
#[must_use]
pub fn shown_time(at: jiff::Timestamp) -> String {
    at.to_zoned(jiff::tz::TimeZone::system())
        .strftime("%Y-%m-%d %H:%M")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_aligned_and_has_no_empty_lines() {
        let out = Output {
            json: false,
            locale: Locale::Fr,
        };
        let text = out.table(
            &["column.id", "column.title"],
            vec![vec!["1".into(), "Écran noir".into()], vec!["1000".into(), "b".into()]],
        );
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        let column = |line: &str, word: &str| line.find(word).map(|at| line[..at].chars().count());
        assert_eq!(column(lines[1], "Écran"), column(lines[2], "b"), "{text}");
    }

    #[test]
    fn a_long_text_is_cut_by_characters() {
        assert_eq!(shortened("œuvre\nà voir", 7), "œuvre …");
        assert_eq!(shortened("court", 7), "court");
    }
}
