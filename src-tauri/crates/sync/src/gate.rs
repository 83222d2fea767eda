//! The gate: whether requests may be made at all. Offline, 401 and 429 change the gate, never an entry.
//!
//! A request takes a [`Pass`] before it starts and hands it back with its outcome. A success counts only if nothing closed
//! the gate after the pass was taken: an answer that was already on its way does not overrule a `Retry-After`.

use crate::{Engine, SyncError, backoff, time};
use guichet_backend::{AuthProblem, BackendError, Retry};
use guichet_domain::outbox::Gate;
use jiff::Timestamp;

/// Sessions lost in a row that are taken for the server's trouble; after these the account is asked to sign in. (An expired
/// session is renewed by the adapter and does not show here: this is one that died again as soon as it was renewed.)
const SESSIONS_LOST: u32 = 3;

/// What the engine remembers of the gate, beyond what is persisted.
#[derive(Debug, Default)]
pub(crate) struct GateMemory {
    /// The persisted gate.
    pub(crate) gate: Gate,
    /// The persisted gate has been read.
    loaded: bool,
    /// Failures in a row.
    failures: u32,
    /// Grows each time the gate closes.
    closings: u64,
    /// Grows at each answer of the server, whatever it was asked.
    answers: u64,
    /// Grows each time somebody signs in: what an earlier session was refused says nothing of the new one.
    sign_ins: u64,
}

/// A request's permission, with the state of the gate it was given in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pass {
    closings: u64,
    sign_ins: u64,
}

impl GateMemory {
    /// The gate after a failure, or `None` when a failure of this kind does not concern it.
    fn after_failure(
        &mut self,
        error: &BackendError,
        now: Timestamp,
        pause: impl FnOnce(u32) -> std::time::Duration,
    ) -> Option<Gate> {
        let retry = match error {
            BackendError::Auth(AuthProblem::SessionLost) if self.failures < SESSIONS_LOST => {
                Retry::Transient { after: None }
            }
            error => error.retry(),
        };
        if retry == Retry::Permanent {
            return None;
        }
        // Several requests that fail together are one failure.
        let still_shut = match &self.gate {
            Gate::Offline { retry_at, .. } => *retry_at > now,
            Gate::BackedOff { until } => *until > now,
            Gate::Open | Gate::AuthRequired { .. } | Gate::Restored { .. } => false,
        };
        if !still_shut {
            self.failures = self.failures.saturating_add(1);
        }
        self.closings += 1;
        let own = pause(self.failures);
        match (retry, &self.gate) {
            // What was asked for while a person decides changes nothing of what is to be decided.
            (_, Gate::Restored { .. }) => None,
            (Retry::Auth, _) => Some(Gate::AuthRequired {
                code: error.code().to_owned(),
            }),
            // Only a person opens this one.
            (_, Gate::AuthRequired { .. }) => None,
            (Retry::Network, Gate::Offline { since, retry_at }) => Some(Gate::Offline {
                since: *since,
                retry_at: if still_shut { *retry_at } else { time::after(now, own) },
            }),
            (Retry::Network, Gate::BackedOff { until }) if still_shut => Some(Gate::BackedOff { until: *until }),
            (Retry::Network, _) => Some(Gate::Offline {
                since: now,
                retry_at: time::after(now, own),
            }),
            (Retry::Transient { after }, previous) => {
                let until = time::after(now, backoff::asked(own, after));
                let until = match previous {
                    Gate::BackedOff { until: earlier } if still_shut => until.max(*earlier),
                    _ => until,
                };
                Some(Gate::BackedOff { until })
            }
            (Retry::Permanent, _) => None,
        }
    }

    /// Whether requests may be made at `now`; `forced` when a person asked to try at once.
    pub(crate) fn permits(&self, now: Timestamp, forced: bool) -> bool {
        match &self.gate {
            Gate::Open => true,
            Gate::Offline { retry_at: at, .. } | Gate::BackedOff { until: at } => forced || *at <= now,
            Gate::AuthRequired { .. } | Gate::Restored { .. } => false,
        }
    }

    /// When the gate is worth another try by itself.
    pub(crate) fn retry_at(&self) -> Option<Timestamp> {
        match &self.gate {
            Gate::Offline { retry_at: at, .. } | Gate::BackedOff { until: at } => Some(*at),
            Gate::Open | Gate::AuthRequired { .. } | Gate::Restored { .. } => None,
        }
    }
}

