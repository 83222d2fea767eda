//! `listSearchOptions`: what each itemtype can be searched by, with the numbers of each version. They differ: an
//! article's title is column 6 in 10.0 and 1 in 11.0, external ids and article targets exist in 11.0 only.

use super::schema::{Kind, Version};
use serde_json::{Map, Value, json};

/// Where a search column gets its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The row's own number.
    Id,
    /// A column of the row itself.
    Own(&'static str),
    /// The name a foreign key leads to, compared by number with `equals`.
    Named(&'static str),
    /// People with a part in the ticket; shown as numbers, as texts.
    People(i64),
    /// Groups with a part in the ticket.
    Groups(i64),
    /// Texts of the rows of another table hanging on this one.
    Hanging(Kind, &'static str),
    /// Groups a person belongs to.
    Memberships,
    /// Categories of an article (11.0).
    Categories,
    /// Entities an article is shown to (11.0).
    Targets,
    /// The resolution deadline is past.
    Late,
    /// Known, never filled.
    Empty,
}

/// One search column.
#[derive(Debug, Clone)]
pub(crate) struct SearchOption {
    pub(crate) number: i64,
    pub(crate) uid: String,
    pub(crate) source: Source,
    pub(crate) kind: DataType,
    name: &'static str,
    table: String,
    field: &'static str,
}

/// What GLPI calls a column's datatype, as far as searching depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DataType {
    ItemLink,
    Text,
    Number,
    Date,
    Dropdown,
    Specific,
    Bool,
}

impl DataType {
    fn name(self) -> &'static str {
        match self {
            Self::ItemLink => "itemlink",
            Self::Text => "text",
            Self::Number => "number",
            Self::Date => "datetime",
            Self::Dropdown => "dropdown",
            Self::Specific => "specific",
            Self::Bool => "bool",
        }
    }

    fn search_types(self, version: Version) -> Vec<&'static str> {
        let mut types = match self {
            Self::ItemLink | Self::Text | Self::Number => vec!["contains", "notcontains"],
            Self::Date => vec!["equals", "notequals", "lessthan", "morethan", "contains", "notcontains"],
            Self::Dropdown => vec!["contains", "notcontains", "equals", "notequals", "under", "notunder"],
            Self::Specific => vec!["equals", "notequals"],
            Self::Bool => vec!["equals"],
        };
        if version == Version::Eleven {
            types.push("empty");
        }
        types
    }
}

/// A row of the table below: number, uid without the itemtype, name, field, datatype, source, only in one version.
type Line = (
    i64,
    &'static str,
    &'static str,
    &'static str,
    DataType,
    Source,
    Option<Version>,
);

use DataType::{Bool, Date, Dropdown, ItemLink, Number, Specific, Text};
use Source::{Categories, Empty, Groups, Hanging, Id, Late, Memberships, Named, Own, People, Targets};

const ELEVEN: Option<Version> = Some(Version::Eleven);
const TEN: Option<Version> = Some(Version::Ten);

