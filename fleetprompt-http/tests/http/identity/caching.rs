//! The provider's keys: new ones, withdrawn ones, and none to be had.

use std::time::Duration;

use fleetprompt_http::identity::AuthenticateError;
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use http::StatusCode;
use serde_json::{Value, json};

use super::keys::SigningKey;
use super::provider::{Mode, Provider};
use super::{ada, answer, claims, people, token};

const INVALID: super::Answer = Err(AuthenticateError::Invalid);
const UNAVAILABLE: super::Answer = Err(AuthenticateError::Unavailable);

/// Lets time go by, for whoever waits and for whatever ages.
async fn pass(seconds: u64) {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

/// A token whose key nobody has heard of.
fn invented(key: &SigningKey, provider: &Provider, number: usize) -> String {
    let head = json!({"alg": "ES256", "kid": format!("invented-{number}")});
    key.token(&head, &claims(provider))
}

#[tokio::test]
async fn keys_are_asked_for_once_however_many_wait_for_them() {
    let key = SigningKey::ecdsa("key");
    let provider = Provider::of(&[&key]).await;
    let chain = people(&provider, |_| {});
    let token = token(&key, &claims(&provider));
    let answers = join_all((0..100).map(|_| answer(&chain, &token))).await;
    assert!(answers.iter().all(|answer| *answer == Ok(ada(provider.issuer()))));
    assert_eq!(provider.asked(), 1);
}

#[tokio::test]
async fn a_new_key_is_found_when_a_token_names_it() {
    let (old, new) = (SigningKey::ecdsa("old"), SigningKey::ecdsa("new"));
    let provider = Provider::of(&[&old]).await;
    let chain = people(&provider, |_| {});
    let by_old = token(&old, &claims(&provider));
    let by_new = token(&new, &claims(&provider));
    assert!(answer(&chain, &by_old).await.is_ok());
    provider.publishes(&[&old, &new]);
    assert_eq!(answer(&chain, &by_new).await, INVALID, "asked a moment ago");
    pass(31).await;
    assert!(answer(&chain, &by_new).await.is_ok());
    assert!(answer(&chain, &by_old).await.is_ok(), "while it is published");
    assert_eq!(provider.asked(), 2);
}

#[tokio::test]
async fn whoever_invents_keys_does_not_make_us_storm_the_provider() {
    let (key, attacker) = (SigningKey::ecdsa("key"), SigningKey::ecdsa("attacker"));
    let provider = Provider::of(&[&key]).await;
    let chain = people(&provider, |_| {});
    for number in 0..100 {
        assert_eq!(answer(&chain, &invented(&attacker, &provider, number)).await, INVALID);
    }
    assert_eq!(provider.asked(), 1);
    for round in 1..=3 {
        pass(31).await;
        let tokens: Vec<_> =
            (0..100).map(|number| invented(&attacker, &provider, number)).collect();
        let answers = join_all(tokens.iter().map(|token| answer(&chain, token))).await;
        assert!(answers.iter().all(|answer| *answer == INVALID));
        assert_eq!(provider.asked(), 1 + round);
    }
    assert!(answer(&chain, &token(&key, &claims(&provider))).await.is_ok());
}

#[tokio::test]
async fn whoever_asks_and_hangs_up_does_not_make_us_ask_again() {
    let key = SigningKey::ecdsa("key");
    let provider = Provider::of(&[&key]).await;
    provider.now(Mode::Silence);
    let chain = people(&provider, |_| {});
    for number in 0..100 {
        let token = invented(&key, &provider, number);
        let mut waiting = Box::pin(answer(&chain, &token));
        assert_eq!((&mut waiting).now_or_never(), None);
        if number == 0 {
            provider.has_been_asked(1).await;
        }
    }
    assert_eq!(provider.asked(), 1);
}

#[tokio::test]
async fn a_provider_that_does_not_answer_holds_nobody_up_for_long() {
    let key = SigningKey::ecdsa("key");
    let provider = Provider::of(&[&key]).await;
    provider.now(Mode::Silence);
    let chain = people(&provider, |_| {});
    let token = token(&key, &claims(&provider));
    let waiting = answer(&chain, &token);
    let meanwhile = async {
        provider.has_been_asked(1).await;
        pass(6).await;
    };
    let (answered, ()) = tokio::join!(waiting, meanwhile);
    assert_eq!(answered, UNAVAILABLE);
    // While it is too soon to ask again, the answer comes at once.
    assert_eq!(answer(&chain, &token).now_or_never(), Some(UNAVAILABLE));
}

#[tokio::test]
async fn failures_are_followed_by_longer_and_longer_pauses() {
    let key = SigningKey::ecdsa("key");
    let provider = Provider::of(&[&key]).await;
    provider.now(Mode::Status(StatusCode::BAD_GATEWAY));
    let chain = people(&provider, |_| {});
    let token = token(&key, &claims(&provider));
    for (round, pause) in [1, 2, 4, 8, 16, 32, 60, 60].into_iter().enumerate() {
        assert_eq!(answer(&chain, &token).await, UNAVAILABLE);
        tokio::time::pause();
        for _ in 0..10 {
            assert_eq!(answer(&chain, &token).now_or_never(), Some(UNAVAILABLE));
        }
        assert_eq!(provider.asked(), 1 + round);
        tokio::time::resume();
        pass(pause).await;
    }
    provider.publishes(&[&key]);
    assert!(answer(&chain, &token).await.is_ok());
}

#[tokio::test]
async fn known_keys_serve_while_the_provider_is_down_but_not_for_ever() {
    let (key, new) = (SigningKey::ecdsa("key"), SigningKey::ecdsa("new"));
    let provider = Provider::of(&[&key]).await;
    let chain = people(&provider, |options| {
        options.keys.max_age_seconds = 7_200.try_into().unwrap();
    });
    let known = token(&key, &claims(&provider));
    assert!(answer(&chain, &known).await.is_ok());
    provider.now(Mode::Status(StatusCode::SERVICE_UNAVAILABLE));
    // The tokens are those of a minute: it is the keys that age here.
    for _ in 0..5 {
        pass(1_400).await;
        assert!(answer(&chain, &known).await.is_ok());
    }
    let unknown = token(&new, &claims(&provider));
    assert_eq!(answer(&chain, &unknown).await, UNAVAILABLE, "it may be a new key");
    pass(201).await;
    assert_eq!(answer(&chain, &known).await, UNAVAILABLE);
    provider.publishes(&[&key, &new]);
    pass(61).await;
    assert!(answer(&chain, &known).await.is_ok());
    assert!(answer(&chain, &unknown).await.is_ok());
}

#[tokio::test]
async fn a_withdrawn_key_is_soon_believed_no_more() {
    let (old, new) = (SigningKey::ecdsa("old"), SigningKey::ecdsa("new"));
    let provider = Provider::of(&[&old, &new]).await;
    let chain = people(&provider, |_| {});
    let (by_old, by_new) = (token(&old, &claims(&provider)), token(&new, &claims(&provider)));
    assert!(answer(&chain, &by_old).await.is_ok());
    provider.publishes(&[&new]);
    pass(601).await;
    assert!(answer(&chain, &by_new).await.is_ok(), "not held up by looking");
    provider.has_been_asked(2).await;
    // Whoever names a key that is not known waits for the answer that is under way.
    let unknown = invented(&old, &provider, 0);
    assert_eq!(answer(&chain, &unknown).await, INVALID);
    assert_eq!(answer(&chain, &by_old).await, INVALID);
    assert!(answer(&chain, &by_new).await.is_ok());
    assert_eq!(provider.asked(), 2);
}

#[tokio::test]
async fn after_a_long_silence_the_first_token_waits_for_the_keys() {
    let (old, new) = (SigningKey::ecdsa("old"), SigningKey::ecdsa("new"));
    let provider = Provider::of(&[&old]).await;
    let chain = people(&provider, |_| {});
    let by_old = token(&old, &claims(&provider));
    assert!(answer(&chain, &by_old).await.is_ok());
    provider.publishes(&[&new]);
    pass(1_201).await;
    assert_eq!(answer(&chain, &by_old).await, INVALID);
}

#[tokio::test]
async fn answers_that_are_no_keys_are_not_taken_for_any() {
    let key = SigningKey::ecdsa("key");
    let oct = json!({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "key"}]});
    let many: Vec<Value> = (0..129).map(|_| key.jwk()).collect();
    let twice = format!(r#"{{"keys":[],"keys":[{}]}}"#, key.jwk());
    let long = json!({"keys": [key.jwk()], "padding": "p".repeat(600_000)});
    let provider = Provider::of(&[&key]).await;
    let elsewhere = format!("{}/elsewhere", provider.issuer());
    for mode in [
        Mode::Status(StatusCode::NO_CONTENT),
        Mode::Status(StatusCode::INTERNAL_SERVER_ERROR),
        Mode::RedirectTo(elsewhere),
        Mode::Text(String::new()),
        Mode::Text("<html>".to_owned()),
        Mode::Text(twice),
        Mode::Keys(json!([key.jwk()])),
        Mode::Keys(json!({"keys": []})),
        Mode::Keys(json!({"keys": many})),
        Mode::Keys(oct),
        Mode::Keys(long),
    ] {
        let chain = people(&provider, |_| {});
        let before = provider.asked();
        provider.now(mode);
        assert_eq!(answer(&chain, &token(&key, &claims(&provider))).await, UNAVAILABLE);
        assert_eq!(provider.asked(), before + 1, "no redirect is followed");
    }
}

