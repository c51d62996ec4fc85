//! What is made of the long texts of publishers: HTML, kept beside what it was made of.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;

use super::digest::Sha256Digest;
use super::id::{ListingId, Position};
use super::link::WebLink;
use super::parse::{ParseError, Rule};
use super::version::Version;

/// How an image of the listing's own begins. Text can't look like it: there a `<` is written as a
/// reference.
pub(crate) const MEDIA_MARK: &str = "<img src=\"media:";

/// HTML that is safe to show: only the sanitiser makes it.
///
/// It holds the elements, attributes and classes of one allow-list, no script, style, form or
/// foreign image, and links to `http`, `https` and `mailto` alone. Images of the listing's own are
/// left without an address, which the page that shows them gives them:
/// [`with_media_root`](Self::with_media_root).
///
/// ```
/// use fleetprompt_core::{domain::RenderedHtml, policy::RenderContext};
/// let context = RenderContext::default();
/// let html = RenderedHtml::of_markdown("*Hi* <script>alert(1)</script>", &context);
/// assert_eq!(html.as_str(), "<p><em>Hi</em> </p>\n");
/// assert_eq!(RenderedHtml::of_html(html.as_str(), &context), html, "nothing is left to do");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct RenderedHtml(String);

impl RenderedHtml {
    /// What the sanitiser made.
    pub(crate) fn new(html: String) -> Self {
        RenderedHtml(html)
    }

    /// What a store kept, which was made by the sanitiser before.
    fn stored<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
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
    /// use fleetprompt_core::domain::{MediaRoot, RenderedHtml, Sha256Digest};
    /// use fleetprompt_core::policy::RenderContext;
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
/// use fleetprompt_core::domain::MediaRoot;
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

/// Which rules HTML was made by: higher than whatever came before.
///
/// ```
/// use fleetprompt_core::domain::SanitiserVersion;
/// assert!(SanitiserVersion::CURRENT >= SanitiserVersion::new(1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SanitiserVersion(u32);

impl SanitiserVersion {
    /// The version of this number.
    pub const fn new(number: u32) -> Self {
        SanitiserVersion(number)
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// The HTML of a listing's description or of a release's notes.
///
/// Beside the text rather than with it, so that whoever reads listings by the page pays nothing for
/// it. Made in the commit that writes the text, and gone with it; made again when the rules change.
///
/// ```
/// use fleetprompt_core::domain::{ListingId, Rendered, RenderedHtml, SanitiserVersion, Sha256Digest};
/// use fleetprompt_core::policy::RenderContext;
/// let description = Rendered {
///     listing: ListingId::from_bytes([1; 16]),
///     release: None,
///     repository: None,
///     source: Sha256Digest::of(b"*Hi*"),
///     sanitiser: SanitiserVersion::CURRENT,
///     html: RenderedHtml::of_markdown("*Hi*", &RenderContext::default()),
/// };
/// let notes = Rendered { release: Some("1.0.0".parse()?), ..description.clone() };
/// assert_ne!(notes.key(), description.key(), "a text each");
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rendered {
    /// The listing.
    pub listing: ListingId,
    /// The release whose notes it is; without one, it is the listing's description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<Version>,
    /// The repository that relative links were resolved against. Notes keep the one that the
    /// listing declared when the release was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<WebLink>,
    /// SHA-256 over the text and what it was rendered for.
    pub source: Sha256Digest,
    /// The rules it was made by.
    pub sanitiser: SanitiserVersion,
    /// The HTML.
    #[serde(deserialize_with = "RenderedHtml::stored")]
    pub html: RenderedHtml,
}

/// How far texts that were never rendered have been looked for: those of a store that was written
/// before texts were rendered.
///
/// ```
/// use fleetprompt_core::domain::RenderingProgress;
/// let begun = RenderingProgress::Descriptions { after: None };
/// assert_eq!(begun.key(), RenderingProgress::Done.key(), "there is one");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "looksFor", rename_all = "snake_case")]
pub enum RenderingProgress {
    /// Descriptions are being looked for.
    Descriptions {
        /// The last listing that was gone over, and the position that created it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<(Position, ListingId)>,
    },
    /// Release notes are being looked for.
    Notes {
        /// The last release that was gone over, and the position that created it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<(Position, ListingId, Version)>,
    },
    /// Everything that was written before has been found.
    Done,
}
