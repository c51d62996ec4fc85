//! Whatever an upload holds, it is refused, or comes out as an image of the size it is said to have,
//! and the same one each time.

#![no_main]

use fleetprompt_core::domain::ImageFormat;
use fleetprompt_core::domain::bounds::MAX_STORED_IMAGE_BYTES;
use fleetprompt_core::media::redraw;
use fleetprompt_core::port::ImageRole;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    for role in [ImageRole::Icon, ImageRole::Screenshot] {
        let Ok(drawn) = redraw(file, role) else { continue };
        assert!(drawn.bytes.len() <= MAX_STORED_IMAGE_BYTES);
        let format = match drawn.format {
            ImageFormat::Png => image::ImageFormat::Png,
            ImageFormat::Jpeg => image::ImageFormat::Jpeg,
        };
        let seen = image::load_from_memory_with_format(&drawn.bytes, format).expect("it decodes");
        assert_eq!((seen.width(), seen.height()), (drawn.size.width(), drawn.size.height()));
        assert_eq!(redraw(file, role).as_ref(), Ok(&drawn));
        // What comes out goes in again.
        assert_eq!(redraw(&drawn.bytes, role).map(|again| again.size), Ok(drawn.size));
    }
});
