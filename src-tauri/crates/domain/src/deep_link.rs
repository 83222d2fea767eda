//! Links that another program may open Guichet with: an identity, and nothing else. `guichet://ticket/4821` shows a ticket,
//! `guichet://article/12` an article of the knowledge base. Whatever else such a link says (a query, a fragment, an account, a port, more
//! path, an encoded character) makes it no link at all: it comes from anywhere.

use crate::{ArticleId, TicketId};
use serde::{Deserialize, Serialize};

/// What every link of this program begins with.
pub const SCHEME: &str = "guichet://";
/// Digits of a number: more than any server has rows.
const DIGITS: usize = 15;

/// What a link shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum DeepLink {
    /// A ticket.
    Ticket {
        /// Its number.
        id: TicketId,
    },
    /// An article of the knowledge base.
    Article {
        /// Its number.
        id: ArticleId,
    },
}

impl DeepLink {
    /// Reads a link; `None`: it is none of these.
    #[must_use]
    pub fn parse(link: &str) -> Option<Self> {
        let scheme = link.get(..SCHEME.len())?;
        // Systems write a scheme in small letters or hand it over as it was typed.
        if !scheme.eq_ignore_ascii_case(SCHEME) {
            return None;
        }
        let rest = link.get(SCHEME.len()..)?;
        let (kind, number) = rest.split_once('/')?;
        // Windows' shell adds one to what it takes for a folder.
        let number = number.strip_suffix('/').unwrap_or(number);
        if number.is_empty() || number.len() > DIGITS || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let id: i64 = number.parse().ok().filter(|id| *id > 0)?;
        match kind {
            "ticket" => Some(Self::Ticket { id: TicketId(id) }),
            "article" => Some(Self::Article { id: ArticleId(id) }),
            _ => None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_an_identity() {
        let ticket = DeepLink::Ticket { id: TicketId(4821) };
        for link in [
            "guichet://ticket/4821",
            "guichet://ticket/4821/",
            "Guichet://ticket/04821",
        ] {
            assert_eq!(DeepLink::parse(link), Some(ticket), "{link}");
        }
        assert_eq!(
            DeepLink::parse("guichet://article/12"),
            Some(DeepLink::Article { id: ArticleId(12) })
        );
    }

    #[test]
    fn and_nothing_else() {
        for link in [
            "",
            "guichet:",
            "guichet://",
            "guichet://ticket",
            "guichet://ticket/",
            "guichet://ticket//",
            "guichet://ticket/0",
            "guichet://ticket/-3",
            "guichet://ticket/+3",
            "guichet://ticket/3.5",
            "guichet://ticket/1e3",
            "guichet://ticket/٣",
            "guichet://ticket/%34",
            "guichet://ticket/4821?send=1",
            "guichet://ticket/4821#x",
            "guichet://ticket/4821/close",
            "guichet://ticket/../4821",
            "guichet://ticket/4821//",
            "guichet://ticket/9999999999999999",
            "guichet://user@ticket/4821",
            "guichet://ticket:80/4821",
            "guichet://TICKET/4821",
            "guichet://call?from=1",
            "guichet:ticket/4821",
            " guichet://ticket/4821",
            "guichet://ticket/4821 ",
            "guichet://ticket/4821\n--profile=/tmp",
            "https://ticket/4821",
            "javascript:guichet://ticket/1",
            "é",
            "guichet:/é/ticket/1",
        ] {
            assert_eq!(DeepLink::parse(link), None, "{link:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_changed_in_a_link_it_is_an_identity_or_nothing(
            changes in proptest::collection::vec((0_usize..22, 0_u8..3, "[guichet:/tkar0-9?#%&@.é\u{202e}\n -]"), 1..4),
        ) {
            let mut link: Vec<char> = "guichet://ticket/4821".chars().collect();
            for (at, how, letter) in changes {
                let letter = letter.chars().next().unwrap();
                let at = at.min(link.len() - 1);
                match how {
                    0 => link[at] = letter,
                    1 => link.insert(at, letter),
                    _ => drop(link.remove(at)),
                }
            }
            let link: String = link.into_iter().collect();
            if let Some(DeepLink::Ticket { id: TicketId(id) } | DeepLink::Article { id: ArticleId(id) }) =
                DeepLink::parse(&link)
            {
                let digits: String = link.chars().filter(char::is_ascii_digit).collect();
                proptest::prop_assert_eq!(digits.parse::<i64>().unwrap(), id, "{:?}", link);
            }
        }
    }
}
