//! An operator's import of a catalogue that lives elsewhere.

use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use crate::domain::{
    Asset, DisplayName, Fact, GoneReason, Handle, IdempotencyKey, Listing, ListingContent,
    ListingId, ListingState, Publisher, PublisherId, PublisherProfile, Release, ReleaseContent,
    Sha256Digest, Slug, Timestamp, Version,
};
use crate::error::{ErrorCode, Result};
use crate::policy::Action;
use crate::port::{ClaimedName, Counter, CounterFamily, NameOwner, RecordKey, Versioned, Within};

use crate::marketplace::Acting;
use crate::marketplace::publishing::listings::NewListing;
use crate::marketplace::publishing::publishers::{
    NewPublisher, expect_in_good_standing, expect_not_held,
};
use crate::marketplace::publishing::releases::{complete, release_digest};
use crate::marketplace::writing::context::Context;
use crate::marketplace::writing::execute::Command;

/// One row of a catalogue: a release of a listing of a publisher.
///
/// [`ImportLine`](crate::marketplace::ImportLine) reads one from a line of JSON.
///
/// ```
/// use fleetprompt_core::marketplace::{ImportLine, ImportRow};
/// let line = r#"{"publisher":"acme","slug":"bot","kind":"whs_agent","upstreamId":"a1",
///     "title":"Bot","summary":"Answers.","version":"1.0.0","popularity":31}"#;
/// let row: ImportRow = ImportLine::parse(line, false)?.row;
/// assert_eq!((row.publisher_name.as_str(), row.popularity), ("acme", 31));
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportRow {
    /// The publisher, created if there is none of this handle.
    pub publisher: Handle,
    /// The name of a publisher that is created.
    pub publisher_name: DisplayName,
    /// The listing, created if the publisher has none of this slug.
    pub slug: Slug,
    /// What is offered. Left as it is in a listing that exists.
    pub asset: Asset,
    /// What pages show. Left as it is in a listing that exists.
    pub content: ListingContent,
    /// The release, published if there is none of this version.
    pub version: Version,
    /// When the release came out.
    pub released_at: Timestamp,
    /// The popularity that the row brings along, kept as a quality signal; the latest row wins.
    pub popularity: u64,
    /// Whether the reference of a listing that is created is confirmed at once, on the operator's
    /// word.
    pub confirm: bool,
}

/// What became of a row.
///
/// ```
/// use fleetprompt_core::marketplace::ImportOutcome;
/// let word = serde_json::to_string(&ImportOutcome::ReleaseAdded)?;
/// assert_eq!(word, r#""release_added""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ImportOutcome {
    /// The listing was created, with its first release.
    Created,
    /// A release was added to a listing that exists.
    ReleaseAdded,
    /// The release exists; the listing's popularity was brought up to date.
    PopularityChanged,
    /// Everything that the row says was there already.
    Unchanged,
}

/// What importing a row answers.
///
/// ```
/// # use fleetprompt_core::domain::PersonIdentity;
/// # use fleetprompt_core::marketplace::ImportLine;
/// # use fleetprompt_core::memory::MemoryStore;
/// # use fleetprompt_core::port::Principal;
/// # use fleetprompt_core::token::{KeyRing, MasterKey};
/// # use fleetprompt_core::Marketplace;
/// use fleetprompt_core::marketplace::{ImportOutcome, Imported};
/// # pollster::block_on(async {
/// # let market = Marketplace::builder(MemoryStore::default())
/// #     .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?))
/// #     .issuer("https://market.example".parse()?).build().await?;
/// # let olga = PersonIdentity::personal("https://id.example".parse()?, "user_olga".parse()?);
/// # let operator = market.act_as(Principal::operator(olga));
/// # let line = r#"{"publisher":"acme","slug":"bot","kind":"whs_agent","upstreamId":"a1",
/// #     "title":"Bot","summary":"Answers.","version":"1.0.0"}"#;
/// # let row = ImportLine::parse(line, false)?.row;
/// let Imported { listing, outcome } = operator.import(row.clone()).await?;
/// assert_eq!(outcome, ImportOutcome::Created);
/// assert_eq!(operator.listing(listing).await?.slug, row.slug);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Imported {
    /// The listing.
    pub listing: ListingId,
    /// What became of the row.
    pub outcome: ImportOutcome,
}

