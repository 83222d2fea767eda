//! `remote consent`, `withdraw`, `show`, `start` and `end`: remote control of a profile's tickets. The policy is the machine's: no
//! argument gives another one to start by.

use super::{
    Ending, Output,
    args::{ConsentArgs, RemoteCommand, RemoteEndArgs, RemoteStartArgs, WithdrawArgs},
    output::shown_time,
    write::push,
};
use crate::{
    api::{RemoteSessionCard, RemoteSheet},
    commands::remote::opener,
    core::{
        Desk,
        remote::{self, Answer, label},
    },
    error::AppError,
};
use guichet_domain::{
    OperationId, TicketId,
    asset::AssetKey,
    consent::{AskedPerson, ConsentAnswer, ConsentId, ConsentMeans, ConsentRecord},
};
use serde_json::json;

fn usage(what: &'static str, value: &str) -> AppError {
    AppError::Usage {
        what,
        value: value.to_owned(),
    }
}

/// "Computer:12".
fn asset(text: &str) -> Result<AssetKey, AppError> {
    let parts = text.rsplit_once(':').filter(|(kind, _)| !kind.is_empty());
    let key = parts.and_then(|(kind, id)| {
        Some(AssetKey {
            kind: kind.to_owned(),
            id: id.parse().ok()?,
        })
    });
    key.ok_or_else(|| usage("--asset", text))
}

fn key(asset: &AssetKey) -> String {
    format!("{}:{}", asset.kind, asset.id)
}

/// Runs a command about remote control of a ticket.
///
/// # Errors
/// Why it was not done.
pub async fn run(desk: &Desk, out: &Output, command: &RemoteCommand) -> Result<Ending, AppError> {
    match command {
        RemoteCommand::Plan(args) => super::remote::run(out, args),
        RemoteCommand::Consent(args) => consent(desk, out, args).await,
        RemoteCommand::Withdraw(args) => withdraw(desk, out, args).await,
        RemoteCommand::Show(args) => show(desk, out, TicketId(args.id)).await,
        RemoteCommand::Start(args) => start(desk, out, args).await,
        RemoteCommand::End(args) => end(desk, out, args).await,
    }
}

async fn consent(desk: &Desk, out: &Output, args: &ConsentArgs) -> Result<Ending, AppError> {
    let ticket = TicketId(args.id);
    let answer = Answer {
        asset: args.asset.as_deref().map(asset).transpose()?,
        person: AskedPerson {
            user: None,
            name: args.person.clone(),
        },
        means: if args.link {
            ConsentMeans::Link
        } else {
            ConsentMeans::Aloud
        },
        asked_at: desk.now(),
        agreed: args.agreed,
    };
    let id = remote::record(desk, ticket, answer).await?;
    recorded(desk, out, ticket, id).await
}

async fn withdraw(desk: &Desk, out: &Output, args: &WithdrawArgs) -> Result<Ending, AppError> {
    let agreement = args.agreement.parse();
    let agreement = ConsentId(agreement.map_err(|_| usage("agreement", &args.agreement))?);
    let ticket = TicketId(args.id);
    let id = remote::withdraw(desk, ticket, agreement).await?;
    recorded(desk, out, ticket, id).await
}

async fn recorded(desk: &Desk, out: &Output, ticket: TicketId, id: ConsentId) -> Result<Ending, AppError> {
    let log = desk.store.consents(ticket).await?;
    let record = log.records().iter().find(|record| record.id == id);
    out.answer(&json!(record), || {
        record.map_or_else(String::new, |record| {
            out.text(
                "remote.recorded",
                &[
                    ("answer", answer_words(out, record)),
                    ("person", record.person.name.clone()),
                    ("id", record.id.to_string()),
                ],
            )
        })
    });
    Ok(Ending::Done)
}

fn answer_words(out: &Output, record: &ConsentRecord) -> String {
    let name = match record.answer {
        ConsentAnswer::Agreed => "agreed",
        ConsentAnswer::Refused => "refused",
        ConsentAnswer::Withdrawn { .. } => "withdrawn",
    };
    out.text(&format!("consent.answer.{name}"), &[])
}

