//! NOTES §4, §5, §7 and §9: writes, what they do besides, encoding, documents.

use super::{
    Fact,
    world::{Exchange, PERSON, World},
};
use guichet_sandbox::{Version, options::COLLEAGUE, wire::Body};
use http::Method;
use serde_json::{Value, json};

fn read(w: &mut World, ticket: i64) -> Exchange {
    w.get(&format!("Ticket/{ticket}?get_hateoas=false"))
}

fn followup(w: &mut World, ticket: i64, content: &str) -> Exchange {
    w.post(
        "ITILFollowup",
        json!({ "itemtype": "Ticket", "items_id": ticket, "content": content }),
    )
}

fn solve(w: &mut World, ticket: i64) -> Exchange {
    w.post(
        "ITILSolution",
        json!({ "itemtype": "Ticket", "items_id": ticket, "content": "<p>Résolu</p>" }),
    )
}

fn png(w: &mut World, name: &str, filename: &str) -> Exchange {
    w.upload(
        "Document",
        json!({ "name": name, "_filename": [filename] }),
        filename,
        b"\x89PNG not really",
    )
}

/// `[{"N": true, "message": ""}]`
fn accepted(x: &Exchange) {
    assert_eq!(x.status, 200, "{}", x.body);
    let row = x.body[0].as_object().unwrap();
    assert_eq!(row["message"], "");
    assert!(
        row.iter().any(|(key, value)| key != "message" && *value == json!(true)),
        "{row:?}"
    );
}

fn upload_result(x: &Exchange) -> &Value {
    &x.body["upload_result"]["filename"][0]
}

