//! Answers that get lost between a store and its caller, and requests that race.

use std::sync::atomic::AtomicBool;
use std::thread;

use super::*;
use crate::domain::{Position, Span};
use crate::port::{
    ClaimedName, CounterRange, Head, IdempotencyScope, NameOwner, PageKey, Prune, Scan, StoreError,
    StoreFuture, StoredEvent, StoredFeedEntry, StoredReceipt, Versioned,
};

/// A store that applies commits and, while it is told to, loses the answers.
#[derive(Clone, Default)]
struct Lossy {
    store: MemoryStore,
    losing: Arc<AtomicBool>,
    /// Whether nothing is answered after that, as to a process that was cut off.
    dying: Arc<AtomicBool>,
    dead: Arc<AtomicBool>,
}

impl Lossy {
    fn alive<'a, T: 'a + Send>(&self, answer: StoreFuture<'a, T>) -> StoreFuture<'a, T> {
        match self.dead.load(Ordering::SeqCst) {
            true => Box::pin(std::future::ready(Err(StoreError::Unavailable("gone")))),
            false => answer,
        }
    }
}

impl Store for Lossy {
    fn get<'a>(&'a self, key: &'a RecordKey) -> StoreFuture<'a, Option<Versioned<Record>>> {
        self.alive(self.store.get(key))
    }

    fn scan<'a>(
        &'a self,
        scan: &'a Scan,
        after: Option<&'a PageKey>,
        size: PageSize,
    ) -> StoreFuture<'a, Vec<Versioned<Record>>> {
        self.alive(self.store.scan(scan, after, size))
    }

    fn name<'a>(&'a self, name: &'a ClaimedName) -> StoreFuture<'a, Option<NameOwner>> {
        self.alive(self.store.name(name))
    }

    fn receipt<'a>(
        &'a self,
        scope: &'a IdempotencyScope,
    ) -> StoreFuture<'a, Option<StoredReceipt>> {
        self.alive(self.store.receipt(scope))
    }

    fn counters<'a>(
        &'a self,
        range: &'a CounterRange,
        limit: u32,
    ) -> StoreFuture<'a, Vec<(String, u64)>> {
        self.alive(self.store.counters(range, limit))
    }

    fn events(&self, after: Position, size: PageSize) -> StoreFuture<'_, LogPage<StoredEvent>> {
        self.alive(self.store.events(after, size))
    }

    fn feed(&self, after: Position, size: PageSize) -> StoreFuture<'_, LogPage<StoredFeedEntry>> {
        self.alive(self.store.feed(after, size))
    }

    fn head(&self) -> StoreFuture<'_, Head> {
        self.alive(self.store.head())
    }

    fn commit(&self, commit: Commit) -> StoreFuture<'_, Committed> {
        let answer = pollster::block_on(self.store.commit(commit));
        if self.losing.swap(false, Ordering::SeqCst) {
            self.dead.store(self.dying.load(Ordering::SeqCst), Ordering::SeqCst);
            return Box::pin(std::future::ready(Err(StoreError::OutcomeUnknown("lost"))));
        }
        Box::pin(std::future::ready(answer))
    }

    fn prune(&self, what: Prune, limit: u32) -> StoreFuture<'_, u32> {
        self.store.prune(what, limit)
    }
}

#[test]
fn a_commit_whose_answer_got_lost_is_not_made_twice() {
    let lossy = Lossy::default();
    let world = World::over(lossy.store.clone(), lossy.clone());
    let (token, _) = world.issue();
    lossy.losing.store(true, Ordering::SeqCst);
    let manifest = world.redeem(&token, "redeem").unwrap();
    assert_eq!(world.events("install.redeemed"), 1);
    assert_eq!(world.redeem(&token, "redeem").unwrap(), manifest);

    lossy.losing.store(true, Ordering::SeqCst);
    let started = world.begin(&world.ada(), "again").unwrap();
    assert_eq!(world.events("install.begun"), 2);
    assert_eq!(token_of(&world.begin(&world.ada(), "again").unwrap()), token_of(&started));
}

#[test]
fn a_caller_that_died_after_the_commit_gets_the_same_bytes_later() {
    let lossy = Lossy::default();
    let world = World::over(lossy.store.clone(), lossy.clone());
    let (token, attempt) = world.issue();
    lossy.dying.store(true, Ordering::SeqCst);
    lossy.losing.store(true, Ordering::SeqCst);
    assert_eq!(refusal(world.redeem(&token, "redeem")), ErrorCode::Unavailable);
    lossy.dead.store(false, Ordering::SeqCst);
    let kept = world.attempt(attempt).redemption.unwrap().manifest.unwrap();
    world.clock.advance(Span::hours(12));
    assert_eq!(world.redeem(&token, "redeem").unwrap(), kept);
    assert_eq!(world.events("install.redeemed"), 1);
}

#[test]
fn one_token_redeemed_by_many_at_once_is_redeemed_once() {
    let world = World::new();
    let (token, _) = world.issue();
    let answers: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|n| {
                let (world, token) = (&world, &token);
                // Half of them retry one request; the others come with keys of their own.
                let name = if n % 2 == 0 { "mine".to_owned() } else { format!("other-{n}") };
                scope.spawn(move || (n % 2 == 0, world.redeem(token, &name)))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(world.events("install.redeemed"), 1);
    let mine: Vec<_> = answers.iter().filter(|(mine, _)| *mine).map(|(_, it)| it).collect();
    assert!(mine.windows(2).all(|pair| pair[0] == pair[1]), "one key, two answers");
    let manifests = answers.iter().filter(|(_, answer)| answer.is_ok()).count();
    assert!(manifests == 8 || manifests == 1, "{manifests}");
}
