//! Nothing of a credential shows up where people read.

use fleetprompt_core::port::SystemEntropy;
use fleetprompt_http::identity::Chain;
use fleetprompt_http::identity::oidc::Oidc;
use fleetprompt_http::identity::service::{ServiceOptions, ServiceToken, Services};
use serde_json::json;

use super::keys::SigningKey;
use super::provider::{Mode, Provider};
use super::{answer, claims, claims_with, now, oidc_options, token};
use crate::log::Log;

#[tokio::test]
async fn no_token_hash_or_claim_is_logged_or_printed() {
    let (log, _listening) = Log::listen();

    let (key, attacker) = (SigningKey::ecdsa("key"), SigningKey::ecdsa("canary-key"));
    let provider = Provider::of(&[&key]).await;
    let [known, unknown] = [(); 2].map(|()| ServiceToken::generate(&SystemEntropy).unwrap());
    let mut service =
        ServiceOptions::new("https://market.example".parse().unwrap(), "whs".parse().unwrap());
    service.tokens = vec![known.hash()].try_into().unwrap();
    let mut options = oidc_options(&provider);
    options.keys.algorithms = serde_json::from_value(json!(["ES256"])).unwrap();
    let mut printed = format!("{options:?} {service:?} {known:?}");
    let services = Services::new(vec![service]).unwrap();
    printed += &format!("{services:?}");
    let chain = Chain::new(Some(Oidc::new(options).unwrap()), Some(services), None).unwrap();

    let canaries =
        json!({"sub": "canary-subject", "org_id": "canary-tenant", "mail": "canary-mail"});
    let good = claims_with(&provider, canaries);
    let mut expired = good.clone();
    expired["exp"] = json!(now() - 400);
    let mut malformed = good.clone();
    malformed["org_role"] = json!(["canary-role"]);
    let mut misdirected = good.clone();
    misdirected["aud"] = json!("canary-audience");
    let tokens = [
        token(&key, &good),
        token(&key, &expired),
        token(&key, &malformed),
        token(&key, &misdirected),
        token(&attacker, &good),
        "canary.garbage.token".to_owned(),
        "dev:canary-tenant:canary-subject".to_owned(),
        known.expose().to_owned(),
        unknown.expose().to_owned(),
        "fps_canary".to_owned(),
    ];
    let mut believed = 0;
    for token in &tokens {
        match answer(&chain, token).await {
            Ok(principal) => {
                believed += 1;
                printed += &format!("{principal:?}");
            }
            Err(error) => printed += &format!("{error} {error:?}"),
        }
    }
    assert_eq!(believed, 2);
    // A provider that answers with something else, which may be a secret of somebody's.
    provider.now(Mode::Text("canary-body".to_owned()));
    let fresh = Oidc::new(oidc_options(&provider)).unwrap();
    let fresh = Chain::new(Some(fresh), None, None).unwrap();
    let rsa = json!({"alg": "RS256", "kid": "key"});
    let by_rsa = SigningKey::rsa("key").token(&rsa, &claims(&provider));
    printed += &format!("{:?} {chain:?} {fresh:?}", answer(&fresh, &by_rsa).await);

    let logged = log.text();
    assert!(logged.contains("an expired token"), "what was wrong is said: {logged}");
    assert!(logged.contains("the key set is malformed"), "{logged}");
    let hashes = [known.hash().to_string(), unknown.hash().to_string()];
    let parts = tokens.iter().chain([&by_rsa]).flat_map(|token| token.split('.'));
    let parts = parts.chain(hashes.iter().flat_map(|hash| hash.split(':'))).filter(|p| p.len() > 8);
    for secret in parts.chain(["canary"]) {
        assert!(!logged.contains(secret), "{secret} is logged: {logged}");
        assert!(!printed.contains(secret), "{secret} is printed: {printed}");
    }
}

#[test]
fn refused_configurations_repeat_no_value() {
    for wrong in [
        json!({"issuer": "https://id.example", "audiences": ["a"], "operator": {"claim": "//canary", "value": "v"}}),
        json!({"issuer": "https://id.example", "audiences": ["a"], "keys": {"jwks-url": "http://canary.example"}}),
        json!({"issuer": "https://id.example", "audiences": ["a"], "keys": {"jwks-url": "https://canary:canary@id.example"}}),
        json!({"issuer": "canary\u{0}", "audiences": ["a"]}),
    ] {
        let refused =
            serde_json::from_value::<fleetprompt_http::identity::oidc::OidcOptions>(wrong)
                .unwrap_err();
        assert!(!refused.to_string().contains("canary"), "{refused}");
    }
    let wrong = json!({"issuer": "i", "client": "c", "tokens": ["fps_canary"]});
    let refused = serde_json::from_value::<ServiceOptions>(wrong).unwrap_err();
    assert!(!refused.to_string().contains("canary"), "{refused}");
}
