//! The search engine behind `search/Itemtype`.

use super::{
    Glpi,
    cell::Cell,
    criteria::{self, Criterion, Join},
    list::{Range, compare},
    params::{Params, in_order},
    reply::{Refusal, Reply},
    rights,
    schema::{Kind, Type, Version},
    search_options::{self, DataType, SearchOption, Source},
    session::Session,
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::cmp::Ordering;

/// `LIKE %text%` as the database's collation compares: without case and accents. `^` and `$` anchor, as GLPI allows.
pub(crate) fn like(value: &str, text: &str) -> bool {
    let (text, from_start) = text.strip_prefix('^').map_or((text, false), |text| (text, true));
    let (text, to_end) = text.strip_suffix('$').map_or((text, false), |text| (text, true));
    let (value, text) = (fold(value), fold(text));
    match (from_start, to_end) {
        (true, true) => value == text,
        (true, false) => value.starts_with(&text),
        (false, true) => value.ends_with(&text),
        (false, false) => value.contains(&text),
    }
}

/// Lower case, French accents off.
pub(crate) fn fold(text: &str) -> String {
    text.chars()
        .flat_map(char::to_lowercase)
        .map(|letter| match letter {
            'à' | 'â' | 'ä' | 'á' => 'a',
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'î' | 'ï' | 'í' => 'i',
            'ô' | 'ö' | 'ó' => 'o',
            'ù' | 'û' | 'ü' | 'ú' => 'u',
            'ç' => 'c',
            other => other,
        })
        .collect()
}

impl Glpi {
    /// `search/Itemtype`.
    pub(super) fn search(
        &mut self,
        session: &Session,
        kind: Kind,
        params: &Params,
        now: Timestamp,
    ) -> Result<Reply, Refusal> {
        let version = self.options.version;
        if !rights::may_read(session, kind, version) {
            return Err(Refusal::right_missing());
        }
        let options = search_options::of(kind, version);
        let criteria = match params.tree("criteria") {
            Some(tree) => criteria::parse(tree, &options)?,
            None => Vec::new(),
        };
        let range = Range::of(params, false)?;
        let (sorts, orders) = self.search_sorting(&options, params);
        let bin = params.switch("is_deleted", false);
        let key = format!(
            "search {} {} {} {:?} {bin} {sorts:?} {orders:?} {criteria:?} {}",
            kind.name(),
            session.user,
            session.profile,
            session.entities,
            // A relative date makes the answer depend on the clock.
            if format!("{criteria:?}").contains("\"-") {
                now.as_second()
            } else {
                0
            }
        );
        let ids = self.remembered(key, |glpi| {
            glpi.found(session, kind, &options, &criteria, bin, &sorts, &orders, now)
        });
        let total = ids.len();
        range.within(total)?;
        let (status, announced) = range.announced(total);

        let columns = shown_columns(kind, version, &options, &criteria, params);
        let by_uid = params.switch("uid_cols", false);
        let page: Vec<i64> = ids.iter().skip(range.start).take(range.limit).copied().collect();
        let rows: Vec<Value> = page
            .iter()
            .map(|id| {
                let row: Map<String, Value> = columns
                    .iter()
                    .map(|option| {
                        let key = if by_uid {
                            option.uid.clone()
                        } else {
                            option.number.to_string()
                        };
                        (key, self.search_cell(session, kind, *id, option, now))
                    })
                    .collect();
                // A row without columns is an empty PHP array.
                if row.is_empty() { json!([]) } else { Value::Object(row) }
            })
            .collect();
        let mut answer = json!({
            "totalcount": total,
            "count": rows.len(),
            "sort": sorts,
            "order": orders.iter().map(|descending| if *descending { "DESC" } else { "ASC" }).collect::<Vec<_>>(),
            "content-range": announced,
        });
        if total > 0 {
            answer["data"] = if params.switch("withindexes", false) {
                let indexed: Map<String, Value> = page.iter().map(ToString::to_string).zip(rows).collect();
                Value::Object(indexed)
            } else {
                Value::Array(rows)
            };
        }
        let mut reply = Reply::json(status, &answer).header("accept-range", &format!("{} 1000", kind.name()));
        if total > 0 {
            reply = reply.header("content-range", &announced);
        }
        Ok(reply)
    }

    /// `search/AllAssets`: a name over every kind of equipment.
    pub(super) fn search_assets(&self, session: &Session, params: &Params, now: Timestamp) -> Result<Reply, Refusal> {
        let range = Range::of(params, false)?;
        let mut rows = Vec::new();
        for kind in Kind::ASSETS {
            let options = search_options::of(kind, self.options.version);
            let criteria = match params.tree("criteria") {
                Some(tree) => criteria::parse(tree, &options)?,
                None => Vec::new(),
            };
            for id in self.found(session, kind, &options, &criteria, false, &[1], &[false], now) {
                let state = self.encoded_name(Kind::State, self.db.int(kind, id, "states_id"));
                let entity = self.db.shown_name(Kind::Entity, self.db.int(kind, id, "entities_id"));
                rows.push(json!({
                    "1": self.encoded_name(kind, id),
                    "80": entity.as_deref().unwrap_or_default(),
                    "31": state,
                    "id": id,
                    "itemtype": kind.name(),
                }));
            }
        }
        let total = rows.len();
        range.within(total)?;
        let (status, announced) = range.announced(total);
        let page: Vec<Value> = rows.into_iter().skip(range.start).take(range.limit).collect();
        let mut answer = json!({ "totalcount": total, "count": page.len(), "sort": [1], "order": ["ASC"], "content-range": announced });
        let mut reply = Reply::json(status, &answer).header("accept-range", "AllAssets 1000");
        if total > 0 {
            answer["data"] = Value::Array(page);
            reply = Reply::json(status, &answer)
                .header("accept-range", "AllAssets 1000")
                .header("content-range", &announced);
        }
        Ok(reply)
    }

    /// 10.0 sorts by column 1 unless told otherwise, 11.0 by nothing (0).
    fn search_sorting(&self, options: &[SearchOption], params: &Params) -> (Vec<i64>, Vec<bool>) {
        let texts = |key: &str| match params.tree(key) {
            Some(Value::String(one)) => vec![one.clone()],
            Some(Value::Object(map)) => in_order(map)
                .into_iter()
                .filter_map(|v| v.as_str().map(str::to_owned))
                .collect(),
            _ => Vec::new(),
        };
        let mut sorts: Vec<i64> = texts("sort").iter().filter_map(|text| text.parse().ok()).collect();
        sorts.retain(|number| options.iter().any(|option| option.number == *number));
        if sorts.is_empty() {
            sorts.push(if self.options.version == Version::Ten { 1 } else { 0 });
        }
        let mut orders: Vec<bool> = texts("order")
            .iter()
            .map(|order| order.eq_ignore_ascii_case("DESC"))
            .collect();
        orders.resize(sorts.len(), false);
        (sorts, orders)
    }

    #[expect(clippy::too_many_arguments, reason = "the parameters of one database query")]
    fn found(
        &self,
        session: &Session,
        kind: Kind,
        options: &[SearchOption],
        criteria: &[Criterion],
        bin: bool,
        sorts: &[i64],
        orders: &[bool],
        now: Timestamp,
    ) -> Vec<i64> {
        let table = self.db.table(kind);
        let deleted = table.schema.column("is_deleted");
        let ids = self.db.ids(kind, |id, row| {
            let in_bin = deleted.is_some_and(|column| table.cell_of(row, column).int() != 0);
            (deleted.is_none() || in_bin == bin)
                && rights::listed(&self.db, session, kind, id, row, self.options.version)
                && self.meets(session, kind, id, options, criteria, now)
        });
        let keys: Vec<(&SearchOption, bool)> = sorts
            .iter()
            .zip(orders)
            .filter_map(|(number, descending)| {
                options
                    .iter()
                    .find(|option| option.number == *number)
                    .map(|option| (option, *descending))
            })
            .collect();
        if keys.is_empty() {
            return ids;
        }
        let mut keyed: Vec<(Vec<Cell>, i64)> = ids
            .into_iter()
            .map(|id| {
                (
                    keys.iter().map(|(option, _)| self.sort_key(kind, id, option)).collect(),
                    id,
                )
            })
            .collect();
        keyed.sort_by(|(a, first), (b, second)| {
            for (at, (_, descending)) in keys.iter().enumerate() {
                let order = compare(&a[at], &b[at]);
                if order != Ordering::Equal {
                    return if *descending { order.reverse() } else { order };
                }
            }
            first.cmp(second)
        });
        keyed.into_iter().map(|(_, id)| id).collect()
    }

    fn sort_key(&self, kind: Kind, id: i64, option: &SearchOption) -> Cell {
        match option.source {
            Source::Id => Cell::Int(id),
            Source::Own(column) => match self.db.table(kind).get(id, column) {
                Cell::Made(code) => Cell::text(&self.db.texts.write(code)),
                cell => cell,
            },
            _ => Cell::text(&self.values(kind, id, option).join(" ")),
        }
    }

    fn meets(
        &self,
        session: &Session,
        kind: Kind,
        id: i64,
        options: &[SearchOption],
        criteria: &[Criterion],
        now: Timestamp,
    ) -> bool {
        let mut met = true;
        for (at, criterion) in criteria.iter().enumerate() {
            let holds = || match criterion {
                Criterion::Group { inner, .. } => self.meets(session, kind, id, options, inner, now),
                Criterion::Field {
                    option, test, value, ..
                } => self.holds(session, kind, id, &options[*option], test, value, now),
                Criterion::Meta {
                    itemtype,
                    field,
                    test,
                    value,
                    ..
                } => self.meta_holds(session, kind, id, itemtype, *field, test, value, now),
            };
            // The first link means nothing, but for its negation.
            met = match (at, criterion.join()) {
                (0, Join::And | Join::Or) => holds(),
                (0, _) => !holds(),
                (_, Join::And) => met && holds(),
                (_, Join::Or) => met || holds(),
                (_, Join::AndNot) => met && !holds(),
                (_, Join::OrNot) => met || !holds(),
            };
        }
        met
    }

    #[expect(clippy::too_many_arguments, reason = "one criterion, spelled out")]
    fn meta_holds(
        &self,
        session: &Session,
        kind: Kind,
        id: i64,
        itemtype: &str,
        field: i64,
        test: &str,
        value: &str,
        now: Timestamp,
    ) -> bool {
        let Some(target) = Kind::named(itemtype) else {
            return false;
        };
        let options = search_options::of(target, self.options.version);
        let Some(option) = options.iter().find(|option| option.number == field) else {
            return false;
        };
        self.db
            .on(Kind::ItemTicket, kind, id)
            .into_iter()
            .filter(|link| self.db.text(Kind::ItemTicket, *link, "itemtype").as_ref() == itemtype)
            .any(|link| {
                let linked = self.db.int(Kind::ItemTicket, link, "items_id");
                self.holds(session, target, linked, option, test, value, now)
            })
    }

    #[expect(clippy::too_many_arguments, reason = "one criterion, spelled out")]
    fn holds(
        &self,
        session: &Session,
        kind: Kind,
        id: i64,
        option: &SearchOption,
        test: &str,
        value: &str,
        now: Timestamp,
    ) -> bool {
        if let Some(negated) = test
            .strip_prefix("not")
            .filter(|rest| matches!(*rest, "contains" | "equals" | "under"))
        {
            return !self.holds(session, kind, id, option, negated, value, now);
        }
        if test == "empty" {
            let empty = self.values(kind, id, option).iter().all(String::is_empty);
            return empty != (value == "not");
        }
        if option.kind == DataType::Date {
            return self.date_holds(session, kind, id, option, test, value, now);
        }
        match test {
            "contains" => match criteria::comparison(value).filter(|_| criteria::by_number(option.kind)) {
                Some((order, equal, text)) => {
                    let (own, wanted) = (self.number_of(kind, id, option), text.parse::<i64>().unwrap_or(0));
                    own.cmp(&wanted) == order || (equal && own == wanted)
                }
                None if option.kind == DataType::Number => self.number_of(kind, id, option).to_string().contains(value),
                None => self.values(kind, id, option).iter().any(|own| like(own, value)),
            },
            "under" => {
                let Source::Named(column) = option.source else {
                    return false;
                };
                let wanted: i64 = value.parse().unwrap_or(0);
                self.is_under(kind, self.db.int(kind, id, column), column, wanted)
            }
            // `morethan` and `lessthan` on what is not a date behave as `equals` (recording 071).
            _ => self.equals(session, kind, id, option, value),
        }
    }

    fn is_under(&self, kind: Kind, mut node: i64, column: &str, wanted: i64) -> bool {
        let schema = kind.schema();
        let Some(Type::Link(target)) = schema
            .column(column)
            .map(|number| &schema.columns[usize::from(number)].kind)
        else {
            return node == wanted;
        };
        let Some(target) = Kind::named(target) else {
            return node == wanted;
        };
        if target == Kind::Entity {
            return self.db.under(node, wanted);
        }
        let parent = target.foreign_key();
        loop {
            if node == wanted {
                return true;
            }
            if node == 0 {
                return false;
            }
            node = self.db.int(target, node, &parent);
        }
    }

    fn equals(&self, session: &Session, kind: Kind, id: i64, option: &SearchOption, value: &str) -> bool {
        let wanted: i64 = match value {
            "myself" => session.user,
            other => other.parse().unwrap_or(0),
        };
        match option.source {
            Source::Id => id == wanted,
            Source::Own("status") if kind == Kind::Ticket => {
                let status = self.db.int(kind, id, "status");
                match value {
                    "all" => true,
                    "notold" => status < 5,
                    "old" => status >= 5,
                    "notclosed" => status < 6,
                    "process" => status == 2 || status == 3,
                    "waiting" => status == 4,
                    "solved" => status == 5,
                    "closed" => status == 6,
                    _ => status == wanted,
                }
            }
            Source::Own(_) if criteria::by_number(option.kind) => self.number_of(kind, id, option) == wanted,
            Source::Own(column) => match self.db.table(kind).get(id, column) {
                Cell::Int(n) => n == wanted,
                _ if option.kind == DataType::ItemLink => id == wanted,
                cell => self.db.written(&cell).is_some_and(|text| fold(&text) == fold(value)),
            },
            Source::Named(column) => self.db.int(kind, id, column) == wanted,
            Source::People(part) => {
                let people = self.db.actors(Kind::TicketUser, id, part);
                if wanted == 0 {
                    people.is_empty()
                } else {
                    people.contains(&wanted)
                }
            }
            Source::Groups(part) => {
                let groups = self.db.actors(Kind::GroupTicket, id, part);
                if value == "mygroups" {
                    let mine = self.db.on(Kind::GroupUser, Kind::User, session.user);
                    return mine
                        .into_iter()
                        .any(|link| groups.contains(&self.db.int(Kind::GroupUser, link, "groups_id")));
                }
                if wanted == 0 {
                    groups.is_empty()
                } else {
                    groups.contains(&wanted)
                }
            }
            Source::Hanging(child, column) => self
                .db
                .on(child, kind, id)
                .into_iter()
                .any(|row| self.db.text(child, row, column).as_ref() == value),
            Source::Memberships => {
                let links = self.db.on(Kind::GroupUser, Kind::User, id);
                links
                    .into_iter()
                    .any(|link| self.db.int(Kind::GroupUser, link, "groups_id") == wanted)
            }
            Source::Late => self.values(kind, id, option).first().map(String::as_str) == Some(value),
            Source::Categories | Source::Targets | Source::Empty => false,
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one criterion, spelled out")]
    fn date_holds(
        &self,
        session: &Session,
        kind: Kind,
        id: i64,
        option: &SearchOption,
        test: &str,
        value: &str,
        now: Timestamp,
    ) -> bool {
        let Source::Own(column) = option.source else {
            return false;
        };
        let Some(own) = self.db.time(kind, id, column) else {
            return false;
        };
        let read = |text: &str| relative(text, now).or_else(|| Self::read_time(text, &session.zone));
        match test {
            "contains" => match criteria::comparison(value) {
                Some((order, equal, text)) => {
                    read(text).is_some_and(|at| own.cmp(&at) == order || (equal && own == at))
                }
                None => self.shown_time(own, &session.zone).contains(value.trim()),
            },
            "morethan" => read(value).is_some_and(|at| own > at),
            "lessthan" => read(value).is_some_and(|at| own < at),
            _ => read(value).is_some_and(|at| own == at),
        }
    }

    fn number_of(&self, kind: Kind, id: i64, option: &SearchOption) -> i64 {
        match option.source {
            Source::Id => id,
            Source::Own(column) => self.db.int(kind, id, column),
            _ => 0,
        }
    }

    /// A column's values as texts, unencoded.
    fn values(&self, kind: Kind, id: i64, option: &SearchOption) -> Vec<String> {
        let owned = |text: std::sync::Arc<str>| text.to_string();
        match option.source {
            Source::Id => vec![id.to_string()],
            Source::Own(column) => {
                let cell = self.db.table(kind).get(id, column);
                vec![self.db.written(&cell).map(owned).unwrap_or_default()]
            }
            Source::Named(column) => {
                let schema = kind.schema();
                let target = schema
                    .column(column)
                    .and_then(|number| match &schema.columns[usize::from(number)].kind {
                        Type::Link(target) => Kind::named(target),
                        _ => None,
                    });
                let pointed = self.db.int(kind, id, column);
                vec![
                    target
                        .and_then(|target| self.db.shown_name(target, pointed))
                        .map(owned)
                        .unwrap_or_default(),
                ]
            }
            Source::People(part) => {
                let people = self.db.actors(Kind::TicketUser, id, part);
                people
                    .into_iter()
                    .map(|user| self.db.text(Kind::User, user, "name").to_string())
                    .collect()
            }
            Source::Groups(part) => {
                let groups = self.db.actors(Kind::GroupTicket, id, part);
                groups
                    .into_iter()
                    .filter_map(|group| self.db.shown_name(Kind::Group, group))
                    .map(owned)
                    .collect()
            }
            Source::Hanging(child, column) => {
                // The newest first, as the join happens to give them.
                self.db
                    .on(child, kind, id)
                    .into_iter()
                    .rev()
                    .map(|row| self.db.text(child, row, column).to_string())
                    .collect()
            }
            Source::Memberships => {
                let links = self.db.on(Kind::GroupUser, Kind::User, id);
                let groups = links
                    .into_iter()
                    .map(|link| self.db.int(Kind::GroupUser, link, "groups_id"));
                groups
                    .filter_map(|group| self.db.shown_name(Kind::Group, group))
                    .map(owned)
                    .collect()
            }
            Source::Categories => {
                let links = self
                    .db
                    .on(Kind::KnowbaseItemKnowbaseItemCategory, Kind::KnowbaseItem, id);
                let column = "knowbaseitemcategories_id";
                let ids = links
                    .into_iter()
                    .map(|link| self.db.int(Kind::KnowbaseItemKnowbaseItemCategory, link, column));
                ids.filter_map(|id| self.db.shown_name(Kind::KnowbaseItemCategory, id))
                    .map(owned)
                    .collect()
            }
            Source::Targets => {
                let links = self.db.on(Kind::EntityKnowbaseItem, Kind::KnowbaseItem, id);
                let ids = links
                    .into_iter()
                    .map(|link| self.db.int(Kind::EntityKnowbaseItem, link, "entities_id"));
                ids.filter_map(|id| self.db.shown_name(Kind::Entity, id))
                    .map(owned)
                    .collect()
            }
            Source::Late => {
                let due = self.db.time(kind, id, "time_to_resolve");
                let end = self.db.time(kind, id, "solvedate");
                vec![i64::from(matches!((due, end), (Some(due), Some(end)) if end > due)).to_string()]
            }
            Source::Empty => Vec::new(),
        }
    }

    /// A cell of a search answer: numbers as numbers, names of trees plain, texts encoded in 10.0, several values as a
    /// list, people of a ticket as numbers in texts.
    fn search_cell(&self, session: &Session, kind: Kind, id: i64, option: &SearchOption, _now: Timestamp) -> Value {
        match option.source {
            Source::Id => json!(id),
            Source::Own(column) => {
                let cell = self.db.table(kind).get(id, column);
                self.shown(&cell, &session.zone)
            }
            Source::People(part) => several(
                self.db
                    .actors(Kind::TicketUser, id, part)
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
            ),
            Source::Late => json!(self.values(kind, id, option)[0].parse::<i64>().unwrap_or(0)),
            Source::Named(_) | Source::Groups(_) | Source::Memberships | Source::Categories | Source::Targets => {
                let names = self
                    .values(kind, id, option)
                    .into_iter()
                    .filter(|name| !name.is_empty());
                several(names.map(|name| self.encode(&name).replace(" &#62; ", " > ")).collect())
            }
            Source::Hanging(..) => several(
                self.values(kind, id, option)
                    .iter()
                    .map(|text| self.encode(text))
                    .collect(),
            ),
            Source::Empty if option.number == 131 => json!("__NULL__"),
            Source::Empty => Value::Null,
        }
    }
}

/// Nothing, one value, or a list: the count decides the type.
fn several(mut values: Vec<String>) -> Value {
    match values.len() {
        0 => Value::Null,
        1 => Value::String(values.remove(0)),
        _ => json!(values),
    }
}

/// `-10MINUTE`, `NOW`, `-1DAY`.
fn relative(text: &str, now: Timestamp) -> Option<i64> {
    let text = text.trim();
    if text == "NOW" {
        return Some(now.as_second());
    }
    let unit_at = text.find(|letter: char| letter.is_ascii_alphabetic())?;
    let (amount, unit) = text.split_at(unit_at);
    let amount: i64 = amount.parse().ok()?;
    let seconds = match unit {
        "MINUTE" => 60,
        "HOUR" => 3_600,
        "DAY" => 86_400,
        "WEEK" => 604_800,
        "MONTH" => 2_592_000,
        "YEAR" => 31_536_000,
        _ => return None,
    };
    Some(now.as_second() + amount * seconds)
}

fn shown_columns<'options>(
    kind: Kind,
    version: Version,
    options: &'options [SearchOption],
    criteria: &[Criterion],
    params: &Params,
) -> Vec<&'options SearchOption> {
    let mut numbers: Vec<i64> = search_options::always(kind, version).to_vec();
    let forced = params.list("forcedisplay");
    // 2 is only always there for tickets' default view and where it is asked for.
    if kind == Kind::Ticket && !forced.is_empty() {
        numbers.retain(|number| *number != 2);
    }
    if forced.is_empty() {
        numbers.extend(search_options::default_view(kind, version));
    } else {
        numbers.extend(forced.iter().filter_map(|text| text.parse::<i64>().ok()));
    }
    let mut searched = Vec::new();
    for criterion in criteria {
        criterion.columns(options, &mut searched);
    }
    numbers.extend(searched);
    let mut kept: Vec<&SearchOption> = Vec::new();
    for number in numbers {
        if let Some(option) = options.iter().find(|option| option.number == number)
            && !kept.iter().any(|known| known.number == number)
        {
            kept.push(option);
        }
    }
    kept
}
