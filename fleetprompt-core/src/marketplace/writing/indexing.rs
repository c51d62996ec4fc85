//! The search index follows the records: whatever a commit writes that shows in a listing's entry,
//! it sets the entry with it. Names that become well known, or cease to be, are filed along with that.
//!
//! An entry rests on the listing, its publisher, its standing and its latest release, which are
//! expectations of the commit. Which release is the latest, the listing says: whoever changes one
//! writes the listing too, so that two who do meet at the listing's revision.
//!
//! What changes a publisher would change the entries of all its listings, and the answers about
//! what they refer to. Those follow in commits of their own, right behind it; [`Marketplace::refresh_index`](crate::Marketplace::refresh_index)
//! finishes what was interrupted.

use std::collections::BTreeSet;

use crate::domain::{
    Channel, Fact, IdempotencyKey, IndexProgress, Listing, ListingId, Position, Publisher,
    PublisherId, Release, Standing,
};
use crate::error::Result;
use crate::port::{IndexEntry, PageKey, PageSize, Principal, Record, RecordKey, Scan};
use crate::search::document;

use super::chores::Chore;
use super::context::Context;
use super::execute::Command;
use super::receipts::PublisherReceipt;
use crate::marketplace::Inner;
use crate::marketplace::publishing::releases::by_version;
use crate::marketplace::reading::views::stands_in_catalogue;

/// How many listings one commit goes over: the bound of what it holds.
pub(in crate::marketplace) const BATCH: PageSize = PageSize::new(64);

/// Listings and publishers to bring up to date in one commit, at most [`BATCH`] of each.
#[derive(Default)]
pub(in crate::marketplace) struct Batch {
    /// Publishers whose names are filed.
    pub(in crate::marketplace) publishers: Vec<PublisherId>,
    pub(in crate::marketplace) listings: Vec<ListingId>,
    /// Whether their buyers are counted anew.
    pub(in crate::marketplace) recount: bool,
    /// What is written down about it: from where to where the index comes. If it is elsewhere by
    /// now, somebody else has gone over these listings, and nothing is done.
    pub(in crate::marketplace) progress: Option<(Option<IndexProgress>, IndexProgress)>,
}

