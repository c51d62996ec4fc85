//! Pure decisions: who may, and how much.

mod access;
mod aggregate;
mod gcra;
mod quota;
mod redemption;

pub use access::{Action, Standing, Standings};
pub use aggregate::{AGGREGATE_STEP, Aggregate};
pub use gcra::{ArrivalTime, LimitDecision, Rate, gcra};
pub use quota::Quotas;
pub use redemption::{Grounds, MISMATCHES_MAX, MismatchEffect, Presentation, Verdict, weigh};