const TICKET: &[Line] = &[
    (1, "name", "Title", "name", ItemLink, Own("name"), None),
    (21, "content", "Description", "content", Text, Own("content"), None),
    (2, "id", "ID", "id", Number, Id, None),
    (12, "status", "Status", "status", Specific, Own("status"), None),
    (10, "urgency", "Urgency", "urgency", Specific, Own("urgency"), None),
    (11, "impact", "Impact", "impact", Specific, Own("impact"), None),
    (3, "priority", "Priority", "priority", Specific, Own("priority"), None),
    (15, "date", "Opening date", "date", Date, Own("date"), None),
    (
        16,
        "closedate",
        "Closing date",
        "closedate",
        Date,
        Own("closedate"),
        None,
    ),
    (
        18,
        "time_to_resolve",
        "Time to resolve",
        "time_to_resolve",
        Date,
        Own("time_to_resolve"),
        None,
    ),
    (
        151,
        "time_to_resolve",
        "Time to resolve + Progress",
        "time_to_resolve",
        Date,
        Own("time_to_resolve"),
        None,
    ),
    (82, "is_late", "Time to resolve exceeded", "is_late", Bool, Late, TEN),
    (
        82,
        "sla_ttr_is_late",
        "Time to resolve exceeded",
        "sla_ttr_is_late",
        Bool,
        Late,
        ELEVEN,
    ),
    (
        17,
        "solvedate",
        "Resolution date",
        "solvedate",
        Date,
        Own("solvedate"),
        None,
    ),
    (19, "date_mod", "Last update", "date_mod", Date, Own("date_mod"), None),
    (
        7,
        "ITILCategory.completename",
        "Category",
        "completename",
        Dropdown,
        Named("itilcategories_id"),
        None,
    ),
    (
        80,
        "Entity.completename",
        "Entity",
        "completename",
        Dropdown,
        Named("entities_id"),
        None,
    ),
    (
        45,
        "actiontime",
        "Total duration",
        "actiontime",
        Number,
        Own("actiontime"),
        None,
    ),
    (
        64,
        "users_id_lastupdater.User.name",
        "Last edit by",
        "name",
        Dropdown,
        Named("users_id_lastupdater"),
        None,
    ),
    (
        83,
        "Location.completename",
        "Location",
        "completename",
        Dropdown,
        Named("locations_id"),
        None,
    ),
    (
        87,
        "externalid",
        "External ID",
        "externalid",
        Text,
        Own("externalid"),
        ELEVEN,
    ),
    (
        155,
        "time_to_own",
        "Time to own",
        "time_to_own",
        Date,
        Own("time_to_own"),
        None,
    ),
    (
        158,
        "time_to_own",
        "Time to own + Progress",
        "time_to_own",
        Date,
        Own("time_to_own"),
        None,
    ),
    (14, "type", "Type", "type", Specific, Own("type"), None),
    (
        13,
        "Item_Ticket.items_id",
        "Associated element",
        "items_id",
        Specific,
        Hanging(Kind::ItemTicket, "items_id"),
        None,
    ),
    (
        131,
        "Item_Ticket.itemtype",
        "Associated item type",
        "itemtype",
        Specific,
        Hanging(Kind::ItemTicket, "itemtype"),
        None,
    ),
    (
        9,
        "RequestType.name",
        "Request source",
        "name",
        Dropdown,
        Named("requesttypes_id"),
        None,
    ),
    (
        4,
        "Ticket_User.User.name",
        "Requester",
        "name",
        Dropdown,
        People(1),
        None,
    ),
    (
        71,
        "Group_Ticket.Group.completename",
        "Requester group",
        "completename",
        Dropdown,
        Groups(1),
        None,
    ),
    (
        22,
        "users_id_recipient.User.name",
        "Writer",
        "name",
        Dropdown,
        Named("users_id_recipient"),
        None,
    ),
    (
        66,
        "Ticket_User.User.name",
        "Observer",
        "name",
        Dropdown,
        People(3),
        None,
    ),
    (
        65,
        "Group_Ticket.Group.completename",
        "Observer group",
        "completename",
        Dropdown,
        Groups(3),
        None,
    ),
    (
        5,
        "Ticket_User.User.name",
        "Technician",
        "name",
        Dropdown,
        People(2),
        None,
    ),
    (
        6,
        "Supplier_Ticket.Supplier.name",
        "Assigned to a supplier",
        "name",
        Dropdown,
        Empty,
        None,
    ),
    (
        8,
        "Group_Ticket.Group.completename",
        "Technician group",
        "completename",
        Dropdown,
        Groups(2),
        None,
    ),
    (
        37,
        "SLA.name",
        "SLA Time to own",
        "name",
        Dropdown,
        Named("slas_id_tto"),
        None,
    ),
    (
        30,
        "SLA.name",
        "SLA Time to resolve",
        "name",
        Dropdown,
        Named("slas_id_ttr"),
        None,
    ),
    (
        25,
        "ITILFollowup.content",
        "Description",
        "content",
        Text,
        Hanging(Kind::ItilFollowup, "content"),
        None,
    ),
    (
        26,
        "TicketTask.content",
        "Description",
        "content",
        Text,
        Hanging(Kind::TicketTask, "content"),
        None,
    ),
    (
        24,
        "ITILSolution.content",
        "Solution",
        "content",
        Text,
        Hanging(Kind::ItilSolution, "content"),
        None,
    ),
    (
        52,
        "global_validation",
        "Approval",
        "global_validation",
        Specific,
        Own("global_validation"),
        None,
    ),
];

