//! Waiting for the databases on the spot.
//!
//! SQLite works on threads of its own. A task that waited for them in the ordinary way would let virtual time run ahead, or
//! the tasks beside it run first, depending on how busy this machine is. Polled to the end on the spot, a call of the store
//! takes no virtual time and nothing happens beside it: the same seed runs the same way twice.

use std::{
    future::Future,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread::Thread,
};
use tokio::runtime::Runtime;

struct Unparker {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for Unparker {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// Where sqlx's pools put the tasks that give connections back; it must not be the runtime whose thread is waiting.
static BESIDE: LazyLock<Option<Runtime>> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .ok()
});

/// Runs a future to its end on this thread, whatever runtime it is on.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    let _beside = BESIDE.as_ref().map(Runtime::enter);
    let unparker = Arc::new(Unparker {
        thread: std::thread::current(),
        woken: AtomicBool::new(false),
    });
    let waker = Waker::from(Arc::clone(&unparker));
    let mut context = Context::from_waker(&waker);
    // Without this, tokio's own fairness would stop the future for a turn of a scheduler that is not running.
    let mut future = std::pin::pin!(tokio::task::unconstrained(future));
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        while !unparker.woken.swap(false, Ordering::Acquire) {
            std::thread::park();
        }
    }
}
