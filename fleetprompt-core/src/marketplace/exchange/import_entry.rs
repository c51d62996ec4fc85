//! An operator's import of a catalogue that another marketplace exported.

use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use crate::domain::{
    Asset, Badge, Fact, GoneReason, Handle, IdempotencyKey, Listing, ListingId, ListingState,
    Publisher, PublisherId, Release, Rule, Sha256Digest, Slug,
};
use crate::error::{Error, ErrorCode, Result};
use crate::policy::Action;
use crate::port::{RecordKey, Versioned, Within};

use super::catalogue_entry::{
    CatalogueEntry, DeprecationEntry, EntryAsset, ListingEntry, PublisherEntry, ReleaseEntry,
    SuspensionEntry, TakedownEntry,
};
use crate::marketplace::moderating::moderation::SuspendPublisher;
use crate::marketplace::moderating::takedowns::TakeDown;
use crate::marketplace::publishing::lifecycle::moved;
use crate::marketplace::publishing::listings::NewListing;
use crate::marketplace::publishing::publishers::{
    NewPublisher, expect_in_good_standing, expect_not_held,
};
use crate::marketplace::publishing::releases::{complete, release_digest};
use crate::marketplace::writing::context::Context;
use crate::marketplace::writing::execute::Command;
use crate::marketplace::{Acting, ListingAddress};

/// What became of an entry.
///
/// ```
/// use fleetprompt_core::marketplace::EntryOutcome;
/// assert_eq!(serde_json::to_string(&EntryOutcome::Created)?, r#""created""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryOutcome {
    /// What it describes was made.
    Created,
    /// What it describes was there, and was changed.
    Changed,
    /// Everything that it says was so already.
    Unchanged,
}

/// What importing an entry answers.
///
/// ```
/// # use fleetprompt_core::domain::PersonIdentity;
/// # use fleetprompt_core::memory::MemoryStore;
/// # use fleetprompt_core::port::Principal;
/// # use fleetprompt_core::token::{KeyRing, MasterKey};
/// # use fleetprompt_core::Marketplace;
/// use fleetprompt_core::marketplace::{CatalogueLine, EntryImported, EntryOutcome};
/// # pollster::block_on(async {
/// # let market = Marketplace::builder(MemoryStore::default())
/// #     .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?))
/// #     .issuer("https://market.example".parse()?).build().await?;
/// # let olga = PersonIdentity::personal("https://id.example".parse()?, "user_olga".parse()?);
/// # let operator = market.act_as(Principal::operator(olga));
/// let line = r#"{"type":"publisher","handle":"acme","profile":{"name":"Acme"}}"#;
/// let CatalogueLine::Entry(entry) = CatalogueLine::parse(line, false)? else { unreachable!() };
/// let EntryImported { outcome } = operator.import_entry(*entry).await?;
/// assert_eq!(outcome, EntryOutcome::Created);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryImported {
    /// What became of the entry.
    pub outcome: EntryOutcome,
}

impl Acting {
    /// Imports one entry, as an operator: what is there already is left as it is, but for a
    /// listing's popularity. Publishers that are made belong to the operator's tenant until they
    /// are transferred. Quotas do not apply; names that look like well-known ones are not held,
    /// since the operator decided. Importing the same entry again changes nothing.
    ///
    /// Entries rest on those of earlier stages, see [`CatalogueEntry::stage`].
    ///
    /// # Errors
    /// `forbidden`; `publisher_not_found` and `listing_not_found` when what the entry rests on is
    /// not there; `handle_taken` or `slug_taken` when the name looks like that of another;
    /// `publisher_suspended`, `publisher_held`; `reference_taken` when the reference is to be
    /// confirmed and another publisher's is; `invalid_input` for members of a pack and successors
    /// that do not fit; `wrong_state` when the listing is gone, can't become what the entry says, or
    /// is to begin as anything but a draft, published or unlisted.
    pub async fn import_entry(&self, entry: CatalogueEntry) -> Result<EntryImported> {
        let bytes = serde_json::to_vec(&entry).map_err(|_| ErrorCode::Internal)?;
        let key: IdempotencyKey = format!("import-{}", Sha256Digest::of(&bytes)).parse()?;
        let command = ImportEntry { entry, decided: AtomicBool::new(false) };
        let imported = self.inner().execute(&self.principal, &key, &command).await?;
        // A kept answer is that of the run which did it; by now everything was so already.
        Ok(match command.decided.into_inner() {
            true => imported,
            false => EntryImported { outcome: EntryOutcome::Unchanged },
        })
    }
}

