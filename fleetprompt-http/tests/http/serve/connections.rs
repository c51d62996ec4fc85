//! Bounds of connections.

use super::harness::{Held, Running, options, routes};

const FAST: &str = "GET /fast HTTP/1.1\r\nhost: a\r\n\r\n";
const HELD: &str = "GET /held HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_head_that_does_not_end_is_cut_off() {
    let server = Running::start(options(r#"{"header-time": "50ms"}"#), routes(&Held::new())).await;
    let mut slow = server.connect().await;
    slow.send("GET /fast HTTP/1.1\r\nx-a: ").await;
    assert_eq!(slow.rest().await, b"");
    server.figure(r#"fleetprompt_http_connections_ended_total{end="timed_out"} 1"#).await;
    server.figure("fleetprompt_http_connections 0").await;
}

#[tokio::test]
async fn a_head_that_does_not_end_is_cut_off_on_a_connection_that_was_good() {
    let server = Running::start(options(r#"{"header-time": "50ms"}"#), routes(&Held::new())).await;
    let mut slow = server.connect().await;
    slow.send(FAST).await;
    assert_eq!(slow.next_answer().await.status, 200);
    slow.send("GET /fast HTTP/1.1\r\n").await;
    assert_eq!(slow.rest().await, b"");
    server.figure(r#"fleetprompt_http_connections_ended_total{end="timed_out"} 1"#).await;
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let server = Running::start(options(r#"{"header-time": "50ms"}"#), routes(&Held::new())).await;
    let mut silent = server.connect().await;
    assert_eq!(silent.rest().await, b"");
    server.figure("fleetprompt_http_connections 0").await;
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let server = Running::start(options(r#"{"keep-alive": "50ms"}"#), routes(&Held::new())).await;
    let mut idle = server.connect().await;
    idle.send(FAST).await;
    assert_eq!(idle.next_answer().await.body, "fast");
    assert_eq!(idle.rest().await, b"");
    server.figure(r#"fleetprompt_http_connections_ended_total{end="closed"} 1"#).await;
}

#[tokio::test]
async fn an_answer_that_nobody_takes_is_cut_off() {
    let bounds = r#"{"request-time": "50ms", "upload-time": "50ms", "delivery-time": "50ms"}"#;
    let server = Running::start(options(bounds), routes(&Held::new())).await;
    let mut lazy = server.connect().await;
    lazy.send("GET /large HTTP/1.1\r\nhost: a\r\n\r\n").await;
    server.figure(r#"fleetprompt_http_connections_ended_total{end="timed_out"} 1"#).await;
    assert!(lazy.rest().await.len() < 64 << 20);
}

#[tokio::test]
async fn beyond_the_bound_idle_connections_make_room() {
    let server = Running::start(options(r#"{"connections": 2}"#), routes(&Held::new())).await;
    let mut clients = Vec::new();
    for _ in 0..2 {
        let mut client = server.connect().await;
        client.send(FAST).await;
        assert_eq!(client.next_answer().await.status, 200);
        clients.push(client);
    }
    assert_eq!(server.get("/fast").await.status, 200);
    // The one that was idle longest has gone, the other one is there.
    assert_eq!(clients[0].rest().await, b"");
    clients[1].send(FAST).await;
    assert_eq!(clients[1].next_answer().await.status, 200);
}

#[tokio::test]
async fn beyond_the_bound_newcomers_wait_for_busy_connections() {
    let held = Held::new();
    let server = Running::start(options(r#"{"connections": 1}"#), routes(&held)).await;
    let mut first = server.connect().await;
    first.send(HELD).await;
    held.entered(1).await;
    let mut second = server.connect().await;
    second.send("GET /fast HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    held.let_go(1);
    assert_eq!(first.answer().await.body, "held");
    assert_eq!(second.answer().await.body, "fast");
}

#[tokio::test]
async fn a_newcomer_that_waited_is_not_closed_to_make_room_for_itself() {
    let held = Held::new();
    let server = Running::start(options(r#"{"connections": 1}"#), routes(&held)).await;
    let mut first = server.connect().await;
    first.send(HELD).await;
    held.entered(1).await;
    let mut second = server.connect().await;
    // It waits, when nothing else is left to be done.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    held.let_go(1);
    assert_eq!(first.answer().await.body, "held");
    server.figure("fleetprompt_http_connections_accepted_total 2").await;
    server.figure("fleetprompt_http_connections 1").await;
    second.send(FAST).await;
    assert_eq!(second.next_answer().await.body, "fast");
}

#[tokio::test]
async fn one_address_has_only_so_many_connections() {
    let bounds = options(r#"{"connections-per-address": 1}"#);
    let held = Held::new();
    let server = Running::start(bounds, routes(&held)).await;
    let mut first = server.connect().await;
    first.send(HELD).await;
    held.entered(1).await;
    assert_eq!(server.connect().await.rest().await, b"");
    held.let_go(1);
    assert_eq!(first.answer().await.body, "held");
    server.figure("fleetprompt_http_connections 0").await;
    assert_eq!(server.get("/fast").await.status, 200);
}

/// The frames of HTTP/2 by which a server says what it grants.
#[tokio::test]
async fn streams_of_a_connection_are_bounded() {
    let server = Running::start(options(r#"{"streams": 7}"#), routes(&Held::new())).await;
    let mut client = server.connect().await;
    client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    client.send_bytes(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await;
    let head = client.exactly(9).await;
    assert_eq!(head[3], 4, "settings come first");
    let settings = client.exactly(usize::from(head[2])).await;
    let granted = |wanted: u16| {
        settings.chunks(6).find_map(|setting| {
            let name = u16::from_be_bytes([setting[0], setting[1]]);
            let value = [setting[2], setting[3], setting[4], setting[5]];
            (name == wanted).then(|| u32::from_be_bytes(value))
        })
    };
    assert_eq!(granted(3), Some(7), "concurrent streams");
    assert_eq!(granted(6), Some(32 << 10), "bytes of a head");
    assert_eq!(granted(4), Some(64 << 10), "bytes that may wait on a stream");
}

/// CVE-2023-44487: streams that are opened and reset at once, over and over.
#[tokio::test]
async fn streams_that_are_reset_rapidly_end_the_connection() {
    let server = Running::start(options(r#"{"streams": 7}"#), routes(&Held::new())).await;
    let mut client = server.connect().await;
    client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    client.send_bytes(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await;
    let mut flood = Vec::new();
    for stream in (1_u32..4_000).step_by(2) {
        // HEADERS with GET, http, /, a; then RST_STREAM with CANCEL.
        let block = [0x82, 0x86, 0x84, 0x41, 0x01, b'a'];
        flood.extend_from_slice(&[0, 0, block.len() as u8, 1, 5]);
        flood.extend_from_slice(&stream.to_be_bytes());
        flood.extend_from_slice(&block);
        flood.extend_from_slice(&[0, 0, 4, 3, 0]);
        flood.extend_from_slice(&stream.to_be_bytes());
        flood.extend_from_slice(&8_u32.to_be_bytes());
    }
    client.send_bytes(&flood).await;
    let said = client.rest().await;
    // GOAWAY is of type 7; its reason ENHANCE_YOUR_CALM is 11.
    let went_away = said
        .windows(17)
        .any(|frame| frame[..4] == [0, 0, frame[2], 7] && frame[13..17] == 11_u32.to_be_bytes());
    assert!(went_away || said.is_empty(), "the connection ended");
    server.figure("fleetprompt_http_connections 0").await;
}
