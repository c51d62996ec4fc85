//! A clock that is behind the log.

use super::fixture::*;
use crate::domain::*;
use crate::error::{ErrorCode, Result};
use crate::marketplace::{CLOCK_TOLERANCE, RedeemRequest};
use crate::port::{Clock as _, Principal, Store};
use crate::token::InstallToken;

/// A listing that is offered and owned, and a token of it.
struct Scene {
    f: Fixture,
    carol: PersonIdentity,
    acme: PublisherId,
    listing: ListingId,
    token: InstallToken,
}

impl Scene {
    fn new() -> Self {
        let f = Fixture::default();
        let ada = f.person("acme", "ada");
        let acme = f.publisher(&ada, "acme");
        let listing = f.offered(&ada, acme, "reader");
        let carol = identity("buyers", "carol");
        let buyer = f.market.act_as(Principal::person(carol.clone()));
        run(buyer.claim_free(listing, &f.key())).unwrap();
        let (token, _) = f.begin(&buyer, listing, None).unwrap();
        Scene { f, carol, acme, listing, token }
    }

    /// Somebody writes by a clock that is ahead by `span`.
    fn written_ahead(&self, span: Span) {
        let now = self.f.clock.now();
        self.f.clock.set(now.plus(span));
        self.f.publisher(&self.f.person("beta", "bob"), &format!("ahead-{}", self.f.events()));
        self.f.clock.set(now);
    }

    fn begin(&self) -> Result<InstallToken> {
        let buyer = self.f.market.act_as(Principal::person(self.carol.clone()));
        self.f.begin(&buyer, self.listing, None).map(|(token, _)| token)
    }

    fn redeem(&self, token: &InstallToken, key: &IdempotencyKey) -> Result<()> {
        self.f.redeem(token, &self.carol, key).map(drop)
    }

    /// How many tokens it revokes.
    fn fence(&self) -> u64 {
        run(self.f.operator().fence(of("A clock was ahead."), &self.f.key())).unwrap().revoked
    }
}

#[test]
fn a_clock_that_is_behind_by_a_little_is_as_if_it_stood_still() {
    let s = Scene::new();
    s.written_ahead(CLOCK_TOLERANCE);
    run(s.f.market.ready()).unwrap();
    assert_eq!(run(s.f.market.clock_behind()), Ok(None));
    s.redeem(&s.token, &s.f.key()).unwrap();
    s.begin().unwrap();
}

#[test]
fn while_the_clock_is_behind_nothing_that_expires_is_issued_or_taken() {
    let s = Scene::new();
    let (ada, whs) = (s.f.person("acme", "ada"), s.f.system("whs"));
    let code = run(ada.invite(s.acme, PublisherRole::Viewer, &s.f.key())).unwrap().code.unwrap();
    let behind = Span::days(730);
    s.written_ahead(behind);
    assert_eq!(run(s.f.market.clock_behind()), Ok(Some(behind)));
    assert_eq!(refused(run(s.f.market.ready())), ErrorCode::Unavailable);

    let key = s.f.key();
    assert_eq!(refused(s.redeem(&s.token, &key)), ErrorCode::Unavailable);
    let request = RedeemRequest { token: s.token.clone(), expected: s.carol.clone() };
    assert_eq!(refused(run(whs.introspect(&request))), ErrorCode::Unavailable);
    assert_eq!(refused(s.begin()), ErrorCode::Unavailable);
    let invited = run(ada.invite(s.acme, PublisherRole::Viewer, &s.f.key()));
    assert_eq!(refused(invited), ErrorCode::Unavailable);
    let joined = run(s.f.person("acme", "eve").accept_invitation(&code, &s.f.key()));
    assert_eq!(refused(joined), ErrorCode::Unavailable);
    let owned = run(whs.entitlements_of(&s.carol, s.listing));
    assert_eq!(refused(owned), ErrorCode::Unavailable);
    // People are shown what the clock makes of it.
    let buyer = s.f.market.act_as(Principal::person(s.carol.clone()));
    let shown = run(buyer.my_installs(None, ALL)).unwrap().items;
    assert_eq!(shown[0].status, AttemptStatus::Issued);
    assert_eq!(run(buyer.my_entitlements(None, ALL)).unwrap().items[0].as_of, s.f.clock.now());

    // None of this is kept: once the clock has caught up, the same request finds out.
    s.f.clock.advance(behind);
    run(s.f.market.ready()).unwrap();
    assert_eq!(refused(s.redeem(&s.token, &key)), ErrorCode::TokenExpired);
    s.begin().unwrap();
}

#[test]
fn a_fence_sets_the_time_right() {
    let s = Scene::new();
    let other = s.f.through(s.f.store.clone());
    s.written_ahead(Span::days(730));
    assert_eq!(refused(run(other.ready())), ErrorCode::Unavailable);
    assert_eq!(s.fence(), 1, "it had expired by the log's time alone");
    run(s.f.market.ready()).unwrap();
    run(other.ready()).unwrap();
    assert_eq!(refused(s.redeem(&s.token, &s.f.key())), ErrorCode::InvalidToken);

    let token = s.begin().unwrap();
    s.f.clock.advance(Span::minutes(5));
    assert_eq!(refused(s.redeem(&token, &s.f.key())), ErrorCode::TokenExpired);
    s.redeem(&s.begin().unwrap(), &s.f.key()).unwrap();
    // The log is followed as before: a clock that steps back brings nothing expired to life.
    let token = s.begin().unwrap();
    s.f.clock.advance(Span::minutes(6));
    s.f.publisher(&s.f.person("beta", "bob"), "later");
    s.f.clock.set(s.f.clock.now().minus(CLOCK_TOLERANCE));
    assert_eq!(refused(s.redeem(&token, &s.f.key())), ErrorCode::TokenExpired);
    s.written_ahead(Span::days(10));
    assert!(run(s.f.market.clock_behind()).unwrap().is_some());
    s.fence();
    run(s.f.market.ready()).unwrap();
    // Also for a process that starts later.
    run(s.f.through(s.f.store.clone()).ready()).unwrap();
    let head = run(s.f.store.head()).unwrap();
    assert!(head.at > s.f.clock.now().plus(Span::days(700)), "the store knows no better");
}