impl Engine {
    /// Reads the persisted gate once.
    pub(crate) async fn load_gate(&self) -> Result<Gate, SyncError> {
        if !self.gate.lock().loaded {
            let gate = self.db(self.store.gate()).await?;
            let mut memory = self.gate.lock();
            memory.gate = gate;
            memory.loaded = true;
        }
        Ok(self.gate.lock().gate.clone())
    }

    /// A pass for one request (or a round's worth of looking whether the gate closed).
    pub(crate) fn pass(&self) -> Pass {
        let memory = self.gate.lock();
        Pass {
            closings: memory.closings,
            sign_ins: memory.sign_ins,
        }
    }

    /// Whether the gate closed since the pass was taken.
    pub(crate) fn closed_since(&self, pass: Pass) -> bool {
        self.gate.lock().closings != pass.closings
    }

    /// Whether the gate stands open (not merely due for another try).
    pub(crate) fn gate_is_open(&self) -> bool {
        self.gate.lock().gate == Gate::Open
    }

    /// How many answers the server has given so far: evidence that it is alive.
    pub(crate) fn answers(&self) -> u64 {
        self.gate.lock().answers
    }

    /// Takes note of what a request said about the gate: an answer opens it, a failure of the network, the server or the
    /// session closes it. What the failure means for an entry is the pump's business.
    pub(crate) async fn note<T>(&self, pass: Pass, outcome: &Result<T, BackendError>) -> Result<(), SyncError> {
        let changed = {
            let mut memory = self.gate.lock();
            let gate = match outcome {
                Err(BackendError::Auth(_)) if pass.sign_ins != memory.sign_ins => {
                    // The round that was under way ends here all the same.
                    memory.closings += 1;
                    None
                }
                Err(error) if error.retry() != Retry::Permanent => {
                    let mut rng = self.rng.lock();
                    let (min, max) = (self.settings.backoff_min, self.settings.backoff_max);
                    let gate = memory.after_failure(error, self.clock.now(), |failures| {
                        backoff::pause(failures, min, max, &mut *rng)
                    });
                    gate.filter(|gate| *gate != memory.gate)
                }
                _ => {
                    memory.answers += 1;
                    if memory.closings == pass.closings {
                        memory.failures = 0;
                        let shut = memory.gate != Gate::Open && !memory.gate.is_restored();
                        shut.then_some(Gate::Open)
                    } else {
                        None
                    }
                }
            };
            if let Some(gate) = &gate {
                memory.gate = gate.clone();
            }
            gate
        };
        if let Err(error) = outcome {
            self.remember_error(error.code());
        }
        if let Some(gate) = changed {
            tracing::info!(?gate, "gate");
            self.db(self.store.set_gate(&gate)).await?;
            self.steps.reached("gate.persisted").await;
            self.publish_gate(&gate);
        }
        Ok(())
    }

    /// Somebody signed in: opens the gate, unless a person has to decide first what a restored server lost.
    pub(crate) async fn open_gate(&self) -> Result<(), SyncError> {
        self.load_gate().await?;
        let gate = {
            let mut memory = self.gate.lock();
            if !memory.gate.is_restored() {
                memory.gate = Gate::Open;
            }
            memory.failures = 0;
            memory.sign_ins += 1;
            memory.gate.clone()
        };
        self.db(self.store.set_gate(&gate)).await?;
        self.publish_gate(&gate);
        Ok(())
    }

    /// Shuts the gate until a person has decided what becomes of what a restored server lost.
    pub(crate) async fn freeze(&self) -> Result<(), SyncError> {
        let gate = {
            let mut memory = self.gate.lock();
            memory.closings += 1;
            if !memory.gate.is_restored() {
                memory.gate = Gate::Restored {
                    noticed_at: self.clock.now(),
                };
            }
            memory.gate.clone()
        };
        tracing::warn!(?gate, "the server was put back to an earlier state");
        self.db(self.store.set_gate(&gate)).await?;
        self.steps.reached("gate.frozen").await;
        self.remember_error(Gate::RESTORED);
        self.publish_gate(&gate);
        Ok(())
    }

