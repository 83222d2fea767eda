//! NOTES §5 and §9: writing, and what a refusal means.

use crate::support::*;
use bytes::Bytes;
use guichet_backend::{Backend, BackendError, Delivery, Outgoing};
use guichet_domain::{
    ArticleId, BlobHash, GroupId, TicketId, UserId,
    asset::AssetKey,
    document::Attachment,
    operation::{AttachTo, Field, FieldValue, NewTicket, Operation},
    record::LinkKind,
    rich_text::RichText,
    ticket::{Actor, Level, Party, Role, Status, TicketKind},
    timeline::{EntryKey, EntryKind, TaskState},
};
use serde_json::json;

pub fn followup() -> Outgoing {
    outgoing(
        Some(41),
        Operation::AddFollowup {
            body: RichText::from_plain("même texte"),
            private: false,
        },
    )
}

pub fn task() -> Outgoing {
    outgoing(
        Some(301),
        Operation::AddTask {
            body: RichText::from_plain("Passage sur site"),
            private: false,
            state: TaskState::Todo,
            duration_s: 1800,
            begin: Some("2026-11-24T09:00:00Z".parse().unwrap()),
            assignee: Some(UserId(7)),
        },
    )
}

pub fn solution() -> Outgoing {
    outgoing(
        Some(301),
        Operation::AddSolution {
            body: RichText::from_plain("Résolu"),
            solution_type: None,
        },
    )
}

pub fn new_ticket() -> Outgoing {
    outgoing(
        None,
        Operation::CreateTicket {
            ticket: Box::new(NewTicket {
                title: "Créé par la console".to_owned(),
                description: RichText::from_html("<p>Test <b>gras</b></p>"),
                kind: TicketKind::Incident,
                urgency: Level(4),
                impact: Level(3),
                category: Some(11),
                location: Some(1),
                channel: Some(2),
                entity: Some(0),
                actors: vec![
                    Actor {
                        role: Role::Requester,
                        party: Party::User { id: UserId(13) },
                    },
                    Actor {
                        role: Role::Assigned,
                        party: Party::User { id: UserId(7) },
                    },
                    Actor {
                        role: Role::Assigned,
                        party: Party::Group { id: GroupId(2) },
                    },
                    Actor {
                        role: Role::Observer,
                        party: Party::User { id: UserId(26) },
                    },
                    Actor {
                        role: Role::Observer,
                        party: Party::Email {
                            address: "a@example.test".to_owned(),
                        },
                    },
                ],
                assets: vec![AssetKey {
                    kind: "Computer".to_owned(),
                    id: 12,
                }],
            }),
        },
    )
}

pub fn set_title(base: &str, new: &str) -> Outgoing {
    set(
        Field::Title,
        FieldValue::Text(base.to_owned()),
        FieldValue::Text(new.to_owned()),
    )
}

fn set(field: Field, base: FieldValue, new: FieldValue) -> Outgoing {
    outgoing(Some(301), Operation::SetField { field, base, new })
}

fn user(id: i64, role: Role) -> Actor {
    Actor {
        role,
        party: Party::User { id: UserId(id) },
    }
}

pub fn upload(attach_to: AttachTo, entry: Option<EntryKey>) -> Outgoing {
    let mut outgoing = outgoing(
        Some(301),
        Operation::UploadDocument {
            attachment: Attachment {
                blob: BlobHash("00".to_owned()),
                filename: "capture é.png".to_owned(),
                mime: "image/png".to_owned(),
                size: 3,
            },
            attach_to,
        },
    );
    outgoing.content = Some(Bytes::from_static(b"png"));
    outgoing.attach_to = entry;
    outgoing
}

/// A follow-up of a followup kind with reply text, on ticket 301, after its solution.
fn answer(accept: bool) -> Outgoing {
    outgoing(
        Some(301),
        Operation::AnswerSolution {
            accept,
            body: RichText::from_plain("Ne marche toujours pas"),
        },
    )
}

