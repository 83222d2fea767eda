//! Tests of the lock's rules, with the real hash and the real files.

#![allow(clippy::unwrap_used, clippy::field_reassign_with_default)]

use super::*;
use crate::core::profile::ProfileConfig;
use std::path::Path;

/// One value of every variant, for the catalogue's test.
pub(crate) fn every_error() -> Vec<LockError> {
    vec![
        LockError::Locked,
        LockError::NoWayOut,
        LockError::WrongPin,
        LockError::Wait { seconds: 5 },
        LockError::LeaseOver,
        LockError::Length,
        LockError::PinLost,
        LockError::PinRequired,
        LockError::Revoked,
        LockError::NoAccount,
        LockError::AnotherAccount,
        LockError::File {
            path: "lock.json".into(),
            source: std::io::Error::other("x"),
        },
        LockError::Hash("x".into()),
    ]
}

const PIN: &str = "mot de passe à moi";

fn now() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

fn seconds(s: i64) -> SignedDuration {
    SignedDuration::from_secs(s)
}

fn pin(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

fn folder(path: &Path) -> ProfileFolder {
    let folder = ProfileFolder {
        id: "p".into(),
        path: path.join("p"),
    };
    if !folder.path.exists() {
        folder.create().unwrap();
        folder.write_config(&ProfileConfig::default()).unwrap();
    }
    folder
}

/// The lock of a profile, as a program that starts finds it.
fn started(path: &Path, now: Timestamp) -> Lock {
    let lock = Lock::new(LockPolicy::default(), now);
    lock.enter(&folder(path), now);
    lock
}

async fn with_pin(path: &Path) -> Lock {
    let lock = started(path, now());
    lock.change_pin(pin(""), Some(pin(PIN)), SecretStoreKind::File, now())
        .await
        .unwrap();
    lock
}

#[tokio::test]
async fn without_a_pin_it_does_not_lock_and_with_one_it_opens_by_it_alone() {
    let path = tempfile::tempdir().unwrap();
    let lock = started(path.path(), now());
    assert!(matches!(lock.lock(None), Err(LockError::NoWayOut)));
    assert!(!lock.is_locked());
    assert_eq!(lock.due(now() + seconds(86_400), false), None, "nobody could open it");
    assert!(matches!(
        lock.change_pin(pin(""), Some(pin("12345")), SecretStoreKind::File, now())
            .await,
        Err(LockError::Length)
    ));

    let lock = with_pin(path.path()).await;
    assert_eq!(
        lock.lock(Some("ici".into())).unwrap(),
        LockChange::Locked(LockReason::Key)
    );
    assert!(matches!(lock.refuse_locked(), Err(LockError::Locked)));
    assert!(matches!(
        lock.unlock(pin("autre chose"), now()).await,
        Err(LockError::WrongPin)
    ));
    assert!(lock.is_locked());
    assert_eq!(lock.unlock(pin(PIN), now()).await.unwrap().as_deref(), Some("ici"));
    assert!(!lock.is_locked());
}

#[tokio::test]
async fn a_profile_with_a_pin_starts_locked_and_no_file_says_the_pin() {
    let path = tempfile::tempdir().unwrap();
    drop(with_pin(path.path()).await);
    let lock = started(path.path(), now());
    assert_eq!(lock.view(now()).locked, Some(LockReason::Start));
    for entry in std::fs::read_dir(path.path().join("p")).unwrap() {
        let content = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&content).contains(PIN));
    }
    // What it keeps being damaged opens nothing.
    std::fs::write(path.path().join("p").join(FILE), b"{").unwrap();
    assert!(started(path.path(), now()).is_locked());
}