const USER: &[Line] = &[
    (1, "name", "Login", "name", ItemLink, Own("name"), None),
    (2, "id", "ID", "id", Number, Id, None),
    (34, "realname", "Last name", "realname", Text, Own("realname"), None),
    (9, "firstname", "First name", "firstname", Text, Own("firstname"), None),
    (
        5,
        "UserEmail.email",
        "Emails",
        "email",
        Text,
        Hanging(Kind::UserEmail, "email"),
        None,
    ),
    (
        3,
        "Location.completename",
        "Location",
        "completename",
        Dropdown,
        Named("locations_id"),
        None,
    ),
    (8, "is_active", "Active", "is_active", Bool, Own("is_active"), None),
    (6, "phone", "Phone", "phone", Text, Own("phone"), None),
    (10, "phone2", "Phone 2", "phone2", Text, Own("phone2"), None),
    (11, "mobile", "Mobile phone", "mobile", Text, Own("mobile"), None),
    (
        13,
        "Group_User.Group.completename",
        "Groups",
        "completename",
        Dropdown,
        Memberships,
        None,
    ),
    (
        14,
        "last_login",
        "Last login",
        "last_login",
        Date,
        Own("last_login"),
        None,
    ),
    (16, "comment", "Comments", "comment", Text, Own("comment"), None),
    (19, "date_mod", "Last update", "date_mod", Date, Own("date_mod"), None),
    (
        121,
        "date_creation",
        "Creation date",
        "date_creation",
        Date,
        Own("date_creation"),
        None,
    ),
    (
        22,
        "registration_number",
        "Administrative number",
        "registration_number",
        Text,
        Own("registration_number"),
        None,
    ),
    (
        81,
        "UserTitle.name",
        "Title",
        "name",
        Dropdown,
        Named("usertitles_id"),
        None,
    ),
    (
        82,
        "UserCategory.name",
        "Category",
        "name",
        Dropdown,
        Named("usercategories_id"),
        None,
    ),
    (
        77,
        "Entity.name",
        "Default entity",
        "name",
        Dropdown,
        Named("entities_id"),
        None,
    ),
    (
        99,
        "users_id_supervisor.name",
        "Supervisor",
        "name",
        Dropdown,
        Named("users_id_supervisor"),
        None,
    ),
];

const ARTICLE: &[Line] = &[
    (2, "id", "ID", "id", Number, Id, None),
    (6, "name", "Subject", "name", Text, Own("name"), TEN),
    (1, "name", "Subject", "name", ItemLink, Own("name"), ELEVEN),
    (7, "answer", "Content", "answer", Text, Own("answer"), None),
    (8, "is_faq", "FAQ item", "is_faq", Bool, Own("is_faq"), None),
    (9, "view", "Views", "view", Number, Own("view"), None),
    (
        10,
        "begin_date",
        "Visibility start date",
        "begin_date",
        Date,
        Own("begin_date"),
        None,
    ),
    (
        11,
        "end_date",
        "Visibility end date",
        "end_date",
        Date,
        Own("end_date"),
        None,
    ),
    (19, "date_mod", "Last update", "date_mod", Date, Own("date_mod"), None),
    (
        121,
        "date_creation",
        "Creation date",
        "date_creation",
        Date,
        Own("date_creation"),
        None,
    ),
    (70, "User.name", "User", "name", Dropdown, Named("users_id"), None),
    (
        79,
        "KnowbaseItem_KnowbaseItemCategory.KnowbaseItemCategory.completename",
        "Category",
        "completename",
        Dropdown,
        Categories,
        ELEVEN,
    ),
    (
        13,
        "KnowbaseItem_Item.items_id",
        "Associated elements",
        "items_id",
        Specific,
        Empty,
        ELEVEN,
    ),
    (
        131,
        "KnowbaseItem_Item.itemtype",
        "Associated item type",
        "itemtype",
        Specific,
        Empty,
        ELEVEN,
    ),
    (
        80,
        "Entity_KnowbaseItem.Entity.completename",
        "Entity",
        "completename",
        Dropdown,
        Targets,
        ELEVEN,
    ),
];