#[tokio::test]
async fn a_followup_carries_the_instant_it_was_written_as_its_own_date() {
    for version in BOTH {
        let server = Server::new(version);
        server.on("POST ITILFollowup", recorded(&format!("{version}/325")));
        let receipt = backend(&server).send(&followup()).await.unwrap();
        let expected = excerpt(&format!("{version}/325"));
        assert_eq!(receipt.remote_id, Some(if version == "v1-11" { 451 } else { 448 }));
        let writes = server.writes();
        assert_eq!(writes.len(), 1, "one request that can change anything");
        let sent = &writes[0].body["input"];
        for field in ["itemtype", "items_id"] {
            assert_eq!(sent[field], expected.sent["input"][field], "{field}");
        }
        // 09:00 UTC in the server's zone.
        assert_eq!(sent["date"], expected.sent["input"]["date"]);
        insta::assert_json_snapshot!("send-followup", sent);
    }
}

#[tokio::test]
async fn html_is_sent_plain_and_never_encoded_by_the_client() {
    let server = Server::new("v1-10.0");
    server.on("POST ITILFollowup", recorded("v1-10.0/176"));
    let body = RichText::from_html("<p>a &amp; b &lt;c&gt; <b>d</b></p>");
    let operation = Operation::AddFollowup { body, private: true };
    backend(&server).send(&outgoing(Some(301), operation)).await.unwrap();
    let sent = server.writes()[0].body["input"].clone();
    let content = sent["content"].as_str().unwrap();
    assert!(
        content.contains("a &amp; b &lt;c&gt;") && !content.contains("&#"),
        "{content}"
    );
    assert_eq!(sent["is_private"], 1);
}

#[tokio::test]
async fn a_new_ticket_carries_its_actors_and_assets_in_one_request_and_its_key_on_11_only() {
    for version in BOTH {
        let server = Server::new(version);
        server.on("POST Ticket", recorded(&format!("{version}/145")));
        let receipt = backend(&server).send(&new_ticket()).await.unwrap();
        assert_eq!((receipt.remote_id, receipt.ticket), (Some(301), Some(TicketId(301))));
        assert_eq!(server.writes().len(), 1);
        insta::assert_json_snapshot!(format!("send-ticket-{version}"), server.writes()[0].body);
    }
}

#[tokio::test]
async fn a_task_carries_the_operation_s_identity_as_its_uuid() {
    for version in BOTH {
        let server = Server::new(version);
        server.on("POST TicketTask", recorded(&format!("{version}/183")));
        let receipt = backend(&server).send(&task()).await.unwrap();
        assert_eq!(receipt.remote_id, Some(117));
        let sent = server.writes()[0].body["input"].clone();
        let recorded = excerpt(&format!("{version}/183")).sent["input"].clone();
        for field in ["tickets_id", "state", "actiontime", "users_id_tech", "begin", "end"] {
            assert_eq!(sent[field], recorded[field], "{field}");
        }
        assert_eq!(sent["uuid"], task().id.to_string());
    }
}

#[tokio::test]
async fn a_task_refused_for_its_own_uuid_was_applied() {
    for version in BOTH {
        let server = Server::new(version);
        server.on("POST TicketTask", recorded(&format!("{version}/187")));
        let rows = recorded(&format!("{version}/188")).edit(|rows| {
            let row = rows
                .as_array_mut()
                .unwrap()
                .iter_mut()
                .find(|row| row["content"] == "uuid test")
                .unwrap();
            row["uuid"] = json!(task().id.to_string());
        });
        server.on("GET Ticket/301/TicketTask", rows);
        let receipt = backend(&server).send(&task()).await.unwrap();
        assert_eq!(receipt.remote_id, Some(118));
        assert_eq!(server.writes().len(), 1);
    }
}

#[tokio::test]
async fn a_second_solution_is_already_solved_unless_it_is_ours() {
    for version in BOTH {
        let server = Server::new(version);
        server.on("POST ITILSolution", recorded(&format!("{version}/209")));
        server.on("GET Ticket/301", recorded(&format!("{version}/208")));
        server.on("GET Ticket/301/ITILSolution", recorded(&format!("{version}/210")));
        let backend = backend(&server);
        // Ours: same author, same words, not older than the first attempt.
        assert_eq!(backend.send(&solution()).await.unwrap().remote_id, Some(62));
        let other = Operation::AddSolution {
            body: RichText::from_plain("Résolu bis"),
            solution_type: None,
        };
        let error = backend.send(&outgoing(Some(301), other)).await.unwrap_err();
        assert!(matches!(error, BackendError::AlreadySolved), "{error:?}");
        assert_eq!(error.delivery(), Delivery::Rejected);
    }
}

