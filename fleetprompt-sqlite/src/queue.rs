//! The bounded queue in front of the writer.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Why something was not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejected {
    /// As much waits as may wait.
    Full,
    /// Nobody will take it.
    Closed,
}

/// First in, first out, taken in batches.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    filled: Condvar,
    room: usize,
}

#[derive(Debug)]
struct State<T> {
    waiting: VecDeque<T>,
    open: bool,
}

impl<T> Queue<T> {
    pub(crate) fn new(room: usize) -> Self {
        let state = State { waiting: VecDeque::new(), open: true };
        Queue { state: Mutex::new(state), filled: Condvar::new(), room }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an item; never waits.
    pub(crate) fn push(&self, item: T) -> Result<(), Rejected> {
        let mut state = self.state();
        if !state.open {
            return Err(Rejected::Closed);
        }
        if state.waiting.len() >= self.room {
            return Err(Rejected::Full);
        }
        state.waiting.push_back(item);
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    /// What waits, at most `most` items; waits for the first one only. `None` when the queue is
    /// closed and empty.
    pub(crate) fn take(&self, most: usize) -> Option<Vec<T>> {
        let idle = |state: &mut State<T>| state.open && state.waiting.is_empty();
        let mut state =
            self.filled.wait_while(self.state(), idle).unwrap_or_else(PoisonError::into_inner);
        let count = state.waiting.len().min(most);
        let batch: Vec<T> = state.waiting.drain(..count).collect();
        (!batch.is_empty()).then_some(batch)
    }

    /// Lets nothing more in.
    pub(crate) fn close(&self) {
        self.state().open = false;
        self.filled.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_taken_in_order_and_in_batches() {
        let queue = Queue::new(3);
        for n in 0..3 {
            assert_eq!(queue.push(n), Ok(()));
        }
        assert_eq!(queue.push(3), Err(Rejected::Full));
        assert_eq!(queue.take(2), Some(vec![0, 1]));
        queue.close();
        assert_eq!(queue.push(4), Err(Rejected::Closed));
        assert_eq!(queue.take(2), Some(vec![2]), "what was let in is still taken");
        assert_eq!(queue.take(2), None);
    }

    #[test]
    fn closing_wakes_whoever_waits() {
        let queue = Queue::<u8>::new(1);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| queue.take(1));
            queue.close();
            assert_eq!(waiting.join().unwrap(), None);
        });
    }
}
