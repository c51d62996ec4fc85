//! The threads that serve a store's connections, so that its futures need no particular executor.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::thread::{self, JoinHandle};

use fleetprompt_core::port::StoreError;
use tokio::runtime::{Builder, Handle, Runtime};

const NO_THREAD: StoreError = StoreError::Open("the store's threads could not be started");

/// Threads that are being put to work. Dropped before they are, they end by themselves: a runtime
/// must not be waited for where another one runs.
pub(crate) struct Starting(Option<Runtime>);

impl Starting {
    pub(crate) fn new(threads: usize) -> Result<Self, StoreError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("fleetprompt-postgres")
            .enable_all()
            .build();
        runtime.map(|runtime| Starting(Some(runtime))).map_err(|_| NO_THREAD)
    }

    pub(crate) fn handle(&self) -> Result<Handle, StoreError> {
        self.0.as_ref().map(|runtime| runtime.handle().clone()).ok_or(NO_THREAD)
    }

    /// Keeps the threads until `end` has ended, which is run on them.
    pub(crate) fn keep(
        mut self,
        end: impl Future<Output = ()> + Send + 'static,
    ) -> Result<Threads, StoreError> {
        let runtime = self.0.take().ok_or(NO_THREAD)?;
        let handle = runtime.handle().clone();
        let keeper = thread::Builder::new()
            .name("fleetprompt-postgres-keeper".to_owned())
            .spawn(move || runtime.block_on(end))
            .map_err(|_| NO_THREAD)?;
        Ok(Threads { handle, keeper: Some(keeper) })
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Threads at work.
pub(crate) struct Threads {
    handle: Handle,
    keeper: Option<JoinHandle<()>>,
}

impl Threads {
    /// Work that goes on where it is polled, and rests on the threads for what it waits for. Dropped, it
    /// is given up.
    pub(crate) fn here<T>(
        &self,
        work: impl Future<Output = T> + Send,
    ) -> Here<impl Future<Output = T> + Send> {
        Here { handle: self.handle.clone(), work: Some(Box::pin(work)) }
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

    /// Waits until the work that ends them is done.
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
    /// `None` once it is done.
    work: Option<Pin<Box<F>>>,
}

impl<F: Future> Future for Here<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Here { handle, work } = &mut *self;
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
    let ended = StoreError::Unavailable("a defect in the store: the panic is in the log");
    handle.spawn(work).await.unwrap_or(Err(ended))
}
