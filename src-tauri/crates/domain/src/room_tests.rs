//! Tests of the room and its report.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::{
    UserId,
    timeline::{EntryDetail, EntryKey, EntryKind},
    wording::{Language, testing::Catalogue},
};
use proptest::prelude::*;

fn at(minute: i64) -> Timestamp {
    let eight: Timestamp = "2026-06-02T08:00:00Z".parse().unwrap();
    eight + SignedDuration::from_mins(minute)
}

fn room() -> Room {
    Room::open(TicketId(40), Some("Nadia Petit".to_owned()), at(0))
}

fn action(what: &str, done_at: Option<Timestamp>) -> RoomAction {
    RoomAction {
        id: OperationId::new(),
        what: what.to_owned(),
        who: String::new(),
        due: None,
        done_at,
    }
}

#[test]
fn the_first_update_is_due_by_the_cadence_and_every_other_by_what_was_promised() {
    let mut room = room();
    assert_eq!(room.next_update_due(), Some(at(30)));
    assert_eq!(room.standing(false, at(24)), RoomStanding::OnTime);
    assert_eq!(room.standing(false, at(25)), RoomStanding::DueSoon);
    assert_eq!(room.standing(false, at(30)), RoomStanding::Late);
    assert_eq!(room.standing(true, at(30)), RoomStanding::Over, "it is resolved");
    let id = OperationId::new();
    assert_eq!(room.post(id, " Le cœur de réseau redémarre. ", None, at(31)), Ok(true));
    assert_eq!(room.next_update_due(), Some(at(61)));
    assert_eq!(room.updates[0].text, "Le cœur de réseau redémarre.");
    // The same again, as after a crash between the words and the answer.
    assert_eq!(room.post(id, "Le cœur de réseau redémarre.", None, at(33)), Ok(false));
    assert_eq!(room.updates.len(), 1);
    // A promise is kept when the cadence changes, and one may promise otherwise than the cadence.
    let mut words = room.words.clone();
    words.cadence_min = 60;
    room.write(words, at(35)).unwrap();
    assert_eq!(room.next_update_due(), Some(at(61)));
    room.post(OperationId::new(), "Reprise en cours", Some(10), at(40))
        .unwrap();
    assert_eq!(room.next_update_due(), Some(at(50)));
    // Of ten minutes, five would be half: a third is little.
    assert_eq!(room.standing(false, at(46)), RoomStanding::OnTime);
    assert_eq!(room.standing(false, at(47)), RoomStanding::DueSoon);
    room.close(at(55));
    room.close(at(99));
    assert_eq!((room.closed_at, room.next_update_due()), (Some(at(55)), None));
    assert_eq!(room.standing(false, at(99)), RoomStanding::Over);
    assert_eq!(
        room.post(OperationId::new(), "trop tard", None, at(99)),
        Err(RoomError::Closed)
    );
}

#[test]
fn what_is_too_long_or_says_nothing_is_refused_and_changes_nothing() {
    let mut room = room();
    let before = room.clone();
    let post = |room: &mut Room, text: &str, next| room.post(OperationId::new(), text, next, at(1));
    assert_eq!(post(&mut room, " \n ", None), Err(RoomError::NothingSaid));
    assert_eq!(
        post(&mut room, &"é".repeat(MAX_TEXT + 1), None),
        Err(RoomError::TooLong { max: MAX_TEXT })
    );
    assert_eq!(
        post(&mut room, "x", Some(1)),
        Err(RoomError::Cadence { min: 5, max: 1440 })
    );
    let refused = |change: &dyn Fn(&mut RoomWords)| {
        let mut words = RoomWords::default();
        change(&mut words);
        before.clone().write(words, at(1)).unwrap_err()
    };
    assert!(matches!(
        refused(&|words| words.cadence_min = 0),
        RoomError::Cadence { .. }
    ));
    let long = |max| RoomError::TooLong { max };
    assert_eq!(
        refused(&|words| words.workaround = "x".repeat(MAX_TEXT + 1)),
        long(MAX_TEXT)
    );
    assert_eq!(
        refused(&|words| words.people = vec![RoomPerson {
            role: RoomRole::Other,
            name: "x".repeat(MAX_NAME + 1)
        }]),
        long(MAX_NAME)
    );
    assert_eq!(
        refused(&|words| words.actions = vec![action(&"x".repeat(MAX_ACTION + 1), None)]),
        long(MAX_ACTION)
    );
    assert_eq!(
        refused(&|words| words.people = vec![RoomPerson::default(); MAX_PEOPLE + 1]),
        RoomError::TooMany { max: MAX_PEOPLE }
    );
    assert_eq!(room, before);
}

