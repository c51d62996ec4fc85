//! The event log and the public feed.

use crate::conformance::StoreFixture;
use crate::conformance::samples::{self, time};
use crate::conformance::support::{Draft, event, events, feed, wait};
use crate::domain::{
    Actor, Event, Fact, FeedChange, GoneReason, Position, TakedownReason, Timestamp,
};
use crate::port::{Head, LogPage, PageSize, Prune, Store, StoredEvent, StoredFeedEntry};

fn head(last: u64, at: Timestamp, feed_last: u64, pruned: u64, feed_pruned: u64) -> Head {
    Head {
        last: Position::new(last),
        at,
        feed_last: Position::new(feed_last),
        pruned: Position::new(pruned),
        feed_pruned: Position::new(feed_pruned),
    }
}

/// Ten events in four commits; those with an odd number stand in the feed.
fn ten_events(store: &dyn Store) {
    for numbers in [0..1, 1..4, 4..9, 9..10] {
        let draft = numbers.fold(Draft::new(), |draft, n| match n % 2 {
            0 => draft.event(n),
            _ => draft.public_event(n),
        });
        draft.apply(store);
    }
}

fn prune(store: &dyn Store, before: u64, limit: u32) -> u32 {
    wait(store.prune(Prune::Events(time(before)), limit))
}

pub(in crate::conformance) fn events_have_dense_positions_in_their_order<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    assert_eq!(wait(store.head()), head(0, Timestamp::MIN, 0, 0, 0));
    assert_eq!(events(&*store, 0, 10), []);
    ten_events(&*store);
    let found = events(&*store, 0, 200);
    let positions: Vec<u64> = found.iter().map(|stored| stored.position.get()).collect();
    assert_eq!(positions, (1..=10).collect::<Vec<_>>());
    let times: Vec<Timestamp> = found.iter().map(|stored| stored.event.at).collect();
    assert_eq!(times, (0..10).map(time).collect::<Vec<_>>());
    assert_eq!(wait(store.head()), head(10, time(9), 5, 0, 0));

    let behind = events(&*store, 4, 3);
    assert_eq!(behind, found[4..7]);
    assert_eq!(events(&*store, 10, 3), []);
}

pub(in crate::conformance) fn the_feed_has_a_dense_sequence_of_its_own<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    assert_eq!(feed(&*store, 0, 10), []);
    ten_events(&*store);
    let entry = |position, n| StoredFeedEntry {
        position: Position::new(position),
        at: time(n),
        change: FeedChange::Changed { listing: samples::listing_id(n) },
    };
    let expected = [entry(1, 1), entry(2, 3), entry(3, 5), entry(4, 7), entry(5, 9)];
    assert_eq!(feed(&*store, 0, 200), expected);
    assert_eq!(feed(&*store, 2, 2), expected[2..4]);
    assert_eq!(feed(&*store, 5, 2), []);
}

pub(in crate::conformance) fn a_reader_who_follows_by_pages_misses_nothing<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    // More than a page, and more than a page in one commit.
    for size in [450_u64, 1, 30] {
        let draft = (0..size).fold(Draft::new(), |draft, n| match n % 3 {
            0 => draft.event(n),
            _ => draft.public_event(n),
        });
        draft.apply(&*store);
    }
    for size in [1, 7, 200] {
        let mut at = 0;
        while let Some(last) = events(&*store, at, size).last() {
            assert!(last.position.get() > at, "a page goes on behind the one before");
            assert!(last.position.get() <= at + u64::from(size));
            let full = last.position.get() == at + u64::from(size);
            assert!(full || last.position.get() == 481, "a page that is not full is the last");
            at = last.position.get();
        }
        assert_eq!(at, 481);
        let mut entries = Vec::new();
        while let page @ [_, ..] = &feed(&*store, entries.len() as u64, size)[..] {
            assert!(page.len() <= usize::from(size));
            let goes_on = page[0].position.get() == entries.len() as u64 + 1;
            assert!(goes_on, "a page goes on behind the one before");
            entries.extend(page.iter().map(|entry| entry.position.get()));
        }
        assert_eq!(entries, (1..=320).collect::<Vec<_>>());
    }
}

pub(in crate::conformance) fn a_reader_ahead_of_the_log_finds_nothing<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    ten_events(&*store);
    for ahead in [11, 1 << 40, i64::MAX.unsigned_abs(), u64::MAX] {
        assert_eq!(events(&*store, ahead, 10), []);
        assert_eq!(feed(&*store, ahead, 10), []);
    }
}

pub(in crate::conformance) fn pruning_stops_at_the_first_event_that_is_not_older<
    F: StoreFixture,
>() {
    let fixture = F::new();
    let store = fixture.store();
    // The clock stepped back after the third event.
    for n in [1, 2, 8, 3, 4, 9] {
        Draft::new().public_event(n).apply(&*store);
    }
    assert_eq!(prune(&*store, 1, 10), 0);
    assert_eq!(prune(&*store, 5, 10), 2);
    assert_eq!(wait(store.head()), head(6, time(9), 6, 2, 2));
    assert_eq!(events(&*store, 2, 10).len(), 4);
    assert_eq!(prune(&*store, 9, 0), 0);
    assert_eq!(prune(&*store, 9, 2), 2);
    assert_eq!(prune(&*store, 9, u32::MAX), 1);
    assert_eq!(wait(store.head()), head(6, time(9), 6, 5, 5));
    assert_eq!(feed(&*store, 5, 10).len(), 1);
}

