//! Tickets and all that is on them: a believable workload ending now.

use super::{
    at, n,
    people::{DEMO_TECHNICIAN, FIRST_PERSON},
    prose::{self, Dice, Piece, code},
    row, t,
};
use crate::glpi::{Glpi, cell::Cell, priority, schema::Kind};

const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;

/// One ticket being made.
struct Draft {
    id: i64,
    situation: usize,
    site: usize,
    variant: u64,
    opened: i64,
    touched: i64,
    status: i64,
    requester: i64,
    technician: Option<i64>,
}

impl Draft {
    fn text(&self, piece: Piece, nth: usize) -> Cell {
        Cell::Made(code(piece, self.situation, nth, self.site, self.variant))
    }
}

pub(super) fn fill(glpi: &mut Glpi, sites: usize) {
    let options = glpi.options().clone();
    let count = i64::from(options.tickets);
    let people = i64::try_from(glpi.count("User")).unwrap_or(10);
    let technicians = technicians(glpi);
    let persons = (people - technicians - 2).max(1);
    let mut dice = Dice(prose::mix(options.seed, 0x7469_636b_6574));
    // A handful of tickets lies within a month, so that some are still open.
    let days: i64 = if count >= 500 { 395 } else { 30 };
    let first_day = options.now.div_euclid(DAY) - days;
    let workdays: Vec<i64> = (first_day..=options.now.div_euclid(DAY))
        .filter(|day| weekday(*day) < 5)
        .collect();
    let weights: u32 = prose::ALL.iter().map(|situation| situation.weight).sum();
    for nth in 0..count {
        let position = nth * workdays.len() as i64 * 1_000 / count.max(1);
        let day = workdays[usize::try_from(position / 1_000).unwrap_or(0).min(workdays.len() - 1)];
        // From 7:30 to 18:00 Paris time, about; the last day ends now.
        let within = (position % 1_000) * 10 * HOUR / 1_000;
        let opened = (day * DAY + 6 * HOUR + within + dice.roll(900) as i64).min(options.now - 120);
        let situation = weighted(&mut dice, weights);
        let age = (options.now - opened) as f64 / DAY as f64;
        let draft = Draft {
            id: 0,
            situation,
            site: dice.roll(sites as u64) as usize,
            variant: dice.roll(1 << 40),
            opened,
            touched: opened,
            status: status_at(age, &mut dice),
            requester: FIRST_PERSON + skewed(&mut dice, persons),
            technician: None,
        };
        ticket(glpi, draft, technicians, options.now, &mut dice);
    }
}

fn technicians(glpi: &Glpi) -> i64 {
    (DEMO_TECHNICIAN..FIRST_PERSON)
        .filter(|id| glpi.peek("User", *id, "name").is_some())
        .count() as i64
}

/// Days since 1970 to 0 (Monday) … 6.
fn weekday(day: i64) -> i64 {
    (day + 3).rem_euclid(7)
}

fn weighted(dice: &mut Dice, total: u32) -> usize {
    let mut left = dice.roll(u64::from(total)) as u32;
    for (at, situation) in prose::ALL.iter().enumerate() {
        if left < situation.weight {
            return at;
        }
        left -= situation.weight;
    }
    0
}

/// Some people call much more often than others.
fn skewed(dice: &mut Dice, persons: i64) -> i64 {
    let a = dice.roll(persons as u64) as i64;
    let b = dice.roll(persons as u64) as i64;
    if dice.chance(40) { a.min(b) } else { a }
}

/// Old tickets are closed; the queue is young, with a thin tail of some weeks.
fn status_at(age: f64, dice: &mut Dice) -> i64 {
    let open = 0.88 * (-age / 4.5).exp() + 0.08 * (-age / 15.0).exp();
    let draw = dice.roll(1_000_000) as f64 / 1_000_000.0;
    if draw < open {
        return match dice.roll(100) {
            roll if age < 0.4 && roll < 55 => 1,
            roll if roll < 12 => 1,
            roll if roll < 62 => 2,
            roll if roll < 80 => 3,
            _ => 4,
        };
    }
    if age < 5.0 || (age < 12.0 && dice.chance(10)) {
        5
    } else {
        6
    }
}

