//! Media: where images are kept, who scans uploads, and who redraws them.

use std::cmp::Ordering;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;

use crate::domain::{
    Image, ImageFormat, ImageSize, ImageUpload, ListingId, ParseError, Rule, Sha256Digest, UploadId,
};

use super::scan::PageSize;

/// What a media store's methods return: a future that any executor can drive.
///
/// ```
/// use fleetprompt_core::memory::MemoryMedia;
/// use fleetprompt_core::port::{MediaFuture, MediaStore, PageSize};
/// fn is_empty(store: &dyn MediaStore) -> MediaFuture<'_, bool> {
///     Box::pin(async move { Ok(store.list(None, PageSize::MAX).await?.is_empty()) })
/// }
/// assert_eq!(pollster::block_on(is_empty(&MemoryMedia::default())), Ok(true));
/// ```
pub type MediaFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, MediaError>> + Send + 'a>>;

/// Why a media store can't do what it was asked. Holds no value; the adapter logs the cause.
///
/// ```
/// use fleetprompt_core::port::MediaError;
/// assert_eq!(MediaError::Full.to_string(), "the media store has no room left");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// It can't be reached, or failed. Trying again may help.
    #[error("the media store can't be used: {0}")]
    Unavailable(&'static str),
    /// It has no room left.
    #[error("the media store has no room left")]
    Full,
}

/// Where an image is kept: whose it is, which upload brought it, and the digest of its bytes.
///
/// Written `c4/<listing>/<upload>.<digest>`, of the characters `[0-9a-f/.-]` alone. The first folder
/// is named after the last byte of the listing's id, so that no list grows with the whole
/// catalogue. No two uploads have the same name, even if they bring the same bytes: what one
/// leaves behind can be removed without a look at any other
/// ([ADR-0018](https://github.com/fleetprompt/fleetprompt/blob/main/docs/spec_v1/adr/ADR-0018-uploads.md)).
///
/// ```
/// use fleetprompt_core::domain::{ListingId, Sha256Digest, UploadId};
/// use fleetprompt_core::port::MediaName;
/// let name = MediaName {
///     listing: ListingId::from_bytes([0xc4; 16]),
///     upload: UploadId::from_bytes([1; 16]),
///     digest: Sha256Digest::of(b"the bytes"),
/// };
/// assert!(name.to_string().starts_with("c4/c4c4c4c4-"));
/// assert_eq!(name.to_string().parse(), Ok(name));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MediaName {
    /// The listing that it is an image of.
    pub listing: ListingId,
    /// The upload that brought it.
    pub upload: UploadId,
    /// The digest of its bytes.
    pub digest: Sha256Digest,
}

impl MediaName {
    /// The name of an image of `listing`.
    pub fn of(listing: ListingId, image: &Image) -> Self {
        MediaName { listing, upload: image.upload, digest: image.digest }
    }

    /// The number of the folder that it is in: the last byte of the listing's id, which is random.
    pub fn shard(&self) -> u8 {
        let [.., last] = *self.listing.as_bytes();
        last
    }
}

impl fmt::Display for MediaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MediaName { listing, upload, digest } = self;
        write!(f, "{:02x}/{listing}/{upload}.{}", self.shard(), digest.hex())
    }
}

impl fmt::Debug for MediaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MediaName({self})")
    }
}

impl FromStr for MediaName {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wrong =
            ParseError::new("mediaName", Rule::Format("`<shard>/<listing>/<upload>.<digest>`"));
        let (_, rest) = text.split_once('/').ok_or(wrong)?;
        let (listing, rest) = rest.split_once('/').ok_or(wrong)?;
        let (upload, digest) = rest.split_once('.').ok_or(wrong)?;
        let name = MediaName {
            listing: listing.parse().map_err(|_| wrong)?,
            upload: upload.parse().map_err(|_| wrong)?,
            digest: Sha256Digest::from_hex(digest).ok_or(wrong)?,
        };
        // One spelling: the folder is part of it.
        if name.to_string() == text { Ok(name) } else { Err(wrong) }
    }
}

