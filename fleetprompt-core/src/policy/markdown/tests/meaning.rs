//! What becomes of each construct.

use super::*;
use crate::domain::MediaRoot;

const OWN: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const REL: &str = "rel=\"nofollow noopener ugc\"";

#[track_caller]
fn assert_renders(text: &str, expected: &str) {
    assert_eq!(markdown(text).trim_end(), expected, "{text:?}");
}

#[test]
fn headings_stand_under_the_pages_own_and_can_be_linked_to() {
    assert_renders("# Set-up & use", "<h3 id=\"user-content-set-up--use\">Set-up &amp; use</h3>");
    assert_renders("###### Deep", "<h6 id=\"user-content-deep\">Deep</h6>");
    assert_renders("<h1>One</h1>", "<h3>One</h3>");
    assert_renders("<H2 align=\"center\">Two</H2>", "<h4 align=\"center\">Two</h4>");
    let twice = markdown("# 使い方\n# 使い方\n\n[there](#使い方)");
    assert!(
        twice.contains("id=\"user-content-使い方\"")
            && twice.contains("id=\"user-content-使い方-1\"")
    );
    assert!(twice.contains("<a href=\"#user-content-%E4%BD%BF%E3%81%84%E6%96%B9\""), "{twice}");
}

#[test]
fn relative_links_lead_into_the_declared_repository() {
    let at = |repository: &str, text: &str| {
        let repository = repository.parse().unwrap();
        let context = RenderContext::new(Some(&repository), BTreeSet::new());
        let made = RenderedHtml::of_markdown(text, &context);
        let (_, link) = made.as_str().split_once("href=\"").unwrap_or_default();
        link.split('"').next().unwrap_or_default().to_owned()
    };
    for (repository, text, expected) in [
        (
            "https://github.com/acme/bot",
            "[x](docs/a.md#b)",
            "https://github.com/acme/bot/blob/HEAD/docs/a.md#b",
        ),
        (
            "https://github.com/acme/bot.git",
            "[x](./a.md)",
            "https://github.com/acme/bot/blob/HEAD/a.md",
        ),
        ("https://github.com/acme/bot", "[x](/a.md)", "https://github.com/acme/bot/blob/HEAD/a.md"),
        ("https://github.com/acme/bot", "[x](../../issues)", "https://github.com/acme/bot/issues"),
        (
            "https://github.com/acme/bot",
            "![x](a.png)",
            "https://github.com/acme/bot/raw/HEAD/a.png",
        ),
        (
            "https://github.com/acme/all/tree/main/bot",
            "[x](a.md)",
            "https://github.com/acme/all/blob/main/bot/a.md",
        ),
        (
            "https://gitlab.com/acme/team/bot",
            "[x](a.md)",
            "https://gitlab.com/acme/team/bot/-/blob/HEAD/a.md",
        ),
        (
            "https://gitlab.acme.example/team/bot",
            "![x](a.png)",
            "https://gitlab.acme.example/team/bot/-/raw/HEAD/a.png",
        ),
        (
            "https://bitbucket.org/acme/bot",
            "[x](a.md)",
            "https://bitbucket.org/acme/bot/src/HEAD/a.md",
        ),
        ("https://code.example/bot?x=1", "[x](a.md)", "https://code.example/bot/a.md"),
        ("https://code.example", "[x](../../../a.md)", "https://code.example/a.md"),
    ] {
        assert_eq!(at(repository, text), expected, "{repository} {text}");
    }
}

#[test]
fn without_a_repository_relative_links_are_text() {
    let made =
        RenderedHtml::of_markdown("[Guide](docs/a.md) ![Shot](a.png)", &RenderContext::default());
    assert_eq!(made.as_str(), "<p>Guide Shot</p>\n");
}

#[test]
fn links_that_run_or_mislead_are_text() {
    for to in [
        "javascript:alert(1)",
        "data:text/html,x",
        "https://a.example@b.example/",
        "ftp://a.example",
    ] {
        assert_renders(&format!("[x]({to})"), "<p>x</p>");
    }
}

#[test]
fn images_from_elsewhere_become_links_and_badges_their_words() {
    assert_renders(
        "![Shot](https://a.example/s.png)",
        &format!("<p><a href=\"https://a.example/s.png\" {REL}>Shot</a></p>"),
    );
    assert_renders(
        "![](https://a.example/s.png)",
        &format!("<p><a href=\"https://a.example/s.png\" {REL}>image</a></p>"),
    );
    assert_renders(
        "[![build: \"ok\"](https://ci.example/b.svg)](https://ci.example/)",
        &format!("<p><a href=\"https://ci.example/\" {REL}>build: \"ok\"</a></p>"),
    );
    assert_renders(
        "<img src='https://a.example/s.png' alt=Shot width=300>",
        &format!("<a href=\"https://a.example/s.png\" {REL}>Shot</a>"),
    );
    assert_renders("![gone](data:image/png;base64,AA==)", "<p>gone</p>");
}

#[test]
fn media_of_the_listings_own_stay_images_and_others_do_not() {
    let image = format!("<img src=\"media:{OWN}\" alt=\"Our icon\" loading=\"lazy\">");
    assert_renders(&format!("![Our icon](media:{OWN})"), &format!("<p>{image}</p>"));
    let sized = format!("<img src=\"media:{OWN}\" alt=\"\" width=\"64\" loading=\"lazy\">");
    assert_renders(&format!("<img width=64 onload=x src=media:{OWN}>"), &sized);
    assert_renders(&format!("![theirs](media:{})", OWN.replace('0', "1")), "<p>theirs</p>");
    assert_renders(&format!("[x](media:{OWN})"), "<p>x</p>");
}

