//! A desk that has read a server, handed over, and read again by readers of their own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::{
    api::{SecretStoreKind, SignInMethod},
    core::{desk::Pace, export, profile::ProfileFolder, secrets::Secrets},
};
use calamine::{Data, Range, Reader, Xlsx, open_workbook};
use guichet_backend::SystemClock;
use guichet_domain::{
    ArticleId, OperationId, TicketId, UserId,
    article::Article,
    asset::{Asset, AssetKey},
    call::{Call, CallCapabilities, CallSource, CallState, Direction, RemoteParty},
    document::{Document, DocumentLink},
    operation::{AttachTo, NewTicket},
    record::Record,
    rich_text::{Block, Inline, RichText},
    ticket::{Level, Role, Status, TicketKind},
};
use guichet_sandbox::{Options, Sandbox, Version};
use guichet_store::{Batch, CollectionState, Submission};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeSet,
    fs,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::broadcast;

/// What nobody should be able to say in a title.
const HOSTILE: &str = "=HYPERLINK(\"http://x\";\"y\") <script>alert(1)</script> ../x \u{202e}exe.fdp\u{1} | # `a`";

async fn opened(folder: &Path, locale: Locale) -> Desk {
    let profile = ProfileFolder {
        id: "one".to_owned(),
        path: folder.join("one"),
    };
    let (events, _) = broadcast::channel(256);
    Desk::open(profile, Arc::new(SystemClock), events, Pace::OnDemand, Some(locale))
        .await
        .unwrap()
}

async fn server(tickets: u32) -> Sandbox {
    let options = Options {
        tickets,
        users: 20,
        sites: 2,
        articles: 12,
        dropdown_rights: true,
        ..Options::demo(5).version(Version::Eleven).ending(Timestamp::now())
    };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Sandbox::start_in(options, address, None).await.unwrap()
}

/// A desk that has read everything the server has.
async fn desk(folder: &Path, server: &Sandbox) -> Desk {
    let desk = opened(folder, Locale::Fr).await;
    let mut settings = desk.config().await.settings;
    settings.contract = Some("vsgp".to_owned());
    desk.save_settings(settings).await.unwrap();
    let mut secrets = Secrets::default();
    secrets.user_token = server.with_core(|core| core.user_token("tech1").map(str::to_owned));
    desk.sign_in(server.url(), SignInMethod::UserToken, secrets, SecretStoreKind::File)
        .await
        .unwrap();
    round(&desk).await;
    desk
}

async fn round(desk: &Desk) {
    let session = desk.require_session().await.unwrap();
    session.engine.nudge();
    session.engine.round().await.unwrap();
}

async fn submit(desk: &Desk, lane: Option<TicketId>, operations: Vec<(OperationId, Operation)>) -> TicketId {
    let submission = Submission {
        lane,
        operations,
        draft: None,
        hold: Duration::ZERO,
    };
    desk.submit(submission).await.unwrap().lane
}

fn new_ticket(title: &str) -> (OperationId, Operation) {
    let ticket = NewTicket {
        title: title.to_owned(),
        description: RichText::from_plain("Demande <script>alert(2)</script>"),
        kind: TicketKind::Incident,
        urgency: Level(3),
        impact: Level(3),
        category: None,
        location: None,
        channel: None,
        entity: None,
        actors: Vec::new(),
        assets: Vec::new(),
    };
    let ticket = Box::new(ticket);
    (OperationId::new(), Operation::CreateTicket { ticket })
}

async fn upload(desk: &Desk, filename: &str, bytes: &[u8]) -> (OperationId, Operation) {
    let attachment = desk.store.keep_attachment(filename, "image/png", bytes).await.unwrap();
    let operation = Operation::UploadDocument {
        attachment,
        attach_to: AttachTo::Ticket,
    };
    (OperationId::new(), operation)
}

fn private(text: &str) -> (OperationId, Operation) {
    let operation = Operation::AddFollowup {
        body: RichText::from_plain(text),
        private: true,
    };
    (OperationId::new(), operation)
}

