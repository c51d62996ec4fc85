//! Beginning installs.

use super::*;
use crate::domain::{AttemptStatus, EntitlementId, Person, Reason, Span, Visibility};
use crate::marketplace::{Handover, InstallLink};
use crate::policy::Quotas;

fn begin(who: &Acting, begin: BeginInstall) -> Result<InstallStarted> {
    pollster::block_on(who.begin_install(begin, &fresh_key()))
}

fn link_of(handover: &Handover) -> Option<&InstallLink> {
    match &handover.way {
        Way::DeepLink(link) => link.as_ref(),
        Way::Token(_) => None,
    }
}

fn by_link(world: &World) -> BeginInstall {
    BeginInstall {
        method: InstallMethod::DeepLink,
        context: Some("telespace:7".parse().unwrap()),
        ..world.by_token()
    }
}

#[test]
fn a_retry_gets_the_same_token_while_it_is_worth_something() {
    let world = World::new();
    world.claim(&world.ada());
    let token = token_of(&world.begin(&world.ada(), "begin").unwrap()).unwrap();
    let again = world.begin(&world.ada(), "begin").unwrap();
    assert_eq!(token_of(&again), Some(token.clone()));
    assert_eq!(world.events("install.begun"), 1);

    world.redeem(&token, "redeem").unwrap();
    let after = world.begin(&world.ada(), "begin").unwrap();
    assert_eq!(token_of(&after), None);
    assert_eq!(after.handovers[0].attempt.status, AttemptStatus::Redeemed);

    world.begin(&world.ada(), "second").unwrap();
    world.clock.advance(Span::minutes(5));
    let expired = world.begin(&world.ada(), "second").unwrap();
    assert_eq!(token_of(&expired), None);
    assert_eq!(expired.handovers[0].attempt.status, AttemptStatus::Expired);
}

#[test]
fn an_install_needs_ownership() {
    let world = World::new();
    assert_eq!(refusal(world.begin(&world.ada(), "begin")), ErrorCode::EntitlementNotFound);
    let bobs = world.claim(&world.act(Principal::person(person("bob")))).id;
    let stolen = BeginInstall { entitlement: Some(bobs), ..world.by_token() };
    assert_eq!(refusal(begin(&world.ada(), stolen)), ErrorCode::EntitlementNotFound);
    for who in [world.whs(), world.operator()] {
        assert_eq!(refusal(begin(&who, world.by_token())), ErrorCode::Forbidden);
    }
}

#[test]
fn naming_an_entitlement_tells_nothing_of_a_hidden_listing() {
    let world = World::new();
    world.change::<Listing>(&RecordKey::listing(world.listing), |listing| {
        listing.content.visibility = Visibility::Organisation;
    });
    let elsewhere = ListingId::from_bytes([13; 16]);
    world.seed_listing(elsewhere, world.publisher, AssetKind::WhsAgent, "free");
    let own = pollster::block_on(world.ada().claim_free(elsewhere, &fresh_key())).unwrap().id;
    for named in [own, EntitlementId::from_bytes([9; 16])] {
        let ask = |listing| {
            let entitlement = Some(named);
            let asked = BeginInstall { listing, entitlement, ..world.by_token() };
            refusal(begin(&world.ada(), asked))
        };
        assert_eq!(ask(world.listing), ErrorCode::ListingNotFound);
        assert_eq!(ask(ListingId::from_bytes([8; 16])), ErrorCode::ListingNotFound);
    }
}

#[test]
fn the_latest_is_the_highest_stable_version_that_is_not_yanked() {
    let world = World::new();
    world.claim(&world.ada());
    for version in ["1.10.0", "1.9.0", "2.0.0-rc.1", "1.11.0"] {
        world.seed_release(world.listing, version);
    }
    let reason: Reason = "Broken.".parse().unwrap();
    let yanked = RecordKey::release(world.listing, &version("1.11.0"));
    world.change::<Release>(&yanked, |release| release.yanked = Some(reason));
    let installed = |asked: Option<&str>| {
        let asked = BeginInstall { version: asked.map(version), ..world.by_token() };
        begin(&world.ada(), asked).map(|it| it.handovers[0].attempt.version.to_string())
    };
    assert_eq!(installed(None).unwrap(), "1.10.0");
    assert_eq!(installed(Some("2.0.0-rc.1")).unwrap(), "2.0.0-rc.1");
    assert_eq!(refusal(installed(Some("1.11.0"))), ErrorCode::ReleaseYanked);
    assert_eq!(refusal(installed(Some("3.0.0"))), ErrorCode::ReleaseNotFound);
    assert_eq!(refusal(installed(Some("1.10.0+other"))), ErrorCode::ReleaseNotFound);
}

