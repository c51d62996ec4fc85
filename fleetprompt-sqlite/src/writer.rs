//! The one thread that writes: what waits is committed together, and answered when it is durable.
//!
//! A piece of work checks everything before its first write, so one that is refused leaves nothing
//! to take back and needs no savepoint. When SQLite reports an error, the transaction is given up
//! whole, the piece of work that met it is answered with it, and the others run again, each alone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use fleetprompt_core::port::StoreError;
use futures_channel::oneshot;
use rusqlite::{Connection, ErrorCode};

use crate::batch::Batch;
use crate::error::{Fault, store_error};
use crate::place::Place;
use crate::queue::{Queue, Rejected};

/// How long commits may wait while the write-ahead log is emptied and somebody reads it: longer than a
/// search takes, and no backup.
const LOG_READERS_WAIT: Duration = Duration::from_millis(100);

/// A piece of work for the writer, and who waits for its answer.
trait Job: Send {
    /// Does the work, in the transaction of a batch; may be called again in another one.
    fn run(&mut self, batch: &mut Batch<'_>) -> Result<(), Fault>;
    /// Answers, with the error or with what the last run brought.
    fn answer(self: Box<Self>, outcome: Result<(), StoreError>);
}

struct Work<F, T> {
    run: F,
    done: Option<T>,
    caller: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Job for Work<F, T>
where
    F: Fn(&mut Batch<'_>) -> Result<T, Fault> + Send,
    T: Send,
{
    fn run(&mut self, batch: &mut Batch<'_>) -> Result<(), Fault> {
        self.done = Some((self.run)(batch)?);
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Work { done, caller, .. } = *self;
        let answer = outcome.and_then(|()| {
            done.ok_or(StoreError::OutcomeUnknown("the writer did not keep an answer"))
        });
        // A caller who is gone will ask again under the same idempotency key.
        drop(caller.send(answer));
    }
}

type Jobs = Vec<Box<dyn Job>>;

/// What the thread writes into.
pub(crate) struct OpenFile {
    pub(crate) conn: Connection,
    pub(crate) place: Arc<Place>,
    /// How long to wait for another process that writes.
    pub(crate) patience: Duration,
}

/// The handle of the writing thread; dropping it lets the thread finish what waits and joins it.
pub(crate) struct Writer {
    queue: Arc<Queue<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(file: OpenFile, room: usize, most: usize) -> Result<Self, StoreError> {
        let queue = Arc::new(Queue::new(room));
        let last_words = LastWords(Arc::clone(&queue));
        let thread = thread::Builder::new()
            .name("fleetprompt-sqlite-writer".to_owned())
            .spawn(move || work(&file, &last_words.0, most))
            .map_err(|_| StoreError::Open("the writing thread could not be started"))?;
        Ok(Writer { queue, thread: Some(thread) })
    }

    /// Has `run` done in a transaction, and answers when that is durable.
    pub(crate) async fn submit<T: Send + 'static>(
        &self,
        run: impl Fn(&mut Batch<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (caller, answer) = oneshot::channel();
        self.queue.push(Box::new(Work { run, done: None, caller })).map_err(|rejected| {
            StoreError::Unavailable(match rejected {
                Rejected::Full => "too many commits are waiting to be written",
                Rejected::Closed => "the writing thread has ended",
            })
        })?;
        answer.await.unwrap_or(Err(StoreError::OutcomeUnknown("the writing thread has ended")))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was logged by its hook, and everybody was answered.
            drop(thread.join());
        }
    }
}

/// Answers whoever still waits when the thread ends, whatever ended it.
struct LastWords(Arc<Queue<Box<dyn Job>>>);

impl Drop for LastWords {
    fn drop(&mut self) {
        self.0.close();
        while let Some(jobs) = self.0.take(usize::MAX) {
            answer_all(jobs, &Err(StoreError::Unavailable("the writing thread has ended")));
        }
    }
}

fn work(file: &OpenFile, queue: &Queue<Box<dyn Job>>, most: usize) {
    while let Some(jobs) = queue.take(most) {
        write(file, jobs);
        // Gives a process that waits for the lock its chance, and callers time to come again.
        thread::yield_now();
    }
}

/// Why a transaction was given up. Nothing of it was applied, unless the error says otherwise.
enum GivenUp {
    /// Because of the job at this place.
    ByJob(usize, StoreError),
    /// Because of none of them.
    Whole(StoreError),
}

fn write(file: &OpenFile, mut jobs: Jobs) {
    match transact(file, &mut jobs) {
        Ok(()) => answer_all(jobs, &Ok(())),
        Err(GivenUp::ByJob(at, error)) => {
            let others = jobs.split_off(at.saturating_add(1));
            if let Some(guilty) = jobs.pop() {
                guilty.answer(Err(error));
            }
            each_alone(file, jobs.into_iter().chain(others));
        }
        // A batch that has no room leaves room for some of its jobs, perhaps. What is damaged may
        // concern only some of them: the search index is written after all of them have run.
        Err(GivenUp::Whole(StoreError::Full | StoreError::Corrupt(_))) if jobs.len() > 1 => {
            each_alone(file, jobs.into_iter());
        }
        Err(GivenUp::Whole(error)) => answer_all(jobs, &Err(error)),
    }
}

fn each_alone(file: &OpenFile, jobs: impl Iterator<Item = Box<dyn Job>>) {
    for mut job in jobs {
        let outcome = transact(file, std::slice::from_mut(&mut job));
        job.answer(outcome.map_err(|given_up| match given_up {
            GivenUp::ByJob(_, error) | GivenUp::Whole(error) => error,
        }));
    }
}

fn answer_all(jobs: Jobs, outcome: &Result<(), StoreError>) {
    for job in jobs {
        job.answer(outcome.clone());
    }
}

fn transact(file: &OpenFile, jobs: &mut [Box<dyn Job>]) -> Result<(), GivenUp> {
    let conn = &file.conn;
    let mut batch = Batch::begin(conn, file.patience).map_err(|fault| give_up(conn, fault))?;
    for (at, job) in jobs.iter_mut().enumerate() {
        let ran = catch_unwind(AssertUnwindSafe(|| job.run(&mut batch)));
        let ran = ran.unwrap_or(Err(Fault::Store(StoreError::Unavailable(
            "a defect in the store: the panic is in the log",
        ))));
        if let Err(fault) = ran {
            roll_back(conn);
            return Err(GivenUp::ByJob(at, fault.into()));
        }
    }
    let empties_log = batch.empties_log;
    batch.save().map_err(|fault| give_up(conn, fault))?;
    file.place.check().map_err(|error| give_up(conn, error.into()))?;
    conn.execute_batch("COMMIT").map_err(|error| {
        roll_back(conn);
        GivenUp::Whole(match error.sqlite_error_code() {
            // The last frame may have reached the disk and only the flush have failed: then the
            // commit is found again if the machine stops before the next one overwrites it.
            Some(ErrorCode::SystemIoFailure) => {
                StoreError::OutcomeUnknown("the disk reported an error while committing")
            }
            _ => store_error(&error),
        })
    })?;
    if empties_log {
        empty_log(conn);
    }
    Ok(())
}

/// Copies the write-ahead log into the file and cuts it off, so that it holds no page as it was before
/// something was deleted. Whatever keeps it from that is left to the next time: it is asked again.
fn empty_log(conn: &Connection) {
    let emptied = conn.busy_timeout(LOG_READERS_WAIT).and_then(|()| {
        conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0))
    });
    let restored = conn.busy_timeout(Duration::ZERO);
    match emptied.and_then(|busy| restored.map(|()| busy)) {
        Ok(false) => {}
        Ok(true) => tracing::debug!("the write-ahead log is being read, and emptied later"),
        Err(error) => {
            tracing::warn!(cause = %store_error(&error), "the write-ahead log was not emptied");
        }
    }
}

fn give_up(conn: &Connection, fault: Fault) -> GivenUp {
    roll_back(conn);
    GivenUp::Whole(fault.into())
}

/// Ends the transaction, if SQLite has not done so: some errors do.
fn roll_back(conn: &Connection) {
    if !conn.is_autocommit()
        && let Err(error) = conn.execute_batch("ROLLBACK")
    {
        tracing::error!(cause = %store_error(&error), "a transaction could not be rolled back");
    }
}

#[cfg(test)]
mod tests;
