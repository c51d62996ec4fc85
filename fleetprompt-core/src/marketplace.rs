//! The marketplace: the one handle that a host holds, and its use cases.
//!
//! Reads take what they need from the store and shape it. Writes all go one way, through one
//! function: look the idempotency key up → replay, or decide → one atomic commit. What a decision
//! reads becomes an expectation of its commit by itself.

mod builder;
mod exchange;
#[cfg(test)]
mod install_tests;
mod moderating;
mod owning;
mod publishing;
mod reading;
#[cfg(test)]
mod search_tests;
#[cfg(test)]
mod tests;
mod time;
mod upkeep;
mod writing;

use std::sync::{Arc, PoisonError, RwLock};

use crate::domain::{
    Day, Deployment, DeploymentId, PersonIdentity, Sha256Digest, Span, SystemName, SystemRegistry,
};
use crate::error::{Error, ErrorCode, Result};
use crate::policy::{LimitDecision, Quotas, Rate};
use crate::port::{
    Clock, Entity, Entropy, Head, Identity, LimitKey, Limiter, PageKey, PageSize, Principal,
    Record, RecordKey, Scan, Store, StoreError, Versioned,
};
use crate::token::{Issuer, KeyRing, KeyScope, OfflineKey};

pub use builder::{BuildError, MarketplaceBuilder};
pub use exchange::{
    CatalogueEntry, CatalogueLine, CatalogueLineError, CatalogueStage, DeprecationEntry,
    EntryAsset, EntryBadge, EntryImported, EntryOutcome, ExportCursor, ExportPage,
    IMPORT_LINE_MAX_BYTES, ImportLine, ImportLines, ImportOutcome, ImportRow, Imported,
    ListingEntry, PublisherEntry, ReleaseEntry, SuspensionEntry, TakedownEntry,
};
pub use moderating::{
    HeldName, HeldNameView, NameReceipt, NewReport, ReportReceipt, ReportView, ResembledView,
};
pub use owning::{
    ActiveToken, AttemptView, BeginInstall, EntitlementReceipt, EntitlementView, Handover, Holder,
    InstallLink, InstallReceipt, InstallStarted, Introspection, OperatorGrant, RedeemRequest,
    RedeemedManifest, Way,
};
pub use publishing::{
    ContentPatch, InvitationCode, InvitationReceipt, InvitationView, IssuedInvitation, ListingEdit,
    ListingPatch, ListingReceipt, MediaReceipt, MemberReceipt, MemberView, NewListing,
    NewPublisher, ProfilePatch, PublisherEdit, PublisherPatch, ReferenceDecision, ReferenceReceipt,
    ReferenceView, ReleaseReceipt, ScreenshotPlace,
};
pub use reading::{
    AuditEntry, BadgeView, ChangeEntry, ChangeView, ChangesPage, Correction, Counts, Facet,
    FeedCursor, Found, ImageView, Instead, ListingAddress, ListingView, METRICS_DAYS_MAX, Marks,
    MediaCleaned, MediaFile, MediaView, Metrics, MyPublisher, Page, PublisherBrief, PublisherView,
    ReleaseDay, ReleaseView, ScreenshotView, SearchHit, SearchPage, SearchRequest, Suggestion,
    Suggestions,
};
pub use time::CLOCK_TOLERANCE;
pub use upkeep::{
    Erasure, FaultId, FaultKind, FaultPlace, FenceReceipt, IndexReport, KeyRevocationReceipt,
    KeysError, Maintained, RecordFault, RecordsReport, Refreshed, Resanitised, Retention,
    TenantDeletion,
};
pub use writing::PublisherReceipt;

/// A marketplace over a store. Cheap to clone; all clones are one.
///
/// ```
/// use fleetprompt_core::memory::MemoryStore;
/// use fleetprompt_core::port::Principal;
/// use fleetprompt_core::token::{KeyRing, MasterKey};
/// use fleetprompt_core::Marketplace;
/// # pollster::block_on(async {
/// let market = Marketplace::builder(MemoryStore::default())
///     .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?))
///     .issuer("https://market.example".parse()?)
///     .build().await?;
/// assert!(market.act_as(Principal::Anonymous).principal().is_anonymous());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Marketplace {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for Marketplace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Marketplace").finish_non_exhaustive()
    }
}

