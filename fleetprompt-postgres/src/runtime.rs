//! The threads that serve a store's connections, so that its futures need no particular executor.

use std::future::Future;
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
    /// Has work done on the threads, and answers when it is.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        run(&self.handle, work).await
    }

    /// Waits until the work that ends them is done.
    pub(crate) fn join(&mut self) {
        if let Some(keeper) = self.keeper.take() {
            // A panic was logged by its hook, and everybody was answered.
            drop(keeper.join());
        }
    }
}

pub(crate) async fn run<T: Send + 'static>(
    handle: &Handle,
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    let ended = StoreError::Unavailable("a defect in the store: the panic is in the log");
    handle.spawn(work).await.unwrap_or(Err(ended))
}
