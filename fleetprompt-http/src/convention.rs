//! How every route speaks: each convention has one mechanism, which stands here.

pub(crate) mod body;
pub(crate) mod caller;
mod edit;
mod idempotency;
mod page;
mod path;
mod problem;
mod query;
pub(crate) mod request_id;
pub(crate) mod response_cache;
mod revision;

pub use body::{Body, Patch};
pub(crate) use caller::Answer;
pub use caller::{Caller, SignedIn};
pub use edit::Edit;
pub use idempotency::Key;
pub use page::{Limit, PageQuery};
pub use path::PathOf;
pub use problem::{Problem, ProblemBody, ProblemField};
pub(crate) use problem::{ProblemCode, problem_code};
pub use query::Query;
pub use request_id::RequestId;
pub use revision::IfMatch;
