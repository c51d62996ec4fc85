//! What operators decide: about publishers, listings, names, and what was reported.

pub(super) mod held_names;
pub(super) mod moderation;
pub(super) mod name_verdicts;
mod reports;
pub(super) mod takedowns;
mod well_known;

pub use held_names::{HeldName, HeldNameView, NameReceipt, ResembledView};
pub use reports::{NewReport, ReportReceipt, ReportView};
