//! How enumerations of the domain are numbered in the mirror's columns.

use guichet_domain::{
    catalogue::CatalogueKind,
    record::{Departure, LinkKind},
    ticket::{Role, Status, TicketKind},
    timeline::EntryKind,
};

macro_rules! codes {
    ($($type:ty, $to:ident, $from:ident: $($variant:path = $code:literal),+ ; $default:path;)*) => {$(
        pub(crate) fn $to(value: $type) -> i64 {
            match value { $($variant => $code),+ }
        }
        #[allow(dead_code)]
        pub(crate) fn $from(code: i64) -> $type {
            match code { $($code => $variant,)+ _ => $default }
        }
    )*};
}

codes! {
    TicketKind, kind_code, kind_of: TicketKind::Incident = 1, TicketKind::Request = 2; TicketKind::Incident;
    Status, status_code, status_of: Status::New = 1, Status::Assigned = 2, Status::Planned = 3, Status::Waiting = 4,
        Status::Solved = 5, Status::Closed = 6; Status::Closed;
    Role, role_code, role_of: Role::Requester = 1, Role::Assigned = 2, Role::Observer = 3; Role::Observer;
    EntryKind, entry_code, entry_of: EntryKind::Followup = 1, EntryKind::Task = 2, EntryKind::Solution = 3,
        EntryKind::Validation = 4; EntryKind::Followup;
    LinkKind, link_code, link_of: LinkKind::Related = 1, LinkKind::DuplicateOf = 2, LinkKind::ChildOf = 3,
        LinkKind::ParentOf = 4; LinkKind::Related;
    Departure, departure_code, departure_of: Departure::Binned = 1, Departure::Purged = 2, Departure::Hidden = 3; Departure::Purged;
    CatalogueKind, catalogue_code, catalogue_of: CatalogueKind::Entity = 1, CatalogueKind::Category = 2,
        CatalogueKind::Location = 3, CatalogueKind::Channel = 4, CatalogueKind::FollowupTemplate = 5,
        CatalogueKind::TaskTemplate = 6, CatalogueKind::SolutionTemplate = 7, CatalogueKind::SolutionType = 8,
        CatalogueKind::Sla = 9, CatalogueKind::UserCategory = 10, CatalogueKind::ArticleCategory = 11; CatalogueKind::Category;
}
