use proptest::prelude::*;

use super::*;

fn marked(text: &str, query: &str) -> String {
    show(text, &Marker::new(stems(&Query::parse(query))).whole(text).marks)
}

fn show(text: &str, marks: &[Range<usize>]) -> String {
    let excerpt = Excerpt { text: text.to_owned(), marks: marks.to_vec(), ..Excerpt::default() };
    let shown = |(part, marked): (&str, bool)| {
        if marked { format!("[{part}]") } else { part.to_owned() }
    };
    excerpt.parts().map(shown).collect()
}

#[test]
fn words_are_marked_as_they_were_written() {
    let table = [
        ("Reads INVOICES and bills.", "invoice bill", "Reads [INVOICES] and [bills]."),
        ("A web-scraper", "webscraper", "A [web-scraper]"),
        ("A web-scraper", "scraper", "A web-[scraper]"),
        ("WebScraper", "web", "[Web]Scraper"),
        ("Die Straße, cafe\u{301}", "STRASSE café", "Die [Straße], [cafe\u{301}]"),
        ("日本語検索エンジン", "検索エンジン", "日本語[検索エンジン]"),
        ("Publisher's c++", "publisher c++", "[Publisher's] [c++]"),
        ("<b>bold</b>", "bold", "<b>[bold]</b>"),
        ("Nothing", "else", "Nothing"),
        ("Nothing", "", "Nothing"),
        ("java and bread", "bread -java", "java and [bread]"),
    ];
    for (text, query, expected) in table {
        assert_eq!(marked(text, query), expected, "{text}: {query}");
    }
}

#[test]
fn an_excerpt_is_the_part_with_most_of_the_query() {
    let text = format!(
        "An invoice first. {}Invoices and receipts are read. {}",
        "Many other words. ".repeat(20),
        "More of them. ".repeat(20)
    );
    let found = Excerpt::of(&text, &Query::parse("invoice receipt"), 60);
    let shown = show(&found.text, &found.marks);
    assert!(shown.contains("[Invoices] and [receipts] are read."), "{shown}");
    assert!(found.before && found.after);
    assert!(found.text.chars().count() <= 60);

    let found = Excerpt::of(&text, &Query::parse("invoice"), 30);
    assert_eq!(show(&found.text, &found.marks), "An [invoice] first. Many other");
    assert!(!found.before && found.after);

    let none = Excerpt::of(&text, &Query::parse("unrelated"), 10);
    assert_eq!(none, Excerpt { text: "An invoice".into(), after: true, ..Excerpt::default() });
}

#[test]
fn an_excerpt_at_the_end_uses_all_its_room() {
    let text = format!("{}the invoice", "word ".repeat(50));
    let found = Excerpt::of(&text, &Query::parse("invoice"), 40);
    assert_eq!(show(&found.text, &found.marks), "word word word word word the [invoice]");
    assert!(found.before && !found.after);
}

#[test]
fn text_without_spaces_is_cut_between_characters() {
    let text = format!("{}検索{}", "日本語".repeat(40), "文書".repeat(40));
    let found = Excerpt::of(&text, &Query::parse("検索"), 11);
    assert_eq!(show(&found.text, &found.marks), "日本語[検索]文書文書文書");
    let long = "a".repeat(100);
    assert_eq!(Excerpt::of(&long, &Query::parse("b"), 7).text, "aaaaaaa");
}

#[test]
fn an_excerpt_as_json() {
    let found = Excerpt::of("Café <i>au</i> lait", &Query::parse("cafe"), 50);
    let json = serde_json::json!({
        "parts": [
            { "text": "Café", "marked": true },
            { "text": " <i>au</i> lait", "marked": false },
        ],
        "before": false,
        "after": false,
    });
    assert_eq!(serde_json::to_value(found).unwrap(), json);
}

#[test]
fn words_are_marked_whose_letters_stand_apart() {
    assert_eq!(marked("At o'clock", "oclock"), "At [o'clock]");
    assert_eq!(marked("oc'coc'cooK", "oc'coc'cooK"), "[oc'coc'cooK]");
    assert_eq!(marked("the c-i-c-d way", "cicd"), "the [c-i-c-d] way");
}

proptest! {
    #[test]
    fn marks_lie_in_the_excerpt(
        text in "(\\PC{0,6}|[ab]{1,3}|[ -]|é|検索|가|สี){0,40}",
        query in "([ab]{1,3}|[ -]|検|索|가){0,6}",
        most in 0_usize..40,
    ) {
        let found = Excerpt::of(&text, &Query::parse(&query), most);
        prop_assert!(text.contains(&found.text));
        prop_assert!(found.text.chars().count() <= most);
        let mut from = 0;
        for mark in &found.marks {
            prop_assert!(mark.start >= from && mark.start < mark.end);
            prop_assert!(found.text.get(mark.clone()).is_some());
            from = mark.end;
        }
        let whole: String = found.parts().map(|(part, _)| part).collect();
        prop_assert_eq!(whole, found.text);
    }

    #[test]
    fn each_word_of_a_text_can_be_marked(text in "\\PC{0,30}") {
        for word in analyse(&text, 100).words {
            let marks = Marker::new(BTreeSet::from([word.token.stem])).whole(&text).marks;
            let inside = |mark: &Range<usize>| mark.start <= word.span.start && word.span.end <= mark.end;
            prop_assert!(marks.iter().any(inside));
        }
    }
}
