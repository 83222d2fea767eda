//! Remote control at the desk: what could be started on a ticket's equipment, the person's answer, the start, the end, and the task
//! that it leaves in the ticket.
//!
//! Everything the inventory says is hostile: it is shown, and goes nowhere but through [`guichet_remote::plan()`]. Nothing starts
//! without a consent that the ticket's log grants, and a session is kept before it is started, so that one that began is never
//! forgotten. Its task has the session's own identity: ended twice, it is there once.

use crate::{
    api::{
        ConsentState, RemoteAsset, RemotePlan, RemoteSessionCard, RemoteSheet, RemoteTarget, RemoteTool, TargetFrom,
        UiError,
    },
    core::{
        Desk,
        desk::AppEvent,
        secrets::{SecretError, Secrets},
    },
    error::AppError,
    messages::Locale,
};
use guichet_domain::{
    OperationId, TicketId,
    asset::{AssetKey, AssetReach},
    consent::{
        AskedPerson, ConsentAnswer, ConsentError, ConsentId, ConsentLog, ConsentMeans, ConsentRecord, ConsentSubject,
        Granted, NotGranted,
    },
    operation::Operation,
    rich_text::RichText,
    timeline::TaskState,
    wording::{Phrases, date_time, length},
};
use guichet_remote::{
    Launch, Launcher, Policy, Programs, RemoteError, RemoteSession, Tool, discovery, plan,
    policy::TeamViewerSessions,
    target::WordKind,
    teamviewer::{NewSession, Session, SessionCode, TeamViewerApi, TeamViewerError},
};
use guichet_store::{KeptSession, Store, TicketView};
use jiff::{Timestamp, tz::TimeZone};
use secrecy::SecretString;
use std::{
    collections::BTreeSet,
    io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::broadcast, task::JoinSet};

/// Ending a session does not wait longer for TeamViewer's service: it can be joined for a day at most anyhow.
const CLOSING: Duration = Duration::from_secs(5);

/// What opens a link, given whole.
pub type Opener = Arc<dyn Fn(&str) -> io::Result<()> + Send + Sync>;

/// Why a session is not started, or not found.
#[derive(Debug, thiserror::Error)]
pub enum RemoteFailure {
    /// Nobody agreed, or no longer.
    #[error(transparent)]
    NotGranted(#[from] NotGranted),
    /// The policy names no service that makes sessions.
    #[error("the policy has no TeamViewer group")]
    NoService,
    /// No token of the service is kept.
    #[error("no token of TeamViewer is kept")]
    NoToken,
    /// There is no such session.
    #[error("there is no remote session {0}")]
    Unknown(OperationId),
}

impl RemoteFailure {
    /// Codes of its own, for the catalogue's test.
    pub const CODES: [&'static str; 3] = [
        "remote_service_missing",
        "remote_token_missing",
        "remote_session_unknown",
    ];

    /// Key in the message catalogue.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotGranted(why) => why.code(),
            Self::NoService => "remote_service_missing",
            Self::NoToken => "remote_token_missing",
            Self::Unknown(_) => "remote_session_unknown",
        }
    }
}

