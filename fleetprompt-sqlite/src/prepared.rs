//! A commit made ready for writing, by whoever asks for it: the one writer has more to do than to
//! encode.

use std::sync::Arc;

use fleetprompt_core::domain::{Event, Revision, Timestamp};
use fleetprompt_core::port::{
    Change, ClaimedName, Column, ColumnValue, Commit, Counter, Expectation, NameOwner, NewReceipt,
    Record, RecordKey, StoreError, Within,
};

use crate::index::NewEntry;

/// A commit, encoded.
pub(crate) struct Prepared {
    pub(crate) receipt: Option<NewReceipt>,
    /// What is to be written, or why nothing can be. The receipt goes before this error.
    pub(crate) body: Result<Body, StoreError>,
}

pub(crate) struct Body {
    pub(crate) expectations: Vec<Expectation>,
    pub(crate) writes: Vec<Write>,
    pub(crate) claims: Vec<Claim>,
    pub(crate) events: Vec<NewEvent>,
    /// Entries of listings in the search index; `None` to remove one.
    pub(crate) indexed: Vec<(RecordKey, Option<Arc<NewEntry>>)>,
}

/// A record that is put or deleted.
pub(crate) struct Write {
    pub(crate) key: RecordKey,
    pub(crate) expected: Option<Revision>,
    /// What the record is to be; `None` to delete it.
    pub(crate) row: Option<NewRow>,
}

pub(crate) struct NewRow {
    pub(crate) doc: String,
    /// The kind's columns with their values, in the kind's order.
    pub(crate) columns: Vec<(Column, ColumnValue)>,
}

/// What is tested and changed in the order given.
pub(crate) enum Claim {
    Count { counter: Counter, by: i64, within: Within },
    Take { name: ClaimedName, owner: NameOwner },
    GiveUp { name: ClaimedName, owner: NameOwner },
}

pub(crate) struct NewEvent {
    pub(crate) at: Timestamp,
    pub(crate) doc: String,
    pub(crate) in_feed: bool,
}

impl Prepared {
    pub(crate) fn new(commit: Commit) -> Self {
        let checked = commit.check();
        let Commit { receipt, expectations, changes, events } = commit;
        let body = checked.and_then(|()| Body::new(expectations, changes, &events));
        Prepared { receipt, body }
    }
}

impl Body {
    fn new(
        expectations: Vec<Expectation>,
        changes: Vec<Change>,
        events: &[Event],
    ) -> Result<Self, StoreError> {
        let (mut writes, mut claims, mut indexed) = (Vec::new(), Vec::new(), Vec::new());
        for change in changes {
            match change {
                Change::Put { record, expected } => {
                    let row = Some(new_row(&record)?);
                    writes.push(Write { key: record.key(), expected, row });
                }
                Change::Delete { key, expected } => {
                    writes.push(Write { key, expected: Some(expected), row: None });
                }
                Change::Count { counter, by, within } => {
                    claims.push(Claim::Count { counter, by, within });
                }
                Change::ClaimName { name, owner } => claims.push(Claim::Take { name, owner }),
                Change::ReleaseName { name, owner } => claims.push(Claim::GiveUp { name, owner }),
                Change::Index { listing, entry } => {
                    let entry = entry.map(|entry| Arc::new(NewEntry::new(*entry)));
                    indexed.push((RecordKey::listing(listing), entry));
                }
            }
        }
        let events = events.iter().map(new_event).collect::<Result<_, _>>()?;
        Ok(Body { expectations, writes, claims, events, indexed })
    }
}

pub(crate) fn new_row(record: &Record) -> Result<NewRow, StoreError> {
    Ok(NewRow { doc: record.encode()?, columns: columns(record)? })
}

/// The values of a record's columns, in the order of its kind.
pub(crate) fn columns(record: &Record) -> Result<Vec<(Column, ColumnValue)>, StoreError> {
    let value = |column: &Column| record.column(*column).map(|value| (*column, value));
    let columns = record.kind().columns().iter().map(value).collect::<Option<_>>();
    columns.ok_or(StoreError::Malformed("a record lacks a value for a column"))
}

pub(crate) fn new_event(event: &Event) -> Result<NewEvent, StoreError> {
    let doc = serde_json::to_string(event)
        .map_err(|_| StoreError::Malformed("an event could not be encoded"))?;
    Ok(NewEvent { at: event.at, doc, in_feed: event.feed.is_some() })
}
