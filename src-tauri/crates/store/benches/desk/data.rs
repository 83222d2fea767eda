//! A help desk's years, page by page: the texts are those of the demonstration (`assets/demo/fr`), the numbers come from a seed.

use guichet_domain::{
    GroupId, TicketId, UserId,
    article::Article,
    asset::{Asset, AssetKey},
    catalogue::{CatalogueItem, CatalogueKind, CatalogueRef},
    people::{Group, Person},
    phone::PhoneNumber,
    record::{ActorRow, Record},
    rich_text::RichText,
    ticket::{Actor, Level, Party, Role, Status, Ticket, TicketKind},
    timeline::{EntryDetail, EntryKey, EntryKind, TimelineEntry},
};
use jiff::Timestamp;
use std::sync::LazyLock;

const SITUATIONS: &str = include_str!("../../../../../assets/demo/fr/situations.txt");
const NAMES: &str = include_str!("../../../../../assets/demo/fr/noms.txt");
const FIRST_NAMES: &str = include_str!("../../../../../assets/demo/fr/prenoms.txt");
const SITES: &str = include_str!("../../../../../assets/demo/fr/sites.txt");
/// Seconds between two tickets.
const PACE: i64 = 60;
/// When the first ticket was opened (epoch seconds).
const BEGINNING: i64 = 1_500_000_000;
/// People at the desk: they are assigned to tickets.
pub const TECHNICIANS: u64 = 40;
const GROUPS: u64 = 50;
const CATEGORIES: u64 = 200;

/// The demonstration's texts by letter: title, description, follow-up, private follow-up, task, solution.
static TEXTS: LazyLock<[Vec<&str>; 6]> = LazyLock::new(|| {
    ["T ", "D ", "F ", "P ", "K ", "S "]
        .map(|letter| SITUATIONS.lines().filter_map(|l| l.strip_prefix(letter)).collect())
});

/// The same choices for the same seed.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        // A splitmix step.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides.max(1)
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let at = self.roll(from.len() as u64) as usize;
        from.get(at).copied().unwrap_or_default()
    }

    fn line(&mut self, from: &'static str) -> &'static str {
        let lines = from.lines().count() as u64;
        from.lines().nth(self.roll(lines) as usize).unwrap_or_default()
    }
}

