//! Putting a marketplace together.

use std::sync::{Arc, RwLock};

use crate::domain::{
    Actor, Deployment, DeploymentId, Event, Fact, IndexProgress, Position, Span, SystemRegistry,
};
use crate::policy::{Quotas, Rate};
use crate::port::{
    Change, Clock, Commit, Committed, Entropy, INDEX_VERSION, Identity, Limiter, MediaStore,
    RecordKey, Redraw, Store, StoreError, TrustHost, UploadScanner,
};
use crate::token::{Issuer, KeyRing};

use super::publishing::uploads::{Media, Uploads};
use super::upkeep::key_ring;
use super::{Inner, Keys, KeysError, Marketplace, Retention};

/// Puts a [`Marketplace`] together from a store and what the host wants different from the
/// defaults.
///
/// ```
/// # use fleetprompt_core::domain::{PersonIdentity, PublisherProfile};
/// # use fleetprompt_core::marketplace::NewPublisher;
/// # use fleetprompt_core::memory::MemoryStore;
/// # use fleetprompt_core::port::Principal;
/// # use fleetprompt_core::token::{KeyRing, MasterKey};
/// use fleetprompt_core::{ErrorCode, Marketplace};
/// use fleetprompt_core::policy::Quotas;
/// # pollster::block_on(async {
/// # let keys = KeyRing::single(MasterKey::from_bytes(&[7; 32])?);
/// # let ada = PersonIdentity::personal("https://id.example".parse()?, "user_ada".parse()?);
/// # let profile = PublisherProfile { name: "Acme".parse()?, summary: None, website: None };
/// # let acme = NewPublisher { handle: "acme".parse()?, profile };
/// # let key = "create-acme-0001".parse()?;
/// let closed = Marketplace::builder(MemoryStore::default())
///     .keys(keys)
///     .issuer("https://market.example".parse()?)
///     .quotas(Quotas { publishers_per_tenant: 0, ..Quotas::default() })
///     .build().await?;
/// let refused = closed.act_as(Principal::person(ada)).create_publisher(acme, &key).await;
/// assert_eq!(refused.unwrap_err().code(), ErrorCode::QuotaExceeded);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub struct MarketplaceBuilder {
    store: Arc<dyn Store>,
    clock: Option<Arc<dyn Clock>>,
    entropy: Option<Arc<dyn Entropy>>,
    identity: Arc<dyn Identity>,
    limits: Option<(Arc<dyn Limiter>, Rate)>,
    media: Option<Arc<dyn MediaStore>>,
    redraw: Option<Arc<dyn Redraw>>,
    scanning: Option<Scanning>,
    systems: SystemRegistry,
    quotas: Quotas,
    keys: Option<KeyRing>,
    issuer: Option<Issuer>,
    token_lifetime: Span,
    invitation_lifetime: Span,
    retention: Retention,
}

/// What the host said of scanning.
enum Scanning {
    By(Arc<dyn UploadScanner>),
    Unwanted,
}

/// Why a marketplace can't be built.
///
/// ```
/// use fleetprompt_core::domain::Span;
/// use fleetprompt_core::marketplace::BuildError;
/// use fleetprompt_core::{Marketplace, memory::MemoryStore};
/// let hasty = Marketplace::builder(MemoryStore::default()).token_lifetime(Span::seconds(5));
/// assert_eq!(pollster::block_on(hasty.build()).unwrap_err(), BuildError::TokenLifetime);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// No key ring was given: tokens and cursors need one.
    #[error("a key ring is needed: call `keys`")]
    NoKeys,
    /// No issuer was given: tokens name the marketplace that made them.
    #[error("an issuer is needed: call `issuer` with the marketplace's own URL or name")]
    NoIssuer,
    /// No clock or source of randomness was given, and the feature `system` is off.
    #[error("a clock and a source of randomness are needed without the feature `system`")]
    NoSystem,
    /// Tokens must live between 30 and 600 seconds.
    #[error("install tokens must live from 30 to 600 seconds")]
    TokenLifetime,
    /// Uploads are taken, and nothing was said of scanning them.
    #[error("uploads are scanned: call `scanner`, or `unscanned_uploads` to go without")]
    NoScanner,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key ring is not one for this store.
    #[error(transparent)]
    Keys(KeysError),
    /// The source of randomness failed.
    #[error(transparent)]
    Entropy(#[from] crate::port::EntropyError),
}

