//! The lines by which an escalation is known again: what the customer's IT and level 1 both read in the ITSM.
//!
//! Neither side's Guichet has a database of the other's. What both see is the ticket, so the state of an escalation is written
//! there, as the **first line of a private follow-up or task**, in words a person without Guichet reads and can type himself:
//!
//! ```text
//! [Escalade] transmise à : Réseau & Télécom        [Escalation] sent to: Réseau & Télécom
//! [Escalade] acceptée                              [Escalation] accepted
//! ```
//!
//! These words are a format, like the names in a file, and not a text of the window: both languages are always read, whoever reads.
//! Case, accents and the kind of space do not matter. Only private entries count: what a requester can write decides nothing.

use crate::{
    UserId,
    text::strip_accents,
    timeline::{EntryKey, EntryKind, TimelineEntry},
    wording::Language,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a marker says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Marker {
    /// Escalated to a group.
    Sent {
        /// Its name.
        to: String,
    },
    /// Taken on.
    Accepted,
    /// Sent back to level 1.
    SentBack,
    /// Given to another group.
    ReRouted {
        /// Its name.
        to: String,
    },
    /// Waiting for a third party from now on.
    Waiting {
        /// Whom.
        third: String,
    },
    /// The third party was reminded.
    Reminded {
        /// Whom.
        third: String,
    },
    /// The third party answered.
    Answered {
        /// Who.
        third: String,
    },
    /// Done: back to level 1 for the rest.
    Done,
}

/// Openings and verbs, in both languages. What follows a colon is the detail.
const OPENINGS: [&str; 2] = ["[Escalade]", "[Escalation]"];

/// One row of the format: French, English, what it means with its detail.
type Row = (&'static str, &'static str, fn(String) -> Marker);

const VERBS: [Row; 8] = [
    ("transmise à", "sent to", |to| Marker::Sent { to }),
    ("acceptée", "accepted", |_| Marker::Accepted),
    ("renvoyée au niveau 1", "sent back to level 1", |_| Marker::SentBack),
    ("réorientée vers", "re-routed to", |to| Marker::ReRouted { to }),
    ("en attente d’un tiers", "waiting for a third party", |third| {
        Marker::Waiting { third }
    }),
    ("relance du tiers", "third party reminded", |third| Marker::Reminded {
        third,
    }),
    ("réponse du tiers", "third party answered", |third| Marker::Answered {
        third,
    }),
    ("traitée", "done", |_| Marker::Done),
];

/// For comparing: no accents, lower case, one space for any white space, one apostrophe.
pub(crate) fn plain(text: &str) -> String {
    let text = strip_accents(&text.replace('’', "'"));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Marker {
    fn verb(&self) -> (usize, Option<&str>) {
        match self {
            Self::Sent { to } => (0, Some(to)),
            Self::Accepted => (1, None),
            Self::SentBack => (2, None),
            Self::ReRouted { to } => (3, Some(to)),
            Self::Waiting { third } => (4, Some(third)),
            Self::Reminded { third } => (5, Some(third)),
            Self::Answered { third } => (6, Some(third)),
            Self::Done => (7, None),
        }
    }

    /// The line.
    #[must_use]
    pub fn line(&self, language: Language) -> String {
        let (verb, detail) = self.verb();
        let (fr, en, _) = VERBS[verb];
        let (opening, verb, colon) = match language {
            Language::Fr => (OPENINGS[0], fr, " : "),
            Language::En => (OPENINGS[1], en, ": "),
        };
        // A line break in a name would end the line.
        let detail = detail.map(|detail| detail.split_whitespace().collect::<Vec<_>>().join(" "));
        match detail {
            Some(detail) => format!("{opening} {verb}{colon}{detail}"),
            None => format!("{opening} {verb}"),
        }
    }

    /// Reads a line in either language; `None` when it is no marker.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let line = line.trim();
        let (head, detail) = line.split_once(':').unwrap_or((line, ""));
        let head = plain(head);
        let verb = OPENINGS
            .iter()
            .find_map(|opening| head.strip_prefix(&plain(opening)))?
            .trim();
        let detail = detail.split_whitespace().collect::<Vec<_>>().join(" ");
        let known = VERBS.iter().find(|(fr, en, _)| verb == plain(fr) || verb == plain(en));
        known.map(|(_, _, marker)| marker(detail))
    }
}

/// A marker in a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Marked {
    /// The entry it is in.
    pub entry: EntryKey,
    /// Who wrote it.
    pub author: Option<UserId>,
    /// When.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub at: Timestamp,
    /// What it says.
    pub marker: Marker,
    /// What stands below it.
    pub words: String,
}

