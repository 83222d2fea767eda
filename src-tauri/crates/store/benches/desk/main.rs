//! A desk with very many tickets: how fast it is filled, and how fast it answers. Run by `cargo xtask bench store`, which
//! prints the table and keeps the JSON; nothing here is a test.
#![allow(clippy::print_stdout, missing_docs)]

mod data;
mod figures;

use data::Dice;
use figures::{Figures, cpu};
use guichet_domain::{
    OperationId, TicketId, UserId,
    operation::Operation,
    record::{Collection, Record, TicketBundle},
    rich_text::RichText,
};
use guichet_store::{
    Batch, DataKey, HitKind, KEY_BYTES, SearchQuery, Sort, Store, StoreError, Submission, TicketQuery, View,
};
use jiff::{SignedDuration, Timestamp};
use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// The databases are encrypted, as the product's are.
static KEY: DataKey = DataKey::from_bytes([0x42; KEY_BYTES]);
/// Rows of a page of a first reading.
const PAGE: usize = 1_000;
/// Rows a list shows at once.
const SCREEN: u32 = 50;
/// Changed tickets of a delta round.
const DELTA: usize = 200;

fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).cloned()
    };
    // `cargo test --all-targets` starts it without a number: there is nothing to test.
    let Some(tickets) = value("--tickets").and_then(|n| n.parse().ok()) else {
        println!("bench desk: --tickets N [--folder DIR] [--json FILE]");
        return std::process::ExitCode::SUCCESS;
    };
    let kept = value("--folder").map(PathBuf::from);
    let temporary = tempfile::tempdir().ok();
    let Some(folder) = kept.or_else(|| temporary.as_ref().map(|folder| folder.path().to_owned())) else {
        println!("no temporary folder");
        return std::process::ExitCode::FAILURE;
    };
    let done = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(StoreError::from)
        .and_then(|runtime| runtime.block_on(run(&folder, tickets)));
    let done = done.and_then(|figures| {
        figures.print();
        match value("--json") {
            Some(file) => Ok(std::fs::write(file, figures.json())?),
            None => Ok(()),
        }
    });
    match done {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn now() -> Timestamp {
    Timestamp::now()
}

async fn run(folder: &Path, tickets: i64) -> Result<Figures, StoreError> {
    let people = (tickets as u64 / 5).clamp(1_200, 200_000);
    let mut figures = Figures::new(tickets);
    let filled = folder.join("filled").exists();
    let (store, _) = Store::open(folder, &KEY, now()).await?;
    if !filled {
        fill(&store, tickets, people, &mut figures).await?;
        std::fs::write(folder.join("filled"), b"")?;
    }
    store.close().await;
    let size = std::fs::metadata(folder.join("mirror.db"))?.len();
    figures.note("mirror.db", size as f64 / 1e6, "MB");

    let mut store = None;
    for _ in 0..5 {
        if let Some(store) = store.take() {
            Store::close(&store).await;
        }
        let opened = figures
            .timed("open the databases", Store::open(folder, &KEY, now()))
            .await?;
        let first = TicketQuery {
            view: View::Open,
            limit: SCREEN,
            ..TicketQuery::default()
        };
        figures
            .timed("first list after opening", opened.0.list_tickets(&first))
            .await?;
        store = Some(opened.0);
    }
    let Some(store) = store else { return Ok(figures) };
    store.set_account(Some(UserId(3))).await?;
    lists(&store, &mut figures).await?;
    open_tickets(&store, tickets, &mut figures).await?;
    searches(&store, people, &mut figures).await?;
    writes(&store, tickets, &mut figures).await?;
    figures.memory();
    store.close().await;
    Ok(figures)
}

/// Applies records a page at a time, as a first reading brings them; only the store's part is counted.
struct Filling<'a> {
    store: &'a Store,
    pending: Vec<Record>,
    rows: u64,
    wall: Duration,
    cpu: f64,
}

impl<'a> Filling<'a> {
    fn new(store: &'a Store) -> Self {
        Self {
            store,
            pending: Vec::new(),
            rows: 0,
            wall: Duration::ZERO,
            cpu: 0.0,
        }
    }

    async fn add(&mut self, records: impl IntoIterator<Item = Record>) -> Result<(), StoreError> {
        self.pending.extend(records);
        if self.pending.len() >= PAGE {
            self.flush().await
        } else {
            Ok(())
        }
    }

    async fn flush(&mut self) -> Result<(), StoreError> {
        let batch = Batch {
            records: std::mem::take(&mut self.pending),
            ..Batch::default()
        };
        self.rows += batch.records.len() as u64;
        let (start, before) = (Instant::now(), cpu());
        self.store.apply(&batch).await?;
        self.wall += start.elapsed();
        self.cpu += cpu() - before;
        Ok(())
    }

