//! What is a surge, what is Monday morning, and what is proposed.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::{
    rich_text::RichText,
    ticket::{Level, TicketKind},
    wording::testing::Catalogue,
};
use proptest::prelude::*;

fn at(second: i64) -> Timestamp {
    let start: Timestamp = "2026-11-23T09:00:00Z".parse().unwrap();
    start + SignedDuration::from_secs(second)
}

fn policy() -> SurgePolicy {
    SurgePolicy {
        contacts: 5,
        within_s: 900,
        times_usual: 3,
        ignored_words: BTreeSet::new(),
        message: Text {
            fr: "Un incident est en cours sur {subject}.".into(),
            en: "We are dealing with an incident on {subject}.".into(),
        },
    }
}

fn label(id: i64, name: &str) -> Label {
    Label { id, name: name.into() }
}

fn contact(number: i64, second: i64, words: &str) -> Contact {
    Contact {
        at: at(second),
        id: format!("t{number}"),
        ticket: Some(TicketId(number)),
        category: None,
        site: None,
        words: words.into(),
    }
}

const VPN: [&str; 5] = [
    "Le VPN ne marche plus",
    "Problème de VPN",
    "VPN impossible depuis ce matin",
    "plus de vpn !",
    "Erreur 809 VPN",
];

fn vpn() -> Vec<Contact> {
    (1..).zip(VPN).map(|(n, words)| contact(n, n * 100, words)).collect()
}

#[test]
fn five_contacts_on_one_word_in_a_quarter_of_an_hour_are_a_surge() {
    let contacts = vpn();
    let found = surges(&contacts, &policy(), at(600));
    assert_eq!(found.len(), 1, "{found:?}");
    let surge = &found[0];
    assert_eq!(surge.subject, "VPN", "as most of them write it");
    assert_eq!(surge.tickets, (1..=5).map(TicketId).collect::<Vec<_>>());
    assert_eq!((surge.from, surge.to), (at(100), at(500)));
    assert_eq!(surge.message.fr, "Un incident est en cours sur VPN.");
    assert!(surges(&contacts[..4], &policy(), at(600)).is_empty(), "four are none");
    assert!(
        surges(&contacts, &policy(), at(450)).is_empty(),
        "the fifth has not come yet"
    );
    assert!(
        surges(&contacts, &policy(), at(1000)).is_empty(),
        "the first is too long ago"
    );
    let mut twice = contacts[..4].to_vec();
    twice.extend(contacts[..4].to_vec());
    assert!(
        surges(&twice, &policy(), at(600)).is_empty(),
        "told twice is one contact"
    );
}

#[test]
fn words_of_every_help_desk_are_no_subject() {
    let contacts: Vec<_> = (1..=9)
        .map(|n| {
            contact(
                n,
                n,
                &format!("Bonjour, problème urgent sur le poste {n}, merci 0612340013"),
            )
        })
        .collect();
    assert_eq!(surges(&contacts, &policy(), at(600)), []);
    let policy = SurgePolicy {
        ignored_words: ["vpn".into()].into(),
        ..policy()
    };
    assert_eq!(surges(&vpn(), &policy, at(600)), [], "nor those of the contract");
}

#[test]
fn what_is_usual_is_no_surge() {
    // Two in every quarter of an hour, all day long: five are less than three times that.
    let before = (0..32).map(|n| contact(1000 + n, -100 - n * 440, "mot de passe oublié"));
    let now = (1..=4).map(|n| contact(n, n * 100, "mot de passe"));
    let contacts: Vec<_> = before.chain(now).collect();
    assert_eq!(surges(&contacts, &policy(), at(600)), []);
    let many = (6..=9).map(|n| contact(n, n * 50, "mot de passe"));
    let contacts: Vec<_> = contacts.into_iter().chain(many).collect();
    let found = surges(&contacts, &policy(), at(600));
    assert_eq!(found.len(), 1);
    assert!(found[0].usual_tenths >= 10, "{}", found[0].usual_tenths);
}

