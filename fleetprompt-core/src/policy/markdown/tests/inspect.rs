//! What rendered HTML must not hold, judged by a parse of its own: the tree that a browser would
//! build, walked node by node. It shares no table with the sanitiser, so that a mistake in the
//! allow-list shows here.

use html5ever::tendril::TendrilSink;
use html5ever::tree_builder::TreeBuilderOpts;
use html5ever::{ParseOpts, QualName, local_name, ns, parse_document, parse_fragment};
use markup5ever_rcdom::{Handle, NodeData, RcDom};

const ELEMENTS: &str = "a abbr b blockquote br cite code dd del details dfn div dl dt em h3 h4 h5 h6 \
    hr i img ins kbd li mark ol p pre q s samp small span strong sub summary sup table tbody td tfoot \
    th thead tr u ul var";
const CLASSES: &str = "hl-comment hl-keyword hl-number hl-string task footnote footnote-reference \
    markdown-alert-caution markdown-alert-important markdown-alert-note markdown-alert-tip \
    markdown-alert-warning";
const DEPTH_MAX: usize = 60;

/// Says what is wrong with `html`, if anything is: in a page, in a fragment, and with scripts on.
pub(crate) fn fault(html: &str) -> Option<String> {
    let options = |scripting_enabled| ParseOpts {
        tree_builder: TreeBuilderOpts { scripting_enabled, ..TreeBuilderOpts::default() },
        ..ParseOpts::default()
    };
    let context = || QualName::new(None, ns!(html), local_name!("div"));
    for scripting in [true, false] {
        let dom = parse_fragment(RcDom::default(), options(scripting), context(), vec![], false)
            .one(html);
        // The fragment stands in an `html` element of its own.
        let root = dom.document.children.borrow().first().cloned();
        if let Some(fault) = root.and_then(|root| children(&root)) {
            return Some(fault);
        }
        let page = format!("<!DOCTYPE html><title>t</title><body><div id=\"page\">{html}</div>");
        let dom = parse_document(RcDom::default(), options(scripting)).one(page.as_str());
        let Some(body) = named(&dom.document, "body") else { return Some("no body".into()) };
        let inside = body.children.borrow().clone();
        let [only] = inside.as_slice() else { return Some("breaks out of its place".into()) };
        if let Some(fault) = children(only) {
            return Some(fault);
        }
    }
    None
}

fn named(root: &Handle, wanted: &str) -> Option<Handle> {
    let mut left = vec![root.clone()];
    while let Some(node) = left.pop() {
        if matches!(&node.data, NodeData::Element { name, .. } if &*name.local == wanted) {
            return Some(node);
        }
        left.extend(node.children.borrow().iter().cloned());
    }
    None
}

fn children(root: &Handle) -> Option<String> {
    let mut left: Vec<(Handle, usize, bool)> =
        root.children.borrow().iter().map(|child| (child.clone(), 1, false)).collect();
    while let Some((node, depth, in_link)) = left.pop() {
        let mut is_link = false;
        match &node.data {
            NodeData::Text { .. } => {}
            NodeData::Element { name, attrs, .. } => {
                is_link = &*name.local == "a";
                if name.ns != ns!(html) {
                    return Some(format!("foreign element {}", name.local));
                }
                if !ELEMENTS.split(' ').any(|element| element == &*name.local) {
                    return Some(format!("element {}", name.local));
                }
                for attribute in attrs.borrow().iter() {
                    let (element, key) = (&*name.local, &*attribute.name.local);
                    if attribute.name.ns != ns!() || attribute.name.prefix.is_some() {
                        return Some(format!("foreign attribute {key}"));
                    }
                    if !is_harmless(element, key, &attribute.value) {
                        return Some(format!("{element} {key}={}", attribute.value));
                    }
                }
                let has = |key: &str| attrs.borrow().iter().any(|a| &*a.name.local == key);
                if is_link && !has("rel") {
                    return Some("a link that vouches for where it leads".into());
                }
                if &*name.local == "img" && !has("src") {
                    return Some("an image without a source".into());
                }
            }
            _ => return Some("neither text nor element".into()),
        }
        if is_link && in_link {
            return Some("a link in a link".into());
        }
        if depth > DEPTH_MAX {
            return Some("nested too deep".into());
        }
        let inside = node.children.borrow();
        left.extend(inside.iter().map(|child| (child.clone(), depth + 1, in_link || is_link)));
    }
    None
}

fn is_harmless(element: &str, key: &str, value: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    match (element, key) {
        ("a", "href") => is_harmless_link(value),
        ("a", "rel") => value == "nofollow noopener ugc",
        ("img", "src") => value.strip_prefix("media:").is_some_and(|hex| {
            hex.len() == 64 && hex.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c))
        }),
        ("img", "alt") | (_, "title") => true,
        ("img", "loading") => value == "lazy",
        ("img", "width" | "height") => digits(value.trim_end_matches('%')),
        ("ol", "start") | ("td" | "th", "colspan" | "rowspan") => digits(value),
        ("details", "open") => value.is_empty(),
        ("div" | "h3" | "h4" | "h5" | "h6" | "p" | "td" | "th", "align") => {
            ["left", "center", "right"].contains(&value)
        }
        (_, "class") => value.split(' ').all(|class| CLASSES.split(' ').any(|it| it == class)),
        (_, "id") => value.strip_prefix("user-content-").is_some_and(|own| {
            !own.is_empty() && own.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c))
        }),
        _ => false,
    }
}

/// As a browser takes a link: white space and control characters around it and line ends in it are
/// left out, and what comes before the first `:` is its scheme.
fn is_harmless_link(value: &str) -> bool {
    if value.starts_with("#user-content-") {
        return true;
    }
    let kept: String = value.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect();
    let lower = kept.to_lowercase();
    if let Some(rest) = lower.strip_prefix("http://").or_else(|| lower.strip_prefix("https://")) {
        let host = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
        return !host.is_empty() && !host.contains('@') && kept == value;
    }
    lower.starts_with("mailto:") && kept == value
}
