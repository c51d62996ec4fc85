//! A store in memory: the plain, obviously right one, and the oracle of the tests.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::{Position, Revision, Timestamp};
use crate::port::{
    Change, ClaimedName, ColumnValue, Commit, Committed, CopyKey, CopyMark, CopyRow, CopyTable,
    CounterRange, Direction, Head, IdempotencyScope, LogPage, NameOwner, PageKey, PageSize, Prune,
    Record, RecordKey, RecordKind, Refusal, Scan, Store, StoreError, StoreFuture, StoredEvent,
    StoredFeedEntry, StoredReceipt, Versioned,
};

mod copy;
mod index;
mod media;

pub use media::MemoryMedia;

/// A store in memory. Clones share what they hold, which is gone with the last of them.
///
/// ```
/// use fleetprompt_core::memory::MemoryStore;
/// use fleetprompt_core::port::Store;
/// let store = MemoryStore::default();
/// let head = pollster::block_on(store.head())?;
/// assert_eq!(head.last.get(), 0);
/// # Ok::<(), fleetprompt_core::port::StoreError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
}

#[derive(Clone, Debug, Default)]
struct State {
    records: BTreeMap<RecordKey, Versioned<Record>>,
    names: BTreeMap<ClaimedName, NameOwner>,
    counters: BTreeMap<(String, String), u64>,
    receipts: BTreeMap<IdempotencyScope, (StoredReceipt, Timestamp)>,
    events: Vec<StoredEvent>,
    feed: Vec<StoredFeedEntry>,
    head: Option<Head>,
    /// How far a copy into the store has come, while there is one.
    copying: Option<CopyMark>,
    index: index::Entries,
}

/// Names and counters as a commit leaves them; what is not in here stays as it is.
#[derive(Default)]
struct Staged {
    names: BTreeMap<ClaimedName, Option<NameOwner>>,
    counters: BTreeMap<(String, String), u64>,
}

impl MemoryStore {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
impl MemoryStore {
    /// Everything that the store holds, with nothing left out as `Debug` may.
    pub(crate) fn dump(&self) -> String {
        let state = self.state();
        let records = state.records.iter();
        let records = records.map(|(key, row)| (key.id(), row.value.encode()));
        let events = state.events.iter().map(|stored| serde_json::to_string(&stored.event));
        let answers = state.receipts.values().map(|(receipt, _)| &receipt.answer);
        format!(
            "{:?} {:?} {:?} {state:?}",
            records.collect::<Vec<_>>(),
            events.collect::<Vec<_>>(),
            answers.collect::<Vec<_>>(),
        )
    }
}

impl State {
    fn head(&self) -> Head {
        self.head.unwrap_or(Head {
            last: Position::START,
            at: Timestamp::MIN,
            feed_last: Position::START,
            pruned: Position::START,
            feed_pruned: Position::START,
        })
    }

    fn revision(&self, key: &RecordKey) -> Option<Revision> {
        self.records.get(key).map(|row| row.revision)
    }

    fn commit(&mut self, commit: Commit) -> Result<Committed, StoreError> {
        if self.copying.is_some() {
            return Err(StoreError::UnfinishedCopy);
        }
        let receipt = commit.receipt.as_ref().and_then(|new| self.receipts.get(&new.scope));
        if let Some((receipt, _)) = receipt {
            return Ok(Committed::Replayed(receipt.clone()));
        }
        commit.check()?;
        if let Some(key) = self.conflict(&commit) {
            return Ok(Committed::Refused(Refusal::Conflict(key)));
        }
        match self.stage(&commit.changes) {
            Ok(staged) => self.apply(commit, staged),
            Err(refusal) => return Ok(Committed::Refused(refusal)),
        }
        Ok(Committed::Applied { last: self.head().last })
    }

    /// The first record that is not at the revision at which the commit wants it.
    fn conflict(&self, commit: &Commit) -> Option<RecordKey> {
        let expected = commit.expectations.iter().map(|e| (e.key.clone(), e.revision));
        let replaced = commit.changes.iter().filter_map(|change| match change {
            Change::Put { record, expected } => Some((record.key(), *expected)),
            Change::Delete { key, expected } => Some((key.clone(), Some(*expected))),
            Change::Count { .. }
            | Change::ClaimName { .. }
            | Change::ReleaseName { .. }
            | Change::Index { .. } => None,
        });
        expected.chain(replaced).find(|(key, at)| self.revision(key) != *at).map(|(key, _)| key)
    }