/// What all use cases share.
#[derive(Clone)]
struct Inner {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    identity: Arc<dyn Identity>,
    limits: Option<(Arc<dyn Limiter>, Rate)>,
    media: Option<publishing::uploads::Media>,
    systems: Arc<SystemRegistry>,
    quotas: Quotas,
    issuer: Issuer,
    token_lifetime: Span,
    invitation_lifetime: Span,
    retention: Retention,
    keys: Arc<RwLock<Keys>>,
    deployment: Arc<RwLock<Deployment>>,
}

/// The key ring in use, and how many came before it.
#[derive(Clone)]
struct Keys {
    ring: Arc<KeyRing>,
    generation: u64,
}

impl Keys {
    fn first(ring: KeyRing) -> Self {
        Keys { ring: Arc::new(ring), generation: 0 }
    }
}

impl Marketplace {
    /// Starts to build a marketplace over `store`.
    pub fn builder(store: impl Store + 'static) -> MarketplaceBuilder {
        MarketplaceBuilder::new(Arc::new(store))
    }

    /// Acts as `principal`, whom the host has authenticated.
    pub fn act_as(&self, principal: Principal) -> Acting {
        Acting { market: self.clone(), principal }
    }

    /// The state that reads of the public catalogue rest on, for a host that keeps answers: a short read.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn store_version(&self) -> Result<StoreVersion> {
        let keys = self.inner.keys_in_use().generation;
        let head = self.inner.head().await?;
        Ok(StoreVersion { head, day: self.inner.time_at(&head).day(), keys })
    }

    /// The keys under which `system` can look at its tokens offline, one for each key of the ring
    /// that is not revoked. For the host to hand to that system and nobody else; none for a system
    /// that is not configured. They change when a key is added and when the store is fenced.
    pub fn offline_keys(&self, system: &SystemName) -> Vec<OfflineKey> {
        let market = &*self.inner;
        let Some(system) = market.systems.named(system) else { return Vec::new() };
        let scope = KeyScope::handover(market.deployment(), &market.issuer, &system.audience);
        let ring = market.keys();
        ring.kids().filter_map(|(kid, _)| ring.offline_key(kid, &scope)).collect()
    }
}

/// A marketplace, seen through the eyes of one principal.
///
/// Every write is looked through for what must not be published. Beside its own errors it answers
/// `invalid_input`, with the field, for a text that holds what looks like a secret
/// ([`find_secret`](crate::policy::find_secret)), a name that deceives
/// ([`deceptive`](crate::policy::deceptive)) and a link that leads nowhere
/// ([`leads_nowhere`](crate::policy::leads_nowhere)).
///
/// ```
/// # use fleetprompt_core::domain::PublisherProfile;
/// # use fleetprompt_core::marketplace::NewPublisher;
/// # use fleetprompt_core::memory::MemoryStore;
/// # use fleetprompt_core::token::{KeyRing, MasterKey};
/// # use fleetprompt_core::Marketplace;
/// use fleetprompt_core::ErrorCode;
/// use fleetprompt_core::port::Principal;
/// # pollster::block_on(async {
/// # let profile = PublisherProfile { name: "Acme".parse()?, summary: None, website: None };
/// # let acme = NewPublisher { handle: "acme".parse()?, profile };
/// # let key = "create-acme-0001".parse()?;
/// # let market = Marketplace::builder(MemoryStore::default())
/// #     .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?))
/// #     .issuer("https://market.example".parse()?).build().await?;
/// let nobody = market.act_as(Principal::Anonymous);
/// let refused = nobody.create_publisher(acme, &key).await.unwrap_err();
/// assert_eq!(refused.code(), ErrorCode::Unauthenticated);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Acting {
    market: Marketplace,
    principal: Principal,
}

impl Acting {
    fn inner(&self) -> &Inner {
        &self.market.inner
    }

    /// The same reader, for one look at the public catalogue. Who has not signed in has written nothing
    /// that they would miss, so what they are shown may be a little stale, if the store has a use
    /// for that. Each look has a view of its own, since the one of a reader who never leaves could not
    /// go back to what is cheaper. Not for the change feed: what a follower was told of must be seen.
    fn glancing(&self) -> Acting {
        let Acting { market, principal } = self.clone();
        let stale =
            if principal.is_anonymous() { market.inner.store.bounded_staleness() } else { None };
        let Some(store) = stale else { return Acting { market, principal } };
        let inner = Arc::new(Inner { store, ..(*market.inner).clone() });
        Acting { market: Marketplace { inner }, principal }
    }

    /// Who acts.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }
}

