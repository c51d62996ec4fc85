//! Counters: bounds that hold when a commit is applied, and reading by name.

use crate::conformance::StoreFixture;
use crate::conformance::samples;
use crate::conformance::support::{Draft, value, wait};
use crate::domain::{Day, Timestamp};
use crate::port::{Counter, CounterFamily, CounterRange, Refusal, Within};

fn seats() -> Counter {
    Counter::seats(samples::entitlement_id(1))
}

fn day(n: i64) -> Day {
    Timestamp::from_millis(1_767_225_600_000 + n * 86_400_000).day()
}

fn begun(n: i64, version: &str) -> Counter {
    let version = version.parse().unwrap();
    Counter::installs(CounterFamily::Begun, samples::listing_id(1), day(n), &version)
}

pub(in crate::conformance) fn counters_start_at_nothing_and_add_up<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let seats = seats();
    assert_eq!(value(&*store, &seats), 0);
    Draft::new().count(&seats, 5, Within::Any).apply(&*store);
    assert_eq!(value(&*store, &seats), 5);
    Draft::with_event().count(&seats, -2, Within::Any).apply(&*store);
    assert_eq!(value(&*store, &seats), 3);
    Draft::with_event().count(&seats, 0, Within::Any).apply(&*store);
    assert_eq!(value(&*store, &seats), 3);
}

pub(in crate::conformance) fn counters_stay_within_their_bounds<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let seats = seats();
    let refused = Refusal::OutOfBounds(seats.clone());
    let count = |by, within| Draft::with_event().count(&seats, by, within);

    count(3, Within::AtMost(3)).apply(&*store);
    assert_eq!(count(1, Within::AtMost(3)).refuse(&*store), refused);
    assert_eq!(count(0, Within::AtMost(2)).refuse(&*store), refused);
    assert_eq!(count(-1, Within::AtLeast(3)).refuse(&*store), refused);
    assert_eq!(value(&*store, &seats), 3);
    count(-1, Within::AtLeast(2)).apply(&*store);
    count(1, Within::AtMost(3)).apply(&*store);
    assert_eq!(value(&*store, &seats), 3);
}

pub(in crate::conformance) fn counters_never_fall_below_nothing<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let seats = seats();
    let refused = Refusal::OutOfBounds(seats.clone());
    for within in [Within::Any, Within::AtMost(5), Within::AtLeast(0)] {
        let draft = Draft::with_event().count(&seats, -1, within);
        assert_eq!(draft.refuse(&*store), refused);
    }
    Draft::with_event().count(&seats, 2, Within::Any).apply(&*store);
    assert_eq!(Draft::with_event().count(&seats, -3, Within::Any).refuse(&*store), refused);
    Draft::with_event().count(&seats, -2, Within::Any).apply(&*store);
    assert_eq!(value(&*store, &seats), 0);
}

pub(in crate::conformance) fn counts_of_one_commit_see_those_before_them<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let seats = seats();
    let one = Within::AtMost(1);
    Draft::with_event()
        .count(&seats, 1, one)
        .count(&seats, -1, Within::Any)
        .count(&seats, 1, one)
        .apply(&*store);
    assert_eq!(value(&*store, &seats), 1);

    // It is the steps that are bound, not the sum.
    let draft =
        Draft::with_event().count(&seats, 1, one).count(&seats, -1, Within::Any).refuse(&*store);
    assert_eq!(draft, Refusal::OutOfBounds(seats.clone()));
    assert_eq!(value(&*store, &seats), 1);
    Draft::with_event().count(&seats, -1, Within::Any).count(&seats, 1, one).apply(&*store);
    assert_eq!(value(&*store, &seats), 1);
}

