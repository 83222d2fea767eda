//! Exit codes, help, and the machine without a display.

use crate::harness::{Desk, Server, command, run};

#[test]
fn mistakes_end_with_2() {
    let desk = Desk::new();
    for arguments in [
        &["nonsense"][..],
        &["ticket", "followup", "1"],
        &["ticket", "assign", "1"],
        &["ticket", "set", "1", "--priority"],
        &["sync", "--once", "--watch"],
        &["sandbox", "--glpi", "9"],
        &["sandbox", "--fault", "nonsense"],
        &["login", "--url", "ftp://x"],
        &["outbox", "retry", "xyz"],
    ] {
        let said = run(desk.command(arguments), "user_token=x\n");
        assert_eq!(said.code, 2, "{arguments:?}: {said:?}");
    }
    // No secret on standard input.
    desk.run(&["login", "--url", "http://127.0.0.1:1"]).ended(2);
}

#[test]
fn a_mistake_is_a_document_with_its_code_its_words_and_its_cure() {
    let desk = Desk::new();
    for (arguments, code) in [
        (&["ticket", "lsit"][..], "usage_unknown_command"),
        (&["ticket", "list", "--veiw", "all"], "usage_unknown_argument"),
        (&["ticket", "list", "--view", "tout"], "usage_bad_value"),
        (&["ticket", "followup", "1"], "usage_missing"),
    ] {
        let error = desk.run(arguments).ended(2).json()["error"].clone();
        assert_eq!(error["code"], code, "{error}");
        for part in ["message", "hint"] {
            assert!(error[part].as_str().is_some_and(|text| !text.is_empty()), "{error}");
        }
    }
    let mut plain = command();
    plain.args(["--lang", "fr", "ticket", "list", "--view", "tout"]);
    let said = run(plain, "").ended(2);
    assert!(
        said.err.contains("«\u{a0}tout\u{a0}» ne convient pas") && said.out.is_empty(),
        "{said:?}"
    );
}

#[test]
fn secrets_are_not_taken_from_the_arguments() {
    let desk = Desk::new();
    for option in ["--password", "--user-token", "--app-token", "--login"] {
        desk.run(&["login", "--url", "http://127.0.0.1:1", option, "x"])
            .ended(2);
    }
}

#[test]
fn help_and_version_end_with_0() {
    let mut help = command();
    help.arg("--help");
    let said = run(help, "").ended(0);
    for word in [
        "sandbox",
        "login",
        "sync",
        "search",
        "ticket",
        "kb",
        "outbox",
        "doctor",
        "Utilisation",
    ] {
        assert!(said.out.contains(word), "{word}: {}", said.out);
    }
    let mut version = command();
    version.arg("--version");
    assert!(run(version, "").ended(0).out.contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn without_a_display_the_help_is_shown_and_the_reason_said() {
    let said = run(command(), "").ended(2);
    assert!(
        said.err.contains("guichet ticket list") && said.err.contains("écran"),
        "{said:?}"
    );
}

#[test]
fn what_is_wrong_is_said_layer_by_layer_with_the_cure() {
    let desk = Desk::new();
    let nobody = desk.run(&["doctor"]).ended(1).json();
    assert_eq!(nobody["ok"], false);
    let code = |document: &serde_json::Value, layer: &str| {
        let checks = document["checks"].as_array().unwrap();
        let check = checks.iter().find(|check| check["layer"] == layer);
        check.map(|check| {
            (
                check["state"].as_str().unwrap().to_owned(),
                check["code"].as_str().unwrap().to_owned(),
            )
        })
    };
    assert_eq!(code(&nobody, "session").unwrap().1, "not_signed_in");

    let server = Server::start("11", &desk.folder.path().join("server"), 0, &[]);
    desk.sign_in(&server).ended(0);
    let well = desk.run(&["doctor"]).ended(0).json();
    assert_eq!(code(&well, "api").unwrap().0, "fine", "{well}");
    assert_eq!(
        code(&well, "secrets").unwrap(),
        ("warning".into(), "secrets_in_file".into())
    );
    // The stock profile may not read some lists: said, not hidden.
    assert_eq!(code(&well, "rights").unwrap().1, "rights_refused", "{well}");
    for check in well["checks"].as_array().unwrap() {
        assert!(!check["message"].as_str().unwrap().contains('{'), "{check}");
        assert!(
            check["state"] == "fine" || !check["hint"].as_str().unwrap().is_empty(),
            "{check}"
        );
    }
    server.kill();
    let down = desk.run(&["doctor"]).ended(1).json();
    assert_eq!(
        code(&down, "connection").unwrap(),
        ("problem".into(), "connection_refused".into()),
        "{down}"
    );
}

#[test]
fn a_refused_sign_in_says_which_part_is_wrong_and_keeps_nothing() {
    let desk = Desk::new();
    let server = Server::start("10", &desk.folder.path().join("server"), 0, &[]);
    let arguments = ["login", "--url", &server.url, "--secret-store", "file"];
    let said = run(desk.command(&arguments), "user_token=mauvais-jeton\n")
        .ended(1)
        .json();
    assert_eq!(said["error"]["code"], "auth_bad_user_token", "{said}");
    assert!(!said.to_string().contains("mauvais-jeton"));
    assert!(!desk.profile().join("secrets.json").exists());
    let said = run(desk.command(&arguments), "login=tech1\npassword=non\n")
        .ended(1)
        .json();
    assert_eq!(said["error"]["code"], "auth_bad_password", "{said}");
}
