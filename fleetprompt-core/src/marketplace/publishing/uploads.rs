//! Icons and screenshots: uploading, arranging and removing them.
//!
//! An upload goes: may they at all → scan → redraw → keep the bytes → one commit that names them.
//! Until that commit nothing refers to the bytes, so whatever stops an upload halfway leaves at
//! most an object that [`clean_media`](crate::Marketplace::clean_media) finds.

mod receiving;

pub(in crate::marketplace) use receiving::{Media, Uploads, media_error};

use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use crate::domain::{
    AltText, BoundedList, Fact, GoneReason, IdempotencyKey, Image, ImageUpload, Listing, ListingId,
    ListingMedia, PublisherId, Revision, Rule, SCREENSHOTS_MAX, Screenshot, Sha256Digest, Span,
    UploadId,
};
use crate::error::{Error, ErrorCode, Result};
use crate::policy::Action;
use crate::port::{Counter, CounterFamily, ImageRole, Within};

use super::listings::{ListingReceipt, Owned};
use super::publishers::expect_revision;
use crate::marketplace::Acting;
use crate::marketplace::writing::context::Context;
use crate::marketplace::writing::execute::{Admitted, Command, Laborious};

/// How long after it began an upload may still be committed. Far below the age from which
/// [`clean_media`](crate::Marketplace::clean_media) looks at what it kept.
const UPLOAD_LASTS: Span = Span::hours(1);

/// What a write to a listing's images answers.
///
/// ```
/// use fleetprompt_core::marketplace::MediaReceipt;
/// fn markdown(receipt: &MediaReceipt) -> Option<String> {
///     receipt.image.map(|digest| format!("![what it shows](media:{})", &digest.to_string()[7..]))
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct MediaReceipt {
    /// The listing after the write.
    pub listing: ListingReceipt,
    /// The digest of the image as it is kept, when the write brought one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Sha256Digest>,
}

/// A place for a screenshot that a listing has already.
///
/// ```
/// use fleetprompt_core::marketplace::{ListingView, ScreenshotPlace};
/// fn reversed(seen: &ListingView) -> Vec<ScreenshotPlace> {
///     let shots = seen.media.screenshots.iter().rev();
///     shots.map(|shot| ScreenshotPlace { image: shot.image.digest, alt: shot.alt.clone() }).collect()
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScreenshotPlace {
    /// The screenshot.
    pub image: Sha256Digest,
    /// What it shows.
    pub alt: AltText,
}

impl Acting {
    /// Gives a listing that is still at `revision` an icon, in place of the one it has.
    ///
    /// The image is a PNG, JPEG or WebP by its content: a square of
    /// [`MIN_ICON_SIDE`](crate::domain::bounds::MIN_ICON_SIDE) to
    /// [`MAX_ICON_SIDE`](crate::domain::bounds::MAX_ICON_SIDE) pixels and at most
    /// [`MAX_ICON_BYTES`](crate::domain::bounds::MAX_ICON_BYTES). It is scanned and drawn anew.
    /// A retry under the same key brings the same bytes.
    ///
    /// # Errors
    /// `listing_not_found`, `forbidden`, `publisher_suspended`, `revision_mismatch`,
    /// `quota_exceeded`; `wrong_state` while it is taken down; `uploads_off`, `upload_rejected`,
    /// `upload_not_scanned`; `invalid_input` for what is no such image.
    pub async fn set_icon(
        &self,
        listing: ListingId,
        revision: Revision,
        image: ImageUpload,
        key: &IdempotencyKey,
    ) -> Result<MediaReceipt> {
        self.upload(Upload::new(listing, revision, &image, Place::Icon), image, key).await
    }

    /// Adds a screenshot to a listing that is still at `revision`, behind those it has.
    ///
    /// The image is a PNG, JPEG or WebP by its content, as large as an
    /// [`ImageSize`](crate::domain::ImageSize) can be. It is scanned and drawn anew. A retry under
    /// the same key brings the same bytes.
    ///
    /// # Errors
    /// As [`set_icon`](Self::set_icon); `invalid_input` also for one too many, and for one that
    /// the listing has already.
    pub async fn add_screenshot(
        &self,
        listing: ListingId,
        revision: Revision,
        image: ImageUpload,
        alt: AltText,
        key: &IdempotencyKey,
    ) -> Result<MediaReceipt> {
        let place = Place::Screenshot { alt };
        self.upload(Upload::new(listing, revision, &image, place), image, key).await
    }

    /// Takes the icon from a listing that is still at `revision`.
    ///
    /// # Errors
    /// `listing_not_found`, `forbidden`, `publisher_suspended`, `revision_mismatch`;
    /// `media_not_found` without an icon, `wrong_state` while it is taken down.
    pub async fn clear_icon(
        &self,
        listing: ListingId,
        revision: Revision,
        key: &IdempotencyKey,
    ) -> Result<MediaReceipt> {
        let command = ClearIcon { listing, revision };
        self.inner().execute(&self.principal, key, &command).await
    }

