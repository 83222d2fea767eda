//! Remote control of a desk at the embedded sandbox: a real program is started, a real ticket gets the task.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::core::{AppCore, desk::Pace, profile::Profiles};
use guichet_sandbox::{Options, Sandbox, Version};
use guichet_store::{Sort, TicketQuery, View};
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::PermissionsExt,
    path::Path,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use url::Url;

/// A viewer that writes down its arguments, and ends when its folder says so.
const VIEWER: &str = r#"#!/bin/sh
folder=$(dirname "$0")
for argument in "$@"; do printf '%s\n' "$argument"; done > "$folder/said.part"
mv "$folder/said.part" "$folder/said"
while [ ! -e "$folder/end" ]; do sleep 0.05; done
"#;

struct Scene {
    folder: tempfile::TempDir,
    core: AppCore,
    desk: Arc<Desk>,
    ticket: TicketId,
    asset: RemoteAsset,
}

impl Scene {
    async fn set(policy: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = Options::demo(3).version(Version::Eleven);
        options.tickets = 40;
        options.users = 40;
        let data = folder.path().join("profiles/default/sandbox");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Sandbox::start_in(options, address, Some(&data))
            .await
            .unwrap()
            .stop()
            .await;
        let viewer = folder.path().join("vncviewer");
        fs::write(&viewer, VIEWER).unwrap();
        fs::set_permissions(&viewer, fs::Permissions::from_mode(0o755)).unwrap();
        let file = folder.path().join("remote.toml");
        let programs = format!("[programs]\nvnc = '{}'\n", viewer.display());
        fs::write(&file, format!("{programs}{policy}")).unwrap();
        let profiles = Profiles::at(Some(folder.path().join("profiles")), None);
        let core = AppCore::over(profiles, Some(Locale::Fr), Pace::OnDemand);
        let desk = core.desk().await.unwrap();
        desk.remote.instead(file, None);
        desk.use_sandbox().await.unwrap();
        round(&desk).await;
        let all = TicketQuery {
            view: View::Open,
            sort: Sort::Updated,
            limit: 50,
            ..TicketQuery::default()
        };
        for row in desk.store.list_tickets(&all).await.unwrap().rows {
            let sheet = sheet(&desk, row.id, Locale::Fr).await.unwrap();
            let asset = sheet.assets.into_iter().find(|asset| {
                let vnc = asset.targets.iter().find(|target| target.tool == "vnc");
                vnc.is_some_and(|target| target.problem.is_none())
            });
            if let Some(asset) = asset {
                let ticket = row.id;
                return Self {
                    folder,
                    core,
                    desk,
                    ticket,
                    asset,
                };
            }
        }
        panic!("no ticket of the sandbox has equipment with a name that can be reached");
    }

    async fn answer(&self, asset: Option<&AssetKey>, agreed: bool) -> ConsentId {
        let answer = Answer {
            asset: asset.cloned(),
            person: AskedPerson {
                user: None,
                name: " Amélie Roux ".to_owned(),
            },
            means: ConsentMeans::Aloud,
            asked_at: self.desk.now(),
            agreed,
        };
        record(&self.desk, self.ticket, answer).await.unwrap()
    }

    async fn start(&self, asset: Option<&AssetKey>, target: &str) -> Result<RemoteSessionCard, AppError> {
        let opener: Opener = Arc::new(|_| Err(io::Error::other("no link here")));
        start(&self.desk, self.ticket, asset.cloned(), "vnc", target, opener).await
    }

    async fn refused(&self, asset: Option<&AssetKey>) -> &'static str {
        let refused = self.start(asset, &self.asset.name).await.unwrap_err();
        assert!(!self.folder.path().join("said").exists(), "nothing runs");
        assert!(open_sessions(&self.desk).await.unwrap().is_empty(), "nothing is kept");
        refused.code()
    }

    /// Tasks of remote control in the ticket, as the server has it.
    async fn tasks(&self) -> Vec<String> {
        round(&self.desk).await;
        let view = self.desk.store.ticket(self.ticket).await.unwrap().unwrap();
        assert!(view.pending.is_empty(), "{:?}", view.pending);
        let texts = view.timeline.iter().map(|entry| format!("{entry:?}"));
        texts.filter(|text| text.contains("[Prise en main]")).collect()
    }
}

