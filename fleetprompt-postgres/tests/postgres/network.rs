//! A network that loses answers, swallows everything, and comes back.

use std::thread;
use std::time::Duration;

use fleetprompt_core::domain::Revision;
use fleetprompt_core::port::{Committed, Store as _, StoreError};
use fleetprompt_postgres::PostgresStore;
use pollster::block_on;

use crate::load::{
    all_there_once, attempt_key, commit, indexed, insist, may_be_repeated, revision,
};
use crate::proxy::{Proxy, Strike};
use crate::support::{Schema, url};

/// A store behind a network, through which it has committed once.
fn behind(proxy: &Proxy, schema: &Schema, pooling: bool) -> PostgresStore {
    let options = schema.options().transaction_pooling(pooling);
    let options = options.acquire_timeout(Duration::from_secs(3));
    let options = options.statement_timeout(Duration::from_millis(500));
    let store = block_on(options.connect(&proxy.url())).unwrap();
    assert_eq!(insist(&store, 0), 1);
    store
}

#[test]
fn an_answer_that_is_lost_is_given_again_under_the_key() {
    for pooling in [false, true] {
        let schema = Schema::new();
        let proxy = Proxy::to(&url());
        let store = behind(&proxy, &schema, pooling);
        proxy.strike(Strike::AnswerLost);
        let lost = commit(&store, indexed(1));
        assert!(matches!(lost, Err(StoreError::OutcomeUnknown(_))), "{lost:?}");
        assert_eq!(proxy.struck(), 1);
        // It was applied, and nobody was told.
        assert_eq!(revision(&schema.open(), 1), Some(Revision::FIRST));
        match commit(&store, indexed(1)) {
            Ok(Committed::Replayed(kept)) => assert_eq!(kept.answer, "answer 1"),
            other => panic!("the retry was not known again: {other:?}"),
        }
        all_there_once(&schema.open(), 2);
    }
}

#[test]
fn a_commit_that_never_arrived_is_applied_by_the_retry() {
    for pooling in [false, true] {
        let schema = Schema::new();
        let proxy = Proxy::to(&url());
        let store = behind(&proxy, &schema, pooling);
        proxy.strike(Strike::Lost);
        let lost = commit(&store, indexed(1));
        assert!(may_be_repeated(&lost), "{lost:?}");
        assert_eq!(proxy.struck(), 1);
        assert_eq!(revision(&schema.open(), 1), None);
        assert_eq!(insist(&store, 1), 1);
        all_there_once(&schema.open(), 2);
    }
}

#[test]
fn a_batch_whose_answer_is_lost_leaves_each_of_its_authors_in_doubt_and_no_longer() {
    let schema = Schema::new();
    let proxy = Proxy::to(&url());
    let store = behind(&proxy, &schema, false);
    proxy.strike(Strike::AnswerLost);
    let outcomes: Vec<_> = thread::scope(|scope| {
        let callers: Vec<_> = (1..33)
            .map(|n| {
                (
                    n,
                    scope.spawn({
                        let store = &store;
                        move || commit(store, indexed(n))
                    }),
                )
            })
            .collect();
        callers.into_iter().map(|(n, caller)| (n, caller.join().unwrap())).collect()
    });
    assert!(outcomes.iter().any(|(_, outcome)| may_be_repeated(outcome)));
    for (n, outcome) in outcomes {
        if may_be_repeated(&outcome) {
            let again = commit(&store, indexed(n));
            assert!(
                matches!(again, Ok(Committed::Replayed(_) | Committed::Applied { .. })),
                "{again:?}"
            );
        } else {
            assert!(matches!(outcome, Ok(Committed::Applied { .. })), "{outcome:?}");
        }
    }
    all_there_once(&schema.open(), 33);
}

/// Between what it writes and its COMMIT, it has the turn to write, and no statement runs that a time-out
/// could end.
#[test]
fn a_writer_that_stops_before_its_commit_holds_the_others_up_no_longer_than_a_statement_may_take() {
    let schema = Schema::new();
    let proxy = Proxy::to(&url());
    let store = behind(&proxy, &schema, true);
    let direct = schema.open();
    proxy.strike(Strike::Held);
    let stopped = commit(&store, indexed(1));
    assert!(may_be_repeated(&stopped), "{stopped:?}");
    assert_eq!(proxy.struck(), 1);
    assert_eq!(insist(&direct, 2), 1);
    // Late, its COMMIT arrives where nothing is to be committed any more.
    proxy.release();
    assert_eq!(revision(&direct, 1), None);
    assert_eq!(insist(&store, 1), 1);
    all_there_once(&direct, 3);
}

