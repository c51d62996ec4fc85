//! The time: the clock's, and never before the log's last event. What expires rests on it.

use std::sync::PoisonError;

use crate::domain::{Deployment, Fact, Position, Span, Timestamp, UpkeepTime};
use crate::error::{ErrorCode, Result};
use crate::port::{Head, LogPage, PageSize, RecordKey};

use super::writing::chores::Chore;
use super::writing::context::Context;
use super::{Inner, Marketplace};

/// How far a clock may be behind the log's last event before nothing that expires is issued or
/// taken. Machines that set their clocks by the network differ by less than a second, those that do
/// not by minutes a month; and while the clock is behind, the time stands still and a token lives
/// longer by as much.
///
/// ```
/// use fleetprompt_core::marketplace::CLOCK_TOLERANCE;
/// assert_eq!(CLOCK_TOLERANCE.as_seconds_ceil(), 120);
/// ```
pub const CLOCK_TOLERANCE: Span = Span::minutes(2);

/// How far upkeep goes on before it writes down how far that is.
const NOTED_EVERY: Span = Span::hours(6);

impl Marketplace {
    /// Whether it can serve: what a balancer asks before it sends callers here. The store has to
    /// answer, and the clock has to go with its log. A store that was opened has the schema of this
    /// version, so there is nothing else to ask.
    ///
    /// # Errors
    /// Those of the store; `unavailable` when it can't be reached, and while the clock is
    /// [behind](Self::clock_behind).
    ///
    /// ```
    /// # use fleetprompt_core::memory::MemoryStore;
    /// # use fleetprompt_core::token::{KeyRing, MasterKey};
    /// # use fleetprompt_core::Marketplace;
    /// # pollster::block_on(async {
    /// # let market = Marketplace::builder(MemoryStore::default())
    /// #     .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?))
    /// #     .issuer("https://market.example".parse()?).build().await?;
    /// market.ready().await?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn ready(&self) -> Result<()> {
        self.inner.reliable_time().await.map(drop)
    }

    /// How far the clock is behind the log's last event, if by more than [`CLOCK_TOLERANCE`]: it is
    /// wrong, or another that was ahead wrote to the store. Until it has caught up, whatever rests
    /// on expiry is refused as `unavailable`: install tokens and invitations, and what owning
    /// systems ask about tokens and entitlements. [`fence`](super::Acting::fence) sets the time
    /// right.
    ///
    /// # Errors
    /// When the store fails.
    ///
    /// ```
    /// # use fleetprompt_core::{Marketplace, memory::MemoryStore, token::{KeyRing, MasterKey}};
    /// # pollster::block_on(async {
    /// # let market = Marketplace::builder(MemoryStore::default())
    /// #     .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?)).issuer("https://m.example".parse()?)
    /// #     .build().await?;
    /// assert_eq!(market.clock_behind().await?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn clock_behind(&self) -> Result<Option<Span>> {
        Ok(self.inner.behind(&self.inner.head().await?))
    }
}

impl Inner {
    /// Where the log stands.
    pub(super) async fn head(&self) -> Result<Head> {
        let head = self.store.head().await.map_err(|error| self.store_error(&error))?;
        if self.believes(&head) {
            if self.behind(&head).is_none() {
                return Ok(head);
            }
            // Another process may have set the time right by a fence.
            self.adopt_deployment().await?;
            if self.believes(&head) {
                return Ok(head);
            }
        }
        // The latest time is of a clock that was ahead. Since the fence, the last event's is.
        let before = Position::new(head.last.get().saturating_sub(1));
        let page = self.store.events(before, PageSize::new(1)).await;
        let at = match page.map_err(|error| self.store_error(&error))? {
            LogPage::Entries(rows) => rows.first().map(|row| row.event.at),
            LogPage::TooOld => None,
        };
        Ok(Head { at: at.unwrap_or(Timestamp::MIN), ..head })
    }

