//! Who may do what: the stock profiles as NOTES §8 found them, and what a session sees.

use super::{
    cell::{Cell, Row},
    db::Db,
    schema::{Kind, Version},
    session::Session,
};

/// Self-service users.
pub(crate) const SELF_SERVICE: i64 = 1;
/// Administrators.
pub(crate) const SUPER_ADMIN: i64 = 4;
/// The stock technician: no right to read the dropdown lists.
pub(crate) const TECHNICIAN: i64 = 6;
/// A technician who may read them.
pub(crate) const TECHNICIAN_WITH_LISTS: i64 = 8;

/// Lists the stock Technician profile is refused (403).
const LISTS: [Kind; 14] = [
    Kind::ItilCategory,
    Kind::Location,
    Kind::RequestType,
    Kind::Calendar,
    Kind::Holiday,
    Kind::CalendarSegment,
    Kind::ItilFollowupTemplate,
    Kind::TaskTemplate,
    Kind::SolutionTemplate,
    Kind::SolutionType,
    Kind::TaskCategory,
    Kind::UserCategory,
    Kind::KnowbaseItemCategory,
    Kind::KnowbaseItemKnowbaseItemCategory,
];

/// What a self-service user may list; everything else is refused.
const SELF_SERVICE_LISTS: [Kind; 16] = [
    Kind::Ticket,
    Kind::ItilFollowup,
    Kind::TicketTask,
    Kind::ItilSolution,
    Kind::TicketUser,
    Kind::GroupTicket,
    Kind::ItemTicket,
    Kind::TicketTicket,
    Kind::TicketSatisfaction,
    Kind::KnowbaseItem,
    Kind::KnowbaseItemTranslation,
    Kind::EntityKnowbaseItem,
    Kind::GroupKnowbaseItem,
    Kind::KnowbaseItemProfile,
    Kind::KnowbaseItemUser,
    Kind::SupplierTicket,
];

/// Whether the profile may read an itemtype at all.
pub(crate) fn may_read(session: &Session, kind: Kind, version: Version) -> bool {
    match session.profile {
        SUPER_ADMIN => true,
        SELF_SERVICE => SELF_SERVICE_LISTS.contains(&kind),
        profile => match kind {
            Kind::Config => false,
            Kind::Log => profile == TECHNICIAN_WITH_LISTS,
            Kind::KnowbaseItemComment => version == Version::Eleven,
            _ => profile == TECHNICIAN_WITH_LISTS || !LISTS.contains(&kind),
        },
    }
}

/// Whether the session may see one ticket.
pub(crate) fn sees_ticket(db: &Db, session: &Session, ticket: i64) -> bool {
    let row = db.table(Kind::Ticket).row(ticket);
    row.is_some_and(|row| sees_ticket_row(db, session, ticket, row))
}

fn sees_ticket_row(db: &Db, session: &Session, ticket: i64, row: &Row) -> bool {
    let table = db.table(Kind::Ticket);
    let entity = table
        .schema
        .column("entities_id")
        .map_or(0, |column| table.cell_of(row, column).int());
    if !session.entities.contains(&entity) {
        return false;
    }
    if session.profile != SELF_SERVICE {
        return true;
    }
    db.on(Kind::TicketUser, Kind::Ticket, ticket).into_iter().any(|link| {
        db.int(Kind::TicketUser, link, "users_id") == session.user && db.int(Kind::TicketUser, link, "type") != 2
    }) || db.int(Kind::Ticket, ticket, "users_id_recipient") == session.user
}

/// Whether the session may see one article by itself. The list of 10.0 does not ask.
pub(crate) fn sees_article(db: &Db, session: &Session, article: i64) -> bool {
    if session.profile == SUPER_ADMIN || db.int(Kind::KnowbaseItem, article, "users_id") == session.user {
        return true;
    }
    if session.profile == SELF_SERVICE && db.int(Kind::KnowbaseItem, article, "is_faq") == 0 {
        return false;
    }
    let by_entity = db
        .on(Kind::EntityKnowbaseItem, Kind::KnowbaseItem, article)
        .into_iter()
        .any(|target| {
            let entity = db.int(Kind::EntityKnowbaseItem, target, "entities_id");
            let recursive = db.int(Kind::EntityKnowbaseItem, target, "is_recursive") != 0;
            session.entities.contains(&entity) || (recursive && session.entities.iter().any(|e| db.under(*e, entity)))
        });
    let by_group = || {
        db.on(Kind::GroupKnowbaseItem, Kind::KnowbaseItem, article)
            .into_iter()
            .any(|target| {
                let group = db.int(Kind::GroupKnowbaseItem, target, "groups_id");
                db.on(Kind::GroupUser, Kind::User, session.user)
                    .into_iter()
                    .any(|link| db.int(Kind::GroupUser, link, "groups_id") == group)
            })
    };
    let by_user = || {
        db.on(Kind::KnowbaseItemUser, Kind::KnowbaseItem, article)
            .into_iter()
            .any(|target| db.int(Kind::KnowbaseItemUser, target, "users_id") == session.user)
    };
    let by_profile = || {
        db.on(Kind::KnowbaseItemProfile, Kind::KnowbaseItem, article)
            .into_iter()
            .any(|target| db.int(Kind::KnowbaseItemProfile, target, "profiles_id") == session.profile)
    };
    by_entity || by_group() || by_user() || by_profile()
}

