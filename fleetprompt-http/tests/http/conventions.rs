//! What holds for every route.

use serde_json::json;

use crate::support::{ADA, BOB, Town, content};

#[tokio::test]
async fn a_write_is_done_once_and_answered_the_same() {
    let town = Town::in_memory().await;
    let new = json!({"handle": "acme", "profile": {"name": "Acme"}});
    let call = || town.post("/v1/publishers").by(ADA).json(new.clone());
    let missing = call().send_as_it_is().await.refused(400, "idempotency_key_missing");
    assert_eq!(missing.at("/errors/0/pointer"), "Idempotency-Key");

    let first = call().key("create-acme-0001").send().await.expect(201);
    let again = call().key("create-acme-0001").send().await.expect(201);
    assert_eq!(first.bytes, again.bytes);
    let quoted = call().key("\"create-acme-0001\"").send().await.expect(201);
    assert_eq!(first.bytes, quoted.bytes, "a structured field's string is the same key");

    let other = json!({"handle": "other", "profile": {"name": "Other"}});
    let reused = town.post("/v1/publishers").by(ADA).key("create-acme-0001").json(other);
    reused.send().await.refused(422, "idempotency_key_reused");
    // Somebody else's key is another key.
    let theirs = json!({"handle": "bobs", "profile": {"name": "Bobs"}});
    let call = town.post("/v1/publishers").by(BOB).key("create-acme-0001").json(theirs);
    call.send().await.expect(201);
    call_with_bad_keys(&town).await;
}

async fn call_with_bad_keys(town: &Town) {
    let long = "k".repeat(256);
    for key in ["brief", "with a space in it", long.as_str()] {
        let call = town.post("/v1/publishers").by(ADA).key(key).json(json!({}));
        let refused = call.send().await.refused(400, "invalid_parameter");
        assert!(!refused.text().contains(key), "the key is not repeated");
    }
}

#[tokio::test]
async fn an_edit_starts_from_what_was_read() {
    let town = Town::in_memory().await;
    let publisher = town.acme().await;
    let listing = town.draft(&publisher, "invoice-reader", "agt_7f3c").await;
    let path = format!("/v1/listings/{listing}");
    let read = town.get(&path).by(ADA).send().await.expect(200);
    let patch = |title: &str| json!({"content": {"title": title, "license": null}});

    let call = || town.patch(&path).by(ADA).json(patch("Receipt reader"));
    call().send().await.refused(428, "precondition_required");
    call().header("if-match", "*").send().await.refused(400, "invalid_parameter");
    call().header("if-match", "W/\"1-0\"").send().await.refused(400, "invalid_parameter");
    call().header("if-match", "\"999-0\"").send().await.refused(412, "revision_mismatch");
    call().header("if-match", "\"nonsense\"").send().await.refused(412, "revision_mismatch");

    let edit = || call().key("edit-of-the-test-1").header("if-match", read.header("etag"));
    let done = edit().send().await.expect(200);
    let after = town.get(&path).by(ADA).send().await.expect(200);
    assert_eq!(after.at("/content/title"), "Receipt reader");
    assert_eq!(after.json()["content"].get("license"), None, "null removes");
    assert_eq!(after.at("/content/category"), "finance", "what is absent stays");
    assert_eq!(done.at("/revision"), after.at("/revision"));

    let stale = town.patch(&path).by(ADA).header("if-match", read.header("etag"));
    stale.json(patch("Other")).send().await.refused(412, "revision_mismatch");
    // The tag of the write is good for the next, and a repeat is still answered the same.
    let next = town.patch(&path).by(ADA).header("if-match", done.header("etag"));
    next.json(patch("Bill reader")).send().await.expect(200);
    assert_eq!(edit().send().await.expect(200).bytes, done.bytes);
    let now = town.get(&path).by(ADA).send().await.expect(200);
    assert_eq!(now.at("/content/title"), "Bill reader", "the repeat did nothing");

    let removed = json!({"content": {"title": null}});
    let call = town.patch(&path).by(ADA).header("if-match", now.header("etag"));
    let refused = call.json(removed).send().await.refused(422, "invalid_input");
    assert_eq!(refused.at("/errors/0/pointer"), "/content/title");
    let merge = town.patch(&path).by(ADA).header("if-match", now.header("etag"));
    let body = json!({"slug": "bill-reader"}).to_string().into_bytes();
    merge.raw("application/merge-patch+json", body).send().await.expect(200);
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let town = Town::in_memory().await;
    let (_, listing) = town.published().await;
    for path in [format!("/v1/listings/{listing}"), "/v1/listings?q=invoice".to_owned()] {
        let read = town.get(&path).send().await.expect(200);
        let tag = read.header("etag").to_owned();
        for sent in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let again = town.get(&path).header("if-none-match", &sent).send().await.expect(304);
            assert!(again.bytes.is_empty());
            assert_eq!(again.header("etag"), tag);
            assert_eq!(again.header("vary"), "Authorization");
        }
        town.get(&path).header("if-none-match", "\"other\"").send().await.expect(200);
    }
    // What shows a publisher's name changes with it.
    let path = format!("/v1/listings/{listing}");
    let before = town.get(&path).send().await.header("etag").to_owned();
    let acme = town.get("/v1/publishers/acme").by(ADA).send().await;
    let call = town.patch("/v1/publishers/acme").by(ADA).header("if-match", acme.header("etag"));
    call.json(json!({"profile": {"name": "Acme Labs"}})).send().await.expect(200);
    let after = town.get(&path).header("if-none-match", &before).send().await.expect(200);
    assert_eq!(after.at("/publisher/name"), "Acme Labs");
}

