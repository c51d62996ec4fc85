//! Limits that all processes of a marketplace share.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fleetprompt_core::domain::Timestamp;
use fleetprompt_core::policy::{ArrivalTime, LimitDecision, Rate, gcra};
use fleetprompt_core::port::{
    Clock, GiveBackFuture, LimitKey, Limiter, LimiterFuture, LimiterUnavailable, StoreError,
};

use crate::error::Fault;
use crate::row;
use crate::session::Session;
use crate::store::PostgresStore;

/// How long an arrival waits at most.
const PATIENCE: Duration = Duration::from_secs(1);
/// After how many arrivals old rows are looked for, and among how many: twice as many, so that what a
/// flood of callers leaves is gone after half as many arrivals.
const PRUNED_AFTER: u32 = 64;
const LOOKED_AT: u32 = 128;

/// Now, in microseconds of whole milliseconds, as the core counts.
const SERVER_TIME: &str = "floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint * 1000";

/// Limits that all processes share which use the same schema: the generic cell rate algorithm, as
/// [`gcra`] decides it, in one statement on one row for each caller.
///
/// The clock is the server's, since it is the only one that all processes have in common: those of
/// machines differ by more than the intervals of high rates. Rows are not written to the write-ahead
/// log; after a crash of the server, all budgets are full. Rows that say no more than a missing one are
/// removed by the way.
///
/// An arrival costs a round trip and waits a second at most. What it means when no answer comes is the
/// caller's to decide: the marketplace refuses to write then.
///
/// ```no_run
/// use std::sync::Arc;
/// use fleetprompt_core::Marketplace;
/// use fleetprompt_core::domain::Span;
/// use fleetprompt_core::policy::Rate;
/// # use fleetprompt_core::token::{KeyRing, MasterKey};
/// use fleetprompt_postgres::{PostgresLimiter, PostgresStore};
///
/// # pollster::block_on(async {
/// let store = PostgresStore::connect("postgres://market@db.example/market").await?;
/// let limiter = Arc::new(PostgresLimiter::new(&store));
/// let market = Marketplace::builder(store)
///     .limiter(limiter, Rate::per(Span::minutes(1), 60).with_burst(10))
/// #   .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?))
/// #   .issuer("https://market.example".parse()?)
///     .build()
///     .await?;
/// # drop(market);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub struct PostgresLimiter {
    store: PostgresStore,
    clock: Option<Arc<dyn Clock>>,
    arrivals: AtomicU32,
    /// Up to where old rows were looked for.
    looked_at: Arc<Mutex<Vec<u8>>>,
}

impl PostgresLimiter {
    /// A limiter in the store's schema, with the server's clock.
    ///
    /// ```no_run
    /// use fleetprompt_postgres::{PostgresLimiter, PostgresStore};
    /// # pollster::block_on(async {
    /// let store = PostgresStore::connect("postgres://market@db.example/market").await?;
    /// let limiter = PostgresLimiter::new(&store);
    /// # drop(limiter);
    /// # Ok::<(), fleetprompt_core::port::StoreError>(())
    /// # }).unwrap();
    /// ```
    pub fn new(store: &PostgresStore) -> Self {
        PostgresLimiter {
            store: store.clone(),
            clock: None,
            arrivals: AtomicU32::new(0),
            looked_at: Arc::default(),
        }
    }

    /// With another clock than the server's, which must then be the same in all processes.
    ///
    /// ```no_run
    /// use std::sync::Arc;
    /// use fleetprompt_core::port::SystemClock;
    /// use fleetprompt_postgres::{PostgresLimiter, PostgresStore};
    /// # pollster::block_on(async {
    /// let store = PostgresStore::connect("postgres:///market?host=/run/postgresql").await?;
    /// // The server runs on this machine, and so do all processes.
    /// let limiter = PostgresLimiter::new(&store).clock(Arc::new(SystemClock));
    /// # drop(limiter);
    /// # Ok::<(), fleetprompt_core::port::StoreError>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        PostgresLimiter { clock: Some(clock), ..self }
    }

    /// Looks at the next `most` rows, and removes those whose budget is full again: a caller without a
    /// row has a full one too. Answers how many were removed. Arrivals do this by themselves.
    ///
    /// ```no_run
    /// use fleetprompt_postgres::{PostgresLimiter, PostgresStore};
    /// # pollster::block_on(async {
    /// let store = PostgresStore::connect("postgres://market@db.example/market").await?;
    /// println!("{} callers forgotten", PostgresLimiter::new(&store).prune(1_000).await?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`LimiterUnavailable`] when the server does not answer.
    pub async fn prune(&self, most: u32) -> Result<u32, LimiterUnavailable> {
        let (now, after) = (self.now(), lock(&self.looked_at).clone());
        let pruned =
            self.store.jot(PATIENCE, move |session| Box::pin(prune(session, now, after, most)));
        let Pruned { reached, removed } = pruned.await.map_err(unavailable)?;
        *lock(&self.looked_at) = reached;
        Ok(removed)
    }

    /// Prunes while whoever arrived goes on. What is not removed now is removed later.
    fn prune_later(&self) {
        let (now, looked_at) = (self.now(), Arc::clone(&self.looked_at));
        let after = lock(&looked_at).clone();
        self.store.jot_later(
            PATIENCE,
            move |session| Box::pin(prune(session, now, after, LOOKED_AT)),
            move |pruned| {
                if let Ok(Pruned { reached, .. }) = pruned {
                    *lock(&looked_at) = reached;
                }
            },
        );
    }

    /// Microseconds of the clock; nothing when it is the server's.
    fn now(&self) -> Option<i64> {
        self.clock.as_ref().map(|clock| clock.now().as_millis().saturating_mul(1_000))
    }

    async fn decide(&self, key: LimitKey, rate: Rate) -> Result<LimitDecision, LimiterUnavailable> {
        let now = self.now();
        let arrived =
            self.store.jot(PATIENCE, move |session| Box::pin(arrive(session, key, rate, now)));
        let (before, at) = arrived.await.map_err(unavailable)?;
        let arrivals = self.arrivals.fetch_add(1, Ordering::Relaxed);
        if arrivals.is_multiple_of(PRUNED_AFTER) {
            self.prune_later();
        }
        Ok(gcra(before, at, rate).1)
    }
}

