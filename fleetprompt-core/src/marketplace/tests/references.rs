use super::fixture::*;
use crate::ErrorCode;
use crate::domain::*;
use crate::marketplace::ReferenceDecision;
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
    let asked = run(whs.references(BindingState::Pending, None, ALL)).unwrap().items;
    assert_eq!(asked.iter().map(|it| it.publisher).collect::<Vec<_>>(), [acme, evil]);

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
    assert_eq!(state(&f, agent), Some(BindingState::Pending));
    // Saving the listing asks again, and gives up what was held.
    let seen = run(ada.listing(agent)).unwrap();
    let edit =
        crate::marketplace::ListingEdit { slug: seen.slug, content: seen.content, asset: None };
    run(ada.update_listing(agent, seen.revision, edit, &f.key())).unwrap();
    assert_eq!(run(whs.references(BindingState::Pending, None, ALL)).unwrap().items.len(), 1);
    let (evil, _) = offering(&f, &f.person("evil", "eve"), "evil");
    decide(&f, &whs, evil, confirm()).unwrap();
    assert_eq!(refused(decide(&f, &whs, acme, confirm())), ErrorCode::ReferenceTaken);
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