#[tokio::test]
async fn pages_lead_on_to_the_end() {
    let town = Town::in_memory().await;
    let publisher = town.acme().await;
    let mut made = Vec::new();
    for number in 0..7 {
        made.push(
            town.draft(&publisher, &format!("tool-{number}x"), &format!("agt_{number}")).await,
        );
    }
    let mut path = "/v1/publishers/acme/listings?limit=3".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = town.get(&path).by(ADA).send().await.expect(200);
        let items = page.json()["items"].as_array().unwrap().clone();
        seen.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        let link = page.header("link");
        if link.is_empty() {
            assert_eq!(page.json().get("nextCursor"), None);
            break;
        }
        let next = link.strip_prefix("<https://market.example/shop").unwrap();
        path = next.strip_suffix(">; rel=\"next\"").unwrap().to_owned();
        assert!(path.contains("limit=3") && path.contains(&page.at("/nextCursor")));
    }
    made.reverse();
    assert_eq!(seen, made);
    let foreign = path.replace("/listings?", "/members?");
    town.get(&foreign).by(ADA).send().await.refused(422, "invalid_cursor");
}

#[tokio::test]
async fn a_wrong_parameter_is_named_and_never_repeated() {
    let town = Town::in_memory().await;
    for (query, name, code) in [
        ("kind=CANARY", "kind", "not_one_of"),
        ("limit=0", "limit", "format"),
        ("limit=201", "limit", "format"),
        ("limit=CANARY", "limit", "format"),
        ("sort=CANARY", "sort", "not_one_of"),
        ("updatedSince=CANARY", "updatedSince", "format"),
        ("facets=CANARY", "facets", "not_one_of"),
        ("tags=ok,CANARY%20CANARY", "tags", "characters"),
        ("CANARY=1", "query", "unknown"),
        ("kind=pack&kind=pack", "query", "duplicate"),
    ] {
        let got = town.get(&format!("/v1/listings?{query}")).send().await;
        let got = got.refused(400, "invalid_parameter");
        assert_eq!(got.at("/errors/0/pointer"), name, "{query}: {}", got.text());
        assert_eq!(got.at("/errors/0/code"), code, "{query}: {}", got.text());
        assert!(!got.text().contains("CANARY"), "{}", got.text());
    }
    let foreign = town.get("/v1/listings?cursor=CANARY").send().await;
    assert!(!foreign.refused(422, "invalid_cursor").text().contains("CANARY"));
    // Any text is a query.
    for q in ["%00%01", "%22unclosed", "-", "kind:", "SELECT%20*%20FROM%20x;--", "%F0%9F%98%80"] {
        town.get(&format!("/v1/listings?q={q}")).send().await.expect(200);
    }
}

