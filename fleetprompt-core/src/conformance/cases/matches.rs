//! What is found in the search index, and in which order.

use super::catalogue::*;
use crate::conformance::StoreFixture;
use crate::conformance::samples::time;
use crate::conformance::support::wait;
use crate::domain::Position;
use crate::port::{
    Clause, Field, Find, IndexEntry, List, Matching, Phrase, Quality, Rank, Store, TERM_MAX_BYTES,
    Term,
};

fn rank(quality: u16, ordinal: u64) -> Rank {
    Rank::new(Quality::new(quality), Position::new(ordinal))
}

/// A clause of alternatives: phrases with `|` between them.
fn any(phrases: &str) -> Clause {
    let phrases = phrases.split('|').map(|phrase| Phrase::new(terms(phrase)));
    Clause { any: phrases.collect() }
}

pub(in crate::conformance) fn lists_come_in_the_order_of_rank<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let none = wait(store.find(&Find { lists: vec![list(all("web"))], weigh: Vec::new() }));
    assert_eq!(none, [[]]);
    for (n, quality) in (1..).zip([0, 7, 4_095, 7, 0, 7]) {
        create(&*store, n, entry(quality, "web", if n % 2 == 0 { "k:a" } else { "k:b" }));
    }
    let ranked = [(4_095, 3), (7, 2), (7, 4), (7, 6), (0, 1), (0, 5)].map(|(q, n)| rank(q, n));
    let whole = list(all("web"));
    assert_eq!(ranks(&*store, whole.clone()), ranked);

    let cut = |after: Option<Rank>, until: Option<Rank>, limit| {
        ranks(&*store, List { after, until, limit, ..whole.clone() })
    };
    for (n, end) in (0..).zip(ranked) {
        assert_eq!(cut(Some(end), None, 99), ranked[n + 1..], "behind it");
        assert_eq!(cut(None, Some(end), 99), ranked[..=n], "up to and with it");
        assert_eq!(cut(Some(end), Some(end), 99), []);
        assert_eq!(cut(None, None, u16::try_from(n).unwrap()), ranked[..n]);
    }
    // Ranks that no entry has.
    assert_eq!(cut(Some(rank(7, 3)), Some(rank(7, 5)), 99), ranked[2..3]);
    assert_eq!(cut(Some(rank(8, 99)), Some(rank(1, 0)), 2), ranked[1..3]);
    assert_eq!(cut(Some(rank(0, 99)), None, 99), []);
    assert_eq!(cut(Some(ranked[4]), Some(ranked[1]), 99), []);

    // Lists of one question have nothing to do with each other, the same one twice neither.
    let best = List { limit: 1, ..list(all("k:a")) };
    let lists = vec![best.clone(), list(all("k:b")), list(all("nothing")), best, whole];
    let found = wait(store.find(&Find { lists, weigh: Vec::new() }));
    let found = found.iter().map(|hits| hits.iter().map(|hit| hit.rank.ordinal().get()).collect());
    let found: Vec<Vec<u64>> = found.collect();
    assert_eq!(found, [vec![2], vec![3, 1, 5], vec![], vec![2], vec![3, 2, 4, 6, 1, 5]]);
    assert!(wait(store.find(&Find::default())).is_empty());
    let lists = ["web", "k:b", "k:a"].map(|term| List { limit: 2, ..list(all(term)) }).to_vec();
    let found = wait(store.find(&Find { lists, weigh: Vec::new() }));
    assert!(found.iter().all(|hits| hits.len() == 2), "each list has a limit of its own");
}

