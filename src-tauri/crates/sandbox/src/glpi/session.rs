//! Sessions: logging in by token or password, application tokens, what a session says about itself.

use super::{
    Glpi,
    cell::Cell,
    params::Params,
    reply::{Refusal, Reply},
    rights,
    schema::{Kind, Version},
};
use crate::{
    options::PASSWORD,
    wire::{Body, Request},
};
use base64::Engine as _;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// One session. It sees the rights and entities its user had when it began.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) user: i64,
    pub(crate) profile: i64,
    /// Entities lists are limited to.
    pub(crate) entities: BTreeSet<i64>,
    /// What the user may switch to.
    reach: BTreeSet<i64>,
    pub(crate) entity: i64,
    recursive: Value,
    /// The zone naive datetimes are in.
    pub(crate) zone: TimeZone,
}

impl Glpi {
    /// What every call is asked before anything else.
    pub(super) fn admit(&self, request: &Request, params: &Params) -> Result<(), Refusal> {
        if !self.options.api_enabled {
            return Err(Refusal::plain(400, "ERROR", "API disabled"));
        }
        if !self.options.address_allowed {
            return Err(Refusal::plain(
                400,
                "ERROR_NOT_ALLOWED_IP",
                "There isn't an active API client matching your IP address in the configuration (127.0.0.1)",
            ));
        }
        if self.options.app_token {
            let given = request
                .headers
                .get("app-token")
                .and_then(|value| value.to_str().ok())
                .or(params.text("app_token"));
            match given {
                None | Some("") => {
                    return Err(Refusal::documented(
                        400,
                        "ERROR_APP_TOKEN_PARAMETERS_MISSING",
                        "missing parameter app_token",
                    ));
                }
                Some(token) if token != self.app_token => {
                    return Err(Refusal::documented(
                        400,
                        "ERROR_WRONG_APP_TOKEN_PARAMETER",
                        "parameter app_token seems wrong",
                    ));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// `initSession`.
    pub(super) fn init_session(
        &mut self,
        request: &Request,
        params: &Params,
        now: Timestamp,
    ) -> Result<Reply, Refusal> {
        let user = self.log_in(request, params)?;
        let session = self.open_session(user);
        let token = self.new_session_token();
        self.db.set(Kind::User, user, "last_login", Cell::Time(now.as_second()));
        let mut answer = json!({ "session_token": token });
        if params.switch("get_full_session", false) {
            answer["session"] = self.full_session(&session, &token, now);
        }
        self.sessions.insert(token, session);
        Ok(Reply::json(200, &answer))
    }

    fn log_in(&self, request: &Request, params: &Params) -> Result<i64, Refusal> {
        let header = request
            .headers
            .get("authorization")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let token = header
            .strip_prefix("user_token ")
            .map(str::trim)
            .or(params.text("user_token"));
        if let Some(token) = token {
            let user = self.tokens.get(token).copied().ok_or_else(|| {
                Refusal::plain(401, "ERROR_GLPI_LOGIN_USER_TOKEN", "parameter user_token seems invalid")
            })?;
            return self.active(user);
        }
        let basic = header.strip_prefix("Basic ").and_then(|encoded| {
            let decoded = base64::engine::general_purpose::STANDARD.decode(encoded.trim()).ok()?;
            let text = String::from_utf8(decoded).ok()?;
            text.split_once(':')
                .map(|(login, password)| (login.to_owned(), password.to_owned()))
        });
        let in_body = || match &request.body {
            Body::Json(body) => match (body["login"].as_str(), body["password"].as_str()) {
                (Some(login), Some(password)) => Some((login.to_owned(), password.to_owned())),
                _ => None,
            },
            _ => None,
        };
        let in_query = || Some((params.text("login")?.to_owned(), params.text("password")?.to_owned()));
        let Some((login, password)) = basic.or_else(in_body).or_else(in_query) else {
            return Err(Refusal::documented(
                400,
                "ERROR_LOGIN_PARAMETERS_MISSING",
                "parameter(s) login, password or user_token are missing",
            ));
        };
        if !self.options.password_login {
            return Err(Refusal::plain(
                400,
                "ERROR_LOGIN_WITH_CREDENTIALS_DISABLED",
                "usage of initSession resource with credentials is disabled",
            ));
        }
        let wrong = || Refusal::plain(401, "ERROR_GLPI_LOGIN", "Incorrect username or password");
        let user = self.user_named(&login).ok_or_else(wrong)?;
        if password != PASSWORD {
            return Err(wrong());
        }
        self.active(user)
    }

    /// The token or the password was right, but the account is let in only while it is active.
    fn active(&self, user: i64) -> Result<i64, Refusal> {
        if self.db.int(Kind::User, user, "is_active") == 0 {
            let text = "You don't have access to this application because your account was deactivated or removed";
            return Err(Refusal::plain(401, "ERROR_GLPI_LOGIN", text));
        }
        Ok(user)
    }

    /// A user by login.
    pub(crate) fn user_named(&self, login: &str) -> Option<i64> {
        let table = self.db.table(Kind::User);
        let name = table.schema.column("name")?;
        table
            .iter()
            .find(|(_, row)| matches!(row.own(name), Some(Cell::Text(text)) if text.eq_ignore_ascii_case(login)))
            .map(|(id, _)| id)
    }

    /// A session for a user, with the rights he has now.
    pub(crate) fn open_session(&self, user: i64) -> Session {
        let links = self.db.on(Kind::ProfileUser, Kind::User, user);
        let profile = links.first().map_or(rights::SELF_SERVICE, |link| {
            self.db.int(Kind::ProfileUser, *link, "profiles_id")
        });
        let mut reach = BTreeSet::new();
        for link in &links {
            let entity = self.db.int(Kind::ProfileUser, *link, "entities_id");
            let recursive = self.db.int(Kind::ProfileUser, *link, "is_recursive") != 0;
            reach.extend(self.db.entities_from(entity, recursive));
        }
        let own_zone = self.db.text(Kind::User, user, "timezone");
        let zone = if self.options.version == Version::Ten && !own_zone.is_empty() {
            TimeZone::get(&own_zone).unwrap_or_else(|_| self.zone.clone())
        } else {
            self.zone.clone()
        };
        let entity = reach.first().copied().unwrap_or(0);
        Session {
            user,
            profile,
            entities: reach.clone(),
            reach,
            entity,
            recursive: json!(1),
            zone,
        }
    }

    /// The session a call carries.
    pub(super) fn session_of(&self, request: &Request, params: &Params) -> Result<(String, Session), Refusal> {
        let token = request
            .headers
            .get("session-token")
            .and_then(|value| value.to_str().ok())
            .or(params.text("session_token"))
            .unwrap_or_default();
        if token.is_empty() {
            let text = "parameter session_token is missing or empty";
            return Err(Refusal::documented(400, "ERROR_SESSION_TOKEN_MISSING", text));
        }
        match self.sessions.get(token) {
            Some(session) => Ok((token.to_owned(), session.clone())),
            None => Err(Refusal::plain(
                401,
                "ERROR_SESSION_TOKEN_INVALID",
                "session_token seems invalid",
            )),
        }
    }

    /// The resources that are about the session itself; `None` for any other path.
    pub(super) fn about_session(
        &mut self,
        name: &str,
        request: &Request,
        params: &Params,
        now: Timestamp,
    ) -> Option<Result<Reply, Refusal>> {
        const NAMES: [&str; 9] = [
            "killSession",
            "getMyProfiles",
            "getActiveProfile",
            "getMyEntities",
            "getActiveEntities",
            "getFullSession",
            "changeActiveEntities",
            "changeActiveProfile",
            "getGlpiConfig",
        ];
        if !NAMES.contains(&name) {
            return None;
        }
        let (token, session) = match self.session_of(request, params) {
            Ok(found) => found,
            Err(refusal) => return Some(Err(refusal)),
        };
        let body = match &request.body {
            Body::Json(body) => body.clone(),
            _ => Value::Null,
        };
        Some(match name {
            "killSession" => {
                self.sessions.remove(&token);
                Ok(Reply::json(200, &json!(true)))
            }
            "getMyProfiles" => {
                let entities: Vec<Value> = self
                    .assignments(session.user)
                    .into_iter()
                    .map(|(id, recursive)| {
                        json!({ "id": id, "name": self.encoded_name(Kind::Entity, id), "is_recursive": i64::from(recursive) })
                    })
                    .collect();
                let profile = json!({ "id": session.profile, "name": self.db.text(Kind::Profile, session.profile, "name").as_ref(), "entities": entities });
                Ok(Reply::json(200, &json!({ "myprofiles": [profile] })))
            }
            "getActiveProfile" => Ok(Reply::json(
                200,
                &json!({ "active_profile": self.profile(session.profile) }),
            )),
            "getMyEntities" => {
                let recursive = params.switch("is_recursive", false);
                let mut ids: Vec<i64> = Vec::new();
                for (id, below) in self.assignments(session.user) {
                    let more = if recursive && below {
                        self.db.entities_from(id, true)
                    } else {
                        vec![id]
                    };
                    ids.extend(more);
                }
                ids.sort_unstable();
                ids.dedup();
                let list: Vec<Value> = ids
                    .into_iter()
                    .map(|id| json!({ "id": id, "name": self.encoded_name(Kind::Entity, id) }))
                    .collect();
                Ok(Reply::json(200, &json!({ "myentities": list })))
            }
            "getActiveEntities" => {
                let list: Vec<Value> = session.entities.iter().map(|id| json!({ "id": id })).collect();
                let active = json!({ "id": session.entity, "active_entity_recursive": session.recursive, "active_entities": list });
                Ok(Reply::json(200, &json!({ "active_entity": active })))
            }
            "getFullSession" => Ok(Reply::json(
                200,
                &json!({ "session": self.full_session(&session, &token, now) }),
            )),
            "changeActiveEntities" => self.change_entities(&token, session, &body),
            "changeActiveProfile" => {
                if super::write::number(&body["profiles_id"]) == Some(session.profile) {
                    Ok(Reply::json(200, &json!(true)))
                } else {
                    Err(Refusal::not_found())
                }
            }
            _ => Ok(Reply::json(200, &json!({ "cfg_glpi": self.config() }))),
        })
    }

    fn change_entities(&mut self, token: &str, mut session: Session, body: &Value) -> Result<Reply, Refusal> {
        let recursive =
            body["is_recursive"].as_bool().unwrap_or(false) || super::write::number(&body["is_recursive"]) == Some(1);
        if body["entities_id"].as_str() == Some("all") {
            session.entities = session.reach.clone();
            session.entity = session.reach.first().copied().unwrap_or(0);
            session.recursive = json!(true);
        } else {
            let id = super::write::number(&body["entities_id"]).unwrap_or(0);
            if !session.reach.contains(&id) {
                return Err(Refusal::not_found());
            }
            let wanted: BTreeSet<i64> = self.db.entities_from(id, recursive).into_iter().collect();
            session.entities = wanted.intersection(&session.reach).copied().collect();
            session.entity = id;
            session.recursive = json!(recursive);
        }
        self.sessions.insert(token.to_owned(), session);
        Ok(Reply::json(200, &json!(true)))
    }

    /// Where a user holds his profile: (entity, with those below).
    fn assignments(&self, user: i64) -> Vec<(i64, bool)> {
        self.db
            .on(Kind::ProfileUser, Kind::User, user)
            .into_iter()
            .map(|link| {
                let entity = self.db.int(Kind::ProfileUser, link, "entities_id");
                (entity, self.db.int(Kind::ProfileUser, link, "is_recursive") != 0)
            })
            .collect()
    }

    fn profile(&self, id: i64) -> Value {
        let lists = i64::from(matches!(id, rights::SUPER_ADMIN | rights::TECHNICIAN_WITH_LISTS));
        let central = id != rights::SELF_SERVICE;
        json!({
            "id": id,
            "name": self.db.text(Kind::Profile, id, "name").as_ref(),
            "interface": if central { "central" } else { "helpdesk" },
            "is_default": i64::from(!central),
            "helpdesk_hardware": 3,
            "helpdesk_item_type": ["Computer", "Monitor", "NetworkEquipment", "Peripheral", "Phone", "Printer", "Software"],
            "ticket_status": [],
            "dropdown": lists, "itilcategory": lists, "location": lists, "taskcategory": lists,
            "knowbasecategory": lists, "calendar": lists, "solutiontemplate": lists, "itilfollowuptemplate": lists,
            "tasktemplate": lists, "logs": lists,
            "ticket": if id == rights::SUPER_ADMIN { 261_151 } else { 168_967 },
            "followup": 15_383, "task": 15_383, "knowbase": 14_359, "user": 1055, "document": 127, "slm": 256,
        })
    }

    fn full_session(&self, session: &Session, token: &str, now: Timestamp) -> Value {
        let name = |column| self.encode(&self.db.text(Kind::User, session.user, column));
        let groups: Vec<i64> = self
            .db
            .on(Kind::GroupUser, Kind::User, session.user)
            .into_iter()
            .map(|link| self.db.int(Kind::GroupUser, link, "groups_id"))
            .collect();
        let entities: Vec<i64> = session.entities.iter().copied().collect();
        let listed: Vec<String> = entities.iter().map(|id| format!("'{id}'")).collect();
        let entity_name = format!("{} (tree structure)", self.encoded_name(Kind::Entity, session.entity));
        let mut full = json!({
            "valid_id": token,
            "glpi_currenttime": self.shown_time(now.as_second(), &session.zone),
            "glpi_use_mode": 0,
            "glpiID": session.user,
            "glpiis_ids_visible": "0",
            "glpifriendlyname": format!("{} {}", name("realname"), name("firstname")).trim(),
            "glpiname": name("name"),
            "glpirealname": name("realname"),
            "glpifirstname": name("firstname"),
            "glpidefault_entity": 0,
            "glpiextauth": 1,
            "glpiauthtype": 1,
            "glpi_plannings": [],
            "glpi_tabs": [],
            "glpilanguage": "fr_FR",
            "glpilist_limit": "15",
            "glpidefault_requesttypes_id": "1",
            "glpifollowup_private": "0",
            "glpitask_private": "0",
            "glpiactiveprofile": self.profile(session.profile),
            "glpiprofiles": { session.profile.to_string(): { "name": self.db.text(Kind::Profile, session.profile, "name").as_ref(), "entities": self.assignments(session.user).into_iter().map(|(id, below)| json!({ "id": id, "name": self.encoded_name(Kind::Entity, id), "is_recursive": i64::from(below) })).collect::<Vec<_>>() } },
            "glpiactiveentities": entities,
            "glpiactiveentities_string": listed.join(", "),
            "glpiactive_entity": session.entity,
            "glpiactive_entity_recursive": session.recursive,
            "glpiactive_entity_name": entity_name,
            "glpiactive_entity_shortname": entity_name,
            "glpishowallentities": i64::from(session.entities == session.reach),
            "glpigroups": groups,
        });
        if self.options.version == Version::Eleven {
            full["glpitimezone"] = json!("0");
        } else {
            full["glpiroot"] = json!("");
        }
        full
    }

    fn config(&self) -> Value {
        let version = self.options.version;
        let mut config = json!({
            "version": version.number(),
            "dbversion": format!("{}@guichet-sandbox", version.number()),
            "list_limit": "15",
            "list_limit_max": "50",
            "language": "fr_FR",
            "url_base": self.options.base_url,
            "enable_api": "1",
            "enable_api_login_credentials": if self.options.password_login { "1" } else { "0" },
            "url_base_api": self.api_root(),
            "use_timezones": "1",
            "document_max_size": "1024",
            "instance_uuid": null,
            "languages": { "en_GB": ["English", "en_GB.mo", "en-GB", "en", "english", 2], "fr_FR": ["Français", "fr_FR.mo", "fr", "fr", "french", 2] },
        });
        if version == Version::Eleven {
            config["app_name"] = json!("GLPI");
            config["timezone"] = json!("0");
        }
        config
    }
}
