//! Owning systems, and who is not one.

use fleetprompt_core::domain::PersonIdentity;
use fleetprompt_core::port::{Principal, SystemEntropy};
use fleetprompt_http::identity::oidc::Oidc;
use fleetprompt_http::identity::service::{ServiceOptions, ServiceToken, Services};
use fleetprompt_http::identity::{AuthenticateError, Chain};
use serde_json::{Value, json};

use super::keys::SigningKey;
use super::provider::Provider;
use super::{ada, answer, claims_with, oidc_options, token};

const MARKET: &str = "https://market.example";
const INVALID: super::Answer = Err(AuthenticateError::Invalid);

fn with_tokens(client: &str, tokens: &[&ServiceToken]) -> ServiceOptions {
    let mut options = ServiceOptions::new(MARKET.parse().unwrap(), client.parse().unwrap());
    let hashes: Vec<_> = tokens.iter().map(|token| token.hash()).collect();
    options.tokens = hashes.try_into().unwrap();
    options
}

fn of(services: Vec<ServiceOptions>) -> Chain {
    Chain::new(None, Some(Services::new(services).unwrap()), None).unwrap()
}

fn system(issuer: &str, client: &str) -> Principal {
    Principal::system(issuer.parse().unwrap(), client.parse().unwrap())
}

#[tokio::test]
async fn a_static_token_is_exchanged_without_a_gap() {
    let tokens: Vec<_> = (0..4).map(|_| ServiceToken::generate(&SystemEntropy).unwrap()).collect();
    let [old, new, other, unknown] = &tokens[..] else { unreachable!() };
    let rotating = of(vec![with_tokens("whs", &[old, new]), with_tokens("agentelic", &[other])]);
    assert_eq!(answer(&rotating, old.expose()).await, Ok(system(MARKET, "whs")));
    assert_eq!(answer(&rotating, new.expose()).await, Ok(system(MARKET, "whs")));
    assert_eq!(answer(&rotating, other.expose()).await, Ok(system(MARKET, "agentelic")));
    assert_eq!(answer(&rotating, unknown.expose()).await, INVALID);

    let rotated = of(vec![with_tokens("whs", &[new])]);
    assert_eq!(answer(&rotated, old.expose()).await, INVALID);
    assert_eq!(answer(&rotated, new.expose()).await, Ok(system(MARKET, "whs")));
}

#[tokio::test]
async fn a_static_token_has_one_spelling_and_its_hash_is_none() {
    let token = ServiceToken::generate(&SystemEntropy).unwrap();
    let chain = of(vec![with_tokens("whs", &[&token])]);
    let text = token.expose();
    assert_eq!(text.len(), 47);
    let last = if text.ends_with('A') { "B" } else { "A" };
    for wrong in [
        token.hash().to_string(),
        format!("fps_{}", token.hash()),
        format!("fps_{}", token.hash().to_string().split_at(7).1),
        format!("{text}="),
        format!("{text}A"),
        format!("{}{last}", &text[..46]),
        text[..46].to_owned(),
        text.to_uppercase(),
        text.replace("fps_", "fps-"),
        text.replace("fps_", "fps_fps_"),
        text.replace("fps_", ""),
        "fps_".to_owned(),
        format!("fps_{}", "A".repeat(43)),
        format!("fps_{}", "A".repeat(8_000)),
    ] {
        assert_eq!(answer(&chain, &wrong).await, INVALID, "{wrong}");
    }
}

/// A client of the provider's that also signs people in, and others that do not.
async fn scene(key: &SigningKey) -> (Provider, Chain) {
    let provider = Provider::of(&[key]).await;
    let service = |client: &str, jwt: Value| -> ServiceOptions {
        let mut jwt = jwt;
        jwt["audiences"] = json!(["systems"]);
        jwt["keys"] = json!({"algorithms": ["ES256"]});
        serde_json::from_value(json!({"issuer": provider.issuer(), "client": client, "jwt": jwt}))
            .unwrap()
    };
    let services = Services::new(vec![
        service("whs", json!({})),
        service("agentelic", json!({"client-claim": "azp", "subject": "agentelic@clients"})),
    ])
    .unwrap();
    let mut options = oidc_options(&provider);
    options.keys.algorithms = serde_json::from_value(json!(["ES256"])).unwrap();
    let chain = Chain::new(Some(Oidc::new(options).unwrap()), Some(services), None).unwrap();
    (provider, chain)
}

