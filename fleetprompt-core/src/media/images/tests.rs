use flate2::Compression;
use image::codecs::webp::WebPEncoder;
use image::{GrayImage, Rgb, RgbImage, Rgba, RgbaImage};
use proptest::prelude::*;

use super::*;

mod kit;

use kit::*;

fn screenshot(file: &[u8]) -> Result<Redrawn, Rule> {
    redraw(file, ImageRole::Screenshot)
}

fn read(file: &[u8]) -> DynamicImage {
    image::load_from_memory(file).unwrap()
}

#[test]
fn every_pixel_of_what_was_kept_without_loss_stays() {
    for (file, pixels) in [
        (png(&leaf(40, 30)), leaf(40, 30)),
        (png(&RgbaImage::from_pixel(1, 1, Rgba([1, 2, 3, 0])).into()), {
            RgbaImage::from_pixel(1, 1, Rgba([1, 2, 3, 0])).into()
        }),
        (png(&leaf(40, 30).grayscale()), leaf(40, 30).grayscale()),
        (png(&leaf(40, 30).into_rgb16().into()), leaf(40, 30).into_rgb8().into()),
        (webp(&leaf(40, 30)), leaf(40, 30)),
        (webp(&leaf(40, 30).into_rgb8().into()), leaf(40, 30).into_rgb8().into()),
    ] {
        let drawn = screenshot(&file).unwrap();
        assert_eq!(drawn.format, ImageFormat::Png);
        assert_eq!((drawn.size.width(), drawn.size.height()), (pixels.width(), pixels.height()));
        assert_eq!(read(&drawn.bytes).into_rgba8(), pixels.into_rgba8());
    }
}

#[test]
fn a_photo_stays_a_photo() {
    let photo = leaf(64, 48).into_rgb8();
    let drawn = screenshot(&jpeg(&photo.clone().into())).unwrap();
    assert_eq!(drawn.format, ImageFormat::Jpeg);
    let seen = read(&drawn.bytes).into_rgb8();
    assert_eq!(seen.dimensions(), photo.dimensions());
    let off = |one: &Rgb<u8>, other: &Rgb<u8>| -> u64 {
        one.0.iter().zip(other.0).map(|(a, b)| u64::from(a.abs_diff(b))).sum()
    };
    let all: u64 = seen.pixels().zip(photo.pixels()).map(|(a, b)| off(a, b)).sum();
    assert!(all / (64 * 48) < 24, "the colours are where they were: {all}");
    assert_eq!(screenshot(&lossy_webp()).unwrap().format, ImageFormat::Jpeg);
}

#[test]
fn the_same_upload_gives_the_same_bytes_and_a_second_time_changes_nothing() {
    for file in [png(&leaf(33, 21)), webp(&leaf(33, 21)), jpeg(&leaf(33, 21))] {
        let first = screenshot(&file).unwrap();
        assert_eq!(screenshot(&file).unwrap(), first);
        if first.format == ImageFormat::Png {
            assert_eq!(screenshot(&first.bytes).unwrap(), first);
        }
    }
}

/// A word that must not come out again, however it went in.
const CANARY: &[u8] = b"N48.8584E2.2945-canary";

#[test]
fn nothing_but_pixels_comes_out() {
    let picture = leaf(24, 24);
    let mut files = vec![
        with_chunk(&png(&picture), b"tEXt", &[b"Comment\0", CANARY].concat()),
        with_chunk(
            &png(&picture),
            b"zTXt",
            &[b"Comment\0\0", &*zlib(CANARY, Compression::none())].concat(),
        ),
        with_chunk(&png(&picture), b"iTXt", &[b"XML:com.adobe.xmp\0\0\0\0\0", CANARY].concat()),
        with_chunk(
            &png(&picture),
            b"iCCP",
            &[b"x\0\0", &*zlib(CANARY, Compression::none())].concat(),
        ),
        with_chunk(&png(&picture), b"eXIf", &exif(1, CANARY)),
        with_chunk(&png(&picture), b"prVt", CANARY),
        with_segment(&jpeg(&picture), 0xe1, &[b"Exif\0\0", &*exif(1, CANARY)].concat()),
        with_segment(&jpeg(&picture), 0xe1, &[b"http://ns.adobe.com/xap/1.0/\0", CANARY].concat()),
        with_segment(&jpeg(&picture), 0xe2, &[b"ICC_PROFILE\0\x01\x01", CANARY].concat()),
        with_segment(&jpeg(&picture), 0xed, &[b"Photoshop 3.0\0", CANARY].concat()),
        with_segment(&jpeg(&picture), 0xfe, CANARY),
        extended_webp(&picture, 0x08, b"EXIF", &exif(1, CANARY)),
        extended_webp(&picture, 0x04, b"XMP ", CANARY),
        extended_webp(&picture, 0x20, b"ICCP", CANARY),
    ];
    // What other programs would read behind the end: an archive, a page, a script.
    for whole in [png(&picture), jpeg(&picture), webp(&picture), lossy_webp()] {
        for tail in
            [&b"PK\x03\x04"[..], b"<html><script>alert(1)</script>", b"*/=1;alert(1)//", b""]
        {
            files.push([&*whole, tail, CANARY].concat());
        }
    }
    for file in files {
        assert!(holds(&file, b"canary"), "the test itself");
        let drawn = screenshot(&file).unwrap();
        for word in [&b"canary"[..], b"PK\x03\x04", b"<html", b"Exif", b"ICC", b"adobe", b"alert"] {
            assert!(!holds(&drawn.bytes, word), "{}", word.escape_ascii());
        }
        assert_eq!(
            parts_of(&drawn),
            match drawn.format {
                ImageFormat::Png => "IHDR IDAT IEND",
                ImageFormat::Jpeg => "d8 e0 c0 db db c4 c4 c4 c4 da d9",
            }
        );
    }
}

