//! The index against the plain one in memory, on catalogues made at random.

use std::sync::Arc;

use fleetprompt_core::conformance::samples::Pick;
use fleetprompt_core::memory::MemoryStore;
use fleetprompt_core::port::{Commit, Committed, Store, StoreError};
use tempfile::TempDir;

use crate::store::SqliteStore;

mod agrees;
mod catalogue;
mod plans;
mod writes;

/// The same commits in both stores.
struct Pair {
    sqlite: SqliteStore,
    memory: MemoryStore,
    folder: TempDir,
}

impl Pair {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sqlite = SqliteStore::open(folder.path().join("market.db")).unwrap();
        Pair { sqlite, memory: MemoryStore::default(), folder }
    }

    fn commit(&self, commit: Commit) {
        let expected = pollster::block_on(self.memory.commit(commit.clone())).unwrap();
        let outcome = pollster::block_on(self.sqlite.commit(commit)).unwrap();
        assert_eq!(outcome, expected);
        assert!(matches!(outcome, Committed::Applied { .. }));
    }

    fn reopen(&mut self) {
        self.sqlite = SqliteStore::open(self.folder.path().join("market.db")).unwrap();
    }

    fn stores(&self) -> [Arc<dyn Store>; 2] {
        [Arc::new(self.memory.clone()), Arc::new(self.sqlite.clone())]
    }
}

/// Asserts that both stores answer the same.
macro_rules! same {
    ($pair:expr, $store:ident => $ask:expr) => {{
        let [expected, found] = $pair.stores().map(|$store| pollster::block_on($ask));
        assert_eq!(found, expected);
        found.unwrap()
    }};
}
use same;

fn checked(store: &SqliteStore) {
    let report: Result<_, StoreError> = pollster::block_on(store.check());
    let report = report.unwrap();
    assert!(report.is_clean(), "{report}");
}
