//! What publishers and readers type comes out as text, wherever a page shows it.

use serde_json::json;

use super::crawl::crawled;
use super::dom::{Element, elements};
use super::markup::{is_accessible, runs_nothing};
use crate::support::{ADA, Town, content};

/// Each would run, or break out of where it stands, if it came out as it was typed.
const TYPED: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' autofocus onfocus=alert(1) x='",
    "</title><svg onload=alert(1)>",
    "{{ 7*7 }} &lt;b&gt; <!--",
    "javascript:alert(1)",
];

fn main_text(page: &[Element]) -> String {
    page.iter().find(|it| it.name == "main").unwrap().text.clone()
}

#[tokio::test]
async fn what_a_publisher_types_is_shown_as_text() {
    for typed in TYPED {
        let town = Town::in_memory().await.with_pages();
        let new = json!({"handle": "acme", "profile": {"name": typed, "summary": typed}});
        let call = town.post("/v1/publishers").by(ADA).json(new);
        let publisher = call.send().await.expect(201).at("/id");
        let mut said = content(typed);
        said["summary"] = json!(format!("{typed} reads"));
        said["description"] = json!(format!("# {typed}\n\n{typed} invoices\n\n[{typed}]({typed})"));
        let asset = json!({"kind": "whs_agent", "whsAgentId": "agt_7f3c"});
        let listing = town.draft_of(&publisher, "reader", asset, said).await;
        let notes =
            json!({"version": "1.0.0", "content": {"notes": format!("{typed}\n\n- {typed}")}});
        let path = format!("/v1/listings/{listing}");
        town.post(&format!("{path}/releases")).by(ADA).json(notes).send().await.expect(201);
        town.post(&format!("{path}/publish")).by(ADA).send().await.expect(200);
        let because = json!({"reason": typed});
        let yank = town.post(&format!("{path}/releases/1.0.0/yank")).by(ADA).json(because);
        yank.send().await.expect(200);
        let pages = crawled(&town).await;
        assert!(pages.len() > 5, "{:?}", pages.keys());
        for (path, html) in &pages {
            let page = elements(html);
            runs_nothing(path, &page);
            is_accessible(path, &page);
            assert!(!page.iter().any(|it| it.has("autofocus") || it.get("src") == "x"), "{path}");
        }
        let page = |path: &str| elements(&pages[path]);
        let heading =
            |page: &[Element]| page.iter().find(|it| it.name == "h1").unwrap().text.clone();
        assert_eq!(heading(&page("/acme/reader")), typed);
        assert_eq!(heading(&page("/acme")), typed);
        let release = main_text(&page("/acme/reader/releases/1.0.0"));
        assert!(release.contains(&format!("installed anew: {typed}")), "{release}");
        for path in ["/", "/search", "/acme"] {
            assert!(main_text(&page(path)).contains(&format!("{typed} reads")), "{path}");
        }
    }
}

#[tokio::test]
async fn what_a_reader_types_is_shown_as_text() {
    let town = Town::in_memory().await.with_pages();
    town.published().await;
    let names = [
        "q",
        "kind",
        "category",
        "tags",
        "badge",
        "system",
        "priceClass",
        "updatedSince",
        "sort",
        "cursor",
        "<b>",
    ];
    for typed in TYPED {
        for name in names {
            let query = url::form_urlencoded::Serializer::new(String::new())
                .append_pair(name, typed)
                .finish();
            for path in ["/search", "/", "/acme", "/acme/invoice-reader/releases"] {
                let path = format!("{path}?{query}");
                let got = town.get(&path).send().await;
                assert!(!got.status.is_server_error(), "{path}: {}", got.text());
                let page = elements(&got.text());
                runs_nothing(&path, &page);
                is_accessible(&path, &page);
                assert!(
                    !page.iter().any(|it| it.has("autofocus") || it.get("src") == "x"),
                    "{path}"
                );
                let headers = format!("{:?}", got.headers);
                assert!(!headers.contains("alert"), "{path}: {headers}");
            }
        }
        let query =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("q", typed).finish();
        let page = elements(&town.get(&format!("/search?{query}")).send().await.expect(200).text());
        let field = page.iter().find(|it| it.get("id") == "q").unwrap();
        assert_eq!(field.get("value"), typed, "it can be mended");
    }
}

#[tokio::test]
async fn an_error_repeats_nothing() {
    let town = Town::in_memory().await.with_pages();
    for path in [
        "/Canary7f3c",
        "/acme/Canary7f3c",
        "/acme/a/releases/Canary7f3c",
        "/a/b/c/Canary7f3c",
        "/assets/Canary7f3c",
        "/media/Canary7f3c/x",
    ] {
        let got = town.get(&format!("{path}?Canary7f3c=Canary7f3c")).send().await.expect(404);
        assert_eq!(got.header("content-type"), "text/html; charset=utf-8", "{path}");
        let all = format!("{}{:?}", got.text(), got.headers);
        assert!(!all.contains("Canary7f3c") && !all.contains("canary7f3c"), "{path}: {all}");
        runs_nothing(path, &elements(&got.text()));
    }
    let bad = town.get("/").header("authorization", "Bearer Canary7f3c").send().await.expect(401);
    assert!(!bad.text().contains("Canary7f3c") && bad.text().contains("<h1>"));
    assert_eq!(bad.header("www-authenticate"), "Bearer");
}
