use super::*;
use crate::marketplace::tests::fixture::*;

#[test]
fn what_is_called_so_goes_first_then_names_then_tags_then_texts() {
    let f = Fixture::default();
    row("text", "Reader of mails", "Scrapes the web as a scraper.").popular(1_000_000).add(&f);
    row("tags", "Reader of pages", "Reads.").tagged(&["web", "scraper"]).popular(100_000).add(&f);
    row("name", "The web scraper of choice", "Reads.").popular(10).add(&f);
    row("exact", "Web Scraper", "Reads.").add(&f);
    assert_eq!(found(&f, "web scraper"), ["exact", "name", "tags", "text"]);
    assert_eq!(found(&f, "web-scraper"), ["exact", "name", "tags", "text"]);
}

#[test]
fn a_publisher_is_found_by_its_handle_and_a_listing_by_its_slug() {
    let f = Fixture::default();
    Row { publisher: "initech", ..row("tps", "Reports", "Fills in forms.") }.add(&f);
    row("praise", "Initech fan club", "All about initech.").popular(1_000_000).add(&f);
    assert_eq!(found(&f, "initech"), ["tps", "praise"]);
    assert_eq!(found(&f, "tps"), ["tps"]);
}

#[test]
fn among_equals_the_popular_one_goes_first() {
    let f = Fixture::default();
    row("unknown", "Mail sorter", "Sorts mail.").add(&f);
    row("known", "Mail sorter too", "Sorts mail.").popular(500_000).add(&f);
    assert_eq!(found(&f, "sorts mail"), ["known", "unknown"]);
}

#[test]
fn every_word_must_be_there() {
    let f = Fixture::default();
    row("both", "Calendar bot", "Plans meetings.").add(&f);
    row("one", "Calendar", "Shows days.").add(&f);
    assert_eq!(found(&f, "calendar bot"), ["both"]);
    assert_eq!(found(&f, "calendar meetings"), ["both"], "wherever they are");
}

#[test]
fn the_last_word_may_be_unfinished_until_a_space_follows() {
    let f = Fixture::default();
    row("postgres", "Postgres helper", "Helps.").add(&f);
    assert_eq!(exactly(&f, "postg"), ["postgres"]);
    assert_eq!(exactly(&f, "helper postg"), ["postgres"]);
    assert_eq!(exactly(&f, "postg "), [""; 0]);
    assert_eq!(exactly(&f, "postg helper"), [""; 0], "only the last one");
}

#[test]
fn the_word_as_typed_goes_before_what_completes_it() {
    let f = Fixture::default();
    row("longer", "Postgres shell", "Runs.").add(&f);
    row("typed", "Post shell", "Runs.").add(&f);
    assert_eq!(found(&f, "shell post"), ["typed", "longer"]);
}

