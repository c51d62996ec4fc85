//! Icons and screenshots: who may bring what, and who sees it.

mod cleaning;
mod receiving;
mod studio;

use studio::*;

use super::fixture::*;
use crate::Acting;
use crate::domain::*;
use crate::error::ErrorCode;
use crate::marketplace::{ListingEdit, MediaReceipt, ScreenshotPlace, ScreenshotView};

fn places(shots: &[(Sha256Digest, &str)]) -> BoundedList<ScreenshotPlace, SCREENSHOTS_MAX> {
    let place = |(image, alt): &(_, &str)| ScreenshotPlace { image: *image, alt: of(alt) };
    shots.iter().map(place).collect::<Vec<_>>().try_into().unwrap()
}

fn shown(s: &Studio, by: &Acting, listing: ListingId) -> Vec<(Sha256Digest, String)> {
    let shots = s.listing(by, listing).media.screenshots;
    shots.iter().map(|shot| (shot.image.digest, shot.alt.to_string())).collect()
}

#[test]
fn an_icon_is_shown_replaced_and_taken_away() {
    let s = Studio::default();
    let (ada, listing) = s.published("acme");
    let first = s.icon(&ada, listing, picture(1)).unwrap();
    let visitor = s.anonymous();
    let icon = s.listing(&visitor, listing).media.icon.unwrap();
    assert_eq!(Some(icon.digest), first.image);
    assert_eq!((icon.media_type, icon.size), ("image/png", ImageSize::new(32, 32).unwrap()));
    let file = run(visitor.media(listing, icon.digest)).unwrap();
    assert_eq!(Sha256Digest::of(&file.bytes), icon.digest);
    assert_eq!((file.format, file.public), (ImageFormat::Png, true));

    let second = s.icon(&ada, listing, picture(2)).unwrap();
    assert_ne!(first.image, second.image);
    let digest = second.image.unwrap();
    assert!(run(visitor.media(listing, digest)).is_ok());
    let gone = run(visitor.media(listing, icon.digest));
    assert_eq!(refused(gone), ErrorCode::MediaNotFound, "at once, whatever the store still holds");

    let cleared = run(ada.clear_icon(listing, second.listing.revision, &s.key())).unwrap();
    assert_eq!(s.listing(&visitor, listing).media.icon, None);
    assert_eq!(refused(run(visitor.media(listing, digest))), ErrorCode::MediaNotFound);
    let again = run(ada.clear_icon(listing, cleared.listing.revision, &s.key()));
    assert_eq!(refused(again), ErrorCode::MediaNotFound);
}

#[test]
fn screenshots_stand_in_the_order_that_their_publisher_gives_them() {
    let s = Studio::default();
    let (ada, listing) = s.published("acme");
    let shots: Vec<_> = (0..8_u8)
        .map(|n| s.screenshot(&ada, listing, picture(n), "A list.").unwrap().image.unwrap())
        .collect();
    let all: Vec<_> = shots.iter().map(|digest| (*digest, "A list.".to_owned())).collect();
    assert_eq!(shown(&s, &s.anonymous(), listing), all);
    let ninth = s.screenshot(&ada, listing, picture(9), "A list.");
    assert_eq!(ninth.unwrap_err().to_string(), "screenshots must have at most 8 entries");

    let revision = s.listing(&ada, listing).revision;
    let wanted = [(shots[5], "Five."), (shots[0], "A list."), (shots[7], "Seven.")];
    run(ada.arrange_screenshots(listing, revision, places(&wanted), &s.key())).unwrap();
    let wanted = wanted.map(|(digest, alt)| (digest, alt.to_owned()));
    assert_eq!(shown(&s, &s.anonymous(), listing), wanted);
    assert_eq!(refused(run(s.anonymous().media(listing, shots[1]))), ErrorCode::MediaNotFound);

    let revision = s.listing(&ada, listing).revision;
    let arrange =
        |shots: &[_]| run(ada.arrange_screenshots(listing, revision, places(shots), &s.key()));
    assert_eq!(refused(arrange(&[(shots[1], "One.")])), ErrorCode::MediaNotFound);
    let twice = arrange(&[(shots[5], "Five."), (shots[5], "Five, again.")]);
    assert_eq!(twice.unwrap_err().to_string(), "screenshots holds the same entry twice");
    assert_eq!(shown(&s, &s.anonymous(), listing), wanted, "refused as a whole");
    arrange(&[]).unwrap();
    assert_eq!(shown(&s, &s.anonymous(), listing), []);
}

