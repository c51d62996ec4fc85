//! How lists are read: a page of one costs as much as the page, whatever the catalogue holds.

use fleetprompt_core::port::{Clause, Find, List, Matching, Phrase};
use rusqlite::Connection;

use super::catalogue::{create, entry, term};
use super::writes::of_words;
use super::*;
use crate::index::dictionary::Dictionary;
use crate::index::plan::Question;

/// A thousand entries: all have `k:all`, half have `k:half`, three `k:few` and one `k:one`.
fn catalogue() -> Pair {
    let pair = Pair::new();
    let pick = &mut Pick::seeded(1);
    for n in 0..1_000 {
        let mut entry = entry(pick);
        entry.labels.insert(term("k:all"));
        let others = [(n % 2 == 0, "k:half"), (n < 3, "k:few"), (n == 7, "k:one")];
        entry.labels.extend(others.iter().filter(|(has, _)| *has).map(|(_, label)| term(label)));
        pair.commit(create(n, Some(entry)));
    }
    pair
}

fn connect(pair: &Pair) -> Connection {
    Connection::open(pair.folder.path().join("market.db")).unwrap()
}

/// What the full-text table is asked with names instead of ids, and whether anything is left over.
fn plan(conn: &Connection, matching: &Matching) -> Option<(String, bool)> {
    let mut dictionary = Dictionary::new(conn);
    let question = Question::new(matching, &mut dictionary).unwrap()?;
    let plan = question.plan(&mut dictionary).unwrap();
    let mut words = String::new();
    for (at, part) in plan.expression.split('"').enumerate() {
        let id = i64::from_str_radix(part, 36).unwrap_or_default();
        words += &match (at % 2, id) {
            (0, _) => part.to_owned(),
            (_, 0) => "*".to_owned(),
            (_, id) => conn
                .query_row("SELECT term FROM index_term WHERE id = ?1", [id], |row| row.get(0))
                .unwrap(),
        };
    }
    Some((words.replace(['(', ')'], ""), !plan.tests.is_empty()))
}

fn all(labels: &[&str]) -> Matching {
    let all = labels.iter().map(|label| Clause::of(term(label))).collect();
    Matching { all, ..Matching::default() }
}

#[test]
fn the_frequencies_decide_what_the_table_is_asked_and_what_is_tested() {
    let pair = catalogue();
    let conn = connect(&pair);
    let asked = |matching: &Matching| plan(&conn, matching).unwrap();
    assert_eq!(asked(&all(&[])), ("*".to_owned(), false));
    // The shortest list first, which tells the others where to go on.
    assert_eq!(asked(&all(&["k:all", "k:half"])), ("k:half AND k:all".to_owned(), false));
    // A list that is much longer is not read at all.
    assert_eq!(asked(&all(&["k:all", "k:few"])), ("k:few".to_owned(), true));
    assert_eq!(asked(&all(&["k:half", "k:one", "k:few"])), ("k:one AND k:few".to_owned(), true));

    let without = |all_of: &[&str], none: &[&str]| Matching { none: all(none).all, ..all(all_of) };
    assert_eq!(asked(&without(&[], &["k:half"])), ("* NOT k:half".to_owned(), false));
    assert_eq!(asked(&without(&["k:few"], &["k:half"])), ("k:few".to_owned(), true));
    assert_eq!(asked(&without(&["k:one"], &["k:nowhere"])), ("k:one".to_owned(), false));
}

#[test]
fn a_phrase_is_looked_for_by_its_rarest_words() {
    let pair = Pair::new();
    for n in 0..200 {
        let words: &[&str] = match n {
            0 => &["rare", "common", "usual"],
            1..50 => &["common", "usual"],
            _ => &["usual"],
        };
        pair.commit(create(n, Some(of_words(words))));
    }
    let conn = connect(&pair);
    let phrase = |words: &[&str]| {
        let phrase = Phrase::new(words.iter().map(|word| term(word)).collect());
        Matching { all: vec![Clause { any: vec![phrase] }], ..Matching::default() }
    };
    let asked = |words: &[&str]| plan(&conn, &phrase(words)).unwrap();
    assert_eq!(asked(&["common", "usual"]), ("common AND usual".to_owned(), true));
    // The list of what nearly all have is not read for the one that the others tell of.
    assert_eq!(asked(&["rare", "common", "usual"]), ("rare AND common".to_owned(), true));
    for words in [&["rare", "common", "usual"][..], &["rare", "usual"], &["usual", "common"]] {
        let list = List::best(phrase(words), 99);
        let find = Find { lists: vec![list], weigh: vec![term("usual")] };
        let found = same!(pair, store => store.find(&find));
        assert_eq!(found[0].len(), usize::from(words == ["rare", "common", "usual"]));
    }
}

#[test]
fn what_no_entry_has_is_not_looked_for() {
    let pair = catalogue();
    let conn = connect(&pair);
    assert_eq!(plan(&conn, &all(&["k:all", "k:nowhere"])), None);
    assert_eq!(plan(&conn, &all(&["k:all\"OR\"k:half"].map(|_| "nowhere"))), None);
    let either = |terms: &[&str]| {
        let any = terms.iter().map(|text| term(text).into()).collect();
        Matching { all: vec![Clause { any }], ..Matching::default() }
    };
    assert_eq!(plan(&conn, &either(&["k:one", "nowhere", "k:few"])).unwrap().0, "k:one OR k:few");
    assert_eq!(plan(&conn, &Matching { all: vec![Clause::default()], ..all(&[]) }), None);
    let nothing = Clause { any: vec![Phrase::new(Vec::new())] };
    assert_eq!(plan(&conn, &Matching { all: vec![nothing], ..all(&[]) }), None);
}

#[test]
fn every_statement_is_read_in_order_from_an_index() {
    let pair = catalogue();
    let conn = connect(&pair);
    let statements = crate::index::statements();
    for (sql, index) in &statements {
        let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let params = vec![rusqlite::types::Null; statement.parameter_count()];
        let rows = statement.query_map(rusqlite::params_from_iter(params), |row| row.get(3));
        let explained: Vec<String> = rows.unwrap().map(Result::unwrap).collect();
        let explained = explained.join("; ");
        assert!(explained.contains(index), "{sql}: {explained}");
        assert!(!explained.contains("TEMP B-TREE"), "{sql}: {explained}");
    }
}
