//! Readers who do not wait for their answer, as when a browser is closed.

use std::future::Future;
use std::task::{Context, Waker};

use fleetprompt_core::domain::Position;
use fleetprompt_core::port::{PageSize, SearchIndex as _, Store as _};
use pollster::block_on;

use crate::load::{apply, attempt_key};
use crate::support::{Schema, url};

const READERS: usize = 60;

/// Polls a read so many times, and gives it up.
fn give_up(read: impl Future, polls: usize) {
    let mut read = Box::pin(read);
    for _ in 0..polls {
        if read.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            return;
        }
        std::thread::yield_now();
    }
}

#[test]
fn whoever_gives_up_a_read_leaves_the_only_connection_whole() {
    let schema = Schema::new();
    let store = block_on(schema.options().connections(1).connect(&url())).unwrap();
    (0..2).for_each(|n| apply(&store, n));
    let [first, second] = [0, 1].map(attempt_key);
    let expected = block_on(store.get(&second)).unwrap();
    assert!(expected.is_some());
    let head = block_on(store.head()).unwrap();
    for n in 0..READERS {
        // One statement, and a transaction of several.
        give_up(store.get(&first), n % 7);
        assert_eq!(block_on(store.get(&second)).unwrap(), expected, "after {n} polls");
        give_up(store.entries(Position::START, PageSize::MAX), n % 7);
        assert_eq!(block_on(store.head()).unwrap(), head, "after {n} polls");
    }
}
