//! `escalate`, `escalation` and `surge`: what goes to the next level, the board, many contacts on one subject.

use super::{
    Ending, Output,
    args::{BoardArgs, DeclareArgs, EscalateArgs, EscalationCommand, LevelArg, StepArgs, SurgeCommand},
    names,
    output::{shortened, shown_time},
    write::sent_or_waiting,
};
use crate::{
    api::{Accepted, BoardQuery, EscalationState, NewEscalation},
    core::{Desk, escalation::EscalationFailure, files},
    error::AppError,
};
use guichet_domain::{
    TicketId,
    asset::AssetKey,
    diagnosis::{Diagnosis, NamedAsset},
    escalation::{EscalationTimer, NamedGroup, SupportLevel},
    triage::TriageAction,
    wording::length,
};
use serde_json::json;

fn level(level: LevelArg) -> SupportLevel {
    match level {
        LevelArg::N2 => SupportLevel::N2,
        LevelArg::N3 => SupportLevel::N3,
        LevelArg::OnSite => SupportLevel::OnSite,
        LevelArg::Vendor => SupportLevel::Vendor,
    }
}

/// What was typed over what is known.
async fn completed(desk: &Desk, mut diagnosis: Diagnosis, args: &EscalateArgs) -> Result<Diagnosis, AppError> {
    let fields = [
        (&mut diagnosis.symptom, &args.symptom),
        (&mut diagnosis.since, &args.since),
        (&mut diagnosis.affected, &args.affected),
        (&mut diagnosis.tried, &args.tried),
        (&mut diagnosis.error_text, &args.error_text),
        (&mut diagnosis.remote_session, &args.remote_session),
    ];
    for (field, typed) in fields {
        if let Some(typed) = typed {
            typed.clone_into(field);
        }
    }
    for path in &args.attach {
        diagnosis.screenshots.push(files::keep_file(&desk.store, path).await?);
    }
    for typed in &args.asset {
        let asset = asset(desk, typed).await?;
        if !diagnosis.assets.contains(&asset) {
            diagnosis.assets.push(asset);
        }
    }
    Ok(diagnosis)
}

/// Equipment by kind and number, as `Computer:12`.
async fn asset(desk: &Desk, typed: &str) -> Result<NamedAsset, AppError> {
    let key = typed.split_once(':').and_then(|(kind, id)| {
        Some(AssetKey {
            kind: kind.trim().to_owned(),
            id: id.trim().parse().ok()?,
        })
    });
    let key = key.ok_or_else(|| AppError::Usage {
        what: "KIND:ID",
        value: typed.to_owned(),
    })?;
    let known = desk.store.asset(&key).await?.ok_or_else(|| AppError::NotFound {
        what: "asset",
        name: typed.to_owned(),
    })?;
    Ok(NamedAsset { key, name: known.name })
}

async fn sent(desk: &Desk, out: &Output, accepted: Accepted) -> Result<Ending, AppError> {
    let ids: Vec<_> = accepted.entries.iter().map(|entry| entry.id).collect();
    sent_or_waiting(desk, out, accepted.lane, &ids).await
}

/// `escalate`.
pub async fn escalate(desk: &Desk, out: &Output, args: &EscalateArgs) -> Result<Ending, AppError> {
    let ticket = TicketId(args.id);
    let sheet = desk.escalation(ticket).await?;
    let guessed = || {
        sheet.domain.clone().ok_or(AppError::Usage {
            what: "--domain",
            value: String::new(),
        })
    };
    let domain = args.domain.clone().map_or_else(guessed, Ok)?;
    let asked = NewEscalation {
        domain,
        level: level(args.level),
        diagnosis: completed(desk, sheet.diagnosis, args).await?,
        note: args.note.clone().unwrap_or_default(),
        release: args.release,
    };
    let accepted = desk.escalate(ticket, &asked, out.locale).await?;
    sent(desk, out, accepted).await
}

/// A group by number or name.
async fn group(desk: &Desk, typed: &str) -> Result<NamedGroup, AppError> {
    let id = names::group(&desk.store, typed).await?;
    Ok(NamedGroup {
        id,
        name: typed.to_owned(),
    })
}

/// The group to send back to: the one given, else level 1's where the contract has one.
async fn level_1(desk: &Desk, typed: Option<&str>) -> Result<NamedGroup, AppError> {
    if let Some(typed) = typed {
        return group(desk, typed).await;
    }
    let mut known = desk.triage_board(&BoardQuery::default()).await?.level_1;
    match known.len() {
        1 => Ok(known.remove(0)),
        0 => Err(AppError::Usage {
            what: "--to",
            value: String::new(),
        }),
        _ => Err(AppError::Ambiguous {
            name: "--to".to_owned(),
            candidates: known.into_iter().map(|group| group.name).collect::<Vec<_>>().join(", "),
        }),
    }
}

