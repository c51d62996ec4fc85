//! What is written: the changes of a batch as one, and nothing left behind.

use fleetprompt_core::domain::Position;
use fleetprompt_core::port::{
    Clause, Field, Find, IndexEntry, List, Matching, PageSize, Quality, Rank, Run, Term, Token,
};
use rusqlite::Connection;

use super::catalogue::{HOSTILE, commit, create, delete, entry, index, term};
use super::*;

fn everything(pair: &Pair) -> usize {
    let list = List::best(Matching::default(), 1_000);
    let find = Find { lists: vec![list], weigh: vec![term("agent")] };
    checked(&pair.sqlite);
    same!(pair, store => store.entries(Position::START, PageSize::MAX));
    same!(pair, store => store.find(&find)).iter().map(Vec::len).sum()
}

pub(super) fn of_words(words: &[&str]) -> IndexEntry {
    let token = |word: &&str| Token { word: term(word), stem: term(word) };
    let tokens = words.iter().map(token).collect();
    let runs = vec![Run { field: Field::Name, tokens }];
    IndexEntry { runs, labels: [].into(), ..entry(&mut Pick::seeded(0)) }
}

/// Lets all commits wait for the writer together, so that they share a batch.
fn together(store: &SqliteStore, commits: Vec<Commit>) -> Vec<Result<Committed, StoreError>> {
    let waiting = commits.into_iter().map(|commit| store.commit(commit));
    pollster::block_on(futures_util::future::join_all(waiting))
}

#[test]
fn the_last_change_of_a_batch_wins() {
    let pair = Pair::new();
    (0..4).for_each(|n| pair.commit(create(n, Some(of_words(&["first", "common"])))));
    let commits = vec![
        commit(vec![index(0, Some(of_words(&["second"])))]),
        commit(vec![index(1, Some(of_words(&["second"])))]),
        commit(vec![index(0, Some(of_words(&["third", "common"])))]),
        commit(vec![index(2, None)]),
        commit(vec![index(1, None)]),
        commit(vec![index(2, Some(of_words(&["fourth"])))]),
        create(4, Some(of_words(&["fifth"]))),
        delete(4),
        delete(3),
    ];
    for commit in &commits {
        let _: Committed = pollster::block_on(pair.memory.commit(commit.clone())).unwrap();
    }
    assert!(together(&pair.sqlite, commits).iter().all(Result::is_ok));
    let terms = ["first", "second", "third", "fourth", "fifth", "common"].map(term);
    let counts = same!(pair, store => store.frequencies(&terms));
    assert_eq!(counts.counts, [0, 0, 1, 1, 0, 1]);
    assert_eq!(everything(&pair), 2);
}

#[test]
fn a_commit_that_is_refused_changes_nothing_in_the_index() {
    let pair = Pair::new();
    pair.commit(create(0, Some(of_words(&["first"]))));
    // The listing is there already.
    let refused = pollster::block_on(pair.sqlite.commit(create(0, Some(of_words(&["second"])))));
    assert!(matches!(refused, Ok(Committed::Refused(_))), "{refused:?}");
    // There is no such listing.
    pair.commit(commit(vec![index(9, Some(of_words(&["third"])))]));
    let counts = same!(pair, store => store.frequencies(&["second", "third"].map(term)));
    assert_eq!(counts.counts, [0, 0]);
    assert_eq!(everything(&pair), 1);
}

#[test]
fn a_listing_whose_quality_changes_moves_and_stays_what_it_is() {
    let pair = Pair::new();
    (0..5).for_each(|n| pair.commit(create(n, Some(of_words(&["agent"])))));
    for (n, quality) in [(3, 900), (4, 901), (3, 902), (0, 902), (4, 0), (4, 4_095)] {
        let entry = IndexEntry { quality: Quality::new(quality), ..of_words(&["agent"]) };
        pair.commit(commit(vec![index(n, Some(entry))]));
    }
    let agents = Matching { all: vec![Clause::of(term("agent"))], ..Matching::default() };
    let list = |after| List { after, ..List::best(agents.clone(), 10) };
    let find = |after| Find { lists: vec![list(after)], weigh: vec![term("agent")] };
    let hits = same!(pair, store => store.find(&find(None))).remove(0);
    let order: Vec<u64> = hits.iter().map(|hit| hit.rank.ordinal().get()).collect();
    assert_eq!(order, [5, 1, 4, 2, 3]);
    let behind = Rank::new(Quality::new(902), Position::new(1));
    let hits = same!(pair, store => store.find(&find(Some(behind)))).remove(0);
    assert_eq!(hits.len(), 3);
    assert_eq!(everything(&pair), 5);
}

