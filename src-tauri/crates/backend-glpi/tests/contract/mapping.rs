//! Rows of both generations as the domain sees them: one snapshot a table. NOTES §7 and §10 have their own tests here.

use crate::support::*;
use guichet_backend::{Backend, Cursor, Page};
use guichet_backend_glpi::{GlpiConfig, VipRule};
use guichet_domain::{
    DocumentId, TicketId, UserId,
    catalogue::{Availability, CatalogueKind},
    record::{Collection, Record},
};
use serde_json::json;
use std::sync::Arc;

async fn every_page(server: &Arc<Server>, config: GlpiConfig, collection: Collection) -> (Vec<Record>, Page) {
    let backend = backend_with(server, config, Standing::new());
    let mut records = Vec::new();
    let mut cursor: Option<Cursor> = None;
    for _ in 0..50 {
        let page = backend.pull(collection, cursor.as_ref()).await.unwrap();
        records.extend(page.records.clone());
        if !page.more {
            return (records, page);
        }
        cursor = Some(page.cursor);
    }
    panic!("it never ends");
}

fn plain() -> GlpiConfig {
    GlpiConfig {
        vip_rules: Vec::new(),
        ..GlpiConfig::default()
    }
}

#[tokio::test]
async fn a_ticket_with_everything_on_it() {
    for version in BOTH {
        let server = Server::new(version);
        server.on("GET Ticket/1", recorded(&format!("{version}/087")));
        server.on(
            "GET Ticket/1?expand_dropdowns=true",
            recorded(&format!("{version}/088")),
        );
        for (table, number) in [
            ("ITILFollowup", "091"),
            ("TicketTask", "092"),
            ("ITILSolution", "093"),
            ("Document_Item", "094"),
            ("Ticket_User", "095"),
            ("Group_Ticket", "096"),
            ("TicketValidation", "097"),
            ("Item_Ticket", "099"),
            ("Ticket_Ticket", "102"),
        ] {
            server.on(
                &format!("GET Ticket/1/{table}"),
                recorded(&format!("{version}/{number}")),
            );
        }
        server.on(
            "GET Document/1",
            recorded(&format!("{version}/198")).edit(|row| row["id"] = json!(1)),
        );
        let bundle = backend(&server).ticket(TicketId(1)).await.unwrap();
        insta::assert_json_snapshot!(format!("bundle-{version}"), bundle);
        assert!(
            server
                .calls()
                .iter()
                .all(|call| call.param("get_hateoas") == Some("false")),
            "links are never asked for"
        );
    }
}

#[tokio::test]
async fn the_timeline_of_a_ticket_that_was_worked_on() {
    for version in BOTH {
        let server = Server::new(version);
        server.on("GET Ticket/301", recorded(&format!("{version}/204")));
        server.on("GET Ticket/301/ITILSolution", recorded(&format!("{version}/210")));
        server.on("GET Ticket/301/TicketTask", recorded(&format!("{version}/188")));
        server.on("GET Ticket/301/TicketValidation", recorded(&format!("{version}/206")));
        server.on("GET Ticket/301/Document_Item", recorded(&format!("{version}/203")));
        let bundle = backend(&server).ticket(TicketId(301)).await.unwrap();
        let uuids = insta::dynamic_redaction(|value, _| {
            let own = value.as_str().is_some_and(|text| text.starts_with("11111111"));
            if own {
                value.clone()
            } else {
                insta::internals::Content::from("[uuid]")
            }
        });
        insta::assert_json_snapshot!(format!("timeline-{version}"), bundle, { ".timeline[].detail.uuid" => uuids });
    }
}

