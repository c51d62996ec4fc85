//! The key ring: which master keys there are, and what each may still be used for.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::derive::{DerivedKey, KeyScope, Purpose};
use super::key::{KeyId, MasterKey};
use super::offline::OfflineKey;
use crate::domain::{DeploymentId, Sha256Digest};

/// What a master key may be used for. It only ever moves forward.
///
/// ```
/// use fleetprompt_core::token::KeyState;
/// assert!(KeyState::Retiring.verifies());
/// assert!(!KeyState::Revoked.verifies());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// Not in use yet: given out beforehand, so that those who verify offline have it in time.
    Pending,
    /// Mints and verifies. A ring has exactly one.
    Active,
    /// Verifies what it minted, and mints nothing new.
    Retiring,
    /// Good for nothing. Revoking a kid revokes the attempts issued under it.
    Revoked,
}

impl KeyState {
    /// Whether tokens and cursors under a key in this state can still verify.
    pub fn verifies(self) -> bool {
        matches!(self, KeyState::Active | KeyState::Retiring)
    }
}

/// One master key with its name and state.
///
/// ```
/// use fleetprompt_core::token::{KeyEntry, KeyState, MasterKey};
/// let entry = KeyEntry {
///     kid: "2026q1".parse()?,
///     state: KeyState::Active,
///     key: MasterKey::from_bytes(&[7; 32])?,
/// };
/// assert!(format!("{entry:?}").contains("redacted"));
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Debug)]
pub struct KeyEntry {
    /// The name that tokens carry.
    pub kid: KeyId,
    /// What the key may be used for.
    pub state: KeyState,
    /// The secret.
    pub key: MasterKey,
}

/// Why a set of keys makes no ring, or a rotation no new one. Names kids, never key material.
///
/// ```
/// use fleetprompt_core::token::{KeyRing, KeyRingError};
/// assert_eq!(KeyRing::new(Vec::new()).unwrap_err(), KeyRingError::NoActive);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// No key is active.
    #[error("no key of the ring is active")]
    NoActive,
    /// More than one key is active.
    #[error("keys {first} and {second} are both active")]
    TwoActive {
        /// The one listed first.
        first: KeyId,
        /// The one listed later.
        second: KeyId,
    },
    /// Two keys have the same name.
    #[error("kid {kid} occurs twice")]
    DuplicateKid {
        /// The name.
        kid: KeyId,
    },
    /// Two names stand for the same secret, so revoking one would not revoke the other.
    #[error("keys {first} and {second} are the same secret")]
    DuplicateKey {
        /// The one listed first.
        first: KeyId,
        /// The one listed later.
        second: KeyId,
    },
    /// A rotation names a key that the ring does not have.
    #[error("the ring has no key {kid}")]
    UnknownKid {
        /// The name.
        kid: KeyId,
    },
    /// A rotation would move a key backwards.
    #[error("key {kid} cannot go from {from:?} to {to:?}")]
    Backwards {
        /// The name.
        kid: KeyId,
        /// The state it is in.
        from: KeyState,
        /// The state that was asked for.
        to: KeyState,
    },
}

/// The master keys of a deployment: exactly one active, all names and secrets distinct.
///
/// A ring does not change; rotating makes a new one that shares the secrets:
///
/// ```
/// use fleetprompt_core::token::{KeyRing, KeyState, MasterKey};
/// let ring = KeyRing::single(MasterKey::from_bytes(&[7; 32])?);
/// let old = *ring.active();
///
/// // First let everyone who verifies offline have the new key, then use it.
/// let ring = ring.with_pending("k2".parse()?, MasterKey::from_bytes(&[8; 32])?)?;
/// let ring = ring.activate(&"k2".parse()?)?;
/// assert_eq!(ring.active().as_str(), "k2");
/// assert_eq!(ring.state(&old), Some(KeyState::Retiring));
///
/// // Once the last token under the old key has expired.
/// let ring = ring.revoke(&old)?;
/// assert_eq!(ring.state(&old), Some(KeyState::Revoked));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct KeyRing {
    active: Slot,
    others: Vec<Slot>,
}

#[derive(Clone, Debug, PartialEq)]
struct Slot {
    kid: KeyId,
    state: KeyState,
    key: Arc<MasterKey>,
}

impl KeyRing {
    /// The ring of these keys, in any order.
    ///
    /// # Errors
    /// No active key, two active keys, the same kid twice, or the same secret under two kids.
    pub fn new(entries: Vec<KeyEntry>) -> Result<Self, KeyRingError> {
        Self::of(
            entries
                .into_iter()
                .map(|KeyEntry { kid, state, key }| Slot { kid, state, key: Arc::new(key) })
                .collect(),
        )
    }