async fn show(desk: &Desk, out: &Output, ticket: TicketId) -> Result<Ending, AppError> {
    let sheet = remote::sheet(desk, ticket, out.locale).await?;
    out.answer(&json!(sheet), || words(out, &sheet));
    Ok(Ending::Done)
}

/// The equipment with what holds for it and the ways to it, then the answers, then the sessions.
fn words(out: &Output, sheet: &RemoteSheet) -> String {
    let mut lines = Vec::new();
    for state in &sheet.states {
        let asset = sheet
            .assets
            .iter()
            .find(|asset| Some(&asset.key) == state.asset.as_ref());
        let name = match asset {
            Some(asset) => out.text(
                "remote.show.asset",
                &[("name", asset.name.clone()), ("key", key(&asset.key))],
            ),
            None => out.text("remote.show.unknown", &[]),
        };
        let stands = match (state.granted_until, &state.reason) {
            (Some(until), _) => out.text("remote.show.holds", &[("at", shown_time(until))]),
            (None, reason) => {
                let code = reason.as_deref().unwrap_or("consent_not_asked");
                let reason = out.locale.catalogue().error(code, &[]).message;
                out.text("remote.show.none", &[("reason", reason)])
            }
        };
        lines.push(format!("{name} · {stands}"));
        for target in asset.map(|asset| asset.targets.as_slice()).unwrap_or_default() {
            let mut line = out.text(
                "remote.show.target",
                &[
                    ("tool", label(&out.locale, &target.tool)),
                    ("target", target.target.clone()),
                ],
            );
            if let Some(problem) = &target.problem {
                line = format!("{line} · {}", problem.message);
            }
            lines.push(format!("  {line}"));
        }
    }
    lines.extend(sheet.consents.iter().map(|record| {
        out.text(
            "remote.show.record",
            &[
                ("at", shown_time(record.answered_at)),
                ("answer", answer_words(out, record)),
                ("person", record.person.name.clone()),
                ("id", record.id.to_string()),
            ],
        )
    }));
    lines.extend(sheet.sessions.iter().map(|session| session_words(out, session)));
    lines.join("\n")
}

fn session_words(out: &Output, session: &RemoteSessionCard) -> String {
    let state = match (session.ended_at, session.noted) {
        (None, _) => "remote.session.open",
        (Some(_), false) => "remote.session.ended",
        (Some(_), true) => "remote.session.noted",
    };
    out.text(
        "remote.show.session",
        &[
            ("start", shown_time(session.started_at)),
            ("tool", label(&out.locale, &session.tool)),
            ("target", session.target.clone()),
            ("state", out.text(state, &[])),
            ("id", session.id.to_string()),
        ],
    )
}

async fn start(desk: &Desk, out: &Output, args: &RemoteStartArgs) -> Result<Ending, AppError> {
    let asset = args.asset.as_deref().map(asset).transpose()?;
    let card = remote::start(desk, TicketId(args.id), asset, &args.tool, &args.target, opener()).await?;
    out.answer(&json!(card), || {
        let started = out.text(
            "remote.started",
            &[("tool", label(&out.locale, &card.tool)), ("id", card.id.to_string())],
        );
        match &card.link {
            Some(link) => format!("{started}\n{}", out.text("remote.link", &[("link", link.clone())])),
            None => started,
        }
    });
    Ok(Ending::Done)
}

async fn end(desk: &Desk, out: &Output, args: &RemoteEndArgs) -> Result<Ending, AppError> {
    let id: OperationId = args.session.parse().map_err(|_| usage("session", &args.session))?;
    let card = remote::end(desk, id, &args.note, out.locale).await?;
    // What keeps it here is told by `outbox list`: the session has ended and its task is durable.
    let pushed = push(desk, &[id]).await;
    out.answer(&json!(card), || session_words(out, &card));
    let entry = desk.store.entry(id).await?;
    let waits = pushed.is_err() || entry.is_some_and(|entry| entry.state.is_pending());
    Ok(if waits { Ending::Waiting } else { Ending::Done })
}
