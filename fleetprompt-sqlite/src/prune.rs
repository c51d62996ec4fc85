//! Forgetting what has served.

use fleetprompt_core::domain::Timestamp;
use fleetprompt_core::port::Prune;
use rusqlite::params;

use crate::batch::Batch;
use crate::error::Fault;
use crate::row::{integer, position, time};

/// Forgets at most `limit` entries, the oldest first; answers how many.
pub(crate) fn prune(batch: &mut Batch<'_>, what: Prune, limit: u32) -> Result<u32, Fault> {
    batch.check_finished()?;
    match what {
        Prune::Receipts(before) => receipts(batch, before, limit),
        Prune::Events(before) => events(batch, before, limit),
    }
}

fn receipts(batch: &Batch<'_>, before: Timestamp, limit: u32) -> Result<u32, Fault> {
    let pruned = batch
        .conn
        .prepare_cached(
            "DELETE FROM receipt WHERE scope IN (
                 SELECT scope FROM receipt WHERE expires_at <= ?1
                 ORDER BY expires_at, scope LIMIT ?2)",
        )?
        .execute(params![before.as_millis(), limit])?;
    Ok(u32::try_from(pruned).unwrap_or(limit))
}

fn events(batch: &mut Batch<'_>, before: Timestamp, limit: u32) -> Result<u32, Fault> {
    let mut pruned = 0_u32;
    {
        let mut statement = batch.conn.prepare_cached(
            "SELECT position, at, feed_position IS NOT NULL FROM event ORDER BY position LIMIT ?1",
        )?;
        let mut rows = statement.query([limit])?;
        while let Some(row) = rows.next()? {
            if time(row, 1)? >= before {
                break;
            }
            batch.head.pruned = position(row, 0)?;
            if row.get(2)? {
                batch.head.feed_pruned = batch.head.feed_pruned.next();
            }
            pruned = pruned.saturating_add(1);
        }
    }
    if pruned > 0 {
        batch
            .conn
            .prepare_cached("DELETE FROM event WHERE position <= ?1")?
            .execute([integer(batch.head.pruned.get())])?;
    }
    Ok(pruned)
}
