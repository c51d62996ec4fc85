use proptest::prelude::*;

use super::*;
use crate::domain::{Span, TenantId, Timestamp};

proptest! {
    /// Law: a count that is allowed is the sum, lies within its bounds, and can be taken back.
    #[test]
    fn a_count_is_the_sum_or_nothing(
        value in 0_u64..1_000, by in -1_000_i64..1_000, bound in 0_u64..1_000,
    ) {
        let sum = i64::try_from(value).unwrap() + by;
        let expected = u64::try_from(sum).ok();
        prop_assert_eq!(Within::Any.apply(value, by), expected);
        prop_assert_eq!(
            Within::AtMost(bound).apply(value, by), expected.filter(|sum| *sum <= bound)
        );
        prop_assert_eq!(
            Within::AtLeast(bound).apply(value, by), expected.filter(|sum| *sum >= bound)
        );
        if let Some(counted) = expected {
            prop_assert_eq!(Within::Any.apply(counted, -by), Some(value));
        }
    }

    /// Law: a day's counters are read by the range that covers the day, and by no other.
    #[test]
    fn a_range_of_days_covers_its_days(day in 0_i64..30_000, first in 0_i64..30_000, length in 0_i64..90) {
        let at = |n: i64| Timestamp::from_millis(n * Span::DAY.as_millis()).day();
        let listing = ListingId::from_bytes([1; 16]);
        let counter =
            Counter::installs(CounterFamily::Begun, listing, at(day), &"1.0.0-rc.1+x".parse().unwrap());
        let range = CounterRange::days(CounterFamily::Begun, listing, at(first), at(first + length));
        prop_assert_eq!(covers(&range, &counter), (first..first + length).contains(&day));
    }
}

fn covers(range: &CounterRange, counter: &Counter) -> bool {
    range.scope == counter.scope()
        && *range.from <= *counter.name()
        && *counter.name() < *range.until
}

#[test]
fn no_count_reaches_past_what_a_store_can_hold() {
    let most = u64::try_from(i64::MAX).unwrap();
    assert_eq!(Within::Any.apply(most - 1, 1), Some(most));
    assert_eq!(Within::Any.apply(most, 1), None);
    assert_eq!(Within::Any.apply(u64::MAX, i64::MAX), None);
    assert_eq!(Within::Any.apply(0, i64::MIN), None);
}

#[test]
fn the_range_of_one_counter_holds_no_other() {
    let publisher = PublisherId::from_bytes([1; 16]);
    let listing = ListingId::from_bytes([1; 16]);
    let [today, tomorrow] = ["2026-01-31", "2026-02-01"].map(|day| day.parse().unwrap());
    let installs = |family, day, version: &str| {
        Counter::installs(family, listing, day, &version.parse().unwrap())
    };
    let counters = [
        Counter::of_publisher(CounterFamily::Owners, publisher),
        Counter::of_publisher(CounterFamily::Members, publisher),
        Counter::of_publisher(CounterFamily::Listings, publisher),
        Counter::of_publisher(CounterFamily::Invitations, publisher),
        Counter::of_publisher(CounterFamily::Members, PublisherId::from_bytes([2; 16])),
        Counter::publishers(TenantId::from_bytes([1; 16])),
        Counter::attempts(TenantId::from_bytes([1; 16]), today),
        Counter::reports(PersonId::from_bytes([1; 16]), today),
        Counter::releases(publisher, today),
        Counter::releases(publisher, tomorrow),
        Counter::seats(EntitlementId::from_bytes([1; 16])),
        installs(CounterFamily::Begun, today, "1.0.0"),
        installs(CounterFamily::Begun, today, "1.0.0-rc.1"),
        installs(CounterFamily::Begun, today, "1.0.0+build"),
        installs(CounterFamily::Begun, today, "1.0.1"),
        installs(CounterFamily::Begun, today, "1.0.10"),
        installs(CounterFamily::Begun, tomorrow, "1.0.0"),
        installs(CounterFamily::Redeemed, today, "1.0.0"),
    ];
    for one in &counters {
        let covered: Vec<_> =
            counters.iter().filter(|other| covers(&CounterRange::one(one), other)).collect();
        assert_eq!(covered, [one]);
    }
}
