//! The forms of GLPI's writes: what goes into an input, and what an answer to one means.

use crate::{
    client::Reply,
    read::{role_number, status_number},
};
use guichet_backend::{BackendError, Delivery};
use guichet_domain::{
    TicketId,
    operation::{Field, FieldValue},
    outbox::Receipt,
    record::LinkKind,
    ticket::{Actor, Level, Party, Role, TicketKind},
};
use serde_json::{Map, Value, json};

/// What a POST made: 201 `{"id": N, "message": …}`. The message is localised and encoded: only the number counts.
pub(crate) fn created(reply: &Reply) -> Result<Receipt, BackendError> {
    match reply.body.get("id").and_then(Value::as_i64) {
        Some(id) if id > 0 => Ok(Receipt {
            remote_id: Some(id),
            ticket: None,
        }),
        _ => Err(BackendError::Protocol {
            delivery: Delivery::MaybeSent,
            message: "a row was created but its number did not come".to_owned(),
        }),
    }
}

/// What a PUT or DELETE of one row did: 200 `[{"N": true, "message": …}]`. A 207 or a `false` is no success.
pub(crate) fn changed(reply: &Reply, id: i64) -> Result<Receipt, BackendError> {
    let first = reply.body.get(0).unwrap_or(&reply.body);
    match first.get(id.to_string()) {
        Some(Value::Bool(true)) if reply.status == 200 => Ok(Receipt {
            remote_id: Some(id),
            ticket: None,
        }),
        Some(_) => Err(BackendError::Invalid {
            message: first
                .get("message")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
        }),
        None => Err(BackendError::Protocol {
            delivery: Delivery::MaybeSent,
            message: "the reply does not name the row".to_owned(),
        }),
    }
}

/// Why GLPI did not keep an uploaded file, in a reply that says 201 all the same.
pub(crate) fn upload_error(body: &Value) -> Option<String> {
    let files = body.get("upload_result")?.as_object()?;
    files
        .values()
        .filter_map(Value::as_array)
        .flatten()
        .filter_map(|file| file.get("error")?.as_str())
        .map(str::to_owned)
        .next()
}

/// A file name that survives a multipart header.
pub(crate) fn wire_filename(name: &str) -> String {
    name.chars()
        .map(|c| {
            if c.is_control() || matches!(c, '"' | '\\' | '/') {
                '_'
            } else {
                c
            }
        })
        .collect()
}

pub(crate) fn kind_number(kind: TicketKind) -> i64 {
    match kind {
        TicketKind::Incident => 1,
        TicketKind::Request => 2,
    }
}

/// A field of GLPI and its value.
pub(crate) fn field_input(field: Field, value: &FieldValue) -> Result<(&'static str, Value), BackendError> {
    let input = match (field, value) {
        (Field::Title, FieldValue::Text(text)) => ("name", json!(text)),
        (Field::Description, FieldValue::Rich(text)) => ("content", json!(text.to_html())),
        (Field::Kind, FieldValue::Kind(kind)) => ("type", json!(kind_number(*kind))),
        (Field::Status, FieldValue::Status(status)) => ("status", json!(status_number(*status))),
        (Field::Urgency, FieldValue::Level(Level(level))) => ("urgency", json!(level)),
        (Field::Impact, FieldValue::Level(Level(level))) => ("impact", json!(level)),
        (Field::Priority, FieldValue::Level(Level(level))) => ("priority", json!(level)),
        (Field::Category, FieldValue::Row(row)) => ("itilcategories_id", json!(row.unwrap_or(0))),
        (Field::Location, FieldValue::Row(row)) => ("locations_id", json!(row.unwrap_or(0))),
        (Field::Channel, FieldValue::Row(row)) => ("requesttypes_id", json!(row.unwrap_or(0))),
        _ => {
            return Err(BackendError::Invalid {
                message: format!("{field:?} cannot take this kind of value"),
            });
        }
    };
    Ok(input)
}

pub(crate) fn same_actor(one: &Actor, other: &Actor) -> bool {
    one.role == other.role
        && match (&one.party, &other.party) {
            (Party::Email { address: one }, Party::Email { address: other }) => one.eq_ignore_ascii_case(other),
            (one, other) => one == other,
        }
}

/// The table and the row that give somebody a part in a ticket. (`_itil_assign` in a PUT answers 200 and adds nobody.)
pub(crate) fn actor_row(ticket: TicketId, actor: &Actor) -> (&'static str, Value) {
    let kind = role_number(actor.role);
    match &actor.party {
        Party::User { id } => (
            "Ticket_User",
            json!({"tickets_id": ticket.0, "users_id": id.0, "type": kind}),
        ),
        Party::Group { id } => (
            "Group_Ticket",
            json!({"tickets_id": ticket.0, "groups_id": id.0, "type": kind}),
        ),
        Party::Email { address } => (
            "Ticket_User",
            json!({
                "tickets_id": ticket.0,
                "users_id": 0,
                "type": kind,
                "alternative_email": address,
                "use_notification": 1,
            }),
        ),
    }
}

/// The row that links two tickets. A parent's link is written as its child's, which is how GLPI's own page shows both.
pub(crate) fn ticket_link_row(ticket: TicketId, other: TicketId, kind: LinkKind) -> Value {
    let (one, two, link) = match kind {
        LinkKind::Related => (ticket, other, 1),
        LinkKind::DuplicateOf => (ticket, other, 2),
        LinkKind::ChildOf => (ticket, other, 3),
        LinkKind::ParentOf => (other, ticket, 3),
    };
    json!({"tickets_id_1": one.0, "tickets_id_2": two.0, "link": link})
}

/// A new ticket's actors: `_users_id_<role>` and `_groups_id_<role>`, a number or a list; an address is user 0 with its
/// notification beside it, at the same place.
pub(crate) fn actors_of(actors: &[Actor], input: &mut Map<String, Value>) {
    for (role, word) in [
        (Role::Requester, "requester"),
        (Role::Assigned, "assign"),
        (Role::Observer, "observer"),
    ] {
        let (mut users, mut groups, mut addresses) = (Vec::new(), Vec::new(), Vec::new());
        for actor in actors.iter().filter(|actor| actor.role == role) {
            match &actor.party {
                Party::User { id } => {
                    users.push(id.0);
                    addresses.push(String::new());
                }
                Party::Group { id } => groups.push(id.0),
                Party::Email { address } => {
                    users.push(0);
                    addresses.push(address.clone());
                }
            }
        }
        if addresses.iter().any(|address| !address.is_empty()) {
            let notify = vec![1; addresses.len()];
            input.insert(
                format!("_users_id_{word}_notif"),
                json!({"use_notification": notify, "alternative_email": addresses}),
            );
            input.insert(format!("_users_id_{word}"), json!(users));
        } else if let Some(value) = one_or_many(&users) {
            input.insert(format!("_users_id_{word}"), value);
        }
        if let Some(value) = one_or_many(&groups) {
            input.insert(format!("_groups_id_{word}"), value);
        }
    }
}

pub(crate) fn one_or_many(ids: &[i64]) -> Option<Value> {
    match ids {
        [] => None,
        [one] => Some(json!(one)),
        many => Some(json!(many)),
    }
}
