//! Searching as readers see it, over the store in memory.

mod hidden;
mod instead;
mod orders;
mod paging;
mod questions;
mod words;

use crate::domain::*;
use crate::marketplace::tests::fixture::*;
use crate::marketplace::{ImportLine, SearchPage, SearchRequest};
use crate::port::PageSize;
use crate::search::{CatalogueFilter, CatalogueOrder, Cursor, Query};

/// A row of a catalogue; what is left out has a value that no test looks for.
struct Row {
    publisher: &'static str,
    slug: String,
    kind: &'static str,
    title: String,
    summary: String,
    description: Option<String>,
    tags: Vec<&'static str>,
    category: &'static str,
    popularity: u64,
    updated: &'static str,
}

fn row(slug: &str, title: &str, summary: &str) -> Row {
    Row {
        publisher: "acme",
        slug: slug.to_owned(),
        kind: "whs_agent",
        title: title.to_owned(),
        summary: summary.to_owned(),
        description: None,
        tags: Vec::new(),
        category: "misc",
        popularity: 0,
        updated: "2026-01-01",
    }
}

impl Row {
    fn popular(self, popularity: u64) -> Self {
        Row { popularity, ..self }
    }

    fn tagged(self, tags: &[&'static str]) -> Self {
        Row { tags: tags.to_vec(), ..self }
    }

    fn add(self, f: &Fixture) -> ListingId {
        let mut line = serde_json::json!({
            "publisher": self.publisher, "slug": self.slug, "kind": self.kind,
            "upstreamId": self.slug, "schemaVersion": "1.0", "title": self.title,
            "summary": self.summary, "tags": self.tags, "category": self.category,
            "popularity": self.popularity, "updated": self.updated, "version": "1.0.0",
        });
        if let Some(text) = self.description {
            line["description"] = text.into();
        }
        if self.kind != "spec_asset" {
            line.as_object_mut().unwrap().remove("schemaVersion");
        }
        let line = ImportLine::parse(&line.to_string(), false).unwrap();
        run(f.operator().import(line.row)).unwrap().listing
    }
}

/// A search by relevance.
fn request(query: &str) -> SearchRequest {
    SearchRequest { query: Query::parse(query), ..SearchRequest::default() }
}

fn page(f: &Fixture, request: &SearchRequest, cursor: Option<&Cursor>, size: u16) -> SearchPage {
    run(f.anonymous().search(request, cursor, PageSize::new(size))).unwrap()
}

fn slugs(page: &SearchPage) -> Vec<String> {
    page.items.iter().map(|hit| hit.listing.slug.to_string()).collect()
}

/// The slugs that a query finds.
fn found(f: &Fixture, query: &str) -> Vec<String> {
    slugs(&page(f, &request(query), None, 200))
}

/// The slugs that a query finds itself: nothing near, and nothing instead.
fn exactly(f: &Fixture, query: &str) -> Vec<String> {
    let page = page(f, &request(query), None, 200);
    if page.instead.is_some() { Vec::new() } else { slugs(&page) }
}

/// The slugs of all pages.
fn walk(f: &Fixture, request: &SearchRequest, size: u16) -> Vec<String> {
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let page = page(f, request, cursor.as_ref(), size);
        all.extend(slugs(&page));
        cursor = page.next;
        if cursor.is_none() {
            return all;
        }
    }
}
