//! Searching the public catalogue.
//!
//! A search is a [`plan`](plan::Plan), put to the store's index as a few lists; the core orders what
//! comes back (ADR-0015). A cursor holds what the first page found out, so that pages fit together
//! while listings change.

mod answers;
mod counting;
mod plan;
mod shelves;
mod spelling;
mod suggesting;
mod window;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::{Handle, Listing, Position, Publisher, PublisherId};
use crate::error::Result;
use crate::port::{ClaimedName, PageSize, Principal, Record, RecordKey, StoreError, Versioned};
use crate::search::highlight::Marker;
use crate::search::{CatalogueFilter, CatalogueOrder, Cursor, CursorBinding, Query};

use super::paging::cursor_binding;
use super::views::{ListingView, stands_in_catalogue};
use crate::marketplace::publishing::references::reference_answered;
use crate::marketplace::{Acting, Inner, Page, typed};
use window::{At, Ends};

pub use answers::{
    Correction, Counts, Facet, Instead, Marks, SearchHit, SearchPage, Suggestion, Suggestions,
};

/// A search of the public catalogue.
///
/// ```
/// use fleetprompt_core::marketplace::SearchRequest;
/// use fleetprompt_core::search::{CatalogueOrder, Query};
/// let request = SearchRequest { query: Query::parse("web scraper"), ..SearchRequest::default() };
/// assert_eq!(request.order, CatalogueOrder::Relevance);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchRequest {
    /// What somebody typed. Without any words, everything that passes the filter is found.
    pub query: Query,
    /// What to leave out.
    pub filter: CatalogueFilter,
    /// In which order to show what is found.
    pub order: CatalogueOrder,
    /// Whether to count all that is found, by kind, category, tag and badge. Costs about as much
    /// again as the search.
    pub counts: bool,
}

/// Where a page of a search begins.
#[derive(Serialize, Deserialize)]
struct Resume {
    #[serde(rename = "f")]
    frozen: plan::Frozen,
    #[serde(rename = "e")]
    ends: Ends,
    #[serde(rename = "p")]
    at: At,
}

impl Acting {
    /// Searches the public catalogue. Pages go forward, to the very end.
    ///
    /// Any text is a query: what looks like an operator and is none is searched for. When nothing
    /// is found, words that nobody wrote are taken for misspelt ones, and then the rarest words are
    /// searched for alone; [`SearchPage::instead`] says so.
    ///
    /// # Errors
    /// `invalid_cursor` for a cursor of another search or reader.
    pub async fn search(
        &self,
        request: &SearchRequest,
        cursor: Option<&Cursor>,
        size: PageSize,
    ) -> Result<SearchPage> {
        let reader = self.glancing();
        let market = reader.inner();
        let asked = (&request.query, &request.filter, request.order);
        let binding = cursor_binding(&self.principal, &("search", asked))?;
        let mut plan = market.plan(&request.query, &request.filter).await?;
        let relevance = request.order == CatalogueOrder::Relevance && !plan.is_wordless();
        let (page, instead) = if relevance {
            reader.by_relevance(&mut plan, &binding, cursor, size).await?
        } else {
            let order = request.order;
            reader.by_order(&mut plan, order, &binding, cursor, size).await?
        };
        let marker = Marker::new(plan.stems());
        let hits = page.items.into_iter().map(|listing| SearchHit::new(listing, &marker));
        Ok(SearchPage {
            items: hits.collect(),
            next: page.next,
            instead,
            counts: if request.counts { Some(market.counts(&plan).await?) } else { None },
            cut: request.query.is_cut(),
        })
    }

    /// The public catalogue, without words. Pages go forward, to the very end.
    ///
    /// # Errors
    /// `invalid_cursor` for a cursor of another filter, order or reader.
    pub async fn browse(
        &self,
        filter: CatalogueFilter,
        order: CatalogueOrder,
        cursor: Option<&Cursor>,
        size: PageSize,
    ) -> Result<Page<ListingView>> {
        let binding = cursor_binding(&self.principal, &("browse", &filter, order))?;
        let reader = self.glancing();
        let mut plan = reader.inner().plan(&Query::default(), &filter).await?;
        Ok(reader.by_order(&mut plan, order, &binding, cursor, size).await?.0)
    }

