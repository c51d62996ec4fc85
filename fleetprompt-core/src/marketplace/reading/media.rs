//! Serving images, and removing the bytes of those that no listing has any more.

use crate::domain::{ImageFormat, Listing, ListingId, Sha256Digest, Span};
use crate::error::{ErrorCode, Result};
use crate::port::{MediaName, PageSize, RecordKey, StoreError};

use super::viewer::Sight;
use crate::marketplace::publishing::uploads::media_error;
use crate::marketplace::{Acting, Inner, Marketplace};

/// How long what no listing has is kept: an upload in progress looks the same, and lasts an hour
/// at most.
const KEPT_UNUSED: Span = Span::days(1);

/// An image, as it is served.
///
/// A facade answers with [`ImageFormat::media_type`] and nothing else as the type, with
/// `X-Content-Type-Options: nosniff`, and with the digest as a strong `ETag`. What is
/// [`public`](Self::public) it lets everybody cache, `public, max-age=31536000, immutable`: the bytes
/// under an address never change. The rest is `private, no-store`.
///
/// ```
/// use fleetprompt_core::marketplace::MediaFile;
/// fn cache_control(file: &MediaFile) -> &'static str {
///     match file.public {
///         true => "public, max-age=31536000, immutable",
///         false => "private, no-store",
///     }
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct MediaFile {
    /// The digest of the bytes.
    pub digest: Sha256Digest,
    /// What it is.
    pub format: ImageFormat,
    /// Whether everybody may read it.
    pub public: bool,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for MediaFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MediaFile")
            .field("digest", &self.digest)
            .field("format", &self.format)
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

/// What a call of [`Marketplace::clean_media`] did.
///
/// ```
/// use fleetprompt_core::marketplace::MediaCleaned;
/// assert_eq!(MediaCleaned::default().removed, 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MediaCleaned {
    /// How many objects were looked at.
    pub looked_at: u32,
    /// How many of them were removed.
    pub removed: u32,
    /// Where to go on; `None` at the end.
    pub next: Option<MediaName>,
}

impl Acting {
    /// An image of a listing, for whoever may read the listing.
    ///
    /// # Errors
    /// `listing_not_found`, also for a listing that the reader may not see; `media_not_found` for
    /// what is none of its images, or none any more; `uploads_off` without a media store.
    pub async fn media(&self, listing: ListingId, digest: Sha256Digest) -> Result<MediaFile> {
        let reader = self.glancing();
        let market = reader.inner();
        let (found, publisher) = reader.readable_listing(listing).await?;
        let image = found.value.media.image(&digest).ok_or(ErrorCode::MediaNotFound)?;
        let public = Sight::PUBLIC.reads(&found.value, &publisher.value);
        let store = &market.media.as_ref().ok_or(ErrorCode::UploadsOff)?.store;
        let name = MediaName::of(listing, image);
        let bytes = store.get(&name).await.map_err(media_error)?;
        let bytes = bytes.ok_or_else(|| market.missing("the bytes of an image are missing"))?;
        if Sha256Digest::of(&bytes) != digest {
            return Err(market.missing("the bytes of an image are not those that were kept"));
        }
        Ok(MediaFile { digest, format: image.format, public, bytes })
    }
}

impl Marketplace {
    /// Removes the bytes of images that no listing has and that are older than a day: what was
    /// replaced, removed or deleted, and what an interrupted upload left. Looks at `budget`
    /// objects behind `after`. For the host to call now and then, from the start to the end;
    /// readers and writers are not held up. Without a media store there is nothing to do.
    ///
    /// # Errors
    /// When a store fails. What was removed until then stays removed.
    ///
    /// ```
    /// # use fleetprompt_core::{Marketplace, memory::MemoryStore, token::{KeyRing, MasterKey}};
    /// # use fleetprompt_core::port::PageSize;
    /// # pollster::block_on(async {
    /// # let market = Marketplace::builder(MemoryStore::default())
    /// #     .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?)).issuer("https://m.example".parse()?)
    /// #     .build().await?;
    /// let mut next = None;
    /// loop {
    ///     next = market.clean_media(next.as_ref(), PageSize::MAX).await?.next;
    ///     if next.is_none() { break }
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn clean_media(
        &self,
        after: Option<&MediaName>,
        budget: PageSize,
    ) -> Result<MediaCleaned> {
        let market = &*self.inner;
        let Some(media) = &market.media else { return Ok(MediaCleaned::default()) };
        // By the clock alone, as all that is forgotten: see `maintain`.
        let oldest = market.clock.now().minus(KEPT_UNUSED);
        let names = media.store.list(after, budget).await.map_err(media_error)?;
        let full = names.len() == usize::from(budget.get());
        let next = names.last().copied().filter(|_| full);
        let mut cleaned = MediaCleaned { next, ..MediaCleaned::default() };
        for name in names {
            cleaned.looked_at += 1;
            // An upload that began before then can't be committed any more, and what was ever
            // left is never taken up again under the same name: what is unused now stays so.
            if name.upload.begun_at() < oldest && !market.uses(&name).await? {
                media.store.delete(&name).await.map_err(media_error)?;
                cleaned.removed += 1;
            }
        }
        Ok(cleaned)
    }
}

impl Inner {
    /// Whether a listing has the image, shown or taken down.
    async fn uses(&self, name: &MediaName) -> Result<bool> {
        let listing = self.read::<Listing>(&RecordKey::listing(name.listing)).await?;
        Ok(listing.is_some_and(|found| {
            found.value.media.images().any(|image| MediaName::of(name.listing, image) == *name)
        }))
    }

    fn missing(&self, cause: &'static str) -> crate::Error {
        self.store_error(&StoreError::Corrupt(cause))
    }
}
