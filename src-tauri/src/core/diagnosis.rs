//! What is wrong with a profile, layer by layer from the disk to the server, each with a code of the message catalogue: its
//! text says it in plain words and its hint is the cure. Reads only: nothing is repaired behind a person's back.

use crate::{
    api::SecretStoreKind,
    core::{
        AppCore,
        desk::Desk,
        profile::{ProfileConfig, Server},
    },
    error::{AppError, wedge_code},
};
use guichet_backend::{AuthProblem, BackendError, ServerInfo};
use guichet_domain::outbox::EntryState;
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};
use tokio::net::TcpStream;
use url::Url;

/// Longest wait for a name or a connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// Clocks further apart than this make dates misleading, in seconds.
const SKEW_MAX: i64 = 120;
/// Environment variables by which a proxy is configured.
const PROXIES: [&str; 6] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
];

/// A layer of what must work, from the disk to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// The folder and its configuration.
    Profile,
    /// The databases.
    Databases,
    /// The keyring or the file of secrets.
    Secrets,
    /// A proxy stands between.
    Proxy,
    /// The server's name.
    Name,
    /// A connection to it.
    Connection,
    /// Its certificate.
    Certificate,
    /// Its REST API.
    Api,
    /// The account.
    Session,
    /// What the account may read.
    Rights,
    /// The two clocks.
    Clock,
    /// What is still to be sent.
    Outbox,
}

/// How a layer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// It works.
    Fine,
    /// It works, and somebody should know something.
    Warning,
    /// It does not work.
    Problem,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub layer: Layer,
    /// How it is.
    pub health: Health,
    /// Key in the message catalogue (among the errors; for a fine layer, `doctor.<layer>` among the texts).
    pub code: &'static str,
    /// What fills the text's placeholders.
    pub args: Vec<(&'static str, String)>,
}

fn fine(layer: Layer, code: &'static str, detail: impl Into<String>) -> Finding {
    Finding {
        layer,
        health: Health::Fine,
        code,
        args: vec![("detail", detail.into())],
    }
}

fn finding(layer: Layer, health: Health, code: &'static str, detail: impl Into<String>) -> Finding {
    Finding {
        layer,
        health,
        code,
        args: vec![("detail", detail.into())],
    }
}

fn failed(layer: Layer, error: &AppError) -> Finding {
    Finding {
        layer,
        health: Health::Problem,
        code: error.code(),
        args: error.args(),
    }
}

/// Looks at everything.
pub async fn examine(core: &AppCore) -> Vec<Finding> {
    let mut found = Vec::new();
    let folder = match core.first_folder() {
        Ok(folder) => folder,
        Err(error) => return vec![failed(Layer::Profile, &error.into())],
    };
    let desk = match core.desk().await {
        Ok(desk) => desk,
        Err(error) => {
            let layer = if matches!(error, AppError::Profile(_)) {
                Layer::Profile
            } else {
                found.push(fine(
                    Layer::Profile,
                    "doctor.profile",
                    folder.path.display().to_string(),
                ));
                Layer::Databases
            };
            found.push(failed(layer, &error));
            return found;
        }
    };
    profile(&desk, &mut found).await;
    let config = desk.config().await;
    let Some(connection) = config.connection.as_ref().filter(|connection| connection.signed_in) else {
        found.push(failed(Layer::Session, &AppError::NotSignedIn));
        outbox(&desk, &mut found).await;
        return found;
    };
    let readable = secrets(&desk, connection.secret_store, &config, &mut found).await;
    let reachable = match &connection.server {
        Server::Glpi { url } => network(url, &mut found).await,
        Server::Sandbox => true,
    };
    if readable && reachable {
        server(&desk, &mut found).await;
    }
    outbox(&desk, &mut found).await;
    found
}

