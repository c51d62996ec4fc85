//! What the generator's process says to the server's, and is answered: one line of JSON each.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where a marketplace is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Location {
    Sqlite(PathBuf),
    Postgres { url: String, schema: String },
}

/// What to serve.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Serve {
    pub(crate) market: Location,
    /// An empty store beside it, for commits without a marketplace.
    pub(crate) beside: Location,
    /// Whether people can sign in: as development identities, which production does not have.
    pub(crate) people: bool,
}

/// What to do besides serving.
#[derive(Serialize, Deserialize)]
pub(crate) enum Order {
    /// Issue install tokens.
    Issue(usize),
    /// Redeem these through the marketplace, so many callers at a time.
    Redeem { tokens: Vec<String>, callers: usize },
    /// Commit redemptions to the store beside, so many callers at a time; there will be `all` in all.
    Commit { commits: usize, callers: usize, all: usize },
    /// Search for these, one after the other.
    Search(Vec<String>),
}

#[derive(Serialize, Deserialize)]
pub(crate) enum Report {
    Ready(Served),
    Tokens(Vec<String>),
    /// How long what was ordered took, in seconds.
    Took(f64),
}

/// What is served.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    /// The static bodies, by `axum::serve` alone.
    pub(crate) bare: SocketAddr,
    /// The listing that is offered for installs.
    pub(crate) listing: String,
    /// The token of its owning system.
    pub(crate) system_token: String,
}

/// The first page of the catalogue.
pub(crate) const FIRST_PAGE: &str = "/v1/listings";

/// Where the static body of an answer stands.
pub(crate) fn static_of(path: &str) -> String {
    format!("/static{path}")
}

impl Served {
    /// The path of the listing that is read.
    pub(crate) fn listing_path(&self) -> String {
        format!("/v1/listings/{}", self.listing)
    }
}