/// What a desk knows of the sessions of this run.
#[derive(Debug, Default)]
pub struct RemoteDesk {
    /// Sessions whose end this run will see.
    watched: Arc<Mutex<BTreeSet<OperationId>>>,
    tasks: Mutex<JoinSet<()>>,
    /// Tests put a policy of their own here; a desk has the machine's.
    policy: Mutex<Option<PathBuf>>,
    /// And speak to a service on this machine.
    service: Mutex<Option<TeamViewerSessions>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl RemoteDesk {
    /// The machine's policy and the programs it finds.
    async fn setup(&self) -> Result<(Policy, Programs), AppError> {
        let file = lock(&self.policy).clone();
        let (mut policy, programs) = tokio::task::spawn_blocking(move || {
            let policy = discovery::policy(file.as_deref())?;
            let programs = discovery::programs(&policy);
            Ok::<_, RemoteError>((policy, programs))
        })
        .await
        .map_err(|error| AppError::Store(io::Error::other(error).into()))??;
        if let Some(service) = lock(&self.service).clone() {
            policy.teamviewer_sessions = Some(service);
        }
        Ok((policy, programs))
    }

    /// Another policy, and another service, than the machine's.
    #[cfg(test)]
    pub(crate) fn instead(&self, policy: PathBuf, service: Option<TeamViewerSessions>) {
        *lock(&self.policy) = Some(policy);
        *lock(&self.service) = service;
    }

    /// Ends watching; what was started goes on.
    pub(crate) fn stop(&self) {
        lock(&self.tasks).abort_all();
        lock(&self.watched).clear();
    }

    fn card(&self, session: KeptSession) -> RemoteSessionCard {
        card(session, &lock(&self.watched))
    }

    /// Waits for the program's end, which is the session's.
    fn watch(&self, mut launched: RemoteSession, id: OperationId, store: Store, events: broadcast::Sender<AppEvent>) {
        lock(&self.watched).insert(id);
        let watched = self.watched.clone();
        let mut tasks = lock(&self.tasks);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(async move {
            let ended = launched.ended().await;
            lock(&watched).remove(&id);
            let kept = match ended {
                Ok(Some(ended)) => store.end_session(id, ended.at).await,
                Ok(None) => store.remote_session(id).await,
                Err(error) => {
                    tracing::warn!(%error, "the end of a remote session cannot be told");
                    store.remote_session(id).await
                }
            };
            match kept {
                Ok(Some(session)) => {
                    let card = card(session, &lock(&watched));
                    let _ = events.send(AppEvent::RemoteSession(Box::new(card)));
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "the end of a remote session could not be kept"),
            }
        });
    }
}

fn card(session: KeptSession, watched: &BTreeSet<OperationId>) -> RemoteSessionCard {
    RemoteSessionCard {
        end_is_seen: session.end_is_seen && (session.ended_at.is_some() || watched.contains(&session.id)),
        id: session.id,
        ticket: session.ticket,
        asset: session.asset,
        asset_name: session.asset_name,
        tool: session.tool,
        target: session.target,
        code: session.code,
        link: session.link,
        consent: session.consent,
        started_at: session.started_at,
        ended_at: session.ended_at,
        noted: session.noted,
    }
}

/// A tool by its name; the Web API's sessions by the name people type as well.
fn tool_named(name: &str) -> Result<Tool, RemoteError> {
    match name {
        "teamviewer-session" => Ok(Tool::TeamViewerSession),
        name => name.parse(),
    }
}

/// A tool's name for people.
pub(crate) fn label(phrases: &dyn Phrases, tool: &str) -> String {
    match tool.strip_prefix("link:") {
        Some(name) => name.to_owned(),
        None => phrases.phrase(&format!("remote.tool.{tool}"), &[]),
    }
}

/// What a tool takes that is told a target; `None` for one that takes none (the Web API makes its own).
fn example(tool: &Tool, policy: &Policy) -> Option<&'static str> {
    match tool {
        Tool::Webex | Tool::QuickAssist | Tool::TeamViewerSession => None,
        Tool::Link(name) => policy.link(name)?.word().map(|word| match word {
            WordKind::Digits => "1",
            WordKind::Host | WordKind::Word => "PC-0417",
        }),
        tool => tool.example().split(", ").next(),
    }
}

/// Whether a computer's name is a target of the tool.
fn takes_a_computer(tool: &Tool, policy: &Policy) -> bool {
    match tool {
        Tool::RemoteAssistance | Tool::Rdp | Tool::Vnc => true,
        Tool::Link(name) => policy
            .link(name)
            .is_some_and(|link| link.word() == Some(WordKind::Host)),
        _ => false,
    }
}

/// Pieces of equipment that the server is asked about at once.
const MOST_ASKED: usize = 12;

async fn known(desk: &Desk, ticket: TicketId) -> Result<TicketView, AppError> {
    let view = desk.store.ticket(ticket).await?;
    view.ok_or(AppError::NoSuchTicket(ticket))
}

