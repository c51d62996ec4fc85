//! An operator's export of the whole catalogue.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::{
    Asset, BindingState, Listing, ListingId, ListingState, ParseError, Position, PrecedenceKey,
    Publisher, PublisherId, Release, Rule, Visibility,
};
use crate::error::{ErrorCode, Result};
use crate::policy::Action;
use crate::port::{Entity, PageKey, PageSize, Record, RecordKey, Scan};

use super::catalogue_entry::{
    CatalogueEntry, CatalogueStage, DeprecationEntry, EntryAsset, EntryBadge, ListingEntry,
    PublisherEntry, ReleaseEntry, SuspensionEntry, TakedownEntry,
};
use crate::marketplace::writing::actor::base_standing;
use crate::marketplace::{Acting, Inner, ListingAddress};

/// How far an export has come: `fpx1.<stage>`, then, within a stage, where its last part ended. Means
/// something to the marketplace whose export it is, and is opaque to others. Kept as text, it lets an export
/// go on after a crash.
///
/// ```
/// use fleetprompt_core::marketplace::ExportCursor;
/// let beginning = ExportCursor::default();
/// assert_eq!(beginning.to_string(), "fpx1.publishers");
/// assert_eq!("fpx1.publishers".parse(), Ok(beginning.clone()));
/// assert_eq!(serde_json::to_string(&beginning)?, r#""fpx1.publishers""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ExportCursor {
    stage: CatalogueStage,
    /// The event that created the last row, and the row's key.
    after: Option<(Position, String)>,
}

const PREFIX: &str = "fpx1";

impl ExportCursor {
    /// The beginning of a stage.
    fn of(stage: CatalogueStage) -> Self {
        ExportCursor { stage, after: None }
    }

    fn page_key(&self) -> Option<PageKey> {
        let (created, id) = self.after.clone()?;
        let order = i64::try_from(created.get()).unwrap_or(i64::MAX).into();
        Some(PageKey { order, id })
    }
}

impl Default for ExportCursor {
    /// The beginning.
    fn default() -> Self {
        Self::of(CatalogueStage::Publishers)
    }
}

impl fmt::Display for ExportCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}.{}", self.stage.word())?;
        match &self.after {
            Some((created, id)) => write!(f, ".{}.{id}", created.get()),
            None => Ok(()),
        }
    }
}

impl FromStr for ExportCursor {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wrong = ParseError::new("cursor", Rule::Format("a cursor of an export"));
        let mut parts = text.split('.');
        let (Some(PREFIX), Some(word)) = (parts.next(), parts.next()) else { return Err(wrong) };
        let mut stages = CatalogueStage::ALL.into_iter();
        let stage = stages.find(|stage| stage.word() == word).ok_or(wrong)?;
        let after = match (parts.next(), parts.next(), parts.next()) {
            (None, ..) => None,
            (Some(created), Some(id), None) if has_rows_like(stage, id) => {
                let created = created.parse().map_err(|_| wrong)?;
                Some((Position::new(created), id.to_owned()))
            }
            _ => return Err(wrong),
        };
        let cursor = ExportCursor { stage, after };
        // One spelling: no sign, no leading zero.
        if cursor.to_string() == text { Ok(cursor) } else { Err(wrong) }
    }
}

impl TryFrom<String> for ExportCursor {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl From<ExportCursor> for String {
    fn from(cursor: ExportCursor) -> String {
        cursor.to_string()
    }
}

/// Whether the rows of a stage have keys of this form.
fn has_rows_like(stage: CatalogueStage, id: &str) -> bool {
    match stage {
        CatalogueStage::Publishers | CatalogueStage::Suspensions => {
            id.parse::<PublisherId>().is_ok()
        }
        CatalogueStage::Listings
        | CatalogueStage::Packs
        | CatalogueStage::Deprecations
        | CatalogueStage::Takedowns => id.parse::<ListingId>().is_ok(),
        CatalogueStage::Releases => id.split_once('/').is_some_and(|(listing, version)| {
            listing.parse::<ListingId>().is_ok() && PrecedenceKey::is_like(version)
        }),
    }
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
        self.inner().export(cursor, size).await
    }
}

impl Inner {
    async fn export(&self, cursor: &ExportCursor, size: PageSize) -> Result<ExportPage> {
        let stage = cursor.stage;
        let mut entries = Vec::new();
        let after = match stage {
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
        let next = match after {
            Some(_) => Some(ExportCursor { stage, after }),
            None => stage.next().map(ExportCursor::of),
        };
        Ok(ExportPage { entries, next })
    }

    /// The rows of a part, and where the next begins.
    async fn rows<E>(
        &self,
        scan: &Scan,
        cursor: &ExportCursor,
        size: PageSize,
    ) -> Result<(Vec<E>, Option<(Position, String)>)>
    where
        E: Entity + Clone + Into<Record>,
    {
        let rows = self.list::<E>(scan, cursor.page_key().as_ref(), size).await?;
        let full = rows.len() == usize::from(size.get());
        let next = rows.last().filter(|_| full).map(|row| {
            let record: Record = row.value.clone().into();
            (row.created, record.key().id().to_owned())
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

    /// The address of a successor; none of one that was for more readers when it was named.
    async fn successor_address(
        &self,
        of: &Listing,
        id: ListingId,
    ) -> Result<Option<ListingAddress>> {
        let Some((successor, publisher)) = self.exported(id).await? else { return Ok(None) };
        let is_internal =
            |listing: &Listing| listing.content.visibility == Visibility::Organisation;
        let own = successor.publisher == of.publisher && is_internal(of);
        let is_readable = own || !is_internal(&successor);
        Ok(is_readable.then_some(ListingAddress { handle: publisher.handle, slug: successor.slug }))
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
                    Some(id) => self.successor_address(&listing, id).await?,
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
