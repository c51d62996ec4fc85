//! Key rings that are taken into use: a store knows its keys again.

use std::sync::{Arc, PoisonError};

use crate::domain::{Actor, Deployment, Event, Fact};
use crate::port::{
    Change, Clock, Commit, Committed, Entity as _, RecordKey, Store, StoreError, Versioned,
};
use crate::token::{KeyId, KeyRing};

use crate::marketplace::{Keys, Marketplace};

/// Why a key ring is not taken into use.
///
/// ```
/// use fleetprompt_core::marketplace::{BuildError, KeysError};
/// # use fleetprompt_core::memory::MemoryStore;
/// # use fleetprompt_core::token::{KeyRing, MasterKey};
/// # use fleetprompt_core::Marketplace;
/// # pollster::block_on(async {
/// let store = MemoryStore::default();
/// let with = |key: [u8; 32]| {
///     let ring = KeyRing::single(MasterKey::from_bytes(&key)?);
///     let builder = Marketplace::builder(store.clone()).keys(ring);
///     Ok::<_, Box<dyn std::error::Error>>(builder.issuer("https://market.example".parse()?))
/// };
/// with([7; 32])?.build().await?;
/// let refused = with([8; 32])?.build().await.unwrap_err();
/// assert_eq!(refused, BuildError::Keys(KeysError::Another { kid: "k1".parse()? }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// The store knows another key by the name: what was made with that one could not be known again,
    /// nor what is made with this one by those who have that one.
    #[error("the key {kid} is not the one that this store knows by that name")]
    Another {
        /// The name.
        kid: KeyId,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Marketplace {
    /// Takes another key ring into use, for what begins from now on: how keys are rotated. A ring that is
    /// the same changes nothing.
    ///
    /// # Errors
    /// When the store knows another key by one of the names, or fails; the ring from before stays in
    /// use.
    pub async fn set_keys(&self, keys: KeyRing) -> Result<(), KeysError> {
        let market = &*self.inner;
        if *market.keys() == keys {
            return Ok(());
        }
        while let Some(found) = known(&*market.store).await? {
            if introduce(&*market.store, &*market.clock, found, &keys).await? {
                break;
            }
        }
        let mut used = market.keys.write().unwrap_or_else(PoisonError::into_inner);
        if *used.ring != keys {
            *used = Keys { ring: Arc::new(keys), generation: used.generation.wrapping_add(1) };
        }
        Ok(())
    }
}

/// The store's deployment, if it has one.
pub(in crate::marketplace) async fn known(
    store: &dyn Store,
) -> Result<Option<Versioned<Deployment>>, StoreError> {
    let found = store.get(&RecordKey::deployment()).await?;
    Ok(found.and_then(|row| {
        let Versioned { revision, created, changed, value } = row;
        Deployment::from_record(value).map(|value| Versioned { revision, created, changed, value })
    }))
}

/// Lets the store know the keys of a ring that are new to it. `false` if somebody else wrote
/// meanwhile: look again.
pub(in crate::marketplace) async fn introduce(
    store: &dyn Store,
    clock: &dyn Clock,
    found: Versioned<Deployment>,
    ring: &KeyRing,
) -> Result<bool, KeysError> {
    let Versioned { revision, value: mut deployment, .. } = found;
    let mut events = Vec::new();
    for (kid, check) in ring.checks() {
        match deployment.keys.insert(kid, check) {
            Some(known) if known != check => return Err(KeysError::Another { kid }),
            Some(_) => {}
            None => events.push(Event {
                at: clock.now(),
                actor: Actor::Marketplace,
                fact: Fact::KeyIntroduced { kid },
                feed: None,
            }),
        }
    }
    if events.is_empty() {
        return Ok(true);
    }
    let changes = vec![Change::Put { record: deployment.into(), expected: Some(revision) }];
    let commit = Commit { receipt: None, expectations: Vec::new(), changes, events };
    Ok(matches!(store.commit(commit).await?, Committed::Applied { .. }))
}
