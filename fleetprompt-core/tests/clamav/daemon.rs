//! The real daemon, with signatures of our own, and servers that say something else or nothing.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use fleetprompt_core::domain::{ImageUpload, Span};
use fleetprompt_core::media::{ClamAddress, ClamAv};
use fleetprompt_core::port::{ScanVerdict, UploadScanner};
use tempfile::TempDir;

fn scan(address: &ClamAddress, within: Span, bytes: &[u8]) -> ScanVerdict {
    let upload = ImageUpload::try_from(bytes.to_vec()).unwrap();
    pollster::block_on(ClamAv::new(address.clone()).within(within).scan(&upload))
}

/// Long enough for a busy machine.
const PATIENT: Span = Span::minutes(2);
/// Long enough for whoever will not answer.
const HASTY: Span = Span::millis(200);

/// The test file of the antivirus industry, put together here: whole, it would make scanners
/// refuse this file.
fn test_virus() -> String {
    let halves = [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STAN", r"DARD-ANTIVIRUS-TEST-FILE!$H+H*"];
    halves.concat()
}

/// A daemon of our own: its signatures, its socket, its folder.
struct Clamd {
    daemon: Child,
    folder: TempDir,
}

impl Drop for Clamd {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

impl Clamd {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let signatures = at.join("signatures");
        std::fs::create_dir(&signatures).unwrap();
        let hex: String = test_virus().bytes().map(|byte| format!("{byte:02x}")).collect();
        std::fs::write(signatures.join("own.ndb"), format!("Own.Test:0:*:{hex}\n")).unwrap();
        let socket = at.join("clamd.sock");
        let configuration = at.join("clamd.conf");
        let lines = [
            "Foreground yes".to_owned(),
            format!("LocalSocket {}", socket.display()),
            format!("DatabaseDirectory {}", signatures.display()),
            format!("TemporaryDirectory {}", at.display()),
            "StreamMaxLength 1M".to_owned(),
            "MaxThreads 2".to_owned(),
        ];
        std::fs::write(&configuration, lines.join("\n") + "\n").unwrap();
        let mut daemon = Command::new(clamd())
            .arg("--config-file")
            .arg(&configuration)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the test needs ClamAV's daemon: apt-get install clamav-daemon");
        let mut said = BufReader::new(daemon.stdout.take().unwrap()).lines();
        let listens = said.any(|line| line.unwrap().starts_with("Self checking"));
        assert!(listens, "the daemon ended before it listened");
        // Whatever else it says has somewhere to go.
        thread::spawn(move || said.for_each(drop));
        Clamd { daemon, folder }
    }

    fn address(&self) -> ClamAddress {
        ClamAddress::Unix(self.folder.path().join("clamd.sock"))
    }
}

/// Debian keeps the daemon where a user's path does not lead.
fn clamd() -> &'static str {
    let debian = "/usr/sbin/clamd";
    if Path::new(debian).exists() { debian } else { "clamd" }
}

