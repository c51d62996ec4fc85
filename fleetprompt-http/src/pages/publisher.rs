//! A publisher: who it is, and what it offers.

use askama::Template;
use fleetprompt_core::domain::Handle;
use fleetprompt_core::marketplace::{Found, PublisherView};

use super::card::Card;
use super::frame::Frame;
use super::links::{self, Links};
use super::words::{self, Badge, Date};
use super::{cursor, respond};
use crate::convention::{Answer, Caller, PathOf};

#[derive(Template)]
#[template(path = "pages/publisher.html")]
struct Page {
    frame: Frame,
    name: String,
    handle: String,
    summary: Option<String>,
    website: Option<String>,
    badges: Vec<Badge>,
    since: Date,
    /// What its members are told.
    state: Option<&'static str>,
    listings: Vec<Card>,
    is_first: bool,
    expired: bool,
    first: String,
}

pub(super) async fn page(caller: Caller, PathOf(handle): PathOf<Handle>) -> Answer {
    let publisher = match caller.publisher_by_handle(&handle).await? {
        Found::Here(publisher) => publisher,
        Found::Moved(handle) => return Ok(caller.moved(&links::publisher(&handle))),
    };
    let list = async |cursor: Option<&_>| {
        caller.publisher_listings(publisher.id, cursor, cursor::SIZE).await
    };
    let part = cursor::part(&caller, list).await?;
    let links = Links::new(caller.origin());
    let path = links::publisher(&publisher.handle);
    let first = links.to(&path);
    let next = part.found.as_ref().and_then(|page| cursor::next(&first, page.next.as_ref()));
    let found = part.found.as_ref().map(|page| page.items.as_slice()).unwrap_or_default();
    let PublisherView { profile, .. } = &publisher;
    let about = match &profile.summary {
        Some(summary) => summary.to_string(),
        None => format!("What {} offers on FleetPrompt.", profile.name),
    };
    let frame = Frame::new(&caller, &path, &format!("{} on FleetPrompt", profile.name), &about);
    let page = Page {
        frame: frame.of_part(next, part.is_first),
        name: profile.name.to_string(),
        handle: publisher.handle.to_string(),
        summary: profile.summary.as_ref().map(ToString::to_string),
        website: profile.website.as_ref().map(ToString::to_string),
        badges: words::badges(&publisher.badges),
        since: words::date(publisher.created_at),
        state: state(&publisher),
        listings: found.iter().map(|listing| Card::of(&links, listing)).collect(),
        is_first: part.is_first,
        expired: part.found.is_none(),
        first,
    };
    respond::part(&caller, &page, page.expired)
}

fn state(publisher: &PublisherView) -> Option<&'static str> {
    match (&publisher.suspended, &publisher.held) {
        (Some(_), _) => Some("This publisher is suspended. Only its members see this page."),
        (None, Some(_)) => {
            Some("This publisher's name waits for an operator. Only its members see this page.")
        }
        (None, None) => None,
    }
}
