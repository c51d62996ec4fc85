//! Publishing, yanking and reading releases.

use serde::{Deserialize, Serialize};

use crate::domain::{
    Asset, Channel, Fact, FeedChange, IdempotencyKey, Listing, ListingId, Reason, Release,
    ReleaseContent, Revision, Rule, Sha256Digest, Timestamp, Version,
};
use crate::error::{Error, ErrorCode, Result};
use crate::policy::Action;
use crate::port::{Counter, PageSize, RecordKey, Scan, Versioned, Within};
use crate::search::Cursor;

use super::listings::Owned;
use crate::marketplace::reading::paging::{Page, Paging};
use crate::marketplace::reading::views::ReleaseView;
use crate::marketplace::writing::context::Context;
use crate::marketplace::writing::execute::Command;
use crate::marketplace::{Acting, Inner};

/// What a write to a release answers.
///
/// ```
/// use fleetprompt_core::marketplace::ReleaseReceipt;
/// fn line(receipt: &ReleaseReceipt) -> String {
///     format!("{} is {}", receipt.version, receipt.digest)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReleaseReceipt {
    /// The listing.
    pub listing: ListingId,
    /// The version.
    pub version: Version,
    /// SHA-256 over listing, version and content.
    pub digest: Sha256Digest,
    /// Whether it is yanked.
    pub yanked: bool,
    /// The release's revision after the write.
    pub revision: Revision,
    /// When it was written.
    pub at: Timestamp,
}

impl Acting {
    /// Publishes a release. It never changes; it can only be yanked. The listing gets a new
    /// revision, since its newest release is part of what it shows.
    ///
    /// # Errors
    /// `listing_not_found`, `forbidden`, `publisher_suspended`; `wrong_state` while the listing is
    /// taken down; `release_exists`, also for a version that differs in build metadata alone;
    /// `quota_exceeded`, with the time until tomorrow; `invalid_input` for a schema version in
    /// anything but a spec asset.
    pub async fn publish_release(
        &self,
        listing: ListingId,
        version: Version,
        content: ReleaseContent,
        key: &IdempotencyKey,
    ) -> Result<ReleaseReceipt> {
        let command = PublishRelease { listing, version, content };
        self.inner().execute(&self.principal, key, &command).await
    }

    /// Yanks a release: it stays readable, and is installed no more.
    ///
    /// # Errors
    /// `listing_not_found`, `release_not_found`, `forbidden`; `wrong_state` when it is yanked
    /// already.
    pub async fn yank_release(
        &self,
        listing: ListingId,
        version: Version,
        reason: Reason,
        key: &IdempotencyKey,
    ) -> Result<ReleaseReceipt> {
        let command = YankRelease { listing, version, reason };
        self.inner().execute(&self.principal, key, &command).await
    }

    /// Takes a yank back.
    ///
    /// # Errors
    /// `listing_not_found`, `release_not_found`, `forbidden`; `wrong_state` when it is not yanked.
    pub async fn unyank_release(
        &self,
        listing: ListingId,
        version: Version,
        key: &IdempotencyKey,
    ) -> Result<ReleaseReceipt> {
        self.inner().execute(&self.principal, key, &UnyankRelease { listing, version }).await
    }

    /// The releases of a listing, the highest version first, yanked ones among them.
    ///
    /// # Errors
    /// `listing_not_found`, `invalid_cursor`.
    pub async fn releases(
        &self,
        listing: ListingId,
        cursor: Option<&Cursor>,
        size: PageSize,
    ) -> Result<Page<ReleaseView>> {
        let reader = self.glancing();
        reader.readable_listing(listing).await?;
        let query = ("releases", listing);
        let scan = Scan::Releases { listing, channel: None, available_only: false };
        let paging = Paging::new(reader.inner(), &self.principal, &query, scan)?;
        paging.page(cursor, size, |row: Versioned<Release>| ReleaseView::of(row.value)).await
    }

    /// One release of a listing.
    ///
    /// # Errors
    /// `listing_not_found`, `release_not_found`.
    pub async fn release(&self, listing: ListingId, version: &Version) -> Result<ReleaseView> {
        let reader = self.glancing();
        reader.readable_listing(listing).await?;
        let key = RecordKey::release(listing, version);
        let found = reader.inner().read::<Release>(&key).await?;
        found
            .filter(|row| row.value.version == *version)
            .map(|row| ReleaseView::of(row.value))
            .ok_or_else(|| ErrorCode::ReleaseNotFound.into())
    }

    /// The release to install: the highest version that is not yanked, whatever the order in which
    /// releases were published. Pre-releases count only for [`Channel::Prerelease`].
    ///
    /// # Errors
    /// `listing_not_found`; `release_not_found` when there is none.
    pub async fn latest_release(
        &self,
        listing: ListingId,
        channel: Channel,
    ) -> Result<ReleaseView> {
        let reader = self.glancing();
        reader.readable_listing(listing).await?;
        let latest = reader.inner().latest(listing, channel).await?;
        latest.map(ReleaseView::of).ok_or_else(|| ErrorCode::ReleaseNotFound.into())
    }
}

impl Inner {
    /// The highest version that is not yanked; of stable versions, or of all.
    pub(super) async fn latest(
        &self,
        listing: ListingId,
        channel: Channel,
    ) -> Result<Option<Release>> {
        let rows =
            self.list::<Release>(&by_version(listing, channel), None, PageSize::new(1)).await?;
        Ok(rows.into_iter().next().map(|row| row.value))
    }
}

/// The releases that are not yanked, the highest version first; the stable ones, or all.
pub(in crate::marketplace) fn by_version(listing: ListingId, channel: Channel) -> Scan {
    let channel = match channel {
        Channel::Stable => Some(Channel::Stable),
        Channel::Prerelease => None,
    };
    Scan::Releases { listing, channel, available_only: true }
}

