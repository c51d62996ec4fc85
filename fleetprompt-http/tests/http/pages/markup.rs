//! What every page is made of.

use std::collections::BTreeSet;

use super::catalogue::catalogue;
use super::crawl::crawled;
use super::dom::{Element, elements};

/// What a page must not have.
#[track_caller]
pub(super) fn runs_nothing(path: &str, page: &[Element]) {
    for element in page {
        let at = format!("{path}: {element:?}");
        let foreign = ["script", "style", "iframe", "object", "embed", "base", "svg", "math"];
        assert!(!foreign.contains(&element.name.as_str()), "{at}");
        for (name, value) in &element.attributes {
            assert!(!name.starts_with("on") && name != "style" && name != "srcdoc", "{at}");
            let leads = ["href", "src", "action", "formaction", "srcset", "poster", "cite"];
            let scheme = value.trim().to_ascii_lowercase();
            let foreign = scheme.starts_with("javascript:") || scheme.starts_with("data:");
            assert!(!leads.contains(&name.as_str()) || !foreign, "{at}");
        }
    }
}

/// What a screen reader and a keyboard need.
#[track_caller]
pub(super) fn is_accessible(path: &str, page: &[Element]) {
    let all = |name: &'static str| page.iter().filter(move |element| element.name == name);
    assert_eq!(all("html").next().unwrap().get("lang"), "en", "{path}");
    assert_eq!(all("h1").count(), 1, "{path}");
    assert_eq!(all("main").count(), 1, "{path}");
    assert!(
        all("header").count() == 1 && all("title").all(|it| !it.text.trim().is_empty()),
        "{path}"
    );
    let skip = all("a").next().unwrap();
    assert_eq!((skip.get("href"), skip.get("class")), ("#main", "skip"), "{path}");
    let mut ids = BTreeSet::new();
    for id in page.iter().filter(|it| it.has("id")).map(|it| it.get("id")) {
        assert!(ids.insert(id), "{path}: {id} is there twice");
    }
    for label in page.iter().filter(|it| it.has("aria-labelledby")) {
        assert!(ids.contains(label.get("aria-labelledby")), "{path}: {label:?}");
    }
    for control in
        page.iter().filter(|it| ["input", "select", "textarea"].contains(&it.name.as_str()))
    {
        let label = all("label").find(|label| label.get("for") == control.get("id"));
        assert!(label.is_some_and(|label| !label.text.trim().is_empty()), "{path}: {control:?}");
    }
    assert!(
        all("img").all(|it| it.has("alt") && (it.has("width") || it.is_within("prose"))),
        "{path}"
    );
    assert!(
        all("a").all(|link| !link.text.trim().is_empty()
            || link.has("aria-label")
            || is_picture(link, page)),
        "{path}"
    );
    assert!(all("time").all(|time| time.get("datetime").ends_with('Z')), "{path}");
    let levels = page
        .iter()
        .filter(|it| !it.is_within("prose"))
        .filter_map(|it| it.name.strip_prefix('h').and_then(|level| level.parse::<u32>().ok()));
    let mut last = 0;
    for level in levels {
        assert!(level <= last + 1, "{path}: h{level} after h{last}");
        last = level;
    }
}

/// A link around a picture says what the picture says.
fn is_picture(link: &Element, page: &[Element]) -> bool {
    page.iter().any(|it| {
        it.name == "img" && it.get("src") == link.get("href") && !it.get("alt").is_empty()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_runs_nothing_and_can_be_read_by_everybody() {
    let catalogue = catalogue().await;
    let mut pages = crawled(&catalogue.town).await;
    for path in [
        "/nowhere",
        "/search?kind=x&updatedSince=x",
        "/search?cursor=x",
        "/acme?cursor=x",
        "/search?q=zzzz",
        "/search?q=ledgre",
    ] {
        pages.insert(path.to_owned(), catalogue.town.get(path).send().await.text());
    }
    for path in ["/acme/hidden-draft", "/acme/hidden-taken-down", "/acme/hidden-unlisted"] {
        let page = catalogue.town.get(path).by(crate::support::ADA).send().await.expect(200);
        pages.insert(path.to_owned(), page.text());
    }
    let (mut titles, mut places) = (BTreeSet::new(), BTreeSet::new());
    for (path, html) in &pages {
        let page = elements(html);
        runs_nothing(path, &page);
        is_accessible(path, &page);
        let meta = page.iter().find(|it| it.get("name") == "description").unwrap();
        assert!(!meta.get("content").is_empty(), "{path}");
        for link in
            page.iter().filter(|it| it.name == "a" && it.get("href").contains("acme.example"))
        {
            assert_eq!(link.get("rel"), "nofollow noopener ugc", "{path}");
        }
        let canonical = page.iter().find(|it| it.get("rel") == "canonical");
        if let Some(canonical) = canonical.filter(|_| !path.contains("hidden")) {
            let place = canonical.get("href").to_owned();
            let title = page.iter().find(|it| it.name == "title").unwrap().text.clone();
            assert!(place.starts_with("https://market.example/shop"), "{path}: {place}");
            assert!(places.insert(place) && titles.insert(title), "{path} has another page's name");
        }
    }
    assert!(places.len() > 60, "{}", places.len());
}

#[tokio::test]
async fn a_listing_says_what_there_is_to_know() {
    let catalogue = catalogue().await;
    let text = async |path: &str| {
        let page = elements(&catalogue.town.get(path).send().await.expect(200).text());
        page.iter().find(|it| it.name == "main").unwrap().text.clone()
    };
    let rich = text("/acme/invoice-reader").await;
    for said in [
        "Acme Robotics",
        "Confirmed by WHS",
        "Reads invoices.",
        "MAILBOX_PASSWORD",
        ">=1.0.0, <3.0.0",
        "1.24.0",
        "never permission to run it",
        "Apache-2.0",
        "fewer than 5",
        "agt_7f3c",
    ] {
        assert!(rich.contains(said), "{said}: {rich}");
    }
    assert!(text("/acme/tool-01").await.contains("Not confirmed by WHS"));
    assert!(text("/acme/older-tool").await.contains("Deprecated."));
    assert!(text("/globex").await.contains("has checked that the publisher is who it says it is"));
    let release = text("/acme/invoice-reader/releases/1.24.0").await;
    for said in
        ["33.5 KiB", "https://cdn.acme.example/reader.tar.gz", "sha256:0a0a", "credit notes"]
    {
        assert!(release.contains(said), "{said}: {release}");
    }
    let yanked = text("/acme/invoice-reader/releases/1.3.0").await;
    assert!(yanked.contains("Yanked.") && yanked.contains("It reads too much."), "{yanked}");
    assert!(text("/acme/invoice-reader/releases/latest").await.contains("Invoice reader 1.24.0"));
}
