//! The one write: everything a decision changes, and everything it rests on.

use std::collections::BTreeSet;

use crate::domain::{Event, ListingId, Position, Revision, Timestamp};
use crate::token::KeyId;

use super::counter::{Counter, Within};
use super::error::StoreError;
use super::index::IndexEntry;
use super::name::{ClaimedName, NameOwner};
use super::record::{Record, RecordKey, RecordKind};

/// Everything that a decision changes, and everything it rests on. All of it becomes durable, or
/// none of it.
///
/// ```
/// use fleetprompt_core::domain::{Actor, Deployment, DeploymentId, Event, Fact, Timestamp};
/// use fleetprompt_core::port::{Change, Commit, Record};
/// let row = Deployment::new(DeploymentId::from_bytes([1; 16]), Timestamp::MIN);
/// let changes = vec![Change::Put { record: Record::from(row), expected: None }];
/// let mut commit = Commit { receipt: None, expectations: vec![], changes, events: vec![] };
/// assert!(commit.check().is_err(), "no record changes without an event");
/// let fact = Fact::DeploymentRenewed { revoked: 0 };
/// commit.events.push(Event { at: Timestamp::MIN, actor: Actor::Marketplace, fact, feed: None });
/// assert_eq!(commit.check(), Ok(()));
/// ```
#[derive(Clone, Debug)]
pub struct Commit {
    /// The answer to keep under an idempotency key. Tested before anything else.
    pub receipt: Option<NewReceipt>,
    /// Records that the decision looked at, and must still be as they were.
    pub expectations: Vec<Expectation>,
    /// What changes.
    pub changes: Vec<Change>,
    /// What happened. Not empty when a record is put, since records carry positions.
    pub events: Vec<Event>,
}

impl Commit {
    /// Refuses what no decision of the core asks for, before a store looks at anything.
    ///
    /// # Errors
    /// [`StoreError::Malformed`]: a record is put or deleted twice, or put without an event; an index
    /// entry is set twice, or a word of it has a class, or a label none of one ASCII letter; two
    /// listings are created, which would share an ordinal.
    pub fn check(&self) -> Result<(), StoreError> {
        let (mut keys, mut indexed) = (BTreeSet::new(), BTreeSet::new());
        let mut puts = false;
        let mut created = 0;
        for change in &self.changes {
            let key = match change {
                Change::Put { record, expected } => {
                    puts = true;
                    let new = record.kind() == RecordKind::Listing && expected.is_none();
                    created += u32::from(new);
                    record.key()
                }
                Change::Delete { key, .. } => key.clone(),
                Change::Index { listing, entry } => {
                    if !indexed.insert(*listing) {
                        return Err(StoreError::Malformed("an index entry is set twice"));
                    }
                    if let Some(entry) = entry {
                        entry.check()?;
                    }
                    continue;
                }
                Change::Count { .. } | Change::ClaimName { .. } | Change::ReleaseName { .. } => {
                    continue;
                }
            };
            if !keys.insert(key) {
                return Err(StoreError::Malformed("a record is changed twice in one commit"));
            }
        }
        if created > 1 {
            return Err(StoreError::Malformed("a commit creates two listings"));
        }
        if puts && self.events.is_empty() {
            return Err(StoreError::Malformed("a record is put without an event"));
        }
        Ok(())
    }
}

/// That a record is still at the revision at which it was read; `None` says it is still absent.
///
/// ```
/// use fleetprompt_core::domain::Revision;
/// # use fleetprompt_core::memory::MemoryStore;
/// use fleetprompt_core::port::{Commit, Committed, Expectation, RecordKey, Refusal, Store};
/// let key = RecordKey::deployment();
/// let expectations = vec![Expectation { key: key.clone(), revision: Some(Revision::FIRST) }];
/// let commit = Commit { receipt: None, expectations, changes: vec![], events: vec![] };
/// let committed = pollster::block_on(MemoryStore::default().commit(commit))?;
/// assert_eq!(committed, Committed::Refused(Refusal::Conflict(key)), "it is not there");
/// # Ok::<(), fleetprompt_core::port::StoreError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// The record.
    pub key: RecordKey,
    /// Its revision.
    pub revision: Option<Revision>,
}