/// Everything the panel of a ticket shows.
///
/// # Errors
/// When the ticket is not known here, or the databases cannot be read. A policy that is wrong is told at each tool: what was agreed
/// is shown all the same.
pub async fn sheet(desk: &Desk, ticket: TicketId, locale: Locale) -> Result<RemoteSheet, AppError> {
    let view = known(desk, ticket).await?;
    let ticket = view.ticket.id;
    let setup = desk.remote.setup().await;
    let token = desk.remote_secrets().await.read().await.is_ok();
    let log = desk.store.consents(ticket).await?;
    let sessions = desk.store.sessions_of(ticket).await?;

    let mut assets = view.assets;
    let person = view.requester.map(|card| {
        assets.extend(card.assets);
        AskedPerson {
            user: Some(card.person.id),
            name: card.person.display_name(),
        }
    });
    let mut seen = BTreeSet::new();
    assets.retain(|asset| seen.insert(asset.key.clone()));

    let now = desk.now();
    let subjects = assets.iter().map(|asset| Some(asset.key.clone())).chain([None]);
    let states = subjects.map(|asset| state(&log, ConsentSubject { ticket, asset }, now, &setup));
    let states = states.collect();
    let mut shown = Vec::with_capacity(assets.len());
    for asset in assets {
        let reach = desk.store.reach(&asset.key).await?.unwrap_or_default();
        shown.push(RemoteAsset {
            targets: match &setup {
                Ok((policy, programs)) => targets(&asset.name, &reach, policy, programs, locale),
                Err(_) => Vec::new(),
            },
            name: asset.name,
            key: asset.key,
        });
    }
    Ok(RemoteSheet {
        ticket,
        person,
        assets: shown,
        tools: tools(&setup, token, locale),
        consents: log.records().to_vec(),
        states,
        sessions: sessions.into_iter().map(|session| desk.remote.card(session)).collect(),
    })
}

fn state(
    log: &ConsentLog,
    subject: ConsentSubject,
    now: Timestamp,
    setup: &Result<(Policy, Programs), AppError>,
) -> ConsentState {
    let last = log.records().iter().rev().find(|record| record.subject == subject);
    let granted = match setup {
        Ok((policy, _)) => log
            .grant(&subject, now, policy.consent_valid)
            .map_err(|why| why.code().to_owned()),
        // How long it holds is not known.
        Err(error) => Err(error.code().to_owned()),
    };
    ConsentState {
        last: last.cloned(),
        asset: subject.asset,
        granted_until: granted.as_ref().ok().map(Granted::until),
        reason: granted.err(),
    }
}

fn told(error: RemoteError, locale: Locale) -> UiError {
    AppError::from(error).explain(locale)
}

/// The ways to a piece of equipment, the surest first: its identity in a program, its name, its addresses.
fn targets(name: &str, reach: &AssetReach, policy: &Policy, programs: &Programs, locale: Locale) -> Vec<RemoteTarget> {
    let way = |tool: &Tool, target: &str, from| {
        let problem = match plan(tool, target, policy, programs) {
            Ok(_) => None,
            Err(RemoteError::NotAllowed { .. } | RemoteError::NotOnThisSystem { .. }) => return None,
            Err(error) => Some(told(error, locale)),
        };
        Some(RemoteTarget {
            tool: tool.name(),
            target: target.to_owned(),
            from,
            problem,
        })
    };
    let known = reach.remote_ids.iter().filter_map(|remote| {
        let tool = Tool::BUILT_IN.into_iter().find(|tool| tool.name() == remote.tool)?;
        way(&tool, &remote.id, TargetFrom::RemoteItem)
    });
    let links = policy.link_names().map(|name| Tool::Link(name.to_owned()));
    let computers: Vec<Tool> = Tool::BUILT_IN
        .into_iter()
        .chain(links)
        .filter(|tool| takes_a_computer(tool, policy))
        .collect();
    let named = computers
        .iter()
        .filter(|_| !name.trim().is_empty())
        .filter_map(|tool| way(tool, name, TargetFrom::Name));
    let addressed = reach.addresses.iter().flat_map(|address| {
        computers
            .iter()
            .filter_map(|tool| way(tool, address, TargetFrom::Address))
    });
    known.chain(named).chain(addressed).collect()
}

/// The same, after the server was asked how the ticket's equipment is reached now. Without a server, what is kept.
///
/// # Errors
/// As [`sheet`]. What the server does not answer is left as it was.
pub async fn fresh_sheet(desk: &Desk, ticket: TicketId, locale: Locale) -> Result<RemoteSheet, AppError> {
    let known = sheet(desk, ticket, locale).await?;
    let Some(session) = desk.session().await else {
        return Ok(known);
    };
    let asking = known
        .assets
        .iter()
        .take(MOST_ASKED)
        .map(|asset| session.engine.reach(&asset.key));
    for answer in futures::future::join_all(asking).await {
        if let Err(error) = answer {
            tracing::debug!(%error, "how equipment is reached");
        }
    }
    sheet(desk, ticket, locale).await
}

