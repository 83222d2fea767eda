//! The tickets' history, from GLPI's `Log`: the one place that dates waits and assignments (`waiting_duration` is not to be
//! trusted, and actors carry no date).
//!
//! `Log` is one table for all of GLPI, append-only and numbered upwards. It is walked from the newest line down to the last
//! one that a finished walk saw; lines of other things than tickets are passed over here, as a filter of the API
//! (`searchText`) is a "contains" and would let `RuleTicket` through anyway. It needs the right `logs`, which a stock
//! technician has not: that is remembered for an hour, and never an error.

use crate::{
    backend::GlpiBackend,
    client::Failure,
    pull::{is_due, read_cursor, walk::Walk, write_cursor},
    read::{Reader, status},
    wire::Row,
};
use guichet_backend::{BackendError, Cursor, HistoryPage};
use guichet_domain::{
    GroupId, TicketId, UserId,
    catalogue::Availability,
    history::{HistoryChange, HistoryEvent, HistoryParty},
    ticket::Role,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Lines asked for to see whether anything came: an idle round costs one request of this size.
const FIRST_PAGE: u32 = 50;
/// How long a refusal is believed.
const REFUSED_FOR: Duration = Duration::from_secs(3600);

/// GLPI's `linked_action`s (`Log::HISTORY_…`); a plain change of a field is 0.
const FIELD_CHANGED: i64 = 0;
const ITEM_BINNED: i64 = 13;
const ITEM_RESTORED: i64 = 14;
const RELATION_ADDED: i64 = 15;
const RELATION_REMOVED: i64 = 16;
/// The search option of a ticket's status.
const STATUS_OPTION: i64 = 12;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    /// Everything up to this line has been read.
    known: Option<i64>,
    /// The newest line of the walk that goes on.
    top: Option<i64>,
    /// Where that walk stands.
    walk: Option<Walk>,
    /// When it was refused (epoch seconds, our clock).
    refused: Option<i64>,
}

impl GlpiBackend {
    /// One page of the history; see [`guichet_backend::Backend::history`].
    pub(crate) async fn pull_history(
        &self,
        cursor: Option<&Cursor>,
        horizon: Timestamp,
    ) -> Result<HistoryPage, BackendError> {
        let mut position: Position = read_cursor(cursor);
        let now = self.client.now();
        if position.refused.is_some() && !is_due(position.refused, now, REFUSED_FOR) {
            return Ok(refused_page(&position, false));
        }
        let facts = self.facts().await?;
        let walk = position.walk.take().unwrap_or_default();
        let page = match (position.known, walk.lowest) {
            (Some(_), None) => FIRST_PAGE.min(self.config.detail_page),
            _ => self.config.detail_page,
        };
        let step = match self.step("Log", &[], &walk, u64::from(page)).await {
            Ok(step) => step,
            Err(Failure::Refused(refusal)) if refusal.is_forbidden() => {
                position.refused = Some(now.as_second());
                // What was read stays known; a walk that was cut off begins again at the top.
                position.top = None;
                return Ok(refused_page(&position, true));
            }
            Err(other) => return Err(other.into()),
        };
        position.refused = None;
        position.top = position.top.max(step.rows.iter().map(Row::id).max());

        let reader = self.reader(&facts);
        let mut changes = Vec::new();
        let mut met = step.done;
        for row in &step.rows {
            let known = position.known.is_some_and(|known| row.id() <= known);
            // The latest reading of an hour that comes twice: rather a line too many than one too few.
            let old = position.known.is_none()
                && row
                    .str("date_mod")
                    .and_then(|naive| facts.zone.latest(naive))
                    .is_some_and(|at| at < horizon);
            if known || old {
                met = true;
                break;
            }
            changes.extend(reader.history(row));
        }
        if met {
            position.known = position.known.max(position.top.take());
        } else {
            position.walk = Some(step.walk);
        }
        Ok(HistoryPage {
            changes,
            cursor: write_cursor(&position),
            more: !met,
            complete: met,
            availability: Availability::Available,
            asked: true,
        })
    }
}

fn refused_page(position: &Position, asked: bool) -> HistoryPage {
    HistoryPage {
        changes: Vec::new(),
        cursor: write_cursor(position),
        more: false,
        complete: false,
        availability: Availability::Forbidden,
        asked,
    }
}

impl Reader<'_> {
    /// A line of `Log`, if it is a ticket's and says something that counts.
    pub(crate) fn history(&self, row: &Row) -> Option<HistoryChange> {
        if row.str("itemtype") != Some("Ticket") {
            return None;
        }
        let option = row.int("id_search_option").unwrap_or(0);
        let what = match row.int("linked_action")? {
            FIELD_CHANGED if option == STATUS_OPTION => HistoryEvent::Status {
                from: status(Some(row.int("old_value")?)),
                to: status(Some(row.int("new_value")?)),
            },
            RELATION_ADDED => {
                let (party, role) = part(row, option, "new_id", "new_value")?;
                HistoryEvent::Joined { party, role }
            }
            RELATION_REMOVED => {
                let (party, role) = part(row, option, "old_id", "old_value")?;
                HistoryEvent::Parted { party, role }
            }
            ITEM_BINNED => HistoryEvent::Trashed,
            ITEM_RESTORED => HistoryEvent::Restored,
            _ => return None,
        };
        Some(HistoryChange {
            id: row.key("id")?,
            ticket: TicketId(row.key("items_id")?),
            at: self.time(row, "date_mod")?,
            what,
        })
    }
}

/// Who a relation is about, and as what.
fn part(row: &Row, option: i64, id_field: &str, text_field: &str) -> Option<(HistoryParty, Option<Role>)> {
    let id = row.key(id_field).or_else(|| row.str(text_field).and_then(trailing_id));
    let party = match row.str("itemtype_link")? {
        "User" => HistoryParty::User { id: UserId(id?) },
        "Group" => HistoryParty::Group { id: GroupId(id?) },
        _ => return None,
    };
    Some((party, role_of(option)))
}

/// The number at the end of "Mercier Raphaëlle (39)". A name may have parentheses of its own: the last ones count.
fn trailing_id(text: &str) -> Option<i64> {
    let (_, tail) = text.trim_end().strip_suffix(')')?.rsplit_once('(')?;
    tail.parse().ok().filter(|id| *id > 0)
}

/// The part that a ticket's search option stands for (people 4, 5, 66; groups 71, 8, 65). GLPI writes 0 where it did not
/// record it.
fn role_of(option: i64) -> Option<Role> {
    match option {
        4 | 71 => Some(Role::Requester),
        5 | 8 => Some(Role::Assigned),
        65 | 66 => Some(Role::Observer),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{role_of, trailing_id};
    use guichet_domain::ticket::Role;

    #[test]
    fn a_number_is_read_from_the_end_of_a_name() {
        assert_eq!(trailing_id("Mercier Raphaëlle (39)"), Some(39));
        assert_eq!(trailing_id("Support (Lyon) (7)"), Some(7));
        assert_eq!(trailing_id("Support (Lyon)"), None);
        assert_eq!(trailing_id("nobody (0)"), None);
        assert_eq!(trailing_id(""), None);
    }

    #[test]
    fn an_option_that_says_no_part_is_no_part() {
        assert_eq!(role_of(0), None);
        assert_eq!(role_of(8), Some(Role::Assigned));
    }
}