#[tokio::test]
async fn a_wrong_body_is_named_and_never_repeated() {
    let town = Town::in_memory().await;
    let publisher = town.acme().await;
    let call = || town.post("/v1/listings").by(ADA);
    for (body, status, code) in [
        ("{\"slug\": \"a\", \"slug\": \"CANARY\"}", 400, "duplicate"),
        ("{CANARY", 400, "not_json"),
        ("[]", 422, "wrong_type"),
        ("{\"CANARY\": 1}", 422, "unknown"),
    ] {
        let got = call().raw("application/json", body.as_bytes().to_vec()).send().await;
        let got = got.refused(status, "invalid_input");
        assert_eq!(got.at("/errors/0/pointer"), "", "{body}");
        assert_eq!(got.at("/errors/0/code"), code, "{body}");
        assert!(!got.text().contains("CANARY"), "{}", got.text());
    }
    let mut said = content("Invoice reader");
    said["title"] = json!("CANARY ".repeat(60));
    let new = json!({
        "publisher": publisher, "slug": "invoice-reader",
        "asset": {"kind": "whs_agent", "whsAgentId": "agt_7f3c"}, "content": said,
    });
    let got = call().json(new).send().await.refused(422, "invalid_input");
    assert_eq!(got.at("/errors/0/pointer"), "/content/title");
    assert_eq!(got.at("/errors/0/code"), "too_long");
    assert!(got.at("/errors/0/detail").contains("120 characters"), "{}", got.text());
    assert!(!got.text().contains("CANARY"), "{}", got.text());

    call().raw("text/plain", b"{}".to_vec()).send().await.refused(415, "unsupported_media_type");
    call().raw("application/json; charset=latin1", b"{}".to_vec()).send().await.expect(415);
    let large = format!("\"{}\"", "x".repeat(300 * 1024)).into_bytes();
    call().raw("application/json", large).send().await.refused(413, "body_too_large");
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200)).into_bytes();
    call().raw("application/json", deep).send().await.refused(400, "invalid_input");
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let town = Town::in_memory().await;
    town.get("/nowhere").send().await.refused(404, "not_found");
    town.get("/v1/listings/not-an-id").send().await.refused(404, "not_found");
    town.get("/v1/listings/%FF").send().await.refused(404, "not_found");
    town.post("/v1/suggest").by(ADA).send().await.refused(405, "method_not_allowed");
    let bad = town.get("/v1/listings").header("authorization", "Bearer nonsense").send().await;
    let bad = bad.refused(401, "invalid_credential");
    assert_eq!(bad.header("www-authenticate"), "Bearer");
    assert_eq!(bad.header("cache-control"), "no-store");
}

#[tokio::test]
async fn whoever_asks_gets_an_answer_that_is_theirs_alone() {
    let town = Town::in_memory().await;
    let (_, listing) = town.published().await;
    let got = town.get(&format!("/v1/listings/{listing}")).by(BOB).send().await.expect(200);
    assert_eq!(got.header("cache-control"), "no-store");
    assert_eq!(got.header("vary"), "Authorization");
}

#[tokio::test]
async fn a_name_that_was_left_leads_on() {
    let town = Town::in_memory().await;
    town.published().await;
    let acme = town.get("/v1/publishers/acme").by(ADA).send().await.expect(200);
    let call = town.patch("/v1/publishers/acme").by(ADA).header("if-match", acme.header("etag"));
    call.json(json!({"handle": "acme-robotics"})).send().await.expect(200);
    let old = town.get("/v1/publishers/acme?x=1").send().await.expect(308);
    let place = "https://market.example/shop/v1/publishers/acme-robotics?x=1";
    assert_eq!(old.header("location"), place);
    let old = town.get("/v1/publishers/acme/listings/invoice-reader").send().await.expect(308);
    assert!(old.header("location").ends_with("/publishers/acme-robotics/listings/invoice-reader"));
    let host = town.get("/v1/publishers/acme").header("host", "evil.example").send().await;
    assert!(!host.header("location").contains("evil"), "never from the client's Host");
}
