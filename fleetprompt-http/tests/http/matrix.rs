//! Every operation by every kind of caller.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{ADA, BOB, Got, OPERATOR, Town, WHS, content, presented};

/// The columns of the table, in order.
const CALLERS: [(&str, Option<&str>); 9] = [
    ("anonymous", None),
    ("another tenant", Some("person:org_other:user_eve")),
    ("viewer", Some("person:org_acme:user_vic")),
    ("maintainer", Some("person:org_acme:user_mia")),
    ("owner", Some(ADA)),
    ("holder", Some(BOB)),
    ("wrong system", Some("system:agentromatic")),
    ("right system", Some(WHS)),
    ("operator", Some(OPERATOR)),
];

/// A publisher of Ada's with a viewer and a maintainer, a listing of it that Bob owns and began to
/// install, and a draft.
struct Scene {
    town: Town,
    publisher: String,
    listing: String,
    draft: String,
    entitlement: String,
    attempt: String,
    token: String,
    viewer: String,
    invitation: String,
    code: String,
    report: String,
}

impl Scene {
    async fn set() -> Self {
        let town = Town::in_memory().await.with_pages();
        let (publisher, listing) = town.published().await;
        let draft = town.draft(&publisher, "secret-plan", "agt_hidden").await;
        let (attempt, token) = town.token(&listing).await;
        let owned = town.get("/v1/entitlements").by(BOB).send().await.expect(200);
        let invite = async |role: &str| {
            let call = town.post("/v1/publishers/acme/invitations").by(ADA);
            call.json(json!({"role": role})).send().await.expect(201)
        };
        let join = async |who: &str, role: &str| {
            let code = invite(role).await.at("/code");
            let call = town.post("/v1/invitations/accept").by(who).json(json!({"code": code}));
            call.send().await.expect(200).at("/person")
        };
        let viewer = join("person:org_acme:user_vic", "viewer").await;
        join("person:org_acme:user_mia", "maintainer").await;
        let open = invite("viewer").await;
        let subject = json!({"kind": "listing", "id": listing});
        let report = json!({"subject": subject, "class": "spam", "text": "Sends too much mail."});
        let call = town.post("/v1/reports").by("person:org_acme:user_vic").json(report);
        let report = call.send().await.expect(201).at("/id");
        Scene {
            publisher,
            listing,
            draft,
            entitlement: owned.at("/items/0/id"),
            attempt,
            token,
            viewer,
            invitation: open.at("/id"),
            code: open.at("/code"),
            report,
            town,
        }
    }

    /// The path with what the scene knows in the places of the names.
    fn path(&self, template: &str) -> String {
        [
            ("{publisher}", &self.publisher),
            ("{listing}", &self.listing),
            ("{draft}", &self.draft),
            ("{entitlement}", &self.entitlement),
            ("{install}", &self.attempt),
            ("{person}", &self.viewer),
            ("{invitation}", &self.invitation),
            ("{report}", &self.report),
        ]
        .iter()
        .fold(template.to_owned(), |path, (name, value)| path.replace(name, value))
    }

    async fn ask(&self, row: &Row, who: Option<&str>) -> Got {
        let method = row.method.parse().unwrap();
        let mut call = self.town.call(method, &self.path(row.path));
        if let Some(who) = who {
            call = call.by(who);
        }
        if let Some(of) = row.edits {
            let reader = if of.contains("entitlement") { BOB } else { ADA };
            let read = self.town.get(&self.path(of)).by(reader).send().await;
            call = call.header("if-match", read.header("etag"));
        }
        let body = (row.body)(self);
        if !body.is_null() {
            call = call.json(body);
        }
        call.send().await
    }
}

struct Row {
    method: &'static str,
    path: &'static str,
    /// What is read first, for an edit.
    edits: Option<&'static str>,
    body: fn(&Scene) -> Value,
    expected: [u16; 9],
}

const fn row(
    method: &'static str,
    path: &'static str,
    body: fn(&Scene) -> Value,
    expected: [u16; 9],
) -> Row {
    Row { method, path, edits: None, body, expected }
}