#[test]
fn the_workaround_is_known_since_it_first_said_something() {
    let mut room = room();
    let says = |room: &mut Room, text: &str, minute| {
        let words = RoomWords {
            workaround: text.to_owned(),
            actions: vec![action("Relancer", Some(at(500)))],
            ..RoomWords::default()
        };
        room.write(words, at(minute)).unwrap();
        room.workaround_at
    };
    assert_eq!(says(&mut room, "  ", 1), None);
    assert_eq!(says(&mut room, "Utiliser le partage", 4), Some(at(4)));
    assert_eq!(
        room.words.actions[0].done_at,
        Some(at(4)),
        "nothing is done in the future"
    );
    assert_eq!(says(&mut room, "Utiliser le partage de connexion", 9), Some(at(4)));
    assert_eq!(says(&mut room, "", 12), None);
    assert_eq!(says(&mut room, "Passer par le téléphone", 15), Some(at(15)));
}

fn ticket(id: i64, requester: &str, site: &str, opened: i64) -> ReportedTicket {
    let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    ReportedTicket {
        id: TicketId(id),
        title: Some("VPN\nen panne".to_owned()),
        requester: said(requester),
        site: said(site),
        opened_at: Some(at(opened)),
        solved_at: None,
    }
}

fn line(text: &str, minute: i64) -> TimelineEntry {
    TimelineEntry {
        key: EntryKey {
            kind: EntryKind::Followup,
            id: minute,
        },
        ticket: TicketId(40),
        author: Some(UserId(2)),
        at: at(minute),
        updated_at: at(minute),
        body: RichText::from_plain(text),
        private: true,
        detail: EntryDetail::Followup { channel: None },
    }
}

fn whole() -> (Room, ReportedTicket, Vec<ReportedTicket>, Vec<TimelineEntry>) {
    let mut room = room();
    room.opened_at = at(10);
    let mut due = action("Prévenir les sites", None);
    due.who = "Léa".to_owned();
    due.due = Some(at(90));
    let words = RoomWords {
        workaround: "- partage de connexion\n- portail <web>".to_owned(),
        actions: vec![
            action("Redémarrer le concentrateur", Some(at(40))),
            due,
            action("  ", None),
        ],
        people: vec![
            RoomPerson {
                role: RoomRole::Technical,
                name: "Léa".to_owned(),
            },
            RoomPerson {
                role: RoomRole::Lead,
                name: "Nadia Petit".to_owned(),
            },
            RoomPerson::default(),
        ],
        ..RoomWords::default()
    };
    room.write(words, at(25)).unwrap();
    // Written later than it was done: `write` holds it down.
    room.words.actions[0].done_at = Some(at(40));
    room.post(OperationId::new(), "Cause connue.\nReprise à 11 h", None, at(35))
        .unwrap();
    let mut parent = ticket(40, "Amélie Roux", "Siège", 5);
    parent.solved_at = Some(at(65));
    let children = vec![
        ticket(31, "Amélie Roux", "Siège", 0),
        ticket(32, "Hugo Mas", "Annexe", 2),
    ];
    let timeline = vec![
        line("[Escalade] transmise à : Réseau & Télécom", 20),
        line("un suivi", 21),
    ];
    (room, parent, children, timeline)
}

