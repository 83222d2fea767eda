//! Alerts of the supervision at the desk: read every few seconds, kept in the journal, shown until somebody takes them up, and made an
//! incident once.
//!
//! What is decided here is durable before the supervision hears of it: a problem that was taken up while the supervision does not answer
//! is taken up, and the technician is told that it was not acknowledged there.

use crate::{
    api::{AlertsState, SupervisionKind, SupervisionSettings},
    core::{
        desk::{AppEvent, Desk},
        secrets::{SecretPlace, Secrets},
    },
    error::AppError,
    messages::Locale,
};
use guichet_alerts::{AlertTarget, AlertsError, Centreon, CentreonConfig, Nagios, NagiosConfig, Supervision};
use guichet_domain::{
    OperationId, TicketId, UserId,
    alert::{Alert, AlertTracker},
    catalogue::CatalogueKind,
    operation::{NewTicket, Operation},
    rich_text::RichText,
    ticket::{Actor, Level, Party, Role, TicketKind},
};
use guichet_service_levels::{contract::Rule, evidence::model::Channel};
use guichet_store::{AlertHandling, JournalAlert, Store, Submission, TicketFilter, TicketQuery, View};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::{sync::broadcast, task::JoinHandle};
use url::Url;

/// The supervision is read this often: an alert is to reach a person within five minutes.
const PACE: Duration = Duration::from_secs(15);
/// A problem that was well for less than so many minutes is still the same one, where the settings do not say.
const CALM_MIN: u32 = 5;
/// Longest calm that may be set, in minutes.
const LONGEST_CALM_MIN: u32 = 24 * 60;
/// Of everybody, at once.
const WORST: Level = Level(5);

/// Why nothing was done about an alert, or a supervision cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SupervisionError {
    /// There is no such alert.
    #[error("no such alert")]
    NoAlert,
    /// No supervision is set up.
    #[error("no supervision is set up")]
    NotSetUp,
    /// The address is none.
    #[error("{url}: {detail}")]
    Address {
        /// What was given.
        url: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The supervision's own refusal.
    #[error(transparent)]
    Supervision(#[from] AlertsError),
}

impl SupervisionError {
    /// Every code of its own, for the catalogue's test.
    pub const CODES: [&'static str; 12] = [
        "alert_gone",
        "supervision_not_set_up",
        "supervision_address",
        "alerts_unreachable",
        "alerts_untrusted",
        "alerts_refused",
        "alerts_closed",
        "alerts_silent",
        "alerts_too_long",
        "alerts_stopped",
        "alerts_no_such_problem",
        "alerts_unexpected",
    ];

    /// Key in the message catalogue.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoAlert => "alert_gone",
            Self::NotSetUp => "supervision_not_set_up",
            Self::Address { .. } => "supervision_address",
            Self::Supervision(error) => error.code(),
        }
    }

    /// What fills the places of the texts.
    #[must_use]
    pub fn args(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Address { url, detail } => vec![("url", url.clone()), ("detail", detail.clone())],
            Self::Supervision(error) => vec![("detail", error.to_string())],
            Self::NoAlert | Self::NotSetUp => Vec::new(),
        }
    }
}

/// The adapter for settings and a secret.
fn adapter(settings: &SupervisionSettings, password: String) -> Result<Arc<dyn Supervision>, SupervisionError> {
    let address = |detail: String| SupervisionError::Address {
        url: settings.url.clone(),
        detail,
    };
    let url: Url = settings
        .url
        .trim()
        .parse()
        .map_err(|error: url::ParseError| address(error.to_string()))?;
    let authorities = settings
        .authorities
        .as_deref()
        .filter(|path| !path.trim().is_empty())
        .map(|path| std::fs::read(path.trim()).map_err(|error| address(error.to_string())))
        .transpose()?;
    let source = match settings.name.trim() {
        "" => url.host_str().unwrap_or("supervision").to_owned(),
        name => name.to_owned(),
    };
    let password = SecretString::from(password);
    let login = settings.login.trim();
    Ok(match settings.kind {
        SupervisionKind::Nagios => Arc::new(Nagios::new(NagiosConfig {
            authorities,
            ..NagiosConfig::new(&source, url, login, password)
        })?),
        SupervisionKind::Centreon => Arc::new(Centreon::new(CentreonConfig {
            authorities,
            ..CentreonConfig::new(&source, url, login, password)
        })?),
    })
}

/// What the last reading was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct LastReading {
    /// The last complete one.
    read_at: Option<Timestamp>,
    /// Why there is none since.
    failing: Option<AlertsError>,
}

