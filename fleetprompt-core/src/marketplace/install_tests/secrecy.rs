//! Tokens and keys are nowhere but in the hands of those who should have them.

use super::*;
use crate::domain::{AttemptStatus, DeploymentId};
use crate::token::KeyScope;

#[test]
fn no_dump_debug_or_error_shows_a_token_or_a_key() {
    let world = World::new();
    let (token, attempt) = world.issue();
    let whs = world.market.inner.systems.named(&"whs".parse().unwrap()).unwrap().clone();
    let deployment: DeploymentId = world.market.inner.deployment();
    let scope = KeyScope::handover(deployment, &world.market.inner.issuer, &whs.audience);
    let derived = world.ring.offline_key(world.ring.active(), &scope).unwrap().export();
    let mut shown = Vec::new();
    for (subject, name) in [("mallory", "wrong"), ("ada", "canary"), ("ada", "stolen")] {
        match world.redeem_as(&world.whs(), &token, subject, name) {
            Ok(_) => {}
            Err(error) => shown.push(format!("{error} {error:?}")),
        }
    }
    let started = world.begin(&world.ada(), "canary-begin").unwrap();
    let second = token_of(&started).unwrap();
    let request = RedeemRequest { token: second.clone(), expected: person("ada") };
    let again = pollster::block_on(world.whs().manifest_again(attempt, &person("ada"))).unwrap();
    assert_eq!(started.handovers[0].attempt.status, AttemptStatus::Issued);
    shown.push(format!("{started:?} {request:?} {again:?} {:?}", world.ada()));
    shown.push(format!("{:?} {:?}", world.market, world.ring));
    // Records, names, counters, receipts and events: everything that the store holds.
    shown.push(format!("{:?}", world.store));

    let mac = |token: &InstallToken| token.expose().rsplit('.').next().unwrap().to_owned();
    let payload = |token: &InstallToken| token.expose().split('.').nth(2).unwrap().to_owned();
    let canaries = [
        mac(&token),
        payload(&token),
        mac(&second),
        payload(&second),
        "idempotency-key-".to_owned(),
        derived.expose().to_owned(),
        "BwcHBwcHBwc".to_owned(),
        "7, 7, 7, 7".to_owned(),
    ];
    for text in &shown {
        for (n, canary) in canaries.iter().enumerate() {
            assert!(!text.contains(canary), "canary {n}");
        }
    }
}
