//! What each adapter reads of a supervision's bytes, without its connection: where the fuzzer (`tests/fuzz`) plays the server.

use crate::{centreon, nagios};
use guichet_domain::alert::Problem;
use jiff::{SignedDuration, Timestamp};

/// Whatever its answer's age, it is read.
const EVER: SignedDuration = SignedDuration::MAX;

/// Nagios' `statusjson.cgi`: the same answer as the hosts and as the services.
#[must_use]
pub fn nagios_answer(body: &[u8]) -> Vec<Problem> {
    let _ = nagios::status::host_count(body, EVER);
    let hosts = nagios::status::hosts(body, EVER).unwrap_or_default();
    let services = nagios::status::services(body, EVER).unwrap_or_default();
    nagios::status::problems(hosts, services)
}

/// Centreon's list of resources, and the answer to a sign-in.
#[must_use]
pub fn centreon_answer(body: &[u8], now: Timestamp) -> Vec<Problem> {
    let _ = centreon::wire::token(body);
    let page = centreon::wire::page(body);
    page.map_or_else(
        |_| Vec::new(),
        |page| {
            page.result
                .iter()
                .filter_map(|resource| resource.problem(now))
                .collect()
        },
    )
}
