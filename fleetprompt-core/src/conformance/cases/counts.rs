//! What is counted in the search index, and read from it in other orders.

use super::catalogue::*;
use crate::conformance::StoreFixture;
use crate::conformance::questions::to_the_end;
use crate::conformance::samples::{self, Pick, time};
use crate::conformance::support::{Draft, wait};
use crate::domain::{Position, Timestamp};
use crate::port::{IndexEntry, Matching, Shelf, ShelfKey, ShelfOrder, Store, Tally, TallyRequest};

fn tally(store: &dyn Store, matching: Matching, most: u32, classes: &[(char, u16)]) -> Tally {
    wait(store.tally(&TallyRequest { matching, most, classes: classes.to_vec() }))
}

/// The labels of each class, each with its count: `t:a 2 t:b 1`.
fn counted(tally: &Tally) -> Vec<String> {
    let of = |labels: &Vec<crate::port::LabelCount>| {
        let labels = labels.iter().map(|count| format!("{} {}", count.label, count.matches));
        labels.collect::<Vec<_>>().join(" ")
    };
    tally.labels.iter().map(of).collect()
}

pub(in crate::conformance) fn labels_are_tallied_and_ties_come_in_order_of_rank<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let catalogue = [
        (1, "web", "k:a t:z t:m"),
        (9, "web", "k:b t:y t:x t:often"),
        (5, "web", "k:a t:w t:often T:x"),
        (7, "crawler", "k:b t:a t:z"),
    ];
    for (n, (quality, words, labels)) in (1..).zip(catalogue) {
        create(&*store, n, entry(quality, words, labels));
    }
    let of = |matching, classes: &[_]| tally(&*store, matching, 1_000, classes);
    let web = of(all("web"), &[('t', 9), ('k', 9), ('z', 9), ('t', 2), ('t', 0)]);
    assert_eq!((web.matches, web.more), (3, false));
    // Of ties that first which a better match carries, and of one match the first in byte order.
    let tags = "t:often 2 t:x 1 t:y 1 t:w 1 t:m 1 t:z 1";
    assert_eq!(counted(&web), [tags, "k:a 2 k:b 1", "", "t:often 2 t:x 1", ""]);
    let everything = of(Matching::default(), &[('t', 99), ('k', 99), ('T', 1)]);
    assert_eq!(everything.matches, 4);
    let tags = "t:often 2 t:z 2 t:x 1 t:y 1 t:a 1 t:w 1 t:m 1";
    assert_eq!(counted(&everything), [tags, "k:b 2 k:a 2", "T:x 1"]);
    let nothing = of(all("nothing"), &[('t', 9)]);
    assert_eq!(nothing, Tally { matches: 0, more: false, labels: vec![vec![]] });
    assert_eq!(of(all("web"), &[]).labels, Vec::<Vec<_>>::new());

    // A better place turns ties round.
    set(&*store, 1, entry(4_095, "web", "k:a t:z t:m"));
    let web = of(all("web"), &[('t', 4)]);
    assert_eq!(counted(&web), ["t:often 2 t:m 1 t:z 1 t:x 1"]);
}

pub(in crate::conformance) fn a_tally_goes_no_further_than_was_asked<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    for n in 0..6 {
        let label = if n < 3 { "t:low" } else { "t:high" };
        create(&*store, n, entry(u16::try_from(n).unwrap(), "web", label));
    }
    let of = |most| {
        let tally = tally(&*store, all("web"), most, &[('t', 9)]);
        (tally.matches, tally.more, counted(&tally).concat())
    };
    assert_eq!(of(0), (0, true, String::new()));
    assert_eq!(of(2), (2, true, "t:high 2".to_owned()));
    assert_eq!(of(5), (5, true, "t:high 3 t:low 2".to_owned()));
    assert_eq!(of(6), (6, false, "t:high 3 t:low 3".to_owned()));
    assert_eq!(of(u32::MAX), (6, false, "t:high 3 t:low 3".to_owned()));
    let none = tally(&*store, all("nothing"), 0, &[]);
    assert!(!none.more);
}