impl Ord for MediaName {
    /// By the text, byte by byte.
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |name: &Self| (name.shard(), name.listing, name.upload, name.digest);
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for MediaName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Where the bytes of images are kept, beside the [`Store`](super::Store), which keeps what is
/// known of them. Nothing in it is believed: who reads checks the digest.
///
/// What holds for all methods:
///
/// - Dropping a returned future leaves an object whole or absent, never half of it.
/// - Errors hold no values.
///
/// ```
/// use std::sync::Arc;
/// use fleetprompt_core::memory::MemoryMedia;
/// use fleetprompt_core::port::MediaStore;
/// # use fleetprompt_core::port::MediaName;
/// # use fleetprompt_core::domain::{ListingId, Sha256Digest, UploadId};
/// # pollster::block_on(async {
/// # let listing = ListingId::from_bytes([1; 16]);
/// # let (upload, digest) = (UploadId::from_bytes([1; 16]), Sha256Digest::of(b"bytes"));
/// # let name = MediaName { listing, upload, digest };
/// let store: Arc<dyn MediaStore> = Arc::new(MemoryMedia::default());
/// store.put(&name, b"bytes".to_vec()).await?;
/// assert_eq!(store.get(&name).await?.as_deref(), Some(&b"bytes"[..]));
/// store.delete(&name).await?;
/// assert_eq!(store.get(&name).await?, None);
/// # Ok::<(), fleetprompt_core::port::MediaError>(())
/// # }).unwrap();
/// ```
pub trait MediaStore: Send + Sync {
    /// Keeps `bytes` under `name`.
    ///
    /// - Durable before it answers, so that no record names what a crash could take back.
    /// - All of the bytes are there, or nothing is.
    /// - A second put of the same name brings the same bytes, and may do nothing.
    fn put<'a>(&'a self, name: &'a MediaName, bytes: Vec<u8>) -> MediaFuture<'a, ()>;

    /// Reads what is kept under `name`; `None` when there is nothing.
    ///
    /// - More than [`MAX_STORED_IMAGE_BYTES`](crate::domain::bounds::MAX_STORED_IMAGE_BYTES) are no
    ///   image of ours, and are not read into memory.
    /// - A put that was answered is seen.
    fn get<'a>(&'a self, name: &'a MediaName) -> MediaFuture<'a, Option<Vec<u8>>>;

    /// Removes what is kept under `name`. Nothing to remove is no error.
    fn delete<'a>(&'a self, name: &'a MediaName) -> MediaFuture<'a, ()>;

    /// Lists what is kept: the names strictly behind `after`, in their order, at most `size`.
    ///
    /// - Whatever has another form of name is somebody else's, and left out.
    /// - Fewer than `size` mean that there are no more.
    fn list<'a>(
        &'a self,
        after: Option<&'a MediaName>,
        size: PageSize,
    ) -> MediaFuture<'a, Vec<MediaName>>;
}

/// What a scanner says of an upload.
///
/// ```
/// use fleetprompt_core::port::ScanVerdict;
/// fn may_go_on(verdict: ScanVerdict) -> bool {
///     verdict == ScanVerdict::Clean
/// }
/// assert!(!may_go_on(ScanVerdict::Unavailable), "no answer is no permission");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanVerdict {
    /// It was scanned, and nothing was found.
    Clean,
    /// Something was found.
    Rejected,
    /// It was not scanned: the scanner is away, refused, or said something else.
    Unavailable,
}

/// What a scanner's method returns.
///
/// ```
/// use fleetprompt_core::port::{ScanFuture, ScanVerdict};
/// let away: ScanFuture<'_> = Box::pin(async { ScanVerdict::Unavailable });
/// assert_eq!(pollster::block_on(away), ScanVerdict::Unavailable);
/// ```
pub type ScanFuture<'a> = Pin<Box<dyn Future<Output = ScanVerdict> + Send + 'a>>;

/// Scans what is uploaded, before anything else looks into it.
///
/// ```
/// use fleetprompt_core::domain::ImageUpload;
/// use fleetprompt_core::port::{ScanFuture, ScanVerdict, UploadScanner};
/// /// Refuses everything, as while an incident is looked into.
/// struct Closed;
/// impl UploadScanner for Closed {
///     fn scan<'a>(&'a self, _: &'a ImageUpload) -> ScanFuture<'a> {
///         Box::pin(async { ScanVerdict::Rejected })
///     }
/// }
/// let upload = ImageUpload::try_from(b"anything".to_vec())?;
/// assert_eq!(pollster::block_on(Closed.scan(&upload)), ScanVerdict::Rejected);
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
pub trait UploadScanner: Send + Sync {
    /// Scans the bytes as they were sent.
    ///
    /// - [`ScanVerdict::Clean`] only when all of the bytes were scanned and nothing was found.
    /// - Whatever is in doubt is [`ScanVerdict::Unavailable`].
    /// - Answers within a bounded time.
    fn scan<'a>(&'a self, upload: &'a ImageUpload) -> ScanFuture<'a>;
}

/// What an image is for, which decides its bounds.
///
/// ```
/// use fleetprompt_core::port::ImageRole;
/// assert_eq!(ImageRole::Icon.field(), "icon");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageRole {
    /// A square beside the title.
    Icon,
    /// A picture of the listing in use.
    Screenshot,
}

