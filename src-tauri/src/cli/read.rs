//! Commands that read: all of them answer from the local databases, with or without network.

use super::{
    Ending, Output,
    args::{ListArgs, SearchArgs},
    output::{shortened, shown_time},
};
use crate::{
    core::Desk,
    error::{AppError, wedge_code},
};
use guichet_domain::{
    ArticleId, TicketId, UserId,
    operation::Operation,
    outbox::{EntryState, OutboxEntry},
    rich_text::RichText,
    ticket::{Actor, Party, Role},
};
use guichet_store::{HitKind, SearchQuery, Sort, TicketQuery, TicketRow, TicketView, View};
use serde_json::{Value, json};

/// Rows asked for at once: the store's own limit.
const PAGE: u32 = 500;

/// `search` and `kb search`.
pub async fn search(desk: &Desk, out: &Output, args: &SearchArgs, kinds: &[HitKind]) -> Result<Ending, AppError> {
    let query = SearchQuery {
        text: args.query.join(" "),
        kinds: kinds.to_vec(),
        limit: args.limit,
    };
    let results = desk.store.search(&query).await?;
    let plain = |snippet: &str| snippet.replace(['\u{2}', '\u{3}'], "");
    let hits: Vec<Value> = results
        .hits
        .iter()
        .map(|hit| {
            let mut document = json!({
                "kind": hit.kind,
                "id": hit.id,
                "title": hit.title,
                "snippet": plain(&hit.snippet),
            });
            if hit.kind == HitKind::Asset {
                document["asset_kind"] = json!(hit.asset_kind);
            }
            document
        })
        .collect();
    let document = json!({ "hits": hits, "elapsed_ms": results.elapsed_ms });
    out.answer(&document, || {
        let (on, off) = if out.for_eyes() {
            ("\u{1b}[1m", "\u{1b}[0m")
        } else {
            ("", "")
        };
        let mut lines: Vec<String> = results
            .hits
            .iter()
            .map(|hit| {
                let kind = out.text(&format!("kind.{}", word(&hit.kind)), &[]);
                let snippet = shortened(&hit.snippet, 100).replace('\u{2}', on).replace('\u{3}', off);
                format!("{kind} {}  {}\n    {snippet}{off}", hit.id, hit.title)
            })
            .collect();
        lines.push(out.text(
            "search.done",
            &[
                ("count", results.hits.len().to_string()),
                ("elapsed", format!("{:.1}", results.elapsed_ms)),
            ],
        ));
        lines.join("\n")
    });
    Ok(Ending::Done)
}

/// The name serde gives a value that is a plain word ("new", "followup").
pub(super) fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// `ticket list`.
pub async fn tickets(desk: &Desk, out: &Output, args: &ListArgs) -> Result<Ending, AppError> {
    let view = if args.all { View::All } else { args.view.into() };
    let me = desk.account().await.map(|account| account.user);
    let wanted = args.limit.unwrap_or(u32::MAX);
    let mut rows: Vec<TicketRow> = Vec::new();
    let mut total = 0;
    loop {
        let offset = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let query = TicketQuery {
            view,
            me,
            vip_only: false,
            requester: None,
            sort: if args.all { Sort::Updated } else { Sort::NextTarget },
            offset,
            limit: PAGE.min(wanted.saturating_sub(offset)),
            ..TicketQuery::default()
        };
        if query.limit == 0 {
            break;
        }
        let page = desk.store.list_tickets(&query).await?;
        total = page.total;
        let read = page.rows.len();
        rows.extend(page.rows);
        if read == 0 || rows.len() >= page.total as usize {
            break;
        }
    }
    out.answer(&json!({ "tickets": rows, "total": total }), || {
        let table = rows
            .iter()
            .map(|row| {
                vec![
                    row.id.to_string(),
                    out.text(&format!("status.{}", word(&row.status)), &[]),
                    row.priority.0.to_string(),
                    format!(
                        "{}{}",
                        if row.vip { "★ " } else { "" },
                        row.requester.as_deref().unwrap_or("–")
                    ),
                    shortened(&row.title, 60),
                    shown_time(row.updated_at),
                    row.target
                        .as_ref()
                        .and_then(|target| target.due)
                        .map_or_else(String::new, shown_time),
                    pending_mark(out, row),
                ]
            })
            .collect();
        let headings = [
            "column.id",
            "column.status",
            "column.priority",
            "column.requester",
            "column.title",
            "column.updated",
            "column.target",
            "column.pending",
        ];
        format!(
            "{}\n{}",
            out.table(&headings, table),
            out.text(
                "ticket.list.done",
                &[("count", rows.len().to_string()), ("total", total.to_string())]
            )
        )
    });
    Ok(Ending::Done)
}

fn pending_mark(out: &Output, row: &TicketRow) -> String {
    if row.wedged > 0 {
        out.text("ticket.wedged", &[("count", row.wedged.to_string())])
    } else if row.pending > 0 {
        out.text("ticket.pending", &[("count", row.pending.to_string())])
    } else {
        String::new()
    }
}

