//! Everything of one store into another: from SQLite to PostgreSQL when one machine is not enough any
//! more, and back.
//!
//! [`copy`] reads one state of the source, which others go on reading and writing, in pages of bounded
//! size. Ids, revisions, positions, kept answers, counters, names and the deployment stay what they are:
//! tokens that were issued can be redeemed once, readers of the log and the feed go on where they were, a
//! search answers in the same order. What was written to the source after the copy began is not in it, so
//! stop what writes there before it begins.
//!
//! The target refuses to be opened as a store until the copy was finished, which it is only when every
//! table was found to be what the source holds. A copy that was interrupted, also by a crash, goes on
//! where it stopped when it is run again.
//!
//! ```
//! use fleetprompt_core::copy::{CopyOptions, compare, copy};
//! use fleetprompt_core::memory::MemoryStore;
//! # use fleetprompt_core::Marketplace;
//! # use fleetprompt_core::token::{KeyRing, MasterKey};
//! # pollster::block_on(async {
//! # let source = MemoryStore::default();
//! # Marketplace::builder(source.clone()).keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?))
//! #     .issuer("https://market.example".parse()?).build().await?;
//! let target = MemoryStore::default();
//! let report = copy(&source, &target, CopyOptions::default(), |progress| {
//!     println!("{}: {} of {}", progress.table.name(), progress.rows, progress.total);
//! })
//! .await?;
//! assert!(report.is_equal());
//! assert!(compare(&source, &target, |_| {}).await?.is_equal());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```

use crate::domain::Sha256Digest;
use crate::port::{
    CopyKey, CopyMark, CopySnapshot, CopySource, CopyState, CopyTable, CopyTarget, Head, PageSize,
    RecordKind, StoreError,
};

mod report;
mod tally;

#[cfg(test)]
mod tests;

pub use report::{CopyError, CopyProgress, CopyReport, CopyStage, TableReport, Tally};

use tally::Counting;

/// How to copy.
///
/// ```
/// use fleetprompt_core::copy::CopyOptions;
/// use fleetprompt_core::port::PageSize;
/// let options = CopyOptions::default().restart(true).page(PageSize::new(50));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "nothing is copied until `copy` is called"]
pub struct CopyOptions {
    restart: bool,
    page: PageSize,
}

impl Default for CopyOptions {
    /// Goes on with an unfinished copy, in pages of [`PageSize::MAX`] rows.
    fn default() -> Self {
        CopyOptions { restart: false, page: PageSize::MAX }
    }
}

impl CopyOptions {
    /// Whether to throw away what an unfinished copy has brought, and begin anew. Off by default. A
    /// target that is a store of its own is refused all the same.
    pub fn restart(self, restart: bool) -> Self {
        CopyOptions { restart, ..self }
    }

    /// How many rows are in memory at a time.
    pub fn page(self, page: PageSize) -> Self {
        CopyOptions { page, ..self }
    }
}

/// Copies everything in `source` into `target`, tests it, and opens the target for use. `progress` is
/// called after each page.
///
/// May be dropped at any time, and called again to go on.
///
/// # Errors
/// [`CopyError::TargetOccupied`] when the target is a store already, [`CopyError::SourceChanged`] when
/// the source is not what it was when the copy was begun, [`CopyError::Differs`] when the copy is not
/// what the source holds, and what went wrong in a store. Unless it says that the target is occupied, the
/// target holds an unfinished copy.
pub async fn copy(
    source: &dyn CopySource,
    target: &dyn CopyTarget,
    options: CopyOptions,
    mut progress: impl FnMut(CopyProgress),
) -> Result<CopyReport, CopyError> {
    let from = source.copy_snapshot().await.map_err(CopyError::Source)?;
    let head = from.head().await.map_err(CopyError::Source)?;
    let source = identity(&*from, &head).await.map_err(CopyError::Source)?;
    let found = target.copy_state().await.map_err(CopyError::Target)?;
    let mark = match found {
        CopyState::Occupied => return Err(CopyError::TargetOccupied),
        CopyState::Unfinished(mark) if !options.restart => {
            if mark.source != source {
                return Err(CopyError::SourceChanged);
            }
            mark
        }
        CopyState::Unfinished(_) | CopyState::Empty => {
            let mark =
                CopyMark { source, next: CopyTable::all().next().map(|first| (first, None)) };
            target.begin_copy(&mark, &head).await.map_err(CopyError::Target)?;
            mark
        }
    };
    let mark = bring(&*from, target, mark, options.page, &mut progress).await?;
    let copied = target.copy_snapshot().await.map_err(CopyError::Target)?;
    let report = tested(&*from, &*copied, options.page, &mut progress).await?;
    if !report.is_equal() {
        return Err(CopyError::Differs(report));
    }
    target.finish_copy(&mark).await.map_err(CopyError::Target)?;
    Ok(report)
}

