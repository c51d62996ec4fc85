//! The stores that the facade is tested on.

use std::collections::BTreeMap;
use std::fs::DirEntry;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use fleetprompt_postgres::PostgresStore;
use fleetprompt_sqlite::SqliteStore;
use tempfile::TempDir;

use crate::support::Town;

/// Makes two tests of a story: on SQLite, and on PostgreSQL.
macro_rules! on_each_store {
    ($($name:ident)*) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let kept = crate::stores::Sqlite::new();
                super::$name(&kept.town().await).await;
            })*
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let kept = crate::stores::Postgres::new();
                super::$name(&kept.town().await).await;
                kept.remove().await;
            })*
        }
    };
}
pub(crate) use on_each_store;

/// A database in a file of its own.
pub(crate) struct Sqlite(TempDir);

impl Sqlite {
    pub(crate) fn new() -> Self {
        Sqlite(tempfile::tempdir().unwrap())
    }

    /// Another process would open it the same way.
    pub(crate) fn open(&self) -> SqliteStore {
        SqliteStore::open(self.0.path().join("market.db")).unwrap()
    }

    pub(crate) async fn town(&self) -> Town {
        Town::on(self.open()).await
    }

    /// All that its files hold by now, by their names.
    pub(crate) fn bytes(&self) -> BTreeMap<String, Vec<u8>> {
        let files = std::fs::read_dir(self.0.path()).unwrap().map(|file| file.unwrap());
        let name = |file: &DirEntry| file.file_name().into_string().unwrap();
        files.map(|file| (name(&file), std::fs::read(file.path()).unwrap())).collect()
    }
}

/// A schema of its own on the server that `scripts/with-postgres` starts.
pub(crate) struct Postgres {
    url: String,
    schema: String,
}

impl Postgres {
    pub(crate) fn new() -> Self {
        const SERVER: &str = "FLEETPROMPT_TEST_DATABASE_URL";
        let url = std::env::var(SERVER).unwrap_or_else(|_| {
            panic!("{SERVER} is not set: run the tests under `scripts/with-postgres`")
        });
        let random = RandomState::new().build_hasher().finish();
        Postgres { url, schema: format!("http_{random:016x}") }
    }

    pub(crate) async fn open(&self) -> PostgresStore {
        let options = PostgresStore::options().schema(self.schema.parse().unwrap());
        options.connections(4).connect(&self.url).await.unwrap()
    }

    pub(crate) async fn town(&self) -> Town {
        Town::on(self.open().await).await
    }

    /// Drops the schema.
    pub(crate) async fn remove(self) {
        let drop = format!("DROP SCHEMA IF EXISTS {} CASCADE", self.schema);
        support::run(&self.url, &drop).await.unwrap();
    }
}

/// Servers that a test has for itself, as the store's own tests start them.
#[path = "../../../fleetprompt-postgres/tests/postgres/cluster.rs"]
#[expect(dead_code, reason = "the store's tests do more to a server")]
pub(crate) mod cluster;

#[path = "../../../fleetprompt-postgres/tests/postgres/waiting.rs"]
pub(crate) mod waiting;

/// SQL past the store.
mod support {
    use sqlx::postgres::{PgConnection, PgRow};
    use sqlx::{AssertSqlSafe, Connection as _};

    pub(super) async fn run(url: &str, text: &str) -> Result<Vec<PgRow>, sqlx::Error> {
        let mut session = PgConnection::connect(url).await?;
        sqlx::raw_sql(AssertSqlSafe(text)).fetch_all(&mut session).await
    }

    pub(super) fn sql_at(url: &str, text: &str) -> Result<Vec<PgRow>, sqlx::Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(url, text))
    }
}
