//! A marketplace that takes images, with what goes in and out in the test's hand.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use image::{DynamicImage, ImageFormat as Codec, Rgb, RgbImage};

use super::super::fixture::*;
use crate::domain::*;
use crate::marketplace::{Acting, ListingView, MarketplaceBuilder, MediaReceipt};
use crate::media::Images;
use crate::memory::MemoryMedia;
use crate::port::{MediaName, MediaStore, ScanFuture, ScanVerdict, UploadScanner};

pub(super) struct Studio {
    pub(super) f: Fixture,
    pub(super) media: MemoryMedia,
    pub(super) scanner: Arc<Guard>,
}

impl Deref for Studio {
    type Target = Fixture;
    fn deref(&self) -> &Fixture {
        &self.f
    }
}

/// A scanner that says what it is told to say, and counts what it was asked.
pub(super) struct Guard {
    says: Mutex<ScanVerdict>,
    asked: AtomicUsize,
}

impl Default for Guard {
    fn default() -> Self {
        Guard { says: Mutex::new(ScanVerdict::Clean), asked: AtomicUsize::new(0) }
    }
}

impl Guard {
    pub(super) fn says(&self, verdict: ScanVerdict) {
        *self.says.lock().unwrap() = verdict;
    }
}

impl UploadScanner for Guard {
    fn scan<'a>(&'a self, _: &'a ImageUpload) -> ScanFuture<'a> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let verdict = *self.says.lock().unwrap();
        Box::pin(std::future::ready(verdict))
    }
}

impl Default for Studio {
    fn default() -> Self {
        Studio::with(|builder| builder)
    }
}

impl Studio {
    pub(super) fn with(change: impl FnOnce(MarketplaceBuilder) -> MarketplaceBuilder) -> Self {
        let (media, scanner) = (MemoryMedia::default(), Arc::<Guard>::default());
        let f = Fixture::with(|builder| change(taking_images(builder, &media, &scanner)));
        Studio { f, media, scanner }
    }

    /// How often the scanner was asked.
    pub(super) fn scans(&self) -> usize {
        self.scanner.asked.load(Ordering::SeqCst)
    }

    pub(super) fn kept(&self) -> Vec<MediaName> {
        run(self.media.list(None, ALL)).unwrap()
    }

    pub(super) fn media_count(&self) -> usize {
        self.kept().len()
    }

    /// A publisher and a listing that is out.
    pub(super) fn published(&self, handle: &str) -> (Acting, ListingId) {
        let owner = self.person(handle, "ada");
        let publisher = self.publisher(&owner, handle);
        let listing = self.f.published(&owner, publisher, "reader");
        (owner, listing)
    }

    pub(super) fn listing(&self, by: &Acting, id: ListingId) -> ListingView {
        run(by.listing(id)).unwrap()
    }

    /// Sets the icon of a listing as it stands.
    pub(super) fn icon(
        &self,
        by: &Acting,
        listing: ListingId,
        image: ImageUpload,
    ) -> crate::Result<MediaReceipt> {
        let revision = self.listing(by, listing).revision;
        run(by.set_icon(listing, revision, image, &self.key()))
    }

    /// Adds a screenshot to a listing as it stands.
    pub(super) fn screenshot(
        &self,
        by: &Acting,
        listing: ListingId,
        image: ImageUpload,
        alt: &str,
    ) -> crate::Result<MediaReceipt> {
        let revision = self.listing(by, listing).revision;
        run(by.add_screenshot(listing, revision, image, of(alt), &self.key()))
    }
}

pub(super) fn taking_images(
    builder: MarketplaceBuilder,
    media: &MemoryMedia,
    scanner: &Arc<Guard>,
) -> MarketplaceBuilder {
    builder
        .media(Arc::new(media.clone()))
        .redraw(Arc::new(Images::new(4)))
        .scanner(Arc::clone(scanner) as Arc<dyn UploadScanner>)
}

/// A square of one colour.
pub(super) fn picture(shade: u8) -> ImageUpload {
    let image: DynamicImage = RgbImage::from_pixel(32, 32, Rgb([shade, 7, 7])).into();
    let mut file = std::io::Cursor::new(Vec::new());
    image.write_to(&mut file, Codec::Png).unwrap();
    file.into_inner().try_into().unwrap()
}
