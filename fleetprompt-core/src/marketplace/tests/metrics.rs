//! What figures tell, and what they must not.

use proptest::prelude::*;

use super::fixture::*;
use crate::domain::*;
use crate::error::ErrorCode;
use crate::marketplace::Metrics;
use crate::policy::Aggregate;
use crate::port::{Change, Commit, Counter, CounterFamily, RecordKey, Store, Within};

fn scene() -> (Fixture, PublisherId, ListingId) {
    let f = Fixture::default();
    let maker = f.person("maker", "olaf");
    let publisher = f.publisher(&maker, "maker");
    let listing = f.offered(&maker, publisher, "reader");
    (f, publisher, listing)
}

fn metrics(f: &Fixture, listing: ListingId) -> Metrics {
    run(f.anonymous().metrics(listing, 90)).unwrap()
}

fn buyer(n: impl std::fmt::Display) -> PersonIdentity {
    identity(&format!("tenant-{n}"), &format!("subject-{n}"))
}

/// Lets `n` hand-overs of `version` have happened on `day`.
fn happened(f: &Fixture, listing: ListingId, day: &str, version: &str, n: i64) {
    let changes = [CounterFamily::Begun, CounterFamily::Redeemed].map(|family| Change::Count {
        counter: Counter::installs(family, listing, of(day), &of(version)),
        by: n,
        within: Within::Any,
    });
    let commit = Commit {
        receipt: None,
        expectations: Vec::new(),
        changes: changes.to_vec(),
        events: Vec::new(),
    };
    run(f.store.commit(commit)).unwrap();
}

fn number(shown: Aggregate) -> u64 {
    shown.get().unwrap_or_default()
}

#[test]
fn small_counts_are_not_shown_anywhere() {
    let (f, _, listing) = scene();
    let nothing = metrics(&f, listing);
    for n in 0..4 {
        f.install(&buyer(n), listing);
    }
    assert_eq!(metrics(&f, listing), nothing, "today is not over");
    f.clock.advance(Span::days(1));
    let quiet = metrics(&f, listing);
    let days = (quiet.first, quiet.end);
    let expected = Metrics { first: days.0, end: days.1, ..nothing };
    assert_eq!(quiet, expected, "nobody and four look alike, and leave no row");
    let shown = serde_json::to_value(&quiet).unwrap();
    for field in ["begun", "redeemed", "distinctBuyers"] {
        assert_eq!(shown[field], "<5");
    }
}

#[test]
fn more_buyers_than_fit_a_page_are_all_counted() {
    let (f, _, listing) = scene();
    let at = run(f.market.inner.now()).unwrap();
    let marks = (0..450_u32).map(|n| BuyerMark {
        listing,
        buyer: Sha256Digest::of(&n.to_be_bytes()),
        first_at: at,
        last_at: at,
    });
    let changes = marks.map(|mark| Change::Put { record: mark.into(), expected: None }).collect();
    let (actor, fact) = (Actor::Marketplace, Fact::IndexRefreshed {});
    let events = vec![Event { at, actor, fact, feed: None }];
    let (receipt, expectations) = (None, Vec::new());
    run(f.store.commit(Commit { receipt, expectations, changes, events })).unwrap();
    f.clock.advance(Span::days(1));
    assert_eq!(number(metrics(&f, listing).distinct_buyers), 450);
}

#[test]
fn a_tenant_is_one_buyer_and_the_publishers_own_is_none() {
    let (f, _, listing) = scene();
    let installed = |n: u64| {
        f.clock.advance(Span::days(1));
        assert_eq!(number(metrics(&f, listing).distinct_buyers), n);
    };
    for n in 0..50 {
        f.install(&identity("acme", &format!("subject-{n}")), listing);
    }
    f.install(&identity("maker", "olaf"), listing);
    for n in 0..3 {
        f.install(&buyer(n), listing);
    }
    installed(0);
    f.install(&buyer(4), listing);
    installed(5);
    f.clock.advance(Span::days(87));
    f.install(&buyer(0), listing);
    installed(5);
    f.clock.advance(Span::days(1));
    installed(0);

    // Whoever comes back after that is news tomorrow, and not today.
    f.install(&identity("acme", "subject-0"), listing);
    for n in 1..5 {
        f.install(&buyer(n), listing);
    }
    assert_eq!(number(metrics(&f, listing).distinct_buyers), 0);
    installed(5);
}