impl From<KeysError> for BuildError {
    fn from(error: KeysError) -> Self {
        match error {
            KeysError::Store(error) => BuildError::Store(error),
            KeysError::Another { .. } => BuildError::Keys(error),
        }
    }
}

impl MarketplaceBuilder {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        MarketplaceBuilder {
            store,
            clock: system_clock(),
            entropy: system_entropy(),
            identity: Arc::new(TrustHost),
            limits: None,
            media: None,
            redraw: None,
            scanning: None,
            systems: SystemRegistry::default(),
            quotas: Quotas::default(),
            keys: None,
            issuer: None,
            token_lifetime: Span::seconds(300),
            invitation_lifetime: Span::days(7),
            retention: Retention::default(),
        }
    }

    /// The key ring. Required, and the same in all processes that share the store: the store knows a
    /// key again by its name.
    #[must_use]
    pub fn keys(self, keys: KeyRing) -> Self {
        MarketplaceBuilder { keys: Some(keys), ..self }
    }

    /// The name under which the marketplace issues tokens, usually its URL. Required.
    #[must_use]
    pub fn issuer(self, issuer: Issuer) -> Self {
        MarketplaceBuilder { issuer: Some(issuer), ..self }
    }

    /// The owning systems.
    #[must_use]
    pub fn systems(self, systems: SystemRegistry) -> Self {
        MarketplaceBuilder { systems, ..self }
    }

    /// What only the host can answer. By default, [`TrustHost`].
    #[must_use]
    pub fn identity(self, identity: Arc<dyn Identity>) -> Self {
        MarketplaceBuilder { identity, ..self }
    }

    /// How much publishers and tenants may have.
    #[must_use]
    pub fn quotas(self, quotas: Quotas) -> Self {
        MarketplaceBuilder { quotas, ..self }
    }

    /// How often one principal may write. Without it, as often as it likes.
    #[must_use]
    pub fn limiter(self, limiter: Arc<dyn Limiter>, rate: Rate) -> Self {
        MarketplaceBuilder { limits: Some((limiter, rate)), ..self }
    }

    /// Where the bytes of icons and screenshots are kept. Without it there are none.
    #[must_use]
    pub fn media(self, store: Arc<dyn MediaStore>) -> Self {
        MarketplaceBuilder { media: Some(store), ..self }
    }

    /// What redraws uploaded images: with the feature `images`, `media::Images`. Without it, and
    /// without [`media`](Self::media), uploads are refused with `uploads_off`; what was uploaded
    /// before is still served.
    #[must_use]
    pub fn redraw(self, redraw: Arc<dyn Redraw>) -> Self {
        MarketplaceBuilder { redraw: Some(redraw), ..self }
    }

    /// What scans uploads before anything else looks into them: with the feature `clamav`,
    /// `media::ClamAv`. A marketplace that takes uploads has to have this, or
    /// [`unscanned_uploads`](Self::unscanned_uploads).
    #[must_use]
    pub fn scanner(self, scanner: Arc<dyn UploadScanner>) -> Self {
        MarketplaceBuilder { scanning: Some(Scanning::By(scanner)), ..self }
    }

    /// Takes uploads without having them scanned.
    #[must_use]
    pub fn unscanned_uploads(self) -> Self {
        MarketplaceBuilder { scanning: Some(Scanning::Unwanted), ..self }
    }

    /// How long an install token lives: 30 to 600 seconds, 300 by default.
    #[must_use]
    pub fn token_lifetime(self, lifetime: Span) -> Self {
        MarketplaceBuilder { token_lifetime: lifetime, ..self }
    }

    /// How long an invitation can be accepted: seven days by default.
    #[must_use]
    pub fn invitation_lifetime(self, lifetime: Span) -> Self {
        MarketplaceBuilder { invitation_lifetime: lifetime, ..self }
    }

    /// How long things are kept once they have served.
    #[must_use]
    pub fn retention(self, retention: Retention) -> Self {
        MarketplaceBuilder { retention, ..self }
    }

    /// The clock. By default, the operating system's.
    #[must_use]
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        MarketplaceBuilder { clock: Some(clock), ..self }
    }

    /// The source of randomness. By default, the operating system's.
    #[must_use]
    pub fn entropy(self, entropy: Arc<dyn Entropy>) -> Self {
        MarketplaceBuilder { entropy: Some(entropy), ..self }
    }

    /// Builds the marketplace; gives the store its deployment id if it is new.
    ///
    /// # Errors
    /// When something that is required is missing or out of bounds, the store knows another key by a
    /// name in the ring, or fails.
    pub async fn build(self) -> Result<Marketplace, BuildError> {
        let (Some(clock), Some(entropy)) = (self.clock, self.entropy) else {
            return Err(BuildError::NoSystem);
        };
        if self.token_lifetime < Span::seconds(30) || self.token_lifetime > Span::seconds(600) {
            return Err(BuildError::TokenLifetime);
        }
        let media = media(self.media, self.redraw, self.scanning)?;
        let issuer = self.issuer.ok_or(BuildError::NoIssuer)?;
        let keys = self.keys.ok_or(BuildError::NoKeys)?;
        let deployment = deployment(&*self.store, &*clock, &*entropy, &keys).await?;
        Ok(Marketplace {
            inner: Arc::new(Inner {
                store: self.store,
                clock,
                entropy,
                identity: self.identity,
                limits: self.limits,
                media,
                systems: Arc::new(self.systems),
                quotas: self.quotas,
                issuer,
                token_lifetime: self.token_lifetime,
                invitation_lifetime: self.invitation_lifetime,
                retention: self.retention,
                keys: Arc::new(RwLock::new(Keys::first(keys))),
                deployment: Arc::new(RwLock::new(deployment)),
            }),
        })
    }
}

