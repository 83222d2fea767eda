#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + minute * 60).unwrap()
}

fn subject(ticket: i64, asset: i64) -> ConsentSubject {
    ConsentSubject {
        ticket: TicketId(ticket),
        asset: Some(AssetKey {
            kind: "Computer".to_owned(),
            id: asset,
        }),
    }
}

fn id(n: u128) -> ConsentId {
    ConsentId(Uuid::from_u128(n))
}

fn record(n: u128, subject: ConsentSubject, minute: i64, answer: ConsentAnswer) -> ConsentRecord {
    ConsentRecord {
        id: id(n),
        subject,
        technician: UserId(7),
        person: AskedPerson {
            user: Some(UserId(31)),
            name: "Amélie Roux".to_owned(),
        },
        means: ConsentMeans::Aloud,
        asked_at: at(minute),
        answered_at: at(minute),
        answer,
    }
}

fn log(records: Vec<ConsentRecord>) -> ConsentLog {
    ConsentLog::read(records).unwrap()
}

#[test]
fn an_agreement_grants_for_its_ticket_and_its_equipment_only() {
    let log = log(vec![record(1, subject(10, 1), 0, ConsentAnswer::Agreed)]);
    let granted = log.grant(&subject(10, 1), at(1), HOUR).unwrap();
    assert_eq!(granted.consent(), id(1));
    assert_eq!(granted.subject(), &subject(10, 1));
    assert_eq!(granted.until(), at(60));
    for other in [
        subject(11, 1),
        subject(10, 2),
        ConsentSubject {
            ticket: TicketId(10),
            asset: None,
        },
    ] {
        assert_eq!(log.grant(&other, at(1), HOUR), Err(NotGranted::NotAsked), "{other:?}");
    }
}

#[test]
fn a_consent_without_known_equipment_opens_none_that_is_known() {
    let unknown = ConsentSubject {
        ticket: TicketId(10),
        asset: None,
    };
    let log = log(vec![record(1, unknown.clone(), 0, ConsentAnswer::Agreed)]);
    assert!(log.grant(&unknown, at(1), HOUR).is_ok());
    assert_eq!(log.grant(&subject(10, 1), at(1), HOUR), Err(NotGranted::NotAsked));
}

#[test]
fn a_consent_expires_at_its_end_and_not_after_it() {
    let log = log(vec![record(1, subject(10, 1), 0, ConsentAnswer::Agreed)]);
    assert!(log.grant(&subject(10, 1), at(59), HOUR).is_ok());
    assert_eq!(
        log.grant(&subject(10, 1), at(60), HOUR),
        Err(NotGranted::Expired(at(60)))
    );
    assert_eq!(
        log.grant(&subject(10, 1), at(1), SignedDuration::MAX),
        Err(NotGranted::Expired(at(0))),
        "a length that the calendar does not hold"
    );
}

#[test]
fn a_granted_consent_is_looked_at_again_when_it_is_used() {
    let granted = log(vec![record(1, subject(10, 1), 0, ConsentAnswer::Agreed)])
        .grant(&subject(10, 1), at(1), HOUR)
        .unwrap();
    assert!(granted.holds_at(at(59)));
    assert!(!granted.holds_at(at(60)));
}

#[test]
fn a_withdrawal_is_another_record_and_closes() {
    let mut log = log(vec![record(1, subject(10, 1), 0, ConsentAnswer::Agreed)]);
    let agreed = log.records()[0].clone();
    let withdrawn = ConsentAnswer::Withdrawn { agreement: id(1) };
    log.append(record(2, subject(10, 1), 5, withdrawn)).unwrap();
    assert_eq!(log.records()[0], agreed, "what was agreed stays written");
    assert_eq!(log.grant(&subject(10, 1), at(6), HOUR), Err(NotGranted::Withdrawn));
    log.append(record(3, subject(10, 1), 7, ConsentAnswer::Agreed)).unwrap();
    assert_eq!(log.grant(&subject(10, 1), at(8), HOUR).unwrap().consent(), id(3));
}

#[test]
fn withdrawing_one_of_two_agreements_closes_both() {
    let withdrawn = ConsentAnswer::Withdrawn { agreement: id(1) };
    let log = log(vec![
        record(1, subject(10, 1), 0, ConsentAnswer::Agreed),
        record(2, subject(10, 1), 1, ConsentAnswer::Agreed),
        record(3, subject(10, 1), 2, withdrawn),
    ]);
    assert_eq!(log.grant(&subject(10, 1), at(3), HOUR), Err(NotGranted::Withdrawn));
}