#[test]
fn those_who_own_an_unlisted_or_deprecated_listing_may_install_it() {
    let world = World::new();
    world.claim(&world.ada());
    for (state, expected) in [
        (ListingState::Unlisted, Ok(())),
        (ListingState::Deprecated, Ok(())),
        (ListingState::TakenDown, Err(ErrorCode::ListingUnavailable)),
        (ListingState::Deleted, Err(ErrorCode::ListingNotFound)),
    ] {
        bring(&world, state);
        let begun = begin(&world.ada(), world.by_token());
        assert_eq!(begun.map(drop).map_err(|error| error.code()), expected, "{state}");
    }
}

#[test]
fn no_token_is_issued_for_a_reference_that_nobody_confirmed() {
    let world = World::new();
    world.claim(&world.ada());
    let refused = || refusal(begin(&world.ada(), world.by_token()));
    world.change::<Binding>(&world.binding_key(), |it| it.state = BindingState::Pending);
    assert_eq!(refused(), ErrorCode::ReferenceUnconfirmed);
    // Confirmed for the tenant that the publisher used to belong to.
    world.change::<Binding>(&world.binding_key(), |binding| {
        binding.state = BindingState::Confirmed;
        binding.tenant = TenantId::from_bytes([5; 16]);
    });
    assert_eq!(refused(), ErrorCode::ReferenceUnconfirmed);
    begin(&world.ada(), by_link(&world)).unwrap();
}

#[test]
fn a_deep_link_leads_to_the_system_and_stands_for_nothing() {
    let world = World::new();
    world.claim(&world.ada());
    let started = begin(&world.ada(), by_link(&world)).unwrap();
    let handover = &started.handovers[0];
    let id = handover.attempt.id;
    let expected = format!("https://app.example/i?a=agt_{}&n={id}&c=telespace%3A7", world.listing);
    assert_eq!(link_of(handover).unwrap().as_str(), expected);
    let again = pollster::block_on(world.whs().manifest_again(id, &person("ada")));
    assert_eq!(refusal(again), ErrorCode::ManifestUnavailable);
    assert_eq!(world.attempt(id).token, None, "nobody could redeem it");
}

#[test]
fn a_deep_link_leads_nowhere_once_its_attempt_is_over() {
    let world = World::new();
    world.claim(&world.ada());
    let retry = |name: &str| {
        pollster::block_on(world.ada().begin_install(by_link(&world), &key(name))).unwrap()
    };
    let revoked = retry("revoked").handovers[0].attempt.id;
    pollster::block_on(world.ada().revoke_install(revoked, &fresh_key())).unwrap();
    assert_eq!(link_of(&retry("revoked").handovers[0]), None);
    assert!(link_of(&retry("expired").handovers[0]).is_some());
    world.clock.advance(Span::minutes(5));
    assert_eq!(link_of(&retry("expired").handovers[0]), None);
}

#[test]
fn whoever_names_an_entitlement_installs_by_that_one_and_by_no_other_tenants() {
    let world = World::new();
    let granted = |holder: Holder, reference: &str| {
        let reference = reference.parse().unwrap();
        let grant = OperatorGrant { reference, ..world.grant(holder) };
        pollster::block_on(world.operator().grant_entitlement(grant, &fresh_key())).unwrap().id
    };
    let by = |id| {
        let named = BeginInstall { entitlement: Some(id), ..world.by_token() };
        begin(&world.ada(), named).map(|started| started.handovers[0].attempt.entitlement)
    };
    let older = granted(Holder::Person(person("ada")), "older");
    granted(Holder::Person(person("ada")), "newer");
    let team = granted(Holder::Tenant { identity: acme(), seats: None }, "team");
    for own in [older, team] {
        assert_eq!(by(own), Ok(own));
    }
    let beta = TenantIdentity::organisation(
        "https://id.example".parse().unwrap(),
        "beta".parse().unwrap(),
    );
    let theirs = granted(Holder::Tenant { identity: beta, seats: None }, "theirs");
    assert_eq!(refusal(by(theirs)), ErrorCode::EntitlementNotFound);
}

#[test]
fn whoever_owned_a_hidden_listing_once_is_told_why_they_do_not_any_more() {
    let world = World::new();
    let claimed = world.claim(&world.ada());
    let (id, revision) = (claimed.id, claimed.revision);
    let reason: Reason = "A mistake.".parse().unwrap();
    let root = world.operator();
    pollster::block_on(root.revoke_entitlement(id, revision, reason, &fresh_key())).unwrap();
    world.change::<Listing>(&RecordKey::listing(world.listing), |listing| {
        listing.content.visibility = Visibility::Organisation;
    });
    let refused = refusal(begin(&world.ada(), world.by_token()));
    assert_eq!(refused, ErrorCode::EntitlementRevoked);
}