pub(in crate::conformance) fn a_reader_behind_the_pruned_events_is_told<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    ten_events(&*store);
    let size = PageSize::default();
    // The first event is in no feed: whoever reads the feed has missed nothing.
    assert_eq!(prune(&*store, 1, 10), 1);
    assert_eq!(wait(store.events(Position::START, size)), LogPage::TooOld);
    assert_eq!(feed(&*store, 0, 10).len(), 5);

    assert_eq!(prune(&*store, 4, 10), 3);
    for behind in 0..4 {
        assert_eq!(wait(store.events(Position::new(behind), size)), LogPage::TooOld);
    }
    assert_eq!(events(&*store, 4, 10).len(), 6);
    for behind in 0..2 {
        assert_eq!(wait(store.feed(Position::new(behind), size)), LogPage::TooOld);
    }
    assert_eq!(feed(&*store, 2, 10).len(), 3);
}

pub(in crate::conformance) fn the_head_survives_the_pruning_of_all_events<F: StoreFixture>() {
    let mut fixture = F::new();
    ten_events(&*fixture.store());
    assert_eq!(prune(&*fixture.store(), 1_000, u32::MAX), 10);
    let expected = head(10, time(9), 5, 10, 5);
    assert_eq!(wait(fixture.store().head()), expected);
    fixture.reopen();
    let store = fixture.store();
    assert_eq!(wait(store.head()), expected);
    assert_eq!(events(&*store, 10, 10), []);
    assert_eq!(wait(store.feed(Position::new(4), PageSize::default())), LogPage::TooOld);

    assert_eq!(Draft::new().public_event(3).apply(&*store), Position::new(11));
    assert_eq!(events(&*store, 10, 10).len(), 1);
    assert_eq!(feed(&*store, 5, 10)[0].position, Position::new(6));
    assert_eq!(wait(store.head()), head(11, time(9), 6, 10, 5));
}

pub(in crate::conformance) fn the_head_keeps_the_latest_time<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    Draft::new().event(3).event(9).event(5).apply(&*store);
    assert_eq!(wait(store.head()).at, time(9));
    Draft::new().event(4).apply(&*store);
    assert_eq!(wait(store.head()).at, time(9));
    let latest = Event { at: Timestamp::MAX, ..event(0, None) };
    let mut draft = Draft::new();
    draft.0.events.push(latest);
    draft.apply(&*store);
    assert_eq!(wait(store.head()).at, Timestamp::MAX);
}

pub(in crate::conformance) fn every_kind_of_event_is_read_back_as_it_was_appended<
    F: StoreFixture,
>() {
    let fixture = F::new();
    let store = fixture.store();
    let (listing, publisher) = (samples::listing_id(1), samples::publisher_id(1));
    let person = samples::person_id(1);
    let facts = [
        Fact::DeploymentRenewed { revoked: u64::MAX },
        Fact::ListingDeprecated { publisher, listing, successor: Some(samples::listing_id(2)) },
        Fact::ListingDeprecated { publisher, listing, successor: None },
        Fact::ListingTakenDown { publisher, listing, class: TakedownReason::Legal },
        Fact::ReleasePublished { publisher, listing, version: "1.0.0-rc.1+build".parse().unwrap() },
        Fact::KeyRevoked { kid: "k1".parse().unwrap(), revoked: 3 },
    ];
    let actors = [
        Actor::Person { id: person },
        Actor::Operator { id: person },
        Actor::System { name: "whs".parse().unwrap() },
        Actor::Marketplace,
    ];
    let feeds = [
        None,
        Some(FeedChange::Changed { listing }),
        Some(FeedChange::Gone { listing, reason: GoneReason::Withdrawn }),
        Some(FeedChange::Gone { listing, reason: GoneReason::Deleted }),
        Some(FeedChange::Gone { listing, reason: GoneReason::PublisherSuspended }),
        Some(FeedChange::Gone {
            listing,
            reason: GoneReason::TakenDown(TakedownReason::Impersonation),
        }),
    ];
    let mut draft = Draft::new();
    for fact in &facts {
        for actor in &actors {
            for feed in &feeds {
                let (actor, fact) = (actor.clone(), fact.clone());
                draft.0.events.push(Event { at: time(1), actor, fact, feed: feed.clone() });
            }
        }
    }
    let appended = draft.0.events.clone();
    draft.apply(&*store);
    let expected: Vec<StoredEvent> = (1..)
        .zip(appended)
        .map(|(n, event)| StoredEvent { position: Position::new(n), event })
        .collect();
    assert_eq!(events(&*store, 0, 200), expected);
    let changes: Vec<FeedChange> =
        feed(&*store, 0, 200).into_iter().map(|entry| entry.change).collect();
    let public: Vec<FeedChange> =
        expected.into_iter().filter_map(|stored| stored.event.feed).collect();
    assert_eq!(changes, public);
}
