//! What reaches an OpenTelemetry collector, and what does not.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::post;
use bytes::Bytes;
use fleetprompt_http::limits::{LimitOptions, Limits};
use fleetprompt_http::observe::{LogOptions, TraceExport, TraceOptions, subscriber_exporting};
use fleetprompt_http::serve::ServeOptions;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind, status::StatusCode};
use prost::Message as _;
use tokio::net::TcpListener;
use tracing::subscriber::DefaultGuard;

use super::harness::{Held, Running, options, routes};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// A collector that keeps what it is sent.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Bytes>>>);

impl Collector {
    async fn start() -> (Self, String) {
        let collector = Collector::default();
        let kept = collector.clone();
        let take = post(move |body: Bytes| async move {
            kept.0.lock().unwrap().push(body);
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/v1/traces", take);
        tokio::spawn(async move { axum::serve(listener, router).await });
        (collector, url)
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().concat()
    }

    fn spans(&self) -> Vec<Span> {
        let sent = self.0.lock().unwrap();
        let sent = sent.iter().map(|body| ExportTraceServiceRequest::decode(body.clone()).unwrap());
        sent.flat_map(|request| request.resource_spans)
            .flat_map(|resource| resource.scope_spans)
            .flat_map(|scope| scope.spans)
            .collect()
    }
}

/// A server whose traces go to `url`. Its tasks run in this thread, which is where spans are watched.
async fn exporting(url: &str, log: &str) -> (Running, TraceExport, DefaultGuard) {
    let to: TraceOptions = serde_json::from_value(serde_json::json!({"endpoint": url})).unwrap();
    let export = TraceExport::start(&to).unwrap();
    let log: LogOptions = serde_json::from_str(log).unwrap();
    let watched = subscriber_exporting(log, std::io::sink, &export);
    let guard = tracing::subscriber::set_default(watched);
    let bounds: ServeOptions = options(r#"{"body-bytes": 1000}"#);
    let limits: LimitOptions = serde_json::from_str(r#"{"exempt": ["127.0.0.0/8"]}"#).unwrap();
    let limits = Limits::new(limits);
    let server = Running::with(bounds, routes(&Held::new()), |server| server.limits(limits)).await;
    (server, export, guard)
}

async fn stop(export: TraceExport) {
    tokio::task::spawn_blocking(|| export.stop()).await.unwrap();
}

async fn ask(server: &Running, head: &str) {
    let mut client = server.connect().await;
    client.send(&format!("{head}host: a\r\nconnection: close\r\n\r\n")).await;
    client.rest().await;
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn attribute(span: &Span, key: &str) -> Option<String> {
    let found = span.attributes.iter().find(|attribute| attribute.key == key)?;
    Some(match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        other => panic!("{other:?}"),
    })
}

#[tokio::test]
async fn each_request_is_a_span_that_goes_on_with_the_callers_trace() {
    let (collector, url) = Collector::start().await;
    // The log may say less than the traces.
    let (server, export, _guard) = exporting(&url, r#"{"level": "error"}"#).await;
    let traced = format!("traceparent: 00-{TRACE}-{PARENT}-01\r\ntracestate: canary=1\r\n");
    ask(&server, &format!("GET /things/5 HTTP/1.1\r\n{traced}")).await;
    ask(&server, "GET /things/6 HTTP/1.1\r\n").await;
    ask(&server, "GET /fall HTTP/1.1\r\n").await;
    let unwanted = format!("traceparent: 00-{TRACE}-{PARENT}-00\r\n");
    ask(&server, &format!("GET /fast HTTP/1.1\r\n{unwanted}")).await;
    server.figure("fleetprompt_http_connections 0").await;
    stop(export).await;

    let spans = collector.spans();
    assert_eq!(spans.len(), 3, "not what the caller does not keep: {spans:#?}");
    let [first, second, fallen] = spans.as_slice() else { panic!() };
    assert_eq!((first.name.as_str(), first.kind()), ("GET /things/{id}", SpanKind::Server));
    assert_eq!((hex(&first.trace_id), hex(&first.parent_span_id)), (TRACE.into(), PARENT.into()));
    assert_eq!(first.trace_state, "");
    assert_ne!(hex(&second.trace_id), TRACE);
    assert!(second.parent_span_id.is_empty());
    assert!(first.end_time_unix_nano >= first.start_time_unix_nano);
    let told = |key: &str| attribute(first, key);
    assert_eq!(told("http.request.method").as_deref(), Some("GET"));
    assert_eq!(told("http.route").as_deref(), Some("/things/{id}"));
    assert_eq!(told("http.response.status_code").as_deref(), Some("200"));
    assert_eq!(told("fleetprompt.request_id").unwrap().len(), 16);
    assert_eq!(attribute(fallen, "http.response.status_code").as_deref(), Some("500"));
    assert_eq!(fallen.status.as_ref().unwrap().code(), StatusCode::Error);
}

#[tokio::test]
async fn nothing_that_a_caller_sends_reaches_the_collector() {
    let (collector, url) = Collector::start().await;
    let (server, export, _guard) =
        exporting(&url, r#"{"level": "trace", "addresses": true}"#).await;
    let head = format!(
        "authorization: Bearer canary-bearer\r\ncookie: a=canary-cookie\r\n\
         idempotency-key: canary-key-0000000\r\nx-request-id: canary-id\r\n\
         traceparent: 00-{TRACE}-{PARENT}-01\r\ntracestate: canary=canary\r\nbaggage: canary=1\r\n\
         x-forwarded-for: canary-forwarded\r\nuser-agent: canary-agent\r\nif-match: \"canary-tag\"\r\n"
    );
    let long = "a".repeat(9_000);
    for line in [
        "GET /fast?q=canary-query HTTP/1.1",
        "GET /things/canary-path HTTP/1.1",
        "GET /canary-nowhere HTTP/1.1",
        "CANARY-METHOD /fast HTTP/1.1",
        "GET /fall HTTP/1.1",
        &format!("GET /fast?canary={long} HTTP/1.1"),
    ] {
        ask(&server, &format!("{line}\r\n{head}")).await;
    }
    let mut client = server.connect().await;
    let body = "content-length: 11\r\nhost: a\r\nconnection: close\r\n\r\ncanary-body";
    client.send(&format!("POST /echo HTTP/1.1\r\n{head}{body}")).await;
    client.rest().await;
    server.figure("fleetprompt_http_connections 0").await;
    stop(export).await;

    assert!(collector.spans().len() >= 6, "and yet there are traces");
    let sent = String::from_utf8_lossy(&collector.bytes()).to_lowercase();
    assert!(!sent.contains("canary") && !sent.contains("127.0.0.1"), "{sent}");
}

#[tokio::test]
async fn a_collector_that_is_away_or_silent_costs_nothing_but_traces() {
    // One that takes connections and never answers, and one that is not there.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let urls = [&silent, &gone].map(|it| format!("http://{}", it.local_addr().unwrap()));
    drop(gone);
    for url in urls {
        let (server, export, _guard) = exporting(&url, "{}").await;
        // More than the queue holds.
        for _ in 0..60 {
            let mut client = server.connect().await;
            for _ in 0..40 {
                client.send("GET /fast HTTP/1.1\r\nhost: a\r\n\r\n").await;
                assert_eq!(client.next_answer().await.status, 200);
            }
        }
        stop(export).await;
    }
}