#[tokio::test]
async fn wrong_tries_cost_growing_waits_that_a_new_start_does_not_forget() {
    let path = tempfile::tempdir().unwrap();
    let lock = with_pin(path.path()).await;
    lock.lock(None).unwrap();
    for _ in 0..=FREE_TRIES {
        assert!(matches!(
            lock.unlock(pin("faux"), now()).await,
            Err(LockError::WrongPin)
        ));
    }
    // Even the right one is not tried now, and trying is not counted.
    for _ in 0..2 {
        assert!(matches!(
            lock.unlock(pin(PIN), now()).await,
            Err(LockError::Wait { seconds: 5 })
        ));
    }
    drop(lock);
    let lock = started(path.path(), now());
    assert_eq!(lock.view(now()).wait_s, 5);
    assert_eq!(lock.view(now() - seconds(3600)).wait_s, 5, "a clock set back");
    let later = now() + seconds(5);
    assert!(matches!(
        lock.unlock(pin("faux"), later).await,
        Err(LockError::WrongPin)
    ));
    assert_eq!(lock.view(later).wait_s, 10, "doubled");
    lock.unlock(pin(PIN), later + seconds(10)).await.unwrap();
    lock.lock(None).unwrap();
    assert!(matches!(
        lock.unlock(pin("faux"), later).await,
        Err(LockError::WrongPin)
    ));
    assert_eq!(lock.view(later).wait_s, 0, "counted anew after the right one");
    let kept = Kept {
        wrong: u32::MAX,
        wrong_at: Some(now()),
        ..Kept::default()
    };
    assert_eq!(i64::from(kept.wait_s(now())), LONGEST_WAIT_S);
}

#[tokio::test]
async fn changing_a_pin_takes_the_one_before() {
    let path = tempfile::tempdir().unwrap();
    let lock = with_pin(path.path()).await;
    let other = || Some(pin("une autre phrase"));
    assert!(matches!(
        lock.change_pin(pin("faux"), other(), SecretStoreKind::File, now())
            .await,
        Err(LockError::WrongPin)
    ));
    lock.change_pin(pin(PIN), other(), SecretStoreKind::File, now())
        .await
        .unwrap();
    lock.lock(None).unwrap();
    assert!(matches!(lock.unlock(pin(PIN), now()).await, Err(LockError::WrongPin)));
    lock.unlock(pin("une autre phrase"), now()).await.unwrap();
    lock.change_pin(pin("une autre phrase"), None, SecretStoreKind::File, now())
        .await
        .unwrap();
    assert!(matches!(lock.lock(None), Err(LockError::NoWayOut)));
    assert!(!started(path.path(), now()).is_locked());
}

#[tokio::test]
async fn it_locks_when_nobody_is_there_and_never_during_a_call() {
    let path = tempfile::tempdir().unwrap();
    let lock = with_pin(path.path()).await;
    let minutes = SignedDuration::from_mins;
    assert_eq!(lock.due(now() + minutes(9), false), None);
    assert_eq!(lock.due(now() + minutes(10), false), Some(LockReason::Idle));
    assert_eq!(lock.due(now() + minutes(30), true), None, "a call goes on");
    assert_eq!(
        lock.due(now() + minutes(39), false),
        None,
        "counted from the end of the call"
    );
    assert_eq!(lock.due(now() + minutes(40), false), Some(LockReason::Idle));
    lock.active(now() + minutes(40));
    assert_eq!(lock.due(now() + minutes(49), false), None);
    lock.save(LockSettings {
        idle_min: 0,
        lease_hours: 72,
        with_session: true,
    })
    .unwrap();
    assert_eq!(lock.due(now() + minutes(9000), false), None);
    assert!(matches!(
        lock.save(LockSettings {
            idle_min: 481,
            lease_hours: 0,
            with_session: true,
        }),
        Err(SettingsRefused::OutOfRange("idle_min", IDLE_MAX_MIN))
    ));
    // The reason told beforehand is the one it locks for, once.
    assert!(lock.ask(LockReason::Idle));
    assert!(!lock.ask(LockReason::Idle));
    assert_eq!(lock.lock(None).unwrap(), LockChange::Locked(LockReason::Idle));
    assert!(!lock.ask(LockReason::Idle), "locked already");
}

