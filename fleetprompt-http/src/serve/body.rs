//! Bodies of requests that must keep moving and stay within their bound.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::time::{Instant, Sleep, sleep_until};

use super::ServeOptions;
use crate::convention::body::whole;
use crate::observe::Shed;

/// Why a body was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BodyFault {
    #[error("the body came too slowly")]
    TooSlow,
    #[error("the body is too large")]
    TooLarge,
    #[error("there is too much to do")]
    Shed(Shed),
}

/// Remembers why a body was not read, whatever its reader made of it.
#[derive(Clone, Default)]
pub(super) struct FaultCell(Arc<OnceLock<BodyFault>>);

impl FaultCell {
    pub(super) fn raise(&self, fault: BodyFault) -> axum::Error {
        // Whoever reads on after the first meets nothing else.
        let _ = self.0.set(fault);
        axum::Error::new(fault)
    }

    pub(super) fn get(&self) -> Option<BodyFault> {
        self.0.get().copied()
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

    pub(super) fn fault(&self) -> FaultCell {
        self.fault.clone()
    }

    fn fail(&self, fault: BodyFault) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Poll::Ready(Some(Err(self.fault.raise(fault))))
    }

    /// Reads all of it and keeps nothing.
    pub(super) async fn discard(mut self) {
        while let Some(Ok(_)) = self.frame().await {}
    }

    /// All of it, once it is there.
    pub(super) async fn whole(self) -> Result<Bytes, axum::Error> {
        whole(self).await
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::stream;

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
        let read = Paced::new(body, pace, most, fault.clone()).whole().await;
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
    async fn a_body_of_many_chunks_arrives_whole_and_in_order() {
        let chunks = (0..300_u32).map(|number| Ok::<_, std::io::Error>(vec![number as u8; 1_000]));
        let expected: Vec<u8> = (0..300_u32).flat_map(|number| vec![number as u8; 1_000]).collect();
        let pace = Pace { bytes_per_second: 10, pause: Duration::from_secs(5) };
        let body = Body::from_stream(stream::iter(chunks));
        let body = Paced::new(body, pace, 1 << 20, FaultCell::default());
        assert_eq!(body.whole().await.unwrap(), expected);
    }

    /// One-byte chunks, each in a large buffer of its own that it keeps as long as it is kept.
    #[tokio::test]
    async fn chunks_are_not_kept_as_they_came() {
        const CHUNKS: usize = 60_000;
        struct Buffer(Vec<u8>, Arc<AtomicUsize>);
        impl AsRef<[u8]> for Buffer {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }
        impl Drop for Buffer {
            fn drop(&mut self) {
                self.1.fetch_sub(1, Ordering::Relaxed);
            }
        }
        let (kept, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let most_kept = Arc::clone(&most);
        let chunks = (0..CHUNKS).map(move |_| {
            most.fetch_max(kept.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            let buffer = Buffer(vec![b'a'; 100], Arc::clone(&kept));
            Ok::<_, std::io::Error>(Bytes::from_owner(buffer).slice(..1))
        });
        let pace = Pace { bytes_per_second: 10, pause: Duration::from_secs(5) };
        let body = Body::from_stream(stream::iter(chunks));
        let whole = Paced::new(body, pace, 1 << 20, FaultCell::default()).whole().await.unwrap();
        assert_eq!(whole.len(), CHUNKS);
        assert_eq!(most_kept.load(Ordering::Relaxed), 1, "one chunk at a time");
        let capacity = Vec::from(whole).capacity();
        assert!(capacity <= 2 * CHUNKS, "{capacity} bytes are kept");
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