#[tokio::test]
async fn a_document_on_a_followup_hangs_on_that_followup() {
    for version in BOTH {
        let server = Server::new(version);
        let ticket = if version == "v1-11" { 331 } else { 313 };
        // 310: `_documents` shows it; 311: its link names the follow-up.
        server.on(&format!("GET Ticket/{ticket}"), recorded(&format!("{version}/310")));
        let entry = {
            let links = excerpt(&format!("{version}/311"));
            let rows: serde_json::Value = serde_json::from_slice(&links.response.body).unwrap();
            rows.as_array()
                .unwrap()
                .iter()
                .find(|row| row["itemtype"] == "ITILFollowup")
                .unwrap()
                .clone()
        };
        server.on(&format!("GET Document_Item/{}", entry["id"]), reply(200, &entry));
        let followup = recorded(&format!("{version}/177")).edit(|row| {
            row["id"] = entry["items_id"].clone();
            row["items_id"] = json!(ticket);
            *row = json!([row.clone()]);
        });
        server.on(&format!("GET Ticket/{ticket}/ITILFollowup"), followup);
        let bundle = backend(&server).ticket(TicketId(ticket)).await.unwrap();
        assert_eq!(bundle.document_links.len(), 1);
        let link = &bundle.document_links[0];
        assert_eq!(link.entry, Some(bundle.timeline[0].key));
        assert_eq!(bundle.documents[0].filename, "note.txt");
        assert_eq!(link.document, bundle.documents[0].id);
    }
}

#[tokio::test]
async fn text_of_10_is_decoded_exactly_once_and_of_11_never() {
    for version in BOTH {
        let server = Server::new(version);
        let ticket = if version == "v1-11" { 331 } else { 313 };
        server.on(&format!("GET Ticket/{ticket}"), recorded(&format!("{version}/302")));
        let bundle = backend(&server).ticket(TicketId(ticket)).await.unwrap();
        // The same ticket was written to both: R&D <test>, and a &amp; b &lt;c&gt; in its content.
        assert_eq!(bundle.ticket.title, "R&D <test> \"q\" 's' é €", "{version}");
        let text = bundle.ticket.description.to_plain();
        assert!(
            text.contains("a & b <c> \"d\" 'e'") && text.contains("ligne 2"),
            "{version}: {text}"
        );
    }
}

#[tokio::test]
async fn plain_text_content_keeps_its_lines() {
    for version in BOTH {
        let server = Server::new(version);
        let ticket = if version == "v1-11" { 332 } else { 314 };
        server.on(&format!("GET Ticket/{ticket}"), recorded(&format!("{version}/306")));
        let bundle = backend(&server).ticket(TicketId(ticket)).await.unwrap();
        assert_eq!(
            bundle.ticket.description.to_plain().trim(),
            "ligne 1\nligne 2 <3 & co",
            "{version}"
        );
    }
}

#[tokio::test]
async fn a_script_in_the_content_is_no_content() {
    for version in BOTH {
        let server = Server::new(version);
        server.on("GET Ticket/301", recorded(&format!("{version}/146")));
        let bundle = backend(&server).ticket(TicketId(301)).await.unwrap();
        let text = serde_json::to_string(&bundle.ticket.description).unwrap();
        assert!(!text.contains("alert"), "{text}");
        assert!(text.contains("😀"), "emoji and accents survive: {text}");
    }
}

#[tokio::test]
async fn an_inline_image_is_no_document() {
    for version in BOTH {
        let server = Server::new(version);
        let ticket = if version == "v1-11" { 333 } else { 315 };
        server.on(&format!("GET Ticket/{ticket}"), recorded(&format!("{version}/308")));
        let bundle = backend(&server).ticket(TicketId(ticket)).await.unwrap();
        assert!(bundle.documents.is_empty());
        assert!(
            !serde_json::to_string(&bundle.ticket.description)
                .unwrap()
                .contains("base64")
        );
    }
}

#[tokio::test]
async fn dates_are_in_the_session_s_zone_which_last_modified_calibrates() {
    // 286: the same ticket for an account whose preference is New York; 10.0 converts, 11.0.6 does not.
    let server = Server::new("v1-10.0");
    let own = recorded("v1-10.0/286").edit(|row| row["timezone"] = json!("America/New_York"));
    server.on("GET User/7", own);
    server.on("GET Ticket/1", recorded("v1-10.0/286"));
    let new_york = backend(&server).ticket(TicketId(1)).await.unwrap().ticket;
    let server = Server::new("v1-10.0");
    server.on("GET User/7", recorded("v1-10.0/285"));
    server.on("GET Ticket/1", recorded("v1-10.0/285"));
    let paris = backend(&server).ticket(TicketId(1)).await.unwrap().ticket;
    assert_eq!(paris.updated_at.to_string(), "2026-11-22T03:54:44Z");
    assert_eq!(new_york.updated_at, paris.updated_at);
    // September: both zones have summer time then, and not now.
    assert_eq!(paris.opened_at.to_string(), "2026-09-23T14:53:31Z");
    assert_eq!(new_york.opened_at, paris.opened_at);
}

