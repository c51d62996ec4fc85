//! What a host, an operator and a crash would notice of the store.

mod child;
mod conformance;
mod crash;
mod faults;
mod market;
mod processes;
mod redemption;
mod stored;
mod support;
mod upkeep;
