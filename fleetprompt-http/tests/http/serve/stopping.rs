//! How a server comes to its end.

use fleetprompt_http::serve::Health;
use tokio::net::TcpStream;

use super::harness::{Held, Running, any_market, options, routes, until};

const HELD: &str = "GET /held HTTP/1.1\r\nhost: a\r\n\r\n";

#[tokio::test]
async fn what_runs_is_finished_and_the_rest_refused() {
    let held = Held::new();
    let server = Running::start(options("{}"), routes(&held)).await;
    let address = server.address;
    let mut busy = server.connect().await;
    let mut idle = server.connect().await;
    idle.send("GET /fast HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(idle.next_answer().await.status, 200);
    busy.send(HELD).await;
    held.entered(1).await;

    let ended = server.stop();
    assert_eq!(idle.rest().await, b"", "idle connections are closed");
    until("the listener is closed", async || TcpStream::connect(address).await.is_err()).await;
    // A request that comes on an open connection after the one that runs is not taken any more.
    busy.send(HELD).await;
    held.let_go(2);
    let answers = String::from_utf8(busy.rest().await).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 1);
    assert!(answers.ends_with("held"));
    assert!(ended.await.unwrap().is_complete());
}

#[tokio::test]
async fn what_does_not_finish_in_time_is_cut_off() {
    let held = Held::new();
    let server = Running::start(options(r#"{"drain-time": "50ms"}"#), routes(&held)).await;
    let mut busy = server.connect().await;
    busy.send(HELD).await;
    held.entered(1).await;
    let drained = server.stop().await.unwrap();
    assert_eq!(drained.cut(), 1);
    assert_eq!(busy.rest().await, b"");
}

#[tokio::test]
async fn a_balancer_is_told_before_the_listener_closes() {
    let health = Health::new(any_market().await);
    let bounds = options(r#"{"drain-delay": "1h"}"#);
    let routes = routes(&Held::new());
    let server = Running::with(bounds, routes, |server| server.health(health)).await;
    let mut client = server.connect().await;
    let mut ask = async |path: &str| {
        client.send(&format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n")).await;
        client.next_answer().await
    };
    assert_eq!(ask("/readyz").await.body, "ready\n");
    let running = server.stop();
    until("it drains", async || ask("/readyz").await.status != 200).await;
    assert_eq!(ask("/readyz").await.body, "draining\n");
    assert_eq!(ask("/healthz").await.status, 200);
    assert_eq!(ask("/fast").await.status, 200);
    running.abort();
}