async fn round(desk: &Desk) {
    desk.require_session().await.unwrap().engine.round().await.unwrap();
}

async fn appears(path: &Path) -> String {
    for _ in 0..400 {
        if let Ok(text) = fs::read_to_string(path) {
            return text;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{} did not come", path.display());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_runs_on_a_consent_is_seen_to_end_and_leaves_one_task() {
    let scene = Scene::set("").await;
    let key = scene.asset.key.clone();
    assert_eq!(scene.refused(Some(&key)).await, "consent_not_asked");
    scene.answer(None, true).await;
    assert_eq!(
        scene.refused(Some(&key)).await,
        "consent_not_asked",
        "for other equipment"
    );
    scene.answer(Some(&key), false).await;
    assert_eq!(scene.refused(Some(&key)).await, "consent_refused");
    let first = scene.answer(Some(&key), true).await;
    withdraw(&scene.desk, scene.ticket, first).await.unwrap();
    assert_eq!(scene.refused(Some(&key)).await, "consent_withdrawn");
    let agreed = scene.answer(Some(&key), true).await;
    // What no grammar takes goes nowhere, consent or not.
    let hostile = scene.start(Some(&key), "-config=/tmp/x").await.unwrap_err();
    assert_eq!(hostile.code(), "remote_target_option");
    assert!(open_sessions(&scene.desk).await.unwrap().is_empty());

    let mut heard = scene.desk.hear();
    let card = scene.start(Some(&key), &scene.asset.name).await.unwrap();
    assert_eq!((card.consent, card.end_is_seen, card.noted), (agreed, true, false));
    assert_eq!(
        appears(&scene.folder.path().join("said")).await.trim(),
        scene.asset.name
    );
    assert_eq!(open_sessions(&scene.desk).await.unwrap(), std::slice::from_ref(&card));
    fs::write(scene.folder.path().join("end"), "").unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            if let AppEvent::RemoteSession(card) = heard.recv().await.unwrap()
                && card.ended_at.is_some()
            {
                return *card;
            }
        }
    });
    let ended = ended.await.unwrap();
    assert_eq!(ended.id, card.id);
    assert_eq!(
        open_sessions(&scene.desk).await.unwrap(),
        std::slice::from_ref(&ended),
        "to be noted"
    );

    for note in ["Pilote remplacé", "encore"] {
        let card = end(&scene.desk, card.id, note, Locale::Fr).await.unwrap();
        assert!(card.noted);
        assert_eq!(card.ended_at, ended.ended_at, "what was seen stays");
    }
    assert!(open_sessions(&scene.desk).await.unwrap().is_empty());
    let tasks = scene.tasks().await;
    assert_eq!(tasks.len(), 1, "{tasks:?}");
    for part in [
        "VNC",
        scene.asset.name.as_str(),
        "Accord de Amélie Roux",
        "Pilote remplacé",
    ] {
        assert!(tasks[0].contains(part), "{part}: {tasks:?}");
    }
    end(&scene.desk, card.id, "", Locale::Fr).await.unwrap();
    assert_eq!(scene.tasks().await.len(), 1);
    let unknown = end(&scene.desk, OperationId::new(), "", Locale::Fr).await.unwrap_err();
    assert_eq!(unknown.code(), "remote_session_unknown");
    let sheet = sheet(&scene.desk, scene.ticket, Locale::Fr).await.unwrap();
    assert_eq!(sheet.consents.len(), 5);
    assert_eq!(sheet.sessions.len(), 1);
    let state = sheet
        .states
        .iter()
        .find(|state| state.asset.as_ref() == Some(&key))
        .unwrap();
    assert!(state.granted_until.is_some() && state.reason.is_none(), "{state:?}");
    scene.core.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_launch_that_fails_leaves_no_session_and_one_of_an_earlier_run_is_ended_by_hand() {
    let scene = Scene::set("").await;
    let key = scene.asset.key.clone();
    scene.answer(Some(&key), true).await;
    let viewer = scene.folder.path().join("vncviewer");
    fs::set_permissions(&viewer, fs::Permissions::from_mode(0o757)).unwrap();
    assert_eq!(scene.refused(Some(&key)).await, "remote_program_writable");
    fs::set_permissions(&viewer, fs::Permissions::from_mode(0o755)).unwrap();

    let card = scene.start(Some(&key), &scene.asset.name).await.unwrap();
    scene.core.close().await;
    let profiles = Profiles::at(Some(scene.folder.path().join("profiles")), None);
    let core = AppCore::over(profiles, Some(Locale::Fr), Pace::OnDemand);
    let desk = core.desk().await.unwrap();
    let left = open_sessions(&desk).await.unwrap();
    assert_eq!(left.iter().map(|card| card.id).collect::<Vec<_>>(), [card.id]);
    assert!(!left[0].end_is_seen, "nobody watches it any more");
    // No server is reached: it ends and is noted all the same.
    let ended = end(&desk, card.id, "", Locale::Fr).await.unwrap();
    assert!(ended.noted && ended.ended_at.is_some());
    let entries = desk.store.outbox(Some(scene.ticket), false).await.unwrap();
    assert_eq!(entries.iter().map(|entry| entry.id).collect::<Vec<_>>(), [card.id]);
    fs::write(scene.folder.path().join("end"), "").unwrap();
    core.close().await;
}

