//! Commits to load a store with, and what they must have left.

use std::collections::BTreeMap;

use fleetprompt_core::domain::{Fact, Position, Revision};
use fleetprompt_core::port::{Committed, LogPage, PageSize, Store as _, StoreError, StoredEvent};
use fleetprompt_postgres::PostgresStore;

pub(crate) use fleetprompt_core::conformance::load::{
    apply, attempt, attempt_key, commit, count, event, frequencies, indexed, revision,
};

/// The page of the log behind `after`.
pub(crate) fn page(store: &PostgresStore, after: Position) -> Vec<StoredEvent> {
    match pollster::block_on(store.events(after, PageSize::MAX)).unwrap() {
        LogPage::Entries(entries) => entries,
        LogPage::TooOld => panic!("nothing was pruned"),
    }
}

/// How often the log reports each attempt; the log has no gap.
pub(crate) fn reported(store: &PostgresStore) -> BTreeMap<String, u64> {
    let mut reported = BTreeMap::new();
    let mut after = Position::START;
    loop {
        let entries = page(store, after);
        if entries.is_empty() {
            return reported;
        }
        for entry in entries {
            assert_eq!(entry.position, after.next());
            after = entry.position;
            if let Fact::InstallBegun { attempt, .. } = entry.event.fact {
                *reported.entry(attempt.to_string()).or_default() += 1;
            }
        }
    }
}

/// Commits the n-th [`indexed`] until it is told what became of it; answers how many tries that took.
pub(crate) fn insist(store: &PostgresStore, n: u64) -> u32 {
    let mut tries = 1;
    loop {
        match commit(store, indexed(n)) {
            Ok(Committed::Applied { .. }) => return tries,
            Ok(Committed::Replayed(kept)) => {
                assert!(tries > 1, "a commit that was never sent is known");
                assert_eq!(kept.answer, format!("answer {n}"));
                return tries;
            }
            outcome => assert!(may_be_repeated(&outcome), "{outcome:?}"),
        }
        tries += 1;
    }
}

/// Whether the outcome is one after which a caller tries again.
pub(crate) fn may_be_repeated(outcome: &Result<Committed, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::OutcomeUnknown(_) | StoreError::Unavailable(_)))
}

/// The first so many [`indexed`] commits were applied, each once.
pub(crate) fn all_there_once(store: &PostgresStore, total: u64) {
    assert!((0..total).all(|n| revision(store, n) == Some(Revision::FIRST)));
    assert_eq!(count(store), total);
    assert_eq!(frequencies(store, &["agent"]), (total, vec![total]));
    let tables = pollster::block_on(store.check_index_tables()).unwrap();
    assert!(tables.is_clean(), "{tables}");
    let once: BTreeMap<_, _> = (0..total).map(|n| (attempt_key(n).id().to_owned(), 1)).collect();
    assert_eq!(reported(store), once);
}
