//! What no listing has any more goes, and nothing else does.

use super::super::fixture::*;
use super::studio::*;
use crate::domain::*;
use crate::marketplace::MediaCleaned;
use crate::port::{Clock as _, MediaName, MediaStore, PageSize};

/// Everything from the start to the end, in small steps.
fn clean(s: &Studio) -> u32 {
    let (mut removed, mut next) = (0, None);
    loop {
        let step = PageSize::new(2);
        let cleaned = run(s.market.clean_media(next.as_ref(), step)).unwrap();
        assert!(cleaned.looked_at <= 2 && cleaned.removed <= cleaned.looked_at);
        removed += cleaned.removed;
        next = cleaned.next;
        if next.is_none() {
            return removed;
        }
    }
}

#[test]
fn what_was_replaced_removed_or_deleted_goes_after_a_day() {
    let s = Studio::default();
    let (ada, listing) = s.published("acme");
    let (eve, other) = s.published("eve");
    s.icon(&ada, listing, picture(1)).unwrap();
    let stays = s.icon(&ada, listing, picture(2)).unwrap().image.unwrap();
    let shot = s.screenshot(&ada, listing, picture(3), "Three.").unwrap();
    let none = BoundedList::default();
    run(ada.arrange_screenshots(listing, shot.listing.revision, none, &s.key())).unwrap();
    s.icon(&eve, other, picture(4)).unwrap();
    s.screenshot(&eve, other, picture(5), "Five.").unwrap();
    run(eve.delete_listing(other, &s.key())).unwrap();
    assert_eq!(s.media_count(), 5);

    s.clock.advance(Span::hours(24));
    assert_eq!(clean(&s), 0, "a day has not passed");
    s.clock.advance(Span::seconds(1));
    assert_eq!(clean(&s), 4);
    assert_eq!(clean(&s), 0);
    assert_eq!(s.kept().iter().map(|name| name.digest).collect::<Vec<_>>(), [stays]);
    assert!(run(s.anonymous().media(listing, stays)).is_ok());
}

#[test]
fn what_an_interrupted_upload_left_goes_after_a_day() {
    let s = Studio::default();
    let (ada, listing) = s.published("acme");
    let stays = s.icon(&ada, listing, picture(1)).unwrap().image.unwrap();
    // The bytes were kept, and the process ended before the commit: the same bytes as the icon's,
    // others, and some of a listing that is not there.
    let named = s.kept()[0];
    let began = |seconds: u32| {
        let at = s.clock.now().plus(Span::seconds(seconds)).as_millis();
        UploadId::from_bytes(
            uuid::Builder::from_unix_timestamp_millis(u64::try_from(at).unwrap(), &[9; 10])
                .into_uuid()
                .into_bytes(),
        )
    };
    let left = [
        MediaName { upload: began(0), ..named },
        MediaName { upload: began(1), digest: Sha256Digest::of(b"left"), ..named },
        MediaName { upload: began(2), listing: ListingId::from_bytes([7; 16]), ..named },
    ];
    for name in &left {
        run(s.media.put(name, b"left".to_vec())).unwrap();
    }
    for (hours, goes) in [(0, 0), (1, 0), (23, 0), (1, 3)] {
        s.clock.advance(Span::hours(hours));
        assert_eq!(clean(&s), goes);
    }
    assert_eq!(s.kept(), [named]);
    assert!(run(s.anonymous().media(listing, stays)).is_ok());
}

#[test]
fn one_publisher_removes_an_image_and_another_has_the_same() {
    let s = Studio::default();
    let (ada, listing) = s.published("acme");
    let (eve, other) = s.published("eve");
    let image = s.icon(&ada, listing, picture(1)).unwrap().image.unwrap();
    assert_eq!(s.icon(&eve, other, picture(1)).unwrap().image, Some(image));
    let revision = s.listing(&ada, listing).revision;
    run(ada.clear_icon(listing, revision, &s.key())).unwrap();
    s.clock.advance(Span::days(2));
    assert_eq!(clean(&s), 1);
    assert!(run(s.anonymous().media(other, image)).is_ok());
}

/// The clean-up has seen that nobody has the image, and somebody uploads it again before it is
/// removed: what is removed is not what was uploaded.
#[test]
fn an_image_that_comes_back_is_another_object() {
    let s = Studio::default();
    let (ada, listing) = s.published("acme");
    let image = s.icon(&ada, listing, picture(1)).unwrap().image.unwrap();
    let old = s.kept()[0];
    let revision = s.listing(&ada, listing).revision;
    run(ada.clear_icon(listing, revision, &s.key())).unwrap();
    s.clock.advance(Span::days(2));
    assert_eq!(s.icon(&ada, listing, picture(1)).unwrap().image, Some(image));
    run(s.media.delete(&old)).unwrap();
    assert!(run(s.anonymous().media(listing, image)).is_ok());
    assert_eq!(clean(&s), 0);
}

#[test]
fn what_is_taken_down_stays_for_the_day_it_is_restored() {
    let s = Studio::default();
    let (ada, listing) = s.published("acme");
    let image = s.icon(&ada, listing, picture(1)).unwrap().image.unwrap();
    let operator = s.operator();
    run(operator.take_down(listing, TakedownReason::Legal, of("A claim."), &s.key())).unwrap();
    s.clock.advance(Span::days(30));
    assert_eq!(clean(&s), 0);
    run(operator.restore_listing(listing, &s.key())).unwrap();
    assert!(run(s.anonymous().media(listing, image)).is_ok());
}

#[test]
fn a_deleted_tenant_leaves_no_images() {
    let s = Studio::default();
    let (ada, listing) = s.published("acme");
    s.icon(&ada, listing, picture(1)).unwrap();
    let identity = identity("acme", "ada");
    run(s.operator().delete_tenant(identity.tenant(), &s.key())).unwrap();
    s.clock.advance(Span::days(2));
    assert_eq!(clean(&s), 1);
    assert_eq!(s.media_count(), 0);
    assert_eq!(run(s.market.clean_media(None, ALL)).unwrap(), MediaCleaned::default());
}
