//! The integrity check.

mod index;

use std::fmt;

use fleetprompt_core::domain::Position;
use fleetprompt_core::port::{Head, RecordKind};
use rusqlite::Connection;

use crate::error::Fault;
use crate::read;
use crate::row::{self, position, time};

/// How many of SQLite's own findings are reported.
const PAGES_MOST: u32 = 100;

/// What a check found. See [`SqliteStore::check`](crate::SqliteStore::check).
///
/// ```
/// use fleetprompt_sqlite::CheckReport;
/// let report = CheckReport { records: 3, events: 2, findings: vec![] };
/// assert!(report.is_clean());
/// assert_eq!(report.to_string(), "3 records and 2 events read, 0 findings");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// How many records were read.
    pub records: u64,
    /// How many events were read.
    pub events: u64,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

impl CheckReport {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    fn find(&mut self, table: &'static str, wrong: &'static str, rows: u64) {
        if rows > 0 {
            self.findings.push(Finding::Rows { table, wrong, rows });
        }
    }
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CheckReport { records, events, findings } = self;
        write!(f, "{records} records and {events} events read, {} findings", findings.len())?;
        findings.iter().try_for_each(|finding| write!(f, "\n{finding}"))
    }
}

/// Something that is wrong. Names tables, pages and numbers of rows, never a value.
///
/// ```
/// use fleetprompt_sqlite::Finding;
/// let finding = Finding::Unreadable { table: "listing" };
/// assert_eq!(finding.to_string(), "listing: can't be read to its end");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Finding {
    /// The file's structure is damaged; in SQLite's words.
    #[error("structure: {0}")]
    Structure(String),
    /// A table could not be read to its end.
    #[error("{table}: can't be read to its end")]
    Unreadable {
        /// The table.
        table: &'static str,
    },
    /// Rows do not say what they should.
    #[error("{table}: {rows} rows: {wrong}")]
    Rows {
        /// The table.
        table: &'static str,
        /// What is wrong with them.
        wrong: &'static str,
        /// How many there are.
        rows: u64,
    },
}

/// Checks everything, in one snapshot.
pub(super) fn check(conn: &Connection) -> Result<CheckReport, Fault> {
    // Given up in the end: on a damaged file, SQLite refuses even to commit what only read.
    let snapshot = conn.unchecked_transaction()?;
    let mut report = CheckReport::default();
    if structure(&snapshot, &mut report).is_err() {
        report.findings.push(Finding::Unreadable { table: "sqlite_schema" });
    }
    match read::head(&snapshot) {
        Ok(head) => rows(&snapshot, &head, &mut report),
        Err(_) => report.findings.push(Finding::Unreadable { table: "log_head" }),
    }
    Ok(report)
}

fn rows(conn: &Connection, head: &Head, report: &mut CheckReport) {
    for kind in RecordKind::ALL {
        if records(conn, *kind, head, report).is_err() {
            report.findings.push(Finding::Unreadable { table: kind.name() });
        }
    }
    if events(conn, head, report).is_err() {
        report.findings.push(Finding::Unreadable { table: "event" });
    }
    if index::check(conn, report).is_err() {
        report.findings.push(Finding::Unreadable { table: "index" });
    }
}

fn structure(conn: &Connection, report: &mut CheckReport) -> Result<(), Fault> {
    let sql = format!("PRAGMA integrity_check({PAGES_MOST})");
    let mut statement = conn.prepare(&sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let words: String = row.get(0)?;
        if words != "ok" {
            report.findings.push(Finding::Structure(words));
        }
    }
    let mut statement = conn.prepare("PRAGMA foreign_key_check")?;
    let mut rows = statement.query([])?;
    let mut orphans = 0;
    while rows.next()?.is_some() {
        orphans += 1;
    }
    report.find("(all)", "refer to a row that is not there", orphans);
    Ok(())
}

fn records(
    conn: &Connection,
    kind: RecordKind,
    head: &Head,
    report: &mut CheckReport,
) -> Result<(), Fault> {
    let table = kind.name();
    let sql = format!("SELECT {} FROM {table}", row::whole(kind));
    let mut statement = conn.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let (mut unreadable, mut elsewhere, mut beside, mut out_of_log) = (0, 0, 0, 0);
    while let Some(row) = rows.next()? {
        report.records += 1;
        let Ok(found) = row::record(kind, row) else {
            unreadable += 1;
            continue;
        };
        out_of_log += u64::from(found.created > found.changed || found.changed > head.last);
        elsewhere += u64::from(row.get_ref(4)?.as_str().ok() != Some(found.value.key().id()));
        beside += u64::from(!row::agrees(row, 5, &found.value)?);
    }
    report.find(table, "the document can't be read", unreadable);
    report.find(table, "the document belongs under another key", elsewhere);
    report.find(table, "a column differs from the document", beside);
    report.find(table, "a position is not in the log", out_of_log);
    Ok(())
}

fn events(conn: &Connection, head: &Head, report: &mut CheckReport) -> Result<(), Fault> {
    let mut statement =
        conn.prepare("SELECT position, at, doc, feed_position FROM event ORDER BY position")?;
    let mut rows = statement.query([])?;
    let (mut last, mut feed_last) = (head.pruned, head.feed_pruned);
    let (mut gaps, mut unreadable, mut beside, mut late) = (0, 0, 0, 0);
    while let Some(row) = rows.next()? {
        report.events += 1;
        let mut dense = follows(&mut last, position(row, 0)?);
        let in_feed = row.get::<_, Option<i64>>(3)?.is_some();
        if in_feed {
            dense &= follows(&mut feed_last, position(row, 3)?);
        }
        gaps += u64::from(!dense);
        let at = time(row, 1)?;
        late += u64::from(at > head.at);
        match read::event(row, 2) {
            Ok(event) => beside += u64::from(event.at != at || event.feed.is_some() != in_feed),
            Err(_) => unreadable += 1,
        }
    }
    report.find("event", "the document can't be read", unreadable);
    report.find("event", "a column differs from the document", beside);
    report.find("event", "the position leaves a gap", gaps);
    report.find("event", "later than the log's head", late);
    let ends = u64::from(last != head.last) + u64::from(feed_last != head.feed_last);
    report.find("log_head", "does not stand where the log ends", ends);
    Ok(())
}

/// Whether `next` comes right after `last`, which it becomes.
fn follows(last: &mut Position, next: Position) -> bool {
    let dense = next == last.next();
    *last = next;
    dense
}
