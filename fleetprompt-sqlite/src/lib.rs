//! A FleetPrompt store in one SQLite file.
//!
//! ```
//! use fleetprompt_core::Marketplace;
//! use fleetprompt_sqlite::SqliteStore;
//!
//! let folder = tempfile::tempdir()?;
//! let builder = Marketplace::builder(SqliteStore::open(folder.path().join("market.db"))?);
//! # drop(builder);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it promises
//!
//! - A commit is on disk before it is answered: write-ahead logging with `synchronous = FULL`.
//! - Commits that wait at the same time share a transaction, so that many callers cost one flush. A
//!   single caller waits for nobody.
//! - Any number of processes of one machine may open the file. They take turns writing; reads wait
//!   for nobody.
//! - A file of another program, or of a newer version of this one, is refused.
//!
//! # What it needs
//!
//! A local disk that honours flushes. Network file systems do not work, because processes share
//! memory through a file beside the database.

mod batch;
mod commit;
mod error;
mod open;
mod options;
mod prepared;
mod prune;
mod queue;
mod read;
mod readers;
mod row;
mod scan;
mod store;
mod upkeep;
mod writer;

pub use options::SqliteOptions;
pub use store::SqliteStore;
pub use upkeep::{BackupProgress, CheckReport, FileSize, Finding};
