//! An operator's export of the whole catalogue.

use crate::domain::{
    Asset, BindingState, Listing, ListingId, ListingState, Publisher, PublisherId, Release,
};
use crate::error::{ErrorCode, Result};
use crate::policy::Action;
use crate::port::{Entity, PageKey, PageSize, RecordKey, Scan, Versioned};

use super::actor::base_standing;
use super::catalogue_entry::{
    CatalogueEntry, CatalogueStage, DeprecationEntry, EntryAsset, EntryBadge, ListingEntry,
    PublisherEntry, ReleaseEntry, SuspensionEntry, TakedownEntry,
};
use super::{Acting, Inner, ListingAddress};

/// How far an export has come.
///
/// ```
/// use fleetprompt_core::marketplace::ExportCursor;
/// assert_eq!(ExportCursor::default(), ExportCursor::default(), "the beginning");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportCursor {
    /// Which of the stages.
    stage: usize,
    after: Option<PageKey>,
}

/// A part of an export.
///
/// ```
/// # use fleetprompt_core::domain::PersonIdentity;
/// # use fleetprompt_core::memory::MemoryStore;
/// # use fleetprompt_core::port::Principal;
/// # use fleetprompt_core::token::{KeyRing, MasterKey};
/// # use fleetprompt_core::Marketplace;
/// use fleetprompt_core::marketplace::ExportCursor;
/// use fleetprompt_core::port::PageSize;
/// # pollster::block_on(async {
/// # let market = Marketplace::builder(MemoryStore::default())
/// #     .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?))
/// #     .issuer("https://market.example".parse()?).build().await?;
/// # let olga = PersonIdentity::personal("https://id.example".parse()?, "user_olga".parse()?);
/// # let operator = market.act_as(Principal::operator(olga));
/// let mut next = Some(ExportCursor::default());
/// while let Some(cursor) = next {
///     let page = operator.export(&cursor, PageSize::MAX).await?;
///     for entry in &page.entries {
///         println!("{}", serde_json::to_string(entry)?);
///     }
///     next = page.next;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportPage {
    /// The entries, in an order in which they can be imported. There may be none in a part that is
    /// not the last.
    pub entries: Vec<CatalogueEntry>,
    /// Where to go on; `None` at the end.
    pub next: Option<ExportCursor>,
}

impl Acting {
    /// The catalogue behind `cursor`, public or not, as an operator: publishers, then listings,
    /// packs, releases, and what became of them. What is deleted or held for a decision about its
    /// name is left out. Each part is as the catalogue is when it is asked for; what changes in the
    /// meantime may be in either form.
    ///
    /// # Errors
    /// `unauthenticated`, or `forbidden` for anyone but an operator.
    pub async fn export(&self, cursor: &ExportCursor, size: PageSize) -> Result<ExportPage> {
        if !base_standing(&self.principal).may(Action::ImportCatalogue) {
            let anonymous = self.principal.is_anonymous();
            let code = if anonymous { ErrorCode::Unauthenticated } else { ErrorCode::Forbidden };
            return Err(code.into());
        }
        let Some(stage) = CatalogueStage::ALL.get(cursor.stage) else {
            return Ok(ExportPage { entries: Vec::new(), next: None });
        };
        self.inner().export(*stage, cursor, size).await
    }
}

impl Inner {
    async fn export(
        &self,
        stage: CatalogueStage,
        cursor: &ExportCursor,
        size: PageSize,
    ) -> Result<ExportPage> {
        let mut entries = Vec::new();
        let next = match stage {
            CatalogueStage::Publishers | CatalogueStage::Suspensions => {
                let (rows, next) =
                    self.rows::<Publisher>(&Scan::AllPublishers, cursor, size).await?;
                let open = rows.into_iter().filter(|publisher| !publisher.held);
                entries.extend(open.filter_map(|publisher| of_publisher(stage, publisher)));
                next
            }
            CatalogueStage::Releases => {
                let (rows, next) = self.rows::<Release>(&Scan::AllReleases, cursor, size).await?;
                for release in rows {
                    entries.extend(self.release_entry(release).await?);
                }
                next
            }
            CatalogueStage::Listings
            | CatalogueStage::Packs
            | CatalogueStage::Deprecations
            | CatalogueStage::Takedowns => {
                let (rows, next) = self.rows::<Listing>(&Scan::AllListings, cursor, size).await?;
                for listing in rows {
                    entries.extend(self.listing_entry(stage, listing).await?);
                }
                next
            }
        };
        let after = next.map(|after| ExportCursor { after: Some(after), ..cursor.clone() });
        let stage = cursor.stage + 1;
        let more =
            (stage < CatalogueStage::ALL.len()).then_some(ExportCursor { stage, after: None });
        Ok(ExportPage { entries, next: after.or(more) })
    }

