//! Bounds of requests.

use super::harness::{Held, Running, options, routes};

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
    let answer = client.answer().await;
    assert_eq!((answer.status, answer.code().as_str()), (413, "body_too_large"));
}

#[tokio::test]
async fn a_body_of_unknown_length_is_refused_where_it_passes_the_bound() {
    let server = Running::start(options(r#"{"body-bytes": 1000}"#), routes(&Held::new())).await;
    for path in ["/echo", "/ignore"] {
        let mut client = server.connect().await;
        let head = "HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
        let chunk = format!("3e9\r\n{}\r\n0\r\n\r\n", "a".repeat(1001));
        client.send(&format!("POST {path} {head}{chunk}")).await;
        assert_eq!(client.answer().await.status, 413, "{path}");
    }
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
    for path in ["/echo", "/ignore"] {
        let mut client = server.connect().await;
        let head = "HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n";
        client.send(&format!("POST {path} {head}abc")).await;
        let answer = client.answer().await;
        assert_eq!((answer.status, answer.code().as_str()), (408, "body_too_slow"), "{path}");
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
async fn a_slow_body_takes_no_turn() {
    let bounds = options(r#"{"running": 1, "queue-time": "20ms"}"#);
    let server = Running::start(bounds, routes(&Held::new())).await;
    let mut slow = server.connect().await;
    slow.send(
        "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 6\r\nconnection: close\r\n\r\nabc",
    )
    .await;
    server.figure("fleetprompt_http_requests_in_flight 1").await;
    assert_eq!(server.get("/fast").await.status, 200);
    slow.send("def").await;
    assert_eq!(slow.answer().await.body, "abcdef");
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
