//! What is sent comes back in no refusal, stands in no log and in no figure, and what is a secret is not
//! stored.

use std::collections::{BTreeMap, BTreeSet};

use fleetprompt_http::observe::{LogOptions, Metrics, Observer};
use fleetprompt_http::serve::{ServeOptions, Server};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tracing::subscriber::DefaultGuard;

use crate::log::Log;
use crate::stores::Sqlite;
use crate::support::{ADA, BOB, Call, Got, OPERATOR, Town, WHS, content, presented};

/// What all canaries begin with.
const CANARY: &str = "Canary7f3c";

/// What may be stored, since it is what is said of a listing or a publisher.
const TEXT: &str = "Canary7f3cText";

/// What is stored nowhere, by where it was sent.
const BEARER: &str = "Canary7f3cBearer";
const BASIC: &str = "Canary7f3cBasic";
const KEY: &str = "Canary7f3cIdempotency";
const ODD_KEY: &str = "Canary7f3cOddKey with spaces in it";
const TAG: &str = "Canary7f3cTag";
const QUERY: &str = "Canary7f3cQuery";
const KIND: &str = "Canary7f3cKind";
const NAME: &str = "Canary7f3cName";

/// A marketplace on SQLite behind a server, and all that the two leave behind.
struct Watched {
    town: Town,
    kept: Sqlite,
    metrics: Metrics,
    log: Log,
    _listening: DefaultGuard,
}

