//! What is sent comes back in no refusal, and stands in no log.

use std::collections::BTreeSet;

use fleetprompt_core::memory::MemoryStore;
use serde_json::{Value, json};

use crate::log::Log;
use crate::support::{ADA, BOB, Call, Town, WHS, content, presented};

const CANARY: &str = "Canary7f3cTweets";

#[tokio::test]
async fn no_refusal_repeats_what_was_sent() {
    let (log, _listening) = Log::listen();
    let town = Town::in_memory().await;
    let (publisher, listing) = town.published().await;
    let document = serde_json::to_value(fleetprompt_http::openapi()).unwrap();
    let (mut asked, mut codes) = (0, BTreeSet::new());
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let schema = every_field(&document, &item[method]);
            let method: http::Method = method.to_uppercase().parse().unwrap();
            // A name that is none is refused before anything else is read.
            let named = fill(path, |name| well_formed(name, &publisher, &listing));
            let calls = [fill(path, |_| CANARY.to_owned()), named]
                .into_iter()
                .flat_map(|path| calls(&town, &method, &path, &schema));
            for call in calls {
                let got = call.send().await;
                asked += 1;
                if got.status.is_client_error() || got.status.is_server_error() {
                    let headers = format!("{:?}", got.headers);
                    assert!(!got.text().contains(CANARY), "{method} {path}: {}", got.text());
                    assert!(!headers.contains(CANARY), "{method} {path}: {headers}");
                    let problem = got.json();
                    let said = |pointer| problem.pointer(pointer).and_then(Value::as_str);
                    let said = |pointer| said(pointer).unwrap_or_default().to_owned();
                    codes.insert((said("/code"), said("/errors/0/pointer")));
                }
                assert!(!got.status.is_server_error(), "{method} {path}: {}", got.text());
            }
        }
    }
    assert!(asked > 1_000, "{asked}");
    let seen = |code: &str, pointer: &str| codes.iter().any(|(c, p)| c == code && p == pointer);
    assert!(seen("invalid_parameter", "Idempotency-Key"), "{codes:#?}");
    assert!(seen("invalid_parameter", "If-Match"), "{codes:#?}");
    assert!(seen("revision_mismatch", ""), "{codes:#?}");
    for code in ["invalid_input", "unsupported_media_type"] {
        assert!(codes.iter().any(|(seen, _)| seen == code), "{code}: {codes:#?}");
    }
    assert!(!log.text().contains(CANARY), "the log repeats what was sent");
}

/// A canary in each place of a request but its path.
fn calls(town: &Town, method: &http::Method, path: &str, every_field: &str) -> Vec<Call> {
    let call = || town.call(method.clone(), path);
    let bodies = [
        json!({CANARY: CANARY}).to_string(),
        json!([CANARY]).to_string(),
        format!("{{\"text\": \"{CANARY}"),
        every_field.to_owned(),
    ];
    let mut calls = vec![
        call().header("authorization", &format!("Bearer {CANARY}")),
        call().header("authorization", &format!("Basic {CANARY}")),
        call().by(ADA).key(&format!("{CANARY} with spaces in it")),
        call().by(ADA).header("if-match", CANARY),
        call().by(ADA).header("if-match", &format!("\"{CANARY}\"")),
        town.call(method.clone(), &format!("{path}?{CANARY}={CANARY}")).by(ADA),
        call().by(ADA).raw(&format!("text/{CANARY}"), CANARY.into()),
        call().by(ADA).header("if-match", "\"1-0\"").raw(&format!("text/{CANARY}"), CANARY.into()),
    ];
    calls.extend(bodies.map(|body| {
        let call = call().by(ADA).header("if-match", "\"1-0\"");
        call.raw("application/json", body.into_bytes())
    }));
    calls
}

/// The path with something in place of each name.
fn fill(path: &str, name: impl Fn(&str) -> String) -> String {
    let parts = path.split('/').map(|part| {
        let inner = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        inner.map_or_else(|| part.to_owned(), &name)
    });
    parts.collect::<Vec<_>>().join("/")
}

/// What may stand in the place of a name.
fn well_formed(name: &str, publisher: &str, listing: &str) -> String {
    match name {
        "publisher" => publisher.to_owned(),
        "listing" => listing.to_owned(),
        "slug" => "invoice-reader".to_owned(),
        "version" => "1.0.0".to_owned(),
        "badge" => "verified".to_owned(),
        "kid" => "k1".to_owned(),
        "digest" => format!("sha256:{}", "0".repeat(64)),
        _ => "0191d2a0-0000-7000-8000-000000000000".to_owned(),
    }
}

/// A body with a canary in each field of the operation's schema.
fn every_field(document: &Value, operation: &Value) -> String {
    let content = operation["requestBody"]["content"].as_object();
    let schema = content.and_then(|content| content.values().next());
    schema.map_or_else(|| "{}".to_owned(), |it| sample(document, &it["schema"], 0).to_string())
}

fn sample(document: &Value, schema: &Value, depth: usize) -> Value {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        return match depth {
            0..6 => sample(document, &document["components"]["schemas"][name], depth + 1),
            _ => json!(CANARY),
        };
    }
    if let Some(fields) = schema["properties"].as_object() {
        let fields = fields.iter();
        return fields
            .map(|(name, field)| (name.clone(), sample(document, field, depth)))
            .collect();
    }
    json!(CANARY)
}

#[tokio::test]
async fn secrets_that_are_handed_out_stand_in_no_log_and_no_event() {
    let (log, _listening) = Log::listen();
    let store = MemoryStore::default();
    let town = Town::on(store).await;
    let (publisher, listing) = town.published().await;
    let (attempt, token) = town.token(&listing).await;
    let call = town.post("/v1/publishers/acme/invitations").by(ADA);
    let code = call.json(json!({"role": "viewer"})).send().await.expect(201).at("/code");
    let redeem = town.post("/v1/install-tokens/redeem").by(WHS).json(presented(&token));
    redeem.send().await.expect(200);
    let accept = town.post("/v1/invitations/accept").by(BOB).json(json!({"code": code}));
    accept.send().await.expect(200);
    let mut said = content("Invoice reader");
    let secret = format!("ghp_{}", "k3Jd8Sx0Qm2Lz7Vb5Nc9Xr1Tw4Yp6Hf8Ga2E");
    said["summary"] = json!(format!("Sign in with {secret}."));
    let new = json!({
        "publisher": publisher, "slug": "another-one",
        "asset": {"kind": "whs_agent", "whsAgentId": "agt_other"}, "content": said,
    });
    let refused = town.post("/v1/listings").by(ADA).json(new).send().await;
    let refused = refused.refused(422, "invalid_input");

    let events =
        town.get("/v1/audit-log?limit=200").by("operator:user_olga").send().await.expect(200);
    let installs = town.get(&format!("/v1/installs/{attempt}")).by(BOB).send().await.expect(200);
    let changes = town.get("/v1/changes").send().await.expect(200);
    for secret in [&token, &code, &secret] {
        for text in
            [&log.text(), &events.text(), &installs.text(), &changes.text(), &refused.text()]
        {
            assert!(!text.contains(secret.as_str()), "{text}");
        }
    }
}
