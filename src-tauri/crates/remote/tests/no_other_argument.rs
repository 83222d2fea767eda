//! No target ever yields an argument beyond its tool's template: 100,000 generated targets, each given to every tool on both
//! systems, with generators that love separators, quotes, dashes, slashes, look-alikes, NUL and line ends, and that start from what
//! the tools really take, so that the accepted ones are many.
//!
//! On Windows a list of arguments becomes **one command line** that the program takes apart again. What Rust's library builds is
//! built here by the same rules and taken apart by those of `CommandLineToArgvW`, and again by a program that only knows blanks.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use guichet_remote::{Launch, Plan, Platform, Policy, Programs, Tool, discovery::programs_where, plan};
use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};
use std::{cell::RefCell, collections::BTreeMap};

/// How many targets each tool is given.
const TARGETS: u32 = 100_000;

/// A command line as `std::process::Command` builds it on Windows: the program always between quotes; an argument only when it is
/// empty or has a blank or a tab, with the backslashes before a quote doubled.
fn command_line(program: &str, arguments: &[String]) -> String {
    let mut line = format!("\"{program}\"");
    for argument in arguments {
        line.push(' ');
        let quoted = argument.is_empty() || argument.contains([' ', '\t']);
        if quoted {
            line.push('"');
        }
        let mut backslashes = 0;
        for c in argument.chars() {
            if c == '\\' {
                backslashes += 1;
            } else {
                if c == '"' {
                    line.extend(std::iter::repeat_n('\\', backslashes + 1));
                }
                backslashes = 0;
            }
            line.push(c);
        }
        if quoted {
            line.extend(std::iter::repeat_n('\\', backslashes));
            line.push('"');
        }
    }
    line
}

/// A command line taken apart by the documented rules of `CommandLineToArgvW`: the program's name up to its quote; then 2n
/// backslashes and a quote are n backslashes and a quote that opens or closes, 2n+1 are n and a quote that stands for itself, and
/// two quotes within quotes are one that stands for itself.
fn taken_apart(line: &str) -> Vec<String> {
    let chars: Vec<char> = line.chars().collect();
    let mut at = 0;
    let mut parts = Vec::new();
    let mut program = String::new();
    if chars.first() == Some(&'"') {
        at = 1;
        while at < chars.len() && chars[at] != '"' {
            program.push(chars[at]);
            at += 1;
        }
        at += 1;
    } else {
        while at < chars.len() && !matches!(chars[at], ' ' | '\t') {
            program.push(chars[at]);
            at += 1;
        }
    }
    parts.push(program);
    loop {
        while at < chars.len() && matches!(chars[at], ' ' | '\t') {
            at += 1;
        }
        if at >= chars.len() {
            return parts;
        }
        let (mut part, mut within) = (String::new(), false);
        while at < chars.len() && (within || !matches!(chars[at], ' ' | '\t')) {
            let start = at;
            while at < chars.len() && chars[at] == '\\' {
                at += 1;
            }
            let backslashes = at - start;
            if chars.get(at) == Some(&'"') {
                part.extend(std::iter::repeat_n('\\', backslashes / 2));
                if backslashes % 2 == 1 {
                    part.push('"');
                } else if within && chars.get(at + 1) == Some(&'"') {
                    part.push('"');
                    at += 1;
                } else {
                    within = !within;
                }
                at += 1;
            } else {
                part.extend(std::iter::repeat_n('\\', backslashes));
                if backslashes == 0 {
                    part.push(chars[at]);
                    at += 1;
                }
            }
        }
        parts.push(part);
    }
}