/// A change. Exhaustive on purpose: a new kind breaks every adapter at compile time.
///
/// ```
/// # use fleetprompt_core::domain::{Actor, Deployment, DeploymentId, Event, Fact, Timestamp};
/// # use fleetprompt_core::memory::MemoryStore;
/// use fleetprompt_core::port::{Change, Commit, Committed, Record, Refusal, Store};
/// # let (store, at) = (MemoryStore::default(), Timestamp::MIN);
/// # let record = Record::from(Deployment::new(DeploymentId::from_bytes([1; 16]), at));
/// # let fact = Fact::DeploymentRenewed { revoked: 0 };
/// # let events = vec![Event { at, actor: Actor::Marketplace, fact, feed: None }];
/// let changes = vec![Change::Put { record: record.clone(), expected: None }];
/// let commit = Commit { receipt: None, expectations: vec![], changes, events };
/// let first = pollster::block_on(store.commit(commit.clone()))?;
/// assert!(matches!(first, Committed::Applied { .. }));
/// // The record is not new any more.
/// let again = pollster::block_on(store.commit(commit))?;
/// assert_eq!(again, Committed::Refused(Refusal::Conflict(record.key())));
/// # Ok::<(), fleetprompt_core::port::StoreError>(())
/// ```
#[derive(Clone, Debug)]
pub enum Change {
    /// Creates a record, or replaces it whole. It carries the revision that it replaces (`None`:
    /// the record is new), so that a blind overwrite cannot be written down.
    Put {
        /// The record.
        record: Record,
        /// What it replaces.
        expected: Option<Revision>,
    },
    /// Removes a record.
    Delete {
        /// The record.
        key: RecordKey,
        /// The revision that is removed.
        expected: Revision,
    },
    /// Adds to a counter, evaluated when it is applied: two commits that count the same thing do
    /// not conflict.
    Count {
        /// The counter; one that was never counted stands at 0.
        counter: Counter,
        /// How much to add.
        by: i64,
        /// Where the result must lie. Below 0 is always out of bounds.
        within: Within,
    },
    /// Takes a name for an owner. Succeeds if the name is free or already this owner's.
    ClaimName {
        /// The name.
        name: ClaimedName,
        /// The owner.
        owner: NameOwner,
    },
    /// Gives a name up, if it is this owner's; otherwise nothing happens.
    ReleaseName {
        /// The name.
        name: ClaimedName,
        /// The owner.
        owner: NameOwner,
    },
    /// Sets or removes a listing's entry in the search index. Its ordinal is the position that
    /// created the listing's record: a listing that has none once everything else was applied
    /// loses its entry, and gets none.
    Index {
        /// The listing.
        listing: ListingId,
        /// The entry; `None` to remove it, if there is one.
        entry: Option<Box<IndexEntry>>,
    },
}

/// How long a receipt may be, in bytes.
pub const RECEIPT_MAX_BYTES: usize = 8 * 1024;

/// Where a receipt is kept: a digest of tenant, principal, operation and idempotency key.
///
/// ```
/// # use fleetprompt_core::memory::MemoryStore;
/// use fleetprompt_core::port::{IdempotencyScope, Store};
/// let unheard_of = IdempotencyScope([1; 32]);
/// let kept = pollster::block_on(MemoryStore::default().receipt(&unheard_of))?;
/// assert_eq!(kept, None);
/// # Ok::<(), fleetprompt_core::port::StoreError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdempotencyScope(pub [u8; 32]);

/// What a request asked for, as a keyed digest: tells a retry from another request.
///
/// ```
/// use fleetprompt_core::port::Fingerprint;
/// let request = Fingerprint { kid: "k1".parse()?, digest: [1; 32] };
/// let another = Fingerprint { digest: [2; 32], ..request.clone() };
/// assert_ne!(request, another, "the same idempotency key can't serve both");
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// The key that made it, so that rotation does not turn retries into other requests.
    pub kid: KeyId,
    /// The digest.
    pub digest: [u8; 32],
}

