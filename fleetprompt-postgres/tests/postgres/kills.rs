//! Sessions are ended under load, and what was answered is there, once.

use std::sync::mpsc;
use std::thread;

use sqlx::Row as _;

use crate::load::{all_there_once, insist};
use crate::support::{Schema, sql};

const THREADS: u64 = 8;
const COMMITS: u64 = 60;
/// How many commits are answered between two kills.
const BETWEEN: usize = 12;

/// Ends the sessions of all stores on the schema; answers how many there were.
fn kill(schema: &Schema) -> i64 {
    let killed = sql(&format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
         WHERE pid <> pg_backend_pid() AND application_name = 'fleetprompt'
             AND strpos(query, $name${}$name$) > 0",
        schema.name
    ));
    killed[0].get(0)
}

#[test]
fn a_killed_session_loses_nothing_that_was_answered_and_repeats_nothing() {
    let schema = Schema::new();
    let stores = [schema.open(), schema.open()];
    let (answered, progress) = mpsc::channel();
    let (mut kills, mut retried) = (0, 0);
    thread::scope(|scope| {
        let writers: Vec<_> = (0..THREADS)
            .map(|thread| {
                let store = &stores[usize::from(thread % 2 == 1)];
                let answered = answered.clone();
                scope.spawn(move || {
                    let mut retried = 0;
                    for n in thread * COMMITS..(thread + 1) * COMMITS {
                        retried += u64::from(insist(store, n) > 1);
                        answered.send(()).unwrap();
                    }
                    retried
                })
            })
            .collect();
        drop(answered);
        // Until the last of the writers has ended.
        while progress.iter().take(BETWEEN).count() == BETWEEN {
            kills += kill(&schema);
        }
        retried = writers.into_iter().map(|writer| writer.join().unwrap()).sum();
    });
    assert!(
        kills > 0 && retried > 0,
        "{kills} sessions were killed, {retried} commits tried again"
    );
    stores.iter().for_each(|store| all_there_once(store, THREADS * COMMITS));
}
