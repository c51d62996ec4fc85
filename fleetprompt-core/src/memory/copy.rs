//! Copying from and into memory: a snapshot is a copy of everything.

use std::future::ready;

use crate::domain::Position;
use crate::port::{
    CopyKey, CopyMark, CopyRow, CopySnapshot, CopySource, CopyState, CopyTable, CopyTarget, Head,
    NewReceipt, PageSize, StoreError, StoreFuture, StoredEvent, StoredFeedEntry, StoredReceipt,
};

use super::{MemoryStore, State};

const ANOTHER: StoreError = StoreError::Unavailable("another process copies into this store");

impl State {
    /// The rows of a table in the order of their keys.
    fn rows(&self, table: CopyTable) -> Vec<CopyRow> {
        match table {
            CopyTable::Records(kind) => self
                .records
                .iter()
                .filter(|(key, _)| key.kind() == kind)
                .map(|(_, record)| CopyRow::Record(record.clone()))
                .collect(),
            CopyTable::Names => {
                let names = self.names.iter();
                let row = |(name, owner): (&_, &_)| CopyRow::Name {
                    name: Clone::clone(name),
                    owner: Clone::clone(owner),
                };
                let mut rows: Vec<_> = names.map(row).collect();
                // Scopes are kept in another order than that of their names.
                rows.sort_by_key(CopyRow::key);
                rows
            }
            CopyTable::Counters => {
                let counters = self.counters.iter().filter(|(_, value)| **value > 0);
                counters
                    .map(|((scope, name), value)| CopyRow::Counter {
                        scope: scope.clone(),
                        name: name.clone(),
                        value: *value,
                    })
                    .collect()
            }
            CopyTable::Receipts => {
                let receipts = self.receipts.iter();
                receipts
                    .map(|(scope, (kept, expires_at))| {
                        CopyRow::Receipt(NewReceipt {
                            scope: *scope,
                            fingerprint: kept.fingerprint.clone(),
                            answer: kept.answer.clone(),
                            expires_at: *expires_at,
                        })
                    })
                    .collect()
            }
            CopyTable::Events => {
                let mut feed = self.feed.iter().map(|entry| entry.position);
                let row = |stored: &StoredEvent| CopyRow::Event {
                    stored: stored.clone(),
                    feed: stored.event.feed.as_ref().and_then(|_| feed.next()),
                };
                self.events.iter().map(row).collect()
            }
            CopyTable::Entries => self.index.behind(Position::START).map(CopyRow::Entry).collect(),
        }
    }

    /// A page of them, behind a key of the same table.
    pub(super) fn page(
        &self,
        table: CopyTable,
        after: Option<&CopyKey>,
        size: PageSize,
    ) -> Result<Vec<CopyRow>, StoreError> {
        match table {
            CopyTable::Records(_) => CopyKey::text(after).map(|_| ()),
            CopyTable::Names | CopyTable::Counters => CopyKey::pair(after).map(|_| ()),
            CopyTable::Receipts => CopyKey::digest(after).map(|_| ()),
            CopyTable::Events | CopyTable::Entries => CopyKey::position(after).map(|_| ()),
        }?;
        let rows = self.rows(table).into_iter();
        let behind = rows.filter(|row| after.is_none_or(|after| row.key() > *after));
        Ok(behind.take(size.get().into()).collect())
    }

    fn is_empty(&self) -> bool {
        self.head.is_none()
            && self.records.is_empty()
            && self.names.is_empty()
            && self.counters.is_empty()
            && self.receipts.is_empty()
    }

    fn put(&mut self, row: CopyRow) {
        match row {
            CopyRow::Record(record) => drop(self.records.insert(record.value.key(), record)),
            CopyRow::Name { name, owner } => drop(self.names.insert(name, owner)),
            CopyRow::Counter { scope, name, value } => {
                self.counters.insert((scope, name), value);
            }
            CopyRow::Receipt(NewReceipt { scope, fingerprint, answer, expires_at }) => {
                let kept = StoredReceipt { fingerprint, answer };
                self.receipts.insert(scope, (kept, expires_at));
            }
            CopyRow::Event { stored, feed } => {
                if let (Some(position), Some(change)) = (feed, stored.event.feed.clone()) {
                    let at = stored.event.at;
                    self.feed.push(StoredFeedEntry { position, at, change });
                }
                self.events.push(stored);
            }
            CopyRow::Entry(entry) => self.index.set(entry.ordinal, Some(entry.entry)),
        }
    }
}

impl CopySource for MemoryStore {
    fn copy_snapshot(&self) -> StoreFuture<'_, Box<dyn CopySnapshot>> {
        let state = self.state().clone();
        Box::pin(ready(Ok(Box::new(Snapshot(state)) as Box<dyn CopySnapshot>)))
    }
}

struct Snapshot(State);

impl CopySnapshot for Snapshot {
    fn head(&self) -> StoreFuture<'_, Head> {
        Box::pin(ready(Ok(self.0.head())))
    }

    fn count(&self, table: CopyTable) -> StoreFuture<'_, u64> {
        let rows = match table {
            CopyTable::Entries => self.0.index.len(),
            _ => self.0.rows(table).len(),
        };
        Box::pin(ready(Ok(u64::try_from(rows).unwrap_or(u64::MAX))))
    }

    fn rows<'a>(
        &'a self,
        table: CopyTable,
        after: Option<&'a CopyKey>,
        size: PageSize,
    ) -> StoreFuture<'a, Vec<CopyRow>> {
        Box::pin(ready(self.0.page(table, after, size)))
    }
}

impl CopyTarget for MemoryStore {
    fn copy_state(&self) -> StoreFuture<'_, CopyState> {
        let state = self.state();
        let found = match &state.copying {
            Some(mark) => CopyState::Unfinished(mark.clone()),
            None if state.is_empty() => CopyState::Empty,
            None => CopyState::Occupied,
        };
        Box::pin(ready(Ok(found)))
    }

    fn begin_copy<'a>(&'a self, mark: &'a CopyMark, head: &'a Head) -> StoreFuture<'a, ()> {
        let mut state = self.state();
        if state.copying.is_none() && !state.is_empty() {
            return Box::pin(ready(Err(StoreError::Open("the store is not empty"))));
        }
        *state = State { head: Some(*head), copying: Some(mark.clone()), ..State::default() };
        Box::pin(ready(Ok(())))
    }

    fn put_copied<'a>(
        &'a self,
        rows: Vec<CopyRow>,
        from: &'a CopyMark,
        to: &'a CopyMark,
    ) -> StoreFuture<'a, ()> {
        let mut state = self.state();
        if state.copying.as_ref() != Some(from) {
            return Box::pin(ready(Err(ANOTHER)));
        }
        rows.into_iter().for_each(|row| state.put(row));
        state.copying = Some(to.clone());
        Box::pin(ready(Ok(())))
    }

    fn finish_copy<'a>(&'a self, mark: &'a CopyMark) -> StoreFuture<'a, ()> {
        let mut state = self.state();
        if state.copying.as_ref() != Some(mark) {
            return Box::pin(ready(Err(ANOTHER)));
        }
        state.copying = None;
        Box::pin(ready(Ok(())))
    }
}
