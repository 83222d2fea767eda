//! Small conveniences over SQL: values of mixed kinds, statements with many rows, lists of identities.

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Row, SqliteConnection, sqlite::SqliteRow};

/// A value to store.
#[derive(Debug, Clone)]
pub(crate) enum Val {
    Null,
    Int(i64),
    Text(String),
}

impl From<i64> for Val {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}
impl From<u8> for Val {
    fn from(value: u8) -> Self {
        Self::Int(i64::from(value))
    }
}
impl From<bool> for Val {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}
impl From<&str> for Val {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}
impl From<String> for Val {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}
impl From<Timestamp> for Val {
    fn from(value: Timestamp) -> Self {
        Self::Int(micros(value))
    }
}
impl<T: Into<Self>> From<Option<T>> for Val {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// An instant as it is stored: microseconds since 1970, UTC.
pub(crate) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// An instant read back. What is out of range cannot have been written here; it reads as the epoch rather than failing a list.
pub(crate) fn instant(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// An optional instant read back.
pub(crate) fn opt_instant(micros: Option<i64>) -> Option<Timestamp> {
    micros.map(instant)
}

/// Identities as a JSON array, for `IN (SELECT value FROM json_each(?))`.
pub(crate) fn json_ids<'a>(ids: impl IntoIterator<Item = &'a i64>) -> String {
    let mut text = String::from("[");
    for id in ids {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&id.to_string());
    }
    text.push(']');
    text
}

/// Rows in one statement at most. Chunks are of 64, 8 or 1 rows, so that three statements a table stay prepared.
const CHUNKS: [usize; 3] = [64, 8, 1];

/// Executes `{head} VALUES (…),(…) {tail}` over all rows, many rows a statement. Every row has `columns` values.
pub(crate) async fn bulk(
    connection: &mut SqliteConnection,
    head: &str,
    columns: usize,
    tail: &str,
    rows: Vec<Vec<Val>>,
) -> Result<(), sqlx::Error> {
    let mut rows = rows.into_iter();
    while rows.len() > 0 {
        let size = CHUNKS.into_iter().find(|size| *size <= rows.len()).unwrap_or(1);
        let mut sql = String::with_capacity(head.len() + tail.len() + size * (2 * columns + 3) + 16);
        sql.push_str(head);
        sql.push_str(" VALUES ");
        for row in 0..size {
            sql.push_str(if row == 0 { "(" } else { ",(" });
            for column in 0..columns {
                sql.push_str(if column == 0 { "?" } else { ",?" });
            }
            sql.push(')');
        }
        sql.push(' ');
        sql.push_str(tail);
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for row in rows.by_ref().take(size) {
            debug_assert_eq!(row.len(), columns);
            for value in row {
                query = match value {
                    Val::Null => query.bind(None::<i64>),
                    Val::Int(value) => query.bind(value),
                    Val::Text(value) => query.bind(value),
                };
            }
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Columns read by place, in order: a small cursor over a row, so that a wide table is decoded without counting.
pub(crate) struct Columns<'r> {
    row: &'r SqliteRow,
    next: usize,
}

impl<'r> Columns<'r> {
    pub(crate) fn new(row: &'r SqliteRow) -> Self {
        Self { row, next: 0 }
    }
    /// From a column on.
    pub(crate) fn from(row: &'r SqliteRow, next: usize) -> Self {
        Self { row, next }
    }
    fn place(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }
    pub(crate) fn int(&mut self) -> Result<i64, sqlx::Error> {
        let place = self.place();
        self.row.try_get(place)
    }
    pub(crate) fn opt_int(&mut self) -> Result<Option<i64>, sqlx::Error> {
        let place = self.place();
        self.row.try_get(place)
    }
    pub(crate) fn text(&mut self) -> Result<&'r str, sqlx::Error> {
        let place = self.place();
        self.row.try_get(place)
    }
    pub(crate) fn opt_text(&mut self) -> Result<Option<&'r str>, sqlx::Error> {
        let place = self.place();
        self.row.try_get(place)
    }
    pub(crate) fn flag(&mut self) -> Result<bool, sqlx::Error> {
        Ok(self.int()? != 0)
    }
    pub(crate) fn at(&mut self) -> Result<Timestamp, sqlx::Error> {
        Ok(instant(self.int()?))
    }
    pub(crate) fn opt_at(&mut self) -> Result<Option<Timestamp>, sqlx::Error> {
        Ok(opt_instant(self.opt_int()?))
    }
}
