//! The FleetPrompt marketplace over HTTP.
//!
//! A host mounts [`router`] under any path of its own axum application and says who its callers are
//! through [`Authenticate`](identity::Authenticate); an operator runs the program `fleetprompt`
//! instead, which brings identities, limits, logs and a server. The rules of the marketplace are all in
//! [`fleetprompt_core`]; here is how they look over HTTP, each convention by one mechanism:
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`api`] | the routes under `/v1`, and the OpenAPI document made from them |
//! | [`convention`] | problems, bodies, idempotency keys, revisions as entity tags, pages |
//! | [`identity`] | who asks |
//! | [`limits`] | who may ask how often |
//! | `pages` | the pages for browsers, which [`Api::pages`] adds |
//! | [`observe`] | logs, traces and metrics |
//! | [`serve`] | the server, and what holds it up under pressure |
//!
//! # Features
//!
//! - `program` (on by default): the program, with both stores, its adapters for uploads and what its command
//!   line needs. It adds nothing to the library, so a host that mounts the router leaves it out
//!   (`default-features = false`) and depends on the store and the features of `fleetprompt-core` that it uses.
//! - `otlp`: `observe::TraceExport`, which exports traces to an OpenTelemetry collector.
#![forbid(unsafe_code)]

pub mod api;
pub mod convention;
mod cryptography;
pub mod identity;
pub mod limits;
pub mod observe;
mod origin;
mod pages;
mod period;
pub mod serve;

pub use api::{Api, openapi, router};
/// The crate whose router [`router`] makes, in the version that mounts it.
pub use axum;
pub use origin::Origin;
pub use period::Period;
/// The crate that [`openapi`] makes its document with, in the version that reads it.
pub use utoipa;
