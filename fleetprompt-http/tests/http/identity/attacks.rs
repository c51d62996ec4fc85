//! Tokens that somebody made who should not have been able to.

use aws_lc_rs::hmac;
use fleetprompt_core::port::Principal;
use fleetprompt_http::identity::{Authenticate as _, AuthenticateError, Chain};
use serde_json::{Value, json};

use super::keys::{SigningKey, encode, jws};
use super::provider::{Mode, Provider};
use super::{ada, answer, claims, claims_with, head, now, people, token};

struct Scene {
    provider: Provider,
    chain: Chain,
    /// Published, and of an algorithm that is configured.
    ecdsa: SigningKey,
    rsa: SigningKey,
    /// Published, of an algorithm that is not configured.
    ed25519: SigningKey,
    /// Not published.
    attacker: SigningKey,
}

async fn scene() -> Scene {
    let (ecdsa, rsa) = (SigningKey::ecdsa("ecdsa"), SigningKey::rsa("rsa"));
    let (ed25519, attacker) = (SigningKey::ed25519("ed25519"), SigningKey::ecdsa("attacker"));
    let provider = Provider::of(&[]).await;
    let (mut for_encryption, mut for_pss) = (ecdsa.jwk(), rsa.jwk());
    for_encryption["use"] = json!("enc");
    for_encryption["kid"] = json!("for-encryption");
    for_pss["alg"] = json!("PS256");
    for_pss["kid"] = json!("for-pss");
    let mut for_signing = ecdsa.jwk();
    for_signing["key_ops"] = json!(["sign"]);
    for_signing["kid"] = json!("for-signing");
    provider.now(Mode::Keys(json!({"keys": [
        ecdsa.jwk(), rsa.jwk(), ed25519.jwk(), for_encryption, for_pss, for_signing,
        {"kty": "oct", "kid": "shared", "k": encode("secret"), "use": "sig"},
        {"kty": "of the future", "kid": "new"},
    ]})));
    let chain = people(&provider, |options| {
        options.keys.algorithms =
            serde_json::from_value(json!(["RS256", "PS256", "ES256"])).unwrap();
    });
    Scene { provider, chain, ecdsa, rsa, ed25519, attacker }
}

/// A token with an HMAC instead of a signature.
fn mac(key: &[u8], head: Value, claims: &Value) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    jws(&head.to_string(), &claims.to_string(), |message| {
        hmac::sign(&key, message).as_ref().to_vec()
    })
}

