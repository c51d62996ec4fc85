//! A store on a runtime that the host lends it.

use std::task::{Context, Waker};

use fleetprompt_core::port::{Store as _, StoreError};
use fleetprompt_postgres::PostgresStore;
use pollster::block_on;
use tokio::runtime::{Builder, Runtime};

use crate::load::{apply, attempt, attempt_key};
use crate::support::{Schema, url};

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn open_on(runtime: &Runtime, schema: &Schema) -> PostgresStore {
    let options = schema.options().runtime(runtime.handle().clone());
    block_on(options.connect(&url())).unwrap()
}

#[test]
fn it_reads_and_writes_for_callers_on_the_runtime_and_off_it() {
    let (runtime, schema) = (runtime(), Schema::new());
    let store = open_on(&runtime, &schema);
    apply(&store, 0);
    let reads = (0..64).map(|n| {
        let store = store.clone();
        runtime.spawn(async move {
            if n == 0 {
                store.commit(attempt(1)).await.unwrap();
            }
            store.get(&attempt_key(0)).await.unwrap().is_some()
        })
    });
    let reads: Vec<_> = reads.collect();
    for read in reads {
        assert!(block_on(read).unwrap());
    }
    assert!(block_on(store.get(&attempt_key(1))).unwrap().is_some());
    // Dropped where waiting would stop what it waits for.
    runtime.block_on(async move {
        let closed = store.closed();
        drop(store);
        closed.await;
    });
}

#[test]
fn what_was_asked_for_before_it_was_dropped_is_written_before_it_is_closed() {
    const COMMITS: u64 = 40;
    let (runtime, schema) = (runtime(), Schema::new());
    let store = open_on(&runtime, &schema);
    for n in 0..COMMITS {
        let mut commit = store.commit(attempt(n));
        // Asked for, and not waited for.
        let _ = commit.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }
    let closed = store.closed();
    drop(store);
    block_on(closed);
    let store = schema.open();
    for n in 0..COMMITS {
        assert!(block_on(store.get(&attempt_key(n))).unwrap().is_some(), "{n}");
    }
}

#[test]
fn it_says_so_when_the_runtime_has_ended() {
    let (runtime, schema) = (runtime(), Schema::new());
    let store = open_on(&runtime, &schema);
    apply(&store, 0);
    let closed = store.closed();
    drop(runtime);
    block_on(closed);
    let read = block_on(store.get(&attempt_key(0)));
    assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
    let written = block_on(store.commit(attempt(1)));
    let refused = |error: &StoreError| {
        matches!(error, StoreError::Unavailable(_) | StoreError::OutcomeUnknown(_))
    };
    assert!(written.as_ref().is_err_and(refused), "{written:?}");
    drop(store);
    assert!(block_on(schema.open().get(&attempt_key(1))).unwrap().is_none());
}
