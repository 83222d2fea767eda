//! People, their accounts, groups, telephones, and the equipment on their desks.

use super::{
    at, n,
    prose::{self, Dice},
    row, t,
};
use crate::{
    glpi::{Glpi, cell::Cell, schema::Kind},
    options::{ADMIN, COLLEAGUE, SELF_SERVICE, TECHNICIAN},
};
use std::collections::BTreeSet;

/// The demo technician's number.
pub(super) const DEMO_TECHNICIAN: i64 = 7;
/// Where ordinary people's numbers begin.
pub(super) const FIRST_PERSON: i64 = 20;
/// How many technicians there are at most.
const TECHNICIANS: i64 = 10;

const MODELS: [(&str, &str); 5] = [
    ("Dell", "Latitude 5440"),
    ("HP", "EliteBook 640 G10"),
    ("Lenovo", "ThinkPad L14"),
    ("Dell", "OptiPlex 7010"),
    ("HP", "Z2 Mini G9"),
];

pub(super) fn fill(glpi: &mut Glpi, sites: usize) {
    let options = glpi.options().clone();
    let made = options.now - 480 * 86_400;
    let total = i64::from(options.users.max(10));
    // A tiny server keeps two technicians; a full one has ten.
    let technicians = TECHNICIANS.min((total - 2) / 4).max(2);
    let mut dice = Dice(prose::mix(options.seed, 0x0000_7065_6f70_6c65));

    let account = |glpi: &mut Glpi, id: i64, login: &str, last: &str, first: &str| {
        let cells = vec![
            ("name", t(login)),
            ("realname", t(last)),
            ("firstname", t(first)),
            ("date_mod", at(made)),
            ("date_creation", at(made)),
            ("password_last_update", at(made)),
        ];
        glpi.demo_table(Kind::User).insert_at(id, cells);
    };
    account(glpi, 2, ADMIN, "Administration", "GLPI");
    account(glpi, 3, SELF_SERVICE, "Libre-service", "Compte");
    let staff = [
        ("Lefèvre-Duchêne", "Damien"),
        ("Cœurdroy", "Hélène"),
        ("Marsaudon", "Karim"),
        ("Fontanille", "Solène"),
        ("Guérinet", "Yannick"),
        ("Diakhaté", "Fatou"),
        ("Peyrelade", "Benoît"),
        ("Tardivel", "Noémie"),
        ("Sarrazac", "Régis"),
        ("Vuillermot", "Inès"),
    ];
    for (at, (last, first)) in staff.iter().enumerate().take(usize::try_from(technicians).unwrap_or(2)) {
        let id = DEMO_TECHNICIAN + at as i64;
        let login = match at {
            0 => TECHNICIAN.to_owned(),
            1 => COLLEAGUE.to_owned(),
            at => format!("tech{}", at + 1),
        };
        account(glpi, id, &login, last, first);
        let group = 1 + (at as i64 % 5);
        row(
            glpi,
            Kind::GroupUser,
            vec![("users_id", n(id)), ("groups_id", n(group))],
        );
        let profile = if at == 0 && options.dropdown_rights { 8 } else { 6 };
        // The root itself, then every entity but the last: a ticket moved there leaves their sight.
        for (entity, recursive) in [(0, 0), (1, 1), (2, 1), (3, 1)] {
            let cells = vec![
                ("users_id", n(id)),
                ("profiles_id", n(profile)),
                ("entities_id", n(entity)),
                ("is_recursive", n(recursive)),
            ];
            row(glpi, Kind::ProfileUser, cells);
        }
        mail(glpi, id, &login);
    }
    for (user, profile) in [(2, 4), (3, 1)] {
        row(
            glpi,
            Kind::ProfileUser,
            vec![
                ("users_id", n(user)),
                ("profiles_id", n(profile)),
                ("is_recursive", n(1)),
            ],
        );
    }
    if !options.account_active {
        glpi.demo_table(Kind::User).set(DEMO_TECHNICIAN, "is_active", n(0));
    }
    if let Some(zone) = &options.user_zone {
        glpi.demo_table(Kind::User).set(DEMO_TECHNICIAN, "timezone", t(zone));
    }
    equipment_lists(glpi, made);
    let mut logins: BTreeSet<String> = BTreeSet::new();
    for nth in 0..(total - technicians - 2).max(0) {
        person(glpi, nth, sites, made, &mut dice, &mut logins);
    }
}

