//! Commands that write. Each is accepted durably first; then, if the server can be reached, it is sent at once: exit code
//! 0 when it is known to have arrived, 3 while it waits in the outbox, 1 when the server refused it.

use super::{
    Ending, Output,
    args::{
        AssignArgs, EntryId, KindArg, NewArgs, OutboxCommand, RestoredArgs, RoleArg, SetArgs, TaskArg, TextArgs,
        TicketCommand,
    },
    names,
    read::{entry_document, entry_reason},
};
use crate::{
    core::{Desk, files},
    error::AppError,
};
use guichet_domain::{
    OperationId, TicketId,
    catalogue::{CatalogueKind, CatalogueRef},
    operation::{AttachTo, Field, FieldValue, NewTicket, Operation},
    outbox::{EntryState, OutboxEntry},
    rich_text::RichText,
    ticket::{Actor, Level, Party, Role, Ticket, TicketKind},
    timeline::TaskState,
};
use guichet_store::{Resolution, Submission};
use guichet_sync::AfterRestore;
use serde_json::json;
use std::{
    io::Read,
    path::PathBuf,
    time::{Duration, Instant},
};

/// How long a command stays to see its words leave.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long it stays when a request is under way: leaving would put it in doubt.
const UNDER_WAY: Duration = Duration::from_secs(90);
/// How long it stays after the words have left, for the ticket to be read back.
const READ_BACK: Duration = Duration::from_millis(1500);
/// Between two looks at the outbox.
const LOOK: Duration = Duration::from_millis(25);

/// A text as typed: `-` reads it from standard input.
pub(super) fn typed_text(typed: &str) -> Result<String, AppError> {
    if typed != "-" {
        return Ok(typed.to_owned());
    }
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .read_to_string(&mut text)
        .map_err(|source| AppError::File {
            path: "stdin".into(),
            source,
        })?;
    Ok(text.trim_end().to_owned())
}

fn text_of(typed: &str) -> Result<RichText, AppError> {
    Ok(RichText::from_plain(&typed_text(typed)?))
}

/// One intent, and an upload for each file, hung on what the intent creates.
async fn with_files(
    desk: &Desk,
    operation: Operation,
    attach_to: impl Fn(OperationId) -> AttachTo,
    attach: &[PathBuf],
) -> Result<Vec<(OperationId, Operation)>, AppError> {
    let id = OperationId::new();
    let mut operations = vec![(id, operation)];
    for path in attach {
        let attachment = files::keep_file(&desk.store, path).await?;
        operations.push((
            OperationId::new(),
            Operation::UploadDocument {
                attachment,
                attach_to: attach_to(id),
            },
        ));
    }
    Ok(operations)
}

async fn entry(
    desk: &Desk,
    operation: Operation,
    attach: &[PathBuf],
) -> Result<Vec<(OperationId, Operation)>, AppError> {
    with_files(desk, operation, |id| AttachTo::Operation { id }, attach).await
}

/// Runs one of the writing `ticket` commands.
pub async fn ticket(desk: &Desk, out: &Output, command: TicketCommand) -> Result<Ending, AppError> {
    let (lane, operations) = match command {
        TicketCommand::New(args) => (None, new_ticket(desk, args).await?),
        TicketCommand::Followup(args) => {
            let operation = Operation::AddFollowup {
                body: text_of(&args.entry.text)?,
                private: args.private,
            };
            on(desk, &args.entry, operation).await?
        }
        TicketCommand::Task(args) => {
            let operation = Operation::AddTask {
                body: text_of(&args.entry.text)?,
                private: args.private,
                state: match args.state {
                    TaskArg::Information => TaskState::Information,
                    TaskArg::Todo => TaskState::Todo,
                    TaskArg::Done => TaskState::Done,
                },
                duration_s: i64::from(args.minutes) * 60,
                begin: None,
                assignee: desk.account().await.map(|account| account.user),
            };
            on(desk, &args.entry, operation).await?
        }
        TicketCommand::Solve(args) => {
            let operation = Operation::AddSolution {
                body: text_of(&args.entry.text)?,
                solution_type: None,
            };
            on(desk, &args.entry, operation).await?
        }
        TicketCommand::Reopen(args) => {
            // The server wants a reason; a script that has none says at least what was done.
            let text = args.text.unwrap_or_else(|| out.text("write.reopened", &[]));
            let operation = Operation::Reopen { body: text_of(&text)? };
            let lane = known(desk, args.id).await?.id;
            (Some(lane), entry(desk, operation, &args.attach).await?)
        }
        TicketCommand::Assign(args) => {
            let lane = known(desk, args.id).await?.id;
            (Some(lane), vec![(OperationId::new(), assignment(desk, &args).await?)])
        }
        TicketCommand::Set(args) => {
            let ticket = known(desk, args.id).await?;
            (Some(ticket.id), settings(desk, &ticket, &args).await?)
        }
        TicketCommand::List(_) | TicketCommand::Show(_) => (None, Vec::new()),
    };
    let submission = Submission {
        lane,
        operations,
        draft: None,
        // A script cannot take anything back, and waits for its words to leave.
        hold: Duration::ZERO,
    };
    let accepted = desk.submit(submission).await?;
    let ids: Vec<OperationId> = accepted.entries.iter().map(|entry| entry.id).collect();
    sent_or_waiting(desk, out, accepted.lane, &ids).await
}