#[tokio::test]
async fn a_time_zone_preference_without_effect_is_not_believed() {
    // 11.0.6 ignored it: the offset seen contradicts the preference.
    let server = Server::new("v1-11");
    let own = recorded("v1-11/286").edit(|row| row["timezone"] = json!("America/New_York"));
    server.on("GET User/7", own);
    server.on("GET Ticket/1", recorded("v1-11/286"));
    let ticket = backend(&server).ticket(TicketId(1)).await.unwrap().ticket;
    assert_eq!(ticket.updated_at.to_string(), "2026-11-22T03:55:05Z");
}

#[tokio::test]
async fn an_offset_without_summer_time_is_not_taken_for_paris() {
    let server = Server::new("v1-11");
    // Algiers: +1 all year round. The oldest ticket, of July, gives it away.
    server.on("GET User/7", recorded("v1-11/087"));
    let old = |row: &mut serde_json::Value| row["date_mod"] = json!("2026-07-01 12:00:00");
    server.on(
        "GET Ticket?sort=date_mod&order=ASC",
        recorded("v1-11/087").edit(|row| *row = json!([row.clone()])),
    );
    server.on(
        "GET Ticket/1",
        recorded("v1-11/087")
            .edit(old)
            .with("last-modified", "Wed, 01 Jul 2026 11:00:00 GMT"),
    );
    let ticket = backend(&server).ticket(TicketId(1)).await.unwrap().ticket;
    assert_eq!(ticket.updated_at.to_string(), "2026-07-01T11:00:00Z");
}

#[tokio::test]
async fn people_with_their_numbers_addresses_and_groups() {
    for version in BOTH {
        let server = Server::new(version);
        let five = recorded(&format!("{version}/262")).edit(|rows| {
            let rows = rows.as_array_mut().unwrap();
            let one = serde_json::from_slice(&excerpt(&format!("{version}/263")).response.body).unwrap();
            rows.truncate(1);
            rows.push(one);
        });
        let Answer::Reply(mut five) = five else { panic!() };
        five.headers.insert("content-range", "0-1/2".parse().unwrap());
        server.on("GET User", Answer::Reply(five));
        server.on("GET UserEmail", recorded(&format!("{version}/272")));
        server.on(
            "GET Group_User",
            recorded(&format!("{version}/137")).edit(|rows| rows[0]["users_id"] = json!(12)),
        );
        let config = GlpiConfig {
            vip_rules: vec![VipRule::UserCategory { id: 1 }],
            ..GlpiConfig::default()
        };
        let (records, page) = every_page(&server, config, Collection::People).await;
        assert!(page.complete);
        insta::assert_json_snapshot!(format!("people-{version}"), records);
    }
}

#[tokio::test]
async fn a_vip_is_made_by_category_by_group_or_by_the_plugin() {
    let vip_of = async |rules: Vec<VipRule>, plugin: Option<Answer>| {
        let server = Server::new("v1-11");
        let rows = recorded("v1-11/263").edit(|row| *row = json!([row.clone()]));
        server.on("GET User", rows.with("content-range", "0-0/1"));
        server.on(
            "GET Group_User",
            reply(200, &json!([{"id": 1, "users_id": 12, "groups_id": 3}])),
        );
        match plugin {
            Some(answer) => server.on("GET PluginVipGroup", answer),
            None => server.on("GET PluginVipGroup", recorded("v1-11/273")),
        };
        let config = GlpiConfig {
            vip_rules: rules,
            ..GlpiConfig::default()
        };
        let (records, _) = every_page(&server, config, Collection::People).await;
        let Some(Record::Person(person)) = records.first() else {
            panic!("{records:?}")
        };
        assert_eq!(person.id, UserId(12));
        person.vip
    };
    assert!(vip_of(vec![VipRule::UserCategory { id: 1 }], None).await);
    assert!(!vip_of(vec![VipRule::UserCategory { id: 2 }], None).await);
    assert!(vip_of(vec![VipRule::UserCategory { id: 2 }, VipRule::Group { id: 3 }], None).await);
    let rows = |vip: i64| reply(200, &json!([{"id": 0, "isvip": 0}, {"id": 3, "isvip": vip}]));
    assert!(vip_of(vec![VipRule::Plugin], Some(rows(1))).await);
    assert!(!vip_of(vec![VipRule::Plugin], Some(rows(0))).await);
    // Not installed: an unknown type, and nobody is a VIP by it.
    assert!(!vip_of(vec![VipRule::Plugin], None).await);
}