fn mail(glpi: &mut Glpi, user: i64, login: &str) {
    let address = format!("{login}@agglo.example");
    row(
        glpi,
        Kind::UserEmail,
        vec![("users_id", n(user)), ("is_default", n(1)), ("email", t(&address))],
    );
}

fn person(glpi: &mut Glpi, nth: i64, sites: usize, made: i64, dice: &mut Dice, logins: &mut BTreeSet<String>) {
    let id = FIRST_PERSON + nth;
    let first = dice.pick(&prose::FIRST).unwrap_or("Camille");
    let last = dice.pick(&prose::NAMES).unwrap_or("Grandchamp");
    let vip = nth % 10 == 0;
    let mut login = format!("{}{}", ascii(first).chars().next().unwrap_or('x'), ascii(last));
    if !logins.insert(login.clone()) {
        login = format!("{login}{nth}");
        logins.insert(login.clone());
    }
    // Three places by site; the site itself comes first.
    let site = dice.roll(sites as u64) as i64;
    let location = site * 3 + 1 + dice.roll(3) as i64;
    let (line, extra) = (nth / 100 % 100, nth % 100);
    // People write telephone numbers as they please.
    let phone = match dice.roll(4) {
        0 => format!("019900{line:02}{extra:02}"),
        1 => format!("+33 1 99 00 {line:02} {extra:02}"),
        2 => format!("01.99.00.{line:02}.{extra:02}"),
        _ => format!("01 99 00 {line:02} {extra:02}"),
    };
    let mut cells = vec![
        ("name", t(&login)),
        ("realname", t(last)),
        ("firstname", t(first)),
        ("phone", t(&phone)),
        ("locations_id", n(location)),
        ("usercategories_id", n(if vip { 1 } else { 2 })),
        (
            "usertitles_id",
            n(if vip { [1, 2, 5][dice.roll(3) as usize] } else { 3 }),
        ),
        ("registration_number", t(&format!("MAT{nth:05}"))),
        ("date_mod", at(made + nth)),
        ("date_creation", at(made)),
    ];
    if dice.chance(85) {
        cells.push(("phone2", t(&format!("{}", 4_000 + nth % 6_000))));
    }
    if dice.chance(60) {
        let mobile = if dice.chance(70) {
            format!("06 39 98 {line:02} {extra:02}")
        } else {
            format!("063998{line:02}{extra:02}")
        };
        cells.push(("mobile", t(&mobile)));
    }
    if dice.chance(2) {
        cells.push(("is_active", n(0)));
    }
    glpi.demo_table(Kind::User).insert_at(id, cells);
    mail(glpi, id, &login);
    row(
        glpi,
        Kind::ProfileUser,
        vec![("users_id", n(id)), ("profiles_id", n(1)), ("is_recursive", n(1))],
    );
    if vip {
        let group = if dice.chance(60) { 7 } else { 8 };
        row(
            glpi,
            Kind::GroupUser,
            vec![("users_id", n(id)), ("groups_id", n(group))],
        );
    }
    desk(glpi, nth, id, &login, location, made, dice);
}