#[test]
fn only_an_image_of_the_listings_own_gets_an_address() {
    let words =
        format!("`<img src=\"media:{OWN}\">` <img src=media:{OWN} alt='<img src=\"media:{OWN}'>");
    let made = RenderedHtml::of_markdown(&words, &at_home());
    let root: MediaRoot = "https://media.example/m/".parse().unwrap();
    let shown = made.with_media_root(&root);
    assert_eq!(shown.matches("https://media.example/m/").count(), 1, "{shown}");
    assert!(shown.contains(&format!("<img src=\"https://media.example/m/{OWN}\"")));
    assert!(shown.contains(&format!("<code>&lt;img src=\"media:{OWN}\"&gt;</code>")));
}

#[test]
fn a_media_root_cannot_end_an_attribute() {
    for root in [
        "",
        "media/",
        "/media",
        "//evil.example/",
        "/a\"b/",
        "/a b/",
        "https://a.example/?x=/",
        "ftp://a/",
    ] {
        assert!(root.parse::<MediaRoot>().is_err(), "{root:?}");
    }
}

#[test]
fn footnotes_lead_there_and_back() {
    let made = markdown("One[^n] and again[^n].\n\n[^n]: Said.\n\nAfter.");
    for part in [
        "<sup class=\"footnote-reference\"><a href=\"#user-content-fn-1\" id=\"user-content-fnref-1\"",
        "<div class=\"footnote\" id=\"user-content-fn-1\"><sup>1</sup>",
        "<a href=\"#user-content-fnref-1\"",
    ] {
        assert_eq!(made.matches(part).count(), 1, "{part} in {made}");
    }
    assert!(made.find("After.") < made.find("Said."), "notes stand at the end");
}

#[test]
fn tasks_tables_and_alerts_keep_their_meaning() {
    assert_renders(
        "- [x] done\n- [ ] open",
        "<ul>\n<li><span class=\"task\">☑</span> done</li>\n<li><span class=\"task\">☐</span> open</li>\n</ul>",
    );
    assert_renders(
        "|a|b|\n|-|-:|\n|~~1~~|2|",
        "<table><thead><tr><th>a</th><th align=\"right\">b</th></tr></thead><tbody>\n\
         <tr><td><del>1</del></td><td align=\"right\">2</td></tr>\n</tbody></table>",
    );
    assert_renders(
        "> [!TIP]\n> x",
        "<blockquote class=\"markdown-alert-tip\">\n<p>x</p>\n</blockquote>",
    );
}

#[test]
fn bare_addresses_become_links_and_what_ends_a_sentence_does_not() {
    assert_renders(
        "See https://a.example/x_y_z?a=1&b=2.",
        &format!(
            "<p>See <a href=\"https://a.example/x_y_z?a=1&amp;b=2\" {REL}>https://a.example/x_y_z?a=1&amp;b=2</a>.</p>"
        ),
    );
    assert_renders("`https://a.example`", "<p><code>https://a.example</code></p>");
    let nested = markdown("[https://a.example](https://b.example)");
    assert_eq!(nested.matches("<a ").count(), 1);
}

#[test]
fn code_is_highlighted_by_classes_and_shown_as_it_was_written() {
    assert_renders(
        "```rust\nlet x = \"<b>\"; // 1\n```",
        "<pre>\n<code><span class=\"hl-keyword\">let</span> x = <span class=\"hl-string\">\"&lt;b&gt;\"</span>; \
         <span class=\"hl-comment\">// 1</span>\n</code></pre>",
    );
    assert_renders(
        "```sql\nselect 10\n```",
        "<pre>\n<code><span class=\"hl-keyword\">select</span> <span class=\"hl-number\">10</span>\n</code></pre>",
    );
    assert_renders("```klingon\nlet x\n```", "<pre>\n<code>let x\n</code></pre>");
    let long = format!("```js\n{}```", "let x;\n".repeat(6_000));
    assert!(!markdown(&long).contains("hl-"), "long code is left plain");
}

/// Without its tags, highlighted code is the code, in every language.
#[test]
fn highlighting_changes_no_character() {
    let code = "fn a() { 'x' \"y\\\" z\" `t` /* c */ // d\n# e -- f\n\"\"\"g\nh\"\"\" 1_000.5 été 日本 }\n'\n";
    for language in [
        "rs", "ts", "json", "c++", "java", "go", "php", "py", "sh", "rb", "yaml", "docker", "sql",
        "lua",
    ] {
        let made = markdown(&format!("```{language}\n{code}```"));
        let mut text = String::new();
        for part in made.split('<') {
            text += part.split_once('>').map_or(part, |(_, text)| text);
        }
        let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        assert_eq!(text.trim(), code.trim(), "{language}");
        assert!(made.contains("hl-"), "{language}");
    }
}

#[test]
fn harmless_html_survives_and_is_put_right() {
    assert_renders(
        "<details open><summary>More</summary>\n\n*x*\n\n</details>",
        "<details open=\"\"><summary>More</summary>\n<p><em>x</em></p>\n</details>",
    );
    assert_renders(
        "a<br>b <kbd>Ctrl</kbd> H<sub>2</sub>O",
        "<p>a<br>b <kbd>Ctrl</kbd> H<sub>2</sub>O</p>",
    );
    assert_renders(
        "<p align=\"center\">\n  <b>Bot</b>\n</p>",
        "<p align=\"center\">\n  <b>Bot</b>\n</p>",
    );
    assert_eq!(
        html("<table><td>a<td>b<tr><td>c</table>d"),
        "<table><tbody><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></tbody></table>d"
    );
    assert_eq!(html("<p>a<div>b</p>c"), "<p>a</p><div>bc</div>");
    assert_eq!(html("<ul><li>a<li>b</ul><li>c"), "<ul><li>a</li><li>b</li></ul>c");
}