/// The ticket as it shows here, pending changes included.
async fn known(desk: &Desk, id: i64) -> Result<Ticket, AppError> {
    let id = TicketId(id);
    let view = desk.store.ticket(id).await?.ok_or(AppError::NoSuchTicket(id))?;
    Ok(view.ticket)
}

async fn on(
    desk: &Desk,
    args: &TextArgs,
    operation: Operation,
) -> Result<(Option<TicketId>, Vec<(OperationId, Operation)>), AppError> {
    let lane = known(desk, args.id).await?.id;
    Ok((Some(lane), entry(desk, operation, &args.attach).await?))
}

async fn new_ticket(desk: &Desk, args: NewArgs) -> Result<Vec<(OperationId, Operation)>, AppError> {
    let store = &desk.store;
    let mut actors = Vec::new();
    for (role, names) in [(Role::Requester, &args.requester), (Role::Observer, &args.observer)] {
        for name in names {
            let id = names::person(store, name).await?;
            actors.push(Actor {
                role,
                party: Party::User { id },
            });
        }
    }
    let mut rows = [None; 3];
    let lists = [
        (CatalogueKind::Category, "category", &args.category),
        (CatalogueKind::Location, "location", &args.location),
        (CatalogueKind::Channel, "channel", &args.channel),
    ];
    for (place, (kind, what, typed)) in rows.iter_mut().zip(lists) {
        if let Some(typed) = typed {
            *place = Some(names::row(store, kind, what, typed).await?);
        }
    }
    let [category, location, channel] = rows;
    let ticket = NewTicket {
        title: args.title.trim().to_owned(),
        description: text_of(&args.text)?,
        kind: match args.kind {
            KindArg::Incident => TicketKind::Incident,
            KindArg::Request => TicketKind::Request,
        },
        urgency: Level(args.urgency),
        impact: Level(args.impact),
        category,
        location,
        channel,
        entity: None,
        actors,
        assets: Vec::new(),
    };
    let operation = Operation::CreateTicket {
        ticket: Box::new(ticket),
    };
    with_files(desk, operation, |_| AttachTo::Ticket, &args.attach).await
}

async fn assignment(desk: &Desk, args: &AssignArgs) -> Result<Operation, AppError> {
    let party = match (&args.user, &args.group) {
        (Some(user), _) => Party::User {
            id: names::person(&desk.store, user).await?,
        },
        (None, Some(group)) => Party::Group {
            id: names::group(&desk.store, group).await?,
        },
        (None, None) => Party::User {
            id: names::me(desk).await?,
        },
    };
    let role = match args.role {
        RoleArg::Assigned => Role::Assigned,
        RoleArg::Observer => Role::Observer,
        RoleArg::Requester => Role::Requester,
    };
    let actor = Actor { role, party };
    Ok(if args.remove {
        Operation::Unassign { actor }
    } else {
        Operation::Assign { actor }
    })
}

fn serde_word<T: serde::de::DeserializeOwned>(what: &'static str, value: &str) -> Result<T, AppError> {
    serde_json::from_value(json!(value)).map_err(|_| AppError::Usage {
        what,
        value: value.to_owned(),
    })
}

fn level(what: &'static str, value: &str) -> Result<FieldValue, AppError> {
    let number: u8 = value.parse().map_err(|_| AppError::Usage {
        what,
        value: value.to_owned(),
    })?;
    Ok(FieldValue::Level(Level(number)))
}

