//! The one task that counts a limiter's arrivals: what waits is counted together, by one call. Callers of
//! one budget would otherwise wait for each other on its row, each with a connection of its own.

use std::sync::Arc;
use std::time::Duration;

use fleetprompt_core::domain::Timestamp;
use fleetprompt_core::policy::{ArrivalTime, Rate};
use fleetprompt_core::port::{LimitKey, StoreError};
use tokio::sync::{mpsc, oneshot};

use crate::error::Fault;
use crate::row;
use crate::session::Session;
use crate::store::Jotter;

use super::pruning::Pruning;

/// How many arrivals are counted by one call at most.
const TOGETHER: usize = 256;
/// After how many arrivals old rows are looked for, and among how many: twice as many, so that what a
/// flood of callers leaves is gone after half as many arrivals.
const PRUNED_AFTER: usize = 64;
const LOOKED_AT: u32 = 128;

/// What was due before an arrival, and when it was.
pub(super) type Counted = (ArrivalTime, Timestamp);

/// An arrival, and who waits for its answer.
pub(super) struct Arrival {
    pub(super) key: LimitKey,
    pub(super) rate: Rate,
    /// Microseconds of a clock that is not the server's.
    pub(super) now: Option<i64>,
    pub(super) caller: oneshot::Sender<Counted>,
}

/// Counts what waits.
pub(super) struct Counting {
    pub(super) jotter: Jotter,
    pub(super) pruning: Arc<Pruning>,
    pub(super) waiting: mpsc::Receiver<Arrival>,
    /// How long a call may take.
    pub(super) patience: Duration,
}

impl Counting {
    /// Counts until nobody can arrive any more, and nobody waits.
    pub(super) async fn run(mut self) {
        let (mut arrivals, mut counted) = (Vec::new(), 0);
        while self.waiting.recv_many(&mut arrivals, TOGETHER).await > 0 {
            counted += arrivals.len();
            if counted >= PRUNED_AFTER {
                counted = 0;
                Arc::clone(&self.pruning)
                    .beside(arrivals.first().and_then(|first| first.now), LOOKED_AT);
            }
            match self.count(&arrivals).await {
                Ok(answers) => {
                    for (arrival, answer) in arrivals.drain(..).zip(answers) {
                        // A caller who is gone has arrived all the same.
                        let _ = arrival.caller.send(answer);
                    }
                }
                Err(error) => {
                    tracing::warn!(cause = %error, "the shared limiter could not answer");
                    // Whoever has come meanwhile has waited long enough for a server that says nothing.
                    arrivals.clear();
                    while self.waiting.try_recv().is_ok() {}
                }
            }
        }
    }

    /// In the order of the arrivals.
    async fn count(&self, arrivals: &[Arrival]) -> Result<Vec<Counted>, StoreError> {
        let call = Call {
            keys: arrivals.iter().map(|arrival| arrival.key.0.to_vec()).collect(),
            intervals: arrivals.iter().map(|arrival| arrival.rate.interval_micros()).collect(),
            tolerances: arrivals.iter().map(|arrival| arrival.rate.tolerance_micros()).collect(),
            nows: arrivals.iter().map(|arrival| arrival.now).collect(),
        };
        self.jotter.jot(self.patience, |session| Box::pin(call.make(session))).await
    }
}

/// The parameters of `arrive_1` (`schema/0001_limits.sql`).
struct Call {
    keys: Vec<Vec<u8>>,
    intervals: Vec<i64>,
    tolerances: Vec<i64>,
    nows: Vec<Option<i64>>,
}

impl Call {
    async fn make(self, mut session: Session<'_>) -> Result<Vec<Counted>, Fault> {
        let Call { keys, intervals, tolerances, nows } = self;
        let sql = format!(
            "SELECT before, at FROM {}.arrive_1($1, $2, $3, $4) ORDER BY place",
            session.schema()
        );
        let many = keys.len();
        let statement = session.statement(sql).bind(keys).bind(intervals).bind(tolerances);
        let rows = session.all(statement.bind(nows)).await?;
        if rows.len() != many {
            return Err(StoreError::Corrupt("not every arrival was answered").into());
        }
        let answers = rows.iter().map(|row| {
            let at: i64 = row::get(row, 1)?;
            Ok((ArrivalTime(row::get(row, 0)?), Timestamp::from_millis(at / 1_000)))
        });
        answers.collect()
    }
}