    /// A ring of one key, active, named `k1`.
    ///
    /// ```
    /// use fleetprompt_core::token::{KeyRing, MasterKey};
    /// let ring = KeyRing::single(MasterKey::from_bytes(&[7; 32])?);
    /// assert_eq!(ring.active().as_str(), "k1");
    /// # Ok::<(), fleetprompt_core::domain::ParseError>(())
    /// ```
    pub fn single(key: MasterKey) -> Self {
        let active = Slot { kid: KeyId::FIRST, state: KeyState::Active, key: Arc::new(key) };
        KeyRing { active, others: Vec::new() }
    }

    /// The name of the key that mints.
    pub fn active(&self) -> &KeyId {
        &self.active.kid
    }

    /// The state of a key; `None` when the ring does not have it.
    pub fn state(&self, kid: &KeyId) -> Option<KeyState> {
        self.slot(kid).map(|slot| slot.state)
    }

    /// Every key's name and state, the active one first.
    ///
    /// ```
    /// use fleetprompt_core::token::{KeyRing, KeyState, MasterKey};
    /// let ring = KeyRing::single(MasterKey::from_bytes(&[7; 32])?);
    /// assert!(ring.kids().all(|(_, state)| state == KeyState::Active));
    /// # Ok::<(), fleetprompt_core::domain::ParseError>(())
    /// ```
    pub fn kids(&self) -> impl Iterator<Item = (&KeyId, KeyState)> {
        self.slots().map(|slot| (&slot.kid, slot.state))
    }

    /// The key for `purpose` and `scope` under `kid`, for verifying what was made with it.
    /// `None` unless the kid is active or retiring.
    pub fn derive(
        &self,
        kid: &KeyId,
        purpose: Purpose,
        scope: &KeyScope<'_>,
    ) -> Option<DerivedKey> {
        let slot = self.slot(kid).filter(|slot| slot.state.verifies())?;
        Some(DerivedKey::derive(&slot.kid, &slot.key, purpose, scope))
    }

    /// The key for `purpose` and `scope` under `kid`, whatever its state: only for telling whether
    /// two requests are the same, which a revoked key still does. `None` when the kid is unknown.
    pub(crate) fn derive_known(
        &self,
        kid: &KeyId,
        purpose: Purpose,
        scope: &KeyScope<'_>,
    ) -> Option<DerivedKey> {
        let slot = self.slot(kid)?;
        Some(DerivedKey::derive(&slot.kid, &slot.key, purpose, scope))
    }

    /// The key for `purpose` and `scope` under the active kid, for making something new.
    pub fn derive_active(&self, purpose: Purpose, scope: &KeyScope<'_>) -> DerivedKey {
        DerivedKey::derive(&self.active.kid, &self.active.key, purpose, scope)
    }

    /// The install-token key of `scope`, to be handed to the owning system that is its audience.
    /// `None` when the kid is unknown or revoked; a pending key can be handed out before it is used.
    ///
    /// No other key ever leaves the marketplace. See [`OfflineVerifier`](super::OfflineVerifier).
    pub fn offline_key(&self, kid: &KeyId, scope: &KeyScope<'_>) -> Option<OfflineKey> {
        let slot = self.slot(kid).filter(|slot| slot.state != KeyState::Revoked)?;
        let purpose = Purpose::InstallToken;
        Some(OfflineKey::new(DerivedKey::derive(&slot.kid, &slot.key, purpose, scope)))
    }

    /// By what each key is known again, whatever its state, in every deployment: the same for the same
    /// secret under the same kid, and of no use for anything else.
    pub(crate) fn checks(&self) -> impl Iterator<Item = (KeyId, Sha256Digest)> {
        let scope = KeyScope::own(DeploymentId::from_bytes([0; 16]));
        self.slots().map(move |slot| {
            let key = DerivedKey::derive(&slot.kid, &slot.key, Purpose::KeyCheck, &scope);
            (slot.kid, Sha256Digest::from_bytes(key.keyed_digest(&[])))
        })
    }

    /// This ring with one more key, pending.
    ///
    /// # Errors
    /// The kid or the secret is in the ring already.
    pub fn with_pending(&self, kid: KeyId, key: MasterKey) -> Result<Self, KeyRingError> {
        let added = Slot { kid, state: KeyState::Pending, key: Arc::new(key) };
        Self::of(self.slots().cloned().chain([added]).collect())
    }

    /// This ring with the pending key `kid` active and the one that was active retiring.
    ///
    /// # Errors
    /// The kid is unknown or not pending.
    pub fn activate(&self, kid: &KeyId) -> Result<Self, KeyRingError> {
        let from = self.known(kid)?;
        if from != KeyState::Pending {
            let to = KeyState::Active;
            return Err(KeyRingError::Backwards { kid: *kid, from, to });
        }
        self.restated(|slot| match slot.state {
            _ if slot.kid == *kid => KeyState::Active,
            KeyState::Active => KeyState::Retiring,
            other => other,
        })
    }

