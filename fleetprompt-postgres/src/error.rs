//! What PostgreSQL and the driver report, in the words of the port.

use std::io::ErrorKind;

use fleetprompt_core::port::StoreError;
use sqlx::error::DatabaseError;
use sqlx::postgres::{PgDatabaseError, PgSeverity};

/// Why work on the database stopped: the driver reported something, or the store did.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The driver, or the server through it.
    Sqlx(sqlx::Error),
    /// The store itself.
    Store(StoreError),
    /// Nothing was reported for too long.
    Silence,
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Fault::Sqlx(error)
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
            Fault::Sqlx(error) => store_error(&error),
            Fault::Silence => StoreError::Unavailable("the server does not answer"),
        }
    }
}

impl Fault {
    /// Whether the server said that it undid what it was asked to do. Otherwise the answer was lost,
    /// and nobody knows. A session that is ended may have been ended after it had committed.
    pub(crate) fn is_undone(&self) -> bool {
        match self {
            Fault::Store(_) => true,
            Fault::Silence => false,
            Fault::Sqlx(sqlx::Error::Database(error)) => !ends_the_session(&**error),
            Fault::Sqlx(error) => matches!(
                error,
                sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Encode(_)
            ),
        }
    }

    /// Whether one commit of a batch may be to blame, so that the others would succeed without it.
    pub(crate) fn is_about_content(&self) -> bool {
        match self {
            Fault::Store(error) => {
                matches!(error, StoreError::Malformed(_) | StoreError::Corrupt(_))
            }
            Fault::Silence => false,
            Fault::Sqlx(error) => {
                let code = error.as_database_error().and_then(DatabaseError::code);
                code.is_some_and(|code| {
                    ["22", "23", "54", "XX"].iter().any(|class| code.starts_with(class))
                        || code == "53100"
                })
            }
        }
    }
}

fn ends_the_session(error: &dyn DatabaseError) -> bool {
    let severity = error.try_downcast_ref::<PgDatabaseError>().map(PgDatabaseError::severity);
    !matches!(severity, Some(PgSeverity::Error))
}

/// The port's error for one of the driver's. The server's own texts may quote values, so none is
/// kept; the code is logged where the error says little else.
pub(crate) fn store_error(error: &sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Database(error) => match error.code() {
            Some(code) => by_code(&code),
            None => StoreError::Unavailable("the server reported an error without a code"),
        },
        sqlx::Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => {
            StoreError::Unavailable("nothing listens at the address of the database")
        }
        sqlx::Error::Io(error) if error.kind() == ErrorKind::NotFound => {
            StoreError::Unavailable("the socket of the database is not there")
        }
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) => StoreError::Unavailable(
            no_trust(error).unwrap_or("the connection to the server failed"),
        ),
        sqlx::Error::PoolTimedOut => StoreError::Unavailable("no connection became free in time"),
        sqlx::Error::PoolClosed => StoreError::Unavailable("the store is closed"),
        sqlx::Error::Configuration(_) | sqlx::Error::InvalidArgument(_) => {
            StoreError::Open("the address of the database can't be understood")
        }
        sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::Decode(_)
        | sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::ColumnIndexOutOfBounds { .. } => {
            StoreError::Corrupt("a stored value is of the wrong type")
        }
        sqlx::Error::Encode(_) => StoreError::Malformed("a value is too long for the database"),
        _ => StoreError::Unavailable("the connection to the server failed"),
    }
}

/// Why there is no encrypted connection, if that is what failed.
fn no_trust(error: &sqlx::Error) -> Option<&'static str> {
    use rustls::{CertificateError, Error};
    let cause = match error {
        sqlx::Error::Io(error) => error.get_ref()?.downcast_ref::<Error>()?,
        sqlx::Error::Tls(error) if error.to_string() == "server does not support TLS" => {
            return Some("the server does not offer TLS");
        }
        sqlx::Error::Tls(error) => match error.downcast_ref::<Error>() {
            Some(cause) => cause,
            None => return Some("a certificate or key for TLS can't be used"),
        },
        _ => return None,
    };
    Some(match cause {
        Error::InvalidCertificate(cause) => match cause {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                "the server's certificate is not from an authority that is trusted"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "the server's certificate is for another host name"
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "the server's certificate has expired"
            }
            _ => "the server's certificate is not acceptable",
        },
        Error::AlertReceived(_) => "the server refuses the TLS connection, or the certificate",
        _ => "the TLS connection to the server failed",
    })
}

fn by_code(code: &str) -> StoreError {
    match code {
        "53100" => StoreError::Full,
        "25006" => StoreError::ReadOnly,
        "FP001" => StoreError::Open("transactions of the database are not read committed"),
        "FP002" => StoreError::UnfinishedCopy,
        "57014" => StoreError::Unavailable("the server took too long"),
        "40001" | "40P01" | "55P03" => StoreError::Unavailable("others were in the way"),
        "53300" => StoreError::Unavailable("the server has too many connections"),
        "42501" => StoreError::Open("the role may not do that"),
        "22021" | "22P05" => {
            StoreError::Malformed("a text has a character that the database can't hold")
        }
        "XX001" | "XX002" => StoreError::Corrupt("the database is damaged"),
        _ => by_class(code),
    }
}

fn by_class(code: &str) -> StoreError {
    tracing::warn!(sqlstate = code, "PostgreSQL reported an error");
    match code.get(..2) {
        Some("08" | "57" | "58") => StoreError::Unavailable("the connection to the server failed"),
        Some("53") => StoreError::Unavailable("the server lacks resources"),
        Some("22" | "54") => StoreError::Malformed("a value is too long for the database"),
        Some("23") => StoreError::Corrupt("a row breaks a rule of the schema"),
        Some("28" | "3D") => StoreError::Open("the server does not let the role in"),
        Some("3F" | "42") => StoreError::Corrupt("the schema is not as this program made it"),
        _ => StoreError::Unavailable("PostgreSQL reported an error; its code is in the log"),
    }
}

/// The port's error for one of opening a store.
pub(crate) fn open_error(fault: Fault) -> StoreError {
    if let Fault::Sqlx(error) = &fault
        && let Some(cause) = no_trust(error)
    {
        return StoreError::Open(cause);
    }
    match StoreError::from(fault) {
        StoreError::Corrupt(_) => StoreError::Open("the schema belongs to another program"),
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_say_what_to_do() {
        assert_eq!(by_code("53100"), StoreError::Full);
        assert_eq!(by_code("25006"), StoreError::ReadOnly);
        for retry in ["57014", "40001", "40P01", "53300", "57P01", "57P03", "08006", "53200"] {
            assert!(matches!(by_code(retry), StoreError::Unavailable(_)), "{retry}");
        }
        for never in ["28P01", "3D000", "42501"] {
            assert!(matches!(by_code(never), StoreError::Open(_)), "{never}");
        }
        for damaged in ["XX001", "23505", "42P01"] {
            assert!(matches!(by_code(damaged), StoreError::Corrupt(_)), "{damaged}");
        }
        assert!(matches!(by_code("22021"), StoreError::Malformed(_)));
        assert!(matches!(by_code("99999"), StoreError::Unavailable(_)));
    }

    #[test]
    fn a_lost_connection_leaves_the_outcome_open() {
        let lost = std::io::Error::from(ErrorKind::ConnectionReset);
        assert!(!Fault::from(sqlx::Error::Io(lost)).is_undone());
        assert!(!Fault::Silence.is_undone());
        assert!(Fault::from(sqlx::Error::PoolTimedOut).is_undone());
        assert!(Fault::from(StoreError::Full).is_undone());
    }
}
