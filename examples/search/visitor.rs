//! The marketplace, asked as a visitor who has not signed in.

use std::time::Instant;

use fleetprompt_core::domain::ListingId;
use fleetprompt_core::marketplace::{ListingAddress, ListingView, SearchPage, SearchRequest};
use fleetprompt_core::port::{PageSize, Principal};
use fleetprompt_core::search::Cursor;
use fleetprompt_core::{Acting, Marketplace, Result};

use crate::model::Results;

/// Somebody who searches.
pub(crate) struct Visitor(Acting);

impl Visitor {
    pub(crate) fn of(market: &Marketplace) -> Self {
        Visitor(market.act_as(Principal::Anonymous))
    }

    /// The first page of a search, and suggestions.
    pub(crate) async fn search(&self, request: &SearchRequest) -> Result<Results> {
        let begun = Instant::now();
        let page = self.page(request, None, PageSize::default()).await?;
        let took = begun.elapsed();
        let suggestions = self.0.suggest(&request.query).await?;
        Ok(Results { page, suggestions, took })
    }

    /// The page at a cursor. One that came out empty, since its listings left the catalogue, is
    /// passed over.
    pub(crate) async fn page(
        &self,
        request: &SearchRequest,
        cursor: Option<&Cursor>,
        size: PageSize,
    ) -> Result<SearchPage> {
        let mut page = self.0.search(request, cursor, size).await?;
        while page.items.is_empty() {
            let Some(next) = page.next.take() else { break };
            let further = self.0.search(request, Some(&next), size).await?;
            (page.items, page.next) = (further.items, further.next);
        }
        Ok(page)
    }

    /// A listing, and where its successor is.
    pub(crate) async fn listing(
        &self,
        id: ListingId,
    ) -> Result<(ListingView, Option<ListingAddress>)> {
        let listing = self.0.listing(id).await?;
        let successor = match listing.successor {
            // It may be one that visitors do not see.
            Some(id) => self.0.listing(id).await.ok(),
            None => None,
        };
        let address =
            successor.map(|it| ListingAddress { handle: it.publisher.handle, slug: it.slug });
        Ok((listing, address))
    }
}
