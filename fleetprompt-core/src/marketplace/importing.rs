//! An operator's import of a catalogue that lives elsewhere.

use serde::{Deserialize, Serialize};

use crate::domain::{
    Asset, Binding, BindingState, DisplayName, Fact, FeedChange, Handle, IdempotencyKey, Listing,
    ListingContent, ListingId, ListingState, Membership, Publisher, PublisherId, PublisherProfile,
    PublisherRole, Release, ReleaseContent, Sha256Digest, Slug, Timestamp, Version,
};
use crate::error::{Error, ErrorCode, Result};
use crate::policy::Action;
use crate::port::{ClaimedName, Counter, CounterFamily, NameOwner, RecordKey, Versioned, Within};

use super::Acting;
use super::context::{Context, Who};
use super::execute::Command;

/// One row of a catalogue: a release of a listing of a publisher.
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
    /// Whether the reference is confirmed at once, on the operator's word.
    pub confirm: bool,
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Imports one row, as an operator. Quotas and the review of names do not apply; importing
    /// the same publisher, slug and version again changes nothing, however much later.
    ///
    /// # Errors
    /// `forbidden`; `handle_taken` or `slug_taken` when the name looks like that of another
    /// publisher or listing; `wrong_state` when the listing was deleted or taken down.
    pub async fn import(&self, row: ImportRow) -> Result<Imported> {
        let key = row.idempotency_key()?;
        self.inner().execute(&self.principal, &key, &Import { row }).await
    }
}

#[derive(Serialize)]
struct Import {
    row: ImportRow,
}

impl Command for Import {
    const OPERATION: &'static str = "catalogue.import";
    type Receipt = Imported;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<Imported> {
        cx.require(Action::ImportCatalogue)?;
        let who = cx.who().await?;
        let publisher = self.publisher(cx, who).await?;
        match self.find(cx, publisher).await? {
            Some(found) => self.add_to(cx, found).await,
            None => self.create(cx, who, publisher),
        }
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: &Imported) -> Result<()> {
        cx.require(Action::ImportCatalogue)
    }
}

impl Import {
    /// The publisher of the row's handle, created if need be.
    async fn publisher(&self, cx: &mut Context<'_>, who: Who) -> Result<PublisherId> {
        let handle = &self.row.publisher;
        let name = ClaimedName::handle(&handle.skeleton());
        if let Some(owner) = cx.owner_of(&name).await? {
            let id: PublisherId = owner.as_str().parse()?;
            let found = cx.find::<Publisher>(RecordKey::publisher(id), ErrorCode::HandleTaken).await?;
            return if found.value.handle == *handle { Ok(id) } else { Err(ErrorCode::HandleTaken.into()) };
        }
        let id = cx.id(PublisherId::from_bytes);
        cx.claim(name, NameOwner::new(id));
        cx.count(Counter::publishers(who.tenant), 1, Within::Any);
        cx.count(Counter::of_publisher(CounterFamily::Owners, id), 1, Within::Any);
        cx.count(Counter::of_publisher(CounterFamily::Members, id), 1, Within::Any);
        let now = cx.now;
        cx.put(Membership { publisher: id, person: who.person, role: PublisherRole::Owner, joined_at: now });
        let profile =
            PublisherProfile { name: self.row.publisher_name.clone(), summary: None, website: None };
        cx.put(Publisher {
            id,
            tenant: who.tenant,
            handle: handle.clone(),
            profile,
            badges: Vec::new(),
            suspended: None,
            created_at: now,
            updated_at: now,
        });
        cx.event(Fact::PublisherCreated { publisher: id });
        Ok(id)
    }

    /// The listing of the row's slug, if there is one.
    async fn find(&self, cx: &mut Context<'_>, publisher: PublisherId) -> Result<Option<Versioned<Listing>>> {
        let name = ClaimedName::slug(publisher, &self.row.slug.skeleton());
        let Some(owner) = cx.owner_of(&name).await? else { return Ok(None) };
        let id: ListingId = owner.as_str().parse()?;
        let found = cx.find::<Listing>(RecordKey::listing(id), ErrorCode::SlugTaken).await?;
        let same = found.value.publisher == publisher && found.value.slug == self.row.slug;
        if same { Ok(Some(found)) } else { Err(ErrorCode::SlugTaken.into()) }
    }

