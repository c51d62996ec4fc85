//! The one task that writes: what waits is committed together, by one call of one function of the
//! server, and answered when that has committed.
//!
//! When the server refuses a batch because of something that it holds, nothing of it was applied,
//! and its commits are tried again, each alone: the one to blame fails by itself.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use fleetprompt_core::port::{Committed, StoreError};
use sqlx::Connection as _;
use sqlx::postgres::{PgConnection, PgRow};
use tokio::sync::{mpsc, oneshot};

use crate::batch::{Answer, Batch};
use crate::error::Fault;
use crate::pool::Pool;
use crate::prepared::Prepared;
use crate::session::{Session, Settings};

const LOST: StoreError = StoreError::OutcomeUnknown("the connection was lost while committing");
const SILENT: StoreError = StoreError::OutcomeUnknown("the server did not answer a commit in time");

/// How often in a row whoever is ready to run gets a turn without adding to a batch, before it is sent.
const IN_VAIN: u32 = 3;

/// A commit, and who waits for its answer.
pub(crate) struct Job {
    prepared: Prepared,
    caller: oneshot::Sender<Result<Committed, StoreError>>,
}

impl Job {
    fn answer(self, answer: Result<Committed, StoreError>) {
        // A caller who is gone will ask again under the same idempotency key.
        drop(self.caller.send(answer));
    }
}

/// Has a commit written, and answers when it is durable.
pub(crate) async fn submit(
    jobs: &mpsc::Sender<Job>,
    prepared: Prepared,
) -> Result<Committed, StoreError> {
    let (caller, answer) = oneshot::channel();
    jobs.try_send(Job { prepared, caller }).map_err(|rejected| {
        StoreError::Unavailable(match rejected {
            mpsc::error::TrySendError::Full(_) => "too many commits are waiting to be written",
            mpsc::error::TrySendError::Closed(_) => "the committing task has ended",
        })
    })?;
    answer.await.unwrap_or(Err(StoreError::OutcomeUnknown("the committing task has ended")))
}

/// Writes what waits.
pub(crate) struct Committer {
    pub(crate) pool: Pool,
    pub(crate) settings: Arc<Settings>,
    pub(crate) waiting: mpsc::Receiver<Job>,
    /// How many commits share a transaction at most.
    pub(crate) most: usize,
    /// How long a call may take in all.
    pub(crate) patience: Duration,
}

impl Committer {
    /// Writes until nobody can ask for more, and nothing waits.
    pub(crate) async fn run(mut self) {
        let mut jobs = Vec::new();
        while self.waiting.recv_many(&mut jobs, self.most).await > 0 {
            self.gather(&mut jobs).await;
            self.write(std::mem::take(&mut jobs)).await;
        }
    }

    /// Lets those who were just answered ask for more. The first of them would else be written alone while
    /// all others wait, so that every second batch is one commit.
    async fn gather(&mut self, jobs: &mut Vec<Job>) {
        let mut in_vain = 0;
        while in_vain < IN_VAIN && jobs.len() < self.most {
            tokio::task::yield_now().await;
            let known = jobs.len();
            while jobs.len() < self.most
                && let Ok(job) = self.waiting.try_recv()
            {
                jobs.push(job);
            }
            in_vain = if jobs.len() == known { in_vain + 1 } else { 0 };
        }
    }

    async fn write(&self, jobs: Vec<Job>) {
        match self.transact(&jobs).await {
            Ok(answers) => {
                jobs.into_iter().zip(answers).for_each(|(job, answer)| job.answer(answer));
            }
            Err(Failed { error, split: true }) if jobs.len() > 1 => {
                tracing::warn!(cause = %error, "a batch was refused: its commits go alone");
                for job in jobs {
                    let alone = self.transact(std::slice::from_ref(&job)).await;
                    let answer = alone.map(|answers| answers.into_iter().next());
                    job.answer(match answer {
                        Ok(Some(answer)) => answer,
                        Ok(None) => Err(LOST),
                        Err(failed) => Err(failed.error),
                    });
                }
            }
            Err(Failed { error, .. }) => {
                jobs.into_iter().for_each(|job| job.answer(Err(error.clone())));
            }
        }
    }

    async fn transact(&self, jobs: &[Job]) -> Result<Vec<Result<Committed, StoreError>>, Failed> {
        let mut batch = Batch::default();
        jobs.iter().for_each(|job| batch.push(&job.prepared));
        // Nothing was sent yet.
        let mut conn = self.pool.acquire().await.map_err(Failed::undone)?;
        let server = conn.server();
        let called = {
            let call = pin!(self.call(&mut conn, &batch));
            tokio::time::timeout(self.patience, self.pool.while_led_to(server, call)).await
        };
        let rows = match called {
            Ok(Some(Ok(rows))) => {
                conn.give_back();
                rows
            }
            Ok(Some(Err(failed))) => {
                conn.give_back_tested();
                return Err(failed);
            }
            Ok(None) | Err(_) => {
                // What is still on its way must not be taken for an answer to the next call.
                drop(conn.detach());
                return Err(Failed { error: SILENT, split: false });
            }
        };
        let answers = rows.iter().map(Answer::read).collect::<Result<Vec<_>, _>>();
        let answers = answers.map_err(Failed::unread)?;
        batch.answers(answers).map_err(Failed::unread)
    }

    /// Calls the function; what it answers has been committed.
    async fn call(&self, conn: &mut PgConnection, batch: &Batch) -> Result<Vec<PgRow>, Failed> {
        let statement = batch.statement(&self.settings);
        if !self.settings.transaction_pooling {
            // Sent whole at once, and committed by itself.
            let rows = Session::new(conn, &self.settings).all(statement).await;
            return rows.map_err(Failed::new);
        }
        let begun = conn.begin_with(self.settings.begin_write()).await;
        let mut transaction = begun.map_err(Failed::undone)?;
        let rows = Session::new(&mut transaction, &self.settings).all(statement).await;
        // Without its COMMIT, nothing of it stays.
        let rows = rows.map_err(Failed::undone_by)?;
        transaction.commit().await.map_err(|error| Failed::new(error.into()))?;
        Ok(rows)
    }
}

/// Why a batch was not applied, or may not have been.
struct Failed {
    error: StoreError,
    /// Whether its commits may succeed one by one.
    split: bool,
}

impl Failed {
    fn new(fault: Fault) -> Self {
        if fault.is_undone() {
            Failed::undone_by(fault)
        } else {
            Failed { error: LOST, split: false }
        }
    }

    fn undone_by(fault: Fault) -> Self {
        Failed { split: fault.is_about_content(), error: fault.into() }
    }

    fn undone(error: sqlx::Error) -> Self {
        Failed { split: false, error: Fault::from(error).into() }
    }

    /// The server has committed, and what it said can't be read.
    fn unread(fault: Fault) -> Self {
        let cause = StoreError::from(fault);
        tracing::error!(%cause, "the answer to a batch could not be read");
        let error = StoreError::OutcomeUnknown("the answer to a commit could not be read");
        Failed { error, split: false }
    }
}
