//! A crawler that follows every link.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::catalogue::{Catalogue, HIDDEN, catalogue};
use super::dom::elements;
use crate::support::Town;

/// The path under which the tests' origin has the router.
const MOUNT: &str = "/shop";

/// The path of the router's that a link leads to, with its query; none for what is elsewhere.
pub(super) fn inside(link: &str) -> Option<String> {
    let path = link.split('#').next().unwrap();
    let below = path.strip_prefix(MOUNT)?;
    match below {
        "" => Some("/".to_owned()),
        below if below.starts_with(['/', '?']) => Some(below.to_owned()),
        _ => None,
    }
}

/// Every page that is reached from the first one, by its path.
pub(super) async fn crawled(town: &Town) -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    let mut seen = BTreeSet::from(["/".to_owned()]);
    let mut open = VecDeque::from(["/".to_owned()]);
    while let Some(path) = open.pop_front() {
        let got = town.get(&path).send().await;
        assert_eq!(got.status, 200, "{path}");
        if !got.header("content-type").starts_with("text/html") || path == "/docs" {
            continue;
        }
        let html = got.text();
        for element in elements(&html) {
            for name in ["href", "src", "action"] {
                let link = element.get(name);
                if element.has(name) && !link.starts_with('#') {
                    let known = link.starts_with("https://") || inside(link).is_some();
                    assert!(known, "{path}: {link}");
                }
                if let Some(next) = inside(link).filter(|next| seen.insert(next.clone())) {
                    open.push_back(next);
                }
            }
        }
        pages.insert(path, html);
    }
    pages
}

/// The listings on a page, and on those that come after it.
async fn listed(town: &Town, first: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut path = Some(first.to_owned());
    while let Some(now) = path {
        let page = elements(&town.get(&now).send().await.expect(200).text());
        let titles =
            page.iter().filter(|it| it.name == "a" && it.is_within("h3") && it.is_within("card"));
        found.extend(titles.filter_map(|title| inside(title.get("href"))));
        let next = page.iter().find(|it| it.name == "a" && it.get("rel") == "next");
        path = next.and_then(|next| inside(next.get("href")));
    }
    found
}

fn sorted(mut paths: Vec<String>) -> Vec<String> {
    paths.sort();
    paths
}

#[tokio::test(flavor = "multi_thread")]
async fn every_public_page_is_reached_and_no_hidden_one() {
    let catalogue = catalogue().await;
    let Catalogue { town, acme, globex, .. } = &catalogue;
    let pages = crawled(town).await;
    for listing in catalogue.public() {
        assert!(pages.contains_key(&listing), "{listing}");
        assert!(pages.contains_key(&format!("{listing}/releases")), "{listing}");
        assert!(pages.contains_key(&format!("{listing}/releases/1.0.0")), "{listing}");
    }
    for path in ["/acme", "/globex", "/search"] {
        assert!(pages.contains_key(path), "{path}");
    }
    let releases = pages.keys().filter(|path| path.starts_with("/acme/invoice-reader/releases/"));
    assert_eq!(releases.count(), 26, "over two pages, the yanked one and the pre-release too");
    for (path, html) in &pages {
        for hidden in HIDDEN {
            assert!(!html.contains(hidden), "{path} tells of {hidden}");
        }
        assert!(!html.contains("secret-shelf") && !html.contains("Secret shelf"), "{path}");
    }
    // Each list has what it should, each once, over all its pages.
    assert_eq!(sorted(listed(town, "/search").await), catalogue.public());
    assert_eq!(sorted(listed(town, "/acme").await), sorted(acme.clone()));
    assert_eq!(sorted(listed(town, "/globex").await), sorted(globex.clone()));
    assert_eq!(sorted(listed(town, "/search?badge=verified").await), sorted(globex.clone()));
    assert_eq!(listed(town, "/search?q=ledger").await, ["/globex/ledger-bot"]);
    assert_eq!(
        listed(town, &catalogue.deprecated).await,
        std::slice::from_ref(&catalogue.successor)
    );
    let members = ["/acme/invoice-reader", "/globex/ledger-bot"];
    assert_eq!(sorted(listed(town, &catalogue.pack).await), members);
}