pub(in crate::conformance) fn lists_that_tell_nothing_new_are_left_empty<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    for n in 1..=4 {
        create(&*store, n, entry(7, "web", if n % 2 == 0 { "k:a" } else { "k:b" }));
    }
    let within = |term, limit| List { within_next: true, limit, ..list(all(term)) };
    let alone = |term, limit| List { limit, ..list(all(term)) };
    let lengths = |lists: &[List]| -> Vec<usize> {
        let found = wait(store.find(&Find { lists: lists.to_vec(), weigh: terms("web") }));
        found.iter().map(Vec::len).collect()
    };
    // The next one goes on, or ends before its limit.
    assert_eq!(lengths(&[within("k:a", 9), alone("web", 4)]), [2, 4]);
    assert_eq!(lengths(&[within("k:a", 9), alone("web", 5)]), [0, 4]);
    assert_eq!(lengths(&[within("k:a", 9), alone("nothing", 1)]), [0, 0]);
    assert_eq!(lengths(&[within("k:a", 9), alone("web", 0)]), [2, 0]);
    // One that was left empty has ended.
    assert_eq!(lengths(&[within("k:a", 0), within("web", 0), alone("web", 5)]), [0, 0, 4]);
    assert_eq!(lengths(&[within("k:a", 9), within("web", 0), alone("web", 5)]), [0, 0, 4]);
    assert_eq!(lengths(&[within("k:a", 9), within("web", 4), alone("web", 4)]), [2, 4, 4]);
    assert_eq!(lengths(&[within("k:a", 9), within("web", 5), alone("web", 4)]), [0, 4, 4]);
    // So has one that its bounds cut short.
    let until = List { until: Some(rank(7, 2)), ..alone("web", 3) };
    assert_eq!(lengths(&[within("k:a", 9), until]), [0, 2]);
    // Those before it and the last one are lists like any other.
    assert_eq!(lengths(&[alone("k:b", 9), within("k:a", 9), alone("web", 9)]), [2, 0, 4]);
    assert_eq!(lengths(&[within("web", 9)]), [4]);
}

pub(in crate::conformance) fn a_match_has_every_clause_and_none_that_is_excluded<
    F: StoreFixture,
>() {
    let fixture = F::new();
    let store = fixture.store();
    let released =
        |n, words, labels| IndexEntry { released_at: time(n), ..entry(1, words, labels) };
    let [a, b, c] = [
        released(1, "web agent", "k:a t:x"),
        released(2, "web scraper", "k:a t:y"),
        released(3, "web agent scraper", "k:b t:x t:y"),
    ];
    let [a, b, c] = [(1, a), (2, b), (3, c)].map(|(n, entry)| create(&*store, n, entry));
    let of = |all: &[&str], none: &[&str], since: Option<u64>| {
        let clauses = |texts: &[&str]| texts.iter().map(|phrases| any(phrases)).collect();
        let since = since.map(time);
        found(&*store, Matching { all: clauses(all), none: clauses(none), since })
    };
    assert_eq!(of(&[], &[], None), [a, b, c]);
    assert_eq!(of(&["web", "agent"], &[], None), [a, c]);
    assert_eq!(of(&["agent", "agent", "agent"], &[], None), [a, c]);
    assert_eq!(of(&["web", "nothing"], &[], None), []);
    assert_eq!(of(&["agent", "k:a"], &[], None), [a]);
    // Alternatives: terms, labels and phrases alike.
    assert_eq!(of(&["k:b|scraper"], &[], None), [b, c]);
    assert_eq!(of(&["web scraper|nothing|k:b"], &[], None), [b, c]);
    assert_eq!(of(&["k:a|k:b", "t:x"], &[], None), [a, c]);
    // What is excluded.
    assert_eq!(of(&[], &["agent"], None), [b]);
    assert_eq!(of(&["web"], &["k:a"], None), [c]);
    assert_eq!(of(&["scraper"], &["web scraper"], None), [c]);
    assert_eq!(of(&["web"], &["t:y|nothing"], None), [a]);
    assert_eq!(of(&["web"], &["agent", "scraper"], None), []);
    assert_eq!(of(&["agent"], &["agent"], None), []);
    // Nothing has an empty clause or phrase, and so none is excluded by one.
    let empty = Clause::default();
    let has_none = Matching { all: vec![any("web"), empty.clone()], ..Matching::default() };
    assert_eq!(found(&*store, has_none), []);
    assert_eq!(found(&*store, Matching { none: vec![empty], ..Matching::default() }), [a, b, c]);
    assert_eq!(of(&[""], &[], None), []);
    assert_eq!(of(&["|agent"], &[""], None), [a, c]);
    // Since, to the millisecond.
    assert_eq!(of(&["web"], &[], Some(2)), [b, c]);
    assert_eq!(of(&[], &["k:b"], Some(2)), [b]);
    assert_eq!(of(&[], &[], Some(4)), []);
}

