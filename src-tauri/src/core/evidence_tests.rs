//! What a ticket's facts are as evidence, kind by kind; and that what is written is what the engine reads.

#![allow(clippy::unwrap_used)]

use super::*;
use guichet_domain::{
    UserId,
    ticket::{Level, TicketKind},
    timeline::EntryKey,
};
use guichet_service_levels::evidence::model::{Channel, Priority, Scope, TicketType};
use guichet_store::KnownEntry;

const ASKER: UserId = UserId(9);

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + minute * 60).unwrap()
}

fn known() -> KnownTicket {
    KnownTicket {
        id: TicketId(7),
        kind: TicketKind::Incident,
        status: Status::Assigned,
        urgency: Level(3),
        priority: Level(6),
        category: Some("Réseau > VPN".to_owned()),
        channel: Some("Téléphone".to_owned()),
        vip: true,
        opened_at: at(0),
        updated_at: at(500),
        taken_up_at: None,
        solved_at: None,
        closed_at: None,
        duplicate: false,
        requesters: vec![ASKER],
        groups: Vec::new(),
        entries: Vec::new(),
        markers: Vec::new(),
    }
}

fn marked(minute: i64, marker: Marker) -> Marked {
    Marked {
        entry: EntryKey {
            kind: EntryKind::Followup,
            id: minute,
        },
        author: None,
        at: at(minute),
        marker,
        words: String::new(),
    }
}

fn entry(kind: EntryKind, minute: i64) -> KnownEntry {
    KnownEntry {
        kind,
        at: at(minute),
        author: None,
        private: false,
        answer: None,
    }
}

fn solution(minute: i64, approval: Approval, answered: Option<i64>) -> KnownEntry {
    KnownEntry {
        answer: Some((approval, answered.map(at))),
        ..entry(EntryKind::Solution, minute)
    }
}

fn vsgp() -> Contract {
    Contract::embedded("vsgp").unwrap().unwrap()
}

