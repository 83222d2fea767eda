//! Escalating a ticket: who is in charge (the contract's matrix, its groups looked up by name in the mirror), the diagnosis that is
//! kept as it is typed, and the escalation itself as one lane of the outbox.

use crate::{
    api::{Accepted, ChargeRow, EscalationDomain, EscalationSheet, EscalationState, NewEscalation, TicketEscalation},
    core::desk::Desk,
    error::AppError,
    messages::Locale,
};
use guichet_domain::{
    GroupId, OperationId, TicketId, UserId,
    diagnosis::{Diagnosis, NamedAsset},
    escalation::{
        Charge, Escalation, EscalationError, EscalationPolicy, EscalationTimer, NamedGroup, SupportLevel,
        escalation_timer, plan_escalation,
    },
    operation::Operation,
    people::Group,
    text,
    ticket::{Actor, Party, Role},
    triage::{Marker, board_card, markers, third_party_waits},
};
use guichet_service_levels::{Calendar, Contract, Instant, instant::SECOND};
use guichet_store::{Escalated, Submission, TicketView};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Why nothing is escalated, triaged or declared.
#[derive(Debug, thiserror::Error)]
pub enum EscalationFailure {
    /// The escalation's own rules.
    #[error(transparent)]
    Rule(#[from] EscalationError),
    /// The ITSM has no group of that name.
    #[error("the ITSM has no group {name}")]
    UnknownGroup {
        /// As the contract has it.
        name: String,
    },
    /// The ticket was never escalated.
    #[error("the ticket was not escalated")]
    NotEscalated,
    /// The surge is over.
    #[error("there is no such surge any more")]
    SurgeOver,
    /// None of its tickets can be linked.
    #[error("none of the tickets is at the backend yet")]
    NothingToLink,
}

impl EscalationFailure {
    /// The codes that are not the domain's, for the catalogue's test.
    pub const CODES: [&'static str; 3] = ["escalation_unknown_group", "escalation_none", "surge_over"];

    /// Key in the message catalogue.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Rule(error) => error.code(),
            Self::UnknownGroup { .. } => "escalation_unknown_group",
            Self::NotEscalated => "escalation_none",
            Self::SurgeOver => "surge_over",
            Self::NothingToLink => "surge_nothing_to_link",
        }
    }

    /// What fills the places of the texts.
    #[must_use]
    pub fn args(&self, locale: Locale) -> Vec<(&'static str, String)> {
        match self {
            Self::Rule(EscalationError::Incomplete { missing }) => {
                let labels: Vec<String> = missing.iter().map(|field| field.label(&locale)).collect();
                vec![("missing", labels.join(", "))]
            }
            Self::UnknownGroup { name } => vec![("name", name.clone())],
            _ => Vec::new(),
        }
    }
}

/// One value of every variant, for the catalogue's test.
#[cfg(test)]
pub(crate) fn every_error() -> Vec<EscalationFailure> {
    use guichet_domain::diagnosis::DiagnosisField;
    vec![
        EscalationError::Incomplete {
            missing: vec![DiagnosisField::Since],
        }
        .into(),
        EscalationError::NoReason.into(),
        EscalationFailure::UnknownGroup { name: "x".to_owned() },
        EscalationFailure::NotEscalated,
        EscalationFailure::SurgeOver,
        EscalationFailure::NothingToLink,
    ]
}

/// The contract's calendar, worked out around now: how long the service was open between two instants.
#[derive(Debug)]
pub struct ServiceClock {
    calendar: Calendar,
}

impl ServiceClock {
    /// Of a contract's own calendar.
    #[must_use]
    pub fn of(contract: &Contract, now: Timestamp) -> Self {
        // Targets lie hours or days ahead.
        let last_year = now.to_zoned(TimeZone::UTC).year().saturating_add(2);
        let rules = contract.calendars.get(contract.calendar);
        let always = || guichet_service_levels::CalendarRules::always(TimeZone::UTC);
        let calendar = rules.map_or_else(
            || Calendar::new(&always(), last_year),
            |named| Calendar::new(&named.rules, last_year),
        );
        Self { calendar }
    }

