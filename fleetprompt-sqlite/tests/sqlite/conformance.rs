//! The suite that every store must pass.

use std::sync::Arc;

use fleetprompt_core::conformance::StoreFixture;
use fleetprompt_core::port::Store;
use fleetprompt_sqlite::SqliteStore;
use tempfile::TempDir;

/// A database in a folder of its own.
struct SqliteFixture {
    // Dropped before the folder, which it would otherwise write into once more.
    store: Option<SqliteStore>,
    folder: TempDir,
}

impl SqliteFixture {
    fn open(&self) -> SqliteStore {
        SqliteStore::open(self.folder.path().join("market.db")).unwrap()
    }
}

impl StoreFixture for SqliteFixture {
    fn new() -> Self {
        let mut fixture = SqliteFixture { store: None, folder: tempfile::tempdir().unwrap() };
        fixture.store = Some(fixture.open());
        fixture
    }

    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.store.clone().unwrap())
    }

    fn second(&self) -> Arc<dyn Store> {
        Arc::new(self.open())
    }

    fn reopen(&mut self) {
        self.store = None;
        self.store = Some(self.open());
    }
}

fleetprompt_core::store_conformance!(SqliteFixture);