/// Names a state of a marketplace. Two of one process that are equal were taken with no commit in between,
/// on the same day and under the same keys, so what was read of the public catalogue at the first still
/// holds at the second: figures end with the day before, and cursors are sealed with the active key.
///
/// ```
/// # use fleetprompt_core::{Marketplace, memory::MemoryStore, token::{KeyRing, MasterKey}};
/// # pollster::block_on(async {
/// # let market = Marketplace::builder(MemoryStore::default())
/// #     .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?)).issuer("https://m.example".parse()?)
/// #     .build().await?;
/// let before = market.store_version().await?;
/// assert_eq!(before, market.store_version().await?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreVersion {
    head: Head,
    day: Day,
    keys: u64,
}

impl Inner {
    fn keys_in_use(&self) -> Keys {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keys(&self) -> Arc<KeyRing> {
        self.keys_in_use().ring
    }

    fn deployment(&self) -> DeploymentId {
        self.deployment.read().unwrap_or_else(PoisonError::into_inner).id
    }

    /// The scope of keys that only this marketplace uses.
    fn own_scope(&self) -> KeyScope<'static> {
        KeyScope::own(self.deployment())
    }

    /// The scope of keys for fingerprints: without the deployment id, since a retry must be known
    /// again after the marketplace was fenced.
    fn fingerprint_scope(&self) -> KeyScope<'static> {
        KeyScope::own(DeploymentId::from_bytes([0; 16]))
    }

    /// Reads a record for its own sake, outside a decision.
    async fn read<E: Entity>(&self, key: &RecordKey) -> Result<Option<Versioned<E>>> {
        let found = self.store.get(key).await.map_err(|error| self.store_error(&error))?;
        Ok(found.and_then(typed))
    }

    /// Reads a page of a list for its own sake.
    async fn list<E: Entity>(
        &self,
        scan: &Scan,
        after: Option<&PageKey>,
        size: PageSize,
    ) -> Result<Vec<Versioned<E>>> {
        let rows =
            self.store.scan(scan, after, size).await.map_err(|error| self.store_error(&error))?;
        Ok(rows.into_iter().filter_map(typed).collect())
    }

    /// Counts the principal's arrival against the configured rate.
    async fn limit(&self, principal: &Principal) -> Result<()> {
        let Some((limiter, rate)) = &self.limits else { return Ok(()) };
        let key = LimitKey(*Sha256Digest::of(principal.scope_text().as_bytes()).as_bytes());
        match limiter.arrive(key, *rate).await {
            Ok(LimitDecision::Allowed { .. }) => Ok(()),
            Ok(LimitDecision::Limited { retry_after }) => {
                Err(Error::retry(ErrorCode::RateLimited, retry_after))
            }
            Err(_) => Err(ErrorCode::Unavailable.into()),
        }
    }

    /// A store's error in the words of the domain. Unknown causes are logged under a number and
    /// never shown.
    fn store_error(&self, error: &StoreError) -> Error {
        match error {
            StoreError::Unavailable(_)
            | StoreError::OutcomeUnknown(_)
            | StoreError::UnfinishedCopy => ErrorCode::Unavailable.into(),
            StoreError::Full => ErrorCode::StoreFull.into(),
            StoreError::ReadOnly => ErrorCode::StoreReadOnly.into(),
            StoreError::Corrupt(_)
            | StoreError::SchemaTooNew { .. }
            | StoreError::Missing(_)
            | StoreError::Open(_)
            | StoreError::Malformed(_) => {
                let incident = self.entropy.seed().map_or(0, |seed| {
                    seed.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
                });
                tracing::error!(incident = format_args!("{incident:016x}"), cause = %error, "internal error");
                Error::internal(incident)
            }
        }
    }
}

/// A row as the type of its kind.
fn typed<E: Entity>(row: Versioned<Record>) -> Option<Versioned<E>> {
    let Versioned { revision, created, changed, value } = row;
    E::from_record(value).map(|value| Versioned { revision, created, changed, value })
}

impl Principal {
    /// One text per principal: part of idempotency scopes and limits, hashed before it is kept.
    fn scope_text(&self) -> String {
        match self {
            Principal::Anonymous => String::new(),
            Principal::Person { identity, .. } => {
                format!("person\u{1f}{}", PersonIdentity::natural_key(identity))
            }
            Principal::Operator { identity } => {
                format!("operator\u{1f}{}", PersonIdentity::natural_key(identity))
            }
            Principal::System { issuer, client } => format!("system\u{1f}{issuer}\u{1f}{client}"),
        }
    }
}