/// What a cable does that is pulled and put back: nothing is refused, it only does not arrive.
#[test]
fn a_network_that_swallows_everything_is_given_up_in_time_and_used_again() {
    let (schema, other_schema) = (Schema::new(), Schema::new());
    let proxy = Proxy::to(&url());
    let store = behind(&proxy, &schema, false);
    let another = behind(&proxy, &other_schema, false);
    assert_eq!(revision(&store, 0), Some(Revision::FIRST));
    proxy.hold();
    let (unknown, unread) = thread::scope(|scope| {
        let write = scope.spawn(|| commit(&store, indexed(1)));
        let read = scope.spawn(|| block_on(store.get(&attempt_key(0))));
        (write.join().unwrap(), read.join().unwrap())
    });
    assert!(may_be_repeated(&unknown), "{unknown:?}");
    assert!(matches!(unread, Err(StoreError::Unavailable(_))), "{unread:?}");
    // New connections are swallowed as well.
    let unread = block_on(store.get(&attempt_key(0)));
    assert!(matches!(unread, Err(StoreError::Unavailable(_))), "{unread:?}");
    // Whoever gives up is not held up.
    drop(another);
    // Late, what was on its way arrives, beside what is sent anew.
    proxy.release();
    let again = commit(&store, indexed(1));
    assert!(
        may_be_repeated(&again)
            || matches!(again, Ok(Committed::Replayed(_) | Committed::Applied { .. })),
        "{again:?}"
    );
    while may_be_repeated(&commit(&store, indexed(1))) {}
    assert_eq!(revision(&store, 0), Some(Revision::FIRST));
    all_there_once(&schema.open(), 2);
}

#[test]
fn a_network_that_is_cut_under_load_costs_nothing_that_was_answered() {
    let schema = Schema::new();
    let proxy = Proxy::to(&url());
    let store = behind(&proxy, &schema, false);
    let (answered, progress) = std::sync::mpsc::channel();
    thread::scope(|scope| {
        for thread in 0..8_u64 {
            let (store, answered) = (&store, answered.clone());
            scope.spawn(move || {
                for n in 1 + thread * 20..1 + (thread + 1) * 20 {
                    insist(store, n);
                    answered.send(()).unwrap();
                }
            });
        }
        drop(answered);
        while progress.iter().take(20).count() == 20 {
            proxy.hold();
            proxy.sever();
            proxy.release();
        }
    });
    all_there_once(&schema.open(), 161);
}

#[test]
fn an_address_where_nobody_is_is_told_as_such() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("postgres://market@{}/market", listener.local_addr().unwrap());
    drop(listener);
    let folder = tempfile::tempdir().unwrap();
    let no_socket = format!("postgres:///market?host={}", folder.path().display());
    let cases = [
        (nobody, "nothing listens at the address of the database"),
        (no_socket, "the socket of the database is not there"),
    ];
    for (url, why) in cases {
        let options = PostgresStore::options().acquire_timeout(Duration::from_millis(50));
        let refused = block_on(options.connect(&url)).unwrap_err();
        assert_eq!(refused, StoreError::Unavailable(why));
    }
}

/// With the time-outs that operators have by default.
#[test]
#[ignore = "takes more than half a minute: scripts/faults runs it"]
fn long_cut_of_the_network() {
    let schema = Schema::new();
    let proxy = Proxy::to(&url());
    let store = block_on(schema.options().connect(&proxy.url())).unwrap();
    assert_eq!(insist(&store, 0), 1);
    proxy.hold();
    let outcomes: Vec<_> = thread::scope(|scope| {
        let store = &store;
        let callers: Vec<_> =
            (1..17).map(|n| scope.spawn(move || commit(store, indexed(n)))).collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    });
    assert!(outcomes.iter().all(may_be_repeated), "{outcomes:?}");
    proxy.sever();
    proxy.release();
    for n in 1..17 {
        while may_be_repeated(&commit(&store, indexed(n))) {}
    }
    all_there_once(&store, 17);
}
