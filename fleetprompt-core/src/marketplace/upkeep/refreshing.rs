//! Upkeep of the search index: what happened since it was last looked at, in small steps.

use std::collections::BTreeSet;

use crate::domain::{
    Fact, IndexProgress, IndexSweep, Listing, ListingId, Position, PublisherId, Span, Timestamp,
};
use crate::error::Result;
use crate::port::{
    ColumnValue, INDEX_VERSION, LogPage, PageKey, PageSize, RecordKey, Scan, StoredEvent,
};

use crate::marketplace::writing::chores::Chore;
use crate::marketplace::writing::indexing::{BATCH, Batch};
use crate::marketplace::{Inner, Marketplace};

/// How many events one step reads at most, give or take a page.
const EVENTS_READ: usize = 1_000;

/// What a call of [`Marketplace::refresh_index`] did.
///
/// ```
/// # use fleetprompt_core::{Marketplace, memory::MemoryStore, token::{KeyRing, MasterKey}};
/// use fleetprompt_core::marketplace::Refreshed;
/// use fleetprompt_core::port::PageSize;
/// # pollster::block_on(async {
/// # let market = Marketplace::builder(MemoryStore::default())
/// #     .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?))
/// #     .issuer("https://market.example".parse()?).build().await?;
/// let Refreshed { listings, more } = market.refresh_index(PageSize::MAX).await?;
/// assert_eq!((listings, more), (0, false), "a new marketplace has nothing to refresh");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refreshed {
    /// How many listings were gone over, whether or not anything changed for them.
    pub listings: u32,
    /// Whether there may be more to do: call again.
    pub more: bool,
}

impl Marketplace {
    /// Brings the search index up to date with what does not change it at once: counts the buyers
    /// of listings that were redeemed, and finishes what was interrupted while the listings of a
    /// publisher followed it, questions about their references included. Goes over at most `budget` listings. For the host to call now and
    /// then, as often as its catalogue should follow what is popular; readers and writers are not
    /// held up, and several processes may call it at once.
    ///
    /// The event log is followed from where the last call stopped. A store that was never indexed
    /// by the rules of this version, or whose log has been pruned past that place, is gone over
    /// whole.
    ///
    /// # Errors
    /// When the store fails. What was done until then stays done.
    ///
    /// ```
    /// # use fleetprompt_core::{Marketplace, memory::MemoryStore, token::{KeyRing, MasterKey}};
    /// # use fleetprompt_core::port::PageSize;
    /// # pollster::block_on(async {
    /// # let market = Marketplace::builder(MemoryStore::default())
    /// #     .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?)).issuer("https://m.example".parse()?)
    /// #     .build().await?;
    /// while market.refresh_index(PageSize::MAX).await?.more {}
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn refresh_index(&self, budget: PageSize) -> Result<Refreshed> {
        let market = &*self.inner;
        let mut left = budget.get();
        let done = |left: u16| u32::from(budget.get() - left);
        // A step that goes over no listing is one that reads many events: those are bounded too.
        for _ in 0..budget.get() {
            if left == 0 {
                break;
            }
            let most = PageSize::new(left.min(BATCH.get()));
            let Some(step) = market.next_step(most).await? else {
                return Ok(Refreshed { listings: done(left), more: false });
            };
            left = left.saturating_sub(u16::try_from(step.listings.len()).unwrap_or(u16::MAX));
            market.chore(&Chore::Index(step)).await?;
        }
        Ok(Refreshed { listings: done(left), more: true })
    }
}

/// What an event means for the index, beside what its own commit did there.
enum Concern {
    /// The buyers of a listing are to be counted.
    Buyers(ListingId),
    /// The listings of a publisher are to follow it.
    Publisher(PublisherId),
}

fn concern(fact: &Fact) -> Option<Concern> {
    match fact {
        Fact::InstallRedeemed { listing, .. } => Some(Concern::Buyers(*listing)),
        Fact::PublisherUpdated { publisher }
        | Fact::PublisherTransferred { publisher, .. }
        | Fact::PublisherSuspended { publisher }
        | Fact::PublisherRestored { publisher }
        | Fact::BadgeGranted { publisher, .. }
        | Fact::BadgeRemoved { publisher, .. }
        | Fact::NameAllowed { publisher, listing: None } => Some(Concern::Publisher(*publisher)),
        _ => None,
    }
}

