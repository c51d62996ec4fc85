//! The domain of the FleetPrompt marketplace.
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod domain;
mod error;
pub mod marketplace;
pub mod memory;
pub mod policy;
pub mod port;
pub mod search;
pub mod token;

pub use error::{Error, ErrorCode, ErrorKind, Result};
pub use marketplace::{Acting, Marketplace};
