//! A release: what is new in it, what it needs, and where its artifacts are.

use askama::Template;
use fleetprompt_core::domain::{ArtifactPointer, Channel, Handle, Slug};
use fleetprompt_core::marketplace::{Found, ReleaseView};

use super::frame::Frame;
use super::links::{self, Links};
use super::respond;
use super::words::{self, Date};
use crate::api::address::ReleaseAddress;
use crate::convention::{Answer, Caller, PathOf};

#[derive(Template)]
#[template(path = "pages/release.html")]
struct Page {
    frame: Frame,
    title: String,
    version: String,
    listing: String,
    releases: String,
    publisher: String,
    publisher_href: String,
    published: Date,
    prerelease: bool,
    latest: bool,
    yanked: Option<String>,
    /// Sanitised when it was written: the only text that is not escaped.
    notes: Option<String>,
    needs: Needs,
    artifacts: Vec<Artifact>,
    digest: String,
}

/// What a release says that it works with and needs.
#[derive(Default, PartialEq, Eq)]
pub(super) struct Needs {
    pub(super) systems: Vec<(String, String)>,
    pub(super) capabilities: Vec<String>,
    pub(super) secrets: Vec<String>,
    pub(super) deployment: Option<String>,
    pub(super) schema: Option<String>,
}

impl Needs {
    /// Whether it says nothing of the kind.
    pub(super) fn is_empty(&self) -> bool {
        *self == Needs::default()
    }

    pub(super) fn of(release: &ReleaseView) -> Self {
        let content = &release.content;
        let systems = content.compatibility.as_slice().iter();
        Needs {
            systems: systems.map(|one| (one.system.to_string(), one.range.to_string())).collect(),
            capabilities: content.capabilities.as_slice().iter().map(ToString::to_string).collect(),
            secrets: content.secrets.as_slice().iter().map(ToString::to_string).collect(),
            deployment: content.deployment_pin.as_ref().map(ToString::to_string),
            schema: content.schema_version.as_ref().map(ToString::to_string),
        }
    }
}

struct Artifact {
    uri: String,
    /// Whether a browser can follow it.
    web: bool,
    digest: String,
    size: String,
    kind: String,
}

impl Artifact {
    fn of(pointer: &ArtifactPointer) -> Self {
        let uri = pointer.uri.to_string();
        Artifact {
            web: uri.starts_with("https://") || uri.starts_with("http://"),
            uri,
            digest: pointer.digest.to_string(),
            size: words::size(pointer.size.get()),
            kind: pointer.media_type.to_string(),
        }
    }
}

pub(super) async fn page(
    caller: Caller,
    PathOf((handle, slug, version)): PathOf<(Handle, Slug, ReleaseAddress)>,
) -> Answer {
    let listing = match caller.listing_by_name(&handle, &slug).await? {
        Found::Here(listing) => listing,
        Found::Moved(at) => {
            return Ok(
                caller.moved(&format!("{}/{version}", links::releases(&links::listing(&at))))
            );
        }
    };
    let release = version.find(&caller, listing.id).await?;
    let links = Links::new(caller.origin());
    let notes = caller.release_notes_html(listing.id, &release.version).await?;
    let of = links::listing_of(&listing.publisher.handle, &listing.slug);
    let title = &listing.content.title;
    let about = format!("Version {} of {title}: what is new, and what it needs.", release.version);
    let frame = Frame::new(
        &caller,
        &links::release(&of, &release.version),
        &format!("{title} {}: FleetPrompt", release.version),
        &about,
    );
    let page = Page {
        frame,
        title: title.to_string(),
        version: release.version.to_string(),
        listing: links.to(&of),
        releases: links.to(&links::releases(&of)),
        publisher: listing.publisher.name.to_string(),
        publisher_href: links.to(&links::publisher(&listing.publisher.handle)),
        published: words::date(release.published_at),
        prerelease: release.channel == Channel::Prerelease,
        latest: listing.latest.as_ref() == Some(&release.version),
        yanked: release.yanked.as_ref().map(ToString::to_string),
        notes: notes.as_ref().map(|html| links.shown(listing.id, html)),
        needs: Needs::of(&release),
        artifacts: release.content.artifacts.as_slice().iter().map(Artifact::of).collect(),
        digest: release.digest.to_string(),
    };
    respond::page(&caller, &page)
}