/// An answer to keep.
///
/// ```
/// use fleetprompt_core::port::{Fingerprint, IdempotencyScope, NewReceipt, RECEIPT_MAX_BYTES};
/// let receipt = NewReceipt {
///     scope: IdempotencyScope([1; 32]),
///     fingerprint: Fingerprint { kid: "k1".parse()?, digest: [2; 32] },
///     answer: r#"{"revision":1}"#.to_owned(),
///     expires_at: "2026-02-02T12:00:00Z".parse()?,
/// };
/// assert!(receipt.answer.len() <= RECEIPT_MAX_BYTES);
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewReceipt {
    /// Where.
    pub scope: IdempotencyScope,
    /// What was asked for.
    pub fingerprint: Fingerprint,
    /// The answer, in the core's encoding; at most [`RECEIPT_MAX_BYTES`]. Holds no secret.
    pub answer: String,
    /// Until when it is kept.
    pub expires_at: Timestamp,
}

/// An answer that was kept.
///
/// ```
/// use fleetprompt_core::port::{Fingerprint, StoredReceipt};
/// let request = Fingerprint { kid: "k1".parse()?, digest: [1; 32] };
/// let kept = StoredReceipt { fingerprint: request.clone(), answer: "{}".to_owned() };
/// assert_eq!(kept.fingerprint, request, "a retry, and not another request");
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredReceipt {
    /// What was asked for.
    pub fingerprint: Fingerprint,
    /// The answer.
    pub answer: String,
}

/// What became of a commit.
///
/// ```
/// # use fleetprompt_core::domain::Timestamp;
/// # use fleetprompt_core::memory::MemoryStore;
/// # use fleetprompt_core::port::{Fingerprint, IdempotencyScope, NewReceipt};
/// use fleetprompt_core::port::{Commit, Committed, Store};
/// # pollster::block_on(async {
/// # let store = MemoryStore::default();
/// # let receipt = Some(NewReceipt {
/// #     scope: IdempotencyScope([1; 32]),
/// #     fingerprint: Fingerprint { kid: "k1".parse()?, digest: [2; 32] },
/// #     answer: "{}".to_owned(),
/// #     expires_at: Timestamp::MAX,
/// # });
/// let commit = Commit { receipt, expectations: vec![], changes: vec![], events: vec![] };
/// let first = store.commit(commit.clone()).await?;
/// assert!(matches!(first, Committed::Applied { .. }));
/// let retry = store.commit(commit).await?;
/// assert!(matches!(retry, Committed::Replayed(kept) if kept.answer == "{}"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Committed {
    /// All of it is durable.
    Applied {
        /// The position of the log's last event after it.
        last: Position,
    },
    /// The idempotency key was there already; nothing was changed.
    Replayed(StoredReceipt),
    /// Nothing was changed.
    Refused(Refusal),
}

/// Why a commit was refused.
///
/// ```
/// use fleetprompt_core::domain::EntitlementId;
/// # use fleetprompt_core::memory::MemoryStore;
/// use fleetprompt_core::port::{Change, Commit, Committed, Counter, Refusal, Store, Within};
/// let seats = Counter::seats(EntitlementId::from_bytes([1; 16]));
/// let changes = vec![Change::Count { counter: seats.clone(), by: 1, within: Within::AtMost(0) }];
/// let commit = Commit { receipt: None, expectations: vec![], changes, events: vec![] };
/// let committed = pollster::block_on(MemoryStore::default().commit(commit))?;
/// assert_eq!(committed, Committed::Refused(Refusal::OutOfBounds(seats)));
/// # Ok::<(), fleetprompt_core::port::StoreError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A record is not at the expected revision. Reading and deciding again may help.
    Conflict(RecordKey),
    /// A name has another owner.
    NameTaken(ClaimedName),
    /// A counter would leave its bounds.
    OutOfBounds(Counter),
}