/// Compares everything in two stores, each in one state. `progress` is called after each page.
///
/// # Errors
/// What went wrong in a store. What differs is in the report.
pub async fn compare(
    source: &dyn CopySource,
    target: &dyn CopySource,
    mut progress: impl FnMut(CopyProgress),
) -> Result<CopyReport, CopyError> {
    let source = source.copy_snapshot().await.map_err(CopyError::Source)?;
    let target = target.copy_snapshot().await.map_err(CopyError::Target)?;
    tested(&*source, &*target, PageSize::MAX, &mut progress).await
}

/// What tells one state of one marketplace from others: its deployment, and where its log stands.
async fn identity(source: &dyn CopySnapshot, head: &Head) -> Result<Sha256Digest, StoreError> {
    let own = CopyTable::Records(RecordKind::Deployment);
    let mut counting = Counting::default();
    counting.head(head)?;
    for row in source.rows(own, None, PageSize::MAX).await? {
        counting.row(&row)?;
    }
    Ok(counting.tally().digest)
}

/// Brings what is missing, page by page; answers the last mark.
async fn bring(
    from: &dyn CopySnapshot,
    target: &dyn CopyTarget,
    mut mark: CopyMark,
    page: PageSize,
    progress: &mut impl FnMut(CopyProgress),
) -> Result<CopyMark, CopyError> {
    let mut rows = 0_u64;
    let there = target.copy_snapshot().await.map_err(CopyError::Target)?;
    for table in CopyTable::all() {
        let copied = there.count(table).await.map_err(CopyError::Target)?;
        rows = rows.saturating_add(copied);
    }
    drop(there);
    let total = total(from).await.map_err(CopyError::Source)?;
    let mut next = mark.next.clone();
    while let Some((table, after)) = next {
        let read = from.rows(table, after.as_ref(), page).await.map_err(CopyError::Source)?;
        rows = rows.saturating_add(u64::try_from(read.len()).unwrap_or(u64::MAX));
        next = if read.len() < usize::from(page.get()) {
            CopyTable::all().find(|other| *other > table).map(|table| (table, None))
        } else {
            read.last().map(|last| (table, Some(last.key())))
        };
        if !read.is_empty() || next.is_none() {
            let to = CopyMark { source: mark.source, next: next.clone() };
            target.put_copied(read, &mark, &to).await.map_err(CopyError::Target)?;
            mark = to;
        }
        progress(CopyProgress { stage: CopyStage::Copying, table, rows, total });
    }
    Ok(mark)
}

async fn total(source: &dyn CopySnapshot) -> Result<u64, StoreError> {
    let mut total = 0_u64;
    for table in CopyTable::all() {
        total = total.saturating_add(source.count(table).await?);
    }
    Ok(total)
}

/// Reads both sides to their end.
async fn tested(
    source: &dyn CopySnapshot,
    target: &dyn CopySnapshot,
    page: PageSize,
    progress: &mut impl FnMut(CopyProgress),
) -> Result<CopyReport, CopyError> {
    let total = total(source).await.map_err(CopyError::Source)?;
    let mut rows = 0_u64;
    let mut tables = Vec::new();
    for table in CopyTable::all() {
        let (mut one, mut other) = (Side::default(), Side::default());
        while !(one.ended && other.ended) {
            let read = one.read(source, table, page).await.map_err(CopyError::Source)?;
            rows = rows.saturating_add(read);
            other.read(target, table, page).await.map_err(CopyError::Target)?;
            progress(CopyProgress { stage: CopyStage::Testing, table, rows, total });
        }
        let (source, target) = (one.counting.tally(), other.counting.tally());
        tables.push(TableReport { table, source, target });
    }
    let heads = (
        source.head().await.map_err(CopyError::Source)?,
        target.head().await.map_err(CopyError::Target)?,
    );
    Ok(CopyReport { tables, heads_agree: heads.0 == heads.1 })
}

/// How far a side's table has been read.
#[derive(Default)]
struct Side {
    after: Option<CopyKey>,
    counting: Counting,
    ended: bool,
}

impl Side {
    /// Reads a page; answers how many rows it had.
    async fn read(
        &mut self,
        from: &dyn CopySnapshot,
        table: CopyTable,
        page: PageSize,
    ) -> Result<u64, StoreError> {
        if self.ended {
            return Ok(0);
        }
        let rows = from.rows(table, self.after.as_ref(), page).await?;
        for row in &rows {
            self.counting.row(row)?;
        }
        self.ended = rows.len() < usize::from(page.get());
        self.after = rows.last().map(crate::port::CopyRow::key);
        Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
    }
}
