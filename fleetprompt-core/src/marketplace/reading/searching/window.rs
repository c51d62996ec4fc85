//! Which listings are shown, in which order: exact names, a window of the best matches by score, and
//! the rest by quality (ADR-0015).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::Listing;
use crate::error::Result;
use crate::port::{Find, Hit, List, Matching, PAGE_MAX, PageSize, Rank, Record, RecordKey, Term};
use crate::search::analysis::name_key;
use crate::search::ranking::{Place, Unit, place};

use super::plan::{Plan, Tier};
use crate::marketplace::Inner;

/// How many of each list make the window.
const WINDOW: u16 = 50;
/// How many listings that are called as the query says go before all others.
const EXACT: usize = 10;
/// How many of those in the same box are compared with the query.
const BOX: u16 = 40;
/// How often the tail is read for one page.
const ROUNDS: usize = 8;

/// Where each list ended when the first page was made. A listing at or above an end is in that list
/// for good; newcomers that rank above it join, and push nobody out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ends {
    #[serde(rename = "e", skip_serializing_if = "Option::is_none", default)]
    exact: Option<Rank>,
    #[serde(rename = "n", skip_serializing_if = "Option::is_none", default)]
    name: Option<Rank>,
    #[serde(rename = "t", skip_serializing_if = "Option::is_none", default)]
    tags: Option<Rank>,
    #[serde(rename = "a", skip_serializing_if = "Option::is_none", default)]
    anywhere: Option<Rank>,
}

/// The last listing of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum At {
    #[serde(rename = "e")]
    Exact(Rank),
    #[serde(rename = "w")]
    Window(u64, Rank),
    #[serde(rename = "t")]
    Tail(Rank),
}

impl At {
    fn rank(self) -> Rank {
        match self {
            At::Exact(rank) | At::Window(_, rank) | At::Tail(rank) => rank,
        }
    }
}

/// A page of ranks.
pub(super) struct Ranks {
    pub(super) ranks: Vec<Rank>,
    /// Where the next page begins, if there is more.
    pub(super) next: Option<At>,
    pub(super) ends: Ends,
    /// The hits of the window, when it was looked at.
    pub(super) window: Vec<Hit>,
}

impl Inner {
    /// The page behind `from`, or the first one.
    pub(super) async fn ranks(
        &self,
        plan: &Plan,
        from: Option<(Ends, At)>,
        size: PageSize,
    ) -> Result<Ranks> {
        let wanted = usize::from(size.get());
        let mut page = match from {
            Some((ends, At::Tail(_))) => {
                Ranks { ranks: Vec::new(), next: None, ends, window: Vec::new() }
            }
            _ => self.head_of_list(plan, from, wanted).await?,
        };
        if page.next.is_some() || page.ends.anywhere.is_none() {
            return Ok(page);
        }
        let after = match from {
            Some((_, At::Tail(rank))) => Some(rank),
            // The whole list was shorter than the window.
            None if page.window.len() < usize::from(WINDOW) => return Ok(page),
            _ => page.ends.anywhere,
        };
        self.tail(plan, after, wanted, &mut page).await?;
        Ok(page)
    }

    /// What goes before the tail.
    async fn head_of_list(
        &self,
        plan: &Plan,
        from: Option<(Ends, At)>,
        wanted: usize,
    ) -> Result<Ranks> {
        let (stems, units) = plan.scoring();
        let ends = from.map(|(ends, _)| ends);
        let [called, name, tags, anywhere] = self.lists(plan, ends, stems).await?;
        let mut exact = self.exact(plan, &called).await?;
        if ends.is_none() {
            exact.truncate(EXACT);
        }
        let ends = ends.unwrap_or_else(|| Ends {
            exact: exact.last().copied(),
            name: last(&name),
            tags: last(&tags),
            anywhere: last(&anywhere),
        });
        let window: Vec<Hit> = by_rank(name.into_iter().chain(tags).chain(anywhere));
        let places = window_order(&window, &exact, &units);
        let exact = exact.into_iter().map(At::Exact);
        let windowed = places.into_iter().map(|place| At::Window(place.lack, place.rank));
        let mut all = exact.chain(windowed).skip_while(|at| match (from, at) {
            (None, _) => false,
            (Some((_, At::Exact(last))), At::Exact(rank)) => *rank <= last,
            (Some((_, At::Window(lack, last))), At::Window(here, rank)) => {
                (*here, *rank) <= (lack, last)
            }
            (Some((_, At::Exact(_) | At::Tail(_))), _) => false,
            (Some((_, At::Window(..))), _) => true,
        });
        let shown: Vec<At> = all.by_ref().take(wanted).collect();
        let next = all.next().and(shown.last().copied());
        let ranks = shown.into_iter().map(At::rank).collect();
        Ok(Ranks { ranks, next, ends, window })
    }

    /// The candidates for exact names and the three lists: as far as they go on a first page, and
    /// to their ends on others.
    async fn lists(
        &self,
        plan: &Plan,
        ends: Option<Ends>,
        weigh: Vec<Term>,
    ) -> Result<[Vec<Hit>; 4]> {
        let until = |end: fn(&Ends) -> Option<Rank>| ends.as_ref().map(end);
        let mut lists = Vec::new();
        let mut add =
            |matching: Option<Matching>, until: Option<Option<Rank>>, limit, within_next| {
                // A list that was empty has no end, and nothing is in it.
                let matching = matching.filter(|_| until != Some(None));
                if let Some(matching) = matching {
                    // What a list had first may end behind the one it is in.
                    let within_next = within_next && until.is_none();
                    let limit = if until.is_some() { PAGE_MAX } else { limit };
                    let until = until.flatten();
                    lists.push(List { until, within_next, ..List::best(matching, limit) });
                    return true;
                }
                false
            };
        let asked = [
            add(plan.called(), until(|ends| ends.exact), BOX, false),
            add(Some(plan.tier(Tier::Name)), until(|ends| ends.name), WINDOW, true),
            add(Some(plan.tier(Tier::Tags)), until(|ends| ends.tags), WINDOW, true),
            add(Some(plan.tier(Tier::Anywhere)), until(|ends| ends.anywhere), WINDOW, false),
        ];
        let find = Find { lists, weigh };
        let mut found = self.indexed(self.store.find(&find).await)?;
        for (list, hits) in find.lists.iter().zip(&mut found) {
            self.read_on(list, &find.weigh, hits).await?;
        }
        let mut found = found.into_iter();
        Ok(asked.map(|asked| if asked { found.next().unwrap_or_default() } else { Vec::new() }))
    }

