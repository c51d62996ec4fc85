//! The search index under many at once, over two handles on the same data.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::catalogue::*;
use super::races::at_once;
use crate::conformance::StoreFixture;
use crate::conformance::samples::{self, Pick};
use crate::conformance::support::{Draft, get, wait};
use crate::domain::Position;
use crate::port::{Find, IndexEntry, List, Matching};

const TASKS: u64 = 64;

pub(in crate::conformance) fn entries_set_at_once_leave_exact_frequencies<F: StoreFixture>() {
    let fixture = F::new();
    let handles = [fixture.store(), fixture.second()];
    let last = |n: u64| match n % 4 {
        0 => None,
        1 => Some(entry(1, "web scrapers/scraper", "k:b")),
        _ => Some(entry(2, "web agents/agent 検索", "k:a")),
    };
    at_once(&handles, TASKS, |n, store| {
        let listing = samples::listing(n, &mut Pick::sparse());
        let first = entry(7, "web agents/agent crawler", "k:a k:c");
        Draft::new().event(n).create(listing).index(n, first).apply(store);
        set(store, n, entry(9, "scraper 索引", "k:b"));
        set(store, n, last(n));
    });
    for store in &handles {
        let asked = "web agent scraper crawler 検索 索引 k:a k:b k:c";
        let found = wait(store.frequencies(&terms(asked)));
        assert_eq!((found.entries, found.counts), (48, vec![48, 32, 16, 0, 32, 0, 32, 16, 0]));
        assert_eq!(words(&**store, "web agents scrapers scraper crawler"), [48, 32, 16, 0, 0]);
        assert_eq!(completions(&**store, "sc", 9), "scrapers");
        assert_eq!(completions(&**store, "cr", 9), "");
        let expected = (0..TASKS).filter_map(|n| {
            let row = get(&**store, &listing_key(n)).unwrap();
            last(n).map(|entry| (row.created, entry))
        });
        let mut expected: Vec<(Position, IndexEntry)> = expected.collect();
        expected.sort_by_key(|(ordinal, _)| *ordinal);
        assert_eq!(entries(&**store), expected);
        assert_eq!(found_ordinals(&**store).len(), 48);
    }
}

fn found_ordinals(store: &dyn crate::port::Store) -> BTreeSet<Position> {
    found(store, Matching::default()).into_iter().collect()
}

pub(in crate::conformance) fn one_of_many_entries_of_a_listing_remains_whole<F: StoreFixture>() {
    let fixture = F::new();
    let handles = [fixture.store(), fixture.second()];
    create(&*handles[0], 1, entry(1, "crawler", "k:c"));
    let of = |n: u64| entry(u16::try_from(n).unwrap(), &format!("web w{n}"), &format!("t:t{n}"));
    at_once(&handles, TASKS, |n, store| set(store, 1, of(n)));
    let left = entries(&*handles[0]);
    let (_, winner) = &left[0];
    assert_eq!(left.len(), 1);
    for n in 0..TASKS {
        let here = u64::from(of(n) == *winner);
        let counts = frequencies(&*handles[1], &format!("web w{n} t:t{n} crawler"));
        assert_eq!(counts, [1, here, here, 0]);
        assert_eq!(words(&*handles[1], &format!("w{n}")), [here]);
    }
    assert_eq!(found(&*handles[0], all("web")).len(), 1);
}

pub(in crate::conformance) fn lists_of_one_question_are_of_one_state<F: StoreFixture>() {
    const LISTINGS: u64 = 4;
    let fixture = F::new();
    let handles = [fixture.store(), fixture.second()];
    let of = |agent| entry(if agent { 9 } else { 1 }, if agent { "agent" } else { "web" }, "k:a");
    for n in 0..LISTINGS {
        create(&*handles[0], n, of(true));
    }
    let list = |texts| List { limit: 99, ..list(all(texts)) };
    let lists = ["agent", "web", "k:a"].map(list).to_vec();
    let find = Find { lists, weigh: terms("agent web") };
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut reads = 0;
            while !done.load(Ordering::SeqCst) || reads == 0 {
                reads += 1;
                let found = wait(handles[1].find(&find));
                let [agents, webs] = [0, 1].map(|n| found[n].len() as u64);
                // All of them turn at once.
                assert!([agents, webs] == [LISTINGS, 0] || [agents, webs] == [0, LISTINGS]);
                assert_eq!(found[2].len() as u64, LISTINGS);
                let weighed = found[2].iter().filter(|hit| hit.counts[0] != [0; 5]).count();
                assert_eq!(weighed as u64, agents, "hits are of the state of their list");
            }
        });
        for turn in 0..60 {
            let draft = Draft::new();
            (0..LISTINGS)
                .fold(draft, |draft, n| draft.index(n, of(turn % 2 == 1)))
                .apply(&*handles[0]);
        }
        done.store(true, Ordering::SeqCst);
        reader.join().unwrap();
    });
}
