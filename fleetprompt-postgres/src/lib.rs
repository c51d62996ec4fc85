//! A FleetPrompt store in PostgreSQL (14 or newer), for any number of processes on any number of
//! machines.
//!
//! ```no_run
//! use fleetprompt_core::Marketplace;
//! use fleetprompt_core::token::{KeyRing, MasterKey};
//! use fleetprompt_postgres::PostgresStore;
//!
//! # pollster::block_on(async {
//! let store = PostgresStore::connect("postgres://market@db.example/market").await?;
//! let market = Marketplace::builder(store.clone())
//!     .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?)) // a real key is random
//!     .issuer("https://market.example".parse()?)
//!     .build()
//!     .await?;
//! // From here on, everything is as over any other store: publish, list, sell, redeem.
//! # drop(market);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! # What it promises
//!
//! - A commit is durable before it is answered, as durable as the server's settings make it.
//! - Commits are totally ordered across all processes: each is tested against what the one before it
//!   left, and events have positions without gaps.
//! - Commits of a process that wait at the same time share a transaction, which is one call of one
//!   function of the server.
//! - When the connection is lost before the server has answered, the outcome is unknown, and says so
//!   ([`StoreError::OutcomeUnknown`]): the idempotency key answers it.
//! - Any number of processes may start together on a new database, or on an old one: one of them
//!   brings the schema up to date. A newer schema is refused.
//! - Anonymous readers of the catalogue may be answered by a standby, within a bound on how stale it
//!   is ([`PostgresOptions::replica`]); everybody else reads what was committed last.
//! - When a standby is promoted, the store finds it ([`PostgresOptions::failover`]).
//!
//! # What it needs
//!
//! A database in UTF-8, and a role that owns one schema in it, or may make one. No extension, and no
//! right beyond the schema.
//!
//! The store has threads of its own for its connections: its futures need no particular executor. A host
//! that runs on Tokio lends it its runtime ([`PostgresOptions::runtime`]), which is quicker.
//!
//! [`StoreError::OutcomeUnknown`]: fleetprompt_core::port::StoreError::OutcomeUnknown

mod address;
mod batch;
mod committer;
mod connections;
mod copy;
mod error;
mod index;
mod limiter;
mod options;
mod pool;
mod prepared;
mod primary;
mod probe;
mod prune;
mod read;
mod replica;
mod row;
mod runtime;
mod scan;
mod schema;
mod session;
mod store;
mod upkeep;

pub use address::DatabaseUrl;
pub use copy::PostgresCopyTarget;
pub use limiter::PostgresLimiter;
pub use options::{PostgresOptions, SchemaName};
pub use store::PostgresStore;
/// The crate whose runtime a store may be lent, in the version that [`PostgresOptions::runtime`] takes.
pub use tokio;
pub use upkeep::IndexTables;