/// The markers of a ticket, in order.
#[must_use]
pub fn markers(timeline: &[TimelineEntry]) -> Vec<Marked> {
    let mut markers: Vec<Marked> = timeline
        .iter()
        .filter(|entry| entry.private && matches!(entry.key.kind, EntryKind::Followup | EntryKind::Task))
        .filter_map(|entry| {
            let text = entry.body.to_plain();
            let (first, rest) = text.trim_start().split_once('\n').unwrap_or((text.trim(), ""));
            Some(Marked {
                entry: entry.key,
                author: entry.author,
                at: entry.at,
                marker: Marker::parse(first)?,
                words: rest.trim().to_owned(),
            })
        })
        .collect();
    in_order(&mut markers);
    markers
}

/// An entry is dated by the clock of whoever wrote it, and two clocks differ: who accepts at once what a clock five minutes ahead has sent
/// is dated before it. The backend's numbers grow as entries arrive, and who answers a line has seen it there: of one kind they decide.
/// Between follow-ups and tasks, numbered apart, the dates do, none of them earlier than that of an entry that arrived before.
fn in_order(markers: &mut Vec<Marked>) {
    markers.sort_by_key(|marked| marked.entry);
    let mut latest: Option<(EntryKind, Timestamp)> = None;
    let mut dated: Vec<(Timestamp, Marked)> = Vec::with_capacity(markers.len());
    for marked in markers.drain(..) {
        let at = match latest {
            Some((kind, before)) if kind == marked.entry.kind => before.max(marked.at),
            _ => marked.at,
        };
        latest = Some((marked.entry.kind, at));
        dated.push((at, marked));
    }
    dated.sort_by_key(|(at, marked)| (*at, marked.entry));
    markers.extend(dated.into_iter().map(|(_, marked)| marked));
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(name: &str) -> Vec<Marker> {
        VERBS.iter().map(|(_, _, marker)| marker(name.to_owned())).collect()
    }

    #[test]
    fn both_languages_read_what_either_writes() {
        for marker in all("Réseau & Télécom : nuit") {
            for language in [Language::Fr, Language::En] {
                let line = marker.line(language);
                assert_eq!(Marker::parse(&line), Some(marker.clone()), "{line}");
                // As GLPI or a person may give it back.
                let worn = line.to_uppercase().replace(" :", "\u{a0}:").replace('’', "'");
                let read = Marker::parse(&worn).unwrap();
                assert_eq!(read.verb().0, marker.verb().0, "{worn}");
            }
        }
        assert_eq!(Marker::parse("[escalade]  ACCEPTEE "), Some(Marker::Accepted));
        for none in [
            "",
            "Bonjour",
            "[Escalade]",
            "[Escalade] peut-être",
            "Re: [Escalade] acceptée",
            "> [Escalade] acceptée",
        ] {
            assert_eq!(Marker::parse(none), None, "{none}");
        }
    }

    #[test]
    fn clocks_that_differ_do_not_turn_the_order_of_lines_round() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let marked = |kind, id, second, marker| Marked {
            entry: EntryKey { kind, id },
            author: None,
            at: at(second),
            marker,
            words: String::new(),
        };
        let sent = || Marker::Sent {
            to: "Réseau".to_owned(),
        };
        let third = || Marker::Waiting {
            third: "Orange".to_owned(),
        };
        // Level 1's clock is five minutes ahead; the wait was noted as a task.
        let mut lines = vec![
            marked(EntryKind::Task, 3, 700, third()),
            marked(EntryKind::Followup, 12, 400, Marker::Done),
            marked(EntryKind::Followup, 10, 600, sent()),
            marked(EntryKind::Followup, 11, 310, Marker::Accepted),
            marked(EntryKind::Followup, 13, 900, sent()),
        ];
        in_order(&mut lines);
        let order: Vec<Marker> = lines.iter().map(|marked| marked.marker.clone()).collect();
        assert_eq!(order, [sent(), Marker::Accepted, Marker::Done, third(), sent()]);
        assert_eq!(lines[1].at, at(310), "each keeps its own date");
    }

    proptest! {
        #[test]
        fn a_name_cannot_make_another_marker(name in "\\PC{0,40}|[\n:\\[\\]a-zé ]{0,40}") {
            for marker in all(&name) {
                let read = Marker::parse(&marker.line(Language::Fr)).unwrap();
                prop_assert_eq!(read.verb().0, marker.verb().0);
            }
        }
    }
}
