//! What all pages have around them.

use super::links::Links;
use crate::convention::Caller;

/// The head, the top and the bottom of a page.
pub(super) struct Frame {
    pub(super) title: String,
    pub(super) description: String,
    /// The page's one address, for search engines; none for pages that they should leave out.
    pub(super) canonical: Option<String>,
    /// The page that comes after this one.
    pub(super) next: Option<String>,
    /// Whether the top has a box to search in: not where the page itself has one.
    pub(super) search_box: bool,
    pub(super) home: String,
    pub(super) search: String,
    pub(super) reference: String,
    pub(super) style: String,
    pub(super) icon: String,
}

impl Frame {
    /// That of the page at `path`.
    pub(super) fn new(caller: &Caller, path: &str, title: &str, description: &str) -> Self {
        let links = Links::new(caller.origin());
        let canonical = if path == "/" { links.whole("") } else { links.whole(path) };
        Frame {
            title: title.to_owned(),
            description: description.to_owned(),
            canonical: Some(canonical),
            next: None,
            search_box: true,
            home: links.home(),
            search: links.search(),
            reference: links.to("/docs"),
            style: links.style(),
            icon: links.icon(),
        }
    }

    /// The same, for a page that has its own box to search in.
    pub(super) fn with_own_search(self) -> Self {
        Frame { search_box: false, ..self }
    }

    /// The same, for a part of a list: `next` is the part after it.
    pub(super) fn of_part(self, next: Option<String>, is_first: bool) -> Self {
        let canonical = self.canonical.filter(|_| is_first);
        Frame { next, canonical, ..self }
    }

    /// The same, for a page that search engines should leave out.
    pub(super) fn unlisted(self) -> Self {
        Frame { canonical: None, ..self }
    }
}