#[test]
fn category_words_and_site_of_the_same_contacts_are_one_proposal_that_explains_itself() {
    let mut contacts = vpn();
    for contact in &mut contacts {
        contact.category = Some(label(4, "Réseau > VPN"));
        contact.site = Some(label(8, "Sites > Mairie"));
    }
    contacts[4].site = Some(label(9, "Sites > Gymnase"));
    let found = surges(&contacts, &policy(), at(600));
    assert_eq!(found.len(), 1);
    let surge = &found[0];
    assert_eq!(surge.category, Some(label(4, "Réseau > VPN")));
    assert_eq!(surge.site, Some(label(8, "Sites > Mairie")), "four of five");
    assert_eq!(surge.reasons.len(), 3, "category, word, site: {:?}", surge.reasons);
    for phrases in Catalogue::both() {
        let title = surge.title(&phrases);
        assert!(title.contains("VPN") && title.contains("Mairie"), "{title}");
        let lines = surge.explanation(&policy(), &phrases);
        assert_eq!(lines.len(), 4, "{lines:?}");
        assert!(lines[0].contains('5') && lines[0].contains("15"), "{lines:?}");
        assert!(
            !SurgeProposal {
                site: None,
                ..surge.clone()
            }
            .title(&phrases)
            .contains("Mairie")
        );
    }
}

#[test]
fn two_subjects_at_once_are_two_proposals() {
    let mut contacts = vpn();
    contacts.extend((11..=16).map(|n| contact(n, n * 30, "Imprimante bloquée, bourrage")));
    let found = surges(&contacts, &policy(), at(600));
    let subjects: Vec<_> = found.iter().map(|surge| surge.tickets.len()).collect();
    assert_eq!(subjects, [6, 5], "the largest first");
}

#[test]
fn a_site_with_many_different_troubles_is_a_subject_too() {
    let words = [
        "plus d'internet",
        "téléphone muet",
        "imprimante éteinte",
        "écran noir",
        "wifi absent",
    ];
    let contacts: Vec<_> = (1..)
        .zip(words)
        .map(|(n, words)| Contact {
            site: Some(label(8, "Sites > Mairie")),
            ..contact(n, n * 60, words)
        })
        .collect();
    let found = surges(&contacts, &policy(), at(600));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].reasons.len(), 1, "said once");
    let [fr, _] = Catalogue::both();
    assert_eq!(found[0].title(&fr), "Incident majeur : Mairie");
}

#[test]
fn the_parent_is_created_and_its_children_linked_in_one_lane() {
    let mut contacts = vpn();
    contacts[0].ticket = Some(TicketId(-3));
    contacts[1].ticket = None;
    let surge = surges(&contacts, &policy(), at(600)).remove(0);
    let [fr, _] = Catalogue::both();
    let parent = NewTicket {
        title: surge.title(&fr),
        description: RichText::from_plain(&surge.explanation(&policy(), &fr).join("\n")),
        kind: TicketKind::Incident,
        urgency: Level(5),
        impact: Level(5),
        category: None,
        location: None,
        channel: None,
        entity: None,
        actors: vec![],
        assets: vec![],
    };
    let (plan, left_out) = surge.plan(parent, OperationId::new);
    assert_eq!(left_out, [TicketId(-3)], "it has no number to be linked by yet");
    assert_eq!(plan.lane, None);
    assert_eq!(plan.operations.len(), 1 + 3);
    assert!(
        plan.operations
            .iter()
            .all(|(_, operation)| operation.validate().is_ok())
    );
    assert!(matches!(
        plan.operations[1].1,
        Operation::LinkTicket {
            ticket: TicketId(3),
            kind: LinkKind::ParentOf
        }
    ));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_arrival_and_repetition_do_not_matter(
        contacts in prop::collection::vec(
            (0..20_i64, 0..3000_i64, prop::sample::select(vec!["VPN coupé", "vpn et imprimante", "Imprimantes", "réseau lent", "rien"]), 0..3_i64, 0..3_i64),
            0..40,
        ),
        order in prop::collection::vec(any::<u16>(), 80),
        now in 0..3200_i64,
    ) {
        let contacts: Vec<Contact> = contacts
            .into_iter()
            .map(|(number, second, words, category, site)| Contact {
                category: (category > 0).then(|| label(category, "Réseau > VPN")),
                site: (site > 0).then(|| label(site, "Mairie")),
                ..contact(number, second, words)
            })
            .collect();
        let mut shuffled: Vec<_> = order.iter().zip(contacts.iter().chain(&contacts)).collect();
        shuffled.sort_by_key(|(key, _)| **key);
        let shuffled: Vec<Contact> = shuffled.into_iter().map(|(_, contact)| contact.clone()).collect();
        let found = surges(&contacts, &policy(), at(now));
        prop_assert_eq!(&found, &surges(&shuffled, &policy(), at(now)));
        for surge in &found {
            prop_assert!(surge.contacts.len() >= 5);
            prop_assert!(surge.to.duration_since(surge.from) < SignedDuration::from_secs(900));
            prop_assert!(surge.reasons[0].count as usize == surge.contacts.len());
        }
    }
}
