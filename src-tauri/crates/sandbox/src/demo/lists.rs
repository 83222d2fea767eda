//! Entities, profiles, groups, categories, sites, channels, service levels, templates.

use super::{at, n, prose, row, t};
use crate::{
    glpi::{Glpi, cell::Cell, schema::Kind},
    options::Options,
};

/// Entities below the root: name. The last one is out of the demo technician's reach.
const ENTITIES: [&str; 4] = [
    "Agglomération",
    "Ville-centre",
    "Régie de l'eau & assainissement",
    "Centre de santé",
];

/// Categories: full path.
const CATEGORIES: [&str; 34] = [
    "Impression",
    "Impression > Imprimante réseau",
    "Impression > Copieur",
    "Réseau",
    "Réseau > VPN",
    "Réseau > Wi-Fi",
    "Comptes",
    "Comptes > Mot de passe",
    "Comptes > Arrivée et départ",
    "Messagerie",
    "Messagerie > Outlook",
    "Messagerie > Listes de diffusion",
    "Collaboration",
    "Collaboration > Teams",
    "Collaboration > Visioconférence",
    "Téléphonie",
    "Téléphonie > Poste fixe",
    "Téléphonie > Mobile",
    "Accès",
    "Accès > Badge",
    "Logiciels",
    "Logiciels > Installation",
    "Logiciels > Métier",
    "Logiciels > Métier > AutoCAD",
    "Logiciels > Métier > Finances",
    "Logiciels > Métier > R&D <bêta>",
    "Matériel",
    "Matériel > Écran",
    "Matériel > Poste de travail",
    "Matériel > Périphérique",
    "Fichiers",
    "Fichiers > Partage réseau",
    "Sécurité",
    "Sécurité > Courriel suspect",
];

/// Categories of articles: full path.
const ARTICLE_CATEGORIES: [&str; 6] = [
    "Procédures N1",
    "Procédures N1 > Comptes",
    "Foire aux questions",
    "Réseau",
    "Postes et périphériques",
    "Applications",
];

/// Groups: name, may be assigned to.
const GROUPS: [(&str, i64); 8] = [
    ("Support N1", 1),
    ("Support N2", 1),
    ("Réseau & Télécom", 1),
    ("Applications métier", 1),
    ("Support de proximité", 1),
    ("Sécurité", 1),
    ("Direction générale", 0),
    ("Élus", 0),
];

const CHANNELS: [&str; 6] = [
    "Portail",
    "Courriel",
    "Téléphone",
    "Accueil physique",
    "Autre",
    "Supervision",
];

pub(super) fn fill(glpi: &mut Glpi, sites: usize) {
    let now = glpi.options().now;
    let made = at(now - 500 * 86_400);
    let stamps = || [("date_mod", made.clone()), ("date_creation", made.clone())];
    let with = |mut cells: Vec<(&'static str, Cell)>| {
        cells.extend(stamps());
        cells
    };

    let root = with(vec![
        ("name", t("Racine")),
        ("completename", t("Racine")),
        ("level", n(1)),
    ]);
    glpi.demo_table(Kind::Entity).insert_at(0, root);
    for name in ENTITIES {
        let full = format!("Racine > {name}");
        let cells = with(vec![
            ("name", t(name)),
            ("completename", t(&full)),
            ("entities_id", n(0)),
            ("level", n(2)),
        ]);
        row(glpi, Kind::Entity, cells);
    }

    for (id, name, interface) in [
        (1, "Self-Service", "helpdesk"),
        (4, "Super-Admin", "central"),
        (6, "Technician", "central"),
        (8, "Technicien avec listes", "central"),
    ] {
        let cells = with(vec![
            ("name", t(name)),
            ("interface", t(interface)),
            ("is_default", n(i64::from(id == 1))),
        ]);
        glpi.demo_table(Kind::Profile).insert_at(id, cells);
    }

    for (name, assigned) in GROUPS {
        let cells = with(vec![
            ("name", t(name)),
            ("completename", t(name)),
            ("is_assign", n(assigned)),
        ]);
        row(glpi, Kind::Group, cells);
    }

    tree(glpi, Kind::ItilCategory, &CATEGORIES, &made);
    tree(
        glpi,
        Kind::TaskCategory,
        &[
            "Intervention",
            "Intervention > Sur site",
            "Intervention > À distance",
            "Suivi",
        ],
        &made,
    );
    tree(glpi, Kind::KnowbaseItemCategory, &ARTICLE_CATEGORIES, &made);
    for place in prose::PLACES.iter().take(sites) {
        let site = row(
            glpi,
            Kind::Location,
            with(vec![
                ("name", t(place)),
                ("completename", t(place)),
                ("level", n(1)),
                ("town", t("Sœurs-sur-Marne")),
            ]),
        );
        for floor in ["Rez-de-chaussée", "1er étage"] {
            let full = format!("{place} > {floor}");
            let cells = vec![
                ("name", t(floor)),
                ("completename", t(&full)),
                ("locations_id", n(site)),
                ("level", n(2)),
            ];
            row(glpi, Kind::Location, with(cells));
        }
    }
    for name in CHANNELS {
        row(glpi, Kind::RequestType, with(vec![("name", t(name))]));
    }
    for (id, name) in [(1, "VIP"), (2, "Standard"), (3, "Prestataire")] {
        glpi.demo_table(Kind::UserCategory)
            .insert_at(id, with(vec![("name", t(name))]));
    }
    for name in [
        "Directeur",
        "Cheffe de service",
        "Agent",
        "Technicien",
        "Élue",
        "Assistante",
    ] {
        row(glpi, Kind::UserTitle, with(vec![("name", t(name))]));
    }
    for name in ["Dépannage", "Contournement", "Information donnée", "Hors périmètre"] {
        row(glpi, Kind::SolutionType, with(vec![("name", t(name))]));
    }

    let calendar = row(glpi, Kind::Calendar, with(vec![("name", t("Lundi–vendredi 8 h–18 h"))]));
    for day in 1..=5 {
        let cells = vec![
            ("calendars_id", n(calendar)),
            ("day", n(day)),
            ("begin", t("08:00:00")),
            ("end", t("18:00:00")),
        ];
        row(glpi, Kind::CalendarSegment, cells);
    }
    row(
        glpi,
        Kind::Holiday,
        with(vec![
            ("name", t("Toussaint")),
            ("begin_date", t("2026-11-01")),
            ("end_date", t("2026-11-01")),
        ]),
    );
    let slm = row(
        glpi,
        Kind::Slm,
        with(vec![("name", t("Support standard")), ("calendars_id", n(calendar))]),
    );
    for (name, kind, time, unit) in [
        ("Prise en charge 1 h", 1, 1, "hour"),
        ("Résolution 8 h", 0, 8, "hour"),
        ("VIP : prise en charge 10 min", 1, 10, "minute"),
        ("VIP : résolution 20 min", 0, 20, "minute"),
    ] {
        let cells = vec![
            ("name", t(name)),
            ("type", n(kind)),
            ("number_time", n(time)),
            ("definition_time", t(unit)),
            ("calendars_id", n(calendar)),
            ("slms_id", n(slm)),
        ];
        row(glpi, Kind::Sla, with(cells));
    }
    templates(glpi, &made);
    plugin(glpi);
}