#[tokio::test]
async fn a_client_shows_who_it_is_by_a_token_in_its_own_name() {
    let key = SigningKey::ecdsa("key");
    let (provider, chain) = scene(&key).await;
    for (claims, client) in [
        (json!({"sub": "whs", "client_id": "whs"}), "whs"),
        (json!({"sub": "whs", "client_id": "whs", "azp": "agentelic", "o": 7}), "whs"),
        (json!({"sub": "agentelic@clients", "azp": "agentelic"}), "agentelic"),
    ] {
        let mut claims = claims_with(&provider, claims);
        claims["aud"] = json!("systems");
        let answer = answer(&chain, &token(&key, &claims)).await;
        assert_eq!(answer, Ok(system(provider.issuer(), client)));
    }
    assert_eq!(provider.asked(), 1, "both share the keys of their issuer");
}

#[tokio::test]
async fn nobody_else_passes_for_a_client() {
    let key = SigningKey::ecdsa("key");
    let (provider, chain) = scene(&key).await;
    for claims in [
        // A person who signed in through the client.
        json!({"sub": "user_ada", "client_id": "whs", "azp": "whs"}),
        json!({"sub": "user_ada", "azp": "agentelic"}),
        // A person who is called like it.
        json!({"sub": "whs"}),
        json!({"sub": "whs", "client_id": "web"}),
        json!({"sub": "agentelic@clients", "azp": "web"}),
        json!({"sub": "agentelic", "azp": "agentelic"}),
        // Claims of the wrong type, or of the other client.
        json!({"sub": "whs", "client_id": ["whs"]}),
        json!({"sub": "whs", "client_id": null}),
        json!({"sub": "whs", "azp": "whs"}),
        json!({"sub": "whs", "client_id": "agentelic", "azp": "agentelic"}),
        json!({"sub": ["whs"], "client_id": "whs"}),
        // Expired.
        json!({"sub": "whs", "client_id": "whs", "exp": 1}),
    ] {
        let mut claims = claims_with(&provider, claims);
        claims["aud"] = json!("systems");
        assert_eq!(answer(&chain, &token(&key, &claims)).await, INVALID, "{claims}");
        // With the other audience as well, it is nobody's.
        claims["aud"] = json!(["systems", "fleetprompt"]);
        assert_eq!(answer(&chain, &token(&key, &claims)).await, INVALID, "{claims}");
    }
    let both = json!({"sub": "whs", "client_id": "whs", "aud": ["systems", "fleetprompt"]});
    assert_eq!(answer(&chain, &token(&key, &claims_with(&provider, both))).await, INVALID);

    let attacker = SigningKey::ecdsa("key");
    let forged = json!({"sub": "whs", "client_id": "whs", "aud": "systems"});
    assert_eq!(answer(&chain, &token(&attacker, &claims_with(&provider, forged))).await, INVALID);
}

#[tokio::test]
async fn a_token_for_people_never_makes_a_system() {
    let key = SigningKey::ecdsa("key");
    let (provider, chain) = scene(&key).await;
    let in_person = json!({"client_id": "whs", "azp": "whs", "o": {"id": "whs"}});
    let Ok(Principal::Person { .. }) =
        answer(&chain, &token(&key, &claims_with(&provider, in_person))).await
    else {
        panic!("a person")
    };
    // A client that asks for a token for people is somebody like all others.
    let as_subject = json!({"sub": "whs", "client_id": "whs"});
    let answered = answer(&chain, &token(&key, &claims_with(&provider, as_subject))).await;
    let issuer = provider.issuer().parse().unwrap();
    let somebody = PersonIdentity::personal(issuer, "whs".parse().unwrap());
    assert_eq!(answered, Ok(Principal::person(somebody)));
    assert_eq!(
        answer(&chain, &token(&key, &super::claims(&provider))).await,
        Ok(ada(provider.issuer()))
    );
}