    async fn by_relevance(
        &self,
        plan: &mut plan::Plan,
        binding: &CursorBinding,
        cursor: Option<&Cursor>,
        size: PageSize,
    ) -> Result<(Page<ListingView>, Option<Instead>)> {
        let market = self.inner();
        let ranks = match market.resume::<Resume>(cursor, binding)? {
            Some(Resume { frozen, ends, at }) => {
                plan.frozen = frozen;
                market.ranks(plan, Some((ends, at)), size).await?
            }
            None => {
                market.freeze(plan).await?;
                let ranks = market.ranks(plan, None, size).await?;
                if ranks.ranks.is_empty() {
                    market.something_near(plan, size).await?.unwrap_or(ranks)
                } else {
                    ranks
                }
            }
        };
        let next = match ranks.next {
            Some(at) => {
                let resume = Resume { frozen: plan.frozen.clone(), ends: ranks.ends, at };
                Some(market.seal(&resume, binding)?)
            }
            None => None,
        };
        let ordinals: Vec<_> = ranks.ranks.iter().map(|rank| rank.ordinal()).collect();
        let items = market.cards(&self.principal, &ordinals).await?;
        Ok((Page { items, next }, plan.instead()))
    }
}

impl Inner {
    /// What the index answered.
    fn indexed<T>(&self, answer: std::result::Result<T, StoreError>) -> Result<T> {
        answer.map_err(|error| self.store_error(&error))
    }

    /// The publisher of a handle.
    async fn publisher_called(&self, handle: &Handle) -> Result<Option<PublisherId>> {
        self.named(&ClaimedName::handle(&handle.skeleton())).await
    }

    /// The listings that the events at `ordinals` created, as `reader` sees them.
    async fn cards(&self, reader: &Principal, ordinals: &[Position]) -> Result<Vec<ListingView>> {
        let found = self.created(ordinals).await?;
        let mut keys = Vec::with_capacity(2 * found.len());
        for Versioned { value: listing, .. } in &found {
            keys.push(RecordKey::publisher(listing.publisher));
            keys.extend(self.binding_key(listing, listing.publisher));
        }
        let about = self.about(keys).await?;
        let mut cards = Vec::with_capacity(found.len());
        for row in found {
            let Some(publisher) = about.publisher_of(&row.value) else { continue };
            let binding = self.binding_key(&row.value, publisher.id);
            let binding = match binding.and_then(|key| about.0.get(&key)) {
                Some(Record::Binding(binding)) => Some(&**binding),
                _ => None,
            };
            let reference = reference_answered(&row.value, publisher, binding);
            let successor = self.successor_seen(reader, &row.value).await?;
            cards.push(ListingView::of(row, publisher, reference, successor));
        }
        Ok(cards)
    }

    /// The listings that the events at `ordinals` created, with their publishers; without those
    /// that left the catalogue since the index was read.
    async fn standing(
        &self,
        ordinals: &[Position],
    ) -> Result<Vec<(Versioned<Listing>, Publisher)>> {
        let found = self.created(ordinals).await?;
        let publishers = found.iter().map(|row| RecordKey::publisher(row.value.publisher));
        let about = self.about(publishers.collect()).await?;
        let standing = found.into_iter().filter_map(|row| {
            let publisher = about.publisher_of(&row.value)?.clone();
            Some((row, publisher))
        });
        Ok(standing.collect())
    }

    /// The listings that the events at `ordinals` created, as far as there are any.
    async fn created(&self, ordinals: &[Position]) -> Result<Vec<Versioned<Listing>>> {
        let found = self.indexed(self.store.listings(ordinals).await)?;
        Ok(found.into_iter().flatten().filter_map(typed::<Listing>).collect())
    }

    /// The records under these keys, each read once.
    async fn about(&self, mut keys: Vec<RecordKey>) -> Result<About> {
        keys.sort();
        keys.dedup();
        let found = self.indexed(self.store.get_all(&keys).await)?;
        let found = keys.into_iter().zip(found);
        Ok(About(found.filter_map(|(key, row)| Some((key, row?.value))).collect()))
    }
}

/// What is kept about some listings.
struct About(BTreeMap<RecordKey, Record>);

impl About {
    /// Whose listing it is; `None` if the listing does not stand in the catalogue.
    fn publisher_of(&self, listing: &Listing) -> Option<&Publisher> {
        match self.0.get(&RecordKey::publisher(listing.publisher))? {
            Record::Publisher(publisher) if stands_in_catalogue(listing, publisher) => {
                Some(publisher)
            }
            _ => None,
        }
    }
}
