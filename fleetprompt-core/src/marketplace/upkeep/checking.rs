//! Comparing the search index with the records, and repairing it; comparing records, names, counters and
//! events with each other.

mod agreement;
mod claims;
mod log;
mod look;
mod records;
mod report;

use std::collections::BTreeMap;

use crate::domain::{Listing, ListingId, Position, Publisher};
use crate::error::Result;
use crate::port::{ColumnValue, IndexEntry, PageKey, PageSize, Principal, Scan, StoredEntry};

use crate::marketplace::writing::chores::Chore;
use crate::marketplace::writing::context::Context;
use crate::marketplace::writing::indexing::{BATCH, Batch};
use crate::marketplace::{Inner, Marketplace};

pub use report::{FaultId, FaultKind, FaultPlace, RecordFault, RecordsReport};

/// How the search index compares with the records.
///
/// ```
/// # use fleetprompt_core::{Marketplace, memory::MemoryStore, token::{KeyRing, MasterKey}};
/// use fleetprompt_core::domain::Position;
/// # pollster::block_on(async {
/// # let market = Marketplace::builder(MemoryStore::default())
/// #     .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?))
/// #     .issuer("https://market.example".parse()?).build().await?;
/// let report = market.check_index(Position::START, |_| {}).await?;
/// assert!(report.is_clean());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexReport {
    /// How many listings were looked at.
    pub checked: u64,
    /// Listings that stand in the catalogue and had no entry.
    pub missing: u64,
    /// Listings whose entry was not what it should be.
    pub stale: u64,
    /// Entries that should not have been there.
    pub extra: u64,
    /// The position of the event that created the last listing that was looked at: where to go on.
    pub through: Position,
}

impl IndexReport {
    /// Whether the index was as it should be.
    pub fn is_clean(&self) -> bool {
        (self.missing, self.stale, self.extra) == (0, 0, 0)
    }

    fn count(&mut self, wrong: Wrong) {
        match wrong {
            Wrong::Missing => self.missing += 1,
            Wrong::Stale => self.stale += 1,
            Wrong::Extra => self.extra += 1,
        }
    }
}

impl Marketplace {
    /// Compares the search index with the records, in the order in which listings were created:
    /// those created behind `after`. Tells `progress` how it stands after every few listings.
    /// Nothing is changed or held up; what changes in the meantime is no difference.
    ///
    /// # Errors
    /// When the store fails. [`IndexReport::through`] of the last progress says where to go on.
    ///
    /// ```
    /// # use fleetprompt_core::{Marketplace, memory::MemoryStore, token::{KeyRing, MasterKey}};
    /// # use fleetprompt_core::domain::Position;
    /// # pollster::block_on(async {
    /// # let market = Marketplace::builder(MemoryStore::default())
    /// #     .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?)).issuer("https://m.example".parse()?)
    /// #     .build().await?;
    /// let report = market.check_index(Position::START, |so_far| {
    ///     println!("{} listings looked at", so_far.checked);
    /// }).await?;
    /// assert_eq!(report.checked, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn check_index(
        &self,
        after: Position,
        progress: impl FnMut(&IndexReport) + Send,
    ) -> Result<IndexReport> {
        self.inner.walk_index(after, false, progress).await
    }

    /// As [`check_index`](Self::check_index), and repairs what differs: buyers are counted anew and
    /// entries made anew, in commits of at most 64 listings; from the start, the names of publishers
    /// are filed, under which look-alikes find them, too. What is as it should be is not written
    /// again, and readers and writers are not held up.
    ///
    /// [`refresh_index`](Self::refresh_index) does the same by itself where it must; this is for an
    /// index that was damaged, and for when an owning system was given other kinds of assets.
    ///
    /// # Errors
    /// When the store fails. What was repaired until then stays repaired, and
    /// [`IndexReport::through`] of the last progress says where to go on.
    ///
    /// ```
    /// # use fleetprompt_core::{Marketplace, memory::MemoryStore, token::{KeyRing, MasterKey}};
    /// # use fleetprompt_core::domain::Position;
    /// # pollster::block_on(async {
    /// # let market = Marketplace::builder(MemoryStore::default())
    /// #     .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?)).issuer("https://m.example".parse()?)
    /// #     .build().await?;
    /// let mut reached = Position::START;
    /// let found = market.rebuild_index(reached, |so_far| reached = so_far.through).await?;
    /// assert!(found.is_clean(), "there was nothing to repair");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn rebuild_index(
        &self,
        after: Position,
        progress: impl FnMut(&IndexReport) + Send,
    ) -> Result<IndexReport> {
        self.inner.walk_index(after, true, progress).await
    }
}