/// `escalation`.
pub async fn run(desk: &Desk, out: &Output, command: EscalationCommand) -> Result<Ending, AppError> {
    let text = |step: &StepArgs| step.text.clone().unwrap_or_default();
    let (id, action) = match command {
        EscalationCommand::Show(args) => return show(desk, out, TicketId(args.id)).await,
        EscalationCommand::Board(args) => return board(desk, out, &args).await,
        EscalationCommand::Chase => return chase(desk, out).await,
        EscalationCommand::Accept(args) => (args.id, TriageAction::Accept),
        EscalationCommand::SendBack(args) => {
            let to = level_1(desk, args.to.as_deref()).await?;
            (
                args.id,
                TriageAction::SendBack {
                    reason: args.reason,
                    to,
                },
            )
        }
        EscalationCommand::Reroute(args) => {
            let to = group(desk, &args.to).await?;
            (
                args.id,
                TriageAction::ReRoute {
                    reason: args.reason,
                    to,
                },
            )
        }
        EscalationCommand::Wait(args) => {
            let words = text(&args.step);
            let third = args.third;
            (args.step.id, TriageAction::Wait { third, words })
        }
        EscalationCommand::Remind(args) => {
            let words = text(&args.step);
            let means = args.means.unwrap_or_default();
            (args.step.id, TriageAction::Remind { means, words })
        }
        EscalationCommand::Answered(step) => (step.id, TriageAction::Answered { words: text(&step) }),
        EscalationCommand::Finish(args) => {
            let words = text(&args.step);
            let solution = args.solution;
            (args.step.id, TriageAction::Finish { words, solution })
        }
    };
    let accepted = desk.triage(TicketId(id), &action, out.locale).await?;
    sent(desk, out, accepted).await
}

fn timer(out: &Output, timer: Option<&EscalationTimer>) -> String {
    timer.map_or_else(
        || "–".to_owned(),
        |timer| {
            let lengths = [
                ("used", length(&out.locale, timer.used_s)),
                ("left", length(&out.locale, timer.left_s)),
            ];
            out.text(
                &format!("escalation.timer.{}", super::read::word(&timer.state)),
                &lengths,
            )
        },
    )
}

async fn show(desk: &Desk, out: &Output, ticket: TicketId) -> Result<Ending, AppError> {
    let state: EscalationState = desk.ticket_escalation(ticket).await?;
    out.answer(&json!(state), || {
        let mut lines = vec![format!(
            "{} : {}",
            out.text("column.escalation.timer", &[]),
            timer(out, state.timer.as_ref())
        )];
        let Some(escalated) = &state.escalated else {
            lines.push(out.text("escalation.not", &[]));
            return lines.join("\n");
        };
        let card = &escalated.card;
        let shown = [
            (
                "column.state",
                out.text(&format!("escalation.state.{}", card.state), &[]),
            ),
            ("column.escalation.group", card.group.clone().unwrap_or_default()),
            ("column.escalation.at", shown_time(card.escalated_at)),
            ("column.escalation.by", escalated.by.clone().unwrap_or_default()),
            ("column.escalation.reason", card.reason.clone()),
            ("column.escalation.third", card.third.clone().unwrap_or_default()),
            (
                "column.escalation.remind_at",
                escalated.remind_at.map(shown_time).unwrap_or_default(),
            ),
        ];
        let said = shown.into_iter().filter(|(_, value)| !value.is_empty());
        lines.extend(said.map(|(key, value)| format!("{} : {value}", out.text(key, &[]))));
        for wait in &escalated.waits {
            lines.push(format!("{} : {}", out.text("escalation.wait", &[]), wait.third));
            let proof = wait.proof.iter();
            lines.extend(proof.map(|line| {
                let words = line
                    .marker
                    .line(guichet_domain::wording::Phrases::language(&out.locale));
                format!("  {}  {words}  {}", shown_time(line.at), shortened(&line.words, 80))
            }));
        }
        lines.join("\n")
    });
    Ok(Ending::Done)
}

/// The board's query.
pub(super) async fn asked(desk: &Desk, args: &BoardArgs) -> Result<BoardQuery, AppError> {
    let mut query = BoardQuery {
        groups: Vec::new(),
        mine: args.mine,
        done: args.done,
    };
    for typed in &args.group {
        query.groups.push(names::group(&desk.store, typed).await?);
    }
    Ok(query)
}

