//! Who owns what, and who may know.

use super::*;
use crate::domain::{
    EntitlementId, EntitlementState, EntitlementStatus, Reason, Span, Visibility, Window,
};
use crate::marketplace::EntitlementView;
use crate::search::Cursor;

fn reason() -> Reason {
    "A mistake.".parse().unwrap()
}

fn read(who: &Acting, id: EntitlementId) -> Result<EntitlementView> {
    pollster::block_on(who.entitlement(id))
}

fn claim(world: &World, who: &Acting, name: &str) -> Result<EntitlementReceipt> {
    pollster::block_on(who.claim_free(world.listing, &key(name)))
}

fn edit(world: &World, change: impl FnOnce(&mut Listing)) {
    world.change(&RecordKey::listing(world.listing), change);
}

#[test]
fn a_free_listing_is_claimed_once() {
    let world = World::new();
    let first = claim(&world, &world.ada(), "one").unwrap();
    assert_eq!(claim(&world, &world.ada(), "one").unwrap(), first);
    assert_eq!(refusal(claim(&world, &world.ada(), "two")), ErrorCode::SourceTaken);
    let bob = world.act(Principal::person(person("bob")));
    assert_ne!(claim(&world, &bob, "one").unwrap().id, first.id);
    assert_eq!(world.events("entitlement.granted"), 2);
}

#[test]
fn a_claim_that_was_taken_back_does_not_come_back() {
    let world = World::new();
    let claimed = world.claim(&world.ada());
    let revoke = world.operator();
    pollster::block_on(revoke.revoke_entitlement(
        claimed.id,
        claimed.revision,
        reason(),
        &fresh_key(),
    ))
    .unwrap();
    assert_eq!(refusal(claim(&world, &world.ada(), "again")), ErrorCode::SourceTaken);
    assert_eq!(refusal(world.begin(&world.ada(), "begin")), ErrorCode::EntitlementRevoked);
}

#[test]
fn only_what_is_free_offered_and_readable_can_be_claimed() {
    let world = World::new();
    let attempt = |code| assert_eq!(refusal(claim(&world, &world.ada(), "claim")), code);
    edit(&world, |it| it.content.price_class = crate::domain::PriceClass::Entitled);
    attempt(ErrorCode::NotFree);
    edit(&world, |it| it.content.price_class = crate::domain::PriceClass::Free);
    for (state, code) in [
        (ListingState::Draft, ErrorCode::ListingNotFound),
        (ListingState::TakenDown, ErrorCode::ListingNotFound),
        (ListingState::Deleted, ErrorCode::ListingNotFound),
        (ListingState::Unlisted, ErrorCode::NotObtainable),
        (ListingState::Deprecated, ErrorCode::NotObtainable),
    ] {
        bring(&world, state);
        attempt(code);
    }
    bring(&world, ListingState::Published);
    world.change::<Publisher>(&RecordKey::publisher(world.publisher), |publisher| {
        publisher.suspended = Some(reason());
    });
    attempt(ErrorCode::ListingNotFound);
    // None of these refusals sticks to the key.
    world.change::<Publisher>(&RecordKey::publisher(world.publisher), |it| it.suspended = None);
    claim(&world, &world.ada(), "claim").unwrap();
}

#[test]
fn what_an_organisation_keeps_to_itself_is_not_there_for_others() {
    let world = World::new();
    edit(&world, |listing| listing.content.visibility = Visibility::Organisation);
    assert_eq!(refusal(claim(&world, &world.ada(), "claim")), ErrorCode::ListingNotFound);
    assert_eq!(refusal(world.begin(&world.ada(), "begin")), ErrorCode::ListingNotFound);
    let bob = world.act(Principal::person(person("bob")));
    let tenant = {
        // Bob's tenant gets its surrogate with his first write, elsewhere.
        edit(&world, |listing| listing.content.visibility = Visibility::Public);
        let id = world.claim(&bob).id;
        edit(&world, |listing| listing.content.visibility = Visibility::Organisation);
        world.get::<crate::domain::Entitlement>(&RecordKey::entitlement(id)).unwrap().tenant
    };
    world.change::<Publisher>(&RecordKey::publisher(world.publisher), |it| it.tenant = tenant);
    claim(&world, &world.ada(), "claim").unwrap();
}

