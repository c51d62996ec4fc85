//! Images: what may be uploaded, and what a listing keeps of it.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::bounded::BoundedList;
use super::bounds::{
    MAX_IMAGE_PIXELS, MAX_IMAGE_SIDE, MAX_SCREENSHOT_BYTES, MAX_STORED_IMAGE_BYTES,
};
use super::digest::Sha256Digest;
use super::id::UploadId;
use super::parse::{ParseError, Rule};
use super::text::AltText;
use super::vocabulary::ImageFormat;

/// The most screenshots of a listing.
pub const SCREENSHOTS_MAX: usize = 8;

impl ImageFormat {
    /// The media type under which images of the format are served (RFC 2046, IANA).
    ///
    /// ```
    /// use fleetprompt_core::domain::ImageFormat;
    /// assert_eq!(ImageFormat::Png.media_type(), "image/png");
    /// ```
    pub const fn media_type(self) -> &'static str {
        match self {
            ImageFormat::Png => "image/png",
            ImageFormat::Jpeg => "image/jpeg",
        }
    }
}

/// How wide and high an image is, in pixels: at least 1, at most
/// [`MAX_IMAGE_SIDE`](crate::domain::bounds::MAX_IMAGE_SIDE) each and
/// [`MAX_IMAGE_PIXELS`](crate::domain::bounds::MAX_IMAGE_PIXELS) together.
///
/// ```
/// use fleetprompt_core::domain::ImageSize;
/// let size = ImageSize::new(1_920, 1_080)?;
/// assert_eq!((size.width(), size.height()), (1_920, 1_080));
/// assert!(ImageSize::new(0, 1).is_err() && ImageSize::new(4_097, 1).is_err());
/// assert!(ImageSize::new(4_096, 4_096).is_err(), "too many pixels together");
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "Sides")]
pub struct ImageSize {
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 4_096))]
    width: u32,
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 4_096))]
    height: u32,
}

/// A size as it is written, before it is checked.
#[derive(Deserialize)]
struct Sides {
    width: u32,
    height: u32,
}

impl ImageSize {
    /// The size with these sides.
    ///
    /// # Errors
    /// When a side is out of bounds, or there are too many pixels.
    pub fn new(width: u32, height: u32) -> Result<Self, ParseError> {
        let wrong = |rule| Err(ParseError::new("image", rule));
        if width == 0 || height == 0 {
            return wrong(Rule::Empty);
        }
        if width > MAX_IMAGE_SIDE || height > MAX_IMAGE_SIDE {
            return wrong(Rule::Other("must be at most 4,096 pixels wide and high"));
        }
        if u64::from(width) * u64::from(height) > MAX_IMAGE_PIXELS {
            return wrong(Rule::Other("must have at most 9,000,000 pixels"));
        }
        Ok(ImageSize { width, height })
    }

    /// The width in pixels.
    pub const fn width(self) -> u32 {
        self.width
    }

    /// The height in pixels.
    pub const fn height(self) -> u32 {
        self.height
    }
}

impl TryFrom<Sides> for ImageSize {
    type Error = ParseError;
    fn try_from(sides: Sides) -> Result<Self, ParseError> {
        ImageSize::new(sides.width, sides.height)
    }
}

/// An image as somebody sent it: bytes that nobody has looked at yet, and their digest.
///
/// Not empty, and at most [`MAX_SCREENSHOT_BYTES`](crate::domain::bounds::MAX_SCREENSHOT_BYTES);
/// an icon has a tighter bound of its own. Cheap to clone. The bytes are in no `Debug`.
///
/// ```
/// use fleetprompt_core::domain::{ImageUpload, Sha256Digest};
/// let upload = ImageUpload::try_from(b"not an image, which is for later".to_vec())?;
/// assert_eq!(upload.digest(), Sha256Digest::of(upload.bytes()));
/// assert!(ImageUpload::try_from(vec![]).is_err());
/// assert!(ImageUpload::try_from(vec![0; 6 << 20]).is_err());
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ImageUpload {
    bytes: Arc<[u8]>,
    digest: Sha256Digest,
}

impl ImageUpload {
    /// The bytes as they were sent.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The digest of the bytes as they were sent.
    pub fn digest(&self) -> Sha256Digest {
        self.digest
    }
}

impl TryFrom<Vec<u8>> for ImageUpload {
    type Error = ParseError;

