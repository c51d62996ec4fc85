//! Whom a token makes of somebody.

use fleetprompt_core::port::Principal;
use fleetprompt_http::identity::AuthenticateError;
use fleetprompt_http::identity::oidc::OidcOptions;
use serde_json::{Value, json};

use super::keys::SigningKey;
use super::provider::Provider;
use super::{Answer, ada, ada_in, answer, claims_with, oidc_options, people, token};

/// What becomes of tokens with these claims besides the usual ones.
async fn answers(set: impl FnOnce(&mut OidcOptions), claims: &[Value]) -> (String, Vec<Answer>) {
    let key = SigningKey::ecdsa("key");
    let provider = Provider::of(&[&key]).await;
    let chain = people(&provider, set);
    let mut answers = Vec::new();
    for claims in claims {
        answers.push(answer(&chain, &token(&key, &claims_with(&provider, claims.clone()))).await);
    }
    (provider.issuer().to_owned(), answers)
}

#[tokio::test]
async fn clerk_names_organisations_in_two_forms() {
    let (issuer, answers) = answers(
        |_| {},
        &[
            json!({}),
            json!({"o": null, "org_id": null, "org_role": null}),
            json!({"org_id": "org_acme"}),
            json!({"org_id": "org_acme", "org_role": "org:member", "org_slug": "acme"}),
            json!({"org_id": "org_acme", "org_role": "org:admin"}),
            json!({"v": 2, "sts": "active", "o": {"id": "org_acme", "rol": "member", "slg": "acme"}}),
            json!({"v": 2, "o": {"id": "org_acme", "rol": "admin", "slg": "acme", "per": "", "fpm": ""}}),
            json!({"v": 2, "o": {"id": "org_acme"}}),
            json!({"org_id": "org_acme", "org_role": "org:admin", "o": {"id": "org_acme", "rol": "admin"}}),
        ],
    )
    .await;
    let member = || Principal::person(ada_in(&issuer, "org_acme"));
    let admin = || Principal::admin(ada_in(&issuer, "org_acme"));
    let expected = [
        ada(&issuer),
        ada(&issuer),
        member(),
        member(),
        admin(),
        member(),
        admin(),
        member(),
        admin(),
    ];
    assert_eq!(answers, expected.map(Ok));
}

#[tokio::test]
async fn a_malformed_organisation_is_no_personal_tenant() {
    let long = "o".repeat(129);
    let malformed = [
        json!({"org_id": ""}),
        json!({"org_id": 7}),
        json!({"org_id": ["org_acme"]}),
        json!({"org_id": {"id": "org_acme"}}),
        json!({"org_id": true}),
        json!({"org_id": long}),
        json!({"org_id": "org\u{0}acme"}),
        json!({"org_id": " org_acme"}),
        json!({"org_id": "org_acme", "org_role": 7}),
        json!({"org_id": "org_acme", "org_role": ["org:admin"]}),
        json!({"org_role": "org:admin"}),
        json!({"o": {}}),
        json!({"o": ""}),
        json!({"o": "org_acme"}),
        json!({"o": ["org_acme"]}),
        json!({"o": 7}),
        json!({"o": false}),
        json!({"o": {"rol": "admin"}}),
        json!({"o": {"id": null, "rol": "admin"}}),
        json!({"o": {"id": ""}}),
        json!({"o": {"id": 7}}),
        json!({"o": {"id": {"id": "org_acme"}}}),
        json!({"o": {"id": long}}),
        json!({"o": {"id": "org\nacme"}}),
        json!({"o": {"id": "org_acme", "rol": 7}}),
        json!({"o": {"id": "org_acme", "rol": ["admin"]}}),
        json!({"o": {"id": "org_acme", "slg": {}}}),
        json!({"org_id": "org_acme", "o": {"id": "org_other"}}),
        json!({"org_id": "org_acme", "org_role": "org:member", "o": {"id": "org_acme", "rol": "admin"}}),
        json!({"org_id": "org_acme", "o": {}}),
        json!({"sts": "pending", "o": {"id": "org_acme"}}),
        json!({"sts": 7}),
    ];
    let (_, answers) = answers(|_| {}, &malformed).await;
    for (claims, answer) in malformed.iter().zip(answers) {
        assert_eq!(answer, Err(AuthenticateError::Invalid), "{claims}");
    }
}

