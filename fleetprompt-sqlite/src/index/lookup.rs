//! The dictionary's answers, and entries as they are stored.

use std::collections::HashMap;

use fleetprompt_core::domain::Position;
use fleetprompt_core::port::{
    Frequencies, IndexEntry, PageSize, Quality, Record, RecordKind, Run, StoredEntry, Term, Token,
    Versioned, head,
};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::error::Fault;
use crate::row::{self, RECORD, integer, natural, position, time};

use super::dictionary::{self, Dictionary, parsed};
use super::forward::{Document, Id};
use super::plan::Plan;
use super::stream::{self, Span};

/// The level of the most frequent words of a head.
const HIGHEST: &str = "SELECT level FROM index_term INDEXED BY index_term_by_head
     WHERE substr(term, 1, CASE WHEN unicode(term) >= 11904 THEN 1 ELSE 2 END) = ?1 AND level > 0
     ORDER BY level DESC LIMIT 1";

/// The words of a head and a level, from a prefix on.
const OF_LEVEL: &str = "SELECT term, stem FROM index_term INDEXED BY index_term_by_head
     WHERE substr(term, 1, CASE WHEN unicode(term) >= 11904 THEN 1 ELSE 2 END) = ?1 AND level > 0
     AND level = ?2 AND term >= ?3 ORDER BY term";

pub(super) fn frequencies(conn: &Connection, terms: &[Term]) -> Result<Frequencies, Fault> {
    let mut dictionary = Dictionary::new(conn);
    let counts = terms.iter().map(|term| Ok(dictionary.term(term)?.map_or(0, |it| it.entries)));
    let counts = counts.collect::<Result<_, Fault>>()?;
    Ok(Frequencies { entries: dictionary.entries()?, counts })
}

pub(super) fn words(conn: &Connection, words: &[Term]) -> Result<Vec<u64>, Fault> {
    words.iter().map(|word| uses(conn, word)).collect()
}

/// How many entries have a word as it is written, whatever its stem.
fn uses(conn: &Connection, word: &Term) -> Result<u64, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT c.id, t.stem, c.uses FROM index_term AS t CROSS JOIN index_count AS c
         ON c.id = t.id WHERE t.term = ?1 AND c.uses > 0",
    )?;
    let mut rows = statement.query([word.as_str()])?;
    let mut found: Vec<(Id, Id, u64)> = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((natural(row, 0)?, natural(row, 1)?, natural(row, 2)?));
    }
    match found.as_slice() {
        [] => Ok(0),
        [(_, _, uses)] => Ok(*uses),
        // The same word with two stems, after the analysis has changed: an entry may have both.
        several => {
            let stems = several.iter().map(|(id, stem, _)| if *stem == 0 { *id } else { *stem });
            let plan = Plan::of_any(stems, several.iter().map(|(id, _, _)| *id));
            let mut entries = 0;
            stream::entries(conn, &plan, Span::default(), |_| {
                entries += 1;
                std::ops::ControlFlow::Continue(())
            })?;
            Ok(entries)
        }
    }
}

/// Words are asked for level by level, of which there are about twenty: each is read where the
/// prefix begins, and only as far as words are wanted.
pub(super) fn completions(
    conn: &Connection,
    prefix: &Term,
    limit: u16,
) -> Result<Vec<Token>, Fault> {
    let limit = usize::from(limit);
    let Some(head) = head(prefix.as_str()).filter(|_| limit > 0) else { return Ok(Vec::new()) };
    let highest = conn.prepare_cached(HIGHEST)?.query_row([head], |row| row.get(0)).optional()?;
    let highest: u8 = highest.unwrap_or_default();
    let mut tokens: Vec<Token> = Vec::new();
    for level in (1..=highest).rev() {
        if tokens.len() >= limit {
            break;
        }
        let mut of_level = of_level(conn, head, level, prefix.as_str(), limit - tokens.len())?;
        of_level.sort();
        tokens.append(&mut of_level);
    }
    tokens.truncate(limit);
    Ok(tokens)
}

