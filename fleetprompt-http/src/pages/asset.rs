//! What every page loads: one style, one icon. Each is named by its digest, so that a browser keeps it for
//! good and never has that of another version.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use fleetprompt_core::domain::Sha256Digest;
use http::{HeaderValue, header};

use super::links::Links;
use super::respond::NOSNIFF;
use crate::convention::{Answer, Caller, Problem};

/// A file that is part of the program.
pub(super) struct Asset {
    pub(super) path: String,
    kind: &'static str,
    text: &'static str,
}

impl Asset {
    fn new(name: &str, ending: &str, kind: &'static str, text: &'static str) -> Self {
        let digest = Sha256Digest::of(text.as_bytes()).to_string();
        let digits: String = digest.chars().skip("sha256:".len()).take(16).collect();
        Asset { path: format!("/assets/{name}-{digits}.{ending}"), kind, text }
    }
}

pub(super) fn style() -> &'static Asset {
    static STYLE: LazyLock<Asset> = LazyLock::new(|| {
        let text = include_str!("../../templates/pages/style.css");
        Asset::new("style", "css", "text/css; charset=utf-8", text)
    });
    &STYLE
}

pub(super) fn icon() -> &'static Asset {
    static ICON: LazyLock<Asset> = LazyLock::new(|| {
        Asset::new("icon", "svg", "image/svg+xml", include_str!("../../templates/pages/icon.svg"))
    });
    &ICON
}

/// Answers one of them, by its name.
pub(super) async fn file(_: Caller, Path(file): Path<String>) -> Answer {
    let named = |asset: &&Asset| asset.path.strip_prefix("/assets/") == Some(file.as_str());
    let asset = [style(), icon()].into_iter().find(named).ok_or_else(Problem::not_found)?;
    let mut response: Response = asset.text.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=31536000, immutable"),
    );
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; sandbox"),
    );
    Ok(response)
}

/// What crawlers leave out: searches, of which there is no end, and what is for programs. It counts where
/// the router stands at the root of its host.
pub(super) async fn robots(caller: Caller) -> Response {
    let links = Links::new(caller.origin());
    let text =
        format!("User-agent: *\nDisallow: {}\nDisallow: {}\n", links.search(), links.to("/v1/"));
    caller.shown_as("text/plain; charset=utf-8", text.into_bytes())
}