impl Inner {
    /// What is to be done next, if anything is.
    async fn next_step(&self, most: PageSize) -> Result<Option<Batch>> {
        let key = RecordKey::index_progress(INDEX_VERSION);
        let known = self.read::<IndexProgress>(&key).await?.map(|row| row.value);
        match &known {
            None => self.start_over(known).await.map(Some),
            Some(from) => match &from.sweep {
                Some(sweep) => self.sweep(from, sweep, most).await.map(Some),
                None => self.follow(from, most).await,
            },
        }
    }

    /// Goes over everything. What happens in the meantime is followed after that.
    async fn start_over(&self, known: Option<IndexProgress>) -> Result<Batch> {
        let followed = self.head().await?.last;
        let sweep = Some(IndexSweep::default());
        let to = IndexProgress { version: INDEX_VERSION, followed, sweep };
        Ok(Batch { progress: Some((known, to)), ..Batch::default() })
    }

    async fn sweep(
        &self,
        from: &IndexProgress,
        sweep: &IndexSweep,
        most: PageSize,
    ) -> Result<Batch> {
        let scan = sweep.publisher.map_or(Scan::AllListings, Scan::ListingsOf);
        let after = sweep.after.map(|(created, id)| behind(created, id));
        let rows = self.list::<Listing>(&scan, after.as_ref(), most).await?;
        let full = rows.len() == usize::from(most.get());
        let after = rows.last().filter(|_| full).map(|last| (last.created, last.value.id));
        let sweep = after.map(|after| IndexSweep { after: Some(after), ..sweep.clone() });
        Ok(Batch {
            publishers: from.sweep.iter().filter_map(|sweep| sweep.publisher).collect(),
            listings: rows.into_iter().map(|row| row.value.id).collect(),
            // Whoever goes over everything has missed events.
            recount: scan == Scan::AllListings,
            progress: Some((Some(from.clone()), IndexProgress { sweep, ..from.clone() })),
        })
    }

    /// Follows the log up to what concerns `most` listings. Nothing is to be done if nothing does:
    /// writing down how far it was read would be an event itself. Once a day it is done all the
    /// same, so that the log is not pruned past that place while little happens.
    async fn follow(&self, from: &IndexProgress, most: PageSize) -> Result<Option<Batch>> {
        let mut to = from.clone();
        let mut listings = BTreeSet::new();
        let mut read = 0;
        let mut oldest: Option<Timestamp> = None;
        while read < EVENTS_READ && to.sweep.is_none() {
            let page = self.store.events(to.followed, PageSize::MAX).await;
            let page = match page.map_err(|error| self.store_error(&error))? {
                LogPage::Entries(page) => page,
                LogPage::TooOld => return self.start_over(Some(from.clone())).await.map(Some),
            };
            let full = page.len() == usize::from(PageSize::MAX.get());
            read += page.len();
            let of_others = page.iter().find(|it| it.event.fact != Fact::IndexRefreshed {});
            oldest = oldest.or(of_others.map(|stored| stored.event.at));
            let all = take_in(page, &mut to, &mut listings, usize::from(most.get()));
            if all && !full && listings.is_empty() {
                let day_ago = self.now().await?.minus(Span::DAY);
                if oldest.is_none_or(|oldest| oldest > day_ago) {
                    return Ok(None);
                }
            }
            if !all || !full {
                break;
            }
        }
        let listings = listings.into_iter().collect();
        let progress = Some((Some(from.clone()), to));
        Ok(Some(Batch { listings, recount: true, progress, ..Batch::default() }))
    }
}

/// Takes events in, up to one after which listings have to be gone over; answers whether that were
/// all of them.
fn take_in(
    events: Vec<StoredEvent>,
    to: &mut IndexProgress,
    listings: &mut BTreeSet<ListingId>,
    most: usize,
) -> bool {
    for StoredEvent { position, event } in events {
        match concern(&event.fact) {
            Some(Concern::Buyers(listing)) => {
                if listings.len() == most && !listings.contains(&listing) {
                    return false;
                }
                listings.insert(listing);
            }
            Some(Concern::Publisher(publisher)) => {
                to.followed = position;
                to.sweep = Some(IndexSweep { publisher: Some(publisher), after: None });
                return false;
            }
            None => {}
        }
        to.followed = position;
    }
    true
}

/// Where a page of listings ended.
fn behind(created: Position, id: ListingId) -> PageKey {
    let order = ColumnValue::Integer(i64::try_from(created.get()).unwrap_or(i64::MAX));
    PageKey { order, id: id.to_string() }
}
