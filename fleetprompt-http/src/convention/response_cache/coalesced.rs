//! One question to the store for all who wait for its answer.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use tokio::runtime::Handle;
use tokio::task::yield_now;

/// A question that everybody puts, each of whom needs an answer from after they asked. Whoever comes before it is
/// put to the store shares it; whoever comes later waits for the next one.
pub(super) struct Coalesced<T> {
    open: Arc<Open<T>>,
}

type Open<T> = Mutex<Option<Shared<BoxFuture<'static, T>>>>;

impl<T> Default for Coalesced<T> {
    fn default() -> Self {
        Coalesced { open: Arc::default() }
    }
}

impl<T: Clone + Send + Sync + 'static> Coalesced<T> {
    /// The answer to a question that is put after this call.
    pub(super) async fn answer<F>(&self, ask: impl FnOnce() -> F + Send + 'static) -> T
    where
        F: Future<Output = T> + Send,
    {
        let shared = {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            let new = || {
                // Weak, since nobody may be left to wait for the answer.
                let open = Arc::downgrade(&self.open);
                let asking = async move {
                    // What else is ready to run comes first, and may share the question. A task of its own,
                    // since a future that yields has done so when it is polled again by whoever. A host
                    // that runs the routes without Tokio shares less.
                    if let Ok(runtime) = Handle::try_current() {
                        let _at_shutdown_it_is_cancelled = runtime.spawn(yield_now()).await;
                    }
                    if let Some(open) = open.upgrade() {
                        *open.lock().unwrap_or_else(PoisonError::into_inner) = None;
                    }
                    ask().await
                };
                asking.boxed().shared()
            };
            open.get_or_insert_with(new).clone()
        };
        shared.await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures_util::future::join_all;
    use tokio::sync::oneshot;

    use super::*;

    /// Asks with a count of the questions so far.
    async fn asked(coalesced: &Coalesced<u32>, questions: &Arc<AtomicU32>) -> u32 {
        let questions = Arc::clone(questions);
        let ask = async move || questions.fetch_add(1, Ordering::SeqCst) + 1;
        coalesced.answer(ask).await
    }

    #[tokio::test]
    async fn all_who_wait_share_one_question() {
        let (coalesced, questions) = (Coalesced::default(), Arc::default());
        let answers = join_all((0..64).map(|_| asked(&coalesced, &questions))).await;
        assert_eq!(answers, [1; 64]);
        assert_eq!(asked(&coalesced, &questions).await, 2);
    }

    /// As a connection is polled, which looks at its request again for reasons of its own.
    #[tokio::test]
    async fn being_polled_again_puts_no_question_early() {
        let (coalesced, questions) = (Coalesced::default(), Arc::default());
        let mut first = Box::pin(asked(&coalesced, &questions));
        for _ in 0..3 {
            assert!(futures_util::poll!(&mut first).is_pending());
        }
        assert_eq!(tokio::join!(first, asked(&coalesced, &questions)), (1, 1));
    }

    #[tokio::test]
    async fn whoever_comes_while_it_is_being_answered_waits_for_the_next() {
        let (coalesced, questions) = (Coalesced::<u32>::default(), Arc::default());
        let (began, has_begun) = oneshot::channel();
        let (end, ends) = oneshot::channel();
        let slow = coalesced.answer(async move || {
            began.send(()).unwrap();
            ends.await.unwrap();
            0
        });
        let late = async {
            has_begun.await.unwrap();
            let answer = asked(&coalesced, &questions).await;
            end.send(()).unwrap();
            answer
        };
        assert_eq!(tokio::join!(slow, late), (0, 1));
    }

    #[tokio::test]
    async fn a_question_whose_first_caller_left_is_still_put() {
        let (coalesced, questions) = (Coalesced::default(), Arc::default());
        let mut first = Box::pin(asked(&coalesced, &questions));
        assert!(futures_util::poll!(&mut first).is_pending());
        drop(first);
        assert_eq!(asked(&coalesced, &questions).await, 1);
    }
}
