//! Runs of text and how they look: formatting as a state, nested in a fixed order when their block ends.

use super::{Inline, work};
use crate::DocumentId;
use std::rc::Rc;

/// How a run of text looks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Style {
    pub(super) strong: bool,
    pub(super) emphasis: bool,
    pub(super) code: bool,
    /// Target, for a link that may keep it. Shared: a long one is on every run of its text.
    pub(super) link: Option<Rc<str>>,
}

/// A run within a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Atom {
    Text(String),
    Image(Option<DocumentId>, String),
    Break,
}

/// The formatting that is open: how often each was opened and not closed.
#[derive(Debug, Clone, Default)]
pub(super) struct Formatting {
    pub(super) strong: u32,
    pub(super) emphasis: u32,
    pub(super) code: u32,
    pub(super) link: Option<Target>,
}

/// Where an open link leads.
#[derive(Debug, Clone)]
pub(super) enum Target {
    Address(Rc<str>),
    /// A document of the server: the image within is that document.
    Document(DocumentId),
    /// Nowhere we would go.
    Dropped,
}

impl Formatting {
    pub(super) fn style(&self) -> Style {
        Style {
            strong: self.strong > 0,
            emphasis: self.emphasis > 0,
            code: self.code > 0,
            link: match &self.link {
                Some(Target::Address(href)) => Some(Rc::clone(href)),
                _ => None,
            },
        }
    }
}

/// Takes spaces off the end of a paragraph, and line breaks too if `breaks`.
pub(super) fn trim_end(runs: &mut Vec<(Style, Atom)>, breaks: bool) {
    while let Some((_, atom)) = runs.last_mut() {
        match atom {
            Atom::Text(text) => {
                work::spend(1);
                text.truncate(text.trim_end_matches(' ').len());
                if !text.is_empty() {
                    return;
                }
            }
            Atom::Break if breaks => {}
            Atom::Break | Atom::Image(..) => return,
        }
        runs.pop();
    }
}

/// Nests runs: link around strong around emphasis around text, neighbours of the same look together.
pub(super) fn nest(runs: Vec<(Style, Atom)>) -> Vec<Inline> {
    group(
        runs,
        |style| style.link.take(),
        |link, content| match link {
            Some(href) => vec![Inline::Link {
                href: href.as_ref().to_owned(),
                content: strong(content),
            }],
            None => strong(content),
        },
    )
}

fn strong(runs: Vec<(Style, Atom)>) -> Vec<Inline> {
    group(
        runs,
        |style| style.strong,
        |strong, runs| {
            let content = emphasis(runs);
            if strong {
                vec![Inline::Strong { content }]
            } else {
                content
            }
        },
    )
}

fn emphasis(runs: Vec<(Style, Atom)>) -> Vec<Inline> {
    group(
        runs,
        |style| style.emphasis,
        |emphasis, runs| {
            let content = runs
                .into_iter()
                .map(|(style, atom)| match atom {
                    Atom::Text(text) if style.code => Inline::Code { text },
                    Atom::Text(text) => Inline::Text { text },
                    Atom::Image(document, alt) => Inline::Image { document, alt },
                    Atom::Break => Inline::Break,
                })
                .collect();
            if emphasis {
                vec![Inline::Emphasis { content }]
            } else {
                content
            }
        },
    )
}

/// Cuts runs into groups of neighbours for which `key` is the same.
fn group<K: PartialEq>(
    runs: Vec<(Style, Atom)>,
    key: impl Fn(&mut Style) -> K,
    wrap: impl Fn(K, Vec<(Style, Atom)>) -> Vec<Inline>,
) -> Vec<Inline> {
    work::spend(runs.len());
    let mut out = Vec::new();
    let mut current: Option<(K, Vec<(Style, Atom)>)> = None;
    for (mut style, atom) in runs {
        let key = key(&mut style);
        match &mut current {
            Some((last, members)) if *last == key => members.push((style, atom)),
            _ => {
                if let Some((last, members)) = current.replace((key, vec![(style, atom)])) {
                    out.extend(wrap(last, members));
                }
            }
        }
    }
    if let Some((last, members)) = current {
        out.extend(wrap(last, members));
    }
    out
}
