//! Answers that are kept are never stale, whichever process wrote.

use std::sync::Arc;

use fleetprompt_core::conformance::{FaultStore, ManualClock};
use fleetprompt_core::domain::Span;
use fleetprompt_core::memory::MemoryStore;
use fleetprompt_core::port::StoreError;
use fleetprompt_core::token::MasterKey;
use serde_json::json;

use crate::stores::{Postgres, Sqlite};
use crate::support::{ADA, BOB, OPERATOR, Town, ring};

/// Reads through `reader`, writes through `writer`, over one database.
async fn no_answer_is_stale(reader: Town, writer: Town) {
    let (_, listing) = writer.published().await;
    let path = format!("/v1/listings/{listing}");
    let search = "/v1/listings?q=invoice";
    let found = async || {
        let page = reader.get(search).send().await.expect(200);
        page.json()["items"].as_array().unwrap().len()
    };
    for _ in 0..2 {
        assert_eq!(
            reader.get(&path).send().await.expect(200).at("/content/title"),
            "Invoice reader"
        );
        assert_eq!(found().await, 1);
    }
    let read = writer.get(&path).by(ADA).send().await;
    let edit = writer.patch(&path).by(ADA).header("if-match", read.header("etag"));
    edit.json(json!({"content": {"title": "Invoice scanner"}})).send().await.expect(200);
    let now = reader.get(&path).send().await.expect(200);
    assert_eq!(now.at("/content/title"), "Invoice scanner");

    let down = json!({"class": "spam", "reason": "The test asks for it."});
    writer.post(&format!("{path}/takedown")).by(OPERATOR).json(down).send().await.expect(200);
    reader.get(&path).send().await.refused(404, "listing_not_found");
    assert_eq!(found().await, 0);
    writer.post(&format!("{path}/restore")).by(OPERATOR).send().await.expect(200);
    assert_eq!(found().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite() {
    let kept = Sqlite::new();
    no_answer_is_stale(kept.town().await.keeping_answers(), kept.town().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres() {
    let kept = Postgres::new();
    no_answer_is_stale(kept.town().await.keeping_answers(), kept.town().await).await;
    kept.remove().await;
}

#[tokio::test]
async fn what_is_kept_is_the_same_answer() {
    let town = Town::in_memory().await;
    let (publisher, listing) = town.published().await;
    let kept = town.clone().keeping_answers();
    for path in [
        format!("/v1/listings/{listing}"),
        "/v1/listings?q=invoice&limit=1".to_owned(),
        "/v1/publishers/acme".to_owned(),
        format!("/v1/publishers/{publisher}/listings"),
    ] {
        let plain = town.get(&path).send().await.expect(200);
        for _ in 0..2 {
            let got = kept.get(&path).send().await.expect(200);
            assert_eq!(got.bytes, plain.bytes, "{path}");
            for name in ["etag", "cache-control", "vary", "content-type"] {
                assert_eq!(got.header(name), plain.header(name), "{path} {name}");
            }
            let has = kept.get(&path).header("if-none-match", plain.header("etag"));
            assert!(has.send().await.expect(304).bytes.is_empty());
            assert_ne!(got.header("x-request-id"), plain.header("x-request-id"));
        }
    }
}

#[tokio::test]
async fn what_somebody_asked_for_is_not_kept_for_others() {
    let town = Town::in_memory().await.keeping_answers();
    let publisher = town.acme().await;
    let draft = town.draft(&publisher, "secret-plan", "agt_hidden").await;
    let path = format!("/v1/listings/{draft}");
    town.get(&path).by(ADA).send().await.expect(200);
    for _ in 0..2 {
        town.get(&path).send().await.refused(404, "listing_not_found");
        town.get(&path).by(BOB).send().await.refused(404, "listing_not_found");
    }
    let bad = town.get("/v1/listings").header("authorization", "Bearer nonsense").send().await;
    bad.refused(401, "invalid_credential");
    town.get("/v1/listings").send().await.expect(200);
    let bad = town.get("/v1/listings").header("authorization", "Bearer nonsense").send().await;
    bad.refused(401, "invalid_credential");
}

#[tokio::test]
async fn a_kept_answer_asks_the_store_for_its_state_and_nothing_else() {
    let store = FaultStore::new(Arc::new(MemoryStore::default()));
    let town = Town::on(store.clone()).await;
    let (publisher, listing) = town.published().await;
    let kept = town.clone().keeping_answers();
    for path in [
        format!("/v1/listings/{listing}"),
        format!("/v1/listings/{listing}/metrics"),
        "/v1/listings?q=invoice&limit=1".to_owned(),
        format!("/v1/publishers/{publisher}/listings"),
    ] {
        let made = kept.get(&path).send().await.expect(200);
        store.fail_after(1, StoreError::Unavailable("it was asked once"));
        let again = kept.get(&path).send().await.expect(200);
        assert_eq!(again.bytes, made.bytes, "{path}");
        store.fail_after(1, StoreError::Unavailable("it was asked once"));
        town.get(&path).send().await.refused(503, "unavailable");
        store.mend();
    }
}

#[tokio::test]
async fn no_answer_is_kept_beyond_its_day() {
    let clock = ManualClock::default();
    let town = Town::at(MemoryStore::default(), Arc::new(clock.clone())).await;
    let (_, listing) = town.published().await;
    let kept = town.clone().keeping_answers();
    let path = format!("/v1/listings/{listing}/metrics");
    let end = async |town: &Town| town.get(&path).send().await.expect(200).at("/end");
    let today = end(&kept).await;
    clock.advance(Span::seconds(60));
    assert_eq!(end(&kept).await, today);
    clock.advance(Span::DAY);
    let tomorrow = end(&kept).await;
    assert_ne!(tomorrow, today);
    assert_eq!(tomorrow, end(&town).await);
}

#[tokio::test]
async fn no_answer_is_kept_beyond_its_keys() {
    let town = Town::in_memory().await;
    let (publisher, _) = town.published().await;
    let listing = town.draft(&publisher, "invoice-filer", "agt_filer").await;
    town.publish(&listing).await;
    let kept = town.clone().keeping_answers();
    let path = format!("/v1/publishers/{publisher}/listings?limit=1");
    let cursor = async || kept.get(&path).send().await.expect(200).at("/nextCursor");
    let first = cursor().await;
    assert_eq!(cursor().await, first);
    let (old, new) = (*ring().active(), "k2".parse().unwrap());
    let fresh = MasterKey::from_bytes(&[8; 32]).unwrap();
    let rotated = ring().with_pending(new, fresh).unwrap().activate(&new).unwrap();
    town.market.set_keys(rotated.clone()).await.unwrap();
    let second = cursor().await;
    assert_ne!(second, first, "sealed with the key that is active now");
    town.market.set_keys(rotated.clone()).await.unwrap();
    assert_eq!(cursor().await, second, "and these are the same keys");
    town.market.set_keys(rotated.revoke(&old).unwrap()).await.unwrap();
    let next = cursor().await;
    kept.get(&format!("{path}&cursor={next}")).send().await.expect(200);
}
