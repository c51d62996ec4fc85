use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::ErrorCode;
use crate::marketplace::tests::fixture::*;

/// `matching` listings with the word in different places, and as many without it.
fn catalogue(matching: usize) -> Fixture {
    let f = Fixture::default();
    for n in 0..matching {
        let popularity = (n as u64 * 7_919) % 101 * 100;
        let (slug, plain) = (format!("n{n:03}"), format!("Thing {n}"));
        let row = match n % 4 {
            0 => row(&slug, &format!("Needle {n}"), "Text."),
            1 => row(&slug, &plain, "A needle in text.").tagged(&["needle"]),
            2 => row(&slug, &plain, "A needle in a longer text, and another needle."),
            _ => Row {
                description: Some(format!("{} needle", "straw ".repeat(n))),
                ..row(&slug, &plain, "Text.")
            },
        };
        row.popular(popularity).add(&f);
        self::row(&format!("x{n:03}"), &format!("Other {n}"), "Straw.").add(&f);
    }
    f
}

#[test]
fn pages_of_every_size_fit_together_to_the_very_end() {
    let f = catalogue(240);
    let asked = request("needle ");
    let all = slugs(&page(&f, &asked, None, 200));
    let whole = walk(&f, &asked, 200);
    assert_eq!(whole.len(), 240);
    assert_eq!(whole[..200], all);
    assert_eq!(whole.iter().collect::<BTreeSet<_>>().len(), 240, "nothing twice");
    for size in [1, 7, 50, 53, 199] {
        assert_eq!(walk(&f, &asked, size), whole, "pages of {size}");
    }
}

#[test]
fn what_stands_still_is_seen_once_while_others_come_and_go() {
    for size in [3, 20, 60] {
        let f = catalogue(200);
        let asked = request("needle ");
        let before: BTreeSet<String> = walk(&f, &asked, 200).into_iter().collect();
        let (mut seen, mut cursor, mut touched) = (Vec::new(), None, BTreeSet::new());
        for round in 0.. {
            let page = page(&f, &asked, cursor.as_ref(), size);
            seen.extend(slugs(&page));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
            // A newcomer that beats everything, one that beats nothing, and one that leaves.
            row(&format!("new{round}"), "Needle", "Needle.").popular(9_000_000).add(&f);
            row(&format!("late{round}"), "Late", "A needle at last.").add(&f);
            let leaving = format!("n{:03}", (round * 17) % 200);
            let ids = page_ids(&f, &leaving);
            if let Some(id) = ids.filter(|_| touched.insert(leaving)) {
                let (class, reason) = (TakedownReason::Abuse, of("Reported."));
                run(f.operator().take_down(id, class, reason, &f.key())).unwrap();
            }
        }
        for slug in before.difference(&touched) {
            let times = seen.iter().filter(|it| *it == slug).count();
            assert_eq!(times, 1, "{slug} with pages of {size}");
        }
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), seen.len(), "nobody is seen twice");
    }
}

fn page_ids(f: &Fixture, slug: &str) -> Option<ListingId> {
    match run(f.anonymous().listing_by_name(&of("acme"), &of(slug))) {
        Ok(crate::marketplace::Found::Here(view)) => Some(view.id),
        _ => None,
    }
}

#[test]
fn a_cursor_is_for_one_search_and_one_reader() {
    let f = catalogue(8);
    let asked = request("needle ");
    let cursor = page(&f, &asked, None, 3).next.unwrap();
    let with = |reader: crate::Acting, asked: &SearchRequest, cursor: &Cursor| {
        run(reader.search(asked, Some(cursor), PageSize::new(3)))
    };
    assert!(with(f.anonymous(), &asked, &cursor).is_ok());
    let invalid = ErrorCode::InvalidCursor;
    assert_eq!(refused(with(f.person("acme-inc", "ada"), &asked, &cursor)), invalid);
    assert_eq!(refused(with(f.anonymous(), &request("needle straw "), &cursor)), invalid);
    let order = CatalogueOrder::Name;
    assert_eq!(
        refused(with(f.anonymous(), &SearchRequest { order, ..asked.clone() }, &cursor)),
        invalid
    );
    let filter = CatalogueFilter { kind: Some(AssetKind::WhsAgent), ..Default::default() };
    assert_eq!(
        refused(with(f.anonymous(), &SearchRequest { filter, ..asked.clone() }, &cursor)),
        invalid
    );
    let counts = SearchRequest { counts: true, ..asked };
    assert!(with(f.anonymous(), &counts, &cursor).is_ok(), "counting changes no list");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is searched for, pages hold each listing once and together what one page holds.
    #[test]
    fn pages_are_the_list(words in prop::collection::vec("[a-d]{1,2}", 1..4), size in 1_u16..9,
        titles in prop::collection::vec(("[a-d]{1,2}( [a-d]{1,2}){0,3}", 0_u64..5_000), 1..40)) {
        let f = Fixture::default();
        for (n, (title, popularity)) in titles.iter().enumerate() {
            row(&format!("n{n}"), title, "Text.").popular(*popularity).add(&f);
        }
        let asked = request(&words.join(" "));
        let whole = slugs(&page(&f, &asked, None, 200));
        prop_assert_eq!(whole.iter().collect::<BTreeSet<_>>().len(), whole.len());
        prop_assert_eq!(walk(&f, &asked, size), whole);
    }
}
