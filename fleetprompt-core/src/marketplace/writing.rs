//! The one way that all writes go, and what follows from whatever is written.

pub(super) mod actor;
pub(super) mod chores;
pub(super) mod context;
pub(super) mod execute;
pub(super) mod indexing;
mod inspecting;
pub(super) mod receipts;
pub(super) mod rendering;

pub use receipts::PublisherReceipt;
