//! Images, drawn anew: read within bounds, and written without anything but their pixels.

mod webp;

use std::io::Cursor;

use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use image::codecs::png::{CompressionType, FilterType, PngDecoder, PngEncoder};
use image::codecs::webp::WebPDecoder;
use image::{DynamicImage, ImageDecoder, ImageError, Limits};

use crate::domain::bounds::{MAX_ICON_SIDE, MAX_IMAGE_SIDE, MAX_STORED_IMAGE_BYTES, MIN_ICON_SIDE};
use crate::domain::{ImageFormat, ImageSize, ImageUpload, Rule};
use crate::port::{ImageRole, Redraw, RedrawError, RedrawFuture, Redrawn};

use super::workers::Workers;

/// The most memory that a decoder may ask for at once: what the largest image takes with four
/// channels of 16 bits, 72 MB, and room for the decoder's own tables.
const DECODER_MAX_BYTES: u64 = 96 << 20;

/// The most memory for what a PNG says before its pixels, a packed colour profile for instance, and
/// for its rows.
const HEADER_MAX_BYTES: u64 = 8 << 20;

/// How much of a photo's detail is kept, of 100.
const JPEG_QUALITY: u8 = 90;

/// Redraws images with the crate `image`, on threads of its own.
///
/// ```
/// use fleetprompt_core::domain::{ImageUpload, Rule};
/// use fleetprompt_core::media::Images;
/// use fleetprompt_core::port::{ImageRole, Redraw, RedrawError};
/// let images = Images::new(2);
/// let page = ImageUpload::try_from(b"<html>GIF89a</html>".to_vec())?;
/// let refused = pollster::block_on(images.redraw(&page, ImageRole::Screenshot));
/// assert!(matches!(refused, Err(RedrawError::Refused(Rule::Format(_)))));
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
pub struct Images {
    workers: Workers,
}

impl Images {
    /// Redraws at most `at_once` (at least 1) images at the same time; those past that are told to
    /// come back. One takes up to 200 MB, and a processor for up to two seconds.
    pub fn new(at_once: usize) -> Self {
        Images { workers: Workers::new("fleetprompt-images", at_once) }
    }
}

impl Redraw for Images {
    fn redraw<'a>(&'a self, upload: &'a ImageUpload, role: ImageRole) -> RedrawFuture<'a> {
        let upload = upload.clone();
        let drawn = self.workers.run(move || redraw(upload.bytes(), role));
        Box::pin(async move {
            drawn.await.ok_or(RedrawError::Unavailable)?.map_err(RedrawError::Refused)
        })
    }
}

/// Reads an image and draws it anew, in the calling thread: what [`Images`] does.
///
/// # Errors
/// The rule that the image breaks.
///
/// ```
/// use fleetprompt_core::media::redraw;
/// use fleetprompt_core::port::ImageRole;
/// assert!(redraw(b"PK\x03\x04 not an image", ImageRole::Icon).is_err());
/// ```
pub fn redraw(upload: &[u8], role: ImageRole) -> Result<Redrawn, Rule> {
    let input = || Cursor::new(upload);
    if upload.starts_with(b"\x89PNG\r\n\x1a\n") {
        // Tests the sides as soon as it has read them, before anything else in the file.
        let limits = limits(HEADER_MAX_BYTES);
        let decoder = PngDecoder::with_limits(input(), limits).map_err(refusal)?;
        if decoder.is_apng().map_err(refusal)? {
            return Err(ANIMATED);
        }
        draw(decoder, role, ImageFormat::Png)
    } else if upload.starts_with(b"\xff\xd8\xff") {
        let decoder = JpegDecoder::new(input()).map_err(refusal)?;
        check_size(&decoder, role)?;
        // The decoder fills up with grey what a cut-off file lacks.
        if !reaches_its_end(upload) {
            return Err(UNREADABLE);
        }
        draw(decoder, role, ImageFormat::Jpeg)
    } else if upload.starts_with(b"RIFF") && upload.get(8..12) == Some(b"WEBP") {
        let upload = webp::whole(upload)?;
        let decoder = WebPDecoder::new(Cursor::new(upload)).map_err(refusal)?;
        if decoder.has_animation() {
            return Err(ANIMATED);
        }
        check_size(&decoder, role)?;
        let format = match is_lossy_webp(upload) && !decoder.color_type().has_alpha() {
            true => ImageFormat::Jpeg,
            false => ImageFormat::Png,
        };
        draw(decoder, role, format)
    } else {
        Err(UNREADABLE)
    }
}

