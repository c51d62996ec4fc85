//! What callers are told when something is in the way.

use std::thread;
use std::time::Duration;

use fleetprompt_core::domain::Revision;
use fleetprompt_core::port::{Committed, Prune, Store as _, StoreError};
use fleetprompt_postgres::PostgresStore;
use pollster::block_on;
use sqlx::Row as _;

use crate::load::{apply, attempt, commit, count, revision};
use crate::support::{Client, Schema, sql, url_with};

/// Holds the turn to write, as a process that got stuck would.
fn hold(schema: &Schema) -> Client {
    let mut client = Client::connect();
    client.run(&format!("BEGIN; SELECT {}.write_turn_1()", schema.name));
    client
}

#[test]
fn whoever_waits_too_long_for_its_turn_is_told_and_nothing_stays() {
    let schema = Schema::new();
    let store = schema.open();
    let options = schema.options().statement_timeout(Duration::from_millis(200));
    let hasty = block_on(options.connect(&url_with(""))).unwrap();
    let mut stuck = hold(&schema);
    let late = commit(&hasty, attempt(0));
    assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
    let late = block_on(hasty.prune(Prune::Events(fleetprompt_core::domain::Timestamp::MAX), 9));
    assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
    assert_eq!(revision(&hasty, 0), None, "reads wait for nobody");
    stuck.run("ROLLBACK");
    apply(&hasty, 0);
    assert_eq!(revision(&store, 0), Some(Revision::FIRST));
}

#[test]
fn a_commit_that_the_database_cannot_hold_fails_alone() {
    let schema = Schema::new();
    let store = schema.open();
    let mut stuck = hold(&schema);
    let outcomes: Vec<_> = thread::scope(|scope| {
        let callers: Vec<_> = (0..16)
            .map(|n| {
                let mut new = attempt(n);
                if n == 7 {
                    new.receipt.as_mut().unwrap().answer = "nul \0".to_owned();
                }
                let store = &store;
                scope.spawn(move || commit(store, new))
            })
            .collect();
        stuck.run("COMMIT");
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    });
    for (n, outcome) in (0..).zip(&outcomes) {
        match outcome {
            Err(StoreError::Malformed(_)) => assert_eq!(n, 7),
            Ok(Committed::Applied { .. }) => assert_ne!(n, 7),
            other => panic!("{n}: {other:?}"),
        }
        assert_eq!(revision(&store, n).is_some(), n != 7);
    }
    assert_eq!(count(&store), 15);
}

#[test]
fn a_store_that_can_only_be_read_says_so() {
    let schema = Schema::new();
    apply(&schema.open(), 0);
    let url = url_with("options=-c%20default_transaction_read_only%3Don");
    let store = block_on(schema.options().connect(&url)).unwrap();
    assert_eq!(commit(&store, attempt(1)), Err(StoreError::ReadOnly));
    assert_eq!(revision(&store, 0), Some(Revision::FIRST));
}

#[test]
fn transactions_that_would_not_see_each_other_are_refused() {
    let schema = Schema::new();
    drop(schema.open());
    let url = url_with("options=-c%20default_transaction_isolation%3Dserializable");
    // Between here and the server, a pooler may keep what the store asks for from it.
    let pooled = schema.options().transaction_pooling(true);
    let store = block_on(pooled.connect(&url)).unwrap();
    let refused = commit(&store, attempt(0));
    assert!(matches!(refused, Err(StoreError::Open(_))), "{refused:?}");
    // Without one, it asks for what it needs.
    let store = block_on(schema.options().connect(&url)).unwrap();
    apply(&store, 0);
}

#[test]
fn addresses_that_lead_nowhere_are_told_apart() {
    let options = PostgresStore::options().acquire_timeout(Duration::from_secs(2));
    let connect = |url: &str| block_on(options.connect(url)).unwrap_err();
    assert!(matches!(connect("not an address"), StoreError::Open(_)));
    let nobody = connect("postgres://market@localhost/market?host=/nonexistent");
    assert!(matches!(nobody, StoreError::Unavailable(_)), "{nobody:?}");
    let missing = connect(&url_with("dbname=no_such_database"));
    assert!(matches!(missing, StoreError::Open(_)), "{missing:?}");
}

#[test]
fn the_last_clone_closes_the_connections() {
    let schema = Schema::new();
    let store = schema.open();
    let clone = store.clone();
    apply(&store, 0);
    drop(store);
    assert_eq!(revision(&clone, 0), Some(Revision::FIRST));
    drop(clone);
    let left = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'fleetprompt'
             AND strpos(query, $name${}$name$) > 0",
        schema.name
    );
    // A session that was told to end is still listed until its process has.
    assert!((0..10_000).any(|_| sql(&left)[0].get::<i64, _>(0) == 0), "they stay open");
}
