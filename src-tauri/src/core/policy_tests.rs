//! Tests of what an organisation decides.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::messages::Locale;
use serde_json::json;

/// One value of every variant.
fn every_problem() -> Vec<PolicyProblem> {
    let path = PathBuf::from("policy.json");
    vec![
        PolicyProblem::Unreadable {
            path: path.clone(),
            detail: "x".into(),
        },
        PolicyProblem::Unknown {
            path: path.clone(),
            key: "lock.colour".into(),
        },
        PolicyProblem::Value {
            path,
            key: "lock.idle_min",
            takes: Kind::Number { min: 1, max: 480 },
            value: "0".into(),
        },
    ]
}

fn read(files: &[&str]) -> PolicyRead {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = files
        .iter()
        .enumerate()
        .map(|(number, content)| {
            let path = folder.path().join(format!("{number}.json"));
            std::fs::write(&path, content).unwrap();
            path
        })
        .collect();
    PolicyRead::of_files(&paths)
}

#[test]
fn every_setting_is_read_into_what_is_in_force_and_nothing_else_is_there() {
    let mut sections = serde_json::to_value(Policy::default()).unwrap();
    let mut names: Vec<String> = sections
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(section, values)| {
            values
                .as_object()
                .unwrap()
                .keys()
                .map(move |name| format!("{section}.{name}"))
        })
        .collect();
    let mut keys: Vec<&str> = SETTINGS.iter().map(|setting| setting.key).collect();
    names.sort();
    keys.sort_unstable();
    assert_eq!(names, keys);
    // Both ends of every range are taken, and what lies beyond is not.
    for setting in SETTINGS {
        let (section, name) = setting.key.split_once('.').unwrap();
        let (taken, refused) = match setting.kind {
            Kind::Flag => (
                vec![json!(true), json!(false)],
                vec![json!(1), json!("true"), json!(null)],
            ),
            Kind::Number { min, max } => (
                vec![json!(min), json!(max)],
                vec![
                    json!(u64::from(max) + 1),
                    json!(-1),
                    json!(1.5),
                    json!("7"),
                    json!(true),
                ],
            ),
        };
        for value in taken {
            let file = json!({ section: { name: value } }).to_string();
            let read = read(&[&file]);
            assert_eq!(read.problems, [], "{file}");
            sections = serde_json::to_value(read.policy).unwrap();
            assert_eq!(sections[section][name], value, "{file}");
        }
        for value in refused {
            let file = json!({ section: { name: value } }).to_string();
            let read = read(&[&file]);
            assert!(
                matches!(&read.problems[..], [PolicyProblem::Value { key, .. }] if *key == setting.key),
                "{file}"
            );
            assert_eq!(read.policy, Policy::default(), "{file}");
        }
    }
}

#[test]
fn one_mistake_costs_that_value_and_not_the_others() {
    let read = read(&[
        "\u{feff}{ \"lock\": { \"pin_required\": true, \"colour\": 1, \"idle_min\": 0 }, \"loud\": 3, \"retention\": { \"calls_days\": 400 } }",
    ]);
    assert!(read.policy.lock.pin_required);
    assert_eq!(read.policy.lock.idle_min, None);
    assert_eq!(read.policy.retention.calls_days, Some(400));
    assert_eq!(read.problems.len(), 3, "{:?}", read.problems);
    let told = read.told(Locale::En.catalogue());
    assert!(told.iter().any(|line| line.contains("lock.colour")), "{told:?}");
    assert!(told.iter().any(|line| line.contains("1 – 480")), "{told:?}");
}

#[test]
fn the_first_file_holds_and_the_others_fill_what_it_leaves_open() {
    let files = [
        r#"{ "lock": { "idle_min": 5 } }"#,
        r#"{ "lock": { "idle_min": 480, "lease_hours": 24 } }"#,
    ];
    let read = read(&files);
    assert_eq!(read.policy.lock.idle_min, Some(5));
    assert_eq!(read.policy.lock.lease_hours, Some(24));
    assert!(read.given["lock.idle_min"].from.ends_with("0.json"));
    assert!(read.given["lock.lease_hours"].from.ends_with("1.json"));
}

#[test]
fn every_problem_is_told_whole_in_both_languages() {
    let read = PolicyRead {
        problems: every_problem(),
        ..PolicyRead::default()
    };
    for locale in Locale::ALL {
        for line in read.told(locale.catalogue()) {
            assert!(line.contains("policy.json") && !line.contains('{'), "{line}");
        }
    }
}

#[test]
fn what_is_no_policy_is_said_and_changes_nothing() {
    for content in ["", "{", "[]", "null", "{}x", "\"lock\""] {
        let read = read(&[content]);
        assert!(
            matches!(&read.problems[..], [PolicyProblem::Unreadable { .. }]),
            "{content}: {:?}",
            read.problems
        );
        assert_eq!(read.policy, Policy::default());
    }
    let missing = PolicyRead::of_files(&[PathBuf::from("/nowhere/policy.json")]);
    assert_eq!(missing.problems.len(), 1, "a file that is named has to be there");
    let folder = tempfile::tempdir().unwrap();
    let large = folder.path().join("large.json");
    std::fs::write(&large, vec![b' '; 2 * 1024 * 1024]).unwrap();
    assert_eq!(PolicyRead::of_files(&[large]).problems.len(), 1);
}

/// `docs/policy.md` is the settings' own list.
#[test]
fn the_documentation_lists_every_setting_as_it_is() {
    let page = include_str!("../../../docs/policy.md");
    let english = Locale::En.catalogue();
    for setting in SETTINGS {
        let row = format!(
            "| `{}` | {} | {} |",
            setting.key,
            setting.kind.to_string().replace('|', "or"),
            english.text(&format!("policy.{}", setting.key), &[])
        );
        assert!(page.contains(&row), "docs/policy.md lacks: {row}");
    }
    let rows = page.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(
        rows,
        SETTINGS.len(),
        "docs/policy.md has a row of a setting that is not there"
    );
}
