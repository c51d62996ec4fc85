//! Keeping house: what has served is forgotten, in small steps.

use crate::domain::{Attempt, BuyerMark, Invitation, Report, ReportState, Span};
use crate::error::Result;
use crate::port::{PageSize, Prune, Scan};

use crate::marketplace::writing::chores::Chore;
use crate::marketplace::{Inner, Marketplace};

/// How long things are kept once they have served.
///
/// ```
/// use fleetprompt_core::domain::Span;
/// use fleetprompt_core::marketplace::Retention;
/// let short = Retention { events: Span::days(30), ..Retention::default() };
/// assert_eq!(short.attempts, Retention::default().attempts);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Events: a reader of the log or the feed that is further behind starts from a snapshot.
    pub events: Span,
    /// Install attempts with their manifests, after they have expired.
    pub attempts: Span,
    /// Reports of abuse, at least, after they were decided.
    pub reports: Span,
}

impl Default for Retention {
    /// 400 days each: a year, and time to look back at it.
    fn default() -> Self {
        let year = Span::days(400);
        Retention { events: year, attempts: year, reports: year }
    }
}

/// What a call of [`Marketplace::maintain`] forgot.
///
/// ```
/// # use fleetprompt_core::{Marketplace, memory::MemoryStore, token::{KeyRing, MasterKey}};
/// use fleetprompt_core::marketplace::Maintained;
/// use fleetprompt_core::port::PageSize;
/// # pollster::block_on(async {
/// # let market = Marketplace::builder(MemoryStore::default())
/// #     .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?))
/// #     .issuer("https://market.example".parse()?).build().await?;
/// let forgotten = market.maintain(PageSize::MAX).await?;
/// assert_eq!(forgotten, Maintained::default(), "a new marketplace has nothing to forget");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Maintained {
    /// Kept answers to retries.
    pub receipts: u32,
    /// Invitations that had expired.
    pub invitations: u32,
    /// Install attempts.
    pub attempts: u32,
    /// Marks by which distinct buyers are counted.
    pub buyer_marks: u32,
    /// Reports of abuse that were decided.
    pub reports: u32,
    /// Events.
    pub events: u32,
    /// Whether the budget was used up for a kind, so that there may be more to forget: call again.
    pub more: bool,
    /// Whether less was forgotten than is due by the clock, which has leapt since the last upkeep: it
    /// is believed once it has gone on for a day ([`UpkeepTime`](crate::domain::UpkeepTime)).
    pub held_back: bool,
}

impl Marketplace {
    /// Forgets what has served, at most `budget` entries of each kind: expired answers to retries,
    /// invitations, old attempts, buyers' marks, decided reports and events. With the last of them, the
    /// store [wipes](crate::port::Store::wipe) what was deleted. For the host to call now and then, at
    /// least once a day; readers and writers are not held up.
    ///
    /// # Errors
    /// When the store fails. What was forgotten until then stays forgotten.
    ///
    /// ```
    /// # use fleetprompt_core::{Marketplace, memory::MemoryStore, token::{KeyRing, MasterKey}};
    /// # use fleetprompt_core::port::PageSize;
    /// # pollster::block_on(async {
    /// # let market = Marketplace::builder(MemoryStore::default())
    /// #     .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?)).issuer("https://m.example".parse()?)
    /// #     .build().await?;
    /// while market.maintain(PageSize::MAX).await?.more {}
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn maintain(&self, budget: PageSize) -> Result<Maintained> {
        let market = &*self.inner;
        let (now, held_back) = market.time_to_forget().await?;
        let full = u32::from(budget.get());
        let receipts = market.prune(Prune::Receipts(now), budget).await?;
        let expired = market.list::<Invitation>(&Scan::InvitationsByExpiry, None, budget).await?;
        let expired = expired.iter().map(|row| &row.value).filter(|row| row.expires_at <= now);
        let invitations = market.chores(expired.map(|row| Chore::PruneInvitation(row.id))).await?;
        let oldest = now.minus(market.retention.attempts);
        let old = market.list::<Attempt>(&Scan::AttemptsByExpiry, None, budget).await?;
        let old = old.iter().map(|row| &row.value).filter(|row| row.expires_at <= oldest);
        let attempts = market.chores(old.map(|row| Chore::PruneAttempt(row.id))).await?;
        // Whole days, as buyers are counted: pruning never changes what a reader sees today.
        let oldest = BuyerMark::oldest_counted(now);
        let old = market.list::<BuyerMark>(&Scan::BuyerMarksByExpiry, None, budget).await?;
        let old = old.iter().map(|row| &row.value).filter(|row| row.last_at < oldest);
        let old = old.map(|row| Chore::PruneBuyerMark(row.key(), oldest));
        let buyer_marks = market.chores(old).await?;
        let oldest = now.minus(market.retention.reports);
        let (mut reports, mut more_reports) = (0, false);
        for state in [ReportState::Upheld, ReportState::Dismissed] {
            let old = market.list::<Report>(&Scan::Reports(state), None, budget).await?;
            let old = old.iter().map(|row| &row.value);
            let old = old.filter(|row| row.decided_at.is_some_and(|at| at <= oldest));
            let pruned = market.chores(old.map(|row| Chore::PruneReport(row.id))).await?;
            (reports, more_reports) = (reports + pruned, more_reports || pruned == full);
        }
        let events =
            market.prune(Prune::Events(now.minus(market.retention.events)), budget).await?;
        let more = [receipts, invitations, attempts, buyer_marks, events].contains(&full);
        let more = more || more_reports;
        if !more {
            market.wipe().await?;
        }
        Ok(Maintained {
            receipts,
            invitations,
            attempts,
            buyer_marks,
            reports,
            events,
            more,
            held_back,
        })
    }
}

impl Inner {
    /// Wipes what was deleted out of where the store may still keep it.
    pub(super) async fn wipe(&self) -> Result<()> {
        self.store.wipe().await.map_err(|error| self.store_error(&error))
    }

    async fn prune(&self, what: Prune, budget: PageSize) -> Result<u32> {
        let limit = u32::from(budget.get());
        self.store.prune(what, limit).await.map_err(|error| self.store_error(&error))
    }

    async fn chores(&self, chores: impl Iterator<Item = Chore> + Send) -> Result<u32> {
        let mut done = 0;
        for chore in chores {
            self.chore(&chore).await?;
            done += 1;
        }
        Ok(done)
    }
}
