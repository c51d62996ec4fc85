//! Whether the search index agrees with itself: the forward documents say what the full-text table
//! and the counts must hold.

use std::collections::HashMap;

use fleetprompt_core::domain::Position;
use fleetprompt_core::port::{Quality, Rank, frequency_level};
use rusqlite::Connection;

use crate::error::Fault;
use crate::index::{Document, EVERY, Id, Seen, rebuild};
use crate::row::{natural, position};

use super::CheckReport;

/// A term's row, and what the entries say about it.
#[derive(Default)]
struct Term {
    named: bool,
    stem: Id,
    level: u8,
    stored: (u64, u64),
    entries: u64,
    uses: u64,
}

pub(super) fn check(conn: &Connection, report: &mut CheckReport) -> Result<(), Fault> {
    let mut terms = terms(conn)?;
    let expected = entries(conn, &mut terms, report)?;
    // A rebuild that is under way tidies up when it ends.
    let rebuilding = rebuild::reached(conn)?.is_some();
    counts(&terms, !rebuilding, report);
    full_text(conn, expected, report)
}

fn terms(conn: &Connection) -> Result<HashMap<Id, Term>, Fault> {
    let mut terms = HashMap::from([(EVERY, Term { named: true, ..Term::default() })]);
    let mut statement = conn.prepare("SELECT id, stem, level FROM index_term")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (stem, level) = (natural(row, 1)?, row.get(2)?);
        let term = Term { named: true, stem, level, ..Term::default() };
        terms.insert(natural(row, 0)?, term);
    }
    let mut statement = conn.prepare("SELECT id, entries, uses FROM index_count")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        terms.entry(natural(row, 0)?).or_default().stored = (natural(row, 1)?, natural(row, 2)?);
    }
    Ok(terms)
}

/// Counts what the entries hold; answers a sum over the ids that find each.
fn entries(
    conn: &Connection,
    terms: &mut HashMap<Id, Term>,
    report: &mut CheckReport,
) -> Result<HashMap<Rank, u64>, Fault> {
    let mut statement = conn.prepare(
        "SELECT e.ordinal, e.quality, e.forward, l.id IS NULL
         FROM index_entry AS e LEFT JOIN listing AS l ON l.created = e.ordinal",
    )?;
    let mut rows = statement.query([])?;
    let mut document = Document::default();
    let mut sums = HashMap::new();
    let (mut orphans, mut unreadable) = (0, 0);
    while let Some(row) = rows.next()? {
        let ordinal: Position = position(row, 0)?;
        let rank = Rank::new(Quality::new(row.get(1)?), ordinal);
        orphans += u64::from(row.get::<_, bool>(3)?);
        let bytes = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
        let stem = |word| {
            let stem = terms.get(&word).map(|term| term.stem)?;
            Some(if stem == 0 { word } else { stem })
        };
        let Some(seen) = document.read(bytes).ok().and_then(|()| Seen::new(&document, stem)) else {
            unreadable += 1;
            continue;
        };
        let mut sum = mixed(EVERY);
        for id in &seen.terms {
            sum = sum.wrapping_add(mixed(*id));
            terms.entry(*id).or_default().entries += 1;
        }
        for id in &seen.words {
            terms.entry(*id).or_default().uses += 1;
        }
        terms.entry(EVERY).or_default().entries += 1;
        sums.insert(rank, sum);
    }
    report.find("index_entry", "the listing is not there", orphans);
    report.find("index_entry", "the forward document can't be read", unreadable);
    Ok(sums)
}

fn counts(terms: &HashMap<Id, Term>, tidy: bool, report: &mut CheckReport) {
    let (mut differ, mut steps, mut unused, mut missing) = (0, 0, 0, 0);
    for (id, term) in terms {
        let counted = (term.entries, term.uses);
        differ += u64::from(term.stored != counted);
        steps += u64::from(*id != EVERY && term.level != frequency_level(term.uses));
        unused += u64::from(tidy && *id != EVERY && counted == (0, 0));
        missing += u64::from(!term.named);
    }
    report.find("index_count", "differs from what the entries say", differ);
    report.find("index_term", "the level is not that of its count", steps);
    report.find("index_term", "no entry has the term", unused);
    report.find("index_term", "the term is not there", missing);
}

/// Reads the whole full-text table, entry by entry of every term.
fn full_text(
    conn: &Connection,
    mut expected: HashMap<Rank, u64>,
    report: &mut CheckReport,
) -> Result<(), Fault> {
    // A way of reading what the table holds, for this connection alone.
    conn.execute_batch(
        "CREATE VIRTUAL TABLE temp.index_text_terms USING fts5vocab(main, index_text, instance)",
    )?;
    let mut strange = 0;
    {
        let mut statement = conn.prepare("SELECT term, doc FROM temp.index_text_terms")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let term = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
            match Id::from_str_radix(term, 36) {
                Ok(id) => {
                    let sum = expected.entry(Rank::from_number(natural(row, 1)?)).or_default();
                    *sum = sum.wrapping_sub(mixed(id));
                }
                Err(_) => strange += 1,
            }
        }
    }
    conn.execute_batch("DROP TABLE temp.index_text_terms")?;
    let differ = expected.values().filter(|rest| **rest != 0).count();
    report.find("index_text", "does not find what the entry says", differ as u64);
    report.find("index_text", "is no id", strange);
    Ok(())
}

/// Spreads an id over all bits, so that sums tell sets apart.
fn mixed(id: Id) -> u64 {
    let mut n = id.wrapping_add(0x9e37_79b9_7f4a_7c15);
    n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}