#[test]
fn operators_grant_and_nobody_else_does() {
    let world = World::new();
    let grant = || world.grant(Holder::Person(person("ada")));
    for who in [world.ada(), world.act(Principal::admin(person("boss"))), world.whs()] {
        let refused = pollster::block_on(who.grant_entitlement(grant(), &key("grant")));
        assert_eq!(refusal(refused), ErrorCode::Forbidden);
    }
    let root = world.operator();
    let granted = pollster::block_on(root.grant_entitlement(grant(), &key("grant"))).unwrap();
    let twice = pollster::block_on(root.grant_entitlement(grant(), &key("other")));
    assert_eq!(refusal(twice), ErrorCode::SourceTaken);
    assert_eq!(read(&world.ada(), granted.id).unwrap().status, EntitlementStatus::Active);
}

#[test]
fn operators_govern_and_nobody_else_does() {
    let world = World::new();
    let claimed = world.claim(&world.ada());
    let (id, revision) = (claimed.id, claimed.revision);
    for who in [world.ada(), world.act(Principal::admin(person("boss"))), world.whs()] {
        for refused in [
            pollster::block_on(who.activate_entitlement(id, revision, reason(), &fresh_key())),
            pollster::block_on(who.suspend_entitlement(id, revision, reason(), &fresh_key())),
            pollster::block_on(who.resume_entitlement(id, revision, reason(), &fresh_key())),
            pollster::block_on(who.revoke_entitlement(id, revision, reason(), &fresh_key())),
        ] {
            assert_eq!(refusal(refused), ErrorCode::Forbidden);
        }
    }
    assert_eq!(read(&world.ada(), id).unwrap().status, EntitlementStatus::Active);
}

#[test]
fn what_was_deleted_is_not_granted_and_an_operator_claims_nothing() {
    let world = World::new();
    assert_eq!(refusal(claim(&world, &world.operator(), "claim")), ErrorCode::Forbidden);
    bring(&world, ListingState::Deleted);
    let grant = world.grant(Holder::Person(person("ada")));
    let granted = pollster::block_on(world.operator().grant_entitlement(grant, &fresh_key()));
    assert_eq!(refusal(granted), ErrorCode::ListingNotFound);
}

#[test]
fn an_entitlement_moves_along_its_graph_and_at_its_revision() {
    let world = World::new();
    let root = world.operator();
    let grant = OperatorGrant { pending: true, ..world.grant(Holder::Person(person("ada"))) };
    let granted = pollster::block_on(root.grant_entitlement(grant, &key("grant"))).unwrap();
    let (id, stale) = (granted.id, granted.revision);
    let activate = |revision| {
        pollster::block_on(root.activate_entitlement(id, revision, reason(), &fresh_key()))
    };
    let suspend = |revision| {
        pollster::block_on(root.suspend_entitlement(id, revision, reason(), &fresh_key()))
    };
    let resume = |revision| {
        pollster::block_on(root.resume_entitlement(id, revision, reason(), &fresh_key()))
    };
    let revoke = |revision| {
        pollster::block_on(root.revoke_entitlement(id, revision, reason(), &fresh_key()))
    };
    assert_eq!(refusal(suspend(stale)), ErrorCode::WrongState);
    assert_eq!(refusal(resume(stale)), ErrorCode::WrongState);
    assert_eq!(read(&world.ada(), id).unwrap().status, EntitlementStatus::Pending);
    let active = activate(stale).unwrap();
    assert_eq!(refusal(revoke(stale)), ErrorCode::RevisionMismatch);
    assert_eq!(refusal(activate(active.revision)), ErrorCode::WrongState);
    let held = suspend(active.revision).unwrap();
    assert_eq!(refusal(activate(held.revision)), ErrorCode::WrongState);
    let back = resume(held.revision).unwrap();
    let gone = revoke(back.revision).unwrap();
    for refused in [resume(gone.revision), suspend(gone.revision), revoke(gone.revision)] {
        assert_eq!(refusal(refused), ErrorCode::WrongState);
    }
    assert_eq!(gone.state, EntitlementState::Revoked);
    assert_eq!(world.events("entitlement.changed"), 4);
}