fn tools(setup: &Result<(Policy, Programs), AppError>, token: bool, locale: Locale) -> Vec<RemoteTool> {
    let shown = |tool: &Tool, takes_target, problem| RemoteTool {
        label: label(&locale, &tool.name()),
        tool: tool.name(),
        takes_target,
        problem,
        end_is_seen: tool.end_is_seen(),
    };
    let (policy, programs) = match setup {
        Ok(setup) => setup,
        Err(error) => {
            let default = Policy::default();
            let told = |tool: &Tool| shown(tool, example(tool, &default).is_some(), Some(error.explain(locale)));
            return Tool::BUILT_IN.iter().map(told).collect();
        }
    };
    let links = policy.link_names().map(|name| Tool::Link(name.to_owned()));
    Tool::BUILT_IN
        .into_iter()
        .chain(links)
        .filter(|tool| policy.allows(tool))
        .map(|tool| {
            let takes = example(&tool, policy);
            let problem = if tool == Tool::TeamViewerSession {
                match (&policy.teamviewer_sessions, token) {
                    (None, _) => Some(AppError::from(RemoteFailure::NoService).explain(locale)),
                    (Some(_), false) => Some(AppError::from(RemoteFailure::NoToken).explain(locale)),
                    (Some(_), true) => None,
                }
            } else {
                let planned = plan(&tool, takes.unwrap_or_default(), policy, programs);
                planned.err().map(|error| told(error, locale))
            };
            shown(&tool, takes.is_some(), problem)
        })
        .collect()
}

/// A person's answer, as the technician notes it.
#[derive(Debug, Clone)]
pub struct Answer {
    /// On which equipment.
    pub asset: Option<AssetKey>,
    /// Who answered.
    pub person: AskedPerson,
    /// How.
    pub means: ConsentMeans,
    /// When the question was put.
    pub asked_at: Timestamp,
    /// Yes or no.
    pub agreed: bool,
}

async fn technician(desk: &Desk) -> Result<guichet_domain::UserId, AppError> {
    // Known from the last sign-in: no network is needed.
    desk.account()
        .await
        .map(|account| account.user)
        .ok_or(AppError::NotSignedIn)
}

/// Keeps an answer, for good.
///
/// # Errors
/// When the ticket or the equipment is not known here, or the record contradicts itself.
pub async fn record(desk: &Desk, ticket: TicketId, answer: Answer) -> Result<ConsentId, AppError> {
    let ticket = known(desk, ticket).await?.ticket.id;
    if let Some(key) = &answer.asset {
        asset_name(desk, key).await?;
    }
    let record = ConsentRecord {
        id: ConsentId::new(),
        subject: ConsentSubject {
            ticket,
            asset: answer.asset,
        },
        technician: technician(desk).await?,
        person: AskedPerson {
            user: answer.person.user,
            name: answer.person.name.trim().to_owned(),
        },
        means: answer.means,
        asked_at: answer.asked_at,
        answered_at: desk.now(),
        answer: if answer.agreed {
            ConsentAnswer::Agreed
        } else {
            ConsentAnswer::Refused
        },
    };
    let id = record.id;
    desk.store.record_consent(record).await?;
    Ok(id)
}

/// Takes an agreement back: a record of its own.
///
/// # Errors
/// When the ticket has no such agreement, or it was taken back before.
pub async fn withdraw(desk: &Desk, ticket: TicketId, agreement: ConsentId) -> Result<ConsentId, AppError> {
    let log = desk.store.consents(ticket).await?;
    let agreed = log.records().iter().find(|record| record.id == agreement);
    let agreed = agreed.ok_or_else(|| guichet_store::StoreError::from(ConsentError::NoSuchAgreement(agreement)))?;
    // A clock that was set back must not keep anybody from taking a consent back.
    let at = desk.now().max(agreed.answered_at);
    let record = ConsentRecord {
        id: ConsentId::new(),
        technician: technician(desk).await?,
        asked_at: at,
        answered_at: at,
        answer: ConsentAnswer::Withdrawn { agreement },
        ..agreed.clone()
    };
    let id = record.id;
    desk.store.record_consent(record).await?;
    Ok(id)
}

