//! Many at once, over two handles on the same data.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use crate::conformance::StoreFixture;
use crate::conformance::samples::{self, Pick, time};
use crate::conformance::support::{Draft, event, events, get, handle, value, wait};
use crate::domain::{Fact, Position, PublisherProfile, Revision};
use crate::port::{Committed, Counter, Record, Refusal, Store, Within};

const THREADS: u64 = 64;

/// Runs `task` in many threads, which start together and use one of two handles each.
pub(super) fn at_once<T: Send>(
    handles: &[Arc<dyn Store>; 2],
    threads: u64,
    task: impl Fn(u64, &dyn Store) -> T + Sync,
) -> Vec<T> {
    let barrier = Barrier::new(usize::try_from(threads).unwrap());
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|n| {
                let (barrier, task) = (&barrier, &task);
                let handle = Arc::clone(&handles[usize::try_from(n % 2).unwrap()]);
                scope.spawn(move || {
                    barrier.wait();
                    task(n, &*handle)
                })
            })
            .collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn applied(answers: &[Committed]) -> usize {
    answers.iter().filter(|answer| matches!(answer, Committed::Applied { .. })).count()
}

pub(in crate::conformance) fn seats_are_taken_exactly_as_often_as_there_are_seats<
    F: StoreFixture,
>() {
    let fixture = F::new();
    let handles = [fixture.store(), fixture.second()];
    let seats = Counter::seats(samples::entitlement_id(1));
    let answers = at_once(&handles, THREADS, |n, store| {
        let draft = Draft::new().event(n).count(&seats, 1, Within::AtMost(10));
        wait(store.commit(draft.0))
    });
    assert_eq!(applied(&answers), 10);
    let refused = Committed::Refused(Refusal::OutOfBounds(seats.clone()));
    assert_eq!(answers.iter().filter(|answer| **answer == refused).count(), 54);
    assert_eq!(value(&*handles[0], &seats), 10);
    assert_eq!(events(&*handles[1], 0, 200).len(), 10);
}

pub(in crate::conformance) fn one_of_many_creates_a_record<F: StoreFixture>() {
    let fixture = F::new();
    let handles = [fixture.store(), fixture.second()];
    let sample = |n| {
        let mut publisher = samples::publisher(1, &mut Pick::sparse());
        publisher.created_at = time(n);
        publisher
    };
    let answers = at_once(&handles, THREADS, |n, store| {
        wait(store.commit(Draft::new().event(n).create(sample(n)).0))
    });
    assert_eq!(applied(&answers), 1);
    let winner = (0..).zip(&answers).find(|(_, a)| matches!(a, Committed::Applied { .. }));
    let (winner, _) = winner.unwrap();
    let row = get(&*handles[0], &sample(0).key()).unwrap();
    assert_eq!(row.value, sample(winner).into());
    assert_eq!(row.revision, Revision::FIRST);
}

pub(in crate::conformance) fn one_of_many_takes_a_name<F: StoreFixture>() {
    let fixture = F::new();
    let handles = [fixture.store(), fixture.second()];
    let name = handle("acrne");
    let answers = at_once(&handles, THREADS, |n, store| {
        let draft = Draft::new().event(n).claim(&name, &format!("owner {n}"));
        wait(store.commit(draft.0))
    });
    assert_eq!(applied(&answers), 1);
    let winner = answers.iter().position(|a| matches!(a, Committed::Applied { .. })).unwrap();
    let owner = wait(handles[1].name(&name)).unwrap();
    assert_eq!(owner.as_str(), format!("owner {winner}"));
}

pub(in crate::conformance) fn one_of_many_applies_a_request<F: StoreFixture>() {
    let fixture = F::new();
    let handles = [fixture.store(), fixture.second()];
    let seats = Counter::seats(samples::entitlement_id(1));
    let answers = at_once(&handles, THREADS, |n, store| {
        let draft = Draft::new().event(n).receipt(1, &format!("by {n}"), time(0));
        wait(store.commit(draft.count(&seats, 1, Within::Any).0))
    });
    assert_eq!(applied(&answers), 1);
    let winner = answers.iter().position(|a| matches!(a, Committed::Applied { .. })).unwrap();
    for answer in &answers {
        match answer {
            Committed::Applied { .. } => {}
            Committed::Replayed(kept) => assert_eq!(kept.answer, format!("by {winner}")),
            Committed::Refused(refusal) => panic!("a retry was refused: {refusal:?}"),
        }
    }
    assert_eq!(value(&*handles[0], &seats), 1);
}

