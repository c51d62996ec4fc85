//! Pure decisions: who may, and how much.

mod gcra;

pub use gcra::{ArrivalTime, LimitDecision, Rate, gcra};