const fn edit(
    method: &'static str,
    path: &'static str,
    of: &'static str,
    body: fn(&Scene) -> Value,
    expected: [u16; 9],
) -> Row {
    Row { method, path, edits: Some(of), body, expected }
}

fn nothing(_: &Scene) -> Value {
    Value::Null
}

fn because(_: &Scene) -> Value {
    json!({"reason": "The test asks for it."})
}

fn bob(_: &Scene) -> Value {
    json!({"expectedSubject": "user_bob", "expectedTenant": "org_buyers"})
}

const LISTING: &str = "/v1/listings/{listing}";
const ENTITLEMENT: &str = "/v1/entitlements/{entitlement}";

/// anonymous, another tenant, viewer, maintainer, owner, holder, wrong system, right system, operator
#[rustfmt::skip]
const TABLE: &[Row] = &[
    row("GET", "/v1/listings", nothing, [200; 9]),
    row("GET", "/v1/suggest?q=in", nothing, [200; 9]),
    row("GET", "/v1/changes", nothing, [200; 9]),
    row("GET", "/v1/listings/{listing}", nothing, [200; 9]),
    row("GET", "/v1/listings/{draft}", nothing, [404, 404, 200, 200, 200, 404, 404, 404, 200]),
    row("GET", "/v1/listings/{listing}/releases", nothing, [200; 9]),
    row("GET", "/v1/listings/{listing}/releases/1.0.0", nothing, [200; 9]),
    row("GET", "/v1/listings/{listing}/metrics", nothing, [200; 9]),
    row("GET", "/v1/listings/{listing}/media/sha256:0000000000000000000000000000000000000000000000000000000000000000", nothing, [404; 9]),
    row("GET", "/v1/publishers/{publisher}", nothing, [200; 9]),
    row("GET", "/v1/publishers/{publisher}/listings", nothing, [200; 9]),
    row("GET", "/v1/publishers/acme/listings/invoice-reader", nothing, [200; 9]),
    row("GET", "/openapi.json", nothing, [200; 9]),
    row("GET", "/docs", nothing, [200; 9]),

    row("GET", "/", nothing, [200; 9]),
    row("GET", "/search?q=in", nothing, [200; 9]),
    row("GET", "/acme", nothing, [200; 9]),
    row("GET", "/acme/invoice-reader", nothing, [200; 9]),
    row("GET", "/acme/invoice-reader/releases", nothing, [200; 9]),
    row("GET", "/acme/invoice-reader/releases/1.0.0", nothing, [200; 9]),
    row("GET", "/acme/secret-plan", nothing, [404, 404, 200, 200, 200, 404, 404, 404, 200]),
    row("GET", "/acme/secret-plan/releases", nothing, [404, 404, 200, 200, 200, 404, 404, 404, 200]),
    row("GET", "/media/{draft}/0000000000000000000000000000000000000000000000000000000000000000", nothing, [404; 9]),
    row("GET", "/robots.txt", nothing, [200; 9]),

    row("GET", "/v1/publishers", nothing, [401, 200, 200, 200, 200, 200, 200, 200, 200]),
    row("POST", "/v1/publishers", |_| json!({"handle": "another", "profile": {"name": "Another"}}), [401, 201, 201, 201, 201, 201, 403, 403, 201]),
    edit("PATCH", "/v1/publishers/{publisher}", "/v1/publishers/{publisher}", |_| json!({"profile": {"name": "Acme Labs"}}), [401, 404, 403, 403, 200, 404, 404, 404, 403]),
    row("POST", "/v1/publishers/{publisher}/transfer", |s| json!({"to": s.viewer}), [401, 404, 403, 403, 409, 404, 404, 404, 403]),
    row("GET", "/v1/publishers/{publisher}/members", nothing, [401, 404, 200, 200, 200, 404, 404, 404, 200]),
    row("PUT", "/v1/publishers/{publisher}/members/{person}", |_| json!({"role": "maintainer"}), [401, 404, 403, 403, 200, 404, 404, 404, 403]),
    row("DELETE", "/v1/publishers/{publisher}/members/{person}", nothing, [401, 404, 403, 403, 200, 404, 404, 404, 403]),
    row("POST", "/v1/publishers/{publisher}/leave", nothing, [401, 404, 200, 200, 409, 404, 403, 403, 404]),
    row("GET", "/v1/publishers/{publisher}/invitations", nothing, [401, 404, 200, 200, 200, 404, 404, 404, 200]),
    row("POST", "/v1/publishers/{publisher}/invitations", |_| json!({"role": "viewer"}), [401, 404, 403, 403, 201, 404, 404, 404, 403]),
    row("POST", "/v1/invitations/accept", |s| json!({"code": s.code}), [401, 200, 409, 409, 409, 200, 403, 403, 200]),
    row("DELETE", "/v1/invitations/{invitation}", nothing, [401, 404, 403, 403, 200, 404, 404, 404, 403]),

    row("POST", "/v1/listings", |s| json!({"publisher": s.publisher, "slug": "another-one", "asset": {"kind": "whs_agent", "whsAgentId": "agt_other"}, "content": content("Another one")}), [401, 404, 403, 201, 201, 404, 404, 404, 403]),
    edit("PATCH", "/v1/listings/{listing}", LISTING, |_| json!({"content": {"title": "Receipt reader"}}), [401, 404, 403, 200, 200, 404, 404, 404, 403]),
    row("DELETE", "/v1/listings/{draft}", nothing, [401, 404, 403, 403, 200, 404, 404, 404, 403]),
    row("POST", "/v1/listings/{draft}/publish", nothing, [401, 404, 403, 200, 200, 404, 404, 404, 403]),
    row("POST", "/v1/listings/{listing}/unlist", nothing, [401, 404, 403, 200, 200, 404, 404, 404, 403]),
    row("POST", "/v1/listings/{listing}/deprecate", |_| json!({}), [401, 404, 403, 200, 200, 404, 404, 404, 403]),
    row("POST", "/v1/listings/{listing}/transfer", |s| json!({"to": s.publisher}), [401, 404, 403, 403, 409, 404, 404, 404, 403]),
    row("POST", "/v1/listings/{listing}/releases", |_| json!({"version": "1.1.0"}), [401, 404, 403, 201, 201, 404, 404, 404, 403]),
    row("POST", "/v1/listings/{listing}/releases/1.0.0/yank", because, [401, 404, 403, 200, 200, 404, 404, 404, 200]),
    row("POST", "/v1/listings/{listing}/releases/1.0.0/unyank", nothing, [401, 404, 403, 409, 409, 404, 404, 404, 409]),
    edit("PUT", "/v1/listings/{listing}/media/icon", LISTING, |_| json!({}), [401, 404, 403, 422, 422, 404, 404, 404, 403]),
    edit("DELETE", "/v1/listings/{listing}/media/icon", LISTING, nothing, [401, 404, 403, 404, 404, 404, 404, 404, 403]),
    edit("POST", "/v1/listings/{listing}/media/screenshots?alt=A", LISTING, |_| json!({}), [401, 404, 403, 422, 422, 404, 404, 404, 403]),
    edit("PUT", "/v1/listings/{listing}/media/screenshots", LISTING, |_| json!({"screenshots": []}), [401, 404, 403, 200, 200, 404, 404, 404, 403]),

    row("POST", "/v1/listings/{listing}/claim", nothing, [401, 201, 201, 201, 201, 409, 403, 403, 403]),
    row("GET", "/v1/entitlements", nothing, [401, 200, 200, 200, 200, 200, 403, 403, 200]),
    row("GET", "/v1/entitlements/{entitlement}", nothing, [401, 404, 404, 404, 404, 200, 404, 404, 200]),
    row("GET", "/v1/installs", nothing, [401, 200, 200, 200, 200, 200, 403, 403, 200]),
    row("POST", "/v1/installs", |s| json!({"listing": s.listing, "method": "deep_link"}), [401, 404, 404, 404, 404, 201, 403, 403, 403]),
    row("GET", "/v1/installs/{install}", nothing, [401, 404, 404, 404, 404, 200, 404, 404, 200]),
    row("POST", "/v1/installs/{install}/revoke", nothing, [401, 404, 404, 404, 404, 200, 404, 404, 200]),

    row("POST", "/v1/install-tokens/redeem", |s| presented(&s.token), [401, 403, 403, 403, 403, 403, 422, 200, 403]),
    row("POST", "/v1/install-tokens/introspect", |s| presented(&s.token), [401, 403, 403, 403, 403, 403, 200, 200, 403]),
    row("POST", "/v1/installs/{install}/manifest", bob, [401, 403, 403, 403, 403, 403, 404, 409, 403]),
    row("POST", "/v1/entitlements/lookup", |s| json!({"listing": s.listing, "expectedSubject": "user_bob", "expectedTenant": "org_buyers"}), [401, 403, 403, 403, 403, 403, 404, 200, 403]),
    row("GET", "/v1/references", nothing, [401, 403, 403, 403, 403, 403, 200, 200, 403]),
    row("POST", "/v1/references", |s| json!({"publisher": s.publisher, "kind": "whs_agent", "upstreamId": "agt_hidden", "decision": "confirm", "reason": "Known."}), [401, 403, 403, 403, 403, 403, 404, 200, 200]),

    row("POST", "/v1/publishers/{publisher}/badges", |_| json!({"badge": "verified", "evidence": "ticket-1"}), [401, 403, 403, 403, 403, 403, 403, 403, 200]),
    row("DELETE", "/v1/publishers/{publisher}/badges/verified", nothing, [401, 403, 403, 403, 403, 403, 403, 403, 404]),
    row("POST", "/v1/publishers/{publisher}/suspend", because, [401, 403, 403, 403, 403, 403, 403, 403, 200]),
    row("POST", "/v1/publishers/{publisher}/restore", nothing, [401, 403, 403, 403, 403, 403, 403, 403, 409]),
    row("POST", "/v1/listings/{listing}/takedown", |_| json!({"class": "spam", "reason": "The test asks for it."}), [401, 403, 403, 403, 403, 403, 403, 403, 200]),
    row("POST", "/v1/listings/{listing}/restore", nothing, [401, 403, 403, 403, 403, 403, 403, 403, 409]),
    row("POST", "/v1/entitlements", |s| json!({"listing": s.listing, "holder": {"kind": "person", "subject": "user_eve", "tenant": "org_other"}, "reference": "ticket-1", "reason": "Asked for."}), [401, 403, 403, 403, 403, 403, 403, 403, 201]),
    edit("POST", "/v1/entitlements/{entitlement}/activate", ENTITLEMENT, because, [401, 403, 403, 403, 403, 403, 403, 403, 409]),
    edit("POST", "/v1/entitlements/{entitlement}/suspend", ENTITLEMENT, because, [401, 403, 403, 403, 403, 403, 403, 403, 200]),
    edit("POST", "/v1/entitlements/{entitlement}/resume", ENTITLEMENT, because, [401, 403, 403, 403, 403, 403, 403, 403, 409]),
    edit("POST", "/v1/entitlements/{entitlement}/revoke", ENTITLEMENT, because, [401, 403, 403, 403, 403, 403, 403, 403, 200]),
    row("POST", "/v1/reports", |s| json!({"subject": {"kind": "publisher", "id": s.publisher}, "class": "spam", "text": "Sends mail to everybody."}), [401, 201, 201, 201, 201, 201, 403, 403, 403]),
    row("GET", "/v1/reports", nothing, [401, 403, 403, 403, 403, 403, 403, 403, 200]),
    row("POST", "/v1/reports/{report}/resolve", |_| json!({"outcome": "dismissed", "reason": "It does not."}), [401, 403, 403, 403, 403, 403, 403, 403, 200]),
    row("GET", "/v1/held-names", nothing, [401, 403, 403, 403, 403, 403, 403, 403, 200]),
    row("POST", "/v1/held-names/decide", |s| json!({"subject": {"kind": "publisher", "id": s.publisher}, "version": 1, "decision": "allow", "reason": "Known."}), [401, 403, 403, 403, 403, 403, 403, 403, 404]),
    row("GET", "/v1/audit-log", nothing, [401, 403, 403, 403, 403, 403, 403, 403, 200]),
    row("POST", "/v1/subjects/erase", |_| json!({"subject": "user_bob", "tenant": "org_buyers"}), [401, 404, 404, 404, 404, 404, 404, 404, 200]),
    row("POST", "/v1/tenants/delete", |_| json!({"tenant": "org_buyers"}), [401, 404, 404, 404, 404, 404, 404, 404, 200]),
    row("POST", "/v1/keys/k9/revoke", nothing, [401, 403, 403, 403, 403, 403, 403, 403, 409]),
    row("POST", "/v1/fence", because, [401, 403, 403, 403, 403, 403, 403, 403, 200]),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_answers_every_caller_as_it_should() {
    let mut wrong = Vec::new();
    // Neither what reads nor what is refused changes anything.
    let one = Arc::new(Scene::set().await);
    for row in TABLE {
        let mut asked = Vec::new();
        for ((_, who), expected) in CALLERS.into_iter().zip(row.expected) {
            let one = Arc::clone(&one);
            asked.push(tokio::spawn(async move {
                let changes = row.method != "GET" && expected < 400;
                let scene = if changes { Arc::new(Scene::set().await) } else { one };
                scene.ask(row, who).await.status.as_u16()
            }));
        }
        let mut answered = Vec::new();
        for answer in asked {
            answered.push(answer.await.unwrap());
        }
        if answered != row.expected {
            wrong.push(format!("{} {}: {answered:?}", row.method, row.path));
        }
    }
    let callers = CALLERS.map(|(name, _)| name).join(", ");
    assert!(wrong.is_empty(), "\n{callers}\n{}", wrong.join("\n"));
}

/// Whoever has not signed in is told so first, whatever else is wrong: nothing of a path, header or body
/// shows whether the rest would have been right.
#[tokio::test]
async fn what_is_not_for_everybody_asks_who_is_there_before_anything_else() {
    let town = Town::in_memory().await;
    town.published().await;
    let document = serde_json::to_value(fleetprompt_http::openapi()).unwrap();
    let mut wrong = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let security = operation["security"].as_array().into_iter().flatten();
            let closed: Vec<_> = security.collect();
            if closed.is_empty() || closed.contains(&&json!({})) {
                continue;
            }
            let method: http::Method = method.to_uppercase().parse().unwrap();
            let named = |name: &str| {
                let parts =
                    path.split('/').map(|part| if part.starts_with('{') { name } else { part });
                parts.collect::<Vec<_>>().join("/")
            };
            for path in [named("acme"), named("nobody"), named("%00"), named("acme") + "?x=y"] {
                let call = town.call(method.clone(), &path);
                let got = call.raw("text/plain", b"{".to_vec()).send_as_it_is().await;
                if got.status != 401 {
                    wrong.push(format!("{method} {path}: {}", got.status));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_table_holds_every_operation() {
    let document = serde_json::to_value(fleetprompt_http::openapi()).unwrap();
    let table: Vec<_> =
        TABLE.iter().map(|row| (row.method, row.path.split('?').next().unwrap())).collect();
    let mut missing = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let known = table
                .iter()
                .any(|(known, tested)| known.eq_ignore_ascii_case(method) && matches(path, tested));
            if !known {
                missing.insert(format!("{method} {path}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Whether a path of the document is the one that is tested.
fn matches(template: &str, tested: &str) -> bool {
    let (template, tested): (Vec<_>, Vec<_>) =
        (template.split('/').collect(), tested.split('/').collect());
    template.len() == tested.len()
        && template.iter().zip(tested).all(|(named, tested)| {
            named.starts_with('{') && *named != "{publisher}"
                || *named == tested
                || *named == "{publisher}" && (tested == "{publisher}" || tested == "acme")
        })
}