/// Writes a text: `[a|b]` picks one, `{slot}` is filled in.
fn write(template: &str, dice: &mut Dice) -> String {
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some(at) = rest.find(['[', '{']) {
        let (before, tail) = rest.split_at(at);
        out.push_str(before);
        let Some(end) = tail.find([']', '}']) else { break };
        let inner = tail.get(1..end).unwrap_or_default();
        if tail.starts_with('[') {
            let chosen = dice.pick(&inner.split('|').collect::<Vec<_>>());
            out.push_str(&write(chosen, dice));
        } else {
            out.push_str(&slot(inner, dice));
        }
        rest = tail.get(end + 1..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

fn slot(name: &str, dice: &mut Dice) -> String {
    match name {
        "site" => dice.line(SITES).to_owned(),
        "prenom" | "prenom2" => dice.line(FIRST_NAMES).to_owned(),
        "nom" | "nom2" => dice.line(NAMES).to_owned(),
        "pc" => format!("PC-{:05}", dice.roll(300_000)),
        "imprimante" => format!("IMP-{:04}", dice.roll(9_000)),
        "salle" => format!("salle {}", 100 + dice.roll(300)),
        "etage" => format!("étage {}", dice.roll(9)),
        "tel" => phone(dice.roll(200_000)),
        "heure" => format!("{} h {:02}", 8 + dice.roll(11), dice.roll(60)),
        "minutes" => (5 + dice.roll(50)).to_string(),
        "jour" => dice
            .pick(&["lundi", "mardi", "mercredi", "jeudi", "vendredi"])
            .to_owned(),
        // Codes make the long tail of words nobody types twice.
        _ => format!("{:X}", 0x8000_0000_u64 + dice.roll(1 << 24)),
    }
}

fn phone(n: u64) -> String {
    format!("01 46 {:02} {:02} {:02}", n / 10_000 % 100, n / 100 % 100, n % 100)
}

fn at(id: i64) -> Timestamp {
    Timestamp::from_second(BEGINNING + id * PACE).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Lists and groups.
pub fn lists() -> Vec<Record> {
    let mut records: Vec<Record> = (1..=CATEGORIES as i64)
        .map(|id| {
            let name = format!("Domaine {} > Catégorie {id}", id % 12);
            Record::Catalogue(CatalogueItem {
                kind: CatalogueKind::Category,
                id,
                name: name.clone(),
                full_name: name,
                parent: None,
                body: None,
                by_expansion: false,
            })
        })
        .collect();
    records.extend((1..=GROUPS as i64).map(|id| {
        Record::Group(Group {
            id: GroupId(id),
            name: format!("Équipe {id}"),
            full_name: format!("DSI > Équipe {id}"),
            assignable: true,
            vip: false,
        })
    }));
    records
}

/// A person; the first [`TECHNICIANS`] are the desk's own.
pub fn person(id: i64) -> Person {
    let mut dice = Dice(id as u64);
    let (first, last) = (dice.line(FIRST_NAMES), dice.line(NAMES));
    let raw = phone(id as u64);
    let digits: String = raw.chars().filter(char::is_ascii_digit).collect();
    Person {
        id: UserId(id),
        login: format!("{}{id}", last.to_lowercase()),
        first_name: first.to_owned(),
        last_name: last.to_owned(),
        phones: vec![PhoneNumber {
            e164: Some(format!("+33{}", digits.get(1..).unwrap_or_default())),
            digits,
            raw,
        }],
        emails: vec![format!(
            "{}.{}{id}@exemple.fr",
            first.to_lowercase(),
            last.to_lowercase()
        )],
        location: None,
        category: None,
        title: None,
        groups: vec![GroupId(1 + id % GROUPS as i64)],
        active: true,
        vip: id % 10 == 0,
        updated_at: None,
    }
}

/// A computer.
pub fn asset(id: i64, people: u64) -> Record {
    Record::Asset(Box::new(Asset {
        key: AssetKey {
            kind: "Computer".to_owned(),
            id,
        },
        name: format!("PC-{id:05}"),
        serial: Some(format!("5CG{:07X}", id * 977)),
        inventory_number: Some(format!("INV-{id}")),
        user: Some(UserId(1 + Dice(id as u64).roll(people) as i64)),
        location: None,
        entity: None,
        model: Some("Latitude 5440".to_owned()),
        state: None,
        updated_at: None,
    }))
}

/// An article.
pub fn article(id: i64) -> Record {
    let mut dice = Dice(id as u64 ^ 0xa7);
    let [title, body] = [0, 5].map(|letter: usize| {
        let texts = TEXTS.get(letter).map(Vec::as_slice).unwrap_or_default();
        write(dice.pick(texts), &mut dice)
    });
    Record::Article(Box::new(Article {
        id: id.into(),
        title,
        body: RichText::from_html(&body),
        categories: Vec::new(),
        faq: id % 3 == 0,
        updated_at: None,
    }))
}

/// A ticket's own fields. The newest are open, nearly all others closed.
pub fn ticket(id: i64, last: i64) -> Ticket {
    let mut dice = Dice((id as u64) << 20);
    let [title, description] = [0, 1].map(|letter: usize| {
        let texts = TEXTS.get(letter).map(Vec::as_slice).unwrap_or_default();
        write(dice.pick(texts), &mut dice)
    });
    let recent = last - id < 3_000;
    let status = match dice.roll(100) {
        0..20 if recent => Status::New,
        20..60 if recent => Status::Assigned,
        60..75 if recent => Status::Waiting,
        75..85 if recent => Status::Solved,
        0 if id % 5 == 0 => Status::Waiting,
        _ => Status::Closed,
    };
    let own = i64::from(status == Status::New) * 1800;
    Ticket {
        id: TicketId(id),
        title,
        description: RichText::from_html(&description),
        kind: if id % 3 == 0 {
            TicketKind::Request
        } else {
            TicketKind::Incident
        },
        status,
        urgency: Level(3),
        impact: Level(3),
        priority: Level(1 + dice.roll(5) as u8),
        category: Some(CatalogueRef {
            id: 1 + dice.roll(CATEGORIES) as i64,
            name: None,
        }),
        entity: None,
        location: None,
        channel: None,
        recorder: Some(UserId(2)),
        opened_at: at(id),
        updated_at: at(id + dice.roll(3_000) as i64),
        solved_at: None,
        closed_at: None,
        taken_up_at: None,
        time_to_own: (own > 0).then(|| at(id + 30)),
        time_to_resolve: Some(at(id + 240)),
        slas: Vec::new(),
        external_id: None,
    }
}

fn party(id: i64, ticket: i64, role: Role, party: Party) -> Record {
    Record::Actor(ActorRow {
        id,
        ticket: TicketId(ticket),
        actor: Actor { role, party },
    })
}

/// Who is on a ticket: people, then groups, as the backend's two tables have them.
pub fn actors(id: i64, people: u64) -> [Vec<Record>; 2] {
    let mut dice = Dice((id as u64) << 21);
    let user = |id: u64| Party::User { id: UserId(id as i64) };
    let requester = party(id * 2, id, Role::Requester, user(1 + dice.roll(people)));
    if dice.roll(8) == 0 {
        return [vec![requester], Vec::new()];
    }
    let assigned = party(id * 2 + 1, id, Role::Assigned, user(1 + dice.roll(TECHNICIANS)));
    let group = Party::Group {
        id: GroupId(1 + dice.roll(GROUPS) as i64),
    };
    [vec![requester, assigned], vec![party(id, id, Role::Assigned, group)]]
}

/// A ticket's timeline: five entries on average.
pub fn timeline(id: i64) -> Vec<Record> {
    let mut dice = Dice((id as u64) << 22);
    let count = 1 + dice.roll(9) as i64;
    (0..count)
        .map(|nth| {
            let closing = nth + 1 == count;
            let (letter, kind, detail) = if closing {
                let detail = EntryDetail::Solution {
                    approval: guichet_domain::timeline::Approval::Accepted,
                    answered_at: None,
                };
                (5, EntryKind::Solution, detail)
            } else {
                (2, EntryKind::Followup, EntryDetail::Followup { channel: None })
            };
            let texts = TEXTS.get(letter).map(Vec::as_slice).unwrap_or_default();
            let body = RichText::from_html(&write(dice.pick(texts), &mut dice));
            Record::TimelineEntry(Box::new(TimelineEntry {
                key: EntryKey {
                    kind,
                    id: id * 16 + nth,
                },
                ticket: TicketId(id),
                author: Some(UserId(1 + dice.roll(TECHNICIANS) as i64)),
                at: at(id + nth),
                updated_at: at(id + nth),
                body,
                private: nth % 4 == 3,
                detail,
            }))
        })
        .collect()
}