fn forged(scene: &Scene) -> Vec<(String, String)> {
    let Scene { provider, ecdsa, rsa, ed25519, attacker, .. } = scene;
    let good = claims(provider);
    let head = json!({"alg": "ES256", "typ": "JWT", "kid": "ecdsa"});
    let with_head = |changed: Value| {
        let mut head = head.clone();
        head.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
        head
    };
    let mut list: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, token: String| list.push((name.to_owned(), token));

    for none in ["none", "None", "NONE", ""] {
        let head = json!({"alg": none, "kid": "ecdsa"}).to_string();
        add("no algorithm", jws(&head, &good.to_string(), |_| vec![]));
    }
    let public = rsa.jwk();
    let modulus = public["n"].as_str().unwrap();
    for (name, key) in [
        ("the modulus", modulus.as_bytes()),
        ("the public key", public.to_string().as_bytes()),
        ("a published secret", b"secret"),
        ("nothing", b""),
    ] {
        for kid in ["rsa", "shared", "ecdsa"] {
            let head = json!({"alg": "HS256", "typ": "JWT", "kid": kid});
            add(&format!("an HMAC by {name}, for {kid}"), mac(key, head, &good));
        }
    }
    for (name, signer, head) in [
        ("an unpublished key", attacker, json!({"alg": "ES256", "kid": "attacker"})),
        ("an unpublished key in another's name", attacker, head.clone()),
        ("another key than the named one", ecdsa, json!({"alg": "ES256", "kid": "rsa"})),
        ("an algorithm that is not configured", ed25519, json!({"alg": "EdDSA", "kid": "ed25519"})),
        ("an algorithm that the key is not for", rsa, json!({"alg": "RS256", "kid": "for-pss"})),
        ("a key for encryption", ecdsa, json!({"alg": "ES256", "kid": "for-encryption"})),
        ("a key that only signs", ecdsa, json!({"alg": "ES256", "kid": "for-signing"})),
        ("no key's name, of two that could be meant", rsa, json!({"alg": "PS256"})),
        ("a key's name that is a number", ecdsa, json!({"alg": "ES256", "kid": 1})),
        ("a key's name that is a path", ecdsa, json!({"alg": "ES256", "kid": "../../dev/null"})),
        ("a key's name that is long", ecdsa, json!({"alg": "ES256", "kid": "k".repeat(257)})),
        ("its own key", attacker, with_head(json!({"jwk": attacker.jwk()}))),
        ("its own keys' address", attacker, with_head(json!({"jku": provider.issuer()}))),
        ("its own certificate", attacker, with_head(json!({"x5c": [encode("certificate")]}))),
        ("its certificate's address", attacker, with_head(json!({"x5u": provider.issuer()}))),
        ("a critical extension", ecdsa, with_head(json!({"crit": ["exp"], "exp": now() + 300}))),
        ("no critical extensions, in words", ecdsa, with_head(json!({"crit": []}))),
        ("a payload that is not encoded", ecdsa, with_head(json!({"b64": false}))),
        ("the type of a logout token", ecdsa, with_head(json!({"typ": "logout+jwt"}))),
        ("the type of a proof", ecdsa, with_head(json!({"typ": "dpop+jwt"}))),
        ("a type that is no text", ecdsa, with_head(json!({"typ": 1}))),
    ] {
        add(name, signer.token(&head, &good));
    }
    for changed in [
        json!({"iss": null}),
        json!({"iss": "https://elsewhere.example"}),
        json!({"iss": format!("{}/", provider.issuer())}),
        json!({"iss": [provider.issuer()]}),
        json!({"aud": null}),
        json!({"aud": "elsewhere"}),
        json!({"aud": []}),
        json!({"aud": ["elsewhere", 7]}),
        json!({"aud": {"0": "fleetprompt"}}),
        json!({"aud": "Fleetprompt"}),
        json!({"exp": null}),
        json!({"exp": now() - 31}),
        json!({"exp": 0}),
        json!({"exp": -1}),
        json!({"exp": (now() + 300).to_string()}),
        json!({"exp": true}),
        json!({"nbf": now() + 60}),
        json!({"nbf": "now"}),
        json!({"sub": null}),
        json!({"sub": ""}),
        json!({"sub": 7}),
        json!({"sub": ["user_ada"]}),
        json!({"sub": "a".repeat(129)}),
        json!({"sub": "user\u{0}ada"}),
        json!({"sub": " user_ada"}),
        json!({"sub": "user\u{200b}_ada"}),
    ] {
        add(&changed.to_string(), token(ecdsa, &claims_with(provider, changed)));
    }
    for name in ["iss", "aud", "exp", "sub"] {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().remove(name);
        add(&format!("no {name}"), token(ecdsa, &claims));
    }
    let valid = token(ecdsa, &good);
    let parts: Vec<&str> = valid.split('.').collect();
    let [head_part, payload, signature] = parts[..] else { unreachable!() };
    let other = encode(claims_with(provider, json!({"sub": "user_bob"})).to_string());
    // The last character of a signature carries two bits; the next one has others that count for nothing.
    let loose = char::from(valid.as_bytes()[valid.len() - 1] + 1);
    for (name, token) in [
        ("claims exchanged", format!("{head_part}.{other}.{signature}")),
        ("no signature", format!("{head_part}.{payload}.")),
        ("two parts", format!("{head_part}.{payload}")),
        ("four parts", format!("{valid}.")),
        ("five parts, an encrypted token", format!("{head_part}.{payload}.{signature}.a.b")),
        ("a short signature", format!("{head_part}.{payload}.{}", &signature[..40])),
        ("padding", format!("{valid}==")),
        ("loose bits", format!("{}{loose}", &valid[..valid.len() - 1])),
        ("a signature of nothing", format!("{head_part}.{payload}.{}", encode([0; 64]))),
        ("too many bytes", {
            token(ecdsa, &claims_with(provider, json!({"note": "n".repeat(8_192)})))
        }),
        ("garbage", "garbage".to_owned()),
        ("dots", "..".to_owned()),
    ] {
        add(name, token);
    }
    let text = good.to_string();
    for (name, head_text, claims_text) in [
        ("two subjects", head.to_string(), text.replacen('{', r#"{"sub":"user_bob","#, 1)),
        ("two algorithms", head.to_string().replacen('{', r#"{"alg":"none","#, 1), text.clone()),
        ("no claims", head.to_string(), "[]".to_owned()),
        ("claims and more", head.to_string(), format!("{text} {{}}")),
        ("too many levels", head.to_string(), {
            text.replacen('{', &format!(r#"{{"deep":{}{},"#, "[".repeat(40), "]".repeat(40)), 1)
        }),
        ("a head that is no object", "7".to_owned(), text.clone()),
    ] {
        add(name, ecdsa.token_of(&head, &head_text, &claims_text));
    }
    list
}

#[tokio::test]
async fn no_forged_token_is_believed() {
    let scene = scene().await;
    for (name, token) in forged(&scene) {
        assert_eq!(answer(&scene.chain, &token).await, Err(AuthenticateError::Invalid), "{name}");
    }
    // The scene itself is sound.
    let ada = Ok(ada(scene.provider.issuer()));
    assert_eq!(answer(&scene.chain, &token(&scene.ecdsa, &claims(&scene.provider))).await, ada);
    assert_eq!(answer(&scene.chain, &token(&scene.rsa, &claims(&scene.provider))).await, ada);
    let pss = json!({"alg": "PS256", "kid": "for-pss"});
    assert_eq!(answer(&scene.chain, &scene.rsa.token(&pss, &claims(&scene.provider))).await, ada);
    assert_eq!(scene.provider.asked(), 1);
}

#[tokio::test]
async fn what_a_token_says_of_its_own_key_neither_helps_nor_harms() {
    let scene = scene().await;
    let head = json!({
        "alg": "ES256", "kid": "ecdsa", "jwk": scene.attacker.jwk(),
        "jku": "http://127.0.0.1:1/keys", "x5u": "http://127.0.0.1:1/certificate",
    });
    let token = scene.ecdsa.token(&head, &claims(&scene.provider));
    assert_eq!(answer(&scene.chain, &token).await, Ok(ada(scene.provider.issuer())));
}

#[tokio::test]
async fn a_credential_comes_in_one_header_by_one_scheme() {
    let scene = scene().await;
    let valid = token(&scene.ecdsa, &claims(&scene.provider));
    let bearer = format!("Bearer {valid}");
    let refused: [&[(&str, &str)]; 12] = [
        &[("authorization", &bearer), ("authorization", &bearer)],
        &[("authorization", &bearer), ("authorization", "")],
        &[("authorization", "")],
        &[("authorization", "Bearer")],
        &[("authorization", "Bearer ")],
        &[("authorization", &valid)],
        &[("authorization", &format!("Basic {valid}"))],
        &[("authorization", &format!("DPoP {valid}"))],
        &[("authorization", &format!("{bearer}, {bearer}"))],
        &[("authorization", &format!("{bearer} {valid}"))],
        &[("authorization", &format!("{bearer}\t"))],
        &[("authorization", "Bearer dé.a.b")],
    ];
    for headers in refused {
        let answer = scene.chain.authenticate(&head(headers)).await;
        assert_eq!(answer, Err(AuthenticateError::Invalid), "{headers:?}");
    }
    for scheme in ["Bearer", "bearer", "BEARER", "Bearer "] {
        let head = head(&[("authorization", &format!("{scheme} {valid}"))]);
        assert_eq!(
            scene.chain.authenticate(&head).await,
            Ok(ada(scene.provider.issuer())),
            "{scheme}"
        );
    }
    // A token anywhere else is none.
    for elsewhere in ["cookie", "x-authorization", "proxy-authorization"] {
        let answer = scene.chain.authenticate(&head(&[(elsewhere, &bearer)])).await;
        assert_eq!(answer, Ok(Principal::Anonymous), "{elsewhere}");
    }
}

#[tokio::test]
async fn clocks_may_differ_a_little() {
    let scene = scene().await;
    for changed in [json!({"exp": now() - 20}), json!({"nbf": now() + 20}), json!({"exp": 4e18})] {
        let token = token(&scene.ecdsa, &claims_with(&scene.provider, changed.clone()));
        assert!(answer(&scene.chain, &token).await.is_ok(), "{changed}");
    }
}
