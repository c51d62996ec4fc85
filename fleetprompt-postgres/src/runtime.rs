//! The threads that serve a store's connections: its own, so that its futures need no particular
//! executor, or those of a runtime that the host has and lends it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::thread::{self, JoinHandle};

use fleetprompt_core::port::StoreError;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::watch;

const NO_THREAD: StoreError = StoreError::Open("the store's threads could not be started");
const ENDED: StoreError = StoreError::Unavailable("the threads that serve the store have ended");
const CUT_OFF: StoreError =
    StoreError::OutcomeUnknown("the threads that serve the store have ended");
const DEFECT: StoreError =
    StoreError::Unavailable("a defect in the store: the panic is in the log");

/// Threads that are being put to work.
pub(crate) enum Starting {
    /// The store's own. Dropped before they are at work, they end by themselves: a runtime must not be
    /// waited for where another one runs.
    Own(Option<Runtime>),
    Lent(Handle),
}

impl Starting {
    /// Those of the runtime that is `lent`, or so many threads of the store's own.
    pub(crate) fn new(lent: Option<Handle>, threads: usize) -> Result<Self, StoreError> {
        if let Some(runtime) = lent {
            return Ok(Starting::Lent(runtime));
        }
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("fleetprompt-postgres")
            .enable_all()
            .build();
        runtime.map(|runtime| Starting::Own(Some(runtime))).map_err(|_| NO_THREAD)
    }

    pub(crate) fn handle(&self) -> Result<Handle, StoreError> {
        match self {
            Starting::Own(runtime) => {
                runtime.as_ref().map(|runtime| runtime.handle().clone()).ok_or(NO_THREAD)
            }
            Starting::Lent(runtime) => Ok(runtime.clone()),
        }
    }

    /// Keeps the threads until `end` has ended, which is run on them.
    pub(crate) fn keep(
        mut self,
        end: impl Future<Output = ()> + Send + 'static,
    ) -> Result<Threads, StoreError> {
        let handle = self.handle()?;
        let (at_work, ended) = watch::channel(());
        let end = async move {
            // Dropped with whatever ends this, a runtime that is shut down too.
            let _at_work = at_work;
            end.await;
        };
        let keeper = match &mut self {
            Starting::Own(runtime) => {
                let runtime = runtime.take().ok_or(NO_THREAD)?;
                let keeper = thread::Builder::new()
                    .name("fleetprompt-postgres-keeper".to_owned())
                    .spawn(move || runtime.block_on(end));
                Some(keeper.map_err(|_| NO_THREAD)?)
            }
            Starting::Lent(runtime) => {
                drop(runtime.spawn(end));
                None
            }
        };
        Ok(Threads { handle, keeper, ended })
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        if let Starting::Own(runtime) = self
            && let Some(runtime) = runtime.take()
        {
            runtime.shutdown_background();
        }
    }
}

/// Threads at work.
pub(crate) struct Threads {
    handle: Handle,
    /// What keeps the store's own; `None` where they are lent.
    keeper: Option<JoinHandle<()>>,
    /// Closed once the work that ends them is done.
    ended: watch::Receiver<()>,
}

impl Threads {
    /// Work that goes on where it is polled, and rests on the threads for what it waits for. Dropped, it
    /// is given up.
    pub(crate) fn here<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Here<impl Future<Output = Result<T, StoreError>> + Send> {
        let (handle, ended) = (self.handle.clone(), self.ended.clone());
        Here { handle, ended, work: Some(Box::pin(work)) }
    }

    /// Has work done on the threads, and answers when it is, also when nobody waits for it any more.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        run(&self.handle, work).await
    }

    /// Has work done on the threads that nobody waits for. It must not hold the store, whose end waits for
    /// the threads.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        drop(self.handle.spawn(work));
    }

    /// Over once the work that ends them is done.
    pub(crate) fn ended(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut ended = self.ended.clone();
        async move { while ended.changed().await.is_ok() {} }
    }

    /// Waits until the work that ends them is done. Threads that are lent are not waited for: it may be
    /// one of them that would wait.
    pub(crate) fn join(&mut self) {
        if let Some(keeper) = self.keeper.take() {
            // A panic was logged by its hook, and everybody was answered.
            drop(keeper.join());
        }
    }
}

/// See [`Threads::here`].
pub(crate) struct Here<F> {
    handle: Handle,
    ended: watch::Receiver<()>,
    /// `None` once it is done.
    work: Option<Pin<Box<F>>>,
}

impl<T, F: Future<Output = Result<T, StoreError>>> Future for Here<F> {
    type Output = Result<T, StoreError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // What waits for a runtime that has been shut down panics.
        if self.ended.has_changed().is_err() {
            self.work = None;
            return Poll::Ready(Err(ENDED));
        }
        let Here { handle, work, .. } = &mut *self;
        let _threads = handle.enter();
        match work {
            Some(running) => {
                let answer = ready!(running.as_mut().poll(context));
                *work = None;
                Poll::Ready(answer)
            }
            None => Poll::Pending,
        }
    }
}

impl<F> Drop for Here<F> {
    /// A connection that is given up in the middle of something is seen to on the threads.
    fn drop(&mut self) {
        let _threads = self.handle.enter();
        self.work = None;
    }
}

pub(crate) async fn run<T: Send + 'static>(
    handle: &Handle,
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    handle.spawn(work).await.unwrap_or_else(|error| match error.is_cancelled() {
        true => Err(CUT_OFF),
        false => Err(DEFECT),
    })
}
