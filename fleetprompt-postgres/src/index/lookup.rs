//! The dictionary's answers, and entries as they are stored.

use std::collections::HashMap;

use fleetprompt_core::domain::Position;
use fleetprompt_core::port::{
    Frequencies, IndexEntry, PageSize, Quality, Record, RecordKind, StoreError, StoredEntry, Term,
    Token, Versioned, head,
};
use sqlx::postgres::PgRow;

use crate::error::Fault;
use crate::row::{self, RECORD, integer, natural, position, time};
use crate::session::Session;

use super::words::{join_runs, read_labels, term};

/// How many words are few: these are read in the order of the alphabet, and more of them in that of
/// their frequency.
const FEW: i64 = 64;

pub(super) async fn frequencies(
    mut session: Session<'_>,
    terms: Vec<Term>,
) -> Result<Frequencies, Fault> {
    let sql = format!("SELECT entries, counts FROM {}.frequencies_1($1)", session.schema());
    let statement = session.statement(sql).bind(texts(&terms));
    let row = session.one(statement).await?;
    let counts: Vec<i64> = row::get(&row, 1)?;
    let negative = |_| StoreError::Corrupt("a stored number is negative");
    let counts = counts.into_iter().map(|count| u64::try_from(count).map_err(negative));
    Ok(Frequencies { entries: natural(&row, 0)?, counts: counts.collect::<Result<_, _>>()? })
}

fn texts(terms: &[Term]) -> Vec<String> {
    terms.iter().map(|term| term.as_str().to_owned()).collect()
}

pub(super) async fn words(mut session: Session<'_>, words: Vec<Term>) -> Result<Vec<u64>, Fault> {
    let schema = session.schema();
    let sql = format!(
        "SELECT term, id, uses FROM {schema}.index_term WHERE term = ANY ($1) AND uses > 0"
    );
    let statement = session.statement(sql).bind(texts(&words));
    let rows = session.all(statement).await?;
    let mut found: HashMap<String, Vec<(i32, u64)>> = HashMap::new();
    for row in &rows {
        found.entry(row::get(row, 0)?).or_default().push((row::get(row, 1)?, natural(row, 2)?));
    }
    let mut counts = Vec::with_capacity(words.len());
    for word in &words {
        counts.push(match found.get(word.as_str()).map(Vec::as_slice) {
            None | Some([]) => 0,
            Some([(_, uses)]) => *uses,
            Some(several) => having(&mut session, several.iter().map(|(id, _)| *id)).await?,
        });
    }
    Ok(counts)
}

/// How many entries have any of these words: the same one with several stems, after the analysis has
/// changed. An entry may have it with each.
async fn having(session: &mut Session<'_>, ids: impl Iterator<Item = i32>) -> Result<u64, Fault> {
    let schema = session.schema();
    let sql = format!(
        "SELECT count(*) FROM {schema}.index_entry AS e WHERE e.words && $1 AND e.terms && ARRAY (
             SELECT s.id FROM {schema}.index_term AS w
             JOIN {schema}.index_term AS s ON s.term = w.stem AND s.stem = w.stem
             WHERE w.id = ANY ($1)
         )"
    );
    let statement = session.statement(sql).bind(ids.collect::<Vec<_>>());
    natural(&session.one(statement).await?, 0)
}

pub(super) async fn completions(
    mut session: Session<'_>,
    prefix: Term,
    limit: u16,
) -> Result<Vec<Token>, Fault> {
    let Some(head) = head(prefix.as_str()) else { return Ok(Vec::new()) };
    let sql = format!("SELECT term, stem FROM {}.completions_1($1, $2, $3, $4)", session.schema());
    let statement = session.statement(sql).bind(prefix.as_str().to_owned());
    let statement = statement.bind(head.to_owned()).bind(FEW).bind(i64::from(limit));
    let rows = session.all(statement).await?;
    let token =
        |row: &PgRow| Ok(Token { word: term(row::get(row, 0)?)?, stem: term(row::get(row, 1)?)? });
    rows.iter().map(token).collect()
}

pub(super) async fn listings(
    mut session: Session<'_>,
    ordinals: Vec<Position>,
) -> Result<Vec<Option<Versioned<Record>>>, Fault> {
    let schema = session.schema();
    let sql = format!("SELECT {RECORD} FROM {schema}.listing WHERE created = ANY ($1)");
    let asked: Vec<i64> = ordinals.iter().map(|ordinal| integer(ordinal.get())).collect();
    let statement = session.statement(sql).bind(asked);
    let rows = session.all(statement).await?;
    let mut found = HashMap::new();
    for row in &rows {
        let record = row::record(RecordKind::Listing, row)?;
        found.insert(record.created, record);
    }
    Ok(ordinals.iter().map(|ordinal| found.get(ordinal).cloned()).collect())
}

pub(crate) async fn entries(
    mut session: Session<'_>,
    after: Position,
    size: PageSize,
) -> Result<Vec<StoredEntry>, Fault> {
    let schema = session.schema();
    let sql = format!(
        "SELECT ordinal, quality, released_at, version, sort_name, labels, stems, written
         FROM {schema}.index_entry WHERE ordinal > $1 ORDER BY ordinal LIMIT $2"
    );
    let statement = session.statement(sql).bind(integer(after.get()));
    let rows = session.all(statement.bind(i64::from(size.get()))).await?;
    rows.iter().map(stored_entry).collect()
}

fn stored_entry(row: &PgRow) -> Result<StoredEntry, Fault> {
    let corrupt = StoreError::Corrupt("an entry of the index can't be read");
    let number = |n: i32| u16::try_from(n).map_err(|_| corrupt.clone());
    let name = String::from_utf8(row::get(row, 4)?).map_err(|_| corrupt.clone())?;
    let entry = IndexEntry {
        version: number(row::get(row, 3)?)?,
        quality: Quality::new(number(row::get::<i16>(row, 1)?.into())?),
        released_at: time(row, 2)?,
        sort_name: name,
        runs: join_runs(row::get(row, 6)?, row::get(row, 7)?)?,
        labels: read_labels(row::get(row, 5)?).map(term).collect::<Result<_, _>>()?,
    };
    Ok(StoredEntry { ordinal: position(row, 0)?, entry })
}
