//! People, with their addresses and memberships, which GLPI keeps in tables of their own, and the VIP mark, which it does
//! not keep at all.

use crate::{
    backend::GlpiBackend,
    client::Failure,
    config::VipRule,
    pull::{empty_page, fingerprint, is_due, read_cursor, resting_page, walk::Walk, write_cursor},
    wire::Row,
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use guichet_backend::{BackendError, Cursor, Page};
use guichet_domain::{catalogue::Availability, people::Person, record::Record};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Rows of the narrow tables (addresses, memberships) asked for at once.
const NARROW_PAGE: u64 = 5000;
/// Changed people beyond which the narrow tables are read whole rather than person by person.
const MANY_CHANGED: usize = 40;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    walk: Walk,
    /// The first reading is over.
    complete: bool,
    /// Newest change when it began, or when changes were last looked for.
    watermark: Option<i64>,
    /// Newest rows of the narrow tables then: memberships and addresses do not move their person's date.
    newest_email: i64,
    newest_membership: i64,
    /// People read inside the window.
    seen: BTreeMap<i64, String>,
    /// When changes were last looked for (epoch seconds, our clock).
    looked: Option<i64>,
    /// Fingerprint of what makes a VIP: when it changes, everybody is read again.
    vip: String,
    /// It was refused.
    refused: bool,
}

/// What the narrow tables say, by person.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    emails: BTreeMap<i64, Vec<String>>,
    groups: BTreeMap<i64, Vec<i64>>,
    newest_email: i64,
    newest_membership: i64,
}

impl GlpiBackend {
    pub(crate) async fn pull_people(&self, cursor: Option<&Cursor>) -> Result<Page, BackendError> {
        let position: Position = read_cursor(cursor);
        if position.complete {
            self.changed_people(position).await
        } else {
            self.all_people(position).await
        }
        .map_err(BackendError::from)
    }

    async fn all_people(&self, mut position: Position) -> Result<Page, Failure> {
        let vip = self.vip_groups().await?;
        if position.watermark.is_none() {
            match self.newest_change("User").await {
                Ok(watermark) => position.watermark = Some(watermark),
                Err(Failure::Refused(refusal)) if refusal.is_forbidden() => {
                    position = Position {
                        complete: true,
                        refused: true,
                        looked: Some(self.client.now().as_second()),
                        ..Position::default()
                    };
                    return Ok(empty_page(&position, Availability::Forbidden));
                }
                Err(other) => return Err(other),
            }
            position.vip = self.vip_print(&vip);
            *self.crowd.lock().await = None;
        }
        let crowd = self.crowd().await?;
        let step = self
            .step("User", &expanded(), &position.walk, u64::from(self.config.ticket_page))
            .await?;
        let facts = self.facts().await?;
        let records = step
            .rows
            .iter()
            .map(|row| Record::Person(Box::new(self.person(row, &crowd, &vip, &facts))))
            .collect();
        let total = step.total.unwrap_or(step.walk.offset).max(step.walk.offset);
        let progress = Some((step.walk.offset.min(total), total));
        position.walk = step.walk;
        if step.done {
            position.complete = true;
            position.looked = Some(self.client.now().as_second());
            position.newest_email = crowd.newest_email;
            position.newest_membership = crowd.newest_membership;
            *self.crowd.lock().await = None;
        }
        Ok(Page {
            records,
            removals: Vec::new(),
            cursor: write_cursor(&position),
            more: !step.done,
            complete: step.done,
            progress,
            availability: Availability::Available,
            asked: true,
        })
    }

