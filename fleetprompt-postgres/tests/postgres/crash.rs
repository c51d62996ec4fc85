//! A server that crashes, or has no connection left.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use fleetprompt_core::port::{Store as _, StoreError};
use fleetprompt_postgres::{PostgresOptions, PostgresStore};
use pollster::block_on;

use crate::cluster::Cluster;
use crate::load::{all_there_once, attempt_key, insist};
use crate::support::Client;

const THREADS: u64 = 8;

/// How often the server crashes.
fn rounds() -> u64 {
    match std::env::var("FLEETPROMPT_CRASH_ROUNDS") {
        Ok(rounds) => rounds.parse().unwrap(),
        Err(_) => 3,
    }
}

fn options() -> PostgresOptions {
    PostgresStore::options().connections(4).acquire_timeout(Duration::from_secs(2))
}

/// Which may be its answer to whatever it is asked while the server is away.
fn is_away<T>(outcome: &Result<T, StoreError>) -> bool {
    matches!(outcome, Ok(_) | Err(StoreError::Unavailable(_)))
}

#[test]
fn a_server_that_crashes_under_load_loses_nothing_that_was_answered() {
    let cluster = Cluster::new("");
    let stores = [(); 2].map(|()| block_on(options().connect(&cluster.url())).unwrap());
    let (answered, progress) = mpsc::channel();
    let commits = 15 * rounds();
    let tried_again = thread::scope(|scope| {
        let writers: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (store, answered) = (&stores[usize::from(thread % 2 == 1)], answered.clone());
                scope.spawn(move || {
                    let mut again = 0;
                    for n in thread * commits..(thread + 1) * commits {
                        again += u64::from(insist(store, n) > 1);
                        let read = block_on(store.get(&attempt_key(n)));
                        assert!(is_away(&read), "{read:?}");
                        // Nobody listens any more after the last crash.
                        answered.send(()).ok();
                    }
                    again
                })
            })
            .collect();
        drop(answered);
        for _ in 0..rounds() {
            assert_eq!(progress.iter().take(40).count(), 40);
            cluster.restart();
        }
        drop(progress);
        writers.into_iter().map(|writer| writer.join().unwrap()).sum::<u64>()
    });
    assert!(tried_again > 0, "nobody noticed");
    stores.iter().for_each(|store| all_there_once(store, THREADS * commits));
}

#[test]
fn a_server_without_a_free_connection_is_told_from_one_that_is_wrong() {
    let cluster = Cluster::new("max_connections = 20\nmax_wal_senders = 0\nwal_level = minimal");
    let store = block_on(options().connect(&cluster.url())).unwrap();
    assert_eq!(insist(&store, 0), 1);
    let mut others = Vec::new();
    while let Ok(client) = Client::connect_to(&cluster.url()) {
        others.push(client);
    }
    assert!(others.len() > 10);
    let late = block_on(options().connect(&cluster.url()));
    assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
    thread::scope(|scope| {
        for n in 1..33 {
            let store = &store;
            scope.spawn(move || {
                // What it has already goes on.
                assert_eq!(insist(store, n), 1);
                let read = block_on(store.get(&attempt_key(n)));
                assert!(is_away(&read), "{read:?}");
            });
        }
    });
    drop(others);
    all_there_once(&store, 33);
    let late = loop {
        match block_on(options().connect(&cluster.url())) {
            Err(StoreError::Unavailable(_)) => {}
            late => break late.unwrap(),
        }
    };
    all_there_once(&late, 33);
}
