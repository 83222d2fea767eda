//! One life of the client process: it dies at a planned step, and from then on nothing of it moves.

use crate::{blocking, clock::SimClock, trace::Trace};
use async_trait::async_trait;
use guichet_backend::Clock;
use guichet_sync::Steps;
use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::sync::Notify;

/// Counts steps over all lives of one schedule.
#[derive(Debug, Default)]
pub(crate) struct StepCounter(AtomicU64);

/// One life.
#[derive(Debug)]
pub(crate) struct Life {
    counter: Arc<StepCounter>,
    /// The step at which this life ends, counted over all lives.
    dies_at: Option<u64>,
    dead: AtomicBool,
    died: Notify,
    clock: SimClock,
    /// Nothing dies after this.
    chaos: Duration,
    trace: Trace,
}

impl Life {
    pub(crate) fn new(
        counter: Arc<StepCounter>,
        dies_at: Option<u64>,
        clock: SimClock,
        chaos: Duration,
        trace: Trace,
    ) -> Self {
        Self {
            counter,
            dies_at,
            dead: AtomicBool::new(false),
            died: Notify::new(),
            clock,
            chaos,
            trace,
        }
    }

    /// A step was reached; never returns when it was the last.
    pub(crate) async fn step(&self, step: &'static str) {
        let number = self.counter.0.fetch_add(1, Ordering::Relaxed) + 1;
        if !step.starts_with("network") {
            self.trace.add(self.clock.now(), format_args!("step {number} {step}"));
        }
        let last = self.dies_at.is_some_and(|last| number >= last) && self.clock.elapsed() < self.chaos;
        if last && !self.dead.swap(true, Ordering::Relaxed) {
            self.trace
                .add(self.clock.now(), format_args!("CRASH at step {number} ({step})"));
            self.trace.count_crash();
            self.died.notify_one();
        }
        if self.dead.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }

    /// Waits for the end of this life.
    pub(crate) async fn end(&self) {
        self.died.notified().await;
    }
}

#[async_trait]
impl Steps for Life {
    async fn reached(&self, step: &'static str) {
        self.step(step).await;
    }

    fn poll_store(&self, call: Pin<&mut (dyn Future<Output = ()> + Send)>, _context: &mut Context<'_>) -> Poll<()> {
        if self.dead.load(Ordering::Relaxed) {
            return Poll::Pending;
        }
        blocking::wait(call);
        Poll::Ready(())
    }
}