async fn profile(desk: &Desk, found: &mut Vec<Finding>) {
    let shown = desk.folder.path.display().to_string();
    match &desk.config_moved {
        Some(aside) => found.push(finding(
            Layer::Profile,
            Health::Warning,
            "configuration_moved_aside",
            aside.display().to_string(),
        )),
        None => found.push(fine(Layer::Profile, "doctor.profile", shown)),
    }
    match (&desk.report.mirror_moved_aside, desk.store.counts().await) {
        (_, Err(error)) => found.push(failed(Layer::Databases, &error.into())),
        (Some(aside), Ok(_)) => found.push(finding(
            Layer::Databases,
            Health::Warning,
            "mirror_rebuilt",
            aside.display().to_string(),
        )),
        (None, Ok(counts)) => found.push(Finding {
            layer: Layer::Databases,
            health: Health::Fine,
            code: "doctor.databases",
            args: vec![
                ("tickets", counts.tickets.to_string()),
                ("people", counts.people.to_string()),
                ("articles", counts.articles.to_string()),
                ("assets", counts.assets.to_string()),
            ],
        }),
    }
}

async fn secrets(desk: &Desk, kind: SecretStoreKind, config: &ProfileConfig, found: &mut Vec<Finding>) -> bool {
    let sandbox = config
        .connection
        .as_ref()
        .is_some_and(|it| it.server == Server::Sandbox);
    if sandbox {
        return true;
    }
    let Some(place) = desk.secrets_of_profile().await else {
        return false;
    };
    if let Err(error) = place.read().await {
        found.push(failed(Layer::Secrets, &error.into()));
        return false;
    }
    if let Some(file) = place.exposed_file() {
        found.push(finding(
            Layer::Secrets,
            Health::Problem,
            "secrets_exposed",
            file.display().to_string(),
        ));
    }
    match kind {
        SecretStoreKind::Keyring => found.push(fine(Layer::Secrets, "doctor.secrets", "")),
        SecretStoreKind::File => found.push(finding(
            Layer::Secrets,
            Health::Warning,
            "secrets_in_file",
            desk.folder.path.display().to_string(),
        )),
    }
    true
}

/// From the name to the certificate. A proxy does the first two steps itself: they are not tried behind one.
async fn network(url: &Url, found: &mut Vec<Finding>) -> bool {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(443);
    let proxy = PROXIES
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    if proxy.is_some() {
        // Its address may hold a password: it is not shown.
        found.push(fine(Layer::Proxy, "doctor.proxy", ""));
    } else {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let addresses = match tokio::time::timeout(PATIENCE, tokio::net::lookup_host((bare, port))).await {
            Ok(Ok(addresses)) => addresses.collect::<Vec<_>>(),
            _ => Vec::new(),
        };
        if addresses.is_empty() {
            found.push(finding(Layer::Name, Health::Problem, "name_unknown", host));
            return false;
        }
        found.push(fine(Layer::Name, "doctor.name", host));
        let connected = tokio::time::timeout(PATIENCE, TcpStream::connect(addresses.as_slice())).await;
        if !matches!(connected, Ok(Ok(_))) {
            found.push(finding(
                Layer::Connection,
                Health::Problem,
                "connection_refused",
                format!("{host}:{port}"),
            ));
            return false;
        }
        found.push(fine(Layer::Connection, "doctor.connection", format!("{host}:{port}")));
    }
    if url.scheme() != "https" {
        let local = matches!(host, "127.0.0.1" | "localhost" | "[::1]");
        if !local {
            found.push(finding(Layer::Certificate, Health::Warning, "not_encrypted", host));
        }
        return true;
    }
    certificate(url, host, found).await
}