/// What a tool's arguments must be for a target: written here a second time, from the vendors' documents.
fn template(tool: &Tool, platform: Platform, target: &str) -> Vec<String> {
    let words = match (tool, platform) {
        (Tool::TeamViewer, Platform::Windows) => format!("--id {target} --mode vpn --ac 3"),
        (Tool::TeamViewer, Platform::Linux) => format!("teamviewer10://control?device={target}"),
        (Tool::RustDesk, _) => format!("--connect {target}"),
        (Tool::AnyDesk | Tool::TeamViewerSession, _) => target.to_owned(),
        (Tool::RemoteAssistance, _) => format!("/offerRA {target}"),
        (Tool::RdpShadow, _) => {
            let (host, session) = target.rsplit_once('#').expect("a session");
            format!("/v:{host} /shadow:{session} /control")
        }
        (Tool::Rdp, Platform::Windows) => format!("/v:{target} /restrictedAdmin"),
        (Tool::Rdp, Platform::Linux) => format!("/v:{target} /cert:tofu"),
        (Tool::Vnc, _) => match target.rsplit_once(':') {
            Some((host, port)) if !target.ends_with(']') => format!("{host}::{port}"),
            _ => target.to_owned(),
        },
        (Tool::Link(_), _) => format!("https://assist.example/on/{target}?view=1"),
        (Tool::Webex, _) => "https://mairie.webex.example/meet/assistance".to_owned(),
        (Tool::QuickAssist, _) => "ms-quick-assist:".to_owned(),
    };
    words.split(' ').map(str::to_owned).collect()
}

/// Characters that a target of a tool is made of, at most.
fn made_of(tool: &Tool) -> &'static str {
    const WORD: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    match tool {
        Tool::TeamViewer => "0123456789",
        Tool::TeamViewerSession => "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:/?=&",
        Tool::RustDesk | Tool::Link(_) => WORD,
        Tool::AnyDesk => "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@",
        Tool::RemoteAssistance => "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:",
        Tool::RdpShadow => "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:[]#",
        Tool::Rdp | Tool::Vnc => "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:[]",
        Tool::Webex | Tool::QuickAssist => "",
    }
}

struct Desk {
    policy: Policy,
    programs: Programs,
}

fn desk(platform: Platform) -> Desk {
    let text = "
        [teamviewer]
        mode = 'vpn'
        access_control = 3
        [rdp]
        protection = 'restricted_admin'
        [webex]
        link = 'https://mairie.webex.example/meet/assistance'
        [links.word]
        template = 'https://assist.example/on/{target}?view=1'
        target = 'word'
        [links.host]
        template = 'https://assist.example/on/{target}?view=1'
        target = 'host'
        [links.digits]
        template = 'https://assist.example/on/{target}?view=1'
        target = 'digits'
    ";
    let policy = Policy::parse(text, platform).unwrap();
    let programs = programs_where(&policy, platform, |_| true);
    Desk { policy, programs }
}

fn tools() -> Vec<Tool> {
    let links = ["word", "host", "digits"].map(|name| Tool::Link(name.to_owned()));
    Tool::BUILT_IN.into_iter().chain(links).collect()
}

/// Fragments that have broken somebody's command line or link.
const HOSTILE: &[&str] = &[
    " ",
    "\t",
    "\n",
    "\r\n",
    "\0",
    "\"",
    "'",
    "`",
    "\\",
    "\\\\",
    "\\\"",
    "\"\"",
    "\\\\host\\share",
    "//",
    "/",
    "-",
    "--",
    "--play ",
    " --play \\\\h\\s",
    "/noConsentPrompt",
    " /noConsentPrompt",
    "/p:x",
    "&",
    "&&",
    "|",
    ";",
    "%",
    "%20",
    "%0a",
    "%USERNAME%",
    "^",
    "!",
    "$(id)",
    "${IFS}",
    "<",
    ">",
    "*",
    "?",
    "#",
    "#1",
    ",",
    "=",
    "+",
    "@",
    "@ad",
    ":",
    "::",
    ":3389",
    "..",
    "../",
    ".",
    "{target}",
    "file:",
    "http://",
    "javascript:",
    "\u{a0}",
    "\u{2003}",
    "\u{3000}",
    "\u{200b}",
    "\u{202e}",
    "\u{feff}",
    "\u{2010}",
    "\u{2013}",
    "\u{2212}",
    "\u{ff0d}",
    "\u{ff0f}",
    "\u{2044}",
    "\u{2215}",
    "\u{ff02}",
    "\u{201c}",
    "\u{2019}",
    "\u{ff11}",
    "\u{0661}",
    "е",
    "\u{7f}",
    "\u{85}",
    "\u{1b}[",
    "config/",
    "password/",
    "/r@server",
    ".bat",
    ".cmd",
    "CON",
    "[",
    "]",
    "[::1]",
    "fe80::1%eth0",
];

