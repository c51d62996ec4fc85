use super::*;
use crate::marketplace::Instead;
use crate::marketplace::tests::fixture::*;

fn instead(f: &Fixture, query: &str) -> Option<Instead> {
    page(f, &request(query), None, 20).instead
}

#[test]
fn a_misspelt_word_finds_what_was_meant_and_says_so() {
    let f = Fixture::default();
    row("lang", "Langchain toolkit", "Tools.").add(&f);
    row("other", "Weather toolkit", "Tools.").add(&f);
    for typo in ["langchian", "langhain", "lamgchain", "lanngchain"] {
        let query = format!("{typo} toolkit");
        assert_eq!(found(&f, &query), ["lang"], "{typo}");
        let instead = instead(&f, &query).unwrap();
        assert_eq!(instead.corrections.len(), 1);
        assert_eq!(instead.corrections[0].word, typo);
        assert_eq!(instead.corrections[0].searched, ["langchain"]);
        assert!(instead.left_out.is_empty());
    }
}

#[test]
fn a_correction_holds_on_every_page() {
    let f = Fixture::default();
    for n in 0..7 {
        row(&format!("n{n}"), &format!("Scheduler {n}"), "Plans.").add(&f);
    }
    let asked = request("schedulre");
    let first = page(&f, &asked, None, 3);
    let second = page(&f, &asked, first.next.as_ref(), 3);
    assert_eq!(second.instead, first.instead);
    assert_eq!(walk(&f, &asked, 3).len(), 7);
}

#[test]
fn a_word_that_exists_is_never_corrected() {
    let f = Fixture::default();
    row("form", "Form filler", "Fills.").add(&f);
    row("from", "Letters from home", "Writes.").popular(1_000_000).add(&f);
    // Each word is there, only not together.
    let found = page(&f, &request("form letters"), None, 20);
    let instead = found.instead.unwrap();
    assert!(instead.corrections.is_empty());
    assert_eq!(instead.left_out.len(), 1, "the rarer of the two is searched for alone");
    assert_eq!(found.items.len(), 1);
    assert_eq!(self::instead(&f, "form"), None);
}

#[test]
fn words_that_nobody_wrote_are_left_out_when_nothing_is_near() {
    let f = Fixture::default();
    row("pdf", "Pdf splitter", "Splits.").add(&f);
    let instead = instead(&f, "pdf qqqqqqqqq ").unwrap();
    assert_eq!(instead.left_out, ["qqqqqqqqq"]);
    assert_eq!(found(&f, "pdf qqqqqqqqq "), ["pdf"]);
    assert_eq!(self::instead(&f, "qqqqqqqqq"), None, "nothing was searched for instead");
    assert_eq!(found(&f, "qqqqqqqqq"), [""; 0]);
}

#[test]
fn filters_hold_for_what_is_searched_for_instead() {
    let f = Fixture::default();
    row("agent", "Invoice reader", "Reads.").add(&f);
    let asked = SearchRequest {
        filter: CatalogueFilter { kind: Some(AssetKind::Pack), ..Default::default() },
        ..request("invioce reader")
    };
    let page = page(&f, &asked, None, 20);
    assert!(page.items.is_empty());
    assert_eq!(page.instead, None);
}
