//! Upkeep of the search index, interrupted, repeated and done by two at once; and repairs.

use std::sync::Arc;

use super::fixture::*;
use super::indexing::{entry, expect_clean};
use crate::conformance::{Fault, FaultStore};
use crate::domain::*;
use crate::error::ErrorKind;
use crate::marketplace::{IndexReport, Marketplace, Refreshed, Retention, SearchRequest};
use crate::port::{
    Change, Commit, Committed, Entity as _, INDEX_VERSION, PageSize, Quality, RecordKey, Scan,
    SearchIndex, Store, StoreError,
};
use crate::search::Query;

const ONE: PageSize = PageSize::new(1);

/// A publisher with this many listings.
fn scene(listings: usize) -> (Fixture, PublisherId, Vec<ListingId>) {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let listings = (0..listings).map(|n| f.offered(&ada, acme, &format!("reader-{n}"))).collect();
    (f, acme, listings)
}

fn refresh(f: &Fixture) -> u32 {
    let mut listings = 0;
    loop {
        let done = run(f.market.refresh_index(ALL)).unwrap();
        listings += done.listings;
        if !done.more {
            return listings;
        }
    }
}

fn entries(f: &Fixture) -> usize {
    run(f.store.entries(Position::START, ALL)).unwrap().len()
}

fn report(f: &Fixture) -> IndexReport {
    run(f.market.check_index(Position::START, |_| {})).unwrap()
}

fn commit(f: &Fixture, changes: Vec<Change>, events: Vec<Event>) {
    let commit = Commit { receipt: None, expectations: Vec::new(), changes, events };
    assert!(matches!(run(f.store.commit(commit)).unwrap(), Committed::Applied { .. }));
}

fn forget_progress(f: &Fixture) {
    let key = RecordKey::index_progress(INDEX_VERSION);
    let expected = run(f.store.get(&key)).unwrap().unwrap().revision;
    commit(f, vec![Change::Delete { key, expected }], Vec::new());
}

/// A publisher that was suspended by a process that died before the index followed.
fn cut_off_after_suspension(f: &Fixture, publisher: PublisherId) {
    let faults = FaultStore::new(Arc::new(f.store.clone()));
    let market = f.through(faults.clone());
    let operator = identity("market", "olga");
    let operator = market.act_as(crate::port::Principal::operator(operator));
    faults.script([Fault::CutOff]);
    let answer = run(operator.suspend_publisher(publisher, of("Spam."), &f.key()));
    assert_eq!(answer.unwrap_err().kind(), ErrorKind::Unavailable);
    let key = RecordKey::publisher(publisher);
    let stored = run(f.store.get(&key)).unwrap().unwrap().value;
    assert!(Publisher::from_record(stored).unwrap().suspended.is_some(), "it was committed");
}

#[test]
fn where_nothing_happened_nothing_is_written() {
    let (f, _, _) = scene(3);
    assert_eq!(refresh(&f), 0);
    let events = f.events();
    assert_eq!(run(f.market.refresh_index(ALL)), Ok(Refreshed::default()));
    assert_eq!(f.events(), events);
}

#[test]
fn what_does_not_concern_it_is_passed_over_once_a_day() {
    let (f, _, _) = scene(1);
    refresh(&f);
    f.draft(&f.person("beta", "eve"), f.publisher(&f.person("beta", "eve"), "beta"), "plan");
    let written = |hours| {
        f.clock.advance(Span::hours(hours));
        let events = f.events();
        assert_eq!(refresh(&f), 0);
        f.events() - events
    };
    assert_eq!([1, 22, 2, 1, 48].map(written), [0, 0, 1, 0, 0]);
}

#[test]
fn only_what_was_redeemed_is_counted() {
    let (f, _, listings) = scene(5);
    refresh(&f);
    f.install(&identity("buyers", "carol"), listings[3]);
    assert_eq!(refresh(&f), 1);
    assert_eq!(refresh(&f), 0, "once is enough");
    expect_clean(&f);
}

#[test]
fn a_suspension_that_was_cut_off_is_finished_in_steps_of_any_size() {
    for budget in [1, 2, 64, 200] {
        let (f, acme, listings) = scene(9);
        let other = f.publisher(&f.person("beta", "eve"), "beta");
        let staying = f.published(&f.person("beta", "eve"), other, "writer");
        refresh(&f);
        cut_off_after_suspension(&f, acme);
        assert_eq!(entries(&f), listings.len() + 1);
        let mut calls = 0;
        while run(f.market.refresh_index(PageSize::new(budget))).unwrap().more {
            calls += 1;
            assert!(calls < 40, "it comes to an end");
        }
        assert!(entry(&f, staying).is_some());
        assert_eq!(entries(&f), 1);
        expect_clean(&f);
    }
}

