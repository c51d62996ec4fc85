//! One token, one redemption, for one system, subject and tenant.

use super::*;
use crate::conformance::FaultStore;
use crate::domain::{
    Asset, AttemptStatus, BuyerMark, Deployment, DeploymentId, Entitlement, EntitlementState,
    Manifest, Reason, Span, Window,
};
use crate::marketplace::Introspection;
use crate::port::{Counter, CounterFamily, CounterRange, Prune, Scan};

fn reason() -> Reason {
    "Charged back.".parse().unwrap()
}

fn marks(world: &World) -> Vec<BuyerMark> {
    let scan = Scan::BuyersOf(world.listing);
    let rows = pollster::block_on(world.store.scan(&scan, None, PageSize::MAX)).unwrap();
    rows.into_iter().filter_map(|row| BuyerMark::from_record(row.value)).collect()
}

fn introspect(system: &Acting, token: &InstallToken, who: &str) -> Introspection {
    let request = RedeemRequest { token: token.clone(), expected: person(who) };
    pollster::block_on(system.introspect(&request)).unwrap()
}

fn revoke_entitlement(world: &World, attempt: AttemptId) {
    let id = world.attempt(attempt).entitlement;
    let revision = pollster::block_on(world.operator().entitlement(id)).unwrap().revision;
    pollster::block_on(world.operator().revoke_entitlement(id, revision, reason(), &fresh_key()))
        .unwrap();
}

#[test]
fn a_manifest_holds_references_and_facts_and_permits_nothing() {
    let world = World::new();
    let (token, attempt) = world.issue();
    let bytes = world.redeem(&token, "redeem").unwrap();
    let manifest: Manifest = serde_json::from_str(&bytes).unwrap();
    assert_eq!(serde_json::to_string(&manifest).unwrap(), bytes);
    let entitlement = world.attempt(attempt).entitlement;
    let told: serde_json::Value = serde_json::from_str(&bytes).unwrap();
    let expected = json!({
        "schemaVersion": 1, "attempt": attempt, "listing": world.listing,
        "publisher": world.publisher,
        "release": {"version": "1.4.0", "digest": Sha256Digest::of(b"1.4.0")},
        "reference": {"system": "whs", "kind": "whs_agent",
                      "whsAgentId": format!("agt_{}", world.listing),
                      "deploymentPin": "dep_1", "confirmed": true},
        "subject": "ada", "tenant": "acme",
        "entitlement": {"id": entitlement, "status": "active", "asOf": "2026-02-01T12:00:00Z"},
        "capabilities": ["net:http"], "secrets": ["SMTP_PASSWORD"],
        "validUntil": "2026-02-02T12:00:00Z", "authorization": "none",
    });
    assert_eq!(told, expected);
}

#[test]
fn a_redemption_leaves_an_event_a_count_and_a_mark_that_names_nobody() {
    let world = World::new();
    let (token, attempt) = world.issue();
    world.redeem(&token, "redeem").unwrap();
    assert_eq!(world.attempt(attempt).state, crate::domain::AttemptState::Redeemed);
    let whs = Actor::System { name: "whs".parse().unwrap() };
    assert_eq!(world.actors("install.redeemed"), [whs]);
    let day = "2026-02-01".parse().unwrap();
    let family = CounterFamily::Redeemed;
    let counter = Counter::installs(family, world.listing, day, &version("1.4.0"));
    let counted = pollster::block_on(world.store.counters(&CounterRange::one(&counter), 1));
    assert_eq!(counted.unwrap()[0].1, 1);
    assert_eq!(marks(&world).len(), 1);
}

