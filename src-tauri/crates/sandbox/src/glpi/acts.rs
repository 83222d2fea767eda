//! What other people do to the same data: a colleague who edits and answers, an administrator who bins, purges, moves
//! tickets and changes rights. They go through the same rules and the same journal as a client's requests.

use super::{
    Glpi,
    cell::Cell,
    journal::Author,
    rights,
    schema::Kind,
    write::{Pen, Refused},
};
use crate::options::{ADMIN, COLLEAGUE};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One act of somebody else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    /// A colleague sets a field of a ticket.
    Edit {
        /// Which ticket.
        ticket: i64,
        /// GLPI's name of the column.
        field: String,
        /// What it shall be.
        value: Value,
    },
    /// A colleague adds a follow-up.
    Followup {
        /// On which ticket.
        ticket: i64,
        /// What it says (HTML).
        text: String,
        /// Hidden from the requester.
        #[serde(default)]
        private: bool,
    },
    /// A colleague edits a follow-up.
    EditFollowup {
        /// Which follow-up.
        followup: i64,
        /// What it says now.
        text: String,
    },
    /// An administrator deletes a follow-up.
    DeleteFollowup {
        /// Which follow-up.
        followup: i64,
    },
    /// A colleague adds a task.
    Task {
        /// On which ticket.
        ticket: i64,
        /// What it says (HTML).
        text: String,
    },
    /// A colleague solves a ticket.
    Solve {
        /// Which ticket.
        ticket: i64,
        /// The solution (HTML).
        text: String,
    },
    /// A colleague edits a solution's text: the ticket's stamp does not move.
    EditSolution {
        /// Which solution.
        solution: i64,
        /// What it says now.
        text: String,
    },
    /// A colleague puts somebody in charge.
    Assign {
        /// Which ticket.
        ticket: i64,
        /// Whom.
        user: i64,
    },
    /// A colleague opens a ticket.
    Open {
        /// Its title.
        title: String,
        /// What it says (HTML).
        text: String,
        /// For whom.
        #[serde(default)]
        requester: Option<i64>,
    },
    /// An administrator closes a ticket.
    Close {
        /// Which ticket.
        ticket: i64,
    },
    /// An administrator puts a ticket in the bin.
    Bin {
        /// Which ticket.
        ticket: i64,
    },
    /// An administrator takes a ticket out of the bin.
    Restore {
        /// Which ticket.
        ticket: i64,
    },
    /// An administrator removes a ticket for good.
    Purge {
        /// Which ticket.
        ticket: i64,
    },
    /// An administrator moves a ticket to another entity.
    Move {
        /// Which ticket.
        ticket: i64,
        /// Where to.
        entity: i64,
    },
    /// An administrator renames a category: no ticket's stamp moves.
    RenameCategory {
        /// Which category.
        category: i64,
        /// Its new name.
        name: String,
    },
    /// An administrator deletes an article.
    DeleteArticle {
        /// Which article.
        article: i64,
    },
    /// An administrator changes what an account may see; sessions notice at the next login only.
    Rights {
        /// Whose.
        login: String,
        /// Entities, each with those below it or not.
        entities: Vec<(i64, bool)>,
        /// May read the dropdown lists.
        #[serde(default)]
        lists: bool,
    },
}

/// Why an act did not happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// No such row.
    #[error("there is no such row")]
    Missing,
    /// The server's rules forbid it.
    #[error("refused: {0}")]
    Refused(String),
}

impl From<Refused> for ActError {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused.0.as_str().unwrap_or_default().to_owned())
    }
}