/// Whether a row shows in a **list**. Ticket_User, Group_Ticket, Item_Ticket, ITILSolution and (10.0) TicketTask are not
/// filtered at all, and neither are 10.0's articles: the leaks of NOTES §8.
pub(crate) fn listed(db: &Db, session: &Session, kind: Kind, id: i64, row: &Row, version: Version) -> bool {
    match kind {
        Kind::Ticket => sees_ticket_row(db, session, id, row),
        Kind::ItilFollowup | Kind::TicketValidation => sees_entry(db, session, kind, id),
        Kind::TicketTask if version == Version::Eleven && session.profile == SELF_SERVICE => {
            sees_entry(db, session, kind, id)
        }
        Kind::KnowbaseItem => version == Version::Ten || sees_article(db, session, id),
        Kind::Entity => session.entities.contains(&id),
        _ => in_entities(db, session, kind, id),
    }
}

/// Whether a row may be read **by its number**.
pub(crate) fn readable(db: &Db, session: &Session, kind: Kind, id: i64) -> bool {
    match kind {
        Kind::Ticket => sees_ticket(db, session, id),
        Kind::KnowbaseItem => sees_article(db, session, id),
        Kind::ItilFollowup
        | Kind::TicketTask
        | Kind::ItilSolution
        | Kind::TicketValidation
        | Kind::TicketUser
        | Kind::GroupTicket
        | Kind::ItemTicket => sees_entry(db, session, kind, id),
        Kind::Entity => session.entities.contains(&id),
        _ => in_entities(db, session, kind, id),
    }
}

fn sees_entry(db: &Db, session: &Session, kind: Kind, id: i64) -> bool {
    let private = session.profile == SELF_SERVICE && db.int(kind, id, "is_private") != 0;
    !private
        && db
            .ticket_of(kind, id)
            .is_some_and(|ticket| sees_ticket(db, session, ticket))
}

/// Rows of an entity show inside it, and below it when they are recursive.
fn in_entities(db: &Db, session: &Session, kind: Kind, id: i64) -> bool {
    // Tables the servers were seen not to filter although they carry an entity.
    if matches!(
        kind,
        Kind::User | Kind::Group | Kind::ProfileUser | Kind::EntityKnowbaseItem | Kind::Entity
    ) {
        return true;
    }
    let table = db.table(kind);
    let Some(column) = table.schema.column("entities_id") else {
        return true;
    };
    let Some(row) = table.row(id) else { return false };
    let Cell::Int(entity) = table.cell_of(row, column) else {
        return true;
    };
    if session.entities.contains(&entity) {
        return true;
    }
    let recursive = table
        .schema
        .column("is_recursive")
        .is_some_and(|column| table.cell_of(row, column).int() != 0);
    recursive && session.entities.iter().any(|own| db.under(*own, entity))
}

/// Whether the session may change rows of a kind at all.
pub(crate) fn may_write(session: &Session, kind: Kind) -> bool {
    match session.profile {
        SUPER_ADMIN => true,
        SELF_SERVICE => matches!(
            kind,
            Kind::Ticket | Kind::ItilFollowup | Kind::TicketUser | Kind::Document
        ),
        _ => matches!(
            kind,
            Kind::Ticket
                | Kind::TicketUser
                | Kind::GroupTicket
                | Kind::SupplierTicket
                | Kind::ItemTicket
                | Kind::TicketTicket
                | Kind::ItilFollowup
                | Kind::TicketTask
                | Kind::ItilSolution
                | Kind::TicketValidation
                | Kind::TicketCost
                | Kind::ProblemTicket
                | Kind::ChangeTicket
                | Kind::Document
                | Kind::DocumentItem
                | Kind::KnowbaseItem
                | Kind::KnowbaseItemItem
                | Kind::KnowbaseItemComment
        ),
    }
}

/// Whether the session may delete: tickets go to the bin by administrators only, and so do articles; people take back
/// their own entries.
pub(crate) fn may_delete(db: &Db, session: &Session, kind: Kind, id: i64) -> bool {
    match (session.profile, kind) {
        (SUPER_ADMIN, _) => true,
        (_, Kind::ItilFollowup | Kind::TicketTask) => db.int(kind, id, "users_id") == session.user,
        (
            TECHNICIAN | TECHNICIAN_WITH_LISTS,
            Kind::TicketUser
            | Kind::GroupTicket
            | Kind::ItemTicket
            | Kind::TicketTicket
            | Kind::DocumentItem
            | Kind::KnowbaseItemItem,
        ) => true,
        _ => false,
    }
}