#[test]
fn the_same_picture_is_one_screenshot_and_may_be_the_icon_too() {
    let s = Studio::default();
    let (ada, listing) = s.published("acme");
    let icon = s.icon(&ada, listing, picture(1)).unwrap().image.unwrap();
    let shot = s.screenshot(&ada, listing, picture(1), "One.").unwrap().image.unwrap();
    assert_eq!(icon, shot);
    let twice = s.screenshot(&ada, listing, picture(1), "One, again.");
    assert_eq!(twice.unwrap_err().to_string(), "screenshots holds the same entry twice");
    assert_eq!(s.media_count(), 2, "what the refused upload brought is gone again");
    let revision = s.listing(&ada, listing).revision;
    run(ada.clear_icon(listing, revision, &s.key())).unwrap();
    assert!(run(s.anonymous().media(listing, shot)).is_ok());
}

#[test]
fn only_maintainers_in_good_standing_bring_images_and_nobody_else_gets_one_looked_at() {
    let s = Studio::default();
    let (ada, listing) = s.published("acme");
    let publisher = s.listing(&ada, listing).publisher.id;
    let (mia, vic) = (s.person("acme", "mia"), s.person("acme", "vic"));
    s.join(&ada, publisher, &mia, PublisherRole::Maintainer);
    s.join(&ada, publisher, &vic, PublisherRole::Viewer);
    let draft = s.draft(&ada, publisher, "draft");
    let revision = s.listing(&ada, listing).revision;
    let set =
        |by: &Acting, listing| refused(run(by.set_icon(listing, revision, picture(1), &s.key())));
    assert_eq!(set(&s.anonymous(), listing), ErrorCode::Unauthenticated);
    assert_eq!(set(&s.person("other", "eve"), listing), ErrorCode::ListingNotFound);
    assert_eq!(set(&s.person("other", "eve"), draft), ErrorCode::ListingNotFound);
    assert_eq!(set(&s.system("whs"), listing), ErrorCode::ListingNotFound);
    assert_eq!(set(&vic, listing), ErrorCode::Forbidden);
    assert_eq!(set(&s.operator(), listing), ErrorCode::Forbidden, "not theirs to write");
    let stale = run(mia.set_icon(listing, revision.next(), picture(1), &s.key()));
    assert_eq!(refused(stale), ErrorCode::RevisionMismatch);
    run(s.operator().suspend_publisher(publisher, of("spam"), &s.key())).unwrap();
    assert_eq!(set(&ada, listing), ErrorCode::PublisherSuspended);
    run(s.operator().restore_publisher(publisher, &s.key())).unwrap();
    assert_eq!((s.scans(), s.media_count()), (0, 0));
    s.icon(&mia, listing, picture(1)).unwrap();
    assert_eq!((s.scans(), s.media_count()), (1, 1));

    run(s.operator().take_down(listing, TakedownReason::Legal, of("A claim."), &s.key())).unwrap();
    let revision = s.listing(&ada, listing).revision;
    let late = run(ada.set_icon(listing, revision, picture(2), &s.key()));
    assert_eq!(refused(late), ErrorCode::WrongState);
    assert_eq!(refused(run(ada.clear_icon(listing, revision, &s.key()))), ErrorCode::WrongState);
    assert_eq!(s.scans(), 1);
}