impl ImportRow {
    /// The key under which the row is imported: the same row, the same key. So an import that was
    /// interrupted is simply run again.
    fn idempotency_key(&self) -> Result<IdempotencyKey> {
        let row = serde_json::to_vec(self).map_err(|_| ErrorCode::Internal)?;
        Ok(format!("import-{}", Sha256Digest::of(&row)).parse()?)
    }
}

impl Acting {
    /// Imports one row, as an operator. Quotas do not apply; reserved handles and look-alikes are
    /// refused as ever. Names that look like well-known ones are not held: the operator decided.
    /// Importing the same row again changes nothing, however much later.
    ///
    /// # Errors
    /// `forbidden`; `handle_taken` or `slug_taken` when the name looks like that of another
    /// publisher or listing; `publisher_suspended`, `publisher_held`; `reference_taken` when the row is to be
    /// confirmed and another publisher's reference is; `wrong_state` when the listing was deleted
    /// or taken down.
    pub async fn import(&self, row: ImportRow) -> Result<Imported> {
        let key = row.idempotency_key()?;
        let command = Import { row, decided: AtomicBool::new(false) };
        let imported = self.inner().execute(&self.principal, &key, &command).await?;
        // A kept answer is that of the run which did it; by now it was there already.
        Ok(match command.decided.into_inner() {
            true => imported,
            false => Imported { outcome: ImportOutcome::Unchanged, ..imported },
        })
    }
}

#[derive(Serialize)]
struct Import {
    row: ImportRow,
    /// Whether it was decided, and not answered by what was kept.
    #[serde(skip)]
    decided: AtomicBool,
}

impl Command for Import {
    const OPERATION: &'static str = "catalogue.import";
    type Receipt = Imported;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<Imported> {
        self.decided.store(true, Ordering::Relaxed);
        cx.require(Action::ImportCatalogue)?;
        let publisher = self.publisher(cx).await?;
        match cx.listing_called(publisher.id, &self.row.slug).await? {
            Some(found) => self.add_to(cx, found.value).await,
            None => self.create(cx, &publisher).await,
        }
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&Imported>) -> Result<()> {
        cx.require(Action::ImportCatalogue)
    }
}

impl Import {
    /// The publisher of the row's handle, founded if need be.
    async fn publisher(&self, cx: &mut Context<'_>) -> Result<Publisher> {
        let who = cx.who().await?;
        let handle = &self.row.publisher;
        if let Some(found) = cx.publisher_called(handle).await? {
            expect_in_good_standing(&found)?;
            expect_not_held(&found)?;
            return Ok(found);
        }
        let name = self.row.publisher_name.clone();
        let profile = PublisherProfile { name, summary: None, website: None };
        let new = NewPublisher { handle: handle.clone(), profile };
        let id = cx.id(PublisherId::from_bytes);
        Ok(cx.found_publisher(id, who, &new, Within::Any, None).1)
    }

    async fn create(&self, cx: &mut Context<'_>, publisher: &Publisher) -> Result<Imported> {
        let row = &self.row;
        let id = cx.id(ListingId::from_bytes);
        let new = NewListing {
            publisher: publisher.id,
            slug: row.slug.clone(),
            asset: row.asset.clone(),
            content: row.content.clone(),
        };
        let draft = Listing {
            imported_popularity: row.popularity,
            released_at: row.released_at,
            ..new.draft(id, cx.now)
        };
        cx.offer(&draft, publisher, row.confirm).await?;
        let published = Listing { state: ListingState::Published, ..draft.clone() };
        let fact = Fact::ListingPublished { publisher: publisher.id, listing: id };
        cx.change_listing(&draft, published, fact, GoneReason::Withdrawn);
        self.release(cx, &draft)?;
        Ok(Imported { listing: id, outcome: ImportOutcome::Created })
    }

