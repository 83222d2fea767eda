//! How long to wait after failures: jittered, doubling, bounded; and when to look again at an operation in doubt.

use rand::Rng;
use std::time::Duration;

/// Longest pause a server may ask for with `Retry-After`; a larger value is more likely a mistake than a wish.
const LONGEST_ASKED: Duration = Duration::from_secs(3600);

/// The pause after the `failures`-th failure in a row (1 for the first): `min` doubled each time up to `max`, of which a
/// random half is taken away, so that the clients of one server do not come back all at once.
pub(crate) fn pause(failures: u32, min: Duration, max: Duration, rng: &mut impl Rng) -> Duration {
    let doubled = min.saturating_mul(
        1_u32
            .checked_shl(failures.saturating_sub(1).min(16))
            .unwrap_or(u32::MAX),
    );
    doubled.min(max).mul_f64(rng.random_range(0.5..=1.0))
}

/// The pause when the server said how long it wants to be left alone: never shorter than that.
pub(crate) fn asked(own: Duration, asked: Option<Duration>) -> Duration {
    asked.map_or(own, |asked| own.max(asked.min(LONGEST_ASKED)))
}

/// The pause before the next look at an operation in doubt, from how long it has been in doubt: 1 s, 2 s, 5 s, 10 s, then
/// every 30 s. Depends on nothing but the elapsed time, so that it goes on alike after a restart.
pub(crate) fn next_look(in_doubt_for: Duration) -> Duration {
    Duration::from_secs(match in_doubt_for.as_millis() {
        0..1_000 => 1,
        1_000..3_000 => 2,
        3_000..8_000 => 5,
        8_000..18_000 => 10,
        _ => 30,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn rng() -> rand_chacha::ChaCha8Rng {
        rand_chacha::ChaCha8Rng::seed_from_u64(7)
    }

    #[test]
    fn the_pause_doubles_up_to_its_bound_and_is_never_less_than_half() {
        let (min, max) = (Duration::from_secs(1), Duration::from_secs(60));
        let mut rng = rng();
        for (failures, full) in [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (40, 60), (u32::MAX, 60)] {
            for _ in 0..50 {
                let pause = pause(failures, min, max, &mut rng);
                assert!(pause <= Duration::from_secs(full), "{failures} failures: {pause:?}");
                assert!(pause >= Duration::from_secs(full) / 2, "{failures} failures: {pause:?}");
            }
        }
    }

    #[test]
    fn two_clients_do_not_come_back_together() {
        let mut rng = rng();
        let mut draw = || pause(5, Duration::from_secs(1), Duration::from_secs(60), &mut rng);
        assert_ne!(draw(), draw());
    }

    #[test]
    fn what_the_server_asks_for_is_a_minimum_within_reason() {
        let s = Duration::from_secs;
        assert_eq!(asked(s(4), None), s(4));
        assert_eq!(asked(s(4), Some(s(30))), s(30));
        assert_eq!(asked(s(40), Some(s(30))), s(40));
        assert_eq!(asked(s(1), Some(s(86_400))), s(3600));
    }

    #[test]
    fn looks_at_a_doubt_grow_rarer() {
        let looks: Vec<u64> = [0, 1, 2, 4, 9, 20, 300]
            .map(|s| next_look(Duration::from_secs(s)).as_secs())
            .into();
        assert_eq!(looks, [1, 2, 2, 5, 10, 30, 30]);
    }
}