/// What the digest of a release covers, in one encoding.
pub(in crate::marketplace) fn release_digest(
    listing: ListingId,
    version: &Version,
    content: &ReleaseContent,
) -> Result<Sha256Digest> {
    let canonical = serde_json::to_vec(&(listing, version, content));
    Ok(Sha256Digest::of(&canonical.map_err(|_| ErrorCode::Internal)?))
}

/// The content as it is published: a spec asset's release follows the schema that its listing
/// names unless it says otherwise.
pub(in crate::marketplace) fn complete(
    mut content: ReleaseContent,
    listing: &Listing,
) -> Result<ReleaseContent> {
    match &listing.asset {
        Asset::SpecAsset { schema_version, .. } => {
            content.schema_version.get_or_insert_with(|| schema_version.clone());
        }
        _ if content.schema_version.is_some() => {
            return Err(Error::field_rule("schemaVersion", Rule::Other("is for spec assets only")));
        }
        _ => {}
    }
    Ok(content)
}

/// What the feed says when something of a listing changed that its record does not hold.
fn changed(listing: &Listing) -> Option<FeedChange> {
    listing.is_listed().then_some(FeedChange::Changed { listing: listing.id })
}

#[derive(Serialize)]
struct PublishRelease {
    listing: ListingId,
    version: Version,
    content: ReleaseContent,
}

impl Command for PublishRelease {
    const OPERATION: &'static str = "release.publish";
    type Receipt = ReleaseReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<ReleaseReceipt> {
        let PublishRelease { listing: id, ref version, ref content } = *self;
        let Owned { listing, publisher } = cx.listing_to_change(id, Action::PublishRelease).await?;
        if cx.get::<Release>(RecordKey::release(id, version)).await?.is_some() {
            return Err(ErrorCode::ReleaseExists.into());
        }
        let listing = listing.value;
        let content = complete(content.clone(), &listing)?;
        let digest = release_digest(id, version, &content)?;
        let at = cx.now;
        let limit = Within::AtMost(cx.market.quotas.releases_per_day);
        cx.count(Counter::releases(publisher.id, at.day()), 1, limit);
        let revision = cx.put(Release {
            listing: id,
            version: version.clone(),
            content,
            digest,
            yanked: None,
            published_at: at,
        });
        let (publisher, version) = (publisher.id, version.clone());
        let fact = Fact::ReleasePublished { publisher, listing: id, version: version.clone() };
        cx.public_event(fact, changed(&listing));
        cx.put(Listing { released_at: listing.released_at.max(at), ..listing });
        Ok(ReleaseReceipt { listing: id, version, digest, yanked: false, revision, at })
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&ReleaseReceipt>) -> Result<()> {
        cx.may_hear_of_listing(self.listing).await
    }
}

impl Context<'_> {
    /// A release that the principal may yank, and its listing. Build metadata is part of a
    /// release's name here, so that nobody yanks what they did not mean.
    async fn yankable(
        &mut self,
        listing: ListingId,
        version: &Version,
    ) -> Result<(Listing, Release)> {
        let owned = self.listing_for(listing, Action::YankRelease).await?;
        let missing = ErrorCode::ReleaseNotFound;
        let key = RecordKey::release(listing, version);
        let release = self.find::<Release>(key, missing).await?.value;
        if release.version != *version {
            return Err(missing.into());
        }
        Ok((owned.listing.value, release))
    }

    fn settle_yank(&mut self, listing: &Listing, release: Release, fact: Fact) -> ReleaseReceipt {
        self.public_event(fact, changed(listing));
        // So that two who change releases of a listing at a time meet.
        self.put(listing.clone());
        let Release { listing, digest, .. } = release;
        let (version, yanked) = (release.version.clone(), release.yanked.is_some());
        let revision = self.put(release);
        ReleaseReceipt { listing, version, digest, yanked, revision, at: self.now }
    }

    async fn may_hear_of_release(&mut self, listing: ListingId) -> Result<()> {
        self.listing_for(listing, Action::YankRelease).await.map(drop)
    }
}

#[derive(Serialize)]
struct YankRelease {
    listing: ListingId,
    version: Version,
    reason: Reason,
}

impl Command for YankRelease {
    const OPERATION: &'static str = "release.yank";
    type Receipt = ReleaseReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<ReleaseReceipt> {
        let (listing, release) = cx.yankable(self.listing, &self.version).await?;
        if release.yanked.is_some() {
            return Err(ErrorCode::WrongState.into());
        }
        let fact = Fact::ReleaseYanked {
            publisher: listing.publisher,
            listing: listing.id,
            version: release.version.clone(),
        };
        let yanked = Release { yanked: Some(self.reason.clone()), ..release };
        Ok(cx.settle_yank(&listing, yanked, fact))
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&ReleaseReceipt>) -> Result<()> {
        cx.may_hear_of_release(self.listing).await
    }
}

#[derive(Serialize)]
struct UnyankRelease {
    listing: ListingId,
    version: Version,
}

impl Command for UnyankRelease {
    const OPERATION: &'static str = "release.unyank";
    type Receipt = ReleaseReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<ReleaseReceipt> {
        let (listing, release) = cx.yankable(self.listing, &self.version).await?;
        if release.yanked.is_none() {
            return Err(ErrorCode::WrongState.into());
        }
        let fact = Fact::ReleaseUnyanked {
            publisher: listing.publisher,
            listing: listing.id,
            version: release.version.clone(),
        };
        let restored = Release { yanked: None, ..release };
        Ok(cx.settle_yank(&listing, restored, fact))
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&ReleaseReceipt>) -> Result<()> {
        cx.may_hear_of_release(self.listing).await
    }
}