fn call() -> Call {
    let at = |second: i64| Timestamp::from_second(1_780_000_000 + second).unwrap();
    Call {
        source: CallSource("pbx".to_owned()),
        id: "c1".to_owned(),
        ids: BTreeSet::from(["c1".to_owned()]),
        direction: Direction::Inbound,
        remote: RemoteParty::read("0612345678", "", "FR"),
        state: CallState::Ended,
        queue: Some("support".to_owned()),
        ringing: BTreeSet::new(),
        device: None,
        agent: None,
        answered_by: None,
        consultation: None,
        started_at: at(0),
        queued_at: Some(at(0)),
        ringing_at: Some(at(1)),
        answered_at: Some(at(12)),
        transferred_at: None,
        voicemail_at: None,
        ended_at: Some(at(100)),
        cause: None,
        times_uncertain: false,
        user_data: BTreeMap::new(),
        capabilities: CallCapabilities::default(),
    }
}

fn hostile_article() -> Record {
    Record::Article(Box::new(Article {
        id: ArticleId(900_000),
        title: HOSTILE.to_owned(),
        body: RichText {
            blocks: vec![
                Block::Paragraph {
                    content: vec![
                        Inline::text("<script>alert(3)</script>"),
                        Inline::Link {
                            href: "javascript:alert(4)".to_owned(),
                            content: vec![Inline::text("là")],
                        },
                        Inline::Image {
                            document: Some(guichet_domain::DocumentId(888_888)),
                            alt: "\"><script>".to_owned(),
                        },
                    ],
                },
                Block::Paragraph {
                    content: vec![Inline::text("long ".repeat(10_000))],
                },
            ],
        },
        categories: Vec::new(),
        faq: true,
        updated_at: None,
    }))
}

fn silent(_: HandOverProgress) {}

fn sheet(path: &Path, name: &str) -> Range<Data> {
    let mut book: Xlsx<_> = open_workbook(path).unwrap();
    assert!(book.worksheet_formula(name).unwrap().is_empty(), "{name} has a formula");
    book.worksheet_range(name).unwrap()
}

/// Where a heading's column is.
fn column(sheet: &Range<Data>, heading: &str) -> usize {
    let first = sheet.rows().next().unwrap();
    let place = first.iter().position(|cell| *cell == heading);
    place.unwrap_or_else(|| panic!("{heading} in {first:?}"))
}

fn all_files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().replace('\\', "/");
                files.insert(name, fs::read(path).unwrap());
            }
        }
    }
    files
}

fn names(folder: &Path) -> BTreeSet<String> {
    let read = fs::read_dir(folder).unwrap();
    read.map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn text<'a>(files: &'a BTreeMap<String, Vec<u8>>, name: &str) -> &'a str {
    std::str::from_utf8(&files[name]).unwrap()
}

/// The manifest tells of every file what it is, and of no other.
fn check_manifest(files: &BTreeMap<String, Vec<u8>>) -> Value {
    let manifest: Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
    let mut listed = BTreeSet::from(["manifest.json".to_owned()]);
    for file in manifest["files"].as_array().unwrap() {
        let name = file["path"].as_str().unwrap();
        let bytes = &files[name];
        assert_eq!(file["size"].as_u64(), Some(bytes.len() as u64), "{name}");
        let digest: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(file["sha256"], digest, "{name}");
        assert!(listed.insert(name.to_owned()), "{name} is listed twice");
    }
    let there: BTreeSet<String> = files.keys().cloned().collect();
    assert_eq!(listed, there);
    manifest
}

