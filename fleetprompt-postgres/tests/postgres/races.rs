//! Two stores on one schema, as two processes have them.

use std::sync::Barrier;
use std::thread;

use fleetprompt_core::conformance::samples::{self, Pick};
use fleetprompt_core::domain::{AttemptState, Position, Revision};
use fleetprompt_core::port::{Change, Committed, Refusal};

use crate::load::{apply, attempt, attempt_key, commit, page, reported, revision};
use crate::support::{Client, Schema};

const THREADS: u64 = 16;
const COMMITS: u64 = 20;

/// A follower that reads while others write sees every event once, in one order, without a gap.
#[test]
fn the_log_is_dense_to_a_reader_who_follows_two_writers() {
    let schema = Schema::new();
    let stores = [schema.open(), schema.open()];
    let total = THREADS * COMMITS;
    // A transaction that is older than all others, and does not end, holds nothing back.
    let mut foreign = Client::connect();
    foreign.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT pg_current_xact_id()");
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let store = &stores[usize::from(thread % 2 == 1)];
            scope.spawn(move || {
                (thread * COMMITS..(thread + 1) * COMMITS).for_each(|n| apply(store, n));
            });
        }
        let mut after = Position::START;
        while after.get() < total {
            for entry in page(&stores[0], after) {
                assert_eq!(entry.position, after.next());
                after = entry.position;
            }
        }
    });
    foreign.run("COMMIT");
    let reported = reported(&stores[1]);
    assert_eq!(reported.len() as u64, total);
    assert!(reported.values().all(|times| *times == 1));
}

#[test]
fn one_of_many_redeems_an_attempt() {
    let schema = Schema::new();
    let stores = [schema.open(), schema.open()];
    apply(&stores[0], 0);
    let start = Barrier::new(64);
    let outcomes: Vec<_> = thread::scope(|scope| {
        let racers: Vec<_> = (0..64_usize)
            .map(|n| {
                let (store, start) = (&stores[n % 2], &start);
                let mut redeem = attempt(0);
                redeem.receipt = None;
                let mut record = samples::attempt(0, &mut Pick::full());
                record.state = AttemptState::Redeemed;
                let expected = Some(Revision::FIRST);
                redeem.changes[0] = Change::Put { record: record.into(), expected };
                scope.spawn(move || {
                    start.wait();
                    commit(store, redeem).unwrap()
                })
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    });
    let applied = outcomes.iter().filter(|it| matches!(it, Committed::Applied { .. })).count();
    let late = Committed::Refused(Refusal::Conflict(attempt_key(0)));
    assert_eq!(applied, 1);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == late).count(), 63);
    assert_eq!(revision(&stores[1], 0), Some(Revision::FIRST.next()));
}
