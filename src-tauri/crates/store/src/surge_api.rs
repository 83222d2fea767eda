//! The store's answer about who got in touch lately: tickets of the mirror and of the outbox, calls of the journal.

use crate::{
    Store, StoreError, desk,
    mirror::contacts,
    view::{read_desk, read_mirror},
};
use guichet_domain::surge::Contact;
use jiff::Timestamp;
use std::collections::BTreeSet;

impl Store {
    /// Contacts after an instant: tickets that were opened, and inbound calls that have no ticket. A call with one is its ticket.
    pub async fn contacts_since(&self, since: Timestamp) -> Result<Vec<Contact>, StoreError> {
        let (calls, local) = read_desk!(self, |connection| {
            let calls = desk::calls::without_ticket(connection, since).await?;
            (calls, desk::outbox::local_numbers(connection).await?)
        })?;
        read_mirror!(self, |connection| {
            let mut placed = contacts::opened_since(connection, since).await?;
            let people: BTreeSet<i64> = calls.iter().filter_map(|(_, person)| *person).collect();
            let places = contacts::places_of(connection, &people).await?;
            placed.extend(calls.into_iter().map(|(contact, person)| contacts::Placed {
                place: person.and_then(|person| places.get(&person).copied()),
                contact,
            }));
            let wanted: BTreeSet<i64> = placed.iter().filter_map(|placed| placed.place).collect();
            let sites = contacts::sites(connection, &wanted).await?;
            placed
                .into_iter()
                .map(|contacts::Placed { mut contact, place }| {
                    // A ticket written here is the same contact after the server has numbered it.
                    if let Some(local) = contact.ticket.and_then(|ticket| local.get(&ticket)) {
                        contact.id = contacts::identity(*local);
                    }
                    contact.site = place.and_then(|place| sites.get(&place).cloned());
                    contact
                })
                .collect()
        })
    }
}
