//! Images in a folder, beside records in a file: what a crash between the two leaves.

use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use fleetprompt_core::conformance::ManualClock;
use fleetprompt_core::domain::{
    Asset, ImageUpload, ListingContent, ListingId, PublisherProfile, Revision, Sha256Digest, Span,
    Timestamp,
};
use fleetprompt_core::marketplace::{ListingView, NewListing, NewPublisher};
use fleetprompt_core::media::{Images, ObjectMedia};
use fleetprompt_core::port::{
    Clock as _, MediaFuture, MediaName, MediaStore, PageSize, Principal, SystemClock,
};
use fleetprompt_core::{Acting, Marketplace};
use pollster::block_on;

use crate::child::{Writing, orders};
use crate::market::{key, list_an_agent, open_with, publisher};
use crate::support::folder;

/// The folder for media, beside the database.
fn media(database: &Path) -> ObjectMedia {
    ObjectMedia::in_folder(&database.with_extension("media")).unwrap()
}

/// The marketplace as a process opens it `later` than now.
fn open(database: &Path, media: impl MediaStore + 'static, later: Span) -> Marketplace {
    let clock = ManualClock::default();
    clock.set(SystemClock.now().plus(later));
    open_with(database, |builder| {
        builder
            .media(Arc::new(media))
            .redraw(Arc::new(Images::new(4)))
            .unscanned_uploads()
            .clock(Arc::new(clock))
    })
}

fn picture(shade: u8) -> ImageUpload {
    let pixels = image::RgbImage::from_pixel(32, 32, image::Rgb([shade, 7, 7]));
    let mut file = Cursor::new(Vec::new());
    pixels.write_to(&mut file, image::ImageFormat::Png).unwrap();
    file.into_inner().try_into().unwrap()
}

/// How many objects there are.
fn kept(database: &Path) -> Vec<MediaName> {
    block_on(media(database).list(None, PageSize::MAX)).unwrap()
}

fn clean(market: &Marketplace) -> u32 {
    let cleaned = block_on(market.clean_media(None, PageSize::MAX)).unwrap();
    assert_eq!(cleaned.next, None);
    cleaned.removed
}

fn view(by: &Acting, listing: ListingId) -> ListingView {
    block_on(by.listing(listing)).unwrap()
}

/// Keeps an image, says so, and never comes back.
struct Stuck(ObjectMedia);

impl MediaStore for Stuck {
    fn put<'a>(&'a self, name: &'a MediaName, bytes: Vec<u8>) -> MediaFuture<'a, ()> {
        Box::pin(async move {
            self.0.put(name, bytes).await?;
            println!("durable 1.");
            std::future::pending().await
        })
    }
    fn get<'a>(&'a self, name: &'a MediaName) -> MediaFuture<'a, Option<Vec<u8>>> {
        self.0.get(name)
    }
    fn delete<'a>(&'a self, name: &'a MediaName) -> MediaFuture<'a, ()> {
        self.0.delete(name)
    }
    fn list<'a>(
        &'a self,
        after: Option<&'a MediaName>,
        size: PageSize,
    ) -> MediaFuture<'a, Vec<MediaName>> {
        self.0.list(after, size)
    }
}

/// The one listing of the marketplace, which its publisher's page shows.
fn the_listing(market: &Marketplace) -> ListingView {
    let visitor = market.act_as(Principal::Anonymous);
    let address = (&"acme".parse().unwrap(), &"reader".parse().unwrap());
    match block_on(visitor.listing_by_name(address.0, address.1)).unwrap() {
        fleetprompt_core::marketplace::Found::Here(listing) => listing,
        moved => panic!("it has not moved: {moved:?}"),
    }
}

#[test]
#[ignore = "a process of the test of a crash during an upload"]
fn uploads_and_is_stuck() {
    let Some((database, _)) = orders() else { return };
    let market = open(&database, Stuck(media(&database)), Span::millis(0));
    let listing = the_listing(&market);
    let ada = publisher(&market);
    block_on(ada.set_icon(listing.id, listing.revision, picture(1), &key("icon"))).unwrap();
}