const ASSET: &[Line] = &[
    (1, "name", "Name", "name", ItemLink, Own("name"), None),
    (2, "id", "ID", "id", Number, Id, None),
    (
        3,
        "Location.completename",
        "Location",
        "completename",
        Dropdown,
        Named("locations_id"),
        None,
    ),
    (
        31,
        "State.completename",
        "Status",
        "completename",
        Dropdown,
        Named("states_id"),
        None,
    ),
    (5, "serial", "Serial number", "serial", Text, Own("serial"), None),
    (
        6,
        "otherserial",
        "Inventory number",
        "otherserial",
        Text,
        Own("otherserial"),
        None,
    ),
    (16, "comment", "Comments", "comment", Text, Own("comment"), None),
    (
        7,
        "contact",
        "Alternate username",
        "contact",
        Text,
        Own("contact"),
        None,
    ),
    (70, "User.name", "User", "name", Dropdown, Named("users_id"), None),
    (
        71,
        "Group.completename",
        "Group",
        "completename",
        Dropdown,
        Named("groups_id"),
        None,
    ),
    (19, "date_mod", "Last update", "date_mod", Date, Own("date_mod"), None),
    (
        121,
        "date_creation",
        "Creation date",
        "date_creation",
        Date,
        Own("date_creation"),
        None,
    ),
    (
        23,
        "Manufacturer.name",
        "Manufacturer",
        "name",
        Dropdown,
        Named("manufacturers_id"),
        None,
    ),
    (
        24,
        "users_id_tech.User.name",
        "Technician in charge",
        "name",
        Dropdown,
        Named("users_id_tech"),
        None,
    ),
    (
        80,
        "Entity.completename",
        "Entity",
        "completename",
        Dropdown,
        Named("entities_id"),
        None,
    ),
];

const FOLLOWUP: &[Line] = &[
    (7, "id", "ID", "id", Number, Id, ELEVEN),
    (1, "content", "Description", "content", Text, Own("content"), None),
    (
        2,
        "RequestType.name",
        "Request source",
        "name",
        Dropdown,
        Named("requesttypes_id"),
        None,
    ),
    (3, "date", "Date", "date", Date, Own("date"), None),
    (4, "is_private", "Private", "is_private", Bool, Own("is_private"), None),
    (5, "User.name", "User", "name", Dropdown, Named("users_id"), None),
    (6, "itemtype", "Item type", "itemtype", Specific, Own("itemtype"), None),
];

const TASK: &[Line] = &[
    (8, "id", "ID", "id", Number, Id, ELEVEN),
    (1, "content", "Description", "content", Text, Own("content"), None),
    (
        2,
        "TaskCategory.name",
        "Task category",
        "name",
        Dropdown,
        Named("taskcategories_id"),
        None,
    ),
    (3, "date", "Date", "date", Date, Own("date"), None),
    (4, "is_private", "Private", "is_private", Bool, Own("is_private"), None),
    (5, "User.name", "Technician", "name", Dropdown, Named("users_id"), None),
    (
        6,
        "actiontime",
        "Total duration",
        "actiontime",
        Number,
        Own("actiontime"),
        None,
    ),
    (7, "state", "Status", "state", Specific, Own("state"), None),
];