#[tokio::test]
async fn a_lease_that_ran_out_locks_and_the_servers_word_opens_it() {
    let path = tempfile::tempdir().unwrap();
    let hours = SignedDuration::from_hours;
    let lock = started(path.path(), now());
    assert!(
        !lock.look(now(), true, false).unwrap(),
        "counted from the first look on"
    );
    assert_eq!(lock.view(now() + hours(70)).lease_left_h, Some(2));
    assert_eq!(lock.due(now() + hours(72), false), Some(LockReason::Lease));
    lock.ask(LockReason::Lease);
    assert_eq!(lock.lock(None).unwrap(), LockChange::Locked(LockReason::Lease));
    lock.look(now() + hours(72), true, false).unwrap();
    drop(lock);

    // Neither a new start nor a clock set back opens it.
    let lock = started(path.path(), now() + hours(1));
    assert_eq!(lock.view(now()).locked, Some(LockReason::Lease));
    assert!(matches!(lock.unlock(pin(""), now()).await, Err(LockError::LeaseOver)));
    assert!(
        lock.look(now() + hours(73), true, true).unwrap(),
        "nothing else held it"
    );
    assert!(!lock.is_locked());
    // The sandbox has none.
    lock.look(now() + hours(74), false, false).unwrap();
    assert_eq!(lock.due(now() + hours(9000), false), None);
}

#[tokio::test]
async fn with_a_pin_the_servers_word_is_not_enough() {
    let path = tempfile::tempdir().unwrap();
    let hours = SignedDuration::from_hours;
    let lock = with_pin(path.path()).await;
    lock.look(now(), true, true).unwrap();
    lock.lock(None).unwrap();
    let late = now() + hours(80);
    assert!(matches!(lock.unlock(pin(PIN), late).await, Err(LockError::LeaseOver)));
    assert!(!lock.look(late, true, true).unwrap());
    assert!(lock.is_locked());
    lock.unlock(pin(PIN), late).await.unwrap();
    assert!(!lock.is_locked());
}

#[tokio::test]
async fn a_forgotten_pin_is_gone_once_the_account_proved_who_is_there() {
    let path = tempfile::tempdir().unwrap();
    let lock = with_pin(path.path()).await;
    lock.lock(Some("ici".into())).unwrap();
    assert_eq!(lock.proved(now()).await.unwrap().as_deref(), Some("ici"));
    assert!(!lock.is_locked());
    assert!(!lock.view(now()).pin);
    assert!(!path.path().join("p/lock-secrets.json").exists());
    assert!(!started(path.path(), now()).is_locked());
}

fn under(path: &Path, policy: LockPolicy, now: Timestamp) -> Lock {
    let lock = Lock::new(policy, now);
    lock.enter(&folder(path), now);
    lock
}

#[tokio::test]
async fn a_policy_that_wants_a_pin_opens_no_desk_without_one() {
    let path = tempfile::tempdir().unwrap();
    let policy = LockPolicy {
        pin_required: true,
        ..LockPolicy::default()
    };
    let lock = under(path.path(), policy, now());
    assert_eq!(lock.view(now()).locked, Some(LockReason::NoPin));
    // No way around choosing one.
    assert!(matches!(lock.unlock(pin(""), now()).await, Err(LockError::PinRequired)));
    assert!(matches!(
        lock.choose_pin(pin("123"), SecretStoreKind::File, now()).await,
        Err(LockError::Length)
    ));
    assert!(lock.is_locked());
    lock.choose_pin(pin(PIN), SecretStoreKind::File, now()).await.unwrap();
    assert!(!lock.is_locked());
    // Chosen once: who comes next must know it, and nobody takes it away.
    lock.lock(None).unwrap();
    assert!(matches!(
        lock.choose_pin(pin("autre chose"), SecretStoreKind::File, now()).await,
        Err(LockError::Locked)
    ));
    lock.unlock(pin(PIN), now()).await.unwrap();
    assert!(matches!(
        lock.change_pin(pin(PIN), None, SecretStoreKind::File, now()).await,
        Err(LockError::PinRequired)
    ));
    // The account signed in again: the forgotten PIN is gone, another one is chosen before anything is shown.
    assert_eq!(lock.proved(now()).await.unwrap(), None);
    assert_eq!(lock.view(now()).locked, Some(LockReason::NoPin));
}

