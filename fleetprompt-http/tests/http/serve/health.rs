//! `/healthz` and `/readyz`.

use std::sync::Arc;

use fleetprompt_core::Marketplace;
use fleetprompt_core::conformance::{FaultStore, ManualClock};
use fleetprompt_core::domain::Span;
use fleetprompt_core::memory::MemoryStore;
use fleetprompt_core::port::{Clock as _, StoreError, SystemClock};
use fleetprompt_core::token::{KeyRing, MasterKey};
use fleetprompt_http::serve::Health;

use super::harness::{Held, Running, any_market, market, options, routes};

#[tokio::test]
async fn a_store_that_does_not_answer_is_not_ready() {
    let store = FaultStore::new(Arc::new(MemoryStore::default()));
    let health = Health::new(market(store.clone()).await);
    store.fail_after(0, StoreError::Unavailable("gone"));
    let routes = routes(&Held::new());
    let server = Running::with(options("{}"), routes, |server| server.health(health)).await;
    let answer = server.get("/readyz").await;
    assert_eq!((answer.status, answer.body.as_str()), (503, "store unavailable\n"));
    assert_eq!(server.get("/healthz").await.status, 200);
}

/// Another process, whose clock is ahead, has written to the store.
#[tokio::test]
async fn a_clock_that_is_behind_the_log_is_not_ready() {
    let store = MemoryStore::default();
    let clock = ManualClock::default();
    clock.set(SystemClock.now().plus(Span::minutes(10)));
    let ahead = Marketplace::builder(store.clone())
        .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32]).unwrap()))
        .issuer("https://market.example".parse().unwrap())
        .clock(Arc::new(clock));
    ahead.build().await.unwrap();
    let health = Health::new(market(store).await);
    let routes = routes(&Held::new());
    let server = Running::with(options("{}"), routes, |server| server.health(health)).await;
    let answer = server.get("/readyz").await;
    assert_eq!((answer.status, answer.body.as_str()), (503, "clock behind\n"));
}

#[tokio::test]
async fn health_is_told_while_requests_are_shed() {
    let held = Held::new();
    let health = Health::new(any_market().await);
    let bounds = options(r#"{"requests": 1}"#);
    let server = Running::with(bounds, routes(&held), |server| server.health(health)).await;
    let mut busy = server.connect().await;
    busy.send("GET /held HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    held.entered(1).await;
    assert_eq!(server.get("/fast").await.status, 503);
    assert_eq!(server.get("/healthz").await.body, "ok\n");
    let ready = server.get("/readyz").await;
    assert_eq!((ready.status, ready.header("cache-control")), (200, Some("no-store")));
    held.let_go(1);
    assert_eq!(busy.answer().await.status, 200);
}