    async fn end(mut self, name: &str, figures: &mut Figures) -> Result<(), StoreError> {
        self.flush().await?;
        figures.rate(name, self.rows, self.wall, self.cpu);
        Ok(())
    }
}

async fn fill(store: &Store, tickets: i64, people: u64, figures: &mut Figures) -> Result<(), StoreError> {
    let mut lists = Filling::new(store);
    lists.add(data::lists()).await?;
    lists.end("lists", figures).await?;
    // In the order of a first reading: the newest tickets first, people beside them, then what hangs on tickets.
    let mut filling = Filling::new(store);
    for id in (1..=tickets).rev() {
        filling
            .add([Record::Ticket(Box::new(data::ticket(id, tickets)))])
            .await?;
    }
    filling.end("tickets", figures).await?;
    let mut filling = Filling::new(store);
    for id in 1..=people as i64 {
        filling.add([Record::Person(Box::new(data::person(id)))]).await?;
    }
    filling.end("people", figures).await?;
    for (table, name) in ["people on tickets", "groups on tickets"].into_iter().enumerate() {
        let mut filling = Filling::new(store);
        for id in (1..=tickets).rev() {
            filling
                .add(data::actors(id, people).into_iter().nth(table).into_iter().flatten())
                .await?;
        }
        filling.end(name, figures).await?;
    }
    let mut filling = Filling::new(store);
    for id in (1..=tickets).rev() {
        filling.add(data::timeline(id)).await?;
    }
    filling.end("timeline entries", figures).await?;
    let mut filling = Filling::new(store);
    for id in 1..=(tickets / 10).clamp(150, 100_000) {
        filling.add([data::article(id)]).await?;
    }
    filling.end("articles", figures).await?;
    let mut filling = Filling::new(store);
    for id in 1..=(tickets * 3 / 10).clamp(1_200, 300_000) {
        filling.add([data::asset(id, people)]).await?;
    }
    filling.end("equipment", figures).await
}

async fn lists(store: &Store, figures: &mut Figures) -> Result<(), StoreError> {
    let views = [
        View::Mine,
        View::Unassigned,
        View::Open,
        View::Waiting,
        View::Solved,
        View::All,
        View::Pending,
    ];
    let mut dice = Dice(1);
    for _ in 0..5 {
        for view in views {
            for sort in [Sort::NextTarget, Sort::Updated, Sort::Opened, Sort::Priority] {
                for vip_only in [false, true] {
                    let query = TicketQuery {
                        view,
                        sort,
                        vip_only,
                        me: Some(UserId(3)),
                        limit: SCREEN,
                        ..TicketQuery::default()
                    };
                    let name = if view == View::Mine {
                        "my queue"
                    } else {
                        "change of view"
                    };
                    let total = figures.timed(name, store.list_tickets(&query)).await?.total;
                    for name in ["jump within a list", "scroll of a screen"] {
                        let query = TicketQuery {
                            offset: match name {
                                "scroll of a screen" => SCREEN * 4,
                                _ => dice.roll(u64::from(total)) as u32,
                            },
                            ..query.clone()
                        };
                        figures.timed(name, store.list_tickets(&query)).await?;
                    }
                }
            }
        }
        figures.timed("counts of the status bar", store.counts()).await?;
    }
    Ok(())
}

async fn open_tickets(store: &Store, tickets: i64, figures: &mut Figures) -> Result<(), StoreError> {
    let mut dice = Dice(2);
    for _ in 0..300 {
        let id = TicketId(1 + dice.roll(tickets as u64) as i64);
        figures.timed("open a ticket", store.ticket(id)).await?;
    }
    for _ in 0..50 {
        figures
            .timed("a person's card", store.person(UserId(1 + dice.roll(1_200) as i64)))
            .await?;
    }
    Ok(())
}

