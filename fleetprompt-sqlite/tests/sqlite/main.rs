//! What a host, an operator and a crash would notice of the store.

mod conformance;