#[tokio::test]
async fn groups_and_readable_lists() {
    for version in BOTH {
        let server = Server::new(version);
        server.on("GET Group", recorded(&format!("{version}/121")));
        server.on("GET Entity", recorded(&format!("{version}/134")));
        server.on("GET SLA", recorded(&format!("{version}/123")));
        let mut records = every_page(&server, plain(), Collection::Groups).await.0;
        for kind in [CatalogueKind::Entity, CatalogueKind::Sla] {
            records.extend(every_page(&server, plain(), Collection::Catalogue(kind)).await.0);
        }
        insta::assert_json_snapshot!(format!("groups-and-lists-{version}"), records);
        server.on("GET Group/3", recorded(&format!("{version}/304")));
        let group = backend(&server).record(Collection::Groups, 3).await.unwrap();
        let Record::Group(group) = group else {
            panic!("{group:?}")
        };
        assert_eq!(
            group.full_name, "Réseau & Télécom",
            "names of groups are encoded too in 10.0"
        );
    }
}

#[tokio::test]
async fn a_refused_list_is_unavailable_not_empty() {
    for version in BOTH {
        for (kind, table, number) in [
            (CatalogueKind::Category, "ITILCategory", "119"),
            (CatalogueKind::Location, "Location", "120"),
            (CatalogueKind::Channel, "RequestType", "122"),
            (CatalogueKind::FollowupTemplate, "ITILFollowupTemplate", "129"),
            (CatalogueKind::UserCategory, "UserCategory", "135"),
            (CatalogueKind::ArticleCategory, "KnowbaseItemCategory", "139"),
        ] {
            let server = Server::new(version);
            server.on(&format!("GET {table}"), recorded(&format!("{version}/{number}")));
            let (records, page) = every_page(&server, plain(), Collection::Catalogue(kind)).await;
            assert!(records.is_empty());
            assert_eq!(page.availability, Availability::Forbidden, "{version} {kind:?}");
        }
    }
}

#[tokio::test]
async fn names_of_refused_lists_come_by_expansion_on_a_ticket() {
    for version in BOTH {
        let server = Server::new(version);
        let one = recorded(&format!("{version}/087")).edit(|row| *row = json!([row.clone()]));
        server.on("GET Ticket", one.with("content-range", "0-0/1"));
        server.on(
            "GET Ticket/1?expand_dropdowns=true",
            recorded(&format!("{version}/088")),
        );
        let (records, _) = every_page(&server, plain(), Collection::Tickets).await;
        let Some(Record::Ticket(ticket)) = records.last() else {
            panic!("{records:?}")
        };
        assert_eq!(
            ticket.category.as_ref().unwrap().name.as_deref(),
            Some("Réseau > Wi-Fi")
        );
        assert_eq!(ticket.location.as_ref().unwrap().name.as_deref(), Some("Lyon"));
        assert_eq!(ticket.channel.as_ref().unwrap().name.as_deref(), Some("Helpdesk"));
        let known: Vec<_> = records
            .iter()
            .filter_map(|record| match record {
                Record::Catalogue(item) => Some((item.kind, item.full_name.as_str(), item.by_expansion)),
                _ => None,
            })
            .collect();
        assert!(
            known.contains(&(CatalogueKind::Category, "Réseau > Wi-Fi", true)),
            "{known:?}"
        );
    }
}

#[tokio::test]
async fn what_hangs_on_tickets_in_bulk() {
    for version in BOTH {
        let server = Server::new(version);
        for (table, number) in [
            ("Ticket_User", "113"),
            ("Group_Ticket", "114"),
            ("ITILFollowup", "107"),
            ("TicketTask", "109"),
            ("ITILSolution", "110"),
            ("TicketValidation", "117"),
            ("Document_Item", "116"),
            ("Item_Ticket", "115"),
        ] {
            // The recordings are in ascending order where no order was asked for; the adapter asks for the newest first.
            let rows = recorded(&format!("{version}/{number}")).edit(|rows| {
                rows.as_array_mut()
                    .unwrap()
                    .sort_by_key(|row| -row["id"].as_i64().unwrap());
            });
            server.on(&format!("GET {table}"), rows);
        }
        let (records, page) = every_page(&server, plain(), Collection::TicketDetails).await;
        assert!(page.complete);
        insta::assert_json_snapshot!(format!("details-{version}"), records, {
            "[].value.detail.uuid" => "[uuid]",
        });
        for call in server.calls() {
            assert!(
                call.param("sort").is_some() && call.param("order").is_some(),
                "{call:?}"
            );
        }
    }
}

