//! What a configuration may say.

use fleetprompt_http::identity::oidc::{Oidc, OidcOptions};
use fleetprompt_http::identity::service::{ServiceOptions, Services};
use fleetprompt_http::identity::{Chain, IdentityConfigError};
use serde_json::{Value, json};

fn oidc(changed: Value) -> Result<OidcOptions, serde_json::Error> {
    let mut options = json!({"issuer": "https://id.example", "audiences": ["fleetprompt"]});
    options.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
    serde_json::from_value(options)
}

#[test]
fn every_key_has_its_default_and_its_bounds() {
    let options = oidc(json!({})).unwrap();
    let spelled_out = oidc(json!({
        "keys": {"algorithms": ["RS256"], "refresh-seconds": 600, "max-age-seconds": 86_400},
        "leeway-seconds": 30, "authorized-parties": [], "organisation": "clerk",
    }));
    assert_eq!(options, spelled_out.unwrap());
    for wrong in [
        json!({"issuer": ""}),
        json!({"issuer": 7}),
        json!({"audiences": []}),
        json!({"audiences": [""]}),
        json!({"audiences": "fleetprompt"}),
        json!({"audience": ["fleetprompt"]}),
        json!({"keys": {"algorithms": []}}),
        json!({"keys": {"algorithms": ["none"]}}),
        json!({"keys": {"algorithms": ["HS256"]}}),
        json!({"keys": {"algorithms": ["RS256", "RS256"]}}),
        json!({"keys": {"refresh-seconds": 59}}),
        json!({"keys": {"refresh-seconds": 86_401}}),
        json!({"keys": {"max-age-seconds": 604_801}}),
        json!({"keys": {"jwks-uri": "https://id.example/keys"}}),
        json!({"leeway-seconds": 301}),
        json!({"leeway-seconds": -1}),
        json!({"organisation": "okta"}),
        json!({"organisation": {"claims": {"role": "roles"}}}),
        json!({"operator": {"claim": "role"}}),
        json!({"operator": {"claim": "", "value": "operator"}}),
        json!({"operator": {"claim": "//", "value": "operator"}}),
    ] {
        assert!(oidc(wrong.clone()).is_err(), "{wrong}");
    }
    for url in [
        "http://id.example/keys",
        "http://127.0.0.1.id.example/keys",
        "http://localhost.id.example/keys",
        "http://10.0.0.1/keys",
        "https://user@id.example/keys",
        "https://id.example/keys?a=b",
        "file:///keys",
        "keys",
    ] {
        assert!(oidc(json!({"keys": {"jwks-url": url}})).is_err(), "{url}");
    }
    for url in [
        "https://id.example/keys",
        "http://127.0.0.2:1/keys",
        "http://[::1]/",
        "http://localhost:8/",
    ] {
        assert!(oidc(json!({"keys": {"jwks-url": url}})).is_ok(), "{url}");
    }
}

#[test]
fn nobody_vouches_in_the_name_of_development() {
    for issuer in [
        "https://dev.invalid",
        "https://dev.invalid/",
        "HTTPS://Dev.Invalid",
        "http://dev.invalid:80/a",
    ] {
        let url = json!({"jwks-url": "http://127.0.0.1:1/keys"});
        let options = oidc(json!({"issuer": issuer, "keys": url})).unwrap();
        assert_eq!(Oidc::new(options).unwrap_err(), IdentityConfigError::ReservedIssuer);
        for credential in [
            json!({"tokens": [format!("sha256:{}", "0".repeat(64))]}),
            json!({"jwt": {"audiences": ["systems"], "keys": url}}),
        ] {
            let service = service(issuer, "whs", credential);
            assert_eq!(
                Services::new(vec![service]).unwrap_err(),
                IdentityConfigError::ReservedIssuer
            );
        }
    }
}

#[test]
fn keys_must_be_somewhere() {
    for issuer in ["id.example", "http://id.example", "https://id.example/?tenant=a", "urn:acme"] {
        let refused = Oidc::new(oidc(json!({"issuer": issuer})).unwrap()).unwrap_err();
        assert!(matches!(refused, IdentityConfigError::Undiscoverable(_)), "{issuer}");
        assert!(
            !refused.to_string().contains("acme") && !refused.to_string().contains("id.example")
        );
    }
    let times = json!({"keys": {"refresh-seconds": 600, "max-age-seconds": 300}});
    let refused = Oidc::new(oidc(times).unwrap()).unwrap_err();
    assert_eq!(refused, IdentityConfigError::KeyTimes);
}

fn service(issuer: &str, client: &str, credential: Value) -> ServiceOptions {
    let mut options = json!({"issuer": issuer, "client": client});
    options.as_object_mut().unwrap().extend(credential.as_object().unwrap().clone());
    serde_json::from_value(options).unwrap()
}

#[test]
fn two_services_are_never_taken_for_one_another() {
    let issuer = "http://127.0.0.1:1";
    let hash = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let tokens = |hashes: &[String]| json!({"tokens": hashes});
    let jwt = |claim: &str, subject: &str| json!({"jwt": {"audiences": ["systems"], "client-claim": claim, "subject": subject}});
    let refused = |services: Vec<ServiceOptions>| Services::new(services).unwrap_err();
    assert_eq!(refused(vec![service(issuer, "a", json!({}))]), IdentityConfigError::NoCredential);
    assert_eq!(
        refused(vec![
            service(issuer, "a", tokens(&[hash("1")])),
            service(issuer, "a", tokens(&[hash("2")])),
        ]),
        IdentityConfigError::SameClient
    );
    assert_eq!(
        refused(vec![
            service(issuer, "a", tokens(&[hash("1")])),
            service(issuer, "b", tokens(&[hash("2"), hash("1")])),
        ]),
        IdentityConfigError::SameToken
    );
    for (one, other) in [("sub", "sub"), ("client_id", "sub"), ("client_id", "azp")] {
        let services =
            vec![service(issuer, "a", jwt(one, "s")), service(issuer, "b", jwt(other, "s"))];
        assert_eq!(refused(services), IdentityConfigError::SameSubject, "{one} {other}");
    }
    let apart = vec![
        service(issuer, "a", jwt("client_id", "s")),
        service(issuer, "b", jwt("client_id", "s")),
        service(issuer, "c", jwt("sub", "c")),
    ];
    assert!(Services::new(apart).is_ok());
    let three =
        json!({"issuer": issuer, "client": "a", "tokens": [hash("1"), hash("2"), hash("3")]});
    assert!(serde_json::from_value::<ServiceOptions>(three).is_err(), "two are enough to rotate");
}

#[test]
fn people_and_services_of_one_issuer_have_audiences_of_their_own() {
    let issuer = "http://127.0.0.1:1";
    let chain = |audience: &str, claim: &str, other: &str| {
        let people =
            oidc(json!({"issuer": issuer, "audiences": ["people", "fleetprompt"]})).unwrap();
        let jwt = json!({"jwt": {"audiences": [audience, "other"], "client-claim": claim}});
        let services = Services::new(vec![service(other, "whs", jwt)]).unwrap();
        Chain::new(Some(Oidc::new(people).unwrap()), Some(services), None).map(drop)
    };
    assert_eq!(chain("systems", "client_id", issuer), Ok(()));
    assert_eq!(chain("fleetprompt", "client_id", issuer), Err(IdentityConfigError::SharedAudience));
    assert_eq!(chain("systems", "sub", issuer), Err(IdentityConfigError::SubjectOfPeople));
    assert_eq!(chain("fleetprompt", "sub", "http://127.0.0.1:2"), Ok(()), "of another issuer");
}
