//! What others do between a decision and its commit.

use std::sync::Arc;

use super::fixture::*;
use crate::conformance::FaultStore;
use crate::domain::*;
use crate::error::ErrorCode;
use crate::marketplace::Acting;
use crate::port::Principal;

/// `by`, who comes too late: `deed` is done between what they decide and their commit.
fn too_late(f: &Fixture, by: &Acting, deed: impl FnOnce() + Send + 'static) -> Acting {
    let store = FaultStore::new(Arc::new(f.store.clone()));
    store.meanwhile(deed);
    f.through(store).act_as(by.principal().clone())
}

#[test]
fn a_member_who_is_removed_meanwhile_writes_nothing() {
    let f = Fixture::default();
    let (ada, bob) = (f.person("acme", "ada"), f.person("x", "bob"));
    let acme = f.publisher(&ada, "acme");
    let bobs = f.join(&ada, acme, &bob, PublisherRole::Maintainer);
    let id = f.draft(&ada, acme, "reader");
    let (owner, key) = (ada.clone(), f.key());
    let removed = move || run(owner.remove_member(acme, bobs, &key)).map(drop).unwrap();
    let late = too_late(&f, &bob, removed);
    assert_eq!(refused(run(late.publish_listing(id, &f.key()))), ErrorCode::ListingNotFound);
    assert_eq!(run(ada.listing(id)).unwrap().state, ListingState::Draft);
}

#[test]
fn a_publisher_that_is_suspended_meanwhile_publishes_nothing() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let id = f.published(&ada, acme, "reader");
    let suspending = || {
        let (operator, key) = (f.operator(), f.key());
        move || run(operator.suspend_publisher(acme, of("Malware."), &key)).map(drop).unwrap()
    };
    let late = too_late(&f, &ada, suspending());
    let content = ReleaseContent::default();
    let published = run(late.publish_release(id, of("1.0.0"), content, &f.key()));
    assert_eq!(refused(published), ErrorCode::PublisherSuspended);
    run(f.operator().restore_publisher(acme, &f.key())).unwrap();
    let late = too_late(&f, &f.person("x", "eve"), suspending());
    let claimed = run(late.claim_free(id, &f.key()));
    assert_eq!(refused(claimed), ErrorCode::ListingNotFound);
}

#[test]
fn a_listing_that_is_taken_down_meanwhile_is_not_claimed() {
    let f = Fixture::default();
    let (ada, eve) = (f.person("acme", "ada"), f.person("x", "eve"));
    let acme = f.publisher(&ada, "acme");
    let id = f.published(&ada, acme, "reader");
    let (operator, key, class) = (f.operator(), f.key(), TakedownReason::Malware);
    let deed = move || run(operator.take_down(id, class, of("Bad."), &key)).map(drop).unwrap();
    let late = too_late(&f, &eve, deed);
    assert_eq!(refused(run(late.claim_free(id, &f.key()))), ErrorCode::ListingNotFound);
}

#[test]
fn the_code_of_an_owner_who_is_removed_meanwhile_lets_nobody_in() {
    let f = Fixture::default();
    let (ada, eve) = (f.person("acme", "ada"), f.person("x", "eve"));
    let acme = f.publisher(&ada, "acme");
    let eves = f.join(&ada, acme, &eve, PublisherRole::Owner);
    let code = run(eve.invite(acme, PublisherRole::Owner, &f.key())).unwrap().code.unwrap();
    let (owner, key) = (ada.clone(), f.key());
    let removed = move || run(owner.remove_member(acme, eves, &key)).map(drop).unwrap();
    let late = too_late(&f, &f.person("y", "mallory"), removed);
    let joined = run(late.accept_invitation(&code, &f.key()));
    assert_eq!(refused(joined), ErrorCode::InvitationNotFound);
    assert_eq!(run(ada.members(acme, None, ALL)).unwrap().items.len(), 1);
}

#[test]
fn a_newcomer_to_a_tenant_that_is_deleted_meanwhile_begins_a_new_one() {
    let f = Fixture::default();
    let (ada, bob, eve) =
        (f.person("acme", "ada"), f.person("going", "bob"), f.person("going", "eve"));
    let acme = f.publisher(&ada, "acme");
    let id = f.published(&ada, acme, "reader");
    run(bob.claim_free(id, &f.key())).unwrap();
    let (operator, key) = (f.operator(), f.key());
    let going = identity("going", "bob").tenant().clone();
    let deleted = move || run(operator.delete_tenant(&going, &key)).map(drop).unwrap();
    let claimed = run(too_late(&f, &eve, deleted).claim_free(id, &f.key())).unwrap().id;
    let admin = f.market.act_as(Principal::admin(identity("going", "root")));
    let owned = run(admin.tenant_entitlements(None, ALL)).unwrap().items;
    assert_eq!(owned.iter().map(|it| it.id).collect::<Vec<_>>(), [claimed]);
}
