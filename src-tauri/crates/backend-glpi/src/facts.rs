//! What signing in teaches: who the account is, which GLPI answers, what the account is refused, and how dates are written.

use crate::{
    client::{Client, Failure, Reply},
    config::GlpiConfig,
    names::Names,
    wire::{Generation, Row},
    zone::ServerZone,
};
use guichet_backend::{BackendError, Delivery, ServerInfo, Visibility};
use guichet_domain::{UserId, catalogue::CatalogueKind, people::display_name};
use jiff::{Timestamp, tz::Offset};
use serde_json::Value;
use std::collections::BTreeSet;

/// What is known of the server and of the account.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) info: ServerInfo,
    pub(crate) generation: Generation,
    pub(crate) zone: ServerZone,
    /// When the zone was last calibrated, by our clock.
    pub(crate) calibrated_at: Timestamp,
    /// What the session sees: a digest of its profile and active entities. Lists read in another scope are not complete.
    pub(crate) scope: String,
    /// Types of equipment defined by this server's administrators (11.0 and later).
    pub(crate) custom_assets: Vec<String>,
}

/// The right of GLPI's profiles that opens each list; bit 1 is "read".
pub(crate) const LIST_RIGHTS: [(CatalogueKind, &str); 10] = [
    (CatalogueKind::Category, "itilcategory"),
    (CatalogueKind::Location, "location"),
    (CatalogueKind::Channel, "dropdown"),
    (CatalogueKind::FollowupTemplate, "itilfollowuptemplate"),
    (CatalogueKind::TaskTemplate, "tasktemplate"),
    (CatalogueKind::SolutionTemplate, "solutiontemplate"),
    (CatalogueKind::SolutionType, "dropdown"),
    (CatalogueKind::Sla, "slm"),
    (CatalogueKind::UserCategory, "dropdown"),
    (CatalogueKind::ArticleCategory, "knowbasecategory"),
];

/// Other rights that the help desk's work needs, with what is missing without them.
const OTHER_RIGHTS: [(&str, &str); 4] = [
    ("user", "people"),
    ("group", "groups"),
    ("knowbase", "articles"),
    ("document", "documents"),
];

/// Asks the server everything that is asked once.
pub(crate) async fn learn(client: &Client, config: &GlpiConfig, names: &Names) -> Result<Facts, BackendError> {
    let reply = client.get("getFullSession", &[]).await?;
    let asked_at = client.now();
    let session = session_of(&reply)?;
    let user = session.key("glpiID").ok_or_else(|| missing("glpiID"))?;
    let clock_skew_s = reply.date.map_or(0, |server| server.as_second() - asked_at.as_second());

    let profile = session
        .0
        .get("glpiactiveprofile")
        .and_then(Value::as_object)
        .cloned()
        .map(Row);
    let mut refused: BTreeSet<String> = BTreeSet::new();
    if let Some(profile) = &profile {
        let lacks = |right: &str| profile.int(right).is_some_and(|bits| bits & 1 == 0);
        for (kind, right) in LIST_RIGHTS {
            if lacks(right) {
                names.refuse(kind);
                refused.insert(right.to_owned());
            } else {
                names.allow(kind);
            }
        }
        refused.extend(
            OTHER_RIGHTS
                .iter()
                .filter(|(right, _)| lacks(right))
                .map(|(right, _)| (*right).to_owned()),
        );
    }

    let configuration = client.get("getGlpiConfig", &[]).await?;
    let configuration = configuration
        .body
        .get("cfg_glpi")
        .and_then(Value::as_object)
        .cloned()
        .map(Row)
        .ok_or_else(|| missing("cfg_glpi"))?;
    let version = configuration
        .filled("version")
        .ok_or_else(|| missing("version"))?
        .to_owned();
    let generation = Generation::from_version(&version);

    // Not GLPI's own "friendly name", whose order is the account's preference: people are named in one order everywhere.
    let said = |key: &str| {
        session
            .filled(key)
            .map(|name| generation.decode(name))
            .unwrap_or_default()
    };
    let name = display_name(&said("glpifirstname"), &said("glpirealname"), &said("glpiname"));
    let profile_name = profile
        .as_ref()
        .and_then(|row| row.filled("name"))
        .map(|name| generation.decode(name));
    let sight = sight_of(&session);
    let info = ServerInfo {
        user: UserId(user),
        name,
        product: format!("GLPI {version}"),
        profile: profile_name.unwrap_or_default(),
        clock_skew_s,
        ticket_keys: generation == Generation::Eleven,
        visibility: Visibility {
            refused: refused.into_iter().collect(),
        },
        sight: sight.clone(),
        read_at: asked_at,
    };

    let hints = [
        config.zone.clone(),
        session.filled("glpitimezone").map(str::to_owned),
        configuration.filled("timezone").map(str::to_owned),
    ];
    let now = reply.date.zip(session.filled("glpi_currenttime").map(str::to_owned));
    let zone = zone(client, config, user, hints, now).await?;
    Ok(Facts {
        scope: sight,
        info,
        generation,
        zone,
        calibrated_at: asked_at,
        custom_assets: custom_assets(&configuration),
    })
}

/// What the session sees now, asked of the server.
pub(crate) async fn sight(client: &Client) -> Result<String, BackendError> {
    let reply = client.get("getFullSession", &[]).await?;
    Ok(sight_of(&session_of(&reply)?))
}