async fn asset_name(desk: &Desk, key: &AssetKey) -> Result<String, AppError> {
    let asset = desk.store.asset(key).await?;
    asset.map(|asset| asset.name).ok_or_else(|| AppError::NotFound {
        what: "asset",
        name: format!("{}:{}", key.kind, key.id),
    })
}

/// What would be started.
///
/// # Errors
/// Why nothing would.
pub async fn planned(desk: &Desk, tool: &str, target: &str) -> Result<RemotePlan, AppError> {
    let (policy, programs) = desk.remote.setup().await?;
    let planned = plan(&tool_named(tool)?, target, &policy, &programs)?;
    Ok(match planned.launch() {
        Launch::Program { program, arguments } => RemotePlan {
            program: Some(program.clone()),
            arguments: arguments.clone(),
            link: None,
        },
        Launch::Link { link } => RemotePlan {
            program: None,
            arguments: Vec::new(),
            link: Some(link.clone()),
        },
    })
}

async fn grant(desk: &Desk, subject: &ConsentSubject, policy: &Policy) -> Result<Granted, AppError> {
    let log = desk.store.consents(subject.ticket).await?;
    let granted = log.grant(subject, desk.now(), policy.consent_valid);
    Ok(granted.map_err(RemoteFailure::from)?)
}

/// Starts a session on a consent that holds.
///
/// # Errors
/// Why nothing was started.
pub async fn start(
    desk: &Desk,
    ticket: TicketId,
    asset: Option<AssetKey>,
    tool: &str,
    target: &str,
    open: Opener,
) -> Result<RemoteSessionCard, AppError> {
    let view = known(desk, ticket).await?;
    let ticket = view.ticket.id;
    let tool = tool_named(tool)?;
    let asset_name = match &asset {
        Some(key) => asset_name(desk, key).await?,
        None => String::new(),
    };
    let (policy, programs) = desk.remote.setup().await?;
    let subject = ConsentSubject { ticket, asset };
    let consent = grant(desk, &subject, &policy).await?.consent();
    let service = if tool == Tool::TeamViewerSession && target.is_empty() {
        if !policy.allows(&tool) {
            return Err(RemoteError::NotAllowed { tool }.into());
        }
        Some(service(desk, &policy).await?)
    } else {
        // Refused before anything is kept.
        plan(&tool, target, &policy, &programs)?;
        None
    };
    let mut session = KeptSession {
        id: OperationId::new(),
        ticket,
        asset: subject.asset.clone(),
        asset_name,
        tool: tool.name(),
        target: target.to_owned(),
        code: None,
        link: None,
        consent,
        started_at: desk.now(),
        ended_at: None,
        end_is_seen: tool.end_is_seen(),
        noted: false,
    };
    desk.store.keep_session(&session).await?;
    let launched = launch(
        desk,
        &mut session,
        &subject,
        service.as_ref(),
        (&policy, &programs),
        open,
    )
    .await;
    let launched = match launched {
        Ok(launched) => launched,
        Err(error) => {
            // Nothing began: a session that can still be joined is closed, and none is told of.
            if let Some((service, code)) = service.zip(session.code) {
                close(&service, code).await;
            }
            desk.store.forget_session(session.id).await?;
            return Err(error);
        }
    };
    if launched.plan().end_is_seen() && launched.process().is_some() {
        desk.remote
            .watch(launched, session.id, desk.store.clone(), desk.sender());
    }
    let card = desk.remote.card(session);
    desk.tell(AppEvent::RemoteSession(Box::new(card.clone())));
    Ok(card)
}