/// A supervision that is being read.
pub struct Watching {
    adapter: Arc<dyn Supervision>,
    last: Arc<RwLock<LastReading>>,
    task: JoinHandle<()>,
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Watching {
    fn last(&self) -> LastReading {
        self.last.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Reads a supervision again and again.
struct Reader {
    adapter: Arc<dyn Supervision>,
    calm: SignedDuration,
    pace: Duration,
    store: Store,
    events: broadcast::Sender<AppEvent>,
    target_s: Option<u32>,
    last: Arc<RwLock<LastReading>>,
}

impl Reader {
    fn start(self) -> Watching {
        Watching {
            adapter: self.adapter.clone(),
            last: self.last.clone(),
            task: tokio::spawn(self.run()),
        }
    }

    async fn run(self) {
        let mut tracker: Option<AlertTracker> = None;
        loop {
            let before = self.last.read().unwrap_or_else(PoisonError::into_inner).clone();
            let (told, last) = match self.read(&mut tracker).await {
                Ok(read) => read,
                Err(error) => {
                    // What was folded and could not be kept is folded again, from what is kept.
                    tracing::error!(%error, "an alert could not be kept");
                    tracker = None;
                    (false, before.clone())
                }
            };
            let fails_otherwise =
                last.failing != before.failing || (before.read_at.is_none() && last.read_at.is_some());
            *self.last.write().unwrap_or_else(PoisonError::into_inner) = last.clone();
            if told || fails_otherwise {
                match state(&self.store, Some((self.adapter.source(), &last)), self.target_s).await {
                    Ok(state) => _ = self.events.send(AppEvent::Alerts(Box::new(state))),
                    Err(error) => tracing::error!(%error, "the alerts could not be read"),
                }
            }
            tokio::time::sleep(self.pace).await;
        }
    }

    /// One reading; whether it changed an alert.
    async fn read(&self, tracker: &mut Option<AlertTracker>) -> Result<(bool, LastReading), AppError> {
        let before = self.last.read().unwrap_or_else(PoisonError::into_inner).clone();
        let reading = match self.adapter.problems().await {
            Ok(reading) => reading,
            Err(error) => {
                tracing::warn!(%error, "the supervision could not be read");
                let failing = LastReading {
                    failing: Some(error),
                    ..before
                };
                return Ok((false, failing));
            }
        };
        let tracker = match tracker {
            Some(tracker) => tracker,
            None => {
                let source = self.adapter.source();
                let known = self.store.tracked_alerts(source).await?;
                tracker.insert(AlertTracker::restored(source, self.calm, known))
            }
        };
        let changes = tracker.read(&reading.problems, reading.at);
        if !changes.is_empty() {
            self.store.keep_alerts(&changes, reading.at).await?;
        }
        let read = LastReading {
            read_at: Some(reading.at),
            failing: None,
        };
        Ok((!changes.is_empty(), read))
    }
}

async fn state(
    store: &Store,
    supervision: Option<(&str, &LastReading)>,
    target_s: Option<u32>,
) -> Result<AlertsState, AppError> {
    Ok(AlertsState {
        source: supervision.map(|(source, _)| source.to_owned()),
        read_at: supervision.and_then(|(_, last)| last.read_at),
        failing: supervision
            .and_then(|(_, last)| last.failing.as_ref())
            .map(|error| error.code().to_owned()),
        target_s,
        alerts: match supervision {
            Some(_) => store.open_alerts().await?,
            None => Vec::new(),
        },
    })
}

/// What a problem is about: "Disque on srv-fic-01".
fn named(alert: &Alert, locale: Locale) -> String {
    let key = if alert.service.is_some() {
        "alert.title.service"
    } else {
        "alert.title.host"
    };
    let args = [
        ("host", alert.host.clone()),
        ("service", alert.service.clone().unwrap_or_default()),
    ];
    locale.catalogue().text(key, &args)
}

impl Desk {
    fn supervision_place(&self, config: &crate::core::profile::ProfileConfig) -> SecretPlace {
        let kind = config
            .connection
            .as_ref()
            .map_or_else(Default::default, |connection| connection.secret_store);
        SecretPlace::of_supervision(kind, &config.key, &self.folder.path).sealed_by(&self.seal)
    }

    /// How the supervision is reached; `None` when none is set up.
    pub async fn supervision_settings(&self) -> Option<SupervisionSettings> {
        self.config().await.supervision
    }

    /// Begins to read the supervision that is set up; none is no error. What was read before is read no more.
    ///
    /// # Errors
    /// When its settings or its secret cannot be used.
    pub async fn start_supervision(&self) -> Result<(), AppError> {
        // What was read before ends first.
        *self.supervision.write().await = None;
        let config = self.config().await;
        let Some(settings) = config.supervision.clone() else {
            return Ok(());
        };
        let secrets = self.supervision_place(&config).read().await?;
        let password = secrets.password.clone().unwrap_or_default();
        let calm = SignedDuration::from_mins(settings.calm_min.into());
        let made = tokio::task::spawn_blocking(move || adapter(&settings, password))
            .await
            .map_err(|error| AppError::Store(std::io::Error::other(error).into()))??;
        self.watch_supervision(made, calm, PACE).await;
        Ok(())
    }

    /// Begins to read a supervision again and again.
    async fn watch_supervision(&self, adapter: Arc<dyn Supervision>, calm: SignedDuration, pace: Duration) {
        let target_s = self.alert_target_s().await;
        let reader = Reader {
            adapter,
            calm,
            pace,
            store: self.store.clone(),
            events: self.sender(),
            target_s,
            last: Arc::default(),
        };
        *self.supervision.write().await = Some(reader.start());
    }

    /// Sets the supervision up, with its secret (the one kept stays when none is given), and begins to read it; `None` takes it away.
    ///
    /// # Errors
    /// When a setting is wrong, or the secret or the profile cannot be written: what was set up before stays then.
    pub async fn save_supervision(
        &self,
        settings: Option<SupervisionSettings>,
        secret: Option<String>,
    ) -> Result<(), AppError> {
        let config = self.config().await;
        let place = self.supervision_place(&config);
        if let Some(settings) = &settings {
            if !(1..=LONGEST_CALM_MIN).contains(&settings.calm_min) {
                return Err(AppError::SettingOutOfRange {
                    setting: "supervision.calm_min",
                    min: 1,
                    max: LONGEST_CALM_MIN,
                });
            }
            let checked = settings.clone();
            tokio::task::spawn_blocking(move || adapter(&checked, String::new()).map(drop))
                .await
                .map_err(|error| AppError::Store(std::io::Error::other(error).into()))??;
            if let Some(secret) = secret {
                let mut secrets = Secrets::default();
                secrets.password = Some(secret);
                place.write(&secrets).await?;
            }
        } else {
            place.delete().await?;
        }
        self.keep_supervision(settings).await?;
        self.start_supervision().await?;
        self.tell_alerts().await;
        Ok(())
    }

    /// Within how many seconds of service a critical alert is to be taken up, by the contract.
    async fn alert_target_s(&self) -> Option<u32> {
        let contract = self.contract().await.ok()?;
        let target = contract.indicators.iter().find_map(|indicator| match &indicator.rule {
            Rule::AlertTakeUp { target, .. } => Some(*target),
            _ => None,
        });
        u32::try_from(target? / 1_000_000_000).ok()
    }

    /// The alerts that are not over, and how reading them stands.
    ///
    /// # Errors
    /// When the databases cannot be read.
    pub async fn alerts(&self) -> Result<AlertsState, AppError> {
        let target = self.alert_target_s().await;
        let current = self.supervision.read().await;
        let watching = current
            .as_ref()
            .map(|watching| (watching.adapter.clone(), watching.last()));
        drop(current);
        state(
            &self.store,
            watching.as_ref().map(|(adapter, last)| (adapter.source(), last)),
            target,
        )
        .await
    }

    pub(super) async fn tell_alerts(&self) {
        if let Ok(state) = self.alerts().await {
            self.tell(AppEvent::Alerts(Box::new(state)));
        }
    }

    async fn alert(&self, id: &str) -> Result<JournalAlert, AppError> {
        let row = self.store.journal_alert(id).await?;
        Ok(row.ok_or(SupervisionError::NoAlert)?)
    }

    async fn me(&self) -> (Option<UserId>, String) {
        match self.account().await {
            Some(account) => (Some(account.user), account.name),
            None => (None, String::new()),
        }
    }

    /// Takes an alert up: durably here, then in the supervision.
    ///
    /// # Errors
    /// When there is no such alert, or the supervision does not accept it: it is taken up here all the same.
    pub async fn take_up_alert(&self, id: &str) -> Result<(), AppError> {
        let (me, name) = self.me().await;
        let row = self
            .store
            .take_up_alert(id, AlertHandling::AcknowledgedHere, me, self.now())
            .await?
            .ok_or(SupervisionError::NoAlert)?;
        self.tell_alerts().await;
        self.acknowledge(&row, &name, "").await
    }

    /// Tells the supervision, unless it is over or acknowledged there.
    async fn acknowledge(&self, row: &JournalAlert, author: &str, comment: &str) -> Result<(), AppError> {
        if row.recovered_at.is_some() || row.alert.acknowledged {
            return Ok(());
        }
        let current = self.supervision.read().await;
        let adapter = current.as_ref().map(|watching| watching.adapter.clone());
        drop(current);
        let adapter = adapter.ok_or(SupervisionError::NotSetUp)?;
        match adapter.acknowledge(&AlertTarget::of(&row.alert), author, comment).await {
            // It is well by now: there is nothing to acknowledge.
            Ok(()) | Err(AlertsError::NoSuchProblem) => Ok(()),
            Err(error) => Err(SupervisionError::from(error).into()),
        }
    }

    /// Makes an incident of an alert, once: one that has a ticket keeps it, and an open ticket about the same problem is taken instead
    /// of a second one. Answers the ticket.
    ///
    /// # Errors
    /// When there is no such alert, or the databases cannot be written.
    pub async fn alert_incident(&self, id: &str, locale: Locale) -> Result<TicketId, AppError> {
        let row = self.alert(id).await?;
        if let Some(ticket) = row.ticket {
            return Ok(ticket);
        }
        let (me, name) = self.me().await;
        let title = named(&row.alert, locale);
        if let Some(ticket) = self.open_ticket_called(&title).await? {
            self.store.link_alert(id, Some(ticket)).await?;
            self.store
                .take_up_alert(id, AlertHandling::Ticket, me, self.now())
                .await?;
            self.tell_alerts().await;
            self.acknowledge_quietly(&row, &name, &title).await;
            return Ok(ticket);
        }
        let text = locale.catalogue().text(
            "alert.description",
            &[
                ("source", row.alert.source.clone()),
                ("since", row.alert.since.to_string()),
                ("output", row.alert.output.clone()),
            ],
        );
        let ticket = NewTicket {
            title: title.clone(),
            description: RichText::from_plain(&text),
            kind: TicketKind::Incident,
            urgency: WORST,
            impact: WORST,
            category: None,
            location: None,
            channel: self.monitoring_channel().await?,
            entity: None,
            actors: me
                .into_iter()
                .map(|id| Actor {
                    role: Role::Assigned,
                    party: Party::User { id },
                })
                .collect(),
            assets: Vec::new(),
        };
        let operation = Operation::CreateTicket {
            ticket: Box::new(ticket),
        };
        operation.validate()?;
        let submission = Submission {
            lane: None,
            operations: vec![(OperationId::new(), operation)],
            draft: None,
            hold: Duration::ZERO,
        };
        let (row, accepted) = self.store.submit_for_alert(id, &submission, me, self.now()).await?;
        self.publish(accepted.changes);
        self.publish_status().await;
        if let Some(session) = self.session().await {
            session.engine.accepted(false);
        }
        self.tell_alerts().await;
        self.acknowledge_quietly(&row, &name, &title).await;
        Ok(accepted.lane)
    }

    /// The incident is what counts: that the supervision did not hear of it is in the log.
    async fn acknowledge_quietly(&self, row: &JournalAlert, author: &str, comment: &str) {
        if let Err(error) = self.acknowledge(row, author, comment).await {
            tracing::warn!(
                code = error.code(),
                "an incident was made of an alert that is not acknowledged"
            );
        }
    }

    async fn open_ticket_called(&self, title: &str) -> Result<Option<TicketId>, AppError> {
        let query = TicketQuery {
            view: View::Open,
            filter: TicketFilter {
                title: title.to_owned(),
                ..TicketFilter::default()
            },
            limit: 50,
            ..TicketQuery::default()
        };
        let found = self.store.list_tickets(&query).await?;
        Ok(found.rows.into_iter().find(|row| row.title == title).map(|row| row.id))
    }

    /// The ITSM's channel that the contract counts as monitoring.
    async fn monitoring_channel(&self) -> Result<Option<i64>, AppError> {
        let classes = &self.contract().await?.classification;
        let (channels, _) = self.store.catalogue(CatalogueKind::Channel).await?;
        let found = channels
            .iter()
            .find(|channel| classes.channel(Some(&channel.full_name)) == Some(Channel::Monitoring));
        Ok(found.map(|channel| channel.id))
    }
}

/// The settings of a supervision before anybody said anything.
impl Default for SupervisionSettings {
    fn default() -> Self {
        Self {
            kind: SupervisionKind::Nagios,
            name: String::new(),
            url: String::new(),
            login: String::new(),
            authorities: None,
            calm_min: CALM_MIN,
        }
    }
}

#[cfg(test)]
#[path = "supervision_tests.rs"]
mod tests;