#[test]
fn a_refusal_after_an_agreement_closes() {
    let log = log(vec![
        record(1, subject(10, 1), 0, ConsentAnswer::Agreed),
        record(2, subject(10, 1), 1, ConsentAnswer::Refused),
    ]);
    assert_eq!(log.grant(&subject(10, 1), at(2), HOUR), Err(NotGranted::Refused));
}

#[test]
fn an_agreement_to_come_grants_nothing() {
    let log = log(vec![record(1, subject(10, 1), 5, ConsentAnswer::Agreed)]);
    assert_eq!(log.grant(&subject(10, 1), at(4), HOUR), Err(NotGranted::Future(at(5))));
}

#[test]
fn what_contradicts_the_log_is_not_taken() {
    let mut log = log(vec![
        record(1, subject(10, 1), 10, ConsentAnswer::Agreed),
        record(2, subject(10, 1), 11, ConsentAnswer::Refused),
    ]);
    let before = log.clone();
    let withdrawn = |n| ConsentAnswer::Withdrawn { agreement: id(n) };
    let mut early = record(5, subject(10, 1), 12, ConsentAnswer::Agreed);
    early.asked_at = at(13);
    let mut nobody = record(5, subject(10, 1), 12, ConsentAnswer::Agreed);
    nobody.person.name = "  ".to_owned();
    for (wrong, why) in [
        (
            record(1, subject(10, 1), 12, ConsentAnswer::Refused),
            ConsentError::AlreadyRecorded(id(1)),
        ),
        (early, ConsentError::AnsweredBeforeAsked),
        (nobody, ConsentError::NobodyNamed),
        (
            record(5, subject(10, 1), 12, withdrawn(9)),
            ConsentError::NoSuchAgreement(id(9)),
        ),
        (
            record(5, subject(10, 1), 12, withdrawn(2)),
            ConsentError::NoSuchAgreement(id(2)),
        ),
        (
            record(5, subject(10, 2), 12, withdrawn(1)),
            ConsentError::AnotherSubject(id(1)),
        ),
        (
            record(5, subject(10, 1), 9, withdrawn(1)),
            ConsentError::WithdrawnBeforeAgreed(id(1)),
        ),
    ] {
        assert_eq!(log.append(wrong), Err(why));
        assert_eq!(log, before);
    }
    log.append(record(3, subject(10, 1), 12, withdrawn(1))).unwrap();
    assert_eq!(
        log.append(record(4, subject(10, 1), 13, withdrawn(1))),
        Err(ConsentError::AlreadyWithdrawn(id(1)))
    );
}

#[test]
fn a_record_reads_back_as_it_was_written() {
    let withdrawn = ConsentAnswer::Withdrawn { agreement: id(1) };
    for answer in [ConsentAnswer::Agreed, ConsentAnswer::Refused, withdrawn] {
        let record = record(2, subject(10, 1), 0, answer);
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<ConsentRecord>(&text).unwrap(), record, "{text}");
    }
}

proptest! {
    /// Whatever was recorded: what is granted rests on the subject's last record, which is a yes, not too old, not to come.
    #[test]
    fn a_grant_rests_on_the_last_word(
        steps in prop::collection::vec((0..3u8, 1..3i64, 1..3i64, 0..90i64), 0..30),
        now in 0..120i64,
    ) {
        let mut log = ConsentLog::default();
        for (n, (kind, ticket, asset, minute)) in steps.into_iter().enumerate() {
            let subject = subject(ticket, asset);
            let yes = log.records().iter().rev().find(|r| r.subject == subject && r.answer == ConsentAnswer::Agreed);
            let answer = match (kind, yes) {
                (0, _) => ConsentAnswer::Agreed,
                (1, Some(yes)) => ConsentAnswer::Withdrawn { agreement: yes.id },
                _ => ConsentAnswer::Refused,
            };
            let before = log.records().to_vec();
            let taken = log.append(record(n as u128, subject, minute, answer)).is_ok();
            prop_assert_eq!(&log.records()[..before.len()], &before[..]);
            prop_assert_eq!(log.records().len(), before.len() + usize::from(taken));
        }
        for ticket in 1..3 {
            for asset in 1..3 {
                let subject = subject(ticket, asset);
                let last = log.records().iter().rfind(|r| r.subject == subject);
                let age = last.map(|r| at(now).duration_since(r.answered_at));
                let expected = last.is_some_and(|r| r.answer == ConsentAnswer::Agreed)
                    && age.is_some_and(|age| age >= SignedDuration::ZERO && age < HOUR);
                let granted = log.grant(&subject, at(now), HOUR);
                prop_assert_eq!(granted.is_ok(), expected, "{:?}", granted);
                if let Ok(granted) = granted {
                    prop_assert_eq!(Some(granted.consent()), last.map(|r| r.id));
                }
            }
        }
    }
}
