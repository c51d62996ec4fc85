//! What becomes of an upload on its way in.

use std::sync::Arc;

use super::super::fixture::*;
use super::studio::*;
use crate::conformance::{Fault, FaultStore, ManualClock};
use crate::domain::*;
use crate::error::{ErrorCode, ErrorKind};
use crate::marketplace::{BuildError, Marketplace};
use crate::media::redraw;
use crate::memory::{MemoryMedia, MemoryStore};
use crate::policy::Quotas;
use crate::port::{
    ImageRole, MediaError, MediaFuture, MediaName, MediaStore, PageSize, Redraw, RedrawError,
    RedrawFuture, ScanVerdict,
};
use crate::token::{KeyRing, MasterKey};

fn no_image() -> ImageUpload {
    b"<svg onload=alert(1)>".to_vec().try_into().unwrap()
}

#[test]
fn nothing_is_kept_of_what_is_not_clean() {
    let s = Studio::default();
    let (ada, listing) = s.published("acme");
    for (verdict, code) in [
        (ScanVerdict::Rejected, ErrorCode::UploadRejected),
        (ScanVerdict::Unavailable, ErrorCode::UploadNotScanned),
    ] {
        s.scanner.says(verdict);
        let events = s.events();
        // The scanner is asked first: an image or not, nothing else looks into it.
        for upload in [picture(1), no_image()] {
            assert_eq!(refused(s.icon(&ada, listing, upload)), code);
        }
        assert_eq!((s.media_count(), s.events()), (0, events));
    }
    assert_eq!(ErrorCode::UploadNotScanned.kind(), ErrorKind::Unavailable, "worth trying again");
    s.scanner.says(ScanVerdict::Clean);
    let refusal = s.icon(&ada, listing, no_image()).unwrap_err();
    assert_eq!(refusal.to_string(), "icon must be a whole PNG, JPEG or WebP image");
    assert_eq!(s.media_count(), 0);
}

#[test]
fn a_refused_scan_can_be_tried_again_under_the_same_key() {
    let s = Studio::default();
    let (ada, listing) = s.published("acme");
    let (key, revision) = (s.key(), s.listing(&ada, listing).revision);
    s.scanner.says(ScanVerdict::Unavailable);
    let away = run(ada.set_icon(listing, revision, picture(1), &key));
    assert_eq!(refused(away), ErrorCode::UploadNotScanned);
    s.scanner.says(ScanVerdict::Clean);
    run(ada.set_icon(listing, revision, picture(1), &key)).unwrap();
}

#[test]
fn what_was_taken_is_answered_again_though_the_scanner_has_learnt_more() {
    let s = Studio::default();
    let (ada, listing) = s.published("acme");
    let (key, revision) = (s.key(), s.listing(&ada, listing).revision);
    let taken = run(ada.set_icon(listing, revision, picture(1), &key)).unwrap();
    for learnt in [ScanVerdict::Rejected, ScanVerdict::Unavailable] {
        s.scanner.says(learnt);
        let (scans, events) = (s.scans(), s.events());
        let again = run(ada.set_icon(listing, revision, picture(1), &key)).unwrap();
        assert_eq!((again, s.scans(), s.events()), (taken.clone(), scans, events));
        assert_eq!(s.listing(&ada, listing).media.icon.unwrap().digest, taken.image.unwrap());
    }
    s.scanner.says(ScanVerdict::Rejected);
    let anew = s.icon(&ada, listing, picture(1));
    assert_eq!(refused(anew), ErrorCode::UploadRejected, "another request is another matter");
}

#[test]
fn who_takes_uploads_says_whether_they_are_scanned() {
    let builder = || {
        Marketplace::builder(MemoryStore::default())
            .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32]).unwrap()))
            .issuer(of("https://market.example"))
            .media(Arc::new(MemoryMedia::default()))
            .redraw(Arc::new(crate::media::Images::new(1)))
    };
    assert_eq!(run(builder().build()).unwrap_err(), BuildError::NoScanner);
    assert!(run(builder().unscanned_uploads().build()).is_ok());
}

