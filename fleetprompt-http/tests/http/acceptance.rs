//! The acceptance criteria of the specification (section 7), one story each, over HTTP.

use serde_json::{Value, json};

use crate::stores::on_each_store;
use crate::support::{ADA, BOB, OPERATOR, Town, WHS, content, presented};

on_each_store! {
    a_publisher_and_a_listing_are_created
    a_release_is_published
    a_visitor_browses_and_searches
    a_buyer_is_handed_over_by_a_deep_link
    a_buyer_is_handed_over_by_a_token
    what_is_hostile_stays_out
    tenants_are_kept_apart
    nothing_upstream_is_copied
}

/// Criterion 1.
async fn a_publisher_and_a_listing_are_created(town: &Town) {
    let publisher = town.acme().await;
    let listing = town.draft(&publisher, "invoice-reader", "agt_7f3c").await;
    let got = town.get(&format!("/v1/listings/{listing}")).by(ADA).send().await.expect(200);
    assert_eq!(got.at("/state"), "draft");
    assert_eq!(got.at("/asset/whsAgentId"), "agt_7f3c");
    assert_eq!(got.at("/publisher/handle"), "acme");
    let mine = town.get("/v1/publishers").by(ADA).send().await.expect(200);
    assert_eq!(mine.at("/items/0/role"), "owner");
    // A draft is nobody else's to see.
    town.get(&format!("/v1/listings/{listing}")).send().await.refused(404, "listing_not_found");
    town.post("/v1/publishers")
        .by(BOB)
        .json(json!({"handle": "acme", "profile": {"name": "Other"}}))
        .send()
        .await
        .refused(409, "handle_taken");
}

/// Criterion 2.
async fn a_release_is_published(town: &Town) {
    let (_, listing) = town.published().await;
    let releases = format!("/v1/listings/{listing}/releases");
    for version in ["1.10.0", "1.9.0", "2.0.0-beta.1"] {
        let artifact = json!({
            "uri": "https://acme.example/invoice-reader.tgz",
            "digest": format!("sha256:{}", "ab".repeat(32)),
            "size": 1024, "mediaType": "application/gzip",
        });
        let content = json!({"notes": "Reads *more*.", "artifacts": [artifact]});
        let new = json!({"version": version, "content": content});
        let got = town.post(&releases).by(ADA).json(new).send().await.expect(201);
        let place = format!("https://market.example/shop{releases}/{version}");
        assert_eq!(got.header("location"), place);
    }
    let latest = town.get(&format!("{releases}/latest")).send().await.expect(200);
    assert_eq!(latest.at("/version"), "1.10.0", "the highest stable one, whatever came last");
    assert!(latest.at("/notesHtml").contains("<em>more</em>"));
    let again = json!({"version": "1.9.0+build.7"});
    town.post(&releases).by(ADA).json(again).send().await.refused(409, "release_exists");

    let yank = format!("{releases}/1.10.0/yank");
    town.post(&yank).by(ADA).json(json!({"reason": "Reads too much."})).send().await.expect(200);
    let latest = town.get(&format!("{releases}/latest")).send().await.expect(200);
    assert_eq!(latest.at("/version"), "1.9.0");
    let all = town.get(&format!("{releases}?limit=2")).send().await.expect(200);
    assert_eq!(all.at("/items/0/version"), "2.0.0-beta.1");
    assert!(all.header("link").starts_with("<https://market.example/shop/v1/listings/"));
}

