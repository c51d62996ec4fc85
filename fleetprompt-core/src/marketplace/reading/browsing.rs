//! Reading the catalogue, signed in or not.

use std::collections::BTreeMap;

use crate::domain::{
    Handle, Listing, ListingId, Membership, NameSubject, Publisher, PublisherId, Slug,
};
use crate::error::{ErrorCode, Result};
use crate::port::{ClaimedName, PageSize, Principal, RecordKey, Scan, Versioned};
use crate::search::{CatalogueFilter, CatalogueOrder, Cursor};

use super::paging::{Page, Paging};
use super::viewer::Sight;
use super::views::{Found, ListingAddress, ListingView, MyPublisher, PublisherView};
use crate::marketplace::{Acting, Inner};

/// How often rows are read for one page, so that a long row of listings that nobody may see costs
/// a short page and not a slow one.
const ROUNDS: usize = 50;

impl Acting {
    /// A listing.
    ///
    /// # Errors
    /// `listing_not_found`, also for one that the reader may not see.
    pub async fn listing(&self, id: ListingId) -> Result<ListingView> {
        let reader = self.glancing();
        let (listing, publisher) = reader.readable_listing(id).await?;
        reader.listing_seen(listing, &publisher.value).await
    }

    /// The listing at an address. Names that look alike lead to the same listing.
    ///
    /// # Errors
    /// `listing_not_found`, also for one that the reader may not see.
    pub async fn listing_by_name(
        &self,
        handle: &Handle,
        slug: &Slug,
    ) -> Result<Found<ListingView, ListingAddress>> {
        let missing = ErrorCode::ListingNotFound;
        let reader = self.glancing();
        let market = reader.inner();
        let publisher: PublisherId =
            market.named(&ClaimedName::handle(&handle.skeleton())).await?.ok_or(missing)?;
        let id: ListingId =
            market.named(&ClaimedName::slug(publisher, slug)).await?.ok_or(missing)?;
        let (listing, publisher) = reader.readable_listing(id).await?;
        if publisher.value.handle == *handle && listing.value.slug == *slug {
            return Ok(Found::Here(reader.listing_seen(listing, &publisher.value).await?));
        }
        let (handle, slug) = (publisher.value.handle, listing.value.slug);
        Ok(Found::Moved(ListingAddress { handle, slug }))
    }

    /// The publisher with a handle. Handles that look alike lead to the same publisher.
    ///
    /// # Errors
    /// `publisher_not_found`, also for a suspended or held one that is not the reader's own.
    pub async fn publisher_by_handle(
        &self,
        handle: &Handle,
    ) -> Result<Found<PublisherView, Handle>> {
        let name = ClaimedName::handle(&handle.skeleton());
        let reader = self.glancing();
        let id = reader.inner().named(&name).await?.ok_or(ErrorCode::PublisherNotFound)?;
        let (publisher, _) = reader.readable_publisher(id).await?;
        if publisher.value.handle == *handle {
            Ok(Found::Here(reader.publisher_seen(publisher).await?))
        } else {
            Ok(Found::Moved(publisher.value.handle))
        }
    }

    /// A publisher.
    ///
    /// # Errors
    /// `publisher_not_found`, also for a suspended or held one that is not the reader's own.
    pub async fn publisher(&self, id: PublisherId) -> Result<PublisherView> {
        let reader = self.glancing();
        let (publisher, _) = reader.readable_publisher(id).await?;
        reader.publisher_seen(publisher).await
    }

