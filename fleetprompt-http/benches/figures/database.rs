//! Where the marketplaces of the benchmark are kept.

use std::fs;

use fleetprompt_core::Marketplace;
use fleetprompt_core::copy::{CopyOptions, copy};
use fleetprompt_core::marketplace::MarketplaceBuilder;
use fleetprompt_core::port::Store;
use fleetprompt_postgres::{PostgresLimiter, PostgresOptions, PostgresStore};
use fleetprompt_sqlite::SqliteStore;
use pollster::block_on;
use sqlx::Connection as _;
use tempfile::TempDir;
use tokio::runtime::Handle;

use crate::catalogue;
use crate::options::{Options, StoreKind};
use crate::orders::{Location, Serve};

const SCHEMA: &str = "bench_http";
const BESIDE: &str = "bench_http_beside";

/// The server that PostgreSQL's figures are taken on, if there is one.
pub(crate) fn server() -> Option<String> {
    std::env::var("FLEETPROMPT_TEST_DATABASE_URL").ok()
}

/// A filled catalogue, from which each part gets a marketplace of its own.
pub(crate) struct Place {
    kind: StoreKind,
    catalogue: std::path::PathBuf,
    folder: TempDir,
}

impl Place {
    pub(crate) fn filled(kind: StoreKind, options: &Options) -> Self {
        let catalogue = catalogue::filled(&options.keep, options.listings);
        // On the same disk as the catalogue: commits wait for it.
        let folder = tempfile::tempdir_in(&options.keep).unwrap();
        Place { kind, catalogue, folder }
    }

    /// A fresh marketplace with the catalogue, and an empty store beside it.
    pub(crate) fn fresh(&self, people: bool) -> Serve {
        let (market, beside) = match self.kind {
            StoreKind::Sqlite => {
                let file = |name: &str| self.folder.path().join(name);
                for name in ["market.db", "beside.db"] {
                    for suffix in ["", "-wal", "-shm"] {
                        drop(fs::remove_file(file(&format!("{name}{suffix}"))));
                    }
                }
                fs::copy(&self.catalogue, file("market.db")).unwrap();
                (Location::Sqlite(file("market.db")), Location::Sqlite(file("beside.db")))
            }
            StoreKind::Postgres => {
                let url = server().unwrap_or_else(|| {
                    unreachable!("run this with scripts/with-postgres for --stores postgres")
                });
                let [market, beside] = [SCHEMA, BESIDE].map(|schema| {
                    drop_schema(&url, schema);
                    Location::Postgres { url: url.clone(), schema: schema.to_owned() }
                });
                let target = block_on(options(SCHEMA).connect_copy_target(&url)).unwrap();
                let source = SqliteStore::open(&self.catalogue).unwrap();
                block_on(copy(&source, &target, CopyOptions::default(), |_| {})).unwrap();
                (market, beside)
            }
        };
        Serve { market, beside, people }
    }
}

fn options(schema: &str) -> PostgresOptions {
    PostgresStore::options().schema(schema.parse().unwrap())
}

fn drop_schema(url: &str, schema: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut session = sqlx::PgConnection::connect(url).await.unwrap();
        let sql =
            format!("SET client_min_messages = warning; DROP SCHEMA IF EXISTS {schema} CASCADE");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut session).await.unwrap();
    });
}

/// An open store.
#[derive(Clone)]
pub(crate) enum Database {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

impl Database {
    /// As the program does: connections are served by the runtime that serves requests.
    pub(crate) fn open(location: &Location, runtime: &Handle) -> Self {
        match location {
            Location::Sqlite(path) => Database::Sqlite(SqliteStore::open(path).unwrap()),
            Location::Postgres { url, schema } => {
                let options = options(schema).runtime(runtime.clone());
                Database::Postgres(runtime.block_on(options.connect(url)).unwrap())
            }
        }
    }

    pub(crate) fn store(&self) -> &dyn Store {
        match self {
            Database::Sqlite(store) => store,
            Database::Postgres(store) => store,
        }
    }

    pub(crate) fn marketplace(&self) -> MarketplaceBuilder {
        match self {
            Database::Sqlite(store) => Marketplace::builder(store.clone()),
            Database::Postgres(store) => Marketplace::builder(store.clone()),
        }
    }

    /// Limits that all processes share, where there is a place for them.
    pub(crate) fn limiter(&self) -> Option<PostgresLimiter> {
        match self {
            Database::Sqlite(_) => None,
            Database::Postgres(store) => Some(PostgresLimiter::new(store)),
        }
    }
}
