//! Reading: one row, lists, what hangs on a row, several rows at once.

use super::{
    Glpi,
    cell::{Cell, Row},
    params::{Params, in_order},
    render::Shape,
    reply::{Refusal, Reply},
    rights,
    schema::{Kind, Version},
    search::like,
    session::Session,
};
use crate::wire::Request;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};
use std::{cmp::Ordering, fmt::Write as _, sync::Arc};

/// A page that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Rows the query asks the database for. Without a range GLPI announces one row more than it fetches.
    pub(crate) limit: usize,
}

/// Rows a user sees on a page (`list_limit`).
const PAGE: usize = 15;

impl Range {
    /// `range=a-b`, both ends included. `off_by_one`: the item list's default claims `0-15` and fetches 15 rows.
    pub(crate) fn of(params: &Params, off_by_one: bool) -> Result<Self, Refusal> {
        let Some(text) = params.text("range") else {
            return Ok(Self {
                start: 0,
                end: if off_by_one { PAGE } else { PAGE - 1 },
                limit: PAGE,
            });
        };
        let bad = || Refusal::bad("range must be in format : [start-end] with integers");
        let (start, end) = text.split_once('-').ok_or_else(bad)?;
        let start: usize = start.parse().map_err(|_| bad())?;
        let end: usize = end.parse().map_err(|_| bad())?;
        Ok(Self {
            start,
            end,
            limit: (end + 1).saturating_sub(start),
        })
    }

    /// Refuses a page that begins beyond the end; beginning exactly at the end is an empty page.
    pub(crate) fn within(self, total: usize) -> Result<(), Refusal> {
        if self.start > total {
            let text = format!("Provided range exceed total count of data: {total}");
            return Err(Refusal::documented(400, "ERROR_RANGE_EXCEED_TOTAL", text));
        }
        Ok(())
    }

    /// Status, and `Content-Range`'s value (its end is -1 for nothing).
    pub(crate) fn announced(self, total: usize) -> (u16, String) {
        let end = if self.end + 1 > total {
            total.cast_signed() - 1
        } else {
            self.end.cast_signed()
        };
        let complete = self.start == 0 && end + 1 >= total.cast_signed();
        (
            if complete { 200 } else { 206 },
            format!("{}-{end}/{total}", self.start),
        )
    }
}

impl Shape {
    fn of(params: &Params) -> Self {
        Self {
            expand: params.switch("expand_dropdowns", false),
            links: params.switch("get_hateoas", true),
            only_id: params.switch("only_id", false),
            names: params.list("add_keys_names"),
        }
    }
}

impl Glpi {
    /// `GET Itemtype/id`.
    pub(super) fn one(
        &self,
        session: &Session,
        kind: Kind,
        id: i64,
        request: &Request,
        params: &Params,
    ) -> Result<Reply, Refusal> {
        if !self.db.table(kind).has(id) {
            // A right that is missing altogether is said before anything is looked up.
            return Err(if rights::may_read(session, kind, self.options.version) {
                Refusal::not_found()
            } else {
                Refusal::right_missing()
            });
        }
        if !rights::may_read(session, kind, self.options.version) || !rights::readable(&self.db, session, kind, id) {
            return Err(Refusal::right_missing());
        }
        if kind == Kind::Document {
            let accepts = request
                .headers
                .get("accept")
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default();
            if accepts.contains("application/octet-stream") || params.text("alt") == Some("media") {
                return self.download(id);
            }
        }
        let shape = Shape::of(params);
        let plain = shape.is_plain() && !params.switch("get_sha1", false);
        let mut row = if plain {
            // What is asked for besides is added to the text.
            serde_json::Map::new()
        } else {
            self.shown_row(session, kind, id, &shape)
        };
        if kind == Kind::KnowbaseItem {
            // GLPI merges its two sources of categories: each comes twice.
            let links = self
                .db
                .on(Kind::KnowbaseItemKnowbaseItemCategory, Kind::KnowbaseItem, id);
            let categories: Vec<i64> = links
                .into_iter()
                .map(|link| {
                    self.db.int(
                        Kind::KnowbaseItemKnowbaseItemCategory,
                        link,
                        "knowbaseitemcategories_id",
                    )
                })
                .flat_map(|category| [category, category])
                .collect();
            row.insert("_categories".to_owned(), json!(categories));
        }
        self.with_more(session, kind, id, params, &mut row);
        if plain {
            let mut text = Vec::with_capacity(1024);
            self.write_row(session, kind, id, &mut text);
            let more = Value::Object(row).to_string();
            match more.strip_prefix('{') {
                Some(more) if more != "}" => {
                    text.push(b',');
                    text.extend_from_slice(more.as_bytes());
                }
                _ => text.push(b'}'),
            }
            return Ok(self.dated(Reply::json_text(200, text), kind, id));
        }
        let value = Value::Object(row);
        if params.switch("get_sha1", false) {
            return Ok(Reply::json(
                200,
                &json!(hex(&Sha1::digest(value.to_string().as_bytes()))),
            ));
        }
        Ok(self.dated(Reply::json(200, &value), kind, id))
    }

