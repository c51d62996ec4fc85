//! Bodies of requests that must keep moving and stay within their bound.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::{BodyExt, BodyStream, StreamBody};
use tokio::time::{Instant, Sleep, sleep_until};

use super::ServeOptions;

/// So much of a body is awaited before its request takes a turn, so that a slow client holds none.
const AWAITED_BYTES: usize = 64 << 10;

/// What was wrong with a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BodyFault {
    #[error("the body came too slowly")]
    TooSlow,
    #[error("the body is too large")]
    TooLarge,
}

/// Remembers what was wrong with a body, whatever its reader made of it.
#[derive(Clone, Default)]
pub(super) struct FaultCell(Arc<AtomicU8>);

impl FaultCell {
    fn set(&self, fault: BodyFault) {
        self.0.store(1 + fault as u8, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> Option<BodyFault> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            1 => Some(BodyFault::TooSlow),
            _ => Some(BodyFault::TooLarge),
        }
    }
}

/// How fast a body must come.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    bytes_per_second: u32,
    pause: Duration,
}

impl Pace {
    pub(super) fn new(options: &ServeOptions) -> Self {
        Pace { bytes_per_second: options.body_rate.get(), pause: options.body_pause.into() }
    }

    fn earned(self, bytes: usize) -> Duration {
        let millis = (bytes as u64).saturating_mul(1_000) / u64::from(self.bytes_per_second);
        Duration::from_millis(millis)
    }
}

/// A body that may pause for so long, earns patience by what it brings, and has at most so many bytes.
/// Only the time that somebody waits for it counts.
pub(super) struct Paced {
    body: Body,
    pace: Pace,
    patience: Duration,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
    left: u64,
    fault: FaultCell,
}

impl Paced {
    pub(super) fn new(body: Body, pace: Pace, most: u32, fault: FaultCell) -> Self {
        Paced { body, pace, patience: pace.pause, waiting: None, left: u64::from(most), fault }
    }

    fn fail(&self, fault: BodyFault) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.fault.set(fault);
        Poll::Ready(Some(Err(axum::Error::new(fault))))
    }
}

impl HttpBody for Paced {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Pending => {
                let patience = self.patience;
                let (_, sleep) = self.waiting.get_or_insert_with(|| {
                    let now = Instant::now();
                    (now, Box::pin(sleep_until(now + patience)))
                });
                match sleep.as_mut().poll(cx) {
                    Poll::Ready(()) => self.fail(BodyFault::TooSlow),
                    Poll::Pending => Poll::Pending,
                }
            }
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                let waited =
                    self.waiting.take().map_or(Duration::ZERO, |(since, _)| since.elapsed());
                let left = self.patience.saturating_sub(waited);
                self.patience = self.pace.pause.min(left + self.pace.earned(bytes));
                match self.left.checked_sub(bytes as u64) {
                    Some(left) => self.left = left,
                    None => return self.fail(BodyFault::TooLarge),
                }
                Poll::Ready(Some(Ok(frame)))
            }
            ended => ended,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Waits for the beginning of a body: for all of it, if it is short. What fails on the way fails here
/// only if the fault is ours to tell; otherwise whoever reads the body meets it.
pub(super) async fn arrived(mut body: Paced) -> Body {
    if body.is_end_stream() {
        return Body::empty();
    }
    let mut frames = Vec::new();
    let mut bytes = 0;
    loop {
        match body.frame().await {
            None => return joined(frames),
            Some(Ok(frame)) => {
                bytes += frame.data_ref().map_or(0, Bytes::len);
                frames.push(Ok(frame));
            }
            Some(Err(error)) => {
                frames.push(Err(error));
                return Body::new(StreamBody::new(stream::iter(frames)));
            }
        }
        if bytes >= AWAITED_BYTES {
            let rest = stream::iter(frames).chain(BodyStream::new(body));
            return Body::new(StreamBody::new(rest));
        }
    }
}

/// A whole body of few bytes.
fn joined(frames: Vec<Result<Frame<Bytes>, axum::Error>>) -> Body {
    let mut chunks = frames.into_iter().filter_map(|frame| frame.ok()?.into_data().ok());
    let Some(first) = chunks.next() else { return Body::empty() };
    let mut rest = chunks.peekable();
    if rest.peek().is_none() {
        return Body::from(first);
    }
    let whole = rest.fold(Vec::from(first), |mut whole, chunk| {
        whole.extend_from_slice(&chunk);
        whole
    });
    Body::from(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A body that brings `bytes` every `pause` of a clock that tests move.
    fn dripping(bytes: usize, pause: Duration, times: usize) -> Body {
        Body::from_stream(stream::unfold(0, move |done| async move {
            if done == times {
                return None;
            }
            tokio::time::sleep(pause).await;
            Some((Ok::<_, std::io::Error>(Bytes::from(vec![b'a'; bytes])), done + 1))
        }))
    }

    async fn read(body: Body, most: u32) -> (Option<usize>, Option<BodyFault>) {
        let pace = Pace { bytes_per_second: 10, pause: Duration::from_secs(5) };
        let fault = FaultCell::default();
        let body = arrived(Paced::new(body, pace, most, fault.clone())).await;
        let read = axum::body::to_bytes(body, usize::MAX).await;
        (read.ok().map(|bytes| bytes.len()), fault.get())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_drips_is_given_up_and_one_that_flows_is_not() {
        let second = Duration::from_secs(1);
        let slow = (None, Some(BodyFault::TooSlow));
        assert_eq!(read(dripping(1, second, 1_000), 10_000).await, slow);
        assert_eq!(read(dripping(9, second, 1_000), 10_000).await, slow);
        assert_eq!(read(dripping(10, second, 900), 10_000).await, (Some(9_000), None));
        // A pause is allowed, and what was brought before earns another one.
        assert_eq!(read(dripping(60, 4 * second, 20), 10_000).await, (Some(1_200), None));
        assert_eq!(read(dripping(60, 6 * second, 20), 10_000).await, slow);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_beyond_what_is_awaited_arrives_whole_and_in_order() {
        let chunks = (0..300_u32).map(|number| Ok::<_, std::io::Error>(vec![number as u8; 1_000]));
        let expected: Vec<u8> = (0..300_u32).flat_map(|number| vec![number as u8; 1_000]).collect();
        let pace = Pace { bytes_per_second: 10, pause: Duration::from_secs(5) };
        let body = Body::from_stream(stream::iter(chunks));
        let body = arrived(Paced::new(body, pace, 1 << 20, FaultCell::default())).await;
        assert_eq!(axum::body::to_bytes(body, usize::MAX).await.unwrap(), expected);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_beyond_its_bound_is_refused_wherever_it_passes_it() {
        let second = Duration::from_secs(1);
        let large = (None, Some(BodyFault::TooLarge));
        assert_eq!(read(dripping(100, second, 2), 199).await, large);
        assert_eq!(read(dripping(100, second, 2), 200).await, (Some(200), None));
        assert_eq!(read(dripping(70_000, second, 2), 100_000).await, large);
    }
}
