//! Which key rings a store takes.

use std::sync::Arc;

use super::fixture::*;
use crate::conformance::FaultStore;
use crate::domain::*;
use crate::marketplace::{BuildError, KeysError, Marketplace};
use crate::port::{LogPage, Store, StoreError};
use crate::token::{KeyEntry, KeyId, KeyRing, KeyState, MasterKey};

fn ring(keys: &[(&str, KeyState, u8)]) -> KeyRing {
    let entry = |&(kid, state, key): &(&str, KeyState, u8)| KeyEntry {
        kid: of(kid),
        state,
        key: MasterKey::from_bytes(&[key; 32]).unwrap(),
    };
    KeyRing::new(keys.iter().map(entry).collect()).unwrap()
}

fn build(store: impl Store + 'static, keys: KeyRing) -> Result<Marketplace, BuildError> {
    let builder = Marketplace::builder(store).keys(keys);
    run(builder.issuer(of("https://market.example")).build())
}

fn another(kid: &str) -> KeysError {
    KeysError::Another { kid: of(kid) }
}

/// The kids that the log says were introduced.
fn introduced(f: &Fixture) -> Vec<KeyId> {
    let page = run(f.store.events(Position::START, ALL)).unwrap();
    let LogPage::Entries(entries) = page else { panic!("nothing was pruned") };
    let kids = entries.into_iter().filter_map(|entry| match entry.event.fact {
        Fact::KeyIntroduced { kid } => Some(kid),
        _ => None,
    });
    kids.collect()
}

#[test]
fn a_store_knows_its_keys_again() {
    use KeyState::{Active, Pending, Retiring, Revoked};
    let f = Fixture::default();
    let refused = build(f.store.clone(), ring(&[("k1", Active, 9)])).unwrap_err();
    assert_eq!(refused, BuildError::Keys(another("k1")));
    let old = ring(&[("k1", Retiring, 7), ("k2", Active, 8)]);
    run(f.market.set_keys(old.clone())).unwrap();
    run(f.market.set_keys(old)).unwrap();
    assert_eq!(introduced(&f), [of("k2")]);

    // Whatever the state of the key, and also when its like is in no ring any more.
    for state in [Pending, Retiring, Revoked] {
        let mixed = ring(&[("k2", state, 6), ("k3", Active, 5)]);
        assert_eq!(run(f.market.set_keys(mixed)), Err(another("k2")), "{state:?}");
    }
    assert_eq!(introduced(&f), [of("k2")], "a ring that is refused leaves nothing behind");
    assert_eq!(f.market.inner.keys().active(), &of("k2"), "nor in use");
    run(f.market.set_keys(ring(&[("k3", Active, 4)]))).unwrap();
    assert_eq!(run(f.market.set_keys(ring(&[("k1", Active, 9)]))), Err(another("k1")));

    // A fence makes another deployment of it, which has the same keys.
    run(f.operator().fence(of("Restored."), &f.key())).unwrap();
    build(f.store.clone(), ring(&[("k1", Active, 7)])).unwrap();
    assert!(build(f.store.clone(), ring(&[("k1", Active, 9)])).is_err());
}

#[test]
fn a_key_that_could_not_be_written_down_is_not_in_use() {
    let f = Fixture::default();
    let breaking = FaultStore::new(Arc::new(f.store.clone()));
    let market = f.through(breaking.clone());
    let next = ring(&[("k2", KeyState::Active, 8)]);
    breaking.fail_after(1, StoreError::Unavailable("gone"));
    let failed = run(market.set_keys(next.clone()));
    assert_eq!(failed, Err(KeysError::Store(StoreError::Unavailable("gone"))));
    assert_eq!(market.inner.keys().active(), &of("k1"));
    breaking.mend();
    run(market.set_keys(next)).unwrap();
    assert_eq!(market.inner.keys().active(), &of("k2"));
}