impl Context<'_> {
    /// What the commit writes is rendered, and the index follows it.
    pub(super) async fn follow_what_is_written(&mut self) -> Result<()> {
        self.render_what_is_written().await?;
        self.index_what_is_written().await
    }

    /// Sets the entries of all listings that the commit writes something of.
    async fn index_what_is_written(&mut self) -> Result<()> {
        for publisher in self.publishers_written() {
            self.file_publisher(publisher).await?;
        }
        for listing in self.listings_written() {
            self.note_latest(listing).await?;
            self.index(listing).await?;
        }
        Ok(())
    }

    fn listings_written(&self) -> BTreeSet<ListingId> {
        let listing = |record: &Record| match record {
            Record::Listing(listing) => Some(listing.id),
            Record::Release(release) => Some(release.listing),
            Record::Standing(standing) => Some(standing.listing),
            _ => None,
        };
        self.written().filter_map(listing).collect()
    }

    /// Files a listing's names, and sets its entry to what it should be, unless the listing is not written and has that
    /// entry already.
    async fn index(&mut self, id: ListingId) -> Result<()> {
        self.file_listing(id).await?;
        let entry = self.entry(id).await?;
        if let Some(ordinal) = self.created(&RecordKey::listing(id))
            && entry == self.market.stored_entry(ordinal).await?
        {
            return Ok(());
        }
        self.set_entry(id, entry);
        // What a search answers is other than before: so is the state that the store is in.
        if !self.has_events() {
            self.note_upkeep(Fact::IndexRefreshed {});
        }
        Ok(())
    }

    /// The entry that a listing should have, once this commit is applied.
    pub(in crate::marketplace) async fn entry(
        &mut self,
        id: ListingId,
    ) -> Result<Option<IndexEntry>> {
        let key = RecordKey::listing(id);
        let Some(listing) = self.get::<Listing>(key.clone()).await? else { return Ok(None) };
        let listing = listing.value;
        if !listing.is_listed() {
            return Ok(None);
        }
        let publisher = RecordKey::publisher(listing.publisher);
        let Some(publisher) = self.get::<Publisher>(publisher).await? else { return Ok(None) };
        let publisher = publisher.value;
        if !stands_in_catalogue(&listing, &publisher) {
            return Ok(None);
        }
        // Nothing is kept of a listing before it is created.
        let is_new = self.creates(&key);
        let standing = match is_new {
            true => None,
            false => self.get::<Standing>(RecordKey::standing(id)).await?,
        };
        let buyers = standing.map_or(0, |row| row.value.buyers);
        let latest = match &listing.latest {
            Some(version) => self.get::<Release>(RecordKey::release(id, version)).await?,
            None => None,
        };
        let latest = latest.map(|row| row.value);
        let owner = self.market.systems.owner_of(listing.asset.kind()).map(|system| &system.name);
        Ok(Some(document::entry(&listing, &publisher, owner, buyers, latest.as_ref())))
    }

    /// Says in a listing, of which this commit writes releases, which one is the latest now. Where
    /// they are only removed, the listing is about to follow.
    async fn note_latest(&mut self, id: ListingId) -> Result<()> {
        let of_listing = |(_, after): (_, Option<&Record>)| match after {
            Some(Record::Release(release)) if release.listing == id => Some(release.key()),
            _ => None,
        };
        let written: BTreeSet<RecordKey> = self.changes().filter_map(of_listing).collect();
        if written.is_empty() {
            return Ok(());
        }
        let key = RecordKey::listing(id);
        let Some(listing) = self.get::<Listing>(key.clone()).await? else { return Ok(()) };
        // Nothing is kept of a listing before it is created.
        let stored = match self.creates(&key) {
            true => Vec::new(),
            false => {
                let enough = u16::try_from(written.len()).unwrap_or(u16::MAX).saturating_add(1);
                self.scan(&by_version(id, Channel::Stable), PageSize::new(enough)).await?
            }
        };
        let stored = stored.into_iter().find(|release: &Release| !written.contains(&release.key()));
        let mut latest = stored.map(|release| release.version);
        for key in written {
            let Some(release) = self.get::<Release>(key).await? else { continue };
            let Release { version, yanked, .. } = release.value;
            let stands = version.channel() == Channel::Stable && yanked.is_none();
            if stands && latest.as_ref().is_none_or(|latest| *latest < version) {
                latest = Some(version);
            }
        }
        if listing.value.latest != latest {
            self.put(Listing { latest, ..listing.value });
        }
        Ok(())
    }

    /// Brings listings up to date.
    pub(super) async fn bring_up_to_date(&mut self, batch: &Batch) -> Result<()> {
        if let Some((from, to)) = &batch.progress {
            let now = self.get::<IndexProgress>(to.key()).await?;
            if now.map(|row| row.value) != *from {
                return Ok(());
            }
        }
        for id in &batch.publishers {
            self.file_publisher(*id).await?;
        }
        for id in &batch.listings {
            if batch.recount {
                self.recount(*id).await?;
            }
            self.ask_again(*id).await?;
            self.index(*id).await?;
        }
        if let Some((_, to)) = &batch.progress {
            self.put(to.clone());
            self.note_upkeep(Fact::IndexRefreshed {});
        }
        Ok(())
    }
}

impl Inner {
    /// The entry of the listing that was created at `ordinal`, as it is stored.
    pub(in crate::marketplace) async fn stored_entry(
        &self,
        ordinal: Position,
    ) -> Result<Option<IndexEntry>> {
        let before = Position::new(ordinal.get().saturating_sub(1));
        let stored = self.store.entries(before, PageSize::new(1)).await;
        let stored = stored.map_err(|error| self.store_error(&error))?;
        let found = stored.into_iter().find(|stored| stored.ordinal == ordinal);
        Ok(found.map(|stored| stored.entry))
    }

    /// Runs a command on a publisher, and has its listings follow. Interrupted in between, the same
    /// request goes on where it stopped.
    pub(in crate::marketplace) async fn execute_on_publisher<
        C: Command<Receipt = PublisherReceipt>,
    >(
        &self,
        principal: &Principal,
        key: &IdempotencyKey,
        command: &C,
    ) -> Result<PublisherReceipt> {
        let receipt = self.execute(principal, key, command).await?;
        self.index_listings_of(receipt.id).await?;
        Ok(receipt)
    }

    /// Files the names of a publisher, and brings its listings up to date.
    pub(in crate::marketplace) async fn index_listings_of(
        &self,
        publisher: PublisherId,
    ) -> Result<()> {
        let scan = Scan::ListingsOf(publisher);
        let mut after: Option<PageKey> = None;
        loop {
            let rows = self.list::<Listing>(&scan, after.as_ref(), BATCH).await?;
            let full = rows.len() == usize::from(BATCH.get());
            after = rows.last().map(|last| scan.plan().page_key(&last.clone().map(Into::into)));
            let listings = rows.into_iter().map(|row| row.value.id).collect();
            let publishers = vec![publisher];
            let batch = Batch { publishers, listings, ..Batch::default() };
            self.chore(&Chore::Index(batch)).await?;
            if !full {
                return Ok(());
            }
        }
    }
}
