//! How every route speaks: each convention has one mechanism, which stands here.

pub(crate) mod body;
mod caller;
mod idempotency;
mod page;
mod path;
mod problem;
mod query;
pub(crate) mod request_id;
mod revision;

pub use body::Body;
pub use caller::Caller;
pub use idempotency::Key;
pub use page::{Limit, PageQuery};
pub use path::PathOf;
pub use problem::{Problem, ProblemBody, ProblemField};
pub use query::Query;
pub use request_id::RequestId;
pub use revision::{IfMatch, tagged};