#[test]
fn without_a_place_for_them_there_are_no_uploads() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let listing = f.draft(&ada, acme, "reader");
    let set = run(ada.set_icon(listing, Revision::FIRST, picture(1), &f.key()));
    assert_eq!(refused(set), ErrorCode::UploadsOff);
    assert_eq!(run(f.market.clean_media(None, ALL)).unwrap(), Default::default());

    // A process that only serves, beside one that takes uploads.
    let s = Studio::default();
    let (ada, listing) = s.published("acme");
    let image = s.icon(&ada, listing, picture(1)).unwrap().image.unwrap();
    let serving =
        s.through_with(s.store.clone(), |builder| builder.media(Arc::new(s.media.clone())));
    let visitor = serving.act_as(crate::port::Principal::Anonymous);
    assert!(run(visitor.media(listing, image)).is_ok());
    let ada = serving.act_as(ada.principal().clone());
    let revision = s.listing(&ada, listing).revision;
    let set = run(ada.set_icon(listing, revision, picture(2), &s.key()));
    assert_eq!(refused(set), ErrorCode::UploadsOff);
}

#[test]
fn a_retry_brings_nothing_twice() {
    let s = Studio::default();
    let (ada, listing) = s.published("acme");
    let revision = s.listing(&ada, listing).revision;
    let set = s.twice(async |key| ada.set_icon(listing, revision, picture(1), key).await);
    assert_eq!((s.scans(), s.media_count()), (1, 1), "the kept answer takes no work");

    let key = s.key();
    let revision = set.listing.revision;
    run(ada.add_screenshot(listing, revision, picture(2), of("Two."), &key)).unwrap();
    for (image, alt) in [(picture(3), "Two."), (picture(2), "Another two.")] {
        let other = run(ada.add_screenshot(listing, revision, image, of(alt), &key));
        assert_eq!(refused(other), ErrorCode::IdempotencyKeyReused);
    }
    let shots = s.listing(&ada, listing).media.screenshots;
    let places = vec![crate::marketplace::ScreenshotPlace {
        image: shots[0].image.digest,
        alt: of("Two, said better."),
    }];
    let revision = s.listing(&ada, listing).revision;
    s.twice(async |key| {
        ada.arrange_screenshots(listing, revision, places.clone().try_into().unwrap(), key).await
    });
    let revision = s.listing(&ada, listing).revision;
    s.twice(async |key| ada.clear_icon(listing, revision, key).await);
}

#[test]
fn whoever_left_the_publisher_is_not_told_again() {
    let s = Studio::default();
    let (ada, listing) = s.published("acme");
    let publisher = s.listing(&ada, listing).publisher.id;
    let mia = s.person("acme", "mia");
    let member = s.join(&ada, publisher, &mia, PublisherRole::Maintainer);
    let (key, revision) = (s.key(), s.listing(&ada, listing).revision);
    run(mia.set_icon(listing, revision, picture(1), &key)).unwrap();
    run(ada.remove_member(publisher, member, &s.key())).unwrap();
    let again = run(mia.set_icon(listing, revision, picture(1), &key));
    assert_eq!(refused(again), ErrorCode::ListingNotFound);
}

#[test]
fn an_answer_that_was_lost_is_found_again() {
    let s = Studio::default();
    let (ada, listing) = s.published("acme");
    let faults = FaultStore::new(Arc::new(s.store.clone()));
    let market =
        s.through_with(faults.clone(), |builder| taking_images(builder, &s.media, &s.scanner));
    let ada = market.act_as(ada.principal().clone());
    for fault in [Fault::Conflict, Fault::Lost, Fault::AnswerLost, Fault::CutOff] {
        let (key, revision) = (s.key(), s.listing(&ada, listing).revision);
        faults.script([fault]);
        let first = run(ada.set_icon(listing, revision, picture(fault as u8), &key));
        faults.mend();
        let again = run(ada.set_icon(listing, revision, picture(fault as u8), &key)).unwrap();
        assert!(first.is_err() || first == Ok(again.clone()), "{fault:?}");
        let file = run(ada.media(listing, again.image.unwrap())).unwrap();
        assert!(!file.bytes.is_empty(), "{fault:?}: what is named is there");
    }
}

