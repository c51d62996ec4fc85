//! The ceiling: the store's statements, written out for one commit, with values made beforehand.

use std::path::Path;

use fleetprompt_core::port::{Change, ColumnValue, Commit};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::market::{looked_at, redemption};

/// A connection with the settings of the store's writer.
pub(crate) fn writer(path: &Path) -> Connection {
    let conn = reader(path);
    conn.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 4096;
         PRAGMA secure_delete = ON",
    )
    .unwrap();
    conn
}

/// A connection with the settings of the store's readers.
pub(crate) fn reader(path: &Path) -> Connection {
    let conn = Connection::open(path).unwrap();
    conn.set_prepared_statement_cache_capacity(256);
    conn.execute_batch("PRAGMA mmap_size = 1073741824; PRAGMA cache_size = -4096").unwrap();
    conn
}

/// A redemption, as the values of its statements.
pub(crate) struct Values {
    scope: [u8; 32],
    answer: String,
    expires_at: i64,
    looked_at: [(&'static str, String); 4],
    id: String,
    doc: String,
    state: String,
    counters: Vec<(String, String)>,
    event: String,
}

impl Values {
    /// Those of the n-th redemption.
    pub(crate) fn new(n: u64) -> Self {
        let Commit { receipt, changes, events, .. } = redemption(n);
        let receipt = receipt.unwrap();
        let mut values = Values {
            scope: receipt.scope.0,
            answer: receipt.answer,
            expires_at: receipt.expires_at.as_millis(),
            looked_at: looked_at().map(|record| {
                let key = record.key();
                (key.kind().name(), key.id().to_owned())
            }),
            id: String::new(),
            doc: String::new(),
            state: String::new(),
            counters: Vec::new(),
            event: serde_json::to_string(events.first().unwrap()).unwrap(),
        };
        for change in changes {
            match change {
                Change::Put { record, .. } => {
                    values.id = record.key().id().to_owned();
                    values.doc = record.encode().unwrap();
                    let state = record.column(fleetprompt_core::port::Column::State);
                    let Some(ColumnValue::Text(state)) = state else { unreachable!() };
                    values.state = state;
                }
                Change::Count { counter, .. } => {
                    values.counters.push((counter.scope().to_owned(), counter.name().to_owned()));
                }
                other => unreachable!("{other:?}"),
            }
        }
        values
    }
}

/// Runs the redemptions in transactions of `size`.
pub(crate) fn run(conn: &Connection, redemptions: &[Values], size: usize) {
    for transaction in redemptions.chunks(size) {
        conn.prepare_cached("BEGIN IMMEDIATE").unwrap().execute([]).unwrap();
        let mut last: i64 = conn
            .prepare_cached("SELECT last, at, feed_last, pruned, feed_pruned FROM log_head")
            .unwrap()
            .query_row([], |row| row.get(0))
            .unwrap();
        for values in transaction {
            last += 1;
            redeem(conn, values, last);
        }
        conn.prepare_cached(
            "UPDATE log_head SET last = ?1, at = at, feed_last = feed_last, pruned = pruned,
             feed_pruned = feed_pruned",
        )
        .unwrap()
        .execute([last])
        .unwrap();
        conn.prepare_cached("COMMIT").unwrap().execute([]).unwrap();
    }
}

fn redeem(conn: &Connection, values: &Values, position: i64) {
    let known: Option<String> = conn
        .prepare_cached("SELECT kid, fingerprint, answer FROM receipt WHERE scope = ?1")
        .unwrap()
        .query_row([values.scope], |row| row.get(0))
        .optional()
        .unwrap();
    assert!(known.is_none());
    for (table, id) in &values.looked_at {
        let revision: i64 = conn
            .prepare_cached(&format!("SELECT revision FROM {table} WHERE id = ?1"))
            .unwrap()
            .query_row([id], |row| row.get(0))
            .unwrap();
        assert_eq!(revision, 1);
    }
    let (rowid, revision): (i64, i64) = conn
        .prepare_cached(
            "SELECT rowid, revision, tenant, person, entitlement, state, kid, expires_at
             FROM attempt WHERE id = ?1",
        )
        .unwrap()
        .query_row([&values.id], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    for (scope, name) in &values.counters {
        let value: Option<i64> = conn
            .prepare_cached("SELECT name, value FROM counter WHERE scope = ?1 AND name = ?2")
            .unwrap()
            .query_row([scope, name], |row| row.get(1))
            .optional()
            .unwrap();
        conn.prepare_cached(
            "INSERT INTO counter (scope, name, value) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET value = ?3",
        )
        .unwrap()
        .execute(params![scope, name, value.unwrap_or(0) + 1])
        .unwrap();
    }
    conn.prepare_cached(
        "UPDATE attempt SET revision = ?, changed = ?, doc = ?, state = ? WHERE rowid = ?",
    )
    .unwrap()
    .execute(params![revision + 1, position, values.doc, values.state, rowid])
    .unwrap();
    conn.prepare_cached("INSERT INTO event (position, at, feed_position, doc) VALUES (?, ?, ?, ?)")
        .unwrap()
        .execute(params![position, values.expires_at, None::<i64>, values.event])
        .unwrap();
    conn.prepare_cached(
        "INSERT INTO receipt (scope, kid, fingerprint, answer, expires_at) VALUES (?, ?, ?, ?, ?)",
    )
    .unwrap()
    .execute(params![values.scope, "k1", [1_u8; 32], values.answer, values.expires_at])
    .unwrap();
}
