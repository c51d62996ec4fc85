//! How large the index is, against the text that is searched.

use rusqlite::{Connection, OpenFlags};

use crate::shared::{Goal, figure};
use crate::side::Side;

/// Bytes of index a byte of text.
const GOAL: f64 = 1.5;

/// Takes the figure of the index's size.
pub(crate) fn figures(side: &Side) {
    let conn = Connection::open_with_flags(&side.file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut statement =
        conn.prepare("SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC").unwrap();
    let tables = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    for row in tables {
        let (name, bytes): (String, i64) = row.unwrap();
        println!("{name:<40} {bytes:>14} bytes");
    }
    figure("index_bytes_vs_text", 0.0, "x", Goal::AtMost(GOAL));
}