#[test]
fn a_tenant_is_one_buyer_whoever_redeems_and_whichever_key_is_active() {
    let world = World::new();
    let (token, _) = world.issue();
    world.redeem(&token, "redeem").unwrap();
    let second = MasterKey::from_bytes(&[8; 32]).unwrap();
    let k2 = "k2".parse().unwrap();
    let ring = world.ring.with_pending("k2".parse().unwrap(), second).unwrap();
    pollster::block_on(world.market.set_keys(ring.activate(&k2).unwrap())).unwrap();
    world.clock.advance(Span::days(1));
    let bob = world.act(Principal::person(person("bob")));
    world.claim(&bob);
    let token = token_of(&world.begin(&bob, "begin").unwrap()).unwrap();
    world.redeem_as(&world.whs(), &token, "bob", "redeem-bob").unwrap();
    let marks = marks(&world);
    assert_eq!(marks.len(), 1);
    assert_eq!(marks[0].last_at, "2026-02-02T12:00:00Z".parse().unwrap());
}

#[test]
fn a_tenants_redemptions_of_one_day_leave_its_mark_as_it_is() {
    let world = World::new();
    let (token, _) = world.issue();
    world.redeem(&token, "redeem").unwrap();
    let first = marks(&world);
    world.clock.advance(Span::hours(1));
    let bob = world.act(Principal::person(person("bob")));
    world.claim(&bob);
    let token = token_of(&world.begin(&bob, "begin").unwrap()).unwrap();
    world.redeem_as(&world.whs(), &token, "bob", "redeem-bob").unwrap();
    assert_eq!(marks(&world), first);
}

#[test]
fn a_publisher_that_installs_its_own_listing_is_no_buyer() {
    let world = World::new();
    let (token, attempt) = world.issue();
    let tenant = world.attempt(attempt).tenant;
    world.change::<Publisher>(&RecordKey::publisher(world.publisher), |it| it.tenant = tenant);
    world.change::<Binding>(&world.binding_key(), |binding| binding.tenant = tenant);
    world.redeem(&token, "redeem").unwrap();
    assert!(marks(&world).is_empty());
}

#[test]
fn another_key_is_a_replay_and_the_holder_can_see_it() {
    let world = World::new();
    let (token, _) = world.issue();
    world.redeem(&token, "redeem").unwrap();
    assert_eq!(refusal(world.redeem(&token, "stolen")), ErrorCode::TokenRedeemed);
    assert_eq!(world.events("install.replay_detected"), 1);
    // The refusal is kept: asking again changes nothing more.
    assert_eq!(refusal(world.redeem(&token, "stolen")), ErrorCode::TokenRedeemed);
    assert_eq!(world.events("install.replay_detected"), 1);
}

#[test]
fn a_system_that_is_configured_no_more_is_told_nothing_again() {
    let world = World::new();
    let (token, _) = world.issue();
    world.redeem(&token, "redeem").unwrap();
    assert_eq!(refusal(world.redeem(&token, "other")), ErrorCode::TokenRedeemed);
    let without = Marketplace::builder(world.store.clone())
        .keys(ring())
        .issuer("https://market.example".parse().unwrap())
        .clock(Arc::new(world.clock.clone()))
        .build();
    let whs = pollster::block_on(without).unwrap().act_as(service("whs"));
    for name in ["redeem", "other", "fresh"] {
        let told = world.redeem_as(&whs, &token, "ada", name);
        assert_eq!(refusal(told), ErrorCode::Forbidden, "{name}");
    }
}

#[test]
fn five_mismatches_revoke_and_four_cost_nothing() {
    let world = World::new();
    let (token, attempt) = world.issue();
    for n in 0..4 {
        let wrong = world.redeem_as(&world.whs(), &token, "mallory", &format!("wrong-{n}"));
        assert_eq!(refusal(wrong), ErrorCode::SubjectMismatch);
    }
    // The same key is not spent on a mismatch.
    world.redeem(&token, "wrong-0").unwrap();

    let second = token_of(&world.begin(&world.ada(), "second").unwrap()).unwrap();
    for n in 0..5 {
        let wrong = world.redeem_as(&world.whs(), &second, "mallory", &format!("again-{n}"));
        assert_eq!(refusal(wrong), ErrorCode::SubjectMismatch);
    }
    assert_eq!(refusal(world.redeem(&second, "too-late")), ErrorCode::AttemptRevoked);
    assert_eq!(world.events("install.mismatch_detected"), 9);
    assert_eq!(world.events("install.revoked"), 1);
    assert_eq!(world.attempt(attempt).mismatches, 4);
}

