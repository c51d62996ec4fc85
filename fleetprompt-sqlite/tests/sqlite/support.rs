//! What the tests are written with.

use std::path::{Path, PathBuf};

use fleetprompt_core::conformance::samples;
use fleetprompt_core::domain::{Revision, Timestamp};
use fleetprompt_core::port::{Change, Commit, Committed, Prune, RecordKey, Store as _};
use fleetprompt_sqlite::SqliteStore;
use tempfile::TempDir;

pub(crate) use fleetprompt_core::conformance::load::{
    apply, attempt, attempt_key, commit, count, entry, event, frequencies, indexed, revision,
};

/// A folder and the path of a database in it.
pub(crate) fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("market.db");
    (folder, path)
}

/// Deletes a record that was never changed.
pub(crate) fn delete(store: &SqliteStore, key: RecordKey) {
    let changes = vec![Change::Delete { key, expected: Revision::FIRST }];
    let gone = Commit { receipt: None, expectations: Vec::new(), changes, events: Vec::new() };
    assert!(matches!(commit(store, gone), Ok(Committed::Applied { .. })));
}

/// Forgets all events and receipts.
pub(crate) fn prune_all(store: &SqliteStore) {
    for what in [Prune::Events(later()), Prune::Receipts(later())] {
        pollster::block_on(store.prune(what, u32::MAX)).unwrap();
    }
}

/// Asserts that the integrity check finds nothing.
pub(crate) fn assert_sound(store: &SqliteStore) {
    let report = pollster::block_on(store.check()).unwrap();
    assert!(report.is_clean(), "{report}");
}

/// Everything that is on disk: the database and its write-ahead log.
pub(crate) fn dump(path: &Path) -> Vec<u8> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let mut bytes = std::fs::read(path).unwrap();
    bytes.extend(std::fs::read(log).unwrap_or_default());
    bytes
}

/// A time after everything that the samples say.
pub(crate) fn later() -> Timestamp {
    samples::time(1_000_000)
}