    /// Whether no fence has set the time right since the log's latest one.
    fn believes(&self, head: &Head) -> bool {
        let held = self.deployment.read().unwrap_or_else(PoisonError::into_inner);
        held.disregarded.is_none_or(|until| head.at > until)
    }

    /// The time: the clock's, and never before the log's last event.
    pub(super) async fn now(&self) -> Result<Timestamp> {
        Ok(self.time_at(&self.head().await?))
    }

    pub(super) fn time_at(&self, head: &Head) -> Timestamp {
        self.clock.now().max(head.at)
    }

    /// The time by which what is shown to people is judged. Nothing comes of it, so while the clock
    /// is behind it is the clock's: the log's may be years away.
    pub(super) async fn time_to_show(&self) -> Result<Timestamp> {
        let head = self.head().await?;
        Ok(self.behind(&head).map_or(self.time_at(&head), |_| self.clock.now()))
    }

    /// The time, for what rests on expiry.
    pub(super) async fn reliable_time(&self) -> Result<Timestamp> {
        let head = self.head().await?;
        expect_in_time(self.behind(&head))?;
        Ok(self.time_at(&head))
    }

    /// How far the clock is behind the log, if by more than is tolerated.
    pub(super) fn behind(&self, head: &Head) -> Option<Span> {
        Some(head.at.since(self.clock.now())).filter(|behind| *behind > CLOCK_TOLERANCE)
    }

    /// By when what has served may be forgotten, and whether that is less than the clock says
    /// since it has leapt. Not the time of the log: after one write by a clock that was ahead, what
    /// was to be kept for a year would be forgotten at once.
    pub(super) async fn time_to_forget(&self) -> Result<(Timestamp, bool)> {
        let found = self.read::<Deployment>(&RecordKey::deployment()).await?;
        let noted = found.ok_or(ErrorCode::Unavailable)?.value.upkeep_time();
        let looked = noted.look(self.clock.now());
        if is_news(noted, looked) {
            if looked.doubted.is_some() {
                let ahead = looked.doubted.unwrap_or(looked.reached).since(looked.reached);
                tracing::warn!(
                    ahead_seconds = ahead.as_seconds_ceil(),
                    "the clock has leapt since the last upkeep; what is due by it is kept for a day"
                );
            }
            self.chore(&Chore::NoteUpkeep).await?;
        }
        Ok((looked.reached, looked.doubted.is_some()))
    }
}

/// Refuses what rests on expiry while the clock is behind.
fn expect_in_time(behind: Option<Span>) -> Result<()> {
    let Some(behind) = behind else { return Ok(()) };
    tracing::error!(
        behind_seconds = behind.as_seconds_ceil(),
        "the clock is behind the log's last event: nothing that expires is issued or taken"
    );
    Err(ErrorCode::Unavailable.into())
}

/// Whether a look at the clock is worth writing down.
fn is_news(noted: UpkeepTime, looked: UpkeepTime) -> bool {
    let gone = looked.reached.since(noted.reached).max(noted.reached.since(looked.reached));
    noted.doubted != looked.doubted || gone > NOTED_EVERY
}

impl Context<'_> {
    /// Refuses what rests on expiry while the clock is behind.
    pub(super) fn expect_in_time(&self) -> Result<()> {
        expect_in_time(self.behind)
    }

    /// Writes down how far upkeep takes the time to have come.
    pub(super) async fn note_upkeep_time(&mut self) -> Result<()> {
        let missing = ErrorCode::Unavailable;
        let found = self.find::<Deployment>(RecordKey::deployment(), missing).await?.value;
        let (noted, clock) = (found.upkeep_time(), self.market.clock.now());
        let looked = noted.look(clock);
        if !is_news(noted, looked) {
            return Ok(());
        }
        // At the time of the log: a clock that has leapt must not take the log along.
        self.now = self.market.head().await?.at;
        self.put(Deployment { upkeep: Some(looked), ..found });
        self.note_upkeep(Fact::UpkeepNoted {});
        Ok(())
    }
}
