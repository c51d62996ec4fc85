//! Erasing subjects.

use std::sync::Arc;
use std::thread;

use super::fixture::*;
use crate::conformance::{Fault, FaultStore};
use crate::domain::*;
use crate::error::ErrorCode;
use crate::marketplace::{Acting, Erasure, Found, Holder, NewPublisher, OperatorGrant};
use crate::port::{Counter, CounterFamily, CounterRange, Principal, Store};
use crate::token::InstallToken;

/// A subject of an organisation, and one who is a tenant of their own.
fn subjects() -> [PersonIdentity; 2] {
    let issuer = || of("https://id.example");
    [identity("acme", "canary-ada"), PersonIdentity::personal(issuer(), of("canary-ada"))]
}

/// Someone with a past: a redeemed install, one under way, one revoked, and a membership.
struct Past {
    f: Fixture,
    ada: PersonIdentity,
    owner: Acting,
    publisher: PublisherId,
    listing: ListingId,
    person: PersonId,
    redeemed: (InstallToken, AttemptId, IdempotencyKey),
    issued: (InstallToken, AttemptId),
}

impl Past {
    fn of(ada: PersonIdentity) -> Self {
        let f = Fixture::default();
        let owner = f.person("maker", "olaf");
        let publisher = f.publisher(&owner, "maker");
        let listing = f.offered(&owner, publisher, "reader");
        let acting = f.market.act_as(Principal::person(ada.clone()));
        let person = f.join(&owner, publisher, &acting, PublisherRole::Maintainer);
        run(acting.claim_free(listing, &f.key())).unwrap();
        let key = f.key();
        let (token, attempt) = f.begin(&acting, listing, Some("room of canary-ada")).unwrap();
        f.redeem(&token, &ada, &key).unwrap();
        let redeemed = (token, attempt, key);
        let (_, revoked) = f.begin(&acting, listing, Some("room of canary-ada")).unwrap();
        run(acting.revoke_install(revoked, &f.key())).unwrap();
        let issued = f.begin(&acting, listing, Some("room of canary-ada")).unwrap();
        Past { f, ada, owner, publisher, listing, person, redeemed, issued }
    }

    fn ada(&self) -> Acting {
        self.f.market.act_as(Principal::person(self.ada.clone()))
    }

    fn counts(&self) -> Vec<(String, u64)> {
        let (first, end) = (of("2026-01-01"), of("2026-12-31"));
        let of_family = |family| CounterRange::days(family, self.listing, first, end);
        [CounterFamily::Begun, CounterFamily::Redeemed]
            .map(|family| run(self.f.store.counters(&of_family(family), 100)).unwrap())
            .concat()
    }

    /// That nothing leads to the subject any more, and that they inherit nothing.
    fn expect_forgotten(&self) {
        let Past { f, ada, .. } = self;
        assert!(!f.store.dump().contains("canary"), "{}", f.store.dump());
        let whs = f.system("whs");
        for attempt in [self.redeemed.1, self.issued.1] {
            let again = run(whs.manifest_again(attempt, ada));
            assert_eq!(refused(again), ErrorCode::AttemptNotFound);
            assert_eq!(refused(run(self.ada().attempt(attempt))), ErrorCode::AttemptNotFound);
        }
        let (token, _, key) = &self.redeemed;
        assert_eq!(refused(f.redeem(token, ada, key)), ErrorCode::ManifestUnavailable);
        assert_eq!(refused(f.redeem(&self.issued.0, ada, &f.key())), ErrorCode::SubjectMismatch);
        assert!(run(self.ada().my_entitlements(None, ALL)).unwrap().items.is_empty());
        assert!(run(self.ada().my_installs(None, ALL)).unwrap().items.is_empty());
        assert_eq!(
            refused(run(self.ada().members(self.publisher, None, ALL))),
            ErrorCode::PublisherNotFound,
        );
    }
}

#[test]
fn an_erased_subject_is_named_nowhere_and_still_counted() {
    for ada in subjects() {
        let past = Past::of(ada);
        let f = &past.f;
        assert!(f.store.dump().contains("canary-ada"), "the dump shows names while there are any");
        let counts = past.counts();
        assert_eq!(counts.iter().map(|(_, n)| n).sum::<u64>(), 4);
        let owned = run(past.ada().my_entitlements(None, ALL)).unwrap().items;

        let erasure = f.twice(async |key| f.operator().erase_subject(&past.ada, key).await);
        assert_eq!(erasure, Erasure { person: past.person });
        past.expect_forgotten();
        assert_eq!(past.counts(), counts);
        let kept = run(f.operator().entitlement(owned[0].id)).unwrap();
        assert_eq!((kept.person, kept.status), (Some(past.person), EntitlementStatus::Active));
        let kept = run(f.operator().attempt(past.issued.1)).unwrap();
        assert_eq!(kept.status, AttemptStatus::Revoked);
        let members = run(past.owner.members(past.publisher, None, ALL)).unwrap().items;
        assert_eq!(members.len(), 1, "the owner is left");
    }
}