#[test]
fn the_same_request_again_finishes_what_was_cut_off() {
    let (f, acme, _) = scene(3);
    let faults = FaultStore::new(Arc::new(f.store.clone()));
    let market = f.through(faults.clone());
    let operator = market.act_as(crate::port::Principal::operator(identity("market", "olga")));
    let key = f.key();
    faults.script([Fault::CutOff]);
    assert!(run(operator.suspend_publisher(acme, of("Spam."), &key)).is_err());
    assert_eq!(entries(&f), 3);
    faults.mend();
    run(operator.suspend_publisher(acme, of("Spam."), &key)).unwrap();
    assert_eq!(entries(&f), 0);
}

#[test]
fn a_step_that_fails_is_done_again_by_the_next_call() {
    let (f, acme, _) = scene(5);
    refresh(&f);
    cut_off_after_suspension(&f, acme);
    for calls in 0..200 {
        let faults = FaultStore::new(Arc::new(f.store.clone()));
        let market = f.through(faults.clone());
        faults.fail_after(calls, StoreError::Unavailable("it is away"));
        if run(market.refresh_index(ONE)).is_ok_and(|done| !done.more) {
            break;
        }
    }
    refresh(&f);
    assert_eq!(entries(&f), 0);
    expect_clean(&f);
}

#[test]
fn two_at_once_do_it_once_between_them() {
    let (f, acme, listings) = scene(40);
    refresh(&f);
    for listing in &listings {
        f.install(&identity("buyers", "carol"), *listing);
    }
    cut_off_after_suspension(&f, acme);
    let finish =
        |market: Marketplace| while run(market.refresh_index(PageSize::new(7))).unwrap().more {};
    std::thread::scope(|threads| {
        for _ in 0..4 {
            let market = f.through(f.store.clone());
            threads.spawn(move || finish(market));
        }
    });
    assert_eq!(refresh(&f), 0);
    assert_eq!(entries(&f), 0);
    for listing in listings {
        let standing = run(f.store.get(&RecordKey::standing(listing))).unwrap().unwrap();
        assert_eq!(standing.revision, Revision::FIRST, "counted once");
    }
    expect_clean(&f);
}

#[test]
fn behind_a_pruned_log_everything_is_gone_over() {
    let retention = Retention { events: Span::days(10), ..Retention::default() };
    let f = Fixture::with(|builder| builder.retention(retention));
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let reader = f.offered(&ada, acme, "reader");
    refresh(&f);
    f.install(&identity("buyers", "carol"), reader);
    cut_off_after_suspension(&f, acme);
    f.pass(Span::days(20));
    while run(f.market.maintain(ALL)).unwrap().more {}
    let head = run(f.store.head()).unwrap();
    assert_eq!(head.pruned, head.last, "the log says nothing any more");
    refresh(&f);
    assert_eq!(entries(&f), 0);
    let standing = run(f.store.get(&RecordKey::standing(reader))).unwrap();
    assert!(standing.is_some(), "the redemption was not missed");
}

#[test]
fn a_store_that_was_never_indexed_by_these_rules_is_gone_over() {
    let (f, _, listings) = scene(70);
    let old = |listing: &ListingId| Change::Index { listing: *listing, entry: None };
    commit(&f, listings.iter().map(old).collect(), Vec::new());
    forget_progress(&f);
    assert_eq!(entries(&f), 0);
    assert_eq!(refresh(&f), 70);
    assert_eq!(entries(&f), 70);
    expect_clean(&f);
    assert_eq!(refresh(&f), 0);
}

/// An index in which something of every kind is wrong.
fn damaged() -> (Fixture, Vec<ListingId>) {
    let (f, acme, mut listings) = scene(130);
    let ada = f.person("acme", "ada");
    let hidden = f.draft(&ada, acme, "hidden");
    let stale = entry(&f, listings[1]).map(|mut entry| {
        entry.quality = Quality::MAX;
        Box::new(entry)
    });
    let leaked = entry(&f, listings[2]).map(Box::new);
    let changes = vec![
        Change::Index { listing: listings[0], entry: None },
        Change::Index { listing: listings[1], entry: stale },
        Change::Index { listing: hidden, entry: leaked },
    ];
    commit(&f, changes, Vec::new());
    listings.push(hidden);
    (f, listings)
}