/// What tools really take, out of a number: a strategy of its own per part (a regular expression, say) would take most of the
/// test's time.
fn genuine() -> impl Strategy<Value = String> {
    (any::<u128>(), any::<u128>()).prop_map(|(shape, letters)| {
        let mut rest = shape;
        let mut take = |below: u128| {
            let taken = rest % below;
            rest /= below;
            usize::try_from(taken).unwrap()
        };
        let mut letters = letters;
        let mut text = |length: usize, of: &str| -> String {
            let of = of.as_bytes();
            let mut letter = || {
                let at = usize::try_from(letters % of.len() as u128).unwrap();
                letters = letters.rotate_right(7).wrapping_mul(0x2545_f491_4f6c_dd1d);
                char::from(of[at])
            };
            (0..length).map(|_| letter()).collect()
        };
        const DIGITS: &str = "0123456789";
        const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
        const WORD: &str = "abcxyzABCXYZ0123456789_-";
        match take(14) {
            0..3 => text(5 + take(9), DIGITS),
            3..6 => text(1, LETTERS) + &text(4 + take(13), WORD),
            6 => text(1 + take(8), LETTERS),
            7 => format!(
                "{}-{}.{}",
                text(2, LETTERS),
                text(4, DIGITS),
                text(2 + take(6), "abcdefgh")
            ),
            8 => format!("{}@{}", text(1 + take(8), "abc.xyz"), text(1 + take(4), "abc")),
            9 => format!("PC-{}:{}", text(4, DIGITS), text(1 + take(5), DIGITS)),
            10 => format!("PC-{}#{}", text(4, DIGITS), text(1 + take(10), DIGITS)),
            11 => std::net::Ipv4Addr::from(u32::try_from(take(1 << 32)).unwrap()).to_string(),
            12 => {
                let address = std::net::Ipv6Addr::from(shape.rotate_left(64) >> take(100));
                [address.to_string(), format!("[{address}]:{}", text(4, DIGITS))][take(2)].clone()
            }
            _ => format!("https://get.teamviewer.com/v15/s{}", text(8, DIGITS)),
        }
    })
}

fn hostile() -> impl Strategy<Value = String> {
    prop::sample::select(HOSTILE).prop_map(str::to_owned)
}

fn targets() -> impl Strategy<Value = String> {
    let within = (genuine(), hostile(), any::<prop::sample::Index>()).prop_map(|(mut text, fragment, place)| {
        let at = place.index(text.len() + 1);
        text.insert_str(at, &fragment); // Genuine texts are ASCII.
        text
    });
    prop_oneof![
        4 => genuine(),
        5 => within,
        2 => prop::collection::vec(prop_oneof![hostile(), genuine()], 0..5).prop_map(|parts| parts.concat()),
        1 => any::<String>(),
        1 => prop::collection::vec(any::<char>(), 0..12).prop_map(|chars| chars.into_iter().collect()),
    ]
}

