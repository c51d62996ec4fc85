//! What an operator sees, and what must not be seen.

use fleetprompt_http::limits::{LimitOptions, Limits};
use fleetprompt_http::observe::{Metrics, Observer};

use super::harness::{Held, Running, options, routes};
use crate::log::Log;

#[tokio::test]
async fn nothing_that_a_caller_sends_is_written_down() {
    for format in ["human", "json"] {
        let written_so = format!(r#"{{"format": "{format}", "level": "trace"}}"#);
        let (log, _guard, _) = Log::configured(&written_so);
        let limits = Limits::new(LimitOptions::default());
        let server =
            Running::with(options(r#"{"body-bytes": 1000}"#), routes(&Held::new()), |server| {
                server.limits(limits)
            })
            .await;
        let head = "host: canary-host\r\nauthorization: Bearer canary-bearer\r\ncookie: a=canary-cookie\r\n\
                    idempotency-key: canary-key-0000000\r\nx-request-id: canary-id\r\ntraceparent: canary-trace\r\n\
                    x-forwarded-for: canary-forwarded\r\nuser-agent: canary-agent\r\nx-canary-name: canary-value\r\n\
                    if-match: \"canary-tag\"\r\nconnection: close\r\n";
        let long = format!("GET /fast?canary={} HTTP/1.1\r\n{head}\r\n", "a".repeat(9_000));
        let large =
            format!("POST /echo HTTP/1.1\r\n{head}content-length: 5000\r\n\r\ncanary-large");
        let requests = [
            format!("GET /fast?q=canary-query HTTP/1.1\r\n{head}\r\n"),
            format!("GET /things/canary-path HTTP/1.1\r\n{head}\r\n"),
            format!("GET /canary-nowhere HTTP/1.1\r\n{head}\r\n"),
            format!("CANARY-METHOD /fast HTTP/1.1\r\n{head}\r\n"),
            format!("POST /echo HTTP/1.1\r\n{head}content-length: 11\r\n\r\ncanary-body"),
            format!("GET /fall HTTP/1.1\r\n{head}\r\n"),
            "GET /fast HTTP/1.1\r\ncanary-not-http\r\n\r\n".to_owned(),
            "canary-not-http-at-all\r\n\r\n".to_owned(),
            long,
            large,
        ];
        for request in &requests {
            let mut client = server.connect().await;
            client.send(request).await;
            client.rest().await;
        }
        let count = requests.len();
        server.figure(&format!("fleetprompt_http_connections_accepted_total {count}")).await;
        server.figure("fleetprompt_http_connections 0").await;
        let written = log.text() + &server.metrics.encode();
        let found: Vec<&str> = written
            .lines()
            .filter(|line| line.to_lowercase().contains("canary") || line.contains("127.0.0.1"))
            .collect();
        assert!(found.is_empty(), "{found:#?}");
        assert!(log.text().contains("/things/{id}"), "and yet there is a log");
    }
}

#[tokio::test]
async fn a_request_has_a_line_with_its_route_and_trace() {
    let (log, _guard, configured) = Log::configured(r#"{"format": "json", "addresses": true}"#);
    let limits = Limits::new(LimitOptions::default());
    let server = Running::with(options("{}"), routes(&Held::new()), |server| {
        server.limits(limits).observer(Observer::new(configured, Metrics::default()))
    })
    .await;
    let mut client = server.connect().await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("traceparent: 00-{trace}-00f067aa0ba902b7-01");
    client
        .send(&format!(
            "GET /things/5 HTTP/1.1\r\nhost: a\r\n{parent}\r\nconnection: close\r\n\r\n"
        ))
        .await;
    let answer = client.answer().await;
    let text = log.text();
    let line = text.lines().find(|line| line.contains("/things/{id}")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["route"], "/things/{id}");
    assert_eq!((&line["method"], &line["status"]), (&"GET".into(), &200.into()));
    assert_eq!(line["address"], "127.0.0.1", "since it was asked for");
    assert_eq!(line["span"]["traceId"], trace);
    assert_eq!(line["span"]["requestId"], answer.header("x-request-id").unwrap());
    assert!(line["durationMs"].as_f64().unwrap() >= 0.0);
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_its_line() {
    let (log, _guard, _) = Log::configured("{}");
    let held = Held::new();
    let server = Running::start(options("{}"), routes(&held)).await;
    let mut client = server.connect().await;
    client.send("GET /held HTTP/1.1\r\nhost: a\r\n\r\n").await;
    held.entered(1).await;
    drop(client);
    server
        .figure(r#"fleetprompt_http_requests_total{route="/held",method="GET",status="aborted"} 1"#)
        .await;
    assert!(log.text().contains("/held"));
    server.figure("fleetprompt_http_requests_in_flight 0").await;
}

#[tokio::test]
async fn labels_are_bounded_whatever_is_asked_for() {
    let server = Running::start(options("{}"), routes(&Held::new())).await;
    let mut sizes = Vec::new();
    for round in 0..3 {
        for number in 0..50 {
            let mut client = server.connect().await;
            let path = format!("/{round}/{number}");
            let end = "HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
            client.send(&format!("M{round}X{number} {path} {end}")).await;
            client.rest().await;
            server.get(&format!("/things/{round}-{number}?q={number}")).await;
        }
        sizes.push(server.metrics.encode().lines().count());
    }
    assert_eq!(sizes[0], sizes[1]);
    assert_eq!(sizes[1], sizes[2]);
    let text = server.metrics.encode();
    assert!(text.contains(
        r#"fleetprompt_http_requests_total{route="unmatched",method="other",status="4xx"} 150"#
    ));
    assert!(text.contains(
        r#"fleetprompt_http_requests_total{route="/things/{id}",method="GET",status="2xx"} 150"#
    ));
}

#[tokio::test]
async fn figures_are_served_at_their_own_address() {
    let server = Running::start(options("{}"), routes(&Held::new())).await;
    server.get("/fast").await;
    assert_eq!(server.get("/metrics").await.status, 404);
    let figures = Running::start(options("{}"), server.metrics.router()).await;
    let answer = figures.get("/metrics").await;
    assert!(answer.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    assert!(answer.body.contains(r#"route="/fast",method="GET",status="2xx"} 1"#));
    assert!(answer.body.trim_end().ends_with("# EOF"));
}
