//! Work that takes long or waits, away from the caller's executor.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use futures_channel::oneshot;

/// Does each piece of work on a thread of its own, and a bounded number at once.
pub(super) struct Workers {
    name: &'static str,
    most: usize,
    busy: Arc<AtomicUsize>,
}

/// One of the places; given back when it is dropped, also by a piece of work that panics.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Workers {
    pub(super) fn new(name: &'static str, most: usize) -> Self {
        Workers { name, most: most.max(1), busy: Arc::default() }
    }

    /// Does the work, unless all places are taken. `None` when it was not done, or not to its end.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = Option<T>> + Send {
        let (answer, answered) = oneshot::channel();
        if let Some(place) = self.place() {
            let begun = thread::Builder::new().name(self.name.to_owned()).spawn(move || {
                let done = work();
                drop(place);
                // Whoever asked may have gone.
                let _ = answer.send(done);
            });
            if let Err(error) = begun {
                tracing::warn!(worker = self.name, cause = %error, "no thread could be started");
            }
        }
        async move { answered.await.ok() }
    }

    fn place(&self) -> Option<Place> {
        let one_more = |busy| (busy < self.most).then_some(busy + 1);
        self.busy.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).ok()?;
        Some(Place(Arc::clone(&self.busy)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn no_more_work_is_taken_than_there_are_places() {
        let workers = Workers::new("test", 2);
        let (go, gate) = mpsc::channel::<()>();
        let held = workers.run(move || gate.recv().is_err());
        let panicking = workers.run(|| std::panic::panic_any(()));
        assert_eq!(pollster::block_on(panicking), None::<()>, "lost, and its place is free again");
        let (go_too, gate) = mpsc::channel::<()>();
        let held_too = workers.run(move || gate.recv().is_err());
        assert_eq!(pollster::block_on(workers.run(|| ())), None, "both places are taken");
        drop((go, go_too));
        assert_eq!(pollster::block_on(held), Some(true));
        assert_eq!(pollster::block_on(held_too), Some(true));
        assert_eq!(pollster::block_on(workers.run(|| 7)), Some(7));
    }
}
