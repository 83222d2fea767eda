//! Texts that wait in the outbox: what the view shows beside the mirror is found like the rest. They are few and change
//! with every key, so that they are looked through as they are instead of being indexed.

use super::{
    Words,
    candidates::{Class, holds},
};
use crate::{StoreError, mirror::refresh::Pending};
use guichet_domain::{
    operation::{FieldValue, Operation},
    text::{self, Term},
};
use sqlx::SqliteConnection;
use std::collections::BTreeMap;

/// The pending texts of every ticket that has some.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    tickets: BTreeMap<i64, Texts>,
}

/// One ticket's.
#[derive(Debug, Default)]
struct Texts {
    titles: Vec<String>,
    bodies: Vec<String>,
}

impl Waiting {
    /// The texts of pending entries, by lane.
    pub(crate) fn of(pending: &Pending) -> Self {
        let mut tickets: BTreeMap<i64, Texts> = BTreeMap::new();
        for (lane, entries) in pending {
            let mut texts = Texts::default();
            for entry in entries {
                texts.add(&entry.operation);
            }
            if !texts.titles.is_empty() || !texts.bodies.is_empty() {
                tickets.insert(*lane, texts);
            }
        }
        Self { tickets }
    }

    /// What waits on a ticket, the latest first, its titles left out.
    pub(super) fn bodies(&self, ticket: i64) -> impl Iterator<Item = &str> {
        let texts = self.tickets.get(&ticket);
        texts
            .into_iter()
            .flat_map(|texts| texts.bodies.iter().rev().map(String::as_str))
    }

    /// Tickets for which a term is found in what waits.
    pub(super) fn with(&self, term: &Term) -> impl Iterator<Item = i64> {
        self.tickets
            .iter()
            .filter(|(_, texts)| texts.look_for(std::slice::from_ref(term)) != [None])
            .map(|(ticket, _)| *ticket)
    }

    /// Tickets of which something that waits has a word, if the rest of the words are on them as well.
    pub(super) async fn find(
        &self,
        connection: &mut SqliteConnection,
        words: &Words,
        found: &mut BTreeMap<i64, Class>,
    ) -> Result<(), StoreError> {
        for (ticket, texts) in &self.tickets {
            let places = texts.look_for(&words.terms);
            let Some(worst) = places.iter().flatten().max() else {
                continue;
            };
            let elsewhere: Vec<usize> = (0..places.len())
                .filter(|nth| places.get(*nth) == Some(&None))
                .collect();
            let class = if elsewhere.is_empty() { *worst } else { Class::Body };
            if holds(connection, *ticket, words, &elsewhere).await? {
                let best = found.entry(*ticket).or_insert(class);
                *best = (*best).min(class);
            }
        }
        Ok(())
    }
}

impl Texts {
    /// Where each term is found best, if at all.
    fn look_for(&self, terms: &[Term]) -> Vec<Option<Class>> {
        let mut places = vec![None; terms.len()];
        let titles = self.titles.iter().map(|text| (text, Class::TitleWhole, Class::Title));
        let bodies = self.bodies.iter().map(|text| (text, Class::Whole, Class::Body));
        for (text, whole, part) in titles.chain(bodies) {
            text::for_each_token(text, |token| {
                for (term, place) in terms.iter().zip(&mut places) {
                    if term.matches([token]) {
                        let class = if token == term.folded { whole } else { part };
                        *place = Some(place.map_or(class, |best: Class| best.min(class)));
                    }
                }
            });
        }
        places
    }

    fn add(&mut self, operation: &Operation) {
        match operation {
            Operation::CreateTicket { ticket } => {
                self.titles.push(ticket.title.clone());
                self.bodies.push(ticket.description.to_plain());
            }
            Operation::AddFollowup { body, .. }
            | Operation::AddTask { body, .. }
            | Operation::AddSolution { body, .. }
            | Operation::AnswerSolution { body, .. }
            | Operation::Reopen { body } => self.bodies.push(body.to_plain()),
            Operation::SetField { new, .. } => match new {
                FieldValue::Text(title) => self.titles.push(title.clone()),
                FieldValue::Rich(description) => self.bodies.push(description.to_plain()),
                FieldValue::Kind(_) | FieldValue::Status(_) | FieldValue::Level(_) | FieldValue::Row(_) => {}
            },
            Operation::Assign { .. }
            | Operation::Unassign { .. }
            | Operation::UploadDocument { .. }
            | Operation::LinkArticle { .. }
            | Operation::LinkAsset { .. }
            | Operation::LinkTicket { .. }
            // An article in the making says nothing of the ticket that its other texts do not.
            | Operation::ProposeArticle { .. } => {}
        }
    }
}
