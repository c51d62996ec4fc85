//! Two facades over one database, as two processes would be.

use serde_json::json;

use crate::stores::{Postgres, Sqlite};
use crate::support::{BOB, Town, WHS, presented};

/// One token, sixty-four redemptions through two facades under as many keys: one is answered.
async fn one_redemption_wins(one: Town, other: Town) {
    let (_, listing) = one.published().await;
    let (_, token) = one.token(&listing).await;
    let racing = (0..64).map(|number| {
        let town = if number % 2 == 0 { one.clone() } else { other.clone() };
        let token = token.clone();
        tokio::spawn(async move {
            let call = town.post("/v1/install-tokens/redeem").by(WHS).json(presented(&token));
            call.key(&format!("redemption-number-{number:03}")).send().await
        })
    });
    let racing: Vec<_> = racing.collect();
    let mut won = 0;
    for racer in racing {
        let got = racer.await.unwrap();
        match got.status.as_u16() {
            200 => won += 1,
            409 => assert_eq!(got.at("/code"), "token_redeemed"),
            503 => assert_eq!(got.at("/code"), "contended"),
            _ => panic!("{}", got.text()),
        }
    }
    assert_eq!(won, 1);
}

/// One key, sixty-four claims through two facades: one entitlement, equal answers.
async fn one_claim_is_made(one: Town, other: Town) {
    let (_, listing) = one.published().await;
    let racing = (0..64).map(|number| {
        let town = if number % 2 == 0 { one.clone() } else { other.clone() };
        let path = format!("/v1/listings/{listing}/claim");
        tokio::spawn(async move {
            town.post(&path).by(BOB).key("the-same-claim-twice").send().await.expect(201).bytes
        })
    });
    let racing: Vec<_> = racing.collect();
    let mut answers = Vec::new();
    for racer in racing {
        answers.push(racer.await.unwrap());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    let owned = other.get("/v1/entitlements").by(BOB).send().await.expect(200);
    assert_eq!(owned.json()["items"].as_array().unwrap().len(), 1);
    let begin = json!({"listing": listing, "method": "token"});
    other.post("/v1/installs").by(BOB).json(begin).send().await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite() {
    let kept = Sqlite::new();
    one_redemption_wins(kept.town().await, kept.town().await).await;
    let kept = Sqlite::new();
    one_claim_is_made(kept.town().await, kept.town().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres() {
    let kept = Postgres::new();
    one_redemption_wins(kept.town().await, kept.town().await).await;
    kept.remove().await;
    let kept = Postgres::new();
    one_claim_is_made(kept.town().await, kept.town().await).await;
    kept.remove().await;
}
