use super::*;
use crate::marketplace::tests::fixture::*;

/// Whatever can be seen of the word `secretword`, in any way.
fn traces(f: &Fixture) -> Vec<String> {
    let mut traces = Vec::new();
    let outsider = f.person("elsewhere", "eve");
    for reader in [f.anonymous(), outsider] {
        for query in ["secretword", "secretwrod", "secretw", "secret", "secretword other", ""] {
            for order in [CatalogueOrder::Relevance, CatalogueOrder::Name] {
                let asked = SearchRequest { order, counts: true, ..request(query) };
                let page = run(reader.search(&asked, None, PageSize::MAX)).unwrap();
                traces.push(serde_json::to_string(&page).unwrap());
            }
            let suggested = run(reader.suggest(&Query::parse(query))).unwrap();
            traces.push(serde_json::to_string(&suggested).unwrap());
        }
        let filter = CatalogueFilter::default();
        let browsed = run(reader.browse(filter, CatalogueOrder::Newest, None, ALL)).unwrap();
        traces.push(serde_json::to_string(&browsed).unwrap());
    }
    traces
}

/// What the traces of a catalogue are without the word.
fn assert_hidden(f: &Fixture, how: &str, empty: &[String]) {
    let traces = traces(f);
    for trace in &traces {
        assert!(!trace.to_lowercase().contains("secretword"), "{how}: {trace}");
    }
    assert_eq!(traces, empty, "{how}: not even a count differs");
}

#[test]
fn what_is_not_public_leaves_no_trace_in_any_answer() {
    let f = Fixture::default();
    let ada = f.person("acme-inc", "ada");
    let acme = f.publisher(&ada, "acme");
    let empty = traces(&f);
    let secret = |visibility| {
        let new = crate::marketplace::NewListing {
            content: ListingContent { visibility, ..content("Secretword agent") },
            ..new_listing(acme, &format!("s-{visibility}"))
        };
        run(ada.create_listing(new, &f.key())).unwrap().id
    };
    let draft = secret(Visibility::Public);
    assert_hidden(&f, "draft", &empty);
    for visibility in [Visibility::Unlisted, Visibility::Organisation] {
        run(ada.publish_listing(secret(visibility), &f.key())).unwrap();
        assert_hidden(&f, visibility.as_str(), &empty);
    }
    run(ada.publish_listing(draft, &f.key())).unwrap();
    assert_eq!(found(&f, "secretw").len(), 1, "the way back and forth is really gone");
    run(ada.unlist_listing(draft, &f.key())).unwrap();
    assert_hidden(&f, "unlisted", &empty);
    run(ada.publish_listing(draft, &f.key())).unwrap();
    let (class, reason) = (TakedownReason::Abuse, of("Reported."));
    run(f.operator().take_down(draft, class, reason, &f.key())).unwrap();
    assert_hidden(&f, "taken down", &empty);
    run(f.operator().restore_listing(draft, &f.key())).unwrap();
    assert_eq!(found(&f, "secretw").len(), 1);
    run(f.operator().suspend_publisher(acme, of("Reported."), &f.key())).unwrap();
    assert_hidden(&f, "of a suspended publisher", &empty);
    run(f.operator().restore_publisher(acme, &f.key())).unwrap();
    assert_eq!(found(&f, "secretw").len(), 1);
    run(ada.delete_listing(draft, &f.key())).unwrap();
    assert_hidden(&f, "deleted", &empty);
}
