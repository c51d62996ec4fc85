//! How pages are answered: the conventions of the API, in HTML.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use fleetprompt_core::conformance::FaultStore;
use fleetprompt_core::memory::MemoryStore;
use fleetprompt_core::port::StoreError;
use fleetprompt_http::limits::Limits;
use fleetprompt_http::serve::{ServeOptions, Server};
use http::Method;
use serde_json::json;
use tokio::net::TcpListener;

use super::crawl::inside;
use super::dom::elements;
use crate::support::{ADA, BOB, Got, OPERATOR, Town};

/// Paths of each page of a marketplace with one listing.
const PAGES: [&str; 6] = [
    "/",
    "/search?q=invoice",
    "/acme",
    "/acme/invoice-reader",
    "/acme/invoice-reader/releases",
    "/acme/invoice-reader/releases/1.0.0",
];

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

async fn shop() -> Town {
    let town = Town::in_memory().await.with_pages();
    town.published().await;
    town
}

fn heading(got: &Got) -> String {
    let page = elements(&got.text());
    page.iter().find(|it| it.name == "h1").unwrap().text.clone()
}

#[tokio::test]
async fn pages_speak_as_the_api_does() {
    let town = shop().await;
    for path in PAGES {
        let got = town.get(path).send().await.expect(200);
        for (name, value) in [
            ("content-type", "text/html; charset=utf-8"),
            ("cache-control", "public, no-cache"),
            ("vary", "Authorization"),
            ("content-security-policy", POLICY),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
        ] {
            assert_eq!(got.header(name), value, "{path} {name}");
        }
        let has = town.get(path).header("if-none-match", got.header("etag")).send().await;
        assert!(has.expect(304).bytes.is_empty(), "{path}");
        let head = town.call(Method::HEAD, path).send_as_it_is().await.expect(200);
        assert!(head.bytes.is_empty(), "{path}");
        assert_eq!(head.header("etag"), got.header("etag"), "{path}");
        let theirs = town.get(path).by(BOB).send().await.expect(200);
        assert_eq!(theirs.header("cache-control"), "no-store", "{path}");
        let wrong = town.call(Method::POST, path).send_as_it_is().await.expect(405);
        assert_eq!(heading(&wrong), "These pages are for reading", "{path}");
        assert!(wrong.header("allow").contains("GET"), "{path}");
    }
}

