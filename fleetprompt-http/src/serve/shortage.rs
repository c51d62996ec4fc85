//! Times when no connection can be accepted.

use std::io;
use std::time::Duration;

use tokio::time::Instant;

/// How long nothing must have failed until a shortage is over. Under pressure each newcomer finds the place
/// that was made for it and the next one none, which is one shortage and not thousands.
const QUIET: Duration = Duration::from_secs(60);

/// Whether connections could not be accepted of late: each such time is logged once, and its end.
#[derive(Debug, Default)]
pub(super) struct Shortage {
    failed: Option<Instant>,
}

impl Shortage {
    /// A connection could not be accepted. Whether it is the first of a shortage.
    pub(super) fn failed(&mut self) -> bool {
        self.failed.replace(Instant::now()).is_none()
    }

    /// A connection was accepted. Whether that is the end of a shortage.
    pub(super) fn accepted(&mut self) -> bool {
        self.failed.take_if(|last| last.elapsed() >= QUIET).is_some()
    }
}

/// Whether the connection broke before it was accepted.
pub(super) fn is_of_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Whether something ran out that a connection gives back when it ends: open files, or memory.
#[cfg(unix)]
pub(super) fn is_shortage(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let lacking = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    Errno::from_io_error(error).is_some_and(|number| lacking.contains(&number))
}

#[cfg(not(unix))]
pub(super) fn is_shortage(_: &io::Error) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_shortage_is_told_once_and_so_is_its_end() {
        let mut shortage = Shortage::default();
        assert!(!shortage.accepted());
        for _ in 0..3 {
            shortage.failed();
            advance(QUIET / 2).await;
            assert!(!shortage.accepted(), "it may come back at once");
            assert!(!shortage.failed());
        }
        advance(QUIET).await;
        assert!(shortage.accepted() && !shortage.accepted());
        assert!(shortage.failed(), "another one");
    }

    #[cfg(unix)]
    #[test]
    fn what_lacks_is_told_from_what_the_network_says() {
        use rustix::io::Errno;
        for number in [Errno::MFILE, Errno::NFILE] {
            assert!(is_shortage(&number.into()));
        }
        // What firewalls and routers answer in place of a connection.
        for number in [Errno::PERM, Errno::HOSTUNREACH] {
            assert!(!is_shortage(&number.into()));
        }
    }
}
