//! Who is believed, and who is not.

mod attacks;
mod caching;
mod configuring;
mod dev;
mod keys;
mod oidc_provider;
mod people;
mod provider;
mod redaction;
mod services;

use fleetprompt_core::domain::{PersonIdentity, TenantIdentity};
use fleetprompt_core::port::Principal;
use fleetprompt_http::identity::oidc::{Oidc, OidcOptions};
use fleetprompt_http::identity::{Authenticate, AuthenticateError, Chain};
use http::request::Parts;
use serde_json::{Value, json};

use keys::SigningKey;
use provider::Provider;

type Answer = Result<Principal, AuthenticateError>;

const AUDIENCE: &str = "fleetprompt";

fn head(headers: &[(&str, &str)]) -> Parts {
    let mut request = http::Request::builder();
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

/// What becomes of a bearer token.
async fn answer(chain: &Chain, token: &str) -> Answer {
    chain.authenticate(&head(&[("authorization", &format!("Bearer {token}"))])).await
}

fn oidc_options(provider: &Provider) -> OidcOptions {
    OidcOptions::new(provider.issuer().parse().unwrap(), AUDIENCE.parse().unwrap())
}

/// People of a provider, with what is set on top.
fn people(provider: &Provider, set: impl FnOnce(&mut OidcOptions)) -> Chain {
    let mut options = oidc_options(provider);
    options.keys.algorithms = serde_json::from_value(json!(["ES256"])).unwrap();
    set(&mut options);
    Chain::new(Some(Oidc::new(options).unwrap()), None, None).unwrap()
}

/// What a provider says of Ada, for the next five minutes.
fn claims(provider: &Provider) -> Value {
    let now = now();
    json!({
        "iss": provider.issuer(), "aud": AUDIENCE, "sub": "user_ada",
        "iat": now, "nbf": now, "exp": now + 300,
    })
}

/// The same, with some claims set to something else.
fn claims_with(provider: &Provider, changed: Value) -> Value {
    let mut claims = claims(provider);
    claims.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
    claims
}

fn token(key: &SigningKey, claims: &Value) -> String {
    key.token(&json!({"alg": key.algorithm(), "typ": "JWT", "kid": key.id()}), claims)
}

fn now() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs()
        .cast_signed()
}

/// Ada in her personal tenant.
fn ada(issuer: &str) -> Principal {
    Principal::person(PersonIdentity::personal(
        issuer.parse().unwrap(),
        "user_ada".parse().unwrap(),
    ))
}

/// Ada in an organisation.
fn ada_in(issuer: &str, organisation: &str) -> PersonIdentity {
    let issuer = issuer.parse().unwrap();
    let tenant = TenantIdentity::organisation(issuer, organisation.parse().unwrap());
    PersonIdentity::new(tenant, "user_ada".parse().unwrap())
}