    /// The rows of a part, and where the next begins.
    async fn rows<E>(
        &self,
        scan: &Scan,
        cursor: &ExportCursor,
        size: PageSize,
    ) -> Result<(Vec<E>, Option<PageKey>)>
    where
        E: Entity + Clone + Into<crate::port::Record>,
    {
        let rows = self.list::<E>(scan, cursor.after.as_ref(), size).await?;
        let full = rows.len() == usize::from(size.get());
        let next = rows.last().filter(|_| full).map(|row| {
            let Versioned { revision, created, changed, ref value } = *row;
            let value = value.clone().into();
            scan.plan().page_key(&Versioned { revision, created, changed, value })
        });
        Ok((rows.into_iter().map(|row| row.value).collect(), next))
    }

    /// A publisher that an export names.
    async fn exported_publisher(&self, id: PublisherId) -> Result<Option<Publisher>> {
        let found = self.read::<Publisher>(&RecordKey::publisher(id)).await?;
        Ok(found.map(|row| row.value).filter(|publisher| !publisher.held))
    }

    /// A listing that an export names, and its publisher.
    async fn exported(&self, id: ListingId) -> Result<Option<(Listing, Publisher)>> {
        let Some(found) = self.read::<Listing>(&RecordKey::listing(id)).await? else {
            return Ok(None);
        };
        let listing = found.value;
        if listing.state == ListingState::Deleted || listing.held {
            return Ok(None);
        }
        let publisher = self.exported_publisher(listing.publisher).await?;
        Ok(publisher.map(|publisher| (listing, publisher)))
    }

    async fn address(&self, id: ListingId) -> Result<Option<ListingAddress>> {
        let found = self.exported(id).await?;
        Ok(found.map(|(listing, publisher)| ListingAddress {
            handle: publisher.handle,
            slug: listing.slug,
        }))
    }

    async fn listing_entry(
        &self,
        stage: CatalogueStage,
        listing: Listing,
    ) -> Result<Option<CatalogueEntry>> {
        if listing.state == ListingState::Deleted || listing.held {
            return Ok(None);
        }
        let is_pack = matches!(listing.asset, Asset::Pack { .. });
        // What a listing was before it was taken down is what it is made as.
        let taken_down = listing.takedown.clone();
        let state = taken_down.as_ref().map_or(listing.state, |decided| decided.state_before);
        let wanted = match stage {
            CatalogueStage::Listings => !is_pack,
            CatalogueStage::Packs => is_pack,
            CatalogueStage::Deprecations => state == ListingState::Deprecated,
            _ => taken_down.is_some(),
        };
        if !wanted {
            return Ok(None);
        }
        let Some(of) = self.exported_publisher(listing.publisher).await? else { return Ok(None) };
        let (publisher, slug) = (of.handle.clone(), listing.slug.clone());
        Ok(Some(match stage {
            CatalogueStage::Listings | CatalogueStage::Packs => {
                let reference = self.reference_state(&listing, &of).await?;
                let state = match state {
                    ListingState::Deprecated => ListingState::Published,
                    state => state,
                };
                CatalogueEntry::Listing(ListingEntry {
                    publisher,
                    slug,
                    asset: self.asset_entry(&listing.asset).await?,
                    content: listing.content,
                    state,
                    confirmed: reference == Some(BindingState::Confirmed),
                    popularity: listing.imported_popularity,
                })
            }
            CatalogueStage::Deprecations => {
                let successor = match listing.successor {
                    Some(id) => self.address(id).await?,
                    None => None,
                };
                CatalogueEntry::Deprecation(DeprecationEntry { publisher, slug, successor })
            }
            _ => {
                let Some(decided) = taken_down else { return Ok(None) };
                let (class, reason) = (decided.class, decided.reason);
                CatalogueEntry::Takedown(TakedownEntry { publisher, slug, class, reason })
            }
        }))
    }

    async fn asset_entry(&self, asset: &Asset) -> Result<EntryAsset> {
        let Asset::Pack { members } = asset else {
            return EntryAsset::of_reference(asset).ok_or_else(|| ErrorCode::Internal.into());
        };
        let mut addresses = Vec::new();
        for id in members.as_slice() {
            addresses.extend(self.address(*id).await?);
        }
        Ok(EntryAsset::Pack { members: addresses.try_into()? })
    }

    async fn release_entry(&self, release: Release) -> Result<Option<CatalogueEntry>> {
        let Some((listing, publisher)) = self.exported(release.listing).await? else {
            return Ok(None);
        };
        let Release { version, content, yanked, published_at, .. } = release;
        let (publisher, slug) = (publisher.handle, listing.slug);
        let entry = ReleaseEntry { publisher, slug, version, published_at, content, yanked };
        Ok(Some(CatalogueEntry::Release(entry)))
    }
}

fn of_publisher(stage: CatalogueStage, publisher: Publisher) -> Option<CatalogueEntry> {
    let Publisher { handle, profile, badges, suspended, .. } = publisher;
    if stage == CatalogueStage::Suspensions {
        let reason = suspended?;
        return Some(CatalogueEntry::Suspension(SuspensionEntry { publisher: handle, reason }));
    }
    let badges = badges.into_iter();
    let badges = badges.map(|it| EntryBadge { kind: it.kind, evidence: it.evidence }).collect();
    Some(CatalogueEntry::Publisher(PublisherEntry { handle, profile, badges }))
}
