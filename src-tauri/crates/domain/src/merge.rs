//! Three-way merge of a field: what the technician saw (base), what he wants (ours), what the backend has now (theirs).

use crate::{
    operation::{Field, FieldValue},
    ticket::Ticket,
};

/// What to do with a field that is about to be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The backend has what we want: nothing to send.
    AlreadyOurs,
    /// The backend still has what the technician saw: send ours.
    Apply,
    /// Somebody changed it to something else meanwhile: a person must decide.
    Conflict,
}

/// Decides, for one field.
///
/// Texts are compared by what they say ([`same`]), because a backend rewrites markup. A change of markup alone (a word put
/// in bold) is still sent: only then do base, ours and theirs say the same while base and ours differ.
#[must_use]
pub fn merge(base: &FieldValue, ours: &FieldValue, theirs: &FieldValue) -> Outcome {
    if theirs == ours {
        return Outcome::AlreadyOurs;
    }
    let markup_only = same(base, ours) && base != ours;
    if same(theirs, ours) && !markup_only {
        Outcome::AlreadyOurs
    } else if same(theirs, base) {
        Outcome::Apply
    } else {
        Outcome::Conflict
    }
}

/// Whether two values say the same: rich text by fingerprint, text by its trimmed characters, all else exactly.
#[must_use]
pub fn same(a: &FieldValue, b: &FieldValue) -> bool {
    match (a, b) {
        (FieldValue::Text(a), FieldValue::Text(b)) => a.trim() == b.trim(),
        (FieldValue::Rich(a), FieldValue::Rich(b)) => a == b || a.fingerprint() == b.fingerprint(),
        (a, b) => a == b,
    }
}

/// A field of a ticket as the operations carry it.
#[must_use]
pub fn field_value(ticket: &Ticket, field: Field) -> FieldValue {
    match field {
        Field::Title => FieldValue::Text(ticket.title.clone()),
        Field::Description => FieldValue::Rich(ticket.description.clone()),
        Field::Kind => FieldValue::Kind(ticket.kind),
        Field::Status => FieldValue::Status(ticket.status),
        Field::Urgency => FieldValue::Level(ticket.urgency),
        Field::Impact => FieldValue::Level(ticket.impact),
        Field::Priority => FieldValue::Level(ticket.priority),
        Field::Category => FieldValue::Row(ticket.category.as_ref().map(|row| row.id)),
        Field::Location => FieldValue::Row(ticket.location.as_ref().map(|row| row.id)),
        Field::Channel => FieldValue::Row(ticket.channel.as_ref().map(|row| row.id)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::{rich_text::RichText, ticket::Level};
    use proptest::prelude::*;

    fn level(n: u8) -> FieldValue {
        FieldValue::Level(Level(n))
    }

    fn rich(html: &str) -> FieldValue {
        FieldValue::Rich(RichText::from_html(html))
    }

    #[test]
    fn merges_a_plain_field() {
        assert_eq!(merge(&level(3), &level(5), &level(3)), Outcome::Apply);
        assert_eq!(merge(&level(3), &level(5), &level(5)), Outcome::AlreadyOurs);
        assert_eq!(merge(&level(3), &level(5), &level(4)), Outcome::Conflict);
        let text = |t: &str| FieldValue::Text(t.into());
        assert_eq!(merge(&text("a"), &text("b"), &text("a ")), Outcome::Apply);
        assert_eq!(merge(&text("a"), &text("b "), &text("b")), Outcome::AlreadyOurs);
    }

    #[test]
    fn merges_rich_text_by_what_it_says() {
        let (base, ours) = (rich("<p>un</p><p>deux</p>"), rich("<p>un</p><p>trois</p>"));
        assert_eq!(merge(&base, &ours, &rich("<div>un<br>deux</div>")), Outcome::Apply);
        assert_eq!(
            merge(&base, &ours, &rich("<div>un<br>trois</div>")),
            Outcome::AlreadyOurs
        );
        assert_eq!(merge(&base, &ours, &rich("<p>un</p><p>quatre</p>")), Outcome::Conflict);
    }

    #[test]
    fn a_change_of_markup_alone_is_sent() {
        let (base, ours) = (rich("<p>un</p>"), rich("<p><b>un</b></p>"));
        assert_eq!(merge(&base, &ours, &base), Outcome::Apply);
        assert_eq!(merge(&base, &ours, &ours), Outcome::AlreadyOurs);
    }

    fn value() -> impl Strategy<Value = FieldValue> {
        prop_oneof![
            (0_u8..4).prop_map(level),
            "[ ab]{0,3}".prop_map(FieldValue::Text),
            "[ab]{0,2}(<b>a</b>)?".prop_map(|html| rich(&html)),
            prop::option::of(0_i64..3).prop_map(FieldValue::Row),
        ]
    }

    proptest! {
        #[test]
        fn nothing_of_theirs_is_overwritten_unseen(base in value(), ours in value(), theirs in value()) {
            match merge(&base, &ours, &theirs) {
                Outcome::AlreadyOurs => prop_assert!(same(&theirs, &ours)),
                Outcome::Apply => prop_assert!(same(&theirs, &base)),
                Outcome::Conflict => prop_assert!(!same(&theirs, &base) && theirs != ours),
            }
            // Once applied, it is ours.
            prop_assert_eq!(merge(&base, &ours, &ours), Outcome::AlreadyOurs);
        }
    }
}
