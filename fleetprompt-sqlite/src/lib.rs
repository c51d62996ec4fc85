//! A FleetPrompt store in one SQLite file.
//!
//! ```
//! use fleetprompt_core::Marketplace;
//! use fleetprompt_core::token::{KeyRing, MasterKey};
//! use fleetprompt_sqlite::SqliteStore;
//!
//! # pollster::block_on(async {
//! # let folder = tempfile::tempdir()?;
//! let store = SqliteStore::open(folder.path().join("market.db"))?;
//! let market = Marketplace::builder(store.clone())
//!     .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?)) // a real key is random
//!     .issuer("https://market.example".parse()?)
//!     .build()
//!     .await?;
//! assert!(store.check().await?.is_clean());
//! # drop(market);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
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
//! # What it keeps to search
//!
//! A dictionary of all words, a short document of numbers for each listing in the public catalogue,
//! and a full-text table (FTS5) that lists the documents of each word, the best first. A search
//! reads as many of them as it shows, whatever the catalogue holds; only words that are common each
//! and rarely meet make it read on, for some 20 ms in a million listings, and a phrase of such words
//! for some more.
//!
//! What is removed leaves the dictionary and the documents with the same commit, and is overwritten.
//! In the full-text table, numbers of words may stay until it is merged, which says nothing any
//! more: [`merge_index`](SqliteStore::merge_index) does that at once.
//!
//! # What it needs
//!
//! A local disk that honours flushes. Network file systems do not work, because processes share
//! memory through a file beside the database.

mod batch;
mod commit;
mod copy;
mod error;
mod index;
mod open;
mod options;
mod place;
mod prepared;
mod private_file;
mod prune;
mod queue;
mod read;
mod readers;
mod row;
mod scan;
mod store;
mod upkeep;
mod writer;

pub use copy::SqliteCopyTarget;
pub use options::SqliteOptions;
pub use store::SqliteStore;
pub use upkeep::{BackupProgress, CheckReport, FileSize, Finding, RebuildProgress, RebuildReport};

/// The repository's front page, for its example to be run as a test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct ReadmeExamples;
