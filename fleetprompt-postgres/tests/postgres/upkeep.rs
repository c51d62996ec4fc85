//! Tables of the search index that do not agree are found out, and mended.

use std::thread;

use fleetprompt_postgres::{IndexTables, PostgresStore};
use pollster::block_on;
use sqlx::Row as _;

use crate::load::{all_there_once, commit, frequencies, indexed, insist};
use crate::support::{Client, Schema, sql};
use crate::waiting::wait_until;

const LISTINGS: u64 = 20;

/// Changes tables past the store, between two of its commits.
fn damage(schema: &Schema, how: &str) {
    sql(&format!("SET search_path = {}; SELECT write_turn_1(); {how}", schema.name));
}

fn check(store: &PostgresStore) -> IndexTables {
    block_on(store.check_index_tables()).unwrap()
}

fn mend(store: &PostgresStore) -> u64 {
    block_on(store.mend_index_tables()).unwrap()
}

fn catalogue(schema: &Schema) -> PostgresStore {
    let store = schema.open();
    (0..LISTINGS).for_each(|n| drop(commit(&store, indexed(n)).unwrap()));
    assert_eq!((check(&store), mend(&store)), (IndexTables::default(), 0));
    store
}

/// The postings of every word that all listings have.
const AGENT: &str = "(SELECT id FROM index_term WHERE term = 'agent' AND stem = 'agent')";

#[test]
fn whatever_does_not_agree_is_found_and_mended() {
    let schema = Schema::new();
    let store = catalogue(&schema);
    let of = |postings, counts| IndexTables { entries: 0, postings, counts };
    let damages = [
        (format!("DELETE FROM index_posting WHERE term = {AGENT}"), of(LISTINGS, 0)),
        (format!("INSERT INTO index_posting VALUES ({AGENT}, 5), (0, 7)"), of(2, 0)),
        (
            format!("UPDATE index_term SET entries = 1, uses = 0, level = 0 WHERE id = {AGENT}"),
            of(0, 2),
        ),
        ("UPDATE index_term SET level = 40 WHERE level > 0".to_owned(), of(0, LISTINGS + 1)),
        (
            "INSERT INTO index_term VALUES (9999, 'x', 'x', 0, 0, 0), (9998, 'y', 'y', 0, 7, 3)"
                .to_owned(),
            of(0, 2),
        ),
        ("UPDATE index_size SET entries = 3".to_owned(), of(0, 1)),
        (
            "DELETE FROM index_posting; UPDATE index_size SET entries = 0".to_owned(),
            of(3 * LISTINGS, 1),
        ),
    ];
    for (how, expected) in damages {
        damage(&schema, &how);
        assert_eq!(check(&store), expected, "{how}");
        assert!(!expected.is_clean());
        assert_eq!(mend(&store), expected.postings + expected.counts, "{how}");
        assert_eq!((check(&store), mend(&store)), (IndexTables::default(), 0), "{how}");
        assert_eq!(frequencies(&store, &["agent"]), (LISTINGS, vec![LISTINGS]), "{how}");
    }
}

#[test]
fn an_entry_that_cannot_be_used_is_removed() {
    let schema = Schema::new();
    let store = catalogue(&schema);
    let one = "(SELECT max(ordinal) FROM index_entry)";
    let damages = [
        format!("UPDATE index_entry SET rank = rank + (1::bigint << 40) WHERE ordinal = {one}"),
        format!("UPDATE index_entry SET terms = terms || 77777 WHERE ordinal = {one}"),
        format!("DELETE FROM listing WHERE created = {one}"),
    ];
    for (left, how) in (0..LISTINGS).rev().zip(damages) {
        damage(&schema, &how);
        assert_eq!(check(&store).entries, 1, "{how}");
        assert!(mend(&store) > 0);
        assert_eq!(check(&store), IndexTables::default(), "{how}");
        assert_eq!(frequencies(&store, &["agent"]), (left, vec![left]), "{how}");
    }
}

#[test]
fn an_entry_that_a_commit_has_set_right_meanwhile_stays() {
    let schema = Schema::new();
    let store = catalogue(&schema);
    let set_terms = |terms: &str| {
        format!(
            "UPDATE index_entry SET terms = {terms}
             WHERE ordinal = (SELECT max(ordinal) FROM index_entry)"
        )
    };
    damage(&schema, &set_terms("terms || 77777"));
    let mut writer = Client::connect();
    writer.run(&format!("BEGIN; SET LOCAL search_path = {}; SELECT write_turn_1()", schema.name));
    thread::scope(|scope| {
        let mending = scope.spawn(|| mend(&store));
        // It has looked, and waits for its turn.
        wait_until("it waits for its turn", || waits_for_its_turn(&schema));
        writer.run(&format!("{}; COMMIT", set_terms("array_remove(terms, 77777)")));
        assert!(mending.join().unwrap() > 0);
    });
    assert_eq!(frequencies(&store, &["agent"]), (LISTINGS, vec![LISTINGS]));
    assert_eq!((check(&store), mend(&store)), (IndexTables::default(), 0));
}

/// Whether somebody who mends a schema waits for a lock.
fn waits_for_its_turn(schema: &Schema) -> bool {
    let waiting = sql(&format!(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'
             AND starts_with(query, 'SELECT {}.mend_index_1')",
        schema.name
    ));
    waiting[0].get::<i64, _>(0) > 0
}

/// What is committed while something is mended is neither mended as well nor lost.
#[test]
fn commits_go_on_while_the_index_is_mended() {
    const WRITERS: u64 = 4;
    let schema = Schema::new();
    let store = schema.open();
    thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let store = &store;
                scope.spawn(move || {
                    for n in writer * 40..(writer + 1) * 40 {
                        insist(store, n);
                    }
                })
            })
            .collect();
        while !writers.iter().all(|writer| writer.is_finished()) {
            damage(
                &schema,
                "DELETE FROM index_posting WHERE rank % 3 = 0; INSERT INTO index_posting VALUES (0, 1);
                 UPDATE index_term SET entries = entries + 5, uses = uses + 2 WHERE id % 2 = 0;
                 UPDATE index_size SET entries = entries + 9",
            );
            assert!(mend(&store) > 0);
        }
    });
    assert_eq!((check(&store), mend(&store)), (IndexTables::default(), 0));
    all_there_once(&store, WRITERS * 40);
}

#[test]
fn several_who_mend_at_a_time_mend_each_difference_once() {
    let schema = Schema::new();
    let store = catalogue(&schema);
    damage(
        &schema,
        "UPDATE index_term SET entries = entries + 5; UPDATE index_size SET entries = 3",
    );
    let differences = check(&store).counts;
    let mended: u64 = thread::scope(|scope| {
        let all = [(); 4].map(|()| scope.spawn(|| mend(&store)));
        all.into_iter().map(|mending| mending.join().unwrap()).sum()
    });
    assert_eq!((mended, check(&store)), (differences, IndexTables::default()));
}
