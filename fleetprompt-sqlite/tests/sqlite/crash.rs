//! Crashes as crashes: a process is killed under load, and what it was answered is there.

use std::collections::{BTreeMap, BTreeSet};

use fleetprompt_core::conformance::samples::Pick;
use fleetprompt_core::domain::{Fact, Position, Revision};
use fleetprompt_core::port::{Committed, LogPage, PageSize, Store as _};
use fleetprompt_sqlite::SqliteStore;

use crate::child::{STRIDE, THREADS, Writing};
use crate::support::{assert_sound, commit, count, folder, frequencies, indexed, revision};

/// How far apart the numbers of two rounds begin.
const ROUND: u64 = THREADS * STRIDE;

fn rounds() -> u64 {
    match std::env::var("FLEETPROMPT_CRASH_ROUNDS") {
        Ok(rounds) => rounds.parse().unwrap(),
        Err(_) => 50,
    }
}

#[test]
fn a_crash_loses_nothing_that_was_answered_and_repeats_nothing() {
    let (_folder, path) = folder();
    let mut pick = Pick::seeded(1);
    let mut all = BTreeSet::new();
    for round in 1..=rounds() {
        let first = round * ROUND;
        let mut child = Writing::start("child::writes_until_killed", &path, first);
        // Now and then the process dies while it opens the file.
        let answers = if pick.below(10) == 0 { 0 } else { 1 + pick.below(200) };
        let mut durable: Vec<u64> =
            std::iter::from_fn(|| child.next()).take(usize::try_from(answers).unwrap()).collect();
        durable.extend(child.kill());

        let store = SqliteStore::open(&path).unwrap();
        for n in &durable {
            assert_eq!(revision(&store, *n), Some(Revision::FIRST), "round {round}");
        }
        all.extend(durable.iter().copied());
        for n in unanswered(first, &durable) {
            let before = revision(&store, n);
            match (commit(&store, indexed(n)).unwrap(), before) {
                (Committed::Applied { .. }, None) => {}
                (Committed::Replayed(kept), Some(_)) => {
                    assert_eq!(kept.answer, format!("answer {n}"));
                }
                other => panic!("round {round}: a retry was not answered as it should: {other:?}"),
            }
            assert_eq!(revision(&store, n), Some(Revision::FIRST));
            all.insert(n);
        }
        let entries = u64::try_from(all.len()).unwrap();
        assert_eq!(count(&store), entries, "round {round}");
        assert_eq!(frequencies(&store, &["agent"]), (entries, vec![entries]), "round {round}");
        assert_sound(&store);
    }
    let store = SqliteStore::open(&path).unwrap();
    let once: BTreeMap<_, _> = all.iter().map(|n| (attempt_id(*n), 1)).collect();
    assert_eq!(reported(&store), once);
}

/// The one attempt of each thread that may have been on its way.
fn unanswered(first: u64, durable: &[u64]) -> Vec<u64> {
    (0..THREADS)
        .map(|thread| {
            let start = first + thread * STRIDE;
            let mine = durable.iter().filter(|n| (start..start + STRIDE).contains(n));
            mine.max().map_or(start, |last| last + 1)
        })
        .collect()
}

fn attempt_id(n: u64) -> String {
    crate::support::attempt_key(n).id().to_owned()
}

/// How often the log reports each attempt.
fn reported(store: &SqliteStore) -> BTreeMap<String, u64> {
    let mut reported = BTreeMap::new();
    let mut after = Position::START;
    loop {
        let page = pollster::block_on(store.events(after, PageSize::MAX)).unwrap();
        let LogPage::Entries(entries) = page else { panic!("nothing was pruned") };
        let Some(last) = entries.last() else { return reported };
        after = last.position;
        for entry in entries {
            if let Fact::InstallBegun { attempt, .. } = entry.event.fact {
                *reported.entry(attempt.to_string()).or_default() += 1;
            }
        }
    }
}