async fn certificate(url: &Url, host: &str, found: &mut Vec<Finding>) -> bool {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(PATIENCE)
        .timeout(PATIENCE * 2)
        .build();
    let answered = match client {
        Ok(client) => client.head(url.clone()).send().await,
        Err(error) => Err(error),
    };
    match answered {
        Ok(_) => {
            found.push(fine(Layer::Certificate, "doctor.certificate", host));
            true
        }
        Err(error) if error.is_connect() => {
            let mut cause: &dyn std::error::Error = &error;
            while let Some(next) = cause.source() {
                cause = next;
            }
            found.push(finding(
                Layer::Certificate,
                Health::Problem,
                "certificate_refused",
                cause.to_string(),
            ));
            false
        }
        // Connected and encrypted, but no answer to this question: the API's own step will say more.
        Err(_) => true,
    }
}

fn layer_of(error: &BackendError) -> Layer {
    match error {
        BackendError::Auth(
            AuthProblem::ApiDisabled
            | AuthProblem::AddressRefused
            | AuthProblem::AppTokenMissing
            | AuthProblem::AppTokenWrong
            | AuthProblem::PasswordLoginDisabled,
        )
        | BackendError::Protocol { .. }
        | BackendError::Transient { .. }
        | BackendError::NotFound => Layer::Api,
        BackendError::Network { .. } | BackendError::Wire { .. } => Layer::Connection,
        _ => Layer::Session,
    }
}

async fn server(desk: &Desk, found: &mut Vec<Finding>) {
    let opened = async {
        desk.connect().await?;
        let session = desk.require_session().await?;
        Ok::<_, AppError>(session.backend.open().await?)
    };
    match opened.await {
        Ok(info) => account(&info, found),
        Err(error) => {
            let layer = match &error {
                AppError::Backend(error) => layer_of(error),
                AppError::Secret(_) => Layer::Secrets,
                _ => Layer::Session,
            };
            found.push(failed(layer, &error));
        }
    }
}

fn account(info: &ServerInfo, found: &mut Vec<Finding>) {
    found.push(fine(Layer::Api, "doctor.api", info.product.clone()));
    found.push(Finding {
        layer: Layer::Session,
        health: Health::Fine,
        code: "doctor.session",
        args: vec![("name", info.name.clone()), ("profile", info.profile.clone())],
    });
    if info.visibility.refused.is_empty() {
        found.push(fine(Layer::Rights, "doctor.rights", ""));
    } else {
        found.push(finding(
            Layer::Rights,
            Health::Warning,
            "rights_refused",
            info.visibility.refused.join(", "),
        ));
    }
    if info.clock_skew_s.abs() > SKEW_MAX {
        found.push(finding(
            Layer::Clock,
            Health::Warning,
            "clock_skew",
            info.clock_skew_s.to_string(),
        ));
    } else {
        found.push(fine(Layer::Clock, "doctor.clock", info.clock_skew_s.to_string()));
    }
}

async fn outbox(desk: &Desk, found: &mut Vec<Finding>) {
    let entries = match desk.store.outbox(None, false).await {
        Ok(entries) => entries,
        Err(error) => {
            found.push(failed(Layer::Outbox, &error.into()));
            return;
        }
    };
    if entries.is_empty() {
        found.push(fine(Layer::Outbox, "doctor.outbox", ""));
        return;
    }
    for entry in &entries {
        if let EntryState::Wedged { reason } = &entry.state {
            found.push(finding(
                Layer::Outbox,
                Health::Problem,
                wedge_code(reason),
                format!("{} (ticket {})", entry.id, entry.lane),
            ));
        }
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in &entries {
        *counts.entry(entry.state.name()).or_default() += 1;
    }
    let in_doubt = counts.get("in_doubt").copied().unwrap_or_default();
    if in_doubt > 0 {
        found.push(finding(
            Layer::Outbox,
            Health::Warning,
            "outbox_in_doubt",
            in_doubt.to_string(),
        ));
    }
    let waiting =
        counts.get("queued").copied().unwrap_or_default() + counts.get("in_flight").copied().unwrap_or_default();
    if waiting > 0 {
        found.push(finding(
            Layer::Outbox,
            Health::Warning,
            "outbox_waiting",
            waiting.to_string(),
        ));
    }
}