#[test]
fn a_mismatch_on_an_attempt_that_is_settled_leaves_nothing() {
    let world = World::new();
    let (token, attempt) = world.issue();
    world.redeem(&token, "redeem").unwrap();
    let settled = world.attempt(attempt);
    for n in 0..5 {
        let wrong = world.redeem_as(&world.whs(), &token, "mallory", &format!("wrong-{n}"));
        assert_eq!(refusal(wrong), ErrorCode::SubjectMismatch);
    }
    assert_eq!(world.attempt(attempt), settled);
    assert_eq!(world.events("install.mismatch_detected"), 0);
}

#[test]
fn the_tenant_counts_as_much_as_the_subject() {
    let world = World::new();
    let (token, _) = world.issue();
    let personal =
        PersonIdentity::personal("https://id.example".parse().unwrap(), "ada".parse().unwrap());
    let request = RedeemRequest { token, expected: personal };
    let wrong = pollster::block_on(world.whs().redeem(request, &key("redeem")));
    assert_eq!(refusal(wrong), ErrorCode::SubjectMismatch);
}

#[test]
fn whatever_is_no_token_for_this_system_gets_one_identical_error() {
    let world = World::new();
    let (token, attempt) = world.issue();
    let text = token.expose().to_owned();
    let forged = format!("{}A", text.strip_suffix(|_: char| true).unwrap());
    let other_kid = text.replacen(".k1.", ".k9.", 1);
    let mut errors = Vec::new();
    for bad in ["", "fpi1", &"x".repeat(5_000), &forged, &other_kid, &format!("{text}=")] {
        let bad = InstallToken::presented(bad.to_owned());
        errors.push(world.redeem_as(&world.whs(), &bad, "ada", "bad").unwrap_err());
    }
    let elsewhere = world.act(service("agentromatic"));
    errors.push(world.redeem_as(&elsewhere, &token, "ada", "elsewhere").unwrap_err());
    // A genuine token whose record keeps another one's digest.
    let kept = world.attempt(attempt);
    world.change::<Attempt>(&RecordKey::attempt(attempt), |attempt| {
        attempt.token.as_mut().unwrap().digest = Sha256Digest::of(b"another");
    });
    errors.push(world.redeem(&token, "unknown").unwrap_err());
    assert!(errors.iter().all(|error| *error == ErrorCode::InvalidToken.into()), "{errors:?}");

    world.put(kept);
    world.redeem(&token, "redeem").unwrap();
}

#[test]
fn only_an_owning_system_redeems() {
    let world = World::new();
    let (token, _) = world.issue();
    for who in [world.ada(), world.operator(), world.act(service("stranger"))] {
        let refused = world.redeem_as(&who, &token, "ada", "redeem");
        assert_eq!(refusal(refused), ErrorCode::Forbidden);
    }
    let anonymous = world.act(Principal::Anonymous);
    let refused = world.redeem_as(&anonymous, &token, "ada", "redeem");
    assert_eq!(refusal(refused), ErrorCode::Unauthenticated);
}

/// How a ground is withdrawn and given back, and what is answered meanwhile.
type Break = (ErrorCode, fn(&World), fn(&World));