/// Events as (minute, kind, level), and what could not be told.
type ToldOf = (Vec<(i64, &'static str, Option<u8>)>, BTreeSet<Gap>);

fn told_of(known: &KnownTicket, contacts: &[Timestamp]) -> ToldOf {
    told_with(known, contacts, None)
}

fn told_with(known: &KnownTicket, contacts: &[Timestamp], history: Option<&[HistoryChange]>) -> ToldOf {
    let levels = Levels(BTreeMap::from([(GroupId(1), 1), (GroupId(2), 2)]));
    let mut gaps = BTreeSet::new();
    let ticket = ticket_of(known, &vsgp(), &levels, contacts, history, &mut gaps);
    let minute = |at: Instant| (at.timestamp().as_second() - 1_780_000_000) / 60;
    let events = ticket
        .events
        .iter()
        .map(|one| (minute(one.at), one.kind.name(), one.level));
    (events.collect(), gaps)
}

#[test]
fn what_a_ticket_is_comes_from_the_contracts_classification() {
    let levels = Levels(BTreeMap::new());
    let ticket = ticket_of(&known(), &vsgp(), &levels, &[], None, &mut BTreeSet::new());
    assert_eq!(ticket.id, "7");
    assert_eq!(ticket.kind, TicketType::Incident);
    assert_eq!(ticket.channel, Some(Channel::Phone));
    assert_eq!(ticket.scope, Some(Scope::Infrastructure));
    assert_eq!(ticket.priority, Some(Priority::Major));
    assert_eq!(
        (ticket.vip, ticket.blocking, ticket.quote),
        (Some(true), Some(false), None)
    );
}

#[test]
fn taking_up_escalating_and_waiting_are_dated_by_what_is_noted() {
    let mut ticket = known();
    ticket.taken_up_at = Some(at(2));
    ticket.groups = vec![GroupId(2)];
    let third = || "Orange".to_owned();
    ticket.markers = vec![
        marked(
            10,
            Marker::Sent {
                to: "Réseau & Télécom".to_owned(),
            },
        ),
        marked(20, Marker::Accepted),
        marked(30, Marker::Waiting { third: third() }),
        marked(40, Marker::Reminded { third: third() }),
        marked(50, Marker::Answered { third: third() }),
        marked(60, Marker::SentBack),
    ];
    let (events, gaps) = told_of(&ticket, &[]);
    assert_eq!(
        events,
        [
            (2, "taken_up", None),
            (10, "assigned", Some(2)),
            (30, "waiting_started", None),
            (50, "waiting_ended", None),
            (60, "assigned", Some(1)),
        ]
    );
    assert!(gaps.is_empty());
}

#[test]
fn what_is_not_noted_is_said_and_not_guessed() {
    let mut ticket = known();
    ticket.groups = vec![GroupId(1), GroupId(2)];
    ticket.status = Status::Waiting;
    let (events, gaps) = told_of(&ticket, &[]);
    assert_eq!(
        events,
        [(500, "waiting_started", None)],
        "and no escalation without a date"
    );
    assert_eq!(gaps, BTreeSet::from([Gap::WaitingSince, Gap::EscalatedAt]));
}

#[test]
fn the_history_dates_waits_assignments_and_the_end_where_it_may_be_read() {
    let lines = |what: &[(i64, HistoryEvent)]| -> Vec<HistoryChange> {
        let line = |(minute, what): &(i64, HistoryEvent)| HistoryChange {
            id: *minute,
            ticket: TicketId(7),
            at: at(*minute),
            what: *what,
        };
        what.iter().map(line).collect()
    };
    let status = |from, to| HistoryEvent::Status { from, to };
    let joined = |id, role| HistoryEvent::Joined {
        party: HistoryParty::Group { id: GroupId(id) },
        role,
    };
    use Status as S;
    let history = lines(&[
        (1, joined(1, Some(Role::Assigned))),
        (2, joined(2, Some(Role::Observer))),
        (3, joined(2, None)),
        (5, status(S::New, S::Waiting)),
        (8, status(S::Waiting, S::Assigned)),
        (9, joined(2, Some(Role::Assigned))),
        (20, status(S::Assigned, S::Solved)),
        (30, status(S::Solved, S::Assigned)),
        (40, status(S::Assigned, S::Closed)),
        (50, HistoryEvent::Trashed),
        (60, HistoryEvent::Restored),
        (70, HistoryEvent::Trashed),
    ]);
    let mut ticket = known();
    ticket.groups = vec![GroupId(2)];
    ticket.entries = vec![solution(20, Approval::Waiting, None)];
    // What the ticket's own lines say of waits is not counted beside it.
    ticket.markers = vec![marked(
        6,
        Marker::Waiting {
            third: "Orange".to_owned(),
        },
    )];
    let (events, gaps) = told_with(&ticket, &[], Some(&history));
    assert_eq!(
        events,
        [
            (1, "assigned", Some(1)),
            (5, "waiting_started", None),
            (8, "waiting_ended", None),
            (9, "assigned", Some(2)),
            (20, "solved", None),
            (30, "reopened", None),
            (40, "solved", None),
            (40, "closed", None),
            (70, "trashed", None),
        ]
    );
    assert!(gaps.is_empty(), "{gaps:?}");

    // It waits since before what is read of the history.
    ticket.status = S::Waiting;
    let (events, gaps) = told_with(&ticket, &[], Some(&[]));
    assert!(events.contains(&(500, "waiting_started", None)), "{events:?}");
    assert_eq!(gaps, BTreeSet::from([Gap::WaitingSince, Gap::EscalatedAt]));
}

#[test]
fn solutions_are_dated_each_and_refusals_reopen() {
    let mut ticket = known();
    ticket.status = Status::Closed;
    ticket.solved_at = Some(at(90));
    ticket.closed_at = Some(at(100));
    ticket.entries = vec![
        solution(30, Approval::Refused, Some(45)),
        solution(90, Approval::Accepted, Some(100)),
    ];
    let kinds = |ticket: &KnownTicket| {
        let (events, _) = told_of(ticket, &[]);
        events
            .into_iter()
            .map(|(minute, kind, _)| (minute, kind))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        kinds(&ticket),
        [(30, "solved"), (45, "reopened"), (90, "solved"), (100, "closed")]
    );
    // Open again by a follow-up, which refuses nothing.
    ticket.status = Status::Assigned;
    ticket.entries = vec![solution(30, Approval::Waiting, None)];
    assert_eq!(kinds(&ticket), [(30, "solved"), (500, "reopened")]);
    // Solved by its status alone.
    ticket.status = Status::Solved;
    ticket.entries = Vec::new();
    assert_eq!(kinds(&ticket), [(90, "solved")]);
}

#[test]
fn a_requesters_words_and_calls_after_the_creation_are_contacts() {
    let mut ticket = known();
    let by = |author, private, minute| KnownEntry {
        author: Some(author),
        private,
        ..entry(EntryKind::Followup, minute)
    };
    ticket.entries = vec![
        by(ASKER, false, 0),
        by(ASKER, false, 5),
        by(ASKER, true, 6),
        by(UserId(1), false, 7),
        KnownEntry {
            kind: EntryKind::Task,
            ..by(ASKER, false, 8)
        },
    ];
    let (events, _) = told_of(&ticket, &[at(-3), at(9)]);
    assert_eq!(events, [(5, "requester_contact", None), (9, "requester_contact", None)]);
    ticket.duplicate = true;
    let (events, _) = told_of(&ticket, &[]);
    assert_eq!(events.last(), Some(&(500, "merged", None)));
}

#[test]
fn what_is_kept_by_hand_is_read_as_the_document_would_be() {
    let good = r#"{"services": ["mail"], "surveys": [{"period": "2026-06", "note": 13, "scale": 20}],
        "outages": [{"service": "mail", "started_at": "2026-06-02T08:00:00Z", "ended_at": null}]}"#;
    let parts = Parts::read(good).unwrap();
    assert_eq!(parts.list("surveys").len(), 1);
    assert!(parts.list("alerts").is_empty());
    for (bad, said) in [
        (r#"{"tickets": []}"#, "tickets"),
        (r#"{"surveys": [{"period": "June", "note": 1, "scale": 5}]}"#, "June"),
        (r#"{"outages": [{"started_at": "2026-06-02T08:00:00Z"}]}"#, "service"),
        ("[]", "map"),
    ] {
        let error = Parts::read(bad).unwrap_err();
        assert!(error.contains(said), "{bad}: {error}");
    }
}

#[test]
fn the_chasing_of_a_third_party_is_proved_line_by_line() {
    let mut ticket = known();
    let third = || "Orange".to_owned();
    ticket.markers = vec![
        marked(10, Marker::Waiting { third: third() }),
        marked(20, Marker::Reminded { third: third() }),
        marked(30, Marker::Answered { third: third() }),
    ];
    let told = chases(&ticket);
    assert_eq!(told.len(), 1);
    assert_eq!(
        (told[0]["ticket"].as_str(), told[0]["third"].as_str()),
        (Some("7"), Some("Orange"))
    );
    assert_eq!(told[0]["to"], json!(at(30)));
    assert_eq!(told[0]["proof"].as_array().unwrap().len(), 3);
    assert!(chases(&known()).is_empty());
}

#[test]
fn every_gap_is_told_in_both_languages() {
    for locale in Locale::ALL {
        for gap in Gap::ALL {
            assert!(locale.catalogue().texts.contains_key(gap.key()), "{gap:?}");
        }
    }
}