    /// Shows these screenshots of a listing that is still at `revision`, in this order, and removes
    /// the others.
    ///
    /// # Errors
    /// `listing_not_found`, `forbidden`, `publisher_suspended`, `revision_mismatch`;
    /// `media_not_found` for one that the listing does not have, `invalid_input` for one that is
    /// named twice, `wrong_state` while the listing is taken down.
    pub async fn arrange_screenshots(
        &self,
        listing: ListingId,
        revision: Revision,
        places: BoundedList<ScreenshotPlace, SCREENSHOTS_MAX>,
        key: &IdempotencyKey,
    ) -> Result<MediaReceipt> {
        let command = ArrangeScreenshots { listing, revision, places };
        self.inner().execute(&self.principal, key, &command).await
    }

    async fn upload(
        &self,
        mut command: Upload,
        image: ImageUpload,
        key: &IdempotencyKey,
    ) -> Result<MediaReceipt> {
        let market = self.inner();
        let role = command.place.role();
        let receiving = market.receiving()?;
        let upload = match market.admit(&self.principal, key, &command).await? {
            Admitted::Answered(receipt) => return Ok(receipt),
            Admitted::GoOn(upload) => upload,
        };
        let (kept, name) = receiving.receive(command.listing, upload, image, role).await?;
        command.brings = Some(kept);
        let outcome = market.carry_out(&self.principal, key, &command).await;
        if let Err(refused) = &outcome
            && !command.unsure.load(Ordering::SeqCst)
        {
            receiving.take_back(&name, refused).await;
        }
        outcome
    }
}

/// Where an uploaded image goes.
#[derive(Clone, Serialize)]
#[serde(tag = "place", rename_all = "camelCase")]
enum Place {
    Icon,
    Screenshot { alt: AltText },
}

impl Place {
    fn role(&self) -> ImageRole {
        match self {
            Place::Icon => ImageRole::Icon,
            Place::Screenshot { .. } => ImageRole::Screenshot,
        }
    }
}

/// An upload. The request is the digest of what was sent and where it goes; what is kept of it
/// follows from that.
#[derive(Serialize)]
struct Upload {
    listing: ListingId,
    revision: Revision,
    sent: Sha256Digest,
    place: Place,
    #[serde(skip)]
    brings: Option<Image>,
    /// Whether a commit may have been applied that nobody was told of.
    #[serde(skip)]
    unsure: AtomicBool,
}

impl Upload {
    fn new(listing: ListingId, revision: Revision, image: &ImageUpload, place: Place) -> Self {
        Upload {
            listing,
            revision,
            sent: image.digest(),
            place,
            brings: None,
            unsure: AtomicBool::new(false),
        }
    }

    /// The listing, if the image may go there.
    async fn target(&self, cx: &mut Context<'_>) -> Result<Listing> {
        let listing = cx.listing_with_media(self.listing, self.revision).await?;
        let screenshots = listing.media.screenshots.as_slice().len();
        if matches!(self.place, Place::Screenshot { .. }) && screenshots >= SCREENSHOTS_MAX {
            let rule = Rule::TooLong { max: SCREENSHOTS_MAX, unit: "entries" };
            return Err(Error::field_rule("screenshots", rule));
        }
        Ok(listing)
    }

    /// What the listing has once it has `image` as well.
    fn placed(&self, before: &ListingMedia, image: Image) -> Result<ListingMedia> {
        let mut media = before.clone();
        match &self.place {
            Place::Icon => media.icon = Some(image),
            Place::Screenshot { alt } => {
                let mut shots = before.screenshots.as_slice().to_vec();
                if shots.iter().any(|shot| shot.image.digest == image.digest) {
                    return Err(Error::field_rule("screenshots", Rule::Duplicate));
                }
                shots.push(Screenshot { image, alt: alt.clone() });
                media.screenshots = shots.try_into()?;
            }
        }
        Ok(media)
    }
}

impl Laborious for Upload {
    type Leave = UploadId;

    async fn look(&self, cx: &mut Context<'_>) -> Result<UploadId> {
        let listing = self.target(cx).await?;
        cx.expect_room_to_upload(listing.publisher).await?;
        Ok(cx.id(UploadId::from_bytes))
    }
}

impl Command for Upload {
    const OPERATION: &'static str = "listing.upload";
    type Receipt = MediaReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<MediaReceipt> {
        let before = self.target(cx).await?;
        let image = self.brings.clone().ok_or(ErrorCode::Unavailable)?;
        if cx.now.since(image.upload.begun_at()) > UPLOAD_LASTS {
            return Err(ErrorCode::Unavailable.into());
        }
        let digest = image.digest;
        let media = self.placed(&before.media, image)?;
        let day = Counter::uploads(before.publisher, cx.now.day());
        cx.count(day, 1, Within::AtMost(cx.market.quotas.uploads_per_day));
        Ok(MediaReceipt { listing: cx.change_media(&before, media), image: Some(digest) })
    }

