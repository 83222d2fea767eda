//! What a ticket is in the contract's words, from what the ITSM says of it: its category, its channel, its levels 1 to 6.

use crate::evidence::model::{Channel, Priority, Quote, Scope, TicketType, Urgency};
use guichet_domain::{
    escalation::beginning_fits,
    text::fold,
    ticket::{Level, TicketKind},
};
use std::collections::BTreeMap;

/// How tickets are told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classification {
    /// Categories of the infrastructure, by the beginnings of their full names; all others are a user's environment.
    pub infrastructure: Vec<String>,
    /// Categories of questions.
    pub information: Vec<String>,
    /// Categories of requests for quotes.
    pub quotes: BTreeMap<Quote, Vec<String>>,
    /// An infrastructure incident of this urgency or a higher one is blocking.
    pub blocking_urgency: u8,
    /// What the ITSM's priorities 1 to 6 are.
    pub priorities: [Priority; 6],
    /// What its urgencies 1 to 5 are.
    pub urgencies: [Urgency; 5],
    /// Names of its channels; what is in no list came directly.
    pub channels: BTreeMap<Channel, Vec<String>>,
}

impl Default for Classification {
    /// GLPI's levels by their meaning, the channels it comes with and those of the demonstration.
    fn default() -> Self {
        use {Priority as P, Urgency as U};
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        Self {
            infrastructure: Vec::new(),
            information: Vec::new(),
            quotes: BTreeMap::new(),
            blocking_urgency: 5,
            priorities: [P::Low, P::Low, P::Medium, P::High, P::High, P::Major],
            urgencies: [U::Low, U::Low, U::Medium, U::High, U::Immediate],
            channels: BTreeMap::from([
                (Channel::Phone, names(&["Téléphone", "Phone"])),
                (Channel::Mail, names(&["Courriel", "E-mail", "Email", "Mail"])),
                (
                    Channel::Portal,
                    names(&["Portail", "Portal", "Helpdesk", "Formcreator"]),
                ),
                (
                    Channel::Monitoring,
                    names(&["Supervision", "Monitoring", "Centreon", "Nagios"]),
                ),
            ]),
        }
    }
}

fn is_of(category: Option<&str>, beginnings: &[String]) -> bool {
    category.is_some_and(|category| {
        beginnings
            .iter()
            .any(|beginning| beginning_fits(category, beginning).is_some())
    })
}

/// The level's place in a table; one beyond it counts as its end.
fn placed<const N: usize, T: Copy>(table: &[T; N], level: Level) -> T {
    table[usize::from(level.0.max(1) - 1).min(N - 1)]
}

impl Classification {
    /// What kind a ticket of a category is.
    #[must_use]
    pub fn kind(&self, kind: TicketKind, category: Option<&str>) -> TicketType {
        if self.quote(category).is_some() {
            TicketType::Quote
        } else if is_of(category, &self.information) {
            TicketType::Information
        } else {
            match kind {
                TicketKind::Incident => TicketType::Incident,
                TicketKind::Request => TicketType::Request,
            }
        }
    }

    /// Which kind of quote is asked for, if one is.
    #[must_use]
    pub fn quote(&self, category: Option<&str>) -> Option<Quote> {
        let mut kinds = self.quotes.iter();
        kinds.find(|(_, names)| is_of(category, names)).map(|(quote, _)| *quote)
    }

    /// What it is about.
    #[must_use]
    pub fn scope(&self, category: Option<&str>) -> Scope {
        if is_of(category, &self.infrastructure) {
            Scope::Infrastructure
        } else {
            Scope::User
        }
    }

    /// Whether it stops the service.
    #[must_use]
    pub fn is_blocking(&self, urgency: Level) -> bool {
        urgency.0 >= self.blocking_urgency
    }

    /// Its priority.
    #[must_use]
    pub fn priority(&self, level: Level) -> Priority {
        placed(&self.priorities, level)
    }

    /// Its urgency.
    #[must_use]
    pub fn urgency(&self, level: Level) -> Urgency {
        placed(&self.urgencies, level)
    }

    /// How it came, by the name of the ITSM's channel.
    #[must_use]
    pub fn channel(&self, name: Option<&str>) -> Option<Channel> {
        let name = fold(name?);
        let known = self
            .channels
            .iter()
            .find(|(_, names)| names.iter().any(|known| fold(known) == name));
        Some(known.map_or(Channel::Direct, |(channel, _)| *channel))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_what_its_category_its_channel_and_its_levels_say() {
        let classes = Classification {
            infrastructure: vec!["Réseau".to_owned()],
            information: vec!["Logiciels > Questions".to_owned()],
            quotes: BTreeMap::from([(Quote::Simple, vec!["Devis".to_owned()])]),
            ..Classification::default()
        };
        assert_eq!(classes.scope(Some("Reseau > VPN")), Scope::Infrastructure);
        assert_eq!(classes.scope(Some("Réseautage")), Scope::User, "a word is whole");
        assert_eq!(classes.scope(None), Scope::User);
        let kind = |category| classes.kind(TicketKind::Request, Some(category));
        assert_eq!(kind("Logiciels > Questions > Droits"), TicketType::Information);
        assert_eq!(kind("Devis > Poste"), TicketType::Quote);
        assert_eq!(kind("Logiciels"), TicketType::Request);
        assert_eq!(classes.quote(Some("Devis")), Some(Quote::Simple));
        assert_eq!(classes.kind(TicketKind::Incident, None), TicketType::Incident);
        let levels: Vec<Priority> = (0..=7).map(|level| classes.priority(Level(level))).collect();
        assert_eq!(levels[0], Priority::Low);
        assert_eq!(levels[3], Priority::Medium);
        assert_eq!(levels[5], Priority::High);
        assert_eq!([levels[6], levels[7]], [Priority::Major; 2]);
        assert_eq!(classes.urgency(Level(5)), Urgency::Immediate);
        assert!(classes.is_blocking(Level(5)) && !classes.is_blocking(Level(4)));
        assert_eq!(classes.channel(Some(" TELEPHONE ")), Some(Channel::Phone));
        assert_eq!(classes.channel(Some("E-Mail")), Some(Channel::Mail));
        assert_eq!(classes.channel(Some("Accueil physique")), Some(Channel::Direct));
        assert_eq!(classes.channel(None), None);
    }
}