/// Everything that a redemption rests on.
fn grounds() -> [Break; 6] {
    fn publisher(world: &World) -> RecordKey {
        RecordKey::publisher(world.publisher)
    }
    const OTHER: PublisherId = PublisherId::from_bytes([20; 16]);
    [
        (
            ErrorCode::ReleaseYanked,
            |w| w.change::<Release>(&w.release_key(), |r| r.yanked = Some(reason())),
            |w| w.change::<Release>(&w.release_key(), |r| r.yanked = None),
        ),
        (
            ErrorCode::ListingUnavailable,
            |w| bring(w, ListingState::TakenDown),
            |w| bring(w, ListingState::Published),
        ),
        (
            ErrorCode::ListingUnavailable,
            |w| w.change::<Listing>(&RecordKey::listing(w.listing), |l| l.publisher = OTHER),
            |w| w.change::<Listing>(&RecordKey::listing(w.listing), |l| l.publisher = w.publisher),
        ),
        (
            ErrorCode::PublisherSuspended,
            |w| w.change::<Publisher>(&publisher(w), |p| p.suspended = Some(reason())),
            |w| w.change::<Publisher>(&publisher(w), |p| p.suspended = None),
        ),
        (
            ErrorCode::ReferenceUnconfirmed,
            |w| w.change::<Binding>(&w.binding_key(), |b| b.state = BindingState::Refused),
            |w| w.change::<Binding>(&w.binding_key(), |b| b.state = BindingState::Confirmed),
        ),
        (
            ErrorCode::EntitlementInactive,
            |w| suspend(w, EntitlementState::Suspended),
            |w| suspend(w, EntitlementState::Active),
        ),
    ]
}

#[test]
fn what_a_redemption_rests_on_is_looked_at_when_it_happens_and_no_refusal_sticks() {
    for (code, worse, better) in grounds() {
        let world = World::new();
        let (token, attempt) = world.issue();
        worse(&world);
        assert_eq!(refusal(world.redeem(&token, "redeem")), code);
        assert_eq!(introspect(&world.whs(), &token, "ada"), Introspection::INACTIVE);
        better(&world);
        let manifest = world.redeem(&token, "redeem").unwrap();
        worse(&world);
        assert_eq!(refusal(world.redeem(&token, "redeem")), code, "on a replay");
        let again = pollster::block_on(world.whs().manifest_again(attempt, &person("ada")));
        assert_eq!(refusal(again), code, "again");
        better(&world);
        assert_eq!(world.redeem(&token, "redeem").unwrap(), manifest);
    }
}

#[test]
fn what_is_withdrawn_while_a_token_is_being_redeemed_is_not_handed_over() {
    for (code, worse, _) in grounds() {
        let data = MemoryStore::default();
        let between = FaultStore::new(Arc::new(data.clone()));
        let world = Arc::new(World::over(data, between.clone()));
        let (token, attempt) = world.issue();
        let other = world.clone();
        between.meanwhile(move || worse(&other));
        assert_eq!(refusal(world.redeem(&token, "redeem")), code);
        assert_eq!(world.attempt(attempt).redemption, None);
    }
}

#[test]
fn what_is_withdrawn_while_an_install_begins_is_not_begun() {
    // A listing that moves to another publisher meanwhile is begun as that one's.
    for (code, worse, _) in grounds().into_iter().filter(|(_, worse, _)| !moves(*worse)) {
        let data = MemoryStore::default();
        let between = FaultStore::new(Arc::new(data.clone()));
        let world = Arc::new(World::over(data, between.clone()));
        world.issue();
        let other = world.clone();
        between.meanwhile(move || worse(&other));
        let named = BeginInstall { version: Some(version("1.4.0")), ..world.by_token() };
        let begun = pollster::block_on(world.ada().begin_install(named, &fresh_key()));
        assert_eq!(refusal(begun), code);
        assert_eq!(world.events("install.begun"), 1);
    }
}

/// Whether it moves the listing to another publisher.
fn moves(worse: fn(&World)) -> bool {
    let world = World::new();
    world.issue();
    worse(&world);
    let listing = world.get::<Listing>(&RecordKey::listing(world.listing)).unwrap();
    listing.publisher != world.publisher
}

#[test]
fn a_store_that_becomes_another_deployment_while_a_token_is_being_redeemed_redeems_it_not() {
    let data = MemoryStore::default();
    let between = FaultStore::new(Arc::new(data.clone()));
    let world = Arc::new(World::over(data, between.clone()));
    let (token, attempt) = world.issue();
    let other = world.clone();
    between.meanwhile(move || {
        let renewed = |it: &mut Deployment| it.id = DeploymentId::from_bytes([5; 16]);
        other.change(&RecordKey::deployment(), renewed);
    });
    assert_eq!(refusal(world.redeem(&token, "redeem")), ErrorCode::InvalidToken);
    assert_eq!(world.attempt(attempt).redemption, None);
}

