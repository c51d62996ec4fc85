//! Bounds of requests.

use std::sync::Arc;

use fleetprompt_core::port::Principal;
use fleetprompt_http::identity::{Authenticate, AuthenticateFuture};
use fleetprompt_http::limits::Limits;
use fleetprompt_http::{Api, router};
use http::request::Parts;

use super::harness::{Held, Running, any_market, options, routes};

/// Nobody signs in.
struct Nobody;

impl Authenticate for Nobody {
    fn authenticate<'a>(&'a self, _: &'a Parts) -> AuthenticateFuture<'a> {
        Box::pin(std::future::ready(Ok(Principal::Anonymous)))
    }
}

#[tokio::test]
async fn heads_have_their_bounds() {
    let server = Running::start(options("{}"), routes(&Held::new())).await;
    let long = format!("/fast?q={}", "a".repeat(8 << 10));
    let answer = server.get(&long).await;
    assert_eq!((answer.status, answer.code().as_str()), (414, "uri_too_long"));

    let mut client = server.connect().await;
    let headers: String = (0..65).map(|number| format!("x-{number}: a\r\n")).collect();
    client.send(&format!("GET /fast HTTP/1.1\r\n{headers}\r\n")).await;
    assert_eq!(client.answer().await.status, 431);

    let mut client = server.connect().await;
    let large = "a".repeat(40 << 10);
    client.send(&format!("GET /fast HTTP/1.1\r\nx-a: {large}\r\n\r\n")).await;
    assert_eq!(client.answer().await.status, 431);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_before_it_is_sent() {
    let server = Running::start(options(r#"{"body-bytes": 1000}"#), routes(&Held::new())).await;
    let mut client = server.connect().await;
    client.send("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 1001\r\n\r\n").await;
    let answer = client.next_answer().await;
    assert_eq!((answer.status, answer.code().as_str()), (413, "body_too_large"));
}

#[tokio::test]
async fn a_body_of_unknown_length_is_refused_where_it_passes_the_bound() {
    let server = Running::start(options(r#"{"body-bytes": 1000}"#), routes(&Held::new())).await;
    let mut client = server.connect().await;
    let head = "HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    let chunk = format!("3e9\r\n{}\r\n0\r\n\r\n", "a".repeat(1001));
    client.send(&format!("POST /echo {head}{chunk}")).await;
    assert_eq!(client.answer().await.status, 413);
}

#[tokio::test]
async fn a_body_within_its_bounds_arrives_whole() {
    let server = Running::start(options("{}"), routes(&Held::new())).await;
    for length in [0, 1, 1_000, 200_000] {
        let mut client = server.connect().await;
        let body = "a".repeat(length);
        let head = format!("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: {length}");
        client.send(&format!("{head}\r\nconnection: close\r\n\r\n{body}")).await;
        let answer = client.answer().await;
        assert_eq!((answer.status, answer.body.len()), (200, length));
    }
}

#[tokio::test]
async fn a_body_that_stops_coming_is_given_up() {
    let server = Running::start(options(r#"{"body-pause": "50ms"}"#), routes(&Held::new())).await;
    let mut client = server.connect().await;
    client.send("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nabc").await;
    let answer = client.answer().await;
    assert_eq!((answer.status, answer.code().as_str()), (408, "body_too_slow"));
}

#[tokio::test]
async fn a_body_that_nobody_asks_for_is_not_awaited() {
    let server = Running::start(options("{}"), routes(&Held::new())).await;
    for (line, status) in [("POST /ignore", 200), ("POST /nowhere", 404), ("DELETE /fast", 405)] {
        let mut client = server.connect().await;
        client.send(&format!("{line} HTTP/1.1\r\nhost: a\r\ncontent-length: 6\r\n\r\nabc")).await;
        let answer = client.next_answer().await;
        assert_eq!((answer.status, answer.header("connection")), (status, Some("close")), "{line}");
        client.send("def").await;
        assert_eq!(client.rest().await, b"", "{line}");
    }
}

#[tokio::test]
async fn who_has_not_signed_in_is_refused_without_the_body() {
    let origin = "https://market.example".parse().unwrap();
    let api = Api::new(any_market().await, Arc::new(Nobody), origin);
    let server = Running::start(options("{}"), router(api)).await;
    let listing = "/v1/listings/0191d2a0-0000-7000-8000-000000000000";
    for line in [
        "POST /v1/publishers",
        "POST /v1/install-tokens/introspect",
        &format!("PATCH {listing}"),
        &format!("PUT {listing}/media/icon"),
    ] {
        let mut client = server.connect().await;
        let head = "host: a\r\ncontent-type: application/json\r\ncontent-length: 200000\r\n\r\n";
        client.send(&format!("{line} HTTP/1.1\r\n{head}")).await;
        assert_eq!(client.next_answer().await.status, 401, "{line}");
    }
}

#[tokio::test]
async fn a_body_that_nobody_asked_for_and_is_there_ends_no_connection() {
    let server = Running::start(options("{}"), routes(&Held::new())).await;
    let mut client = server.connect().await;
    for _ in 0..2 {
        client.send("POST /ignore HTTP/1.1\r\nhost: a\r\ncontent-length: 6\r\n\r\nabcdef").await;
        let answer = client.next_answer().await;
        assert_eq!((answer.status, answer.header("connection")), (200, None));
    }
}

#[tokio::test]
async fn beyond_the_bound_requests_are_refused_at_once() {
    let held = Held::new();
    let server = Running::start(options(r#"{"requests": 1}"#), routes(&held)).await;
    let mut first = server.connect().await;
    first.send("GET /held HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    held.entered(1).await;
    let refused = server.get("/fast").await;
    assert_eq!((refused.status, refused.code().as_str()), (503, "overloaded"));
    assert_eq!(refused.header("retry-after"), Some("1"));
    let id = refused.header("x-request-id").unwrap();
    assert!(refused.body.contains(id), "the problem names its request");
    server.figure(r#"fleetprompt_http_shed_total{reason="requests"} 1"#).await;
    held.let_go(1);
    assert_eq!(first.answer().await.body, "held");
    assert_eq!(server.get("/fast").await.status, 200);
}

#[tokio::test]
async fn a_body_that_nobody_asks_for_keeps_no_place() {
    let server = Running::start(options(r#"{"requests": 1}"#), routes(&Held::new())).await;
    let mut slow = Vec::new();
    for line in ["POST /nowhere", "GET /fast", "DELETE /fast", "POST /ignore"] {
        let mut client = server.connect().await;
        client.send(&format!("{line} HTTP/1.1\r\nhost: a\r\ncontent-length: 6\r\n\r\nabc")).await;
        assert_ne!(client.next_answer().await.status, 503, "{line}");
        slow.push(client);
    }
    assert_eq!(server.get("/fast").await.status, 200);
}

#[tokio::test]
async fn one_address_has_only_so_many_requests() {
    let bounds = options(r#"{"requests-per-address": 1}"#);
    let limits = r#"{"client-address": {"trusted-hops": 1}, "exempt": ["192.0.2.0/24"]}"#;
    let held = Held::new();
    let limits = Limits::new(serde_json::from_str(limits).unwrap());
    let server = Running::with(bounds, routes(&held), |server| server.limits(limits)).await;
    let ask = async |path: &str, client: &str| {
        let mut connection = server.connect().await;
        let head = format!("host: a\r\nx-forwarded-for: {client}\r\nconnection: close\r\n\r\n");
        connection.send(&format!("GET {path} HTTP/1.1\r\n{head}")).await;
        connection
    };
    let mut first = ask("/held", "2001:db8::1").await;
    held.entered(1).await;
    let refused = ask("/fast", "2001:db8::2").await.answer().await;
    assert_eq!((refused.status, refused.code().as_str()), (429, "rate_limited"));
    assert_eq!(refused.header("retry-after"), Some("1"));
    let figure = r#"{budget="requests-per-address",operation="meta"} 1"#;
    server.figure(&format!("fleetprompt_http_limited_total{figure}")).await;
    assert_eq!(ask("/fast", "203.0.113.5").await.answer().await.status, 200, "others have theirs");
    let mut exempt = [ask("/held", "192.0.2.1").await, ask("/held", "192.0.2.1").await];
    held.entered(2).await;
    held.let_go(3);
    for held in exempt.iter_mut().chain([&mut first]) {
        assert_eq!(held.answer().await.body, "held");
    }
    assert_eq!(ask("/fast", "2001:db8::2").await.answer().await.status, 200);
}

#[tokio::test]
async fn a_turn_that_does_not_come_is_refused() {
    let held = Held::new();
    let bounds = options(r#"{"running": 1, "queue-time": "20ms"}"#);
    let server = Running::start(bounds, routes(&held)).await;
    let mut first = server.connect().await;
    first.send("GET /held HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    held.entered(1).await;
    let refused = server.get("/fast").await;
    assert_eq!((refused.status, refused.code().as_str()), (503, "overloaded"));
    held.let_go(1);
    assert_eq!(first.answer().await.body, "held");
}

#[tokio::test]
async fn a_slow_body_takes_no_turn_however_much_of_it_has_come() {
    let bounds = options(r#"{"running": 1, "queue-time": "20ms"}"#);
    let server = Running::start(bounds, routes(&Held::new())).await;
    for come in [3, 66_000, 250_000] {
        let mut slow = server.connect().await;
        let (body, length) = ("a".repeat(come), come + 3);
        let head = format!("host: a\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
        slow.send(&format!("POST /echo HTTP/1.1\r\n{head}{body}")).await;
        server.figure("fleetprompt_http_requests_in_flight 1").await;
        for _ in 0..20 {
            assert_eq!(server.get("/fast").await.status, 200, "{come}");
        }
        slow.send("def").await;
        let answer = slow.answer().await;
        assert_eq!((answer.status, answer.body), (200, body + "def"));
    }
}

#[tokio::test]
async fn a_turn_that_does_not_come_again_is_refused() {
    let held = Held::new();
    let bounds = options(r#"{"running": 1, "queue-time": "20ms"}"#);
    let server = Running::start(bounds, routes(&held)).await;
    let mut slow = server.connect().await;
    let head = "host: a\r\ncontent-length: 6\r\nconnection: close\r\n\r\n";
    slow.send(&format!("POST /echo HTTP/1.1\r\n{head}abc")).await;
    server.figure("fleetprompt_http_requests_in_flight 1").await;
    let mut first = server.connect().await;
    first.send("GET /held HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    held.entered(1).await;
    slow.send("def").await;
    let refused = slow.answer().await;
    assert_eq!((refused.status, refused.code().as_str()), (503, "overloaded"));
    held.let_go(1);
    assert_eq!(first.answer().await.body, "held");
}

#[tokio::test]
async fn slow_uploads_hold_the_places_of_uploads_alone() {
    let bounds = options(r#"{"running": 1, "uploads": 1, "queue-time": "20ms"}"#);
    let server = Running::start(bounds, routes(&Held::new())).await;
    let body = "a".repeat(70_000);
    let head = "host: a\r\ncontent-length: 70003\r\nconnection: close\r\n\r\n";
    let upload = format!("PUT /v1/media/icon HTTP/1.1\r\n{head}{body}");
    let mut slow = server.connect().await;
    slow.send(&upload).await;
    server.figure("fleetprompt_http_requests_in_flight 1").await;
    // Either may be the one that asks for its body first.
    let mut second = server.connect().await;
    second.send(&upload).await;
    server.figure(r#"fleetprompt_http_shed_total{reason="uploads"} 1"#).await;
    let mut echo = server.connect().await;
    echo.send(
        "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\nconnection: close\r\n\r\nabc",
    )
    .await;
    assert_eq!(echo.answer().await.body, "abc");
    assert_eq!(server.get("/fast").await.status, 200);
    slow.send("def").await;
    second.send("def").await;
    let mut statuses = [slow.answer().await.status, second.answer().await.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 503]);
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up() {
    let server = Running::start(options(r#"{"request-time": "50ms"}"#), routes(&Held::new())).await;
    let answer = server.get("/never").await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "request_timed_out"));
    assert!(answer.header("retry-after").is_some());
}

#[tokio::test]
async fn a_panic_is_an_answer_without_its_cause() {
    let server = Running::start(options("{}"), routes(&Held::new())).await;
    let answer = server.get("/fall").await;
    assert_eq!((answer.status, answer.code().as_str()), (500, "internal"));
    assert!(!format!("{answer:?}").contains("canary"));
    assert_eq!(server.get("/fast").await.status, 200);
    server.figure("fleetprompt_http_panics_total 1").await;
}
