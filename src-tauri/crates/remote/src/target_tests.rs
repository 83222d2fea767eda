#![allow(clippy::unwrap_used)]

use super::*;

fn problem(tool: &Tool, text: &str) -> TargetProblem {
    match Target::parse(tool, text, Some(WordKind::Word)) {
        Err(RemoteError::Target { problem, .. }) => problem,
        other => panic!("{tool} took {text:?}: {other:?}"),
    }
}

fn taking_targets() -> impl Iterator<Item = Tool> {
    let takes = |tool: &Tool| !tool.example().is_empty();
    Tool::BUILT_IN
        .into_iter()
        .chain([Tool::Link("assist".to_owned())])
        .filter(takes)
}

#[test]
fn each_kind_of_hostile_target_is_refused_with_its_own_reason() {
    for tool in taking_targets() {
        for (text, expected) in [
            ("", TargetProblem::Empty),
            ("-123456789", TargetProblem::Option),
            ("--play", TargetProblem::Option),
            ("/noConsentPrompt", TargetProblem::Option),
            ("+x", TargetProblem::Option),
            ("123456789\"", TargetProblem::Quote),
            ("12345'6789", TargetProblem::Quote),
            ("“123456789”", TargetProblem::Quote),
            ("123456789 --play", TargetProblem::Blank),
            (" 123456789", TargetProblem::Blank),
            ("123\u{a0}456\u{a0}789", TargetProblem::Blank),
            ("123456789\n", TargetProblem::Control),
            ("123456789\0", TargetProblem::Control),
            ("123456\t789", TargetProblem::Control),
            ("123\u{202e}456789", TargetProblem::Control),
            ("123456\u{200b}789", TargetProblem::Control),
            (r"\\host\share", TargetProblem::Path),
            ("//host/share", TargetProblem::Path),
            ("../../etc/passwd", TargetProblem::Path),
            ("file:///etc/passwd", TargetProblem::Scheme),
            ("file:C:", TargetProblem::Scheme),
            ("javascript:alert(1)", TargetProblem::Scheme),
            ("１２３４５６７８９", TargetProblem::Foreign),
            ("РС-0417", TargetProblem::Foreign),
            ("%USERNAME%", TargetProblem::Form),
            ("$(id)", TargetProblem::Form),
            ("a;b", TargetProblem::Form),
            ("a&b", TargetProblem::Form),
            ("a|b", TargetProblem::Form),
            ("a=b", TargetProblem::Form),
        ] {
            // The one tool whose target is a link has one reason for every link that is not TeamViewer's.
            let expected = match (&tool, expected) {
                (Tool::TeamViewerSession, TargetProblem::Scheme) => TargetProblem::Form,
                (_, expected) => expected,
            };
            assert_eq!(problem(&tool, text), expected, "{tool}: {text:?}");
        }
        assert_eq!(problem(&tool, &"1".repeat(301)), TargetProblem::TooLong);
    }
}

#[test]
fn a_tool_without_targets_takes_none() {
    for tool in [Tool::Webex, Tool::QuickAssist] {
        assert_eq!(Target::parse(&tool, "", None).unwrap(), Target::None);
        assert_eq!(problem(&tool, "PC-0417"), TargetProblem::Superfluous);
    }
}

