//! Rotating and revoking keys, and fencing a restored store.

use super::*;
use crate::domain::{AttemptState, AttemptStatus, Person, Span};

/// A second key, active, and the first one retiring.
fn rotated(world: &World) -> KeyRing {
    let second = MasterKey::from_bytes(&[8; 32]).unwrap();
    let ring = world.ring.with_pending("k2".parse().unwrap(), second).unwrap();
    ring.activate(&"k2".parse().unwrap()).unwrap()
}

#[test]
fn a_retiring_key_finishes_what_it_began() {
    let world = World::new();
    let (token, _) = world.issue();
    pollster::block_on(world.market.set_keys(rotated(&world))).unwrap();
    assert_eq!(token_of(&world.begin(&world.ada(), "begin").unwrap()), Some(token.clone()));
    world.redeem(&token, "redeem").unwrap();
    let next = token_of(&world.begin(&world.ada(), "next").unwrap()).unwrap();
    assert!(next.expose().starts_with("fpi1.k2."));
}

#[test]
fn a_revoked_key_takes_its_open_attempts_along_and_no_manifest_back() {
    let world = World::new();
    let (token, redeemed) = world.issue();
    let manifest = world.redeem(&token, "redeem").unwrap();
    let started = world.begin(&world.ada(), "open").unwrap();
    let open = token_of(&started).unwrap();
    let k1 = *world.ring.active();
    let revoke = |name: &str| pollster::block_on(world.operator().revoke_key(k1, &key(name)));
    assert_eq!(refusal(revoke("early")), ErrorCode::WrongState);

    pollster::block_on(world.market.set_keys(rotated(&world).revoke(&k1).unwrap())).unwrap();
    assert_eq!(refusal(world.redeem(&open, "open")), ErrorCode::InvalidToken);
    assert_eq!(token_of(&world.begin(&world.ada(), "open").unwrap()), None);
    assert_eq!(revoke("revoke").unwrap().revoked, 1);
    let roots = world.get::<Person>(&RecordKey::person(&person("root"))).unwrap().id;
    for event in ["install.revoked", "key.revoked"] {
        assert_eq!(world.actors(event), [Actor::Operator { id: roots }], "{event}");
    }
    assert_eq!(world.attempt(started.handovers[0].attempt.id).state, AttemptState::Revoked);
    assert_eq!(world.attempt(redeemed).state, AttemptState::Redeemed);
    assert_eq!(world.redeem(&token, "redeem").unwrap(), manifest);
    let again = pollster::block_on(world.whs().manifest_again(redeemed, &person("ada")));
    assert_eq!(again.unwrap().as_str(), manifest);
}

#[test]
fn more_attempts_than_fit_a_step_are_revoked_in_steps() {
    let world = World::new();
    world.claim(&world.ada());
    for _ in 0..230 {
        pollster::block_on(world.ada().begin_install(world.by_token(), &fresh_key())).unwrap();
    }
    let k1 = *world.ring.active();
    pollster::block_on(world.market.set_keys(rotated(&world).revoke(&k1).unwrap())).unwrap();
    let revoke = || pollster::block_on(world.operator().revoke_key(k1, &key("revoke")));
    let receipt = revoke().unwrap();
    assert_eq!(receipt.revoked, 230);
    assert_eq!(revoke().unwrap(), receipt);
    assert_eq!(world.events("install.revoked"), 230);
}

fn status(world: &World, attempt: AttemptId) -> AttemptStatus {
    pollster::block_on(world.ada().attempt(attempt)).unwrap().status
}

#[test]
fn revoking_a_key_leaves_what_has_expired_as_it_is() {
    let world = World::new();
    let (_, expired) = world.issue();
    world.clock.advance(Span::minutes(5));
    let open = world.begin(&world.ada(), "open").unwrap().handovers[0].attempt.id;
    let k1 = *world.ring.active();
    pollster::block_on(world.market.set_keys(rotated(&world).revoke(&k1).unwrap())).unwrap();
    let receipt = pollster::block_on(world.operator().revoke_key(k1, &key("revoke"))).unwrap();
    assert_eq!((receipt.revoked, world.events("install.revoked")), (1, 1));
    assert_eq!(status(&world, expired), AttemptStatus::Expired);
    assert_eq!(status(&world, open), AttemptStatus::Revoked);
}

#[test]
fn a_revoked_key_takes_no_attempt_of_another_key_along() {
    let world = World::new();
    let (_, old) = world.issue();
    let k1 = *world.ring.active();
    let ring = rotated(&world);
    pollster::block_on(world.market.set_keys(ring.clone())).unwrap();
    let new = world.begin(&world.ada(), "new").unwrap().handovers[0].attempt.id;
    pollster::block_on(world.market.set_keys(ring.revoke(&k1).unwrap())).unwrap();
    let receipt = pollster::block_on(world.operator().revoke_key(k1, &key("revoke"))).unwrap();
    assert_eq!(receipt.revoked, 1);
    assert_eq!(status(&world, old), AttemptStatus::Revoked);
    assert_eq!(status(&world, new), AttemptStatus::Issued);
}