    fn outcome_unknown(&self) {
        self.unsure.store(true, Ordering::SeqCst);
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&MediaReceipt>) -> Result<()> {
        cx.may_hear_of_listing(self.listing).await
    }
}

#[derive(Serialize)]
struct ClearIcon {
    listing: ListingId,
    revision: Revision,
}

impl Command for ClearIcon {
    const OPERATION: &'static str = "listing.clear_icon";
    type Receipt = MediaReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<MediaReceipt> {
        let before = cx.listing_with_media(self.listing, self.revision).await?;
        if before.media.icon.is_none() {
            return Err(ErrorCode::MediaNotFound.into());
        }
        let media = ListingMedia { icon: None, ..before.media.clone() };
        Ok(MediaReceipt { listing: cx.change_media(&before, media), image: None })
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&MediaReceipt>) -> Result<()> {
        cx.may_hear_of_listing(self.listing).await
    }
}

#[derive(Serialize)]
struct ArrangeScreenshots {
    listing: ListingId,
    revision: Revision,
    places: BoundedList<ScreenshotPlace, SCREENSHOTS_MAX>,
}

impl Command for ArrangeScreenshots {
    const OPERATION: &'static str = "listing.arrange_screenshots";
    type Receipt = MediaReceipt;

    async fn decide(&self, cx: &mut Context<'_>) -> Result<MediaReceipt> {
        let before = cx.listing_with_media(self.listing, self.revision).await?;
        let mut left = before.media.screenshots.as_slice().to_vec();
        let mut shots = Vec::new();
        for ScreenshotPlace { image, alt } in self.places.as_slice() {
            if shots.iter().any(|shot: &Screenshot| shot.image.digest == *image) {
                return Err(Error::field_rule("screenshots", Rule::Duplicate));
            }
            let found = left.iter().position(|shot| shot.image.digest == *image);
            let shot = left.swap_remove(found.ok_or(ErrorCode::MediaNotFound)?);
            shots.push(Screenshot { alt: alt.clone(), ..shot });
        }
        let media = ListingMedia { screenshots: shots.try_into()?, ..before.media.clone() };
        Ok(MediaReceipt { listing: cx.change_media(&before, media), image: None })
    }

    async fn may_replay(&self, cx: &mut Context<'_>, _: Option<&MediaReceipt>) -> Result<()> {
        cx.may_hear_of_listing(self.listing).await
    }
}

impl Context<'_> {
    /// A listing, still at `revision`, whose images the principal may change.
    async fn listing_with_media(&mut self, id: ListingId, revision: Revision) -> Result<Listing> {
        let Owned { listing, .. } = self.listing_to_change(id, Action::EditListing).await?;
        expect_revision(&listing, revision)?;
        Ok(listing.value)
    }

    /// Refuses an upload that could not be counted any more. What decides is the commit; this
    /// spares the work, and keeps what is never committed out of the media store.
    async fn expect_room_to_upload(&self, publisher: PublisherId) -> Result<()> {
        let quotas = &self.market.quotas;
        let bytes = Counter::of_publisher(CounterFamily::MediaBytes, publisher);
        if self.market.counted(&bytes).await? >= quotas.media_bytes_per_publisher {
            return Err(ErrorCode::QuotaExceeded.into());
        }
        let today = Counter::uploads(publisher, self.now.day());
        if self.market.counted(&today).await? >= quotas.uploads_per_day {
            let tomorrow = self.now.day().next().start();
            return Err(Error::retry(ErrorCode::QuotaExceeded, tomorrow.since(self.now)));
        }
        Ok(())
    }

    fn change_media(&mut self, before: &Listing, media: ListingMedia) -> ListingReceipt {
        let after = Listing { media, ..before.clone() };
        let limit = Within::AtMost(self.market.quotas.media_bytes_per_publisher);
        self.count_media(before.publisher, &before.media, &after.media, limit);
        let (publisher, listing) = (before.publisher, before.id);
        let fact = Fact::ListingMediaChanged { publisher, listing };
        self.change_listing(before, after, fact, GoneReason::Withdrawn)
    }

    /// Counts the bytes of a publisher's media as `before` becomes `after`. Getting fewer is
    /// always allowed.
    pub(in crate::marketplace) fn count_media(
        &mut self,
        publisher: PublisherId,
        before: &ListingMedia,
        after: &ListingMedia,
        limit: Within,
    ) {
        let [was, is] = [before, after].map(|media| media.bytes().cast_signed());
        let limit = if is > was { limit } else { Within::Any };
        if is != was {
            let counter = Counter::of_publisher(CounterFamily::MediaBytes, publisher);
            self.count(counter, is - was, limit);
        }
    }
}