/// Whoever reads the listing sees its images, and nobody else learns whether there are any.
#[test]
fn images_are_seen_by_those_who_see_their_listing() {
    let s = Studio::default();
    let ada = s.person("acme", "ada");
    let acme = s.publisher(&ada, "acme");
    let listing = s.draft(&ada, acme, "reader");
    let image = s.icon(&ada, listing, picture(1)).unwrap().image.unwrap();
    let (visitor, carol) = (s.anonymous(), s.person("acme", "carol"));
    let sees = |by: &Acting| run(by.media(listing, image)).map(|file| file.public);
    let hidden = ErrorCode::ListingNotFound;
    let is_hidden = |by: &Acting| {
        assert_eq!(refused(run(by.media(listing, image))), hidden);
        assert_eq!(refused(run(by.media(listing, Sha256Digest::of(b"none")))), hidden);
    };
    assert_eq!(sees(&ada), Ok(false));
    is_hidden(&visitor);
    is_hidden(&carol);

    run(ada.publish_listing(listing, &s.key())).unwrap();
    assert_eq!((sees(&ada), sees(&visitor), sees(&carol)), (Ok(true), Ok(true), Ok(true)));
    let none = run(visitor.media(listing, Sha256Digest::of(b"none")));
    assert_eq!(refused(none), ErrorCode::MediaNotFound);

    let seen = s.listing(&ada, listing);
    let content = ListingContent { visibility: Visibility::Organisation, ..seen.content };
    let edit = ListingEdit { slug: seen.slug, content, asset: None };
    let receipt = run(ada.update_listing(listing, seen.revision, edit, &s.key())).unwrap();
    assert_eq!((sees(&ada), sees(&carol)), (Ok(false), Ok(false)), "an edit leaves them alone");
    is_hidden(&visitor);
    let seen = s.listing(&ada, listing);
    let content = ListingContent { visibility: Visibility::Public, ..seen.content };
    let edit = ListingEdit { slug: seen.slug, content, asset: None };
    run(ada.update_listing(listing, receipt.revision, edit, &s.key())).unwrap();

    let operator = s.operator();
    run(operator.take_down(listing, TakedownReason::Abuse, of("Ugly."), &s.key())).unwrap();
    is_hidden(&visitor);
    assert_eq!(sees(&ada), Ok(false), "its publisher sees what it is about");
    run(operator.restore_listing(listing, &s.key())).unwrap();
    assert_eq!(sees(&visitor), Ok(true));
    run(operator.suspend_publisher(acme, of("Spam."), &s.key())).unwrap();
    is_hidden(&visitor);
    run(operator.restore_publisher(acme, &s.key())).unwrap();
    run(ada.delete_listing(listing, &s.key())).unwrap();
    is_hidden(&visitor);
    is_hidden(&ada);
}

#[test]
fn a_listing_keeps_its_images_when_it_moves() {
    let s = Studio::default();
    let (ada, listing) = s.published("acme");
    let beta = s.publisher(&ada, "beta");
    let image = s.icon(&ada, listing, picture(1)).unwrap().image.unwrap();
    run(ada.transfer_listing(listing, beta, &s.key())).unwrap();
    assert!(run(s.anonymous().media(listing, image)).is_ok());
}

#[test]
fn a_change_of_images_is_told_like_any_other() {
    let s = Studio::default();
    let (ada, listing) = s.published("acme");
    let publisher = s.listing(&ada, listing).publisher.id;
    let before = run(s.anonymous().feed_cursor()).unwrap();
    s.icon(&ada, listing, picture(1)).unwrap();
    let told = run(s.anonymous().changes(Some(&before), ALL)).unwrap();
    assert_eq!(told.changes.len(), 1);
    let log = run(s.operator().audit_log(Position::START, ALL)).unwrap();
    let last = log.last().unwrap();
    assert_eq!(last.event.fact, Fact::ListingMediaChanged { publisher, listing });
    let kept = serde_json::to_string(&last.event).unwrap();
    assert!(!kept.contains("sha256") && !kept.contains("image/"), "references alone");
}