fn holds(tool: &Tool, platform: Platform, given: &str, plan: &Plan) -> Result<(), TestCaseError> {
    let target = plan.target();
    prop_assert!(
        target.chars().all(|c| made_of(tool).contains(c)),
        "{tool}: {given:?} became {target:?}"
    );
    let expected = template(tool, platform, target);
    match plan.launch() {
        Launch::Program { program, arguments } => {
            prop_assert_eq!(arguments, &expected, "{}: {:?}", tool, given);
            let line = command_line(program, arguments);
            let all: Vec<String> = std::iter::once(program.clone())
                .chain(arguments.iter().cloned())
                .collect();
            prop_assert_eq!(&taken_apart(&line), &all, "{}", line);
            // Programs that take their line apart themselves see the same: nothing in it needs a quote.
            let rest = line
                .strip_prefix(&format!("\"{program}\" "))
                .expect("the program first");
            prop_assert_eq!(
                rest.split(' ').collect::<Vec<_>>(),
                arguments.iter().collect::<Vec<_>>()
            );
            prop_assert!(
                !rest.contains(['"', '\'', '\\', '%', '^', '&', '|', '<', '>']),
                "{}",
                rest
            );
        }
        Launch::Link { link } => prop_assert_eq!(vec![link.clone()], expected, "{}: {:?}", tool, given),
    }
    Ok(())
}

#[test]
fn no_target_yields_another_argument() {
    let desks = Platform::ALL.map(|platform| (platform, desk(platform)));
    let tools = tools();
    let accepted: RefCell<BTreeMap<(Tool, Platform), u32>> = RefCell::default();
    let given = RefCell::new(0u32);
    let config = Config {
        cases: TARGETS,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(&targets(), |text| {
            *given.borrow_mut() += 1;
            for (platform, desk) in &desks {
                for tool in &tools {
                    let Ok(plan) = plan(tool, &text, &desk.policy, &desk.programs) else {
                        continue;
                    };
                    holds(tool, *platform, &text, &plan)?;
                    *accepted.borrow_mut().entry((tool.clone(), *platform)).or_default() += 1;
                }
            }
            Ok(())
        })
        .unwrap();
    assert!(given.into_inner() >= TARGETS);
    // A sieve that lets nothing through would pass as well: each tool took many.
    let accepted = accepted.into_inner();
    for (platform, desk) in &desks {
        for tool in &tools {
            let planned = plan(
                tool,
                tool.example().split(", ").next().unwrap(),
                &desk.policy,
                &desk.programs,
            );
            let takes_targets = planned.is_ok() && !tool.example().is_empty();
            let times = accepted.get(&(tool.clone(), *platform)).copied().unwrap_or(0);
            assert!(
                !takes_targets || times >= 500,
                "{tool} on {platform:?} took {times} only"
            );
        }
    }
    println!("accepted of {TARGETS}: {accepted:?}");
}

/// The two sides of the comparison above are right themselves: any list of arguments survives building and taking apart.
#[test]
fn any_arguments_survive_the_command_line() {
    let config = Config {
        cases: TARGETS,
        failure_persistence: None,
        ..Config::default()
    };
    let part = prop_oneof![
        prop::collection::vec(prop::sample::select(&[' ', '\t', '"', '\\', 'a', '-', '/'][..]), 0..10)
            .prop_map(|chars| chars.into_iter().collect::<String>()),
        hostile().prop_filter("no argument holds a NUL", |text| !text.contains('\0')),
    ];
    TestRunner::new(config)
        .run(&prop::collection::vec(part, 0..4), |arguments| {
            let program = r"C:\Program Files\Tool\tool.exe";
            let line = command_line(program, &arguments);
            let parts = taken_apart(&line);
            prop_assert_eq!(&parts[0], program);
            prop_assert_eq!(&parts[1..], &arguments[..], "{}", line);
            Ok(())
        })
        .unwrap();
}

/// The documented examples of the rules (Microsoft, "Parsing C++ command-line arguments").
#[test]
fn the_rules_are_those_that_are_documented() {
    for (line, expected) in [
        (r#"x "a b c" d e"#, vec!["a b c", "d", "e"]),
        (r#"x "ab\"c" "\\" d"#, vec!["ab\"c", "\\", "d"]),
        (r#"x a\\\b d"e f"g h"#, vec![r"a\\\b", "de fg", "h"]),
        (r#"x a\\\"b c d"#, vec![r#"a\"b"#, "c", "d"]),
        (r#"x a\\\\"b c" d e"#, vec![r"a\\b c", "d", "e"]),
    ] {
        assert_eq!(taken_apart(line)[1..], expected[..], "{line}");
    }
}
