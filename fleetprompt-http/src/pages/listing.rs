//! A listing: what it is, who offers it, who has confirmed it, and what installing it means.

use askama::Template;
use fleetprompt_core::ErrorCode;
use fleetprompt_core::domain::{Asset, Handle, ListingId, PriceClass, Slug};
use fleetprompt_core::marketplace::{Found, ListingView, Metrics};
use fleetprompt_core::port::PageSize;

use super::card::{self, Card, Picture};
use super::frame::Frame;
use super::links::{self, Links};
use super::release::Needs;
use super::releases::Row;
use super::respond;
use super::words::{self, Badge, Confirmation, Date};
use crate::convention::{Answer, Caller, PathOf, Problem};

/// How many releases the page itself shows.
const RECENT: PageSize = PageSize::new(5);

/// How many days its figures are of.
const DAYS: u16 = 30;

#[derive(Template)]
#[template(path = "pages/listing.html")]
struct Page {
    frame: Frame,
    title: String,
    summary: String,
    /// Sanitised when it was written: the only text that is not escaped.
    description: Option<String>,
    icon: Option<Picture>,
    screenshots: Vec<Picture>,
    publisher: String,
    handle: String,
    publisher_href: String,
    badges: Vec<Badge>,
    kind: Term,
    category: Term,
    tags: Vec<Term>,
    price: Term,
    free: bool,
    license: Option<String>,
    documentation: Option<String>,
    repository: Option<String>,
    owner: Option<&'static str>,
    upstream: Option<String>,
    schema: Option<String>,
    confirmation: Option<Confirmation>,
    state: Option<&'static str>,
    notice: Option<&'static str>,
    obtainable: bool,
    successor: Option<Card>,
    members: Vec<Card>,
    latest: Option<Row>,
    needs: Needs,
    releases: Vec<Row>,
    all_releases: String,
    figures: Figures,
    updated: Date,
    api: Calls,
}

/// A word, and the search for what else has it.
struct Term {
    name: String,
    href: String,
}

/// How often it was handed over, coarsely.
struct Figures {
    days: u16,
    begun: String,
    redeemed: String,
    buyers: String,
}

impl From<Metrics> for Figures {
    fn from(metrics: Metrics) -> Self {
        let coarse = |count: fleetprompt_core::policy::Aggregate| match count.get() {
            Some(count) => words::number(count),
            None => format!("fewer than {}", fleetprompt_core::policy::AGGREGATE_STEP),
        };
        Figures {
            days: DAYS,
            begun: coarse(metrics.begun),
            redeemed: coarse(metrics.redeemed),
            buyers: coarse(metrics.distinct_buyers),
        }
    }
}

/// The operations by which a program does what the page tells of.
struct Calls {
    id: ListingId,
    claim: String,
    install: String,
}

pub(super) async fn page(caller: Caller, PathOf((handle, slug)): PathOf<(Handle, Slug)>) -> Answer {
    let listing = match caller.listing_by_name(&handle, &slug).await? {
        Found::Here(listing) => listing,
        Found::Moved(at) => return Ok(caller.moved(&links::listing(&at))),
    };
    let page = shown(&caller, &listing).await?;
    respond::page(&caller, &page)
}