pub(in crate::conformance) fn no_update_is_lost<F: StoreFixture>() {
    const THREADS: u64 = 8;
    const UPDATES: u64 = 8;
    let fixture = F::new();
    let handles = [fixture.store(), fixture.second()];
    let mut sample = samples::listing(1, &mut Pick::sparse());
    sample.imported_popularity = 0;
    let key = sample.key();
    Draft::with_event().create(sample).apply(&*handles[0]);
    at_once(&handles, THREADS, |n, store| {
        let mut done = 0;
        // Whoever is too late was overtaken by one of the others' updates since it read.
        for _ in 0..THREADS * UPDATES {
            let row = get(store, &key).unwrap();
            let Record::Listing(mut listing) = row.value else { panic!("a listing was put") };
            listing.imported_popularity += 1;
            let draft = Draft::new().event(n).put(*listing, Some(row.revision));
            match wait(store.commit(draft.0)) {
                Committed::Applied { .. } => done += 1,
                Committed::Refused(Refusal::Conflict(_)) => {}
                other => panic!("an update is applied or stale: {other:?}"),
            }
            if done == UPDATES {
                return;
            }
        }
        panic!("an update was refused though nothing had changed");
    });
    let row = get(&*handles[1], &key).unwrap();
    let Record::Listing(listing) = row.value else { panic!("a listing was put") };
    assert_eq!(listing.imported_popularity, THREADS * UPDATES);
    assert_eq!(row.revision, Revision::new(THREADS * UPDATES + 1));
    assert_eq!(row.changed, wait(handles[0].head()).last);
}

pub(in crate::conformance) fn concurrent_commits_are_totally_ordered<F: StoreFixture>() {
    const COMMITS: u64 = 5;
    let fixture = F::new();
    let handles = [fixture.store(), fixture.second()];
    // Each thread commits one to three events at a time, which carry its number.
    let answers = at_once(&handles, 24, |n, store| {
        let commits = (0..COMMITS).map(|_| {
            let size = n % 3 + 1;
            let draft = (0..size).fold(Draft::new(), |draft, _| draft.public_event(n));
            (n, size, draft.apply(store))
        });
        commits.collect::<Vec<_>>()
    });
    let mut log = Vec::new();
    while let page @ [_, ..] = &events(&*handles[0], log.len() as u64, 200)[..] {
        let goes_on = page[0].position.get() == log.len() as u64 + 1;
        assert!(goes_on, "a page goes on behind the one before");
        log.extend_from_slice(page);
    }
    let total: u64 = answers.iter().flatten().map(|(_, size, _)| size).sum();
    let positions: Vec<u64> = log.iter().map(|stored| stored.position.get()).collect();
    assert_eq!(positions, (1..=total).collect::<Vec<_>>());
    assert_eq!(wait(handles[1].head()).feed_last, Position::new(total));
    for (n, size, last) in answers.into_iter().flatten() {
        for position in last.get() - size + 1..=last.get() {
            let stored = &log[usize::try_from(position).unwrap() - 1];
            let fact = Fact::PersonSeen { person: samples::person_id(n) };
            assert_eq!(stored.event.fact, fact, "a commit's events stand together");
        }
    }
}

pub(in crate::conformance) fn readers_never_see_half_a_commit<F: StoreFixture>() {
    let fixture = F::new();
    let handles = [fixture.store(), fixture.second()];
    let done = AtomicBool::new(false);
    // Every commit puts two records with the same text, and counts once, with one event.
    let pair = |n: u64| {
        [1, 2].map(|at| {
            let mut publisher = samples::publisher(at, &mut Pick::sparse());
            let name = format!("Name {n}").parse().unwrap();
            publisher.profile = PublisherProfile { name, ..publisher.profile };
            publisher
        })
    };
    let keys = pair(0).map(|publisher| publisher.key());
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut reads = 0_u64;
            while !done.load(Ordering::SeqCst) || reads == 0 {
                reads += 1;
                // What is read later is never older.
                let first = get(&*handles[1], &keys[0]).map(|row| row.revision);
                let second = get(&*handles[1], &keys[1]).map(|row| row.revision);
                let last = wait(handles[1].head()).last;
                assert!(first <= second, "half a commit was seen");
                assert!(second.map_or(0, Revision::get) <= last.get());
            }
        });
        for n in 0..60 {
            let [one, other] = pair(n);
            let expected = n.checked_sub(1).map(|n| Revision::new(n + 1));
            let mut draft = Draft::new().put(one, expected).put(other, expected);
            draft.0.events.push(event(n, None));
            draft.apply(&*handles[0]);
        }
        done.store(true, Ordering::SeqCst);
        reader.join().unwrap();
    });
}
