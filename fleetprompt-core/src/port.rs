//! What a host or an adapter implements: storage, media, identity, clock, randomness, limits.

mod clock;
mod commit;
mod copy;
mod counter;
mod error;
mod identity;
mod index;
mod limiter;
mod media;
mod name;
mod record;
mod scan;
mod store;
#[cfg(feature = "system")]
mod system;

pub use clock::{Clock, Entropy, EntropyError, Seed};
pub use commit::{
    Change, Commit, Committed, Expectation, Fingerprint, IdempotencyScope, NewReceipt,
    RECEIPT_MAX_BYTES, Refusal, StoredReceipt,
};
pub use copy::{
    CopyKey, CopyMark, CopyRow, CopySnapshot, CopySource, CopyState, CopyTable, CopyTarget,
};
pub use counter::{Counter, CounterFamily, CounterRange, Within};
pub use error::StoreError;
pub use identity::{
    Identity, IdentityFuture, IdentityUnavailable, PolicyDecision, Principal, TenantRole, TrustHost,
};
pub use index::{
    Clause, Field, Find, Frequencies, Hit, INDEX_VERSION, IndexEntry, LabelCount, List, Matching,
    Phrase, Quality, Rank, Run, SearchIndex, Shelf, ShelfKey, ShelfOrder, StoredEntry,
    TERM_MAX_BYTES, Tally, TallyRequest, Term, Token, frequency_level, head,
};
pub use limiter::{
    GiveBackFuture, LimitKey, Limiter, LimiterFuture, LimiterUnavailable, LocalLimiter,
};
pub use media::{
    ImageRole, MediaError, MediaFuture, MediaName, MediaStore, Redraw, RedrawError, RedrawFuture,
    Redrawn, ScanFuture, ScanVerdict, UploadScanner,
};
pub use name::{ClaimedName, NameOwner, NameScope};
pub use record::{Column, ColumnValue, Entity, Record, RecordKey, RecordKind, Versioned};
pub use scan::{Direction, PAGE_MAX, PageKey, PageSize, Scan, ScanPlan};
pub use store::{Head, LogPage, Prune, Store, StoreFuture, StoredEvent, StoredFeedEntry};
#[cfg(feature = "system")]
pub use system::{SystemClock, SystemEntropy};