    /// What the changes make of names and counters, each seeing those before it.
    fn stage(&self, changes: &[Change]) -> Result<Staged, Refusal> {
        let mut staged = Staged::default();
        for change in changes {
            match change {
                Change::Put { .. } | Change::Delete { .. } | Change::Index { .. } => {}
                Change::Count { counter, by, within } => {
                    let slot = (counter.scope().to_owned(), counter.name().to_owned());
                    let value = staged.counters.get(&slot).or(self.counters.get(&slot));
                    let value = within
                        .apply(value.copied().unwrap_or_default(), *by)
                        .ok_or_else(|| Refusal::OutOfBounds(counter.clone()))?;
                    staged.counters.insert(slot, value);
                }
                Change::ClaimName { name, owner } => {
                    if self.owner(&staged, name).is_some_and(|other| other != owner) {
                        return Err(Refusal::NameTaken(name.clone()));
                    }
                    staged.names.insert(name.clone(), Some(owner.clone()));
                }
                Change::ReleaseName { name, owner } => {
                    if self.owner(&staged, name) == Some(owner) {
                        staged.names.insert(name.clone(), None);
                    }
                }
            }
        }
        Ok(staged)
    }

    fn owner<'a>(&'a self, staged: &'a Staged, name: &ClaimedName) -> Option<&'a NameOwner> {
        match staged.names.get(name) {
            Some(owner) => owner.as_ref(),
            None => self.names.get(name),
        }
    }

    /// Applies a commit that nothing speaks against.
    fn apply(&mut self, commit: Commit, staged: Staged) {
        let mut head = self.head();
        let first = head.last.next();
        let mut indexed = Vec::new();
        for change in commit.changes {
            match change {
                Change::Put { record, expected } => {
                    let key = record.key();
                    let created = self.records.get(&key).map_or(first, |row| row.created);
                    let revision = expected.map_or(Revision::FIRST, Revision::next);
                    let row = Versioned { revision, created, changed: first, value: record };
                    self.records.insert(key, row);
                }
                Change::Delete { key, .. } => {
                    let gone = self.records.remove(&key);
                    if let Some(row) = gone.filter(|_| key.kind() == RecordKind::Listing) {
                        self.index.set(row.created, None);
                    }
                }
                Change::Index { listing, entry } => indexed.push((listing, entry)),
                Change::Count { .. } | Change::ClaimName { .. } | Change::ReleaseName { .. } => {}
            }
        }
        for (listing, entry) in indexed {
            if let Some(row) = self.records.get(&RecordKey::listing(listing)) {
                self.index.set(row.created, entry.map(|entry| *entry));
            }
        }
        self.counters.extend(staged.counters);
        for (name, owner) in staged.names {
            match owner {
                Some(owner) => drop(self.names.insert(name, owner)),
                None => drop(self.names.remove(&name)),
            }
        }
        for event in commit.events {
            head.last = head.last.next();
            head.at = head.at.max(event.at);
            if let Some(change) = event.feed.clone() {
                head.feed_last = head.feed_last.next();
                self.feed.push(StoredFeedEntry { position: head.feed_last, at: event.at, change });
            }
            self.events.push(StoredEvent { position: head.last, event });
        }
        self.head = Some(head);
        if let Some(new) = commit.receipt {
            let kept = StoredReceipt { fingerprint: new.fingerprint, answer: new.answer };
            self.receipts.insert(new.scope, (kept, new.expires_at));
        }
    }

    fn scan(&self, scan: &Scan, after: Option<&PageKey>, size: PageSize) -> Vec<Versioned<Record>> {
        let plan = scan.plan();
        let mut rows: Vec<((ColumnValue, String), &Versioned<Record>)> = self
            .records
            .values()
            .filter(|row| row.value.kind() == plan.kind)
            .filter(|row| {
                plan.equals
                    .iter()
                    .all(|(column, value)| row.value.column(*column).as_ref() == Some(value))
            })
            .map(|row| {
                let PageKey { order, id } = plan.page_key(row);
                ((order, id), row)
            })
            .collect();
        rows.sort_by(|(one, _), (other, _)| one.cmp(other));
        if plan.direction == Direction::Descending {
            rows.reverse();
        }
        let behind = |key: &(ColumnValue, String)| match (after, plan.direction) {
            (None, _) => true,
            (Some(last), Direction::Ascending) => (&key.0, &key.1) > (&last.order, &last.id),
            (Some(last), Direction::Descending) => (&key.0, &key.1) < (&last.order, &last.id),
        };
        rows.into_iter()
            .filter(|(key, _)| behind(key))
            .take(size.get().into())
            .map(|(_, row)| row.clone())
            .collect()
    }

