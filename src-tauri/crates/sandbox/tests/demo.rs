//! The demo data is believable: its sizes, its queue, its texts; and it can be made very large.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use guichet_sandbox::{Glpi, Options, options::TECHNICIAN};
use std::collections::{BTreeMap, BTreeSet};

fn ints(glpi: &Glpi, itemtype: &str, column: &str) -> Vec<i64> {
    (0..)
        .take(20_000)
        .filter_map(|id| glpi.peek(itemtype, id, column)?.as_i64())
        .collect()
}

#[test]
fn the_demo_is_a_help_desk_of_twelve_hundred_people() {
    let glpi = Glpi::new(Options::demo(1));
    assert_eq!(
        (glpi.count("Ticket"), glpi.count("User"), glpi.count("KnowbaseItem")),
        (5_200, 1_200, 150)
    );
    assert_eq!(glpi.count("Location"), 150, "50 sites of three places");
    let vips = ints(&glpi, "User", "usercategories_id")
        .into_iter()
        .filter(|category| *category == 1)
        .count();
    assert!((110..=130).contains(&vips), "{vips}");

    let mut by_status: BTreeMap<i64, usize> = BTreeMap::new();
    for status in ints(&glpi, "Ticket", "status") {
        *by_status.entry(status).or_default() += 1;
    }
    let open: usize = by_status
        .iter()
        .filter(|(status, _)| **status < 5)
        .map(|(_, count)| count)
        .sum();
    assert!((60..=130).contains(&open), "{by_status:?}");
    assert!(
        by_status[&6] > 4_800 && (1..=4).all(|status| by_status[&status] > 3),
        "{by_status:?}"
    );

    let me = glpi.user_id(TECHNICIAN).unwrap();
    let mine = glpi
        .tickets()
        .into_iter()
        .filter(|id| glpi.peek("Ticket", *id, "status").unwrap().as_i64() < Some(5))
        .filter(|id| {
            glpi.on_ticket("Ticket_User", *id).iter().any(|link| {
                glpi.peek("Ticket_User", *link, "users_id").unwrap() == me
                    && glpi.peek("Ticket_User", *link, "type").unwrap() == 2
            })
        })
        .count();
    assert!((8..=60).contains(&mine), "{mine}");
}

#[test]
fn stamps_are_in_order_and_nothing_lies_in_the_future() {
    let options = Options::demo(2);
    let (now, span) = (options.now, 400 * 86_400);
    let glpi = Glpi::new(options);
    for id in glpi.tickets() {
        let at = |column: &str| glpi.peek("Ticket", id, column).unwrap().as_i64();
        let (opened, touched) = (at("date").unwrap(), at("date_mod").unwrap());
        assert!(
            opened > now - span && opened <= touched && touched <= now,
            "ticket {id}: {opened} {touched}"
        );
        if let Some(solved) = at("solvedate") {
            assert!(opened <= solved && solved <= touched, "ticket {id}");
        }
    }
}

#[test]
fn texts_are_many_french_and_finished() {
    let glpi = Glpi::new(Options::demo(3));
    let text =
        |itemtype: &str, id: i64, column: &str| glpi.peek(itemtype, id, column).unwrap().as_str().unwrap().to_owned();
    let titles: BTreeSet<String> = (1..=5_200).map(|id| text("Ticket", id, "name")).collect();
    assert!(titles.len() > 900, "{}", titles.len());
    let all: String = (1..=400).map(|id| text("Ticket", id, "content")).collect();
    for sign in ["é", "œ", "ç", "<p>", "&", "😀"] {
        assert!(
            all.contains(sign) || titles.iter().any(|title| title.contains(sign)),
            "{sign}"
        );
    }
    assert!(!all.contains(['{', '|']));
    // Telephone numbers reserved for fiction, and only those.
    for id in 20..1_200 {
        for column in ["phone", "mobile"] {
            let Some(number) = glpi
                .peek("User", id, column)
                .and_then(|value| value.as_str().map(str::to_owned))
            else {
                continue;
            };
            let digits: String = number.chars().filter(char::is_ascii_digit).collect();
            let digits = digits
                .strip_prefix("33")
                .map_or(digits.clone(), |rest| format!("0{rest}"));
            assert!(digits.starts_with("019900") || digits.starts_with("063998"), "{number}");
            assert_eq!(digits.len(), 10, "{number}");
        }
    }
    let logins: BTreeSet<String> = (20..1_200)
        .filter_map(|id| glpi.peek("User", id, "name"))
        .map(|v| v.to_string())
        .collect();
    assert!(logins.len() > 1_150);
}

/// `cargo test --release -p guichet-sandbox --test demo -- --ignored --nocapture`
#[test]
#[ignore = "takes a gigabyte, and minutes when unoptimised"]
fn a_million_tickets_are_made_within_a_minute() {
    let started = std::time::Instant::now();
    let glpi = Glpi::new(Options {
        tickets: 1_000_000,
        ..Options::demo(1)
    });
    let took = started.elapsed();
    let memory = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = memory
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap_or_default()
        .to_owned();
    println!(
        "1,000,000 tickets, {} follow-ups in {took:?}; {peak}",
        glpi.count("ITILFollowup")
    );
    let started = std::time::Instant::now();
    for seed in 0..1_000 {
        assert_eq!(Glpi::new(Options::tiny(seed)).count("Ticket"), 20);
    }
    let each = started.elapsed() / 1_000;
    println!("a tiny server: {each:?}");
    assert!(took.as_secs() < 60 && each.as_micros() < 1_000);
}
