//! A filled marketplace that is asked, and the plain table beside it.

use std::path::PathBuf;

use fleetprompt_core::Acting;
use fleetprompt_core::marketplace::{SearchPage, SearchRequest};
use fleetprompt_core::port::{PageSize, Principal, Store};
use fleetprompt_core::search::{CatalogueFilter, CatalogueOrder, Cursor, Query};
use fleetprompt_sqlite::SqliteStore;
use pollster::block_on;

use crate::fill::Files;
use crate::question::{Filter, Question};
use crate::shared::marketplace;
use crate::texts::Texts;

/// A marketplace with its listings.
pub(crate) struct Side {
    pub(crate) store: SqliteStore,
    /// Somebody who is not signed in.
    pub(crate) visitor: Acting,
    pub(crate) texts: Texts,
    /// The marketplace's file.
    pub(crate) file: PathBuf,
}

impl Side {
    pub(crate) fn open(files: &Files) -> Self {
        let store = SqliteStore::open(&files.market).unwrap();
        let visitor = visitor(store.clone());
        Side { store, visitor, texts: Texts::open(&files.texts), file: files.market.clone() }
    }

    /// A first page of twenty, with the views of the listings, and how many are on it.
    pub(crate) fn answer(&self, question: &Question) -> usize {
        answer(&self.visitor, question)
    }

    /// A first page of a search, also of one without words.
    pub(crate) fn answer_uncounted(&self, question: &Question) -> usize {
        self.search(&request(question), None).items.len()
    }

    /// The same, with totals and facets.
    pub(crate) fn answer_counted(&self, question: &Question) -> usize {
        let request = SearchRequest { counts: true, ..request(question) };
        self.search(&request, None).items.len()
    }

    /// A page of a search.
    pub(crate) fn search(&self, request: &SearchRequest, cursor: Option<&Cursor>) -> SearchPage {
        block_on(self.visitor.search(request, cursor, PageSize::default())).unwrap()
    }
}

/// What a visitor finds on the first page of twenty, with the views of the listings.
pub(crate) fn answer(visitor: &Acting, question: &Question) -> usize {
    if question.is_wordless() {
        let filter = filter(question);
        let page = visitor.browse(filter, CatalogueOrder::Popularity, None, PageSize::default());
        return block_on(page).unwrap().items.len();
    }
    let request = request(question);
    let page = visitor.search(&request, None, PageSize::default());
    block_on(page).unwrap().items.len()
}

/// Somebody who is not signed in.
pub(crate) fn visitor(store: impl Store + 'static) -> Acting {
    marketplace(store).act_as(Principal::Anonymous)
}

/// A question, as a program puts it.
pub(crate) fn request(question: &Question) -> SearchRequest {
    SearchRequest {
        query: Query::parse(&question.typed()),
        filter: filter(question),
        ..SearchRequest::default()
    }
}

fn filter(question: &Question) -> CatalogueFilter {
    let mut filter =
        CatalogueFilter { updated_since: question.since, ..CatalogueFilter::default() };
    for only in &question.filters {
        match only {
            Filter::Kind(kind) => filter.kind = Some(*kind),
            Filter::Category(category) => filter.category = Some(category.clone()),
            Filter::Price(class) => filter.price_class = Some(*class),
            Filter::Publisher(_, id) => filter.publisher = Some(*id),
            Filter::Tag(tag) => filter.tags = vec![tag.clone()].try_into().unwrap(),
        }
    }
    filter
}
