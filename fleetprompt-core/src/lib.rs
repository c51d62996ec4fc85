//! The domain of the FleetPrompt marketplace.
pub mod domain;
mod error;
pub mod marketplace;
pub mod policy;
pub mod port;
pub mod search;
pub mod token;

pub use error::{Error, ErrorCode, ErrorKind, Result};
pub use marketplace::{Acting, Marketplace};