    fn try_from(bytes: Vec<u8>) -> Result<Self, ParseError> {
        if bytes.is_empty() {
            return Err(ParseError::new("image", Rule::Empty));
        }
        if bytes.len() > MAX_SCREENSHOT_BYTES {
            let rule = Rule::TooLong { max: MAX_SCREENSHOT_BYTES, unit: "bytes" };
            return Err(ParseError::new("image", rule));
        }
        let digest = Sha256Digest::of(&bytes);
        Ok(ImageUpload { bytes: bytes.into(), digest })
    }
}

impl fmt::Debug for ImageUpload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ImageUpload({} bytes)", self.bytes.len())
    }
}

/// How many bytes an image has as it is kept: 1 to
/// [`MAX_STORED_IMAGE_BYTES`](crate::domain::bounds::MAX_STORED_IMAGE_BYTES).
///
/// ```
/// use fleetprompt_core::domain::ImageBytes;
/// assert_eq!(ImageBytes::try_from(1_024).unwrap().get(), 1_024);
/// assert!(ImageBytes::try_from(0).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct ImageBytes(u64);

impl ImageBytes {
    /// The number of bytes.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl TryFrom<u64> for ImageBytes {
    type Error = ParseError;
    fn try_from(bytes: u64) -> Result<Self, ParseError> {
        let max = MAX_STORED_IMAGE_BYTES;
        match bytes {
            0 => Err(ParseError::new("image", Rule::Empty)),
            n if usize::try_from(n).is_ok_and(|n| n <= max) => Ok(ImageBytes(n)),
            _ => Err(ParseError::new("image", Rule::TooLong { max, unit: "bytes once redrawn" })),
        }
    }
}

impl From<ImageBytes> for u64 {
    fn from(bytes: ImageBytes) -> u64 {
        bytes.0
    }
}

/// An image of a listing. Its bytes are kept by a [`MediaStore`](crate::port::MediaStore), under
/// the name that [`MediaName::of`](crate::port::MediaName::of) gives it.
///
/// ```
/// use fleetprompt_core::domain::{Image, ImageFormat, ImageSize, Sha256Digest, UploadId};
/// let icon = Image {
///     digest: Sha256Digest::of(b"the bytes"),
///     upload: UploadId::from_bytes([1; 16]),
///     format: ImageFormat::Png,
///     size: ImageSize::new(64, 64)?,
///     bytes: 9.try_into()?,
/// };
/// let kept = serde_json::to_value(&icon).unwrap();
/// assert_eq!(kept["size"]["width"], 64);
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    /// The digest of the bytes that are kept and served: the image's public name in its listing.
    pub digest: Sha256Digest,
    /// The upload that brought it.
    pub upload: UploadId,
    /// What it is served as.
    pub format: ImageFormat,
    /// How wide and high it is.
    pub size: ImageSize,
    /// How many bytes are kept.
    pub bytes: ImageBytes,
}

/// A screenshot: an image, and what it shows for those who do not see it.
///
/// ```
/// use fleetprompt_core::domain::Screenshot;
/// fn html(shot: &Screenshot, src: &str) -> String {
///     let (width, height) = (shot.image.size.width(), shot.image.size.height());
///     // A real page escapes the text.
///     format!(r#"<img src="{src}" width="{width}" height="{height}" alt="{}">"#, shot.alt)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Screenshot {
    /// The image.
    pub image: Image,
    /// What it shows.
    pub alt: AltText,
}

/// The images of a listing. Small: it is read with the listing, in every list.
///
/// ```
/// use fleetprompt_core::domain::ListingMedia;
/// let none = ListingMedia::default();
/// assert!(none.is_empty());
/// assert_eq!((none.images().count(), none.bytes()), (0, 0));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListingMedia {
    /// The icon. Pages show it beside the title, so it needs no text of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<Image>,
    /// The screenshots, in the order in which they are shown.
    #[serde(default)]
    pub screenshots: BoundedList<Screenshot, SCREENSHOTS_MAX>,
}

impl ListingMedia {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.images().next().is_none()
    }

    /// All of them.
    pub fn images(&self) -> impl Iterator<Item = &Image> {
        let screenshots = self.screenshots.as_slice().iter().map(|shot| &shot.image);
        self.icon.iter().chain(screenshots)
    }

    /// The image with a digest. An icon and a screenshot may have the same bytes.
    pub fn image(&self, digest: &Sha256Digest) -> Option<&Image> {
        self.images().find(|image| image.digest == *digest)
    }

    /// How many bytes are kept for it.
    pub fn bytes(&self) -> u64 {
        self.images().map(|image| image.bytes.get()).sum()
    }
}