    /// Service time between two instants.
    #[must_use]
    pub fn between(&self, from: Timestamp, to: Timestamp) -> SignedDuration {
        SignedDuration::from_nanos(self.calendar.service_time(from.into(), to.into()))
    }

    /// When so many seconds of service have passed since an instant.
    #[must_use]
    pub fn later(&self, since: Timestamp, seconds: u32) -> Option<Timestamp> {
        let target = self.calendar.target_date(since.into(), i64::from(seconds) * SECOND)?;
        Some(target.timestamp())
    }
}

/// The responsibility matrix with its groups as the ITSM has them.
pub(crate) struct Matrix {
    groups: Vec<Group>,
    /// Above level 1, each once, in the order of the contract.
    pub(crate) above: Vec<NamedGroup>,
    /// Of level 1.
    pub(crate) level_1: Vec<NamedGroup>,
}

impl Matrix {
    fn of(policy: &EscalationPolicy, groups: Vec<Group>) -> Self {
        let mut matrix = Self {
            groups,
            above: Vec::new(),
            level_1: Vec::new(),
        };
        for (level, charge) in policy.matrix.iter().flat_map(|row| &row.charges) {
            let Some(group) = matrix.group(charge) else { continue };
            let known = if *level == SupportLevel::N1 {
                &mut matrix.level_1
            } else {
                &mut matrix.above
            };
            if !known.contains(&group) {
                known.push(group);
            }
        }
        matrix
    }

    /// The group of that name: its full name before its own, one that takes tickets before one that does not.
    fn group(&self, charge: &Charge) -> Option<NamedGroup> {
        let wanted = text::fold(&charge.group);
        let by = |name: fn(&Group) -> &str| {
            let same = self.groups.iter().filter(|group| text::fold(name(group)) == wanted);
            same.min_by_key(|group| (!group.assignable, group.id))
        };
        let found = by(|group| &group.full_name).or_else(|| by(|group| &group.name))?;
        Some(NamedGroup {
            id: found.id,
            name: found.name.clone(),
        })
    }

    /// A group of the ITSM by its number.
    ///
    /// # Errors
    /// [`EscalationFailure::UnknownGroup`].
    pub(crate) fn existing(&self, group: &NamedGroup) -> Result<NamedGroup, EscalationFailure> {
        let found = self.groups.iter().find(|known| known.id == group.id);
        let found = found.ok_or_else(|| EscalationFailure::UnknownGroup {
            name: group.name.clone(),
        })?;
        Ok(NamedGroup {
            id: found.id,
            name: found.name.clone(),
        })
    }

    /// Numbers of the groups above level 1.
    pub(crate) fn above_ids(&self) -> BTreeSet<GroupId> {
        self.above.iter().map(|group| group.id).collect()
    }

    /// The assigned groups that leave with level 1: its own by the matrix; where it names none, those that are nobody's above.
    fn released(&self, actors: &[Actor], to: GroupId) -> Vec<Actor> {
        let above = self.above_ids();
        let leaves = |id: &GroupId| {
            if self.level_1.is_empty() {
                !above.contains(id)
            } else {
                self.level_1.iter().any(|group| group.id == *id)
            }
        };
        let mut released: Vec<Actor> = Vec::new();
        for actor in actors {
            if let (Role::Assigned, Party::Group { id }) = (actor.role, &actor.party)
                && *id != to
                && leaves(id)
            {
                released.push(actor.clone());
            }
        }
        released
    }
}

/// What escalations are read with: the contract, its groups, its clock.
pub(crate) struct Office {
    pub(crate) contract: std::sync::Arc<Contract>,
    pub(crate) matrix: Matrix,
    pub(crate) clock: std::sync::Arc<ServiceClock>,
    pub(crate) now: Timestamp,
}

impl Office {
    pub(crate) fn policy(&self) -> &EscalationPolicy {
        &self.contract.escalation
    }

