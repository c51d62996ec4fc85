//! Matches, one after another, the best first.

use std::ops::ControlFlow;

use fleetprompt_core::domain::{Position, Timestamp};
use fleetprompt_core::port::Rank;
use rusqlite::{Connection, params};

use crate::error::Fault;
use crate::row::{integer, natural, time};

use super::plan::Plan;
use super::view::View;

/// The ranks alone.
const RANKS: &str = "SELECT rowid FROM index_text
     WHERE index_text MATCH ?1 AND rowid > ?2 AND rowid <= ?3 ORDER BY rowid";

/// The ranks, and what the entries hold. The low 40 bits of a rank are the ordinal.
const ENTRIES: &str = "SELECT t.rowid, e.released_at, e.sort_name, e.forward
     FROM index_text AS t CROSS JOIN index_entry AS e ON e.ordinal = (t.rowid & 1099511627775)
     WHERE t.index_text MATCH ?1 AND t.rowid > ?2 AND t.rowid <= ?3 ORDER BY t.rowid";

/// A part of the order of ranks.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    pub(super) after: Option<Rank>,
    pub(super) until: Option<Rank>,
}

impl Span {
    fn bounds(self) -> (i64, i64) {
        let number = |rank: Rank| integer(rank.number());
        (self.after.map_or(-1, number), self.until.map_or(i64::MAX, number))
    }
}

/// An entry that matches.
pub(super) struct Found<'a> {
    pub(super) rank: Rank,
    pub(super) released_at: Timestamp,
    pub(super) sort_name: &'a str,
    pub(super) document: View<'a>,
}

/// Calls `visit` with each match until it breaks.
pub(super) fn entries(
    conn: &Connection,
    plan: &Plan,
    span: Span,
    mut visit: impl FnMut(Found<'_>) -> ControlFlow<()>,
) -> Result<(), Fault> {
    let (after, until) = span.bounds();
    let mut statement = conn.prepare_cached(ENTRIES)?;
    let mut rows = statement.query(params![plan.expression, after, until])?;
    while let Some(row) = rows.next()? {
        let released_at = time(row, 1)?;
        let document = View::new(row.get_ref(3)?.as_blob().map_err(rusqlite::Error::from)?)?;
        if plan.tests.pass(released_at, document) {
            let sort_name = row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
            let rank = Rank::from_number(natural(row, 0)?);
            let found = Found { rank, released_at, sort_name, document };
            if visit(found).is_break() {
                break;
            }
        }
    }
    Ok(())
}

/// Calls `visit` with the rank of each match until it breaks.
pub(super) fn ranks(
    conn: &Connection,
    plan: &Plan,
    span: Span,
    mut visit: impl FnMut(Rank) -> ControlFlow<()>,
) -> Result<(), Fault> {
    if !plan.tests.is_empty() {
        return entries(conn, plan, span, |found| visit(found.rank));
    }
    let (after, until) = span.bounds();
    let mut statement = conn.prepare_cached(RANKS)?;
    let mut rows = statement.query(params![plan.expression, after, until])?;
    while let Some(row) = rows.next()? {
        if visit(Rank::from_number(natural(row, 0)?)).is_break() {
            break;
        }
    }
    Ok(())
}

/// The positions that created the listings of all matches, at most `most`, the best first.
pub(super) fn ordinals(
    conn: &Connection,
    plan: &Plan,
    most: usize,
) -> Result<Vec<Position>, Fault> {
    let mut ordinals = Vec::new();
    if most > 0 {
        ranks(conn, plan, Span::default(), |rank| {
            ordinals.push(rank.ordinal());
            if ordinals.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
    }
    Ok(ordinals)
}

#[cfg(test)]
pub(super) fn statements() -> Vec<(String, &'static str)> {
    vec![
        (RANKS.to_owned(), "VIRTUAL TABLE INDEX"),
        (ENTRIES.to_owned(), "SEARCH e USING INTEGER PRIMARY KEY"),
    ]
}
