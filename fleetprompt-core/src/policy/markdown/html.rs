//! What the sanitiser makes, and how it is shown.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::domain::{ParseError, Rule};

/// How an image of the listing's own begins. Text can't look like it: there a `<` is written as a
/// reference.
pub(super) const MEDIA_MARK: &str = "<img src=\"media:";

/// HTML that is safe to show: only the sanitiser makes it.
///
/// It holds the elements, attributes and classes of one allow-list, no script, style, form or
/// foreign image, and links to `http`, `https` and `mailto` alone. Images of the listing's own are
/// left without an address, which the page that shows them gives them:
/// [`with_media_root`](Self::with_media_root).
///
/// ```
/// use fleetprompt_core::policy::{RenderContext, RenderedHtml};
/// let context = RenderContext::default();
/// let html = RenderedHtml::of_markdown("*Hi* <script>alert(1)</script>", &context);
/// assert_eq!(html.as_str(), "<p><em>Hi</em> </p>\n");
/// assert_eq!(RenderedHtml::of_html(html.as_str(), &context), html, "nothing is left to do");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct RenderedHtml(String);

impl RenderedHtml {
    pub(super) fn new(html: String) -> Self {
        RenderedHtml(html)
    }

    /// What a store kept.
    pub(crate) fn stored<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(RenderedHtml)
    }

    /// The HTML, images of the listing's own without an address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The HTML as a page shows it that serves the listing's own images under `root`.
    ///
    /// ```
    /// use std::collections::BTreeSet;
    /// use fleetprompt_core::domain::Sha256Digest;
    /// use fleetprompt_core::policy::{MediaRoot, RenderContext, RenderedHtml};
    /// let icon = Sha256Digest::of(b"the bytes of an image");
    /// let digits = icon.to_string().replace("sha256:", "");
    /// let context = RenderContext::new(None, BTreeSet::from([icon]));
    /// let html = RenderedHtml::of_markdown(&format!("![Our icon](media:{digits})"), &context);
    /// let root: MediaRoot = "/media/".parse()?;
    /// let image = format!(r#"<img src="/media/{digits}" alt="Our icon" loading="lazy">"#);
    /// assert_eq!(html.with_media_root(&root), format!("<p>{image}</p>\n"));
    /// # Ok::<(), fleetprompt_core::domain::ParseError>(())
    /// ```
    pub fn with_media_root(&self, root: &MediaRoot) -> String {
        self.0.replace(MEDIA_MARK, &format!("<img src=\"{root}"))
    }
}

/// Where images are served: a path from the root of the site, or a web address, ending in `/`. The
/// digits of an image's SHA-256 come behind it.
///
/// ```
/// use fleetprompt_core::policy::MediaRoot;
/// assert!("/market/media/".parse::<MediaRoot>().is_ok());
/// assert!("https://media.example/".parse::<MediaRoot>().is_ok());
/// assert!("//media.example/".parse::<MediaRoot>().is_err());
/// assert!("javascript:/".parse::<MediaRoot>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaRoot(String);

impl FromStr for MediaRoot {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let rule = Rule::Format("a path or a web address that ends in `/`");
        let plain = |c: char| c.is_ascii_alphanumeric() || "/-._~:[]".contains(c);
        let is_path = text.starts_with('/') && !text.starts_with("//");
        let is_address = Url::parse(text)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.as_str() == text);
        if text.ends_with('/') && text.chars().all(plain) && (is_path || is_address) {
            Ok(MediaRoot(text.to_owned()))
        } else {
            Err(ParseError::new("mediaRoot", rule))
        }
    }
}

impl fmt::Display for MediaRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Writes text so that HTML shows it.
pub(super) fn escape(text: &str, out: &mut String) {
    for piece in text.split_inclusive(['&', '<', '>', '"']) {
        let mut chars = piece.chars();
        let reference = match chars.next_back() {
            Some('&') => "&amp;",
            Some('<') => "&lt;",
            Some('>') => "&gt;",
            Some('"') => "&quot;",
            _ => {
                out.push_str(piece);
                continue;
            }
        };
        out.extend([chars.as_str(), reference]);
    }
}