fn suspend(world: &World, state: EntitlementState) {
    let page = pollster::block_on(world.ada().my_entitlements(None, PageSize::default())).unwrap();
    let key = RecordKey::entitlement(page.items[0].id);
    world.change::<Entitlement>(&key, |entitlement| entitlement.state = state);
}

#[test]
fn a_system_that_asks_for_no_confirmation_is_handed_what_nobody_confirmed() {
    let world = World::new();
    let trusting =
        OwningSystem { requires_confirmation: false, ..system("whs", AssetKind::WhsAgent) };
    let market = Marketplace::builder(world.store.clone())
        .keys(ring())
        .issuer("https://market.example".parse().unwrap())
        .systems(SystemRegistry::new(vec![trusting], &["app.example"]).unwrap())
        .clock(Arc::new(world.clock.clone()))
        .build();
    let market = pollster::block_on(market).unwrap();
    world.change::<Binding>(&world.binding_key(), |it| it.state = BindingState::Pending);
    let ada = market.act_as(Principal::person(person("ada")));
    world.claim(&ada);
    let token = token_of(&world.begin(&ada, "begin").unwrap()).unwrap();
    let whs = market.act_as(service("whs"));
    let manifest = world.redeem_as(&whs, &token, "ada", "redeem").unwrap();
    let manifest: Manifest = serde_json::from_str(&manifest).unwrap();
    assert!(!manifest.reference.confirmed, "and is told so");
}

#[test]
fn an_unlisted_listing_is_still_handed_over_to_those_who_own_it() {
    let world = World::new();
    let (token, _) = world.issue();
    bring(&world, ListingState::Unlisted);
    world.redeem(&token, "redeem").unwrap();
}

#[test]
fn a_revoked_entitlement_gets_no_manifest_ever_again() {
    let world = World::new();
    let (token, attempt) = world.issue();
    world.redeem(&token, "redeem").unwrap();
    revoke_entitlement(&world, attempt);
    assert_eq!(refusal(world.redeem(&token, "redeem")), ErrorCode::EntitlementRevoked);
    let again = pollster::block_on(world.whs().manifest_again(attempt, &person("ada")));
    assert_eq!(refusal(again), ErrorCode::EntitlementRevoked);
}

#[test]
fn a_window_that_closed_refuses_the_first_redemption_and_takes_no_manifest_away() {
    let world = World::new();
    let (token, attempt) = world.issue();
    let entitlement = RecordKey::entitlement(world.attempt(attempt).entitlement);
    let ends: Timestamp = "2026-02-01T12:01:00Z".parse().unwrap();
    world.change::<Entitlement>(&entitlement, |entitlement| {
        entitlement.window = Window::between(entitlement.window.starts_at(), Some(ends)).unwrap();
    });
    let manifest = world.redeem(&token, "redeem").unwrap();
    let read: Manifest = serde_json::from_str(&manifest).unwrap();
    assert_eq!(read.valid_until, ends, "no install may start after the window");
    let second = token_of(&world.begin(&world.ada(), "second").unwrap()).unwrap();
    world.clock.advance(Span::minutes(2));
    assert_eq!(refusal(world.redeem(&second, "late")), ErrorCode::EntitlementInactive);
    assert_eq!(world.redeem(&token, "redeem").unwrap(), manifest);
    // What is held back comes no nearer by that.
    suspend(&world, EntitlementState::Suspended);
    assert_eq!(refusal(world.redeem(&token, "redeem")), ErrorCode::EntitlementInactive);
    let again = pollster::block_on(world.whs().manifest_again(attempt, &person("ada")));
    assert_eq!(refusal(again), ErrorCode::EntitlementInactive);
    suspend(&world, EntitlementState::Active);
    assert_eq!(world.redeem(&token, "redeem").unwrap(), manifest);
}