#[test]
fn phrases_exclusions_and_filters_in_the_query() {
    let f = Fixture::default();
    row("phrase", "Deep web search", "Finds.").tagged(&["crawler"]).add(&f);
    row("apart", "Web of deep search", "Finds.").add(&f);
    Row {
        publisher: "globex",
        kind: "agentromatic_workflow",
        ..row("flow", "Deep web workflow", "Runs.")
    }
    .add(&f);
    let found = |query: &str| {
        let mut found = exactly(&f, query);
        found.sort();
        found
    };
    assert_eq!(found("deep web"), ["apart", "flow", "phrase"]);
    assert_eq!(found(r#""deep web""#), ["flow", "phrase"]);
    assert_eq!(found(r#""deep web" -workflow"#), ["phrase"]);
    assert_eq!(found(r#"deep -"deep web""#), ["apart"]);
    assert_eq!(found("deep kind:workflow"), ["flow"]);
    assert_eq!(found("deep -kind:agentromatic_workflow"), ["apart", "phrase"]);
    assert_eq!(found("deep tag:crawler"), ["phrase"]);
    assert_eq!(found("deep publisher:globex"), ["flow"]);
    assert_eq!(found("publisher:globex"), ["flow"], "a filter alone finds all that passes");
    assert_eq!(found("publisher:nobody"), [""; 0]);
    assert_eq!(found("deep -publisher:globex"), ["apart", "phrase"]);
    assert_eq!(found("-web deep"), [""; 0]);
}

#[test]
fn words_are_found_however_they_are_written() {
    let f = Fixture::default();
    row("cafe", "Café-Crème Münster", "Ordnet STRASSE und Straße.").add(&f);
    row("ident", "getUserById helper", "Calls parse_http_request for you.").add(&f);
    row("plural", "Workflows runner", "Summarizes documents.").add(&f);
    row("cjk", "請求書の自動処理", "インボイスを読み取ります。").add(&f);
    row("cyrillic", "Почтовый помощник", "Сортирует письма.").add(&f);
    for (query, slug) in [
        ("cafe creme", "cafe"),
        ("CAFÉ", "cafe"),
        ("mu\u{308}nster", "cafe"),
        ("straße", "cafe"),
        ("strasse", "cafe"),
        ("getUserById", "ident"),
        ("getuserbyid", "ident"),
        ("user by id", "ident"),
        ("parseHttpRequest", "ident"),
        ("http request", "ident"),
        ("workflow", "plural"),
        ("summarize document", "plural"),
        ("請求書", "cjk"),
        ("自動処理", "cjk"),
        ("読み取り", "cjk"),
        ("ПОМОЩНИК", "cyrillic"),
    ] {
        assert_eq!(exactly(&f, query), [slug], "{query}");
    }
}

#[test]
fn any_text_is_a_query() {
    let f = Fixture::default();
    row("one", "Plain agent", "Does things.").add(&f);
    let long = "agent ".repeat(2_000);
    for query in [
        "",
        " ",
        "-",
        "--",
        "\"",
        "\"\"",
        "-\"",
        "kind:",
        "tag:",
        "publisher:",
        "kind:nonsense",
        "AND",
        "OR NOT",
        "NEAR(a b)",
        "agent*",
        "^agent",
        "{name}: agent",
        "name:agent",
        "'; DROP TABLE listing; --",
        "\" OR 1=1 --",
        "%_%",
        "\\",
        "\u{0}",
        "\u{7}\u{1b}[31m",
        "\u{202e}agent",
        "\u{feff}",
        "🤖",
        "a\u{300}\u{301}\u{302}",
        "( ) [ ] { }",
        "& | !",
        "<->",
        &long,
        &"x".repeat(10_000),
        &"\"".repeat(10_000),
        &"-".repeat(10_000),
        &"界".repeat(3_333),
    ] {
        let asked = SearchRequest { counts: true, ..request(query) };
        page(&f, &asked, None, 20);
        run(f.anonymous().suggest(&Query::parse(query))).unwrap();
    }
    assert!(page(&f, &request(&long), None, 20).cut);
    assert_eq!(found(&f, "\"agent"), ["one"], "an open quotation runs to the end");
}

#[test]
fn marks_show_where_the_words_are() {
    let f = Fixture::default();
    let text = format!("{}The <b>agents</b> sort & file.", "Filler text. ".repeat(60));
    Row { description: Some(text), ..row("m", "Größter Agent", "Agents & more.") }.add(&f);
    let page = page(&f, &request("agent "), None, 20);
    let hit = &page.items[0];
    let marked = |text: &crate::search::Excerpt| -> Vec<String> {
        text.parts().filter(|(_, marked)| *marked).map(|(part, _)| part.to_owned()).collect()
    };
    assert_eq!(hit.marks.title.text, hit.listing.content.title.as_str());
    assert_eq!(marked(&hit.marks.title), ["Agent"]);
    assert_eq!(marked(&hit.marks.summary), ["Agents"]);
    let excerpt = hit.marks.description.as_ref().unwrap();
    assert_eq!(marked(excerpt), ["agents"], "{}", excerpt.text);
    assert!(excerpt.before && excerpt.text.contains("<b>"), "the text as it is");
}

#[test]
fn suggestions_complete_names_the_best_first() {
    let f = Fixture::default();
    row("minor", "Postgres backup", "Saves.").add(&f);
    row("major", "Postgres tuner", "Tunes.").popular(900_000).add(&f);
    row("text", "Backup", "Also for postgres.").popular(9_000_000).add(&f);
    Row { publisher: "posthaste", ..row("mail", "Mailer", "Mails.") }.add(&f);
    let suggested = |text: &str| {
        let found = run(f.anonymous().suggest(&Query::parse(text))).unwrap();
        let listings = found.listings.iter().map(|it| it.address.slug.to_string());
        let publishers = found.publishers.iter().map(|it| it.handle.to_string());
        (listings.collect::<Vec<_>>(), publishers.collect::<Vec<_>>())
    };
    let strings = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(suggested("post"), (strings(&["major", "minor"]), strings(&["posthaste"])));
    assert_eq!(suggested("postgres tu"), (strings(&["major"]), strings(&[])));
    assert_eq!(suggested("zzz"), (strings(&[]), strings(&[])));
}
