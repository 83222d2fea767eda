//! How much work reading a source takes, counted in steps rather than in time: what a test can hold against the source's
//! length, on any machine. Outside tests nothing is counted.

#[cfg(test)]
thread_local! {
    static STEPS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Notes that this many bytes, frames, runs or attributes were looked at.
#[inline]
pub(super) fn spend(steps: usize) {
    #[cfg(test)]
    STEPS.with(|sum| sum.set(sum.get() + steps as u64));
    #[cfg(not(test))]
    let _ = steps;
}

/// Steps taken by `work`.
#[cfg(test)]
pub(super) fn steps_of(work: impl FnOnce()) -> u64 {
    STEPS.with(|sum| sum.set(0));
    work();
    STEPS.with(std::cell::Cell::get)
}