/// Only what is certainly not named by a record is taken back at once.
#[test]
fn what_may_have_been_committed_is_left_to_the_clean_up() {
    let quotas = Quotas { media_bytes_per_publisher: 1, ..Quotas::default() };
    let s = Studio::with(|builder| builder.quotas(quotas));
    let (ada, listing) = s.published("acme");
    let faults = FaultStore::new(Arc::new(s.store.clone()));
    let market = s.through_with(faults.clone(), |builder| {
        taking_images(builder, &s.media, &s.scanner).quotas(quotas)
    });
    let ada = market.act_as(ada.principal().clone());
    for (fault, stays) in [(Fault::Conflict, 0), (Fault::Lost, 1)] {
        faults.script([fault]);
        assert_eq!(refused(s.icon(&ada, listing, picture(1))), ErrorCode::QuotaExceeded);
        assert_eq!(s.media_count(), stays, "{fault:?}");
    }
    s.clock.advance(Span::hours(25));
    assert_eq!(run(market.clean_media(None, ALL)).unwrap().removed, 1);
}

#[test]
fn quotas_count_what_is_kept_and_what_was_brought() {
    let one = redraw(picture(1).bytes(), ImageRole::Icon).unwrap().bytes.len() as u64;
    let quotas = Quotas {
        media_bytes_per_publisher: 2 * one + one / 2,
        uploads_per_day: 5,
        ..Quotas::default()
    };
    let s = Studio::with(|builder| builder.quotas(quotas));
    let (ada, listing) = s.published("acme");
    s.screenshot(&ada, listing, picture(1), "One.").unwrap();
    s.icon(&ada, listing, picture(2)).unwrap();
    let third = s.screenshot(&ada, listing, picture(3), "Three.");
    assert_eq!(refused(third), ErrorCode::QuotaExceeded);
    assert_eq!(s.media_count(), 2, "the third was taken back");
    // One in place of another takes no more room.
    s.icon(&ada, listing, picture(4)).unwrap();
    let revision = s.listing(&ada, listing).revision;
    run(ada.clear_icon(listing, revision, &s.key())).unwrap();
    s.screenshot(&ada, listing, picture(5), "Five.").unwrap();

    // Another publisher's bytes are its own, until the listing comes to it.
    let acme = s.listing(&ada, listing).publisher.id;
    let beta = s.publisher(&ada, "beta");
    let other = s.f.published(&ada, beta, "other");
    s.icon(&ada, other, picture(6)).unwrap();
    let moved = run(ada.transfer_listing(listing, beta, &s.key()));
    assert_eq!(refused(moved), ErrorCode::QuotaExceeded);
    run(ada.delete_listing(other, &s.key())).unwrap();
    run(ada.transfer_listing(listing, beta, &s.key())).unwrap();
    assert_eq!(s.listing(&ada, listing).publisher.id, beta);

    let filled = s.f.published(&ada, beta, "filled");
    assert_eq!(refused(s.icon(&ada, filled, picture(7))), ErrorCode::QuotaExceeded);
    run(ada.delete_listing(listing, &s.key())).unwrap();
    for shade in 0..4 {
        s.icon(&ada, filled, picture(shade)).unwrap();
    }
    let (scans, spent) = (s.scans(), s.icon(&ada, filled, picture(9)).unwrap_err());
    assert_eq!(spent.code(), ErrorCode::QuotaExceeded);
    assert_eq!(spent.retry_after(), Some(Span::hours(12)), "noon until midnight");
    assert_eq!(s.scans(), scans, "it was not even looked at");
    s.clock.advance(Span::hours(12));
    s.icon(&ada, filled, picture(9)).unwrap();
    // Whom it left has the room again.
    let next = s.f.published(&ada, acme, "next");
    s.icon(&ada, next, picture(10)).unwrap();
    s.screenshot(&ada, next, picture(11), "Eleven.").unwrap();
}

