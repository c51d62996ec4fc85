//! The bounds of a server.

use std::num::{NonZeroU16, NonZeroU32};

use fleetprompt_core::domain::{ParseError, Rule};
use serde::{Deserialize, Serialize};

use crate::Period;

/// What a server grants, the section `[serve]` of a configuration. All of it is bounded; zero is no
/// way to turn a bound off.
///
/// ```
/// use fleetprompt_http::serve::ServeOptions;
/// let options: ServeOptions =
///     serde_json::from_str(r#"{"request-time": "10s", "connections": 500}"#)?;
/// assert_eq!(options.connections.get(), 500);
/// assert_eq!(options.header_time.to_string(), "10s");
/// assert!(serde_json::from_str::<ServeOptions>(r#"{"connections": 0}"#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ServeOptions {
    /// Open connections. When there are more, those that are idle are closed, longest idle first, and
    /// newcomers wait. Each is an open file, of which a process may have only so many (`ulimit -n`): where
    /// they run out before, connections are closed in the same way, but nothing else finds one either.
    /// Default: 2048.
    pub connections: NonZeroU32,
    /// Open connections of one address (of one IPv6 network, see
    /// [`LimitOptions`](crate::limits::LimitOptions)); the next is closed at once. Trusted proxies are
    /// not counted. Default: 256.
    pub connections_per_address: NonZeroU32,
    /// Requests at once on one HTTP/2 connection. Default: 64.
    pub streams: NonZeroU32,
    /// Requests that are under way, including those whose bodies are arriving; the next is refused with
    /// 503. Default: 1024.
    pub requests: NonZeroU32,
    /// Requests of one address that are under way, told apart like connections but by the client's own
    /// address where trusted proxies say it; the next is refused with 429. Addresses that are
    /// [exempt](crate::limits::LimitOptions::exempt) are not counted. Default: 128.
    pub requests_per_address: NonZeroU32,
    /// Requests that are worked on at once; others wait for `queue_time`. Default: 256.
    pub running: NonZeroU32,
    /// Uploads whose images arrive or are worked on at once; the next is refused with 503. Default: 16.
    pub uploads: NonZeroU32,
    /// How long a request waits for its turn before it is refused with 503. Default: 500 ms.
    pub queue_time: Period,
    /// Until the head of a request must have arrived whole. Default: 10 s.
    pub header_time: Period,
    /// How long a connection may be idle between requests. Default: 75 s.
    pub keep_alive: Period,
    /// Until a request must be answered, its body included; then it is given up with 503, and the
    /// same idempotency key tells what became of it. Default: 30 s.
    pub request_time: Period,
    /// The same for uploads. Default: 120 s.
    pub upload_time: Period,
    /// Until an answer must have been taken by the client; then the connection is cut. Default: 120 s.
    pub delivery_time: Period,
    /// Bytes per second that a body must bring on average. Default: 1024.
    pub body_rate: NonZeroU32,
    /// How long a body may pause; what it brings beyond `body_rate` earns it pauses, up to this. A body
    /// that is too slow is refused with 408. Default: 10 s.
    pub body_pause: Period,
    /// Bytes of a request's head: 431 beyond. Default: 32 KiB.
    pub header_bytes: HeaderBytes,
    /// Header fields of a request: 431 beyond. Default: 64.
    pub headers: NonZeroU16,
    /// Bytes of path and query: 414 beyond. Default: 8 KiB.
    pub uri_bytes: NonZeroU32,
    /// Bytes of a body: 413 beyond. Default: 256 KiB.
    pub body_bytes: NonZeroU32,
    /// Bytes of the body of an upload: 413 beyond. Default: 16 MiB.
    pub upload_bytes: NonZeroU32,
    /// Between the wish to stop and the closing of the listener, while `/readyz` says 503 already: time
    /// for a balancer to notice. Default: none.
    pub drain_delay: Option<Period>,
    /// How long what runs may go on after that. Default: 30 s.
    pub drain_time: Period,
}

impl Default for ServeOptions {
    fn default() -> Self {
        let count = |count| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
        ServeOptions {
            connections: count(2_048),
            connections_per_address: count(256),
            streams: count(64),
            requests: count(1_024),
            requests_per_address: count(128),
            running: count(256),
            uploads: count(16),
            queue_time: Period::millis(500),
            header_time: Period::seconds(10),
            keep_alive: Period::seconds(75),
            request_time: Period::seconds(30),
            upload_time: Period::seconds(120),
            delivery_time: Period::seconds(120),
            body_rate: count(1_024),
            body_pause: Period::seconds(10),
            header_bytes: HeaderBytes(32 << 10),
            headers: NonZeroU16::new(64).unwrap_or(NonZeroU16::MIN),
            uri_bytes: count(8 << 10),
            body_bytes: count(256 << 10),
            upload_bytes: count(16 << 20),
            drain_delay: None,
            drain_time: Period::seconds(30),
        }
    }
}

/// How many bytes a request's head may have: between 8 KiB and 1 MiB.
///
/// ```
/// use fleetprompt_http::serve::HeaderBytes;
/// assert_eq!(HeaderBytes::try_from(16_384)?.get(), 16_384);
/// assert!(HeaderBytes::try_from(100).is_err());
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct HeaderBytes(u32);

impl HeaderBytes {
    /// The number of bytes.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for HeaderBytes {
    type Error = ParseError;

    fn try_from(bytes: u32) -> Result<Self, ParseError> {
        let rule = Rule::Other("must be between 8192 and 1048576 bytes");
        let fits = (8_192..=1_048_576).contains(&bytes);
        fits.then_some(HeaderBytes(bytes)).ok_or_else(|| ParseError::new("header-bytes", rule))
    }
}

impl From<HeaderBytes> for u32 {
    fn from(bytes: HeaderBytes) -> u32 {
        bytes.0
    }
}