#[test]
fn only_readers_of_a_listing_see_its_figures_and_no_one_is_named() {
    let (f, publisher, listing) = scene();
    let maker = f.person("maker", "olaf");
    let draft = f.draft(&maker, publisher, "plan");
    assert!(run(maker.metrics(draft, 30)).is_ok());
    for other in [f.anonymous(), f.person("acme", "ada"), f.system("whs")] {
        let told = refused(run(other.metrics(draft, 30)));
        assert_eq!(told, ErrorCode::ListingNotFound);
        assert_eq!(told, refused(run(other.metrics(ListingId::from_bytes([9; 16]), 30))));
    }
    let mut names = vec!["tenant-".to_owned(), "subject-".to_owned()];
    for n in 0..7 {
        let attempt = f.install(&buyer(n), listing);
        let view = run(f.operator().attempt(attempt)).unwrap();
        names.push(view.id.to_string());
        for key in [RecordKey::tenant(buyer(n).tenant()), RecordKey::person(&buyer(n))] {
            let record = run(f.store.get(&key)).unwrap().unwrap().value.encode().unwrap();
            let record: serde_json::Value = serde_json::from_str(&record).unwrap();
            names.push(record["id"].as_str().unwrap().to_owned());
        }
    }
    f.clock.advance(Span::days(1));
    let shown = serde_json::to_string(&metrics(&f, listing)).unwrap();
    assert!(shown.contains("1.0.0"), "{shown}");
    assert!(!names.iter().any(|name| shown.contains(name)), "{shown}");
}

/// What is shown alone decides the totals, so that no subtraction, over any window, tells a count
/// under five: for every such count, and whatever was rounded off beside it, the answers are equal.
#[test]
fn totals_less_what_is_shown_tell_nothing() {
    let answers = |beside: [i64; 4], hidden: i64| {
        let (f, _, listing) = scene();
        for (n, count) in beside.into_iter().enumerate() {
            happened(&f, listing, "2026-01-31", &format!("1.{n}.0"), 5 + count);
        }
        happened(&f, listing, "2026-01-30", "2.0.0", hidden);
        [1, 2, 3, 90].map(|days| {
            serde_json::to_string(&run(f.anonymous().metrics(listing, days)).unwrap()).unwrap()
        })
    };
    let expected = answers([0; 4], 0);
    assert!(expected[0].contains(r#""redeemed":"20""#), "{expected:?}");
    for beside in [[0; 4], [4, 0, 0, 0], [4, 4, 0, 0], [4, 4, 4, 0], [4; 4]] {
        for hidden in 0..5 {
            assert_eq!(answers(beside, hidden), expected, "{beside:?} and {hidden}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Law: whoever watches sees nothing move during a day, and over days only steps of five; and
    /// every figure is what happened, rounded down by less than five.
    #[test]
    fn single_redemptions_are_not_seen(steps in prop::collection::vec(0_u8..12, 1..50)) {
        let (f, _, listing) = scene();
        let mut today = 0;
        let mut happened = std::collections::BTreeMap::new();
        for (n, step) in steps.into_iter().enumerate() {
            let before = metrics(&f, listing);
            if step < 10 {
                f.install(&buyer(if step < 5 { format!("new-{n}") } else { step.to_string() }), listing);
                today += 1;
                prop_assert_eq!(metrics(&f, listing), before);
                continue;
            }
            happened.insert(before.end.to_string(), today);
            today = 0;
            f.clock.advance(Span::days(1));
            let after = metrics(&f, listing);
            for (old, new) in [
                (before.begun, after.begun),
                (before.redeemed, after.redeemed),
                (before.distinct_buyers, after.distinct_buyers),
            ] {
                prop_assert_eq!(number(old).abs_diff(number(new)) % 5, 0);
            }
            prop_assert_eq!(number(after.redeemed), after.days.iter().map(|it| number(it.redeemed)).sum::<u64>());
            for (day, count) in &happened {
                let shown = after.days.iter().find(|it| it.day == *day).map(|it| number(it.redeemed));
                prop_assert_eq!(shown.unwrap_or_default(), count - count % 5);
            }
        }
    }
}
