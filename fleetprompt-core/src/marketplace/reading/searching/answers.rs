//! What searches answer.

use serde::Serialize;

use crate::domain::{AssetKind, BadgeKind, Category, ListingId, Tag, Title};
use crate::search::highlight::Marker;
use crate::search::query::QueryClause;
use crate::search::{Cursor, Excerpt};

use super::plan::Plan;
use crate::marketplace::reading::views::{ListingAddress, ListingView, PublisherBrief};

/// How many characters of a description are shown around what was found in it.
const EXCERPT_CHARS: usize = 240;

/// A page of what a search found.
///
/// ```
/// use fleetprompt_core::marketplace::SearchPage;
/// fn heading(page: &SearchPage) -> String {
///     match &page.counts {
///         Some(counts) if counts.more => format!("more than {} found", counts.matches),
///         Some(counts) => format!("{} found", counts.matches),
///         None => String::new(),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SearchPage {
    /// What was found, in the order that was asked for. A page may be short, and still not be the
    /// last one.
    pub items: Vec<SearchHit>,
    /// Where the next page begins; `None` on the last one.
    #[serde(rename = "nextCursor", skip_serializing_if = "Option::is_none")]
    pub next: Option<Cursor>,
    /// What was searched for instead, when the query itself finds nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead: Option<Instead>,
    /// How much was found, and of what, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts: Option<Counts>,
    /// Whether the query is longer than what was looked at of it.
    pub cut: bool,
}

/// A listing that was found.
///
/// ```
/// use fleetprompt_core::marketplace::SearchHit;
/// fn marked(hit: &SearchHit) -> Vec<&str> {
///     hit.marks.title.parts().filter(|(_, marked)| *marked).map(|(part, _)| part).collect()
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SearchHit {
    /// The listing.
    #[serde(flatten)]
    pub listing: ListingView,
    /// Where in it the words are.
    pub marks: Marks,
}

impl SearchHit {
    pub(super) fn new(listing: ListingView, marker: &Marker) -> Self {
        let content = &listing.content;
        let description = content.description.as_ref();
        let marks = Marks {
            title: marker.whole(content.title.as_str()),
            summary: marker.whole(content.summary.as_str()),
            description: description
                .and_then(|text| marker.found(text.as_str(), EXCERPT_CHARS))
                .filter(|excerpt| !excerpt.marks.is_empty()),
        };
        SearchHit { listing, marks }
    }
}

/// Where the words of a search are in a listing. The texts are as they were written, for whoever
/// shows the pieces to escape them.
///
/// ```
/// use fleetprompt_core::marketplace::Marks;
/// assert!(Marks::default().title.marks.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Marks {
    /// The title.
    pub title: Excerpt,
    /// The summary.
    pub summary: Excerpt,
    /// The part of the description with the most of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Excerpt>,
}

/// What was searched for instead of a query that finds nothing.
///
/// ```
/// use fleetprompt_core::marketplace::Instead;
/// let instead = Instead::default();
/// assert!(instead.corrections.is_empty() && instead.left_out.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Instead {
    /// Words that no listing has, and those that were searched for in their place.
    pub corrections: Vec<Correction>,
    /// Words that were left out.
    pub left_out: Vec<String>,
}

/// A word that was taken for a misspelt one.
///
/// ```
/// use fleetprompt_core::marketplace::Correction;
/// let correction =
///     Correction { word: "scrapper".to_owned(), searched: vec!["scraper".to_owned()] };
/// assert_eq!(serde_json::to_value(&correction)?["searched"][0], "scraper");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Correction {
    /// The word of the query, folded.
    pub word: String,
    /// What was searched for: words of the public catalogue, any of them.
    pub searched: Vec<String>,
}

impl Plan {
    /// What is searched for instead of what was asked for.
    pub(super) fn instead(&self) -> Option<Instead> {
        let corrections = self.frozen.corrections.iter().filter_map(|(at, words)| {
            let (_, clause) = self.clauses().find(|(number, _)| number == at)?;
            let QueryClause::Word { token, .. } = clause else { return None };
            let searched = words.iter().map(ToString::to_string).collect();
            Some(Correction { word: token.word.to_string(), searched })
        });
        let instead =
            Instead { corrections: corrections.collect(), left_out: self.left_out().collect() };
        (instead != Instead::default()).then_some(instead)
    }
}

/// How much was found, and of what.
///
/// ```
/// use fleetprompt_core::domain::AssetKind;
/// use fleetprompt_core::marketplace::Counts;
/// fn agents(counts: &Counts) -> u32 {
///     let agents = counts.kinds.iter().find(|facet| facet.value == AssetKind::WhsAgent);
///     agents.map_or(0, |facet| facet.matches)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// How many listings were counted: all that were found, or the best 1,000 of them.
    pub matches: u32,
    /// Whether there are more, so that `matches`, and each facet, says "at least".
    pub more: bool,
    /// By kind of asset.
    pub kinds: Vec<Facet<AssetKind>>,
    /// By category, the most frequent twenty.
    pub categories: Vec<Facet<Category>>,
    /// By tag, the most frequent twenty.
    pub tags: Vec<Facet<Tag>>,
    /// By badge of the publisher.
    pub badges: Vec<Facet<BadgeKind>>,
}

/// How many of the counted listings have a value.
///
/// ```
/// use fleetprompt_core::domain::AssetKind;
/// use fleetprompt_core::marketplace::Facet;
/// let agents = Facet { value: AssetKind::WhsAgent, matches: 12 };
/// assert_eq!(serde_json::to_value(&agents)?["value"], "whs_agent");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Facet<T> {
    /// The value.
    pub value: T,
    /// How many listings have it.
    pub matches: u32,
}

/// What completes what somebody types.
///
/// ```
/// use fleetprompt_core::marketplace::Suggestions;
/// assert!(Suggestions::default().listings.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Suggestions {
    /// Listings, the best first.
    pub listings: Vec<Suggestion>,
    /// Publishers, those with the best listings first.
    pub publishers: Vec<PublisherBrief>,
}

/// A listing that completes what somebody types.
///
/// ```
/// use fleetprompt_core::marketplace::Suggestion;
/// fn link(to: &Suggestion) -> String {
///     format!("/{}/{}", to.address.handle, to.address.slug)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Suggestion {
    /// The listing.
    pub id: ListingId,
    /// Its title.
    pub title: Title,
    /// Where its page is.
    pub address: ListingAddress,
}
