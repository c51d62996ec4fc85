//! Pure decisions: who may, and how much.

mod access;
mod aggregate;
mod gcra;
mod quota;

pub use access::{Action, Standing, Standings};
pub use aggregate::{AGGREGATE_STEP, Aggregate};
pub use gcra::{ArrivalTime, LimitDecision, Rate, gcra};
pub use quota::Quotas;