    /// Where a ticket's escalation stands, without names.
    pub(crate) fn standing(&self, ticket: &Escalated) -> Option<TicketEscalation> {
        let card = board_card(&ticket.ticket, &ticket.actors, &ticket.lines, &self.matrix.above_ids())?;
        let every = self.policy().reminder_every_s;
        let remind_at = card.remind_at(|since| self.clock.later(since, every));
        Some(TicketEscalation {
            waits: third_party_waits(&ticket.lines),
            remind_at,
            by: None,
            card,
        })
    }

    /// The time to escalate a ticket: until it first was.
    pub(crate) fn timer(&self, ticket: &Escalated) -> EscalationTimer {
        let mut sent = markers(&ticket.lines).into_iter();
        let escalated_at = sent.find(|marked| matches!(marked.marker, Marker::Sent { .. }));
        escalation_timer(
            ticket.ticket.opened_at,
            escalated_at.map(|marked| marked.at),
            self.policy().within_s,
            self.now,
            |from, to| self.clock.between(from, to),
        )
    }
}

impl Desk {
    pub(crate) async fn office(&self) -> Result<Office, AppError> {
        let contract = self.contract().await?;
        let matrix = Matrix::of(&contract.escalation, self.store.groups().await?);
        let clock = self.service_clock().await?;
        Ok(Office {
            contract,
            matrix,
            clock,
            now: self.now(),
        })
    }

    pub(crate) async fn escalated_ticket(&self, ticket: TicketId) -> Result<Escalated, AppError> {
        let read = self.store.escalated_ticket(ticket).await?;
        read.ok_or(AppError::NoSuchTicket(ticket))
    }

    /// Names who took, sent back or finished.
    pub(crate) async fn name_standing(
        &self,
        standings: impl IntoIterator<Item = &mut TicketEscalation>,
    ) -> Result<(), AppError> {
        let mut standings: Vec<&mut TicketEscalation> = standings.into_iter().collect();
        let people: BTreeSet<UserId> = standings.iter().filter_map(|standing| standing.card.by).collect();
        let names: BTreeMap<UserId, String> = self.store.people_names(&people).await?;
        for standing in &mut standings {
            standing.by = standing.card.by.and_then(|person| names.get(&person).cloned());
        }
        Ok(())
    }

    /// What is needed to escalate a ticket.
    ///
    /// # Errors
    /// When the ticket is not known, or the contract or the databases cannot be read.
    pub async fn escalation(&self, ticket: TicketId) -> Result<EscalationSheet, AppError> {
        let view = self.store.ticket(ticket).await?.ok_or(AppError::NoSuchTicket(ticket))?;
        let office = self.office().await?;
        let read = self.escalated_ticket(view.ticket.id).await?;
        let diagnosis = match self.store.diagnosis(view.ticket.id).await? {
            Some(kept) => kept,
            None => prefilled(&view),
        };
        let category = view
            .ticket
            .category
            .as_ref()
            .and_then(|category| category.name.as_deref());
        let mut escalated = office.standing(&read);
        self.name_standing(&mut escalated).await?;
        Ok(EscalationSheet {
            ticket: view.ticket.id,
            domains: domains(&office),
            domain: category
                .and_then(|category| office.policy().domain_of(category))
                .map(str::to_owned),
            diagnosis,
            timer: office.timer(&read),
            escalated,
        })
    }

    /// Where a ticket's escalation stands, for its header.
    ///
    /// # Errors
    /// As [`Desk::escalation`].
    pub async fn ticket_escalation(&self, ticket: TicketId) -> Result<EscalationState, AppError> {
        let office = self.office().await?;
        let read = self.escalated_ticket(ticket).await?;
        let mut escalated = office.standing(&read);
        self.name_standing(&mut escalated).await?;
        let undated = escalated.as_ref().is_some_and(|standing| !standing.card.dated);
        let counts = !office.policy().matrix.is_empty() && read.ticket.status.is_open() && !undated;
        Ok(EscalationState {
            timer: counts.then(|| office.timer(&read)),
            escalated,
        })
    }

