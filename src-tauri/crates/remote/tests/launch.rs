//! Starting plans: the consent that is used up, the arguments as the program gets them, the end as it is seen.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use guichet_domain::{
    TicketId, UserId,
    asset::AssetKey,
    consent::{
        AskedPerson, ConsentAnswer, ConsentId, ConsentLog, ConsentMeans, ConsentRecord, ConsentSubject, Granted,
    },
};
use guichet_remote::{Launcher, Plan, Platform, Policy, Tool, discovery::programs_where, plan};
use jiff::{SignedDuration, Timestamp};
use std::sync::{Arc, Mutex};

fn subject(asset: i64) -> ConsentSubject {
    ConsentSubject {
        ticket: TicketId(10),
        asset: Some(AssetKey {
            kind: "Computer".to_owned(),
            id: asset,
        }),
    }
}

/// A yes that was given a while ago, granted while it held.
fn granted(asset: i64, ago: SignedDuration) -> Granted {
    let answered_at = Timestamp::now() - ago;
    let record = ConsentRecord {
        id: ConsentId::new(),
        subject: subject(asset),
        technician: UserId(7),
        person: AskedPerson {
            user: Some(UserId(31)),
            name: "Amélie Roux".to_owned(),
        },
        means: ConsentMeans::Aloud,
        asked_at: answered_at,
        answered_at,
        answer: ConsentAnswer::Agreed,
    };
    let log = ConsentLog::read([record]).unwrap();
    log.grant(&subject(asset), answered_at, SignedDuration::from_hours(1))
        .unwrap()
}

fn link_plan() -> Plan {
    let policy = Policy::parse(
        "[webex]\nlink = 'https://mairie.webex.example/meet'\n",
        Platform::here(),
    )
    .unwrap();
    let programs = programs_where(&policy, Platform::here(), |_| false);
    plan(&Tool::Webex, "", &policy, &programs).unwrap()
}

/// A launcher that notes the links it is given.
fn noting() -> (Launcher, Arc<Mutex<Vec<String>>>) {
    let opened = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&opened);
    let launcher = Launcher::new(move |link| {
        notes.lock().unwrap().push(link.to_owned());
        Ok(())
    });
    (launcher, opened)
}

#[tokio::test]
async fn a_link_is_opened_whole_and_its_end_is_not_made_up() {
    let (launcher, opened) = noting();
    let granted = granted(1, SignedDuration::ZERO);
    let consent = granted.consent();
    let mut session = launcher.launch(link_plan(), &subject(1), granted).unwrap();
    assert_eq!(*opened.lock().unwrap(), ["https://mairie.webex.example/meet"]);
    assert_eq!(session.consent(), consent);
    assert_eq!(session.process(), None);
    assert!(!session.plan().end_is_seen());
    assert_eq!(session.ended().await.unwrap(), None);
}

