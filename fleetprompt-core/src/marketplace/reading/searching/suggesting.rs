//! Suggestions while somebody types.

use crate::error::Result;
use crate::port::{Clause, Find, Hit, List, Matching, Phrase, Term};
use crate::search::query::QueryClause;
use crate::search::{Query, label};

use super::answers::{Suggestion, Suggestions};
use crate::marketplace::reading::views::{ListingAddress, PublisherBrief};
use crate::marketplace::{Acting, Inner};

/// How many listings and publishers are suggested.
const LISTINGS: u16 = 8;
const PUBLISHERS: usize = 3;
/// How many of the best listings of fitting publishers are looked at, to find different ones.
const LOOKED_AT: u16 = 40;
/// How many completions of the last word count. More than a search takes: many of the most frequent
/// words stand in no name.
const COMPLETIONS: u16 = 64;

impl Acting {
    /// Completes what somebody types: listings with all of the words in their name, and publishers
    /// with all of them in theirs, the best first. The last word may be unfinished. Operators,
    /// phrases and exclusions are not looked at.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn suggest(&self, query: &Query) -> Result<Suggestions> {
        let reader = self.glancing();
        let market = reader.inner();
        let words = market.suggested_words(query).await?;
        if words.is_empty() {
            return Ok(Suggestions::default());
        }
        let list = |label: fn(&Term) -> Option<Term>, limit| {
            let all = words.iter().map(|stems| labelled(stems, label)).collect();
            List::best(Matching { all, ..Matching::default() }, limit)
        };
        let lists = vec![list(label::in_name, LISTINGS), list(label::in_publisher, LOOKED_AT)];
        let found = market.store.find(&Find { lists, weigh: Vec::new() }).await;
        let mut found = market.indexed(found)?.into_iter();
        let ordinals = |hits: Option<Vec<Hit>>| -> Vec<_> {
            hits.unwrap_or_default().iter().map(|hit| hit.rank.ordinal()).collect()
        };
        let named = market.standing(&ordinals(found.next())).await?;
        let listings = named.into_iter().map(|(row, publisher)| Suggestion {
            id: row.value.id,
            title: row.value.content.title,
            address: ListingAddress { handle: publisher.handle, slug: row.value.slug },
        });
        let listings = listings.collect();
        let of_named = market.standing(&ordinals(found.next())).await?;
        let mut publishers: Vec<PublisherBrief> = Vec::new();
        for (_, publisher) in of_named {
            if publishers.len() < PUBLISHERS
                && !publishers.iter().any(|known| known.id == publisher.id)
            {
                publishers.push(PublisherBrief::of(&publisher));
            }
        }
        Ok(Suggestions { listings, publishers })
    }
}

fn labelled(stems: &[Term], label: fn(&Term) -> Option<Term>) -> Clause {
    Clause { any: stems.iter().filter_map(label).map(Phrase::from).collect() }
}

impl Inner {
    /// The words of a query, each with what counts as it.
    async fn suggested_words(&self, query: &Query) -> Result<Vec<Vec<Term>>> {
        let mut words = Vec::new();
        for clause in query.all() {
            let QueryClause::Word { token, joined, prefix } = clause else { continue };
            let mut stems = vec![token.stem.clone()];
            stems.extend(joined.iter().cloned());
            if *prefix {
                let found = self.store.completions(&token.word, COMPLETIONS).await;
                stems.extend(self.indexed(found)?.into_iter().map(|token| token.stem));
            }
            words.push(stems);
        }
        Ok(words)
    }
}
