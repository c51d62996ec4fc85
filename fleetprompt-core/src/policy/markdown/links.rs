//! Where links and images lead: what they are resolved against, and what they may be.

use std::collections::BTreeSet;

use url::{ParseError, Url};

use crate::domain::{Sha256Digest, WebLink};

use super::allow_list::{ID_MAX, ID_PREFIX, IMAGE_SCHEMES, LINK_MAX, LINK_SCHEMES, MEDIA_SCHEME};

/// What a text is rendered for: where its relative links lead, and which images are its own.
///
/// | repository | links are relative to | images are relative to |
/// | --- | --- | --- |
/// | `https://github.com/owner/name` | `…/blob/HEAD/` | `…/raw/HEAD/` |
/// | `https://gitlab.com/group/name`, or a host that begins `gitlab.` | `…/-/blob/HEAD/` | `…/-/raw/HEAD/` |
/// | `https://bitbucket.org/owner/name` | `…/src/HEAD/` | `…/raw/HEAD/` |
/// | any other | itself | itself |
/// | none | shown as text | shown as text |
///
/// A link to a folder of a repository on GitHub, `…/tree/main/folder`, is followed into the folder.
///
/// ```
/// use fleetprompt_core::{domain::RenderedHtml, policy::RenderContext};
/// let acme = "https://github.com/acme/bot".parse()?;
/// let context = RenderContext::new(Some(&acme), Default::default());
/// let html = RenderedHtml::of_markdown("[Guide](docs/guide.md)", &context);
/// assert!(html.as_str().contains("https://github.com/acme/bot/blob/HEAD/docs/guide.md"));
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RenderContext {
    pub(super) bases: Option<Bases>,
    pub(super) media: BTreeSet<Sha256Digest>,
}

impl RenderContext {
    /// A context with the repository that the listing declares, and the digests of the media that
    /// are its own.
    pub fn new(repository: Option<&WebLink>, media: BTreeSet<Sha256Digest>) -> Self {
        RenderContext { bases: repository.and_then(Bases::of), media }
    }
}

/// What relative links and images are resolved against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bases {
    links: Url,
    images: Url,
}

/// The longest base: a short link must not become a long one thousands of times over.
const BASE_MAX: usize = 300;

impl Bases {
    fn of(repository: &WebLink) -> Option<Self> {
        let mut root = Url::parse(repository.as_str()).ok()?;
        root.set_query(None);
        root.set_fragment(None);
        let host = root.host_str()?.to_owned();
        let path: Vec<&str> = root.path().split('/').filter(|part| !part.is_empty()).collect();
        let joined = |parts: &[&str], view: &str| format!("/{}/{view}/", parts.join("/"));
        let mut parts = path.clone();
        if let Some(name) = parts.last_mut() {
            *name = name.strip_suffix(".git").unwrap_or(name);
        }
        let (links, images) = match (host.as_str(), parts.as_slice()) {
            ("github.com", [owner, name, "tree" | "blob", rest @ ..]) if !rest.is_empty() => {
                let [owner, name, rest] = [*owner, *name, &rest.join("/")];
                (joined(&[owner, name, "blob"], rest), joined(&[owner, name, "raw"], rest))
            }
            ("github.com", [owner, name, ..]) => {
                let repository = [*owner, *name];
                (joined(&repository, "blob/HEAD"), joined(&repository, "raw/HEAD"))
            }
            ("bitbucket.org", [owner, name, ..]) => {
                let repository = [*owner, *name];
                (joined(&repository, "src/HEAD"), joined(&repository, "raw/HEAD"))
            }
            (host, [_, _, ..]) if host == "gitlab.com" || host.starts_with("gitlab.") => {
                let end = parts.iter().position(|part| *part == "-").unwrap_or(parts.len());
                let repository = parts.get(..end).unwrap_or(&parts);
                (joined(repository, "-/blob/HEAD"), joined(repository, "-/raw/HEAD"))
            }
            _ => {
                let path = root.path().trim_end_matches('/').to_owned() + "/";
                (path.clone(), path)
            }
        };
        let at = |path: &str| {
            let mut url = root.clone();
            url.set_path(path);
            Some(url).filter(|url| url.as_str().len() <= BASE_MAX)
        };
        Some(Bases { links: at(&links)?, images: at(&images)? })
    }

    /// `/` is the repository's root for whoever writes in it.
    fn join(base: &Url, relative: &str) -> Option<Url> {
        let within = match relative.strip_prefix('/') {
            Some(path) if !path.starts_with(['/', '\\']) => path,
            _ => relative,
        };
        base.join(within).ok()
    }
}

/// What becomes of a link's value, its character references resolved: the address in the form of
/// the URL standard, or nothing.
pub(super) fn link(value: &str, bases: Option<&Bases>) -> Option<String> {
    if let Some(fragment) = value.trim_matches(super::tokens::is_space).strip_prefix('#') {
        return id(fragment, |c| c == '%').map(|id| format!("#{id}"));
    }
    address(value, bases.map(|bases| &bases.links), LINK_SCHEMES)
}

/// What becomes of an image's source.
pub(super) fn image(value: &str, bases: Option<&Bases>) -> Option<String> {
    let media = value.strip_prefix(MEDIA_SCHEME).and_then(|rest| rest.strip_prefix(':'));
    if media.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
        return Some(value.to_owned());
    }
    address(value, bases.map(|bases| &bases.images), IMAGE_SCHEMES)
}

fn address(value: &str, base: Option<&Url>, schemes: &[&str]) -> Option<String> {
    if value.len() > LINK_MAX {
        return None;
    }
    let url = match Url::parse(value) {
        Ok(url) => url,
        Err(ParseError::RelativeUrlWithoutBase) => Bases::join(base?, value)?,
        Err(_) => return None,
    };
    let names_a_person = !url.username().is_empty() || url.password().is_some();
    // The URL standard lets a mail address keep its spaces, which no address needs.
    let is_plain = url.as_str().len() <= LINK_MAX && !url.as_str().contains(' ');
    let fits = schemes.contains(&url.scheme()) && !names_a_person && is_plain;
    fits.then(|| url.into())
}

/// An id that is not one of the page's own, or none.
pub(super) fn own_id(value: &str) -> Option<String> {
    id(value, |_| false)
}

fn id(value: &str, also: fn(char) -> bool) -> Option<String> {
    let own = value.strip_prefix(ID_PREFIX).unwrap_or(value);
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.') || also(c);
    let fits = !own.is_empty() && own.chars().all(plain) && own.chars().nth(ID_MAX).is_none();
    fits.then(|| format!("{ID_PREFIX}{own}"))
}
