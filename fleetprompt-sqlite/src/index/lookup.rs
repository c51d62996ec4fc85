//! The dictionary's answers, and entries as they are stored.

use std::collections::HashMap;

use fleetprompt_core::domain::Position;
use fleetprompt_core::port::{
    Frequencies, IndexEntry, PageSize, Quality, Record, RecordKind, Run, StoredEntry, Term, Token,
    Versioned, head,
};
use rusqlite::{Connection, params};

use crate::error::Fault;
use crate::row::{self, RECORD, integer, natural, position, time};

use super::dictionary::{self, Dictionary, parsed};
use super::forward::{Document, Id};
use super::plan::Plan;
use super::stream::{self, Span};

/// How many words of the same head are looked at in the order of their frequency before those with
/// the prefix are looked at in the order of the alphabet.
const FREQUENT_MOST: usize = 1_000;
/// How many words are few: reading so many costs about as much as the frequent ones of a head do.
const FEW: usize = 400;

/// How long a prefix is that many words have, in characters.
const SHORT: usize = 2;

/// Words of a head, the most frequent first.
const BY_LEVEL: &str = "SELECT level, term, stem FROM index_term INDEXED BY index_term_by_head
     WHERE substr(term, 1, CASE WHEN unicode(term) >= 11904 THEN 1 ELSE 2 END) = ?1 AND level > 0
     ORDER BY level DESC, term";

/// Terms in the order of the alphabet.
const BY_NAME: &str = "SELECT level, term, stem FROM index_term INDEXED BY index_term_by_name
     WHERE term >= ?1 ORDER BY term, stem";

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

/// A word that begins as it should.
struct Completion {
    level: u8,
    word: String,
    stem: Id,
}

pub(super) fn completions(
    conn: &Connection,
    prefix: &Term,
    limit: u16,
) -> Result<Vec<Token>, Fault> {
    let limit = usize::from(limit);
    let Some(head) = head(prefix.as_str()).filter(|_| limit > 0) else { return Ok(Vec::new()) };
    let prefix = prefix.as_str();
    // Of what has hardly been begun, the most frequent words are soon found; of what is almost
    // finished, all are few.
    let begun = prefix.chars().count() <= SHORT;
    let mut found = if begun { frequent(conn, head, prefix, limit)? } else { few(conn, prefix)? };
    if found.is_none() {
        found = if begun { few(conn, prefix)? } else { frequent(conn, head, prefix, limit)? };
    }
    let found = match found {
        Some(found) => found,
        None => beginning(conn, prefix, usize::MAX)?,
    };
    let mut tokens = Vec::with_capacity(found.len());
    for Completion { level, word, stem } in found {
        let word = parsed(&word)?;
        let stem = if stem == 0 { word.clone() } else { dictionary::term(conn, stem)?.0 };
        tokens.push((std::cmp::Reverse(level), Token { word, stem }));
    }
    tokens.sort();
    tokens.truncate(limit);
    Ok(tokens.into_iter().map(|(_, token)| token).collect())
}

/// The most frequent words of a head that begin with the prefix; `None` if too many others are
/// more frequent. The last of them may come with others of its spelling.
fn frequent(
    conn: &Connection,
    head: &str,
    prefix: &str,
    limit: usize,
) -> Result<Option<Vec<Completion>>, Fault> {
    let mut statement = conn.prepare_cached(BY_LEVEL)?;
    let mut rows = statement.query([head])?;
    let mut found: Vec<Completion> = Vec::new();
    let mut passed = 0;
    while let Some(row) = rows.next()? {
        let word = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        if word.starts_with(prefix) {
            if found.len() >= limit && found.last().is_none_or(|last| last.word != word) {
                break;
            }
            let word = word.to_owned();
            found.push(Completion { level: row.get(0)?, word, stem: natural(row, 2)? });
        } else {
            passed += 1;
            if passed == FREQUENT_MOST {
                return Ok(None);
            }
        }
    }
    Ok(Some(found))
}

/// All words that begin with the prefix, if they are few: most of those that somebody has almost
/// finished, or misspelt.
fn few(conn: &Connection, prefix: &str) -> Result<Option<Vec<Completion>>, Fault> {
    let found = beginning(conn, prefix, FEW)?;
    Ok((found.len() < FEW).then_some(found))
}

/// The words that begin with the prefix, at most so many.
fn beginning(conn: &Connection, prefix: &str, most: usize) -> Result<Vec<Completion>, Fault> {
    let mut statement = conn.prepare_cached(BY_NAME)?;
    let mut rows = statement.query([prefix])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let word: String = row.get(1)?;
        if !word.starts_with(prefix) {
            break;
        }
        let level = row.get(0)?;
        if level > 0 {
            found.push(Completion { level, word, stem: natural(row, 2)? });
        }
        if found.len() == most {
            break;
        }
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

pub(super) fn entries(
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
        (BY_LEVEL.to_owned(), "USING INDEX index_term_by_head (<expr>=? AND level>?)"),
        (BY_NAME.to_owned(), "USING INDEX index_term_by_name (term>?)"),
    ]
}