fn media(
    store: Option<Arc<dyn MediaStore>>,
    redraw: Option<Arc<dyn Redraw>>,
    scanning: Option<Scanning>,
) -> Result<Option<Media>, BuildError> {
    let Some(store) = store else { return Ok(None) };
    let uploads = match (redraw, scanning) {
        (None, _) => None,
        (Some(_), None) => return Err(BuildError::NoScanner),
        (Some(redraw), Some(Scanning::Unwanted)) => Some(Uploads { redraw, scanner: None }),
        (Some(redraw), Some(Scanning::By(scanner))) => {
            Some(Uploads { redraw, scanner: Some(scanner) })
        }
    };
    Ok(Some(Media { store, uploads }))
}

/// The store's deployment, made if it has none, which knows the keys of the ring. Two processes that
/// start together agree.
async fn deployment(
    store: &dyn Store,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
    ring: &KeyRing,
) -> Result<Deployment, BuildError> {
    loop {
        if let Some(found) = key_ring::known(store).await? {
            let deployment = found.value.clone();
            if key_ring::introduce(store, clock, found, ring).await? {
                return Ok(deployment);
            }
            continue;
        }
        let mut id = [0; 16];
        id.iter_mut().zip(entropy.seed()?).for_each(|(to, from)| *to = from);
        let now = clock.now();
        let keys = ring.checks().collect();
        let deployment = Deployment { keys, ..Deployment::new(DeploymentId::from_bytes(id), now) };
        let record = deployment.into();
        let mut changes = vec![Change::Put { record, expected: None }];
        let progress = RecordKey::index_progress(INDEX_VERSION);
        // There is nothing yet that the index could lack.
        if store.head().await?.last == Position::START && store.get(&progress).await?.is_none() {
            let (version, followed) = (INDEX_VERSION, Position::START);
            let record = IndexProgress { version, followed, sweep: None }.into();
            changes.push(Change::Put { record, expected: None });
        }
        let event = Event {
            at: now,
            actor: Actor::Marketplace,
            fact: Fact::DeploymentRenewed { revoked: 0 },
            feed: None,
        };
        let commit =
            Commit { receipt: None, expectations: Vec::new(), changes, events: vec![event] };
        match store.commit(commit).await? {
            Committed::Applied { .. } | Committed::Replayed(_) | Committed::Refused(_) => {}
        }
    }
}

#[cfg(feature = "system")]
fn system_clock() -> Option<Arc<dyn Clock>> {
    Some(Arc::new(crate::port::SystemClock))
}

#[cfg(feature = "system")]
fn system_entropy() -> Option<Arc<dyn Entropy>> {
    Some(Arc::new(crate::port::SystemEntropy))
}

#[cfg(not(feature = "system"))]
fn system_clock() -> Option<Arc<dyn Clock>> {
    None
}

#[cfg(not(feature = "system"))]
fn system_entropy() -> Option<Arc<dyn Entropy>> {
    None
}