/// Every name is one that Windows takes, and none differs from another in its case alone.
fn check_names(files: &BTreeMap<String, Vec<u8>>) {
    let mut seen = BTreeSet::new();
    for name in files.keys() {
        assert!(seen.insert(name.to_lowercase()), "{name}");
        for part in name.split('/') {
            assert!((1..=120).contains(&part.chars().count()), "{name}");
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
            assert!(part.chars().all(plain), "{name}");
            assert!(!part.starts_with('.') && !part.ends_with('.'), "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_desk_is_handed_over_and_reads_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(230).await;
    let desk = desk(folder.path(), &server).await;
    let picture = b"\x89PNG\r\n\x1a\nA picture";
    let operations = vec![
        new_ticket(HOSTILE),
        private("Mot de passe vu : <b>rien</b>"),
        upload(&desk, "<script> Écran.png", picture).await,
    ];
    let hostile = submit(&desk, None, operations).await;
    for _ in 0..3 {
        round(&desk).await;
    }
    let hostile = desk.store.resolve_ticket(hostile).await.unwrap();
    assert!(!hostile.is_local());
    // What only the mirror can be made to say: a document that the server has not, an article, equipment.
    let mut bundle = desk.store.mirrored_ticket(hostile).await.unwrap().unwrap();
    assert_eq!(bundle.documents.len(), 1, "the picture came back");
    bundle.documents.push(Document {
        id: guichet_domain::DocumentId(999_999),
        name: "Bon".to_owned(),
        filename: "../../bon\u{202e}fdp.exe".to_owned(),
        mime: None,
        sha1: None,
        updated_at: None,
    });
    bundle.document_links.push(DocumentLink {
        id: 999_999,
        document: guichet_domain::DocumentId(999_999),
        ticket: hostile,
        entry: None,
        author: None,
        at: None,
    });
    let asset = Asset {
        key: AssetKey {
            kind: "Computer".to_owned(),
            id: 900_000,
        },
        name: HOSTILE.to_owned(),
        serial: None,
        inventory_number: None,
        user: Some(UserId(900_000)),
        location: None,
        entity: None,
        model: None,
        state: None,
        updated_at: None,
    };
    let records = vec![
        Record::Bundle(Box::new(bundle)),
        hostile_article(),
        Record::Asset(Box::new(asset)),
    ];
    desk.store
        .apply(&Batch {
            records,
            ..Batch::default()
        })
        .await
        .unwrap();
    desk.store.keep_call(&call(), &[], &[], true).await.unwrap();
    let line = |id, what| HistoryChange {
        id,
        ticket: hostile,
        at: Timestamp::from_second(1_780_000_000 + id).unwrap(),
        what,
    };
    let party = HistoryParty::User { id: UserId(900_001) };
    let joined = HistoryEvent::Joined {
        party,
        role: Some(Role::Assigned),
    };
    let waits = HistoryEvent::Status {
        from: Status::Assigned,
        to: Status::Waiting,
    };
    let lines = [line(1, joined), line(2, waits), line(3, HistoryEvent::Trashed)];
    let read = CollectionState {
        complete: true,
        availability: Availability::Available,
        ..CollectionState::default()
    };
    desk.store.apply_history(&lines, &read).await.unwrap();
    // And what waits to be sent.
    let operations = vec![new_ticket("Pas encore parti"), upload(&desk, "Note.txt", b"abc").await];
    submit(&desk, None, operations).await;

    let to = folder.path().join("remise");
    let steps = Mutex::new(Vec::new());
    let progress = |told: HandOverProgress| steps.lock().unwrap().push(told);
    let options = HandOverOptions { documents: true };
    let handing = desk.hand_over(&to, &options, &progress);
    let made = is_send(handing).await.unwrap();
    assert_eq!(
        names(folder.path()),
        BTreeSet::from(["one".to_owned(), "remise".to_owned()])
    );
    let files = all_files(&to);
    check_names(&files);
    let manifest = check_manifest(&files);

    // The numbers are the mirror's.
    let held = desk.store.counts().await.unwrap();
    let counts = &made.counts;
    assert_eq!(
        (counts.tickets, counts.articles, counts.assets),
        (held.tickets, held.articles, held.assets)
    );
    assert!(held.tickets > 200 && held.assets > 1 && held.articles > 1, "{held:?}");
    assert_eq!(manifest["counts"]["tickets"], held.tickets);
    assert_eq!(manifest["counts"]["files"], files.len() - 1);
    assert_eq!(made.bytes, files.values().map(|bytes| bytes.len() as u64).sum::<u64>());
    let book = to.join("tickets.xlsx");
    let height = |name: &str| u32::try_from(sheet(&book, name).height()).unwrap() - 1;
    assert_eq!(height("Tickets"), counts.tickets);
    assert_eq!(height("Échanges"), counts.entries);
    assert_eq!(height("Participants"), counts.participants);
    assert_eq!(height("Pièces jointes"), counts.attachments);
    assert_eq!(height("Appels"), 1);
    assert_eq!(height("En attente d’envoi"), counts.unsent);
    assert_eq!(counts.unsent, 2);
    let history = sheet(&book, "Historique des tickets");
    assert_eq!(many(history.height()) - 1, counts.changes);
    let ids: Vec<TicketId> = tickets_of(&desk).await;
    let lines = desk.store.ticket_history(&ids).await.unwrap();
    assert_eq!(many(lines.len()), counts.changes);
    let told: Vec<Vec<String>> = history
        .rows()
        .filter(|row| row[0] == Data::Float(hostile.0 as f64))
        .map(|row| row.iter().skip(2).map(ToString::to_string).collect())
        .collect();
    assert_eq!(
        told[told.len() - 3..],
        [
            ["arrivée", "", "", "attribué à", "personne", "900001", "#900001"],
            ["état changé", "en cours", "en attente", "", "", "", ""],
            ["mis à la corbeille", "", "", "", "", "", ""],
        ]
    );
    let mut entries = 0;
    for id in desk.store.ids(Collection::Tickets).await.unwrap() {
        let ticket = desk.store.mirrored_ticket(id.into()).await.unwrap().unwrap();
        entries += many(ticket.timeline.len());
    }
    assert_eq!(counts.entries, entries);
    let pages = files.keys().filter(|name| name.starts_with("tickets/")).count();
    assert_eq!(many(pages), counts.tickets);
    let folders: BTreeSet<&str> = files
        .keys()
        .filter_map(|name| name.strip_prefix("tickets/")?.split('/').next())
        .collect();
    assert!(folders.len() >= 4 && folders.contains("unsent"), "{folders:?}");

    // Typed cells, and texts that are texts.
    let tickets = sheet(&book, "Tickets");
    let (number, title, opened, file) = (
        column(&tickets, "Ticket"),
        column(&tickets, "Titre"),
        column(&tickets, "Ouvert le"),
        column(&tickets, "Fichier"),
    );
    let row = tickets
        .rows()
        .find(|row| row[number] == Data::Float(hostile.0 as f64))
        .unwrap();
    let said = row[title].to_string();
    assert!(said.starts_with("=HYPERLINK(") && said.contains("<script>"), "{said}");
    assert!(!said.contains('\u{202e}') && !said.contains('\u{1}'), "{said:?}");
    assert!(matches!(row[opened], Data::DateTime(_)));
    for row in tickets.rows().skip(1) {
        assert!(files.contains_key(&row[file].to_string()), "{row:?}");
    }
    let calls = sheet(&book, "Appels");
    let call = calls.rows().nth(1).unwrap();
    assert_eq!(call[column(&calls, "Numéro")], Data::String("+•••••••5678".to_owned()));
    assert_eq!(call[column(&calls, "Attente (s)")], Data::Float(12.0));

    // The ticket's own file.
    let place = row[file].to_string();
    let page = text(&files, &place);
    assert!(page.contains("&lt;script&gt;alert(1)"), "{page}");
    assert!(!page.contains("<script") && !page.contains('\u{202e}'), "{page}");
    assert!(page.contains("PRIVÉ") && page.contains("Mot de passe vu"), "{page}");
    assert!(page.contains("fichier absent de la remise"), "{page}");

    // Documents: fetched, or named with the reason.
    assert_eq!(counts.documents, counts.documents_written + 2);
    let fetched: Vec<&String> = files
        .keys()
        .filter(|name| name.ends_with("-script-ecran.png"))
        .collect();
    let [fetched] = fetched[..] else { panic!("{fetched:?}") };
    assert_eq!(files[fetched], picture);
    assert!(page.contains(&format!("(../../{fetched})")), "{page}");
    let missing = manifest["documents_missing"].as_array().unwrap();
    let missing: Vec<(Option<i64>, &Value)> = missing
        .iter()
        .map(|one| (one["document"].as_i64(), &one["reason"]["code"]))
        .collect();
    assert_eq!(missing.len(), 2);
    assert_eq!((missing[0].0, missing[1].0), (Some(888_888), Some(999_999)));
    assert!(
        missing
            .iter()
            .all(|(_, code)| code.as_str().is_some_and(|code| code.starts_with("backend_"))),
        "{missing:?}"
    );
    let waiting: Vec<&String> = files
        .keys()
        .filter(|name| name.starts_with("documents/unsent/"))
        .collect();
    assert_eq!(waiting.len(), 1);
    assert_eq!(files[waiting[0]], b"abc");

    // Articles.
    let article = files
        .keys()
        .find(|name| name.starts_with("articles/900000-") && name.ends_with(".html"))
        .unwrap();
    let html = text(&files, article);
    assert!(html.contains("default-src 'none'") && html.contains("lang=\"fr\""));
    assert!(
        !html.contains("<script") && !html.contains("javascript:") && !html.contains('\u{202e}'),
        "{html}"
    );
    let markdown = text(
        &files,
        article
            .strip_suffix("html")
            .map(|name| format!("{name}md"))
            .unwrap()
            .as_str(),
    );
    assert!(
        !markdown.contains("<script") && !markdown.contains("javascript:"),
        "{markdown}"
    );
    assert!(markdown.matches("long ").count() >= 9_999, "whole, where a cell is cut");
    let articles = sheet(&to.join("articles.xlsx"), "Articles");
    assert_eq!(many(articles.height()) - 1, counts.articles);
    let place = column(&articles, "Texte");
    let last = articles.rows().next_back().unwrap()[place].to_string();
    assert!(last.ends_with('…') && last.chars().count() == 32_767);
    let list = text(&files, "articles/index.html");
    assert_eq!(many(list.matches("<li>").count()), counts.articles);
    assert!(!list.contains("<script"));
    let assets = sheet(&to.join("assets.xlsx"), "Équipements");
    assert_eq!(many(assets.height()) - 1, counts.assets);

    // Indicators as the command writes them: thirteen months of each.
    let history = sheet(&to.join("indicators.xlsx"), "Historique");
    assert_eq!(many(history.height()) - 1, counts.indicators * 13);

    // The first page.
    let index = text(&files, "index.html");
    assert!(
        index.contains("Remise du poste") && index.contains(server.url().trim_start_matches("http://")),
        "{index}"
    );
    assert!(
        index.contains("tickets.xlsx") && index.contains("documents/") && !index.contains("<script"),
        "{index}"
    );
    assert!(
        made.gaps
            .iter()
            .any(|gap| gap.code == "documents" && gap.count == Some(2))
    );
    assert!(made.gaps.iter().any(|gap| gap.code == "unsent" && gap.count == Some(2)));
    for gap in &made.gaps {
        assert!(!gap.text.starts_with("handover.") && !gap.text.contains('{'), "{gap:?}");
    }
    for (name, bytes) in &files {
        let readable = name.ends_with(".md") || name.ends_with(".html");
        assert!(
            !readable || !String::from_utf8_lossy(bytes).contains("handover."),
            "{name} has a key for a text"
        );
    }
    assert_eq!(made.data_end, desk.store.last_round_at().await.unwrap());
    let steps = steps.into_inner().unwrap();
    let last = steps.iter().rfind(|told| told.step == HandOverStep::Tickets).unwrap();
    assert_eq!((last.done, last.total), (held.tickets, Some(held.tickets)));

    // Again to the same place: refused, and nothing is touched.
    let again = desk.hand_over(&to, &options, &silent).await;
    assert!(matches!(again, Err(AppError::HandOverFolder { .. })));
    assert_eq!(all_files(&to), files);
}

async fn tickets_of(desk: &Desk) -> Vec<TicketId> {
    let ids = desk.store.ids(Collection::Tickets).await.unwrap();
    ids.into_iter().map(TicketId).collect()
}

fn is_send<F: Future + Send>(future: F) -> F {
    future
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_is_asked_a_few_times_only_and_the_rest_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(3).await;
    let desk = desk(folder.path(), &server).await;
    let id = TicketId(desk.store.ids(Collection::Tickets).await.unwrap()[0]);
    let mut bundle = desk.store.mirrored_ticket(id).await.unwrap().unwrap();
    for nth in 0..40 {
        let document = guichet_domain::DocumentId(900_000 + nth);
        bundle.documents.push(Document {
            id: document,
            name: String::new(),
            filename: format!("{nth}.pdf"),
            mime: None,
            sha1: None,
            updated_at: None,
        });
        bundle.document_links.push(DocumentLink {
            id: document.0,
            document,
            ticket: id,
            entry: None,
            author: None,
            at: None,
        });
    }
    let records = vec![Record::Bundle(Box::new(bundle))];
    desk.store
        .apply(&Batch {
            records,
            ..Batch::default()
        })
        .await
        .unwrap();
    desk.store
        .keep_document(guichet_domain::DocumentId(900_001), b"%PDF kept")
        .await
        .unwrap();
    server.stop().await;
    let to = folder.path().join("remise");
    let made = desk
        .hand_over(&to, &HandOverOptions { documents: true }, &silent)
        .await
        .unwrap();
    assert_eq!(made.counts.tickets, 3);
    let files = all_files(&to);
    assert_eq!(files["documents/900000-900099/900001-1.pdf"], b"%PDF kept");
    let manifest = check_manifest(&files);
    let missing = manifest["documents_missing"].as_array().unwrap();
    let of_mine = missing.iter().filter(|one| one["document"].as_i64() >= Some(900_000));
    let reasons: BTreeSet<&str> = of_mine
        .clone()
        .map(|one| one["reason"]["code"].as_str().unwrap())
        .collect();
    assert_eq!(of_mine.count(), 39, "each by its name");
    assert_eq!(reasons, BTreeSet::from(["backend_unreachable"]));

    // Not asked for is a reason too.
    let to = folder.path().join("autre");
    desk.hand_over(&to, &HandOverOptions::default(), &silent).await.unwrap();
    let manifest = check_manifest(&all_files(&to));
    assert_eq!(manifest["documents_missing"][0]["reason"]["code"], "not_asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_has_read_nothing_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let desk = opened(folder.path(), Locale::En).await;
    let to = folder.path().join("remise");
    let made = desk.hand_over(&to, &HandOverOptions::default(), &silent).await.unwrap();
    assert_eq!((made.counts.tickets, made.data_end), (0, None));
    assert!(
        made.gaps.iter().any(|gap| gap.code == "nothing_read"),
        "{:?}",
        made.gaps
    );
    let files = all_files(&to);
    check_manifest(&files);
    assert!(text(&files, "index.html").contains("Hand-over of the desk"));
    assert!(!files.contains_key("indicators.xlsx"));
    assert_eq!(
        sheet(&to.join("tickets.xlsx"), "Timeline").height(),
        1,
        "a table of headings"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_hand_over_leaves_nothing_that_looks_like_one() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Arc::new(opened(folder.path(), Locale::Fr).await);
    let to = folder.path().join("remise");
    let (reached, mut at) = tokio::sync::mpsc::unbounded_channel();
    let (handing, place) = (desk.clone(), to.clone());
    let task = tokio::spawn(async move {
        let progress = |told: HandOverProgress| {
            if told.step == HandOverStep::Articles {
                let _ = reached.send(());
                std::thread::sleep(Duration::from_millis(200));
            }
        };
        let _ = handing.hand_over(&place, &HandOverOptions::default(), &progress).await;
    });
    at.recv().await.unwrap();
    task.abort();
    let _ = task.await;
    for _ in 0..100 {
        if names(folder.path()).len() == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(names(folder.path()), BTreeSet::from(["one".to_owned()]));
}

#[test]
fn every_heading_is_in_both_catalogues_and_differs_from_its_neighbours() {
    for locale in Locale::ALL {
        let words = Words::new(locale);
        let mut tables: Vec<Vec<(&str, f64)>> = sheets::ALL.iter().map(|columns| columns.to_vec()).collect();
        tables.push([export::TICKET_COLUMNS, sheets::ALL[0]].concat());
        for table in tables {
            let headings: BTreeSet<String> = table.iter().map(|(key, _)| words.heading(key)).collect();
            assert_eq!(
                headings.len(),
                table.len(),
                "a pivot table needs different headings: {headings:?}"
            );
            assert!(
                headings.iter().all(|heading| !heading.starts_with("export.")),
                "{headings:?}"
            );
        }
    }
    let keys = |locale: Locale| {
        let texts = locale.catalogue().texts.keys();
        texts
            .filter(|key| key.starts_with("handover."))
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(Locale::Fr), keys(Locale::En));
}
