//! `remote plan`: what would be started, with no profile, no server and no display, and nothing started.

use crate::harness::{Said, command, run};
use serde_json::json;
use std::{fs, path::Path};
use tempfile::TempDir;

/// A policy whose viewer leaves a trace when it runs.
struct Scene {
    folder: TempDir,
    program: String,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let name = if cfg!(windows) { "vncviewer.exe" } else { "vncviewer" };
        let program = folder.path().join(name).to_str().unwrap().to_owned();
        fs::write(&program, "#!/bin/sh\ntouch \"$0.ran\"\n").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let policy = format!("allowed = ['vnc', 'webex']\n[programs]\nvnc = '{program}'\n");
        fs::write(folder.path().join("remote.toml"), policy).unwrap();
        Self { folder, program }
    }

    fn plan(&self, arguments: &[&str]) -> Said {
        let mut command = command();
        command
            .args(["--json", "--lang", "fr", "remote", "plan", "--policy"])
            .arg(self.folder.path().join("remote.toml"))
            .args(arguments);
        run(command, "")
    }
}

#[test]
fn a_plan_is_told_and_nothing_is_started() {
    let scene = Scene::new();
    let told = scene
        .plan(&["--tool", "vnc", "--target", "PC-0417:5901"])
        .ended(0)
        .json();
    assert_eq!(
        told,
        json!({
            "tool": "vnc",
            "target": "PC-0417:5901",
            "kind": "program",
            "program": scene.program,
            "arguments": ["PC-0417::5901"],
            "end_is_seen": true,
        })
    );
    assert!(!Path::new(&format!("{}.ran", scene.program)).exists());
}

#[test]
fn a_refused_target_is_told_with_its_code_and_its_cure() {
    let scene = Scene::new();
    for (target, code) in [
        ("", "remote_target_empty"),
        ("-listen", "remote_target_option"),
        ("PC-0417 -via x", "remote_target_blank"),
        (r"\\PC-0417\partage", "remote_target_path"),
        ("file:///etc/passwd", "remote_target_scheme"),
        ("PC\"0417", "remote_target_quote"),
    ] {
        let error = scene.plan(&["--tool", "vnc", "--target", target]).ended(2).json()["error"].clone();
        assert_eq!(error["code"], code, "{error}");
        assert!(
            error["hint"].as_str().is_some_and(|hint| hint.contains("PC-0417")),
            "{error}"
        );
    }
}

#[test]
fn what_the_policy_does_not_allow_or_does_not_say_is_told() {
    let scene = Scene::new();
    for (arguments, ending, code) in [
        (
            &["--tool", "rdp", "--target", "PC-0417"][..],
            1,
            "remote_tool_not_allowed",
        ),
        (&["--tool", "webex"], 1, "remote_link_missing"),
        (&["--tool", "mstsc.exe"], 2, "remote_tool_unknown"),
        (&["--target", "PC-0417"], 2, "usage_missing"),
    ] {
        let error = scene.plan(arguments).ended(ending).json()["error"].clone();
        assert_eq!(error["code"], code, "{error}");
    }
}

#[test]
fn a_wrong_policy_stops_everything_at_its_line() {
    let scene = Scene::new();
    fs::write(
        scene.folder.path().join("remote.toml"),
        "[consent]\nvalid_minutes = 0\n",
    )
    .unwrap();
    let error = scene.plan(&["--tool", "vnc", "--target", "PC-0417"]).ended(1).json()["error"].clone();
    assert_eq!(error["code"], "remote_policy_invalid");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("ligne 2, colonne 17"), "{message}");
}
