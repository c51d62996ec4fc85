use std::sync::Arc;

use super::fixture::*;
use crate::ErrorCode;
use crate::conformance::FaultStore;
use crate::domain::*;
use crate::marketplace::ReferenceDecision;
use crate::port::StoreError;
use crate::{Acting, Result};

const AGENT: AssetKind = AssetKind::WhsAgent;

fn confirm() -> ReferenceDecision {
    ReferenceDecision::Confirm { reason: None }
}

fn refuse() -> ReferenceDecision {
    ReferenceDecision::Refuse { reason: of("Not theirs.") }
}

fn decide(
    f: &Fixture,
    by: &Acting,
    publisher: PublisherId,
    decision: ReferenceDecision,
) -> Result<()> {
    run(by.decide_reference(publisher, AGENT, of("agt_7"), decision, &f.key())).map(drop)
}

/// A published agent `agt_7` of a publisher of its own.
fn offering(f: &Fixture, owner: &Acting, handle: &str) -> (PublisherId, ListingId) {
    let publisher = f.publisher(owner, handle);
    let new =
        crate::marketplace::NewListing { asset: agent("agt_7"), ..new_listing(publisher, "a") };
    let id = run(owner.create_listing(new, &f.key())).unwrap().id;
    run(owner.publish_listing(id, &f.key())).unwrap();
    (publisher, id)
}

/// The publishers whose reference stands at `state`.
fn asked(whs: &Acting, state: BindingState) -> Vec<PublisherId> {
    let page = run(whs.references(state, None, ALL)).unwrap();
    page.items.iter().map(|it| it.publisher).collect()
}

fn state(f: &Fixture, listing: ListingId) -> Option<BindingState> {
    run(f.anonymous().listing(listing)).unwrap().reference
}

#[test]
fn a_reference_is_confirmed_for_one_publisher() {
    let f = Fixture::default();
    let (ada, eve, whs) = (f.person("acme", "ada"), f.person("evil", "eve"), f.system("whs"));
    let (acme, agent) = offering(&f, &ada, "acme");
    let (evil, copy) = offering(&f, &eve, "evil");
    assert_eq!(state(&f, agent), Some(BindingState::Pending));
    assert_eq!(asked(&whs, BindingState::Pending), [acme, evil]);

    decide(&f, &whs, acme, confirm()).unwrap();
    assert_eq!(state(&f, agent), Some(BindingState::Confirmed));
    assert_eq!(refused(decide(&f, &whs, evil, confirm())), ErrorCode::ReferenceTaken);
    assert_eq!(state(&f, copy), Some(BindingState::Pending));
    // What was confirmed can be taken back, and is free then.
    decide(&f, &whs, acme, refuse()).unwrap();
    decide(&f, &whs, evil, confirm()).unwrap();
    assert_eq!(state(&f, agent), Some(BindingState::Refused));
    assert_eq!(state(&f, copy), Some(BindingState::Confirmed));
}

#[test]
fn only_the_owning_system_or_an_operator_with_a_reason_decides() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let (acme, agent) = offering(&f, &ada, "acme");
    assert_eq!(refused(decide(&f, &ada, acme, confirm())), ErrorCode::Forbidden);
    let elsewhere = f.system("agentromatic");
    assert_eq!(refused(decide(&f, &elsewhere, acme, confirm())), ErrorCode::ReferenceNotFound);
    assert!(run(elsewhere.references(BindingState::Pending, None, ALL)).unwrap().items.is_empty());
    let unknown = f.system("unheard-of");
    assert_eq!(refused(decide(&f, &unknown, acme, confirm())), ErrorCode::Forbidden);
    // A person whose subject is called like the system is a person.
    let impostor = f.person("whs", "whs");
    assert_eq!(refused(decide(&f, &impostor, acme, confirm())), ErrorCode::Forbidden);
    let bare = decide(&f, &f.operator(), acme, confirm()).unwrap_err();
    assert_eq!(bare.field().unwrap().field(), "reason");
    let reasoned = ReferenceDecision::Confirm { reason: Some(of("WHS asked us to.")) };
    decide(&f, &f.operator(), acme, reasoned).unwrap();
    assert_eq!(state(&f, agent), Some(BindingState::Confirmed));
    let nobody = PublisherId::from_bytes([9; 16]);
    let whs = f.system("whs");
    assert_eq!(refused(decide(&f, &whs, nobody, confirm())), ErrorCode::ReferenceNotFound);
}