#[tokio::test]
async fn a_bad_answer_does_not_displace_good_keys() {
    let key = SigningKey::ecdsa("key");
    let provider = Provider::of(&[&key]).await;
    let chain = people(&provider, |_| {});
    let token = token(&key, &claims(&provider));
    assert!(answer(&chain, &token).await.is_ok());
    provider.now(Mode::Keys(json!({"keys": []})));
    pass(1_201).await;
    assert!(answer(&chain, &token).await.is_ok());
    assert_eq!(provider.asked(), 2);
}

#[tokio::test]
async fn a_discovery_document_speaks_for_its_own_issuer_alone() {
    let key = SigningKey::ecdsa("key");
    let provider = Provider::of(&[&key]).await;
    let keys = format!("{}/keys", provider.issuer());
    let port = provider.address().port();
    for document in [
        json!({"issuer": "https://elsewhere.example", "jwks_uri": keys}),
        json!({"issuer": format!("{}/", provider.issuer()), "jwks_uri": keys}),
        json!({"jwks_uri": keys}),
        json!({"issuer": provider.issuer()}),
        json!({"issuer": provider.issuer(), "jwks_uri": "http://elsewhere.example/keys"}),
        json!({"issuer": provider.issuer(), "jwks_uri": "https://elsewhere.example/keys"}),
        json!({"issuer": provider.issuer(), "jwks_uri": "file:///etc/passwd"}),
        json!({"issuer": provider.issuer(), "jwks_uri": format!("http://u:p@127.0.0.1:{port}/keys")}),
        json!("document"),
    ] {
        provider.says_of_itself(document.clone());
        let chain = people(&provider, |_| {});
        let answer = answer(&chain, &token(&key, &claims(&provider))).await;
        assert_eq!(answer, UNAVAILABLE, "{document}");
    }
    assert_eq!(provider.asked(), 0);
    // Told where the keys are, nobody asks it.
    let chain = people(&provider, |options| options.keys.jwks_url = Some(keys.parse().unwrap()));
    assert!(answer(&chain, &token(&key, &claims(&provider))).await.is_ok());
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_unavailable() {
    let key = SigningKey::ecdsa("key");
    let provider = Provider::of(&[&key]).await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let chain = people(&provider, |options| {
        options.keys.jwks_url = Some(format!("http://{free}/keys").parse().unwrap());
    });
    assert_eq!(answer(&chain, &token(&key, &claims(&provider))).await, UNAVAILABLE);
    // What can't be believed in any case is told so.
    assert_eq!(answer(&chain, "a.b.c").await, INVALID);
}