    /// With the instant of the row's last change.
    fn dated(&self, reply: Reply, kind: Kind, id: i64) -> Reply {
        match self.db.time(kind, id, "date_mod") {
            Some(at) => reply.header("last-modified", &gmt(at)),
            None => reply,
        }
    }

    /// The ports of a piece of equipment: the recorded skeleton, with one port that has its addresses where it has any.
    fn network_ports(&self, kind: Kind, id: i64) -> Value {
        let on_it = |address: i64, _: &Row| {
            self.db.int(Kind::IpAddress, address, "mainitems_id") == id
                && self.db.text(Kind::IpAddress, address, "mainitemtype").as_ref() == kind.name()
        };
        let addresses: Vec<Value> = self
            .db
            .ids(Kind::IpAddress, on_it)
            .into_iter()
            .map(|address| json!({ "id": address, "name": &*self.db.text(Kind::IpAddress, address, "name"), "IPNetwork": [] }))
            .collect();
        let ethernet = if addresses.is_empty() {
            json!([])
        } else {
            json!([{
                "id": id, "itemtype": kind.name(), "items_id": id, "logical_number": 0, "name": "eth0",
                "NetworkName": { "id": id, "name": "", "fqdns_id": 0, "IPAddress": addresses },
            }])
        };
        json!({
            "NetworkPortEthernet": ethernet, "NetworkPortWifi": [], "NetworkPortAggregate": [], "NetworkPortAlias": [],
            "NetworkPortDialup": [], "NetworkPortLocal": [], "NetworkPortFiberchannel": [],
        })
    }

    /// The `with_…` parameters.
    fn with_more(
        &self,
        session: &Session,
        kind: Kind,
        id: i64,
        params: &Params,
        row: &mut serde_json::Map<String, Value>,
    ) {
        let shape = Shape {
            expand: params.switch("expand_dropdowns", false),
            ..Shape::default()
        };
        if params.switch("with_documents", false) {
            let list: Vec<Value> = self
                .documents_on(kind, id)
                .into_iter()
                .map(|(link, document)| {
                    let mut shown = self.shown_row(session, Kind::Document, document, &shape);
                    let entity = self.db.int(Kind::DocumentItem, link, "entities_id");
                    let at = self.db.table(Kind::DocumentItem).get(link, "date_mod");
                    shown.insert("assocID".to_owned(), json!(link));
                    shown.insert("assocdate".to_owned(), self.shown(&at, &session.zone));
                    shown.insert("entityID".to_owned(), json!(entity));
                    shown.insert("entity".to_owned(), json!(self.encoded_name(Kind::Entity, entity)));
                    shown.insert("headings".to_owned(), Value::Null);
                    Value::Object(shown)
                })
                .collect();
            row.insert("_documents".to_owned(), Value::Array(list));
        }
        if params.switch("with_tickets", false) {
            let tickets: Vec<i64> = match kind {
                Kind::Ticket => self
                    .db
                    .on(Kind::ItemTicket, Kind::Ticket, id)
                    .into_iter()
                    .filter(|link| self.db.text(Kind::ItemTicket, *link, "itemtype").as_ref() == "Ticket")
                    .map(|link| self.db.int(Kind::ItemTicket, link, "items_id"))
                    .collect(),
                _ => {
                    let links = self.db.on(Kind::ItemTicket, kind, id);
                    links
                        .into_iter()
                        .map(|link| self.db.int(Kind::ItemTicket, link, "tickets_id"))
                        .collect()
                }
            };
            let list: Vec<Value> = tickets
                .into_iter()
                .filter(|ticket| rights::sees_ticket(&self.db, session, *ticket))
                .map(|ticket| Value::Object(self.shown_row(session, Kind::Ticket, ticket, &shape)))
                .collect();
            row.insert("_tickets".to_owned(), Value::Array(list));
        }
        for (parameter, key) in [("with_problems", "_problems"), ("with_changes", "_changes")] {
            if params.switch(parameter, false) {
                row.insert(key.to_owned(), json!([]));
            }
        }
        for (parameter, key) in [
            ("with_notes", "_notes"),
            ("with_logs", "_logs"),
            ("with_infocoms", "_infocoms"),
            ("with_contracts", "_contracts"),
        ] {
            if params.switch(parameter, false) {
                row.insert(
                    key.to_owned(),
                    json!({ "error": 401, "message": super::reply::NO_PERMISSION }),
                );
            }
        }
        if params.switch("with_networkports", false) {
            row.insert("_networkports".to_owned(), self.network_ports(kind, id));
        }
        for (parameter, key) in [
            ("with_devices", "_devices"),
            ("with_disks", "_disks"),
            ("with_softwares", "_softwares"),
            ("with_connections", "_connections"),
        ] {
            if params.switch(parameter, false) {
                row.insert(key.to_owned(), json!([]));
            }
        }
    }