/// What is forgotten of an attempt is who and where, not what became of it.
#[test]
fn an_attempt_that_had_expired_is_not_revoked_by_an_erasure() {
    let [ada, _] = subjects();
    let past = Past::of(ada);
    let f = &past.f;
    f.clock.advance(Span::hours(1));
    run(f.operator().erase_subject(&past.ada, &f.key())).unwrap();
    past.expect_forgotten();
    let kept = run(f.operator().attempt(past.issued.1)).unwrap();
    assert_eq!(kept.status, AttemptStatus::Expired);
}

#[test]
fn whoever_comes_back_is_somebody_new() {
    for ada in subjects() {
        let past = Past::of(ada);
        let f = &past.f;
        if past.ada.tenant().is_personal() {
            let grant = OperatorGrant {
                listing: past.listing,
                holder: Holder::Tenant { identity: past.ada.tenant().clone(), seats: None },
                reference: of("ticket-31"),
                reason: of("Paid by letter."),
                window: None,
                pending: false,
            };
            run(f.operator().grant_entitlement(grant, &f.key())).unwrap();
        }
        run(f.operator().erase_subject(&past.ada, &f.key())).unwrap();
        // Any write makes a surrogate.
        let other = f.offered(&past.owner, past.publisher, "other");
        run(past.ada().claim_free(other, &f.key())).unwrap();
        let owned = run(past.ada().my_entitlements(None, ALL)).unwrap().items;
        assert_eq!(owned.len(), 1);
        assert_ne!(owned[0].person, Some(past.person));
        let begun = f.begin(&past.ada(), past.listing, None);
        assert_eq!(refused(begun), ErrorCode::EntitlementNotFound);
        assert!(run(past.ada().my_installs(None, ALL)).unwrap().items.is_empty());
        let again = run(f.system("whs").manifest_again(past.redeemed.1, &past.ada));
        assert_eq!(refused(again), ErrorCode::AttemptNotFound);
        // What was claimed under the old surrogate can be claimed anew.
        run(past.ada().claim_free(past.listing, &f.key())).unwrap();
    }
}

#[test]
fn only_operators_and_the_tenants_own_administrators_erase() {
    let past = Past::of(identity("acme", "canary-ada"));
    let f = &past.f;
    let admin = |tenant| f.market.act_as(Principal::admin(identity(tenant, "root")));
    let (ghost, own_ghost) = (identity("ghosts", "casper"), identity("acme", "casper"));
    let others =
        [f.anonymous(), f.system("whs"), f.person("acme", "bob"), past.ada(), admin("evil")];
    for other in others {
        let told = run(other.erase_subject(&past.ada, &f.key())).unwrap_err();
        for nobody in [&ghost, &own_ghost] {
            assert_eq!(Err(told.clone()), run(other.erase_subject(nobody, &f.key())));
        }
        assert_ne!(told.code(), ErrorCode::Forbidden, "that would say that there is somebody");
    }
    assert!(f.begin(&past.ada(), past.listing, None).is_ok(), "nothing was done");
    let missing = run(admin("acme").erase_subject(&own_ghost, &f.key()));
    assert_eq!(refused(missing), ErrorCode::SubjectNotFound);
    run(admin("acme").erase_subject(&past.ada, &f.key())).unwrap();
    past.expect_forgotten();
}

#[test]
fn an_administrator_can_finish_erasing_themselves() {
    let past = Past::of(identity("acme", "canary-ada"));
    let store = FaultStore::new(Arc::new(past.f.store.clone()));
    let admin = past.f.through(store.clone()).act_as(Principal::admin(past.ada.clone()));
    store.script([Fault::Delayed, Fault::Unavailable]);
    let cut_off = run(admin.erase_subject(&past.ada, &past.f.key()));
    assert_eq!(refused(cut_off), ErrorCode::Unavailable);
    run(admin.erase_subject(&past.ada, &past.f.key())).unwrap();
    past.expect_forgotten();
}