pub(in crate::conformance) fn phrases_stay_within_a_run<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let of = |runs: &[(Field, &str)], labels| IndexEntry {
        runs: runs.iter().map(|(field, words)| run(*field, words)).collect(),
        ..entry(1, "", labels)
    };
    use Field::{Description, Name, Summary};
    let apart = create(&*store, 1, of(&[(Name, "web agent"), (Name, "scraper")], "n:web"));
    let fields = create(&*store, 2, of(&[(Name, "web"), (Summary, "agent scraper")], ""));
    let whole = [(Description, "a web a web agents/agent scraper"), (Name, "x")];
    let whole = create(&*store, 3, of(&whole, ""));
    let found = |texts| found(&*store, phrase(texts));
    assert_eq!(found("web agent"), [apart, whole]);
    assert_eq!(found("agent scraper"), [fields, whole]);
    assert_eq!(found("web agent scraper"), [whole]);
    assert_eq!(found("agent web"), [], "the order counts");
    assert_eq!(found("web scraper"), [], "and so does what stands between");
    assert_eq!(found("a web a web agent scraper"), [whole]);
    assert_eq!(found("web a web"), [whole], "a phrase may begin with what it repeats");
    assert_eq!(found("a a"), []);
    assert_eq!(found("scraper x"), [], "the end of one run and the start of the next");
    assert_eq!(found("web agents"), [], "stems, not words");
    assert_eq!(found("n:web agent"), [], "a label stands nowhere");
    assert_eq!(found("n:web"), [apart]);
}

pub(in crate::conformance) fn hits_say_how_often_terms_occur<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let runs = vec![
        run(Field::Name, "web agents/agent"),
        run(Field::Tags, "web"),
        run(Field::Tags, "web web crawler"),
        run(Field::Description, ""),
        run(Field::Publisher, "agents/agent agent agents"),
    ];
    create(&*store, 1, IndexEntry { runs, ..entry(1, "", "n:web") });
    let hits = hits(&*store, list(all("web")), "web agent nothing web n:web agents");
    assert_eq!(hits[0].lengths, [2, 4, 3, 0, 0]);
    let web = [1, 3, 0, 0, 0];
    let none = [0; Field::COUNT];
    assert_eq!(hits[0].counts, [web, [1, 0, 2, 0, 0], none, web, none, [0, 0, 1, 0, 0]]);
}

pub(in crate::conformance) fn labels_are_no_words_and_words_no_labels<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let ordinal = create(&*store, 1, entry(1, "k whs agents/agent", "k:whs n:agent x:web"));
    assert_eq!(words(&*store, "k:whs n:agent x:web k whs agents agent"), [0, 0, 0, 1, 1, 1, 0]);
    for prefix in ["k:", "k:w", "n:agent", "x:"] {
        assert_eq!(completions(&*store, prefix, 9), "", "{prefix}");
    }
    assert_eq!(frequencies(&*store, "k:whs n:agent n:whs k agents agent"), [1, 1, 0, 1, 0, 1]);
    assert_eq!(found(&*store, all("k:whs")), [ordinal]);
    for absent in ["k:k", "web", "n:whs", "x:whs", "K:whs", "k:wh", "k:whs_agent", "agents"] {
        assert_eq!(found(&*store, all(absent)), [], "{absent}");
    }
    assert_eq!(found(&*store, phrase("k whs")), [ordinal], "words, though they read like a label");
}