/// An attempt that is over by the restored log can't have been redeemed in what was lost of it. One
/// that was open at the log's end can, however long the restoring took.
#[test]
fn a_fence_revokes_what_may_have_been_redeemed_and_is_not_known_to_be_over() {
    let world = World::new();
    let (_, over) = world.issue();
    world.clock.advance(Span::hours(1));
    let open = world.begin(&world.ada(), "open").unwrap().handovers[0].attempt.id;
    world.clock.advance(Span::days(1));
    let reason = "Restored last night's backup.".parse().unwrap();
    let receipt = pollster::block_on(world.operator().fence(reason, &key("fence"))).unwrap();
    assert_eq!((receipt.revoked, world.events("install.revoked")), (1, 1));
    assert_eq!(status(&world, over), AttemptStatus::Expired);
    assert_eq!(status(&world, open), AttemptStatus::Revoked);
}

#[test]
fn only_operators_revoke_keys_and_fence() {
    let world = World::new();
    for who in [world.ada(), world.whs(), world.act(Principal::admin(person("boss")))] {
        let revoked = pollster::block_on(who.revoke_key("k1".parse().unwrap(), &key("revoke")));
        assert_eq!(refusal(revoked), ErrorCode::Forbidden);
        let fenced = pollster::block_on(who.fence("Restored.".parse().unwrap(), &key("fence")));
        assert_eq!(refusal(fenced), ErrorCode::Forbidden);
    }
}

/// The danger of a restored backup: what was redeemed looks issued again.
#[test]
fn a_fenced_store_redeems_nothing_that_was_issued_before() {
    let world = World::new();
    let (token, attempt) = world.issue();
    let issued = world.attempt(attempt);
    world.redeem(&token, "redeem").unwrap();
    world.put(issued.clone());
    let other = Marketplace::builder(world.store.clone())
        .keys(ring())
        .issuer("https://market.example".parse().unwrap())
        .systems((*world.market.inner.systems).clone())
        .clock(Arc::new(world.clock.clone()))
        .build();
    let other = pollster::block_on(other).unwrap().act_as(service("whs"));

    let fence = || {
        let reason = "Restored last night's backup.".parse().unwrap();
        pollster::block_on(world.operator().fence(reason, &key("fence")))
    };
    let receipt = fence().unwrap();
    assert_eq!(receipt.revoked, 1);
    assert_eq!(world.market.inner.deployment(), receipt.deployment);
    // Even if the record says issued: no token of before is genuine here, in any process.
    world.put(issued);
    assert_eq!(refusal(world.redeem(&token, "thief")), ErrorCode::InvalidToken);
    let elsewhere = world.redeem_as(&other, &token, "ada", "thief-elsewhere");
    assert_eq!(refusal(elsewhere), ErrorCode::InvalidToken);

    // What is issued from now on is good, and a retry of the fence leaves it alone.
    world.clock.advance(Span::seconds(1));
    let fresh = token_of(&world.begin(&world.ada(), "fresh").unwrap()).unwrap();
    assert_eq!(fence().unwrap(), receipt);
    world.redeem_as(&other, &fresh, "ada", "fresh").unwrap();
    assert_eq!(world.events("deployment.renewed"), 2);
}

/// A store stands for one deployment, however many processes have it open.
#[test]
fn cursors_of_before_a_fence_are_void_in_every_process() {
    let world = World::new();
    let other = Marketplace::builder(world.store.clone())
        .keys(ring())
        .issuer("https://market.example".parse().unwrap())
        .clock(Arc::new(world.clock.clone()))
        .build();
    let other = pollster::block_on(other).unwrap().act_as(Principal::Anonymous);
    let here = world.act(Principal::Anonymous);
    let old = pollster::block_on(here.feed_cursor()).unwrap();
    let reason = "Restored last night's backup.".parse().unwrap();
    pollster::block_on(world.operator().fence(reason, &key("fence"))).unwrap();
    for reader in [&here, &other] {
        let read = pollster::block_on(reader.changes(Some(&old), PageSize::MAX));
        assert_eq!(refusal(read), ErrorCode::CursorTooOld);
    }
    // They agree on what holds from now on, too.
    let new = pollster::block_on(other.feed_cursor()).unwrap();
    assert_eq!(pollster::block_on(here.feed_cursor()).unwrap(), new);
    pollster::block_on(here.changes(Some(&new), PageSize::MAX)).unwrap();
}