/// What people type; every beginning of it from the second letter on is a keystroke.
const TYPED: [(&str, &[&str]); 8] = [
    (
        "a common word",
        &[
            "imprimante",
            "poste",
            "mot de passe",
            "utilisateur",
            "bonjour",
            "salle",
            "outlook",
            "message",
            "vérifié",
            "depuis",
        ],
    ),
    (
        "several words",
        &[
            "imprimante bourrage papier",
            "vpn déconnexions",
            "compte verrouillé congés",
            "outlook signature complément",
            "teams micro réunion",
            "session mot de passe",
            "poste lent salle",
            "badge refusé étage",
        ],
    ),
    (
        "a rare word",
        &["spouleur", "softphone", "5cg000f", "8000beef", "zzyzx", "concentrateur"],
    ),
    (
        "a misspelt word",
        &["imprimnate", "mesagerie", "reinitialisasion", "telefone", "verouille"],
    ),
    (
        "a name",
        &["amblard agn", "alquier", "jean ab", "aicha amblard", "amblard12"],
    ),
    (
        "a phone fragment",
        &["014602", "0146 02 31", "+33 1 46 03", "46 05 12", "053107"],
    ),
    (
        "an asset tag",
        &["PC-00417", "pc00417", "00417", "IMP-0042", "inv-1200", "10.0.0.12"],
    ),
    ("a number", &["#4821", "12345", "777"]),
];

async fn searches(store: &Store, people: u64, figures: &mut Figures) -> Result<(), StoreError> {
    for (what, texts) in TYPED {
        for text in texts {
            for (end, _) in text.char_indices().skip(2).chain([(text.len(), ' ')]) {
                let query = SearchQuery {
                    text: text.get(..end).unwrap_or_default().to_owned(),
                    kinds: Vec::new(),
                    limit: 20,
                };
                let name = format!("search: {what}");
                let (hits, took) = figures.timed_as(&name, store.search(&query)).await?;
                figures.slowest("search", &query.text, took);
                // Kept from being optimised away, and from searching nothing.
                let _: usize = hits.hits.iter().filter(|hit| hit.kind == HitKind::Ticket).count();
            }
        }
    }
    for words in ["ag", "agn", "amb", "amblard", "j", "je du", "0146"] {
        figures.timed("requester picker", store.find_people(words, 20)).await?;
    }
    figures.note("people", people as f64, "");
    Ok(())
}

async fn writes(store: &Store, tickets: i64, figures: &mut Figures) -> Result<(), StoreError> {
    let ids = store.ids(Collection::Tickets).await?;
    let mut dice = Dice(4);
    for round in 0..5_i64 {
        let mut bundles: Vec<TicketBundle> = Vec::new();
        for _ in 0..DELTA {
            // What changes is recent, mostly.
            let back = if dice.roll(4) == 0 {
                tickets as u64
            } else {
                5_000.min(tickets as u64)
            };
            let id = ids.get(ids.len() - 1 - dice.roll(back) as usize).copied().unwrap_or(1);
            let Some(mut bundle) = store.mirrored_ticket(TicketId(id)).await? else {
                continue;
            };
            bundle.ticket.updated_at += SignedDuration::from_secs(60);
            if let Some(last) = bundle.timeline.last().cloned() {
                let mut more = last;
                more.key.id = tickets * 16 + round * 1_000_000 + i64::try_from(bundles.len()).unwrap_or(0) + 64;
                more.body = RichText::from_plain("Rappelé : l'imprimante fonctionne, le ticket peut être clos.");
                bundle.timeline.push(more);
            }
            bundles.push(bundle);
        }
        let records = |bundles: &[TicketBundle]| Batch {
            records: bundles
                .iter()
                .map(|bundle| Record::Bundle(Box::new(bundle.clone())))
                .collect(),
            ..Batch::default()
        };
        let batch = records(&bundles);
        let before = cpu();
        figures
            .timed("delta of 200 changed tickets", store.apply(&batch))
            .await?;
        figures.sample(
            "  processor, a changed ticket",
            (cpu() - before) * 1000.0 / DELTA as f64,
        );
        figures
            .timed("the same 200 again, nothing changed", store.apply(&batch))
            .await?;
    }
    for round in 0..5 {
        let mut technician = data::person(3);
        technician.last_name = format!("Renommé{round}");
        let batch = Batch {
            records: vec![Record::Person(Box::new(technician))],
            ..Batch::default()
        };
        figures.timed("a technician renamed", store.apply(&batch)).await?;
    }
    for _ in 0..100 {
        let id = TicketId(1 + dice.roll(tickets as u64) as i64);
        let operation = Operation::AddFollowup {
            body: RichText::from_plain("Bonjour, nous regardons."),
            private: false,
        };
        let submission = Submission {
            lane: Some(id),
            operations: vec![(OperationId::new(), operation)],
            draft: None,
            hold: std::time::Duration::ZERO,
        };
        figures
            .timed("a follow-up accepted durably", store.submit(submission, now()))
            .await?;
    }
    for text in ["imprimante", "regardons", "salle outlook"] {
        let query = SearchQuery {
            text: text.to_owned(),
            kinds: Vec::new(),
            limit: 20,
        };
        figures
            .timed("search with 100 pending follow-ups", store.search(&query))
            .await?;
    }
    Ok(())
}
