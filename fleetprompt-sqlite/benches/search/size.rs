//! How large the index is, against the text that is searched.

use rusqlite::{Connection, OpenFlags};

use crate::shared::{Goal, figure};
use crate::side::Side;

/// Bytes of index a byte of text.
const GOAL: f64 = 1.5;

/// What belongs to the index: its tables, those that SQLite keeps for them, and all their indexes;
/// and the way from a position to its listing.
const OF_INDEX: &str = "tbl_name GLOB 'index_*' OR name = 'listing_by_creation'";

/// Takes the figure of the index's size.
pub(crate) fn figures(side: &Side) {
    let conn = Connection::open_with_flags(&side.file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let sql = format!(
        "SELECT name, sum(pgsize) FROM dbstat
         WHERE name IN (SELECT name FROM sqlite_schema WHERE {OF_INDEX})
         GROUP BY name ORDER BY 2 DESC"
    );
    let mut statement = conn.prepare(&sql).unwrap();
    let parts = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let parts: Vec<(String, i64)> = parts.collect::<Result<_, _>>().unwrap();
    for (name, bytes) in &parts {
        println!("{name:<40} {:>12.1} MB", *bytes as f64 / 1e6);
    }
    let index: i64 = parts.iter().map(|(_, bytes)| bytes).sum();
    let text = side.texts.bytes as f64;
    println!("{:<40} {:>12.1} MB", "the text that is searched", text / 1e6);
    let file = side.file.metadata().unwrap().len();
    println!("{:<40} {:>12.1} MB", "the whole file", file as f64 / 1e6);
    figure("index_bytes_vs_text", index as f64 / text, "x", Goal::AtMost(GOAL));
}
