//! Matches, one after another, in an order.

use std::collections::HashMap;

use fleetprompt_core::domain::Position;
use fleetprompt_core::port::StoreError;
use sqlx::postgres::PgRow;

use crate::error::Fault;
use crate::row::{self, integer, natural, position};
use crate::session::Session;

use super::order::{FOUND, Found, Span};
use super::question::Question;
use super::words::Words;

/// How many entries a walk tests at a time, at first and at most.
const CHUNK: u64 = 128;
const CHUNK_MOST: u64 = 4_096;
/// How many texts are read at a time.
const TEXTS: usize = 200;

/// An entry that matches.
pub(super) struct Match {
    pub(super) found: Found,
    /// Its words and labels; empty if nobody needs them.
    pub(super) texts: Texts,
}

/// What an entry holds.
#[derive(Debug, Default)]
pub(super) struct Texts {
    pub(super) runs: String,
    pub(super) labels: String,
}

/// Which texts of the matches are needed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Need {
    pub(super) runs: bool,
    pub(super) labels: bool,
}

/// The first matches of a span, at most `limit`.
pub(super) async fn matches(
    session: &mut Session<'_>,
    question: &Question,
    mut span: Span,
    limit: usize,
    need: Need,
) -> Result<Vec<Match>, Fault> {
    let mut kept = Kept { question, limit, need, matches: Vec::new() };
    if limit == 0 {
        return Ok(kept.matches);
    }
    let mut patience = patience(question, limit);
    let mut chunk = CHUNK;
    while patience > 0 {
        let Walked { found, entries, last } = walk(session, question, &span, chunk).await?;
        kept.add(session, found).await?;
        let Some(last) = last.filter(|_| entries == chunk && !kept.is_full()) else {
            return Ok(kept.matches);
        };
        span = span.behind(last);
        patience = patience.saturating_sub(entries);
        chunk = (2 * chunk).min(CHUNK_MOST);
    }
    let rest = limit - kept.matches.len();
    let found = collect(session, question, &span, question.is_exact().then_some(rest)).await?;
    kept.add(session, found).await?;
    Ok(kept.matches)
}

/// How many entries may be walked along before all matches are collected. The matches of the rarest
/// clause are what collecting reads; if that many entries, walked along, would hold enough of them,
/// walking is worth a try.
fn patience(question: &Question, limit: usize) -> u64 {
    let Some(most) = question.most() else { return u64::MAX };
    let expected = (limit as u64).saturating_mul(question.entries) / most.max(1);
    if expected < most { most } else { 0 }
}

/// The matches so far.
struct Kept<'q> {
    question: &'q Question,
    limit: usize,
    need: Need,
    matches: Vec<Match>,
}

impl Kept<'_> {
    fn is_full(&self) -> bool {
        self.matches.len() >= self.limit
    }

    /// Adds those that pass what the server could not test.
    async fn add(&mut self, session: &mut Session<'_>, found: Vec<Found>) -> Result<(), Fault> {
        let exact = self.question.is_exact();
        let need = Need { runs: self.need.runs || !exact, labels: self.need.labels || !exact };
        for chunk in found.chunks(TEXTS) {
            let room = self.limit - self.matches.len();
            let chunk = if exact { chunk.get(..room).unwrap_or(chunk) } else { chunk };
            let mut texts = texts(session, chunk, need).await?;
            for found in chunk {
                if self.is_full() {
                    return Ok(());
                }
                let texts = texts.remove(&found.ordinal).unwrap_or_default();
                if exact || self.question.passes(&Words::read(&texts.runs)?, &texts.labels) {
                    self.matches.push(Match { found: found.clone(), texts });
                }
            }
        }
        Ok(())
    }
}

/// What a walk found.
struct Walked {
    found: Vec<Found>,
    /// How many entries it passed.
    entries: u64,
    /// Where it ended.
    last: Option<Found>,
}

/// Tests the next entries in their order. The planner can't choose another way: what is tested is
/// no condition of the part that is read from an index.
async fn walk(
    session: &mut Session<'_>,
    question: &Question,
    span: &Span,
    chunk: u64,
) -> Result<Walked, Fault> {
    let schema = session.schema();
    let (part, before) = span.condition();
    let condition = question.condition(before + 1);
    let (order, limit) = (span.order_by(), before + 1);
    let sql = format!(
        "SELECT {FOUND}, e.ok, e.place, e.last FROM (
             SELECT w.*, row_number() OVER () AS place,
                 row_number() OVER () = count(*) OVER () AS last
             FROM (
                 SELECT {FOUND}, ({condition}) AS ok FROM {schema}.index_entry AS e
                 WHERE {part} ORDER BY {order} LIMIT ${limit}
             ) AS w
         ) AS e WHERE e.ok OR e.last ORDER BY e.place"
    );
    let statement = span.bind(session.statement(sql)).bind(integer(chunk));
    let statement = question.bind(statement);
    let rows = session.all(statement).await?;
    let mut walked = Walked { found: Vec::with_capacity(rows.len()), entries: 0, last: None };
    for row in &rows {
        let found = Found::read(row)?;
        if row::get(row, 6)? {
            walked.entries = natural(row, 5)?;
            walked.last = Some(found.clone());
        }
        if row::get(row, 4)? {
            walked.found.push(found);
        }
    }
    Ok(walked)
}

/// Has the GIN index find all matches, sorts them, and answers those of the span, at most `limit`.
/// The planner can't read an order instead: the part that finds has none.
async fn collect(
    session: &mut Session<'_>,
    question: &Question,
    span: &Span,
    limit: Option<usize>,
) -> Result<Vec<Found>, Fault> {
    let schema = session.schema();
    let (part, before) = span.condition();
    let condition = question.condition(before + 1);
    let (order, limit_place) = (span.order_by(), before + 1);
    let sql = format!(
        "WITH found AS MATERIALIZED (
             SELECT {FOUND} FROM {schema}.index_entry AS e WHERE {condition}
         )
         SELECT {FOUND} FROM found AS e WHERE {part} ORDER BY {order} LIMIT ${limit_place}"
    );
    let limit = limit.map(|limit| i64::try_from(limit).unwrap_or(i64::MAX));
    let statement = span.bind(session.statement(sql)).bind(limit);
    let statement = question.bind(statement);
    let rows = session.all(statement).await?;
    rows.iter().map(Found::read).collect()
}

async fn texts(
    session: &mut Session<'_>,
    found: &[Found],
    need: Need,
) -> Result<HashMap<Position, Texts>, Fault> {
    if found.is_empty() || !(need.runs || need.labels) {
        return Ok(HashMap::new());
    }
    let schema = session.schema();
    let column = |needed, name| if needed { name } else { "''" };
    let sql = format!(
        "SELECT ordinal, {}, {} FROM {schema}.index_entry WHERE ordinal = ANY ($1)",
        column(need.runs, "runs"),
        column(need.labels, "labels"),
    );
    let ordinals: Vec<i64> = found.iter().map(|found| integer(found.ordinal.get())).collect();
    let statement = session.statement(sql).bind(ordinals);
    let rows = session.all(statement).await?;
    if rows.len() != found.len() {
        return Err(StoreError::Corrupt("an entry of the index vanished").into());
    }
    let read = |row: &PgRow| {
        Ok((position(row, 0)?, Texts { runs: row::get(row, 1)?, labels: row::get(row, 2)? }))
    };
    rows.iter().map(read).collect()
}