    /// Documents on a row and, for a ticket, on its entries: (link, document).
    pub(crate) fn documents_on(&self, kind: Kind, id: i64) -> Vec<(i64, i64)> {
        let mut links = self.db.on(Kind::DocumentItem, kind, id);
        if kind == Kind::Ticket {
            for entry in [Kind::ItilFollowup, Kind::TicketTask, Kind::ItilSolution] {
                for row in self.db.on(entry, Kind::Ticket, id) {
                    links.extend(self.db.on(Kind::DocumentItem, entry, row));
                }
            }
        }
        links
            .into_iter()
            .map(|link| (link, self.db.int(Kind::DocumentItem, link, "documents_id")))
            .collect()
    }

    /// `GET Itemtype` and `GET Parent/id/Itemtype`.
    pub(super) fn list(
        &mut self,
        session: &Session,
        kind: Kind,
        parent: Option<(Kind, i64)>,
        params: &Params,
    ) -> Result<Reply, Refusal> {
        let version = self.options.version;
        if let Some((owner, id)) = parent {
            if !self.db.table(owner).has(id) {
                return Err(Refusal::not_found());
            }
            if !rights::may_read(session, owner, version) || !rights::readable(&self.db, session, owner, id) {
                return Err(Refusal::right_missing());
            }
        }
        if !rights::may_read(session, kind, version) {
            return Err(Refusal::right_missing());
        }
        let range = Range::of(params, true)?;
        let (sort, descending) = self.sorting(kind, params)?;
        let wanted = self.wanted_texts(kind, params)?;
        let bin = params.switch("is_deleted", false);
        let ids = match parent {
            Some((owner, id)) => {
                let table = self.db.table(kind);
                let ids = self.db.on(kind, owner, id);
                let candidates = ids.into_iter().filter_map(|id| table.row(id).map(|row| (id, row)));
                Arc::new(self.ordered(session, kind, candidates, &wanted, bin, sort, descending))
            }
            None => {
                // Paging through one list asks the same question many times: sort once per change of the data.
                let key = format!(
                    "{} {} {:?} {} {sort} {descending} {bin} {wanted:?}",
                    kind.name(),
                    session.profile,
                    session.entities,
                    session.user
                );
                self.remembered(key, |glpi| {
                    glpi.ordered(
                        session,
                        kind,
                        glpi.db.table(kind).iter(),
                        &wanted,
                        bin,
                        sort,
                        descending,
                    )
                })
            }
        };
        let total = ids.len();
        range.within(total)?;
        let (status, announced) = range.announced(total);
        let shape = Shape::of(params);
        let page = ids.iter().skip(range.start).take(range.limit);
        let reply = if shape.is_plain() {
            let mut text = b"[".to_vec();
            for (place, id) in page.enumerate() {
                if place > 0 {
                    text.push(b',');
                }
                self.write_row(session, kind, *id, &mut text);
                text.push(b'}');
            }
            text.push(b']');
            Reply::json_text(status, text)
        } else {
            let rows = page.map(|id| Value::Object(self.shown_row(session, kind, *id, &shape)));
            Reply::json(status, &Value::Array(rows.collect()))
        };
        let mut reply = reply.header("accept-range", &format!("{} 1000", kind.name()));
        if total > 0 {
            reply = reply.header("content-range", &announced);
        }
        Ok(reply)
    }