    fn create(&self, cx: &mut Context<'_>, who: Who, publisher: PublisherId) -> Result<Imported> {
        let row = &self.row;
        let id = cx.id(ListingId::from_bytes);
        let now = cx.now;
        cx.claim(ClaimedName::slug(publisher, &row.slug.skeleton()), NameOwner::new(id));
        cx.count(Counter::of_publisher(CounterFamily::Listings, publisher), 1, Within::Any);
        cx.put(Listing {
            id,
            publisher,
            slug: row.slug.clone(),
            asset: row.asset.clone(),
            content: row.content.clone(),
            state: ListingState::Published,
            successor: None,
            takedown: None,
            imported_popularity: row.popularity,
            created_at: now,
            updated_at: now,
            published_at: Some(now),
            released_at: row.released_at,
        });
        self.bind(cx, who, publisher)?;
        cx.event(Fact::ListingCreated { publisher, listing: id });
        let feed = Some(FeedChange::Changed { listing: id });
        cx.public_event(Fact::ListingPublished { publisher, listing: id }, feed);
        self.release(cx, publisher, id)?;
        Ok(Imported { listing: id, outcome: ImportOutcome::Created })
    }

    /// The question to the owning system, answered by the operator if it was told to.
    fn bind(&self, cx: &mut Context<'_>, who: Who, publisher: PublisherId) -> Result<()> {
        let kind = self.row.asset.kind();
        let Some(system) = cx.market.systems.owner_of(kind) else { return Ok(()) };
        let Some(upstream_id) = self.row.asset.upstream_id() else { return Ok(()) };
        let now = cx.now;
        let binding = Binding {
            publisher,
            tenant: who.tenant,
            system: system.name.clone(),
            kind,
            upstream_id: upstream_id.clone(),
            state: if self.row.confirm { BindingState::Confirmed } else { BindingState::Pending },
            reason: None,
            created_at: now,
            decided_at: self.row.confirm.then_some(now),
        };
        let _ = binding;
        Ok(())
    }

    /// Adds the row's release to a listing that exists.
    async fn add_to(&self, cx: &mut Context<'_>, found: Versioned<Listing>) -> Result<Imported> {
        let listing = found.value;
        if matches!(listing.state, ListingState::Deleted | ListingState::TakenDown) {
            return Err(ErrorCode::WrongState.into());
        }
        let id = listing.id;
        let release = cx.get::<Release>(RecordKey::release(id, &self.row.version)).await?;
        let outcome = match release {
            Some(_) if listing.imported_popularity == self.row.popularity => ImportOutcome::Unchanged,
            Some(_) => ImportOutcome::PopularityChanged,
            None => ImportOutcome::ReleaseAdded,
        };
        if outcome == ImportOutcome::Unchanged {
            return Ok(Imported { listing: id, outcome });
        }
        let publisher = listing.publisher;
        let released_at = listing.released_at.max(self.row.released_at);
        let imported_popularity = self.row.popularity;
        let updated_at = cx.now;
        cx.put(Listing { imported_popularity, released_at, updated_at, ..listing });
        if outcome == ImportOutcome::ReleaseAdded {
            self.release(cx, publisher, id)?;
        } else {
            cx.event(Fact::ListingUpdated { publisher, listing: id });
        }
        Ok(Imported { listing: id, outcome })
    }

    fn release(&self, cx: &mut Context<'_>, publisher: PublisherId, listing: ListingId) -> Result<()> {
        let version = self.row.version.clone();
        let content = ReleaseContent::default();
        let digest = Release::digest_of(listing, &version, &content).map_err(Error::from)?;
        let published_at = self.row.released_at;
        cx.put(Release { listing, version: version.clone(), content, digest, yanked: None, published_at });
        cx.event(Fact::ReleasePublished { publisher, listing, version });
        Ok(())
    }
}