#[test]
fn a_manifest_is_good_for_a_day_however_long_the_window_is() {
    let world = World::new();
    let (token, attempt) = world.issue();
    let entitlement = RecordKey::entitlement(world.attempt(attempt).entitlement);
    let ends = "2027-01-01T00:00:00Z".parse().unwrap();
    world.change::<Entitlement>(&entitlement, |entitlement| {
        entitlement.window = Window::between(entitlement.window.starts_at(), Some(ends)).unwrap();
    });
    let read: Manifest = serde_json::from_str(&world.redeem(&token, "redeem").unwrap()).unwrap();
    assert_eq!(read.valid_until, "2026-02-02T12:00:00Z".parse().unwrap());
}

#[test]
fn an_expired_token_stays_expired_when_the_clock_steps_back() {
    let world = World::new();
    let (token, _) = world.issue();
    world.clock.advance(Span::minutes(5));
    assert_eq!(refusal(world.redeem(&token, "late")), ErrorCode::TokenExpired);
    // Something happens in the log at the later time; then the clock steps back.
    world.begin(&world.ada(), "other").unwrap();
    world.clock.set("2026-02-01T12:04:30Z".parse().unwrap());
    assert_eq!(refusal(world.redeem(&token, "earlier")), ErrorCode::TokenExpired);
}

#[test]
fn a_token_stands_for_the_asset_that_it_was_issued_for() {
    let world = World::new();
    let (token, attempt) = world.issue();
    // Another asset of the publisher's, confirmed as well.
    let other = ListingId::from_bytes([3; 16]);
    world.seed_listing(other, world.publisher, AssetKind::WhsAgent, "free");
    let asset = |id| world.get::<Listing>(&RecordKey::listing(id)).unwrap().asset;
    let (issued_for, swapped) = (asset(world.listing), asset(other));
    let offer = |asset: &Asset| {
        world.change::<Listing>(&RecordKey::listing(world.listing), |it| it.asset = asset.clone());
    };
    offer(&swapped);
    assert_eq!(refusal(world.redeem(&token, "redeem")), ErrorCode::ListingUnavailable);
    assert_eq!(introspect(&world.whs(), &token, "ada"), Introspection::INACTIVE);
    offer(&issued_for);
    let manifest: Manifest =
        serde_json::from_str(&world.redeem(&token, "redeem").unwrap()).unwrap();
    assert_eq!(manifest.reference.asset, issued_for);
    offer(&swapped);
    let again = pollster::block_on(world.whs().manifest_again(attempt, &person("ada")));
    assert_eq!(refusal(again), ErrorCode::ListingUnavailable);
}

#[test]
fn a_clock_that_was_ahead_for_a_moment_costs_no_redemption() {
    let world = World::new();
    let (token, _) = world.issue();
    let start = crate::port::Clock::now(&world.clock);
    world.clock.advance(Span::minutes(10));
    assert_eq!(refusal(world.redeem(&token, "redeem")), ErrorCode::TokenExpired);
    // The refusal left nothing in the log, so the time goes back along with the clock.
    world.clock.set(start);
    world.redeem(&token, "redeem").unwrap();
}

#[test]
fn a_policy_that_can_not_be_asked_refuses_for_now_only() {
    let world = World::new();
    let (token, _) = world.issue();
    world.policy.set(Policy::FAILS);
    assert_eq!(refusal(world.redeem(&token, "redeem")), ErrorCode::Unavailable);
    assert_eq!(introspect(&world.whs(), &token, "ada"), Introspection::INACTIVE);
    world.policy.set(Policy::DENIES);
    assert_eq!(refusal(world.redeem(&token, "redeem")), ErrorCode::PolicyDenied);
    world.policy.set(Policy::ALLOWS);
    world.redeem(&token, "redeem").unwrap();
}

