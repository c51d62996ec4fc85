//! Where a database is.

use std::fmt;
use std::fs::File;
use std::path::PathBuf;
use std::str::FromStr;

use fleetprompt_core::port::StoreError;
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::Url;

use crate::error::store_error;

const WRONG: StoreError = StoreError::Open("the address of the database can't be understood");
const UNKNOWN: StoreError = StoreError::Open("the address has a parameter that is not known here");
const UNREADABLE: StoreError = StoreError::Open("a file of a certificate or key can't be read");

/// The parameters that are known, in the spelling of libpq.
const KNOWN: &[&str] = &[
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "user",
];

/// The address of a database: `postgres://role:password@host:port/database`, in libpq's spelling,
/// with the parameters below. What is missing is taken from the environment as libpq does (`PGHOST`,
/// `PGPASSWORD`, `PGSSLMODE`, …). An unknown parameter is refused: it may be a misspelt one.
///
/// | parameter | what |
/// | --- | --- |
/// | `host`, `hostaddr`, `port`, `dbname`, `user`, `password` | as in the address itself; `host=/folder` is a Unix socket |
/// | `sslmode` | `disable`, `prefer` (the default), `require`, `verify-ca` or `verify-full`. Only the last one proves that this is the server: use it across any network. Of no meaning on a socket. |
/// | `sslrootcert` | a PEM file of authorities to trust, beside those of the operating system |
/// | `sslcert`, `sslkey` | PEM files of the client's certificate and its key |
/// | `options`, `application_name` | as libpq |
///
/// Neither `Display` nor `Debug` shows the password.
///
/// ```
/// use fleetprompt_postgres::DatabaseUrl;
/// let url = "postgres://market:secret@db.example/market?sslmode=verify-full";
/// let url: DatabaseUrl = url.parse()?;
/// assert_eq!(url.to_string(), "postgres://db.example:5432/market");
/// assert!("postgres://db.example/market?sslmod=verify-full".parse::<DatabaseUrl>().is_err());
/// assert!("postgres://db.example/market?sslmode=yes".parse::<DatabaseUrl>().is_err());
/// # Ok::<(), fleetprompt_core::port::StoreError>(())
/// ```
#[derive(Clone)]
pub struct DatabaseUrl {
    pub(crate) connect: PgConnectOptions,
    /// Files that are read with each connection.
    files: Vec<PathBuf>,
}

impl FromStr for DatabaseUrl {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let url: Url = text.parse().map_err(|_| WRONG)?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(WRONG);
        }
        let mut files = Vec::new();
        for (key, value) in url.query_pairs() {
            let setting = key.strip_prefix("options[").is_some_and(|rest| rest.ends_with(']'));
            if !setting && !KNOWN.contains(&&*key) {
                return Err(UNKNOWN);
            }
            if matches!(&*key, "sslrootcert" | "sslcert" | "sslkey") {
                files.push(PathBuf::from(&*value));
            }
        }
        let connect = PgConnectOptions::from_url(&url).map_err(|error| store_error(&error))?;
        // A socket has no use for TLS, and the driver would ask for it.
        let socket = connect.get_socket().is_some() || connect.get_host().starts_with('/');
        let connect = if socket { connect.ssl_mode(PgSslMode::Disable) } else { connect };
        Ok(DatabaseUrl { connect, files })
    }
}

impl DatabaseUrl {
    /// Whether the files that the address names can be read.
    pub(crate) fn check_files(&self) -> Result<(), StoreError> {
        self.files.iter().try_for_each(|file| File::open(file).map(drop).map_err(|_| UNREADABLE))
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DatabaseUrl { connect, .. } = self;
        match connect.get_socket() {
            Some(folder) => write!(f, "postgres://{}", folder.display())?,
            None => write!(f, "postgres://{}", connect.get_host())?,
        }
        write!(f, ":{}/{}", connect.get_port(), connect.get_database().unwrap_or_default())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DatabaseUrl").field(&format_args!("{self}")).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for wrong in [
            "",
            "not an address",
            "mysql://db.example/market",
            "postgres://db.example:port/market",
            "postgres://db.example/market?pasword=secret",
            "postgres://db.example/market?sslmode=maybe",
            "postgres://db.example/market?port=many",
            "postgres://db.example/market?ssl-mode=verify-full",
        ] {
            let refused = wrong.parse::<DatabaseUrl>().map(drop);
            assert!(matches!(refused, Err(StoreError::Open(_))), "{wrong}: {refused:?}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let url = "postgres://market:hush@db.example/market?password=hush&options=-c%20a%3Dhush";
        let url: DatabaseUrl = url.parse().unwrap();
        assert!(!format!("{url} {url:?}").contains("hush"));
        assert_eq!(format!("{url:?}"), "DatabaseUrl(postgres://db.example:5432/market)");
    }

    #[test]
    fn a_socket_goes_without_tls() {
        let mode = |url: &str| {
            let url: DatabaseUrl = url.parse().unwrap();
            format!("{:?}", url.connect.get_ssl_mode())
        };
        assert_eq!(mode("postgres:///market?host=/run/postgresql&sslmode=verify-full"), "Disable");
        assert_eq!(mode("postgres://db.example/market?sslmode=verify-full"), "VerifyFull");
    }

    #[test]
    fn files_that_are_not_there_are_told_before_connecting() {
        let url = "postgres://db.example/market?sslmode=verify-full&sslrootcert=/no/such/file";
        assert_eq!(url.parse::<DatabaseUrl>().unwrap().check_files(), Err(UNREADABLE));
    }
}