    /// Adds the row's release to a listing that exists.
    async fn add_to(&self, cx: &mut Context<'_>, before: Listing) -> Result<Imported> {
        if matches!(before.state, ListingState::Deleted | ListingState::TakenDown) {
            return Err(ErrorCode::WrongState.into());
        }
        let (listing, publisher) = (before.id, before.publisher);
        let row = &self.row;
        let release = cx.get::<Release>(RecordKey::release(listing, &row.version)).await?;
        let outcome = match release {
            Some(_) if before.imported_popularity == row.popularity => ImportOutcome::Unchanged,
            Some(_) => ImportOutcome::PopularityChanged,
            None => ImportOutcome::ReleaseAdded,
        };
        if outcome != ImportOutcome::Unchanged {
            let after = Listing {
                imported_popularity: row.popularity,
                released_at: before.released_at.max(row.released_at),
                ..before.clone()
            };
            let fact = Fact::ListingUpdated { publisher, listing };
            cx.change_listing(&before, after, fact, GoneReason::Withdrawn);
        }
        if outcome == ImportOutcome::ReleaseAdded {
            self.release(cx, &before)?;
        }
        Ok(Imported { listing, outcome })
    }

    fn release(&self, cx: &mut Context<'_>, of: &Listing) -> Result<()> {
        let (publisher, listing) = (of.publisher, of.id);
        let version = self.row.version.clone();
        let content = complete(ReleaseContent::default(), of)?;
        let digest = release_digest(listing, &version, &content)?;
        cx.event(Fact::ReleasePublished { publisher, listing, version: version.clone() });
        let published_at = self.row.released_at;
        cx.put(Release { listing, version, content, digest, yanked: None, published_at });
        Ok(())
    }
}

impl Context<'_> {
    /// The publisher of this very handle, if there is one.
    pub(super) async fn publisher_called(&mut self, handle: &Handle) -> Result<Option<Publisher>> {
        let name = ClaimedName::handle(&handle.skeleton());
        let Some(owner) = self.owner_of(&name).await? else { return Ok(None) };
        let id: PublisherId = owner.as_str().parse()?;
        let taken = ErrorCode::HandleTaken;
        let found = self.find::<Publisher>(RecordKey::publisher(id), taken).await?.value;
        if found.handle == *handle { Ok(Some(found)) } else { Err(taken.into()) }
    }

    /// The listing of this very slug in a publisher, if there is one.
    pub(super) async fn listing_called(
        &mut self,
        publisher: PublisherId,
        slug: &Slug,
    ) -> Result<Option<Versioned<Listing>>> {
        let name = ClaimedName::slug(publisher, slug);
        let Some(owner) = self.owner_of(&name).await? else { return Ok(None) };
        let id: ListingId = owner.as_str().parse()?;
        let found = self.find::<Listing>(RecordKey::listing(id), ErrorCode::SlugTaken).await?;
        let same = found.value.publisher == publisher && found.value.slug == *slug;
        if same { Ok(Some(found)) } else { Err(ErrorCode::SlugTaken.into()) }
    }

    /// Takes the names of a listing that an operator imports, and asks about its reference, or
    /// confirms it on the operator's word.
    pub(super) async fn offer(
        &mut self,
        draft: &Listing,
        publisher: &Publisher,
        confirm: bool,
    ) -> Result<()> {
        self.claim(ClaimedName::slug(publisher.id, &draft.slug), NameOwner::new(draft.id));
        self.count(Counter::of_publisher(CounterFamily::Listings, publisher.id), 1, Within::Any);
        self.start_offering(draft, publisher).await?;
        if confirm {
            self.confirm_reference(draft, publisher).await?;
        }
        self.event(Fact::ListingCreated { publisher: publisher.id, listing: draft.id });
        Ok(())
    }
}
