//! The one write: everything a decision changes, and everything it rests on.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::{
    Day, EntitlementId, Event, ListingId, Position, PublisherId, Revision, Timestamp, Version,
};
use crate::token::KeyId;

use super::error::StoreError;
use super::record::{Record, RecordKey};

/// Everything that a decision changes, and everything it rests on. All of it becomes durable, or
/// none of it.
///
/// ```
/// use fleetprompt_core::domain::{Actor, Deployment, DeploymentId, Event, Fact, Timestamp};
/// use fleetprompt_core::port::{Change, Commit, Record};
/// let row = Deployment { id: DeploymentId::from_bytes([1; 16]), since: Timestamp::MIN };
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
    /// [`StoreError::Malformed`]: a record is put or deleted twice, or put without an event.
    pub fn check(&self) -> Result<(), StoreError> {
        let mut keys = BTreeSet::new();
        let mut puts = false;
        for change in &self.changes {
            let key = match change {
                Change::Put { record, .. } => {
                    puts = true;
                    record.key()
                }
                Change::Delete { key, .. } => key.clone(),
                Change::Count { .. } | Change::ClaimName { .. } | Change::ReleaseName { .. } => {
                    continue;
                }
            };
            if !keys.insert(key) {
                return Err(StoreError::Malformed("a record is changed twice in one commit"));
            }
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
/// # let record = Record::from(Deployment { id: DeploymentId::from_bytes([1; 16]), since: at });
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
}

/// Where a counter must lie after a change.
///
/// ```
/// use fleetprompt_core::port::Within;
/// let the_last_owner_leaves = Within::AtLeast(1).apply(1, -1);
/// assert_eq!(the_last_owner_leaves, None);
/// let the_third_of_three_seats = Within::AtMost(3).apply(2, 1);
/// assert_eq!(the_third_of_three_seats, Some(3));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Within {
    /// Anywhere from 0 up.
    Any,
    /// At or below this.
    AtMost(u64),
    /// At or above this.
    AtLeast(u64),
}

impl Within {
    /// The counter's value after adding `by` to `value`, if the bound allows it.
    ///
    /// ```
    /// use fleetprompt_core::port::Within;
    /// assert_eq!(Within::AtMost(3).apply(3, 1), None);
    /// assert_eq!(Within::Any.apply(0, -1), None);
    /// ```
    pub fn apply(self, value: u64, by: i64) -> Option<u64> {
        let sum = value.checked_add_signed(by).filter(|sum| i64::try_from(*sum).is_ok())?;
        let inside = match self {
            Within::Any => true,
            Within::AtMost(max) => sum <= max,
            Within::AtLeast(min) => sum >= min,
        };
        inside.then_some(sum)
    }
}

/// A counter: whose it is, and what it counts.
///
/// ```
/// use fleetprompt_core::domain::{Day, TenantId};
/// use fleetprompt_core::port::{Counter, CounterFamily};
/// let (tenant, today): (_, Day) = (TenantId::from_bytes([1; 16]), "2026-01-31".parse()?);
/// let begun = Counter::attempts(tenant, today);
/// assert_eq!((begun.scope(), begun.name()), (&*tenant.to_string(), "attempts/2026-01-31"));
/// assert_eq!(begun.family(), CounterFamily::Attempts);
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Counter {
    scope: String,
    name: String,
    family: CounterFamily,
}

/// What counters of a family count.
///
/// ```
/// use fleetprompt_core::domain::PublisherId;
/// use fleetprompt_core::port::{Counter, CounterFamily};
/// let owners = Counter::of_publisher(CounterFamily::Owners, PublisherId::from_bytes([1; 16]));
/// assert_eq!(owners.name(), CounterFamily::Owners.name());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CounterFamily {
    /// Owners of a publisher.
    Owners,
    /// Members of a publisher.
    Members,
    /// Publishers of a tenant.
    Publishers,
    /// Listings of a publisher.
    Listings,
    /// Releases of a publisher in a day.
    Releases,
    /// Pending invitations of a publisher.
    Invitations,
    /// Seats taken in an entitlement.
    Seats,
    /// Install attempts begun by a tenant in a day.
    Attempts,
    /// Install attempts begun, of a release in a day.
    Begun,
    /// Install attempts redeemed, of a release in a day.
    Redeemed,
}

impl CounterFamily {
    /// The family's name, the first part of its counters' names.
    pub fn name(self) -> &'static str {
        match self {
            CounterFamily::Owners => "owners",
            CounterFamily::Members => "members",
            CounterFamily::Publishers => "publishers",
            CounterFamily::Listings => "listings",
            CounterFamily::Releases => "releases",
            CounterFamily::Invitations => "invitations",
            CounterFamily::Seats => "seats",
            CounterFamily::Attempts => "attempts",
            CounterFamily::Begun => "begun",
            CounterFamily::Redeemed => "redeemed",
        }
    }
}

impl Counter {
    fn new(family: CounterFamily, scope: String, rest: &str) -> Self {
        let name = if rest.is_empty() {
            family.name().to_owned()
        } else {
            format!("{}/{rest}", family.name())
        };
        Counter { scope, name, family }
    }

    /// Whose counter it is: an id.
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// What it counts, unique in its scope.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The family.
    pub fn family(&self) -> CounterFamily {
        self.family
    }

