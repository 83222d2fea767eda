//! The board from both sides, and each step's operations.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::{
    TicketId,
    ticket::{Level, TicketKind},
    timeline::{EntryDetail, EntryKey, EntryKind},
    wording::{Language, testing::Catalogue},
};
use jiff::SignedDuration;
use proptest::prelude::*;

const NETWORK: GroupId = GroupId(9);
const FIRST: GroupId = GroupId(1);
const ME: UserId = UserId(30);

fn at(minute: i64) -> Timestamp {
    let start: Timestamp = "2026-11-23T09:00:00Z".parse().unwrap();
    start + SignedDuration::from_mins(minute)
}

fn in_an_hour(from: Timestamp) -> Option<Timestamp> {
    from.checked_add(SignedDuration::from_hours(1)).ok()
}

fn entry(id: i64, minute: i64, text: &str) -> TimelineEntry {
    TimelineEntry {
        key: EntryKey {
            kind: EntryKind::Followup,
            id,
        },
        ticket: TicketId(7),
        author: Some(ME),
        at: at(minute),
        updated_at: at(minute),
        // As it comes back from a server: through HTML.
        body: RichText::from_html(&RichText::from_plain(text).to_html()),
        private: true,
        detail: EntryDetail::Followup { channel: None },
    }
}

fn ticket(status: Status) -> Ticket {
    Ticket {
        id: TicketId(7),
        title: "VPN".into(),
        description: RichText::default(),
        kind: TicketKind::Incident,
        status,
        urgency: Level(3),
        impact: Level(3),
        priority: Level(3),
        category: None,
        entity: None,
        location: None,
        channel: None,
        recorder: None,
        opened_at: at(0),
        updated_at: at(0),
        solved_at: (!status.is_open()).then(|| at(90)),
        closed_at: None,
        taken_up_at: None,
        time_to_own: None,
        time_to_resolve: None,
        slas: Vec::new(),
        external_id: None,
    }
}

fn assigned(party: Party) -> Actor {
    Actor {
        role: Role::Assigned,
        party,
    }
}

fn actors() -> Vec<Actor> {
    vec![
        assigned(Party::Group { id: FIRST }),
        assigned(Party::Group { id: NETWORK }),
    ]
}

fn groups() -> BTreeSet<GroupId> {
    [NETWORK, GroupId(10)].into()
}

fn group(id: i64, name: &str) -> NamedGroup {
    NamedGroup {
        id: GroupId(id),
        name: name.into(),
    }
}

fn card(status: Status, timeline: &[TimelineEntry]) -> BoardCard {
    board_card(&ticket(status), &actors(), timeline, &groups()).unwrap()
}

fn plan(
    card: &BoardCard,
    status: Status,
    actors: &[Actor],
    action: &TriageAction,
) -> Result<Vec<Operation>, EscalationError> {
    let [fr, _] = Catalogue::both();
    let groups = groups();
    let triaged = Triaged {
        card,
        status,
        actors,
        groups: &groups,
        me: ME,
    };
    let planned = plan_triage(&triaged, action, &fr, OperationId::new)?;
    Ok(planned.into_iter().map(|(_, operation)| operation).collect())
}

#[test]
fn both_sides_derive_the_same_state_from_what_the_ticket_says() {
    // Level 1 works in English, the customer's IT in French; neither has the other's database.
    let sent = Marker::Sent {
        to: "Réseau & Télécom".into(),
    };
    let mut timeline = vec![
        entry(1, 0, "Bonjour, mon VPN ne marche plus"),
        entry(2, 20, &format!("{}\nSymptom: VPN", sent.line(Language::En))),
    ];
    let new = card(Status::Assigned, &timeline);
    assert_eq!(new.state, BoardState::New);
    assert_eq!((new.escalated_at, new.dated), (at(20), true));
    assert_eq!(new.group.as_deref(), Some("Réseau & Télécom"));

    timeline.push(entry(3, 25, &Marker::Accepted.line(Language::Fr)));
    let accepted = card(Status::Assigned, &timeline);
    assert_eq!((accepted.state, accepted.by), (BoardState::Accepted, Some(ME)));

    let third = || "Orange".to_owned();
    timeline.push(entry(
        4,
        30,
        &format!("{}\nTicket 123", Marker::Waiting { third: third() }.line(Language::Fr)),
    ));
    timeline.push(entry(5, 60, &Marker::Reminded { third: third() }.line(Language::Fr)));
    let waiting = card(Status::Waiting, &timeline);
    assert_eq!(waiting.state, BoardState::Waiting);
    assert_eq!((waiting.reminders, waiting.third.as_deref()), (1, Some("Orange")));
    assert_eq!(waiting.remind_at(in_an_hour), Some(at(120)));

    timeline.push(entry(6, 70, &Marker::Answered { third: third() }.line(Language::En)));
    let answered = card(Status::Assigned, &timeline);
    assert_eq!((answered.state, answered.by), (BoardState::Accepted, Some(ME)));
    assert_eq!(answered.remind_at(in_an_hour), None);

    timeline.push(entry(
        7,
        75,
        &format!("{}\nMotif : manque le numéro", Marker::SentBack.line(Language::Fr)),
    ));
    let back = card(Status::Assigned, &timeline);
    assert_eq!(back.state, BoardState::SentBack);
    assert!(back.reason.contains("manque le numéro"));

    timeline.push(entry(8, 80, &sent.line(Language::Fr)));
    assert_eq!(
        card(Status::Assigned, &timeline).escalated_at,
        at(80),
        "a second one counts anew"
    );
    assert_eq!(card(Status::Solved, &timeline).state, BoardState::Done);
    assert_eq!(
        card(Status::Assigned, &timeline).state,
        BoardState::New,
        "re-opened: as before"
    );
}