#[derive(Serialize)]
struct ImportEntry {
    entry: CatalogueEntry,
    /// Whether it was decided, and not answered by what was kept.
    #[serde(skip)]
    decided: AtomicBool,
}

impl Command for ImportEntry {
    const OPERATION: &'static str = "catalogue.import_entry";
    type Receipt = EntryImported;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<EntryImported> {
        self.decided.store(true, Ordering::Relaxed);
        cx.require(Action::ImportCatalogue)?;
        let outcome = match &self.entry {
            CatalogueEntry::Publisher(entry) => cx.import_publisher(entry).await?,
            CatalogueEntry::Listing(entry) => cx.import_listing(entry).await?,
            CatalogueEntry::Release(entry) => cx.import_release(entry).await?,
            CatalogueEntry::Deprecation(entry) => cx.import_deprecation(entry).await?,
            CatalogueEntry::Takedown(entry) => cx.import_takedown(entry).await?,
            CatalogueEntry::Suspension(entry) => cx.import_suspension(entry).await?,
        };
        Ok(EntryImported { outcome })
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&EntryImported>) -> Result<()> {
        cx.require(Action::ImportCatalogue)
    }
}

impl Context<'_> {
    async fn import_publisher(&mut self, entry: &PublisherEntry) -> Result<EntryOutcome> {
        let who = self.who().await?;
        let PublisherEntry { handle, profile, badges } = entry;
        if self.publisher_called(handle).await?.is_some() {
            return Ok(EntryOutcome::Unchanged);
        }
        let new = NewPublisher { handle: handle.clone(), profile: profile.clone() };
        let id = self.id(PublisherId::from_bytes);
        let (_, mut publisher) = self.found_publisher(id, who, &new, Within::Any, None);
        for badge in badges {
            let (kind, evidence, granted_at) = (badge.kind, badge.evidence.clone(), self.now);
            if publisher.badges.iter().any(|set| set.kind == kind) {
                return Err(Error::field_rule("badges", Rule::Other("holds a kind twice")));
            }
            publisher.badges.push(Badge { kind, evidence, granted_at });
            let fact = Fact::BadgeGranted { publisher: id, badge: kind };
            self.change_publisher(publisher.clone(), fact);
        }
        Ok(EntryOutcome::Created)
    }

    async fn imported_publisher(&mut self, handle: &Handle) -> Result<Publisher> {
        let found = self.publisher_called(handle).await?;
        found.ok_or_else(|| ErrorCode::PublisherNotFound.into())
    }

    async fn imported_listing(
        &mut self,
        handle: &Handle,
        slug: &Slug,
    ) -> Result<(Publisher, Listing)> {
        let publisher = self.imported_publisher(handle).await?;
        let found = self.listing_called(publisher.id, slug).await?;
        let Versioned { value, .. } = found.ok_or(ErrorCode::ListingNotFound)?;
        Ok((publisher, value))
    }

    async fn import_listing(&mut self, entry: &ListingEntry) -> Result<EntryOutcome> {
        let publisher = self.imported_publisher(&entry.publisher).await?;
        if let Some(found) = self.listing_called(publisher.id, &entry.slug).await? {
            return Ok(self.update_popularity(found.value, entry.popularity));
        }
        // Whatever else a listing comes to is decided about one that is there, by entries of their own.
        let state = entry.state;
        if !matches!(state, ListingState::Draft | ListingState::Published | ListingState::Unlisted)
        {
            return Err(ErrorCode::WrongState.into());
        }
        expect_in_good_standing(&publisher)?;
        expect_not_held(&publisher)?;
        let asset = self.imported_asset(&entry.asset).await?;
        let id = self.id(ListingId::from_bytes);
        let (slug, content) = (entry.slug.clone(), entry.content.clone());
        let new = NewListing { publisher: publisher.id, slug, asset, content };
        let draft = Listing { imported_popularity: entry.popularity, ..new.draft(id, self.now) };
        let after = Listing { state, ..draft.clone() };
        self.expect_pack(&after).await?;
        self.offer(&draft, &publisher, entry.confirmed).await?;
        let publisher = publisher.id;
        let fact = match state {
            ListingState::Published => Fact::ListingPublished { publisher, listing: id },
            ListingState::Unlisted => Fact::ListingUnlisted { publisher, listing: id },
            _ => Fact::ListingUpdated { publisher, listing: id },
        };
        self.change_listing(&draft, after, fact, GoneReason::Withdrawn);
        Ok(EntryOutcome::Created)
    }

    /// The asset, with the members of a pack looked up.
    async fn imported_asset(&mut self, asset: &EntryAsset) -> Result<Asset> {
        let EntryAsset::Pack { members: addresses } = asset else {
            return asset.reference().ok_or_else(|| ErrorCode::Internal.into());
        };
        let mut members = Vec::new();
        for ListingAddress { handle, slug } in addresses.as_slice() {
            members.push(self.imported_listing(handle, slug).await?.1.id);
        }
        Ok(Asset::Pack { members: members.try_into()? })
    }

    fn update_popularity(&mut self, before: Listing, popularity: u64) -> EntryOutcome {
        let gone = matches!(before.state, ListingState::Deleted | ListingState::TakenDown);
        if gone || before.imported_popularity == popularity {
            return EntryOutcome::Unchanged;
        }
        let fact = Fact::ListingUpdated { publisher: before.publisher, listing: before.id };
        let after = Listing { imported_popularity: popularity, ..before.clone() };
        self.change_listing(&before, after, fact, GoneReason::Withdrawn);
        EntryOutcome::Changed
    }

    async fn import_release(&mut self, entry: &ReleaseEntry) -> Result<EntryOutcome> {
        let ReleaseEntry { publisher, slug, version, published_at, content, yanked } = entry;
        let (publisher, before) = self.imported_listing(publisher, slug).await?;
        let (listing, published_at) = (before.id, *published_at);
        if self.get::<Release>(RecordKey::release(listing, version)).await?.is_some() {
            return Ok(EntryOutcome::Unchanged);
        }
        expect_in_good_standing(&publisher)?;
        if matches!(before.state, ListingState::Deleted | ListingState::TakenDown) {
            return Err(ErrorCode::WrongState.into());
        }
        let content = complete(content.clone(), &before)?;
        let digest = release_digest(listing, version, &content)?;
        let (version, yanked) = (version.clone(), yanked.clone());
        let publisher = publisher.id;
        self.event(Fact::ReleasePublished { publisher, listing, version: version.clone() });
        // A listing that was made for this import has no release before its first one.
        let first = before.released_at == before.created_at;
        let released_at = if first { published_at } else { before.released_at.max(published_at) };
        let after = Listing { released_at, ..before.clone() };
        let fact = Fact::ListingUpdated { publisher, listing };
        self.change_listing(&before, after, fact, GoneReason::Withdrawn);
        self.put(Release { listing, version, content, digest, yanked, published_at });
        Ok(EntryOutcome::Created)
    }

    async fn import_deprecation(&mut self, entry: &DeprecationEntry) -> Result<EntryOutcome> {
        let (publisher, before) = self.imported_listing(&entry.publisher, &entry.slug).await?;
        if before.state == ListingState::Deprecated {
            return Ok(EntryOutcome::Unchanged);
        }
        expect_in_good_standing(&publisher)?;
        let after = moved(&before, ListingState::Deprecated)?;
        let successor = match &entry.successor {
            None => None,
            Some(ListingAddress { handle, slug }) => {
                let id = self.imported_listing(handle, slug).await?.1.id;
                self.expect_successor(&before, id).await?;
                Some(id)
            }
        };
        let (publisher, listing) = (publisher.id, before.id);
        let fact = Fact::ListingDeprecated { publisher, listing, successor };
        let after = Listing { successor, ..after };
        self.change_listing(&before, after, fact, GoneReason::Withdrawn);
        Ok(EntryOutcome::Changed)
    }

    async fn import_takedown(&mut self, entry: &TakedownEntry) -> Result<EntryOutcome> {
        let (_, found) = self.imported_listing(&entry.publisher, &entry.slug).await?;
        if found.state == ListingState::TakenDown {
            return Ok(EntryOutcome::Unchanged);
        }
        let (listing, class, reason) = (found.id, entry.class, entry.reason.clone());
        TakeDown { listing, class, reason }.decide(self).await?;
        Ok(EntryOutcome::Changed)
    }

    async fn import_suspension(&mut self, entry: &SuspensionEntry) -> Result<EntryOutcome> {
        let found = self.imported_publisher(&entry.publisher).await?;
        if found.suspended.is_some() {
            return Ok(EntryOutcome::Unchanged);
        }
        let (publisher, reason) = (found.id, entry.reason.clone());
        SuspendPublisher { publisher, reason }.decide(self).await?;
        Ok(EntryOutcome::Changed)
    }
}