/// Makes the session at the service, where it is one of those, and starts it. The consent is asked for once more at the last moment:
/// it may have been taken back while the service was waited for.
async fn launch(
    desk: &Desk,
    session: &mut KeptSession,
    subject: &ConsentSubject,
    service: Option<&TeamViewerApi>,
    (policy, programs): (&Policy, &Programs),
    open: Opener,
) -> Result<RemoteSession, AppError> {
    let tool = tool_named(&session.tool)?;
    if let Some(service) = service {
        let made = make(service, session).await?;
        session.target = made.supporter_link;
        session.code = Some(made.code.to_string());
        session.link = Some(made.customer_link);
        session.started_at = desk.now();
        desk.store.keep_session(session).await?;
    }
    let planned = plan(&tool, &session.target, policy, programs)?;
    let granted = grant(desk, subject, policy).await?;
    session.consent = granted.consent();
    let subject = subject.clone();
    let launched =
        tokio::task::spawn_blocking(move || Launcher::new(move |link| open(link)).launch(planned, &subject, granted))
            .await
            .map_err(|error| AppError::Store(io::Error::other(error).into()))??;
    Ok(launched)
}

/// TeamViewer's service with the token that is kept.
async fn service(desk: &Desk, policy: &Policy) -> Result<TeamViewerApi, AppError> {
    let sessions = policy.teamviewer_sessions.as_ref().ok_or(RemoteFailure::NoService)?;
    let secrets = match desk.remote_secrets().await.read().await {
        Err(SecretError::None) => return Err(RemoteFailure::NoToken.into()),
        other => other?,
    };
    let token = secrets.user_token.clone().ok_or(RemoteFailure::NoToken)?;
    Ok(TeamViewerApi::new(sessions, SecretString::from(token)).map_err(RemoteError::from)?)
}

/// Makes a session at the service. Where the answer is lost, the session is looked for by what it was described as: asking again
/// would make a second one.
async fn make(service: &TeamViewerApi, session: &KeptSession) -> Result<Session, RemoteError> {
    let new = NewSession {
        description: format!("Guichet #{} {}", session.ticket, session.id),
        ..NewSession::default()
    };
    match service.create(&new).await {
        Err(lost @ TeamViewerError::Unreachable { maybe_made: true, .. }) => {
            let open = service.open_sessions().await?;
            let mut open = open.into_iter();
            open.find(|session| session.description.as_deref() == Some(&new.description))
                .ok_or_else(|| lost.into())
        }
        other => Ok(other?),
    }
}

/// Closes a session at the service. What fails is logged: it lapses by itself.
async fn close(service: &TeamViewerApi, code: String) {
    let Ok(code) = SessionCode::try_from(code) else {
        return;
    };
    match tokio::time::timeout(CLOSING, service.close(&code)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "a TeamViewer session could not be closed"),
        Err(_) => tracing::warn!("a TeamViewer session could not be closed in time"),
    }
}

/// Ends a session that is not over and puts its task into the ticket, once. Both are durable before a service is spoken to.
///
/// # Errors
/// When there is no such session, or the ticket cannot take the task: the session has ended all the same.
pub async fn end(desk: &Desk, id: OperationId, note: &str, locale: Locale) -> Result<RemoteSessionCard, AppError> {
    let session = desk.store.end_session(id, desk.now()).await?;
    let session = session.ok_or(RemoteFailure::Unknown(id))?;
    let code = session.code.clone().filter(|_| !session.noted);
    let noted = put_down(desk, session.clone(), note, locale).await;
    if let Some(code) = code
        && let Ok((policy, _)) = desk.remote.setup().await
        && let Ok(service) = service(desk, &policy).await
    {
        close(&service, code).await;
    }
    let card = desk.remote.card(noted.as_ref().map_or(session, Clone::clone));
    desk.tell(AppEvent::RemoteSession(Box::new(card.clone())));
    noted.map(|_| card)
}

/// Gives the task of an ended session to the outbox.
async fn put_down(desk: &Desk, session: KeptSession, note: &str, locale: Locale) -> Result<KeptSession, AppError> {
    if session.noted {
        return Ok(session);
    }
    let log = desk.store.consents(session.ticket).await?;
    let task = task(&session, &log, note, &locale, &TimeZone::system());
    let (noted, changes) = desk.store.note_session(session.id, task, desk.now()).await?;
    desk.publish(changes);
    desk.publish_status().await;
    if let Some(running) = desk.session().await {
        running.engine.accepted(false);
    }
    Ok(noted.unwrap_or(session))
}

