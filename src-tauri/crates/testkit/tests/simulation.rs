//! The simulation in the test suite, its determinism, and the proof that its referee can fail.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use guichet_testkit::{Finding, Sabotage, Scope, SimConfig, SimReport, simulate, simulate_one, simulate_scope};

fn run(sabotage: Sabotage, first_seed: u64, schedules: u64) -> SimReport {
    simulate(&SimConfig {
        schedules,
        first_seed,
        sabotage,
        ..SimConfig::default()
    })
}

/// `cargo xtask simulate` runs as many as one likes, optimised; the suite runs these in every build.
#[test]
fn nothing_is_lost_duplicated_or_stalled() {
    let report = run(Sabotage::None, 1, 60);
    assert!(report.is_clean(), "{report}");
    assert!(report.operations > 300, "the schedules do something: {report}");
    assert!(
        report
            .to_string()
            .ends_with("60 schedules: 0 lost, 0 duplicated, 0 stalled"),
        "{report}"
    );
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    for seed in 1..=6 {
        let (first, second) = (
            simulate_one(seed, Sabotage::None, true),
            simulate_one(seed, Sabotage::None, true),
        );
        let differing = first
            .trace
            .iter()
            .zip(&second.trace)
            .find(|(first, second)| first != second);
        assert_eq!(
            first.hash, second.hash,
            "seed {seed} ran differently the second time: {differing:#?}"
        );
        assert!(first.events > 10);
    }
}

/// Databases in memory are emptied and used again: nothing of one schedule may show in the next.
#[test]
fn what_ran_before_on_a_thread_leaves_no_trace() {
    let hash = |seed: u64| simulate_one(seed, Sabotage::None, false).hash;
    let alone = std::thread::spawn(move || hash(3)).join().unwrap();
    for before in [1, 2, 7, 20] {
        hash(before);
        assert_eq!(hash(3), alone, "after seed {before}");
    }
}

#[test]
fn different_seeds_give_different_traces() {
    assert_ne!(
        simulate_one(1, Sabotage::None, false).hash,
        simulate_one(2, Sabotage::None, false).hash
    );
}

#[test]
fn the_referee_sees_a_duplicate_when_doubts_are_sent_again_unprobed() {
    let report = run(Sabotage::ResendsUnprobed, 1, 60);
    assert!(report.duplicated > 0, "{report}");
}

#[test]
fn the_referee_sees_a_loss_when_operations_are_dropped() {
    let report = run(Sabotage::Drops, 1, 30);
    assert!(report.lost > 0, "{report}");
}

#[test]
fn the_referee_sees_a_loss_when_doubts_are_taken_for_sent() {
    let report = run(Sabotage::BelievesInDoubt, 1, 60);
    assert!(report.lost > 0, "{report}");
}

#[test]
fn the_referee_sees_a_queue_that_hangs() {
    let report = run(Sabotage::Hangs, 1, 30);
    assert!(report.stalled > 0, "{report}");
}

#[test]
fn the_referee_sees_what_was_said_to_be_taken_back_and_left_all_the_same() {
    let report = run(Sabotage::PretendsToTakeBack, 1, 60);
    assert!(report.duplicated > 0 && report.lost > 0, "{report}");
}

#[test]
fn the_referee_sees_a_wrap_up_and_a_consent_that_were_not_kept() {
    let report = run(Sabotage::PretendsToKeep, 1, 30);
    let seen = |what: &str| {
        let mut findings = report.failing.iter().flat_map(|outcome| &outcome.findings);
        findings.any(|finding| matches!(finding, Finding::Lost(text) if text.starts_with(what)))
    };
    assert!(seen("consent") && seen("call"), "{report}");
}

#[test]
fn the_referee_sees_news_of_a_room_told_twice() {
    let report = run(Sabotage::TellsTwice, 1, 30);
    assert!(report.duplicated > 0, "{report}");
}

#[test]
fn the_referee_sees_a_restored_server_whose_gate_was_opened_without_reading_again() {
    let report = run(Sabotage::OpensFrozenGate, 1, 120);
    assert!(report.stalled + report.differing > 0, "{report}");
}

#[test]
fn the_referee_sees_a_mirror_that_differs() {
    let report = run(Sabotage::Forgets, 1, 10);
    assert!(report.differing > 0, "{report}");
}

/// Seeds that once failed, and what each found. They are run at every build.
const REGRESSIONS: &[(u64, &str)] = &[
    (
        827,
        "a ticket out of sight while the bulk was read kept an empty timeline once in sight again",
    ),
    (
        1416,
        "a document in the session's own entity was out of sight of a probe after the rights changed, and sent twice",
    ),
    (
        1321,
        "a ticket created here was answered under its number while nobody knew yet that it was the same ticket",
    ),
    (
        2961,
        "a purged ticket stayed linked from the other end, whose own date does not move",
    ),
    (
        4243,
        "a document whose ticket was purged before the lost reply was probed was held for sent although it is gone",
    ),
    (
        9504,
        "somebody assigned from the start was assigned again, which GLPI refuses, and then taken away",
    ),
    (
        79466,
        "a document stayed in an entity that was lost, its ticket moved to another one, and it was sent twice",
    ),
];

/// The same, since wrong clocks, drift and restored servers are played.
const WHOLE_REGRESSIONS: &[(u64, &str)] = &[
    (
        520,
        "a probe passed over its own row, whose number had been another's before a backup was brought back, and it was sent twice",
    ),
    (
        3212,
        "words on a ticket in the bin were told as lost by a restored server, and sent twice",
    ),
    (
        4145,
        "rows dated later than the server's clock hid every change until that clock had passed them",
    ),
    (
        10451,
        "rights taken and given back while the bulk was read left tickets without their timeline",
    ),
];

#[test]
fn seeds_that_once_failed_do_not_fail_again() {
    let scopes = [(Scope::Exchanges, REGRESSIONS), (Scope::Whole, WHOLE_REGRESSIONS)];
    for (scope, regressions) in scopes {
        for (seed, what) in regressions {
            let outcome = simulate_scope(*seed, scope, Sabotage::None, false);
            assert_eq!(outcome.findings, Vec::<Finding>::new(), "seed {seed}: {what}");
        }
    }
}
