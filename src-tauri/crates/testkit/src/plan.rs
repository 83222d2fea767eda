//! What shall go wrong, from a seed: outages, crashes, and the fate of every exchange.

use crate::{Scope, whole::Whole};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::Duration;

/// How long the client waits for a reply.
pub(crate) const CLIENT_TIMEOUT: Duration = Duration::from_secs(8);
/// The server's longest processing time as the engine is configured in a simulation. Every late commit happens before it.
pub(crate) const LONGEST_PROCESSING: Duration = Duration::from_secs(20);
/// How long after the faults stop everything must be drained or its blockage named.
pub(crate) const LIVENESS: Duration = Duration::from_secs(60);

/// One schedule in so many is played to the end of that time, whatever was found before.
const TO_THE_END: u64 = 10;

/// How bad it gets. Drawn once a schedule, so that some schedules are nearly quiet and some are a storm.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The faults and the actors stop then.
    pub(crate) chaos: Duration,
    /// Nothing answers during these.
    pub(crate) outages: Vec<Outage>,
    /// Chance that an exchange that can change something goes wrong.
    write_faults: f64,
    /// Chance that a reading goes wrong.
    read_faults: f64,
    /// Numbers of steps (of the engine and of the network together) at which the process dies.
    pub(crate) crashes: Vec<u64>,
    /// The databases are files, and a crash opens them again.
    pub(crate) on_disk: bool,
    /// GLPI 11 rather than 10.
    pub(crate) eleven: bool,
    /// Gap between two acts of the user and of the colleague, on average.
    pub(crate) user_gap: Duration,
    pub(crate) colleague_gap: Duration,
    /// Lanes driven beside each other.
    pub(crate) concurrency: usize,
    /// The user holds what is submitted, and takes some of it back. Drawn by a generator of its own, in three schedules of
    /// seven: what the others draw, and with them the seeds that once failed, stays what it was.
    pub(crate) holds: Option<ChaCha8Rng>,
    /// The whole minute without faults is played, although everything was found right before: what is right stays right.
    pub(crate) to_the_end: bool,
    /// Faults beyond those of single exchanges, where the schedule has them.
    pub(crate) whole: Option<Whole>,
    rng: ChaCha8Rng,
}

/// A time without an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outage {
    pub(crate) from: Duration,
    pub(crate) until: Duration,
    /// Refused at once, rather than swallowed.
    pub(crate) refused: bool,
}

/// What happens to one exchange.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fate {
    /// Arrives, and the reply arrives.
    Delivered,
    /// No connection: the request certainly did not leave.
    Refused,
    /// The request is lost on its way; the client waits.
    RequestLost,
    /// The connection breaks before the request arrives; the client cannot know.
    CutBefore,
    /// The server does it; the connection breaks before the reply.
    ReplyLost { silently: bool },
    /// The server takes it after so long, when the client has given up; its stamps may be of its arrival.
    Late { after: Duration, old_stamp: bool },
    /// The server holds the commit for so long (a row lock), with the stamps of its arrival, then answers.
    SlowCommit { held: Duration },
    /// The reply's body ends in the middle.
    BodyCut,
    /// The session is gone when it arrives.
    SessionLost,
    /// Too many requests.
    Busy { after: Option<u64> },
    /// The server (or a proxy before it) breaks before or after doing it.
    Broken { status: u16, done: bool },
    /// It arrives twice (only what may be repeated by a proxy: readings, and what carries a unique key).
    Twice,
    /// Signing in is refused for once.
    SignInRefused,
    /// Nothing is done, and the answer says so inside a status of success.
    RefusedInside,
}