/// The first words of a level that begin with the prefix, so many or more: the last one comes with
/// all of its stems.
fn of_level(
    conn: &Connection,
    head: &str,
    level: u8,
    prefix: &str,
    wanted: usize,
) -> Result<Vec<Token>, Fault> {
    let mut statement = conn.prepare_cached(OF_LEVEL)?;
    let mut rows = statement.query(params![head, level, prefix])?;
    let mut found: Vec<Token> = Vec::new();
    while let Some(row) = rows.next()? {
        let text = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        let is_next = found.last().is_none_or(|last| last.word.as_str() != text);
        if !text.starts_with(prefix) || (is_next && found.len() >= wanted) {
            break;
        }
        let word = parsed(text)?;
        let stem = match natural(row, 1)? {
            0 => word.clone(),
            stem => dictionary::term(conn, stem)?.0,
        };
        found.push(Token { word, stem });
    }
    Ok(found)
}

pub(super) fn listings(
    conn: &Connection,
    ordinals: &[Position],
) -> Result<Vec<Option<Versioned<Record>>>, Fault> {
    let sql = format!("SELECT {RECORD} FROM listing WHERE created = ?1");
    let mut statement = conn.prepare_cached(&sql)?;
    let mut found = Vec::with_capacity(ordinals.len());
    for ordinal in ordinals {
        let mut rows = statement.query([integer(ordinal.get())])?;
        found.push(rows.next()?.map(|row| row::record(RecordKind::Listing, row)).transpose()?);
    }
    Ok(found)
}

pub(crate) fn entries(
    conn: &Connection,
    after: Position,
    size: PageSize,
) -> Result<Vec<StoredEntry>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT ordinal, quality, released_at, version, sort_name, forward FROM index_entry
         WHERE ordinal > ?1 ORDER BY ordinal LIMIT ?2",
    )?;
    let mut rows = statement.query(params![integer(after.get()), size.get()])?;
    let mut terms = Terms { conn, known: HashMap::new() };
    let mut document = Document::default();
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        document.read(row.get_ref(5)?.as_blob().map_err(rusqlite::Error::from)?)?;
        let runs = document.runs().map(|(field, words)| {
            let tokens = words.iter().map(|word| terms.token(*word)).collect::<Result<_, _>>()?;
            Ok(Run { field, tokens })
        });
        let runs = runs.collect::<Result<_, Fault>>()?;
        let labels = document.labels().iter().map(|(_, label)| Ok(terms.term(*label)?.0));
        let entry = IndexEntry {
            version: row.get(3)?,
            quality: Quality::new(row.get(1)?),
            released_at: time(row, 2)?,
            sort_name: row.get(4)?,
            runs,
            labels: labels.collect::<Result<_, Fault>>()?,
        };
        entries.push(StoredEntry { ordinal: position(row, 0)?, entry });
    }
    Ok(entries)
}

/// Terms by their ids.
struct Terms<'c> {
    conn: &'c Connection,
    known: HashMap<Id, (Term, Id)>,
}

impl Terms<'_> {
    fn term(&mut self, id: Id) -> Result<(Term, Id), Fault> {
        if let Some(known) = self.known.get(&id) {
            return Ok(known.clone());
        }
        let found = dictionary::term(self.conn, id)?;
        self.known.insert(id, found.clone());
        Ok(found)
    }

    fn token(&mut self, word: Id) -> Result<Token, Fault> {
        let (word, stem) = self.term(word)?;
        let stem = if stem == 0 { word.clone() } else { self.term(stem)?.0 };
        Ok(Token { word, stem })
    }
}

#[cfg(test)]
pub(super) fn statements() -> Vec<(String, &'static str)> {
    vec![
        (HIGHEST.to_owned(), "USING COVERING INDEX index_term_by_head (<expr>=? AND level>?)"),
        (OF_LEVEL.to_owned(), "USING INDEX index_term_by_head (<expr>=? AND level=? AND term>?)"),
    ]
}