    async fn changed_people(&self, mut position: Position) -> Result<Page, Failure> {
        let now = self.client.now();
        let availability = if position.refused {
            Availability::Forbidden
        } else {
            Availability::Available
        };
        if !is_due(position.looked, now, self.config.slow_interval) {
            return Ok(resting_page(&position, availability));
        }
        let vip = self.vip_groups().await?;
        if position.refused || position.vip != self.vip_print(&vip) {
            // Rights may have been given, or other people are VIPs now: from the beginning.
            return self.all_people(Position::default()).await;
        }
        let facts = self.facts().await?;
        let known = position.watermark.unwrap_or(0);
        let changes = self.changed_rows("User", &expanded(), known, &facts.zone).await?;
        let mut seen = BTreeMap::new();
        let mut changed: BTreeMap<i64, Option<Row>> = BTreeMap::new();
        for row in &changes.rows {
            let stamp = row
                .str("date_mod")
                .and_then(|naive| facts.zone.earliest(naive))
                .map(Timestamp::as_second);
            position.watermark = position.watermark.max(stamp);
            let print = fingerprint(&row.0);
            if position.seen.get(&row.id()) != Some(&print) {
                changed.insert(row.id(), Some(row.clone()));
            }
            seen.insert(row.id(), print);
        }
        position.watermark = position.watermark.map(|newest| changes.watermark(newest));
        position.seen = seen;
        for (table, newest) in [
            ("UserEmail", &mut position.newest_email),
            ("Group_User", &mut position.newest_membership),
        ] {
            for row in self.rows_above(table, *newest).await? {
                *newest = (*newest).max(row.id());
                if let Some(user) = row.key("users_id") {
                    changed.entry(user).or_insert(None);
                }
            }
        }
        let many = changed.len() > MANY_CHANGED;
        let crowd = if many {
            Some(Arc::new(self.read_crowd().await?))
        } else {
            None
        };
        let crowd = crowd.as_ref();
        let (facts, vip) = (&facts, &vip);
        let people: Vec<Option<Person>> = stream::iter(changed)
            .map(|(id, row)| async move {
                let row = match row {
                    Some(row) => row,
                    None => match self.client.item_with("User", id, &expanded()).await {
                        Ok((row, _)) => row,
                        Err(Failure::Refused(refusal)) if refusal.is_missing() || refusal.is_forbidden() => {
                            return Ok(None);
                        }
                        Err(other) => return Err(other),
                    },
                };
                let own;
                let crowd = match crowd {
                    Some(crowd) => crowd.as_ref(),
                    None => {
                        own = self.crowd_of(id).await?;
                        &own
                    }
                };
                Ok::<_, Failure>(Some(self.person(&row, crowd, vip, facts)))
            })
            .buffered(self.config.concurrency.max(1))
            .try_collect()
            .await?;
        position.looked = Some(now.as_second());
        Ok(Page {
            records: people
                .into_iter()
                .flatten()
                .map(|person| Record::Person(Box::new(person)))
                .collect(),
            removals: Vec::new(),
            cursor: write_cursor(&position),
            more: false,
            complete: true,
            progress: None,
            availability,
            asked: true,
        })
    }

    /// Rows of a table numbered above one, newest first.
    async fn rows_above(&self, table: &str, newest: i64) -> Result<Vec<Row>, Failure> {
        let mut walk = Walk::default();
        let mut found = Vec::new();
        loop {
            let step = match self.step(table, &[], &walk, 100).await {
                Ok(step) => step,
                Err(Failure::Refused(refusal)) if refusal.is_forbidden() => return Ok(found),
                Err(other) => return Err(other),
            };
            let reached = step.rows.iter().any(|row| row.id() <= newest);
            found.extend(step.rows.into_iter().filter(|row| row.id() > newest));
            if reached || step.done {
                return Ok(found);
            }
            walk = step.walk;
        }
    }

    /// Everybody's addresses and memberships, read once for a reading of all people.
    async fn crowd(&self) -> Result<Arc<Crowd>, Failure> {
        let mut kept = self.crowd.lock().await;
        if let Some(crowd) = kept.as_ref() {
            return Ok(Arc::clone(crowd));
        }
        let crowd = Arc::new(self.read_crowd().await?);
        *kept = Some(Arc::clone(&crowd));
        Ok(crowd)
    }

    async fn read_crowd(&self) -> Result<Crowd, Failure> {
        let (emails, memberships) = futures::try_join!(self.narrow("UserEmail"), self.narrow("Group_User"))?;
        Ok(Crowd::from_rows(&emails, &memberships))
    }