    /// The publishers that the reader is a member of, the oldest membership first.
    ///
    /// # Errors
    /// `unauthenticated`, `invalid_cursor`.
    pub async fn my_publishers(
        &self,
        cursor: Option<&Cursor>,
        size: PageSize,
    ) -> Result<Page<MyPublisher>> {
        if self.principal.is_anonymous() {
            return Err(ErrorCode::Unauthenticated.into());
        }
        let market = self.inner();
        let Some(person) = market.viewer(&self.principal).await?.person else {
            return Ok(Page { items: Vec::new(), next: None });
        };
        let scan = Scan::MembershipsOf(person);
        let paging = Paging::new(market, &self.principal, &("my_publishers", person), scan)?;
        let memberships = paging.page(cursor, size, |row: Versioned<Membership>| row.value).await?;
        let mut items = Vec::new();
        for Membership { publisher, role, .. } in memberships.items {
            let key = RecordKey::publisher(publisher);
            if let Some(found) = market.read::<Publisher>(&key).await? {
                items.push(MyPublisher { publisher: self.publisher_seen(found).await?, role });
            }
        }
        Ok(Page { items, next: memberships.next })
    }

    /// The listings of a publisher, the latest first: all of them for its members, those for its
    /// own tenant and the public ones for persons of that tenant, the public ones for others.
    ///
    /// # Errors
    /// `publisher_not_found`, `invalid_cursor`.
    pub async fn publisher_listings(
        &self,
        publisher: PublisherId,
        cursor: Option<&Cursor>,
        size: PageSize,
    ) -> Result<Page<ListingView>> {
        let reader = self.glancing();
        let (owner, sight) = reader.readable_publisher(publisher).await?;
        if !sight.inside && !sight.same_tenant {
            let filter = CatalogueFilter { publisher: Some(publisher), ..Default::default() };
            return reader.browse(filter, CatalogueOrder::Newest, cursor, size).await;
        }
        let query = ("publisher_listings", publisher);
        let scan = Scan::ListingsOf(publisher);
        let paging = Paging::new(self.inner(), &self.principal, &query, scan)?;
        let finds = |listing: &Listing, publisher: &Publisher| sight.finds(listing, publisher);
        let mut page = self.inner().shelf(&self.principal, &paging, cursor, size, finds).await?;
        for listing in page.items.iter_mut().filter(|_| sight.inside) {
            listing.held = self.held_name(NameSubject::Listing(listing.id), &owner.value).await?;
        }
        Ok(page)
    }

    /// A publisher as this reader sees it.
    async fn publisher_seen(&self, publisher: Versioned<Publisher>) -> Result<PublisherView> {
        let held = NameSubject::Publisher(publisher.value.id);
        let held = self.held_name(held, &publisher.value).await?;
        Ok(PublisherView { held, ..PublisherView::of(publisher) })
    }

    /// A listing as this reader sees it.
    async fn listing_seen(
        &self,
        listing: Versioned<Listing>,
        publisher: &Publisher,
    ) -> Result<ListingView> {
        let held = self.held_name(NameSubject::Listing(listing.value.id), publisher).await?;
        let view = self.inner().listing_view(&self.principal, listing, publisher).await?;
        Ok(ListingView { held, ..view })
    }

    /// A listing that the reader may see, and its publisher. One answer for what does not exist
    /// and what the reader may not know of.
    pub(in crate::marketplace) async fn readable_listing(
        &self,
        id: ListingId,
    ) -> Result<(Versioned<Listing>, Versioned<Publisher>)> {
        let found = self.inner().readable_by(&self.principal, id).await?;
        found.ok_or_else(|| ErrorCode::ListingNotFound.into())
    }

    async fn readable_publisher(&self, id: PublisherId) -> Result<(Versioned<Publisher>, Sight)> {
        let missing = ErrorCode::PublisherNotFound;
        let market = self.inner();
        let publisher =
            market.read::<Publisher>(&RecordKey::publisher(id)).await?.ok_or(missing)?;
        let viewer = market.viewer(&self.principal).await?;
        let sight = market.sight(&viewer, &publisher.value).await?;
        if !publisher.value.is_open() && !sight.inside {
            return Err(missing.into());
        }
        Ok((publisher, sight))
    }
}