fn ticket(glpi: &mut Glpi, mut draft: Draft, technicians: i64, now: i64, dice: &mut Dice) {
    let situation = &prose::ALL[draft.situation];
    let vip = (draft.requester - FIRST_PERSON) % 10 == 0;
    let urgency = 2 + dice.roll(3) as i64 + i64::from(vip && dice.chance(50));
    let impact = 1 + dice.roll(4) as i64;
    let (urgency, impact) = (urgency.min(5), impact.min(5));
    let assigned = draft.status != 1;
    if assigned {
        // The demo technician has his share of the open queue, not of a whole region's.
        let mine = if draft.status < 5 { 22 } else { 12 };
        draft.technician = Some(if dice.chance(mine) {
            DEMO_TECHNICIAN
        } else {
            DEMO_TECHNICIAN + dice.roll(technicians as u64) as i64
        });
    }
    let taken = draft.opened + 300 + dice.roll(3_000) as i64;
    let length = 1 + dice.roll(40) as i64 * HOUR / 4;
    let solved = (taken + length).min(now - 60);
    let closed = (solved + 2 * DAY + dice.roll(86_400) as i64).min(now - 30);
    let ended = draft.status >= 5;
    let mut last = if assigned { taken } else { draft.opened };
    if !ended && assigned {
        last = (taken + dice.roll(2 * DAY as u64) as i64).min(now - 60);
    }
    if ended {
        last = if draft.status == 6 { closed } else { solved };
    }
    let last = last.min(now - 30);
    draft.touched = last;
    let id = glpi.demo_table(Kind::Ticket).next_id();
    draft.id = id;
    let entity = match dice.roll(20) {
        0..=10 => 1,
        11..=15 => 2,
        16..=17 => 3,
        18 => 0,
        // A few belong to an entity the technicians do not see.
        _ => {
            if id % 3 == 0 {
                4
            } else {
                1
            }
        }
    };
    let (tto, ttr) = if vip { (3, 4) } else { (1, 2) };
    let (tto_s, ttr_s) = if vip { (600, 1_200) } else { (HOUR, 8 * HOUR) };
    let by = draft.technician.unwrap_or(draft.requester);
    let mut cells = vec![
        ("entities_id", n(entity)),
        ("name", draft.text(Piece::Title, 0)),
        ("content", draft.text(Piece::Description, 0)),
        ("date", at(draft.opened)),
        ("date_creation", at(draft.opened)),
        ("date_mod", at(last)),
        ("status", n(draft.status)),
        (
            "users_id_recipient",
            n(if dice.chance(60) {
                draft.technician.unwrap_or(DEMO_TECHNICIAN)
            } else {
                draft.requester
            }),
        ),
        ("users_id_lastupdater", n(by)),
        ("requesttypes_id", n([1, 2, 3, 3, 3, 4][dice.roll(6) as usize])),
        ("urgency", n(urgency)),
        ("impact", n(impact)),
        ("priority", n(priority(urgency, impact))),
        ("itilcategories_id", n(super::lists::category(situation.category))),
        ("type", n(if situation.request { 2 } else { 1 })),
        ("locations_id", n(draft.site as i64 * 3 + 1)),
        ("slas_id_tto", n(tto)),
        ("slas_id_ttr", n(ttr)),
        ("time_to_own", at(draft.opened + tto_s)),
        ("time_to_resolve", at(draft.opened + ttr_s)),
    ];
    if assigned {
        cells.push(("takeintoaccountdate", at(taken.min(last))));
        cells.push(("takeintoaccount_delay_stat", n(taken - draft.opened)));
    }
    if ended {
        cells.push(("solvedate", at(solved)));
        cells.push(("solve_delay_stat", n(solved - draft.opened)));
    }
    if draft.status == 6 {
        cells.push(("closedate", at(closed)));
        cells.push(("close_delay_stat", n(closed - draft.opened)));
    }
    if draft.status == 4 {
        cells.push(("begin_waiting_date", at(last)));
    }
    glpi.demo_table(Kind::Ticket).insert_at(id, cells);
    actors(glpi, &draft, dice);
    timeline(glpi, &draft, solved, dice);
    if dice.chance(35) {
        // What stands on the requester's desk.
        let asset = draft.requester - FIRST_PERSON + 1;
        row(
            glpi,
            Kind::ItemTicket,
            vec![
                ("itemtype", t("Computer")),
                ("items_id", n(asset)),
                ("tickets_id", n(id)),
            ],
        );
    }
    if draft.status == 6 && dice.chance(8) {
        let cells = vec![
            ("tickets_id", n(id)),
            ("date_begin", at(closed)),
            ("date_answered", at(closed)),
            ("satisfaction", n(2 + dice.roll(4) as i64)),
            ("comment", t("Réponse rapide, merci !")),
        ];
        row(glpi, Kind::TicketSatisfaction, cells);
    }
    if id > 1 && dice.chance(2) {
        row(
            glpi,
            Kind::TicketTicket,
            vec![("tickets_id_1", n(id)), ("tickets_id_2", n(id - 1)), ("link", n(1))],
        );
    }
}