#[tokio::test]
async fn a_consent_for_other_equipment_starts_nothing() {
    let (launcher, opened) = noting();
    let refused = launcher
        .launch(link_plan(), &subject(2), granted(1, SignedDuration::ZERO))
        .unwrap_err();
    assert_eq!(refused.code(), "remote_consent_elsewhere");
    assert!(opened.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_consent_that_expired_while_the_button_was_shown_starts_nothing() {
    let (launcher, opened) = noting();
    let refused = launcher
        .launch(link_plan(), &subject(1), granted(1, SignedDuration::from_mins(61)))
        .unwrap_err();
    assert_eq!(refused.code(), "remote_consent_expired");
    assert!(opened.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_opener_that_fails_is_told() {
    let launcher = Launcher::new(|_| Err(std::io::Error::other("no portal")));
    let refused = launcher
        .launch(link_plan(), &subject(1), granted(1, SignedDuration::ZERO))
        .unwrap_err();
    assert_eq!(refused.code(), "remote_start_failed");
}

#[cfg(unix)]
mod programs {
    use super::*;
    use guichet_remote::{RemoteError, RemoteSession};
    use std::{fs, os::unix::fs::PermissionsExt, path::Path};

    /// A program that is being written is "busy" as long as any process holds it open, a process that another test is just
    /// starting among them: one writes and starts at a time.
    static WRITING: Mutex<()> = Mutex::new(());

    fn install_and_launch(folder: &Path, mode: u32, spoil: impl FnOnce()) -> Result<RemoteSession, RemoteError> {
        let _one = WRITING.lock().unwrap();
        let plan = install(folder, mode);
        spoil();
        noting().0.launch(plan, &subject(1), granted(1, SignedDuration::ZERO))
    }

    /// A program that writes down what it is given: its arguments, its folder, its group, what it holds open, what it knows.
    const WITNESS: &str = r#"#!/bin/sh
folder=$(dirname "$0")
{
    for argument in "$@"; do printf 'argument %s\n' "$argument"; done
    printf 'folder %s\n' "$(pwd)"
    printf 'group %s\n' "$(ps -o pgid= -p $$ | tr -d ' ')"
    printf 'self %s\n' "$$"
    for handle in /proc/$$/fd/*; do printf 'handle %s %s\n' "${handle##*/}" "$(readlink "$handle")"; done
    env | sed 's/^/variable /'
} > "$folder/said.part"
mv "$folder/said.part" "$folder/said"
exit 3
"#;

    fn install(folder: &Path, mode: u32) -> Plan {
        let program = folder.join("vncviewer");
        fs::write(&program, WITNESS).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(mode)).unwrap();
        let text = format!("[programs]\nvnc = '{}'\n", program.display());
        let policy = Policy::parse(&text, Platform::Linux).unwrap();
        let programs = programs_where(&policy, Platform::Linux, |_| false);
        plan(&Tool::Vnc, "127.0.0.1:5901", &policy, &programs).unwrap()
    }

    #[tokio::test]
    async fn a_program_gets_its_arguments_and_nothing_of_ours() {
        let folder = tempfile::tempdir().unwrap();
        // A file of ours that stays open over the launch.
        let held = fs::File::create(folder.path().join("ours")).unwrap();
        let before = Timestamp::now();
        let mut session = install_and_launch(folder.path(), 0o755, || {}).unwrap();
        let process = session.process().unwrap();
        assert!(session.plan().end_is_seen());
        let ended = session.ended().await.unwrap().unwrap();
        drop(held);
        assert_eq!(ended.status.code(), Some(3), "its own exit code");
        assert!(before <= session.started_at() && session.started_at() <= ended.at);
        let said = fs::read_to_string(folder.path().join("said")).unwrap();
        let lines = |kind: &str| -> Vec<String> {
            let all = said.lines().filter_map(|line| line.strip_prefix(kind));
            all.map(|rest| rest.trim().to_owned()).collect()
        };
        assert_eq!(lines("argument "), ["127.0.0.1::5901"]);
        assert_eq!(Path::new(&lines("folder ")[0]), folder.path().canonicalize().unwrap());
        assert_eq!(lines("self "), [process.to_string()]);
        assert_eq!(lines("group "), [process.to_string()], "a group of its own:\n{said}");
        assert!(!said.contains("/ours"), "a handle of ours:\n{said}");
        let handles = lines("handle ");
        assert!(handles.contains(&"0 /dev/null".to_owned()), "{handles:?}");
        assert!(handles.contains(&"2 /dev/null".to_owned()), "{handles:?}");
        assert!(!lines("variable ").iter().any(|line| line.starts_with("GUICHET")));
    }

    #[tokio::test]
    async fn a_program_that_anybody_may_write_over_or_that_is_gone_is_not_started() {
        let folder = tempfile::tempdir().unwrap();
        let writable = install_and_launch(folder.path(), 0o757, || {}).unwrap_err();
        assert_eq!(writable.code(), "remote_program_writable");
        let remove = || fs::remove_file(folder.path().join("vncviewer")).unwrap();
        let gone = install_and_launch(folder.path(), 0o755, remove).unwrap_err();
        assert_eq!(gone.code(), "remote_program_gone");
        assert!(!folder.path().join("said").exists(), "nothing ran");
    }

    #[tokio::test]
    async fn a_plan_made_for_the_other_system_is_not_started_here() {
        let policy = Policy::default();
        let programs = programs_where(&policy, Platform::Windows, |_| true);
        let plan = plan(&Tool::Rdp, "PC-0417", &policy, &programs).unwrap();
        let (launcher, _) = noting();
        let refused = launcher
            .launch(plan, &subject(1), granted(1, SignedDuration::ZERO))
            .unwrap_err();
        assert_eq!(refused.code(), "remote_program_gone");
    }

    #[test]
    fn without_a_runtime_it_says_so_instead_of_ending_the_program() {
        let folder = tempfile::tempdir().unwrap();
        let refused = install_and_launch(folder.path(), 0o755, || {}).unwrap_err();
        assert_eq!(refused.code(), "remote_start_failed");
    }
}