fn templates(glpi: &mut Glpi, made: &Cell) {
    let stamps = [("date_mod", made.clone()), ("date_creation", made.clone())];
    for (kind, name, content) in [
        (
            Kind::ItilFollowupTemplate,
            "Demande de précisions",
            "<p>Bonjour,</p><p>Pourriez-vous préciser le nom du poste, l'heure et le message exact ?</p><p>Merci.</p>",
        ),
        (
            Kind::ItilFollowupTemplate,
            "Relance de l'utilisateur",
            "<p>Bonjour,</p><p>Sans nouvelles de votre part sous 48 heures, nous considérerons l'incident comme résolu.</p>",
        ),
        (
            Kind::ItilFollowupTemplate,
            "Transmis au niveau 2",
            "<p>Votre demande est transmise au niveau 2, avec le diagnostic fait ensemble au téléphone.</p>",
        ),
        (
            Kind::TaskTemplate,
            "Passage sur site",
            "<p>Prévenir l'accueil du site, emporter le matériel de remplacement.</p>",
        ),
        (
            Kind::TaskTemplate,
            "Appel de contrôle",
            "<p>Rappeler l'utilisateur le lendemain pour vérifier que tout fonctionne.</p>",
        ),
        (
            Kind::SolutionTemplate,
            "Mot de passe réinitialisé",
            "<p>Mot de passe réinitialisé, changement imposé à la première ouverture de session.</p>",
        ),
        (
            Kind::SolutionTemplate,
            "Imprimante remise en service",
            "<p>File d'attente purgée, pilote vérifié, page de test imprimée avec l'utilisateur.</p>",
        ),
    ] {
        let mut cells = vec![("name", t(name)), ("content", t(content))];
        cells.extend(stamps.clone());
        row(glpi, kind, cells);
    }
}

/// The third-party plugin's own table: groups whose members are VIPs, by the group's own number.
fn plugin(glpi: &mut Glpi) {
    let Options { vip_plugin: true, .. } = glpi.options() else {
        return;
    };
    for group in [7, 8] {
        let cells = vec![("isvip", n(1)), ("name", t("VIP")), ("vip_color", t("#ff0000"))];
        glpi.demo_table(Kind::PluginVip).insert_at(group, cells);
    }
}

fn tree(glpi: &mut Glpi, kind: Kind, paths: &[&str], made: &Cell) {
    let parent_column = kind.foreign_key();
    let mut known: Vec<(&str, i64)> = Vec::new();
    for path in paths {
        let (above, name) = path
            .rsplit_once(" > ")
            .map_or(("", *path), |(above, name)| (above, name));
        let parent = known.iter().find(|(known, _)| *known == above).map_or(0, |(_, id)| *id);
        let level = i64::try_from(path.split(" > ").count()).unwrap_or(1);
        let id = row(
            glpi,
            kind,
            vec![
                ("name", t(name)),
                ("completename", t(path)),
                (parent_column.as_str(), n(parent)),
                ("level", n(level)),
                ("date_mod", made.clone()),
                ("date_creation", made.clone()),
            ],
        );
        known.push((path, id));
    }
}

/// A category of articles' number by its full path.
pub(super) fn article_category(path: &str) -> i64 {
    place(&ARTICLE_CATEGORIES, path)
}

/// A category's number by its full path.
pub(super) fn category(path: &str) -> i64 {
    place(&CATEGORIES, path)
}

fn place(paths: &[&str], path: &str) -> i64 {
    paths
        .iter()
        .position(|known| *known == path)
        .and_then(|at| i64::try_from(at + 1).ok())
        .unwrap_or(0)
}
