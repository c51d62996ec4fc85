//! What writing costs whoever writes.

use std::sync::Arc;

use super::fixture::*;
use crate::conformance::ManualClock;
use crate::domain::*;
use crate::error::ErrorCode;
use crate::policy::Rate;
use crate::port::LocalLimiter;

#[test]
fn everybody_who_writes_has_a_budget_of_their_own() {
    let clock = ManualClock::default();
    let limiter = Arc::new(LocalLimiter::new(Arc::new(clock.clone()), 100));
    let rate = Rate::per(Span::minutes(1), 2).with_burst(2);
    let f = Fixture::with(|builder| builder.limiter(limiter, rate));
    let (ada, bob) = (f.person("acme", "ada"), f.person("acme", "bob"));
    let nothing = ListingId::from_bytes([9; 16]);
    let claim = |by: &crate::Acting| run(by.claim_free(nothing, &f.key())).unwrap_err();
    for _ in 0..2 {
        assert_eq!(claim(&ada).code(), ErrorCode::ListingNotFound);
    }
    let limited = claim(&ada);
    assert_eq!(limited.code(), ErrorCode::RateLimited);
    assert_eq!(claim(&bob).code(), ErrorCode::ListingNotFound);
    clock.advance(limited.retry_after().unwrap());
    assert_eq!(claim(&ada).code(), ErrorCode::ListingNotFound);
    assert_eq!(claim(&f.anonymous()).code(), ErrorCode::Unauthenticated);
}
