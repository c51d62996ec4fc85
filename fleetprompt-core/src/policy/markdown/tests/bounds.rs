//! Hostile input costs what its length costs: neither the result nor the tree behind it grows by
//! more than a factor, and nothing is nested without end.

use super::super::{HTML_MAX, TEXT_MAX, WORK_MAX, events, sanitise, tidy};
use super::*;

/// Texts of the greatest length, each made to cost more than its length somewhere.
fn hostile() -> Vec<(&'static str, String)> {
    let fill = |piece: &str| piece.repeat(TEXT_MAX / piece.len());
    let halves = |first: &str, second: &str| {
        first.repeat(TEXT_MAX / 2 / first.len()) + &second.repeat(TEXT_MAX / 2 / second.len())
    };
    let numbered = |make: fn(usize) -> String, then: &str| {
        let mut text = String::new();
        for number in 0.. {
            let piece = make(number);
            if text.len() + piece.len() > TEXT_MAX / 2 {
                break;
            }
            text += &piece;
        }
        let left = (TEXT_MAX - text.len()) / then.len();
        text + &then.repeat(left)
    };
    vec![
        ("brackets", fill("[")),
        ("brackets and bangs", fill("![")),
        ("closed links", fill("[](")),
        ("links", fill("[](a)")),
        ("reference definitions", fill("[a]:b\n")),
        ("references", format!("[a]: /{}\n\n{}", "x".repeat(2_000), "[a]".repeat(40_000))),
        ("stars", fill("*")),
        ("stars and words", fill("*a_")),
        ("quotes", fill(">")),
        ("quotes on lines", fill("> > > > > > > >a\n")),
        ("lists", fill("- ")),
        ("numbers", fill("1. ")),
        ("backticks", (1..500).map(|n| "`".repeat(n) + " ").collect()),
        ("fences", fill("```\n")),
        ("tildes", fill("~")),
        (
            "a wide table",
            format!("{}\n{}\n{}", "|a".repeat(400), "|-".repeat(400), "|\n".repeat(60_000)),
        ),
        ("footnotes", numbered(|n| format!("[^{n}]: x\n\n"), "[^1]")),
        ("headings", fill("# a\n")),
        ("entities", fill("&#x0;")),
        ("ampersands", fill("&")),
        ("ampersands and words", fill("a & b ")),
        ("dots in the middle", fill("\u{b7}")),
        ("no-break spaces", fill("\u{a0}")),
        ("ampersands in a value", format!("<p align=\"{}\">", fill("&"))),
        (
            "ampersands in a title",
            format!("<a href=\"/\" title=\"{}\">", "&".repeat(TEXT_MAX - 64)),
        ),
        (
            "dots in words for an image",
            format!("![{}](/a.png)", "\u{b7}".repeat(TEXT_MAX / 2 - 16)),
        ),
        ("ampersands in code", format!("```\n{}", "&".repeat(TEXT_MAX - 8))),
        ("less than", fill("<")),
        ("tags", fill("<b>")),
        ("blocks of tags", format!("<div>\n{}", fill("<div>"))),
        ("links of tags", format!("<div>\n{}", fill("<a href=x>"))),
        ("cells", format!("<div>\n{}", fill("<table><tr><td>"))),
        ("formatting that is reconstructed", {
            let font = |n| format!("<b title={n}>");
            format!("<div>\n{}", numbered(font, "<p>x"))
        }),
        ("end tags", format!("<div>\n{}", halves("<i><div>", "</i>"))),
        ("attributes", format!("<div {}>", "a=\"b\" ".repeat(20_000))),
        ("open attributes", format!("<div>\n{}", fill("<a b=\""))),
        ("comments", format!("<div>\n{}", fill("<!---->"))),
        ("open comments", format!("<div>\n{}", fill("<!--"))),
        ("open declarations", format!("<div>\n{}", fill("<![CDATA["))),
        ("scripts without end", format!("<div>\n{}", fill("<script>"))),
        ("every element without end", format!("<div>\n{}", fill("<svg><math><style><title><xmp>"))),
        ("links to be resolved", fill("[](b)")),
        ("bare links", fill("http://a.b ")),
        ("open addresses", fill("http://")),
        ("code", format!("```js\n{}", "\"\\".repeat(16_000))),
        ("comments in code", format!("```c\n{}", "/*".repeat(16_000))),
    ]
}