#[test]
fn an_answer_was_for_the_tenant_of_its_time() {
    let f = Fixture::default();
    let (ada, bob) = (f.person("acme", "ada"), f.person("beta", "bob"));
    let whs = f.system("whs");
    let (acme, agent) = offering(&f, &ada, "acme");
    decide(&f, &whs, acme, confirm()).unwrap();
    let bobs = f.join(&ada, acme, &bob, PublisherRole::Owner);
    run(ada.transfer_publisher(acme, bobs, &f.key())).unwrap();
    // The question comes up again, and what was held is given up.
    assert_eq!(state(&f, agent), Some(BindingState::Pending));
    assert_eq!(asked(&whs, BindingState::Confirmed), []);
    assert_eq!(asked(&whs, BindingState::Pending), [acme]);
    let (evil, _) = offering(&f, &f.person("evil", "eve"), "evil");
    decide(&f, &whs, evil, confirm()).unwrap();
    assert_eq!(refused(decide(&f, &whs, acme, confirm())), ErrorCode::ReferenceTaken);
}

/// Moves a publisher with a confirmed reference by a process that is cut off after so many calls to
/// the store, then lets `goes_on` have its turn; answers whether it was cut off.
fn cut_off(after: u64, goes_on: impl Fn(&Fixture, &dyn Fn(&Acting) -> Result<()>)) -> bool {
    let f = Fixture::default();
    let (ada, bob, whs) = (f.person("acme", "ada"), f.person("beta", "bob"), f.system("whs"));
    let (acme, agent) = offering(&f, &ada, "acme");
    decide(&f, &whs, acme, confirm()).unwrap();
    let bobs = f.join(&ada, acme, &bob, PublisherRole::Owner);
    while run(f.market.refresh_index(ALL)).unwrap().more {}
    let store = FaultStore::new(Arc::new(f.store.clone()));
    let frail = f.through(store.clone()).act_as(ada.principal().clone());
    let key = f.key();
    let transfer = |by: &Acting| run(by.transfer_publisher(acme, bobs, &key)).map(drop);
    store.fail_after(after, StoreError::Unavailable("cut off"));
    let cut = transfer(&frail).is_err();
    goes_on(&f, &transfer);
    let seen = state(&f, agent).unwrap();
    assert_eq!(asked(&whs, seen), [acme], "after {after} calls it counts as {seen}");
    cut
}

#[test]
fn what_lapsed_is_asked_again_wherever_the_move_was_cut_off() {
    let mut calls = 0;
    while cut_off(calls, |f, transfer| transfer(&f.person("acme", "ada")).unwrap()) {
        calls += 1;
    }
    for after in 0..=calls {
        cut_off(after, |f, _| while run(f.market.refresh_index(ALL)).unwrap().more {});
    }
}

#[test]
fn a_transferred_listing_is_confirmed_again() {
    let f = Fixture::default();
    let (ada, whs) = (f.person("acme", "ada"), f.system("whs"));
    let (acme, agent) = offering(&f, &ada, "acme");
    let beta = f.publisher(&ada, "beta");
    decide(&f, &whs, acme, confirm()).unwrap();
    run(ada.transfer_listing(agent, beta, &f.key())).unwrap();
    assert_eq!(state(&f, agent), Some(BindingState::Pending));
    assert_eq!(refused(decide(&f, &whs, acme, confirm())), ErrorCode::ReferenceNotFound);
    decide(&f, &whs, beta, confirm()).unwrap();
    assert_eq!(state(&f, agent), Some(BindingState::Confirmed));
}

#[test]
fn another_upstream_id_is_another_question() {
    let f = Fixture::default();
    let (ada, whs) = (f.person("acme", "ada"), f.system("whs"));
    let (acme, id) = offering(&f, &ada, "acme");
    decide(&f, &whs, acme, confirm()).unwrap();
    let seen = run(ada.listing(id)).unwrap();
    let edit = crate::marketplace::ListingEdit {
        slug: seen.slug,
        content: seen.content,
        asset: Some(agent("agt_8")),
    };
    run(ada.update_listing(id, seen.revision, edit, &f.key())).unwrap();
    assert_eq!(state(&f, id), Some(BindingState::Pending));
}

/// What a release stands for, and what its owners have.
#[test]
fn a_listing_that_has_a_release_stays_with_its_asset() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let (acme, id) = offering(&f, &ada, "acme");
    refer(&f, &ada, id, "agt_8").unwrap();
    f.release(&ada, id, "1.0.0-rc.1");
    let changed = refer(&f, &ada, id, "agt_9").unwrap_err();
    assert_eq!(changed.code(), ErrorCode::InvalidInput);
    assert_eq!(changed.field().unwrap().field(), "asset");
    refer(&f, &ada, id, "agt_8").unwrap();
    run(ada.yank_release(id, of("1.0.0-rc.1"), of("A mistake."), &f.key())).unwrap();
    assert_eq!(refused(refer(&f, &ada, id, "agt_9")), ErrorCode::InvalidInput);

    // The schema is not the asset: each release says which one it follows.
    let spec = |version| Asset::SpecAsset { spec_id: of("spec_1"), schema_version: of(version) };
    let new = crate::marketplace::NewListing { asset: spec("1"), ..new_listing(acme, "spec") };
    let spec_asset = run(ada.create_listing(new, &f.key())).unwrap();
    f.release(&ada, spec_asset.id, "1.0.0");
    let revision = run(ada.listing(spec_asset.id)).unwrap().revision;
    let patch = crate::marketplace::ListingPatch { asset: Some(spec("2")), ..Default::default() };
    run(ada.patch_listing(spec_asset.id, revision, patch, &f.key())).unwrap();
}