impl Glpi {
    /// Somebody else does something; gives the number of the row it is about.
    ///
    /// # Errors
    /// When the row is not there or the server's rules refuse it.
    pub fn act(&mut self, act: &Act, now: Timestamp) -> Result<i64, ActError> {
        let colleague = self.pen_of(COLLEAGUE, now)?;
        let admin = self.pen_of(ADMIN, now)?;
        match act {
            Act::Edit { ticket, field, value } => {
                self.edit(&colleague, Kind::Ticket, *ticket, &json!({ field.as_str(): value }))
            }
            Act::Followup { ticket, text, private } => {
                let input = json!({ "itemtype": "Ticket", "items_id": ticket, "content": text, "is_private": i64::from(*private) });
                Ok(self.add(&colleague, Kind::ItilFollowup, &input, None)?.0)
            }
            Act::EditFollowup { followup, text } => {
                self.edit(&colleague, Kind::ItilFollowup, *followup, &json!({ "content": text }))
            }
            Act::DeleteFollowup { followup } => self.take(&admin, Kind::ItilFollowup, *followup, false),
            Act::Task { ticket, text } => {
                let input = json!({ "tickets_id": ticket, "content": text, "state": 1 });
                Ok(self.add(&colleague, Kind::TicketTask, &input, None)?.0)
            }
            Act::Solve { ticket, text } => {
                let input = json!({ "itemtype": "Ticket", "items_id": ticket, "content": text });
                Ok(self.add(&colleague, Kind::ItilSolution, &input, None)?.0)
            }
            Act::EditSolution { solution, text } => {
                self.edit(&colleague, Kind::ItilSolution, *solution, &json!({ "content": text }))
            }
            Act::Assign { ticket, user } => {
                let input = json!({ "tickets_id": ticket, "users_id": user, "type": 2 });
                self.add(&colleague, Kind::TicketUser, &input, None)?;
                Ok(*ticket)
            }
            Act::Open { title, text, requester } => {
                let mut input = json!({ "name": title, "content": text });
                if let Some(requester) = requester {
                    input["_users_id_requester"] = json!(requester);
                }
                Ok(self.add(&colleague, Kind::Ticket, &input, None)?.0)
            }
            Act::Close { ticket } => self.edit(&admin, Kind::Ticket, *ticket, &json!({ "status": 6 })),
            Act::Bin { ticket } => self.take(&admin, Kind::Ticket, *ticket, false),
            Act::Restore { ticket } => self.edit(&admin, Kind::Ticket, *ticket, &json!({ "is_deleted": 0 })),
            Act::Purge { ticket } => self.take(&admin, Kind::Ticket, *ticket, true),
            Act::Move { ticket, entity } => self.edit(&admin, Kind::Ticket, *ticket, &json!({ "entities_id": entity })),
            Act::RenameCategory { category, name } => {
                self.edit(&admin, Kind::ItilCategory, *category, &json!({ "name": name }))
            }
            Act::DeleteArticle { article } => self.take(&admin, Kind::KnowbaseItem, *article, true),
            Act::Rights { login, entities, lists } => self.grant(&admin, login, entities, *lists),
        }
    }

    fn pen_of(&self, login: &str, now: Timestamp) -> Result<Pen, ActError> {
        let user = self.user_named(login).ok_or(ActError::Missing)?;
        Ok(Pen {
            session: self.open_session(user),
            now,
            author: Author::Colleague,
        })
    }

    fn edit(&mut self, pen: &Pen, kind: Kind, id: i64, input: &Value) -> Result<i64, ActError> {
        if !self.db.table(kind).has(id) {
            return Err(ActError::Missing);
        }
        self.update(pen, kind, id, input)?;
        Ok(id)
    }

    fn take(&mut self, pen: &Pen, kind: Kind, id: i64, purge: bool) -> Result<i64, ActError> {
        if !self.db.table(kind).has(id) {
            return Err(ActError::Missing);
        }
        self.remove(pen, kind, id, purge)?;
        Ok(id)
    }

    fn grant(&mut self, pen: &Pen, login: &str, entities: &[(i64, bool)], lists: bool) -> Result<i64, ActError> {
        let user = self.user_named(login).ok_or(ActError::Missing)?;
        for link in self.db.on(Kind::ProfileUser, Kind::User, user) {
            self.remove(pen, Kind::ProfileUser, link, true)?;
        }
        let profile = if lists {
            rights::TECHNICIAN_WITH_LISTS
        } else {
            rights::TECHNICIAN
        };
        for (entity, recursive) in entities {
            let input = json!({ "users_id": user, "profiles_id": profile, "entities_id": entity, "is_recursive": i64::from(*recursive) });
            self.add(pen, Kind::ProfileUser, &input, None)?;
        }
        Ok(user)
    }

    /// Numbers of the tickets that are there and not in the bin, ascending; of the closed ones too.
    #[must_use]
    pub fn tickets(&self) -> Vec<i64> {
        self.db
            .ids(Kind::Ticket, |id, _| self.db.int(Kind::Ticket, id, "is_deleted") == 0)
    }

    /// A value as the database holds it, unencoded: numbers and instants (seconds since 1970 UTC) as numbers. For tests
    /// that compare the mirror with the truth.
    #[must_use]
    pub fn peek(&self, itemtype: &str, id: i64, column: &str) -> Option<Value> {
        let kind = Kind::named(itemtype)?;
        let table = self.db.table(kind);
        let row = table.row(id)?;
        Some(match table.cell_of(row, table.schema.column(column)?) {
            Cell::Null => Value::Null,
            Cell::Int(n) | Cell::Time(n) => json!(n),
            cell @ (Cell::Text(_) | Cell::Made(_)) => json!(self.db.written(&cell).as_deref().unwrap_or_default()),
        })
    }

    /// Numbers of the rows of `itemtype` hanging on a ticket, ascending.
    #[must_use]
    pub fn on_ticket(&self, itemtype: &str, ticket: i64) -> Vec<i64> {
        Kind::named(itemtype)
            .map(|kind| self.db.on(kind, Kind::Ticket, ticket))
            .unwrap_or_default()
    }

    /// How many rows an itemtype has.
    #[must_use]
    pub fn count(&self, itemtype: &str) -> usize {
        Kind::named(itemtype).map_or(0, |kind| self.db.table(kind).len())
    }

    /// A user's number by login.
    #[must_use]
    pub fn user_id(&self, login: &str) -> Option<i64> {
        self.user_named(login)
    }
}
