//! Values on their way into and out of rows.

use fleetprompt_core::domain::{Position, Revision, Timestamp};
use fleetprompt_core::port::{ColumnValue, Record, RecordKind, StoreError, Versioned};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Row, ToSql};

use crate::error::Fault;
use crate::prepared::columns;

/// The columns that [`record`] reads.
pub(crate) const RECORD: &str = "revision, created, changed, doc";

/// A record from a row of [`RECORD`].
pub(crate) fn record(kind: RecordKind, row: &Row<'_>) -> Result<Versioned<Record>, Fault> {
    let doc = row.get_ref(3)?.as_str().map_err(rusqlite::Error::from)?;
    Ok(Versioned {
        revision: revision(row, 0)?,
        created: position(row, 1)?,
        changed: position(row, 2)?,
        value: Record::decode(kind, doc)?,
    })
}

/// The columns of [`RECORD`], the key, and those that repeat what the document says.
pub(crate) fn whole(kind: RecordKind) -> String {
    let columns = kind.columns().iter().map(|column| format!(", {}", column.name()));
    format!("{RECORD}, id{}", columns.collect::<String>())
}

/// Whether the columns of a row, from the one numbered `first` on, repeat what the document says.
pub(crate) fn agrees(row: &Row<'_>, first: usize, record: &Record) -> Result<bool, Fault> {
    for (at, (_, value)) in columns(record)?.iter().enumerate() {
        if !holds(row, at.saturating_add(first), value)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A number for a column. Revisions and positions never come near the end of `i64`; a cursor that
/// does stands behind everything, which is what the end of `i64` says too.
pub(crate) fn integer(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A count, revision or position from a column.
pub(crate) fn natural(row: &Row<'_>, column: usize) -> Result<u64, Fault> {
    let n: i64 = row.get(column)?;
    u64::try_from(n).map_err(|_| StoreError::Corrupt("a stored number is negative").into())
}

/// A revision from a column.
pub(crate) fn revision(row: &Row<'_>, column: usize) -> Result<Revision, Fault> {
    natural(row, column).map(Revision::new)
}

/// A position from a column.
pub(crate) fn position(row: &Row<'_>, column: usize) -> Result<Position, Fault> {
    natural(row, column).map(Position::new)
}

/// A time from a column.
pub(crate) fn time(row: &Row<'_>, column: usize) -> Result<Timestamp, Fault> {
    Ok(Timestamp::from_millis(row.get(column)?))
}

/// 32 bytes from a column.
pub(crate) fn digest(row: &Row<'_>, column: usize) -> Result<[u8; 32], Fault> {
    row.get_ref(column)?
        .as_blob()
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| StoreError::Corrupt("a stored digest is not 32 bytes long").into())
}

/// A column's value, as a parameter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Param<'a>(pub(crate) &'a ColumnValue);

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            ColumnValue::Integer(n) => ToSqlOutput::from(*n),
            ColumnValue::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

/// Whether a column holds `value`.
pub(crate) fn holds(row: &Row<'_>, column: usize, value: &ColumnValue) -> rusqlite::Result<bool> {
    Ok(match (row.get_ref(column)?, value) {
        (ValueRef::Integer(n), ColumnValue::Integer(value)) => n == *value,
        (ValueRef::Text(text), ColumnValue::Text(value)) => text == value.as_bytes(),
        _ => false,
    })
}