    /// The person decided: the store holds an open gate already.
    pub(crate) fn thaw(&self) {
        let mut memory = self.gate.lock();
        memory.gate = Gate::Open;
        memory.failures = 0;
        drop(memory);
        self.publish_gate(&Gate::Open);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use guichet_backend::{AuthProblem, Delivery};
    use std::time::Duration;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).unwrap()
    }

    fn network() -> BackendError {
        BackendError::Network {
            delivery: Delivery::NotSent,
            message: String::new(),
        }
    }

    fn busy(after: Option<u64>) -> BackendError {
        BackendError::Transient {
            delivery: Delivery::NotSent,
            status: 429,
            after: after.map(Duration::from_secs),
            message: String::new(),
        }
    }

    fn fail(memory: &mut GateMemory, error: &BackendError, now: i64) {
        let gate = memory.after_failure(error, at(now), |failures| Duration::from_secs(u64::from(failures)));
        if let Some(gate) = gate {
            memory.gate = gate;
        }
    }

    #[test]
    fn offline_keeps_the_instant_it_began_and_waits_longer_each_time() {
        let mut memory = GateMemory::default();
        fail(&mut memory, &network(), 0);
        assert_eq!(
            memory.gate,
            Gate::Offline {
                since: at(0),
                retry_at: at(1)
            }
        );
        assert!(!memory.permits(at(0), false));
        assert!(memory.permits(at(0), true), "a person may ask to try at once");
        assert!(memory.permits(at(1), false));
        fail(&mut memory, &network(), 1);
        assert_eq!(
            memory.gate,
            Gate::Offline {
                since: at(0),
                retry_at: at(3)
            }
        );
    }

    #[test]
    fn requests_that_fail_together_are_one_failure() {
        let mut memory = GateMemory::default();
        for _ in 0..4 {
            fail(&mut memory, &network(), 0);
        }
        assert_eq!(memory.failures, 1);
        assert_eq!(
            memory.gate,
            Gate::Offline {
                since: at(0),
                retry_at: at(1)
            }
        );
    }

    #[test]
    fn retry_after_is_obeyed_and_a_network_failure_does_not_shorten_it() {
        let mut memory = GateMemory::default();
        fail(&mut memory, &busy(Some(30)), 0);
        assert_eq!(memory.gate, Gate::BackedOff { until: at(30) });
        fail(&mut memory, &network(), 1);
        assert_eq!(memory.gate, Gate::BackedOff { until: at(30) });
        fail(&mut memory, &busy(None), 2);
        assert_eq!(memory.gate, Gate::BackedOff { until: at(30) });
    }

    #[test]
    fn only_signing_in_opens_an_auth_gate() {
        let mut memory = GateMemory::default();
        fail(&mut memory, &BackendError::Auth(AuthProblem::BadUserToken), 0);
        assert!(matches!(&memory.gate, Gate::AuthRequired { code } if code == "auth_bad_user_token"));
        assert!(!memory.permits(at(1000), true));
        fail(&mut memory, &network(), 5);
        assert!(matches!(memory.gate, Gate::AuthRequired { .. }));
        assert_eq!(memory.retry_at(), None);
    }

    #[test]
    fn a_session_that_dies_again_is_renewed_a_few_times_before_anybody_is_asked() {
        let mut memory = GateMemory::default();
        for now in [0, 10, 20] {
            fail(&mut memory, &BackendError::Auth(AuthProblem::SessionLost), now);
            assert!(matches!(memory.gate, Gate::BackedOff { .. }), "{:?}", memory.gate);
        }
        fail(&mut memory, &BackendError::Auth(AuthProblem::SessionLost), 30);
        assert!(matches!(memory.gate, Gate::AuthRequired { .. }));
    }

    #[test]
    fn nothing_but_a_person_opens_the_gate_of_a_restored_server() {
        let frozen = Gate::Restored { noticed_at: at(0) };
        let mut memory = GateMemory {
            gate: frozen.clone(),
            ..GateMemory::default()
        };
        for error in [network(), busy(Some(5)), BackendError::Auth(AuthProblem::BadUserToken)] {
            fail(&mut memory, &error, 1);
            assert_eq!(memory.gate, frozen);
        }
        assert!(!memory.permits(at(100_000), true));
        assert_eq!(memory.retry_at(), None);
    }

    #[test]
    fn a_refusal_says_nothing_of_the_gate() {
        let mut memory = GateMemory::default();
        fail(&mut memory, &BackendError::NotFound, 0);
        assert_eq!(memory.gate, Gate::Open);
        assert_eq!(memory.closings, 0);
    }
}
