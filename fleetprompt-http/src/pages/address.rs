//! Where each page is, and what asking for it costs.

use crate::limits::Operation;

pub(super) const HOME: &str = "/";
pub(super) const SEARCH: &str = "/search";
pub(super) const PUBLISHER: &str = "/{handle}";
pub(super) const LISTING: &str = "/{handle}/{slug}";
pub(super) const RELEASES: &str = "/{handle}/{slug}/releases";
pub(super) const RELEASE: &str = "/{handle}/{slug}/releases/{version}";
pub(super) const IMAGE: &str = "/media/{listing}/{digits}";
pub(super) const ASSET: &str = "/assets/{file}";
pub(super) const ROBOTS: &str = "/robots.txt";

/// A page, as far as it is known from the template of its route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    template: &'static str,
    operation: Operation,
}

/// All but the home page, whose template ends as any other does; the longest first.
const KINDS: [Kind; 8] = [
    Kind { template: RELEASE, operation: Operation::Point },
    Kind { template: RELEASES, operation: Operation::List },
    Kind { template: IMAGE, operation: Operation::Media },
    Kind { template: ASSET, operation: Operation::Meta },
    Kind { template: LISTING, operation: Operation::List },
    Kind { template: SEARCH, operation: Operation::List },
    Kind { template: ROBOTS, operation: Operation::Meta },
    Kind { template: PUBLISHER, operation: Operation::List },
];

impl Kind {
    /// The page of a route's template, under whatever path the router is mounted. That of the home page is
    /// told where it is mounted under none.
    pub(crate) fn of_template(template: &str) -> Option<Self> {
        if template == HOME {
            return Some(Kind { template: HOME, operation: Operation::List });
        }
        KINDS.into_iter().find(|kind| template.ends_with(kind.template))
    }

    /// What it asks for; `words` says whether there are words to search for.
    pub(crate) fn operation(self, words: bool) -> Operation {
        match self.template {
            SEARCH if words => Operation::Search,
            _ => self.operation,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_known_by_its_template_wherever_the_router_is_mounted() {
        for kind in KINDS {
            for mount in ["", "/market", "/api/v1/market"] {
                let template = format!("{mount}{}", kind.template);
                assert_eq!(Kind::of_template(&template), Some(kind), "{template}");
            }
        }
        let document = serde_json::to_value(crate::openapi()).unwrap();
        for path in document["paths"].as_object().unwrap().keys() {
            assert_eq!(Kind::of_template(path), None, "{path} is the API's");
        }
    }
}