const UNREADABLE: Rule = Rule::Format("a whole PNG, JPEG or WebP image");
const ANIMATED: Rule = Rule::Other("must not be animated");
const TOO_LARGE: Rule = Rule::Other("must be at most 4,096 pixels wide and high");
const NO_ICON: Rule = Rule::Other("must be a square of 16 to 1,024 pixels");

fn limits(bytes: u64) -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(MAX_IMAGE_SIDE);
    limits.max_image_height = Some(MAX_IMAGE_SIDE);
    limits.max_alloc = Some(bytes);
    limits
}

/// What to say of what a decoder refused. Its own words may repeat what is in the file.
fn refusal(error: ImageError) -> Rule {
    match error {
        ImageError::Limits(_) => TOO_LARGE,
        _ => UNREADABLE,
    }
}

/// Whether a JPEG's last scan is followed by the end of an image (ITU-T T.81, B.1.1.3). Within a scan
/// neither marker can be anything else.
fn reaches_its_end(jpeg: &[u8]) -> bool {
    let mut markers = jpeg.windows(2).rev().filter(|pair| matches!(pair, [0xff, 0xd9 | 0xda]));
    markers.next() == Some(&[0xff, 0xd9])
}

/// Whether it was compressed with loss. Unless it says so, a picture of text is kept sharp.
fn is_lossy_webp(webp: &[u8]) -> bool {
    image_webp::WebPDecoder::new(Cursor::new(webp)).is_ok_and(|mut webp| webp.is_lossy())
}

fn check_size(decoder: &impl ImageDecoder, role: ImageRole) -> Result<ImageSize, Rule> {
    let (width, height) = decoder.dimensions();
    let is_icon = width == height && (MIN_ICON_SIDE..=MAX_ICON_SIDE).contains(&width);
    if role == ImageRole::Icon && !is_icon {
        return Err(NO_ICON);
    }
    ImageSize::new(width, height).map_err(|refused| refused.rule())
}

fn draw(
    mut decoder: impl ImageDecoder,
    role: ImageRole,
    format: ImageFormat,
) -> Result<Redrawn, Rule> {
    check_size(&decoder, role)?;
    decoder.set_limits(limits(DECODER_MAX_BYTES)).map_err(refusal)?;
    let orientation = decoder.orientation().map_err(refusal)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(refusal)?;
    image.apply_orientation(orientation);
    let size = ImageSize::new(image.width(), image.height()).map_err(|refused| refused.rule())?;
    let bytes = encode(plain(image), format).map_err(|_| UNREADABLE)?;
    if bytes.len() > MAX_STORED_IMAGE_BYTES {
        return Err(Rule::TooLong { max: MAX_STORED_IMAGE_BYTES, unit: "bytes once redrawn" });
    }
    Ok(Redrawn { format, size, bytes })
}

/// Eight bits a channel, and transparency only where there was some.
fn plain(image: DynamicImage) -> DynamicImage {
    match image.color().has_alpha() {
        true => DynamicImage::ImageRgba8(image.into_rgba8()),
        false => DynamicImage::ImageRgb8(image.into_rgb8()),
    }
}

fn encode(image: DynamicImage, format: ImageFormat) -> Result<Vec<u8>, ImageError> {
    let mut bytes = Vec::new();
    match format {
        ImageFormat::Png => image.write_with_encoder(PngEncoder::new_with_quality(
            &mut bytes,
            CompressionType::Default,
            FilterType::Adaptive,
        ))?,
        ImageFormat::Jpeg => {
            image.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY))?
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
