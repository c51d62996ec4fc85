//! The allow-list: the elements, attributes, classes and schemes that rendered text may have.
//! Everything else vanishes. This is the one place; whoever adds to it raises
//! `SanitiserVersion::CURRENT`.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// Where a link may lead.
pub(super) const LINK_SCHEMES: &[&str] = &["http", "https", "mailto"];
/// Where an image that became a link may lead.
pub(super) const IMAGE_SCHEMES: &[&str] = &["http", "https"];
/// The scheme by which a text names the listing's own media. It never leaves the server.
pub(crate) const MEDIA_SCHEME: &str = "media";
/// What links say about themselves: no vote for where they lead, no way back into our page.
pub(super) const LINK_REL: &str = "nofollow noopener ugc";
/// What every id begins with, so that none can be one of the page's own.
pub(super) const ID_PREFIX: &str = "user-content-";

/// How deeply elements may be nested; what is nested deeper loses its tags.
pub(super) const DEPTH_MAX: usize = 48;
/// The longest value of a link, in bytes; as long as a [`WebLink`](crate::domain::WebLink).
pub(super) const LINK_MAX: usize = 2_048;
/// The longest id, in characters after its prefix.
pub(super) const ID_MAX: usize = 100;

/// Where an element may stand, and what it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Words in a line.
    Inline,
    /// A link: as inline, and never within another.
    Link,
    /// A line break or an image: has no content.
    Void,
    /// A rule: ends a paragraph and has no content.
    Rule,
    /// A box of text: ends a paragraph.
    Block,
    /// A paragraph: holds words only.
    Paragraph,
    /// A heading: never within another.
    Heading,
    /// A list of items.
    List,
    /// An item: within a list only.
    Item,
    /// A list of terms.
    Terms,
    /// A term or what is said of it: within a list of terms only.
    Term,
    /// A table: holds sections only.
    Table,
    /// A section of a table: holds rows only.
    Section,
    /// A row: holds cells only.
    Row,
    /// A cell.
    Cell,
}

/// An element that may stay.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) attributes: &'static [&'static str],
    pub(super) classes: &'static [&'static str],
}

const fn element(
    name: &'static str,
    kind: Kind,
    attributes: &'static [&'static str],
    classes: &'static [&'static str],
) -> Element {
    Element { name, kind, attributes, classes }
}

/// The classes of highlighted code.
pub(super) mod code {
    pub(crate) const COMMENT: &str = "hl-comment";
    pub(crate) const KEYWORD: &str = "hl-keyword";
    pub(crate) const NUMBER: &str = "hl-number";
    pub(crate) const STRING: &str = "hl-string";
}
/// The class of the mark before an item of a task list.
pub(super) const TASK: &str = "task";
/// The class of a footnote.
pub(super) const FOOTNOTE: &str = "footnote";
/// The class of a reference to a footnote.
pub(super) const FOOTNOTE_REFERENCE: &str = "footnote-reference";

const ALERTS: &[&str] = &[
    "markdown-alert-caution",
    "markdown-alert-important",
    "markdown-alert-note",
    "markdown-alert-tip",
    "markdown-alert-warning",
];
const SPANS: &[&str] = &[code::COMMENT, code::KEYWORD, code::NUMBER, code::STRING, TASK];

/// Every element that may stay, in the order of their names.
pub(super) static ELEMENTS: &[Element] = &[
    element("a", Kind::Link, &["href", "id", "title"], &[]),
    element("abbr", Kind::Inline, &["title"], &[]),
    element("b", Kind::Inline, &[], &[]),
    element("blockquote", Kind::Block, &[], ALERTS),
    element("br", Kind::Void, &[], &[]),
    element("cite", Kind::Inline, &[], &[]),
    element("code", Kind::Inline, &[], &[]),
    element("dd", Kind::Term, &[], &[]),
    element("del", Kind::Inline, &[], &[]),
    element("details", Kind::Block, &["open"], &[]),
    element("dfn", Kind::Inline, &[], &[]),
    element("div", Kind::Block, &["align", "id"], &[FOOTNOTE]),
    element("dl", Kind::Terms, &[], &[]),
    element("dt", Kind::Term, &[], &[]),
    element("em", Kind::Inline, &[], &[]),
    element("h3", Kind::Heading, &["align", "id"], &[]),
    element("h4", Kind::Heading, &["align", "id"], &[]),
    element("h5", Kind::Heading, &["align", "id"], &[]),
    element("h6", Kind::Heading, &["align", "id"], &[]),
    element("hr", Kind::Rule, &[], &[]),
    element("i", Kind::Inline, &[], &[]),
    element("img", Kind::Void, &["alt", "height", "src", "title", "width"], &[]),
    element("ins", Kind::Inline, &[], &[]),
    element("kbd", Kind::Inline, &[], &[]),
    element("li", Kind::Item, &["id"], &[]),
    element("mark", Kind::Inline, &[], &[]),
    element("ol", Kind::List, &["start"], &[]),
    element("p", Kind::Paragraph, &["align"], &[]),
    element("pre", Kind::Block, &[], &[]),
    element("q", Kind::Inline, &[], &[]),
    element("s", Kind::Inline, &[], &[]),
    element("samp", Kind::Inline, &[], &[]),
    element("small", Kind::Inline, &[], &[]),
    element("span", Kind::Inline, &[], SPANS),
    element("strong", Kind::Inline, &[], &[]),
    element("sub", Kind::Inline, &[], &[]),
    element("summary", Kind::Block, &[], &[]),
    element("sup", Kind::Inline, &[], &[FOOTNOTE_REFERENCE]),
    element("table", Kind::Table, &[], &[]),
    element("tbody", Kind::Section, &[], &[]),
    element("td", Kind::Cell, &["align", "colspan", "rowspan"], &[]),
    element("tfoot", Kind::Section, &[], &[]),
    element("th", Kind::Cell, &["align", "colspan", "rowspan"], &[]),
    element("thead", Kind::Section, &[], &[]),
    element("tr", Kind::Row, &[], &[]),
    element("u", Kind::Inline, &[], &[]),
    element("ul", Kind::List, &[], &[]),
    element("var", Kind::Inline, &[], &[]),
];

