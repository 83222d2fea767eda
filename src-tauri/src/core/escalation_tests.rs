//! Escalations from one desk to another over one server: the embedded sandbox, two accounts, real databases.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::{
    api::{BoardQuery, BoardRow, SecretStoreKind, SignInMethod},
    core::{desk::Pace, profile::ProfileFolder, secrets::Secrets},
};
use guichet_backend::SystemClock;
use guichet_domain::{
    catalogue::CatalogueKind,
    operation::NewTicket,
    rich_text::RichText,
    ticket::{Level, Status, TicketKind},
    triage::{BoardState, TriageAction},
};
use guichet_sandbox::{Faults, Options, Sandbox, Version};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
};
use tokio::sync::broadcast;

/// A server of a few tickets, with the groups that the contract of the demonstration names.
async fn server() -> Sandbox {
    let options = Options {
        tickets: 12,
        users: 20,
        sites: 2,
        articles: 0,
        dropdown_rights: true,
        ..Options::demo(5).version(Version::Eleven).ending(Timestamp::now())
    };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Sandbox::start_in(options, address, None).await.unwrap()
}

/// A desk of an account that has read everything.
async fn desk(folder: &Path, server: &Sandbox, login: &str) -> Desk {
    let profile = ProfileFolder {
        id: login.to_owned(),
        path: folder.join(login),
    };
    let (events, _) = broadcast::channel(256);
    let desk = Desk::open(profile, Arc::new(SystemClock), events, Pace::OnDemand, Some(Locale::Fr))
        .await
        .unwrap();
    let mut settings = desk.config().await.settings;
    settings.contract = Some("vsgp".to_owned());
    desk.save_settings(settings).await.unwrap();
    let mut secrets = Secrets::default();
    secrets.user_token = server.with_core(|core| core.user_token(login).map(str::to_owned));
    desk.sign_in(server.url(), SignInMethod::UserToken, secrets, SecretStoreKind::File)
        .await
        .unwrap();
    round(&desk).await;
    desk
}

/// One round: what is unsent goes out, what changed comes in.
async fn round(desk: &Desk) {
    let session = desk.require_session().await.unwrap();
    session.engine.nudge();
    session.engine.round().await.unwrap();
}

async fn me(desk: &Desk) -> UserId {
    desk.account().await.unwrap().user
}

fn diagnosis() -> Diagnosis {
    Diagnosis {
        symptom: "Le VPN ne répond plus".to_owned(),
        since: "ce matin".to_owned(),
        affected: "une personne".to_owned(),
        tried: "redémarrage".to_owned(),
        ..Diagnosis::default()
    }
}

fn asked(domain: &str, diagnosis: Diagnosis) -> NewEscalation {
    NewEscalation {
        domain: domain.to_owned(),
        level: SupportLevel::N2,
        diagnosis,
        note: String::new(),
        release: false,
    }
}

async fn group_named(desk: &Desk, name: &str) -> NamedGroup {
    let groups = desk.store.groups().await.unwrap();
    let group = groups.iter().find(|group| group.name == name).unwrap();
    NamedGroup {
        id: group.id,
        name: group.name.clone(),
    }
}

/// A ticket of level 1 in a category, written here and not sent.
async fn written(desk: &Desk, category: &str, title: &str) -> TicketId {
    let (items, _) = desk.store.catalogue(CatalogueKind::Category).await.unwrap();
    let category = items.iter().find(|item| item.full_name.starts_with(category)).unwrap();
    let level_1 = group_named(desk, "Support N1").await;
    let ticket = NewTicket {
        title: title.to_owned(),
        description: RichText::from_plain(title),
        kind: TicketKind::Incident,
        urgency: Level(3),
        impact: Level(3),
        category: Some(category.id),
        location: None,
        channel: None,
        entity: None,
        actors: vec![Actor {
            role: Role::Assigned,
            party: Party::Group { id: level_1.id },
        }],
        assets: Vec::new(),
    };
    let ticket = Box::new(ticket);
    let submission = Submission {
        lane: None,
        operations: vec![(OperationId::new(), Operation::CreateTicket { ticket })],
        draft: None,
        hold: Duration::ZERO,
    };
    desk.submit(submission).await.unwrap().lane
}

