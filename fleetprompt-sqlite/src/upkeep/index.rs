//! Looking after the search index.

use fleetprompt_core::port::{SearchIndex as _, StoreError};

use crate::index::rebuild;
use crate::store::SqliteStore;

/// About how many pages of the full-text table a step of merging writes.
const MERGED_PAGES: i64 = 500;

/// How far a rebuild of the search index is.
///
/// ```
/// use fleetprompt_sqlite::RebuildProgress;
/// let now = RebuildProgress { read: 1_000, entries: 40_000 };
/// assert_eq!(now.read * 100 / now.entries, 2);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RebuildProgress {
    /// Entries read so far by this call.
    pub read: u64,
    /// Entries in all, as they were counted when it began.
    pub entries: u64,
}

/// What a rebuild of the search index did. See [`SqliteStore::rebuild_index`].
///
/// ```
/// use fleetprompt_sqlite::RebuildReport;
/// let report = RebuildReport { read: 40_000, removed: 0 };
/// assert!(report.removed == 0, "every entry could be read");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RebuildReport {
    /// Entries that were read.
    pub read: u64,
    /// Of these, how many were removed because they could not be read.
    pub removed: u64,
}

impl SqliteStore {
    /// Makes the full-text table and the counts of the search index anew from the entries. Needed
    /// only when [`check`](Self::check) finds that they differ.
    ///
    /// Done in short steps beside the tables in use, so that searches and commits go on meanwhile:
    /// searches find what they found before until the new tables take over in one commit. That
    /// commit gives the old ones' room free, and holds up others for about a second where there are
    /// a million listings; any other step for some milliseconds.
    /// Dropping the future stops it between two steps; another call goes on there, also after a
    /// crash and from another process. Needs about as much room as the index, which is used again
    /// afterwards.
    ///
    /// An entry that can't be read is removed: the core sets it anew when it checks the index.
    ///
    /// ```
    /// use fleetprompt_sqlite::SqliteStore;
    /// let folder = tempfile::tempdir()?;
    /// let store = SqliteStore::open(folder.path().join("market.db"))?;
    /// let report = pollster::block_on(store.rebuild_index(|_| {}))?;
    /// assert_eq!(report.removed, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError::Full`] when there is no room for it, [`StoreError::ReadOnly`].
    pub async fn rebuild_index(
        &self,
        mut progress: impl FnMut(RebuildProgress),
    ) -> Result<RebuildReport, StoreError> {
        let entries = self.frequencies(&[]).await.map_or(0, |all| all.entries);
        let mut report = RebuildReport::default();
        loop {
            let step = self.write(|batch| rebuild::step(batch.conn)).await?;
            report.read += step.entries;
            report.removed += step.removed;
            progress(RebuildProgress { read: report.read, entries });
            if step.swapped {
                break;
            }
        }
        let mut after = Some(0);
        while let Some(last) = after {
            after = self.write(move |batch| rebuild::tidy(batch.conn, last)).await?;
        }
        Ok(report)
    }

    /// Merges the parts of the full-text table, in short steps between which commits go on. Worth
    /// its time after a large import; what is written day by day merges on its own.
    ///
    /// Nothing depends on it being done. Dropping the future stops it between two steps.
    ///
    /// ```
    /// use fleetprompt_sqlite::SqliteStore;
    /// let folder = tempfile::tempdir()?;
    /// let store = SqliteStore::open(folder.path().join("market.db"))?;
    /// pollster::block_on(store.merge_index())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError::Full`] when there is no room for it, [`StoreError::ReadOnly`].
    pub async fn merge_index(&self) -> Result<(), StoreError> {
        // A negative number begins a merge of all parts; others go on with it.
        let mut pages = -MERGED_PAGES;
        loop {
            let step = move |conn: &rusqlite::Connection| {
                let before = conn.total_changes();
                conn.prepare_cached(
                    "INSERT INTO index_text (index_text, rank) VALUES ('merge', ?1)",
                )?
                .execute([pages])?;
                Ok(conn.total_changes() - before)
            };
            // One change is the statement itself.
            if self.write(move |batch| step(batch.conn)).await? < 2 {
                return Ok(());
            }
            pages = MERGED_PAGES;
        }
    }
}