impl Watched {
    async fn start() -> Self {
        let (log, _listening) = Log::listen();
        let kept = Sqlite::new();
        let town = kept.town().await.with_pages();
        let metrics = Metrics::default();
        let observer = Observer::new(LogOptions::default(), metrics.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Server::new(ServeOptions::default()).observer(observer);
        tokio::spawn(server.run(listener, town.app.clone(), std::future::pending()));
        Watched { town: town.served_at(address), kept, metrics, log, _listening }
    }

    /// Fails if a needle stands in the log, or in a name or value of a figure.
    #[track_caller]
    fn tells_nothing_of(&self, needles: &[&str]) {
        let (log, figures) = (self.log.text(), self.metrics.encode());
        assert!(log.contains("/v1/listings"), "nothing was logged: {log}");
        assert!(figures.contains("route=\"/v1/listings\""), "{figures}");
        for needle in needles {
            let line = log.lines().find(|line| line.contains(needle));
            assert_eq!(line, None, "the log tells of {needle}");
            let line = figures.lines().find(|line| line.contains(needle));
            assert_eq!(line, None, "the figures tell of {needle}");
        }
    }

    /// Fails if a needle stands in the database, in what is on its way into it, or beside it. `stored` is
    /// what does.
    #[track_caller]
    fn keeps_nothing_of(&self, needles: &[&str], stored: &str) {
        let files: BTreeMap<String, String> = self.kept.bytes().into_iter().map(text).collect();
        assert!(files.keys().any(|name| name.ends_with("-wal")), "{:?}", files.keys());
        assert!(files.values().any(|bytes| bytes.contains(stored)), "{stored} was not stored");
        for (name, bytes) in &files {
            for needle in needles {
                assert!(!bytes.contains(needle), "{name} holds {needle}");
            }
        }
    }
}

/// What texts of ASCII can be looked for in.
fn text((name, bytes): (String, Vec<u8>)) -> (String, String) {
    (name, bytes.into_iter().map(char::from).collect())
}

#[tokio::test]
async fn no_refusal_repeats_what_was_sent() {
    let watched = Watched::start().await;
    let town = &watched.town;
    let (publisher, listing) = town.published().await;
    let document = serde_json::to_value(fleetprompt_http::openapi()).unwrap();
    let (mut asked, mut codes) = (0, BTreeSet::new());
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let schema = every_field(&document, &item[method]);
            let method: http::Method = method.to_uppercase().parse().unwrap();
            // A name that is none is refused before anything else is read.
            let named = fill(path, |name| well_formed(name, &publisher, &listing));
            let calls = [fill(path, |_| NAME.to_owned()), named]
                .into_iter()
                .flat_map(|path| calls(town, &method, &path, &schema));
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
    watched.tells_nothing_of(&[CANARY]);
    let secret = [BEARER, BASIC, KEY, ODD_KEY, TAG, QUERY, KIND, NAME];
    watched.keeps_nothing_of(&secret, "Reads invoices and files them");
}

/// A search shows what was typed to whoever typed it. Nothing else of a request stands anywhere.
#[tokio::test]
async fn pages_leave_nothing_of_what_was_sent() {
    let watched = Watched::start().await;
    let town = &watched.town;
    town.published().await;
    for (path, status) in [
        ("/".to_owned(), 200),
        (format!("/search?{QUERY}={QUERY}"), 200),
        (format!("/search?kind={KIND}&cursor={NAME}"), 400),
        (format!("/search?q={QUERY}"), 200),
        (format!("/acme?cursor={QUERY}"), 422),
        (format!("/acme/invoice-reader?{QUERY}"), 200),
        (format!("/acme/invoice-reader/releases/{NAME}"), 404),
        (format!("/{NAME}/{NAME}"), 404),
        (format!("/assets/{NAME}"), 404),
    ] {
        let got = town.get(&path).header("if-none-match", TAG).send().await.expect(status);
        let shows = path.starts_with("/search?q") || path.starts_with("/search?kind");
        assert!(shows || !got.text().contains(CANARY), "{path}: {}", got.text());
        let refused = town.get(&path).header("authorization", &format!("Bearer {BEARER}"));
        let refused = refused.send().await.expect(401);
        assert!(!refused.text().contains(CANARY), "{path}: {}", refused.text());
    }
    watched.tells_nothing_of(&[CANARY]);
    let secret = [BEARER, TAG, QUERY, KIND, NAME];
    watched.keeps_nothing_of(&secret, "Reads invoices and files them");
}

/// A canary in each place of a request but its path.
fn calls(town: &Town, method: &http::Method, path: &str, every_field: &str) -> Vec<Call> {
    let call = || town.call(method.clone(), path);
    let kind = format!("text/{KIND}");
    let bodies = [
        json!({TEXT: TEXT}).to_string(),
        json!([TEXT]).to_string(),
        format!("{{\"text\": \"{TEXT}"),
        every_field.to_owned(),
    ];
    let mut calls = vec![
        call().header("authorization", &format!("Bearer {BEARER}")),
        call().header("authorization", &format!("Basic {BASIC}")),
        call().by(ADA).key(ODD_KEY),
        call().by(ADA).header("if-match", TAG),
        call().by(ADA).header("if-match", &format!("\"{TAG}\"")),
        town.call(method.clone(), &format!("{path}?{QUERY}={QUERY}")).by(ADA),
        call().by(ADA).raw(&kind, TEXT.into()),
        call().by(ADA).header("if-match", "\"1-0\"").raw(&kind, TEXT.into()),
    ];
    calls.extend(bodies.map(|body| {
        let call = call().by(ADA).key(KEY).header("if-match", "\"1-0\"");
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
            _ => json!(TEXT),
        };
    }
    if let Some(fields) = schema["properties"].as_object() {
        let fields = fields.iter();
        return fields
            .map(|(name, field)| (name.clone(), sample(document, field, depth)))
            .collect();
    }
    json!(TEXT)
}

#[tokio::test]
async fn secrets_that_are_handed_out_stand_in_no_log_no_event_and_no_store() {
    let watched = Watched::start().await;
    let town = &watched.town;
    let (publisher, listing) = town.published().await;
    let (attempt, token) = town.token(&listing).await;
    let call = town.post("/v1/publishers/acme/invitations").by(ADA);
    let code = call.json(json!({"role": "viewer"})).send().await.expect(201).at("/code");
    let redeem = town.post("/v1/install-tokens/redeem").by(WHS).json(presented(&token));
    redeem.send().await.expect(200);
    let accept = town.post("/v1/invitations/accept").by(BOB).json(json!({"code": code}));
    accept.send().await.expect(200);
    let begin = json!({"listing": listing, "method": "token", "context": "workspace-43"});
    let open = town.post("/v1/installs").by(BOB).json(begin).send().await.expect(201);
    let open = open.at("/handovers/0/token");
    let mut said = content("Invoice reader");
    let secret = format!("ghp_{}", "k3Jd8Sx0Qm2Lz7Vb5Nc9Xr1Tw4Yp6Hf8Ga2E");
    said["summary"] = json!(format!("Sign in with {secret}."));
    let new = json!({
        "publisher": publisher, "slug": "another-one",
        "asset": {"kind": "whs_agent", "whsAgentId": "agt_other"}, "content": said,
    });
    let refused = town.post("/v1/listings").by(ADA).json(new).send().await;
    let refused = refused.refused(422, "invalid_input");

    let events = town.get("/v1/audit-log?limit=200").by(OPERATOR).send().await.expect(200);
    let installs = town.get(&format!("/v1/installs/{attempt}")).by(BOB).send().await.expect(200);
    let changes = town.get("/v1/changes").send().await.expect(200);
    let mut secrets = vec![token.as_str(), &open, &code, &secret];
    for secret in &secrets {
        for text in [&events, &installs, &changes, &refused].map(Got::text) {
            assert!(!text.contains(secret), "{text}");
        }
    }

    // Claims and codes of a token, those that know who asks, keys of writes, and the master key as it is,
    // in base64 and in hexadecimal digits.
    secrets.extend([&token, &open].iter().flat_map(|token| token.split('.').skip(2)));
    secrets.extend([ADA, BOB, WHS, OPERATOR, "key-of-a-test-"]);
    let master = ["\u{7}".repeat(16), "BwcH".repeat(8), "07".repeat(16)];
    secrets.extend(master.iter().map(String::as_str));
    watched.tells_nothing_of(&secrets);
    watched.keeps_nothing_of(&secrets, "workspace-43");
}