/// A second listing of the publisher's, which refers to `agt_7` too.
fn another(f: &Fixture, owner: &Acting, publisher: PublisherId) -> ListingId {
    let asset = agent("agt_7");
    let new = crate::marketplace::NewListing { asset, ..new_listing(publisher, "b") };
    let id = run(owner.create_listing(new, &f.key())).unwrap().id;
    run(owner.publish_listing(id, &f.key())).unwrap();
    id
}

/// Changes the asset that a listing refers to.
fn refer(f: &Fixture, owner: &Acting, listing: ListingId, id: &str) -> Result<()> {
    let seen = run(owner.listing(listing)).unwrap();
    let patch = crate::marketplace::ListingPatch { asset: Some(agent(id)), ..Default::default() };
    run(owner.patch_listing(listing, seen.revision, patch, &f.key())).map(drop)
}

#[test]
fn a_reference_stays_confirmed_as_long_as_a_listing_of_the_publisher_refers_to_it() {
    for way in 0..3 {
        let f = Fixture::default();
        let (ada, eve, whs) = (f.person("acme", "ada"), f.person("evil", "eve"), f.system("whs"));
        let (acme, one) = offering(&f, &ada, "acme");
        let (evil, _) = offering(&f, &eve, "evil");
        let other = another(&f, &ada, acme);
        decide(&f, &whs, acme, confirm()).unwrap();
        let beta = f.publisher(&ada, "beta");
        let withdraw = |listing| match way {
            0 => drop(run(ada.transfer_listing(listing, beta, &f.key())).unwrap()),
            1 => drop(run(ada.delete_listing(listing, &f.key())).unwrap()),
            _ => refer(&f, &ada, listing, "agt_8").unwrap(),
        };
        withdraw(one);
        assert_eq!(state(&f, other), Some(BindingState::Confirmed), "{way}");
        assert_eq!(refused(decide(&f, &whs, evil, confirm())), ErrorCode::ReferenceTaken);
        if way == 0 {
            run(ada.delete_listing(other, &f.key())).unwrap();
        } else {
            withdraw(other);
        }
        // Nothing of the publisher refers to it any more: it holds nothing back, and is not asked.
        decide(&f, &whs, evil, confirm()).unwrap();
        assert_eq!(refused(decide(&f, &whs, acme, confirm())), ErrorCode::ReferenceNotFound);
    }
}

#[test]
fn a_listing_that_comes_to_refer_to_an_asset_keeps_its_answer() {
    let f = Fixture::default();
    let (ada, whs) = (f.person("acme", "ada"), f.system("whs"));
    let (acme, one) = offering(&f, &ada, "acme");
    decide(&f, &whs, acme, confirm()).unwrap();
    let store = FaultStore::new(Arc::new(f.store.clone()));
    let late = f.through(store.clone()).act_as(ada.principal().clone());
    let (made, key, publish) = (ada.clone(), f.key(), f.key());
    store.meanwhile(move || {
        let asset = agent("agt_7");
        let new = crate::marketplace::NewListing { asset, ..new_listing(acme, "b") };
        let id = run(made.create_listing(new, &key)).unwrap().id;
        run(made.publish_listing(id, &publish)).unwrap();
    });
    run(late.delete_listing(one, &f.key())).unwrap();
    let address = run(f.anonymous().listing_by_name(&of("acme"), &of("b"))).unwrap();
    let crate::marketplace::Found::Here(other) = address else { panic!("it moved") };
    assert_eq!(other.reference, Some(BindingState::Confirmed));
}

#[test]
fn a_refusal_is_not_shed_by_another_listing() {
    let f = Fixture::default();
    let (ada, whs) = (f.person("acme", "ada"), f.system("whs"));
    let (acme, one) = offering(&f, &ada, "acme");
    decide(&f, &whs, acme, refuse()).unwrap();
    run(ada.delete_listing(one, &f.key())).unwrap();
    let again = another(&f, &ada, acme);
    assert_eq!(state(&f, again), Some(BindingState::Refused));
}
