use proptest::prelude::*;

use super::*;
use crate::search::analysis::name_key;

/// A query in a notation of its own: `word`, `word|stem` for what it may be a part of, `word*` for
/// a prefix, `[two words]` for a phrase, `!` before what to be without.
fn shown(query: &Query) -> String {
    let shown = |clause: &QueryClause| match clause {
        QueryClause::Word { token, joined, prefix } => {
            let star = if *prefix { "*" } else { "" };
            let wholes: String = joined.iter().map(|whole| format!("|{whole}")).collect();
            format!("{}{star}{wholes}", token.word)
        }
        QueryClause::Phrase(tokens) => {
            let words: Vec<_> = tokens.iter().map(|token| token.word.as_str()).collect();
            format!("[{}]", words.join(" "))
        }
    };
    let all = query.all().iter().map(shown);
    let none = query.none().iter().map(|clause| format!("!{}", shown(clause)));
    let with = [("", &query.with), ("!", &query.without)].into_iter().flat_map(|(not, filters)| {
        let kinds = filters.kinds.iter().map(move |kind| format!("{not}kind={kind}"));
        let tags = filters.tags.iter().map(move |tag| format!("{not}tag={tag}"));
        let handles = filters.publishers.iter().map(move |at| format!("{not}publisher={at}"));
        kinds.chain(tags).chain(handles)
    });
    all.chain(none).chain(with).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_is_typed_and_what_it_means() {
    let table = [
        ("web scraper", "web scraper*"),
        ("web scraper ", "web scraper"),
        ("web web scraper web", "web scraper web*"),
        ("  ", ""),
        ("Web-Scraper", "web|webscrap scraper*|webscrap"),
        ("web-scraper\n", "web|webscrap scraper|webscrap"),
        ("CI/CD tool", "ci|cicd cd|cicd tool*"),
        ("LinkedIn", "linkedin*"),
        ("c++ ", "c++"),
        ("\"web scraper\"", "[web scraper]"),
        ("\"web scraper", "[web scraper]"),
        ("“web scraper” «line item»", "[web scraper] [line item]"),
        ("\"scraper\"", "scraper"),
        ("\"\" \" \" \"", ""),
        ("\"a b\"c", "[a b] c*"),
        ("5\" screen", "5 screen*"),
        ("invoice -java", "invoice !java"),
        ("invoice -\"line items\"", "invoice ![line items]"),
        ("-web-scraper bot", "bot* ![web scraper] !webscraper"),
        ("-LinkedIn", "!linkedin"),
        ("a - b -- c --d -", "a b c d"),
        ("line-item", "line|lineitem item*|lineitem"),
        (
            "kind:agent kind:whs_agent KIND:Workflows kind:spec_asset kind:pack",
            "kind=whs_agent kind=agentromatic_workflow kind=spec_asset kind=pack",
        ),
        ("tag:ETL tag:c++ -tag:web etl", "etl* tag=etl tag=c++ !tag=web"),
        (
            "publisher:Acme -publisher:umbrella -kind:pack",
            "publisher=acme !kind=pack !publisher=umbrella",
        ),
        ("tag:\"etl\" kind:\"agent\" x ", "x kind=whs_agent tag=etl"),
        ("kind:boat ", "kind|kindboat boat|kindboat"),
        ("kind: agent", "kind agent*"),
        ("tag:- x ", "tag x"),
        ("kind:agent x", "x* kind=whs_agent"),
        ("x kind:agent", "x kind=whs_agent"),
        ("a OR (b NOT c) NEAR d* ^e; DROP", "a or b not c near d e drop*"),
        ("SELECT/**/1'--", "select 1*"),
        ("(\"web scraper\") ", "[web scraper]"),
        ("検索エンジン ", "検索 索エ エン ンジ ジン"),
        ("\"検索エンジン\"", "[検索 索エ エン ンジ ジン]"),
        ("水 本 ", "水* 本*"),
        ("-水", "!水"),
    ];
    for (text, expected) in table {
        assert_eq!(shown(&Query::parse(text)), expected, "{text}");
    }
}

#[test]
fn a_query_is_named_by_all_it_asks_for() {
    let named = |text: &str| Query::parse(text).name_key().map(str::to_owned);
    for text in ["Web Scraper", "web-scraper ", "\"web scraper\" kind:agent -java"] {
        assert_eq!(named(text), name_key("web scraper"), "{text}");
    }
    assert_eq!(named("web web"), name_key("Web Web"), "however often it is said");
    assert_eq!(named("kind:agent"), None);
    assert_eq!(named(&"web ".repeat(300)), None);
}

#[test]
fn what_is_too_long_is_looked_at_as_far_as_it_goes() {
    let many: String = (0..40).map(|n| format!("word{n} ")).collect();
    let query = Query::parse(&many);
    assert!(query.is_cut());
    assert_eq!(query.all().len(), Query::MAX_CLAUSES);
    let phrase = Query::parse(&format!("\"{many}\""));
    assert!(phrase.is_cut());
    assert!(matches!(phrase.all(), [QueryClause::Phrase(words)] if words.len() == 16));
    let filters: String = (0..40).map(|n| format!("tag:t{n} -tag:u{n} ")).collect();
    let filters = Query::parse(&filters);
    assert!(filters.is_cut());
    assert_eq!(filters.tags().len() + filters.without_tags().len(), Query::MAX_CLAUSES);

    let query = Query::parse(&format!("first {}", "é".repeat(5_000)));
    assert_eq!((shown(&query).as_str(), query.is_cut()), ("first", true), "half a word is none");
    let query = Query::parse(&"é".repeat(5_000));
    assert!(query.is_cut() && query.all().len() == 1);
    assert!(!Query::parse(&"a ".repeat(500)).is_cut(), "one word, however often");
}

/// What of a query a text does not have, evaluated as the index would.
fn missing<'a>(query: &'a Query, text: &str) -> Vec<&'a QueryClause> {
    let read = analyse(text, 1_000);
    let has = |stem: &Term| read.words.iter().chain(&read.joined).any(|w| w.token.stem == *stem);
    let begins = |with: &Term| {
        read.words
            .iter()
            .chain(&read.joined)
            .any(|w| w.token.word.as_str().starts_with(with.as_str()))
    };
    let missing = |clause: &&QueryClause| match clause {
        QueryClause::Word { token, joined, prefix } => {
            !(has(&token.stem) || joined.iter().any(has) || *prefix && begins(&token.word))
        }
        QueryClause::Phrase(tokens) => !read.words.windows(tokens.len()).any(|near| {
            near.iter().map(|word| &word.token.stem).eq(tokens.iter().map(|token| &token.stem))
        }),
    };
    query.all().iter().filter(missing).collect()
}

