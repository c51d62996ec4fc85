//! What holds under pressure: the server, the limits, and what an operator sees.

mod connections;
#[cfg(feature = "otlp")]
mod exporting;
pub(crate) mod harness;
mod health;
mod limits;
mod observing;
mod requests;
mod stopping;
