//! What the tests show.

use std::iter;
use std::ops::Range;

use fleetprompt_core::domain::{
    Asset, BadgeKind, BindingState, ListingContent, ListingId, ListingState, PriceClass,
    PublisherId, Revision, Timestamp, Visibility,
};
use fleetprompt_core::marketplace::{
    BadgeView, ListingAddress, ListingView, Marks, MediaView, PublisherBrief, SearchHit,
    SearchPage, Suggestion, Suggestions,
};
use fleetprompt_core::search::Excerpt;

fn publisher() -> PublisherBrief {
    let badge = BadgeView { kind: BadgeKind::Verified, granted_at: Timestamp::MIN };
    PublisherBrief {
        id: "01890a5d-ac96-774b-bcce-b302099a8057".parse::<PublisherId>().unwrap(),
        handle: "acme".parse().unwrap(),
        name: "Acme Robotics".parse().unwrap(),
        badges: vec![badge],
    }
}

fn id(number: usize) -> ListingId {
    format!("01890a5d-ac96-774b-bcce-{number:012x}").parse().unwrap()
}

/// A listing.
pub(crate) fn listing(number: usize) -> ListingView {
    ListingView {
        id: id(number),
        publisher: publisher(),
        slug: format!("reader-{number}").parse().unwrap(),
        asset: Asset::WhsAgent { whs_agent_id: "agt_7f3c".parse().unwrap() },
        content: ListingContent {
            title: format!("Invoice reader {number}").parse().unwrap(),
            summary: "Reads invoices and files them where they belong.".parse().unwrap(),
            description: None,
            tags: vec!["invoices".to_owned(), "ocr".to_owned()].try_into().unwrap(),
            category: "finance".parse().unwrap(),
            price_class: PriceClass::Free,
            visibility: Visibility::Public,
            documentation: Some("https://acme.example/docs".parse().unwrap()),
            repository: None,
            license: Some("Apache-2.0".parse().unwrap()),
        },
        media: MediaView::default(),
        state: ListingState::Published,
        successor: None,
        takedown: None,
        held: None,
        reference: Some(BindingState::Pending),
        latest: Some("1.3.0".parse().unwrap()),
        revision: Revision::FIRST,
        created_at: "2026-01-20T00:00:00Z".parse().unwrap(),
        updated_at: "2026-02-01T00:00:00Z".parse().unwrap(),
        released_at: "2026-02-03T00:00:00Z".parse().unwrap(),
    }
}

/// A hit without marks.
pub(crate) fn hit(listing: ListingView) -> SearchHit {
    let all = |text: &str| Excerpt { text: text.to_owned(), ..Excerpt::default() };
    let title = all(listing.content.title.as_str());
    let summary = all(listing.content.summary.as_str());
    SearchHit { listing, marks: Marks { title, summary, description: None } }
}

/// One mark.
pub(crate) fn mark(mark: Range<usize>) -> Vec<Range<usize>> {
    iter::once(mark).collect()
}

/// The last page, with so many listings on it.
pub(crate) fn page_of(listings: usize) -> SearchPage {
    let items = (0..listings).map(|number| hit(listing(number))).collect();
    SearchPage { items, next: None, instead: None, counts: None, cut: false }
}

/// A listing and a publisher.
pub(crate) fn suggestions() -> Suggestions {
    let (handle, slug) = ("acme".parse().unwrap(), "reader-0".parse().unwrap());
    let title = "Invoice reader".parse().unwrap();
    let listing = Suggestion { id: id(0), title, address: ListingAddress { handle, slug } };
    Suggestions { listings: vec![listing], publishers: vec![publisher()] }
}