#[test]
fn a_publisher_keeps_an_owner_who_is_not_being_erased() {
    let f = Fixture::default();
    let (ada, bob) = (identity("acme", "ada"), identity("acme", "bob"));
    let owner = f.person("acme", "ada");
    let publisher = f.publisher(&owner, "acme");
    let operator = f.operator();
    let erase = |who| refused(run(operator.erase_subject(who, &f.key())));
    assert_eq!(erase(&ada), ErrorCode::LastOwner);
    f.draft(&owner, publisher, "still-at-work");

    f.join(&owner, publisher, &f.person("acme", "bob"), PublisherRole::Owner);
    let store = FaultStore::new(Arc::new(f.store.clone()));
    let cut_off = f.through(store.clone()).act_as(operator.principal().clone());
    store.script([Fault::Delayed, Fault::Unavailable]);
    assert_eq!(
        refused(run(cut_off.erase_subject(&ada, &f.key()))),
        ErrorCode::Unavailable,
        "halfway through Ada",
    );
    assert_eq!(erase(&bob), ErrorCode::LastOwner);
    f.draft(&f.person("acme", "bob"), publisher, "still-working");
    run(operator.erase_subject(&ada, &f.key())).unwrap();
    let members = run(f.person("acme", "bob").members(publisher, None, ALL)).unwrap().items;
    assert_eq!(members.len(), 1);
}

/// Interrupts an erasure at each of its commits in turn, and finishes it.
fn interrupted_by(fault: Fault, ada: &PersonIdentity) -> usize {
    for n in 0.. {
        let past = Past::of(ada.clone());
        let f = &past.f;
        let store = FaultStore::new(Arc::new(f.store.clone()));
        let operator = f.through(store.clone()).act_as(f.operator().principal().clone());
        store.script(std::iter::repeat_n(Fault::Delayed, n).chain([fault]));
        let key = f.key();
        let first = run(operator.erase_subject(&past.ada, &key));
        store.script([]);
        if n > 0 && first.is_err() {
            let write = run(past.ada().claim_free(past.listing, &f.key()));
            assert_eq!(refused(write), ErrorCode::SubjectErasing);
            let begun = f.begin(&past.ada(), past.listing, None);
            assert_eq!(refused(begun), ErrorCode::SubjectErasing);
            // What was under way may still arrive, and is forgotten all the same.
            let _ = f.redeem(&past.issued.0, &past.ada, &f.key());
        }
        let erasure = run(operator.erase_subject(&past.ada, &key)).unwrap();
        assert_eq!(erasure, Erasure { person: past.person });
        assert_eq!(run(operator.erase_subject(&past.ada, &key)), Ok(erasure));
        past.expect_forgotten();
        let log = run(operator.audit_log(Position::START, ALL)).unwrap();
        let erased = Fact::PersonErased { person: past.person };
        assert_eq!(log.iter().filter(|entry| entry.event.fact == erased).count(), 1);
        if first.is_ok() && fault == Fault::Unavailable {
            return n;
        }
        if n == 8 {
            return n;
        }
    }
    unreachable!("the loop ends by itself")
}

#[test]
fn an_erasure_that_was_cut_off_anywhere_goes_on() {
    for ada in subjects() {
        let commits = interrupted_by(Fault::Unavailable, &ada);
        assert!((3..8).contains(&commits), "{commits} commits");
        for fault in [Fault::Lost, Fault::AnswerLost, Fault::Conflict] {
            interrupted_by(fault, &ada);
        }
    }
}

#[test]
fn nothing_slips_through_while_a_subject_is_erased() {
    for _ in 0..8 {
        let past = Past::of(identity("acme", "canary-ada"));
        let f = &past.f;
        let tokens: Vec<_> =
            (0..6).map(|_| f.begin(&past.ada(), past.listing, None).unwrap().0).collect();
        thread::scope(|scope| {
            for token in &tokens {
                let past = &past;
                scope.spawn(move || {
                    let _ = past.f.redeem(token, &past.ada, &past.f.key());
                    let _ = past.f.begin(&past.ada(), past.listing, Some("canary-room"));
                });
            }
            scope.spawn(|| run(f.operator().erase_subject(&past.ada, &f.key())).unwrap());
        });
        // Whoever came after the end came as somebody new, and had nothing to begin with.
        if f.store.dump().contains("canary-ada") {
            run(f.operator().erase_subject(&past.ada, &f.key())).unwrap();
        }
        past.expect_forgotten();
        let attempts =
            run(f.store.scan(&crate::port::Scan::AttemptsOfPerson(past.person), None, ALL))
                .unwrap();
        assert!(attempts.len() >= 9);
        assert!(!attempts.iter().any(|row| row.value.encode().unwrap().contains("issued\",")));
    }
}

/// Ada, who owns Acme, and Bob of another tenant, who is a viewer there.
fn ada_and_bob(f: &Fixture) -> (Acting, Acting, PublisherId, PersonId) {
    let (ada, bob) = (f.person("acme", "ada"), f.person("beta", "bob"));
    let acme = f.publisher(&ada, "acme");
    let bobs = f.join(&ada, acme, &bob, PublisherRole::Viewer);
    (ada, bob, acme, bobs)
}

/// An operator who comes too late: `deed` is done between what they decide and their commit.
fn too_late(f: &Fixture, deed: impl FnOnce() + Send + 'static) -> Acting {
    let store = FaultStore::new(Arc::new(f.store.clone()));
    store.meanwhile(deed);
    let operator = f.operator().principal().clone();
    f.through(store).act_as(operator)
}