    async fn narrow(&self, table: &str) -> Result<Vec<Row>, Failure> {
        match self.client.all(table, &[], NARROW_PAGE).await {
            Err(Failure::Refused(refusal)) if refusal.is_forbidden() => Ok(Vec::new()),
            other => other,
        }
    }

    /// One person's addresses and memberships.
    pub(crate) async fn crowd_of(&self, user: i64) -> Result<Crowd, Failure> {
        let (email_path, group_path) = (format!("User/{user}/UserEmail"), format!("User/{user}/Group_User"));
        let (emails, memberships) = futures::try_join!(self.narrow(&email_path), self.narrow(&group_path))?;
        Ok(Crowd::from_rows(&emails, &memberships))
    }

    pub(crate) fn person(&self, row: &Row, crowd: &Crowd, vip: &BTreeSet<i64>, facts: &crate::facts::Facts) -> Person {
        let groups = crowd.groups.get(&row.id()).cloned().unwrap_or_default();
        let emails = crowd.emails.get(&row.id()).cloned().unwrap_or_default();
        let is_vip = self.config.vip_rules.iter().any(|rule| match rule {
            VipRule::UserCategory { id } => row.key("usercategories_id") == Some(*id),
            VipRule::Group { id } => groups.contains(id),
            VipRule::Plugin => groups.iter().any(|group| vip.contains(group)),
        });
        self.reader(facts).person(row, emails, groups, is_vip)
    }

    /// Groups whose members are VIPs: the configured ones, and those the plugin "vip" marks where it answers.
    pub(crate) async fn vip_groups(&self) -> Result<BTreeSet<i64>, Failure> {
        let mut groups = BTreeSet::new();
        for rule in &self.config.vip_rules {
            match rule {
                VipRule::UserCategory { .. } => {}
                VipRule::Group { id } => {
                    groups.insert(*id);
                }
                VipRule::Plugin => match self.client.all("PluginVipGroup", &[], NARROW_PAGE).await {
                    // The plugin's rows carry their group's own number.
                    Ok(rows) => groups.extend(rows.iter().filter(|row| row.flag("isvip")).map(Row::id)),
                    Err(Failure::Refused(_)) => {}
                    Err(other) => return Err(other),
                },
            }
        }
        Ok(groups)
    }

    fn vip_print(&self, groups: &BTreeSet<i64>) -> String {
        fingerprint(&(&self.config.vip_rules, groups))
    }
}

/// Names of what people point to: titles are in a list that nothing else reads, sites and categories in lists that the
/// stock Technician profile is refused.
/// (Recorded on lists only. A server that passed over it on a single row would give that row without the names.)
pub(super) fn expanded() -> Vec<(&'static str, String)> {
    ["usertitles_id", "locations_id", "usercategories_id"]
        .into_iter()
        .map(|field| ("add_keys_names[]", field.to_owned()))
        .collect()
}

impl Crowd {
    fn from_rows(emails: &[Row], memberships: &[Row]) -> Self {
        let mut by_user: BTreeMap<i64, Vec<(bool, i64, String)>> = BTreeMap::new();
        for row in emails {
            if let (Some(user), Some(email)) = (row.key("users_id"), row.filled("email")) {
                by_user
                    .entry(user)
                    .or_default()
                    .push((!row.flag("is_default"), row.id(), email.trim().to_owned()));
            }
        }
        let emails_of = by_user
            .into_iter()
            .map(|(user, mut list)| {
                list.sort();
                (user, list.into_iter().map(|(.., email)| email).collect())
            })
            .collect();
        let mut groups: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        for row in memberships {
            if let (Some(user), Some(group)) = (row.key("users_id"), row.key("groups_id")) {
                groups.entry(user).or_default().push(group);
            }
        }
        for list in groups.values_mut() {
            list.sort_unstable();
            list.dedup();
        }
        let newest = |rows: &[Row]| rows.iter().map(Row::id).max().unwrap_or(0);
        Self {
            emails: emails_of,
            groups,
            newest_email: newest(emails),
            newest_membership: newest(memberships),
        }
    }
}