impl std::fmt::Debug for PostgresLimiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresLimiter").field("store", &self.store).finish_non_exhaustive()
    }
}

impl Limiter for PostgresLimiter {
    fn arrive(&self, key: LimitKey, rate: Rate) -> LimiterFuture<'_> {
        Box::pin(self.decide(key, rate))
    }

    fn give_back(&self, key: LimitKey, rate: Rate) -> GiveBackFuture<'_> {
        let given =
            self.store.jot(PATIENCE, move |session| Box::pin(give_back(session, key, rate)));
        Box::pin(async move {
            // The budget fills again by itself.
            given.await.unwrap_or_else(|error| {
                tracing::warn!(cause = %error, "the shared limiter could not give back");
            });
        })
    }
}

fn lock(looked_at: &Mutex<Vec<u8>>) -> MutexGuard<'_, Vec<u8>> {
    looked_at.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unavailable(error: StoreError) -> LimiterUnavailable {
    tracing::warn!(cause = %error, "the shared limiter could not answer");
    LimiterUnavailable
}

/// Counts an arrival; answers what was due before it, and when it was. The statement does to the row what
/// [`gcra`] does to the time that is remembered, saturated sums included.
async fn arrive(
    mut session: Session<'_>,
    key: LimitKey,
    rate: Rate,
    now: Option<i64>,
) -> Result<(ArrivalTime, Timestamp), Fault> {
    let schema = session.schema();
    let sql = format!(
        "INSERT INTO {schema}.limit_due AS t (key, due, before, at)
         SELECT $1, least(n.at::numeric + $2, {max})::bigint, 0, n.at
         FROM (SELECT coalesce($4, {SERVER_TIME}) AS at OFFSET 0) AS n
         ON CONFLICT (key) DO UPDATE SET before = t.due, at = excluded.at, due = (
             SELECT CASE WHEN next.due - excluded.at - $3 > 0 THEN t.due ELSE next.due END
             FROM (
                 SELECT least(
                     least(greatest(t.due, excluded.at), excluded.at::numeric + $3) + $2, {max}
                 )::bigint AS due
             ) AS next
         )
         RETURNING before, at",
        max = i64::MAX
    );
    let statement = session.statement(sql).bind(key.0.to_vec());
    let statement = statement.bind(rate.interval_micros()).bind(rate.tolerance_micros());
    let row = session.one(statement.bind(now)).await?;
    let at: i64 = row::get(&row, 1)?;
    Ok((ArrivalTime(row::get(&row, 0)?), Timestamp::from_millis(at / 1_000)))
}

/// Takes an arrival back, as [`gcra_given_back`](fleetprompt_core::policy::gcra_given_back) does. Without a
/// row the budget is full already.
async fn give_back(mut session: Session<'_>, key: LimitKey, rate: Rate) -> Result<(), Fault> {
    let schema = session.schema();
    let sql = format!(
        "UPDATE {schema}.limit_due SET due = greatest(due::numeric - $2, {min})::bigint WHERE key = $1",
        min = i64::MIN
    );
    let statement = session.statement(sql).bind(key.0.to_vec()).bind(rate.interval_micros());
    session.all(statement).await?;
    Ok(())
}

struct Pruned {
    /// The last key that was looked at; the beginning after the last of all.
    reached: Vec<u8>,
    removed: u32,
}

async fn prune(
    mut session: Session<'_>,
    now: Option<i64>,
    after: Vec<u8>,
    most: u32,
) -> Result<Pruned, Fault> {
    let schema = session.schema();
    let sql = format!(
        "WITH next AS (
             SELECT key, due FROM {schema}.limit_due WHERE key > $1 ORDER BY key LIMIT $2
         ), gone AS (
             DELETE FROM {schema}.limit_due AS t USING next AS n
             WHERE t.key = n.key AND t.due <= coalesce($3, {SERVER_TIME}) RETURNING 1
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
