//! What keeps a marketplace in order: upkeep, checks, keys, and people who are forgotten.

mod checking;
pub(super) mod key_ring;
mod keys;
mod maintenance;
mod people;
mod refreshing;
mod resanitising;

pub use checking::{FaultId, FaultKind, FaultPlace, IndexReport, RecordFault, RecordsReport};
pub use key_ring::KeysError;
pub use keys::{FenceReceipt, KeyRevocationReceipt};
pub use maintenance::{Maintained, Retention};
pub use people::{Erasure, TenantDeletion};
pub use refreshing::Refreshed;
pub use resanitising::Resanitised;