#[tokio::test]
async fn a_closed_ticket_refuses_with_an_empty_text_and_is_looked_at() {
    for version in BOTH {
        let closed = || recorded(&format!("{version}/208")).edit(|row| row["status"] = json!(6));
        let open = || recorded(&format!("{version}/212")).edit(|row| row["name"] = json!("Titre"));
        // Closed before the write: not even tried.
        let server = Server::new(version);
        server.on("GET Ticket/301", closed());
        let error = backend(&server).send(&set_title("Titre", "Autre")).await.unwrap_err();
        assert!(matches!(error, BackendError::Closed), "{error:?}");
        assert!(server.writes().is_empty());
        // Closed between the look and the write.
        let server = Server::new(version);
        server.then("GET Ticket/301", vec![open(), closed()]);
        server.on("PUT Ticket/301", recorded(&format!("{version}/214")));
        let error = backend(&server).send(&set_title("Titre", "Autre")).await.unwrap_err();
        assert!(matches!(error, BackendError::Closed), "{error:?}");
        // Open all the same: GLPI's empty text then means a missing right.
        let server = Server::new(version);
        server.on("GET Ticket/301", open());
        server.on("PUT Ticket/301", recorded(&format!("{version}/214")));
        let error = backend(&server).send(&set_title("Titre", "Autre")).await.unwrap_err();
        assert!(matches!(error, BackendError::Forbidden { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_write_to_a_purged_or_binned_ticket_says_that_it_is_gone() {
    for version in BOTH {
        let server = Server::new(version);
        server.on("POST ITILFollowup", recorded(&format!("{version}/171")));
        server.on("GET Ticket/41", recorded(&format!("{version}/106")));
        let error = backend(&server).send(&followup()).await.unwrap_err();
        assert!(matches!(error, BackendError::NotFound), "{error:?}");
        server.on("GET Ticket/41", recorded(&format!("{version}/219")));
        let error = backend(&server).send(&followup()).await.unwrap_err();
        assert!(matches!(error, BackendError::NotFound), "{error:?}");
    }
}

#[tokio::test]
async fn a_missing_right_is_forbidden() {
    let server = Server::new("v1-11");
    server.on("POST ITILFollowup", recorded("v1-11/217"));
    server.on("GET Ticket/41", recorded("v1-11/212"));
    let error = backend(&server).send(&followup()).await.unwrap_err();
    assert!(matches!(error, BackendError::Forbidden { .. }), "{error:?}");
}

#[tokio::test]
async fn a_duplicate_actor_is_refused_without_a_word_and_was_applied() {
    for version in BOTH {
        let server = Server::new(version);
        server.on("POST Ticket_User", recorded(&format!("{version}/171")));
        server.on("GET Ticket/301/Ticket_User", recorded(&format!("{version}/174")));
        let actor = user(8, Role::Assigned);
        let receipt = backend(&server)
            .send(&outgoing(Some(301), Operation::Assign { actor }))
            .await
            .unwrap();
        assert!(receipt.remote_id.is_some());
        assert_eq!(server.writes()[0].body, excerpt(&format!("{version}/171")).sent);
    }
}

#[tokio::test]
async fn people_and_groups_are_assigned_by_rows_of_their_own_because_itil_assign_adds_nobody() {
    for version in BOTH {
        let server = Server::new(version);
        server.on("POST Ticket_User", recorded(&format!("{version}/170")));
        server.on("POST Group_Ticket", recorded(&format!("{version}/172")));
        let backend = backend(&server);
        let actor = user(8, Role::Assigned);
        let receipt = backend
            .send(&outgoing(Some(301), Operation::Assign { actor }))
            .await
            .unwrap();
        assert_eq!(receipt.remote_id, Some(620));
        let actor = Actor {
            role: Role::Assigned,
            party: Party::Group { id: GroupId(2) },
        };
        let receipt = backend
            .send(&outgoing(Some(301), Operation::Assign { actor }))
            .await
            .unwrap();
        assert_eq!(receipt.remote_id, Some(115));
        let writes = server.writes();
        assert_eq!(writes[0].body, excerpt(&format!("{version}/170")).sent);
        assert_eq!(writes[1].body, excerpt(&format!("{version}/172")).sent);
    }
}

#[tokio::test]
async fn unassigning_deletes_the_actor_s_row_and_needs_nothing_when_it_is_gone() {
    for version in BOTH {
        let server = Server::new(version);
        server.on("GET Ticket/301/Ticket_User", recorded(&format!("{version}/147")));
        server.on(
            "DELETE Ticket_User/616",
            reply(200, &json!([{"616": true, "message": ""}])),
        );
        let backend = backend(&server);
        let unassign = |id| {
            outgoing(
                Some(301),
                Operation::Unassign {
                    actor: user(id, Role::Assigned),
                },
            )
        };
        assert_eq!(backend.send(&unassign(7)).await.unwrap().remote_id, Some(616));
        assert_eq!(server.writes().len(), 1);
        // 13 is on it, but as requester.
        assert_eq!(backend.send(&unassign(13)).await.unwrap().remote_id, None);
        assert_eq!(server.writes().len(), 1);
    }
}

#[tokio::test]
async fn a_field_is_set_alone_and_only_if_it_still_is_what_was_seen() {
    for version in BOTH {
        let server = Server::new(version);
        server.on("GET Ticket/301", recorded(&format!("{version}/146")));
        server.on("PUT Ticket/301", recorded(&format!("{version}/160")));
        let backend = backend(&server);
        backend
            .send(&set_title("Créé par la console", "Titre modifié"))
            .await
            .unwrap();
        let writes = server.writes();
        assert_eq!(writes[0].body, json!({"input": {"name": "Titre modifié"}}));
        // Somebody else's title is in the way: GLPI would let the last writer win (322-324).
        let error = backend
            .send(&set_title("Ancien titre", "Titre modifié"))
            .await
            .unwrap_err();
        let BackendError::Conflict { field, theirs } = error else {
            panic!("{error:?}")
        };
        assert_eq!(
            (field, *theirs),
            (Field::Title, FieldValue::Text("Créé par la console".to_owned()))
        );
        // It is what was meant already.
        backend
            .send(&set_title("Ancien titre", "Créé par la console"))
            .await
            .unwrap();
        assert_eq!(server.writes().len(), 1);
    }
}

#[tokio::test]
async fn every_field_has_its_own_name_and_number() {
    let server = Server::new("v1-11");
    server.on("GET Ticket/301", recorded("v1-11/146"));
    server.on("PUT Ticket/301", recorded("v1-11/160"));
    let backend = backend(&server);
    for (field, base, new) in [
        (
            Field::Kind,
            FieldValue::Kind(TicketKind::Incident),
            FieldValue::Kind(TicketKind::Request),
        ),
        (
            Field::Status,
            FieldValue::Status(Status::Assigned),
            FieldValue::Status(Status::Waiting),
        ),
        (Field::Urgency, FieldValue::Level(Level(4)), FieldValue::Level(Level(5))),
        (Field::Impact, FieldValue::Level(Level(3)), FieldValue::Level(Level(1))),
        (
            Field::Priority,
            FieldValue::Level(Level(4)),
            FieldValue::Level(Level(6)),
        ),
        (Field::Category, FieldValue::Row(None), FieldValue::Row(Some(11))),
        (Field::Location, FieldValue::Row(None), FieldValue::Row(Some(1))),
        (Field::Channel, FieldValue::Row(Some(1)), FieldValue::Row(None)),
    ] {
        backend.send(&set(field, base, new)).await.unwrap();
    }
    let inputs: Vec<_> = server
        .writes()
        .into_iter()
        .map(|call| call.body["input"].clone())
        .collect();
    assert_eq!(
        inputs,
        [
            json!({"type": 2}),
            json!({"status": 4}),
            json!({"urgency": 5}),
            json!({"impact": 1}),
            json!({"priority": 6}),
            json!({"itilcategories_id": 11}),
            json!({"locations_id": 1}),
            json!({"requesttypes_id": 0}),
        ]
    );
}

#[tokio::test]
async fn a_partial_success_is_no_success() {
    for version in BOTH {
        let server = Server::new(version);
        server.on("GET Ticket/301", recorded(&format!("{version}/146")));
        // 207 as for an array of which one is missing (169): the row asked for is not in the list.
        server.on(
            "PUT Ticket/301",
            recorded(&format!("{version}/169")).edit(|body| body[1] = json!([])),
        );
        let error = backend(&server)
            .send(&set_title("Créé par la console", "b"))
            .await
            .unwrap_err();
        assert_eq!(error.delivery(), Delivery::MaybeSent, "{error:?}");
    }
}

#[tokio::test]
async fn a_solution_is_answered_by_a_followup_that_closes_or_reopens() {
    for version in BOTH {
        for (accept, flag) in [(true, "add_close"), (false, "add_reopen")] {
            let server = Server::new(version);
            server.on("GET Ticket/301", recorded(&format!("{version}/208")));
            server.on("POST ITILFollowup", recorded(&format!("{version}/211")));
            assert!(
                backend(&server)
                    .send(&answer(accept))
                    .await
                    .unwrap()
                    .remote_id
                    .is_some()
            );
            let sent = server.writes()[0].body["input"].clone();
            assert_eq!(sent[flag], 1);
            assert_eq!(
                sent.as_object()
                    .unwrap()
                    .keys()
                    .filter(|key| key.starts_with("add_"))
                    .count(),
                1
            );
            assert_eq!(server.writes().len(), 1);
        }
    }
}

#[tokio::test]
async fn an_answer_to_a_solution_that_is_not_there_any_more_is_not_sent() {
    let server = Server::new("v1-11");
    server.on("GET Ticket/301", recorded("v1-11/212"));
    let error = backend(&server).send(&answer(true)).await.unwrap_err();
    assert!(matches!(error, BackendError::Invalid { .. }), "{error:?}");
    assert!(server.writes().is_empty());
}

#[tokio::test]
async fn reopening_is_a_followup_and_delivers_its_words_even_when_somebody_reopened_before() {
    let reopen = || {
        outgoing(
            Some(301),
            Operation::Reopen {
                body: RichText::from_plain("Toujours en panne"),
            },
        )
    };
    let server = Server::new("v1-11");
    server.on("POST ITILFollowup", recorded("v1-11/211"));
    server.on("GET Ticket/301", recorded("v1-11/208"));
    backend(&server).send(&reopen()).await.unwrap();
    assert_eq!(server.writes()[0].body["input"]["add_reopen"], 1);
    server.on("GET Ticket/301", recorded("v1-11/212"));
    backend(&server).send(&reopen()).await.unwrap();
    assert!(server.writes()[1].body["input"].get("add_reopen").is_none());
}

#[tokio::test]
async fn a_document_is_uploaded_and_linked_in_one_request() {
    for version in BOTH {
        let server = Server::new(version);
        server.on("GET Ticket/301", recorded(&format!("{version}/208")));
        server.on("POST Document", recorded(&format!("{version}/195")));
        let receipt = backend(&server).send(&upload(AttachTo::Ticket, None)).await.unwrap();
        assert_eq!(receipt.remote_id, Some(7));
        let writes = server.writes();
        assert_eq!(writes.len(), 1);
        assert_eq!(writes[0].file, Some(("capture é.png".to_owned(), 3)));
        insta::assert_json_snapshot!("send-document", writes[0].body);
    }
}

#[tokio::test]
async fn a_document_hangs_on_the_entry_it_was_written_with() {
    let server = Server::new("v1-11");
    server.on("GET Ticket/301", recorded("v1-11/208"));
    server.on("POST Document", recorded("v1-11/195"));
    let to = AttachTo::Operation { id: followup().id };
    let entry = EntryKey {
        kind: EntryKind::Followup,
        id: 450,
    };
    backend(&server).send(&upload(to.clone(), Some(entry))).await.unwrap();
    let sent = server.writes()[0].body["input"].clone();
    assert_eq!(
        (&sent["itemtype"], &sent["items_id"]),
        (&json!("ITILFollowup"), &json!(450))
    );
    // Not known yet: nothing is sent.
    let error = backend(&server).send(&upload(to, None)).await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::NotSent);
}

#[tokio::test]
async fn a_refused_file_type_is_an_error_although_glpi_says_201_and_its_empty_document_is_removed() {
    for version in BOTH {
        let server = Server::new(version);
        server.on("GET Ticket/301", recorded(&format!("{version}/208")));
        server.on("POST Document", recorded(&format!("{version}/196")));
        server.on("DELETE Document/8", reply(200, &json!([{"8": true, "message": ""}])));
        let error = backend(&server)
            .send(&upload(AttachTo::Ticket, None))
            .await
            .unwrap_err();
        assert!(
            matches!(&error, BackendError::Invalid { message } if message == "Filetype not allowed"),
            "{error:?}"
        );
        assert_eq!(server.writes()[1].path, "Document/8");
    }
}

#[tokio::test]
async fn links_to_articles_and_assets_are_rows_of_their_own() {
    let server = Server::new("v1-11");
    server.on("POST KnowbaseItem_Item", reply(201, &json!({"id": 3, "message": ""})));
    server.on("POST Item_Ticket", reply(201, &json!({"id": 9, "message": ""})));
    let backend = backend(&server);
    backend
        .send(&outgoing(Some(301), Operation::LinkArticle { article: ArticleId(2) }))
        .await
        .unwrap();
    let asset = AssetKey {
        kind: "Computer".to_owned(),
        id: 12,
    };
    backend
        .send(&outgoing(Some(301), Operation::LinkAsset { asset }))
        .await
        .unwrap();
    let sent: Vec<_> = server
        .writes()
        .into_iter()
        .map(|call| call.body["input"].clone())
        .collect();
    assert_eq!(
        sent[0],
        json!({"knowbaseitems_id": 2, "itemtype": "Ticket", "items_id": 301})
    );
    assert_eq!(
        sent[1],
        json!({"itemtype": "Computer", "items_id": 12, "tickets_id": 301})
    );
}

#[tokio::test]
async fn tickets_are_linked_by_a_row_whose_first_end_is_the_duplicate_or_the_child() {
    for (kind, row) in [
        (LinkKind::Related, (301, 299, 1)),
        (LinkKind::DuplicateOf, (301, 299, 2)),
        (LinkKind::ChildOf, (301, 299, 3)),
        (LinkKind::ParentOf, (299, 301, 3)),
    ] {
        let server = Server::new("v1-11");
        server.on("POST Ticket_Ticket", reply(201, &json!({"id": 4, "message": ""})));
        let ticket = TicketId(299);
        backend(&server)
            .send(&outgoing(Some(301), Operation::LinkTicket { ticket, kind }))
            .await
            .unwrap();
        let (one, two, link) = row;
        assert_eq!(
            server.writes()[0].body["input"],
            json!({"tickets_id_1": one, "tickets_id_2": two, "link": link})
        );
    }
}

/// 254: a technician without the right to publish may write an article all the same; nobody else sees it.
#[tokio::test]
async fn a_proposed_article_has_no_target() {
    for version in ["v1-10.0", "v1-11"] {
        let server = Server::new(version);
        let recorded_create = excerpt(&format!("{version}/254"));
        let title = recorded_create.sent["input"]["name"].as_str().unwrap().to_owned();
        server.on("POST KnowbaseItem", recorded(&format!("{version}/254")));
        let body = RichText::from_plain("réponse");
        let receipt = backend(&server)
            .send(&outgoing(Some(301), Operation::ProposeArticle { title, body }))
            .await
            .unwrap();
        assert!(receipt.remote_id.is_some(), "{receipt:?}");
        let mut sent = server.writes()[0].body["input"].clone();
        sent["answer"] = recorded_create.sent["input"]["answer"].clone();
        assert_eq!(sent, recorded_create.sent["input"], "the same fields as recorded");
    }
}

#[tokio::test]
async fn a_ticket_that_exists_only_here_is_never_written_to() {
    let server = Server::new("v1-11");
    let mut local = followup();
    local.ticket = Some(TicketId(-1));
    let error = backend(&server).send(&local).await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(server.writes().is_empty());
}
