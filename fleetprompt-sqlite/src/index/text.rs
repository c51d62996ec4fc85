//! The full-text table: which entries each term finds, in the order of their ranks.

use fleetprompt_core::domain::Position;
use fleetprompt_core::port::Rank;
use rusqlite::{Connection, params};

use crate::error::Fault;
use crate::row::integer;

use super::forward::Id;
use super::ids::Seen;

/// The id that stands for no term and that every entry has.
pub(crate) const EVERY: Id = 0;

/// What changes in the table.
#[derive(Default)]
pub(super) struct Changes(Vec<Change>);

/// Ordered as FTS5 wants it: by row, and what leaves a row before what comes.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Change {
    rank: Rank,
    adds: bool,
    text: String,
}

impl Changes {
    pub(super) fn add(&mut self, rank: Rank, seen: &Seen) {
        self.0.push(Change { rank, adds: true, text: text(seen) });
    }

    pub(super) fn remove(&mut self, rank: Rank, seen: &Seen) {
        self.0.push(Change { rank, adds: false, text: text(seen) });
    }

    /// Writes the changes to a table of texts.
    pub(super) fn write(&mut self, conn: &Connection, table: &str) -> Result<(), Fault> {
        self.0.sort();
        let add = format!("INSERT INTO {table} (rowid, ids) VALUES (?1, ?2)");
        // Without the texts, FTS5 has to be told what it is to forget.
        let remove = format!("INSERT INTO {table} ({table}, rowid, ids) VALUES ('delete', ?1, ?2)");
        for Change { rank, adds, text } in &self.0 {
            conn.prepare_cached(if *adds { &add } else { &remove })?
                .execute(params![integer(rank.number()), text])?;
        }
        Ok(())
    }

    /// Leaves only the changes of entries up to this one.
    pub(super) fn retain_until(&mut self, last: Position) {
        self.0.retain(|change| change.rank.ordinal() <= last);
    }
}

/// The text of an entry: what finds it.
pub(super) fn text(seen: &Seen) -> String {
    let mut text = String::with_capacity(5 * seen.terms.len() + 1);
    push(&mut text, EVERY);
    for id in &seen.terms {
        text.push(' ');
        push(&mut text, *id);
    }
    text
}

/// Appends an id in base 36.
pub(super) fn push(text: &mut String, mut id: Id) {
    let mut digits = [0_u8; 13];
    let mut length = 0;
    for digit in digits.iter_mut().rev() {
        *digit = match (id % 36) as u8 {
            n @ 0..=9 => b'0' + n,
            n => b'a' + n - 10,
        };
        id /= 36;
        length += 1;
        if id == 0 {
            break;
        }
    }
    text.extend(digits.iter().skip(digits.len() - length).map(|digit| char::from(*digit)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_in_base_36() {
        let written = |id| {
            let mut text = String::new();
            push(&mut text, id);
            text
        };
        for id in [0, 1, 9, 10, 35, 36, 1_295, 1_296, 123_456_789, u64::MAX] {
            assert_eq!(u64::from_str_radix(&written(id), 36), Ok(id));
        }
        assert_eq!(written(EVERY), "0");
        assert_eq!(written(36), "10");
    }
}
