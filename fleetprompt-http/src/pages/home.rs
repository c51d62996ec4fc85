//! The first page: what this is, and ways in.

use askama::Template;
use fleetprompt_core::marketplace::SearchRequest;
use fleetprompt_core::port::PageSize;
use fleetprompt_core::search::CatalogueOrder;

use super::card::Card;
use super::frame::Frame;
use super::links::{self, Links};
use super::{address, respond, words};
use crate::convention::{Answer, Caller};

/// How many listings each of its shelves shows.
const SHELF: PageSize = PageSize::new(6);

#[derive(Template)]
#[template(path = "pages/home.html")]
struct Home {
    frame: Frame,
    categories: Vec<Shelf>,
    popular: Vec<Card>,
    updated: Vec<Card>,
    all_popular: String,
    all_updated: String,
}

/// A category, and how much stands in it.
struct Shelf {
    name: String,
    href: String,
    count: String,
}

pub(super) async fn page(caller: Caller) -> Answer {
    let links = Links::new(caller.origin());
    let ordered = |order, counts| SearchRequest { order, counts, ..SearchRequest::default() };
    let popular = ordered(CatalogueOrder::Popularity, true);
    let popular = caller.search(&popular, None, SHELF).await?;
    let updated = ordered(CatalogueOrder::RecentlyUpdated, false);
    let updated = caller.search(&updated, None, SHELF).await?;
    let cards = |page: &fleetprompt_core::marketplace::SearchPage| {
        page.items.iter().map(|hit| Card::of(&links, &hit.listing)).collect()
    };
    let search = links.search();
    let (categories, more) = match &popular.counts {
        Some(counts) => (counts.categories.as_slice(), counts.more),
        None => (Default::default(), false),
    };
    let categories = categories.iter().map(|facet| Shelf {
        name: words::category(facet.value.as_str()),
        href: links::asking(&search, [("category", facet.value.as_str())]),
        count: words::at_least(facet.matches, more),
    });
    let frame = Frame::new(
        &caller,
        address::HOME,
        "FleetPrompt: agents, workflows and spec assets",
        "A marketplace of agents, workflows and spec assets. Search it, compare versions and publishers, \
         and see who has confirmed what.",
    );
    let home = Home {
        frame: frame.with_own_search(),
        categories: categories.collect(),
        popular: cards(&popular),
        updated: cards(&updated),
        all_popular: links::asking(&search, [("sort", "popularity")]),
        all_updated: links::asking(&search, [("sort", "recently_updated")]),
    };
    respond::page(&caller, &home)
}
