//! Names of the domain's values in plain ASCII, as the command line, the databases and the journal write them. They are the
//! same as in JSON. What people read is in the message catalogue.

/// A name that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not one of: {}", known.join(", "))]
pub struct UnknownName {
    /// What was given.
    pub given: String,
    /// What would have been understood.
    pub known: Vec<&'static str>,
}

/// Gives an enum without fields its names, the list of all its values, `Display` and `FromStr`.
macro_rules! names {
    ($type:ident { $($variant:ident => $name:literal),* $(,)? }) => {
        impl $type {
            /// Every value, in order.
            pub const VALUES: &'static [Self] = &[$(Self::$variant),*];

            /// The value's name.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),*
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl std::str::FromStr for $type {
            type Err = crate::names::UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($name => Ok(Self::$variant),)*
                    _ => Err(crate::names::UnknownName { given: text.to_owned(), known: vec![$($name),*] }),
                }
            }
        }
    };
}
pub(crate) use names;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use crate::{
        catalogue::{Availability, CatalogueKind},
        operation::Field,
        record::{Collection, Departure, LinkKind},
        ticket::{Role, Status, TicketKind},
        timeline::{Approval, EntryKind, TaskState},
    };
    use std::{fmt::Debug, str::FromStr};

    fn check<T: Copy + Debug + PartialEq + FromStr + serde::Serialize>(values: &[T], name: fn(T) -> &'static str) {
        assert!(!values.is_empty());
        for value in values {
            let parsed = name(*value).parse::<T>().ok();
            assert_eq!(parsed, Some(*value));
            assert_eq!(
                serde_json::to_value(value).unwrap(),
                serde_json::Value::from(name(*value)),
                "as in JSON"
            );
        }
        assert!("no such name".parse::<T>().is_err());
    }

    #[test]
    fn names_read_back_and_are_those_of_json() {
        check(Status::VALUES, Status::name);
        check(TicketKind::VALUES, TicketKind::name);
        check(Role::VALUES, Role::name);
        check(CatalogueKind::VALUES, CatalogueKind::name);
        check(Availability::VALUES, Availability::name);
        check(Departure::VALUES, Departure::name);
        check(LinkKind::VALUES, LinkKind::name);
        check(EntryKind::VALUES, EntryKind::name);
        check(TaskState::VALUES, TaskState::name);
        check(Approval::VALUES, Approval::name);
        check(Field::VALUES, Field::name);
    }

    #[test]
    fn collections_have_names_and_an_order() {
        let all = Collection::all();
        assert_eq!(all.len(), 17);
        for collection in &all {
            assert_eq!(collection.name().parse::<Collection>().unwrap(), *collection);
        }
        assert_eq!(all[0], Collection::Catalogue(CatalogueKind::Entity));
        let place = |wanted: Collection| all.iter().position(|c| *c == wanted).unwrap();
        assert!(
            place(Collection::Groups) < place(Collection::Tickets),
            "names are there before what points to them"
        );
        assert!(place(Collection::Tickets) < place(Collection::TicketDetails));
        assert!("catalogue:nothing".parse::<Collection>().is_err());
        assert!("nothing".parse::<Collection>().is_err());
    }
}