async fn settings(desk: &Desk, ticket: &Ticket, args: &SetArgs) -> Result<Vec<(OperationId, Operation)>, AppError> {
    let mut changes = args.options();
    for field in &args.fields {
        let change = field.split_once('=').ok_or_else(|| AppError::Usage {
            what: "FIELD=VALUE",
            value: field.clone(),
        })?;
        changes.push(change);
    }
    if changes.is_empty() {
        return Err(AppError::Usage {
            what: "FIELD=VALUE",
            value: String::new(),
        });
    }
    let mut operations = Vec::new();
    for (name, value) in changes {
        let (field, base, new) = field_change(desk, ticket, name.trim(), value.trim()).await?;
        operations.push((OperationId::new(), Operation::SetField { field, base, new }));
    }
    Ok(operations)
}

async fn field_change(
    desk: &Desk,
    ticket: &Ticket,
    name: &str,
    value: &str,
) -> Result<(Field, FieldValue, FieldValue), AppError> {
    let row_of = |row: &Option<CatalogueRef>| FieldValue::Row(row.as_ref().map(|row| row.id));
    let list = async |kind, what| {
        Ok::<_, AppError>(FieldValue::Row(match value {
            "" | "-" => None,
            _ => Some(names::row(&desk.store, kind, what, value).await?),
        }))
    };
    Ok(match name {
        "title" => (
            Field::Title,
            FieldValue::Text(ticket.title.clone()),
            FieldValue::Text(value.to_owned()),
        ),
        "description" => (
            Field::Description,
            FieldValue::Rich(ticket.description.clone()),
            FieldValue::Rich(RichText::from_plain(value)),
        ),
        "kind" => (
            Field::Kind,
            FieldValue::Kind(ticket.kind),
            FieldValue::Kind(serde_word("kind", value)?),
        ),
        "status" => (
            Field::Status,
            FieldValue::Status(ticket.status),
            FieldValue::Status(serde_word("status", value)?),
        ),
        "urgency" => (
            Field::Urgency,
            FieldValue::Level(ticket.urgency),
            level("urgency", value)?,
        ),
        "impact" => (Field::Impact, FieldValue::Level(ticket.impact), level("impact", value)?),
        "priority" => (
            Field::Priority,
            FieldValue::Level(ticket.priority),
            level("priority", value)?,
        ),
        "category" => (
            Field::Category,
            row_of(&ticket.category),
            list(CatalogueKind::Category, "category").await?,
        ),
        "location" => (
            Field::Location,
            row_of(&ticket.location),
            list(CatalogueKind::Location, "location").await?,
        ),
        "channel" => (
            Field::Channel,
            row_of(&ticket.channel),
            list(CatalogueKind::Channel, "channel").await?,
        ),
        _ => {
            return Err(AppError::Usage {
                what: "FIELD=VALUE",
                value: name.to_owned(),
            });
        }
    })
}

/// Sends what was accepted if the server can be reached; says why it waits otherwise.
pub(super) async fn sent_or_waiting(
    desk: &Desk,
    out: &Output,
    lane: TicketId,
    ids: &[OperationId],
) -> Result<Ending, AppError> {
    let obstacle = match push(desk, ids).await {
        Ok(()) => None,
        Err(error) => Some(error.explain(out.locale)),
    };
    let entries = read_entries(desk, ids).await?;
    let lane = desk.store.resolve_ticket(lane).await?;
    let wedged = entries
        .iter()
        .find(|entry| matches!(entry.state, EntryState::Wedged { .. }));
    let pending = entries.iter().filter(|entry| entry.state.is_pending()).count();
    let (state, ending) = match (wedged, pending) {
        (Some(_), _) => ("wedged", Ending::Failed),
        (None, 0) => ("sent", Ending::Done),
        (None, _) => ("waiting", Ending::Waiting),
    };
    let mut document = json!({
        "ticket": lane,
        "state": state,
        "entries": entries.iter().map(entry_document).collect::<Vec<_>>(),
    });
    if let Some(obstacle) = &obstacle {
        document["obstacle"] = json!(obstacle);
    }
    out.answer(&document, || {
        let mut text = out.text(&format!("write.{state}"), &[("ticket", lane.to_string())]);
        if let Some(reason) = wedged.and_then(|entry| entry_reason(out, entry)) {
            text.push_str(&format!("\n  {reason}"));
        }
        if let Some(obstacle) = obstacle {
            text.push_str(&format!("\n  {}\n  → {}", obstacle.message, obstacle.hint));
        }
        text
    });
    Ok(ending)
}

async fn read_entries(desk: &Desk, ids: &[OperationId]) -> Result<Vec<OutboxEntry>, AppError> {
    let mut entries = Vec::with_capacity(ids.len());
    for id in ids {
        entries.extend(desk.store.entry(*id).await?);
    }
    Ok(entries)
}

