//! A hundred real kills in the suite; `cargo xtask crash` does a thousand and more.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use guichet_crash::{Plan, run};

fn plan() -> Plan {
    Plan {
        kills: 100,
        seed: 1,
        point: None,
        threads: 8,
        early: false,
        victim: Some(env!("CARGO_BIN_EXE_guichet-crash").into()),
    }
}

#[test]
fn what_was_acknowledged_survives_a_hundred_kills() {
    let report = run(&plan()).unwrap();
    println!("{report}");
    assert!(report.is_clean(), "{report}");
    assert!(report.kills >= 100, "{report}");
    assert!(report.known >= 80, "{report}");
}

#[test]
fn the_referee_finds_out_who_acknowledges_before_it_is_durable() {
    let report = run(&Plan {
        kills: 8,
        point: Some("desk.save_draft.before".to_owned()),
        early: true,
        ..plan()
    })
    .unwrap();
    assert!(!report.is_clean(), "{report}");
}

#[test]
fn the_product_is_built_without_any_place_to_die_at() {
    let features_of = |package: &str| {
        let tree = std::process::Command::new(env!("CARGO"))
            .args([
                "tree",
                "--locked",
                "--offline",
                "--edges",
                "normal,build,features",
                "--package",
            ])
            .arg(package)
            .output()
            .unwrap();
        assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
        String::from_utf8(tree.stdout).unwrap()
    };
    let feature = "guichet-store feature \"failpoints\"";
    assert!(features_of("guichet-crash").contains(feature));
    assert!(!features_of("guichet").contains(feature));
}
