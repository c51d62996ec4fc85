//! A request's turn, which it gives back while its body is awaited.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt, poll, stream};
use http_body::{Body as _, Frame};
use http_body_util::StreamBody;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::yield_now;
use tokio::time::timeout;

use super::ServeOptions;
use super::body::{BodyFault, FaultCell, Paced};
use crate::limits::Operation;
use crate::observe::Shed;

/// How long what nobody asked for may go on arriving behind an answer.
const DISCARD_TIME: Duration = Duration::from_secs(1);

/// How many requests are worked on at once, and how many uploads arrive.
#[derive(Debug)]
pub(super) struct Turns {
    running: Arc<Semaphore>,
    uploads: Arc<Semaphore>,
    queue_time: Duration,
}

impl Turns {
    pub(super) fn new(options: &ServeOptions) -> Arc<Self> {
        Arc::new(Turns {
            running: Arc::new(Semaphore::new(options.running.get() as usize)),
            uploads: Arc::new(Semaphore::new(options.uploads.get() as usize)),
            queue_time: options.queue_time.into(),
        })
    }

    /// A turn, once there is one.
    pub(super) async fn take(self: &Arc<Self>) -> Result<Turn, Shed> {
        let turn = Turn { of: Arc::clone(self), held: Arc::default() };
        turn.take().await?;
        Ok(turn)
    }
}

/// One request's turn: until all of its clones are gone, or while its body is awaited.
#[derive(Clone)]
pub(super) struct Turn {
    of: Arc<Turns>,
    held: Arc<Mutex<Held>>,
}

#[derive(Default)]
struct Held {
    running: Option<OwnedSemaphorePermit>,
    /// Lasts as long as the bytes of the upload, turn or no turn.
    upload: Option<OwnedSemaphorePermit>,
}

impl Turn {
    fn hold<T>(&self, change: impl FnOnce(&mut Held) -> T) -> T {
        change(&mut self.held.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn take(&self) -> Result<(), Shed> {
        let turn = Arc::clone(&self.of.running).acquire_owned();
        match timeout(self.of.queue_time, turn).await {
            Ok(Ok(permit)) => {
                self.hold(|held| held.running = Some(permit));
                Ok(())
            }
            Ok(Err(_)) | Err(_) => Err(Shed::Running),
        }
    }

    /// A place among the uploads, if there is one now: who waited for it would hold a turn meanwhile.
    fn take_upload(&self) -> Result<(), Shed> {
        let permit = Arc::clone(&self.of.uploads).try_acquire_owned().map_err(|_| Shed::Uploads)?;
        self.hold(|held| held.upload = Some(permit));
        Ok(())
    }

    /// What a handler gets for `unread`: nothing is read before it asks for it, so that whoever is
    /// refused by the head alone has brought nothing.
    pub(super) fn body(&self, unread: &Unread) -> Body {
        if unread.is_empty() {
            return Body::empty();
        }
        let (turn, unread) = (self.clone(), unread.clone());
        let read = async move { Some(turn.read(&unread).await?.map(Frame::data)) };
        Body::new(StreamBody::new(stream::once(read).filter_map(std::future::ready)))
    }

    /// The whole of a body, without a turn until it is there.
    async fn read(&self, unread: &Unread) -> Option<Result<Bytes, axum::Error>> {
        let shed = |shed| unread.fault.raise(BodyFault::Shed(shed));
        if unread.operation == Operation::Upload
            && let Err(refused) = self.take_upload()
        {
            return Some(Err(shed(refused)));
        }
        let mut whole = pin!(unread.take()?.whole());
        if let Poll::Ready(whole) = arrived(whole.as_mut()).await {
            return Some(whole);
        }
        self.hold(|held| held.running = None);
        let whole = whole.await;
        if whole.is_ok()
            && let Err(refused) = self.take().await
        {
            return Some(Err(shed(refused)));
        }
        Some(whole)
    }
}

/// What of a body has arrived with its head: a connection hands it on when it is looked at again.
async fn arrived<T>(mut reading: impl Future<Output = T> + Unpin) -> Poll<T> {
    match poll!(&mut reading) {
        Poll::Pending => {
            yield_now().await;
            poll!(&mut reading)
        }
        ready => ready,
    }
}

/// A body that nobody has asked for yet.
#[derive(Clone)]
pub(super) struct Unread {
    operation: Operation,
    fault: FaultCell,
    body: Arc<Mutex<Option<Paced>>>,
}

impl Unread {
    pub(super) fn new(body: Paced, operation: Operation) -> Self {
        Unread { operation, fault: body.fault(), body: Arc::new(Mutex::new(Some(body))) }
    }

    fn is_empty(&self) -> bool {
        let body = self.body.lock().unwrap_or_else(PoisonError::into_inner);
        body.as_ref().is_none_or(|body| body.is_end_stream())
    }

    fn take(&self) -> Option<Paced> {
        self.body.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Throws away what nobody asked for; pending if more of it is to come. Then it is thrown away for a
    /// while yet: who is cut off while sending may lose the answer that lies there already.
    pub(super) async fn discard(&self) -> Poll<()> {
        let Some(body) = self.take().filter(|body| !body.is_end_stream()) else {
            return Poll::Ready(());
        };
        let mut discarding = Box::pin(body.discard());
        let discarded = arrived(&mut discarding).await;
        if discarded.is_pending() {
            tokio::spawn(timeout(DISCARD_TIME, discarding));
        }
        discarded
    }
}