/// A round, for as long as the given entries have something to wait for.
pub(super) async fn push(desk: &Desk, ids: &[OperationId]) -> Result<(), AppError> {
    desk.connect().await?;
    let session = desk.require_session().await?;
    session.engine.nudge();
    let round = session.engine.round();
    tokio::pin!(round);
    let begun = Instant::now();
    let mut settled: Option<Instant> = None;
    loop {
        tokio::select! {
            report = &mut round => {
                report?;
                return Ok(());
            }
            () = tokio::time::sleep(LOOK) => {}
        }
        let entries = read_entries(desk, ids).await?;
        let under_way = entries.iter().any(|entry| matches!(entry.state, EntryState::InFlight));
        let moving = |entry: &OutboxEntry| matches!(entry.state, EntryState::Queued { .. } | EntryState::InFlight);
        if settled.is_none() && !entries.iter().any(moving) {
            settled = Some(Instant::now());
        }
        let read_back = settled.is_some_and(|at| at.elapsed() > READ_BACK);
        let patience = if under_way { UNDER_WAY } else { PATIENCE };
        if read_back || begun.elapsed() > patience {
            return Ok(());
        }
    }
}

/// `outbox retry` and `outbox discard`.
pub async fn outbox(desk: &Desk, out: &Output, command: OutboxCommand) -> Result<Ending, AppError> {
    let (typed, resolution) = match command {
        OutboxCommand::Retry(entry) => (entry, Resolution::Retry),
        OutboxCommand::Discard(entry) => (entry, Resolution::Discard),
        OutboxCommand::Restored(args) => return restored(desk, out, &args).await,
        OutboxCommand::List(_) => return Ok(Ending::Usage),
    };
    let id = entry_id(desk, &typed).await?;
    let discarded = resolution == Resolution::Discard;
    desk.resolve(id, resolution).await?;
    if !discarded {
        let lane = desk.store.entry(id).await?.map_or(TicketId(0), |entry| entry.lane);
        return sent_or_waiting(desk, out, lane, &[id]).await;
    }
    let entries = read_entries(desk, &[id]).await?;
    let document = json!({ "entries": entries.iter().map(entry_document).collect::<Vec<_>>() });
    out.answer(&document, || out.text("outbox.discarded", &[]));
    Ok(Ending::Done)
}

/// `outbox restored`: what a restored server lost, or what becomes of it.
async fn restored(desk: &Desk, out: &Output, args: &RestoredArgs) -> Result<Ending, AppError> {
    desk.connect().await?;
    let answer = match (args.send_again, args.leave) {
        (true, _) => AfterRestore::SendAgain,
        (false, true) => AfterRestore::Leave,
        (false, false) => {
            let lost = desk.lost_words().await?;
            let document = json!({ "lost": lost.iter().map(entry_document).collect::<Vec<_>>() });
            out.answer(&document, || {
                let mut text = out.text("outbox.lost", &[("count", lost.len().to_string())]);
                for entry in &lost {
                    let words = entry.operation.plain_text();
                    let first: String = words.lines().next().unwrap_or_default().chars().take(80).collect();
                    text.push_str(&format!("\n  {} · {} · {first}", entry.lane, entry.id));
                }
                text
            });
            return Ok(Ending::Done);
        }
    };
    let accepted = desk.go_on_after_restore(answer).await?;
    let document = json!({ "accepted": accepted });
    out.answer(&document, || {
        out.text("outbox.gone_on", &[("count", accepted.len().to_string())])
    });
    Ok(Ending::Done)
}

/// An entry by its identity, or by the only unsent one that begins or ends so.
async fn entry_id(desk: &Desk, typed: &EntryId) -> Result<OperationId, AppError> {
    let typed = typed.id.trim();
    if let Ok(id) = typed.parse() {
        return Ok(id);
    }
    let entries = desk.store.outbox(None, false).await?;
    let fits = |id: &String| typed.len() >= 4 && (id.starts_with(typed) || id.ends_with(typed));
    let found: Vec<OperationId> = entries
        .iter()
        .filter(|entry| fits(&entry.id.to_string()))
        .map(|entry| entry.id)
        .collect();
    match found.as_slice() {
        [id] => Ok(*id),
        [] => Err(AppError::Usage {
            what: "ID",
            value: typed.to_owned(),
        }),
        several => Err(AppError::Ambiguous {
            name: typed.to_owned(),
            candidates: several.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        }),
    }
}