#[test]
fn views_say_what_it_takes_to_show_an_image_and_nothing_else() {
    let s = Studio::default();
    let (ada, listing) = s.published("acme");
    let MediaReceipt { image, .. } = s.screenshot(&ada, listing, picture(1), "A list.").unwrap();
    let media = s.listing(&ada, listing).media;
    assert_eq!(
        serde_json::to_value(&media).unwrap(),
        serde_json::json!({ "screenshots": [{
            "digest": image.unwrap().to_string(), "mediaType": "image/png",
            "width": 32, "height": 32, "alt": "A list.",
        }] })
    );
    let [ScreenshotView { alt, .. }] = &media.screenshots[..] else { panic!("one screenshot") };
    assert_eq!(alt.as_str(), "A list.");
}

#[test]
fn a_description_shows_the_images_of_its_own_listing_and_of_no_other() {
    let s = Studio::default();
    let (ada, listing) = s.published("acme");
    let (eve, other) = s.published("other");
    let shot = s.screenshot(&ada, listing, picture(1), "A list.").unwrap().image.unwrap();
    let digits = shot.to_string().replace("sha256:", "");
    let describe = |by: &Acting, id| {
        let seen = s.listing(by, id);
        let description = Some(of(&format!("![A list.](media:{digits})")));
        let content = ListingContent { description, ..seen.content };
        let edit = ListingEdit { slug: seen.slug, content, asset: None };
        run(by.update_listing(id, seen.revision, edit, &s.key())).unwrap();
    };
    let html = |id| run(s.anonymous().description_html(id)).unwrap().unwrap();
    describe(&ada, listing);
    describe(&eve, other);
    let image = format!("<p><img src=\"/media/{digits}\" alt=\"A list.\" loading=\"lazy\"></p>\n");
    assert_eq!(html(listing).with_media_root(&of("/media/")), image);
    assert_eq!(html(other).as_str(), "<p>A list.</p>\n", "not its own");

    let revision = s.listing(&ada, listing).revision;
    run(ada.arrange_screenshots(listing, revision, places(&[]), &s.key())).unwrap();
    assert_eq!(html(listing).as_str(), "<p>A list.</p>\n", "gone with the image");
}

#[test]
fn release_notes_show_the_images_of_their_listing_while_it_has_them() {
    let s = Studio::default();
    let (ada, listing) = s.published("acme");
    let (eve, other) = s.published("other");
    let shot = s.screenshot(&ada, listing, picture(1), "A list.").unwrap().image.unwrap();
    let digits = shot.to_string().replace("sha256:", "");
    let note = |by: &Acting, id, version: &str| {
        let notes = Some(of(&format!("New: ![A list.](media:{digits})")));
        let content = ReleaseContent { notes, ..ReleaseContent::default() };
        run(by.publish_release(id, of(version), content, &s.key())).unwrap();
    };
    let html = |id, version: &str| {
        let notes = run(s.anonymous().release_notes_html(id, &of(version))).unwrap().unwrap();
        notes.with_media_root(&of("/media/"))
    };
    let image = format!("<img src=\"/media/{digits}\" alt=\"A list.\" loading=\"lazy\">");
    let (shown, told) = (format!("<p>New: {image}</p>\n"), "<p>New: A list.</p>\n");
    note(&ada, listing, "1.0.0");
    note(&eve, other, "1.0.0");
    assert_eq!(html(listing, "1.0.0"), shown);
    assert_eq!(html(other, "1.0.0"), told, "not its own");

    // The listing changes, and the release never does.
    let revision = s.listing(&ada, listing).revision;
    run(ada.arrange_screenshots(listing, revision, places(&[]), &s.key())).unwrap();
    assert_eq!(html(listing, "1.0.0"), told, "gone with the image");
    note(&ada, listing, "1.1.0");
    assert_eq!(html(listing, "1.1.0"), told);
    s.screenshot(&ada, listing, picture(1), "A list.").unwrap();
    s.icon(&ada, listing, picture(2)).unwrap();
    assert_eq!([html(listing, "1.0.0"), html(listing, "1.1.0")], [&shown[..]; 2], "and back");
}