fn session_of(reply: &Reply) -> Result<Row, BackendError> {
    reply
        .body
        .get("session")
        .and_then(Value::as_object)
        .cloned()
        .map(Row)
        .ok_or_else(|| missing("session"))
}

/// A digest of the session's profile and active entities.
fn sight_of(session: &Row) -> String {
    let profile = session
        .0
        .get("glpiactiveprofile")
        .and_then(|profile| profile.get("name"));
    let entities = session.0.get("glpiactiveentities");
    crate::pull::fingerprint(&(profile, entities))
}

fn missing(what: &str) -> BackendError {
    BackendError::Protocol {
        delivery: Delivery::NotSent,
        message: format!("the session's description lacks {what}"),
    }
}

/// 11's own types of equipment: GLPI registers their classes among those that tickets and inventories take.
fn custom_assets(configuration: &Row) -> Vec<String> {
    let mut found: BTreeSet<String> = BTreeSet::new();
    for list in ["asset_types", "ticket_types", "inventory_types"] {
        let types = configuration.0.get(list).and_then(Value::as_array);
        found.extend(
            types
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .filter(|name| {
                    name.starts_with("Glpi\\CustomAsset\\") && !name.ends_with("Model") && !name.ends_with("Type")
                })
                .map(str::to_owned),
        );
    }
    found.into_iter().collect()
}

/// Reads one row both ways: its `date_mod` as the session writes it, and `Last-Modified` in true GMT.
async fn sample(client: &Client, table: &str, id: i64) -> Result<Option<(Timestamp, String, Row)>, BackendError> {
    match client.item(table, id).await {
        Ok((row, reply)) => {
            let naive = row.filled("date_mod").map(str::to_owned);
            Ok(reply
                .last_modified
                .zip(naive)
                .map(|(instant, naive)| (instant, naive, row)))
        }
        Err(Failure::Refused(_)) => Ok(None),
        Err(Failure::Backend(error)) => Err(error),
    }
}

/// The zone of naive dates, calibrated on the account's own row (which exists where no ticket does), else on the session's
/// own clock against the reply's date.
async fn zone(
    client: &Client,
    config: &GlpiConfig,
    user: i64,
    hints: [Option<String>; 3],
    now: Option<(Timestamp, String)>,
) -> Result<ServerZone, BackendError> {
    let own = sample(client, "User", user).await?;
    let preference = own
        .as_ref()
        .and_then(|(.., row)| row.filled("timezone").map(str::to_owned));
    let (instant, naive) = match (own, now) {
        (Some((instant, naive, _)), _) | (None, Some((instant, naive))) => (instant, naive),
        (None, None) => {
            // Nothing to calibrate on: the region's own zone is the best guess there is.
            return Ok(regional(&config.region)
                .and_then(ServerZone::named)
                .unwrap_or_else(|| ServerZone::fixed(Offset::UTC)));
        }
    };
    let offset = ServerZone::offset(instant, &naive).unwrap_or(Offset::UTC);
    let agrees = |zone: &ServerZone| {
        zone.read(&naive)
            .is_some_and(|read| zone.write(instant) == zone.write(read))
            || ServerZone::offset(instant, &zone.write(instant)) == Some(offset)
    };
    let told = hints
        .into_iter()
        .flatten()
        .chain(preference)
        .filter(|name| name.contains('/') || name == "UTC");
    for name in told {
        if let Some(zone) = ServerZone::named(&name).filter(agrees) {
            return Ok(zone);
        }
    }
    let Some(guess) = regional(&config.region).and_then(ServerZone::named).filter(agrees) else {
        return Ok(ServerZone::fixed(offset));
    };
    // An offset alone does not tell Paris from Algiers: the oldest ticket, perhaps of another season, must agree as well.
    if let Some((instant, naive)) = oldest(client).await?
        && !guess.agrees(instant, &naive)
    {
        return Ok(ServerZone::fixed(offset));
    }
    Ok(guess)
}

async fn oldest(client: &Client) -> Result<Option<(Timestamp, String)>, BackendError> {
    let listing = match client.list("Ticket", &[], ("date_mod", "ASC"), 0, 1).await {
        Ok(listing) => listing,
        Err(Failure::Refused(_)) => return Ok(None),
        Err(Failure::Backend(error)) => return Err(error),
    };
    let Some(id) = listing.rows.first().map(Row::id) else {
        return Ok(None);
    };
    Ok(sample(client, "Ticket", id)
        .await?
        .map(|(instant, naive, _)| (instant, naive)))
}

/// The zone of a region that has one only, as far as this help desk's customers go.
fn regional(region: &str) -> Option<&'static str> {
    match region {
        "FR" => Some("Europe/Paris"),
        "BE" => Some("Europe/Brussels"),
        "CH" => Some("Europe/Zurich"),
        "LU" => Some("Europe/Luxembourg"),
        _ => None,
    }
}

/// A fresh calibration of a zone that has no name, as its offset changes twice a year.
pub(crate) async fn recalibrate(client: &Client, user: i64) -> Result<Option<ServerZone>, BackendError> {
    let sample = sample(client, "User", user).await?;
    Ok(sample
        .and_then(|(instant, naive, _)| ServerZone::offset(instant, &naive))
        .map(ServerZone::fixed))
}
