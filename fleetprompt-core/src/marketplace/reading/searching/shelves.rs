//! Orders other than relevance.

use serde::{Deserialize, Serialize};

use crate::domain::Position;
use crate::error::Result;
use crate::port::{Find, List, PAGE_MAX, PageSize, Rank, Shelf, ShelfKey, ShelfOrder};
use crate::search::{CatalogueOrder, Cursor, CursorBinding};

use super::answers::Instead;
use super::plan::{Frozen, Plan, Tier};
use crate::marketplace::{Acting, ListingView, Page};

/// Where a page in such an order begins.
#[derive(Serialize, Deserialize)]
struct Resume {
    #[serde(rename = "f")]
    frozen: Frozen,
    #[serde(rename = "p")]
    place: Place,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Place {
    Best(Rank),
    Shelf(ShelfKey),
}

impl Acting {
    /// A page in an order other than relevance.
    pub(super) async fn by_order(
        &self,
        plan: &mut Plan,
        order: CatalogueOrder,
        binding: &CursorBinding,
        cursor: Option<&Cursor>,
        size: PageSize,
    ) -> Result<(Page<ListingView>, Option<Instead>)> {
        let market = self.inner();
        let resume = market.resume::<Resume>(cursor, binding)?;
        let after = match resume {
            Some(Resume { frozen, place }) => {
                plan.frozen = frozen;
                Some(place)
            }
            None => {
                market.freeze(plan).await?;
                None
            }
        };
        let mut found = self.places(plan, order, after.as_ref(), size.and_one()).await?;
        if found.is_empty() && after.is_none() && market.something_near(plan, size).await?.is_some()
        {
            found = self.places(plan, order, None, size.and_one()).await?;
        }
        // The largest page has no room for one more.
        let more = found.len() > usize::from(size.get()) || found.len() == usize::from(PAGE_MAX);
        found.truncate(size.get().into());
        let next = match found.last().filter(|_| more) {
            Some(place) => {
                let resume = Resume { frozen: plan.frozen.clone(), place: place.clone() };
                Some(market.seal(&resume, binding)?)
            }
            None => None,
        };
        let ordinals: Vec<_> = found.iter().map(Place::ordinal).collect();
        Ok((Page { items: market.cards(&self.principal, &ordinals).await?, next }, plan.instead()))
    }

    async fn places(
        &self,
        plan: &Plan,
        order: CatalogueOrder,
        after: Option<&Place>,
        size: PageSize,
    ) -> Result<Vec<Place>> {
        let market = self.inner();
        let matching = plan.tier(Tier::Anywhere);
        let order = match order {
            CatalogueOrder::Relevance | CatalogueOrder::Popularity => {
                let after = match after {
                    Some(Place::Best(rank)) => Some(*rank),
                    _ => None,
                };
                let list = List { after, ..List::best(matching, size.get()) };
                let find = Find { lists: vec![list], weigh: Vec::new() };
                let hits = market.indexed(market.store.find(&find).await)?;
                return Ok(hits.into_iter().flatten().map(|hit| Place::Best(hit.rank)).collect());
            }
            CatalogueOrder::Newest => ShelfOrder::Newest,
            CatalogueOrder::RecentlyUpdated => ShelfOrder::Released,
            CatalogueOrder::Name => ShelfOrder::Name,
        };
        let after = match after {
            Some(Place::Shelf(key)) => Some(key.clone()),
            _ => None,
        };
        let shelf = Shelf { matching, order, after, size };
        let keys = market.indexed(market.store.shelf(&shelf).await)?;
        Ok(keys.into_iter().map(Place::Shelf).collect())
    }
}

impl Place {
    fn ordinal(&self) -> Position {
        match self {
            Place::Best(rank) => rank.ordinal(),
            Place::Shelf(key) => key.ordinal(),
        }
    }
}
