//! Ending a server from outside, also one whose log nobody reads.

use std::io::{BufRead as _, BufReader, Write as _};

use super::support::{Place, Server};
use crate::stores::waiting::wait_until;

const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

/// A server that goes on for an hour after it was told to stop.
fn lingering(setup: &str) -> (Place, Server) {
    let place = Place::with_keys();
    place.write("market.toml", "[serve]\ndrain-delay = \"1h\"\n");
    let server = place.start_after(setup, &[&["--config", "market.toml"], &SERVE[..]].concat());
    (place, server)
}

/// Asks so often that the lines of the log are more than anybody keeps for whoever reads them.
fn flood(server: &Server) {
    const AT_ONCE: usize = 50;
    const REQUEST: &str = "GET /nowhere HTTP/1.1\r\nHost: a\r\n\
        traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n";
    let mut stream = server.connect();
    let mut answers = BufReader::new(stream.try_clone().unwrap()).lines();
    // A line has 300 bytes; the pipe and the program keep a little more than 2 MiB of them.
    for _ in 0..9_000 / AT_ONCE {
        stream.write_all(REQUEST.repeat(AT_ONCE).as_bytes()).unwrap();
        let mut answered = 0;
        while answered < AT_ONCE {
            answered += answers.next().unwrap().unwrap().matches("HTTP/1.1 4").count();
        }
    }
}

#[test]
fn a_log_that_nobody_reads_holds_nobody_up() {
    let place = Place::with_keys();
    let mut server = place.start(&SERVE);
    flood(&server);
    assert_eq!(server.get("/readyz").0, 200);
    // Whoever reads again is told what is missing.
    server.logs("lines of this log are lost");
    flood(&server);
    server.signal("TERM");
    let (code, _) = server.wait();
    assert_eq!(code, Some(0));
}

#[test]
fn a_second_signal_ends_it_at_once_also_when_nobody_reads_its_log() {
    let (_place, server) = lingering(":");
    flood(&server);
    assert_eq!(end(server, "TERM"), Some(143));
    let (_place, server) = lingering(":");
    assert_eq!(end(server, "INT"), Some(130));
}

/// Sends the signal until it has ended, since two that come together are one.
fn end(mut server: Server, signal: &str) -> Option<i32> {
    wait_until("it has ended", || {
        server.signal(signal);
        server.has_ended()
    });
    server.wait().0
}

#[test]
fn a_terminal_that_is_closed_stops_it_in_peace() {
    let place = Place::with_keys();
    let server = place.start(&SERVE);
    server.signal("HUP");
    assert_eq!(server.wait().0, Some(0));

    let (_place, server) = lingering(":");
    server.signal("HUP");
    wait_until("it drains", || server.get("/readyz").0 == 503);
    server.signal("HUP");
    server.signal("TERM");
    assert_eq!(server.get("/healthz").0, 200, "neither is the second one");
}

#[cfg(target_os = "linux")]
#[test]
fn under_nohup_it_outlives_its_terminal() {
    let (_place, server) = lingering("trap '' HUP");
    server.signal("HUP");
    assert_eq!(server.get("/readyz").0, 200);
    server.signal("TERM");
    wait_until("it drains", || server.get("/readyz").0 == 503);
}