impl ImageRole {
    /// The field's name in the words of the API.
    pub const fn field(self) -> &'static str {
        match self {
            ImageRole::Icon => "icon",
            ImageRole::Screenshot => "screenshot",
        }
    }
}

/// An image drawn anew: nothing of the upload is in it but its pixels.
///
/// ```
/// use fleetprompt_core::domain::{ImageFormat, ImageSize};
/// use fleetprompt_core::port::Redrawn;
/// fn megapixels(drawn: &Redrawn) -> f64 {
///     f64::from(drawn.size.width() * drawn.size.height()) / 1e6
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Redrawn {
    /// What it is served as.
    pub format: ImageFormat,
    /// How wide and high it is.
    pub size: ImageSize,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Redrawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redrawn({:?}, {:?}, {} bytes)", self.format, self.size, self.bytes.len())
    }
}

/// Why an image was not redrawn.
///
/// ```
/// use fleetprompt_core::domain::Rule;
/// use fleetprompt_core::port::RedrawError;
/// let refused = RedrawError::Refused(Rule::Format("a PNG, JPEG or WebP image"));
/// assert_eq!(refused.to_string(), "the image must be a PNG, JPEG or WebP image");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedrawError {
    /// It breaks a rule.
    #[error("the image {0}")]
    Refused(Rule),
    /// Too many images are being redrawn at present, or the work was lost. Trying again may help.
    #[error("images can't be redrawn at present")]
    Unavailable,
}

/// What a redrawer's method returns.
///
/// ```
/// use fleetprompt_core::port::{RedrawError, RedrawFuture};
/// let busy: RedrawFuture<'_> = Box::pin(async { Err(RedrawError::Unavailable) });
/// assert_eq!(pollster::block_on(busy), Err(RedrawError::Unavailable));
/// ```
pub type RedrawFuture<'a> = Pin<Box<dyn Future<Output = Result<Redrawn, RedrawError>> + Send + 'a>>;

/// Reads an image and draws it anew; with the feature `images`, the marketplace brings
/// `media::Images`.
///
/// ```
/// use fleetprompt_core::domain::{ImageUpload, Rule};
/// use fleetprompt_core::port::{ImageRole, Redraw, RedrawError, RedrawFuture};
/// /// Takes no image at all.
/// struct Blind;
/// impl Redraw for Blind {
///     fn redraw<'a>(&'a self, _: &'a ImageUpload, _: ImageRole) -> RedrawFuture<'a> {
///         Box::pin(async { Err(RedrawError::Refused(Rule::Format("seen to be believed"))) })
///     }
/// }
/// ```
pub trait Redraw: Send + Sync {
    /// Reads an upload and draws it anew.
    ///
    /// - PNG, JPEG and WebP, told by their content; one frame; the bounds of `role` on bytes and
    ///   pixels are tested before a pixel is decoded, and the memory for decoding is bounded.
    /// - What comes out is a PNG or a JPEG of the same pixels, turned as the upload asked for, and
    ///   holds nothing else: no metadata, no profile, nothing behind its end.
    /// - The same upload gives the same bytes.
    fn redraw<'a>(&'a self, upload: &'a ImageUpload, role: ImageRole) -> RedrawFuture<'a>;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(listing: [u8; 16], upload: [u8; 16], digest: [u8; 32]) -> MediaName {
        MediaName {
            listing: ListingId::from_bytes(listing),
            upload: UploadId::from_bytes(upload),
            digest: Sha256Digest::from_bytes(digest),
        }
    }

    #[test]
    fn a_name_has_one_spelling() {
        let good = name([0xab; 16], [1; 16], [2; 32]).to_string();
        assert_eq!(good.parse::<MediaName>().unwrap().to_string(), good);
        let bad = [
            good.replacen("ab/", "ac/", 1),
            good.replacen("ab/", "AB/", 1),
            good.replacen("ab/", "./ab/", 1),
            good.replacen("ab/", "../ab/", 1),
            good.replace('/', "\\"),
            format!("/{good}"),
            format!("{good}#1"),
            format!("{good}.png"),
            good.to_uppercase(),
            String::new(),
        ];
        for bad in bad {
            assert!(bad.parse::<MediaName>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn names_come_back_from_text_and_sort_like_it(
            one: ([u8; 16], [u8; 16], [u8; 32]),
            other: ([u8; 16], [u8; 16], [u8; 32]),
        ) {
            let [one, other] = [one, other].map(|(l, u, d)| name(l, u, d));
            prop_assert_eq!(one.to_string().parse(), Ok(one));
            prop_assert_eq!(one.cmp(&other), one.to_string().cmp(&other.to_string()));
        }
    }
}