#[test]
fn the_report_says_what_happened_in_both_languages() {
    let (room, parent, children, timeline) = whole();
    let incident = Incident {
        room: &room,
        parent: &parent,
        children: &children,
        timeline: &timeline,
    };
    let paris = TimeZone::get("Europe/Paris").unwrap();
    let [fr, en] = Catalogue::both();
    let report = incident.report(at(70), &paris, &fr);
    let written = report.to_markdown(0, &|_| None);
    let must = [
        "# Incident majeur n° 40 : VPN en panne",
        "Depuis le 02/06/2026 10:00:00",
        "Résolu le 02/06/2026 11:05:00, après 1 h 05 min",
        "Contournement après 25 min 00 s",
        "Pilote : Nadia Petit",
        "Tickets enfants : 2",
        "Demandeurs (2) : Amélie Roux, Hugo Mas",
        "Sites : Annexe (1), Siège (2)",
        "| 32 | VPN en panne | Hugo Mas | Annexe |",
        "portail &lt;web&gt;",
        "Prévenir les sites (Léa) : pour le 02/06/2026 11:30:00",
        "Redémarrer le concentrateur : fait le 02/06/2026 10:40:00",
    ];
    for line in must {
        assert!(written.contains(line), "{line}\n{written}");
    }
    // In order of time, the escalation's own line among them; a follow-up that is no such line is not.
    let told = [
        "Incident déclaré",
        "Cellule de crise ouverte",
        "transmise à",
        "Contournement connu",
        "Point de situation : Cause connue. Reprise à 11 h",
        "Fait : Redémarrer",
        "Incident résolu",
    ];
    let places: Vec<usize> = told.iter().map(|text| written.find(text).unwrap()).collect();
    assert!(places.is_sorted(), "{written}");
    assert!(!written.contains("un suivi"));
    // Whatever may be asked for is in both catalogues.
    let mut bare = room.clone();
    bare.words = RoomWords::default();
    bare.close(at(80));
    let mut unknown = parent.clone();
    (unknown.id, unknown.solved_at) = (TicketId(-1), None);
    for phrases in [&fr, &en] {
        assert!(!incident.report(at(70), &paris, phrases).is_empty());
        let empty = Incident {
            room: &bare,
            parent: &unknown,
            children: &[],
            timeline: &[],
        };
        assert!(!empty.report(at(90), &paris, phrases).is_empty());
        for role in RoomRole::VALUES {
            assert!(!role.label(phrases).is_empty());
        }
        for standing in RoomStanding::VALUES {
            phrases.phrase(&format!("room.standing.{standing}"), &[]);
        }
    }
    assert_eq!(fr.asked.borrow().clone(), en.asked.borrow().clone());
    assert_eq!(fr.language(), Language::Fr);
}

#[test]
fn an_update_says_which_it_is_and_when_the_next_one_comes() {
    let paris = TimeZone::get("Europe/Paris").unwrap();
    let [fr, en] = Catalogue::both();
    let mut room = room();
    room.post(OperationId::new(), "Un", None, at(5)).unwrap();
    room.post(OperationId::new(), "Deux", None, at(35)).unwrap();
    let written = room.followup(&room.updates[1], &paris, &fr).to_plain();
    assert_eq!(
        written,
        "Incident majeur n° 40, point de situation n° 2\n\nDeux\n\nProchain point de situation : 02/06/2026 11:05:00"
    );
    room.ticket = TicketId(-3);
    let written = room.followup(&room.updates[0], &paris, &en).to_plain();
    assert!(
        written.starts_with("Major incident, update no. 1\n\nUn\n\n"),
        "{written}"
    );
}

proptest! {
    /// Whatever is typed and posted in whatever order, what is kept holds together and the report can be written.
    #[test]
    fn a_room_holds_together(
        steps in prop::collection::vec((0_u8..4, "[ a-z*|#<\n-]{0,40}", 0_u32..1600, -5_i64..60), 0..25),
    ) {
        let mut room = room();
        let mut minute = 0;
        for (what, text, number, passed) in steps {
            minute += passed;
            let before = room.clone();
            let done = match what {
                0 => {
                    let mut words = room.words.clone();
                    words.workaround = text;
                    words.cadence_min = number;
                    words.actions.push(action("x", Some(at(minute + 3))));
                    room.write(words, at(minute)).is_ok()
                }
                1 | 2 => room.post(OperationId::new(), &text, Some(number).filter(|n| *n > 100), at(minute)).is_ok(),
                _ => {
                    if number > 1500 {
                        room.close(at(minute));
                    }
                    true
                }
            };
            if !done {
                prop_assert_eq!(&before, &room, "what is refused changes nothing");
            }
            prop_assert!(CADENCE.contains(&room.words.cadence_min));
            prop_assert!(room.updates.is_sorted_by_key(|update| update.at));
            prop_assert!(room.updates.iter().all(|update| update.next_expected_at > update.at));
            prop_assert_eq!(room.workaround_at.is_some(), !room.words.workaround.trim().is_empty());
            prop_assert!(room.closed_at.is_none_or(|closed| closed >= room.opened_at));
            // It never comes back from late to on time by time passing.
            let standings: Vec<RoomStanding> = (0..3000).step_by(7).map(|m| room.standing(false, at(m))).collect();
            prop_assert!(standings.is_sorted());
        }
        let parent = ticket(40, "", "", 0);
        let incident = Incident { room: &room, parent: &parent, children: &[], timeline: &[] };
        let [fr, _] = Catalogue::both();
        let report = incident.report(at(minute), &TimeZone::UTC, &fr);
        let written = report.to_markdown(0, &|_| None);
        prop_assert_eq!(written.lines().filter(|line| line.starts_with("# ")).count(), 1, "{}", written);
    }
}
