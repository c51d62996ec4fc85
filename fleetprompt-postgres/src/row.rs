//! Values on their way into and out of rows.

use fleetprompt_core::domain::{Position, Revision, Timestamp};
use fleetprompt_core::port::{ColumnValue, Record, RecordKind, StoreError, Versioned};
use sqlx::postgres::{PgRow, Postgres};
use sqlx::{Decode, Row as _, Type};

use crate::error::Fault;
use crate::session::Statement;

/// The columns that [`record`] reads.
pub(crate) const RECORD: &str = "revision, created, changed, doc";

/// A record from a row of [`RECORD`].
pub(crate) fn record(kind: RecordKind, row: &PgRow) -> Result<Versioned<Record>, Fault> {
    Ok(Versioned {
        revision: revision(row, 0)?,
        created: position(row, 1)?,
        changed: position(row, 2)?,
        value: Record::decode(kind, get(row, 3)?)?,
    })
}

/// The columns of [`RECORD`], the key, and those that repeat what the document says.
pub(crate) fn whole(kind: RecordKind) -> String {
    let columns = kind.columns().iter().map(|column| format!(", {}", column.name()));
    format!("{RECORD}, id{}", columns.collect::<String>())
}

/// Whether the columns of a row, from the one numbered `first` on, repeat what the document says.
pub(crate) fn agrees(row: &PgRow, first: usize, record: &Record) -> Result<bool, Fault> {
    for (at, column) in record.kind().columns().iter().enumerate() {
        let at = at.saturating_add(first);
        let same = match record.column(*column) {
            Some(ColumnValue::Integer(n)) => get::<i64>(row, at)? == n,
            Some(ColumnValue::Text(text)) => get::<&str>(row, at)? == text,
            None => false,
        };
        if !same {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A column's value.
pub(crate) fn get<'r, T>(row: &'r PgRow, column: usize) -> Result<T, Fault>
where
    T: Decode<'r, Postgres> + Type<Postgres>,
{
    Ok(row.try_get(column)?)
}

/// A number for a column. Revisions and positions never come near the end of `i64`; a cursor that
/// does stands behind everything, which is what the end of `i64` says too.
pub(crate) fn integer(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A count, revision or position from a column.
pub(crate) fn natural(row: &PgRow, column: usize) -> Result<u64, Fault> {
    let n: i64 = get(row, column)?;
    u64::try_from(n).map_err(|_| StoreError::Corrupt("a stored number is negative").into())
}

/// A revision from a column.
pub(crate) fn revision(row: &PgRow, column: usize) -> Result<Revision, Fault> {
    natural(row, column).map(Revision::new)
}

/// A position from a column.
pub(crate) fn position(row: &PgRow, column: usize) -> Result<Position, Fault> {
    natural(row, column).map(Position::new)
}

/// A time from a column.
pub(crate) fn time(row: &PgRow, column: usize) -> Result<Timestamp, Fault> {
    Ok(Timestamp::from_millis(get(row, column)?))
}

/// 32 bytes from a column.
pub(crate) fn digest(row: &PgRow, column: usize) -> Result<[u8; 32], Fault> {
    let bytes: &[u8] = get(row, column)?;
    let digest = bytes.try_into();
    digest.map_err(|_| StoreError::Corrupt("a stored digest is not 32 bytes long").into())
}

/// Adds a column's value to the parameters of a statement.
pub(crate) fn bind(statement: Statement, value: &ColumnValue) -> Statement {
    match value {
        ColumnValue::Integer(n) => statement.bind(*n),
        ColumnValue::Text(text) => statement.bind(text.clone()),
    }
}
