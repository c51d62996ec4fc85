//! Whole or not at all, and there when the store is opened again.

use std::task::{Context, Waker};

use super::catalogue::{all, entry, found, frequencies};
use crate::conformance::StoreFixture;
use crate::conformance::samples::{self, Pick, time};
use crate::conformance::support::{Asked, Draft, events, get, handle, value, wait};
use crate::domain::{Position, Revision};
use crate::port::{Committed, Counter, IdempotencyScope, PageSize, Prune, Scan, Within};

pub(in crate::conformance) fn a_refused_commit_leaves_nothing<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let old = samples::listing(1, &mut Pick::sparse());
    let gone = samples::listing(2, &mut Pick::sparse());
    let new = samples::listing(3, &mut Pick::sparse());
    let (mine, free, taken) = (handle("mine"), handle("free"), handle("taken"));
    let seats = Counter::seats(samples::entitlement_id(1));
    let first = Revision::FIRST;
    Draft::with_event()
        .create(old.clone())
        .claim(&mine, "ada")
        .claim(&taken, "bob")
        .count(&seats, 2, Within::Any)
        .apply(&*store);
    Draft::with_event().create(gone.clone()).apply(&*store);
    let asked = Asked {
        records: vec![old.key(), gone.key(), new.key()],
        names: vec![mine.clone(), free.clone(), taken.clone()],
        counters: vec![seats.clone()],
        receipts: vec![IdempotencyScope([1; 32])],
    };
    let before = asked.everything(&store);
    let listed = || wait(store.scan(&Scan::AllListings, None, PageSize::MAX));
    let rows = listed();

    let everything = Draft::new()
        .event(8)
        .public_event(9)
        .receipt(1, "done", time(0))
        .put(samples::listing(1, &mut Pick::full()), Some(first))
        .delete(gone.key(), first)
        .create(new.clone())
        .claim(&free, "ada")
        .release(&mine, "ada")
        .count(&seats, 1, Within::Any);
    let refused = [
        everything.clone().claim(&taken, "ada"),
        everything.clone().count(&seats, 1, Within::AtMost(3)),
        everything.clone().count(&seats, -9, Within::Any),
        everything.clone().expect(old.key(), None),
        everything
            .clone()
            .create(samples::person(4, &mut Pick::sparse()))
            .put(samples::listing(5, &mut Pick::sparse()), Some(first)),
    ];
    for draft in refused {
        draft.refuse(&*store);
        assert_eq!(asked.everything(&store), before);
        assert_eq!(listed(), rows);
    }
    // Nothing but the last change was wrong.
    assert_eq!(everything.apply(&*store), Position::new(4));
}

pub(in crate::conformance) fn a_dropped_commit_is_whole_or_absent<F: StoreFixture>() {
    const COMMITS: u8 = 24;
    let fixture = F::new();
    let store = fixture.store();
    let total = Counter::seats(samples::entitlement_id(0));
    let commit = |n: u8| {
        let n64 = u64::from(n);
        Draft::new()
            .event(n64)
            .event(n64)
            .receipt(n, "done", time(0))
            .create(samples::listing(n64, &mut Pick::sparse()))
            .index(n64, entry(1, "web", &format!("t:t{n}")))
            .claim(&handle(&format!("name{n}")), "ada")
            .count(&Counter::seats(samples::entitlement_id(1 + n64)), 1, Within::Any)
            .count(&total, 1, Within::Any)
    };
    for n in 0..COMMITS {
        let draft = commit(n);
        let mut future = store.commit(draft.0);
        let _ = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        drop(future);

        // The commit may land at any time from now on. Once one part of it is seen, whichever is
        // read first, all parts that are read later must be seen.
        let n64 = u64::from(n);
        let parts: [&dyn Fn() -> bool; 5] = [
            &|| wait(store.get(&samples::listing(n64, &mut Pick::sparse()).key())).is_some(),
            &|| wait(store.name(&handle(&format!("name{n}")))).is_some(),
            &|| value(&*store, &Counter::seats(samples::entitlement_id(1 + n64))) == 1,
            &|| wait(store.receipt(&IdempotencyScope([n; 32]))).is_some(),
            &|| !found(&*store, all(&format!("web t:t{n}"))).is_empty(),
        ];
        let start = usize::from(n) % parts.len();
        let seen: Vec<bool> =
            (0..parts.len()).map(|at| parts[(start + at) % parts.len()]()).collect();
        assert!(seen.is_sorted(), "half a commit was seen: {seen:?}");
    }

    // Its author asks again, under the same key: it takes effect exactly once.
    for n in 0..COMMITS {
        let draft = commit(n);
        match wait(store.commit(draft.0)) {
            Committed::Applied { .. } | Committed::Replayed(_) => {}
            Committed::Refused(refusal) => panic!("a retry met its own effect: {refusal:?}"),
        }
    }
    assert_eq!(value(&*store, &total), u64::from(COMMITS));
    assert_eq!(frequencies(&*store, "web"), [u64::from(COMMITS)]);
    assert_eq!(events(&*store, 0, 200).len(), usize::from(COMMITS) * 2);
    assert_eq!(wait(store.head()).last, Position::new(u64::from(COMMITS) * 2));
}

