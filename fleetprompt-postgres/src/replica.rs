//! A standby that answers what may be a little stale.
//!
//! How stale it is can't be told from the time of what it replayed last: on a quiet primary that is
//! long ago and nothing is missing, and two machines have two clocks. So the primary is asked where
//! its log ends, and the standby how far it has replayed. Once the standby is there, it has everything
//! that was answered before the primary was asked, by this process' own clock.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;

use crate::pool::Pool;
use crate::probe::Probe;
use crate::row;

/// Where the log of the primary ends.
const WRITTEN: &str = "SELECT (pg_current_wal_lsn() - '0/0')::bigint";
/// How far a standby has replayed it; nothing when it is no standby any more.
const REPLAYED: &str =
    "SELECT CASE WHEN pg_is_in_recovery() THEN (pg_last_wal_replay_lsn() - '0/0')::bigint END";

/// How often is often enough, whatever the bound.
const OFTEN_ENOUGH: Duration = Duration::from_millis(500);

/// How many questions to the primary are remembered while the standby has not got so far.
const REMEMBERED: usize = 64;

/// A standby, and what is known of it.
pub(crate) struct Replica {
    pub(crate) pool: Pool,
    /// How stale it may be.
    pub(crate) bound: Duration,
    known: Mutex<Known>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// It has everything that was answered before.
    confirmed: Option<Instant>,
    /// It failed. What was known before counts no more.
    doubted: Option<Instant>,
    /// Whether it served when somebody looked last.
    serving: bool,
}

impl Replica {
    pub(crate) fn new(pool: Pool, bound: Duration) -> Self {
        Replica { pool, bound, known: Mutex::default() }
    }

    /// How stale it is at most, as far as is known; `None` if that is more than it may be.
    pub(crate) fn staleness(&self) -> Option<Duration> {
        let confirmed = self.known().confirmed?;
        self.is_recent(confirmed).then(|| confirmed.elapsed())
    }

    /// Until when it has everything, if it may answer somebody who saw what was there at a time.
    pub(crate) fn serves(&self, seen: Option<Instant>) -> Option<Instant> {
        let confirmed = self.known().confirmed.filter(|confirmed| self.is_recent(*confirmed));
        confirmed.filter(|confirmed| seen.is_none_or(|seen| *confirmed > seen))
    }

    /// Whether what was there then may still be answered.
    pub(crate) fn is_recent(&self, confirmed: Instant) -> bool {
        confirmed.elapsed() <= self.bound
    }

    /// It failed: it is asked nothing more until it is known to be well, and then on new connections. Those
    /// that are left from before may have failed with it, and each would raise doubts of its own.
    pub(crate) fn doubt(&self) {
        self.pool.drop_idle();
        let mut known = self.known();
        (known.confirmed, known.doubted) = (None, Some(Instant::now()));
    }

    fn confirm(&self, asked: Instant) {
        let mut known = self.known();
        if known.doubted.is_none_or(|doubted| doubted < asked) {
            known.confirmed = known.confirmed.max(Some(asked));
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Measures for ever, four times in the time that it may be behind, or more often.
    pub(crate) async fn measure(&self, primary: &Pool, standby: &PgConnectOptions) {
        let (mut of_primary, mut of_standby) = (Probe::default(), Probe::default());
        let mut server = primary.connect_options();
        let mut asked = VecDeque::new();
        let every = (self.bound / 4).min(OFTEN_ENOUGH);
        let mut clock = tokio::time::interval(every);
        clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            clock.tick().await;
            let now = primary.connect_options();
            if !std::sync::Arc::ptr_eq(&now, &server) {
                of_primary.reset();
                asked.clear();
                server = now;
            }
            let at = Instant::now();
            if let Some(end) = place(&mut of_primary, &server, WRITTEN).await {
                asked.push_back((at, end));
            }
            if asked.len() > REMEMBERED {
                asked.pop_front();
            }
            match place(&mut of_standby, standby, REPLAYED).await {
                None => self.doubt(),
                Some(place) if self.is_ahead(place, &asked, &mut of_primary, &server).await => {
                    tracing::warn!("the replica has what the primary never had");
                    self.doubt();
                    asked.clear();
                }
                Some(place) => {
                    let got_to = asked.iter().take_while(|(_, end)| *end <= place).count();
                    if let Some((at, _)) = asked.drain(..got_to).next_back() {
                        self.confirm(at);
                    }
                }
            }
            self.tell();
        }
    }

    /// Whether the standby has more than the primary: it followed one whose last commits were lost.
    async fn is_ahead(
        &self,
        place: i64,
        asked: &VecDeque<(Instant, i64)>,
        of_primary: &mut Probe,
        primary: &PgConnectOptions,
    ) -> bool {
        if asked.back().is_some_and(|(_, end)| place <= *end) {
            return false;
        }
        let end = self::place(of_primary, primary, WRITTEN).await;
        end.is_some_and(|end| end < place)
    }

    /// Tells an operator when it begins and ends to serve.
    fn tell(&self) {
        let serving = self.staleness().is_some();
        let before = std::mem::replace(&mut self.known().serving, serving);
        match (before, serving) {
            (false, true) => tracing::info!("the replica serves"),
            (true, false) => tracing::warn!("the replica is gone or too far behind"),
            _ => {}
        }
    }
}

/// A place in the log; `None` without an answer, or from a server that is not what it should be.
async fn place(
    probe: &mut Probe,
    server: &PgConnectOptions,
    question: &'static str,
) -> Option<i64> {
    let answer = probe.ask(server, question).await?;
    row::get::<Option<i64>>(&answer, 0).ok().flatten()
}

/// Who reads what may be stale, within one task: never anything older than what it read before.
#[derive(Debug, Default)]
pub(crate) struct Reader(Mutex<Option<Instant>>);

impl Reader {
    /// When it last read from the primary.
    pub(crate) fn seen(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It has read from the primary.
    pub(crate) fn saw_primary(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replica() -> Replica {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _context = runtime.enter();
        let pool = sqlx::PgPool::connect_lazy("postgres://nowhere.example/market").unwrap();
        Replica::new(Pool::new(pool), Duration::from_secs(3_600))
    }

    #[test]
    fn nothing_is_read_from_a_standby_of_which_nothing_is_known() {
        let replica = replica();
        assert_eq!(replica.serves(None), None);
        assert_eq!(replica.staleness(), None);
    }

    #[test]
    fn nobody_reads_what_is_older_than_what_was_read_before() {
        let (replica, reader) = (replica(), Reader::default());
        replica.confirm(Instant::now());
        assert!(replica.serves(reader.seen()).is_some());
        reader.saw_primary();
        assert_eq!(replica.serves(reader.seen()), None);
        assert!(replica.serves(Reader::default().seen()).is_some(), "others go on");
        replica.confirm(Instant::now());
        assert!(replica.serves(reader.seen()).is_some());
    }

    #[test]
    fn what_was_asked_before_a_failure_proves_nothing_after_it() {
        let replica = replica();
        let before = Instant::now();
        replica.confirm(before);
        replica.doubt();
        assert_eq!(replica.serves(None), None);
        replica.confirm(before);
        assert_eq!(replica.serves(None), None);
        replica.confirm(Instant::now());
        assert!(replica.serves(None).is_some());
    }

    #[test]
    fn a_standby_that_is_too_far_behind_does_not_serve() {
        let mut replica = replica();
        replica.bound = Duration::ZERO;
        replica.confirm(Instant::now());
        assert_eq!(replica.serves(None), None);
    }
}