/// Criterion 3.
async fn a_visitor_browses_and_searches(town: &Town) {
    let (publisher, listing) = town.published().await;
    town.draft(&publisher, "secret-plan", "agt_hidden").await;
    for (path, found) in [
        ("/v1/listings", 1),
        ("/v1/listings?q=invoice", 1),
        ("/v1/listings?q=invoise", 1),
        ("/v1/listings?q=zeppelin", 0),
        ("/v1/listings?kind=whs_agent&tags=ocr,invoices&priceClass=free", 1),
        ("/v1/listings?kind=pack", 0),
        ("/v1/listings?publisher=acme&sort=newest", 1),
        ("/v1/publishers/acme/listings", 1),
    ] {
        let got = town.get(path).send().await.expect(200);
        assert_eq!(got.json()["items"].as_array().unwrap().len(), found, "{path}");
        assert_eq!(got.header("cache-control"), "public, no-cache", "{path}");
        assert_eq!(got.header("vary"), "Authorization", "{path}");
    }
    let facets = town.get("/v1/listings?q=invoice&facets=true").send().await.expect(200);
    assert_eq!(facets.at("/counts/matches"), "1");
    let suggested = town.get("/v1/suggest?q=invo").send().await.expect(200);
    assert_eq!(suggested.at("/listings/0/id"), listing);
    let by_name = town.get("/v1/publishers/acme/listings/invoice-reader").send().await.expect(200);
    assert_eq!(by_name.at("/id"), listing);
    assert!(by_name.at("/descriptionHtml").contains("<strong>invoices</strong>"));
    let changes = town.get("/v1/changes").send().await.expect(200);
    assert!(!changes.text().contains("agt_hidden") && changes.text().contains(&listing));
}

/// Criterion 4, the first way.
async fn a_buyer_is_handed_over_by_a_deep_link(town: &Town) {
    let (_, listing) = town.published().await;
    let begin = json!({"listing": listing, "method": "deep_link"});
    town.post("/v1/installs").json(begin.clone()).send().await.refused(401, "unauthenticated");
    town.post(&format!("/v1/listings/{listing}/claim")).by(BOB).send().await.expect(201);
    let got = town.post("/v1/installs").by(BOB).json(begin).send().await.expect(201);
    let link = got.at("/handovers/0/link");
    let attempt = got.at("/handovers/0/id");
    assert_eq!(link, format!("https://whs.example/install/agt_7f3c?attempt={attempt}"));
    assert_eq!(got.json()["handovers"][0].get("token"), None);
    let own = town.get("/v1/installs").by(BOB).send().await.expect(200);
    assert_eq!(own.at("/items/0/status"), "issued", "never: installed");
}

/// Criterion 4, the second way.
async fn a_buyer_is_handed_over_by_a_token(town: &Town) {
    let (_, listing) = town.published().await;
    let (attempt, token) = town.token(&listing).await;
    let redeem = "/v1/install-tokens/redeem";
    let peek = || town.post("/v1/install-tokens/introspect").by(WHS).json(presented(&token));
    assert_eq!(peek().send().await.expect(200).at("/active"), "true");

    let wrong =
        json!({"token": token, "expectedSubject": "user_eve", "expectedTenant": "org_buyers"});
    town.post(redeem).by(WHS).json(wrong).send().await.refused(403, "subject_mismatch");
    let other = town.post(redeem).by("system:agentromatic").json(presented(&token)).send().await;
    other.refused(422, "invalid_token");

    let key = town.fresh_key();
    let first =
        town.post(redeem).by(WHS).key(&key).json(presented(&token)).send().await.expect(200);
    assert_eq!(first.at("/authorization"), "none");
    assert_eq!(first.at("/attempt"), attempt);
    assert_eq!(first.header("cache-control"), "no-store");
    let again =
        town.post(redeem).by(WHS).key(&key).json(presented(&token)).send().await.expect(200);
    assert_eq!(again.bytes, first.bytes, "a lost answer, byte for byte");
    town.post(redeem).by(WHS).json(presented(&token)).send().await.refused(409, "token_redeemed");
    assert_eq!(peek().send().await.expect(200).json(), json!({"active": false}));

    let expected = json!({"expectedSubject": "user_bob", "expectedTenant": "org_buyers"});
    let path = format!("/v1/installs/{attempt}/manifest");
    let kept = town.post(&path).by(WHS).json(expected).send().await.expect(200);
    assert_eq!(kept.bytes, first.bytes);
    let lookup = json!({
        "listing": listing, "expectedSubject": "user_bob", "expectedTenant": "org_buyers",
    });
    let owned = town.post("/v1/entitlements/lookup").by(WHS).json(lookup).send().await.expect(200);
    assert_eq!(owned.at("/items/0/status"), "active");
}

