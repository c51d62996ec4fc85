//! Lists of a catalogue that is large enough to be read in every way.

use fleetprompt_core::domain::{Position, Timestamp};
use fleetprompt_core::port::{
    Change, Clause, Commit, Field, Find, IndexEntry, List, Matching, PageSize, Phrase, Quality,
    Rank, SearchIndex as _, Shelf, ShelfKey, ShelfOrder, Term,
};
use fleetprompt_postgres::PostgresStore;
use pollster::block_on;

use crate::load::{commit, indexed};
use crate::support::{Schema, sql};

/// How many entries there are, with the ordinals from 1 on.
const ENTRIES: u64 = 20_000;

/// Which entries are meant, by their ordinals.
type Which = fn(u64) -> bool;

/// Terms with their ids, and which entries have them.
const TERMS: [(i32, &str, Which); 6] = [
    (1, "all", |_| true),
    (2, "left", |n| n.is_multiple_of(16)),
    (3, "right", |n| n % 16 == 1 || n.is_multiple_of(400)),
    (4, "eighth", |n| n.is_multiple_of(8)),
    (5, "k:third", |n| n.is_multiple_of(3)),
    (6, "rare", |n| n.is_multiple_of(2_000)),
];

fn has(n: u64, term: &str) -> bool {
    TERMS.iter().any(|(_, name, has)| *name == term && has(n))
}

fn rank(n: u64) -> Rank {
    let quality = u16::try_from(n * 7_919 % 4_096).unwrap();
    Rank::new(Quality::new(quality), Position::new(n))
}

fn released(n: u64) -> Timestamp {
    Timestamp::from_millis(i64::try_from(n * 31 % 1_009).unwrap())
}

fn name(n: u64) -> String {
    format!("{:05}", n * 7 % 10_007)
}

/// A store with the catalogue, written past it: one by one would take minutes.
fn catalogue(schema: &Schema) -> PostgresStore {
    let store = schema.open();
    let flag = |name: &str| match name {
        "all" => "true",
        "left" => "n % 16 = 0",
        "right" => "n % 16 = 1 OR n % 400 = 0",
        "eighth" => "n % 8 = 0",
        "k:third" => "n % 3 = 0",
        _ => "n % 2000 = 0",
    };
    let terms = TERMS.map(|(id, name, _)| {
        let of_it = flag(name);
        format!("SELECT n, {id} AS id, '{name}' AS term WHERE {of_it}")
    });
    let dictionary = TERMS.map(|(id, name, has)| {
        let entries = (1..=ENTRIES).filter(|n| has(*n)).count();
        format!("({id}, '{name}', '{name}', {entries}, 0, 0)")
    });
    sql(&format!(
        "SET search_path = {schema};
         INSERT INTO index_term VALUES {dictionary};
         INSERT INTO index_entry
         SELECT n, (4095 - q)::bigint << 40 | n, q, n * 31 % 1009, 1,
             lpad((n * 7 % 10007)::text, 5, '0')::bytea, t.terms, '{{}}', t.labels,
             '0 ' || t.stems || E' \\n', ''
         FROM generate_series(1::bigint, {ENTRIES}) AS n
         CROSS JOIN LATERAL (SELECT n * 7919 % 4096 AS q) AS quality
         CROSS JOIN LATERAL (
             SELECT array_agg(u.id ORDER BY u.id) AS terms,
                 coalesce(string_agg(u.term, ' ' ORDER BY u.id) FILTER (WHERE u.term ~ ':'), '') AS labels,
                 string_agg(u.term, ' ' ORDER BY u.id) FILTER (WHERE u.term !~ ':') AS stems
             FROM ({terms}) AS u
         ) AS t;
         INSERT INTO index_posting SELECT unnest(terms), rank FROM index_entry;
         UPDATE index_size SET entries = {ENTRIES}",
        schema = schema.name,
        dictionary = dictionary.join(", "),
        terms = terms.join(" UNION ALL "),
    ));
    store
}

fn clause(phrases: &[&str]) -> Clause {
    let term = |text: &str| text.parse::<Term>().unwrap();
    let phrase = |text: &&str| Phrase::new(text.split(' ').map(term).collect());
    Clause { any: phrases.iter().map(phrase).collect() }
}

/// Questions, and what of the catalogue they ask for.
fn questions() -> Vec<(Matching, Which)> {
    let all = |clauses: &[&[&str]]| Matching {
        all: clauses.iter().map(|phrases| clause(phrases)).collect(),
        ..Matching::default()
    };
    vec![
        (all(&[]), |_| true),
        (all(&[&["all"]]), |_| true),
        // These meet more rarely than their frequencies let one expect.
        (all(&[&["left"], &["right"]]), |n| has(n, "left") && has(n, "right")),
        (all(&[&["left"], &["right"], &["k:third"]]), |n| {
            has(n, "left") && has(n, "right") && has(n, "k:third")
        }),
        (all(&[&["left", "rare"], &["right", "nothing"]]), |n| {
            (has(n, "left") || has(n, "rare")) && has(n, "right")
        }),
        // These more often.
        (all(&[&["left"], &["eighth"]]), |n| has(n, "left")),
        (all(&[&["rare"], &["all"]]), |n| has(n, "rare")),
        (all(&[&["k:third"], &["eighth", "right"]]), |n| {
            has(n, "k:third") && (has(n, "eighth") || has(n, "right"))
        }),
        (all(&[&["left right"]]), |n| has(n, "left") && has(n, "right")),
        (all(&[&["all left"], &["k:third"]]), |n| has(n, "left") && has(n, "k:third")),
        (all(&[&["all eighth", "rare"]]), |n| {
            has(n, "rare") || has(n, "eighth") && !has(n, "left") && !has(n, "right")
        }),
        (
            Matching { none: vec![clause(&["left"]), clause(&["k:third"])], ..all(&[&["eighth"]]) },
            |n| has(n, "eighth") && !has(n, "left") && !has(n, "k:third"),
        ),
        (Matching { none: vec![clause(&["left right"])], ..all(&[&["right"]]) }, |n| {
            has(n, "right") && !has(n, "left")
        }),
        (
            Matching {
                since: Some(Timestamp::from_millis(900)),
                ..all(&[&["left", "right"], &["eighth"]])
            },
            |n| has(n, "eighth") && has(n, "left") && released(n).as_millis() >= 900,
        ),
    ]
}