pub(in crate::conformance) fn hostile_terms_are_data<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let longest = ["x".repeat(TERM_MAX_BYTES), format!("{}y", "x".repeat(TERM_MAX_BYTES - 1))];
    let mut hostile: Vec<&str> = vec![
        "AND",
        "and",
        "OR",
        "NOT",
        "NEAR",
        "near(",
        "NULL",
        "*",
        "ag*",
        "agent",
        "agents*",
        "'",
        "''",
        "';--",
        "--",
        "/*",
        "^",
        "^agent",
        "{}",
        "{summary}",
        "{summary}agent",
        "(",
        ")",
        "+",
        "-agent",
        "%",
        "_",
        "a_ent",
        "\\",
        "\\'",
        "$1",
        "?",
        "?1",
        "@p",
        "#",
        "`",
        "[agent]",
        "rowid",
        "rank",
        "term",
        "listing",
        "é",
        "e\u{301}",
        "É",
        "\u{301}",
        "🦀",
        "🦀🦀",
        "𝒜",
        "ß",
        "ss",
        "ﬀ",
        "ff",
        "İ",
        "i",
        "ı",
        "\u{200d}",
        "\u{feff}",
        "\u{fffd}",
        "\u{10ffff}",
        "ａ",
        "0",
        "00",
        "1e3",
        "検索",
        "検",
        "索",
    ];
    hostile.extend(longest.iter().map(String::as_str));
    // Each one is a word of one listing and a label of the next.
    let mut stands: Vec<Position> = Vec::new();
    let mut label = "t:none".to_owned();
    for (n, word) in (0..).zip(&hostile) {
        stands.push(create(&*store, n, entry(1, word, &label)));
        label = format!("t:{}", word.chars().take(20).collect::<String>());
    }
    for (n, word) in hostile.iter().enumerate() {
        assert_eq!(found(&*store, all(word)), stands[n..=n], "{word}");
        assert_eq!(found(&*store, phrase(&format!("{word} agent"))), [], "{word}");
        assert_eq!(frequencies(&*store, word), [1], "{word}");
        assert_eq!(words(&*store, word), [1], "{word}");
        let excluded = Matching { none: all(word).all, ..Matching::default() };
        assert_eq!(found(&*store, excluded).len(), hostile.len() - 1, "{word}");
        let begins = |other: &&&str| other.starts_with(word);
        if crate::port::head(word).is_some() {
            let mut expected: Vec<&str> = hostile.iter().filter(begins).copied().collect();
            expected.sort_unstable();
            assert_eq!(completions(&*store, word, u16::MAX), expected.join(" "), "{word}");
        }
    }
    let tagged: Vec<Term> = hostile[..hostile.len() - 2]
        .iter()
        .map(|word| format!("t:{word}").parse().unwrap())
        .collect();
    assert!(wait(store.frequencies(&tagged)).counts.iter().all(|count| *count == 1));
    for (n, label) in tagged.iter().enumerate() {
        assert_eq!(found(&*store, all(label.as_str())), stands[n + 1..n + 2], "{label}");
    }
}

pub(in crate::conformance) fn paging_by_rank_neither_repeats_nor_skips<F: StoreFixture>() {
    let fixture = F::new();
    let handles: [_; 2] = [fixture.store(), fixture.second()];
    let store: &dyn Store = &*handles[0];
    for n in 0..30 {
        create(store, n, entry(100 + u16::try_from(n % 3).unwrap(), "web", "k:a"));
    }
    let stood: Vec<Rank> = ranks(store, list(all("web k:a")));
    let mut seen: Vec<Rank> = Vec::new();
    let mut newcomers = 100;
    loop {
        let after = seen.last().copied();
        let page = ranks(store, List { after, limit: 4, ..list(all("web k:a")) });
        let Some(first) = page.first() else { break };
        assert!(after < Some(*first), "a page goes on behind the one before");
        seen.extend(page);
        // Others come and go before the next page is read: better ones, worse ones, some in reach.
        let other = &*handles[1];
        for quality in [4_000, 101] {
            newcomers += 1;
            create(other, newcomers, entry(quality, "web", "k:a"));
        }
        set(other, newcomers, None);
        set(other, newcomers - 1, entry(100, "crawler", "k:a"));
    }
    let repeated = seen.windows(2).find(|pair| pair[0] >= pair[1]);
    assert_eq!(repeated, None, "a page is in the order of ranks");
    let old: Vec<Rank> = seen.into_iter().filter(|rank| stood.contains(rank)).collect();
    assert_eq!(old, stood);
}