#[test]
fn the_organisation_decides_whether_it_wants_this() {
    let world = World::new();
    world.claim(&world.ada());
    world.policy.set(Policy::DENIES);
    assert_eq!(refusal(world.begin(&world.ada(), "begin")), ErrorCode::PolicyDenied);
    world.policy.set(Policy::FAILS);
    assert_eq!(refusal(world.begin(&world.ada(), "begin")), ErrorCode::Unavailable);
    world.policy.set(Policy::ALLOWS);
    world.begin(&world.ada(), "begin").unwrap();
}

#[test]
fn attempts_are_seen_and_revoked_by_their_holder_and_their_admin() {
    let world = World::new();
    let (token, id) = world.issue();
    let read = |who: &Acting| pollster::block_on(who.attempt(id)).map(|view| view.status);
    let boss = world.act(Principal::admin(person("boss")));
    for who in [world.ada(), boss.clone(), world.operator()] {
        assert_eq!(read(&who).unwrap(), AttemptStatus::Issued);
    }
    let bob = world.act(Principal::person(person("bob")));
    let revoke = |who: &Acting| pollster::block_on(who.revoke_install(id, &fresh_key()));
    for who in [bob, world.whs()] {
        assert_eq!(refusal(read(&who)), ErrorCode::AttemptNotFound);
        assert_eq!(refusal(revoke(&who)), ErrorCode::AttemptNotFound);
    }
    revoke(&boss).unwrap();
    let bosses = world.get::<Person>(&RecordKey::person(&person("boss"))).unwrap().id;
    assert_eq!(world.actors("install.revoked"), [Actor::Person { id: bosses }]);
    assert_eq!(refusal(revoke(&world.ada())), ErrorCode::WrongState);
    assert_eq!(refusal(world.redeem(&token, "redeem")), ErrorCode::AttemptRevoked);
    assert_eq!(token_of(&world.begin(&world.ada(), "begin").unwrap()), None);
    let mine = pollster::block_on(world.ada().my_installs(None, PageSize::default())).unwrap();
    assert_eq!(mine.items[0].status, AttemptStatus::Revoked);
    let all = pollster::block_on(boss.tenant_installs(None, PageSize::default())).unwrap();
    assert_eq!(all.items, mine.items);
}

#[test]
fn what_an_operator_revokes_is_written_down_as_theirs() {
    let world = World::new();
    let (_, id) = world.issue();
    pollster::block_on(world.operator().revoke_install(id, &fresh_key())).unwrap();
    let roots = world.get::<Person>(&RecordKey::person(&person("root"))).unwrap().id;
    assert_eq!(world.actors("install.revoked"), [Actor::Operator { id: roots }]);
}

#[test]
fn whoever_revoked_an_attempt_is_told_again_as_long_as_they_may() {
    let world = World::new();
    let (_, id) = world.issue();
    let revoke = |who: Principal| {
        pollster::block_on(world.act(who).revoke_install(id, &key("revoke"))).map(|it| it.attempts)
    };
    for _ in 0..2 {
        assert_eq!(revoke(Principal::admin(person("boss"))), Ok(vec![id]));
    }
    assert_eq!(world.events("install.revoked"), 1);
    let former = revoke(Principal::person(person("boss")));
    assert_eq!(refusal(former), ErrorCode::AttemptNotFound);
}

#[test]
fn a_tenant_begins_so_many_a_day() {
    let world = World::new();
    let strict = Marketplace::builder(world.store.clone())
        .keys(ring())
        .issuer("https://market.example".parse().unwrap())
        .systems((*world.market.inner.systems).clone())
        .quotas(Quotas { installs_per_day: 2, ..Quotas::default() })
        .clock(Arc::new(world.clock.clone()))
        .build();
    let ada = pollster::block_on(strict).unwrap().act_as(Principal::person(person("ada")));
    world.claim(&ada);
    for _ in 0..2 {
        begin(&ada, world.by_token()).unwrap();
    }
    let refused = begin(&ada, world.by_token()).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::QuotaExceeded);
    assert_eq!(refused.retry_after(), Some(Span::hours(12)));
    world.clock.advance(Span::hours(12));
    begin(&ada, world.by_token()).unwrap();
}

/// A world with a pack of Ada's: the listing, a workflow of the same publisher, and a free and a
/// paid listing of another.
struct Packed {
    world: World,
    members: [ListingId; 4],
}

