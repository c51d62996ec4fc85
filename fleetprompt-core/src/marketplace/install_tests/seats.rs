//! Seats of a tenant's entitlement.

use std::num::NonZeroU32;
use std::thread;

use super::*;
use crate::conformance::FaultStore;
use crate::domain::{EntitlementId, Seat};
use crate::port::{Counter, CounterRange, Scan};

fn grant_seats(world: &World, seats: u32, reference: &str) -> EntitlementId {
    let holder = Holder::Tenant { identity: acme(), seats: NonZeroU32::new(seats) };
    let mut grant = world.grant(holder);
    grant.reference = reference.parse().unwrap();
    pollster::block_on(world.operator().grant_entitlement(grant, &fresh_key())).unwrap().id
}

fn install(world: &World, subject: &str) -> Result<InstallStarted> {
    let who = world.act(Principal::person(person(subject)));
    pollster::block_on(who.begin_install(world.by_token(), &fresh_key()))
}

#[test]
fn a_subject_takes_one_seat_however_often_they_install() {
    let world = World::new();
    grant_seats(&world, 2, "team");
    for subject in ["ada", "ada", "bob", "ada", "bob"] {
        install(&world, subject).unwrap();
    }
    assert_eq!(refusal(install(&world, "eve")), ErrorCode::SeatsExhausted);
    install(&world, "ada").unwrap();
    grant_seats(&world, 1, "more");
    install(&world, "eve").unwrap();
    assert_eq!(refusal(install(&world, "mallory")), ErrorCode::SeatsExhausted);
}

#[test]
fn what_a_person_owns_is_used_before_a_seat_is_taken() {
    let world = World::new();
    let team = grant_seats(&world, 1, "team");
    let own = world.claim(&world.ada()).id;
    let started = install(&world, "ada").unwrap();
    assert_eq!(started.handovers[0].attempt.entitlement, own);
    let started = install(&world, "bob").unwrap();
    assert_eq!(started.handovers[0].attempt.entitlement, team);
}

#[test]
fn whoever_loses_the_last_seat_of_one_grant_takes_one_of_another() {
    let store = MemoryStore::default();
    let between = FaultStore::new(Arc::new(store.clone()));
    let world = Arc::new(World::over(store, between.clone()));
    let grants = ["one", "other"].map(|reference| grant_seats(&world, 1, reference));
    // Both are known by then, so that it is the seat alone that they meet at.
    let known = ListingId::from_bytes([13; 16]);
    world.seed_listing(known, world.publisher, AssetKind::WhsAgent, "free");
    for subject in ["ada", "bob"] {
        let who = world.act(Principal::person(person(subject)));
        pollster::block_on(who.claim_free(known, &fresh_key())).unwrap();
    }
    let bob = world.clone();
    between.meanwhile(move || drop(install(&bob, "bob").unwrap()));
    install(&world, "ada").unwrap();
    for entitlement in grants {
        let counter = CounterRange::one(&Counter::seats(entitlement));
        assert_eq!(pollster::block_on(world.store.counters(&counter, 1)).unwrap()[0].1, 1);
    }
    assert_eq!(refusal(install(&world, "eve")), ErrorCode::SeatsExhausted);
}

#[test]
fn of_sixty_four_at_once_as_many_sit_as_there_are_seats() {
    let world = World::new();
    let entitlement = grant_seats(&world, 10, "team");
    let seated = thread::scope(|scope| {
        let threads: Vec<_> = (0..64)
            .map(|n| {
                let world = &world;
                scope.spawn(move || {
                    // Contention is no answer: the caller tries again, as the error says.
                    loop {
                        match install(world, &format!("user-{n}")) {
                            Ok(_) => return true,
                            Err(error) if error.code() == ErrorCode::SeatsExhausted => {
                                return false;
                            }
                            Err(error) => assert_eq!(error.code(), ErrorCode::Contended),
                        }
                    }
                })
            })
            .collect();
        threads.into_iter().map(|it| it.join().unwrap()).filter(|it| *it).count()
    });
    assert_eq!(seated, 10);
    let seats = Scan::SeatsOf(entitlement);
    let rows = pollster::block_on(world.store.scan(&seats, None, PageSize::MAX)).unwrap();
    assert_eq!(rows.into_iter().filter_map(|row| Seat::from_record(row.value)).count(), 10);
    let counter = CounterRange::one(&Counter::seats(entitlement));
    assert_eq!(pollster::block_on(world.store.counters(&counter, 1)).unwrap()[0].1, 10);
}