#[test]
fn windows_are_looked_at_when_someone_asks() {
    let world = World::new();
    let starts = "2026-02-01T13:00:00Z".parse().unwrap();
    let ends = "2026-02-01T14:00:00Z".parse().unwrap();
    let window = Some(Window::between(starts, Some(ends)).unwrap());
    let grant = OperatorGrant { window, ..world.grant(Holder::Person(person("ada"))) };
    let id =
        pollster::block_on(world.operator().grant_entitlement(grant, &key("grant"))).unwrap().id;
    for (status, begins) in [
        (EntitlementStatus::Pending, Err(ErrorCode::EntitlementInactive)),
        (EntitlementStatus::Active, Ok(())),
        (EntitlementStatus::Expired, Err(ErrorCode::EntitlementInactive)),
    ] {
        assert_eq!(read(&world.ada(), id).unwrap().status, status);
        let begun = pollster::block_on(world.ada().begin_install(world.by_token(), &fresh_key()));
        assert_eq!(begun.map(drop).map_err(|error| error.code()), begins, "{status}");
        world.clock.advance(Span::hours(1));
    }
}

#[test]
fn an_entitlement_is_seen_by_its_holder_their_admin_and_operators() {
    let world = World::new();
    let id = world.claim(&world.ada()).id;
    let elsewhere = TenantIdentity::organisation(
        "https://id.example".parse().unwrap(),
        "other".parse().unwrap(),
    );
    let stranger = PersonIdentity::new(elsewhere, "ada".parse().unwrap());
    for who in [world.ada(), world.act(Principal::admin(person("boss"))), world.operator()] {
        assert_eq!(read(&who, id).unwrap().id, id);
    }
    let nowhere = refusal(read(&world.ada(), EntitlementId::from_bytes([0xff; 16])));
    for who in [
        world.act(Principal::person(person("bob"))),
        world.act(Principal::admin(stranger.clone())),
        world.whs(),
    ] {
        assert_eq!(refusal(read(&who, id)), nowhere);
    }
    let anonymous = world.act(Principal::Anonymous);
    assert_eq!(refusal(read(&anonymous, id)), ErrorCode::Unauthenticated);

    let mine = |who: Principal| {
        pollster::block_on(world.act(who).my_entitlements(None, PageSize::default()))
            .map(|page| page.items.len())
    };
    assert_eq!(mine(Principal::person(person("ada"))).unwrap(), 1);
    assert_eq!(mine(Principal::person(stranger.clone())).unwrap(), 0);
    let all = |who: Principal| {
        pollster::block_on(world.act(who).tenant_entitlements(None, PageSize::default()))
            .map(|page| page.items.len())
    };
    assert_eq!(all(Principal::admin(person("boss"))).unwrap(), 1);
    assert_eq!(all(Principal::admin(stranger)).unwrap(), 0);
    assert_eq!(refusal(all(Principal::person(person("ada")))), ErrorCode::Forbidden);
}

#[test]
fn a_system_may_ask_about_a_subject_it_names_and_assets_it_owns() {
    let world = World::new();
    let id = world.claim(&world.ada()).id;
    let ask = |system: &str, who: &str| {
        let system = world.act(service(system));
        pollster::block_on(system.entitlements_of(&person(who), world.listing))
            .map(|owned| owned.iter().map(|view| view.id).collect::<Vec<_>>())
    };
    assert_eq!(ask("whs", "ada").unwrap(), [id]);
    assert_eq!(ask("whs", "bob").unwrap(), []);
    assert_eq!(refusal(ask("agentromatic", "ada")), ErrorCode::ListingNotFound);
    assert_eq!(refusal(ask("stranger", "ada")), ErrorCode::Forbidden);
    let asked = pollster::block_on(world.ada().entitlements_of(&person("ada"), world.listing));
    assert_eq!(refusal(asked), ErrorCode::Forbidden);
}

