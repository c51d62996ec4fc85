use super::fixture::*;
use crate::ErrorCode;
use crate::domain::*;
use crate::marketplace::{ListingView, Page};
use crate::port::PageSize;
use crate::search::{CatalogueFilter, CatalogueOrder, Cursor};

fn browse(
    f: &Fixture,
    filter: &CatalogueFilter,
    order: CatalogueOrder,
    cursor: Option<&Cursor>,
) -> crate::Result<Page<ListingView>> {
    run(f.anonymous().browse(filter.clone(), order, cursor, PageSize::new(2)))
}

/// The slugs of all pages, and how many pages that took.
fn walk(f: &Fixture, filter: &CatalogueFilter, order: CatalogueOrder) -> (Vec<String>, usize) {
    let (mut slugs, mut cursor, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = browse(f, filter, order, cursor.as_ref()).unwrap();
        slugs.extend(page.items.iter().map(|it| it.slug.to_string()));
        pages += 1;
        cursor = page.next;
        if cursor.is_none() {
            return (slugs, pages);
        }
    }
}

#[test]
fn a_visitor_walks_to_the_very_end_in_each_order() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    for slug in ["delta", "alpha", "echo", "bravo"] {
        f.clock.advance(Span::minutes(1));
        let id = f.published(&ada, acme, slug);
        if slug == "alpha" {
            f.clock.advance(Span::hours(1));
            f.release(&ada, id, "1.0.0");
            f.clock.set(crate::port::Clock::now(&f.clock).minus(Span::hours(1)));
        }
    }
    f.draft(&ada, acme, "unseen");
    let everything = CatalogueFilter::default();
    let newest = walk(&f, &everything, CatalogueOrder::Newest);
    assert_eq!(newest, (["bravo", "echo", "alpha", "delta"].map(str::to_owned).to_vec(), 2));
    let by_name = walk(&f, &everything, CatalogueOrder::Name).0;
    assert_eq!(by_name, ["alpha", "bravo", "delta", "echo"]);
    let released = walk(&f, &everything, CatalogueOrder::RecentlyUpdated).0;
    assert_eq!(released.last().unwrap(), "delta");
    assert_eq!(released.len(), 4);
}

#[test]
fn filters_all_apply() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let (acme, beta) = (f.publisher(&ada, "acme"), f.publisher(&ada, "beta"));
    f.published(&ada, acme, "one");
    f.published(&ada, beta, "two");
    let mut new = new_listing(acme, "three");
    new.content.price_class = PriceClass::Entitled;
    let id = run(ada.create_listing(new, &f.key())).unwrap().id;
    run(ada.publish_listing(id, &f.key())).unwrap();
    let of_acme = CatalogueFilter { publisher: Some(acme), ..Default::default() };
    assert_eq!(walk(&f, &of_acme, CatalogueOrder::Name).0, ["one", "three"]);
    let entitled = CatalogueFilter { price_class: Some(PriceClass::Entitled), ..of_acme };
    assert_eq!(walk(&f, &entitled, CatalogueOrder::Name).0, ["three"]);
}

#[test]
fn a_cursor_is_for_one_query_and_one_reader() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    for slug in ["a", "b", "c"] {
        f.published(&ada, acme, slug);
    }
    let (all, order) = (CatalogueFilter::default(), CatalogueOrder::Name);
    let cursor = browse(&f, &all, order, None).unwrap().next.unwrap();
    assert!(browse(&f, &all, order, Some(&cursor)).is_ok());
    let other_order = browse(&f, &all, CatalogueOrder::Newest, Some(&cursor));
    assert_eq!(refused(other_order), ErrorCode::InvalidCursor);
    let filtered = CatalogueFilter { publisher: Some(acme), ..Default::default() };
    assert_eq!(refused(browse(&f, &filtered, order, Some(&cursor))), ErrorCode::InvalidCursor);
    let by_ada = run(ada.browse(all, order, Some(&cursor), PageSize::new(2)));
    assert_eq!(refused(by_ada), ErrorCode::InvalidCursor);
    let forged = of("fpc1.k1.e30.AAAA");
    let members = run(ada.members(acme, Some(&forged), ALL));
    assert_eq!(refused(members), ErrorCode::InvalidCursor);
}

#[test]
fn lists_of_members_page_to_the_end() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    for name in ["bob", "eve", "joe"] {
        f.join(&ada, acme, &f.person("acme", name), PublisherRole::Viewer);
    }
    let first = run(ada.members(acme, None, PageSize::new(2))).unwrap();
    let rest = run(ada.members(acme, first.next.as_ref(), PageSize::new(2))).unwrap();
    assert_eq!((first.items.len(), rest.items.len(), rest.next), (2, 2, None));
    assert!(first.items.iter().all(|member| !rest.items.contains(member)));
}

#[test]
fn everyone_finds_the_publishers_they_belong_to() {
    let f = Fixture::default();
    let (ada, bob) = (f.person("acme", "ada"), f.person("x", "bob"));
    let (acme, beta) = (f.publisher(&ada, "acme"), f.publisher(&ada, "beta"));
    f.join(&ada, beta, &bob, PublisherRole::Viewer);
    let mine = |who: &crate::Acting| {
        let page = run(who.my_publishers(None, ALL)).unwrap();
        page.items.iter().map(|own| (own.publisher.id, own.role)).collect::<Vec<_>>()
    };
    assert_eq!(mine(&ada), [(acme, PublisherRole::Owner), (beta, PublisherRole::Owner)]);
    assert_eq!(mine(&bob), [(beta, PublisherRole::Viewer)]);
    assert_eq!(mine(&f.person("new", "new")), []);
    let nobody = run(f.anonymous().my_publishers(None, ALL));
    assert_eq!(refused(nobody), ErrorCode::Unauthenticated);
}

#[test]
fn views_are_camel_case_and_leave_absent_fields_out() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let id = f.published(&ada, acme, "reader");
    f.release(&ada, id, "1.0.0");
    let view = serde_json::to_value(run(f.anonymous().listing(id)).unwrap()).unwrap();
    assert_eq!(view["publisher"]["handle"], "acme");
    assert_eq!(view["reference"], "pending");
    assert_eq!(view["latest"], "1.0.0");
    assert_eq!(view["releasedAt"], view["createdAt"]);
    assert!(view.get("successor").is_none() && view.get("takedown").is_none());
}

/// A host's executor moves futures between threads.
#[test]
fn what_is_awaited_can_be_sent() {
    fn sent<T: Send>(future: T) {
        drop(future);
    }
    let f = Fixture::default();
    let (ada, id, key) = (f.person("acme", "ada"), ListingId::from_bytes([1; 16]), f.key());
    let publisher = PublisherId::from_bytes([1; 16]);
    sent(ada.browse(CatalogueFilter::default(), CatalogueOrder::Name, None, ALL));
    sent(ada.publisher_listings(publisher, None, ALL));
    sent(ada.listing(id));
    sent(ada.releases(id, None, ALL));
    sent(ada.changes(None, ALL));
    sent(ada.create_listing(new_listing(publisher, "a"), &key));
    sent(ada.publish_release(id, of("1.0.0"), ReleaseContent::default(), &key));
    sent(ada.invite(publisher, PublisherRole::Viewer, &key));
    sent(ada.leave(publisher, &key));
}