pub(in crate::conformance) fn counters_are_read_by_name_in_byte_order<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let versions = ["1.0.0", "1.0.0-Beta", "1.0.0-alpha", "10.0.0", "2.0.0", "2.0.0+b-1"];
    let mut draft = Draft::new();
    let mut expected = Vec::new();
    for n in 0..4 {
        for (version, by) in versions.iter().zip(1..) {
            let counter = begun(n, version);
            draft = draft.count(&counter, by, Within::Any);
            if (1..3).contains(&n) {
                expected.push((counter.name().to_owned(), u64::try_from(by).unwrap()));
            }
        }
    }
    let zero = begun(1, "0.1.0");
    let zero = draft.count(&zero, 1, Within::Any).count(&zero, -1, Within::Any);
    let redeemed = Counter::installs(
        CounterFamily::Redeemed,
        samples::listing_id(1),
        day(1),
        &"1.0.0".parse().unwrap(),
    );
    zero.count(&redeemed, 9, Within::Any).apply(&*store);
    expected.sort();

    let listing = samples::listing_id(1);
    let range = CounterRange::days(CounterFamily::Begun, listing, day(1), day(3));
    // Counters that stand at 0 may be there or not.
    let read = |limit| {
        let mut found = wait(store.counters(&range, limit));
        found.retain(|(_, value)| *value > 0);
        found
    };
    assert_eq!(read(u32::MAX), expected);
    assert_eq!(wait(store.counters(&range, 0)), []);
    for limit in 1..6 {
        let found = wait(store.counters(&range, limit));
        assert!(found.len() <= usize::try_from(limit).unwrap());
        assert!(expected.starts_with(&read(limit)));
    }
    let none =
        CounterRange { from: range.until.clone(), until: range.from.clone(), ..range.clone() };
    assert_eq!(wait(store.counters(&none, 10)), []);
    assert_eq!(value(&*store, &begun(0, "1.0.0")), 1);
    assert_eq!(value(&*store, &redeemed), 9);
}

pub(in crate::conformance) fn counters_take_the_largest_numbers<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let seats = seats();
    let refused = Refusal::OutOfBounds(seats.clone());
    let count = |by, within| Draft::with_event().count(&seats, by, within);

    assert_eq!(count(1, Within::AtLeast(u64::MAX)).refuse(&*store), refused);
    assert_eq!(count(i64::MIN, Within::Any).refuse(&*store), refused);
    count(i64::MAX - 1, Within::AtMost(u64::MAX)).apply(&*store);
    count(1, Within::AtMost(u64::MAX)).apply(&*store);
    assert_eq!(value(&*store, &seats), i64::MAX.unsigned_abs());
    assert_eq!(count(1, Within::AtMost(u64::MAX)).refuse(&*store), refused);
    assert_eq!(count(i64::MAX, Within::Any).refuse(&*store), refused);
    count(-i64::MAX, Within::AtMost(0)).apply(&*store);
    assert_eq!(value(&*store, &seats), 0);
}

pub(in crate::conformance) fn counters_of_other_scopes_are_apart<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let publisher = samples::publisher_id(1);
    let counters = [
        Counter::of_publisher(CounterFamily::Owners, publisher),
        Counter::of_publisher(CounterFamily::Members, publisher),
        Counter::of_publisher(CounterFamily::Listings, publisher),
        Counter::of_publisher(CounterFamily::Invitations, publisher),
        Counter::of_publisher(CounterFamily::Owners, samples::publisher_id(2)),
        Counter::publishers(samples::tenant_id(1)),
        Counter::attempts(samples::tenant_id(1), day(0)),
        Counter::attempts(samples::tenant_id(1), day(1)),
        Counter::reports(samples::person_id(1), day(0)),
        Counter::releases(publisher, day(0)),
        Counter::seats(samples::entitlement_id(1)),
        begun(0, "1.0.0"),
        begun(0, "1.0.0+1"),
    ];
    let draft = counters
        .iter()
        .zip(1..)
        .fold(Draft::new(), |draft, (counter, by)| draft.count(counter, by, Within::Any));
    draft.apply(&*store);
    for (counter, by) in counters.iter().zip(1..) {
        assert_eq!(value(&*store, counter), by, "{}", counter.name());
    }
}
