//! ClamAV's daemon, asked over its own protocol (clamd(8), "INSTREAM").

use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, Instant};

use socket2::{Domain, SockAddr, Socket, Type};

use crate::domain::{ImageUpload, ParseError, Rule, Span};
use crate::port::{ScanFuture, ScanVerdict, UploadScanner};

use super::workers::Workers;

/// How many bytes are sent at a time.
const CHUNK: usize = 64 << 10;

/// The longest answer that is read: a name of what was found, and some words.
const ANSWER_MAX_BYTES: usize = 1_024;

/// Where ClamAV's daemon listens: `unix:/run/clamav/clamd.ctl` or `tcp:127.0.0.1:3310`.
///
/// The protocol has neither encryption nor authentication, so TCP is for the same machine or a
/// network that nobody else is in.
///
/// ```
/// use fleetprompt_core::media::ClamAddress;
/// let local: ClamAddress = "tcp:127.0.0.1:3310".parse()?;
/// assert_eq!(local.to_string(), "tcp:127.0.0.1:3310");
/// assert!("unix:/run/clamav/clamd.ctl".parse::<ClamAddress>().is_ok());
/// assert!("127.0.0.1".parse::<ClamAddress>().is_err());
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClamAddress {
    /// An address and a port.
    Tcp(SocketAddr),
    /// The path of a socket.
    Unix(PathBuf),
}

impl FromStr for ClamAddress {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let form = "`unix:` and an absolute path, or `tcp:`, an IP address and a port";
        let wrong = ParseError::new("clamAddress", Rule::Format(form));
        if let Some(path) = text.strip_prefix("unix:") {
            let path = PathBuf::from(path);
            return if path.is_absolute() { Ok(ClamAddress::Unix(path)) } else { Err(wrong) };
        }
        let address = text.strip_prefix("tcp:").ok_or(wrong)?;
        address.parse().map(ClamAddress::Tcp).map_err(|_| wrong)
    }
}

impl fmt::Display for ClamAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClamAddress::Tcp(address) => write!(f, "tcp:{address}"),
            ClamAddress::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Has uploads scanned by ClamAV's daemon. Anything but a plain answer in time counts as no answer.
///
/// The daemon's `StreamMaxLength` must be at least
/// [`MAX_SCREENSHOT_BYTES`](crate::domain::bounds::MAX_SCREENSHOT_BYTES): it leaves what is longer
/// unscanned, and so refuses it.
///
/// ```
/// use fleetprompt_core::domain::ImageUpload;
/// use fleetprompt_core::media::ClamAv;
/// use fleetprompt_core::port::{ScanVerdict, UploadScanner};
/// let nowhere = ClamAv::new("unix:/nowhere/clamd.ctl".parse()?);
/// let upload = ImageUpload::try_from(b"anything".to_vec())?;
/// assert_eq!(pollster::block_on(nowhere.scan(&upload)), ScanVerdict::Unavailable);
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
pub struct ClamAv {
    address: ClamAddress,
    within: Duration,
    workers: Workers,
}

impl ClamAv {
    /// Asks the daemon at `address`, waits ten seconds for an answer, and asks at most eight times
    /// at once.
    pub fn new(address: ClamAddress) -> Self {
        ClamAv {
            address,
            within: Duration::from_secs(10),
            workers: Workers::new("fleetprompt-clamav", 8),
        }
    }

    /// Waits this long for an answer, from the first byte sent to the last one read; at least a
    /// millisecond.
    #[must_use]
    pub fn within(self, span: Span) -> Self {
        let millis = u64::try_from(span.as_millis()).unwrap_or_default();
        ClamAv { within: Duration::from_millis(millis.max(1)), ..self }
    }

    /// Asks at most `at_once` (at least 1) times at once; uploads past that are not scanned, and so
    /// refused.
    #[must_use]
    pub fn at_once(self, at_once: usize) -> Self {
        ClamAv { workers: Workers::new("fleetprompt-clamav", at_once), ..self }
    }
}

impl UploadScanner for ClamAv {
    fn scan<'a>(&'a self, upload: &'a ImageUpload) -> ScanFuture<'a> {
        let (upload, address, within) = (upload.clone(), self.address.clone(), self.within);
        let answered = self.workers.run(move || match ask(&address, within, upload.bytes()) {
            Ok(verdict) => verdict,
            Err(cause) => {
                tracing::warn!(%address, %cause, "ClamAV did not answer");
                ScanVerdict::Unavailable
            }
        });
        Box::pin(async move { answered.await.unwrap_or(ScanVerdict::Unavailable) })
    }
}

