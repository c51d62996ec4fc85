//! What happens to an upload before it is decided on: scanned, redrawn, kept.

use std::sync::Arc;

use crate::domain::{Image, ImageUpload, ListingId, Rule, Sha256Digest, UploadId, bounds};
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::marketplace::Inner;
use crate::port::{
    Counter, CounterRange, ImageRole, MediaError, MediaName, MediaStore, Redraw, RedrawError,
    ScanVerdict, UploadScanner,
};

/// What the host brings for media.
#[derive(Clone)]
pub(in crate::marketplace) struct Media {
    pub(in crate::marketplace) store: Arc<dyn MediaStore>,
    pub(in crate::marketplace) uploads: Option<Uploads>,
}

/// What the host brings for uploads. Without a scanner it said that it wants none.
#[derive(Clone)]
pub(in crate::marketplace) struct Uploads {
    pub(in crate::marketplace) redraw: Arc<dyn Redraw>,
    pub(in crate::marketplace) scanner: Option<Arc<dyn UploadScanner>>,
}

/// Everything that an upload needs.
pub(super) struct Receiving<'m> {
    store: &'m dyn MediaStore,
    redraw: &'m dyn Redraw,
    scanner: Option<&'m dyn UploadScanner>,
}

impl Inner {
    pub(super) fn receiving(&self) -> Result<Receiving<'_>> {
        let media = self.media.as_ref().ok_or(ErrorCode::UploadsOff)?;
        let Uploads { redraw, scanner } = media.uploads.as_ref().ok_or(ErrorCode::UploadsOff)?;
        Ok(Receiving {
            store: media.store.as_ref(),
            redraw: redraw.as_ref(),
            scanner: scanner.as_deref(),
        })
    }

    /// Where a counter stands.
    pub(in crate::marketplace) async fn counted(&self, counter: &Counter) -> Result<u64> {
        let range = CounterRange::one(counter);
        let found = self.store.counters(&range, 1).await.map_err(|e| self.store_error(&e))?;
        Ok(found.first().map_or(0, |(_, count)| *count))
    }
}

impl Receiving<'_> {
    /// Scans an upload, draws it anew and keeps the bytes. Nothing is kept of what is not clean,
    /// or no image within the bounds.
    pub(super) async fn receive(
        &self,
        listing: ListingId,
        upload: UploadId,
        sent: ImageUpload,
        role: ImageRole,
    ) -> Result<(Image, MediaName)> {
        if role == ImageRole::Icon && sent.bytes().len() > bounds::MAX_ICON_BYTES {
            let rule = Rule::TooLong { max: bounds::MAX_ICON_BYTES, unit: "bytes" };
            return Err(Error::field_rule(role.field(), rule));
        }
        self.scan(listing, &sent).await?;
        let drawn = self.redraw.redraw(&sent, role).await.map_err(|error| match error {
            RedrawError::Refused(rule) => Error::field_rule(role.field(), rule),
            RedrawError::Unavailable => ErrorCode::Unavailable.into(),
        })?;
        drop(sent);
        let image = Image {
            digest: Sha256Digest::of(&drawn.bytes),
            upload,
            format: drawn.format,
            size: drawn.size,
            bytes: (drawn.bytes.len() as u64).try_into()?,
        };
        let name = MediaName::of(listing, &image);
        self.store.put(&name, drawn.bytes).await.map_err(media_error)?;
        Ok((image, name))
    }

    async fn scan(&self, listing: ListingId, sent: &ImageUpload) -> Result<()> {
        let Some(scanner) = self.scanner else { return Ok(()) };
        match scanner.scan(sent).await {
            ScanVerdict::Clean => Ok(()),
            ScanVerdict::Rejected => {
                tracing::warn!(%listing, sent = %sent.digest(), "the scanner rejected an upload");
                Err(ErrorCode::UploadRejected.into())
            }
            ScanVerdict::Unavailable => Err(ErrorCode::UploadNotScanned.into()),
        }
    }

    /// Removes what was kept for an upload that was refused after all, so that refusals fill no
    /// disk. Not when its outcome is open: the clean-up finds what stays behind.
    pub(super) async fn take_back(&self, name: &MediaName, refused: &Error) {
        let open = matches!(refused.kind(), ErrorKind::Unavailable | ErrorKind::Internal);
        if !open && let Err(error) = self.store.delete(name).await {
            tracing::warn!(%name, cause = %error, "an upload's bytes stay until they are cleaned up");
        }
    }
}

/// A media store's error in the words of the domain.
pub(in crate::marketplace) fn media_error(error: MediaError) -> Error {
    match error {
        MediaError::Unavailable(cause) => {
            tracing::warn!(cause, "the media store can't be used");
            ErrorCode::Unavailable.into()
        }
        MediaError::Full => ErrorCode::StoreFull.into(),
    }
}
