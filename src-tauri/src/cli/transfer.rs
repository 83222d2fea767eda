//! `transfer`: the hot transfers of this desk, and who would be called now.

use super::{
    Ending, Output,
    args::{RosterArgs, TransferCommand},
    output::{shortened, shown_time},
};
use crate::{
    core::{
        Desk, contract,
        transfers::{self, TransferError},
    },
    error::AppError,
};
use guichet_domain::{OperationId, hot_transfer::RosterMember};
use jiff::Timestamp;
use serde_json::json;

/// Runs a command about hot transfers.
///
/// # Errors
/// When the profile or the contract cannot be read, or there is no such transfer.
pub async fn run(desk: &Desk, out: &Output, command: &TransferCommand) -> Result<Ending, AppError> {
    match command {
        TransferCommand::List(args) => list(desk, out, args.limit).await,
        TransferCommand::Show(args) => show(desk, out, &args.id).await,
        TransferCommand::Roster(args) => roster(desk, out, args).await,
    }
}

async fn list(desk: &Desk, out: &Output, limit: u32) -> Result<Ending, AppError> {
    let kept = desk.store.transfers(limit).await?;
    let cards: Vec<_> = kept.iter().map(|kept| transfers::card(kept, out.locale)).collect();
    out.answer(&json!({ "transfers": cards }), || {
        if cards.is_empty() {
            return out.text("transfers.none", &[]);
        }
        let rows = cards.iter().map(|card| {
            let transfer = &card.transfer;
            vec![
                shown_time(transfer.offered_at),
                out.text(&format!("transfer.state.{}", transfer.state.name()), &[]),
                shortened(&transfer.briefing.caller.name, 30),
                transfer
                    .briefing
                    .ticket
                    .map(|ticket| ticket.to_string())
                    .unwrap_or_default(),
                card.lines
                    .last()
                    .map(|line| shortened(&line.text, 60))
                    .unwrap_or_default(),
                transfer.id.to_string(),
            ]
        });
        let headings = [
            "column.call.at",
            "column.state",
            "column.call.person",
            "column.ticket",
            "column.transfer.last",
            "column.id",
        ];
        out.table(&headings, rows.collect())
    });
    Ok(Ending::Done)
}

async fn show(desk: &Desk, out: &Output, id: &str) -> Result<Ending, AppError> {
    let id: uuid::Uuid = id.parse().map_err(|_| AppError::Usage {
        what: "id",
        value: id.to_owned(),
    })?;
    let id = OperationId(id);
    let kept = desk.store.transfer(id).await?.ok_or(TransferError::Unknown(id))?;
    let card = transfers::card(&kept, out.locale);
    out.answer(&json!(card), || {
        let state = out.text(&format!("transfer.state.{}", card.transfer.state.name()), &[]);
        let lines = card
            .lines
            .iter()
            .map(|line| format!("{} · {}", shown_time(line.at), line.text));
        std::iter::once(state).chain(lines).collect::<Vec<_>>().join("\n")
    });
    Ok(Ending::Done)
}

async fn roster(desk: &Desk, out: &Output, args: &RosterArgs) -> Result<Ending, AppError> {
    let contract = match &args.contract {
        Some(given) => std::sync::Arc::new(contract::load(given)?),
        None => desk.contract().await?,
    };
    let rules = contract.hot_transfer.as_ref().ok_or(TransferError::NoPolicy)?;
    let at = args.at.unwrap_or_else(Timestamp::now);
    let members: Vec<RosterMember> = contract.roster_members(rules.roster, at.into());
    out.answer(&json!({ "at": at, "roster": members }), || {
        let rows = members.iter().map(|member| {
            let duty = if member.on_duty {
                "transfer.duty.yes"
            } else {
                "transfer.duty.no"
            };
            vec![
                member.name.clone(),
                member.group.clone(),
                member.extension.clone(),
                member.ring_s.to_string(),
                out.text(duty, &[]),
            ]
        });
        let headings = [
            "column.transfer.who",
            "column.transfer.group",
            "column.transfer.extension",
            "column.transfer.ring",
            "column.transfer.duty",
        ];
        out.table(&headings, rows.collect())
    });
    Ok(Ending::Done)
}
