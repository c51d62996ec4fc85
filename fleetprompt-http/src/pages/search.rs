//! The search: a form, what it finds, and ways to find less or more.

mod facets;
mod terms;

use askama::Template;
use fleetprompt_core::domain::{AssetKind, BadgeKind, PriceClass};
use fleetprompt_core::marketplace::{Correction, Instead, SearchPage, SearchRequest};
use fleetprompt_core::search::Query;
use http::StatusCode;

use self::facets::{Group, Removable};
use self::terms::{Terms, Wrong};
use super::card::Card;
use super::frame::Frame;
use super::links::Links;
use super::{address, cursor, respond, words};
use crate::convention::{Answer, Caller};

#[derive(Template)]
#[template(path = "pages/search.html")]
struct Page {
    frame: Frame,
    terms: Terms,
    kinds: Vec<Choice>,
    badges: Vec<Choice>,
    prices: Vec<Choice>,
    orders: Vec<Choice>,
    /// Filters that hold, each with the way to leave it out.
    removable: Vec<Removable>,
    wrong: Vec<Wrong>,
    expired: bool,
    is_first: bool,
    first: String,
    without_filters: String,
    everything: String,
    cut: bool,
    instead: Option<String>,
    total: Option<String>,
    found: Vec<Card>,
    groups: Vec<Group>,
}

/// A choice of a list, and whether it is chosen.
struct Choice {
    word: &'static str,
    name: &'static str,
    chosen: bool,
}

fn choices(chosen: &str, all: impl Iterator<Item = (&'static str, &'static str)>) -> Vec<Choice> {
    all.map(|(word, name)| Choice { word, name, chosen: word == chosen }).collect()
}

pub(super) async fn page(caller: Caller) -> Answer {
    let links = Links::new(caller.origin());
    let terms = Terms::of(caller.uri().query().unwrap_or_default());
    let asked = match terms.parsed() {
        Ok(asked) => asked,
        Err(wrong) => {
            let page = Page { wrong, ..empty(&caller, &links, terms) };
            return respond::refused(StatusCode::BAD_REQUEST, &page);
        }
    };
    let (filter, order) = asked;
    let request =
        SearchRequest { query: Query::parse(terms.get("q")), filter, order, counts: true };
    let list = async |cursor: Option<&_>| caller.search(&request, cursor, cursor::SIZE).await;
    let part = cursor::part(&caller, list).await?;
    let Some(found) = part.found else {
        let page = Page { expired: true, is_first: false, ..empty(&caller, &links, terms) };
        return respond::part(&caller, &page, true);
    };
    respond::page(&caller, &filled(&caller, &links, terms, &found, part.is_first))
}

fn filled(
    caller: &Caller,
    links: &Links,
    terms: Terms,
    found: &SearchPage,
    is_first: bool,
) -> Page {
    let next = found.next.as_ref().map(|next| terms.going_on(links, &next.to_string()));
    let groups = found.counts.as_ref().map(|counts| facets::groups(links, &terms, counts));
    let total = found.counts.as_ref().map(|counts| match (counts.matches, counts.more) {
        (1, false) => "1 listing".to_owned(),
        (matches, more) => format!("{} listings", words::at_least(matches, more)),
    });
    let page = empty(caller, links, terms);
    Page {
        frame: page.frame.of_part(next, is_first).unlisted(),
        is_first,
        cut: found.cut,
        instead: found.instead.as_ref().map(instead),
        total,
        found: found.items.iter().map(|hit| Card::of_hit(links, hit)).collect(),
        groups: groups.unwrap_or_default(),
        ..page
    }
}

/// The page without what it finds.
fn empty(caller: &Caller, links: &Links, terms: Terms) -> Page {
    let q = terms.get("q");
    let title = match q {
        "" => "All listings: FleetPrompt".to_owned(),
        q => format!("{q}: FleetPrompt"),
    };
    let about =
        "Search agents, workflows and spec assets by word, kind, category, tag and publisher.";
    let frame = Frame::new(caller, address::SEARCH, &title, about);
    Page {
        frame: frame.with_own_search().unlisted(),
        kinds: choices(
            terms.get("kind"),
            AssetKind::ALL.iter().map(|kind| (kind.as_str(), words::kind(*kind))),
        ),
        badges: choices(
            terms.get("badge"),
            BadgeKind::ALL.iter().map(|badge| (badge.as_str(), words::badge(*badge).name)),
        ),
        prices: choices(
            terms.get("priceClass"),
            PriceClass::ALL.iter().map(|class| (class.as_str(), words::price(*class))),
        ),
        orders: choices(
            terms.get("sort"),
            words::ORDERS.into_iter().map(|(_, word, name)| (word, name)),
        ),
        removable: facets::removable(links, &terms),
        wrong: Vec::new(),
        expired: false,
        is_first: true,
        first: terms.address(links),
        without_filters: terms.without_filters().address(links),
        everything: links.search(),
        cut: false,
        instead: None,
        total: None,
        found: Vec::new(),
        groups: Vec::new(),
        terms,
    }
}

/// What was searched for in place of what finds nothing, in a sentence.
fn instead(instead: &Instead) -> String {
    let corrected = instead.corrections.iter().map(|Correction { word, searched }| {
        let searched: Vec<String> = searched.iter().map(|word| format!("“{word}”")).collect();
        format!("Nothing has “{word}”: showing {} instead.", searched.join(" or "))
    });
    let left_out: Vec<String> = instead.left_out.iter().map(|word| format!("“{word}”")).collect();
    let left_out = (!left_out.is_empty())
        .then(|| format!("Nothing has all of these words: left out {}.", left_out.join(", ")));
    corrected.chain(left_out).collect::<Vec<_>>().join(" ")
}
