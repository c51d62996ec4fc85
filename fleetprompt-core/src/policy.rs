//! Pure decisions: who may, how much, what is worth how much, what must not be written, and what is
//! safe to show.

mod access;
mod aggregate;
mod deception;
mod gcra;
mod hosts;
mod lookalike;
mod markdown;
mod quality;
mod quota;
mod redemption;
mod secrets;

pub use access::{Action, Standing, Standings};
pub use aggregate::{AGGREGATE_STEP, Aggregate};
pub use deception::deceptive;
pub use gcra::{ArrivalTime, LimitDecision, Rate, gcra, gcra_given_back};
pub use hosts::leads_nowhere;
pub use lookalike::{
    EDITED_HANDLE_LETTERS, EDITED_SLUG_LETTERS, IMPERSONATED, POPULAR_BUYERS, POPULAR_IMPORTED,
    Spelling, display_key, display_probes, is_popular, title_probes,
};
pub(crate) use markdown::MEDIA_SCHEME;
pub use markdown::RenderContext;
pub use quality::{BUYERS_COUNTED, quality};
pub use quota::Quotas;
pub use redemption::{Grounds, MISMATCHES_MAX, MismatchEffect, Presentation, Verdict, weigh};
pub use secrets::find_secret;