#[tokio::test]
async fn any_claims_can_name_the_tenant_and_the_role() {
    let set = |options: &mut OidcOptions| {
        options.organisation = serde_json::from_value(json!({"claims": {
            "tenant": "/app/org", "role": "https://acme.example/roles", "admin-roles": ["owner", "boss"],
        }}))
        .unwrap();
    };
    let roles = "https://acme.example/roles";
    let (issuer, good) = answers(
        set,
        &[
            json!({"o": {"id": "org_acme"}, "org_id": 7}),
            json!({"app": {"plan": "free"}}),
            json!({"app": {"org": "acme"}, roles: ["reader", "boss"]}),
            json!({"app": {"org": "acme"}, roles: "owner"}),
            json!({"app": {"org": "acme"}, roles: ["owners"]}),
            json!({roles: ["owner"]}),
        ],
    )
    .await;
    let member = || Principal::person(ada_in(&issuer, "acme"));
    let admin = || Principal::admin(ada_in(&issuer, "acme"));
    let expected = [ada(&issuer), ada(&issuer), admin(), admin(), member(), ada(&issuer)];
    assert_eq!(good, expected.map(Ok));

    let malformed = [
        json!({"app": "acme"}),
        json!({"app": {"org": ""}}),
        json!({"app": {"org": ["acme"]}}),
        json!({"app": {"org": "acme"}, roles: 7}),
        json!({"app": {"org": "acme"}, roles: ["owner", 7]}),
        json!({"app": {"org": "acme"}, roles: {"owner": true}}),
    ];
    let (_, bad) = answers(set, &malformed).await;
    for (claims, answer) in malformed.iter().zip(bad) {
        assert_eq!(answer, Err(AuthenticateError::Invalid), "{claims}");
    }
}

#[tokio::test]
async fn tenants_can_be_left_alone() {
    let set = |options: &mut OidcOptions| {
        options.organisation = serde_json::from_value(json!("none")).unwrap();
    };
    let (issuer, answers) = answers(set, &[json!({"org_id": "org_acme", "o": 7})]).await;
    assert_eq!(answers, [Ok(ada(&issuer))]);
}

#[tokio::test]
async fn nobody_is_an_operator_unless_a_claim_is_configured_for_it() {
    let operator_claims = [
        json!({"public": {"role": "operator"}}),
        json!({"public": {"role": ["support", "operator"]}, "org_id": "org_acme"}),
        json!({"public": {"role": "operators"}}),
        json!({"role": "operator"}),
        json!({"public": {"role": true}}),
        json!({"public": "operator"}),
    ];
    let (issuer, off) = answers(|_| {}, &operator_claims).await;
    for (claims, answer) in operator_claims.iter().zip(off) {
        assert!(matches!(answer, Ok(Principal::Person { .. })), "{claims}");
    }
    let set = |options: &mut OidcOptions| {
        let operator = json!({"claim": "/public/role", "value": "operator"});
        options.operator = serde_json::from_value(operator).unwrap();
    };
    drop(issuer);
    let (issuer, on) = answers(set, &operator_claims).await;
    let Principal::Person { identity, .. } = ada(&issuer) else { unreachable!() };
    let expected = [
        Ok(Principal::operator(identity)),
        Ok(Principal::operator(ada_in(&issuer, "org_acme"))),
        Ok(ada(&issuer)),
        Ok(ada(&issuer)),
        Err(AuthenticateError::Invalid),
        Err(AuthenticateError::Invalid),
    ];
    assert_eq!(on, expected);
}

#[tokio::test]
async fn only_authorized_parties_may_have_asked_for_the_token() {
    let set = |options: &mut OidcOptions| {
        options.authorized_parties =
            serde_json::from_value(json!(["https://app.example", "cli"])).unwrap();
    };
    let (issuer, answers) = answers(
        set,
        &[
            json!({"azp": "https://app.example"}),
            json!({"azp": "cli"}),
            json!({"azp": "https://evil.example"}),
            json!({"azp": ["cli"]}),
            json!({}),
        ],
    )
    .await;
    let refused = || Err(AuthenticateError::Invalid);
    assert_eq!(answers, [Ok(ada(&issuer)), Ok(ada(&issuer)), refused(), refused(), refused()]);
}

#[tokio::test]
async fn every_asymmetric_algorithm_is_understood() {
    let keys = [SigningKey::rsa("rsa"), SigningKey::ecdsa("ec"), SigningKey::ed25519("ed")];
    let provider = Provider::of(&keys.each_ref()).await;
    let chain = people(&provider, |options| {
        options.keys.algorithms =
            serde_json::from_value(json!(["RS256", "ES256", "EdDSA"])).unwrap();
    });
    for key in &keys {
        let token = token(key, &claims_with(&provider, json!({"aud": ["other", "fleetprompt"]})));
        assert_eq!(answer(&chain, &token).await, Ok(ada(provider.issuer())), "{}", key.id());
    }
    // RS256 is what there is unless it is said otherwise.
    assert_eq!(oidc_options(&provider).keys.algorithms, Default::default());
}

#[tokio::test]
async fn a_key_without_a_name_is_found_if_there_is_one_alone() {
    let key = SigningKey::ecdsa("key");
    let provider = Provider::of(&[&key, &SigningKey::ed25519("other")]).await;
    let chain = people(&provider, |_| {});
    let nameless = key.token(&json!({"alg": "ES256"}), &claims_with(&provider, json!({})));
    assert_eq!(answer(&chain, &nameless).await, Ok(ada(provider.issuer())));
}
