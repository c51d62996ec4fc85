//! Files of older versions.

use fleetprompt_core::conformance::samples::{self, Pick};
use fleetprompt_core::domain::{Event, Release};
use fleetprompt_core::port::{
    Change, Column, ColumnValue, Commit, Find, List, Matching, Record, RecordKey, SearchIndex as _,
    Store as _,
};
use fleetprompt_sqlite::SqliteStore;
use rusqlite::{Connection, params};

use crate::support::{assert_sound, attempt, commit, entry, folder, frequencies};

/// A file as version 1 of the schema left it, with two listings.
fn version_1(path: &std::path::Path) {
    let conn = Connection::open(path).unwrap();
    conn.pragma_update(None, "application_id", 0x466c_5072).unwrap();
    conn.pragma_update(None, "journal_mode", "WAL").unwrap();
    conn.execute_batch(include_str!("../../src/schema/0001_records.sql")).unwrap();
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

/// Adds releases of the first listing, as version 1 kept them.
fn released(path: &std::path::Path, versions: &[(&str, bool)]) {
    let conn = Connection::open(path).unwrap();
    for (version, yanked) in versions {
        let sample = samples::release(0, &mut Pick::sparse());
        let release = Release {
            version: version.parse().unwrap(),
            yanked: yanked.then(|| "Broken.".parse().unwrap()),
            ..sample
        };
        let record = Record::from(release);
        let column = |column| match record.column(column) {
            Some(ColumnValue::Text(text)) => text,
            other => panic!("{column:?} is {other:?}"),
        };
        conn.execute(
            "INSERT INTO release VALUES (?1, 1, 1, 1, ?2, ?3, ?4, ?5, ?6)",
            params![
                record.key().id(),
                column(Column::Listing),
                column(Column::Channel),
                i64::from(*yanked),
                column(Column::Precedence),
                record.encode().unwrap(),
            ],
        )
        .unwrap();
    }
}

#[test]
fn listings_of_version_1_say_which_release_is_their_latest() {
    let (_folder, path) = folder();
    version_1(&path);
    released(
        &path,
        &[("1.9.0", false), ("1.10.0+b", false), ("1.11.0", true), ("2.0.0-rc.1", false)],
    );
    // Also by whoever may make no new one.
    let store = SqliteStore::options().create_if_missing(false).open(&path).unwrap();
    let latest = |n| {
        let found = pollster::block_on(store.get(&RecordKey::listing(samples::listing_id(n))));
        match found.unwrap().unwrap().value {
            Record::Listing(listing) => listing.latest.map(|version| version.to_string()),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(latest(0).as_deref(), Some("1.10.0+b"));
    assert_eq!(latest(1), None);
    assert_sound(&store);
    let unread = "SELECT count(*) FROM sqlite_schema WHERE name = 'attempt_issued'";
    let unread = Connection::open(&path).unwrap().query_row(unread, [], |row| row.get::<_, i64>(0));
    assert_eq!(unread, Ok(0));
}

#[test]
fn the_listings_of_version_1_can_be_entered_in_the_index() {
    let (_folder, path) = folder();
    version_1(&path);
    let store = SqliteStore::open(&path).unwrap();
    assert_sound(&store);
    let all = List::best(Matching::default(), 9);
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