pub(in crate::conformance) fn shelves_are_read_in_order_to_their_end<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    // Name, time of release, and whether it is an agent.
    let catalogue = [
        ("b", time(3), true),
        ("", time(1), true),
        ("a", time(3), false),
        ("é", Timestamp::MAX, true),
        ("a", time(2), true),
        ("a\0", time(2), true),
        ("z", Timestamp::MIN, true),
        ("a", time(3), true),
        ("🦀", time(1), false),
        ("a a", time(3), true),
        ("B", time(3), true),
    ];
    let mut expected: Vec<(Position, &str, Timestamp, bool)> = Vec::new();
    for (n, (name, released_at, agent)) in (0..).zip(catalogue) {
        let labels = if agent { "k:agent" } else { "k:pack" };
        let entry = IndexEntry {
            sort_name: name.to_owned(),
            released_at,
            ..entry(u16::try_from(n * 5 % 7).unwrap(), "web", labels)
        };
        expected.push((create(&*store, n, entry), name, released_at, agent));
    }
    for order in [ShelfOrder::Newest, ShelfOrder::Released, ShelfOrder::Name] {
        match order {
            ShelfOrder::Newest => expected.sort_by_key(|it| std::cmp::Reverse(it.0)),
            ShelfOrder::Released => expected.sort_by_key(|it| std::cmp::Reverse((it.2, it.0))),
            ShelfOrder::Name => expected.sort_by_key(|it| (it.1.as_bytes(), it.0)),
        }
        for (matching, agents) in [(Matching::default(), false), (all("web k:agent"), true)] {
            let keys = expected.iter().filter(|it| it.3 || !agents).map(|it| match order {
                ShelfOrder::Newest => ShelfKey::Newest(it.0),
                ShelfOrder::Released => ShelfKey::Released(it.2, it.0),
                ShelfOrder::Name => ShelfKey::Name(it.1.to_owned(), it.0),
            });
            let keys: Vec<ShelfKey> = keys.collect();
            for size in [1, 2, 3, 11, 200] {
                let shelf = Shelf { matching: matching.clone(), ..shelf(order, None, size) };
                assert_eq!(to_the_end(&*store, shelf), keys, "{order:?} by {size}");
            }
            for (n, key) in keys.iter().enumerate() {
                let after = Some(key.clone());
                let behind = Shelf { matching: matching.clone(), ..shelf(order, after, 200) };
                assert_eq!(wait(store.shelf(&behind)), keys[n + 1..]);
            }
        }
    }
    // Behind the key of another order stands nothing.
    let key = Some(ShelfKey::Newest(Position::new(4)));
    assert_eq!(wait(store.shelf(&shelf(ShelfOrder::Name, key.clone(), 9))), []);
    assert_eq!(wait(store.shelf(&shelf(ShelfOrder::Released, key, 9))), []);
    let key = Some(ShelfKey::Name("b".to_owned(), Position::new(4)));
    assert_eq!(wait(store.shelf(&shelf(ShelfOrder::Newest, key, 9))), []);
}

pub(in crate::conformance) fn frequencies_count_entries_and_not_occurrences<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    create(&*store, 1, entry(1, "web web agents/agent agent", "k:a n:web"));
    create(&*store, 2, entry(2, "web", "k:a"));
    create(&*store, 3, entry(3, "", ""));
    let found = wait(store.frequencies(&terms("web agent k:a nothing web n:web agents")));
    assert_eq!((found.entries, found.counts), (3, vec![2, 1, 2, 0, 2, 1, 0]));
    assert_eq!(wait(store.frequencies(&[])).entries, 3);
}

pub(in crate::conformance) fn words_are_counted_as_they_are_written<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    create(&*store, 1, entry(1, "agents/agent agents/agent agent", ""));
    create(&*store, 2, entry(2, "agents/agent", ""));
    // A word may have had another stem when an older entry was made.
    create(&*store, 3, entry(3, "agents/agents agents/agent scraping/scrape", ""));
    let asked = "agents agent scrape scraping agents nothing";
    assert_eq!(words(&*store, asked), [3, 1, 0, 1, 3, 0]);
    assert_eq!(frequencies(&*store, "agents agent"), [1, 3]);
    assert!(wait(store.words(&[])).is_empty());
}