#[test]
fn hostile_texts_give_bounded_pages_and_are_safe() {
    for (name, text) in hostile() {
        let made = markdown(&text);
        assert!(made.len() <= HTML_MAX, "{name}: {}", made.len());
        assert!(looked_at(&made) <= WORK_MAX, "{name}: {}", looked_at(&made));
        assert_eq!(inspect::fault(&made), None, "{name}");
        assert_eq!(html(&made), made, "{name} is not stable");
    }
}

/// What the sanitiser gets to parse is well nested, so its tree is no larger than its source.
#[test]
fn the_sanitiser_is_given_no_more_than_a_factor_of_the_text() {
    for (name, text) in hostile() {
        let html = events::unsafe_html(&text).unwrap_or_default();
        let tidy = tidy::tidy(&html);
        assert!(tidy.len() <= 24 * text.len(), "{name}: {} of {}", tidy.len(), text.len());
        let mut depth = 0_usize;
        for part in tidy.split('<').skip(1) {
            let is_void = ["br", "hr", "img"].iter().any(|name| part.starts_with(name));
            depth = match part.strip_prefix('/') {
                Some(_) => depth - 1,
                None => depth + usize::from(!is_void),
            };
            assert!(depth <= 48, "{name}");
        }
        assert_eq!(depth, 0, "{name}: every element is closed");
    }
}

/// What the writer of HTML looks at: from each `&`, and each character that begins as a no-break
/// space does, to the next `<` or `>`.
fn looked_at(html: &str) -> usize {
    let mut looked_at = 0;
    let mut until = 0;
    for (at, byte) in html.bytes().enumerate().rev() {
        match byte {
            b'<' | b'>' => until = 0,
            b'&' if html[at..].starts_with("&lt;") || html[at..].starts_with("&gt;") => until = 0,
            b'&' | 0xC2 => looked_at += until,
            _ => {}
        }
        until += 1;
    }
    looked_at
}

#[test]
fn writing_takes_no_more_work_than_is_allowed() {
    for piece in ["&", "\u{b7}"] {
        let text = piece.repeat(HTML_MAX / piece.len());
        assert_eq!(sanitise(&text, &at_home()), None, "{piece}");
        let made = html(&text);
        assert!(looked_at(&made) <= WORK_MAX, "{piece}");
        assert_eq!(html(&made), made, "{piece} is not stable");
    }
}

#[test]
fn what_takes_too_much_work_is_shown_as_it_was_written() {
    let text = "a \u{b7} & * ".repeat(TEXT_MAX / 9);
    let made = markdown(&text);
    assert!(made.starts_with("<pre>\n<span>a \u{b7} &amp; * a \u{b7}"), "{}", &made[..60]);
    let shown = made.replace("<span>", "").replace("</span>", "");
    assert_eq!(shown, format!("<pre>\n{}</pre>", text.replace('&', "&amp;")));
    // What somebody writes who has much to say is not, nor is much code.
    let prose = "Déjà vu «\u{a0}hier\u{a0}»\u{a0}: R&D, Q&A… 20 °C. ".repeat(20) + "\n\n";
    assert!(markdown(&prose.repeat(100)).starts_with("<p>Déjà vu «&nbsp;hier"));
    let code = format!("```\n{}```\n", "if (a && b) { x -> y < z << 2; }\n".repeat(3_500));
    assert!(markdown(&code).starts_with("<pre>\n<code>if (a &amp;&amp; b)"));
}

#[test]
fn a_text_over_the_bound_is_shown_as_it_was_written() {
    let text = "*".to_owned() + &"a".repeat(TEXT_MAX) + "*";
    let made = markdown(&text);
    assert!(made.starts_with("<pre>\n*aaa"), "{}", &made[..40]);
    assert_eq!(inspect::fault(&made), None);
}

#[test]
fn words_that_are_nested_too_deep_lose_their_tags_and_stay() {
    let text = "<div>".repeat(5_000) + "here" + &"</div>".repeat(5_000) + "after";
    let made = html(&text);
    assert!(made.contains("here") && made.ends_with("after"));
    assert!(made.matches("<div>").count() < 50);
}