fn ask(address: &ClamAddress, within: Duration, upload: &[u8]) -> io::Result<ScanVerdict> {
    let mut daemon = Daemon::connect(address, Deadline::after(within))?;
    daemon.send(b"zINSTREAM\0")?;
    for chunk in upload.chunks(CHUNK) {
        daemon.send(&u32::try_from(chunk.len()).map_err(io::Error::other)?.to_be_bytes())?;
        daemon.send(chunk)?;
    }
    daemon.send(&0_u32.to_be_bytes())?;
    let answer = daemon.answer()?;
    let verdict = understand(&answer);
    if verdict == ScanVerdict::Unavailable {
        tracing::warn!(%address, answer = %answer.escape_ascii(), "ClamAV gave no verdict");
    }
    Ok(verdict)
}

/// What an answer says. `z` in front of the command has it end with a zero byte, so that it can't be
/// cut off unnoticed.
fn understand(answer: &[u8]) -> ScanVerdict {
    let Some(said) = answer.strip_prefix(b"stream: ") else { return ScanVerdict::Unavailable };
    if said == b"OK\0" {
        return ScanVerdict::Clean;
    }
    match said.strip_suffix(b" FOUND\0") {
        Some(name) if !name.is_empty() && name.iter().all(u8::is_ascii_graphic) => {
            ScanVerdict::Rejected
        }
        _ => ScanVerdict::Unavailable,
    }
}

/// Until when to wait. Nothing is decided by it but whether to go on waiting.
#[derive(Clone, Copy)]
struct Deadline(Instant);

impl Deadline {
    #[expect(
        clippy::disallowed_methods,
        reason = "how long a socket waits is no time of the domain"
    )]
    fn after(span: Duration) -> Self {
        Deadline(Instant::now() + span)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "how long a socket waits is no time of the domain"
    )]
    fn left(self) -> io::Result<Duration> {
        let left = self.0.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

/// A connection, every step of which ends by the deadline.
struct Daemon {
    socket: Socket,
    deadline: Deadline,
}

impl Daemon {
    fn connect(address: &ClamAddress, deadline: Deadline) -> io::Result<Self> {
        let (domain, address) = match address {
            ClamAddress::Tcp(address) => (Domain::for_address(*address), SockAddr::from(*address)),
            ClamAddress::Unix(path) => (Domain::UNIX, SockAddr::unix(path)?),
        };
        let socket = Socket::new(domain, Type::STREAM, None)?;
        socket.connect_timeout(&address, deadline.left()?)?;
        Ok(Daemon { socket, deadline })
    }

    fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        // A daemon that takes a byte now and then must not hold us for longer than one that takes
        // none: the time that is left is set anew for each piece.
        while !bytes.is_empty() {
            self.socket.set_write_timeout(Some(self.deadline.left()?))?;
            let sent = self.socket.write(bytes)?;
            bytes = bytes.get(sent..).filter(|_| sent > 0).ok_or(io::ErrorKind::WriteZero)?;
        }
        Ok(())
    }

    /// Everything that the daemon says before it closes the connection or ends the line.
    fn answer(&mut self) -> io::Result<Vec<u8>> {
        let mut answer = Vec::new();
        let mut piece = [0; 256];
        while !answer.contains(&0) {
            self.socket.set_read_timeout(Some(self.deadline.left()?))?;
            let read = self.socket.read(&mut piece)?;
            let Some(read) = piece.get(..read).filter(|read| !read.is_empty()) else { break };
            answer.extend_from_slice(read);
            if answer.len() > ANSWER_MAX_BYTES {
                return Err(io::Error::other("the answer is too long"));
            }
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_plain_answers_are_verdicts() {
        let verdict = |answer: &str| understand(answer.as_bytes());
        assert_eq!(verdict("stream: OK\0"), ScanVerdict::Clean);
        assert_eq!(verdict("stream: Eicar-Test-Signature FOUND\0"), ScanVerdict::Rejected);
        assert_eq!(verdict("stream: Html.Exploit.OK-1(ab:12) FOUND\0"), ScanVerdict::Rejected);
        for other in [
            "",
            "\0",
            "OK\0",
            "stream: OK",
            "stream: OK\n",
            "stream: OK\0stream: OK\0",
            "stream: OK\0x",
            "stream:OK\0",
            "STREAM: OK\0",
            "stream: ok\0",
            "stream:  OK\0",
            "stream: OK FOUND OK\0",
            "stream:  FOUND\0",
            "stream: X FOUND",
            "stream: two words FOUND\0",
            "INSTREAM size limit exceeded. ERROR\0",
            "stream: Can't allocate memory ERROR\0",
            "UNKNOWN COMMAND\0",
        ] {
            assert_eq!(verdict(other), ScanVerdict::Unavailable, "{other:?}");
        }
    }
}