fn owners(f: &Fixture, by: &Acting, publisher: PublisherId) -> usize {
    let members = run(by.members(publisher, None, ALL)).unwrap().items;
    let counter = Counter::of_publisher(CounterFamily::Owners, publisher);
    let counted = run(f.store.counters(&CounterRange::one(&counter), 1)).unwrap()[0].1;
    let owners = members.iter().filter(|member| member.role == PublisherRole::Owner).count();
    assert_eq!(u64::try_from(owners).unwrap(), counted);
    owners
}

#[test]
fn whoever_creates_a_publisher_is_not_erased_meanwhile() {
    let f = Fixture::default();
    let (_, bob, ..) = ada_and_bob(&f);
    let create = {
        let (bob, key) = (bob.clone(), f.key());
        let profile = PublisherProfile { name: of("Beta"), summary: None, website: None };
        let new = NewPublisher { handle: of("newcomer"), profile };
        move || drop(run(bob.create_publisher(new, &key)).unwrap())
    };
    let operator = too_late(&f, create);
    let erased = run(operator.erase_subject(&identity("beta", "bob"), &f.key()));
    assert_eq!(refused(erased), ErrorCode::LastOwner);
    let created = run(bob.publisher_by_handle(&of("newcomer"))).unwrap();
    let Found::Here(created) = created else { panic!("it moved") };
    assert_eq!(owners(&f, &bob, created.id), 1);
}

#[test]
fn whoever_joins_as_an_owner_is_not_erased_meanwhile_nor_is_their_tenant() {
    for whole in [false, true] {
        let f = Fixture::default();
        let (ada, bob, ..) = ada_and_bob(&f);
        let other = f.publisher(&ada, "other");
        let code = run(ada.invite(other, PublisherRole::Owner, &f.key())).unwrap().code.unwrap();
        let join = {
            let (ada, bob, keys) = (ada.clone(), bob.clone(), [f.key(), f.key()]);
            move || {
                run(bob.accept_invitation(&code, &keys[0])).unwrap();
                run(ada.leave(other, &keys[1])).unwrap();
            }
        };
        let (operator, bobs) = (too_late(&f, join), identity("beta", "bob"));
        let answer = match whole {
            false => run(operator.erase_subject(&bobs, &f.key())).map(drop),
            true => run(operator.delete_tenant(bobs.tenant(), &f.key())).map(drop),
        };
        assert_eq!(refused(answer), ErrorCode::LastOwner);
        assert_eq!(owners(&f, &bob, other), 1);
    }
}

#[test]
fn who_erased_whom_is_written_down() {
    let past = Past::of(identity("acme", "canary-ada"));
    let (f, person) = (&past.f, past.person);
    run(f.operator().erase_subject(&past.ada, &f.key())).unwrap();
    let log = run(f.operator().audit_log(Position::START, ALL)).unwrap();
    let begun = Fact::PersonErasing { person };
    let begun: Vec<_> = log.iter().filter(|entry| entry.event.fact == begun).collect();
    assert!(matches!(begun[..], [entry] if matches!(entry.event.actor, Actor::Operator { .. })));
    let zoe = f.person("going", "zoe");
    run(zoe.claim_free(past.listing, &f.key())).unwrap();
    let going = identity("going", "zoe").tenant().clone();
    let tenant = run(f.operator().delete_tenant(&going, &f.key())).unwrap().tenant;
    let log = run(f.operator().audit_log(Position::START, ALL)).unwrap();
    let closing = Fact::TenantClosing { tenant };
    let closing: Vec<_> = log.iter().filter(|entry| entry.event.fact == closing).collect();
    assert!(matches!(closing[..], [entry] if matches!(entry.event.actor, Actor::Operator { .. })));
}

#[test]
fn nobody_of_a_tenant_that_is_being_deleted_is_made_an_owner() {
    let f = Fixture::default();
    let (ada, _, acme, bobs) = ada_and_bob(&f);
    let store = FaultStore::new(Arc::new(f.store.clone()));
    let operator = f.through(store.clone()).act_as(f.operator().principal().clone());
    let (tenant, key) = (identity("beta", "bob").tenant().clone(), f.key());
    store.script([Fault::Delayed, Fault::Unavailable]);
    assert!(run(operator.delete_tenant(&tenant, &key)).is_err(), "interrupted after the mark");
    let made = run(ada.change_role(acme, bobs, PublisherRole::Owner, &f.key()));
    assert_eq!(refused(made), ErrorCode::TenantClosing);
    store.script([]);
    run(operator.delete_tenant(&tenant, &key)).unwrap();
    assert_eq!(owners(&f, &ada, acme), 1);
}
