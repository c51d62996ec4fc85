//! A server that may open few files, and more connections than that.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use super::support::{Place, Server};

const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

/// Fewer than an address may have.
const CONNECTIONS: usize = 200;

/// Asks on connections that stay open and idle, one after the other, each of which must be answered.
fn crowd(server: &Server) -> Vec<TcpStream> {
    let ask = |number| {
        let mut stream = server.connect();
        write!(stream, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        let mut start = [0; 12];
        let read = stream.read_exact(&mut start);
        assert!(read.is_ok() && start == *b"HTTP/1.1 200", "connection {number}: {read:?}");
        stream
    };
    (0..CONNECTIONS).map(ask).collect()
}

fn pid(server: &Server) -> Option<Pid> {
    Pid::from_raw(server.id().try_into().unwrap())
}

#[test]
fn idle_connections_make_room_when_files_run_out() {
    let place = Place::with_keys();
    let server = place.start(&SERVE);
    // It has looked already, and found enough of them.
    let open = std::fs::read_dir(format!("/proc/{}/fd", server.id())).unwrap().count();
    let few = Some(open as u64 + 8);
    prlimit(pid(&server), Resource::Nofile, Rlimit { current: few, maximum: few }).unwrap();

    let crowd = crowd(&server);
    assert_eq!(server.get("/readyz").0, 200);
    drop(crowd);
    server.signal("TERM");
    let (code, said) = server.wait();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches("can't accept connections").count(), 1, "{said}");
    assert!(said.contains("Too many open files"), "{said}");
}

#[test]
fn a_server_takes_no_more_connections_than_there_are_files_for() {
    let place = Place::with_keys();
    let server = place.start_after("ulimit -n 128", &SERVE);
    let crowd = crowd(&server);
    assert_eq!(server.get("/readyz").0, 200);
    drop(crowd);
    server.signal("TERM");
    let (code, said) = server.wait();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches("the limit of open files is too low").count(), 1, "{said}");
    assert!(!said.contains("can't accept connections"), "{said}");
}

#[test]
fn a_limit_that_may_be_raised_is() {
    let place = Place::with_keys();
    place.write("market.toml", "[serve]\nconnections = 64\nrunning = 8\n");
    let args = [&["--config", "market.toml"], &SERVE[..]].concat();
    let server = place.start_after("ulimit -S -n 128", &args);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let soft: u32 = files.split_whitespace().next().unwrap().parse().unwrap();
    assert!(soft > 256, "{limits}");
    server.signal("TERM");
    let (_, said) = server.wait();
    assert!(!said.contains("open files"), "{said}");
}
