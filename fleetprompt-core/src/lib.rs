//! The FleetPrompt marketplace as a library: publishers list assets that live in other systems,
//! buyers come to own them and are handed over to the system that owns the asset.
//!
//! The crate decides; everything it needs from outside stands behind a trait of [`port`]. It has no
//! SQL and no HTTP, runs no agent or workflow, keeps no runtime's secret and calls no owning
//! system. The host authenticates its users and says who acts, as a [`Principal`](port::Principal).
//!
//! ```
//! use fleetprompt_core::domain::{PersonIdentity, PublisherProfile};
//! use fleetprompt_core::marketplace::NewPublisher;
//! use fleetprompt_core::token::{KeyRing, MasterKey};
//! use fleetprompt_core::{Marketplace, memory::MemoryStore, port::Principal};
//! # pollster::block_on(async {
//! let market = Marketplace::builder(MemoryStore::default())
//!     .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?)) // a real key is random
//!     .issuer("https://market.example".parse()?)
//!     .build()
//!     .await?;
//!
//! let ada = PersonIdentity::personal("https://id.example".parse()?, "user_ada".parse()?);
//! let ada = market.act_as(Principal::person(ada));
//! let profile = PublisherProfile { name: "Acme".parse()?, summary: None, website: None };
//! let acme = NewPublisher { handle: "acme".parse()?, profile };
//! let key = "create-acme-0001".parse()?;
//! let created = ada.create_publisher(acme.clone(), &key).await?;
//! // An answer was lost on its way? The same key gives it again, and no second publisher.
//! assert_eq!(ada.create_publisher(acme, &key).await?, created);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! # The map
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`marketplace`] | [`Marketplace`], the one handle that a host holds, and its use cases |
//! | [`domain`] | parsed types and their rules: a value of one has passed them |
//! | [`policy`] | pure decisions: who may do what, quotas, rates, what figures may be shown |
//! | [`token`] | install tokens: claims, codec, keys |
//! | [`search`] | how queries and texts are understood, filters and orders, cursors |
//! | [`port`] | what a host or an adapter implements: store, identity, clock, randomness, limiter |
//! | [`copy`] | everything of one store into another, tested row by row |
//! | [`memory`] | stores in memory: the plainest ones, for tests and for trying things out |
//! | `media` | with the features `images`, `object-store`, `s3` and `clamav`: what uploads need, ready made |
//! | `openapi` | with the feature `openapi`: what makes schemas derived from the code read well |
//! | `conformance` | with the feature `conformance`: the suite that every store must pass |
//!
//! Every write goes one way: parse, read, decide, one atomic [`Commit`](port::Commit). What does not
//! succeed answers with an [`Error`], whose [`kind`](Error::kind) says what to do about it and whose
//! [`code`](Error::code) is a stable word for programs.
//!
//! # Features
//!
//! - `system` (on by default): the operating system's clock and random numbers. Without it, the
//!   host brings a [`Clock`](port::Clock) and an [`Entropy`](port::Entropy).
//! - `conformance`: the suite for the authors of stores.
//! - `images`: `media::Images`, which redraws uploaded images.
//! - `object-store`: `media::ObjectMedia`, which keeps images in a folder or in an object store.
//! - `s3`: `media::S3Config` as well, which keeps images in S3 or in a store that speaks its protocol. Brings
//!   an HTTP client, whose futures tokio must drive.
//! - `clamav`: `media::ClamAv`, which has uploads scanned by ClamAV.
//! - `openapi`: the types that use cases take and answer implement `utoipa::ToSchema`.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod copy;
pub mod domain;
mod error;
pub mod marketplace;
#[cfg(any(feature = "images", feature = "object-store", feature = "clamav"))]
pub mod media;
pub mod memory;
#[cfg(feature = "openapi")]
pub mod openapi;
pub mod policy;
pub mod port;
pub mod search;
pub mod token;

pub use error::{Error, ErrorCode, ErrorKind, Result};
pub use marketplace::{Acting, Marketplace};