async fn board(desk: &Desk, query: BoardQuery) -> Vec<BoardRow> {
    desk.triage_board(&query).await.unwrap().rows
}

async fn row(desk: &Desk, ticket: TicketId) -> BoardRow {
    let query = BoardQuery {
        done: true,
        ..BoardQuery::default()
    };
    let rows = board(desk, query).await;
    rows.into_iter()
        .find(|row| row.ticket.id == ticket)
        .expect("not on the board")
}

/// What the server has on a ticket: assigned groups, its private follow-ups, its documents' names.
fn at_server(server: &Sandbox, ticket: TicketId) -> (Vec<i64>, Vec<String>, Vec<String>) {
    server.with_core(|core| {
        let number = |kind, id, column| core.peek(kind, id, column).and_then(|value| value.as_i64());
        let groups = core.on_ticket("Group_Ticket", ticket.0);
        let groups = groups
            .into_iter()
            .filter(|id| number("Group_Ticket", *id, "type") == Some(2))
            .filter_map(|id| number("Group_Ticket", id, "groups_id"));
        let followups = core.on_ticket("ITILFollowup", ticket.0);
        let followups = followups
            .into_iter()
            .filter(|id| number("ITILFollowup", *id, "is_private") == Some(1))
            .filter_map(|id| core.peek("ITILFollowup", id, "content"))
            .map(|content| content.as_str().unwrap().to_owned());
        let written = core.writes().iter().filter(|write| write.itemtype == "Document");
        let written: BTreeSet<i64> = written.map(|write| write.id).collect();
        let documents = written
            .into_iter()
            .filter_map(|id| core.peek("Document", id, "filename"))
            .map(|name| name.as_str().unwrap().to_owned());
        (groups.collect(), followups.collect(), documents.collect())
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_escalation_reaches_the_server_once_with_its_diagnosis_its_group_and_its_picture() {
    let folder = tempfile::tempdir().unwrap();
    let server = server().await;
    let desk = desk(folder.path(), &server, "tech1").await;
    let ticket = written(&desk, "Réseau", "VPN coupé").await;
    assert!(ticket.is_local());

    let sheet = desk.escalation(ticket).await.unwrap();
    assert_eq!(sheet.domain.as_deref(), Some("network"), "by its category");
    assert_eq!(sheet.diagnosis.symptom, "VPN coupé", "what the ticket says already");
    assert_eq!(sheet.escalated, None);
    let network = sheet.domains.iter().find(|domain| domain.domain == "network").unwrap();
    let n2 = &network.charges[0];
    assert_eq!(
        (n2.level, n2.name.as_str(), n2.contact.as_str()),
        (SupportLevel::N2, "Réseau & Télécom", "7002")
    );
    assert!(n2.group.is_some() && n2.open.is_some());
    assert!(network.charges.iter().all(|charge| charge.level != SupportLevel::N1));

    // The form of the domain asks for equipment too: nothing is sent, and what was typed stays.
    let typed = diagnosis();
    desk.keep_diagnosis(ticket, &typed).await.unwrap();
    let refused = desk
        .escalate(ticket, &asked("network", typed.clone()), Locale::Fr)
        .await;
    let error = refused.unwrap_err();
    assert_eq!(error.code(), "escalation_incomplete");
    assert!(error.explain(Locale::Fr).message.contains("Matériel"), "{error}");
    assert_eq!(desk.escalation(ticket).await.unwrap().diagnosis, typed);
    assert_eq!(
        desk.store.outbox(None, false).await.unwrap().len(),
        1,
        "its creation alone"
    );
    let n1 = NewEscalation {
        level: SupportLevel::N1,
        ..asked("security", typed.clone())
    };
    let error = desk.escalate(ticket, &n1, Locale::Fr).await.unwrap_err();
    assert_eq!(error.code(), "escalation_no_responsible");

    let picture = desk
        .store
        .keep_attachment("erreur.png", "image/png", b"\x89PNG\r\n\x1a\n erreur 809")
        .await
        .unwrap();
    let security = NewEscalation {
        release: true,
        note: "Rappeler avant midi".to_owned(),
        ..asked(
            "security",
            Diagnosis {
                screenshots: vec![picture],
                ..typed
            },
        )
    };
    let accepted = desk.escalate(ticket, &security, Locale::Fr).await.unwrap();
    assert_eq!(accepted.lane, ticket);
    assert_eq!(desk.store.diagnosis(ticket).await.unwrap(), None, "it went along");
    // On the board at once, with no round.
    let here = row(&desk, ticket).await;
    assert_eq!(here.escalated.card.state, BoardState::New);
    assert!(here.escalated.card.dated && here.target.is_some());

    round(&desk).await;
    round(&desk).await;
    let ticket = desk.store.resolve_ticket(ticket).await.unwrap();
    assert!(!ticket.is_local());
    let group = group_named(&desk, "Sécurité").await;
    let (groups, followups, documents) = at_server(&server, ticket);
    assert_eq!(groups, [group.id.0], "level 1 left, and the group in charge has it");
    assert_eq!(followups.len(), 1, "{followups:?}");
    for words in [
        "[Escalade] transmise à : Sécurité",
        "Le VPN ne répond plus",
        "Rappeler avant midi",
    ] {
        assert!(followups[0].contains(words), "{words} in {followups:?}");
    }
    assert_eq!(documents, ["erreur.png"]);
    assert_eq!(row(&desk, ticket).await.escalated.card.state, BoardState::New);
    assert_eq!(
        row(&desk, ticket).await.escalated.card.group.as_deref(),
        Some("Sécurité")
    );
    let state = desk.ticket_escalation(ticket).await.unwrap();
    assert!(state.timer.is_some() && state.escalated.is_some());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_see_each_step_of_the_other_on_their_own_desks() {
    let folder = tempfile::tempdir().unwrap();
    let server = server().await;
    let help_desk = desk(folder.path(), &server, "tech1").await;
    let ticket = written(&help_desk, "Réseau", "Imprimante muette").await;
    help_desk
        .escalate(ticket, &asked("security", diagnosis()), Locale::Fr)
        .await
        .unwrap();
    round(&help_desk).await;
    round(&help_desk).await;
    let ticket = help_desk.store.resolve_ticket(ticket).await.unwrap();
    let dsi = desk(folder.path(), &server, "tech2").await;
    // The other side reads in its own language.
    let act = async |action: TriageAction| {
        let done = dsi.triage(ticket, &action, Locale::En).await;
        round(&dsi).await;
        round(&help_desk).await;
        done
    };
    let seen_with = async |state: BoardState, reminders: u32| {
        let there = |row: &BoardRow| (row.escalated.card.state, row.escalated.card.reminders) == (state, reminders);
        for (side, desk) in [("dsi", &dsi), ("help desk", &help_desk)] {
            // What another account did comes with one of the next rounds.
            let mut known = row(desk, ticket).await;
            for _ in 0..20 {
                if there(&known) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
                round(desk).await;
                known = row(desk, ticket).await;
            }
            assert!(
                there(&known),
                "{side}, {state} with {reminders}: {:?}",
                known.escalated.card
            );
        }
        row(&help_desk, ticket).await
    };
    let seen = async |state: BoardState| seen_with(state, 0).await;
    seen(BoardState::New).await;
    let mine = BoardQuery {
        mine: true,
        ..BoardQuery::default()
    };
    assert_eq!(board(&help_desk, mine.clone()).await.len(), 1, "what I sent");
    assert!(board(&dsi, mine.clone()).await.is_empty(), "somebody else sent it");
    let security = group_named(&dsi, "Sécurité").await;
    let of = |group: &NamedGroup| BoardQuery {
        groups: vec![group.id],
        ..BoardQuery::default()
    };
    let with = |rows: &[BoardRow]| rows.iter().any(|row| row.ticket.id == ticket);
    assert!(with(&board(&dsi, of(&security)).await));
    let network = group_named(&dsi, "Réseau & Télécom").await;
    assert!(!with(&board(&dsi, of(&network)).await));

    act(TriageAction::Accept).await.unwrap();
    let row = seen(BoardState::Accepted).await;
    assert_eq!(row.escalated.card.by, Some(me(&dsi).await));
    assert!(row.escalated.by.is_some(), "by name");
    let error = act(TriageAction::Accept).await.unwrap_err();
    assert_eq!(error.code(), "escalation_wrong_state");

    let nobody = TriageAction::Wait {
        third: "  ".to_owned(),
        words: String::new(),
    };
    assert_eq!(act(nobody).await.unwrap_err().code(), "escalation_no_third_party");
    let wait = TriageAction::Wait {
        third: "Orange".to_owned(),
        words: "Ligne coupée, dossier 42".to_owned(),
    };
    act(wait).await.unwrap();
    let row = seen(BoardState::Waiting).await;
    assert_eq!(row.third.as_deref(), Some("Orange"));
    assert_eq!(row.ticket.status, Status::Waiting, "its own time stands still");
    let chased = help_desk.chase_list().await.unwrap();
    let chased = chased.iter().find(|row| row.ticket.id == ticket).unwrap();
    assert!(chased.remind_at.is_some() && !chased.late);
    let remind = TriageAction::Remind {
        means: "téléphone".to_owned(),
        words: "Promis pour demain".to_owned(),
    };
    act(remind).await.unwrap();
    // The reminder changes no state: it is waited for by itself.
    seen_with(BoardState::Waiting, 1).await;
    let answered = TriageAction::Answered {
        words: "Rétablie".to_owned(),
    };
    act(answered).await.unwrap();
    let row = seen(BoardState::Accepted).await;
    assert_eq!(row.ticket.status, Status::Assigned);
    let wait = &row.escalated.waits[0];
    assert!(wait.to.is_some());
    let proof: Vec<&str> = wait.proof.iter().map(|marked| marked.words.as_str()).collect();
    assert!(
        proof[0].contains("dossier 42") && proof[1].contains("Promis pour demain"),
        "{proof:?}"
    );
    assert!(
        help_desk
            .chase_list()
            .await
            .unwrap()
            .iter()
            .all(|row| row.ticket.id != ticket)
    );

    let to = TriageAction::ReRoute {
        reason: "C’est le réseau".to_owned(),
        to: network.clone(),
    };
    act(to).await.unwrap();
    let row = seen(BoardState::New).await;
    assert_eq!(row.escalated.card.group.as_deref(), Some("Réseau & Télécom"));
    assert!(with(&board(&help_desk, of(&network)).await) && !with(&board(&help_desk, of(&security)).await));
    let level_1 = group_named(&dsi, "Support N1").await;
    let silent = TriageAction::SendBack {
        reason: String::new(),
        to: level_1.clone(),
    };
    assert_eq!(act(silent).await.unwrap_err().code(), "escalation_no_reason");
    let unknown = TriageAction::SendBack {
        reason: "Il manque le numéro".to_owned(),
        to: NamedGroup {
            id: GroupId(9999),
            name: "Nulle part".to_owned(),
        },
    };
    assert_eq!(act(unknown).await.unwrap_err().code(), "escalation_unknown_group");
    let back = TriageAction::SendBack {
        reason: "Il manque le numéro".to_owned(),
        to: level_1.clone(),
    };
    act(back).await.unwrap();
    let row = seen(BoardState::SentBack).await;
    assert!(row.escalated.card.reason.contains("Il manque le numéro"));
    let (groups, _, _) = at_server(&server, ticket);
    assert_eq!(groups, [level_1.id.0], "level 1 has it, nobody else");

    // Level 1 completes and escalates again.
    help_desk
        .escalate(ticket, &asked("security", diagnosis()), Locale::Fr)
        .await
        .unwrap();
    round(&help_desk).await;
    round(&dsi).await;
    seen(BoardState::New).await;
    let finish = TriageAction::Finish {
        words: "Compte débloqué".to_owned(),
        solution: true,
    };
    act(finish).await.unwrap();
    let row = seen(BoardState::Done).await;
    assert_eq!(row.ticket.status, Status::Solved);
    assert!(!with(&board(&help_desk, mine).await), "what is done is shown on demand");
    let error = help_desk
        .escalate(ticket, &asked("security", diagnosis()), Locale::Fr)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "escalation_wrong_state");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn escalating_needs_no_network_and_arrives_once_when_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let server = server().await;
    let desk = desk(folder.path(), &server, "tech1").await;
    let ticket = written(&desk, "Réseau", "Badge refusé").await;
    round(&desk).await;
    let ticket = desk.store.resolve_ticket(ticket).await.unwrap();
    server.set_faults(Faults {
        down: true,
        ..Faults::default()
    });
    round(&desk).await;
    desk.escalate(ticket, &asked("security", diagnosis()), Locale::Fr)
        .await
        .unwrap();
    assert_eq!(row(&desk, ticket).await.escalated.card.state, BoardState::New);
    desk.triage(ticket, &TriageAction::Accept, Locale::Fr).await.unwrap();
    round(&desk).await;
    assert_eq!(row(&desk, ticket).await.escalated.card.state, BoardState::Accepted);
    assert_eq!(at_server(&server, ticket).1.len(), 0, "nothing has arrived");
    server.set_faults(Faults::default());
    for _ in 0..3 {
        round(&desk).await;
    }
    let (groups, followups, _) = at_server(&server, ticket);
    assert_eq!(groups.len(), 2, "level 1 follows up");
    assert_eq!(followups.len(), 2, "{followups:?}");
    assert_eq!(row(&desk, ticket).await.escalated.card.state, BoardState::Accepted);
    assert_eq!(desk.store.outbox_counts().await.unwrap().pending, 0);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_the_itsm_does_not_have_is_said_so_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let server = server().await;
    let desk = desk(folder.path(), &server, "tech1").await;
    let contract = include_str!("../../../assets/contracts/vsgp.toml").replace("\"Sécurité\"", "\"Sûreté\"");
    let path = folder.path().join("contract.toml");
    std::fs::write(&path, contract).unwrap();
    let mut settings = desk.config().await.settings;
    settings.contract = Some(path.display().to_string());
    desk.save_settings(settings).await.unwrap();
    let ticket = written(&desk, "Réseau", "Badge refusé").await;
    let sheet = desk.escalation(ticket).await.unwrap();
    let security = sheet.domains.iter().find(|domain| domain.domain == "security").unwrap();
    assert_eq!(security.charges[0].group, None);
    let error = desk
        .escalate(ticket, &asked("security", diagnosis()), Locale::Fr)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "escalation_unknown_group");
    assert!(error.explain(Locale::Fr).message.contains("Sûreté"));
    let error = desk
        .triage(ticket, &TriageAction::Accept, Locale::Fr)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "escalation_none");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_surge_of_real_tickets_becomes_a_major_incident_with_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let server = server().await;
    let desk = desk(folder.path(), &server, "tech1").await;
    for number in 0..5 {
        let title = [
            "Le VPN ne répond plus",
            "VPN coupé",
            "plus de vpn",
            "Erreur 809 VPN",
            "VPN lent",
        ][number];
        written(&desk, "Réseau", title).await;
    }
    let cards = desk.surges(Locale::Fr).await.unwrap();
    assert_eq!(cards.len(), 1, "{cards:?}");
    let card = &cards[0];
    assert!(card.title.starts_with("Incident majeur : "), "{card:?}");
    assert!(!card.dismissed && !card.explanation.is_empty() && card.message.contains("incident"));
    let refused = desk
        .declare_major_incident(&card.key, &card.title, "", Locale::Fr)
        .await
        .unwrap_err();
    assert_eq!(
        refused.code(),
        "surge_nothing_to_link",
        "they are not at the server yet"
    );
    round(&desk).await;
    let late = written(&desk, "Réseau", "VPN encore").await;
    let again = desk.surges(Locale::Fr).await.unwrap();
    assert_eq!(again[0].key, card.key, "it is the same surge");
    let declared = desk
        .declare_major_incident(&card.key, "VPN indisponible", "Chez tout le monde", Locale::Fr)
        .await
        .unwrap();
    assert_eq!(declared.left_out, [late]);
    assert_eq!(declared.accepted.entries.len(), 6, "the parent and five children");
    assert!(
        desk.surges(Locale::Fr).await.unwrap()[0].dismissed,
        "it is taken care of"
    );
    for _ in 0..2 {
        round(&desk).await;
    }
    let parent = desk.store.resolve_ticket(declared.accepted.lane).await.unwrap();
    let links = desk.store.ticket(parent).await.unwrap().unwrap().links;
    let children = links
        .iter()
        .filter(|link| link.kind == guichet_domain::record::LinkKind::ParentOf);
    assert_eq!(children.count(), 5, "{links:?}");
    let error = desk.dismiss_surge("word:nothing", Locale::Fr).await.unwrap_err();
    assert_eq!(error.code(), "surge_over");
    server.stop().await;
}