const DOCUMENT: &[Line] = &[
    (1, "name", "Name", "name", ItemLink, Own("name"), None),
    (2, "id", "ID", "id", Number, Id, None),
    (3, "filename", "File", "filename", Text, Own("filename"), None),
    (5, "mime", "MIME type", "mime", Text, Own("mime"), None),
    (
        80,
        "Entity.completename",
        "Entity",
        "completename",
        Dropdown,
        Named("entities_id"),
        None,
    ),
    (19, "date_mod", "Last update", "date_mod", Date, Own("date_mod"), None),
    (
        121,
        "date_creation",
        "Creation date",
        "date_creation",
        Date,
        Own("date_creation"),
        None,
    ),
    (20, "sha1sum", "Checksum", "sha1sum", Text, Own("sha1sum"), None),
];

const OTHER: &[Line] = &[
    (1, "name", "Name", "name", ItemLink, Own("name"), None),
    (2, "id", "ID", "id", Number, Id, None),
    (16, "comment", "Comments", "comment", Text, Own("comment"), None),
    (
        14,
        "completename",
        "Complete name",
        "completename",
        Text,
        Own("completename"),
        None,
    ),
    (19, "date_mod", "Last update", "date_mod", Date, Own("date_mod"), None),
    (
        121,
        "date_creation",
        "Creation date",
        "date_creation",
        Date,
        Own("date_creation"),
        None,
    ),
    (
        80,
        "Entity.completename",
        "Entity",
        "completename",
        Dropdown,
        Named("entities_id"),
        None,
    ),
];

/// The search columns of an itemtype.
pub(crate) fn of(kind: Kind, version: Version) -> Vec<SearchOption> {
    let lines = match kind {
        Kind::Ticket => TICKET,
        Kind::User => USER,
        Kind::KnowbaseItem => ARTICLE,
        Kind::ItilFollowup => FOLLOWUP,
        Kind::TicketTask => TASK,
        Kind::Document => DOCUMENT,
        kind if Kind::ASSETS.contains(&kind) => ASSET,
        _ => OTHER,
    };
    lines
        .iter()
        .filter(|line| line.6.is_none_or(|only| only == version))
        .filter(|line| match line.5 {
            Own(column) | Named(column) => kind.schema().has(column, version),
            _ => true,
        })
        .map(|(number, uid, name, field, datatype, source, _)| {
            let target = uid.rsplit('.').nth(1).and_then(Kind::named).unwrap_or(kind);
            SearchOption {
                number: *number,
                uid: format!("{}.{uid}", kind.name()),
                source: *source,
                kind: *datatype,
                name,
                table: target.schema().table.clone(),
                field,
            }
        })
        .collect()
}

/// `listSearchOptions`' answer.
pub(crate) fn described(kind: Kind, version: Version) -> Value {
    let mut described = Map::new();
    described.insert("common".to_owned(), json!({ "name": "Characteristics" }));
    for option in of(kind, version) {
        described.insert(
            option.number.to_string(),
            json!({
                "name": option.name,
                "table": option.table,
                "field": option.field,
                "datatype": option.kind.name(),
                "nosearch": false,
                "nodisplay": false,
                "available_searchtypes": option.kind.search_types(version),
                "uid": option.uid,
            }),
        );
    }
    Value::Object(described)
}

/// What a search shows besides what is asked for: columns always added, and the user's default view.
pub(crate) fn always(kind: Kind, version: Version) -> &'static [i64] {
    match kind {
        Kind::Ticket => &[2, 1, 80],
        Kind::KnowbaseItem if version == Version::Eleven => &[1, 80],
        Kind::KnowbaseItem => &[],
        Kind::ItilFollowup if version == Version::Eleven => &[7],
        Kind::TicketTask if version == Version::Eleven => &[8],
        kind if Kind::ASSETS.contains(&kind) => &[1, 80],
        _ => &[1],
    }
}

/// Columns shown when none is asked for.
pub(crate) fn default_view(kind: Kind, version: Version) -> &'static [i64] {
    match kind {
        Kind::Ticket => &[12, 19, 15, 3, 4, 5, 7, 18],
        Kind::User => &[34, 5, 6, 3, 8],
        Kind::KnowbaseItem if version == Version::Eleven => &[79, 131, 13],
        kind if Kind::ASSETS.contains(&kind) => &[31, 5, 3, 19],
        _ => &[],
    }
}
