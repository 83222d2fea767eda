//! The real keyring: gnome-keyring on a bus of its own, with a home of its own.

use crate::{
    harness::{Desk, PROGRAM, Server},
    profile::holding,
};
use std::process::Command;

/// Unlocks a keyring, signs in, reads from the server in another process, forgets.
const SCRIPT: &str = r#"
set -eu
printf 'mot de passe du trousseau' | gnome-keyring-daemon --unlock --components=secrets --daemonize >/dev/null
"$GUICHET" --profile "$PROFILE" --json login --url "$URL" <"$SECRETS"
"$GUICHET" --profile "$PROFILE" --json sync --once
"$GUICHET" --profile "$PROFILE" --json doctor
cp -r "$PROFILE" "$PROFILE.signed-in"
"$GUICHET" --profile "$PROFILE" --json logout
if "$GUICHET" --profile "$PROFILE" --json sync --once; then exit 9; fi
"#;

fn there(program: &str) -> bool {
    Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output()
        .is_ok_and(|found| found.status.success())
}

#[test]
fn secrets_live_in_the_keyring_and_not_in_the_profile() {
    for program in ["dbus-run-session", "gnome-keyring-daemon"] {
        if !there(program) {
            eprintln!("skipped: {program} is not installed");
            return;
        }
    }
    let desk = Desk::new();
    let server = Server::start("11", &desk.folder.path().join("server"), 0, &[]);
    let secrets = desk.folder.path().join("secrets.txt");
    std::fs::write(&secrets, server.secrets()).unwrap();
    let home = desk.folder.path().join("home");
    let runtime = desk.folder.path().join("run");
    std::fs::create_dir_all(&home).unwrap();
    std::fs::create_dir_all(&runtime).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&runtime, std::fs::Permissions::from_mode(0o700)).unwrap();
    }
    let output = Command::new("dbus-run-session")
        .args(["--", "bash", "-c", SCRIPT])
        .env("HOME", &home)
        .env("XDG_RUNTIME_DIR", &runtime)
        .env("XDG_DATA_HOME", home.join("data"))
        .env("GUICHET", PROGRAM)
        .env("PROFILE", desk.profile())
        .env("URL", &server.url)
        .env("SECRETS", &secrets)
        .env_remove("DISPLAY")
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{out}\n{err}", output.status);
    let answers: Vec<serde_json::Value> = out.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert_eq!(answers[0]["signed_in"], true, "{out}");
    assert!(answers[1]["applied"].is_object(), "{out}");
    let checks = answers[2]["checks"].as_array().unwrap();
    let secrets = checks.iter().find(|check| check["layer"] == "secrets").unwrap();
    assert_eq!(secrets["state"], "fine", "{secrets}");
    assert_eq!(answers[3]["signed_in"], false, "{out}");
    assert_eq!(answers[4]["error"]["code"], "not_signed_in", "{out}");
    let mut kept = desk.profile().into_os_string();
    kept.push(".signed-in");
    assert_eq!(holding(kept.as_ref(), &server.user_token), Vec::<String>::new());
}
