//! Supervision: adapters that read what is not well from Nagios or Centreon, and take a problem up there.
//!
//! The shell holds every adapter alike, as a [`Supervision`], and folds what it reads with the domain's
//! [`AlertTracker`](guichet_domain::alert::AlertTracker). A reading is complete or it is an error: silence that looks like good health is
//! what must not happen. `docs/alerts.md` tells the facts about real servers this rests on.

pub mod centreon;
mod error;
pub mod nagios;
pub mod outside;
mod web;

pub use centreon::{Centreon, CentreonConfig};
pub use error::AlertsError;
pub use nagios::{Nagios, NagiosConfig};

use async_trait::async_trait;
use guichet_domain::alert::{Alert, Problem};
use jiff::Timestamp;

/// Everything that is not well, as one reading found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The hosts and services that are not well, acknowledged ones and those in downtime among them. What is not named is well.
    pub problems: Vec<Problem>,
    /// When the reading was done, by this machine's clock.
    pub at: Timestamp,
}

/// A host or a service, by the names that its supervision gives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AlertTarget {
    /// The host.
    pub host: String,
    /// The service; `None` is the host itself.
    pub service: Option<String>,
}

impl AlertTarget {
    /// What an alert is about.
    #[must_use]
    pub fn of(alert: &Alert) -> Self {
        Self {
            host: alert.host.clone(),
            service: alert.service.clone(),
        }
    }
}

/// A supervision, whichever it is.
#[async_trait]
pub trait Supervision: Send + Sync + std::fmt::Debug {
    /// Its name among the configured ones.
    fn source(&self) -> &str;

    /// A **complete** reading of what is not well.
    ///
    /// # Errors
    /// Whenever it may not be complete, and why.
    async fn problems(&self) -> Result<Reading, AlertsError>;

    /// Takes a problem up there, in the name of `author` (the account may be one for the whole desk, so that the name is put into the
    /// comment as well). Done means that the supervision accepted it; that it is so, the next reading shows.
    ///
    /// # Errors
    /// [`AlertsError::Refused`] when the account may not, [`AlertsError::NoSuchProblem`], or why there is no answer. After
    /// [`AlertsError::Closed`] and [`AlertsError::Silent`] it may have been done.
    async fn acknowledge(&self, target: &AlertTarget, author: &str, comment: &str) -> Result<(), AlertsError>;
}

/// Most characters of a comment.
const LONGEST_COMMENT: usize = 500;

/// A comment that says whose it is, on one line.
fn signed(author: &str, comment: &str) -> String {
    let line = |text: &str| -> String {
        let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        spaced.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let (author, comment) = (line(author), line(comment));
    let whole = match (author.is_empty(), comment.is_empty()) {
        (false, false) => format!("{author}: {comment}"),
        (false, true) => author,
        (true, false) => comment,
        // Both want some comment.
        (true, true) => "Guichet".to_owned(),
    };
    whole.chars().take(LONGEST_COMMENT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_one_line_that_says_whose_it_is() {
        assert_eq!(
            signed("Nadia\nBenali", " Pris\r\n en charge"),
            "Nadia Benali: Pris en charge"
        );
        assert_eq!(signed("Nadia", " "), "Nadia");
        assert_eq!(signed("", ""), "Guichet");
        assert_eq!(signed("a", &"é".repeat(5000)).chars().count(), LONGEST_COMMENT);
    }
}
