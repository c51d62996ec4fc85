//! What SQLite reports, in the words of the port.

use fleetprompt_core::port::StoreError;
use rusqlite::ErrorCode;

/// Why work on the database stopped: SQLite reported something, or the store did.
#[derive(Debug)]
pub(crate) enum Fault {
    /// SQLite.
    Sqlite(rusqlite::Error),
    /// The store itself.
    Store(StoreError),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Fault::Sqlite(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Fault::Store(error)
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Store(error) => error,
            Fault::Sqlite(error) => store_error(&error),
        }
    }
}

/// The port's error for one of SQLite's. SQLite's own texts may quote values, so none is kept; the
/// code is logged where the error says little else.
pub(crate) fn store_error(error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            StoreError::Unavailable("another process holds the database for too long")
        }
        Some(ErrorCode::DiskFull) => StoreError::Full,
        Some(ErrorCode::ReadOnly) => StoreError::ReadOnly,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Corrupt("the database file is damaged")
        }
        Some(ErrorCode::ConstraintViolation) => {
            StoreError::Corrupt("a row breaks a rule of the schema")
        }
        Some(ErrorCode::TooBig) => StoreError::Malformed("a value is too long for the database"),
        Some(_) | None => other(error),
    }
}

fn other(error: &rusqlite::Error) -> StoreError {
    let code = error.sqlite_error().map(|error| error.extended_code);
    tracing::warn!(sqlite_code = code, "SQLite reported an error");
    match (error.sqlite_error_code(), error) {
        (Some(ErrorCode::SystemIoFailure), _) => {
            StoreError::Unavailable("the disk reported an error")
        }
        (Some(ErrorCode::CannotOpen), _) => {
            StoreError::Unavailable("a file of the database can't be opened")
        }
        (Some(ErrorCode::OutOfMemory), _) => StoreError::Unavailable("out of memory"),
        (
            None,
            rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..),
        ) => StoreError::Corrupt("a stored value is of the wrong type"),
        _ => StoreError::Unavailable("SQLite reported an error; its code is in the log"),
    }
}

/// The port's error for one of opening a database.
pub(crate) fn open_error(error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => StoreError::Open("the file is not an SQLite database"),
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            StoreError::Open("the file, or its folder, can't be opened")
        }
        _ => store_error(error),
    }
}