/// What stands on a person's desk.
fn desk(glpi: &mut Glpi, nth: i64, user: i64, login: &str, location: i64, made: i64, dice: &mut Dice) {
    let model = dice.roll(MODELS.len() as u64) as usize;
    let (maker, _) = MODELS[model];
    let base = |name: String, serial: String| {
        vec![
            ("name", t(&name)),
            ("serial", t(&serial)),
            ("users_id", n(user)),
            ("contact", t(login)),
            ("locations_id", n(location)),
            ("states_id", n(1)),
            ("date_mod", at(made + nth)),
            ("date_creation", at(made)),
        ]
    };
    let mut pc = base(
        format!("PC-{:04}", nth + 1),
        format!("SN{:06X}", prose::mix(nth as u64, 1) & 0xff_ffff),
    );
    pc.extend([
        ("otherserial", t(&format!("INV-2026-{nth:05}"))),
        ("computermodels_id", n(model as i64 + 1)),
        ("computertypes_id", n(if model < 3 { 1 } else { 2 })),
        (
            "manufacturers_id",
            n(if maker == "Dell" {
                1
            } else if maker == "HP" {
                2
            } else {
                3
            }),
        ),
    ]);
    let pc = row(glpi, Kind::Computer, pc);
    afar(glpi, nth, pc);
    if dice.chance(70) {
        let mut screen = base(format!("ECR-{:04}", nth + 1), format!("MN{nth:06}"));
        screen.push(("monitormodels_id", n(1)));
        row(glpi, Kind::Monitor, screen);
    }
    if dice.chance(80) {
        let mut phone = base(format!("TEL-{:04}", 4_000 + nth), format!("IP{nth:06}"));
        phone.push(("phonemodels_id", n(1)));
        row(glpi, Kind::Phone, phone);
    }
    if nth % 8 == 0 {
        let mut printer = base(format!("IMP-{:03}", nth / 8 + 1), format!("PR{nth:06}"));
        printer.retain(|(name, _)| !matches!(*name, "users_id" | "contact"));
        printer.push(("printermodels_id", n(1)));
        row(glpi, Kind::Printer, printer);
    }
}

/// What an inventory agent tells of a computer: an identity for remote control on most, an address on all. No dice: everything
/// that comes after would be another demonstration.
fn afar(glpi: &mut Glpi, nth: i64, pc: i64) {
    let id = match nth % 8 {
        // What a hostile agent tells is in the demonstration too.
        7 => Some("123456789 --play \\\\evil\\share".to_owned()),
        6 => None,
        _ => Some((100_000_000 + prose::mix(nth as u64, 2) % 900_000_000).to_string()),
    };
    if let Some(id) = id {
        let cells = vec![
            ("itemtype", t("Computer")),
            ("items_id", n(pc)),
            ("remoteid", t(&id)),
            ("type", t("teamviewer")),
        ];
        row(glpi, Kind::ItemRemoteManagement, cells);
    }
    let address = format!("10.{}.{}.{}", 20 + nth / 50_000, nth / 200 % 250, nth % 200 + 10);
    let cells = vec![
        ("name", t(&address)),
        ("itemtype", t("NetworkName")),
        ("mainitems_id", n(pc)),
        ("mainitemtype", t("Computer")),
    ];
    row(glpi, Kind::IpAddress, cells);
}

fn equipment_lists(glpi: &mut Glpi, made: i64) {
    let mut named = |kind: Kind, names: &[&str]| {
        for name in names {
            let mut cells: Vec<(&str, Cell)> =
                vec![("name", t(name)), ("date_mod", at(made)), ("date_creation", at(made))];
            if kind == Kind::State {
                cells.push(("completename", t(name)));
            }
            row(glpi, kind, cells);
        }
    };
    named(
        Kind::Manufacturer,
        &["Dell", "HP", "Lenovo", "Alcatel-Lucent", "Kyocera"],
    );
    named(Kind::State, &["En service", "En stock", "En réparation", "Réformé"]);
    named(Kind::ComputerModel, &MODELS.map(|(_, model)| model));
    named(Kind::ComputerType, &["Portable", "Fixe"]);
    named(Kind::MonitorModel, &["P2423"]);
    named(Kind::PhoneModel, &["8058s"]);
    named(Kind::PrinterModel, &["TASKalfa 3554ci"]);
    named(Kind::Software, &["Suite bureautique"]);
}

/// A name as a login spells it.
fn ascii(name: &str) -> String {
    name.to_lowercase()
        .replace('œ', "oe")
        .chars()
        .filter_map(|letter| {
            Some(match letter {
                'a'..='z' => letter,
                'à' | 'â' | 'ä' => 'a',
                'é' | 'è' | 'ê' | 'ë' => 'e',
                'î' | 'ï' => 'i',
                'ô' | 'ö' => 'o',
                'ù' | 'û' | 'ü' => 'u',
                'ç' => 'c',
                _ => return None,
            })
        })
        .collect()
}
