//! Links between pages. They begin with the path of the configured origin, and never with what a client
//! sends as `Host`: so they hold under any name that the machine is reached by.

use fleetprompt_core::domain::{
    Handle, ListingId, MediaRoot, RenderedHtml, Sha256Digest, Slug, Version,
};
use fleetprompt_core::marketplace::ListingAddress;

use super::asset;
use crate::Origin;

/// Where everything is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Links {
    origin: Origin,
}

impl Links {
    pub(super) fn new(origin: &Origin) -> Self {
        Links { origin: origin.clone() }
    }

    /// The link to a path of the router's.
    pub(super) fn to(&self, path: &str) -> String {
        format!("{}{path}", self.origin.path())
    }

    /// The whole address of a path of the router's, for programs.
    pub(super) fn whole(&self, path: &str) -> String {
        self.origin.at(path)
    }

    pub(super) fn home(&self) -> String {
        // A router that is nested has its first page without a slash at the end.
        match self.origin.path() {
            "" => "/".to_owned(),
            path => path.to_owned(),
        }
    }

    pub(super) fn search(&self) -> String {
        self.to("/search")
    }

    pub(super) fn style(&self) -> String {
        self.to(&asset::style().path)
    }

    pub(super) fn icon(&self) -> String {
        self.to(&asset::icon().path)
    }

    pub(super) fn reference(&self, operation: &str) -> String {
        self.to(&format!("/docs#{operation}"))
    }

    pub(super) fn image(&self, listing: ListingId, digest: Sha256Digest) -> String {
        self.to(&format!("/media/{listing}/{}", digits(digest)))
    }

    /// A text of a listing as its page shows it, with the listing's own images. Those are missing where
    /// the origin's path has characters that the place of images can't have.
    pub(super) fn shown(&self, listing: ListingId, html: &RenderedHtml) -> String {
        match self.to(&format!("/media/{listing}/")).parse::<MediaRoot>() {
            Ok(root) => html.with_media_root(&root),
            Err(_) => html.as_str().to_owned(),
        }
    }
}

/// The digits of a digest, without the name of the function.
fn digits(digest: Sha256Digest) -> String {
    let text = digest.to_string();
    text.strip_prefix("sha256:").unwrap_or(&text).to_owned()
}

/// The path of a publisher's page.
pub(super) fn publisher(handle: &Handle) -> String {
    format!("/{handle}")
}

/// The path of a listing's page.
pub(super) fn listing(at: &ListingAddress) -> String {
    format!("/{}/{}", at.handle, at.slug)
}

/// The same, of its parts.
pub(super) fn listing_of(handle: &Handle, slug: &Slug) -> String {
    format!("/{handle}/{slug}")
}

/// The path of a listing's releases.
pub(super) fn releases(listing: &str) -> String {
    format!("{listing}/releases")
}

/// The path of a release.
pub(super) fn release(listing: &str, version: &Version) -> String {
    format!("{listing}/releases/{version}")
}

/// A path with the parameters of a query.
pub(super) fn asking<'a>(
    path: &str,
    parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters);
    match query.finish() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

/// Whether a path, below what the router is mounted under, is for programs.
pub(crate) fn is_of_api(path: &str) -> bool {
    matches!(path, "/v1" | "/openapi.json") || path.starts_with("/v1/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_for_programs_is_told_by_its_path() {
        for path in ["/v1", "/v1/", "/v1/listings", "/openapi.json"] {
            assert!(is_of_api(path), "{path}");
        }
        assert!(!is_of_api("/v1x") && !is_of_api("/"));
    }

    #[test]
    fn links_begin_with_the_path_of_the_origin() {
        let links = |origin: &str| Links::new(&origin.parse().unwrap());
        let (nested, plain) =
            (links("https://market.example/shop"), links("http://127.0.0.1:8080"));
        assert_eq!((nested.home().as_str(), nested.search().as_str()), ("/shop", "/shop/search"));
        assert_eq!((plain.home().as_str(), plain.search().as_str()), ("/", "/search"));
    }
}