/// Criterion 5.
async fn what_is_hostile_stays_out(town: &Town) {
    let (_, listing) = town.published().await;
    let path = format!("/v1/listings/{listing}");
    let read = town.get(&path).by(ADA).send().await.expect(200);
    let hostile = "<script>alert(1)</script>[x](javascript:alert(1)) <img src=x onerror=alert(1)>";
    let patch = json!({"content": {"description": hostile}});
    let call = town.patch(&path).by(ADA).header("if-match", read.header("etag"));
    call.json(patch).send().await.expect(200);
    let html = town.get(&path).send().await.expect(200).at("/descriptionHtml");
    for never in ["<script", "<a", "onerror=", "<img"] {
        assert!(!html.contains(never), "{never} in {html}");
    }

    let read = town.get(&path).by(ADA).send().await.expect(200);
    let secret = format!("AKIA{}", "Q4ZJ7XWP2MNT6RSV");
    let patch = json!({"content": {"summary": format!("Use {secret} to begin.")}});
    let call = town.patch(&path).by(ADA).header("if-match", read.header("etag"));
    let refused = call.json(patch).send().await.refused(422, "invalid_input");
    assert!(!refused.text().contains(&secret), "{}", refused.text());
    assert!(refused.at("/errors/0/pointer").contains("summary"));

    let file =
        town.put(&format!("{path}/media/icon")).by(ADA).header("if-match", read.header("etag"));
    let file = file.raw("image/png", b"MZ not an image".to_vec()).send().await;
    assert!(file.status.is_client_error(), "{}", file.text());
}

/// Criterion 6.
async fn tenants_are_kept_apart(town: &Town) {
    let (_, listing) = town.published().await;
    let path = format!("/v1/listings/{listing}");
    let tag = town.get(&path).by(BOB).send().await.expect(200).header("etag").to_owned();
    let patch = json!({"content": {"title": "Mine now"}});
    let edit = || town.patch(&path).by(BOB).header("if-match", &tag).json(patch.clone());
    edit().send().await.refused(404, "listing_not_found");
    let release = json!({"version": "9.9.9"});
    let releases = format!("{path}/releases");
    town.post(&releases).by(BOB).json(release).send().await.refused(404, "listing_not_found");

    let owned = town.post(&format!("{path}/claim")).by(BOB).send().await.expect(201);
    let entitlement = format!("/v1/entitlements/{}", owned.at("/id"));
    town.get(&entitlement).by(BOB).send().await.expect(200);
    for who in [ADA, "person:org_buyers:user_carol", "person::user_bob", "admin:org_acme:user_ada"]
    {
        let got = town.get(&entitlement).by(who).send().await.refused(404, "entitlement_not_found");
        let never = town.get("/v1/entitlements/01940000-0000-7000-8000-000000000001");
        let never = never.by(who).send().await.refused(404, "entitlement_not_found");
        assert_eq!(without_request(&got.json()), without_request(&never.json()), "{who}");
    }
    let theirs = town.get("/v1/entitlements").by(ADA).send().await.expect(200);
    assert_eq!(theirs.json()["items"], json!([]));
    let admin = town.get("/v1/entitlements?of=tenant").by("admin:org_buyers:user_ann");
    assert_eq!(admin.send().await.expect(200).json()["items"].as_array().unwrap().len(), 1);
}

fn without_request(problem: &Value) -> Value {
    let mut problem = problem.clone();
    problem.as_object_mut().unwrap().remove("requestId");
    problem
}

/// Criterion 7: a listing and a release refer, and nothing takes what an owning system records.
async fn nothing_upstream_is_copied(town: &Town) {
    let publisher = town.acme().await;
    for upstream in ["telemetry", "executionLog", "transcript", "secretValue"] {
        let mut said = content("Invoice reader");
        said[upstream] = json!("x");
        let new = json!({
            "publisher": publisher, "slug": "invoice-reader",
            "asset": {"kind": "whs_agent", "whsAgentId": "agt_7f3c"}, "content": said,
        });
        let refused = town.post("/v1/listings").by(ADA).json(new).send().await;
        let refused = refused.refused(422, "invalid_input");
        assert_eq!(refused.at("/errors/0/pointer"), "/content");
        assert_eq!(refused.at("/errors/0/code"), "unknown");
    }
    let log = town.get("/v1/audit-log").by(OPERATOR).send().await.expect(200);
    assert!(!log.text().contains("Acme Robotics"), "events hold references, no content");
}
