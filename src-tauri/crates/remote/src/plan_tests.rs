#![allow(clippy::unwrap_used)]

use super::*;
use crate::discovery::programs_where;

fn policy(text: &str, platform: Platform) -> Policy {
    Policy::parse(text, platform).unwrap()
}

/// The program and its arguments in one list, or the link alone.
fn planned(tool: &Tool, target: &str, text: &str, platform: Platform) -> Vec<String> {
    let policy = policy(text, platform);
    let programs = programs_where(&policy, platform, |_| true);
    match plan(tool, target, &policy, &programs).unwrap().launch {
        Launch::Program { program, arguments } => [vec![program], arguments].concat(),
        Launch::Link { link } => vec![link],
    }
}

fn refused(tool: &Tool, target: &str, policy: &Policy, programs: &Programs) -> &'static str {
    plan(tool, target, policy, programs).unwrap_err().code()
}

#[test]
fn on_windows_every_tool_has_its_program_and_its_arguments() {
    let mstsc = r"C:\Windows\System32\mstsc.exe";
    let teamviewer = r"C:\Program Files\TeamViewer\TeamViewer.exe";
    for (tool, target, text, expected) in [
        (Tool::TeamViewer, "123456789", "", vec![teamviewer, "--id", "123456789"]),
        (
            Tool::TeamViewer,
            "123456789",
            "[teamviewer]\nmode = 'file_transfer'\naccess_control = 1",
            vec![teamviewer, "--id", "123456789", "--mode", "fileTransfer", "--ac", "1"],
        ),
        (
            Tool::RustDesk,
            "poste_0417",
            "",
            vec![r"C:\Program Files\RustDesk\rustdesk.exe", "--connect", "poste_0417"],
        ),
        (
            Tool::AnyDesk,
            "123456789",
            "",
            vec![r"C:\Program Files (x86)\AnyDesk\AnyDesk.exe", "123456789"],
        ),
        (
            Tool::RemoteAssistance,
            "PC-0417",
            "",
            vec![r"C:\Windows\System32\msra.exe", "/offerRA", "PC-0417"],
        ),
        (
            Tool::RdpShadow,
            "PC-0417#2",
            "",
            vec![mstsc, "/v:PC-0417", "/shadow:2", "/control"],
        ),
        (Tool::Rdp, "PC-0417:3390", "", vec![mstsc, "/v:PC-0417:3390"]),
        (
            Tool::Rdp,
            "PC-0417",
            "[rdp]\nprotection = 'restricted_admin'",
            vec![mstsc, "/v:PC-0417", "/restrictedAdmin"],
        ),
        (
            Tool::Rdp,
            "PC-0417",
            "[rdp]\nprotection = 'remote_guard'",
            vec![mstsc, "/v:PC-0417", "/remoteGuard"],
        ),
        (
            Tool::Vnc,
            "PC-0417:5901",
            "",
            vec![r"C:\Program Files\TigerVNC\vncviewer.exe", "PC-0417::5901"],
        ),
        (Tool::QuickAssist, "", "", vec!["ms-quick-assist:"]),
        (
            Tool::TeamViewerSession,
            "https://get.teamviewer.com/v15/s12345678",
            "",
            vec!["https://get.teamviewer.com/v15/s12345678"],
        ),
        (
            Tool::Webex,
            "",
            "[webex]\nlink = 'https://mairie.webex.example/meet/assistance'",
            vec!["https://mairie.webex.example/meet/assistance"],
        ),
        (
            Tool::Link("assist".to_owned()),
            "PC-0417",
            "[links.assist]\ntemplate = 'https://assist.example/{target}'\ntarget = 'host'",
            vec!["https://assist.example/PC-0417"],
        ),
    ] {
        assert_eq!(planned(&tool, target, text, Platform::Windows), expected, "{tool}");
    }
}

#[test]
fn on_linux_tools_have_theirs() {
    for (tool, target, expected) in [
        (
            Tool::Rdp,
            "[2001:db8::7]:3390",
            vec!["/usr/bin/xfreerdp3", "/v:[2001:db8::7]:3390", "/cert:tofu"],
        ),
        (
            Tool::Vnc,
            "127.0.0.1:5907",
            vec!["/usr/bin/xtigervncviewer", "127.0.0.1::5907"],
        ),
        (Tool::Vnc, "PC-0417", vec!["/usr/bin/xtigervncviewer", "PC-0417"]),
        (
            Tool::RustDesk,
            "123456789",
            vec!["/usr/bin/rustdesk", "--connect", "123456789"],
        ),
        (Tool::AnyDesk, "poste@ad", vec!["/usr/bin/anydesk", "poste@ad"]),
        (
            Tool::TeamViewer,
            "123456789",
            vec!["teamviewer10://control?device=123456789"],
        ),
    ] {
        assert_eq!(planned(&tool, target, "", Platform::Linux), expected, "{tool}");
    }
}

#[test]
fn a_uri_is_used_only_where_there_is_no_command_line() {
    let programs = Programs::none(Platform::Windows);
    let code = refused(&Tool::TeamViewer, "123456789", &Policy::default(), &programs);
    assert_eq!(
        code, "remote_program_missing",
        "the URI is no way out of a missing program"
    );
}

#[test]
fn what_the_policy_the_system_or_the_machine_does_not_have_is_said() {
    let windows = Programs::none(Platform::Windows);
    let linux = Programs::none(Platform::Linux);
    let only_vnc = policy("allowed = ['vnc']", Platform::Linux);
    assert_eq!(
        refused(&Tool::Rdp, "PC-0417", &only_vnc, &linux),
        "remote_tool_not_allowed"
    );
    for tool in [Tool::RemoteAssistance, Tool::RdpShadow, Tool::QuickAssist] {
        assert_eq!(
            refused(&tool, "PC-0417", &Policy::default(), &linux),
            "remote_tool_not_here"
        );
    }
    assert_eq!(
        refused(&Tool::Vnc, "PC-0417", &only_vnc, &linux),
        "remote_program_missing"
    );
    assert_eq!(
        refused(&Tool::Webex, "", &Policy::default(), &windows),
        "remote_link_missing"
    );
    let gone = Tool::Link("gone".to_owned());
    assert_eq!(
        refused(&gone, "PC-0417", &Policy::default(), &windows),
        "remote_link_missing"
    );
}

#[test]
fn no_plan_ever_shadows_without_the_persons_consent_or_carries_a_password() {
    for platform in Platform::ALL {
        let policy = policy("[teamviewer]\naccess_control = 0", platform);
        let programs = programs_where(&policy, platform, |_| true);
        for tool in Tool::BUILT_IN {
            let target = tool.example().split(", ").next().unwrap();
            let Ok(plan) = plan(&tool, target, &policy, &programs) else {
                continue;
            };
            let told = serde_json::to_string(&plan).unwrap().to_lowercase();
            for never in [
                "noconsentprompt",
                "password",
                "/p:",
                "--pass",
                "/u:",
                "cmd.exe",
                "/bin/sh",
            ] {
                assert!(!told.contains(never), "{told}");
            }
        }
    }
}