#[expect(clippy::too_many_lines, reason = "a list of facts")]
pub fn facts() -> Vec<Fact> {
    vec![
        Fact {
            name: "a ticket created with somebody in charge is assigned",
            recorded: &["145", "146", "147"],
            act: |w| {
                let me = w.glpi.user_id("tech1").unwrap();
                let made = w.post(
                    "Ticket",
                    json!({
                        "name": "Créé par la console",
                        "content": "<p>Test <b>gras</b> & \"guillemets\" <script>alert(1)</script> é 😀</p>",
                        "type": 1, "urgency": 4, "impact": 3, "_users_id_requester": PERSON, "_users_id_assign": me,
                    }),
                );
                let id = made.id();
                vec![
                    made,
                    read(w, id),
                    w.get(&format!("Ticket/{id}/Ticket_User?get_hateoas=false")),
                ]
            },
            check: |x, version| {
                assert_eq!(x[0].status, 201);
                assert!(x[0].header("location").ends_with(&format!("/Ticket/{}", x[0].id())));
                assert!(
                    x[0].text("message")
                        .starts_with("Item successfully added: Créé par la console")
                );
                assert_eq!(x[0].text("message").ends_with(')'), version == Version::Ten);
                assert_eq!((x[1].int("status"), x[1].int("priority")), (2, 4));
                assert!(x[1].body["takeintoaccountdate"].is_string());
                // Not sanitised, emoji kept; encoded in 10.0.
                let script = if version == Version::Ten {
                    "&#60;script&#62;alert(1)&#60;/script&#62;"
                } else {
                    "<script>alert(1)</script>"
                };
                assert!(x[1].text("content").contains(script) && x[1].text("content").contains("😀"));
                let types: Vec<i64> = x[2]
                    .body
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|row| row["type"].as_i64().unwrap())
                    .collect();
                assert_eq!(types, [1, 2]);
            },
        },
        Fact {
            name: "the same creation twice makes two tickets",
            recorded: &["145", "148"],
            act: |w| {
                let input =
                    json!({ "name": "Créé par la console", "content": "<p>Test</p>", "_users_id_requester": PERSON });
                vec![w.post("Ticket", input.clone()), w.post("Ticket", input)]
            },
            check: |x, _| assert!(x[0].status == 201 && x[1].status == 201 && x[0].id() != x[1].id()),
        },
        Fact {
            name: "an external id is kept by 11.0 and ignored by 10.0",
            recorded: &["149", "150"],
            act: |w| {
                let made = w.post(
                    "Ticket",
                    json!({ "name": "Avec externalid", "content": "<p>x</p>", "externalid": "console-0001" }),
                );
                let id = made.id();
                vec![made, read(w, id)]
            },
            check: |x, version| {
                assert_eq!(x[0].status, 201);
                match version {
                    Version::Ten => assert!(x[1].body.get("externalid").is_none()),
                    Version::Eleven => assert_eq!(x[1].text("externalid"), "console-0001"),
                }
                assert_eq!(
                    (x[1].int("status"), &x[1].body["takeintoaccountdate"]),
                    (1, &Value::Null)
                );
            },
        },
        Fact {
            name: "several tickets at once: a list and a Link header",
            recorded: &["154"],
            act: |w| {
                vec![w.call(
                    Method::POST,
                    "Ticket",
                    Body::Json(json!({ "input": [{ "name": "A", "content": "a" }, { "name": "B", "content": "b" }] })),
                )]
            },
            check: |x, _| {
                assert_eq!((x[0].status, x[0].rows), (201, Some(2)));
                assert_eq!(x[0].header("link").split(',').count(), 2);
                assert_eq!(x[0].header("location"), "");
            },
        },
        Fact {
            name: "some refused: 207 with false for the refused",
            recorded: &["155"],
            act: |w| {
                let input = json!([{ "name": "C", "content": "c" }, { "name": "", "content": "" }, { "name": "D", "content": "d", "entities_id": 9999 }]);
                vec![w.post("Ticket", input)]
            },
            check: |x, _| {
                x[0].error(207, "ERROR_GLPI_PARTIAL_ADD");
                let rows = x[0].body[1].as_array().unwrap();
                assert!(rows[0]["id"].is_i64() && rows[1]["id"].is_i64());
                assert_eq!(rows[2]["id"], json!(false));
                assert!(
                    rows[2]["message"]
                        .as_str()
                        .unwrap()
                        .starts_with("You don't have permission")
                );
            },
        },
        Fact {
            name: "an empty ticket and a category that is not there are accepted",
            recorded: &["156", "159"],
            act: |w| {
                vec![
                    w.post("Ticket", json!({ "name": "", "content": "" })),
                    w.post(
                        "Ticket",
                        json!({ "name": "cat?", "content": "x", "itilcategories_id": 99999 }),
                    ),
                ]
            },
            check: |x, _| {
                assert!(x[0].status == 201 && x[1].status == 201);
                assert!(x[0].text("message").contains(&format!("Ticket - ID {}", x[0].id())));
            },
        },
        Fact {
            name: "a body without input or that is no JSON is refused",
            recorded: &["157", "158"],
            act: |w| {
                vec![
                    w.call(Method::POST, "Ticket", Body::Json(json!({ "name": "x" }))),
                    w.call(Method::POST, "Ticket", Body::Malformed),
                ]
            },
            check: |x, _| {
                x[0].error(400, "ERROR_BAD_ARRAY");
                x[1].error(400, "ERROR_JSON_PAYLOAD_INVALID");
            },
        },
        Fact {
            name: "an update, one that changes nothing and one of an unknown field are all accepted",
            recorded: &["160", "161", "167"],
            act: |w| {
                let id = w.ticket(true);
                let path = format!("Ticket/{id}");
                vec![
                    w.put(&path, json!({ "urgency": 2, "name": "Titre modifié" })),
                    w.put(&path, json!({ "urgency": 2 })),
                    w.put(&path, json!({ "nofield": 1 })),
                ]
            },
            check: |x, _| x.iter().for_each(accepted),
        },
        Fact {
            name: "conditions are ignored and a stale stamp in the input does not count: the last writer wins",
            recorded: &["163", "165", "166"],
            act: |w| {
                let id = w.ticket(true);
                let path = format!("Ticket/{id}");
                w.with_header("if-match", "\"nope\"")
                    .with_header("if-unmodified-since", "Mon, 01 Jan 2001 00:00:00 GMT");
                let conditional = w.put(&path, json!({ "urgency": 3, "impact": 2 }));
                w.put(&path, json!({ "urgency": 5, "date_mod": "2001-01-01 00:00:00" }));
                let after = read(w, id);
                w.with_header("if-modified-since", "Fri, 01 Jan 2038 00:00:00 GMT")
                    .with_header("if-none-match", "*");
                vec![conditional, after, read(w, id)]
            },
            check: |x, _| {
                accepted(&x[0]);
                assert_eq!(x[1].int("urgency"), 5);
                assert!(!x[1].text("date_mod").starts_with("2001"));
                assert_eq!(x[2].status, 200);
            },
        },
        Fact {
            name: "another technician's change is overwritten without a word",
            recorded: &["324"],
            act: |w| {
                let id = w.ticket(true);
                w.put(&format!("Ticket/{id}"), json!({ "name": "version tech1" }));
                let now = jiff::Timestamp::from_second(w.glpi.options().now + 3_600).unwrap();
                let act = guichet_sandbox::Act::Edit {
                    ticket: id,
                    field: "name".into(),
                    value: json!("version tech2"),
                };
                w.glpi.act(&act, now).unwrap();
                assert!(w.glpi.user_id(COLLEAGUE).is_some());
                vec![read(w, id)]
            },
            check: |x, _| {
                assert_eq!(
                    (x[0].text("name"), x[0].int("users_id_lastupdater")),
                    ("version tech2", 8)
                )
            },
        },
        Fact {
            name: "updating what is not there says null, and leaves it out of a list",
            recorded: &["168", "169"],
            act: |w| {
                let id = w.ticket(true);
                vec![
                    w.put("Ticket/999999", json!({ "urgency": 2 })),
                    w.put(
                        "Ticket",
                        json!([{ "id": id, "urgency": 2 }, { "id": 999_999, "urgency": 3 }]),
                    ),
                ]
            },
            check: |x, _| {
                x[0].error(400, "ERROR_GLPI_UPDATE");
                assert_eq!(x[0].body[1], Value::Null);
                x[1].error(207, "ERROR_GLPI_PARTIAL_UPDATE");
                assert_eq!(x[1].body[1].as_array().unwrap().len(), 1);
            },
        },
        Fact {
            name: "an actor is added once: a second time is refused without a word",
            recorded: &["170", "171", "172"],
            act: |w| {
                let id = w.ticket(false);
                let input = json!({ "tickets_id": id, "users_id": 8, "type": 2 });
                vec![
                    w.post("Ticket_User", input.clone()),
                    w.post("Ticket_User", input),
                    w.post("Group_Ticket", json!({ "tickets_id": id, "groups_id": 2, "type": 2 })),
                ]
            },
            check: |x, _| {
                assert_eq!((x[0].status, x[0].text("message")), (201, ""));
                x[1].error(400, "ERROR_GLPI_ADD");
                assert_eq!(x[1].body[1], "");
                assert_eq!(x[2].status, 201);
            },
        },
        Fact {
            name: "_itil_assign in an update is accepted and does nothing",
            recorded: &["174"],
            act: |w| {
                let id = w.ticket(true);
                w.post("Ticket_User", json!({ "tickets_id": id, "users_id": 8, "type": 2 }));
                accepted(&w.put(
                    &format!("Ticket/{id}"),
                    json!({ "_itil_assign": { "_type": "user", "users_id": 9 } }),
                ));
                vec![w.get(&format!("Ticket/{id}/Ticket_User?get_hateoas=false"))]
            },
            check: |x, _| assert_eq!(x[0].rows, Some(3)),
        },
        Fact {
            name: "a follow-up moves its ticket's stamp",
            recorded: &["175", "176", "177", "178"],
            act: |w| {
                let id = w.ticket(true);
                let before = read(w, id);
                w.wait();
                let made = followup(w, id, "<p>Appelé l'utilisateur & noté <b>l'erreur</b> 0x1</p>");
                let row = w.get(&format!("ITILFollowup/{}?get_hateoas=false", made.id()));
                vec![before, made, row, read(w, id)]
            },
            check: |x, version| {
                assert_eq!((x[1].status, x[1].text("message")), (201, ""));
                let ampersand = if version == Version::Ten { "&#38;" } else { " & " };
                assert!(x[2].text("content").contains(ampersand));
                assert_eq!((x[2].text("itemtype"), x[2].int("timeline_position")), ("Ticket", 4));
                assert!(x[0].text("date_mod") < x[3].text("date_mod"));
                assert_eq!(x[2].text("date_mod"), x[3].text("date_mod"));
            },
        },
        Fact {
            name: "a follow-up can be posted below its ticket",
            recorded: &["179"],
            act: |w| {
                let id = w.ticket(true);
                let input = json!({ "itemtype": "Ticket", "items_id": id, "content": "sous-chemin" });
                vec![w.post(&format!("Ticket/{id}/ITILFollowup"), input)]
            },
            check: |x, _| {
                assert_eq!(x[0].status, 201);
                assert!(x[0].header("location").contains("/ITILFollowup/"));
            },
        },
        Fact {
            name: "the same follow-up twice makes two, with the date the client gave",
            recorded: &["325", "326", "327"],
            act: |w| {
                let id = w.ticket(true);
                followup(w, id, "<p>Suivi 1</p>");
                let input = json!({ "itemtype": "Ticket", "items_id": id, "content": "même texte", "date": "2026-11-20 10:00:00" });
                let (one, two) = (w.post("ITILFollowup", input.clone()), w.post("ITILFollowup", input));
                vec![
                    one,
                    two,
                    w.get(&format!("Ticket/{id}/ITILFollowup?get_hateoas=false&range=0-50")),
                ]
            },
            check: |x, _| {
                assert_eq!((x[0].status, x[1].status, x[2].rows), (201, 201, Some(3)));
                assert_eq!(x[2].body[1]["date"], "2026-11-20 10:00:00");
                assert_ne!(x[2].body[1]["date_creation"], "2026-11-20 10:00:00");
            },
        },
        Fact {
            name: "a planned task plans its ticket, and done gives it back",
            recorded: &["184", "185", "189", "190"],
            act: |w| {
                let id = w.ticket(true);
                let made = w.post("TicketTask", json!({ "tickets_id": id, "content": "<p>Passage sur site</p>", "state": 1, "actiontime": 1800, "users_id_tech": 7, "begin": "2026-11-24 10:00:00", "end": "2026-11-24 10:30:00" }));
                let task = made.id();
                let row = w.get(&format!("TicketTask/{task}?get_hateoas=false"));
                let planned = read(w, id);
                let done = w.put(&format!("TicketTask/{task}"), json!({ "state": 2 }));
                vec![row, planned, done, read(w, id)]
            },
            check: |x, _| {
                assert_eq!(
                    (x[0].int("state"), x[0].text("begin"), x[0].text("uuid").len()),
                    (1, "2026-11-24 10:00:00", 36)
                );
                assert_eq!((x[1].int("status"), x[1].int("actiontime")), (3, 1800));
                accepted(&x[2]);
                assert_eq!(x[3].int("status"), 2);
            },
        },
        Fact {
            name: "a task's uuid is the client's to choose, and unique",
            recorded: &["186", "187"],
            act: |w| {
                let id = w.ticket(true);
                let input =
                    json!({ "tickets_id": id, "content": "uuid test", "uuid": "11111111-2222-3333-4444-555555555555" });
                vec![w.post("TicketTask", input.clone()), w.post("TicketTask", input)]
            },
            check: |x, version| {
                assert_eq!(x[0].status, 201);
                x[1].error(400, "ERROR_GLPI_ADD");
                let text = x[1].body[1].as_str().unwrap();
                assert!(text.contains("Duplicate entry '11111111-2222-3333-4444-555555555555' for key 'uuid'"));
                assert_eq!(text.contains("SQL query"), version == Version::Eleven);
            },
        },
        Fact {
            name: "an upload is 201 with its result",
            recorded: &["192"],
            act: |w| vec![png(w, "Capture console", "capture é.png")],
            check: |x, _| {
                assert_eq!(x[0].status, 201);
                assert!(x[0].header("location").contains("/Document/"));
                assert_eq!(upload_result(&x[0])["display"], "capture é.png");
                assert!(upload_result(&x[0]).get("error").is_none());
            },
        },
        Fact {
            name: "a refused file type is 201 all the same",
            recorded: &["196"],
            act: |w| {
                vec![w.upload(
                    "Document",
                    json!({ "name": "exe", "_filename": ["x.exe"] }),
                    "x.exe",
                    b"MZ...",
                )]
            },
            check: |x, _| {
                assert_eq!(x[0].status, 201);
                assert!(x[0].id() > 0);
                assert_eq!(upload_result(&x[0])["error"], "Filetype not allowed");
            },
        },
        Fact {
            name: "the same bytes make a second document of the same hash",
            recorded: &["192", "197", "198"],
            act: |w| {
                let (one, two) = (
                    png(w, "Capture console", "capture é.png"),
                    png(w, "Capture console (bis)", "capture2.png"),
                );
                let id = one.id();
                vec![one, two, w.get(&format!("Document/{id}?get_hateoas=false"))]
            },
            check: |x, _| {
                assert_ne!(x[0].id(), x[1].id());
                assert_eq!(
                    (x[2].text("mime"), x[2].text("filename"), x[2].text("sha1sum").len()),
                    ("image/png", "capture é.png", 40)
                );
                assert!(x[2].text("filepath").starts_with("PNG/"));
            },
        },
        Fact {
            name: "a download has the file's type and tag, and ignores Range",
            recorded: &["199", "201", "202"],
            act: |w| {
                let id = png(w, "Capture console", "capture é.png").id();
                w.with_header("accept", "application/octet-stream");
                let whole = w.get(&format!("Document/{id}"));
                w.with_header("accept", "application/octet-stream")
                    .with_header("range", "bytes=0-9");
                let ranged = w.get(&format!("Document/{id}"));
                w.with_header("accept", "application/octet-stream");
                vec![whole, ranged, w.get("Document/99999")]
            },
            check: |x, _| {
                assert_eq!((x[0].status, x[0].header("content-type")), (200, "image/png"));
                assert!(x[0].header("etag").len() == 32 && x[0].header("last-modified").ends_with("GMT"));
                assert_eq!((x[1].status, x[1].header("content-range")), (200, ""));
                assert_eq!(x[0].header("etag"), x[1].header("etag"));
                x[2].error(404, "ERROR_ITEM_NOT_FOUND");
            },
        },
        Fact {
            name: "linking a document moves the ticket's stamp and shows on the ticket",
            recorded: &["190", "193", "194", "204"],
            act: |w| {
                let id = w.ticket(true);
                let before = read(w, id);
                let document = png(w, "Capture console", "capture é.png").id();
                w.wait();
                let link = w.post(
                    "Document_Item",
                    json!({ "documents_id": document, "itemtype": "Ticket", "items_id": id }),
                );
                let after = read(w, id);
                vec![
                    before,
                    link,
                    after,
                    w.get(&format!("Ticket/{id}?with_documents=true&get_hateoas=false")),
                ]
            },
            check: |x, _| {
                assert_eq!(x[1].status, 201);
                assert!(x[1].text("message").contains("Document item - ID"));
                assert!(x[0].text("date_mod") < x[2].text("date_mod"));
                let document = &x[3].body["_documents"][0];
                assert!(
                    document["assocID"].is_i64() && document["sha1sum"].is_string(),
                    "{document}"
                );
                assert_eq!(document["filename"], "capture é.png");
            },
        },
        Fact {
            name: "a follow-up with its file in one call hangs the document on the follow-up",
            recorded: &["309", "311", "310"],
            act: |w| {
                let id = w.ticket(false);
                let input = json!({ "itemtype": "Ticket", "items_id": id, "content": "<p>avec pièce jointe</p>", "_filename": ["note.txt"] });
                vec![
                    w.upload("ITILFollowup", input, "note.txt", b"bonjour"),
                    w.get("Document_Item?range=0-0&sort=id&order=DESC&get_hateoas=false"),
                    w.get(&format!("Ticket/{id}?with_documents=true&get_hateoas=false")),
                ]
            },
            check: |x, version| {
                assert_eq!((x[0].status, x[0].text("message")), (201, "Document copy succeeded."));
                assert_eq!(
                    (x[1].body[0]["itemtype"].as_str(), x[1].body[0]["items_id"].as_i64()),
                    (Some("ITILFollowup"), Some(x[0].id()))
                );
                let document = &x[2].body["_documents"][0];
                assert_eq!(document["filename"], "note.txt");
                assert_eq!(document["name"] == "note.txt", version == Version::Ten);
            },
        },
        Fact {
            name: "a validation is asked for",
            recorded: &["205"],
            act: |w| {
                let id = w.ticket(true);
                vec![w.post(
                    "TicketValidation",
                    json!({ "tickets_id": id, "users_id_validate": 2, "comment_submission": "Merci" }),
                )]
            },
            check: |x, _| assert_eq!((x[0].status, x[0].text("message")), (201, "")),
        },
        Fact {
            name: "a solution solves, and a second one is refused",
            recorded: &["207", "208", "209"],
            act: |w| {
                let id = w.ticket(true);
                vec![solve(w, id), read(w, id), solve(w, id)]
            },
            check: |x, _| {
                assert_eq!(x[0].status, 201);
                assert_eq!((x[1].int("status"), x[1].body["solvedate"].is_string()), (5, true));
                x[2].error(400, "ERROR_GLPI_ADD");
                assert!(x[2].body[1].as_str().unwrap().contains("already solved"));
            },
        },
        Fact {
            name: "a follow-up can re-open",
            recorded: &["211", "212"],
            act: |w| {
                let id = w.ticket(true);
                solve(w, id);
                let input = json!({ "itemtype": "Ticket", "items_id": id, "content": "Ne marche toujours pas", "add_reopen": 1 });
                vec![w.post("ITILFollowup", input), read(w, id)]
            },
            check: |x, _| {
                assert_eq!(x[0].status, 201);
                assert_eq!((x[1].int("status"), &x[1].body["solvedate"]), (2, &Value::Null));
            },
        },
        Fact {
            name: "a closed ticket refuses updates with an empty message and still takes follow-ups",
            recorded: &["213", "214", "280", "215"],
            act: |w| {
                let id = w.ticket(true);
                let path = format!("Ticket/{id}");
                vec![
                    w.put(&path, json!({ "status": 6 })),
                    w.put(&path, json!({ "urgency": 1, "name": "modif après clôture" })),
                    w.call(Method::PATCH, &path, Body::Json(json!({ "input": { "urgency": 2 } }))),
                    followup(w, id, "suivi après clôture"),
                ]
            },
            check: |x, _| {
                accepted(&x[0]);
                for refused in &x[1..3] {
                    refused.error(400, "ERROR_GLPI_UPDATE");
                    assert_eq!(refused.body[1], "");
                }
                assert_eq!(x[3].status, 201);
            },
        },
        Fact {
            name: "a technician may neither bin nor purge",
            recorded: &["217", "223"],
            act: |w| {
                let id = w.ticket(true);
                vec![
                    w.delete(&format!("Ticket/{id}")),
                    w.delete(&format!("Ticket/{id}?force_purge=true")),
                ]
            },
            check: |x, _| {
                for one in x {
                    one.error(400, "ERROR_GLPI_DELETE");
                    assert!(one.body[1].as_str().unwrap().starts_with("You don't have permission"));
                }
            },
        },
        Fact {
            name: "the bin: readable by number, found only when asked for, left by an update",
            recorded: &["218", "219", "220", "222"],
            act: |w| {
                let id = w.ticket(true);
                let binned = w.as_admin().delete(&format!("Ticket/{id}"));
                let row = read(w.as_technician(), id);
                let search = w.get("search/Ticket?is_deleted=1&forcedisplay[0]=2&forcedisplay[1]=19&range=0-10");
                w.as_admin().put(&format!("Ticket/{id}"), json!({ "is_deleted": 0 }));
                vec![binned, row, search, read(w, id)]
            },
            check: |x, _| {
                accepted(&x[0]);
                assert_eq!((x[1].status, x[1].int("is_deleted")), (200, 1));
                assert_eq!(
                    (x[2].int("totalcount"), x[2].body["data"][0]["2"].as_i64()),
                    (1, Some(x[1].id()))
                );
                assert_eq!((x[3].id(), x[3].int("is_deleted")), (x[1].id(), 0));
            },
        },
        Fact {
            name: "a purged ticket is as one that never was",
            recorded: &["224", "225"],
            act: |w| {
                let id = w.ticket(true);
                followup(w, id, "partira avec");
                let purged = w.as_admin().delete(&format!("Ticket/{id}?force_purge=true"));
                assert!(w.glpi.on_ticket("ITILFollowup", id).is_empty());
                vec![purged, w.get(&format!("Ticket/{id}"))]
            },
            check: |x, _| {
                accepted(&x[0]);
                x[1].error(404, "ERROR_ITEM_NOT_FOUND");
            },
        },
        Fact {
            name: "deleting several, one missing: 207",
            recorded: &["228"],
            act: |w| {
                let id = w.ticket(true);
                let body = json!({ "input": [{ "id": id }, { "id": 999_999 }], "force_purge": false });
                vec![w.as_admin().call(Method::DELETE, "Ticket", Body::Json(body))]
            },
            check: |x, _| {
                x[0].error(207, "ERROR_GLPI_PARTIAL_DELETE");
                assert_eq!(x[0].body[1][1]["999999"], json!(false));
                assert_eq!(x[0].body[1][1]["message"], "Item not found");
            },
        },
        Fact {
            name: "follow-ups and articles have no bin",
            recorded: &["229", "230", "258", "259"],
            act: |w| {
                let id = w.ticket(true);
                let entry = followup(w, id, "de trop").id();
                let gone = w.delete(&format!("ITILFollowup/{entry}"));
                let after = w.get(&format!("ITILFollowup/{entry}"));
                vec![
                    gone,
                    after,
                    w.as_admin().delete("KnowbaseItem/40"),
                    w.get("KnowbaseItem/40"),
                ]
            },
            check: |x, _| {
                accepted(&x[0]);
                x[1].error(404, "ERROR_ITEM_NOT_FOUND");
                accepted(&x[2]);
                x[3].error(404, "ERROR_ITEM_NOT_FOUND");
            },
        },
        Fact {
            name: "an edited article moves its stamp and keeps its former text",
            recorded: &["256", "257"],
            act: |w| {
                w.as_admin()
                    .put("KnowbaseItem/2", json!({ "answer": "<p>Version 2 de la réponse</p>" }));
                vec![
                    w.get("KnowbaseItem/2?get_hateoas=false"),
                    w.get("KnowbaseItem/2/KnowbaseItem_Revision?get_hateoas=false"),
                ]
            },
            check: |x, version| {
                assert_eq!(x[0].text("answer").contains("&#60;p&#62;"), version == Version::Ten);
                assert_ne!(x[0].text("date_creation"), x[0].text("date_mod"));
                assert_eq!((x[1].rows, x[1].body[0]["revision"].as_i64()), (Some(1), Some(1)));
                let categories = x[0].body["_categories"].as_array().unwrap();
                assert!(
                    categories.len() == 2 && categories[0] == categories[1],
                    "each category comes twice"
                );
            },
        },
        Fact {
            name: "10.0 encodes titles and texts, 11.0 does not",
            recorded: &["301", "302"],
            act: |w| {
                let made = w.post(
                    "Ticket",
                    json!({ "name": "R&D <test> \"q\" 's' é €", "content": "<p>a &amp; b</p>" }),
                );
                let id = made.id();
                vec![made, read(w, id)]
            },
            check: |x, version| {
                let (name, start) = match version {
                    Version::Ten => ("R&#38;D &#60;test&#62; \"q\" 's' é €", "&#60;p&#62;a &#38;amp; b"),
                    Version::Eleven => ("R&D <test> \"q\" 's' é €", "<p>a &amp; b"),
                };
                let in_message = match version {
                    Version::Ten => name,
                    Version::Eleven => "R&amp;D &lt;test&gt; &quot;q&quot; &#039;s&#039; é €",
                };
                assert!(x[0].text("message").contains(in_message), "{}", x[0].body);
                assert_eq!(x[1].text("name"), name);
                assert!(x[1].text("content").starts_with(start));
            },
        },
    ]
}
