//! Importing a catalogue, against inserting the rows that the import leaves behind.

use std::path::Path;
use std::time::Duration;

use fleetprompt_core::marketplace::{ImportLine, ImportRow};
use fleetprompt_sqlite::SqliteStore;
use futures_util::StreamExt as _;
use futures_util::stream;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::measure::timed;
use crate::raw;
use crate::shared::{Goal, figure, marketplace, operator, read};

/// How many rows a raw transaction inserts.
const TOGETHER: usize = 64;
/// How many rows are on their way at a time in the import.
const IN_FLIGHT: usize = 256;
/// How often both are taken, in turns.
const ROUNDS: usize = 3;

/// Takes the figures over the catalogue in `file` (JSON Lines, plain or gzip), or one made up.
pub(crate) fn figures(file: Option<&Path>) {
    let rows = file.map_or_else(made_up, |file| read(file).collect());
    println!("importing {} rows", rows.len());
    let (mut ours, mut ceiling) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("market.db");
        ours.push(import(&path, &rows));
        ceiling.push(insert(&path, &folder.path().join("raw.db"), rows.len()));
    }
    let median = |mut times: Vec<Duration>| {
        times.sort();
        times.get(ROUNDS / 2).unwrap().as_secs_f64()
    };
    let (ours, ceiling) = (median(ours), median(ceiling));
    println!("{:<44} {:>12.0} rows a second", "import, 256 on their way", rows.len() as f64 / ours);
    println!(
        "{:<44} {:>12.0} rows a second",
        "raw inserts, 64 rows a transaction",
        rows.len() as f64 / ceiling
    );
    figure("import_of_raw_inserts", ceiling / ours, "x", Goal::AtLeast(0.25));
}

fn import(path: &Path, rows: &[ImportRow]) -> Duration {
    let operator = operator(&marketplace(SqliteStore::open(path).unwrap()));
    timed(|| {
        pollster::block_on(
            stream::iter(rows)
                .map(|row| operator.import(row.clone()))
                .buffer_unordered(IN_FLIGHT)
                // Rows whose names look like others' are refused, as any import of them is.
                .for_each(|imported| {
                    drop(imported);
                    std::future::ready(())
                }),
        );
    })
}

/// Inserts what lies in the database at `from` into a new one of the same schema.
fn insert(from: &Path, to: &Path, lines: usize) -> Duration {
    let from = Connection::open(from).unwrap();
    let to = raw::writer(to);
    to.execute_batch("PRAGMA journal_mode = WAL").unwrap();
    let mut schema = from
        .prepare(
            "SELECT name, type, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type DESC",
        )
        .unwrap();
    let parts: Vec<(String, String, String)> = schema
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let mut work = Vec::new();
    for (name, kind, sql) in parts {
        to.execute_batch(&sql).unwrap();
        if kind == "table" {
            let rows = all(&from, &name);
            let places = vec!["?"; rows.first().map_or(1, Vec::len)].join(", ");
            work.extend(
                rows.into_iter()
                    .map(|row| (format!("INSERT OR REPLACE INTO {name} VALUES ({places})"), row)),
            );
        }
    }
    let transactions = lines.div_ceil(TOGETHER).max(1);
    let size = work.len().div_ceil(transactions).max(1);
    timed(|| {
        for transaction in work.chunks(size) {
            to.execute_batch("BEGIN IMMEDIATE").unwrap();
            for (sql, row) in transaction {
                to.prepare_cached(sql).unwrap().execute(params_from_iter(row)).unwrap();
            }
            to.execute_batch("COMMIT").unwrap();
        }
    })
}

fn all(conn: &Connection, table: &str) -> Vec<Vec<Value>> {
    let mut statement = conn.prepare(&format!("SELECT * FROM {table}")).unwrap();
    let columns = statement.column_count();
    statement
        .query_map([], |row| (0..columns).map(|at| row.get(at)).collect())
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

/// Some thousand rows like those of a real catalogue.
fn made_up() -> Vec<ImportRow> {
    let row = |n: u32| {
        let line = format!(
            r#"{{"publisher":"publisher-{}","slug":"agent-{n}","kind":"whs_agent","upstreamId":"agt_{n}",
            "title":"Agent number {n}","summary":"Does what agents of its kind do, number {n} of many.",
            "tags":["agent","number"],"version":"1.{n}.0","updated":"2026-01","popularity":{n}}}"#,
            n / 2
        );
        ImportLine::parse(&line, false).unwrap().row
    };
    (0..4_000).map(row).collect()
}