#[test]
fn a_picture_is_turned_before_what_says_so_is_dropped() {
    let picture = leaf(40, 20).into_rgb8();
    let mut seen = Vec::new();
    for orientation in 1..=8 {
        let exif = exif(orientation, b"");
        let png = with_chunk(&png(&picture.clone().into()), b"eXIf", &exif);
        let jpeg =
            with_segment(&jpeg(&picture.clone().into()), 0xe1, &[b"Exif\0\0", &*exif].concat());
        let webp = extended_webp(&picture.clone().into(), 0x08, b"EXIF", &exif);
        let upright = orientation < 5;
        for file in [&png, &jpeg, &webp] {
            let size = screenshot(file).unwrap().size;
            let expected = if upright { (40, 20) } else { (20, 40) };
            assert_eq!((size.width(), size.height()), expected, "{orientation}");
        }
        let drawn = read(&screenshot(&png).unwrap().bytes).into_rgb8();
        assert_eq!(drawn, read(&screenshot(&webp).unwrap().bytes).into_rgb8());
        seen.push(drawn.into_raw());
    }
    let mut half = image::imageops::rotate180(&picture).into_raw();
    assert_eq!(seen[2], half);
    half = image::imageops::rotate90(&picture).into_raw();
    assert_eq!(seen[5], half);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 8, "eight ways to turn it");
}

#[test]
fn what_is_no_image_of_the_three_kinds_is_refused_whatever_it_is_called() {
    for file in [
        &b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01"[..],
        b"GIF89a/*\x0a\x00*/=1;alert(1)//",
        b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>",
        b"<?xml version=\"1.0\"?><svg/>",
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"BM\x1e\x00\x00\x00\x00\x00\x00\x00\x1a\x00\x00\x00",
        b"II*\x00\x08\x00\x00\x00",
        b"PK\x03\x04\x14\x00\x00\x00",
        b"%PDF-1.7",
        b"\x7fELF",
        b"\x00\x00\x00\x1cftypavif",
        b"RIFF\x24\x00\x00\x00WAVEfmt ",
        b"RIFF",
        b"\x89PNG",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"x",
    ] {
        assert_eq!(screenshot(file), Err(UNREADABLE), "{}", file.escape_ascii());
    }
    // An image of the right kind behind something else is none.
    for whole in [png(&leaf(9, 9)), jpeg(&leaf(9, 9)), webp(&leaf(9, 9))] {
        assert_eq!(screenshot(&[b"GIF89a", &*whole].concat()), Err(UNREADABLE));
        assert_eq!(screenshot(&[b" ", &*whole].concat()), Err(UNREADABLE));
    }
}

#[test]
fn a_file_that_was_cut_off_is_refused() {
    for whole in [
        png(&leaf(64, 64)),
        webp(&leaf(64, 64)),
        jpeg(&leaf(64, 64)),
        lossy_webp(),
        extended_webp(&leaf(64, 64), 0x08, b"EXIF", &exif(1, CANARY)),
        progressive_jpeg(),
    ] {
        assert!(screenshot(&whole).is_ok());
        for kept in (1..16).map(|n| whole.len() * n / 16).chain([whole.len() - 17]) {
            assert_eq!(screenshot(&whole[..kept]), Err(UNREADABLE), "{kept} of {}", whole.len());
        }
    }
}

#[test]
fn what_moves_is_refused() {
    let control = with_chunk(&png(&leaf(8, 8)), b"acTL", &[0, 0, 0, 1, 0, 0, 0, 0]);
    assert_eq!(screenshot(&control), Err(ANIMATED));
    assert_eq!(screenshot(&animated_webp()), Err(ANIMATED));
}

