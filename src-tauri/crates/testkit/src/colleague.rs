//! Another technician and an administrator, at work on the same tickets.

use crate::network::Server;
use guichet_backend::Clock;
use guichet_sandbox::Act;
use rand::{Rng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use std::time::Duration;

/// Acts at random times until the faults stop.
pub(crate) async fn work(server: Server, mut rng: ChaCha8Rng, gap: Duration, until: Duration) {
    let mut written = 0;
    let mut binned: Vec<i64> = Vec::new();
    loop {
        let pause = gap.mul_f64(-rng.random_range(0.001_f64..1.0).ln());
        tokio::time::sleep(pause.min(Duration::from_secs(30))).await;
        if server.clock.elapsed() >= until {
            return;
        }
        written += 1;
        let act = choose(&server, &mut rng, written, &mut binned);
        let Some(act) = act else { continue };
        let now = server.clock.now();
        let outcome = server.glpi().act(&act, server.stamps.now());
        server.trace.add(now, format_args!("colleague: {act:?} -> {outcome:?}"));
        if matches!(act, Act::Rights { .. }) {
            // Sessions keep their old rights until they end; here they end.
            server.glpi().lose_sessions();
        }
    }
}

fn choose(server: &Server, rng: &mut ChaCha8Rng, n: u32, binned: &mut Vec<i64>) -> Option<Act> {
    let glpi = server.glpi();
    let ticket = *glpi.tickets().choose(rng)?;
    let text = format!("<p>Collègue {n} : vu &amp; noté</p>");
    Some(match rng.random_range(0..100) {
        0..22 => {
            let (field, value) = match rng.random_range(0..6) {
                0 => ("urgency", json!(rng.random_range(1..=5))),
                1 => ("impact", json!(rng.random_range(1..=5))),
                2 => ("name", json!(format!("Titre du collègue {n}"))),
                3 => ("content", json!(text)),
                4 => ("status", json!(4)),
                _ => ("itilcategories_id", json!(rng.random_range(1..=3))),
            };
            Act::Edit {
                ticket,
                field: field.to_owned(),
                value,
            }
        }
        22..40 => Act::Followup {
            ticket,
            text,
            private: rng.random_bool(0.3),
        },
        40..46 => Act::EditFollowup {
            followup: *glpi.on_ticket("ITILFollowup", ticket).choose(rng)?,
            text,
        },
        46..52 => Act::DeleteFollowup {
            followup: *glpi.on_ticket("ITILFollowup", ticket).choose(rng)?,
        },
        52..58 => Act::Task { ticket, text },
        58..64 => Act::Solve { ticket, text },
        64..67 => Act::EditSolution {
            solution: *glpi.on_ticket("ITILSolution", ticket).choose(rng)?,
            text,
        },
        67..72 => Act::Assign {
            ticket,
            user: glpi.user_id(["glpi", "tech1", "tech2"].choose(rng)?)?,
        },
        72..76 => Act::Open {
            title: format!("Ouvert par le collègue {n}"),
            text,
            requester: None,
        },
        76..79 => Act::Close { ticket },
        79..84 => {
            binned.push(ticket);
            Act::Bin { ticket }
        }
        84..88 => {
            let place = rng.random_range(0..binned.len().max(1));
            if place >= binned.len() {
                return None;
            }
            Act::Restore {
                ticket: binned.swap_remove(place),
            }
        }
        88..91 => Act::Purge { ticket },
        91..95 => Act::Move {
            ticket,
            // The last one is out of the technicians' sight.
            entity: rng.random_range(1..=4),
        },
        95..97 => {
            let mut entities: Vec<(i64, bool)> = (0..=4)
                .filter(|_| rng.random_bool(0.7))
                .map(|entity| (entity, entity != 0))
                .collect();
            if entities.is_empty() {
                // An account without a profile cannot sign in at all.
                entities.push((1, true));
            }
            Act::Rights {
                login: guichet_sandbox::options::TECHNICIAN.to_owned(),
                entities,
                lists: rng.random_bool(0.3),
            }
        }
        _ => {
            drop(glpi);
            server.glpi().lose_sessions();
            return None;
        }
    })
}
