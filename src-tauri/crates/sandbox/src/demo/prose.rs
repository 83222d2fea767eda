//! A little grammar of help-desk situations: titles, descriptions, follow-ups, tasks and solutions, from codes.
//!
//! The texts are data (`assets/demo/fr`). A code holds what to write, about which situation, at which site, in which
//! variant; all texts of a ticket share its variant, so that they speak of the same printer and the same room.

use std::sync::LazyLock;

const PEOPLE: &str = include_str!("../../../../../assets/demo/fr/noms.txt");
const FIRST_NAMES: &str = include_str!("../../../../../assets/demo/fr/prenoms.txt");
const SITES: &str = include_str!("../../../../../assets/demo/fr/sites.txt");
const SITUATIONS: &str = include_str!("../../../../../assets/demo/fr/situations.txt");

/// What a code asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece {
    Title,
    Description,
    Followup,
    Private,
    Task,
    Solution,
}

/// Names the texts may mention that depend on the data made.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cast {
    /// How many sites there are.
    pub(crate) sites: usize,
}

/// One situation.
#[derive(Debug)]
pub(crate) struct Situation {
    pub(crate) category: &'static str,
    pub(crate) request: bool,
    pub(crate) weight: u32,
    texts: [Vec<&'static str>; 6],
}

/// The situations, in the order of the file.
pub(crate) static ALL: LazyLock<Vec<Situation>> = LazyLock::new(|| parse(SITUATIONS));
/// Last names.
pub(crate) static NAMES: LazyLock<Vec<&'static str>> = LazyLock::new(|| PEOPLE.lines().collect());
/// First names.
pub(crate) static FIRST: LazyLock<Vec<&'static str>> = LazyLock::new(|| FIRST_NAMES.lines().collect());
/// Sites.
pub(crate) static PLACES: LazyLock<Vec<&'static str>> = LazyLock::new(|| SITES.lines().collect());

fn parse(source: &'static str) -> Vec<Situation> {
    let mut all: Vec<Situation> = Vec::new();
    for line in source.lines() {
        if let Some(head) = line.strip_prefix("= ") {
            let mut fields = head.split('|').map(str::trim);
            let _key = fields.next();
            let category = fields.next().unwrap_or_default();
            let request = fields.next() == Some("demande");
            let weight = fields.next().and_then(|weight| weight.parse().ok()).unwrap_or(1);
            all.push(Situation {
                category,
                request,
                weight,
                texts: Default::default(),
            });
        } else if let Some((letter, text)) = line.split_once(' ')
            && let Some(at) = ["T", "D", "F", "P", "K", "S"].iter().position(|known| *known == letter)
            && let Some(situation) = all.last_mut()
        {
            situation.texts[at].push(text);
        }
    }
    all
}

/// The code of a text: what, about which situation, the how-manieth of its ticket, at which site, in which variant.
pub(crate) fn code(piece: Piece, situation: usize, nth: usize, site: usize, variant: u64) -> u64 {
    let part = |value: usize, bits: u32| (value as u64) & ((1 << bits) - 1);
    (piece as u64) << 61
        | part(situation, 8) << 53
        | part(nth, 5) << 48
        | part(site, 8) << 40
        | (variant & 0xff_ffff_ffff)
}

/// Writes the text of a code.
pub(crate) fn write(seed: u64, code: u64, cast: &Cast) -> String {
    let piece = usize::try_from(code >> 61).unwrap_or(0).min(5);
    let all = &*ALL;
    let Some(situation) = all.get(usize::try_from(code >> 53 & 0xff).unwrap_or(0) % all.len().max(1)) else {
        return String::new();
    };
    let site = usize::try_from(code >> 40 & 0xff).unwrap_or(0);
    let variant = mix(seed, code & 0xff_ffff_ffff);
    let mut dice = Dice(mix(variant, code >> 48));
    let texts = &situation.texts[piece];
    let Some(template) = dice.pick(texts) else {
        return String::new();
    };
    let filler = Filler {
        variant,
        site,
        sites: cast.sites.max(1),
    };
    fill(template, &mut dice, &filler)
}

/// A splitmix step: mixes two numbers into one.
pub(crate) fn mix(a: u64, b: u64) -> u64 {
    let mut z = a ^ b.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A stream of choices.
#[derive(Debug, Clone)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// The next number below `sides` (0 where there are none).
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = mix(self.0, 0x0000_6469_6365);
        if sides == 0 { 0 } else { self.0 % sides }
    }

    /// True in `percent` of cases.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.roll(100) < percent
    }

    /// One of them.
    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let at = usize::try_from(self.roll(from.len() as u64)).ok()?;
        from.get(at).copied()
    }
}

struct Filler {
    variant: u64,
    site: usize,
    sites: usize,
}

fn fill(template: &str, dice: &mut Dice, filler: &Filler) -> String {
    let mut out = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some(at) = rest.find(['[', '{']) {
        out.push_str(&rest[..at]);
        let close = if rest.as_bytes()[at] == b'[' {
            closing(&rest[at..])
        } else {
            rest[at..].find('}')
        };
        let Some(close) = close else { break };
        let inner = &rest[at + 1..at + close];
        if rest.as_bytes()[at] == b'[' {
            let options: Vec<&str> = alternatives(inner);
            let chosen = dice.pick(&options).unwrap_or_default();
            out.push_str(&fill(chosen, dice, filler));
        } else {
            out.push_str(&filler.slot(inner));
        }
        rest = &rest[at + close + 1..];
    }
    out.push_str(rest);
    out
}

fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

fn alternatives(inner: &str) -> Vec<&str> {
    inner.split('|').collect()
}

impl Filler {
    /// A slot's filling: the same within a ticket.
    fn slot(&self, name: &str) -> String {
        let salt = name
            .bytes()
            .fold(0u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
        let mut dice = Dice(mix(self.variant, salt));
        let one = |dice: &mut Dice, from: &[&str]| dice.pick(from).unwrap_or_default().to_owned();
        match name {
            "site" => PLACES
                .get(self.site % self.sites.min(PLACES.len()).max(1))
                .copied()
                .unwrap_or_default()
                .to_owned(),
            "prenom" | "prenom2" => one(&mut dice, &FIRST),
            "nom" | "nom2" => one(&mut dice, &NAMES),
            "salle" => one(
                &mut dice,
                &[
                    "salle du conseil",
                    "salle Jacques-Brel",
                    "salle de réunion 2",
                    "bureau 214",
                    "bureau 108",
                    "salle de formation",
                    "salle Œillet",
                    "accueil",
                    "bureau 305",
                    "salle des mariages",
                    "local reprographie",
                ],
            ),
            "etage" => one(
                &mut dice,
                &["rez-de-chaussée", "1er étage", "2e étage", "3e étage", "sous-sol"],
            ),
            "imprimante" => format!("IMP-{:03}", 1 + dice.roll(140)),
            "pc" => format!("PC-{:04}", 1 + dice.roll(1_150)),
            "codeimp" => one(
                &mut dice,
                &[
                    "erreur 49.4C02",
                    "50.2 Erreur four",
                    "Bac 2 vide",
                    "Toner noir faible",
                    "E-1203",
                    "13.20.01 bourrage",
                    "SC542",
                ],
            ),
            "codevpn" => one(
                &mut dice,
                &[
                    "Error -5 <timeout> \"gateway\"",
                    "-7200",
                    "Error 809",
                    "-14 & session",
                    "-455 credential",
                    "Error 691",
                ],
            ),
            "codems" => one(
                &mut dice,
                &[
                    "0x80070005",
                    "0x8004010F",
                    "CAA20003",
                    "0xCAA5004B",
                    "ORA-00942",
                    "80180014",
                    "1625",
                ],
            ),
            "codebleu" => one(
                &mut dice,
                &[
                    "0x0000007E",
                    "CRITICAL_PROCESS_DIED",
                    "0x00000133",
                    "INACCESSIBLE_BOOT_DEVICE",
                ],
            ),
            "app" => one(
                &mut dice,
                &[
                    "Ciril",
                    "Civil Net Finances",
                    "AutoCAD",
                    "QGIS",
                    "Excel",
                    "Word",
                    "le logiciel de paie",
                    "Maarch",
                    "l'ENT",
                    "Acrobat",
                    "Oxalis",
                ],
            ),
            "partage" => one(
                &mut dice,
                &[
                    "\\\\agglo\\finances",
                    "\\\\agglo\\rh",
                    "\\\\agglo\\urbanisme",
                    "\\\\agglo\\commun",
                    "\\\\agglo\\élus",
                    "\\\\agglo\\marches",
                ],
            ),
            "jour" => one(
                &mut dice,
                &[
                    "lundi",
                    "mardi",
                    "mercredi",
                    "jeudi",
                    "vendredi",
                    "hier",
                    "le 15",
                    "le 1er du mois",
                ],
            ),
            "heure" => format!("{} h {:02}", 8 + dice.roll(10), dice.roll(12) * 5),
            "minutes" => format!("{}", 2 + dice.roll(38)),
            "tel" => format!("01 99 00 {:02} {:02}", dice.roll(100), dice.roll(100)),
            "mobile" => format!("06 39 98 {:02} {:02}", dice.roll(100), dice.roll(100)),
            "interne" => format!("{}", 4_000 + dice.roll(1_000)),
            other => other.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_situation_can_say_everything_and_fills_every_slot() {
        assert!(ALL.len() >= 13);
        let cast = Cast { sites: 50 };
        for at in 0..ALL.len() {
            for piece in [
                Piece::Title,
                Piece::Description,
                Piece::Followup,
                Piece::Private,
                Piece::Task,
                Piece::Solution,
            ] {
                for variant in 0..12 {
                    let text = write(7, code(piece, at, 1, 3, variant), &cast);
                    assert!(!text.is_empty(), "{at} {piece:?}");
                    assert!(!text.contains(['{', '}', '[', ']', '|']), "{text}");
                }
            }
        }
    }

    #[test]
    fn a_ticket_keeps_to_one_printer() {
        let cast = Cast { sites: 50 };
        let find = |text: &str| text.find("IMP-").map(|at| text[at..at + 7].to_owned());
        let seen: std::collections::BTreeSet<String> = (0..20)
            .filter_map(|nth| find(&write(7, code(Piece::Description, 0, nth, 3, 99), &cast)))
            .collect();
        assert_eq!(seen.len(), 1, "{seen:?}");
    }
}
