//! The suite that every store must pass, and what it takes to test a marketplace.

mod ports;

pub use ports::{ManualClock, SeededEntropy};