impl Inner {
    /// The id that has a name.
    pub(super) async fn named<T: std::str::FromStr>(
        &self,
        name: &ClaimedName,
    ) -> Result<Option<T>> {
        let owner = self.store.name(name).await.map_err(|error| self.store_error(&error))?;
        Ok(owner.and_then(|owner| owner.as_str().parse().ok()))
    }

    /// A listing that `reader` may see, and its publisher.
    async fn readable_by(
        &self,
        reader: &Principal,
        id: ListingId,
    ) -> Result<Option<(Versioned<Listing>, Versioned<Publisher>)>> {
        let Some(listing) = self.read::<Listing>(&RecordKey::listing(id)).await? else {
            return Ok(None);
        };
        let key = RecordKey::publisher(listing.value.publisher);
        let Some(publisher) = self.read::<Publisher>(&key).await? else { return Ok(None) };
        // What everybody may read takes no look at who reads.
        let seen = Sight::PUBLIC.reads(&listing.value, &publisher.value) || {
            let viewer = self.viewer(reader).await?;
            let sight = self.sight(&viewer, &publisher.value).await?;
            sight.reads(&listing.value, &publisher.value)
        };
        Ok(seen.then_some((listing, publisher)))
    }

    /// The successor of a listing, if `reader` may see it: it may be gone by now.
    pub(super) async fn successor_seen(
        &self,
        reader: &Principal,
        listing: &Listing,
    ) -> Result<Option<ListingId>> {
        let Some(successor) = listing.successor else { return Ok(None) };
        Ok(self.readable_by(reader, successor).await?.map(|_| successor))
    }

    /// A listing as `reader` sees it.
    pub(super) async fn listing_view(
        &self,
        reader: &Principal,
        listing: Versioned<Listing>,
        publisher: &Publisher,
    ) -> Result<ListingView> {
        let reference = self.reference_state(&listing.value, publisher).await?;
        let successor = self.successor_seen(reader, &listing.value).await?;
        Ok(ListingView::of(listing, publisher, reference, successor))
    }

    /// A page of listings without those that `shows` leaves out, filled up as far as a bounded
    /// number of rows goes.
    async fn shelf(
        &self,
        reader: &Principal,
        paging: &Paging<'_>,
        cursor: Option<&Cursor>,
        size: PageSize,
        shows: impl Fn(&Listing, &Publisher) -> bool,
    ) -> Result<Page<ListingView>> {
        let mut publishers = BTreeMap::new();
        let mut items = Vec::new();
        let mut last_shown = None;
        let mut after = paging.open(cursor)?;
        for _ in 0..ROUNDS {
            let (rows, end) = paging.rows::<Listing>(after.as_ref(), size.and_one()).await?;
            for row in rows {
                let publisher = self.publisher_once(&mut publishers, row.value.publisher).await?;
                let Some(publisher) = publisher.filter(|it| shows(&row.value, it)) else {
                    continue;
                };
                if items.len() == usize::from(size.get()) {
                    let next = last_shown.map(|key| paging.seal(&key)).transpose()?;
                    return Ok(Page { items, next });
                }
                last_shown = Some(paging.key_of(row.clone()));
                items.push(self.listing_view(reader, row, &publisher).await?);
            }
            match end {
                Some(end) => after = Some(end),
                None => return Ok(Page { items, next: None }),
            }
        }
        let next = after.map(|key| paging.seal(&key)).transpose()?;
        Ok(Page { items, next })
    }

    pub(super) async fn publisher_once(
        &self,
        known: &mut BTreeMap<PublisherId, Option<Publisher>>,
        id: PublisherId,
    ) -> Result<Option<Publisher>> {
        if let Some(found) = known.get(&id) {
            return Ok(found.clone());
        }
        let found = self.read::<Publisher>(&RecordKey::publisher(id)).await?;
        let found = found.map(|row| row.value);
        known.insert(id, found.clone());
        Ok(found)
    }
}
