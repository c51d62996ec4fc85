//! Files of older versions.

use fleetprompt_core::conformance::samples::{self, Pick};
use fleetprompt_core::domain::Event;
use fleetprompt_core::port::{
    Change, Column, ColumnValue, Commit, Find, List, Matching, Record, RecordKey, SearchIndex as _,
};
use fleetprompt_sqlite::SqliteStore;
use rusqlite::{Connection, params};

use crate::support::{assert_sound, attempt, commit, entry, folder, frequencies};

/// A file as version 1 of the schema left it, with two listings.
fn version_1(path: &std::path::Path) {
    let conn = Connection::open(path).unwrap();
    conn.pragma_update(None, "application_id", 0x466c_5072).unwrap();
    conn.pragma_update(None, "journal_mode", "WAL").unwrap();
    conn.execute_batch(include_str!("../../src/schema/0001.sql")).unwrap();
    conn.pragma_update(None, "user_version", 1).unwrap();
    for n in 0..2_u8 {
        let position = i64::from(n) + 1;
        let record = Record::from(samples::listing(n.into(), &mut Pick::sparse()));
        let Some(ColumnValue::Text(publisher)) = record.column(Column::Publisher) else {
            panic!("a listing has a publisher");
        };
        conn.execute(
            "INSERT INTO listing VALUES (?1, 1, ?2, ?2, ?3, 1, 'whs_agent', 'ai', 'free', '', 0, ?4)",
            params![record.key().id(), position, publisher, record.encode().unwrap()],
        )
        .unwrap();
        let event = Event { feed: None, ..attempt(0).events.remove(0) };
        conn.execute(
            "INSERT INTO event (position, at, doc) VALUES (?1, ?2, ?3)",
            params![position, event.at.as_millis(), serde_json::to_string(&event).unwrap()],
        )
        .unwrap();
    }
    conn.execute("UPDATE log_head SET last = 2, at = ?1", [samples::time(0).as_millis()]).unwrap();
}

#[test]
fn the_listings_of_version_1_can_be_entered_in_the_index() {
    let (_folder, path) = folder();
    version_1(&path);
    let store = SqliteStore::open(&path).unwrap();
    assert_sound(&store);
    let all = List { matching: Matching::default(), after: None, until: None, limit: 9 };
    let find = Find { lists: vec![all], weigh: Vec::new() };
    let found = pollster::block_on(store.find(&find)).unwrap();
    assert_eq!(found, [vec![]], "the index begins empty");

    let listing = samples::listing_id(1);
    let changes = vec![Change::Index { listing, entry: Some(Box::new(entry(&["old"]))) }];
    assert!(commit(&store, Commit { changes, ..attempt(0) }).is_ok());
    let found = pollster::block_on(store.find(&find)).unwrap();
    let ordinal = found[0][0].rank.ordinal();
    assert_eq!(ordinal.get(), 2);
    let record = pollster::block_on(store.listings(&[ordinal])).unwrap().remove(0).unwrap();
    assert_eq!(record.value.key(), RecordKey::listing(listing));
    assert_eq!(frequencies(&store, &["old"]), (1, vec![1]));
    assert_sound(&store);
}