    /// A counter of a publisher as a whole: owners, members, listings, invitations.
    pub fn of_publisher(family: CounterFamily, publisher: PublisherId) -> Self {
        Self::new(family, publisher.to_string(), "")
    }

    /// Publishers of a tenant.
    pub fn publishers(tenant: crate::domain::TenantId) -> Self {
        Self::new(CounterFamily::Publishers, tenant.to_string(), "")
    }

    /// Install attempts begun by a tenant on `day`.
    pub fn attempts(tenant: crate::domain::TenantId, day: Day) -> Self {
        Self::new(CounterFamily::Attempts, tenant.to_string(), &day.to_string())
    }

    /// Releases of a publisher on `day`.
    pub fn releases(publisher: PublisherId, day: Day) -> Self {
        Self::new(CounterFamily::Releases, publisher.to_string(), &day.to_string())
    }

    /// Seats taken in an entitlement.
    pub fn seats(entitlement: EntitlementId) -> Self {
        Self::new(CounterFamily::Seats, entitlement.to_string(), "")
    }

    /// Install attempts begun ([`CounterFamily::Begun`]) or redeemed
    /// ([`CounterFamily::Redeemed`]) of a release on `day`.
    pub fn installs(
        family: CounterFamily,
        listing: ListingId,
        day: Day,
        version: &Version,
    ) -> Self {
        Self::new(family, listing.to_string(), &format!("{day}/{version}"))
    }
}

/// Which counters to read: those of `scope` whose name is at or after `from` and before `until`,
/// compared byte by byte.
///
/// ```
/// use fleetprompt_core::domain::EntitlementId;
/// # use fleetprompt_core::memory::MemoryStore;
/// use fleetprompt_core::port::{Change, Commit, Counter, CounterRange, Store, Within};
/// # pollster::block_on(async {
/// # let store = MemoryStore::default();
/// let seats = Counter::seats(EntitlementId::from_bytes([1; 16]));
/// let changes = vec![Change::Count { counter: seats.clone(), by: 2, within: Within::AtMost(3) }];
/// store.commit(Commit { receipt: None, expectations: vec![], changes, events: vec![] }).await?;
/// let taken = store.counters(&CounterRange::one(&seats), 1).await?;
/// assert_eq!(taken, [("seats".to_owned(), 2)]);
/// # Ok::<(), fleetprompt_core::port::StoreError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CounterRange {
    /// Whose counters.
    pub scope: String,
    /// The first name.
    pub from: String,
    /// The name before which to stop.
    pub until: String,
}

impl CounterRange {
    /// One counter.
    pub fn one(counter: &Counter) -> Self {
        CounterRange {
            scope: counter.scope.clone(),
            from: counter.name.clone(),
            until: format!("{}\0", counter.name),
        }
    }

    /// The counters of `family` for `listing`, of the days from `first` up to and not including
    /// `end`.
    pub fn days(family: CounterFamily, listing: ListingId, first: Day, end: Day) -> Self {
        CounterRange {
            scope: listing.to_string(),
            from: format!("{}/{first}", family.name()),
            until: format!("{}/{end}", family.name()),
        }
    }
}

/// What a name is unique in.
///
/// ```
/// use fleetprompt_core::port::NameScope;
/// assert_eq!(NameScope::EntitlementSource.name(), "entitlement_source");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameScope {
    /// Handles of publishers, by skeleton.
    Handle,
    /// Slugs of a publisher's listings, by publisher and skeleton.
    Slug,
    /// Sources of entitlements.
    EntitlementSource,
    /// Confirmed references, by system, kind and upstream id.
    Reference,
}

impl NameScope {
    /// The scope's name, fit for SQL as a value.
    pub fn name(self) -> &'static str {
        match self {
            NameScope::Handle => "handle",
            NameScope::Slug => "slug",
            NameScope::EntitlementSource => "entitlement_source",
            NameScope::Reference => "reference",
        }
    }
}

/// A name that at most one owner has.
///
/// ```
/// use fleetprompt_core::port::{ClaimedName, NameScope};
/// /// The primary key of a store's table of names.
/// fn row(name: &ClaimedName) -> (&'static str, &str) {
///     (name.scope().name(), name.name())
/// }
/// assert_eq!(NameScope::Handle.name(), "handle", "what the first column holds");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClaimedName {
    scope: NameScope,
    name: String,
}

impl ClaimedName {
    /// The name `name` in `scope`.
    pub(crate) fn new(scope: NameScope, name: String) -> Self {
        ClaimedName { scope, name }
    }

    /// What the name is unique in.
    pub fn scope(&self) -> NameScope {
        self.scope
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Names may be secret until they are public, so only the scope is shown.
impl std::fmt::Debug for ClaimedName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ClaimedName({})", self.scope.name())
    }
}

/// Who has a name: the text of an id.
///
/// ```
/// use fleetprompt_core::domain::PublisherId;
/// use fleetprompt_core::port::NameOwner;
/// let acme = PublisherId::from_bytes([1; 16]);
/// assert_eq!(NameOwner::new(acme).as_str(), acme.to_string());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameOwner(String);

impl NameOwner {
    /// The owner with this id.
    pub fn new(id: impl Into<String>) -> Self {
        NameOwner(id.into())
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
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

#[cfg(test)]
mod tests;