impl Plan {
    pub(crate) fn from_seed(seed: u64, scope: Scope) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let chaos = Duration::from_secs(rng.random_range(10..40));
        let storm: f64 = rng.random_range(0.0..1.0);
        let mut outages = Vec::new();
        for _ in 0..rng.random_range(0..3) {
            let from = chaos.mul_f64(rng.random_range(0.0..1.0));
            outages.push(Outage {
                from,
                until: (from + Duration::from_millis(rng.random_range(500..15_000))).min(chaos),
                refused: rng.random_bool(0.5),
            });
        }
        let mut crashes: Vec<u64> = (0..rng.random_range(0_u32..4))
            .map(|_| rng.random_range(5..700))
            .collect();
        // Early crashes hit the first sync and the first operations more often than a uniform draw would.
        if rng.random_bool(0.3) {
            crashes.push(rng.random_range(1..120));
        }
        crashes.sort_unstable();
        Self {
            chaos,
            outages,
            write_faults: 0.6 * storm,
            read_faults: 0.06 * storm,
            crashes,
            on_disk: rng.random_bool(0.02),
            eleven: rng.random_bool(0.5),
            user_gap: Duration::from_millis(rng.random_range(700..5_000)),
            colleague_gap: Duration::from_millis(rng.random_range(1_000..12_000)),
            concurrency: rng.random_range(1..=4),
            holds: matches!(seed % 7, 3 | 4 | 6).then(|| ChaCha8Rng::seed_from_u64(!seed)),
            to_the_end: seed.is_multiple_of(TO_THE_END),
            whole: (scope == Scope::Whole).then(|| Whole::from_seed(seed, chaos)),
            rng,
        }
    }

    /// A generator of its own for one actor.
    pub(crate) fn fork(&mut self) -> ChaCha8Rng {
        ChaCha8Rng::from_rng(&mut self.rng)
    }

    /// The outage in force.
    pub(crate) fn outage(&self, now: Duration) -> Option<Outage> {
        self.outages
            .iter()
            .find(|outage| outage.from <= now && now < outage.until)
            .copied()
    }

    /// How long a message travels.
    pub(crate) fn travel(&mut self, now: Duration) -> Duration {
        let slow = now < self.chaos && self.rng.random_bool(0.03);
        Duration::from_millis(if slow {
            self.rng.random_range(200..3_000)
        } else {
            self.rng.random_range(2..30)
        })
    }

    /// What happens to an exchange that starts now.
    pub(crate) fn fate(&mut self, now: Duration, exchange: Exchange) -> Fate {
        if now >= self.chaos {
            return Fate::Delivered;
        }
        if let Some(outage) = self.outage(now) {
            return if outage.refused {
                Fate::Refused
            } else {
                Fate::RequestLost
            };
        }
        if let Some(whole) = &mut self.whole {
            if whole.finds_no_session() {
                return Fate::SessionLost;
            }
            if whole.refuses_inside(exchange) {
                return Fate::RefusedInside;
            }
        }
        let chance = match exchange {
            Exchange::Write { .. } => self.write_faults,
            Exchange::Read => self.read_faults,
            Exchange::SignIn => self.read_faults,
        };
        if !self.rng.random_bool(chance) {
            return Fate::Delivered;
        }
        let repeatable = !matches!(exchange, Exchange::Write { keyed: false });
        match self.rng.random_range(0..100) {
            0..8 => Fate::Refused,
            8..16 => Fate::RequestLost,
            16..20 => Fate::CutBefore,
            20..42 => Fate::ReplyLost {
                silently: self.rng.random_bool(0.3),
            },
            42..54 => Fate::Late {
                after: Duration::from_millis(self.rng.random_range(8_100..18_000)),
                old_stamp: self.rng.random_bool(0.5),
            },
            54..64 => Fate::SlowCommit {
                held: Duration::from_millis(self.rng.random_range(500..7_000)),
            },
            64..70 => Fate::BodyCut,
            70..78 => Fate::SessionLost,
            78..84 => Fate::Busy {
                after: self.rng.random_bool(0.7).then(|| self.rng.random_range(1..8)),
            },
            84..96 => Fate::Broken {
                status: [500, 502, 503, 504][self.rng.random_range(0..4)],
                done: self.rng.random_bool(0.5),
            },
            96..98 if exchange == Exchange::SignIn => Fate::SignInRefused,
            _ if repeatable => Fate::Twice,
            _ => Fate::ReplyLost { silently: false },
        }
    }

    /// How much of a body arrives.
    pub(crate) fn cut(&mut self, length: usize) -> usize {
        if length == 0 {
            0
        } else {
            self.rng.random_range(0..length)
        }
    }
}

/// What kind of exchange it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exchange {
    Read,
    SignIn,
    /// `keyed`: the server refuses the second of two equal ones.
    Write {
        keyed: bool,
    },
}
