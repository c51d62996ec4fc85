//! Rendering and sanitising a README, against pulldown-cmark and ammonia called directly.

use std::collections::{HashMap, HashSet};

use ammonia::{Builder, UrlRelative};
use fleetprompt_core::{domain::RenderedHtml, policy::RenderContext};
use pulldown_cmark::{Options, Parser, html::push_html};

use crate::figure::{Goal, figure};
use crate::sample::readme;
use crate::timing::medians;

const REPOSITORY: &str = "https://github.com/acme/sorter";

/// Prints the figures of rendering.
pub(crate) fn figures() {
    let repository = REPOSITORY.parse().expect("a web address");
    let context = RenderContext::new(Some(&repository), Default::default());
    let sanitiser = sanitiser();
    // The libraries highlight nothing, so that there is no goal for it.
    let goals = [(false, "sanitise_readme", Some(Goal::AtMost(1.3))), (true, "highlighted", None)];
    for (highlighted, name, goal) in goals {
        let text = readme(highlighted);
        let (ours, directly) =
            medians(|| RenderedHtml::of_markdown(&text, &context), || direct(&text, &sanitiser));
        println!("{name}: {} bytes, {ours:?}, directly {directly:?}", text.len());
        let ratio = ours.as_secs_f64() / directly.as_secs_f64();
        match goal {
            Some(goal) => figure(name, ratio, "x direct", goal),
            None => println!("{name}: {ratio:.2} x direct"),
        }
    }
}

/// What a caller of both libraries writes.
fn direct(text: &str, sanitiser: &Builder<'_>) -> String {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_GFM;
    let mut html = String::new();
    push_html(&mut html, Parser::new_ext(text, options));
    sanitiser.clean(&html).to_string()
}

/// A sanitiser that lets the same pass, as far as its options go.
fn sanitiser() -> Builder<'static> {
    let tags = "a abbr b blockquote br cite code dd del details dfn div dl dt em h3 h4 h5 h6 hr i img \
        ins kbd li mark ol p pre q s samp small span strong sub summary sup table tbody td tfoot th \
        thead tr u ul var h1 h2";
    let attributes: [(&str, &[&str]); 6] = [
        ("a", &["href", "id", "title"]),
        ("img", &["alt", "height", "src", "title", "width"]),
        ("td", &["align", "colspan", "rowspan"]),
        ("th", &["align", "colspan", "rowspan"]),
        ("p", &["align"]),
        ("ol", &["start"]),
    ];
    let set = |names: &[&'static str]| names.iter().copied().collect::<HashSet<_>>();
    let attributes: HashMap<_, _> =
        attributes.iter().map(|(element, names)| (*element, set(names))).collect();
    let base = format!("{REPOSITORY}/blob/HEAD/").parse().expect("a web address");
    let mut builder = Builder::empty();
    builder
        .tags(tags.split_ascii_whitespace().collect())
        .clean_content_tags(set(&["script", "style"]))
        .tag_attributes(attributes)
        .url_schemes(set(&["http", "https", "mailto"]))
        .url_relative(UrlRelative::RewriteWithBase(base))
        .link_rel(Some("nofollow noopener ugc"))
        .id_prefix(Some("user-content-"));
    builder
}
