//! The state machine allows its diagram and nothing else.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn instant() -> impl Strategy<Value = Timestamp> {
    (0_i64..1000).prop_map(at)
}

fn conflict() -> WedgeReason {
    WedgeReason::Conflict {
        field: Field::Category,
        base: FieldValue::Row(Some(1)),
        theirs: FieldValue::Row(Some(2)),
        ours: FieldValue::Row(Some(3)),
    }
}

fn reasons() -> Vec<WedgeReason> {
    let message = String::new();
    vec![
        WedgeReason::Invalid {
            message: message.clone(),
        },
        WedgeReason::Forbidden {
            message: message.clone(),
        },
        WedgeReason::Gone,
        WedgeReason::Closed,
        WedgeReason::AlreadySolved,
        conflict(),
        WedgeReason::Undetermined,
        WedgeReason::DependencyDiscarded,
        WedgeReason::TooManyAttempts { message },
    ]
}

fn transition() -> impl Strategy<Value = Transition> {
    use Transition as T;
    prop_oneof![
        Just(T::Begin),
        instant().prop_map(|at| T::Applied { at }),
        prop::option::of(instant()).prop_map(|not_before| T::NotSent { not_before }),
        (instant(), prop::option::of(instant())).prop_map(|(since, not_before)| T::MaybeSent { since, not_before }),
        prop::option::of(instant()).prop_map(|not_before| T::Absent { not_before }),
        prop::option::of(instant()).prop_map(|not_before| T::ProbeLater { not_before }),
        Just(T::Undecidable),
        prop::sample::select(reasons()).prop_map(|reason| T::Rejected { reason }),
        Just(T::DependencyDiscarded),
        Just(T::Retry),
        Just(T::Edit),
        instant().prop_map(|at| T::Discard { at }),
        instant().prop_map(|at| T::ConfirmSent { at }),
        instant().prop_map(|at| T::TakeTheirs { at }),
        Just(T::TakeMine),
    ]
}

fn is_persons(transition: &Transition) -> bool {
    matches!(
        transition,
        Transition::Retry
            | Transition::Edit
            | Transition::Discard { .. }
            | Transition::ConfirmSent { .. }
            | Transition::TakeTheirs { .. }
            | Transition::TakeMine
    )
}

/// The diagram in the module's documentation, by names: from, transition, to. Whatever is not in it is refused.
fn allowed(from: &EntryState, transition: &Transition) -> Option<&'static str> {
    use Transition as T;
    let undetermined = matches!(
        from,
        EntryState::Wedged {
            reason: WedgeReason::Undetermined
        }
    );
    let conflicting = matches!(
        from,
        EntryState::Wedged {
            reason: WedgeReason::Conflict { .. }
        }
    );
    match (from.name(), transition) {
        ("queued", T::Begin) => Some("in_flight"),
        ("queued", T::DependencyDiscarded) => Some("wedged"),
        ("in_flight" | "in_doubt", T::Applied { .. }) => Some("sent"),
        ("in_flight", T::NotSent { .. }) => Some("queued"),
        ("in_flight", T::MaybeSent { .. }) => Some("in_doubt"),
        (
            "in_flight",
            T::Rejected {
                reason: WedgeReason::Undetermined | WedgeReason::DependencyDiscarded,
            },
        ) => None,
        ("in_flight", T::Rejected { .. }) => Some("wedged"),
        ("in_doubt", T::Absent { .. }) => Some("queued"),
        ("in_doubt", T::ProbeLater { .. }) => Some("in_doubt"),
        ("in_doubt", T::Undecidable) => Some("wedged"),
        ("queued" | "wedged", T::Retry | T::Edit) => Some("queued"),
        ("queued" | "wedged" | "in_doubt", T::Discard { .. }) => Some("cancelled"),
        ("in_doubt", T::ConfirmSent { .. }) => Some("sent"),
        ("wedged", T::ConfirmSent { .. }) if undetermined => Some("sent"),
        ("wedged", T::TakeTheirs { .. }) if conflicting => Some("cancelled"),
        ("wedged", T::TakeMine) if conflicting => Some("queued"),
        _ => None,
    }
}

#[test]
fn a_probe_that_comes_later_keeps_the_start_of_its_window() {
    let doubt = EntryState::InDoubt {
        since: at(10),
        not_before: None,
    };
    assert_eq!(
        doubt.apply(Transition::ProbeLater {
            not_before: Some(at(20))
        }),
        Ok(EntryState::InDoubt {
            since: at(10),
            not_before: Some(at(20))
        })
    );
    assert!(
        !doubt.may_become(&EntryState::InDoubt {
            since: at(11),
            not_before: None
        }),
        "the window cannot be moved"
    );
}

#[test]
fn an_entry_in_flight_is_out_of_a_persons_reach() {
    for transition in [
        Transition::Retry,
        Transition::Edit,
        Transition::Discard { at: at(1) },
        Transition::ConfirmSent { at: at(1) },
    ] {
        let refused = EntryState::InFlight.apply(transition.clone());
        assert_eq!(
            refused,
            Err(IllegalTransition {
                from: "in_flight",
                transition
            })
        );
    }
}

/// A person can always give a pending entry up; one that is in flight once its request has come to an end.
fn has_a_way_out(state: &EntryState) -> bool {
    let landed = match state {
        EntryState::InFlight => state.apply(Transition::MaybeSent {
            since: at(0),
            not_before: None,
        }),
        other => Ok(other.clone()),
    };
    landed.is_ok_and(|state| !state.is_pending() || state.apply(Transition::Discard { at: at(1) }).is_ok())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn every_walk_follows_the_diagram_and_never_comes_to_a_dead_end(walk in prop::collection::vec(transition(), 0..40)) {
        let mut state = EntryState::Queued { not_before: None };
        let mut was_on_its_way = false;
        for transition in walk {
            let expected = allowed(&state, &transition);
            match state.apply(transition.clone()) {
                Ok(next) => {
                    prop_assert_eq!(expected, Some(next.name()), "{:?} {:?}", state, transition);
                    prop_assert!(!state.is_final(), "{:?} is final", state);
                    // What sending does is what the store may be told to write; what a person does is not.
                    if !is_persons(&transition) {
                        prop_assert!(state.may_become(&next), "{:?} → {:?}", state, next);
                    }
                    was_on_its_way |= next == EntryState::InFlight;
                    if matches!(next, EntryState::Sent { .. }) {
                        prop_assert!(was_on_its_way, "sent without having been on its way");
                        let known = matches!(state, EntryState::InFlight | EntryState::InDoubt { .. })
                            || matches!(transition, Transition::ConfirmSent { .. });
                        prop_assert!(known);
                    }
                    state = next;
                    prop_assert!(has_a_way_out(&state), "{:?} is a dead end", state);
                }
                Err(refused) => {
                    prop_assert_eq!(expected, None, "{:?} {:?}", state, transition);
                    prop_assert_eq!(refused.from, state.name());
                }
            }
        }
    }
}
