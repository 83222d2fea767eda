//! What the organisation decided, as the command line tells it, and what it does to a profile.

use crate::harness::{Desk, run};

#[test]
fn each_value_is_told_with_where_it_came_from_and_a_mistake_costs_that_value_only() {
    let desk = Desk::new();
    let file = desk.folder.path().join("policy.json");
    let with = |content: &str| {
        std::fs::write(&file, content).unwrap();
        let mut command = desk.command(&["policy", "show"]);
        command.env("GUICHET_POLICY", &file);
        command
    };
    let said = run(with(r#"{ "retention": { "calls_days": 400 } }"#), "")
        .ended(0)
        .json();
    let of = |said: &serde_json::Value, key: &str| {
        let settings = said["settings"].as_array().unwrap();
        settings.iter().find(|setting| setting["key"] == key).unwrap().clone()
    };
    let calls = of(&said, "retention.calls_days");
    assert_eq!((&calls["value"], calls["from"].as_str()), (&400.into(), file.to_str()));
    assert!(of(&said, "lock.idle_min")["value"].is_null(), "left open");

    let said = run(
        with(r#"{ "retention": { "calls_days": 400, "cals_days": 3 }, "lock": { "idle_min": "5" } }"#),
        "",
    )
    .ended(1)
    .json();
    assert_eq!(of(&said, "retention.calls_days")["value"], 400);
    let problems = said["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(
        problems
            .iter()
            .any(|problem| problem.as_str().unwrap().contains("retention.cals_days"))
    );
    assert!(
        problems
            .iter()
            .any(|problem| problem.as_str().unwrap().contains("1 – 480"))
    );
}

#[test]
fn what_the_policy_no_longer_needs_is_told_then_deleted_on_request() {
    let desk = Desk::new();
    let file = desk.folder.path().join("policy.json");
    std::fs::write(
        &file,
        r#"{ "retention": { "calls_days": 31, "audit_days": 365, "sent_days": 7 } }"#,
    )
    .unwrap();
    for arguments in [&["retention", "--dry-run"][..], &["retention"]] {
        let mut command = desk.command(arguments);
        command.env("GUICHET_POLICY", &file);
        let said = run(command, "").ended(0).json();
        assert_eq!(said["purged"], serde_json::json!([]), "everything is young");
    }
}
