//! `incident`: the rooms of major incidents.

use super::{
    Ending, Output,
    args::{IncidentCommand, IncidentReportArgs, IncidentUpdateArgs},
    output::shown_time,
    read::word,
    write::{sent_or_waiting, typed_text},
};
use crate::{
    api::{NewRoomUpdate, RoomCard, RoomSheet},
    core::Desk,
    error::AppError,
};
use guichet_domain::{OperationId, TicketId};
use guichet_store::StoreError;
use serde_json::json;

/// `incident …`.
pub async fn run(desk: &Desk, out: &Output, command: IncidentCommand) -> Result<Ending, AppError> {
    match command {
        IncidentCommand::List(args) => list(desk, out, args.all).await,
        IncidentCommand::Show(args) => {
            let ticket = TicketId(args.id);
            let sheet = desk.room(ticket).await?.ok_or(StoreError::NoSuchRoom { ticket })?;
            Ok(show(out, &sheet))
        }
        IncidentCommand::Open(args) => Ok(show(out, &desk.open_room(TicketId(args.id)).await?)),
        IncidentCommand::Close(args) => Ok(show(out, &desk.close_room(TicketId(args.id)).await?)),
        IncidentCommand::Update(args) => update(desk, out, args).await,
        IncidentCommand::Report(args) => report(desk, out, args).await,
    }
}

fn standing(out: &Output, card: &RoomCard) -> String {
    out.text(&format!("room.standing.{}", word(&card.standing)), &[])
}

async fn list(desk: &Desk, out: &Output, all: bool) -> Result<Ending, AppError> {
    let cards = desk.rooms(all).await?;
    out.answer(&json!({ "rooms": cards }), || {
        if cards.is_empty() {
            return out.text("room.none", &[]);
        }
        let rows = cards.iter().map(|card| {
            out.text(
                "room.list.row",
                &[
                    ("ticket", card.ticket.to_string()),
                    ("standing", standing(out, card)),
                    ("next", card.next_update_at.map(shown_time).unwrap_or_default()),
                    ("title", card.title.clone().unwrap_or_default()),
                ],
            )
        });
        rows.collect::<Vec<_>>().join("\n")
    });
    Ok(Ending::Done)
}

fn show(out: &Output, sheet: &RoomSheet) -> Ending {
    out.answer(&json!(sheet), || {
        let (card, words) = (&sheet.card, &sheet.room.words);
        let mut lines = vec![out.text(
            "room.list.row",
            &[
                ("ticket", card.ticket.to_string()),
                ("standing", standing(out, card)),
                ("next", card.next_update_at.map(shown_time).unwrap_or_default()),
                ("title", card.title.clone().unwrap_or_default()),
            ],
        )];
        let named = words.people.iter().filter(|person| !person.name.trim().is_empty());
        lines.extend(named.map(|person| {
            let role = person.role.label(&out.locale);
            out.text("room.report.person", &[("role", role), ("names", person.name.clone())])
        }));
        if !words.workaround.trim().is_empty() {
            lines.push(out.text("room.report.workaround", &[]));
            lines.extend(words.workaround.trim().lines().map(|line| format!("  {line}")));
        }
        lines.extend(words.actions.iter().map(|action| {
            let key = if action.done_at.is_some() {
                "room.action.done"
            } else {
                "room.action.open"
            };
            out.text(key, &[("what", action.what.clone())])
        }));
        lines.extend(sheet.room.updates.iter().map(|update| {
            let text = update.text.replace('\n', "\n  ");
            format!("{}  {text}", shown_time(update.at))
        }));
        lines.push(out.text("room.children", &[("count", sheet.children.len().to_string())]));
        lines.extend(sheet.children.iter().map(|child| {
            let title = child.title.clone().unwrap_or_default();
            out.text("room.child", &[("ticket", child.id.to_string()), ("title", title)])
        }));
        lines.join("\n")
    });
    Ending::Done
}

async fn update(desk: &Desk, out: &Output, args: IncidentUpdateArgs) -> Result<Ending, AppError> {
    let asked = NewRoomUpdate {
        id: OperationId::new(),
        text: typed_text(&args.text)?,
        private: args.private,
        children: args.children,
        next_in_min: args.next,
    };
    let posted = desk.post_room_update(TicketId(args.id), &asked, out.locale).await?;
    for refusal in &posted.refused {
        let told = [
            ("ticket", refusal.ticket.to_string()),
            ("reason", refusal.error.message.clone()),
        ];
        out.aside(&out.text("room.refused", &told));
    }
    let entries = posted.accepted.iter().flat_map(|accepted| &accepted.entries);
    let ids: Vec<OperationId> = entries.map(|entry| entry.id).collect();
    sent_or_waiting(desk, out, posted.room.ticket, &ids).await
}

async fn report(desk: &Desk, out: &Output, args: IncidentReportArgs) -> Result<Ending, AppError> {
    let ticket = TicketId(args.id);
    let report = desk.room_report(ticket, out.locale).await?;
    let path = args.output.as_ref().map(|path| path.display().to_string());
    if let Some(path) = &args.output {
        tokio::fs::write(path, &report.markdown)
            .await
            .map_err(|source| AppError::FileNotSaved {
                path: path.clone(),
                source,
            })?;
    }
    if args.note {
        let noted = desk.note_room_report(ticket, Some(OperationId::new()), &report).await?;
        if let (Some(path), false) = (&path, out.json) {
            out.aside(&out.text("room.report.written", &[("path", path.clone())]));
        }
        let entries = noted.iter().flat_map(|accepted| &accepted.entries);
        let ids: Vec<OperationId> = entries.map(|entry| entry.id).collect();
        return sent_or_waiting(desk, out, ticket, &ids).await;
    }
    out.answer(&json!({ "path": path, "markdown": report.markdown }), || match &path {
        Some(path) => out.text("room.report.written", &[("path", path.clone())]),
        None => report.markdown.trim_end().to_owned(),
    });
    Ok(Ending::Done)
}
