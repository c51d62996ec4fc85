//! Pure decisions: who may, how much, and what is worth how much.

mod access;
mod aggregate;
mod gcra;
mod lookalike;
mod quality;
mod quota;
mod redemption;

pub use access::{Action, Standing, Standings};
pub use aggregate::{AGGREGATE_STEP, Aggregate};
pub use gcra::{ArrivalTime, LimitDecision, Rate, gcra};
pub use lookalike::{
    EDITED_HANDLE_LETTERS, EDITED_SLUG_LETTERS, IMPERSONATED, POPULAR_BUYERS, POPULAR_IMPORTED,
    Spelling, display_key, is_popular,
};
pub use quality::{BUYERS_COUNTED, quality};
pub use quota::Quotas;
pub use redemption::{Grounds, MISMATCHES_MAX, MismatchEffect, Presentation, Verdict, weigh};