    fn counters(&self, range: &CounterRange, limit: u32) -> Vec<(String, u64)> {
        self.counters
            .iter()
            .filter(|((scope, name), value)| {
                *scope == range.scope && *name >= range.from && *name < range.until && **value > 0
            })
            .take(usize::try_from(limit).unwrap_or(usize::MAX))
            .map(|((_, name), value)| (name.clone(), *value))
            .collect()
    }

    fn prune(&mut self, what: Prune, limit: u32) -> Result<u32, StoreError> {
        if self.copying.is_some() {
            return Err(StoreError::UnfinishedCopy);
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let pruned = match what {
            Prune::Receipts(before) => {
                let mut expired: Vec<_> = self
                    .receipts
                    .iter()
                    .filter(|(_, (_, expires_at))| *expires_at <= before)
                    .map(|(scope, (_, expires_at))| (*expires_at, *scope))
                    .collect();
                expired.sort();
                expired.truncate(limit);
                expired.iter().for_each(|(_, scope)| drop(self.receipts.remove(scope)));
                expired.len()
            }
            Prune::Events(before) => {
                let old = self
                    .events
                    .iter()
                    .take_while(|stored| stored.event.at < before)
                    .take(limit)
                    .count();
                let mut head = self.head();
                for stored in self.events.drain(..old) {
                    head.pruned = stored.position;
                    if stored.event.feed.is_some() {
                        head.feed_pruned = head.feed_pruned.next();
                    }
                }
                self.feed.retain(|entry| entry.position > head.feed_pruned);
                self.head = Some(head);
                old
            }
        };
        Ok(u32::try_from(pruned).unwrap_or(u32::MAX))
    }
}

fn page<T: Clone>(
    entries: &[T],
    pruned: Position,
    after: Position,
    size: PageSize,
    at: fn(&T) -> Position,
) -> LogPage<T> {
    if after < pruned {
        return LogPage::TooOld;
    }
    let read = entries.partition_point(|entry| at(entry) <= after);
    LogPage::Entries(entries.iter().skip(read).take(size.get().into()).cloned().collect())
}

impl Store for MemoryStore {
    fn get<'a>(&'a self, key: &'a RecordKey) -> StoreFuture<'a, Option<Versioned<Record>>> {
        Box::pin(ready(Ok(self.state().records.get(key).cloned())))
    }

    fn scan<'a>(
        &'a self,
        scan: &'a Scan,
        after: Option<&'a PageKey>,
        size: PageSize,
    ) -> StoreFuture<'a, Vec<Versioned<Record>>> {
        Box::pin(ready(Ok(self.state().scan(scan, after, size))))
    }

    fn name<'a>(&'a self, name: &'a ClaimedName) -> StoreFuture<'a, Option<NameOwner>> {
        Box::pin(ready(Ok(self.state().names.get(name).cloned())))
    }

    fn receipt<'a>(
        &'a self,
        scope: &'a IdempotencyScope,
    ) -> StoreFuture<'a, Option<StoredReceipt>> {
        Box::pin(ready(Ok(self.state().receipts.get(scope).map(|(receipt, _)| receipt.clone()))))
    }

    fn counters<'a>(
        &'a self,
        range: &'a CounterRange,
        limit: u32,
    ) -> StoreFuture<'a, Vec<(String, u64)>> {
        Box::pin(ready(Ok(self.state().counters(range, limit))))
    }

    fn rows<'a>(
        &'a self,
        table: CopyTable,
        after: Option<&'a CopyKey>,
        size: PageSize,
    ) -> StoreFuture<'a, Vec<CopyRow>> {
        Box::pin(ready(self.state().page(table, after, size)))
    }

    fn events(&self, after: Position, size: PageSize) -> StoreFuture<'_, LogPage<StoredEvent>> {
        let state = self.state();
        Box::pin(ready(Ok(page(&state.events, state.head().pruned, after, size, |stored| {
            stored.position
        }))))
    }

    fn feed(&self, after: Position, size: PageSize) -> StoreFuture<'_, LogPage<StoredFeedEntry>> {
        let state = self.state();
        Box::pin(ready(Ok(page(&state.feed, state.head().feed_pruned, after, size, |entry| {
            entry.position
        }))))
    }

    fn head(&self) -> StoreFuture<'_, Head> {
        Box::pin(ready(Ok(self.state().head())))
    }

    fn commit(&self, commit: Commit) -> StoreFuture<'_, Committed> {
        Box::pin(ready(self.state().commit(commit)))
    }

    fn prune(&self, what: Prune, limit: u32) -> StoreFuture<'_, u32> {
        Box::pin(ready(self.state().prune(what, limit)))
    }
}
