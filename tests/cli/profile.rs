//! What a profile's folder holds, and who may have it open.

use crate::harness::{Desk, Server, run};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::Stdio,
};

fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Files of the profile that hold these bytes.
pub fn holding(profile: &Path, secret: &str) -> Vec<String> {
    let mut all = Vec::new();
    files(profile, &mut all);
    let holds = |path: &&std::path::PathBuf| {
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
    };
    let names = all
        .iter()
        .filter(holds)
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned());
    names.collect()
}

#[test]
fn a_secret_is_sealed_in_the_private_file_asked_for_and_readable_nowhere() {
    let desk = Desk::new();
    let server = Server::start("11", &desk.folder.path().join("server"), 0, &[]);
    desk.sign_in(&server).ended(0);
    desk.run(&["sync", "--once"]).ended(0);
    assert_eq!(holding(&desk.profile(), &server.user_token), Vec::<String>::new());
    assert_eq!(holding(&desk.profile(), "\"sealed\""), ["secrets.json"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&desk.profile().join("secrets.json")), 0o600);
        assert_eq!(mode(&desk.profile()), 0o700);
    }
    desk.run(&["logout"]).ended(0);
    assert_eq!(holding(&desk.profile(), &server.user_token), Vec::<String>::new());
    // Signed out, what is mirrored still reads and nothing is sent.
    assert!(
        !desk.run(&["ticket", "list", "--all"]).ended(0).json()["tickets"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let refused = desk.run(&["sync", "--once"]).ended(1).json();
    assert_eq!(refused["error"]["code"], "not_signed_in");
}

#[test]
fn without_a_keyring_the_sign_in_says_so_and_names_the_way_out() {
    let desk = Desk::new();
    let server = Server::start("11", &desk.folder.path().join("server"), 0, &[]);
    let said = run(desk.command(&["login", "--url", &server.url]), &server.secrets())
        .ended(1)
        .json();
    assert_eq!(said["error"]["code"], "keyring_missing", "{said}");
    assert!(said["error"]["hint"].as_str().unwrap().contains("--secret-store file"));
    assert_eq!(holding(&desk.profile(), &server.user_token), Vec::<String>::new());
}

#[test]
fn a_profile_in_use_is_refused_in_plain_words() {
    let desk = Desk::new();
    let server = Server::start("11", &desk.folder.path().join("server"), 0, &[]);
    desk.sign_in(&server).ended(0);
    let mut watching = desk
        .command(&["sync", "--watch"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(watching.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.contains("applied"), "{line}");
    let said = desk.run(&["ticket", "list"]);
    watching.kill().unwrap();
    watching.wait().unwrap();
    let said = said.ended(1).json();
    assert_eq!(said["error"]["code"], "store_locked", "{said}");
    // After a kill the profile opens again.
    desk.run(&["ticket", "list"]).ended(0);
}

#[test]
fn words_of_one_account_never_leave_under_another_one() {
    let desk = Desk::new();
    let data = desk.folder.path().join("server");
    let port = crate::harness::free_port();
    let server = Server::start("11", &data, port, &[]);
    desk.sign_in(&server).ended(0);
    desk.run(&["sync", "--once"]).ended(0);
    let ticket = desk.a_ticket().to_string();
    server.kill();
    desk.run(&["ticket", "followup", &ticket, "--text", "De la première main"])
        .ended(3);
    let server = Server::start("11", &data, port, &[]);
    let arguments = ["login", "--url", &server.url, "--secret-store", "file"];
    let other = "login=tech2\npassword=bac-a-sable\n";
    let said = run(desk.command(&arguments), other).ended(1).json();
    assert_eq!(said["error"]["code"], "unsent_of_another_account", "{said}");
    // Not even when the configuration is lost.
    let config = desk.profile().join("config.json");
    let kept = std::fs::read(&config).unwrap();
    std::fs::write(&config, b"{").unwrap();
    let said = run(desk.command(&arguments), other).ended(1).json();
    assert_eq!(said["error"]["code"], "unsent_of_another_account", "{said}");
    std::fs::write(&config, kept).unwrap();
    desk.run(&["sync", "--once"]).ended(0);
    assert_eq!(server.accepted("De la première main"), 1);
    // With nothing left to send, the other account may have the profile.
    run(desk.command(&arguments), other).ended(0);
}