/// The text an operation carries, and the kind of timeline entry it becomes.
fn said(operation: &Operation) -> Option<(&'static str, String, bool)> {
    let plain = RichText::to_plain;
    Some(match operation {
        Operation::AddFollowup { body, private } => ("followup", plain(body), *private),
        Operation::AddTask { body, private, .. } => ("task", plain(body), *private),
        Operation::AddSolution { body, .. } => ("solution", plain(body), false),
        Operation::AnswerSolution { body, .. } | Operation::Reopen { body } => ("followup", plain(body), false),
        Operation::UploadDocument { attachment, .. } => ("document", attachment.filename.clone(), false),
        _ => return None,
    })
}

struct Names<'a>(&'a TicketView);

impl Names<'_> {
    fn user(&self, id: UserId) -> Option<String> {
        let found = self.0.users.iter().find(|user| user.id == id);
        found.and_then(|user| user.name.clone())
    }

    fn actor(&self, actor: &Actor) -> String {
        match &actor.party {
            Party::User { id } => self.user(*id).unwrap_or_else(|| format!("#{id}")),
            Party::Group { id } => {
                let found = self.0.groups.iter().find(|group| group.id == *id);
                found
                    .and_then(|group| group.name.clone())
                    .unwrap_or_else(|| format!("#{id}"))
            }
            Party::Email { address } => address.clone(),
        }
    }

    fn role(&self, role: Role) -> Vec<String> {
        let of_role = self.0.actors.iter().filter(|actor| actor.role == role);
        of_role.map(|actor| self.actor(actor)).collect()
    }
}

fn show_document(view: &TicketView, me: Option<&str>) -> Value {
    let ticket = &view.ticket;
    let names = Names(view);
    let requesters = names.role(Role::Requester);
    let mut timeline: Vec<Value> = view
        .timeline
        .iter()
        .filter(|entry| entry.key.id != 0)
        .map(|entry| {
            json!({
                "id": entry.key.id,
                "kind": entry.key.kind,
                "author": entry.author.and_then(|author| names.user(author)),
                "at": entry.at,
                "text": entry.body.to_plain(),
                "private": entry.private,
                "state": "sent",
                "detail": entry.detail,
            })
        })
        .collect();
    timeline.extend(view.pending.iter().filter_map(|entry| {
        let (kind, text, private) = said(&entry.operation)?;
        Some(json!({
            "operation": entry.id,
            "kind": kind,
            "author": me,
            "at": entry.created_at,
            "text": text,
            "private": private,
            "state": entry.state.name(),
        }))
    }));
    let documents: Vec<Value> = view
        .documents
        .iter()
        .map(|held| {
            json!({
                "id": held.document.id,
                "filename": held.document.filename,
                "mime": held.document.mime,
                "entry": held.link.entry,
                "kept": held.kept,
            })
        })
        .collect();
    json!({
        "ticket": {
            "id": ticket.id,
            "title": ticket.title,
            "description": ticket.description.to_plain(),
            "kind": ticket.kind,
            "status": ticket.status,
            "urgency": ticket.urgency,
            "impact": ticket.impact,
            "priority": ticket.priority,
            "requester": requesters.first(),
            "requesters": requesters,
            "assigned": names.role(Role::Assigned),
            "observers": names.role(Role::Observer),
            "category": ticket.category,
            "entity": ticket.entity,
            "location": ticket.location,
            "channel": ticket.channel,
            "opened_at": ticket.opened_at,
            "updated_at": ticket.updated_at,
            "solved_at": ticket.solved_at,
            "closed_at": ticket.closed_at,
            "time_to_own": ticket.time_to_own,
            "time_to_resolve": ticket.time_to_resolve,
            "departure": view.departure,
            "details_read": view.details_read,
        },
        "timeline": timeline,
        "documents": documents,
        "links": view.links,
        "assets": view.assets,
        "pending": view.pending.iter().map(entry_document).collect::<Vec<_>>(),
    })
}

/// `ticket show`.
pub async fn ticket(desk: &Desk, out: &Output, id: i64) -> Result<Ending, AppError> {
    let id = TicketId(id);
    let view = desk.store.ticket(id).await?.ok_or(AppError::NoSuchTicket(id))?;
    desk.ticket_seen(id);
    let me = desk.account().await.map(|account| account.name);
    let document = show_document(&view, me.as_deref());
    out.answer(&document, || show_text(out, &view, &document));
    Ok(Ending::Done)
}

