//! NOTES §1 and §2: sessions, tokens, errors.

use super::{Fact, world::World};
use guichet_sandbox::{
    Version,
    options::{PASSWORD, TECHNICIAN},
    wire::Body,
};
use http::Method;
use serde_json::json;

fn token(world: &World) -> String {
    format!("user_token {}", world.glpi.user_token(TECHNICIAN).unwrap())
}

#[expect(clippy::too_many_lines, reason = "a list of facts")]
pub fn facts() -> Vec<Fact> {
    vec![
        Fact {
            name: "the API can be switched off",
            recorded: &["001"],
            act: |w| {
                w.glpi.reconfigure(|o| o.api_enabled = false);
                vec![w.log_in(TECHNICIAN, PASSWORD)]
            },
            check: |x, _| {
                x[0].error(400, "ERROR");
                assert_eq!(x[0].body[1], "API disabled");
            },
        },
        Fact {
            name: "credentials are asked for, with a pointer to the documentation",
            recorded: &["002"],
            act: |w| vec![w.call_with(Method::GET, "initSession", &[], Body::Empty)],
            check: |x, version| {
                x[0].error(400, "ERROR_LOGIN_PARAMETERS_MISSING");
                let root = if version == Version::Ten {
                    "/apirest.php/#"
                } else {
                    "/api.php/v1/#"
                };
                assert!(
                    x[0].body[1]
                        .as_str()
                        .unwrap()
                        .contains("; view documentation in your browser at http://")
                );
                assert!(x[0].body[1].as_str().unwrap().contains(root), "{}", x[0].body);
            },
        },
        Fact {
            name: "a wrong password and an unknown user are told alike",
            recorded: &["003", "004"],
            act: |w| vec![w.log_in(TECHNICIAN, "nope"), w.log_in("nobody", "nope")],
            check: |x, _| {
                x[0].error(401, "ERROR_GLPI_LOGIN");
                assert_eq!(x[0].body, x[1].body);
            },
        },
        Fact {
            name: "password login can be off",
            recorded: &["005"],
            act: |w| {
                w.glpi.reconfigure(|o| o.password_login = false);
                vec![w.log_in(TECHNICIAN, PASSWORD)]
            },
            check: |x, _| x[0].error(400, "ERROR_LOGIN_WITH_CREDENTIALS_DISABLED"),
        },
        Fact {
            name: "every way to sign in gives a session token and no cookie",
            recorded: &["006", "008", "009", "010"],
            act: |w| {
                let header = token(w);
                let bare = header.trim_start_matches("user_token ").to_owned();
                vec![
                    w.log_in(TECHNICIAN, PASSWORD),
                    w.call_with(Method::GET, "initSession", &[("authorization", &header)], Body::Empty),
                    w.call_with(Method::GET, &format!("initSession?user_token={bare}"), &[], Body::Empty),
                    w.call_with(
                        Method::POST,
                        "initSession",
                        &[],
                        Body::Json(json!({ "login": TECHNICIAN, "password": PASSWORD })),
                    ),
                ]
            },
            check: |x, _| {
                for one in x {
                    assert_eq!(one.status, 200);
                    assert!(!one.text("session_token").is_empty());
                    assert_eq!(one.header("set-cookie"), "");
                    assert_eq!(one.header("content-type"), "application/json; charset=UTF-8");
                }
            },
        },
        Fact {
            name: "a wrong user token has its own code",
            recorded: &["007"],
            act: |w| {
                vec![w.call_with(
                    Method::GET,
                    "initSession",
                    &[("authorization", "user_token nope")],
                    Body::Empty,
                )]
            },
            check: |x, _| x[0].error(401, "ERROR_GLPI_LOGIN_USER_TOKEN"),
        },
        Fact {
            name: "a disabled account is told so by its text only",
            recorded: &["012"],
            act: |w| {
                let id = w.glpi.user_id(TECHNICIAN).unwrap();
                w.as_admin().put(&format!("User/{id}"), json!({ "is_active": 0 }));
                vec![w.log_in(TECHNICIAN, PASSWORD)]
            },
            check: |x, _| {
                x[0].error(401, "ERROR_GLPI_LOGIN");
                assert!(x[0].body[1].as_str().unwrap().contains("deactivated"));
            },
        },
        Fact {
            name: "an application token is asked for on every call, not only at login",
            recorded: &["013", "014", "015", "016", "017"],
            act: |w| {
                w.glpi.reconfigure(|o| o.app_token = true);
                let (user, app) = (token(w), w.glpi.app_token().to_owned());
                let without = w.call_with(Method::GET, "initSession", &[("authorization", &user)], Body::Empty);
                let wrong = w.call_with(
                    Method::GET,
                    "initSession",
                    &[("authorization", &user), ("app-token", "x")],
                    Body::Empty,
                );
                let right = w.call_with(
                    Method::GET,
                    "initSession",
                    &[("authorization", &user), ("app-token", &app)],
                    Body::Empty,
                );
                let session = right.text("session_token").to_owned();
                let bare = w.call_with(
                    Method::GET,
                    "getMyProfiles",
                    &[("session-token", &session)],
                    Body::Empty,
                );
                let both = [("session-token", session.as_str()), ("app-token", &app)];
                let full = w.call_with(Method::GET, "getMyProfiles", &both, Body::Empty);
                vec![without, wrong, right, bare, full]
            },
            check: |x, _| {
                x[0].error(400, "ERROR_APP_TOKEN_PARAMETERS_MISSING");
                x[1].error(400, "ERROR_WRONG_APP_TOKEN_PARAMETER");
                assert_eq!(x[2].status, 200);
                x[3].error(400, "ERROR_APP_TOKEN_PARAMETERS_MISSING");
                assert_eq!(x[4].status, 200);
            },
        },
        Fact {
            name: "an address no API client allows is refused",
            recorded: &["018"],
            act: |w| {
                w.glpi.reconfigure(|o| o.address_allowed = false);
                vec![w.log_in(TECHNICIAN, PASSWORD)]
            },
            check: |x, _| x[0].error(400, "ERROR_NOT_ALLOWED_IP"),
        },
        Fact {
            name: "a missing session token is 400, a dead one 401",
            recorded: &["019", "020"],
            act: |w| {
                vec![
                    w.call_with(Method::GET, "Ticket/1", &[], Body::Empty),
                    w.call_with(Method::GET, "Ticket/1", &[("session-token", "dead")], Body::Empty),
                ]
            },
            check: |x, _| {
                x[0].error(400, "ERROR_SESSION_TOKEN_MISSING");
                x[1].error(401, "ERROR_SESSION_TOKEN_INVALID");
            },
        },
        Fact {
            name: "a killed session is dead",
            recorded: &["021", "022", "023"],
            act: |w| vec![w.get("killSession"), w.get("getMyProfiles"), w.get("killSession")],
            check: |x, _| {
                assert_eq!((x[0].status, &x[0].body), (200, &json!(true)));
                x[1].error(401, "ERROR_SESSION_TOKEN_INVALID");
                x[2].error(401, "ERROR_SESSION_TOKEN_INVALID");
            },
        },
        Fact {
            name: "profiles and entities are told with numbers and names",
            recorded: &["024", "025", "026", "027"],
            act: |w| {
                vec![
                    w.get("getMyProfiles"),
                    w.get("getActiveProfile"),
                    w.get("getMyEntities"),
                    w.get("getActiveEntities"),
                ]
            },
            check: |x, _| {
                let profile = &x[0].body["myprofiles"][0];
                assert_eq!(
                    (profile["id"].as_i64(), profile["name"].as_str()),
                    (Some(6), Some("Technician"))
                );
                assert!(profile["entities"][0]["is_recursive"].is_i64());
                assert_eq!(x[1].body["active_profile"]["interface"], "central");
                assert_eq!(x[2].body["myentities"][0]["id"], 0);
                let active = &x[3].body["active_entity"];
                assert!(active["id"].is_i64() && active["active_entities"].as_array().unwrap().len() > 1);
            },
        },
        Fact {
            name: "entities' full names are encoded in 10.0 and plain in 11.0",
            recorded: &["030"],
            act: |w| vec![w.get("getMyEntities?is_recursive=true")],
            check: |x, version| {
                let names = x[0].body["myentities"].to_string();
                assert_eq!(names.contains("&#62;"), version == Version::Ten, "{names}");
            },
        },
        Fact {
            name: "the full session tells who and where",
            recorded: &["028"],
            act: |w| vec![w.get("getFullSession")],
            check: |x, version| {
                let session = &x[0].body["session"];
                assert_eq!(session["glpiname"], "tech1");
                assert_eq!(session["glpiID"], 7);
                assert!(session["glpiactiveentities"].is_array() && session["glpigroups"].is_array());
                assert_eq!(session["glpilist_limit"], "15");
                assert_eq!(session.get("glpitimezone").is_some(), version == Version::Eleven);
            },
        },
        Fact {
            name: "the configuration tells the version and where the API believes it is",
            recorded: &["029"],
            act: |w| vec![w.get("getGlpiConfig")],
            check: |x, version| assert_eq!(x[0].body["cfg_glpi"]["version"], version.number()),
        },
        Fact {
            name: "a profile one does not hold does not exist",
            recorded: &["031"],
            act: |w| {
                vec![w.call(
                    Method::POST,
                    "changeActiveProfile",
                    Body::Json(json!({ "profiles_id": 4 })),
                )]
            },
            check: |x, _| x[0].error(404, "ERROR_ITEM_NOT_FOUND"),
        },
        Fact {
            name: "lists follow the active entities of the session without a word",
            recorded: &["033", "034", "035"],
            act: |w| {
                let one = json!({ "entities_id": 1, "is_recursive": true });
                vec![
                    w.call(Method::POST, "changeActiveEntities", Body::Json(one)),
                    w.get("getActiveEntities"),
                    w.get("Ticket?range=0-0"),
                ]
            },
            check: |x, _| {
                assert_eq!(x[0].body, json!(true));
                assert_eq!(x[1].body["active_entity"]["active_entities"], json!([{ "id": 1 }]));
                assert_eq!((x[2].status, x[2].body[0]["entities_id"].as_i64()), (206, Some(1)));
                assert!(x[2].range().2 < 300);
            },
        },
        Fact {
            name: "itemtypes are known by their exact name",
            recorded: &["273", "274", "275"],
            act: |w| vec![w.get("Nosuchthing/"), w.get("nosuchthing"), w.get("ticket/1")],
            check: |x, _| {
                x.iter()
                    .for_each(|one| one.error(400, "ERROR_RESOURCE_NOT_FOUND_NOR_COMMONDBTM"))
            },
        },
        Fact {
            name: "a refused list is 403",
            recorded: &[
                "277", "098", "119", "120", "122", "126", "129", "130", "131", "132", "133", "135", "139",
            ],
            act: |w| {
                let ticket = w.some_ticket(|_, _| true);
                [
                    "Config/1".to_owned(),
                    format!("Ticket/{ticket}/Log"),
                    "ITILCategory".into(),
                    "Location".into(),
                    "RequestType".into(),
                    "Calendar".into(),
                    "ITILFollowupTemplate".into(),
                    "TaskTemplate".into(),
                    "SolutionTemplate".into(),
                    "SolutionType".into(),
                    "TaskCategory".into(),
                    "UserCategory".into(),
                    "KnowbaseItemCategory".into(),
                ]
                .iter()
                .map(|path| w.get(path))
                .collect()
            },
            check: |x, _| x.iter().for_each(|one| one.error(403, "ERROR_RIGHT_MISSING")),
        },
        Fact {
            name: "service levels, groups and entities may be read",
            recorded: &["121", "123", "134"],
            act: |w| {
                vec![
                    w.get("Group?get_hateoas=false"),
                    w.get("SLA?get_hateoas=false"),
                    w.get("Entity?get_hateoas=false"),
                ]
            },
            check: |x, version| {
                assert!(x.iter().all(|one| one.status == 200 && one.rows > Some(0)));
                assert_eq!(x[0].body[0]["name"], "Support N1");
                assert_eq!(x[0].body[0].get("code").is_some(), version == Version::Eleven);
                assert!(x[1].body[0]["number_time"].is_i64() && x[1].body[0]["definition_time"].is_string());
                assert_eq!(
                    (&x[2].body[0]["id"], &x[2].body[0]["entities_id"]),
                    (&json!(0), &json!(null))
                );
                // The one full name 10.0 does not encode.
                assert!(x[2].body[1]["completename"].as_str().unwrap().contains(" > "));
            },
        },
        Fact {
            name: "reading with a body is refused",
            recorded: &["281"],
            act: |w| vec![w.call(Method::GET, "Ticket/1", Body::Json(json!({ "x": 1 })))],
            check: |x, _| {
                x[0].error(400, "ERROR_JSON_PAYLOAD_FORBIDDEN");
                assert!(
                    x[0].body[1]
                        .as_str()
                        .unwrap()
                        .ends_with("at /#ERROR_JSON_PAYLOAD_FORBIDDEN")
                );
            },
        },
        Fact {
            name: "any page of the web may ask (CORS)",
            recorded: &["283"],
            act: |w| vec![w.call_with(Method::OPTIONS, "Ticket", &[], Body::Empty)],
            check: |x, _| {
                assert_eq!(x[0].status, 200);
                assert_eq!(
                    x[0].header("access-control-allow-methods"),
                    "PUT, GET, POST, DELETE, OPTIONS"
                );
                assert_eq!(
                    x[0].header("access-control-expose-headers"),
                    "content-type, content-range, accept-range"
                );
            },
        },
        Fact {
            name: "a person without a picture is 204",
            recorded: &["271"],
            act: |w| vec![w.get("User/20/Picture")],
            check: |x, _| assert_eq!(x[0].status, 204),
        },
    ]
}