/// All terms of the dictionary.
fn dictionary(pair: &Pair) -> Vec<String> {
    let conn = Connection::open(pair.folder.path().join("market.db")).unwrap();
    let mut statement = conn.prepare("SELECT term FROM index_term ORDER BY term").unwrap();
    let terms = statement.query_map([], |row| row.get(0)).unwrap();
    terms.collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_word_leaves_the_dictionary_with_its_last_listing() {
    let pair = Pair::new();
    pair.commit(create(0, Some(of_words(&["shared", "canary"]))));
    pair.commit(create(1, Some(of_words(&["shared", "canary"]))));
    pair.commit(commit(vec![index(0, Some(of_words(&["shared"])))]));
    assert_eq!(dictionary(&pair), ["canary", "shared"]);
    pair.commit(delete(1));
    assert_eq!(dictionary(&pair), ["shared"]);
    pair.commit(commit(vec![index(0, None)]));
    assert!(dictionary(&pair).is_empty());
    assert_eq!(everything(&pair), 0);
}

#[test]
fn a_surface_and_its_stem_are_counted_apart() {
    let pair = Pair::new();
    let token = |word: &str, stem: &str| Token { word: term(word), stem: term(stem) };
    let tokens = [
        vec![token("agents", "agent"), token("agent", "agent")],
        vec![token("agents", "agent"), token("agents", "agents")],
        vec![token("agents", "agents")],
    ];
    for (n, tokens) in (0..).zip(tokens) {
        let runs = vec![Run { field: Field::Name, tokens }];
        pair.commit(create(n, Some(IndexEntry { runs, ..of_words(&[]) })));
    }
    let terms: [Term; 2] = ["agent", "agents"].map(term);
    assert_eq!(same!(pair, store => store.frequencies(&terms)).counts, [2, 2]);
    assert_eq!(same!(pair, store => store.words(&terms)), [1, 3]);
    let completed = same!(pair, store => store.completions(&terms[0], 16));
    assert_eq!(completed.len(), 3);
    for limit in 1..3 {
        same!(pair, store => store.completions(&terms[0], limit));
    }
    everything(&pair);
}

#[test]
fn terms_that_mean_something_elsewhere_are_words_like_any_other() {
    let pair = Pair::new();
    for (n, word) in (0..).zip(HOSTILE) {
        pair.commit(create(n, Some(of_words(&[word]))));
    }
    for word in HOSTILE {
        let matching = Matching { all: vec![Clause::of(term(word))], ..Matching::default() };
        let list = List::best(matching, 10);
        let find = Find { lists: vec![list], weigh: vec![term(word)] };
        assert_eq!(same!(pair, store => store.find(&find)).remove(0).len(), 1, "{word}");
    }
    everything(&pair);
}

/// Lets a rebuild go one step, and forgets it.
fn begin_to_rebuild(store: &SqliteStore) {
    let rebuilding = std::pin::pin!(store.rebuild_index(|_| {}));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(rebuilding.poll(&mut context).is_pending());
}

#[test]
fn a_rebuild_leaves_what_was_written_one_by_one() {
    let mut pair = Pair::new();
    let pick = &mut Pick::seeded(3);
    (0..2_300).for_each(|n| pair.commit(create(n, Some(entry(pick)))));
    let path = pair.folder.path().join("market.db");
    let damages = [
        "UPDATE index_count SET entries = entries + 3, uses = uses + 2 WHERE id % 3 = 0",
        "DELETE FROM index_count WHERE id % 5 = 0",
        "UPDATE index_term SET level = level + 1",
        "INSERT INTO index_text (index_text) VALUES ('delete-all')",
        "INSERT INTO index_text (rowid, ids) VALUES (77, 'zzz 0')",
    ];
    for damage in damages {
        checked(&pair.sqlite);
        Connection::open(&path).unwrap().execute_batch(damage).unwrap();
        let report = pollster::block_on(pair.sqlite.check()).unwrap();
        assert!(!report.is_clean(), "{damage}");

        // It is stopped after one step, others write meanwhile on both sides of where it stands,
        // and another process goes on.
        begin_to_rebuild(&pair.sqlite);
        pair.reopen();
        if damage.contains("level") {
            for n in [5, 900, 1_100, 2_200] {
                pair.commit(commit(vec![index(n, Some(entry(pick)))]));
                pair.commit(commit(vec![index(n + 1, None)]));
            }
        }
        pollster::block_on(pair.sqlite.rebuild_index(|_| {})).unwrap();
        assert!(everything(&pair) > 0);
    }
}

#[test]
fn an_entry_that_cannot_be_read_is_reported_and_given_up_by_a_rebuild() {
    let pair = Pair::new();
    (0..3).for_each(|n| pair.commit(create(n, Some(of_words(&["agent", "common"])))));
    let path = pair.folder.path().join("market.db");
    let break_it = "UPDATE index_entry SET forward = x'ff' WHERE ordinal = 2";
    Connection::open(path).unwrap().execute_batch(break_it).unwrap();
    assert!(!pollster::block_on(pair.sqlite.check()).unwrap().is_clean());
    let report = pollster::block_on(pair.sqlite.rebuild_index(|_| {})).unwrap();
    assert_eq!((report.read, report.removed), (3, 1));
    pair.commit(commit(vec![index(1, Some(of_words(&["new"])))]));
    assert_eq!(everything(&pair), 3);
}

#[test]
fn merging_changes_no_answer() {
    let pair = Pair::new();
    let pick = &mut Pick::seeded(4);
    (0..600).for_each(|n| pair.commit(create(n, Some(entry(pick)))));
    (0..100).for_each(|n| pair.commit(commit(vec![index(n * 5, Some(entry(pick)))])));
    pollster::block_on(pair.sqlite.merge_index()).unwrap();
    assert_eq!(everything(&pair), 600);
    let conn = Connection::open(pair.folder.path().join("market.db")).unwrap();
    let segments = "SELECT count(DISTINCT segid) FROM index_text_idx";
    assert_eq!(conn.query_row(segments, [], |row| row.get::<_, i64>(0)), Ok(1));
}