/// What is absent, hidden or taken down is told apart by those alone who have it.
#[test]
fn a_system_learns_of_a_hidden_listing_only_from_what_a_subject_has_of_it() {
    let world = World::new();
    let id = world.claim(&world.ada()).id;
    // Bob is known, and has nothing of it.
    let other = ListingId::from_bytes([3; 16]);
    world.seed_listing(other, world.publisher, AssetKind::WhsAgent, "free");
    let bob = world.act(Principal::person(person("bob")));
    pollster::block_on(bob.claim_free(other, &key("other"))).unwrap();
    let ask = |who: &str, listing| {
        pollster::block_on(world.whs().entitlements_of(&person(who), listing))
            .map(|owned| owned.iter().map(|view| view.id).collect::<Vec<_>>())
    };
    let absent = ask("bob", ListingId::from_bytes([4; 16])).unwrap_err();
    assert_eq!(absent.code(), ErrorCode::ListingNotFound);
    let stranger =
        PersonIdentity::personal("https://id.example".parse().unwrap(), "nobody".parse().unwrap());
    for state in [ListingState::Draft, ListingState::TakenDown, ListingState::Deleted] {
        bring(&world, state);
        assert_eq!(ask("ada", world.listing).unwrap(), [id], "{state}");
        assert_eq!(ask("bob", world.listing).unwrap_err(), absent, "{state}");
        let asked = pollster::block_on(world.whs().entitlements_of(&stranger, world.listing));
        assert_eq!(asked.unwrap_err(), absent, "{state}");
    }
    for state in [ListingState::Published, ListingState::Unlisted, ListingState::Deprecated] {
        bring(&world, state);
        assert_eq!(ask("bob", world.listing).unwrap(), [], "{state}");
    }
    // Within an organisation, for those who belong to it.
    edit(&world, |listing| listing.content.visibility = Visibility::Organisation);
    assert_eq!(ask("bob", world.listing).unwrap_err(), absent);
    let of_ada = RecordKey::entitlement(id);
    let tenant = world.get::<crate::domain::Entitlement>(&of_ada).unwrap().tenant;
    world.change::<Publisher>(&RecordKey::publisher(world.publisher), |it| it.tenant = tenant);
    assert_eq!(ask("bob", world.listing).unwrap(), []);
}

#[test]
fn lists_come_in_pages_and_cursors_work_for_their_owner_alone() {
    let world = World::new();
    let mut granted = Vec::new();
    for n in 0..5 {
        let mut grant = world.grant(Holder::Person(person("ada")));
        grant.reference = format!("ticket-{n}").parse().unwrap();
        let receipt = pollster::block_on(world.operator().grant_entitlement(grant, &fresh_key()));
        granted.insert(0, receipt.unwrap().id);
    }
    let page = |who: &Acting, cursor: Option<&Cursor>| {
        pollster::block_on(who.my_entitlements(cursor, PageSize::new(2)))
    };
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let got = page(&world.ada(), cursor.as_ref()).unwrap();
        found.extend(got.items.iter().map(|view| view.id));
        let Some(next) = got.next else { break };
        cursor = Some(next);
    }
    assert_eq!(found, granted);
    let bob = world.act(Principal::person(person("bob")));
    world.claim(&bob);
    assert_eq!(refusal(page(&bob, cursor.as_ref())), ErrorCode::InvalidCursor);
    let elsewhere = pollster::block_on(world.ada().my_installs(cursor.as_ref(), PageSize::MAX));
    assert_eq!(refusal(elsewhere), ErrorCode::InvalidCursor);
}