#[test]
fn a_crash_between_bytes_and_record_leaves_bytes_that_go_after_a_day() {
    let (_folder, database) = folder();
    let (listing, revision) = {
        let market = open(&database, media(&database), Span::millis(0));
        let (listing, _) = list_an_agent(&market);
        (listing, view(&publisher(&market), listing).revision)
    };
    let mut process = Writing::start("media::uploads_and_is_stuck", &database, 1);
    assert_eq!(process.next(), Some(1), "the bytes are there, and no record of them");
    process.kill();

    let market = open(&database, media(&database), Span::hours(1));
    let ada = publisher(&market);
    let orphans = kept(&database);
    assert_eq!(orphans.len(), 1);
    assert_eq!(view(&ada, listing).media.icon, None);
    assert_eq!(clean(&market), 0, "another process might still be about to commit it");
    // The same request again, under the same key: as if nothing had been.
    let set = block_on(ada.set_icon(listing, revision, picture(1), &key("icon"))).unwrap();
    assert_eq!(kept(&database).len(), 2);

    let market = open(&database, media(&database), Span::hours(26));
    assert_eq!(clean(&market), 1);
    assert!(!kept(&database).contains(&orphans[0]));
    let visitor = market.act_as(Principal::Anonymous);
    let file = block_on(visitor.media(listing, set.image.unwrap())).unwrap();
    assert_eq!(Sha256Digest::of(&file.bytes), file.digest);
}

/// A publisher of its own with a draft.
fn another(market: &Marketplace, handle: &str) -> (Acting, ListingId) {
    let ada = publisher(market);
    let profile = PublisherProfile { name: "Other".parse().unwrap(), summary: None, website: None };
    let new = NewPublisher { handle: handle.parse().unwrap(), profile };
    let made = block_on(ada.create_publisher(new, &key(&format!("publisher-{handle}")))).unwrap();
    let content: ListingContent = serde_json::from_value(serde_json::json!({
        "title": "Other", "summary": "Another.", "category": "finance",
        "priceClass": "free", "visibility": "public",
    }))
    .unwrap();
    let asset = Asset::WhsAgent { whs_agent_id: handle.parse().unwrap() };
    let new = NewListing { publisher: made.id, slug: "other".parse().unwrap(), asset, content };
    let listing = block_on(ada.create_listing(new, &key(&format!("listing-{handle}")))).unwrap();
    (ada, listing.id)
}

#[test]
fn two_publishers_have_the_same_image_and_one_removes_it() {
    let (_folder, database) = folder();
    let market = open(&database, media(&database), Span::millis(0));
    let owners = ["acme", "beta", "gamma", "delta"].map(|handle| another(&market, handle));
    let digests = std::thread::scope(|scope| {
        let uploads = owners.each_ref().map(|(owner, listing)| {
            scope.spawn(move || {
                let key = key(&format!("icon-{listing}"));
                let set = owner.set_icon(*listing, Revision::FIRST, picture(9), &key);
                block_on(set).unwrap().image.unwrap()
            })
        });
        uploads.map(|upload| upload.join().unwrap())
    });
    assert!(digests.iter().all(|digest| *digest == digests[0]));
    assert_eq!(kept(&database).len(), 4);
    let (first, listing) = &owners[0];
    let revision = view(first, *listing).revision;
    block_on(first.clear_icon(*listing, revision, &key("clear"))).unwrap();

    let market = open(&database, media(&database), Span::hours(25));
    assert_eq!(clean(&market), 1);
    let ada = publisher(&market);
    assert!(block_on(ada.media(*listing, digests[0])).is_err());
    for (_, listing) in &owners[1..] {
        assert!(!block_on(ada.media(*listing, digests[0])).unwrap().bytes.is_empty());
    }
    let now: Timestamp = SystemClock.now();
    assert!(kept(&database).iter().all(|name| name.upload.begun_at() <= now));
}
