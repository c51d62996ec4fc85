//! Sessions are ended under load, and what was answered is there, once.

use std::sync::mpsc;
use std::thread;

use fleetprompt_postgres::PostgresStore;
use sqlx::Row as _;

use crate::cluster::Cluster;
use crate::load::{all_there_once, insist};
use crate::pooler::Pooler;
use crate::support::{options, pooled};

const THREADS: u64 = 8;
const COMMITS: u64 = 60;
/// How many commits are answered between two kills.
const BETWEEN: usize = 12;

/// Ends the sessions of all stores, past the pooler, and waits until they are gone; answers how many
/// there were.
fn kill(cluster: &Cluster) -> i64 {
    let killed = cluster.sql(
        "SELECT count(pg_terminate_backend(pid, 60000)) FROM pg_stat_activity
         WHERE pid <> pg_backend_pid() AND application_name = 'fleetprompt'",
    );
    killed[0].get(0)
}

#[test]
fn a_killed_session_loses_nothing_that_was_answered_and_repeats_nothing() {
    // Behind a pooler a session is soon somebody else's, so nobody else may be there.
    let cluster = Cluster::new("");
    let pooler = pooled().then(|| Pooler::to(&cluster));
    let url = pooler.as_ref().map_or_else(|| cluster.url(), |pooler| pooler.url().to_owned());
    let open = || -> PostgresStore { pollster::block_on(options().connect(&url)).unwrap() };
    let stores = [open(), open()];
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
            kills += kill(&cluster);
        }
        retried = writers.into_iter().map(|writer| writer.join().unwrap()).sum();
    });
    assert!(
        kills > 0 && retried > 0,
        "{kills} sessions were killed, {retried} commits tried again"
    );
    // Whose connections nobody has killed.
    all_there_once(&open(), THREADS * COMMITS);
}