async fn shown(caller: &Caller, listing: &ListingView) -> Result<Page, Problem> {
    let links = Links::new(caller.origin());
    let content = &listing.content;
    let publisher = &listing.publisher;
    let path = links::listing_of(&publisher.handle, &listing.slug);
    let description = caller.description_html(listing.id).await?;
    let releases = caller.releases(listing.id, None, RECENT).await?;
    let latest = match &listing.latest {
        Some(version) => Some(caller.release(listing.id, version).await?),
        None => None,
    };
    let kind = listing.asset.kind();
    let search = |name: &str, value: &str| links::asking(&links.search(), [(name, value)]);
    let (state, notice) = (card::state(listing.state), notice(listing));
    let title = format!("{} by {}: FleetPrompt", content.title, publisher.name);
    let frame = Frame::new(caller, &path, &title, content.summary.as_str());
    Ok(Page {
        frame,
        title: content.title.to_string(),
        summary: content.summary.to_string(),
        description: description.as_ref().map(|html| links.shown(listing.id, html)),
        icon: Card::of(&links, listing).icon,
        screenshots: screenshots(&links, listing),
        publisher: publisher.name.to_string(),
        handle: publisher.handle.to_string(),
        publisher_href: links.to(&links::publisher(&publisher.handle)),
        badges: words::badges(&publisher.badges),
        kind: Term { name: words::kind(kind).to_owned(), href: search("kind", kind.as_str()) },
        category: Term {
            name: words::category(content.category.as_str()),
            href: search("category", content.category.as_str()),
        },
        tags: content
            .tags
            .as_slice()
            .iter()
            .map(|tag| Term { name: tag.to_string(), href: search("tags", tag.as_str()) })
            .collect(),
        price: Term {
            name: words::price(content.price_class).to_owned(),
            href: search("priceClass", content.price_class.as_str()),
        },
        free: content.price_class == PriceClass::Free,
        license: content.license.as_ref().map(ToString::to_string),
        documentation: content.documentation.as_ref().map(ToString::to_string),
        repository: content.repository.as_ref().map(ToString::to_string),
        owner: words::owner(kind),
        upstream: listing.asset.upstream_id().map(ToString::to_string),
        schema: match &listing.asset {
            Asset::SpecAsset { schema_version, .. } => Some(schema_version.to_string()),
            _ => None,
        },
        confirmation: words::confirmation(kind, listing.reference),
        state,
        notice,
        obtainable: state.is_none() && latest.is_some(),
        successor: successor(caller, &links, listing).await?,
        members: members(caller, &links, &listing.asset).await?,
        latest: latest.as_ref().map(|release| Row::of(&links, listing, release)),
        needs: latest.as_ref().map(Needs::of).unwrap_or_default(),
        releases: releases.items.iter().map(|it| Row::of(&links, listing, it)).collect(),
        all_releases: links.to(&links::releases(&path)),
        figures: caller.metrics(listing.id, DAYS).await?.into(),
        updated: words::date(listing.updated_at),
        api: Calls {
            id: listing.id,
            claim: links.reference("claimListing"),
            install: links.reference("beginInstall"),
        },
    })
}

/// What somebody who sees more than everybody does should know.
fn notice(listing: &ListingView) -> Option<&'static str> {
    use fleetprompt_core::domain::ListingState::{
        Deleted, Deprecated, Draft, Published, TakenDown, Unlisted,
    };
    if listing.held.is_some() {
        return Some(
            "Its name waits for an operator. Only members of the publisher see this page.",
        );
    }
    match listing.state {
        Published | Deleted => None,
        Deprecated => Some("Its publisher advises against it, and nobody new can have it."),
        Unlisted => Some("It is in no search, and nobody new can have it."),
        Draft => Some("It is being written. Only members of the publisher see this page."),
        TakenDown => {
            Some("An operator has taken it down. Only members of the publisher see this page.")
        }
    }
}

fn screenshots(links: &Links, listing: &ListingView) -> Vec<Picture> {
    let shots = listing.media.screenshots.iter();
    shots.map(|shot| Picture::of(links, listing.id, &shot.image, shot.alt.to_string())).collect()
}

/// Another listing, if the reader may see it: it may have gone in the meantime.
async fn other(caller: &Caller, id: ListingId) -> Result<Option<ListingView>, Problem> {
    match caller.listing(id).await {
        Ok(listing) => Ok(Some(listing)),
        Err(refused) if refused.code() == ErrorCode::ListingNotFound => Ok(None),
        Err(refused) => Err(refused.into()),
    }
}

async fn successor(
    caller: &Caller,
    links: &Links,
    listing: &ListingView,
) -> Result<Option<Card>, Problem> {
    let Some(id) = listing.successor else { return Ok(None) };
    Ok(other(caller, id).await?.map(|found| Card::of(links, &found)))
}

/// What a pack holds, as far as the reader may see it.
async fn members(caller: &Caller, links: &Links, asset: &Asset) -> Result<Vec<Card>, Problem> {
    let Asset::Pack { members } = asset else { return Ok(Vec::new()) };
    let mut cards = Vec::new();
    for id in members.as_slice() {
        cards.extend(other(caller, *id).await?.map(|found| Card::of(links, &found)));
    }
    Ok(cards)
}
