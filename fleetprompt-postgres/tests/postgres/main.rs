//! What a host, an operator and a fault would notice of the store, on a real server.
//!
//! `scripts/with-postgres cargo nextest run -p fleetprompt-postgres` starts one and runs them.

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod support;