    fn sorting(&self, kind: Kind, params: &Params) -> Result<(u8, bool), Refusal> {
        let descending = match params.text("order") {
            None => false,
            Some(order) if order.eq_ignore_ascii_case("ASC") => false,
            Some(order) if order.eq_ignore_ascii_case("DESC") => true,
            Some(_) => return Err(Refusal::bad("order must be DESC or ASC")),
        };
        let sort = params.text("sort").unwrap_or("id");
        let schema = kind.schema();
        if !schema.has(sort, self.options.version) {
            return Err(Refusal::bad(format!("sort param is not a field of {}", schema.table)));
        }
        Ok((schema.column(sort).unwrap_or(0), descending))
    }

    /// `searchText[field]=text`. 10.0 refuses a field it does not have; 11.0 was only asked for ones it has, and is taken
    /// to do the same.
    fn wanted_texts(&self, kind: Kind, params: &Params) -> Result<Vec<(u8, String)>, Refusal> {
        let Some(Value::Object(fields)) = params.tree("searchText") else {
            return Ok(Vec::new());
        };
        let mut wanted = Vec::new();
        for (field, text) in fields {
            let schema = kind.schema();
            let Some(column) = schema.column(field).filter(|_| schema.has(field, self.options.version)) else {
                let text = format!("Field {field} is not valid for {} item.", kind.name());
                return Err(Refusal::documented(400, "ERROR_FIELD_NOT_FOUND", text));
            };
            if let Some(text) = text.as_str() {
                wanted.push((column, text.to_owned()));
            }
        }
        Ok(wanted)
    }

    #[expect(clippy::too_many_arguments, reason = "the parameters of one database query")]
    fn ordered<'rows>(
        &self,
        session: &Session,
        kind: Kind,
        candidates: impl Iterator<Item = (i64, &'rows Row)>,
        wanted: &[(u8, String)],
        bin: bool,
        sort: u8,
        descending: bool,
    ) -> Vec<i64> {
        let table = self.db.table(kind);
        let deleted = table.schema.column("is_deleted");
        let mut kept: Vec<i64> = candidates
            .filter(|(id, row)| {
                let in_bin = deleted.is_some_and(|column| table.cell_of(row, column).int() != 0);
                (deleted.is_none() || in_bin == bin)
                    && rights::listed(&self.db, session, kind, *id, row, self.options.version)
                    && wanted.iter().all(|(column, text)| {
                        let cell = if *column == 0 {
                            Cell::Int(*id)
                        } else {
                            table.cell_of(row, *column)
                        };
                        like(&self.plain(&cell, &session.zone), text)
                    })
            })
            .map(|(id, _)| id)
            .collect();
        if sort != 0 {
            let column = sort;
            let mut keyed: Vec<(Cell, i64)> = kept
                .into_iter()
                .map(|id| {
                    let cell = table.row(id).map_or(Cell::Null, |row| table.cell_of(row, column));
                    let cell = match cell {
                        Cell::Made(code) => Cell::text(&self.db.texts.write(code)),
                        cell => cell,
                    };
                    (cell, id)
                })
                .collect();
            keyed.sort_by(|a, b| compare(&a.0, &b.0).then(a.1.cmp(&b.1)));
            kept = keyed.into_iter().map(|(_, id)| id).collect();
        }
        if descending {
            kept.reverse();
        }
        kept
    }