/// The session as it is read in its ticket: a private task, done. It says who agreed, how and when, so that the ticket shows by
/// itself that it was lawful.
fn task(session: &KeptSession, log: &ConsentLog, note: &str, phrases: &dyn Phrases, zone: &TimeZone) -> Operation {
    let at = |instant| date_time(phrases, instant, zone);
    let ended = session.ended_at.unwrap_or(session.started_at);
    let seconds = ended.duration_since(session.started_at).as_secs().max(0);
    let mut lines = vec![phrases.phrase("remote.task.title", &[("tool", label(phrases, &session.tool))])];
    if !session.asset_name.is_empty() {
        lines.push(phrases.phrase("remote.task.asset", &[("name", session.asset_name.clone())]));
    }
    // The link for supporters is of no use to a reader: the code names the session.
    match &session.code {
        Some(code) => lines.push(phrases.phrase("remote.task.code", &[("code", code.clone())])),
        None if session.target.is_empty() => {}
        None => lines.push(phrases.phrase("remote.task.target", &[("target", session.target.clone())])),
    }
    lines.push(phrases.phrase(
        "remote.task.times",
        &[
            ("start", at(session.started_at)),
            ("end", at(ended)),
            ("length", length(phrases, seconds)),
        ],
    ));
    if let Some(agreed) = log.records().iter().find(|record| record.id == session.consent) {
        lines.push(phrases.phrase(
            "remote.task.consent",
            &[
                ("person", agreed.person.name.clone()),
                ("means", phrases.phrase(&format!("consent.means.{}", agreed.means), &[])),
                ("at", at(agreed.answered_at)),
            ],
        ));
        let taken_back = ConsentAnswer::Withdrawn { agreement: agreed.id };
        if let Some(withdrawn) = log.records().iter().find(|record| record.answer == taken_back) {
            lines.push(phrases.phrase("remote.task.withdrawn", &[("at", at(withdrawn.answered_at))]));
        }
    }
    let note = note.trim();
    if !note.is_empty() {
        lines.push(note.to_owned());
    }
    Operation::AddTask {
        body: RichText::from_plain(&lines.join("\n")),
        private: true,
        state: TaskState::Done,
        duration_s: seconds,
        // A planned start would make the ticket a planned one at the backend; the times are in the words.
        begin: None,
        assignee: None,
    }
}

/// Sessions that are not over, those that an earlier run left among them, and those whose task is still to be written; oldest first.
///
/// # Errors
/// When the databases cannot be read.
pub async fn open_sessions(desk: &Desk) -> Result<Vec<RemoteSessionCard>, AppError> {
    let sessions = desk.store.open_sessions().await?;
    Ok(sessions.into_iter().map(|session| desk.remote.card(session)).collect())
}

/// Keeps the token of TeamViewer's service where the profile's secrets are; `None` forgets it.
///
/// # Errors
/// When the place refuses it.
pub async fn save_token(desk: &Desk, token: Option<String>) -> Result<(), AppError> {
    let place = desk.remote_secrets().await;
    match token
        .map(|token| token.trim().to_owned())
        .filter(|token| !token.is_empty())
    {
        Some(token) => {
            let mut secrets = Secrets::default();
            secrets.user_token = Some(token);
            place.write(&secrets).await?;
        }
        None => place.delete().await?,
    }
    Ok(())
}

/// Whether a token is kept.
///
/// # Errors
/// When that cannot be told.
pub async fn token_set(desk: &Desk) -> Result<bool, AppError> {
    match desk.remote_secrets().await.read().await {
        Ok(secrets) => Ok(secrets.user_token.is_some()),
        Err(SecretError::None) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// One of each, for the catalogue's test.
#[cfg(test)]
pub(crate) fn every_error() -> Vec<RemoteFailure> {
    let now = Timestamp::UNIX_EPOCH;
    let why = [
        NotGranted::NotAsked,
        NotGranted::Refused,
        NotGranted::Withdrawn,
        NotGranted::Expired(now),
        NotGranted::Future(now),
    ];
    let mut errors: Vec<RemoteFailure> = why.into_iter().map(RemoteFailure::from).collect();
    errors.extend([
        RemoteFailure::NoService,
        RemoteFailure::NoToken,
        RemoteFailure::Unknown(OperationId::new()),
    ]);
    errors
}

#[cfg(all(test, unix))]
#[path = "remote_tests.rs"]
mod tests;
