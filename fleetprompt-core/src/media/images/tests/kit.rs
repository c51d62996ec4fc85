//! Files as they come: written by an encoder, then changed by hand.

use super::*;

/// A picture with colours, edges and transparency.
pub(super) fn leaf(width: u32, height: u32) -> DynamicImage {
    RgbaImage::from_fn(width, height, |x, y| {
        let shade = |n: u32, of: u32| u8::try_from(n * 255 / of.max(1)).unwrap();
        let alpha = if x + y > width { 128 } else { 255 };
        Rgba([shade(x, width), shade(y, height), shade(x % 8, 8), alpha])
    })
    .into()
}

pub(super) fn png(image: &DynamicImage) -> Vec<u8> {
    let mut file = Vec::new();
    image.write_with_encoder(PngEncoder::new(&mut file)).unwrap();
    file
}

pub(super) fn jpeg(image: &DynamicImage) -> Vec<u8> {
    let mut file = Vec::new();
    DynamicImage::from(image.to_rgb8()).write_with_encoder(JpegEncoder::new(&mut file)).unwrap();
    file
}

pub(super) fn webp(image: &DynamicImage) -> Vec<u8> {
    let mut file = Vec::new();
    image.write_with_encoder(WebPEncoder::new_lossless(&mut file)).unwrap();
    file
}

fn base64(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

/// 40 by 28 pixels, compressed with loss, which no encoder at hand does.
pub(super) fn lossy_webp() -> Vec<u8> {
    base64(LOSSY_WEBP)
}

const LOSSY_WEBP: &str = "\
UklGRoAAAABXRUJQVlA4IHQAAAAQBACdASooABwAPtVWpE2/pKOiNUwD8BqJagCdM0c+4EkDdl3wG3/0wAD+7lf0f42GF//6\
bV1Mu5DhNPIOJvt9PA06d1Mpqnnuc22WkdMDyWf5p1mSh10gtYJamrDkeSHCcG3EPcT4a3RPXrn6SEs/AdjgAA==";

/// The same picture in several scans.
pub(super) fn progressive_jpeg() -> Vec<u8> {
    base64(PROGRESSIVE_JPEG)
}

const PROGRESSIVE_JPEG: &str = "\
/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABQODxIPDRQSEBIXFRQYHjIhHhwcHj0sLiQySUBMS0dARkVQWnNiUFVtVkVGZIhl\
bXd7gYKBTmCNl4x9lnN+gXz/2wBDARUXFx4aHjshITt8U0ZTfHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8\
fHx8fHx8fHx8fHx8fHz/wgARCAAcACgDASIAAhEBAxEB/8QAGAABAQEBAQAAAAAAAAAAAAAAAwACBAX/xAAYAQEAAwEAAAAA\
AAAAAAAAAAADAgQFAf/aAAwDAQACEAMQAAAB8pFQ+EiolgrppvzptM/Ewm0Sziem/wD/xAAWEAEBAQAAAAAAAAAAAAAAAAAR\
ACD/2gAIAQEAAQUCIiIiIiIiIjX/xAAWEQEBAQAAAAAAAAAAAAAAAAACAAH/2gAIAQMBAT8BLi7HFRViv//EABURAQEAAAAA\
AAAAAAAAAAAAAAAS/9oACAECAQE/AaUpSlP/xAAUEAEAAAAAAAAAAAAAAAAAAABA/9oACAEBAAY/Aif/xAAVEAEBAAAAAAAA\
AAAAAAAAAAABAP/aAAgBAQABPyEpSlKUpSlKUpShBBBBf//aAAwDAQACAAMAAAAQwzz/APv/AP/EABgRAQEAAwAAAAAAAAAA\
AAAAAAABEBEh/9oACAEDAQE/EMVwXXV0/8QAFhEBAQEAAAAAAAAAAAAAAAAAAQAh/9oACAECAQE/EClaKFsq/8QAFhABAQEA\
AAAAAAAAAAAAAAAAAGEB/9oACAEBAAE/EIIIIIIooooooooosWLNixf/2Q==";

pub(super) fn holds(file: &[u8], word: &[u8]) -> bool {
    file.windows(word.len()).any(|window| window == word)
}

fn png_chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [kind, data].concat();
    let length = u32::try_from(data.len()).unwrap();
    let mut crc = flate2::Crc::new();
    crc.update(&body);
    [&length.to_be_bytes(), &*body, &crc.sum().to_be_bytes()].concat()
}

/// The PNG with one more chunk behind its header.
pub(super) fn with_chunk(png: &[u8], kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let (header, rest) = png.split_at(33);
    [header, &png_chunk(kind, data), rest].concat()
}

/// A PNG that ends behind its header.
pub(super) fn png_header(width: u32, height: u32) -> Vec<u8> {
    let sides = [width.to_be_bytes(), height.to_be_bytes()].concat();
    let header = png_chunk(b"IHDR", &[&*sides, &[8, 6, 0, 0, 0]].concat());
    [&b"\x89PNG\r\n\x1a\n"[..], &header].concat()
}