impl Packed {
    fn new() -> Self {
        let world = World::new();
        let [pack, workflow, free, paid] =
            [[10; 16], [11; 16], [12; 16], [13; 16]].map(ListingId::from_bytes);
        let other = PublisherId::from_bytes([20; 16]);
        world.seed_publisher(other, TenantId::from_bytes([21; 16]));
        world.seed_listing(workflow, world.publisher, AssetKind::AgentromaticWorkflow, "entitled");
        world.seed_listing(free, other, AssetKind::WhsAgent, "free");
        world.seed_listing(paid, other, AssetKind::WhsAgent, "entitled");
        for listing in [workflow, free, paid] {
            world.seed_release(listing, "0.3.0");
        }
        let members = [world.listing, workflow, free, paid];
        let packed = Packed { world, members };
        packed.hold(pack, &packed.members[..3]);
        packed
    }

    fn hold(&self, pack: ListingId, members: &[ListingId]) {
        let asset = json!({"kind": "pack", "members": members});
        self.world.seed_asset(pack, self.world.publisher, &asset, "free");
    }

    fn begin(&self) -> Result<InstallStarted> {
        let pack = ListingId::from_bytes([10; 16]);
        begin(&self.world.ada(), BeginInstall { listing: pack, ..self.world.by_token() })
    }
}

#[test]
fn a_pack_begins_all_of_its_members_or_none() {
    let packed = Packed::new();
    let world = &packed.world;
    let pack = ListingId::from_bytes([10; 16]);
    let owned = pollster::block_on(world.ada().claim_free(pack, &key("pack"))).unwrap().id;
    let started = packed.begin().unwrap();
    let begun: Vec<_> = started.handovers.iter().map(|it| it.attempt.listing).collect();
    assert_eq!(begun, packed.members[..3]);
    let by: Vec<_> = started.handovers.iter().map(|it| it.attempt.entitlement).collect();
    // The pack's publisher's own members come with it; the free one of another was claimed.
    assert_eq!(by[..2], [owned, owned]);
    assert_ne!(by[2], owned);
    let token = token_of(&started).unwrap();
    world.redeem(&token, "redeem").unwrap();

    let before = world.events("install.begun");
    packed.hold(pack, &packed.members);
    assert_eq!(refusal(packed.begin()), ErrorCode::EntitlementNotFound);
    packed.hold(pack, &[world.listing, pack]);
    assert_eq!(refusal(packed.begin()), ErrorCode::NotObtainable);
    packed.hold(pack, &[]);
    assert_eq!(refusal(packed.begin()), ErrorCode::NoRelease);
    packed.hold(pack, &packed.members[..2]);
    let yanked = RecordKey::release(packed.members[1], &version("0.3.0"));
    world.change::<Release>(&yanked, |it| it.yanked = Some("Broken.".parse().unwrap()));
    assert_eq!(refusal(packed.begin()), ErrorCode::NoRelease);
    assert_eq!(world.events("install.begun"), before);
}

#[test]
fn a_pack_that_is_not_offered_hands_over_nothing_of_others_either() {
    let packed = Packed::new();
    let world = &packed.world;
    let pack = ListingId::from_bytes([10; 16]);
    packed.hold(pack, &packed.members[2..3]);
    pollster::block_on(world.ada().claim_free(pack, &key("pack"))).unwrap();
    let publisher = RecordKey::publisher(world.publisher);
    let reason: Reason = "Malware.".parse().unwrap();
    world.change::<Publisher>(&publisher, |it| it.suspended = Some(reason));
    assert_eq!(refusal(packed.begin()), ErrorCode::PublisherSuspended);
    world.change::<Publisher>(&publisher, |it| it.suspended = None);
    let key = RecordKey::listing(pack);
    world.change::<Listing>(&key, |listing| listing.state = ListingState::TakenDown);
    assert_eq!(refusal(packed.begin()), ErrorCode::ListingUnavailable);
    world.change::<Listing>(&key, |listing| listing.state = ListingState::Published);
    packed.begin().unwrap();
}

#[test]
fn a_pack_has_no_version_to_choose() {
    let packed = Packed::new();
    let pack = ListingId::from_bytes([10; 16]);
    pollster::block_on(packed.world.ada().claim_free(pack, &key("pack"))).unwrap();
    let chosen =
        BeginInstall { listing: pack, version: Some(version("1.4.0")), ..packed.world.by_token() };
    let refused = begin(&packed.world.ada(), chosen).unwrap_err();
    assert_eq!(refused.to_string(), "version can't be chosen for a pack");
}