fn show_text(out: &Output, view: &TicketView, document: &Value) -> String {
    let ticket = &view.ticket;
    let names = Names(view);
    let joined = |role| {
        let names = names.role(role);
        if names.is_empty() {
            "–".to_owned()
        } else {
            names.join(", ")
        }
    };
    let mut lines = vec![
        format!("{}  {}", ticket.id, ticket.title),
        out.text(
            "ticket.show.head",
            &[
                ("status", out.text(&format!("status.{}", word(&ticket.status)), &[])),
                ("priority", ticket.priority.0.to_string()),
                ("opened", shown_time(ticket.opened_at)),
                ("updated", shown_time(ticket.updated_at)),
            ],
        ),
        format!("{}: {}", out.text("column.requester", &[]), joined(Role::Requester)),
        format!("{}: {}", out.text("column.assigned", &[]), joined(Role::Assigned)),
    ];
    for (key, row) in [
        ("column.category", &ticket.category),
        ("column.location", &ticket.location),
    ] {
        if let Some(row) = row {
            let name = row.name.clone().unwrap_or_else(|| out.text("unavailable", &[]));
            lines.push(format!("{}: {name}", out.text(key, &[])));
        }
    }
    lines.push(String::new());
    lines.push(ticket.description.to_plain());
    for entry in document["timeline"].as_array().into_iter().flatten() {
        let text = |name: &str| entry[name].as_str().unwrap_or_default();
        let at = text("at").parse().map(shown_time).unwrap_or_default();
        let mut head = format!(
            "\n— {at}  {}  {}",
            out.text(&format!("kind.{}", text("kind")), &[]),
            entry["author"].as_str().unwrap_or("–"),
        );
        if entry["private"] == true {
            head.push_str(&format!("  [{}]", out.text("private", &[])));
        }
        if text("state") != "sent" {
            head.push_str(&format!("  [{}]", out.text(&format!("state.{}", text("state")), &[])));
        }
        lines.push(head);
        lines.push(text("text").to_owned());
    }
    lines.join("\n")
}

/// `kb show`.
pub async fn article(desk: &Desk, out: &Output, id: i64) -> Result<Ending, AppError> {
    let article = desk.store.article(ArticleId(id)).await?;
    let article = article.ok_or_else(|| AppError::NotFound {
        what: "article",
        name: id.to_string(),
    })?;
    let text = article.body.to_plain();
    let document = json!({ "article": {
        "id": article.id,
        "title": article.title,
        "text": text,
        "categories": article.categories,
        "faq": article.faq,
        "updated_at": article.updated_at,
    }});
    out.answer(&document, || format!("{}  {}\n\n{text}", article.id, article.title));
    Ok(Ending::Done)
}

/// Why an entry does not go on, as a code of the catalogue: the reason of a wedged one, else the last attempt's.
fn reason(entry: &OutboxEntry) -> Option<&str> {
    match &entry.state {
        EntryState::Wedged { reason } => Some(wedge_code(reason)),
        _ => entry.last_error.as_ref().map(|failure| failure.code.as_str()),
    }
}

/// What the network or the server said about it, for support.
fn detail(entry: &OutboxEntry) -> Option<&str> {
    let said = match &entry.state {
        EntryState::Wedged { reason } => reason.detail(),
        _ => entry.last_error.as_ref().map(|failure| failure.detail.as_str()),
    };
    said.filter(|said| !said.is_empty())
}

/// One entry as the JSON answers show it.
pub(super) fn entry_document(entry: &OutboxEntry) -> Value {
    json!({
        "id": entry.id,
        "lane": entry.lane,
        "operation": entry.operation.name(),
        "state": entry.state.name(),
        "reason": reason(entry),
        "detail": detail(entry),
        "attempts": entry.attempts,
        "created_at": entry.created_at,
    })
}

/// `outbox list`.
pub async fn outbox(desk: &Desk, out: &Output, all: bool) -> Result<Ending, AppError> {
    let entries = desk.store.outbox(None, all).await?;
    let document = json!({ "entries": entries.iter().map(entry_document).collect::<Vec<_>>() });
    out.answer(&document, || {
        if entries.is_empty() {
            return out.text("outbox.empty", &[]);
        }
        let rows = entries
            .iter()
            .map(|entry| {
                vec![
                    entry.id.to_string(),
                    entry.lane.to_string(),
                    out.text(&format!("operation.{}", entry.operation.name()), &[]),
                    out.text(&format!("state.{}", entry.state.name()), &[]),
                    entry.attempts.to_string(),
                    entry_reason(out, entry).unwrap_or_default(),
                ]
            })
            .collect();
        let headings = [
            "column.id",
            "column.ticket",
            "column.operation",
            "column.state",
            "column.attempts",
            "column.reason",
        ];
        out.table(&headings, rows)
    });
    Ok(Ending::Done)
}

/// Why an entry does not go on, and the cure, in words.
pub(super) fn entry_reason(out: &Output, entry: &OutboxEntry) -> Option<String> {
    reason(entry).map(|code| {
        let said = [("detail", detail(entry).unwrap_or_default().to_owned())];
        let told = out.locale.catalogue().error(code, &said);
        format!("{} → {}", told.message, told.hint)
    })
}
