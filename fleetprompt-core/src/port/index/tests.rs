use proptest::prelude::*;

use super::*;
use crate::conformance::samples::time;
use crate::domain::Position;

fn term(text: &str) -> Term {
    text.parse().unwrap()
}

fn phrase(texts: &str) -> Phrase {
    Phrase::new(texts.split_whitespace().map(term).collect())
}

fn clause(phrases: &[&str]) -> Clause {
    Clause { any: phrases.iter().map(|texts| phrase(texts)).collect() }
}

fn run(field: Field, stems: &str) -> Run {
    let tokens =
        stems.split_whitespace().map(|stem| Token { word: term("word"), stem: term(stem) });
    Run { field, tokens: tokens.collect() }
}

fn entry() -> IndexEntry {
    IndexEntry {
        version: INDEX_VERSION,
        quality: Quality::MAX,
        released_at: time(5),
        sort_name: String::new(),
        runs: vec![
            run(Field::Name, "web agent"),
            run(Field::Summary, "web web scraper"),
            run(Field::Summary, "agent"),
        ],
        labels: ["k:a", "n:web", "t:a:b"].map(term).into(),
    }
}

fn has(texts: &str) -> bool {
    entry().satisfies(&Matching { all: vec![clause(&[texts])], ..Matching::default() })
}

#[test]
fn an_entry_has_what_stands_in_it_and_nothing_else() {
    for texts in ["web", "k:a", "t:a:b", "web agent", "web web", "web scraper", "web web scraper"] {
        assert!(has(texts), "{texts}");
    }
    for texts in [
        "",
        "word",
        "k",
        "a",
        "k:b",
        "t:a",
        "agent web",
        "agent agent",
        "scraper agent",
        "web web web",
        "web n:web",
        "n:web web",
        "k:a k:a",
        "Web",
    ] {
        assert!(!has(texts), "{texts}");
    }
}

#[test]
fn clauses_are_all_wanted_and_their_alternatives_are_not() {
    let of = |all: &[&[&str]], none: &[&[&str]]| {
        let clauses = |all: &[&[&str]]| all.iter().map(|any| clause(any)).collect();
        entry().satisfies(&Matching { all: clauses(all), none: clauses(none), since: None })
    };
    assert!(of(&[], &[]));
    assert!(of(&[&["web"], &["k:b", "agent"]], &[&["k:b"], &["nothing", "agent web"]]));
    assert!(!of(&[&["web"], &["nothing", "k:b"]], &[]));
    assert!(!of(&[&["web"]], &[&["nothing"], &["k:b", "web agent"]]));
    // Nothing has an empty clause: it is never met, and keeps nothing out.
    assert!(!of(&[&[]], &[]));
    assert!(!of(&[&[""]], &[]));
    assert!(of(&[], &[&[], &[""]]));
}

#[test]
fn since_is_the_first_moment_that_counts() {
    let since = |n| entry().satisfies(&Matching { since: Some(time(n)), ..Matching::default() });
    assert_eq!([4, 5, 6].map(since), [true, true, false]);
}

#[test]
fn lengths_and_occurrences_are_those_of_the_stems_in_each_field() {
    assert_eq!(entry().lengths(), [2, 0, 0, 4, 0]);
    assert_eq!(entry().occurrences(&term("web")), [1, 0, 0, 2, 0]);
    assert_eq!(entry().occurrences(&term("agent")), [1, 0, 0, 1, 0]);
    assert_eq!(entry().occurrences(&term("n:web")), [0; Field::COUNT]);
    let half = run(Field::Tags, &"a ".repeat(40_000));
    let long = IndexEntry { runs: vec![half.clone(), half], ..entry() };
    assert_eq!(long.lengths(), [0, u16::MAX, 0, 0, 0], "the most that can be said");
}

/// Few characters, so that words often begin alike; of one byte and more, on both sides of the
/// first script that writes a word with one.
fn word() -> impl Strategy<Value = String> {
    "[abé\u{301}\u{2e7f}\u{2e80}検索🦀]{0,4}"
}

proptest! {
    #[test]
    fn ranks_are_in_the_order_of_quality_and_then_of_creation(
        one in (0..=4_095_u16, 0..1_u64 << 40),
        other in (0..=4_095_u16, 0..1_u64 << 40),
    ) {
        let rank = |(quality, ordinal)| Rank::new(Quality::new(quality), Position::new(ordinal));
        let better = (std::cmp::Reverse(one.0), one.1).cmp(&(std::cmp::Reverse(other.0), other.1));
        prop_assert_eq!(rank(one).cmp(&rank(other)), better);
        prop_assert_eq!((rank(one).quality().get(), rank(one).ordinal().get()), one);
        prop_assert_eq!(Rank::from_number(rank(one).number()), rank(one));
        prop_assert!(rank(one).number() < 1 << 52);
    }

    #[test]
    fn levels_rise_with_the_frequency_one_with_each_doubling(entries in 1..u64::MAX / 2) {
        let level = frequency_level(entries);
        prop_assert!(level >= 1 && level <= frequency_level(entries + 1));
        prop_assert_eq!(frequency_level(entries * 2), level + 1);
    }

    #[test]
    fn a_word_has_the_head_of_every_prefix_that_has_one(word in word(), length in 0..5_usize) {
        let prefix: String = word.chars().take(length).collect();
        if let Some(of_prefix) = head(&prefix) {
            prop_assert!(prefix.starts_with(of_prefix));
            prop_assert_eq!(head(&word), Some(of_prefix));
        } else {
            let unheaded = prefix.chars().next().is_none_or(|first| first < '\u{2e80}');
            prop_assert!(unheaded && prefix.chars().count() < 2);
        }
    }

    #[test]
    fn a_term_is_what_it_was_read_from(text in "\\PC{0,100}") {
        match text.parse::<Term>() {
            Ok(term) => {
                prop_assert_eq!(term.as_str(), &text);
                let class = text.find(':').map(|at| &text[..at]);
                prop_assert_eq!(term.class(), class);
            }
            Err(_) => prop_assert!(
                text.is_empty()
                    || text.len() > TERM_MAX_BYTES
                    || text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '"')
            ),
        }
    }
}
