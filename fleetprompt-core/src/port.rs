//! What a host or an adapter implements: storage, identity, clock, randomness, limits.

mod clock;
mod commit;
mod error;
mod identity;
mod limiter;
mod record;
mod scan;
mod store;
#[cfg(feature = "system")]
mod system;

pub use clock::{Clock, Entropy, EntropyError, Seed};
pub use commit::{
    Change, ClaimedName, Commit, Committed, Counter, CounterFamily, CounterRange, Expectation,
    Fingerprint, IdempotencyScope, NameOwner, NameScope, NewReceipt, RECEIPT_MAX_BYTES, Refusal,
    StoredReceipt, Within,
};
pub use error::StoreError;
pub use identity::{
    Identity, IdentityFuture, IdentityUnavailable, PolicyDecision, Principal, TenantRole, TrustHost,
};
pub use limiter::{LimitKey, Limiter, LimiterFuture, LimiterUnavailable, LocalLimiter};
pub use record::{Column, ColumnValue, Entity, Record, RecordKey, RecordKind, Versioned};
pub use scan::{
    CatalogueFilter, CatalogueOrder, Direction, PAGE_MAX, PageKey, PageSize, Scan, ScanPlan,
};
pub use store::{Head, LogPage, Prune, Store, StoreFuture, StoredEvent, StoredFeedEntry};
#[cfg(feature = "system")]
pub use system::{SystemClock, SystemEntropy};
