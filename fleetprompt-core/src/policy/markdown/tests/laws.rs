//! Laws of the sanitiser, over text of any kind and over text made of what breaks sanitisers.

use proptest::prelude::*;

use super::assert_safe;
use super::payloads::PAYLOADS;

/// Pieces that mean something to some parser on the way.
const NASTIES: &[&str] = &[
    "<a href=\"",
    "<a href='",
    "<a href=",
    "javascript:",
    "JaVaScRiPt&colon;",
    "&#106;avascript:",
    "data:text/html,",
    "vbscript:",
    "//evil.example",
    "\" onclick=\"alert(1)\"",
    "' onerror='x' ",
    " style=\"x:expression(1)\"",
    " id=\"x\"",
    " name=x",
    " class=\"admin hl-string\"",
    ">",
    "<",
    "/>",
    "</a>",
    "<b>",
    "</b>",
    "<i>",
    "</i>",
    "<p>",
    "</p>",
    "<div>",
    "</div>",
    "<div align=center>",
    "<table>",
    "</table>",
    "<tr>",
    "<td>",
    "</td>",
    "<th style=\"text-align: left\">",
    "<tbody>",
    "<caption>",
    "<colgroup>",
    "<ul>",
    "<ol start=3>",
    "<li>",
    "</li>",
    "</ul>",
    "<dl>",
    "<dt>",
    "<dd>",
    "<h1>",
    "</h1>",
    "<h3>",
    "</h3>",
    "<pre>",
    "<pre>\n",
    "&#13;",
    "&#xd;\n",
    "</pre>",
    "<code>",
    "</code>",
    "<br>",
    "<hr>",
    "<svg>",
    "</svg>",
    "<math>",
    "<mi>",
    "<mtext>",
    "<mglyph>",
    "<foreignObject>",
    "<desc>",
    "<title>",
    "</title>",
    "<style>",
    "</style>",
    "<script>",
    "</script>",
    "<noscript>",
    "</noscript>",
    "<xmp>",
    "<template>",
    "</template>",
    "<textarea>",
    "</textarea>",
    "<select>",
    "<option>",
    "<iframe srcdoc=",
    "<form>",
    "<input>",
    "<button>",
    "<base href=/>",
    "<meta http-equiv=refresh>",
    "<link rel=x>",
    "<img src=x onerror=x>",
    "<img src=\"",
    "<img alt='",
    "<object>",
    "<embed>",
    "<marquee>",
    "<font color=1>",
    "<nobr>",
    "<!--",
    "-->",
    "--!>",
    "<!",
    "<?",
    "<![CDATA[",
    "]]>",
    "</",
    "&lt;",
    "&gt;",
    "&amp;",
    "&quot;",
    "&#x0a;",
    "&#0;",
    "&nbsp;",
    "&NewLine;",
    "\u{0}",
    "\u{c}",
    "\u{a0}",
    "\r\n",
    "\t",
    "`",
    "```",
    "```js\n",
    "~~~\n",
    "\n",
    "\n\n",
    "    ",
    "> ",
    "- ",
    "- [x] ",
    "1. ",
    "# ",
    "###### ",
    "|a|b|\n|-|:-:|\n",
    "|",
    "[",
    "]",
    "](",
    "](<",
    ")",
    "[x]: javascript:x",
    "[^1]",
    "[^1]: ",
    "[^\"><img>]: ",
    "![",
    "![a](media:",
    "**",
    "__",
    "~~",
    "\\",
    "\"",
    "'",
    "<https://a.example>",
    "<javascript:x>",
    "https://a.example/_x_?a=1&b=2 ",
    "http://u:p@a.example ",
    "mailto:",
    "media:0000000000000000000000000000000000000000000000000000000000000000",
    "é",
    "日本",
    "text",
];

fn made_of_nasties() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(NASTIES), 0..40).prop_map(|parts| parts.concat())
}

/// Two known payloads, cut anywhere and joined.
fn spliced_payloads() -> impl Strategy<Value = String> {
    let part = || (prop::sample::select(PAYLOADS), any::<prop::sample::Index>());
    (part(), part()).prop_map(|((head, at), (tail, from))| {
        let cut = |text: &str, at: prop::sample::Index| {
            text.floor_char_boundary(at.index(text.len() + 1))
        };
        format!("{}{}", &head[..cut(head, at)], &tail[cut(tail, from)..])
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn text_made_of_nasties_is_safe_and_stays_as_it_is(text in made_of_nasties()) {
        assert_safe(&text);
    }

    #[test]
    fn spliced_payloads_are_safe_and_stay_as_they_are(text in spliced_payloads()) {
        assert_safe(&text);
    }
}

proptest! {
    #[test]
    fn any_text_is_safe_and_stays_as_it_is(text in any::<String>()) {
        assert_safe(&text);
    }

    /// Words are neither lost nor made up: what stands in plain prose is what is read.
    #[test]
    fn prose_reads_as_it_was_written(words in prop::collection::vec("[a-z]{1,12}", 1..30)) {
        let prose = words.join(" ");
        prop_assert_eq!(super::markdown(&prose), format!("<p>{prose}</p>\n"));
    }
}
