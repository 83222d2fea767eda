//! How long to wait before the next try to reach a PBX: doubling, bounded, jittered, so that the desks of one help desk do
//! not come back all at once after its PBX was restarted.

use rand::Rng;
use std::time::Duration;

/// The pause after the `failures`-th failure in a row (1 for the first): `min` doubled each time up to `max`, of which a random
/// half is taken away.
#[must_use]
pub fn pause(failures: u32, min: Duration, max: Duration, rng: &mut impl Rng) -> Duration {
    let factor = 1_u32 << failures.saturating_sub(1).min(16);
    min.saturating_mul(factor).min(max).mul_f64(rng.random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn the_pause_doubles_up_to_its_bound_and_is_never_less_than_half() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
        for (failures, full) in [(1, 1), (2, 2), (5, 16), (6, 30), (60, 30), (u32::MAX, 30)] {
            for _ in 0..50 {
                let pause = pause(failures, Duration::from_secs(1), Duration::from_secs(30), &mut rng);
                assert!(pause <= Duration::from_secs(full), "{failures}: {pause:?}");
                assert!(pause >= Duration::from_secs(full) / 2, "{failures}: {pause:?}");
            }
        }
    }
}