/// How an entry differs from what it should be.
#[derive(Clone, Copy)]
enum Wrong {
    Missing,
    Stale,
    Extra,
}

fn compare(expected: Option<&IndexEntry>, stored: Option<&IndexEntry>) -> Option<Wrong> {
    match (expected, stored) {
        (Some(_), None) => Some(Wrong::Missing),
        (None, Some(_)) => Some(Wrong::Extra),
        (expected, stored) => (expected != stored).then_some(Wrong::Stale),
    }
}

impl Inner {
    async fn walk_index(
        &self,
        after: Position,
        repairs: bool,
        mut progress: impl FnMut(&IndexReport) + Send,
    ) -> Result<IndexReport> {
        let mut report = IndexReport { through: after, ..IndexReport::default() };
        if repairs && after == Position::START {
            self.file_publishers().await?;
        }
        loop {
            let first = report.through.next().get();
            let order = ColumnValue::Integer(i64::try_from(first).unwrap_or(i64::MAX));
            let from = PageKey { order, id: String::new() };
            let rows = self.list::<Listing>(&Scan::AllListings, Some(&from), BATCH).await?;
            let last = rows.last().map(|row| row.created);
            let full = rows.len() == usize::from(BATCH.get());
            let mut stored = self.stored_entries(report.through, last.filter(|_| full)).await?;
            let mut wrong = Vec::new();
            for row in &rows {
                let (id, ordinal) = (row.value.id, row.created);
                let entry = stored.remove(&ordinal);
                let (differs, recounted) = self.look_at(id, entry.as_ref(), repairs).await?;
                // What differs may have been written in between: once more, from the start.
                let differs = match differs {
                    None => None,
                    Some(_) => {
                        let entry = self.stored_entry(ordinal).await?;
                        self.look_at(id, entry.as_ref(), repairs).await?.0
                    }
                };
                differs.into_iter().for_each(|wrong| report.count(wrong));
                if differs.is_some() || recounted {
                    wrong.push(id);
                }
            }
            report.extra += self.without_listing(stored.keys().copied().collect()).await?;
            if repairs && !wrong.is_empty() {
                let batch = Batch { listings: wrong, recount: true, ..Batch::default() };
                self.chore(&Chore::Index(batch)).await?;
            }
            report.checked += rows.len() as u64;
            report.through = last.unwrap_or(report.through);
            progress(&report);
            if !full {
                return Ok(report);
            }
        }
    }

    /// Files the names of all publishers.
    async fn file_publishers(&self) -> Result<()> {
        let scan = Scan::AllPublishers;
        let mut after: Option<PageKey> = None;
        loop {
            let rows = self.list::<Publisher>(&scan, after.as_ref(), BATCH).await?;
            let full = rows.len() == usize::from(BATCH.get());
            after = rows.last().map(|last| scan.plan().page_key(&last.clone().map(Into::into)));
            let publishers = rows.into_iter().map(|row| row.value.id).collect();
            self.chore(&Chore::Index(Batch { publishers, ..Batch::default() })).await?;
            if !full {
                return Ok(());
            }
        }
    }

    /// How `stored` differs from the entry that a listing should have; and, if its buyers are to be
    /// counted for that, whether their number was another.
    async fn look_at(
        &self,
        id: ListingId,
        stored: Option<&IndexEntry>,
        recounts: bool,
    ) -> Result<(Option<Wrong>, bool)> {
        let mut cx = Context::for_reading(self, &Principal::Anonymous).await?;
        let recounted = recounts && cx.recount(id).await?;
        let expected = cx.entry(id).await?;
        Ok((compare(expected.as_ref(), stored), recounted))
    }

    /// The entries behind `after`, up to that of `last` or to the end.
    async fn stored_entries(
        &self,
        mut after: Position,
        last: Option<Position>,
    ) -> Result<BTreeMap<Position, IndexEntry>> {
        let mut found = BTreeMap::new();
        loop {
            let page = self.store.entries(after, PageSize::MAX).await;
            let page = page.map_err(|error| self.store_error(&error))?;
            let full = page.len() == usize::from(PageSize::MAX.get());
            for StoredEntry { ordinal, entry } in page {
                if last.is_some_and(|last| ordinal > last) {
                    return Ok(found);
                }
                after = ordinal;
                found.insert(ordinal, entry);
            }
            if !full {
                return Ok(found);
            }
        }
    }

    /// How many of these positions created no listing that is there.
    async fn without_listing(&self, ordinals: Vec<Position>) -> Result<u64> {
        if ordinals.is_empty() {
            return Ok(0);
        }
        let listings = self.store.listings(&ordinals).await;
        let listings = listings.map_err(|error| self.store_error(&error))?;
        Ok(listings.iter().filter(|listing| listing.is_none()).count() as u64)
    }
}