#[tokio::test]
async fn a_policy_brings_what_was_chosen_within_its_bounds() {
    let path = tempfile::tempdir().unwrap();
    let wide = |idle_min, lease_hours, with_session| LockSettings {
        idle_min,
        lease_hours,
        with_session,
    };
    started(path.path(), now()).save(wide(0, 0, false)).unwrap();
    let policy = LockPolicy {
        idle_min: Some(5),
        lease_hours: Some(24),
        with_session: Some(true),
        pin_required: false,
    };
    let lock = under(path.path(), policy, now());
    assert_eq!(
        lock.view(now()).settings,
        wide(5, 24, true),
        "never is longer than any bound"
    );
    lock.save(wide(3, 100, false)).unwrap();
    assert_eq!(lock.view(now()).settings, wide(3, 24, true));
}

#[tokio::test]
async fn it_locks_with_the_system_s_session_and_does_not_open_with_it() {
    let path = tempfile::tempdir().unwrap();
    let lock = with_pin(path.path()).await;
    lock.session(true);
    assert_eq!(lock.due(now(), true), None, "a call is not cut off from its card");
    assert_eq!(lock.due(now(), false), Some(LockReason::Session));
    assert!(lock.ask(LockReason::Session));
    assert_eq!(lock.lock(None).unwrap(), LockChange::Locked(LockReason::Session));
    lock.session(false);
    assert!(lock.is_locked());
    lock.unlock(pin(PIN), now()).await.unwrap();
    // Not where somebody chose otherwise, nor where nobody could open it.
    lock.session(true);
    lock.save(LockSettings {
        with_session: false,
        ..lock.view(now()).settings
    })
    .unwrap();
    assert_eq!(lock.due(now(), false), None);
    let other = tempfile::tempdir().unwrap();
    let open = started(other.path(), now());
    open.session(true);
    assert_eq!(open.due(now(), false), None);
}

#[test]
fn a_revocation_takes_hours_and_several_words_and_is_forgotten_when_the_account_is_taken() {
    const HOUR: i64 = 3_600;
    let path = tempfile::tempdir().unwrap();
    let lock = started(path.path(), now());
    let at = |hours: i64| now() + seconds(hours * HOUR);
    assert_eq!(lock.revocation(24, now()), Revocation::Ask, "nothing was said yet");
    lock.revoked(now()).unwrap();
    assert_eq!(lock.due(now(), false), Some(LockReason::Revoked));
    assert_eq!(lock.revocation(24, now() + seconds(10)), Revocation::Wait);
    // A clock that jumped a month: one word more, not thirty.
    lock.revoked(at(720)).unwrap();
    assert_eq!(lock.revocation(24, at(720)), Revocation::Wait, "two words");
    // The clock was put right: the first word counts from there on.
    lock.revoked(at(1)).unwrap();
    assert_eq!(
        lock.revocation(24, at(1)),
        Revocation::Wait,
        "three words within the hour"
    );
    assert_eq!(lock.revocation(24, at(2)), Revocation::Ask);
    // A start in between forgets nothing, and shows nothing.
    drop(lock);
    let lock = started(path.path(), at(23));
    assert_eq!(lock.view(at(23)).locked, Some(LockReason::Revoked));
    lock.revoked(at(24)).unwrap();
    assert_eq!(lock.revocation(24, at(24)), Revocation::Confirmed);
    assert_eq!(
        lock.revocation(0, at(9_000)),
        Revocation::Ask,
        "never, where the policy says so"
    );
    // Taken again: as if nothing had been said, and open.
    assert!(lock.look(at(24), true, true).unwrap());
    assert_eq!(lock.view(at(24)).locked, None);
    assert_eq!(lock.revocation(24, at(24)), Revocation::Ask);
}