fn actors(glpi: &mut Glpi, draft: &Draft, dice: &mut Dice) {
    let person = |user: i64, part: i64| vec![("tickets_id", n(draft.id)), ("users_id", n(user)), ("type", n(part))];
    row(glpi, Kind::TicketUser, person(draft.requester, 1));
    if let Some(technician) = draft.technician {
        row(glpi, Kind::TicketUser, person(technician, 2));
    }
    if dice.chance(8) {
        let observer = FIRST_PERSON + (draft.requester - FIRST_PERSON) / 10 * 10;
        row(glpi, Kind::TicketUser, person(observer, 3));
    }
    if draft.status != 1 || dice.chance(50) {
        let group = if dice.chance(65) { 1 } else { 2 + dice.roll(5) as i64 };
        row(
            glpi,
            Kind::GroupTicket,
            vec![("tickets_id", n(draft.id)), ("groups_id", n(group)), ("type", n(2))],
        );
    }
}

fn timeline(glpi: &mut Glpi, draft: &Draft, solved: i64, dice: &mut Dice) {
    let Some(technician) = draft.technician else { return };
    let end = if draft.status >= 5 { solved } else { draft.touched };
    let span = (end - draft.opened).max(2);
    let when = |nth: i64, of: i64| draft.opened + span * (nth + 1) / (of + 2);
    let followups = match dice.roll(10) {
        0..=2 => 0,
        3..=6 => 1,
        7..=8 => 2,
        _ => 3 + dice.roll(3) as i64,
    };
    for nth in 0..followups {
        let stamp = when(nth, followups);
        let private = dice.chance(15);
        let by_requester = !private && dice.chance(25);
        let piece = if private { Piece::Private } else { Piece::Followup };
        let cells = vec![
            ("itemtype", t("Ticket")),
            ("items_id", n(draft.id)),
            ("date", at(stamp)),
            ("date_mod", at(stamp)),
            ("date_creation", at(stamp)),
            ("users_id", n(if by_requester { draft.requester } else { technician })),
            ("content", draft.text(piece, usize::try_from(nth).unwrap_or(0))),
            ("is_private", n(i64::from(private))),
            ("requesttypes_id", n(3)),
            ("timeline_position", n(if by_requester { 1 } else { 4 })),
        ];
        row(glpi, Kind::ItilFollowup, cells);
    }
    if draft.status == 3 || dice.chance(22) {
        let stamp = when(0, 3);
        let planned = draft.status == 3;
        let seed = glpi.options().seed;
        let id = glpi.demo_table(Kind::TicketTask).next_id();
        let uuid = uuid::Uuid::from_u64_pair(prose::mix(seed, id as u64), prose::mix(id as u64, seed)).to_string();
        let length = 900 * (1 + dice.roll(6) as i64);
        let mut cells = vec![
            ("uuid", t(&uuid)),
            ("tickets_id", n(draft.id)),
            ("taskcategories_id", n(2)),
            ("date", at(stamp)),
            ("date_mod", at(stamp)),
            ("date_creation", at(stamp)),
            ("users_id", n(technician)),
            ("users_id_tech", n(technician)),
            ("content", draft.text(Piece::Task, 0)),
            ("actiontime", n(length)),
            ("state", n(if planned { 1 } else { 2 })),
            ("timeline_position", n(4)),
        ];
        if planned {
            let begin = draft.touched + DAY - draft.touched.rem_euclid(HOUR);
            cells.extend([("begin", at(begin)), ("end", at(begin + length))]);
        }
        row(glpi, Kind::TicketTask, cells);
        glpi.demo_table(Kind::Ticket).set(draft.id, "actiontime", n(length));
    }
    if draft.status >= 5 {
        let mut cells = vec![
            ("itemtype", t("Ticket")),
            ("items_id", n(draft.id)),
            ("solutiontypes_id", n(1 + dice.roll(3) as i64)),
            ("content", draft.text(Piece::Solution, 0)),
            ("date_creation", at(solved)),
            ("date_mod", at(solved)),
            ("users_id", n(technician)),
            ("status", n(if draft.status == 6 { 3 } else { 2 })),
        ];
        if draft.status == 6 {
            cells.extend([
                ("users_id_approval", n(draft.requester)),
                ("date_approval", at(draft.touched)),
            ]);
        }
        row(glpi, Kind::ItilSolution, cells);
    }
}