#[test]
fn what_a_requester_writes_decides_nothing() {
    let mut public = entry(3, 25, "[Escalade] traitée");
    public.private = false;
    let sent = entry(2, 20, "[Escalade] transmise à : Réseau & Télécom");
    let quoted = entry(4, 26, "Je cite :\n[Escalade] acceptée");
    assert_eq!(card(Status::Assigned, &[sent, public, quoted]).state, BoardState::New);
}

#[test]
fn a_ticket_escalated_without_guichet_is_known_by_its_group() {
    let groups = groups();
    let of = |status, actors: &[Actor]| board_card(&ticket(status), actors, &[], &groups);
    assert_eq!(of(Status::Assigned, &[assigned(Party::Group { id: FIRST })]), None);
    let new = of(Status::Assigned, &actors()).unwrap();
    assert_eq!((new.state, new.dated), (BoardState::New, false), "the age is not known");
    let mut with_person = actors();
    with_person.push(assigned(Party::User { id: ME }));
    assert_eq!(of(Status::Assigned, &with_person).unwrap().state, BoardState::Accepted);
    assert_eq!(of(Status::Waiting, &with_person).unwrap().state, BoardState::Waiting);
}

#[test]
fn accepting_adds_oneself_once() {
    let new = card(Status::Assigned, &[]);
    let operations = plan(&new, Status::Assigned, &actors(), &TriageAction::Accept).unwrap();
    let me = assigned(Party::User { id: ME });
    assert_eq!(operations[1..], [Operation::Assign { actor: me.clone() }]);
    let mut mine = actors();
    mine.push(me);
    assert_eq!(
        plan(&new, Status::Assigned, &mine, &TriageAction::Accept)
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn sending_back_needs_a_reason_and_leaves_level_1_in_charge() {
    let accepted = card(Status::Assigned, &[entry(1, 1, "[Escalade] acceptée")]);
    let to = group(1, "Support N1");
    let back = |reason: &str| TriageAction::SendBack {
        reason: reason.into(),
        to: to.clone(),
    };
    let mut actors = actors();
    actors.push(assigned(Party::User { id: ME }));
    assert_eq!(
        plan(&accepted, Status::Assigned, &actors, &back(" ")),
        Err(EscalationError::NoReason)
    );
    let operations = plan(&accepted, Status::Assigned, &actors, &back("numéro manquant")).unwrap();
    assert_eq!(
        operations[1..],
        [
            Operation::Unassign {
                actor: assigned(Party::Group { id: NETWORK })
            },
            Operation::Unassign {
                actor: assigned(Party::User { id: ME })
            },
        ],
        "level 1 is there already"
    );
    assert!(operations[0].plain_text().contains("numéro manquant"));
}

#[test]
fn re_routing_puts_the_new_group_in_before_the_old_one_leaves() {
    let new = card(Status::Assigned, &[entry(1, 1, "[Escalade] transmise à : Réseau")]);
    let action = TriageAction::ReRoute {
        reason: "c'est le pare-feu".into(),
        to: group(10, "Sécurité"),
    };
    let operations = plan(&new, Status::Waiting, &actors(), &action).unwrap();
    let names: Vec<_> = operations.iter().map(Operation::name).collect();
    assert_eq!(names, ["add_followup", "assign", "set_field", "unassign"]);
    assert_eq!(
        Marker::parse(operations[0].plain_text().lines().next().unwrap()),
        Some(Marker::ReRouted {
            to: "Sécurité".into()
        })
    );
    assert!(!operations.contains(&Operation::Unassign {
        actor: assigned(Party::Group { id: FIRST })
    }));
}

#[test]
fn chasing_a_third_party_is_dated_numbered_and_provable() {
    let mut timeline = vec![entry(1, 0, "[Escalade] acceptée")];
    let mut steps = vec![
        TriageAction::Wait {
            third: "Orange".into(),
            words: "Ticket 123 ouvert".into(),
        },
        TriageAction::Remind {
            means: "courriel".into(),
            words: "Toujours rien".into(),
        },
        TriageAction::Remind {
            means: "téléphone".into(),
            words: "Promis pour 14 h".into(),
        },
        TriageAction::Answered {
            words: "Lien rétabli".into(),
        },
    ];
    let mut status = Status::Assigned;
    for (minute, action) in (1..).map(|n| n * 60).zip(steps.drain(..)) {
        let operations = plan(&card(status, &timeline), status, &actors(), &action).unwrap();
        for operation in &operations {
            assert_eq!(operation.validate(), Ok(()));
            if let Operation::SetField {
                base: FieldValue::Status(base),
                new: FieldValue::Status(new),
                ..
            } = operation
            {
                assert_eq!(*base, status);
                status = *new;
            }
        }
        timeline.push(entry(minute, minute, &operations[0].plain_text()));
    }
    assert_eq!(status, Status::Assigned, "waiting and back");
    let waits = third_party_waits(&timeline);
    assert_eq!(waits.len(), 1);
    let wait = &waits[0];
    assert_eq!((wait.from, wait.to, wait.proof.len()), (at(60), Some(at(240)), 4));
    assert!(wait.proof[1].words.contains('1') && wait.proof[1].words.contains("courriel"));
    assert!(wait.proof[2].words.contains('2') && wait.proof[2].words.contains("Promis"));
    let accepted = card(status, &timeline);
    assert_eq!(
        plan(
            &accepted,
            status,
            &actors(),
            &TriageAction::Answered { words: "x".into() }
        ),
        Err(EscalationError::WrongState { state: "accepted" })
    );
    // It waits by the ITSM's status alone: nobody is named, nobody can be chased.
    let unnamed = card(Status::Waiting, &[entry(1, 0, "[Escalade] acceptée")]);
    let remind = TriageAction::Remind {
        means: String::new(),
        words: "x".into(),
    };
    assert_eq!(
        plan(&unnamed, Status::Waiting, &actors(), &remind),
        Err(EscalationError::NoThirdParty)
    );
    let taken = plan(&unnamed, Status::Waiting, &actors(), &TriageAction::Accept).unwrap();
    assert_eq!(taken[2].name(), "set_field", "in work again");
}

#[test]
fn finishing_says_what_was_done_and_may_solve() {
    let accepted = card(Status::Assigned, &[entry(1, 1, "[Escalation] accepted")]);
    let finish = |words: &str, solution| TriageAction::Finish {
        words: words.into(),
        solution,
    };
    assert_eq!(
        plan(&accepted, Status::Assigned, &actors(), &finish("", true)),
        Err(EscalationError::NoReason)
    );
    let operations = plan(
        &accepted,
        Status::Assigned,
        &actors(),
        &finish("Certificat renouvelé", true),
    )
    .unwrap();
    assert_eq!(operations[1].name(), "add_solution");
    let operations = plan(
        &accepted,
        Status::Waiting,
        &actors(),
        &finish("Certificat renouvelé", false),
    )
    .unwrap();
    assert_eq!(operations[1].name(), "set_field");
}

proptest! {
    /// Timelines come in any order (pages, deltas): the board is the same.
    #[test]
    fn the_order_in_which_entries_are_read_does_not_matter(
        verbs in prop::collection::vec((0..8_usize, 0..6_i64), 1..12),
        seed in prop::collection::vec(any::<u16>(), 12),
    ) {
        let marker = |verb| match verb {
            0 => Marker::Sent { to: "Réseau".into() },
            1 => Marker::Accepted,
            2 => Marker::SentBack,
            3 => Marker::ReRouted { to: "Sécurité".into() },
            4 => Marker::Waiting { third: "Orange".into() },
            5 => Marker::Reminded { third: "Orange".into() },
            6 => Marker::Answered { third: "Orange".into() },
            _ => Marker::Done,
        };
        let timeline: Vec<_> = (1..).zip(&verbs).map(|(id, (verb, minute))| entry(id, *minute, &marker(*verb).line(Language::Fr))).collect();
        let mut shuffled: Vec<_> = seed.iter().zip(timeline.clone()).collect();
        shuffled.sort_by_key(|(key, _)| **key);
        let shuffled: Vec<_> = shuffled.into_iter().map(|(_, entry)| entry).collect();
        prop_assert_eq!(card(Status::Assigned, &timeline), card(Status::Assigned, &shuffled));
        prop_assert_eq!(third_party_waits(&timeline), third_party_waits(&shuffled));
    }
}
