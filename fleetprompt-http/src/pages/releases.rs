//! The releases of a listing: what each page of them shows of one, and the list.

use askama::Template;
use fleetprompt_core::domain::{Channel, Handle, Slug};
use fleetprompt_core::marketplace::{Found, ListingView, ReleaseView};

use super::frame::Frame;
use super::links::{self, Links};
use super::words::{self, Date};
use super::{cursor, respond};
use crate::convention::{Answer, Caller, PathOf};

/// A release in a list.
pub(super) struct Row {
    pub(super) version: String,
    pub(super) href: String,
    pub(super) published: Date,
    pub(super) notes: Vec<&'static str>,
}

impl Row {
    pub(super) fn of(links: &Links, listing: &ListingView, release: &ReleaseView) -> Self {
        let path = links::listing_of(&listing.publisher.handle, &listing.slug);
        let latest = listing.latest.as_ref() == Some(&release.version);
        let notes = [
            latest.then_some("Latest"),
            (release.channel == Channel::Prerelease).then_some("Pre-release"),
            release.yanked.is_some().then_some("Yanked"),
        ];
        Row {
            version: release.version.to_string(),
            href: links.to(&links::release(&path, &release.version)),
            published: words::date(release.published_at),
            notes: notes.into_iter().flatten().collect(),
        }
    }
}

#[derive(Template)]
#[template(path = "pages/releases.html")]
struct Page {
    frame: Frame,
    title: String,
    listing: String,
    publisher: String,
    publisher_href: String,
    rows: Vec<Row>,
    is_first: bool,
    expired: bool,
    first: String,
}

pub(super) async fn page(caller: Caller, PathOf((handle, slug)): PathOf<(Handle, Slug)>) -> Answer {
    let listing = match caller.listing_by_name(&handle, &slug).await? {
        Found::Here(listing) => listing,
        Found::Moved(at) => return Ok(caller.moved(&links::releases(&links::listing(&at)))),
    };
    let list = async |cursor: Option<&_>| caller.releases(listing.id, cursor, cursor::SIZE).await;
    let part = cursor::part(&caller, list).await?;
    let links = Links::new(caller.origin());
    let of = links::listing_of(&listing.publisher.handle, &listing.slug);
    let path = links::releases(&of);
    let first = links.to(&path);
    let next = part.found.as_ref().and_then(|page| cursor::next(&first, page.next.as_ref()));
    let found = part.found.as_ref().map(|page| page.items.as_slice()).unwrap_or_default();
    let title = &listing.content.title;
    let about = format!("All releases of {title}, the highest version first.");
    let frame = Frame::new(&caller, &path, &format!("Releases of {title}: FleetPrompt"), &about);
    let page = Page {
        frame: frame.of_part(next, part.is_first),
        title: title.to_string(),
        listing: links.to(&of),
        publisher: listing.publisher.name.to_string(),
        publisher_href: links.to(&links::publisher(&listing.publisher.handle)),
        rows: found.iter().map(|release| Row::of(&links, &listing, release)).collect(),
        is_first: part.is_first,
        expired: part.found.is_none(),
        first,
    };
    respond::part(&caller, &page, page.expired)
}
