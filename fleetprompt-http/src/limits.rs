//! Who may ask how often.
//!
//! Cheap first: an address pays before anybody is authenticated, then who was authenticated pays by
//! kind of operation, then their tenant. No budget is keyed by what a caller merely claims: an address is
//! the peer's, unless trusted proxies are configured, and a principal is one that authentication
//! established. Budgets are spent by cost, so that a search takes more of one than a point read.

mod admission;
mod budget;
mod by_address;
mod client_address;
mod headers;
mod operation;
mod options;

pub use admission::InvalidToken;
pub(crate) use admission::{admit, counted_address};
pub use by_address::Limits;
pub use client_address::{ClientAddressOptions, ForwardingHeader, Ipv6Prefix, Trust};
pub use operation::{Budgeted, Operation};
pub use options::{Budget, LimitOptions, PrincipalBudgets};