#[test]
fn each_tool_takes_its_own_targets_as_they_are_written() {
    for (tool, texts) in [
        (Tool::TeamViewer, vec!["12345678", "123456789", "123456789012"]),
        (
            Tool::TeamViewerSession,
            vec![
                "https://get.teamviewer.com/v15/s12345678",
                "https://start.teamviewer.com/s12-345-678?lng=fr",
            ],
        ),
        (
            Tool::RustDesk,
            vec!["123456", "1234567890", "poste_0417", "accueil-rdc"],
        ),
        (
            Tool::AnyDesk,
            vec!["123456789", "1234567890", "poste-0417@ad", "a.roux@mairie"],
        ),
        (
            Tool::RemoteAssistance,
            vec![
                "PC-0417",
                "pc-0417.mairie.example",
                "192.0.2.17",
                "2001:db8::7",
                "PC_0417",
                "3com-poste",
            ],
        ),
        (
            Tool::RdpShadow,
            vec![
                "PC-0417#0",
                "192.0.2.17#65536",
                "srv.mairie.example:3390#4294967295",
                "[2001:db8::7]#1",
            ],
        ),
        (Tool::Rdp, vec!["PC-0417", "PC-0417:3390", "[2001:db8::7]:3390"]),
        (Tool::Vnc, vec!["PC-0417", "192.0.2.17:5901"]),
        (Tool::Link("assist".to_owned()), vec!["PC-0417", "a.b_c-9"]),
    ] {
        for text in texts {
            let target = Target::parse(&tool, text, Some(WordKind::Word)).unwrap();
            assert_eq!(target.to_string(), text, "{tool}");
        }
    }
    let bare = Target::parse(&Tool::Rdp, "2001:DB8:0::7", None).unwrap();
    assert_eq!(bare.to_string(), "[2001:db8::7]", "an address is written its own way");
}

#[test]
fn what_almost_fits_is_refused() {
    for (tool, texts) in [
        (
            Tool::TeamViewer,
            vec!["1234567", "1234567890123", "12345678a", "s12-345-678"],
        ),
        (
            Tool::TeamViewerSession,
            vec![
                "http://get.teamviewer.com/s12345678",
                "https://get.teamviewer.com.evil.example/s12345678",
                "https://teamviewer.com@evil.example/",
                "https://evilteamviewer.com/",
                "https://get.teamviewer.com:8443/",
                "https://get.teamviewer.com/s1%20--play",
                "https:get.teamviewer.com",
            ],
        ),
        (
            Tool::RustDesk,
            vec![
                "12345",
                "1poste",
                "poste@server",
                "123456789/r@server",
                "config/abc",
                "password/abc",
            ],
        ),
        (
            Tool::AnyDesk,
            vec!["12345678", "@ad", "poste@", "poste@-ad", "a@b@c", "poste"],
        ),
        (
            Tool::RemoteAssistance,
            vec![
                "PC-0417:3389",
                "10.1",
                "256.1.1.1",
                "1.2.3.4.5",
                "0x7f.1",
                "0x7f000001",
                "2130706433",
                "pc-",
                "a..b",
                "a.-b",
                "fe80::1%eth0",
            ],
        ),
        (
            Tool::RdpShadow,
            vec![
                "PC-0417",
                "PC-0417#",
                "PC-0417#-1",
                "PC-0417#4294967296",
                "PC-0417#1#2",
                "#1",
                "PC-0417#+1",
            ],
        ),
        (
            Tool::Rdp,
            vec![
                "PC-0417:0",
                "PC-0417:65536",
                "PC-0417:",
                "PC-0417:+1",
                "[PC-0417]:1",
                "[::1",
                "[::1]x",
                "PC-0417,3390",
            ],
        ),
        (Tool::Vnc, vec!["PC-0417::5901", "a:1:2", "/tmp/vnc.sock"]),
        (
            Tool::Link("assist".to_owned()),
            vec![".hidden", "a..b", "a/b", "a?b", "a#b"],
        ),
    ] {
        for text in texts {
            problem(&tool, text);
        }
    }
    let long_label = format!("{}.example", "a".repeat(64));
    let long_name = format!("{}example", "a.".repeat(124));
    for text in [long_label, long_name] {
        assert_eq!(problem(&Tool::Rdp, &text), TargetProblem::Form);
    }
}

#[test]
fn a_refused_target_is_told_without_carrying_its_tricks_into_the_message() {
    let refused = Target::parse(&Tool::Rdp, "pc\u{202e}\r\n\"x", None).unwrap_err();
    let arguments = refused.arguments();
    assert!(
        arguments
            .iter()
            .all(|(_, text)| text.is_ascii() && !text.contains('\n')),
        "{arguments:?}"
    );
    assert_eq!(refused.code(), "remote_target_control");
}