#[test]
fn a_list_is_the_same_in_whatever_way_it_is_read() {
    let schema = Schema::new();
    let store = catalogue(&schema);
    for (matching, is_asked_for) in questions() {
        let mut wanted: Vec<Rank> = (1..=ENTRIES).filter(|n| is_asked_for(*n)).map(rank).collect();
        wanted.sort();
        assert!(!wanted.is_empty(), "{matching:?}");
        let middle = wanted.get(wanted.len() / 2).copied();
        for (after, until) in [(None, None), (middle, None), (None, middle)] {
            let within = wanted.iter().copied().filter(|rank| {
                after.is_none_or(|after| *rank > after) && until.is_none_or(|until| *rank <= until)
            });
            let within: Vec<Rank> = within.collect();
            for limit in [1, 50, 300, u16::MAX] {
                let list = List { after, until, ..List::best(matching.clone(), limit) };
                let found = block_on(store.find(&Find { lists: vec![list], weigh: vec![] }));
                let found = found.unwrap().into_iter().flatten().map(|hit| hit.rank);
                let first: Vec<Rank> = within.iter().copied().take(limit.into()).collect();
                assert_eq!(found.collect::<Vec<_>>(), first, "{matching:?} {limit}");
            }
        }
    }
}

#[test]
fn a_shelf_is_the_same_in_whatever_way_it_is_read() {
    let schema = Schema::new();
    let store = catalogue(&schema);
    for (matching, is_asked_for) in questions() {
        for order in [ShelfOrder::Newest, ShelfOrder::Released, ShelfOrder::Name] {
            let mut wanted: Vec<u64> = (1..=ENTRIES).filter(|n| is_asked_for(*n)).collect();
            match order {
                ShelfOrder::Newest => wanted.sort_by_key(|n| std::cmp::Reverse(*n)),
                ShelfOrder::Released => {
                    wanted.sort_by_key(|n| std::cmp::Reverse((released(*n), *n)));
                }
                ShelfOrder::Name => wanted.sort_by_key(|n| (name(*n), *n)),
            }
            let key = |n: &u64| match order {
                ShelfOrder::Newest => ShelfKey::Newest(Position::new(*n)),
                ShelfOrder::Released => ShelfKey::Released(released(*n), Position::new(*n)),
                ShelfOrder::Name => ShelfKey::Name(name(*n), Position::new(*n)),
            };
            let wanted: Vec<ShelfKey> = wanted.iter().map(key).collect();
            for start in [0, wanted.len() / 2] {
                let (before, behind) = wanted.split_at(start);
                for size in [1, 40, 200] {
                    let (after, size) = (before.last().cloned(), PageSize::new(size));
                    let shelf = Shelf { matching: matching.clone(), order, after, size };
                    let found = block_on(store.shelf(&shelf)).unwrap();
                    let page = behind.get(..size.get().into()).unwrap_or(behind);
                    assert_eq!(found, page, "{matching:?} {order:?}");
                }
            }
        }
    }
}

/// What repeats the entries does so after every kind of change.
#[test]
fn postings_and_the_dictionary_follow_from_the_entries() {
    let schema = Schema::new();
    let store = schema.open();
    for n in 0..6 {
        commit(&store, indexed(n)).unwrap();
    }
    let entry = |n: u64| {
        indexed(n).changes.into_iter().find_map(|change| match change {
            Change::Index { listing, entry } => Some((listing, entry.unwrap())),
            _ => None,
        })
    };
    let better = |mut entry: Box<IndexEntry>| {
        entry.quality = Quality::new(4_000);
        entry
    };
    let shorter = |mut entry: Box<IndexEntry>| {
        entry.runs.retain(|run| run.field != Field::Name);
        entry.labels = ["k:other".parse().unwrap()].into();
        entry
    };
    let (first, of_first) = entry(0).unwrap();
    let (second, of_second) = entry(1).unwrap();
    let (third, of_third) = entry(2).unwrap();
    let set = |listing, entry| Change::Index { listing, entry };
    let steps = [
        vec![set(first, Some(better(of_first.clone())))],
        vec![set(second, Some(shorter(of_second)))],
        vec![set(third, Some(better(of_third.clone()))), set(first, None)],
        vec![set(first, Some(shorter(of_first)))],
        vec![set(third, None)],
    ];
    for changes in steps {
        let change =
            Commit { receipt: None, expectations: Vec::new(), changes, events: Vec::new() };
        commit(&store, change).unwrap();
        let tables = block_on(store.check_index_tables()).unwrap();
        assert!(tables.is_clean(), "{tables}");
    }
}
