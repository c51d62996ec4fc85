//! What goes on on one connection, and until when it may.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Version};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::ServeOptions;
use crate::limits::Operation;

/// The requests of one connection that are not answered whole, and since when there are none.
pub(super) struct Activity {
    times: Times,
    state: Mutex<State>,
    changed: Notify,
}

struct Times {
    header: Duration,
    keep_alive: Duration,
    request: Duration,
    upload: Duration,
    delivery: Duration,
}

struct State {
    /// Until when each must be delivered.
    open: BTreeMap<u64, Instant>,
    next: u64,
    idle_since: Instant,
    /// Since when a head has been arriving on an idle connection.
    head_since: Option<Instant>,
    /// Since when something waits to be sent that the client does not take.
    unsent_since: Option<Instant>,
    served: bool,
    multiplexed: bool,
}

/// What a connection may do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing is asked; may stay so until then.
    Idle(Instant),
    /// A head is arriving and must be whole by then.
    Arriving(Instant),
    /// Requests are under way; the oldest must be delivered by then.
    Busy(Instant),
}

impl Standing {
    pub(super) fn until(self) -> Instant {
        match self {
            Standing::Idle(until) | Standing::Arriving(until) | Standing::Busy(until) => until,
        }
    }
}

impl Activity {
    pub(super) fn new(options: &ServeOptions) -> Arc<Self> {
        let times = Times {
            header: options.header_time.into(),
            keep_alive: options.keep_alive.into(),
            request: options.request_time.into(),
            upload: options.upload_time.into(),
            delivery: options.delivery_time.into(),
        };
        let state = State {
            open: BTreeMap::new(),
            next: 0,
            idle_since: Instant::now(),
            head_since: None,
            unsent_since: None,
            served: false,
            multiplexed: false,
        };
        Arc::new(Activity { times, state: Mutex::new(state), changed: Notify::new() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn standing(&self) -> Standing {
        let state = self.state();
        let unsent = state.unsent_since.map(|since| since + self.times.delivery);
        let oldest = state.open.values().copied().chain(unsent).min();
        match (oldest, state.head_since) {
            (Some(until), _) => Standing::Busy(until),
            // Frames of HTTP/2 arrive on an idle connection as well: they begin no head.
            (None, Some(since)) if !state.multiplexed => {
                Standing::Arriving(since + self.times.header)
            }
            (None, _) if state.served => Standing::Idle(state.idle_since + self.times.keep_alive),
            (None, _) => Standing::Idle(state.idle_since + self.times.header),
        }
    }

    /// Waits until the standing may be another.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    fn bytes_arrived(&self) {
        let mut state = self.state();
        if state.open.is_empty() && state.head_since.is_none() {
            state.head_since = Some(Instant::now());
            drop(state);
            self.changed.notify_one();
        }
    }

    /// Bytes were written, or could not be. What a request's ticket does not know is how much of an
    /// answer lies in buffers yet.
    fn wrote<T>(&self, written: &Poll<T>) {
        let mut state = self.state();
        if written.is_pending() && state.unsent_since.is_none() {
            state.unsent_since = Some(Instant::now());
            drop(state);
            self.changed.notify_one();
        }
    }

    /// All that was to be sent is sent.
    fn sent(&self) {
        let mut state = self.state();
        if state.unsent_since.take().is_some() {
            state.idle_since = Instant::now();
            drop(state);
            self.changed.notify_one();
        }
    }

    /// A request has arrived. It is under way until its ticket is dropped.
    pub(super) fn begin<B>(self: &Arc<Self>, request: &Request<B>) -> Ticket {
        // Which requests are uploads is known once they are routed; the guard cuts the others off.
        let longest = self.times.request.max(self.times.upload);
        let mut state = self.state();
        let number = state.next;
        state.next += 1;
        state.served = true;
        state.head_since = None;
        state.multiplexed |= request.version() == Version::HTTP_2;
        state.open.insert(number, Instant::now() + longest + self.times.delivery);
        drop(state);
        self.changed.notify_one();
        Ticket { activity: Arc::clone(self), number }
    }
}

impl Operation {
    /// How long a request of the kind may take.
    pub(super) fn time(self, options: &ServeOptions) -> Duration {
        match self {
            Operation::Upload => options.upload_time.into(),
            _ => options.request_time.into(),
        }
    }

    /// How large its body may be.
    pub(super) fn body_bytes(self, options: &ServeOptions) -> u32 {
        match self {
            Operation::Upload => options.upload_bytes.max(options.body_bytes).get(),
            _ => options.body_bytes.get(),
        }
    }
}

/// A request that is under way.
pub(super) struct Ticket {
    activity: Arc<Activity>,
    number: u64,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut state = self.activity.state();
        state.open.remove(&self.number);
        if state.open.is_empty() {
            state.idle_since = Instant::now();
            drop(state);
            self.activity.changed.notify_one();
        }
    }
}

/// The body of an answer, whose request is under way until it is sent.
pub(super) struct Delivered {
    body: Body,
    _ticket: Ticket,
}

impl Delivered {
    pub(super) fn new(body: Body, ticket: Ticket) -> Self {
        Delivered { body, _ticket: ticket }
    }
}

impl HttpBody for Delivered {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A connection whose first byte of each head is noticed.
pub(super) struct Watched<S> {
    pub(super) stream: S,
    pub(super) activity: Arc<Activity>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.activity.bytes_arrived();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.activity.wrote(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.activity.wrote(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if flushed.is_ready() {
            self.activity.sent();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