/// What inventory agents told the server: asked for, kept, shown the surest first; what is no identity is shown with why.
#[tokio::test(flavor = "multi_thread")]
async fn the_inventory_says_how_equipment_is_reached_and_it_is_kept_for_when_the_server_is_away() {
    let scene = Scene::set("").await;
    let ways = |sheet: &RemoteSheet| -> Vec<(TargetFrom, String, bool)> {
        let of = |one: &RemoteTarget| (one.from, one.target.clone(), one.problem.is_none());
        sheet.assets.iter().flat_map(|asset| &asset.targets).map(of).collect()
    };
    let known = sheet(&scene.desk, scene.ticket, Locale::Fr).await.unwrap();
    assert!(
        ways(&known).iter().all(|(from, ..)| *from == TargetFrom::Name),
        "nothing was asked yet"
    );
    let fresh = fresh_sheet(&scene.desk, scene.ticket, Locale::Fr).await.unwrap();
    let computer = fresh.assets.iter().find(|asset| asset.key.kind == "Computer").unwrap();
    let addresses: Vec<&RemoteTarget> = computer
        .targets
        .iter()
        .filter(|one| one.from == TargetFrom::Address)
        .collect();
    assert!(!addresses.is_empty());
    assert!(
        addresses.iter().all(|one| one.target.starts_with("10.2")),
        "{addresses:?}"
    );
    assert!(addresses.iter().any(|one| one.tool == "vnc" && one.problem.is_none()));

    // The demonstration's computers by their numbers: most have an identity, every eighth a hostile one.
    let session = scene.desk.require_session().await.unwrap();
    let (mut good, mut hostile) = (0, 0);
    let (policy, programs) = scene.desk.remote.setup().await.unwrap();
    for id in 1..=16 {
        let key = AssetKey {
            kind: "Computer".to_owned(),
            id,
        };
        let reach = session.engine.reach(&key).await.unwrap();
        for one in targets("", &reach, &policy, &programs, Locale::Fr) {
            if one.from != TargetFrom::RemoteItem {
                continue;
            }
            match one.problem {
                // TeamViewer is not on this machine: that, and not the identity, is what is wrong.
                Some(problem) if problem.code == "remote_program_missing" => good += 1,
                None => good += 1,
                Some(problem) => {
                    hostile += 1;
                    assert!(one.target.contains("--play"), "{} {}", one.target, problem.code);
                }
            }
        }
    }
    assert_eq!((good, hostile), (12, 2));

    let stranger = AssetKey {
        kind: "../Config".to_owned(),
        id: 1,
    };
    assert_eq!(session.engine.reach(&stranger).await.unwrap(), AssetReach::default());
    scene.desk.sign_out().await.unwrap();
    let kept = fresh_sheet(&scene.desk, scene.ticket, Locale::Fr).await.unwrap();
    assert_eq!(ways(&kept), ways(&fresh), "without a server, what is kept");
    scene.core.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_runs_out_and_nothing_is_started_on_it() {
    let scene = Scene::set("").await;
    let asset = scene.asset.key.clone();
    let id = scene.answer(Some(&asset), true).await;
    // The same answer, given so long ago that the policy's time for it is over by a minute.
    let given = scene.desk.store.consents(scene.ticket).await.unwrap();
    let mut old = given.records().iter().find(|record| record.id == id).unwrap().clone();
    let before = guichet_remote::Policy::default().consent_valid + jiff::SignedDuration::from_mins(1);
    old.id = ConsentId::new();
    old.subject.asset = None;
    old.asked_at = old.asked_at.checked_sub(before).unwrap();
    old.answered_at = old.answered_at.checked_sub(before).unwrap();
    scene.desk.store.record_consent(old).await.unwrap();
    assert_eq!(scene.refused(None).await, "consent_expired");
    let sheet = sheet(&scene.desk, scene.ticket, Locale::Fr).await.unwrap();
    let state = |asset: Option<&AssetKey>| {
        let state = sheet.states.iter().find(|state| state.asset.as_ref() == asset);
        state.unwrap().granted_until
    };
    assert!(state(None).is_none());
    assert!(state(Some(&asset)).is_some(), "what was agreed to just now holds");
    scene.core.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_is_wrong_stops_remote_control_and_hides_no_consent() {
    let scene = Scene::set("").await;
    scene.answer(None, true).await;
    let file = scene.folder.path().join("wrong.toml");
    fs::write(&file, "allowed = [").unwrap();
    scene.desk.remote.instead(file, None);
    let sheet = sheet(&scene.desk, scene.ticket, Locale::Fr).await.unwrap();
    assert_eq!(sheet.consents.len(), 1);
    assert!(
        sheet
            .tools
            .iter()
            .all(|tool| tool.problem.as_ref().unwrap().code == "remote_policy_invalid")
    );
    assert!(sheet.states.iter().all(|state| state.granted_until.is_none()));
    assert_eq!(scene.refused(None).await, "remote_policy_invalid");
    scene.core.close().await;
}

/// TeamViewer's service as far as a desk speaks to it: it makes one session, loses the answer if told to, lists and closes it.
async fn service(lost: bool) -> (TeamViewerSessions, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api = Url::parse(&format!("http://{}/api/v1", listener.local_addr().unwrap())).unwrap();
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let notes = asked.clone();
    tokio::spawn(async move {
        let mut made = serde_json::Value::Null;
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = Vec::new();
            let (head, body) = loop {
                let mut part = [0; 4096];
                let read = stream.read(&mut part).await.unwrap();
                bytes.extend_from_slice(&part[..read]);
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else {
                    continue;
                };
                let announced = head.lines().find_map(|line| {
                    let (name, value) = line.split_once(':')?;
                    name.eq_ignore_ascii_case("content-length")
                        .then(|| value.trim().parse::<usize>().unwrap())
                });
                if body.len() >= announced.unwrap_or(0) {
                    break (head.to_owned(), body.to_owned());
                }
            };
            assert!(
                head.to_ascii_lowercase().contains("authorization: bearer jeton"),
                "{head}"
            );
            let line = head.lines().next().unwrap().to_owned();
            lock(&notes).push(format!("{line} {body}"));
            let answer = if line.starts_with("POST") {
                let asked: serde_json::Value = serde_json::from_str(&body).unwrap();
                made = serde_json::json!({
                    "code": "s12-345-678", "state": "Open", "description": asked["description"], "online": false,
                    "end_customer_link": "https://get.teamviewer.com/v15/s12345678",
                    "supporter_link": "https://get.teamviewer.com/v15/s12345678-su",
                });
                if lost {
                    continue;
                }
                made.to_string()
            } else if line.starts_with("GET") {
                serde_json::json!({ "sessions": [made] }).to_string()
            } else {
                String::new()
            };
            let answer = format!(
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{answer}",
                answer.len()
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    let group = "Centre de services".to_owned();
    (TeamViewerSessions { api, group }, asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_teamviewers_service_is_made_once_opened_and_closed() {
    for lost in [false, true] {
        let scene = Scene::set("").await;
        let (sessions, asked) = service(lost).await;
        let file = scene.folder.path().join("remote.toml");
        let opened: Arc<Mutex<Vec<String>>> = Arc::default();
        let launch = async |fail: bool| {
            let notes = opened.clone();
            let opener: Opener = Arc::new(move |link| {
                lock(&notes).push(link.to_owned());
                if fail {
                    Err(io::Error::other("no browser"))
                } else {
                    Ok(())
                }
            });
            start(&scene.desk, scene.ticket, None, "teamviewer_session", "", opener).await
        };
        scene.answer(None, true).await;
        assert_eq!(launch(false).await.unwrap_err().code(), "remote_service_missing");
        scene.desk.remote.instead(file, Some(sessions));
        assert_eq!(launch(false).await.unwrap_err().code(), "remote_token_missing");
        assert!(!token_set(&scene.desk).await.unwrap());
        save_token(&scene.desk, Some(" jeton ".to_owned())).await.unwrap();
        assert!(token_set(&scene.desk).await.unwrap());

        let card = launch(false).await.unwrap();
        assert_eq!(card.code.as_deref(), Some("s12-345-678"));
        assert_eq!(card.link.as_deref(), Some("https://get.teamviewer.com/v15/s12345678"));
        assert!(!card.end_is_seen);
        assert_eq!(*lock(&opened), ["https://get.teamviewer.com/v15/s12345678-su"]);
        let made = |asked: &Mutex<Vec<String>>| lock(asked).iter().filter(|line| line.starts_with("POST")).count();
        assert_eq!(made(&asked), 1, "never asked for twice");
        assert!(
            lock(&asked)[0].contains(&card.id.to_string()),
            "the description tells it from any other"
        );

        end(&scene.desk, card.id, "", Locale::Fr).await.unwrap();
        assert!(
            lock(&asked)
                .last()
                .unwrap()
                .starts_with("PUT /api/v1/sessions/s12-345-678")
        );
        let tasks = scene.tasks().await;
        assert!(tasks.len() == 1 && tasks[0].contains("s12-345-678"), "{tasks:?}");

        // A link that cannot be opened: the session that was made is closed, and none is kept.
        assert_eq!(launch(true).await.unwrap_err().code(), "remote_start_failed");
        assert!(lock(&asked).last().unwrap().starts_with("PUT"));
        assert!(open_sessions(&scene.desk).await.unwrap().is_empty());
        save_token(&scene.desk, None).await.unwrap();
        assert!(!token_set(&scene.desk).await.unwrap());
        scene.core.close().await;
    }
}

#[test]
fn every_tool_has_its_name_in_both_languages() {
    for locale in Locale::ALL {
        for tool in Tool::BUILT_IN {
            let name = label(&locale, &tool.name());
            assert!(!name.starts_with("remote.tool"), "{name}");
        }
        for means in ["aloud", "link"] {
            assert!(
                !locale
                    .phrase(&format!("consent.means.{means}"), &[])
                    .starts_with("consent.")
            );
        }
        assert_eq!(label(&locale, "link:assist"), "assist");
    }
}