    /// This ring with the key `kid` revoked. Revoking a revoked key changes nothing.
    ///
    /// # Errors
    /// The kid is unknown, or the active one: activate another first.
    pub fn revoke(&self, kid: &KeyId) -> Result<Self, KeyRingError> {
        self.known(kid)?;
        self.restated(|slot| if slot.kid == *kid { KeyState::Revoked } else { slot.state })
    }

    fn of(slots: Vec<Slot>) -> Result<Self, KeyRingError> {
        for (at, later) in slots.iter().enumerate() {
            for earlier in slots.iter().take(at) {
                let (first, second) = (earlier.kid, later.kid);
                if first == second {
                    return Err(KeyRingError::DuplicateKid { kid: first });
                }
                if earlier.key == later.key {
                    return Err(KeyRingError::DuplicateKey { first, second });
                }
            }
        }
        let (active, others): (Vec<_>, Vec<_>) =
            slots.into_iter().partition(|slot| slot.state == KeyState::Active);
        let mut active = active.into_iter();
        match (active.next(), active.next()) {
            (None, _) => Err(KeyRingError::NoActive),
            (Some(first), Some(second)) => {
                Err(KeyRingError::TwoActive { first: first.kid, second: second.kid })
            }
            (Some(active), None) => Ok(KeyRing { active, others }),
        }
    }

    fn restated(&self, state: impl Fn(&Slot) -> KeyState) -> Result<Self, KeyRingError> {
        Self::of(self.slots().map(|slot| Slot { state: state(slot), ..slot.clone() }).collect())
    }

    fn known(&self, kid: &KeyId) -> Result<KeyState, KeyRingError> {
        self.state(kid).ok_or(KeyRingError::UnknownKid { kid: *kid })
    }

    fn slot(&self, kid: &KeyId) -> Option<&Slot> {
        self.slots().find(|slot| slot.kid == *kid)
    }

    fn slots(&self) -> impl Iterator<Item = &Slot> {
        std::iter::once(&self.active).chain(&self.others)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{entry, kid, master};
    use super::*;

    #[test]
    fn a_ring_has_one_active_key_and_no_two_alike() {
        use KeyState::{Active, Pending, Revoked};
        let refused = |entries| KeyRing::new(entries).unwrap_err();
        assert_eq!(refused(vec![entry("a", Pending, 1)]), KeyRingError::NoActive);
        assert_eq!(
            refused(vec![entry("a", Active, 1), entry("b", Active, 2)]),
            KeyRingError::TwoActive { first: kid("a"), second: kid("b") }
        );
        assert_eq!(
            refused(vec![entry("a", Active, 1), entry("a", Pending, 2)]),
            KeyRingError::DuplicateKid { kid: kid("a") }
        );
        // A revoked secret must not come back under another name.
        assert_eq!(
            refused(vec![entry("a", Revoked, 1), entry("b", Active, 1)]),
            KeyRingError::DuplicateKey { first: kid("a"), second: kid("b") }
        );
    }

    #[test]
    fn rotation_only_moves_forward() {
        let ring = KeyRing::single(master(1)).with_pending(kid("k2"), master(2)).unwrap();
        assert_eq!(ring.active(), &kid("k1"));
        assert_eq!(
            ring.with_pending(kid("k3"), master(1)).unwrap_err(),
            KeyRingError::DuplicateKey { first: kid("k1"), second: kid("k3") }
        );
        assert_eq!(
            ring.activate(&kid("k9")).unwrap_err(),
            KeyRingError::UnknownKid { kid: kid("k9") }
        );
        assert_eq!(
            ring.revoke(&kid("k9")).unwrap_err(),
            KeyRingError::UnknownKid { kid: kid("k9") },
            "whoever mistyped a kid has revoked nothing"
        );
        assert_eq!(ring.revoke(&kid("k1")).unwrap_err(), KeyRingError::NoActive);

        let ring = ring.activate(&kid("k2")).unwrap();
        assert_eq!(ring.active(), &kid("k2"));
        assert_eq!(
            ring.activate(&kid("k1")).unwrap_err(),
            KeyRingError::Backwards {
                kid: kid("k1"),
                from: KeyState::Retiring,
                to: KeyState::Active
            }
        );
        let ring = ring.revoke(&kid("k1")).unwrap().revoke(&kid("k1")).unwrap();
        let states: Vec<_> = ring.kids().map(|(kid, state)| (kid.as_str(), state)).collect();
        assert_eq!(states, [("k2", KeyState::Active), ("k1", KeyState::Revoked)]);
    }
}