/// Elements that stand for another: a heading under the page's own, and names out of use.
const ALIASES: &[(&str, &str)] = &[("h1", "h3"), ("h2", "h3"), ("strike", "s"), ("tt", "code")];

/// Elements that go with all that is in them: their content is not for reading.
pub(super) const WITH_CONTENT: &[&str] = &[
    "applet",
    "audio",
    "button",
    "canvas",
    "embed",
    "frameset",
    "head",
    "iframe",
    "math",
    "noembed",
    "noframes",
    "noscript",
    "object",
    "plaintext",
    "script",
    "select",
    "style",
    "svg",
    "template",
    "textarea",
    "title",
    "video",
    "xmp",
];

/// The element of this name, in any case.
pub(super) fn find(name: &str) -> Option<&'static Element> {
    let initial = name.bytes().next()?.to_ascii_lowercase().checked_sub(b'a')?;
    let named = BY_INITIAL.get(usize::from(initial))?.iter();
    let mut named = named.filter(|(other, _)| other.eq_ignore_ascii_case(name));
    named.next().map(|(_, element)| *element)
}

type Named = (&'static str, &'static Element);

/// The elements and what stands for them, by the first letter of their names: every tag is looked up.
static BY_INITIAL: LazyLock<Vec<Vec<Named>>> = LazyLock::new(|| {
    let named = |name: &str| ELEMENTS.iter().find(|element| element.name == name);
    let own = ELEMENTS.iter().map(|element| (element.name, Some(element)));
    let aliases = ALIASES.iter().map(|(other, stands_for)| (*other, named(stands_for)));
    let all = own.chain(aliases).filter_map(|(name, element)| Some((name, element?)));
    let all: Vec<Named> = all.collect();
    let begin_with = |initial: u8| {
        let begins = move |named: &&Named| named.0.as_bytes().first() == Some(&initial);
        all.iter().filter(begins).copied().collect()
    };
    (b'a'..=b'z').map(begin_with).collect()
});

type Table = HashMap<&'static str, HashSet<&'static str>>;

fn table(of: fn(&'static Element) -> &'static [&'static str]) -> Table {
    let listed = ELEMENTS.iter().filter(|element| !of(element).is_empty());
    listed.map(|element| (element.name, of(element).iter().copied().collect())).collect()
}

static ATTRIBUTES: LazyLock<Table> = LazyLock::new(|| table(|element| element.attributes));
static CLASSES: LazyLock<Table> = LazyLock::new(|| table(|element| element.classes));

/// The sanitiser that knows this list; what attributes say is left to `filter`.
pub(super) fn sanitiser(
    filter: impl for<'u> Fn(&str, &str, &'u str) -> Option<std::borrow::Cow<'u, str>>
    + Send
    + Sync
    + 'static,
) -> ammonia::Builder<'static> {
    let mut builder = ammonia::Builder::empty();
    builder
        .tags(ELEMENTS.iter().map(|element| element.name).collect())
        .clean_content_tags(WITH_CONTENT.iter().copied().collect())
        .tag_attributes(ATTRIBUTES.clone())
        .allowed_classes(CLASSES.clone())
        .url_schemes(LINK_SCHEMES.iter().copied().chain([MEDIA_SCHEME]).collect())
        // What a relative link becomes is for `filter` to say.
        .url_relative(ammonia::UrlRelative::PassThrough)
        .link_rel(Some(LINK_REL))
        .strip_comments(true)
        .attribute_filter(filter);
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_is_found_by_its_name_and_no_other() {
        assert!(ELEMENTS.is_sorted_by_key(|element| element.name));
        for element in ELEMENTS {
            assert!(element.attributes.is_sorted(), "{}", element.name);
            assert!(std::ptr::eq(find(element.name).unwrap(), element));
        }
        assert_eq!(find("TaBle").map(|element| element.name), Some("table"));
        assert_eq!(find("h1").map(|element| element.name), Some("h3"));
        let found: usize = BY_INITIAL.iter().map(Vec::len).sum();
        assert_eq!(found, ELEMENTS.len() + ALIASES.len());
        for name in ["script", "", "\0a", "a\0", "blockquoteblockquote"] {
            assert!(find(name).is_none(), "{name:?}");
        }
    }

    #[test]
    fn nothing_on_the_list_can_run_or_style_or_clobber() {
        for name in WITH_CONTENT.iter().chain(&["form", "input", "link", "meta", "base", "a:b"]) {
            assert!(find(name).is_none(), "{name}");
        }
        for element in ELEMENTS {
            for attribute in element.attributes {
                let harmless = !attribute.starts_with("on")
                    && !["style", "class", "name", "srcset", "srcdoc"].contains(attribute);
                assert!(harmless, "{} {attribute}", element.name);
            }
        }
    }
}