#[test]
fn whoever_left_the_organisation_is_handed_nothing() {
    let world = World::new();
    let (token, _) = world.issue();
    for (answer, code) in
        [(Policy::LEFT, ErrorCode::PolicyDenied), (Policy::UNKNOWN, ErrorCode::Unavailable)]
    {
        world.policy.set(answer);
        assert_eq!(refusal(world.begin(&world.ada(), "begin-again")), code);
        assert_eq!(refusal(world.redeem(&token, "redeem")), code);
        assert_eq!(introspect(&world.whs(), &token, "ada"), Introspection::INACTIVE);
    }
    world.policy.set(Policy::ALLOWS);
    world.redeem(&token, "redeem").unwrap();
}

#[test]
fn introspection_consumes_nothing_and_names_nobody() {
    let world = World::new();
    let (token, attempt) = world.issue();
    let answer = introspect(&world.whs(), &token, "ada");
    assert_eq!(answer.active().unwrap().attempt, attempt);
    let told = serde_json::to_string(&answer).unwrap();
    assert!(told.starts_with(r#"{"active":true,"#));
    assert!(!told.contains("ada") && !told.contains("acme"), "{told}");
    for (system, who) in [("whs", "mallory"), ("agentromatic", "ada")] {
        let answer = introspect(&world.act(service(system)), &token, who);
        assert_eq!(answer, Introspection::INACTIVE);
    }
    let garbage = InstallToken::presented("garbage".to_owned());
    assert_eq!(introspect(&world.whs(), &garbage, "ada"), Introspection::INACTIVE);
    assert_eq!(world.attempt(attempt).mismatches, 0);
    world.redeem(&token, "redeem").unwrap();
    assert_eq!(introspect(&world.whs(), &token, "ada"), Introspection::INACTIVE);
}

#[test]
fn a_manifest_is_read_again_by_the_system_that_has_it_only() {
    let world = World::new();
    let (token, attempt) = world.issue();
    let again = |system: &Acting, who: &str| {
        pollster::block_on(system.manifest_again(attempt, &person(who)))
            .map(|manifest| manifest.as_str().to_owned())
    };
    assert_eq!(refusal(again(&world.whs(), "ada")), ErrorCode::ManifestUnavailable);
    let manifest = world.redeem(&token, "redeem").unwrap();
    assert_eq!(again(&world.whs(), "ada").unwrap(), manifest);
    assert_eq!(refusal(again(&world.whs(), "mallory")), ErrorCode::AttemptNotFound);
    let elsewhere = world.act(service("agentromatic"));
    assert_eq!(refusal(again(&elsewhere, "ada")), ErrorCode::AttemptNotFound);
    assert_eq!(refusal(again(&world.ada(), "ada")), ErrorCode::Forbidden);
    // Once the subject is erased, so is what was kept for them.
    world.change::<Attempt>(&RecordKey::attempt(attempt), |attempt| {
        attempt.redemption.as_mut().unwrap().manifest = None;
    });
    assert_eq!(refusal(again(&world.whs(), "ada")), ErrorCode::ManifestUnavailable);
    assert_eq!(refusal(world.redeem(&token, "redeem")), ErrorCode::ManifestUnavailable);
}

#[test]
fn one_key_is_good_for_one_request() {
    let world = World::new();
    let (token, _) = world.issue();
    world.redeem(&token, "redeem").unwrap();
    let reused = world.redeem_as(&world.whs(), &token, "mallory", "redeem");
    assert_eq!(refusal(reused), ErrorCode::IdempotencyKeyReused);
}

#[test]
fn pruned_receipts_and_expiry_leave_the_kept_manifest_where_it_is() {
    let world = World::new();
    let (token, attempt) = world.issue();
    let manifest = world.redeem(&token, "redeem").unwrap();
    world.clock.advance(Span::days(30));
    pollster::block_on(world.store.prune(Prune::Receipts(Timestamp::MAX), 1_000)).unwrap();
    assert_eq!(world.redeem(&token, "redeem").unwrap(), manifest);
    assert_eq!(refusal(world.redeem(&token, "other")), ErrorCode::TokenRedeemed);
    let view = pollster::block_on(world.ada().attempt(attempt)).unwrap();
    assert_eq!(view.status, AttemptStatus::Redeemed);
    assert_eq!(world.events("install.redeemed"), 1);
}
