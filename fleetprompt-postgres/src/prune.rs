//! Forgetting what has served.

use fleetprompt_core::port::Prune;

use crate::error::Fault;
use crate::row;
use crate::session::Session;

/// Forgets at most `limit` entries, the oldest first; answers how many.
pub(crate) async fn prune(mut session: Session<'_>, what: Prune, limit: u32) -> Result<u32, Fault> {
    let (function, time) = match what {
        Prune::Receipts(until) => ("prune_receipts_1", until),
        Prune::Events(before) => ("prune_events_1", before),
    };
    let sql = format!("SELECT {}.{function}($1, $2)", session.schema());
    let statement = session.statement(sql).bind(time.as_millis()).bind(i64::from(limit));
    let row = session.one(statement).await?;
    Ok(u32::try_from(row::get::<i64>(&row, 0)?).unwrap_or(limit))
}
