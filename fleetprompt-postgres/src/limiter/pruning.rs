//! Forgetting callers whose budget is full again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fleetprompt_core::port::StoreError;

use crate::error::Fault;
use crate::row;
use crate::session::Session;
use crate::store::Jotter;

/// Now, in microseconds of whole milliseconds, as the core counts.
const SERVER_TIME: &str = "floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint * 1000";

/// Looks at the rows in the order of their keys, some at a time, and removes those that say no more than
/// a missing one.
pub(super) struct Pruning {
    pub(super) jotter: Jotter,
    pub(super) patience: Duration,
    /// Up to where rows were looked at.
    pub(super) looked_at: Mutex<Vec<u8>>,
}

impl Pruning {
    /// Prunes while others go on. What is not removed now is removed later.
    pub(super) fn beside(self: Arc<Self>, now: Option<i64>, most: u32) {
        drop(tokio::spawn(async move { drop(self.prune(now, most).await) }));
    }

    /// Looks at the next `most` rows; answers how many were removed. `now` is in microseconds; without it,
    /// it is the server's time.
    pub(super) async fn prune(&self, now: Option<i64>, most: u32) -> Result<u32, StoreError> {
        let after = self.looked_at().clone();
        let prune =
            self.jotter.jot(self.patience, |session| Box::pin(prune(session, now, after, most)));
        let Pruned { reached, removed } = prune.await?;
        *self.looked_at() = reached;
        Ok(removed)
    }

    fn looked_at(&self) -> MutexGuard<'_, Vec<u8>> {
        self.looked_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Pruned {
    /// The last key that was looked at; the beginning after the last of all.
    reached: Vec<u8>,
    removed: u32,
}

/// A row that somebody arrives at is left: waiting for it, with others held, could be waiting in a circle.
async fn prune(
    mut session: Session<'_>,
    now: Option<i64>,
    after: Vec<u8>,
    most: u32,
) -> Result<Pruned, Fault> {
    let schema = session.schema();
    let sql = format!(
        "WITH next AS (
             SELECT key FROM {schema}.limit_due WHERE key > $1 ORDER BY key LIMIT $2
         ), old AS (
             SELECT key FROM {schema}.limit_due
             WHERE key IN (SELECT key FROM next) AND due <= coalesce($3, {SERVER_TIME})
             FOR UPDATE SKIP LOCKED
         ), gone AS (
             DELETE FROM {schema}.limit_due WHERE key IN (SELECT key FROM old) RETURNING 1
         )
         SELECT (SELECT key FROM next ORDER BY key DESC LIMIT 1),
             (SELECT count(*) FROM next), (SELECT count(*) FROM gone)"
    );
    let statement = session.statement(sql).bind(after).bind(i64::from(most)).bind(now);
    let row = session.one(statement).await?;
    let looked_at: i64 = row::get(&row, 1)?;
    let reached = if looked_at < i64::from(most) { None } else { row::get(&row, 0)? };
    let removed = u32::try_from(row::get::<i64>(&row, 2)?).unwrap_or(most);
    Ok(Pruned { reached: reached.unwrap_or_default(), removed })
}
