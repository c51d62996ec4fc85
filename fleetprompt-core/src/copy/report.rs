//! What a copy says of itself.

use std::fmt;

use crate::domain::Sha256Digest;
use crate::port::{CopyTable, StoreError};

/// What is being done.
///
/// ```
/// use fleetprompt_core::copy::CopyStage;
/// assert_ne!(CopyStage::Copying, CopyStage::Testing);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyStage {
    /// Rows are brought from the source to the target.
    Copying,
    /// Both sides are read and compared.
    Testing,
}

/// How far a stage is.
///
/// ```
/// use fleetprompt_core::copy::{CopyProgress, CopyStage};
/// use fleetprompt_core::port::CopyTable;
/// let (stage, table) = (CopyStage::Copying, CopyTable::Events);
/// let now = CopyProgress { stage, table, rows: 50, total: 200 };
/// assert_eq!(now.rows * 100 / now.total, 25);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyProgress {
    /// What is being done.
    pub stage: CopyStage,
    /// The table that it is at.
    pub table: CopyTable,
    /// Rows of the source that are done, of all tables; those of earlier runs are among them.
    pub rows: u64,
    /// Rows of the source in all.
    pub total: u64,
}

/// How many rows a table has, and what is in them.
///
/// ```
/// use fleetprompt_core::copy::Tally;
/// use fleetprompt_core::domain::Sha256Digest;
/// let tally = |row: &[u8]| Tally { rows: 1, digest: Sha256Digest::of(row) };
/// assert_ne!(tally(b"redeemed"), tally(b"issued"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// How many rows.
    pub rows: u64,
    /// The SHA-256 over all of them in the order of their keys, in a spelling that does not depend on
    /// the store.
    pub digest: Sha256Digest,
}

/// A table on both sides.
///
/// ```
/// use fleetprompt_core::copy::{TableReport, Tally};
/// use fleetprompt_core::domain::Sha256Digest;
/// use fleetprompt_core::port::CopyTable;
/// let source = Tally { rows: 2, digest: Sha256Digest::of(b"both") };
/// let target = Tally { rows: 1, digest: Sha256Digest::of(b"one") };
/// let report = TableReport { table: CopyTable::Names, source, target };
/// assert_eq!(report.to_string(), "name_claim: 2 rows in the source, 1 in the target: they differ");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableReport {
    /// The table.
    pub table: CopyTable,
    /// What the source holds.
    pub source: Tally,
    /// What the target holds.
    pub target: Tally,
}

impl fmt::Display for TableReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TableReport { table, source, target } = self;
        write!(f, "{}: {} rows in the source, ", table.name(), source.rows)?;
        let verdict = if source == target { "the same" } else { "they differ" };
        write!(f, "{} in the target: {verdict}", target.rows)
    }
}

/// What a copy or a comparison found, table by table.
///
/// ```
/// use fleetprompt_core::copy::CopyReport;
/// let report = CopyReport { tables: vec![], heads_agree: false };
/// assert!(!report.is_equal());
/// assert_eq!(report.to_string(), "the logs do not stand at the same place");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyReport {
    /// Every table.
    pub tables: Vec<TableReport>,
    /// Whether the logs stand at the same place.
    pub heads_agree: bool,
}

impl CopyReport {
    /// Whether both sides hold the same.
    pub fn is_equal(&self) -> bool {
        self.heads_agree && self.differing().next().is_none()
    }

    /// The tables that differ.
    pub fn differing(&self) -> impl Iterator<Item = &TableReport> {
        self.tables.iter().filter(|table| table.source != table.target)
    }
}

/// What differs, a line each; or else how many rows are the same.
impl fmt::Display for CopyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_equal() {
            let rows: u64 = self.tables.iter().map(|table| table.source.rows).sum();
            return write!(
                f,
                "{rows} rows in {} tables, the same on both sides",
                self.tables.len()
            );
        }
        let mut separator = "";
        if !self.heads_agree {
            f.write_str("the logs do not stand at the same place")?;
            separator = "\n";
        }
        for table in self.differing() {
            write!(f, "{separator}{table}")?;
            separator = "\n";
        }
        Ok(())
    }
}

/// Why a copy was not finished.
///
/// ```
/// use fleetprompt_core::copy::{CopyError, CopyOptions, copy};
/// use fleetprompt_core::memory::MemoryStore;
/// # use fleetprompt_core::Marketplace;
/// # use fleetprompt_core::token::{KeyRing, MasterKey};
/// # pollster::block_on(async {
/// # let used = MemoryStore::default();
/// # Marketplace::builder(used.clone()).keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?))
/// #     .issuer("https://market.example".parse()?).build().await?;
/// // A marketplace was built over this one: a copy never writes over it.
/// let refused = copy(&MemoryStore::default(), &used, CopyOptions::default(), |_| {}).await;
/// assert!(matches!(refused, Err(CopyError::TargetOccupied)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CopyError {
    /// Something is in the target, and it is no unfinished copy. It was left alone.
    #[error("the target is a store already; copy into an empty one")]
    TargetOccupied,
    /// The target holds an unfinished copy of something else, or of another state of the source.
    #[error("the source is not what it was when the copy was begun; restart the copy")]
    SourceChanged,
    /// The copy is not what the source holds: somebody wrote to the target, or wrote to the source
    /// between two runs what the log does not tell.
    #[error("the copy differs from the source; restart it\n{0}")]
    Differs(CopyReport),
    /// The source could not be read.
    #[error("the source could not be read: {0}")]
    Source(#[source] StoreError),
    /// The target could not be read or written.
    #[error("the target could not be read or written: {0}")]
    Target(#[source] StoreError),
}