#[test]
fn the_daemon_decides() {
    let clamd = Clamd::start();
    let address = clamd.address();
    let virus = test_virus();
    assert_eq!(scan(&address, PATIENT, b"a picture"), ScanVerdict::Clean);
    assert_eq!(scan(&address, PATIENT, virus.as_bytes()), ScanVerdict::Rejected);
    // Past the first chunk, and across two of them.
    for place in [100_000, (64 << 10) - 7] {
        let hidden = [&vec![b'x'; place], virus.as_bytes(), b"and more"].concat();
        assert_eq!(scan(&address, PATIENT, &hidden), ScanVerdict::Rejected, "{place}");
        assert_eq!(scan(&address, PATIENT, &vec![b'x'; place]), ScanVerdict::Clean);
    }
    // More than the daemon takes: it has not seen the rest, so nobody has.
    let large = vec![b'x'; 2 << 20];
    assert_eq!(scan(&address, PATIENT, &large), ScanVerdict::Unavailable);
    assert_eq!(scan(&address, PATIENT, b"a picture"), ScanVerdict::Clean, "it goes on");

    let many = thread::scope(|scope| {
        let scans: Vec<_> = (0..8)
            .map(|n| {
                let (address, virus) = (&address, &virus);
                let bytes = if n % 2 == 0 { b"a picture".to_vec() } else { virus.clone().into() };
                scope.spawn(move || scan(address, PATIENT, &bytes))
            })
            .collect();
        scans.into_iter().map(|scan| scan.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(many, [ScanVerdict::Clean, ScanVerdict::Rejected].repeat(4));
}

#[test]
fn a_daemon_that_died_scans_nothing() {
    let mut clamd = Clamd::start();
    let address = clamd.address();
    assert_eq!(scan(&address, PATIENT, b"a picture"), ScanVerdict::Clean);
    clamd.daemon.kill().unwrap();
    clamd.daemon.wait().unwrap();
    assert_eq!(scan(&address, PATIENT, b"a picture"), ScanVerdict::Unavailable);
    std::fs::remove_file(clamd.folder.path().join("clamd.sock")).unwrap();
    assert_eq!(scan(&address, PATIENT, b"a picture"), ScanVerdict::Unavailable);
}

/// A server that does this with the first connection it gets.
fn server(serve: impl FnOnce(TcpStream) + Send + 'static) -> ClamAddress {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = ClamAddress::Tcp(listener.local_addr().unwrap());
    thread::spawn(move || serve(listener.accept().unwrap().0));
    address
}

/// What a client sent by the protocol, read to its end.
fn received(client: &mut TcpStream) -> Vec<u8> {
    let mut command = [0; 10];
    client.read_exact(&mut command).unwrap();
    assert_eq!(&command, b"zINSTREAM\0");
    let mut sent = Vec::new();
    loop {
        let mut length = [0; 4];
        client.read_exact(&mut length).unwrap();
        let mut chunk = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
        if chunk.is_empty() {
            return sent;
        }
        assert!(chunk.len() <= 64 << 10);
        client.read_exact(&mut chunk).unwrap();
        sent.extend(chunk);
    }
}

#[test]
fn every_byte_is_sent_and_the_answer_is_read_in_pieces() {
    let upload: Vec<u8> =
        (0..300_000_u32).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
    let expected = upload.clone();
    let address = server(move |mut client| {
        assert_eq!(received(&mut client), expected);
        for piece in [&b"str"[..], b"eam: ", b"OK", b"\0"] {
            client.write_all(piece).unwrap();
            client.flush().unwrap();
        }
    });
    assert_eq!(scan(&address, PATIENT, &upload), ScanVerdict::Clean);
}

#[test]
fn whatever_is_no_plain_answer_in_time_is_no_answer() {
    let answers: [&'static [u8]; 8] = [
        b"",
        b"stream: OK",
        b"stream: OK\0stream: Own.Test FOUND\0",
        b"INSTREAM size limit exceeded. ERROR\0",
        b"HTTP/1.1 400 Bad Request\r\n\r\n\0",
        b"\0\0\0\0",
        b"\xff\xfe\x00",
        &[b'x'; 4_000],
    ];
    for answer in answers {
        let address = server(move |mut client| {
            received(&mut client);
            let _ = client.write_all(answer);
        });
        let said = answer.escape_ascii();
        assert_eq!(scan(&address, PATIENT, b"a picture"), ScanVerdict::Unavailable, "{said}");
    }
    let large = vec![b'x'; 5 << 20];
    // One that reads and never answers, one that reads nothing, one that never stops talking.
    let (gone, wait) = std::sync::mpsc::channel::<()>();
    let silent = server(move |mut client| {
        received(&mut client);
        let _ = wait.recv();
    });
    assert_eq!(scan(&silent, HASTY, b"a picture"), ScanVerdict::Unavailable);
    drop(gone);
    let full = TcpListener::bind("127.0.0.1:0").unwrap();
    let deaf = ClamAddress::Tcp(full.local_addr().unwrap());
    assert_eq!(scan(&deaf, HASTY, &large), ScanVerdict::Unavailable);
    let endless = server(|mut client| while client.write_all(b"stream: ").is_ok() {});
    assert_eq!(scan(&endless, PATIENT, b"a picture"), ScanVerdict::Unavailable);
    let closes = server(drop);
    assert_eq!(scan(&closes, PATIENT, &large), ScanVerdict::Unavailable);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(scan(&ClamAddress::Tcp(closed), PATIENT, b"x"), ScanVerdict::Unavailable);
}