#[test]
fn a_check_finds_what_is_missing_stale_and_extra_and_changes_nothing() {
    let (f, listings) = damaged();
    let events = f.events();
    let found = report(&f);
    assert_eq!((found.missing, found.stale, found.extra), (1, 1, 1));
    assert_eq!(found.checked, listings.len() as u64);
    assert_eq!(report(&f), found);
    assert_eq!(f.events(), events);
}

#[test]
fn a_rebuild_repairs_what_differs_and_nothing_else() {
    let (f, _) = damaged();
    let mut told = Vec::new();
    let found = run(f.market.rebuild_index(Position::START, |so_far| told.push(*so_far))).unwrap();
    assert_eq!((found.missing, found.stale, found.extra), (1, 1, 1));
    assert_eq!(told.last(), Some(&found));
    assert!(told.len() > 2, "it tells how far it is");
    expect_clean(&f);
    let events = f.events();
    assert!(run(f.market.rebuild_index(Position::START, |_| {})).unwrap().is_clean());
    assert_eq!(f.events(), events, "a clean index is left alone");
}

#[test]
fn a_rebuild_goes_on_where_it_was_cut_off() {
    let (f, listings) = damaged();
    let faults = FaultStore::new(Arc::new(f.store.clone()));
    let market = f.through(faults.clone());
    let mut reached = Position::START;
    let mut checked = 0;
    let cut = run(market.rebuild_index(Position::START, |so_far| {
        (reached, checked) = (so_far.through, so_far.checked);
        faults.fail_after(0, StoreError::Unavailable("it is away"));
    }));
    assert!(cut.is_err());
    faults.mend();
    assert!(checked > 0 && checked < listings.len() as u64);
    let rest = run(market.rebuild_index(reached, |_| {})).unwrap();
    assert_eq!(rest.checked + checked, listings.len() as u64);
    expect_clean(&f);
}

#[test]
fn a_rebuild_counts_buyers_that_nobody_counted() {
    let (f, _, listings) = scene(2);
    f.install(&identity("buyers", "carol"), listings[1]);
    run(f.market.rebuild_index(Position::START, |_| {})).unwrap();
    let standing = run(f.store.get(&RecordKey::standing(listings[1]))).unwrap().unwrap().value;
    assert_eq!(Standing::from_record(standing).unwrap().buyers, 1);
    expect_clean(&f);
}

#[test]
fn no_commit_of_a_publisher_with_many_listings_is_large() {
    let (f, acme, listings) = scene(150);
    let before = run(f.store.scan(&Scan::AllListings, None, ALL)).unwrap();
    let events = f.events();
    run(f.operator().suspend_publisher(acme, of("Spam."), &f.key())).unwrap();
    assert_eq!(run(f.store.scan(&Scan::AllListings, None, ALL)).unwrap(), before);
    let followed = listings.len().div_ceil(64) as u64;
    assert_eq!(f.events(), events + 2 + followed, "seen, suspended, and followed in steps");
    assert_eq!(entries(&f), 0);
}

#[test]
fn a_state_of_the_store_that_is_the_same_answers_searches_the_same() {
    let (f, acme, listings) = scene(3);
    cut_off_after_suspension(&f, acme);
    let seen = || {
        let request = SearchRequest { query: Query::parse("reader"), ..Default::default() };
        let found = run(f.anonymous().search(&request, None, ALL)).unwrap().items.len();
        (run(f.market.store_version()).unwrap(), entries(&f), found)
    };
    let before = seen();
    assert_eq!(before.1, listings.len());
    // The index follows behind the suspension, in commits of its own.
    run(f.market.inner.index_listings_of(acme)).unwrap();
    let after = seen();
    assert_eq!(after.1, 0);
    assert_ne!(before.0, after.0);
    // The suspended publisher's listings come back to the index, and to searches, one commit later.
    let faults = FaultStore::new(Arc::new(f.store.clone()));
    let operator = f.through(faults.clone()).act_as(f.operator().principal().clone());
    faults.script([Fault::Delayed, Fault::Unavailable]);
    assert!(run(operator.restore_publisher(acme, &f.key())).is_err());
    let before = seen();
    run(f.market.inner.index_listings_of(acme)).unwrap();
    let after = seen();
    assert_eq!((before.2, after.2), (0, listings.len()));
    assert_ne!(before.0, after.0);
    run(f.market.inner.index_listings_of(acme)).unwrap();
    assert_eq!(seen(), after, "nothing happened");
}
