#![allow(clippy::unwrap_used)]

use super::*;

const FULL: &str = r#"
allowed = ["teamviewer", "teamviewer_session", "rdp", "webex", "link:assist", "link:room"]

[consent]
valid_minutes = 30

[programs]
teamviewer = 'D:\Outils\TeamViewer\TeamViewer.exe'
vnc = 'C:\Outils\vncviewer.exe'

[teamviewer]
mode = "file_transfer"
access_control = 1

[teamviewer_session]
group = "Centre de services"

[rdp]
protection = "remote_guard"

[webex]
link = "https://mairie.webex.example/meet/assistance"

[links.assist]
template = "https://assist.mairie.example/host/{target}/session?mode=view"
target = "host"

[links.room]
template = "https://salle.mairie.example/"
"#;

fn wrong(text: &str) -> (usize, usize, PolicyProblem) {
    let error = Policy::parse(text, Platform::Windows).unwrap_err();
    (error.line, error.column, error.problem)
}

#[test]
fn a_policy_is_read_whole() {
    let policy = Policy::parse(FULL, Platform::Windows).unwrap();
    assert_eq!(policy.consent_valid, SignedDuration::from_mins(30));
    assert_eq!(policy.teamviewer_mode, TeamViewerMode::FileTransfer);
    assert_eq!(policy.teamviewer_access_control, Some(1));
    assert_eq!(policy.rdp_protection, Some(RdpProtection::RemoteGuard));
    let sessions = policy.teamviewer_sessions.clone().unwrap();
    assert_eq!(sessions.api.as_str(), "https://webapi.teamviewer.com/api/v1");
    assert_eq!(sessions.group, "Centre de services");
    assert!(policy.allows(&Tool::Rdp) && policy.allows(&Tool::Link("assist".to_owned())));
    assert!(
        !policy.allows(&Tool::Vnc),
        "a program is said, and yet the tool is not allowed"
    );
    assert_eq!(policy.program(&Tool::Vnc), Some(r"C:\Outils\vncviewer.exe"));
    assert_eq!(
        policy.link("assist").unwrap().link("PC-0417"),
        "https://assist.mairie.example/host/PC-0417/session?mode=view"
    );
    assert_eq!(policy.link_names().collect::<Vec<_>>(), ["assist", "room"]);
}

#[test]
fn an_empty_policy_is_the_default_one() {
    assert_eq!(Policy::parse("", Platform::Linux).unwrap(), Policy::default());
    assert!(Policy::default().allows(&Tool::TeamViewer));
    assert_eq!(Policy::default().consent_valid, SignedDuration::from_hours(1));
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_column() {
    let (line, column, problem) = wrong("[consent]\nvalid_hours = 3\n");
    assert_eq!((line, column), (2, 1));
    assert!(matches!(problem, PolicyProblem::Syntax(_)), "{problem:?}");
    let range = PolicyProblem::Range {
        key: "valid_minutes",
        min: 1,
        max: 1440,
    };
    assert_eq!(wrong("[consent]\nvalid_minutes = 0\n"), (2, 17, range.clone()));
    assert_eq!(wrong("[consent]\nvalid_minutes = 1441\n"), (2, 17, range));
    assert_eq!(
        wrong("allowed = [\"rdp\", \"ssh\"]"),
        (1, 19, PolicyProblem::Tool("ssh".to_owned()))
    );
    assert_eq!(
        wrong("allowed = [\"link:gone\"]"),
        (1, 12, PolicyProblem::Tool("link:gone".to_owned()))
    );
    assert_eq!(
        wrong("[programs]\nssh = 'C:\\ssh.exe'\n"),
        (2, 1, PolicyProblem::Tool("ssh".to_owned()))
    );
    assert_eq!(
        wrong("\n[programs]\nrdp = 'C:\\Outils\\mstsc.bat'\n"),
        (
            3,
            7,
            PolicyProblem::Program {
                tool: "rdp".to_owned(),
                why: program::ProgramProblem::Batch
            }
        )
    );
    assert_eq!(
        wrong("[teamviewer]\naccess_control = 4\n"),
        (2, 18, PolicyProblem::AccessControl)
    );
    assert_eq!(
        wrong("[teamviewer_session]\ngroup = \" \"\n"),
        (2, 9, PolicyProblem::Group(" ".to_owned()))
    );
    assert_eq!(
        wrong("[links.\"Été\"]\ntemplate = 'https://a.example/'\n"),
        (1, 8, PolicyProblem::Name("\\u{c9}t\\u{e9}".to_owned()))
    );
}

#[test]
fn a_program_is_held_against_the_rules_of_its_system() {
    let text = "[programs]\nrdp = '/usr/bin/xfreerdp'\n";
    assert!(Policy::parse(text, Platform::Linux).is_ok());
    assert!(matches!(
        wrong(text).2,
        PolicyProblem::Program {
            why: program::ProgramProblem::NotAbsolute,
            ..
        }
    ));
}

#[test]
fn a_link_is_by_https_and_to_a_site_of_its_own() {
    for link in [
        "http://a.example/",
        "file:///C:/x.exe",
        "ms-settings:",
        "https://user:secret@a.example/",
        "https://user@a.example/",
        "https://a.example:8443/",
        "https://a.example/ b",
        "https://a.example/\\\"b",
        "https://é.example/",
        "",
    ] {
        let (line, column, problem) = wrong(&format!("[webex]\nlink = \"{link}\"\n"));
        assert_eq!((line, column), (2, 8), "{link}");
        assert!(matches!(problem, PolicyProblem::Link(_)), "{link}: {problem:?}");
    }
}

#[test]
fn a_template_has_its_target_in_one_place_after_the_site() {
    for (template, target) in [
        ("https://{target}/", Some("host")),
        ("https://{target}.a.example/", Some("word")),
        ("https://a.example{target}/", Some("word")),
        ("https://a.example/{target}/{target}", Some("word")),
        ("https://a.example/", Some("word")),
        ("https://a.example/{target}", None),
    ] {
        let key = target.map_or_else(String::new, |word| format!("target = \"{word}\"\n"));
        let (line, column, problem) = wrong(&format!("[links.x]\ntemplate = \"{template}\"\n{key}"));
        assert_eq!((line, column, problem), (2, 12, PolicyProblem::Place), "{template}");
    }
    assert!(matches!(
        wrong("[links.x]\ntemplate = \"{target}:x\"\ntarget = \"word\"\n").2,
        PolicyProblem::Link(_)
    ));
}
