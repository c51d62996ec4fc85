//! Every question is answered as the plain index answers it.

use fleetprompt_core::domain::Position;
use fleetprompt_core::port::{
    Find, List, PageSize, Quality, Rank, Shelf, ShelfKey, ShelfOrder, TallyRequest,
};

use super::catalogue::{HOSTILE, commit, create, delete, entry, index, matching, term};
use super::*;
use crate::index::shelf::{self, Bounds};

const LISTINGS: u64 = 300;

/// A catalogue with a history: entries were replaced, removed, and their listings deleted.
fn catalogue(seed: u64) -> Pair {
    let pair = Pair::new();
    let pick = &mut Pick::seeded(seed);
    for n in 0..LISTINGS {
        pair.commit(create(n, (n % 7 != 0).then(|| entry(pick))));
    }
    for _ in 0..LISTINGS {
        let n = pick.below(LISTINGS - 20);
        let entry = (pick.below(5) != 0).then(|| entry(pick));
        pair.commit(commit(vec![index(n, entry)]));
    }
    (LISTINGS - 20..LISTINGS).step_by(2).for_each(|n| pair.commit(delete(n)));
    pair
}

fn rank(pick: &mut Pick) -> Option<Rank> {
    let quality = Quality::new(u16::try_from(pick.below(6) * 700).unwrap());
    (pick.below(3) == 0).then(|| Rank::new(quality, Position::new(pick.below(LISTINGS))))
}

#[test]
fn lists_and_counts_agree() {
    let pair = catalogue(1);
    let pick = &mut Pick::seeded(2);
    let mut found = 0;
    for _ in 0..500 {
        let lists = (0..3).map(|_| List {
            matching: matching(pick),
            after: rank(pick),
            until: rank(pick),
            limit: pick.one_of(&[0, 1, 5, 500]),
            within_next: pick.below(3) == 0,
        });
        let mut find = Find { lists: lists.collect(), weigh: Vec::new() };
        let ranks = |lists: &[Vec<fleetprompt_core::port::Hit>]| -> Vec<Vec<Rank>> {
            lists.iter().map(|hits| hits.iter().map(|hit| hit.rank).collect()).collect()
        };
        let [expected, alone] =
            pair.stores().map(|store| ranks(&pollster::block_on(store.find(&find)).unwrap()));
        assert_eq!(alone, expected, "{find:?}");
        let words = ["w000", "w001", "w005", "nowhere", "k:1", "日本"];
        find.weigh = (0..=pick.below(3)).map(|_| term(pick.one_of(&words))).collect();
        found += same!(pair, store => store.find(&find)).iter().flatten().count();
        let request = TallyRequest {
            matching: matching(pick),
            most: pick.one_of(&[0, 1, 20, 1_000]),
            classes: vec![('t', pick.one_of(&[0, 3, 100])), ('k', 5), ('n', 4), ('q', 2)],
        };
        same!(pair, store => store.tally(&request));
    }
    assert!(found > 10_000, "the questions should match something: {found}");
}

#[test]
fn shelves_agree_whichever_way_they_are_read() {
    let pair = catalogue(3);
    let conn = rusqlite::Connection::open(pair.folder.path().join("market.db")).unwrap();
    let pick = &mut Pick::seeded(4);
    let orders = [ShelfOrder::Newest, ShelfOrder::Released, ShelfOrder::Name];
    for _ in 0..150 {
        let mut shelf = Shelf {
            matching: matching(pick),
            order: pick.one_of(&orders),
            after: None,
            size: PageSize::new(pick.one_of(&[1, 7, 40])),
        };
        if pick.below(8) == 0 {
            shelf.after = Some(ShelfKey::Newest(Position::new(pick.below(LISTINGS))));
        }
        // From the beginning on.
        for _ in 0..4 {
            let page = same!(pair, store => store.shelf(&shelf));
            for (sorted, walked) in [(0, 0), (0, 30), (0, usize::MAX), (10, 10)] {
                let found = shelf::shelf(&conn, &shelf, Bounds { sorted, walked }).unwrap();
                assert_eq!(found, page, "{sorted} {walked} {shelf:?}");
            }
            match page.into_iter().next_back() {
                Some(last) => shelf.after = Some(last),
                None => break,
            }
        }
    }
}

#[test]
fn words_agree() {
    let pair = catalogue(5);
    let mut terms: Vec<_> = HOSTILE.iter().map(|text| term(text)).collect();
    for n in 0..40 {
        terms.extend(["", "s", "ing"].map(|end| term(&format!("w{n:03}{end}"))));
        terms.push(term(&format!("t:tag-{n}")));
    }
    same!(pair, store => store.frequencies(&terms));
    same!(pair, store => store.words(&terms));
    let mut prefixes = terms.clone();
    prefixes.extend(["w", "w0", "w00", "w001", "w1", "日", "검", "stra", "n", "n:"].map(term));
    for prefix in &prefixes {
        for limit in [0, 1, 3, 16, 1_000] {
            same!(pair, store => store.completions(prefix, limit));
        }
    }
}

#[test]
fn entries_and_listings_agree() {
    let pair = catalogue(6);
    let ordinals: Vec<_> = (0..2 * LISTINGS).rev().map(Position::new).collect();
    let found = same!(pair, store => store.listings(&ordinals));
    assert_eq!(found.iter().flatten().count() as u64, LISTINGS - 10);
    for size in [PageSize::new(7), PageSize::MAX] {
        let mut after = Position::START;
        loop {
            let page = same!(pair, store => store.entries(after, size));
            let Some(last) = page.last() else { break };
            after = last.ordinal;
        }
    }
    checked(&pair.sqlite);
}