#[test]
fn words_are_found_however_they_are_put_together() {
    let pairs = [
        ("web-scraper", "A webscraper"),
        ("webscraper", "A Web-Scraper"),
        ("webscraper", "WebScraper"),
        ("web scraper", "WebScraper"),
        ("getUserById", "get_user_by_id"),
        ("get-user-by-id ", "getUserById"),
        ("user ", "getUserById"),
        ("gpt4 ", "GPT-4"),
        ("gpt-4 ", "gpt4"),
        ("gpt 4 ", "GPT4"),
        ("python ", "python3"),
        ("github ", "GitHub-Actions"),
        ("\"github actions\"", "GitHub Actions"),
        ("cicd ", "CI/CD"),
        ("ci/cd ", "CICD"),
        ("nodejs ", "Node.js"),
        ("c ", "C++"),
        ("strasse ", "Straße"),
        ("ΟΔΟΣ ", "οδος"),
        ("cafe ", "CAFÉ"),
        ("invoicing ", "invoices"),
        ("本 ", "日本"),
        ("日 ", "日本"),
        ("日本", "日本語"),
        ("\"本語\"", "日本語"),
        ("githu", "GitHub"),
    ];
    for (query, text) in pairs {
        assert_eq!(
            missing(&Query::parse(query), text),
            Vec::<&QueryClause>::new(),
            "{query}: {text}"
        );
    }
    assert!(!missing(&Query::parse("c++ "), "C").is_empty());
    assert!(!missing(&Query::parse("\"scraper web\""), "web scraper").is_empty());
}

proptest! {
    #[test]
    fn any_text_is_a_query(text in "(\\PC{0,8}|[-\"“: ]|kind:|tag:|publisher:|a|ß|検){0,30}") {
        let query = Query::parse(&text);
        prop_assert_eq!(Ok(query.clone()), text.parse());
        prop_assert!(query.all().len() + query.none().len() <= Query::MAX_CLAUSES);
        for clause in query.all().iter().chain(query.none()) {
            if let QueryClause::Phrase(tokens) = clause {
                prop_assert!((2..=Query::MAX_CLAUSES).contains(&tokens.len()));
            }
        }
        prop_assert_eq!(query.name_key().is_some(), !query.is_empty() && !query.is_cut());
    }

    #[test]
    fn a_text_is_found_by_itself(text in "([a-zA-Z]{1,7}|[0-9]|[-_./ ]|[äßØ検索語กา가]){0,12}") {
        let query = Query::parse(&text);
        prop_assume!(query.none().is_empty() && query.tags().is_empty());
        prop_assert_eq!(missing(&query, &text), Vec::<&QueryClause>::new());
        let quoted = Query::parse(&format!("\"{text}\""));
        prop_assert_eq!(missing(&quoted, &text), Vec::<&QueryClause>::new());
    }

    #[test]
    fn every_word_finds_its_text(text in "\\PC{0,40}") {
        prop_assert_eq!(unfound(&text), Vec::<String>::new());
    }
}

/// The words of a text that do not find it.
fn unfound(text: &str) -> Vec<String> {
    let words = analyse(text, 100).words.into_iter().map(|word| word.token.word.to_string());
    words.filter(|word| !missing(&Query::parse(&format!("{word} ")), text).is_empty()).collect()
}

#[test]
fn what_an_apostrophe_parts_from_its_letter_finds_its_text() {
    // A mark, and the end of a syllable of Hangul, each behind a letter that goes with its apostrophe.
    for text in ["J'\u{301}a", "J'\u{d7cb}\u{712}", "J'\u{d7cb}"] {
        assert_eq!(unfound(text), Vec::<String>::new(), "{text}");
    }
}