pub(in crate::conformance) fn everything_is_there_after_reopening<F: StoreFixture>() {
    let mut fixture = F::new();
    let mut asked = Asked::default();
    let mut before = asked.everything(&fixture.store());
    for n in 0..4 {
        assert_eq!(asked.everything(&fixture.store()), before);
        let mut draft = Draft::new().event(n).public_event(n).event(n);
        for kind in samples::kinds_of_many() {
            let record = samples::record(*kind, n, &mut Pick::seeded(n));
            asked.records.push(record.key());
            draft = draft.create(record);
        }
        let (name, seats) =
            (handle(&format!("name{n}")), Counter::seats(samples::entitlement_id(n)));
        let scope = u8::try_from(n).unwrap();
        draft = draft.claim(&name, "ada").count(&seats, 7, Within::Any);
        draft.receipt(scope, "done", time(n)).apply(&*fixture.store());
        asked.names.push(name);
        asked.counters.push(seats);
        asked.receipts.push(IdempotencyScope([scope; 32]));
        if n == 2 {
            wait(fixture.store().prune(Prune::Events(time(1)), 10));
            wait(fixture.store().prune(Prune::Receipts(time(0)), 10));
        }
        before = asked.everything(&fixture.store());
        fixture.reopen();
    }
    assert_eq!(asked.everything(&fixture.store()), before);
    for record in &asked.records {
        assert!(wait(fixture.store().get(record)).is_some());
    }
}

pub(in crate::conformance) fn positions_go_on_after_reopening<F: StoreFixture>() {
    let mut fixture = F::new();
    for n in 0..5 {
        let store = fixture.store();
        let record = samples::listing(n, &mut Pick::sparse());
        let last = Draft::new().event(n).public_event(n).create(record.clone()).apply(&*store);
        assert_eq!(last, Position::new(2 * n + 2));
        assert_eq!(wait(store.head()).feed_last, Position::new(n + 1));
        assert_eq!(wait(store.get(&record.key())).unwrap().created, Position::new(2 * n + 1));
        drop(store);
        fixture.reopen();
    }
}

pub(in crate::conformance) fn two_handles_see_each_other_at_once<F: StoreFixture>() {
    let fixture = F::new();
    let handles = [fixture.store(), fixture.second()];
    let seats = Counter::seats(samples::entitlement_id(1));
    let mut asked = Asked { counters: vec![seats.clone()], ..Asked::default() };
    for n in 0..20_u8 {
        let (writer, reader) = match n % 2 {
            0 => (&handles[0], &handles[1]),
            _ => (&handles[1], &handles[0]),
        };
        let record = samples::listing(n.into(), &mut Pick::sparse());
        let name = handle(&format!("name{n}"));
        asked.records.push(record.key());
        asked.names.push(name.clone());
        asked.receipts.push(IdempotencyScope([n; 32]));
        // What both read before must not keep them from what is there after.
        assert_eq!(asked.everything(reader), asked.everything(writer));
        let last = Draft::new()
            .public_event(n.into())
            .receipt(n, "done", time(0))
            .create(record)
            .claim(&name, "ada")
            .count(&seats, 1, Within::AtMost(u64::from(n) + 1))
            .apply(&**writer);
        assert_eq!(last, Position::new(u64::from(n) + 1));
        assert!(asked.records.iter().all(|key| get(&**reader, key).is_some()));
        assert_eq!(asked.everything(reader), asked.everything(writer));
        assert_eq!(value(&**reader, &seats), u64::from(n) + 1);
        let same = wait(reader.commit(Draft::new().receipt(n, "other", time(0)).0));
        assert!(matches!(same, Committed::Replayed(kept) if kept.answer == "done"));
    }
}