    /// A list that was made before and is still true.
    pub(super) fn remembered(&mut self, key: String, make: impl FnOnce(&Self) -> Vec<i64>) -> Arc<Vec<i64>> {
        const KEPT: usize = 6;
        let revision = self.db.revision;
        if let Some((_, _, ids)) = self
            .lists
            .iter()
            .find(|(known, at, _)| *known == key && *at == revision)
        {
            return Arc::clone(ids);
        }
        let ids = Arc::new(make(self));
        self.lists.retain(|(_, at, _)| *at == revision);
        if self.lists.len() >= KEPT {
            self.lists.remove(0);
        }
        self.lists.push((key, revision, Arc::clone(&ids)));
        ids
    }

    /// A cell as the database compares it to a text.
    pub(crate) fn plain(&self, cell: &Cell, zone: &TimeZone) -> String {
        match cell {
            Cell::Null => String::new(),
            Cell::Int(n) => n.to_string(),
            Cell::Time(at) => self.shown_time(*at, zone),
            Cell::Text(text) => text.to_string(),
            Cell::Made(code) => self.db.texts.write(*code),
        }
    }

    /// `getMultipleItems`: one missing row makes the whole answer 404.
    pub(super) fn multiple(&self, session: &Session, params: &Params) -> Result<Reply, Refusal> {
        let Some(Value::Object(items)) = params.tree("items") else {
            return Err(Refusal::documented(
                400,
                "ERROR_BAD_ARRAY",
                "items parameter must be an array",
            ));
        };
        let shape = Shape::of(params);
        let mut rows = Vec::new();
        for item in in_order(items) {
            let kind = item["itemtype"]
                .as_str()
                .and_then(Kind::named)
                .ok_or_else(super::unknown_resource)?;
            let id: i64 = item["items_id"]
                .as_str()
                .and_then(|id| id.parse().ok())
                .ok_or_else(Refusal::not_found)?;
            if !self.db.table(kind).has(id) {
                return Err(Refusal::not_found());
            }
            if !rights::may_read(session, kind, self.options.version) || !rights::readable(&self.db, session, kind, id)
            {
                return Err(Refusal::right_missing());
            }
            rows.push(Value::Object(self.shown_row(session, kind, id, &shape)));
        }
        Ok(Reply::json(200, &Value::Array(rows)))
    }

    /// A document's bytes. `Range` is ignored; the tag is the content's, so that two documents of the same bytes share it.
    fn download(&self, id: i64) -> Result<Reply, Refusal> {
        let sha1 = self.db.text(Kind::Document, id, "sha1sum");
        let Some(content) = self.files.get(sha1.as_ref()) else {
            return Err(Refusal::not_found());
        };
        let filename = self.db.text(Kind::Document, id, "filename");
        let mime = self.db.text(Kind::Document, id, "mime");
        let encoded: String = url::form_urlencoded::byte_serialize(filename.as_bytes())
            .collect::<String>()
            .replace('+', "%20");
        let mut reply = Reply::text(200, "application/octet-stream", content.clone())
            .header("content-type", &mime)
            .header("etag", &hex(&Sha1::digest(content))[..32])
            .header(
                "content-disposition",
                &format!("filename=\"{filename}\"; filename*=utf-8''{encoded}"),
            );
        if let Some(at) = self.db.time(Kind::Document, id, "date_mod") {
            reply = reply.header("last-modified", &gmt(at));
        }
        Ok(reply)
    }

    /// Whether this server hides what GLPI 10 leaks.
    pub(crate) fn is_eleven(&self) -> bool {
        self.options.version == Version::Eleven
    }
}

/// NULL first, then numbers and instants, then texts: as the database orders a column.
pub(crate) fn compare(a: &Cell, b: &Cell) -> Ordering {
    match (a, b) {
        (Cell::Null, Cell::Null) => Ordering::Equal,
        (Cell::Null, _) => Ordering::Less,
        (_, Cell::Null) => Ordering::Greater,
        (Cell::Text(a), Cell::Text(b)) => super::search::fold(a).cmp(&super::search::fold(b)),
        (a, b) => a.int().cmp(&b.int()),
    }
}

/// `Sun, 22 Nov 2026 03:55:05 GMT`.
fn gmt(seconds: i64) -> String {
    Timestamp::from_second(seconds)
        .map(|at| at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
        .unwrap_or_default()
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