pub(super) fn zlib(bytes: &[u8], level: Compression) -> Vec<u8> {
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), level);
    std::io::Write::write_all(&mut packed, bytes).unwrap();
    packed.finish().unwrap()
}

/// The JPEG with one more segment in front.
pub(super) fn with_segment(jpeg: &[u8], marker: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 2).unwrap();
    let segment = [&[0xff, marker][..], &length.to_be_bytes(), data].concat();
    [&jpeg[..2], &segment, &jpeg[2..]].concat()
}

/// The JPEG, saying that it has other sides.
pub(super) fn with_jpeg_sides(jpeg: &[u8], width: u16, height: u16) -> Vec<u8> {
    let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    let mut file = jpeg.to_vec();
    file[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    file[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    file
}

/// EXIF (TIFF, big-endian) with an orientation and a place, as a camera writes it.
pub(super) fn exif(orientation: u16, place: &[u8]) -> Vec<u8> {
    let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        [&tag.to_be_bytes()[..], &kind.to_be_bytes(), &count.to_be_bytes(), &value].concat()
    };
    let count = u32::try_from(place.len()).unwrap();
    let [high, low] = orientation.to_be_bytes();
    [
        &b"MM\0\x2a\0\0\0\x08\0\x02"[..],
        &entry(0x0112, 3, 1, [high, low, 0, 0]),
        &entry(0x8825, 4, 1, 38_u32.to_be_bytes()),
        &[0; 4],
        // The GPS directory, and behind it what its one entry leads to.
        b"\0\x01",
        &entry(0x001b, 7, count, 56_u32.to_be_bytes()),
        &[0; 4],
        place,
    ]
    .concat()
}

pub(super) fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap();
    [kind, &length.to_le_bytes()[..], data, &[0][..data.len() % 2]].concat()
}

pub(super) fn riff(chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = [b"WEBP", &*chunks.concat()].concat();
    [b"RIFF", &u32::try_from(body.len()).unwrap().to_le_bytes()[..], &body].concat()
}

pub(super) fn vp8x(flags: u8, width: u32, height: u32) -> Vec<u8> {
    let side = |n: u32| (n - 1).to_le_bytes()[..3].to_vec();
    chunk(b"VP8X", &[&[flags, 0, 0, 0][..], &side(width), &side(height)].concat())
}

/// The picture of a simple WebP, as a chunk.
pub(super) fn chunk_of(webp: &[u8]) -> Vec<u8> {
    webp[12..].to_vec()
}

/// The image as an extended WebP, with one chunk more.
pub(super) fn extended_webp(
    image: &DynamicImage,
    flags: u8,
    kind: &[u8; 4],
    data: &[u8],
) -> Vec<u8> {
    let alpha = if image.color().has_alpha() { 0x10 } else { 0 };
    let header = vp8x(flags | alpha, image.width(), image.height());
    let (picture, more) = (chunk_of(&webp(image)), chunk(kind, data));
    // A profile goes before the picture, everything else behind it.
    match kind {
        b"ICCP" => riff(&[header, more, picture]),
        _ => riff(&[header, picture, more]),
    }
}

/// A WebP without loss that says it has these sides, and ends there.
pub(super) fn webp_of(width: u32, height: u32) -> Vec<u8> {
    let bits = (width - 1) | (height - 1) << 14;
    riff(&[chunk(b"VP8L", &[&[0x2f][..], &bits.to_le_bytes(), &[0; 8]].concat())])
}

pub(super) fn animated_webp() -> Vec<u8> {
    let picture = chunk_of(&webp(&leaf(8, 8)));
    let frame = [&[0, 0, 0, 0, 0, 0, 7, 0, 0, 7, 0, 0, 100, 0, 0, 0][..], &picture].concat();
    riff(&[vp8x(0x12, 8, 8), chunk(b"ANIM", &[0; 6]), chunk(b"ANMF", &frame)])
}

/// What a redrawn file is made of, by the names of its parts.
pub(super) fn parts_of(drawn: &Redrawn) -> String {
    let file = &drawn.bytes;
    let mut parts = Vec::new();
    match drawn.format {
        ImageFormat::Png => {
            let mut rest = &file[8..];
            while !rest.is_empty() {
                let length = u32::from_be_bytes(*rest.first_chunk().unwrap());
                parts.push(String::from_utf8(rest[4..8].to_vec()).unwrap());
                rest = &rest[12 + usize::try_from(length).unwrap()..];
            }
            parts.dedup();
        }
        ImageFormat::Jpeg => {
            let mut at = 0;
            while at < file.len() {
                let [0xff, marker] = file[at..at + 2] else { panic!("no marker at {at}") };
                parts.push(format!("{marker:02x}"));
                at += 2;
                if marker != 0xd8 && marker != 0xd9 {
                    at += usize::from(u16::from_be_bytes(*file[at..].first_chunk().unwrap()));
                }
                if marker == 0xda {
                    let is_end = |pair: &[u8]| pair[0] == 0xff && pair[1] != 0;
                    at += file[at..].windows(2).position(is_end).unwrap();
                }
            }
        }
    }
    parts.join(" ")
}