pub(in crate::conformance) fn completions_are_the_most_frequent_first<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let texts = [
        "agenda agents/agent agent aga a AG 検索 検索語 検 é éa e\u{301}a c 🦀x",
        "agents/agent agent agz ag",
        "agents/agent agent agenda",
        "agents/agent b",
    ];
    for (n, words) in (0..).zip(texts) {
        // A word that is said twice in one entry counts once.
        create(&*store, n, entry(1, &format!("{words} agz/agz"), "k:ag n:agenda"));
    }
    let of = |prefix, limit| completions(&*store, prefix, limit);
    // agents and agz are in four entries; agent in three and agenda in two, which is one level.
    assert_eq!(of("ag", 99), "agents agz agenda agent ag aga");
    assert_eq!(of("ag", 3), "agents agz agenda");
    assert_eq!(of("ag", 0), "");
    assert_eq!(of("agen", 99), "agents agenda agent");
    assert_eq!(of("agents", 99), "agents");
    assert_eq!(of("agentss", 99), "");
    assert_eq!(of("AG", 99), "AG", "case counts");
    assert_eq!(of("検", 99), "検 検索 検索語");
    assert_eq!(of("検索", 99), "検索 検索語");
    assert_eq!(of("🦀", 99), "🦀x");
    assert_eq!(of("éa", 99), "éa", "as it is written");
    assert_eq!(of("e\u{301}", 99), "e\u{301}a");
    // One character is completed only where it makes a word or syllable.
    for prefix in ["a", "c", "é", "b"] {
        assert_eq!(of(prefix, 99), "", "{prefix}");
    }
    let tokens = wait(store.completions(&"agents".parse().unwrap(), 1));
    assert_eq!(tokens[0].stem.as_str(), "agent");

    // One level further than before, and not one entry more.
    for n in 10..14 {
        create(&*store, n, entry(1, "agenda", ""));
    }
    assert_eq!(of("ag", 99), "agenda agents agz agent ag aga");
    for n in 20..29 {
        create(&*store, n, entry(1, "aga agb", ""));
    }
    // aga is in ten entries and agb in nine, which is one level: byte order decides.
    create(&*store, 30, entry(1, "agb", ""));
    create(&*store, 31, entry(1, "agb", ""));
    assert_eq!(of("ag", 3), "aga agb agenda");
}

pub(in crate::conformance) fn words_with_two_stems_are_offered_with_each<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let old = entry(1, "agents/agents", "");
    create(&*store, 1, old);
    create(&*store, 2, entry(1, "agents/agent", ""));
    create(&*store, 3, entry(1, "agents/agent", ""));
    let offered = || {
        let tokens = wait(store.completions(&"ag".parse().unwrap(), 9));
        tokens.iter().map(|token| token.stem.to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(offered(), "agent agents");
    set(&*store, 2, None);
    set(&*store, 3, entry(1, "agents/agent", ""));
    assert_eq!(offered(), "agent agents", "alike again: in byte order");
    set(&*store, 1, entry(1, "agents/agent", ""));
    assert_eq!(offered(), "agent");
}

pub(in crate::conformance) fn listings_are_read_by_their_ordinals<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let indexed = create(&*store, 1, entry(1, "web", ""));
    let draft = samples::listing(2, &mut Pick::sparse());
    let bare = Draft::with_event().create(draft).apply(&*store);
    let other = samples::publisher(3, &mut Pick::sparse());
    let publisher = Draft::with_event().create(other).apply(&*store);
    let absent = [Position::START, Position::new(99), Position::new(u64::MAX >> 1)];
    let [start, ahead, far] = absent;
    let asked = [bare, indexed, start, publisher, indexed, ahead, far];
    let (one, two) = (Some(listing_key(1)), Some(listing_key(2)));
    let expected = [two, one.clone(), None, None, one, None, None];
    assert_eq!(listings(&*store, &asked), expected);
    assert!(wait(store.listings(&[])).is_empty());
    let row = wait(store.listings(&[indexed])).pop().flatten();
    assert_eq!(row, wait(store.get(&listing_key(1))), "whole");
}
