//! Two stores on one schema, as two processes have them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::Barrier;
use std::thread;

use fleetprompt_core::conformance::samples::{self, Pick};
use fleetprompt_core::domain::{AttemptState, Position, Revision};
use fleetprompt_core::port::{Change, Committed, Refusal};

use crate::load::{apply, attempt, attempt_key, commit, page, reported, revision};
use crate::support::{Client, Schema, url};

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

const RANGE: &str = "FLEETPROMPT_TEST_RANGE";

/// Commits a range of attempts, and says when it is ready to.
#[test]
#[ignore = "a process of the race"]
fn commits_as_one_of_many() {
    let Ok(range) = std::env::var(RANGE) else { return };
    let (schema, first) = range.split_once(':').unwrap();
    let first: u64 = first.parse().unwrap();
    let options = Schema::options_of(schema);
    let store = pollster::block_on(options.connect(&url())).unwrap();
    println!("open.");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    thread::scope(|scope| {
        for thread in 0..4 {
            let store = &store;
            let first = first + thread * COMMITS;
            scope.spawn(move || (first..first + COMMITS).for_each(|n| apply(store, n)));
        }
    });
}

#[test]
fn the_log_is_dense_to_a_reader_who_follows_several_processes() {
    let schema = Schema::new();
    let store = schema.open();
    let mut foreign = Client::connect();
    foreign.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT pg_current_xact_id()");
    let mut processes: Vec<_> = (0..3)
        .map(|process| {
            let name = schema.name.as_str();
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "races::commits_as_one_of_many", "--ignored", "--nocapture"])
                .env(RANGE, format!("{name}:{}", process * 4 * COMMITS))
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(child.stdout.take().unwrap());
            let mut line = String::new();
            while !line.ends_with("open.\n") {
                line.clear();
                assert_ne!(lines.read_line(&mut line).unwrap(), 0, "it ended before the race");
            }
            (child, lines)
        })
        .collect();
    for (child, _) in &mut processes {
        writeln!(child.stdin.as_mut().unwrap(), "go").unwrap();
    }
    let total = 3 * 4 * COMMITS;
    let (mut after, mut events) = (Position::START, Vec::new());
    while after.get() < total {
        for entry in page(&store, after) {
            assert_eq!(entry.position, after.next());
            after = entry.position;
            events.push(entry);
        }
        // One that has failed leaves the log short for ever.
        for (child, _) in &mut processes {
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none_or(|status| status.success()), "a process failed");
        }
    }
    for (mut child, mut lines) in processes {
        std::io::copy(&mut lines, &mut std::io::sink()).unwrap();
        assert!(child.wait().unwrap().success());
    }
    foreign.run("COMMIT");
    assert!(reported(&store).values().all(|times| *times == 1));
    // Whoever reads it again, and later, reads the same.
    let (mut after, mut again) = (Position::START, Vec::new());
    while again.len() < events.len() {
        again.extend(page(&store, after));
        after = again.last().unwrap().position;
    }
    assert_eq!(again, events);
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
