//! Limits that all processes of a marketplace share.

mod counting;
mod pruning;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fleetprompt_core::policy::{LimitDecision, Rate, gcra};
use fleetprompt_core::port::{
    Clock, GiveBackFuture, LimitKey, Limiter, LimiterFuture, LimiterUnavailable, StoreError,
};
use tokio::sync::{mpsc, oneshot};

use self::counting::{Arrival, Counting};
use self::pruning::Pruning;
use crate::error::Fault;
use crate::session::Session;
use crate::store::PostgresStore;

/// How long an arrival waits at most.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many arrivals may wait.
const QUEUE: usize = 4_096;

/// Limits that all processes share which use the same schema: the generic cell rate algorithm, as
/// [`gcra`] decides it, on one row for each caller.
///
/// The clock is the server's, since it is the only one that all processes have in common: those of
/// machines differ by more than the intervals of high rates. Rows are not written to the write-ahead
/// log; after a crash of the server, all budgets are full. Rows that say no more than a missing one are
/// removed by the way.
///
/// An arrival costs a round trip, which those that wait at a time share, and waits a second at most. What it means when no answer comes is the
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
    arrivals: mpsc::Sender<Arrival>,
    pruning: Arc<Pruning>,
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
        let (jotter, patience) = (store.jotter(), PATIENCE);
        let pruning = Pruning { jotter: jotter.clone(), patience, looked_at: Mutex::default() };
        let pruning = Arc::new(pruning);
        let (arrivals, waiting) = mpsc::channel(QUEUE);
        let counting = Counting { jotter, pruning: Arc::clone(&pruning), waiting, patience };
        store.inner.threads.spawn(counting.run());
        PostgresLimiter { store: store.clone(), clock: None, arrivals, pruning }
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
        let (pruning, now) = (Arc::clone(&self.pruning), self.now());
        let pruned = self.store.inner.threads.run(async move { pruning.prune(now, most).await });
        pruned.await.map_err(unavailable)
    }

    /// Microseconds of the clock; nothing when it is the server's.
    fn now(&self) -> Option<i64> {
        self.clock.as_ref().map(|clock| clock.now().as_millis().saturating_mul(1_000))
    }

    async fn decide(&self, key: LimitKey, rate: Rate) -> Result<LimitDecision, LimiterUnavailable> {
        let (caller, answer) = oneshot::channel();
        let arrival = Arrival { key, rate, now: self.now(), caller };
        let queued = self.arrivals.try_send(arrival);
        queued.map_err(|_| {
            unavailable(StoreError::Unavailable("too many arrivals wait to be counted"))
        })?;
        let (before, at) = answer.await.map_err(|_| LimiterUnavailable)?;
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
        let jotter = self.store.jotter();
        let given = self.store.inner.threads.run(async move {
            jotter.jot(PATIENCE, |session| Box::pin(give_back(session, key, rate))).await
        });
        Box::pin(async move {
            // The budget fills again by itself.
            given.await.unwrap_or_else(|error| {
                tracing::warn!(cause = %error, "the shared limiter could not give back");
            });
        })
    }
}

fn unavailable(error: StoreError) -> LimiterUnavailable {
    tracing::warn!(cause = %error, "the shared limiter could not answer");
    LimiterUnavailable
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