#[tokio::test]
async fn articles_are_opened_one_by_one_and_only_visible_ones_kept() {
    for version in BOTH {
        let server = Server::new(version);
        let ids = recorded(&format!("{version}/232")).edit(|rows| {
            let rows = rows.as_array_mut().unwrap();
            rows.retain(|row| [1, 2, 5].contains(&row["id"].as_i64().unwrap()));
            rows.reverse();
        });
        let Answer::Reply(mut ids) = ids else { panic!() };
        ids.headers.remove("content-range");
        server.on("GET KnowbaseItem", Answer::Reply(ids));
        server.on("GET KnowbaseItem/1", recorded(&format!("{version}/235")));
        // 5 has no target: 10.0 lists it with its answer all the same, and refuses to open it.
        server.on("GET KnowbaseItem/5", recorded(&format!("{version}/236")));
        let (records, page) = every_page(&server, plain(), Collection::Articles).await;
        assert!(page.complete);
        insta::assert_json_snapshot!(format!("articles-{version}"), records);
    }
}

#[tokio::test]
async fn equipment_of_core_and_custom_types() {
    let server = Server::new("v1-11");
    server.on(
        "GET getGlpiConfig",
        recorded("v1-11/029").edit(|body| {
            body["cfg_glpi"]["asset_types"]
                .as_array_mut()
                .unwrap()
                .push(json!("Glpi\\CustomAsset\\TabletAsset"));
        }),
    );
    let computer = json!([{
        "id": 1, "entities_id": 0, "name": "PC-000", "serial": "SN000000", "otherserial": "INV-2026000", "users_id": 12,
        "locations_id": 3, "states_id": 1, "manufacturers_id": 1, "computermodels_id": 1, "is_template": 0,
        "date_mod": "2026-11-22 04:53:27",
        "_keys_names": {"manufacturers_id": "Dell", "states_id": "En service", "locations_id": "Bâtiment A",
                        "computermodels_id": "Latitude 5440"},
    }, {"id": 0, "name": "modèle", "is_template": 1, "date_mod": "2026-11-22 04:53:27"}]);
    server.on("GET Computer", reply(200, &computer));
    let tablet = json!([{"id": 4, "entities_id": 0, "name": "Tablette 4", "users_id": 12, "date_mod": null}]);
    server.on("GET Glpi\\CustomAsset\\TabletAsset", reply(200, &tablet));
    server.on("GET Monitor", recorded("v1-11/119"));
    let (records, page) = every_page(&server, plain(), Collection::Assets).await;
    assert_eq!(page.availability, Availability::Available);
    insta::assert_json_snapshot!("assets", records);
}

#[tokio::test]
async fn equipment_that_may_not_be_listed_at_all_is_unavailable() {
    let server = Server::new("v1-10.0");
    for table in [
        "Computer",
        "Monitor",
        "Printer",
        "Phone",
        "NetworkEquipment",
        "Peripheral",
    ] {
        server.on(&format!("GET {table}"), recorded("v1-10.0/119"));
    }
    let (records, page) = every_page(&server, plain(), Collection::Assets).await;
    assert!(records.is_empty() && page.complete);
    assert_eq!(page.availability, Availability::Forbidden);
}

#[tokio::test]
async fn a_document_s_content_comes_by_its_accept_header() {
    for version in BOTH {
        let server = Server::new(version);
        server.on("GET Document/6", recorded(&format!("{version}/199")));
        server.on("GET Document/99999", recorded(&format!("{version}/202")));
        let backend = backend(&server);
        let bytes = backend.download(DocumentId(6)).await.unwrap();
        assert_eq!(&bytes[1..4], b"PNG");
        assert_eq!(
            server.calls().last().unwrap().headers["accept"],
            "application/octet-stream"
        );
        let error = backend.download(DocumentId(99_999)).await.unwrap_err();
        assert_eq!(error.code(), "backend_not_found");
    }
}
