//! Pure decisions: who may, how much, what is worth how much, and what is safe to show.

mod access;
mod aggregate;
mod gcra;
mod markdown;
mod quality;
mod quota;
mod redemption;

pub use access::{Action, Standing, Standings};
pub use aggregate::{AGGREGATE_STEP, Aggregate};
pub use gcra::{ArrivalTime, LimitDecision, Rate, gcra};
pub use markdown::RenderContext;
pub use quality::{BUYERS_COUNTED, quality};
pub use quota::Quotas;
pub use redemption::{Grounds, MISMATCHES_MAX, MismatchEffect, Presentation, Verdict, weigh};
