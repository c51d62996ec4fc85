//! Where the data is.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

/// The database that the marketplace is kept in.
#[derive(Clone)]
pub(crate) enum DatabaseUrl {
    /// A file of SQLite.
    Sqlite(PathBuf),
    /// A server; the URL may hold a password.
    Postgres(SecretString),
}

impl FromStr for DatabaseUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "must be sqlite:PATH or postgres://ROLE:PASSWORD@HOST:PORT/NAME";
        if let Some(path) = text.strip_prefix("sqlite:") {
            // `sqlite:///var/lib/market.db` is what other programs call `sqlite:/var/lib/market.db`.
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() { Err(FORM) } else { Ok(DatabaseUrl::Sqlite(path.into())) };
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(DatabaseUrl::Postgres(text.into()));
        }
        Err(FORM)
    }
}

impl fmt::Display for DatabaseUrl {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DatabaseUrl::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            DatabaseUrl::Postgres(url) => match Url::parse(url.expose_secret()) {
                Ok(mut url) => {
                    if url.password().is_some() {
                        // Only URLs without a host refuse a password.
                        let _ = url.set_password(Some("***"));
                    }
                    // Parameters may hold a password too.
                    if url.query().is_some() {
                        url.set_query(Some("***"));
                    }
                    write!(f, "{url}")
                }
                Err(_) => f.write_str("postgres://***"),
            },
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_named_without_its_password() {
        let shown = |text: &str| text.parse::<DatabaseUrl>().unwrap().to_string();
        assert_eq!(shown("sqlite:market.db"), "sqlite:market.db");
        assert_eq!(shown("sqlite:///var/lib/m.db"), "sqlite:/var/lib/m.db");
        for url in [
            "postgres://market:canary@db.example/market",
            "postgresql://db.example/market?password=canary",
            "postgres:///market?host=/run/postgresql&password=canary",
            "postgres://market:can%ary@[/market",
        ] {
            let said = format!("{} {:?}", shown(url), url.parse::<DatabaseUrl>().unwrap());
            assert!(!said.contains("canary") && !said.contains("can%ary"), "{said}");
        }
        for wrong in ["", "sqlite:", "market.db", "mysql://canary@db/x"] {
            let refused = wrong.parse::<DatabaseUrl>().unwrap_err();
            assert!(refused.contains("sqlite:PATH") && !refused.contains("canary"));
        }
    }
}