async fn board(desk: &Desk, out: &Output, args: &BoardArgs) -> Result<Ending, AppError> {
    let query = asked(desk, args).await?;
    let board = desk.triage_board(&query).await?;
    out.answer(&json!(board), || {
        if board.rows.is_empty() {
            return out.text("escalation.none", &[]);
        }
        let rows = board.rows.iter().map(|row| {
            let card = &row.escalated.card;
            vec![
                row.ticket.id.to_string(),
                out.text(&format!("escalation.state.{}", card.state), &[]),
                shown_time(card.escalated_at),
                timer(out, row.target.as_ref()),
                card.group.clone().unwrap_or_default(),
                row.escalated.by.clone().unwrap_or_default(),
                row.third.clone().unwrap_or_default(),
                shortened(&row.ticket.title, 50),
            ]
        });
        let headings = [
            "column.id",
            "column.state",
            "column.escalation.at",
            "column.escalation.timer",
            "column.escalation.group",
            "column.escalation.by",
            "column.escalation.third",
            "column.title",
        ];
        out.table(&headings, rows.collect())
    });
    Ok(Ending::Done)
}

async fn chase(desk: &Desk, out: &Output) -> Result<Ending, AppError> {
    let rows = desk.chase_list().await?;
    out.answer(&json!({ "waits": rows }), || {
        if rows.is_empty() {
            return out.text("escalation.no_wait", &[]);
        }
        let table = rows.iter().map(|row| {
            let late = if row.late { " !" } else { "" };
            vec![
                row.ticket.id.to_string(),
                row.wait.third.clone(),
                shown_time(row.wait.from),
                format!("{}{late}", row.remind_at.map(shown_time).unwrap_or_default()),
                shortened(&row.ticket.title, 50),
            ]
        });
        let headings = [
            "column.id",
            "column.escalation.third",
            "column.escalation.since",
            "column.escalation.remind_at",
            "column.title",
        ];
        out.table(&headings, table.collect())
    });
    Ok(Ending::Done)
}

/// `surge …`.
pub async fn surge(desk: &Desk, out: &Output, command: SurgeCommand) -> Result<Ending, AppError> {
    match command {
        SurgeCommand::List => surges(desk, out).await,
        SurgeCommand::Declare(args) => declare(desk, out, args).await,
        SurgeCommand::Dismiss(surge) => {
            desk.dismiss_surge(&surge.key, out.locale).await?;
            surges(desk, out).await
        }
    }
}

/// The major incident, as the surge proposes it where nothing else is said.
async fn declare(desk: &Desk, out: &Output, args: DeclareArgs) -> Result<Ending, AppError> {
    let key = args.surge.key;
    let card = desk.surges(out.locale).await?.into_iter().find(|card| card.key == key);
    let card = card.ok_or(EscalationFailure::SurgeOver)?;
    let title = args.title.unwrap_or(card.title);
    let text = args.text.unwrap_or_else(|| card.explanation.join("\n"));
    let declared = desk.declare_major_incident(&key, &title, &text, out.locale).await?;
    if !declared.left_out.is_empty() {
        let tickets: Vec<String> = declared.left_out.iter().map(ToString::to_string).collect();
        out.aside(&out.text("surge.left_out", &[("tickets", tickets.join(", "))]));
    }
    sent(desk, out, declared.accepted).await
}

async fn surges(desk: &Desk, out: &Output) -> Result<Ending, AppError> {
    let cards = desk.surges(out.locale).await?;
    out.answer(&json!({ "surges": cards }), || {
        if cards.is_empty() {
            return out.text("surge.none", &[]);
        }
        let told = cards.iter().map(|card| {
            let mut lines = vec![format!("{}  [{}]", card.title, card.key)];
            lines.extend(card.explanation.iter().map(|line| format!("  {line}")));
            let tickets: Vec<String> = card.proposal.tickets.iter().map(ToString::to_string).collect();
            lines.push(format!("  {} : {}", out.text("column.ticket", &[]), tickets.join(", ")));
            lines.push(format!("  {} : {}", out.text("surge.message", &[]), card.message));
            if card.dismissed {
                lines.push(format!("  {}", out.text("surge.dismissed", &[])));
            }
            lines.join("\n")
        });
        told.collect::<Vec<_>>().join("\n\n")
    });
    Ok(Ending::Done)
}