    /// Keeps a ticket's diagnosis durably, as typed.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn keep_diagnosis(&self, ticket: TicketId, diagnosis: &Diagnosis) -> Result<(), AppError> {
        Ok(self.store.keep_diagnosis(ticket, diagnosis, self.now()).await?)
    }

    /// Escalates a ticket: diagnosis, group, equipment and documents as one lane, accepted in one durable transaction in which the
    /// kept diagnosis goes.
    ///
    /// # Errors
    /// When the diagnosis lacks something, nobody is in charge, the ITSM has no such group, or the ticket is solved.
    pub async fn escalate(
        &self,
        ticket: TicketId,
        asked: &NewEscalation,
        locale: Locale,
    ) -> Result<Accepted, AppError> {
        let view = self.store.ticket(ticket).await?.ok_or(AppError::NoSuchTicket(ticket))?;
        if !view.ticket.status.is_open() {
            return Err(EscalationError::WrongState { state: "done" }.into());
        }
        let office = self.office().await?;
        if asked.level == SupportLevel::N1 {
            return Err(EscalationError::NoResponsible {
                domain: asked.domain.clone(),
                level: asked.level,
            }
            .into());
        }
        let charge = office.policy().charge(&asked.domain, asked.level)?;
        let group = office
            .matrix
            .group(charge)
            .ok_or_else(|| EscalationFailure::UnknownGroup {
                name: charge.group.clone(),
            })?;
        let linked: Vec<_> = view.assets.iter().map(|asset| asset.key.clone()).collect();
        let release = if asked.release {
            office.matrix.released(&view.actors, group.id)
        } else {
            Vec::new()
        };
        let escalation = Escalation {
            domain: &asked.domain,
            level: asked.level,
            group: &group,
            diagnosis: &asked.diagnosis,
            note: &asked.note,
            linked: &linked,
            release: &release,
        };
        let mut operations = plan_escalation(&escalation, office.policy(), &locale, OperationId::new)?;
        // Who has it already is not given it again.
        operations.retain(|(_, operation)| match operation {
            Operation::Assign { actor } => !view.actors.contains(actor),
            _ => true,
        });
        self.escalate_by(view.ticket.id, operations).await
    }

    async fn escalate_by(
        &self,
        lane: TicketId,
        operations: Vec<(OperationId, Operation)>,
    ) -> Result<Accepted, AppError> {
        for (_, operation) in &operations {
            operation.validate()?;
        }
        let submission = Submission {
            lane: Some(lane),
            operations,
            draft: None,
            hold: Duration::ZERO,
        };
        let accepted = self.store.escalate(submission, self.now()).await?;
        self.publish(accepted.changes);
        self.publish_status().await;
        if let Some(session) = self.session().await {
            session.engine.accepted(false);
        }
        Ok(Accepted {
            lane: accepted.lane,
            entries: accepted.entries,
        })
    }
}

/// What the ticket says already: what is seen, and its equipment.
fn prefilled(view: &TicketView) -> Diagnosis {
    let description = view.ticket.description.to_plain();
    let symptom = if description.trim().is_empty() {
        view.ticket.title.trim()
    } else {
        description.trim()
    };
    let assets = view.assets.iter().map(|asset| NamedAsset {
        key: asset.key.clone(),
        name: asset.name.clone(),
    });
    Diagnosis {
        symptom: symptom.to_owned(),
        assets: assets.collect(),
        ..Diagnosis::default()
    }
}

fn domains(office: &Office) -> Vec<EscalationDomain> {
    let rows = office.policy().matrix.iter().map(|row| {
        let above = row.charges.iter().filter(|(level, _)| **level != SupportLevel::N1);
        let charges = above.map(|(level, charge)| ChargeRow {
            level: *level,
            group: office.matrix.group(charge),
            name: charge.group.clone(),
            contact: charge.contact.clone(),
            hours: charge.hours.clone(),
            open: charge
                .hours
                .as_deref()
                .and_then(|hours| office.contract.is_open(hours, Instant::from(office.now))),
        });
        EscalationDomain {
            domain: row.domain.clone(),
            name: row.name.clone(),
            charges: charges.collect(),
            form: office.policy().form(&row.domain),
        }
    });
    rows.collect()
}

#[cfg(test)]
#[path = "escalation_tests.rs"]
mod over_a_server;