#[test]
fn the_header_alone_decides_that_an_image_is_too_large() {
    // There is nothing behind these headers: whoever looked for pixels would say "unreadable".
    let large = |side: u32| png_header(side, side);
    for side in [4_097, 7_072, 65_535, i32::MAX.cast_unsigned()] {
        assert_eq!(screenshot(&large(side)), Err(TOO_LARGE), "{side}");
    }
    assert_eq!(
        screenshot(&png_header(4_096, 4_096)[..]),
        Err(UNREADABLE),
        "no pixels, and too many"
    );
    let pixels = Rule::Other("must have at most 9,000,000 pixels");
    let many = png(&GrayImage::new(4_096, 2_198).into());
    assert_eq!(screenshot(&many), Err(pixels));
    for side in [4_097_u16, 65_535] {
        let jpeg = with_jpeg_sides(&jpeg(&leaf(8, 8)), side, side);
        assert_eq!(screenshot(&jpeg), Err(TOO_LARGE), "{side}");
    }
    assert_eq!(screenshot(&webp_of(16_383, 16_383)), Err(TOO_LARGE));
    assert_eq!(screenshot(&webp_of(4_097, 1)), Err(TOO_LARGE));
}

#[test]
fn a_webp_is_not_believed() {
    let picture = webp(&leaf(16, 16));
    let huge = webp_of(16_383, 16_383);
    // A small canvas around a huge picture.
    assert_eq!(screenshot(&riff(&[vp8x(0, 16, 16), chunk_of(&huge)])), Err(UNREADABLE));
    // A second picture, which one decoder may take and another not.
    let twice = riff(&[vp8x(0, 16, 16), chunk_of(&picture), chunk_of(&picture)]);
    assert_eq!(screenshot(&twice), Err(UNREADABLE));
    // A chunk that says it has four gigabytes.
    let mut lying = riff(&[vp8x(0x08, 16, 16), chunk_of(&picture), chunk(b"EXIF", b"")]);
    let length = lying.len();
    lying[length - 4..].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(screenshot(&lying), Err(UNREADABLE));
    assert_eq!(screenshot(&riff(&[vp8x(0, 16, 16)])), Err(UNREADABLE), "no picture at all");
}

#[test]
fn what_unpacks_to_much_is_not_unpacked() {
    let zeros = vec![0; 64 << 20];
    let profile = [b"x\0\0", &*zlib(&zeros, Compression::best())].concat();
    // Whether such a profile is passed over or refused, it does not come out.
    if let Ok(drawn) = screenshot(&with_chunk(&png(&leaf(8, 8)), b"iCCP", &profile)) {
        assert_eq!(parts_of(&drawn), "IHDR IDAT IEND");
    }
}

#[test]
fn an_icon_is_a_square_of_a_useful_size() {
    let icon = |width, height| redraw(&png(&leaf(width, height)), ImageRole::Icon);
    for side in [16, 128, 1_024] {
        assert_eq!(icon(side, side).unwrap().size, ImageSize::new(side, side).unwrap());
    }
    for (width, height) in [(15, 15), (1_025, 1_025), (64, 65), (65, 64)] {
        assert_eq!(icon(width, height), Err(NO_ICON));
    }
}

#[test]
fn the_largest_image_is_taken_and_one_that_would_not_fit_is_not() {
    let largest = png(&RgbaImage::new(4_096, 2_197).into());
    assert_eq!(screenshot(&largest).unwrap().size, ImageSize::new(4_096, 2_197).unwrap());
    // Noise can't be packed: 3 bytes a pixel, whatever it came as.
    let mut seed = 7_u32;
    let noise = RgbImage::from_fn(2_000, 1_500, |_, _| {
        Rgb(std::array::from_fn(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            seed.to_be_bytes()[0]
        }))
    });
    let max = MAX_STORED_IMAGE_BYTES;
    let refused = screenshot(&png(&noise.into()));
    assert_eq!(refused, Err(Rule::TooLong { max, unit: "bytes once redrawn" }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever is done to a file, it is refused or comes out as an image of its own size.
    #[test]
    fn damage_is_refused_or_harmless(
        which in 0..5_usize,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let mut file = match which {
            0 => png(&leaf(24, 17)),
            1 => jpeg(&leaf(24, 17)),
            2 => webp(&leaf(24, 17)),
            3 => progressive_jpeg(),
            _ => lossy_webp(),
        };
        for (place, byte) in damage {
            let place = place.index(file.len());
            file[place] = byte;
        }
        if let Ok(drawn) = screenshot(&file) {
            let seen = read(&drawn.bytes);
            prop_assert_eq!((seen.width(), seen.height()), (drawn.size.width(), drawn.size.height()));
        }
    }
}
