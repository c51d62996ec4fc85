//! Receipts: what makes a write safe to try again.

use std::sync::Arc;

use crate::conformance::StoreFixture;
use crate::conformance::samples::{self, Pick, time};
use crate::conformance::support::{Asked, Draft, handle, receipt, stored, value, wait};
use crate::domain::{Revision, Timestamp};
use crate::port::{Committed, Counter, IdempotencyScope, Prune, RECEIPT_MAX_BYTES, Store, Within};

fn kept(store: &dyn Store, scopes: u8) -> Vec<u8> {
    (0..scopes).filter(|n| wait(store.receipt(&IdempotencyScope([*n; 32]))).is_some()).collect()
}

pub(in crate::conformance) fn a_receipt_is_kept_with_its_commit<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let answer = "{\"done\":\"it's \u{e9} \\ \u{1f980}\"}";
    let new = receipt(7, answer, time(0));
    assert_eq!(wait(store.receipt(&new.scope)), None);
    Draft::new().receipt(7, answer, time(0)).apply(&*store);
    assert_eq!(wait(store.receipt(&new.scope)), Some(stored(&new)));
    assert_eq!(wait(store.receipt(&IdempotencyScope([8; 32]))), None);
}

pub(in crate::conformance) fn a_known_key_is_replayed_before_anything_is_tested<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let record = samples::listing(1, &mut Pick::sparse());
    let seats = Counter::seats(samples::entitlement_id(1));
    let name = handle("acrne");
    let draft = Draft::with_event()
        .receipt(1, "first", Timestamp::MIN)
        .expect(record.key(), None)
        .create(record.clone())
        .count(&seats, 1, Within::AtMost(1))
        .claim(&name, "ada");
    draft.clone().apply(&*store);
    let asked = Asked {
        records: vec![record.key()],
        names: vec![name.clone()],
        counters: vec![seats.clone()],
        receipts: vec![IdempotencyScope([1; 32])],
    };
    let before = asked.everything(&store);
    let replayed = Committed::Replayed(stored(&receipt(1, "first", Timestamp::MIN)));

    // Also when the commit is stale, says something else, could be applied, or is malformed; and
    // though the receipt has expired.
    let same = |draft: Draft| draft.receipt(1, "second", time(0));
    let retries = [
        draft,
        same(Draft::with_event().put(record.clone(), Some(Revision::new(9)))),
        same(Draft::with_event().claim(&name, "bob").count(&seats, 1, Within::AtMost(1))),
        same(Draft::with_event().count(&seats, 1, Within::Any)),
        same(Draft::new()),
        same(Draft::new().create(record.clone()).create(record.clone())),
    ];
    for retry in retries {
        assert_eq!(wait(store.commit(retry.0)), replayed);
        assert_eq!(asked.everything(&store), before);
    }
}

pub(in crate::conformance) fn a_refused_commit_keeps_no_receipt<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let seats = Counter::seats(samples::entitlement_id(1));
    let draft = Draft::with_event().receipt(1, "done", time(0));
    draft.clone().count(&seats, 1, Within::AtMost(0)).refuse(&*store);
    assert!(kept(&*store, 3).is_empty());
    draft.count(&seats, 1, Within::AtMost(1)).apply(&*store);
    assert_eq!(kept(&*store, 3), [1]);
    assert_eq!(value(&*store, &seats), 1);
}

pub(in crate::conformance) fn receipts_are_pruned_by_expiry_oldest_first<F: StoreFixture>() {
    let fixture = F::new();
    let store: Arc<dyn Store> = fixture.store();
    for (scope, at) in [(0, 5), (1, 3), (2, 9), (3, 1), (4, 7)] {
        Draft::new().receipt(scope, "done", time(at)).apply(&*store);
    }
    let prune = |before, limit| wait(store.prune(Prune::Receipts(time(before)), limit));
    assert_eq!(prune(0, 10), 0);
    assert_eq!(prune(9, 0), 0);
    assert_eq!(kept(&*store, 5), [0, 1, 2, 3, 4]);
    // Up to and including the time that is said, and not more than asked.
    assert_eq!(prune(5, 2), 2);
    assert_eq!(kept(&*store, 5), [0, 2, 4]);
    assert_eq!(prune(7, u32::MAX), 2);
    assert_eq!(kept(&*store, 5), [2]);
    assert_eq!(prune(7, 10), 0);

    // A pruned key can be used again.
    Draft::new().receipt(3, "again", time(20)).apply(&*store);
    let found = wait(store.receipt(&IdempotencyScope([3; 32]))).unwrap();
    assert_eq!(found.answer, "again");
}

pub(in crate::conformance) fn the_longest_receipt_is_kept<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    for (scope, unit) in [(0, "a"), (1, "\""), (2, "語"), (3, "\\")] {
        let answer = unit.repeat(RECEIPT_MAX_BYTES / unit.len());
        Draft::new().receipt(scope, &answer, Timestamp::MAX).apply(&*store);
        let found = wait(store.receipt(&IdempotencyScope([scope; 32]))).unwrap();
        assert!(found.answer == answer, "a long answer was not kept whole");
    }
}