#[tokio::test]
async fn what_every_page_loads_is_kept_for_good() {
    let town = shop().await;
    let page = elements(&town.get("/").send().await.expect(200).text());
    let linked = |rel: &str| {
        let link = page.iter().find(|it| it.name == "link" && it.get("rel") == rel).unwrap();
        inside(link.get("href")).unwrap()
    };
    for (rel, kind) in [("stylesheet", "text/css; charset=utf-8"), ("icon", "image/svg+xml")] {
        let path = linked(rel);
        let got = town.get(&path).send().await.expect(200);
        assert_eq!(got.header("content-type"), kind);
        assert_eq!(got.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(got.header("x-content-type-options"), "nosniff");
        town.get(&path.replace('-', "-0")).send().await.expect(404);
    }
    let robots = town.get("/robots.txt").send().await.expect(200).text();
    assert_eq!(robots, "User-agent: *\nDisallow: /shop/search\nDisallow: /shop/v1/\n");
}

#[tokio::test]
async fn what_is_hidden_looks_like_what_is_not_there() {
    let town = shop().await;
    let publisher = town.get("/v1/publishers/acme").send().await.at("/id");
    town.draft(&publisher, "secret-plan", "agt_hidden").await;
    let down = town.draft(&publisher, "old-plan", "agt_down").await;
    town.publish(&down).await;
    let because = json!({"class": "spam", "reason": "The test asks for it."});
    let call = town.post(&format!("/v1/listings/{down}/takedown")).by(OPERATOR).json(because);
    call.send().await.expect(200);
    let dark = town.publisher("umbra", "Umbra").await;
    let call = town.post(&format!("/v1/publishers/{dark}/suspend")).by(OPERATOR);
    call.json(json!({"reason": "The test asks for it."})).send().await.expect(200);
    let told = async |path: &str| {
        let mut got = town.get(path).send().await.expect(404);
        got.headers.remove("x-request-id").unwrap();
        (got.bytes, got.headers)
    };
    let absent = told("/acme/never-was").await;
    for path in [
        "/acme/secret-plan",
        "/acme/old-plan",
        "/acme/secret-plan/releases",
        "/acme/old-plan/releases/1.0.0",
        "/umbra",
        "/never-was",
        "/admin",
        "/acme/invoice-reader/releases/9.9.9",
        "/a b",
        "/%FF",
    ] {
        let path = path.replace(' ', "%20");
        assert_eq!(told(&path).await, absent, "{path}");
    }
    assert_eq!(absent.1.get("cache-control").unwrap(), "no-store");
    let mine = town.get("/acme/secret-plan").by(ADA).send().await.expect(200);
    assert!(mine.text().contains("Only members of the publisher see this page."));
}

#[tokio::test]
async fn what_is_for_programs_keeps_its_problems() {
    let town = shop().await;
    for path in ["/v1", "/v1/nothing", "/v1/acme/invoice-reader", "/v1/listings/x", "/v1/"] {
        town.get(path).send().await.refused(404, "not_found");
    }
    town.post("/v1/suggest").by(ADA).send().await.refused(405, "method_not_allowed");
    town.get("/openapi.json").send().await.expect(200);
    town.get("/docs").send().await.expect(200);
    let without = Town::in_memory().await;
    for path in ["/", "/search", "/acme", "/robots.txt", "/acme/"] {
        without.get(path).send().await.refused(404, "not_found");
    }
}

#[tokio::test]
async fn a_name_that_was_left_leads_on() {
    let town = shop().await;
    let acme = town.get("/v1/publishers/acme").by(ADA).send().await.expect(200);
    let call = town.patch("/v1/publishers/acme").by(ADA).header("if-match", acme.header("etag"));
    call.json(json!({"handle": "acme-robotics"})).send().await.expect(200);
    for (path, place) in [
        ("/acme?cursor=x", "/acme-robotics?cursor=x"),
        ("/acme/invoice-reader", "/acme-robotics/invoice-reader"),
        ("/acme/invoice-reader/releases", "/acme-robotics/invoice-reader/releases"),
        ("/acme/invoice-reader/releases/1.0.0", "/acme-robotics/invoice-reader/releases/1.0.0"),
        ("/acme/invoice-reader/releases/latest", "/acme-robotics/invoice-reader/releases/latest"),
        ("/acme-robotics/", "/acme-robotics"),
        ("//evil.example/", "//evil.example"),
    ] {
        let moved = town.get(path).header("host", "evil.example").send().await.expect(308);
        assert_eq!(
            moved.header("location"),
            format!("https://market.example/shop{place}"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn pages_hold_wherever_the_router_is_mounted() {
    let town = shop().await;
    let nested = town.nested_at("/shop");
    for path in ["/shop", "/shop/search", "/shop/acme", "/shop/acme/invoice-reader"] {
        let got = nested.get(path).header("host", "evil.example").send().await.expect(200);
        assert!(!got.text().contains("evil"), "{path}");
        for link in elements(&got.text()).iter().filter(|it| it.has("href")) {
            let link = link.get("href");
            if link.starts_with("/shop") {
                assert!(nested.get(link).send().await.status.is_success(), "{path}: {link}");
            }
        }
    }
    let slash = nested.get("/shop/acme/").send().await.expect(308);
    assert_eq!(slash.header("location"), "https://market.example/shop/acme");
    assert_eq!(
        heading(&nested.get("/shop/nothing").send().await.expect(404)),
        "There is nothing here"
    );
    nested.get("/shop/v1/nothing").send().await.refused(404, "not_found");
}

#[tokio::test]
async fn kept_pages_are_never_stale() {
    let town = shop().await;
    let kept = town.clone().keeping_answers();
    for path in PAGES {
        let plain = town.get(path).send().await.expect(200);
        for _ in 0..2 {
            let got = kept.get(path).send().await.expect(200);
            assert_eq!(got.bytes, plain.bytes, "{path}");
            for name in ["etag", "cache-control", "content-type", "content-security-policy"] {
                assert_eq!(got.header(name), plain.header(name), "{path} {name}");
            }
        }
    }
    let listing = kept.get("/v1/publishers/acme/listings/invoice-reader").by(ADA).send().await;
    let path = format!("/v1/listings/{}", listing.at("/id"));
    let edit = town.patch(&path).by(ADA).header("if-match", listing.header("etag"));
    edit.json(json!({"content": {"title": "Invoice scanner"}})).send().await.expect(200);
    for path in PAGES {
        let got = kept.get(path).send().await.expect(200).text();
        assert!(got.contains("scanner") || path == "/acme/x", "{path}");
    }
    let down = json!({"class": "spam", "reason": "The test asks for it."});
    town.post(&format!("{path}/takedown")).by(OPERATOR).json(down).send().await.expect(200);
    kept.get("/acme/invoice-reader").send().await.expect(404);
    assert!(!kept.get("/").send().await.expect(200).text().contains("scanner"));
}

#[tokio::test]
async fn what_a_search_can_t_do_is_said_where_it_can_be_mended() {
    let town = shop().await;
    let wrong = town.get("/search?q=invoice&kind=robot&updatedSince=soon").send().await.expect(400);
    let page = elements(&wrong.text());
    let notice = page.iter().find(|it| it.get("role") == "alert").unwrap();
    assert!(
        notice.text.contains("Kind: ") && notice.text.contains("Updated since: "),
        "{notice:?}"
    );
    let back = page.iter().find(|it| it.name == "a" && it.is_within("notice")).unwrap();
    let back = inside(back.get("href")).unwrap();
    assert_eq!(back, "/search?q=invoice");
    town.get(&back).send().await.expect(200);
    for path in [
        "/search?q=invoice&cursor=gone",
        "/acme?cursor=gone",
        "/acme/invoice-reader/releases?cursor=gone",
    ] {
        let expired = town.get(path).send().await.expect(422);
        let page = elements(&expired.text());
        let back = page.iter().find(|it| it.name == "a" && it.is_within("notice")).unwrap();
        assert_eq!(
            inside(back.get("href")).unwrap(),
            path.replace("&cursor=gone", "").replace("?cursor=gone", "")
        );
        assert_eq!(expired.header("cache-control"), "no-store");
    }
    // Whatever says nothing is nothing, and what others hang on is theirs.
    let form = "/search?q=+&kind=&category=&tags=&badge=&system=&updatedSince=&priceClass=&sort=&utm_source=x";
    assert!(town.get(form).send().await.expect(200).text().contains("1 listing<"));
    let misspelt = town.get("/search?q=invoise").send().await.expect(200).text();
    assert!(misspelt.contains("Nothing has “invoise”: showing “invoice"), "{misspelt}");
    let none = town.get("/search?q=zzzzzz").send().await.expect(200).text();
    assert!(none.contains("Nothing found.") && none.contains("0 listings"));
    let marked = elements(&town.get("/search?q=invoice").send().await.text());
    assert!(marked.iter().any(|it| it.name == "mark" && it.text == "Invoice"));
}

/// The same behind a server with these limits, as a client of it.
async fn served(town: Town, limits: &str) -> Town {
    let listener = TcpListener::bind((IpAddr::V4(Ipv4Addr::LOCALHOST), 0)).await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let limits = Limits::new(serde_json::from_str(limits).unwrap());
    let server = Server::new(ServeOptions::default())
        .limits(limits)
        .pages("https://market.example/shop".parse().unwrap());
    tokio::spawn(server.run(listener, town.app.clone(), std::future::pending()));
    town.served_at(address)
}

#[tokio::test]
async fn whoever_asks_too_much_is_told_so_on_a_page() {
    let town = served(shop().await, r#"{"address": {"count": 1, "per": "1h", "burst": 4}}"#).await;
    town.get("/acme/invoice-reader").send().await.expect(200);
    town.get("/").send().await.expect(200);
    for path in ["/", "/acme", "/search?q=x"] {
        let got = town.get(path).send().await.expect(429);
        assert_eq!(heading(&got), "Too many requests", "{path}");
        assert!(got.header("retry-after").parse::<u32>().unwrap() > 1, "{path}");
        assert_eq!(got.header("content-security-policy"), POLICY, "{path}");
        assert!(got.text().contains("href=\"/shop/assets/style-"), "{path}");
    }
    town.get("/v1/listings").send().await.refused(429, "rate_limited");
}

#[tokio::test]
async fn what_fails_inside_shows_its_number_alone() {
    let store = FaultStore::new(Arc::new(MemoryStore::default()));
    let town = Town::on(store.clone()).await.with_pages();
    town.published().await;
    for path in PAGES {
        store.fail_after(0, StoreError::Unavailable("canary-7f3c"));
        let got = town.get(path).send().await.expect(503);
        assert_eq!(heading(&got), "Back in a moment", "{path}");
        assert_eq!(got.header("retry-after"), "1");
        assert!(!got.text().contains("canary"), "{path}");
        store.fail_after(0, StoreError::Corrupt("canary-7f3c"));
        let got = town.get(path).send().await.expect(500);
        assert_eq!(heading(&got), "Something went wrong here", "{path}");
        assert!(got.text().contains(got.header("x-request-id")), "{path}");
        assert!(!got.text().contains("canary"), "{path}");
        store.mend();
    }
}