/// Redraws, and takes its time.
struct Slow(ManualClock, Span);

impl Redraw for Slow {
    fn redraw<'a>(&'a self, upload: &'a ImageUpload, role: ImageRole) -> RedrawFuture<'a> {
        self.0.advance(self.1);
        let drawn = redraw(upload.bytes(), role).map_err(RedrawError::Refused);
        Box::pin(std::future::ready(drawn))
    }
}

#[test]
fn an_upload_that_took_too_long_is_not_committed() {
    let s = Studio::default();
    let (ada, listing) = s.published("acme");
    let clock = s.clock.clone();
    for (takes, ends_well) in [(Span::hours(1), true), (Span::minutes(61), false)] {
        let market = s.through_with(s.store.clone(), |builder| {
            taking_images(builder, &s.media, &s.scanner)
                .redraw(Arc::new(Slow(clock.clone(), takes)))
        });
        let ada = market.act_as(ada.principal().clone());
        let revision = s.listing(&ada, listing).revision;
        let set = run(ada.set_icon(listing, revision, picture(1), &s.key()));
        assert_eq!(set.is_ok(), ends_well);
        assert!(ends_well || refused(set) == ErrorCode::Unavailable);
    }
}

/// A media store that is full, or away.
struct Broken(MediaError);

impl MediaStore for Broken {
    fn put<'a>(&'a self, _: &'a MediaName, _: Vec<u8>) -> MediaFuture<'a, ()> {
        Box::pin(std::future::ready(Err(self.0)))
    }
    fn get<'a>(&'a self, _: &'a MediaName) -> MediaFuture<'a, Option<Vec<u8>>> {
        Box::pin(std::future::ready(Err(self.0)))
    }
    fn delete<'a>(&'a self, _: &'a MediaName) -> MediaFuture<'a, ()> {
        Box::pin(std::future::ready(Err(self.0)))
    }
    fn list<'a>(
        &'a self,
        _: Option<&'a MediaName>,
        _: PageSize,
    ) -> MediaFuture<'a, Vec<MediaName>> {
        Box::pin(std::future::ready(Err(self.0)))
    }
}

#[test]
fn no_record_names_what_the_media_store_did_not_take() {
    let s = Studio::default();
    let (ada, listing) = s.published("acme");
    let image = s.icon(&ada, listing, picture(1)).unwrap().image.unwrap();
    for (error, code) in [
        (MediaError::Unavailable("a cable"), ErrorCode::Unavailable),
        (MediaError::Full, ErrorCode::StoreFull),
    ] {
        let market = s.through_with(s.store.clone(), |builder| {
            taking_images(builder, &s.media, &s.scanner).media(Arc::new(Broken(error)))
        });
        let ada = market.act_as(ada.principal().clone());
        let (before, revision) = (s.events(), s.listing(&ada, listing).revision);
        let set = run(ada.set_icon(listing, revision, picture(2), &s.key()));
        assert_eq!(refused(set), code);
        assert_eq!(refused(run(ada.media(listing, image))), code);
        assert_eq!(refused(run(market.clean_media(None, ALL))), code);
        assert_eq!(s.events(), before);
    }
}

#[test]
fn bytes_that_are_not_those_that_were_kept_are_never_served() {
    let s = Studio::default();
    let (ada, listing) = s.published("acme");
    let image = s.icon(&ada, listing, picture(1)).unwrap().image.unwrap();
    let name = s.kept()[0];
    run(s.media.put(&name, b"<script>alert(1)</script>".to_vec())).unwrap();
    let served = run(s.anonymous().media(listing, image)).unwrap_err();
    assert_eq!(served.code(), ErrorCode::Internal);
    assert!(served.incident().is_some(), "the operator finds it in the log");
    run(s.media.delete(&name)).unwrap();
    assert_eq!(refused(run(s.anonymous().media(listing, image))), ErrorCode::Internal);
}
