//! The key of a profile's databases: where it may be, what it opens, and how it is destroyed.

use crate::{
    harness::{Desk, Server, run},
    profile::holding,
};
use std::path::PathBuf;

const PASSPHRASE: &str = "quatre mots sans lien";

fn written(desk: &Desk, name: &str, words: &str) -> PathBuf {
    let path = desk.folder.path().join(name);
    std::fs::write(&path, format!("{words}\n")).unwrap();
    path
}

#[test]
fn without_a_keyring_a_new_profile_asks_where_its_key_shall_be() {
    let desk = Desk::new();
    let mut command = desk.command(&["ticket", "list"]);
    command.env_remove("GUICHET_KEY_STORE");
    let said = run(command, "").ended(1).json();
    assert_eq!(said["error"]["code"], "vault_no_place", "{said}");
    assert!(
        !desk.profile().join("desk.db").exists(),
        "nothing was made in the clear"
    );
    // Who keeps the account's secrets in a file has chosen.
    let server = Server::start("11", &desk.folder.path().join("server"), 0, &[]);
    let mut command = desk.command(&["login", "--url", &server.url, "--secret-store", "file"]);
    command.env_remove("GUICHET_KEY_STORE");
    run(command, &server.secrets()).ended(0);
    let mut command = desk.command(&["vault", "show"]);
    command.env_remove("GUICHET_KEY_STORE");
    assert_eq!(run(command, "").ended(0).json()["place"], "file");
}

#[test]
fn a_passphrase_protects_everything_and_can_be_changed() {
    let desk = Desk::new();
    let server = Server::start("11", &desk.folder.path().join("server"), 0, &[]);
    let right = written(&desk, "right", PASSPHRASE);
    let wrong = written(&desk, "wrong", "quatre mots sans lieu");
    let with = |arguments: &[&str], file: &PathBuf| {
        let mut command = desk.command(arguments);
        command
            .env_remove("GUICHET_KEY_STORE")
            .env("GUICHET_PASSPHRASE_FILE", file);
        command
    };
    let sign_in = ["login", "--url", &server.url, "--secret-store", "file"];
    run(with(&sign_in, &right), &server.secrets()).ended(0);
    run(with(&["sync", "--once"], &right), "").ended(0);
    assert_eq!(
        run(with(&["vault", "show"], &right), "").ended(0).json()["place"],
        "passphrase"
    );
    for secret in [&server.user_token, &server.app_token, PASSPHRASE, "SQLite format"] {
        assert_eq!(holding(&desk.profile(), secret), Vec::<String>::new(), "{secret}");
    }
    let said = run(with(&["ticket", "list"], &wrong), "").ended(1).json();
    assert_eq!(said["error"]["code"], "vault_wrong_passphrase", "{said}");
    let said = desk.run(&["ticket", "list"]).ended(1).json();
    assert_eq!(said["error"]["code"], "vault_passphrase_needed", "{said}");

    let next = written(&desk, "next", "cinq autres mots sans lien");
    let next_name = next.to_str().unwrap();
    run(
        with(
            &[
                "vault",
                "move",
                "--to",
                "passphrase",
                "--new-passphrase-file",
                next_name,
            ],
            &right,
        ),
        "",
    )
    .ended(0);
    run(with(&["ticket", "list"], &right), "").ended(1);
    run(with(&["ticket", "list"], &next), "").ended(0);
}

#[test]
fn a_wipe_refuses_while_words_exist_only_here_then_takes_the_key_and_the_files() {
    let desk = Desk::new();
    let server = Server::start("11", &desk.folder.path().join("server"), 0, &[]);
    desk.sign_in(&server).ended(0);
    desk.run(&["sync", "--once"]).ended(0);
    let ticket = desk.a_ticket().to_string();
    server.kill();
    desk.run(&["ticket", "followup", &ticket, "--text", "Seulement ici"])
        .ended(3);
    let said = desk.run(&["wipe"]).ended(1).json();
    assert_eq!(said["error"]["code"], "wipe_not_confirmed", "{said}");
    let said = desk.run(&["wipe", "--yes"]).ended(1).json();
    assert_eq!(said["error"]["code"], "wipe_unsent", "{said}");
    assert_eq!(desk.unsent().len(), 1, "nothing was touched");
    let said = desk.run(&["wipe", "--yes", "--even-unsent"]).ended(0).json();
    assert_eq!(said["key"], "destroyed", "{said}");
    assert_eq!(said["left"].as_array().unwrap().len(), 0, "{said}");
    let names: Vec<_> = std::fs::read_dir(desk.profile())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names, ["profile.lock"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_crash_leaves_no_image_of_the_memory() {
    let desk = Desk::new();
    let server = Server::start("11", &desk.folder.path().join("server"), 0, &[]);
    desk.sign_in(&server).ended(0);
    let here = desk.folder.path().join("here");
    std::fs::create_dir(&here).unwrap();
    // Whoever starts it asks for images of any size.
    let mut command = std::process::Command::new("sh");
    command
        .args([
            "-c",
            "ulimit -c unlimited 2>/dev/null; exec \"$0\" \"$@\"",
            crate::harness::PROGRAM,
        ])
        .arg("--profile")
        .arg(desk.profile())
        .args(["--json", "sync", "--watch"])
        .env("GUICHET_KEY_STORE", "file")
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
        .current_dir(&here)
        .stdout(std::process::Stdio::piped());
    let mut running = command.spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(running.stdout.take().unwrap()), &mut line).unwrap();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", running.id())).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    let words: Vec<&str> = core.split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{core}");
    let crashed = std::process::Command::new("kill")
        .args(["-ABRT", &running.id().to_string()])
        .status()
        .unwrap();
    assert!(crashed.success());
    running.wait().unwrap();
    assert_eq!(std::fs::read_dir(&here).unwrap().count(), 0);
}