    /// Reads a list to its end, that newcomers made longer than one reading.
    async fn read_on(&self, list: &List, weigh: &[Term], hits: &mut Vec<Hit>) -> Result<()> {
        while list.until.is_some()
            && !hits.is_empty()
            && hits.len().is_multiple_of(usize::from(PAGE_MAX))
        {
            let list = List { after: last(hits), ..list.clone() };
            let find = Find { lists: vec![list], weigh: weigh.to_vec() };
            let more = self.indexed(self.store.find(&find).await)?.into_iter().flatten();
            let known = hits.len();
            hits.extend(more);
            if hits.len() == known {
                break;
            }
        }
        Ok(())
    }

    /// Of those in the box of the query, the ones that are called so.
    async fn exact(&self, plan: &Plan, boxed: &[Hit]) -> Result<Vec<Rank>> {
        let Some(name) = plan.name.as_deref().filter(|_| !boxed.is_empty()) else {
            return Ok(Vec::new());
        };
        let ordinals: Vec<_> = boxed.iter().map(|hit| hit.rank.ordinal()).collect();
        let listings = self.indexed(self.store.listings(&ordinals).await)?;
        let publishers = listings.iter().flatten().filter_map(|row| match &row.value {
            Record::Listing(listing) => Some(RecordKey::publisher(listing.publisher)),
            _ => None,
        });
        let about = self.about(publishers.collect()).await?;
        let mut exact = Vec::new();
        for (hit, row) in boxed.iter().zip(listings) {
            let Some(Record::Listing(listing)) = row.map(|row| row.value) else { continue };
            let publisher = about.publisher_of(&listing);
            let handle = publisher.and_then(|publisher| name_key(publisher.handle.as_str()));
            if is_called(&listing, name) || handle.as_deref() == Some(name) {
                exact.push(hit.rank);
            }
        }
        Ok(exact)
    }

    /// Adds what comes behind `after` in the order of quality, less what the window showed.
    async fn tail(
        &self,
        plan: &Plan,
        mut after: Option<Rank>,
        wanted: usize,
        page: &mut Ranks,
    ) -> Result<()> {
        let ends = page.ends;
        let limit = PageSize::new(u16::try_from(wanted).unwrap_or(PAGE_MAX)).and_one().get();
        for _ in 0..ROUNDS {
            let list = |matching, until| List { after, until, ..List::best(matching, PAGE_MAX) };
            let mut lists = vec![List { limit, ..list(plan.tier(Tier::Anywhere), None) }];
            let reaches = |end: Option<Rank>| end.filter(|end| Some(*end) > after);
            for (tier, end) in [(Tier::Name, ends.name), (Tier::Tags, ends.tags)] {
                if let Some(end) = reaches(end) {
                    lists.push(list(plan.tier(tier), Some(end)));
                }
            }
            let called = plan.called().zip(reaches(ends.exact));
            let has_called = called.is_some();
            lists.extend(called.map(|(matching, end)| list(matching, Some(end))));
            let find = Find { lists, weigh: Vec::new() };
            let mut found = self.indexed(self.store.find(&find).await)?;
            let called = if has_called { found.pop().unwrap_or_default() } else { Vec::new() };
            let exact = self.exact(plan, &called).await?;
            let mut found = found.into_iter();
            let hits = found.next().unwrap_or_default();
            let mut shown: Vec<Rank> = found.flatten().map(|hit| hit.rank).collect();
            shown.extend(exact);
            for hit in &hits {
                if shown.contains(&hit.rank) {
                    continue;
                }
                if page.ranks.len() == wanted {
                    page.next = after.map(At::Tail);
                    return Ok(());
                }
                page.ranks.push(hit.rank);
                after = Some(hit.rank);
            }
            if hits.len() < usize::from(limit) {
                return Ok(());
            }
            after = last(&hits);
        }
        page.next = after.map(At::Tail);
        Ok(())
    }
}

fn is_called(listing: &Listing, name: &str) -> bool {
    [listing.content.title.as_str(), listing.slug.as_str()]
        .iter()
        .any(|text| name_key(text).as_deref() == Some(name))
}

fn last(hits: &[Hit]) -> Option<Rank> {
    hits.last().map(|hit| hit.rank)
}

/// Each hit once, the best first.
fn by_rank(hits: impl Iterator<Item = Hit>) -> Vec<Hit> {
    let by_rank: BTreeMap<Rank, Hit> = hits.map(|hit| (hit.rank, hit)).collect();
    by_rank.into_values().collect()
}

/// The places of the window's hits that are not shown as exact.
fn window_order(window: &[Hit], exact: &[Rank], units: &[Unit]) -> Vec<Place> {
    let mut places: Vec<Place> = window
        .iter()
        .filter(|hit| !exact.contains(&hit.rank))
        .map(|hit| place(hit, units))
        .collect();
    places.sort();
    places
}
