//! The HTML of descriptions and release notes follows the records: whatever a commit writes that
//! shows in it, it renders with it.
//!
//! A description is rendered for the repository that its listing declares and the images that it
//! has, and again when these change. Notes keep the repository of the day on which their release was
//! published, and show the images that their listing has: a listing may have any number of releases,
//! so notes that name an image are not rendered again with it. Once it came or went, they are
//! rendered for whoever reads them.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{
    Fact, Listing, ListingId, ListingState, Release, Rendered, RenderedHtml, RenderingProgress,
    SanitiserVersion, Sha256Digest, Version, WebLink,
};
use crate::error::{ErrorCode, Result};
use crate::policy::{MEDIA_SCHEME, RenderContext};
use crate::port::{Record, RecordKey};

use super::context::Context;
use crate::marketplace::Acting;

/// A text: a listing's description, or the notes of one of its releases.
pub(in crate::marketplace) type Text = (ListingId, Option<Version>);

/// Texts to bring up to date in one commit.
pub(in crate::marketplace) struct Texts {
    pub(in crate::marketplace) texts: Vec<Text>,
    /// What is written down about it: from where to where the search comes. If it is elsewhere by
    /// now, somebody else has gone over these texts, and nothing is done.
    pub(in crate::marketplace) progress: Option<(Option<RenderingProgress>, RenderingProgress)>,
}

/// A text as it is to be rendered.
#[derive(PartialEq, Eq)]
struct Source<'a> {
    text: &'a str,
    repository: Option<&'a WebLink>,
    /// The images that it may show.
    media: BTreeSet<Sha256Digest>,
}

impl<'a> Source<'a> {
    /// The text that a listing shows; a deleted one shows none.
    fn description(listing: &'a Listing) -> Option<Self> {
        let text = listing.content.description.as_ref()?.as_str();
        let repository = listing.content.repository.as_ref();
        let media = listing.media.images().map(|image| image.digest).collect();
        (listing.state != ListingState::Deleted).then_some(Source { text, repository, media })
    }

    /// The text that a release shows, and those images of its listing that it names: no others can
    /// make a difference.
    fn notes(
        release: &'a Release,
        listing: Option<&Listing>,
        repository: Option<&'a WebLink>,
    ) -> Option<Self> {
        let text = release.content.notes.as_ref()?.as_str();
        let images = listing.into_iter().flat_map(|listing| listing.media.images());
        let media = match text.contains(MEDIA_SCHEME) {
            true => {
                images.map(|image| image.digest).filter(|it| text.contains(&it.hex())).collect()
            }
            false => BTreeSet::new(),
        };
        Some(Source { text, repository, media })
    }

    /// What tells it from any other text, and from itself for another repository or other images.
    fn digest(&self) -> Result<Sha256Digest> {
        let all = serde_json::to_vec(&(1, self.text, self.repository, &self.media));
        Ok(Sha256Digest::of(&all.map_err(|_| ErrorCode::Internal)?))
    }

    fn render(&self) -> RenderedHtml {
        let context = RenderContext::new(self.repository, self.media.clone());
        RenderedHtml::of_markdown(self.text, &context)
    }
}

impl Acting {
    /// The HTML of a listing's description, safe to show; `None` if it has no description. Apart
    /// from the listing, so that pages of many pay nothing for it.
    ///
    /// # Errors
    /// `listing_not_found`, also for one that the reader may not see.
    pub async fn description_html(&self, listing: ListingId) -> Result<Option<RenderedHtml>> {
        let (found, _) = self.readable_listing(listing).await?;
        let Some(source) = Source::description(&found.value) else { return Ok(None) };
        let stored = self.inner().read::<Rendered>(&RecordKey::rendered(listing, None)).await?;
        shown(&source, stored.map(|row| row.value)).map(Some)
    }

    /// The HTML of a release's notes, safe to show; `None` if it has none.
    ///
    /// # Errors
    /// `listing_not_found`, `release_not_found`.
    pub async fn release_notes_html(
        &self,
        listing: ListingId,
        version: &Version,
    ) -> Result<Option<RenderedHtml>> {
        let (found, _) = self.readable_listing(listing).await?;
        let release = self.inner().read::<Release>(&RecordKey::release(listing, version)).await?;
        let release = release.map(|row| row.value).filter(|release| release.version == *version);
        let release = release.ok_or(ErrorCode::ReleaseNotFound)?;
        let key = RecordKey::rendered(listing, Some(version));
        let stored = self.inner().read::<Rendered>(&key).await?.map(|row| row.value);
        let repository = repository_of_notes(stored.as_ref(), &found.value).cloned();
        let source = Source::notes(&release, Some(&found.value), repository.as_ref());
        let Some(source) = source else { return Ok(None) };
        shown(&source, stored).map(Some)
    }
}

/// What was stored, if it was made of this text; a text that changed between two reads, or was
/// never rendered, is rendered for this reader.
fn shown(source: &Source<'_>, stored: Option<Rendered>) -> Result<RenderedHtml> {
    let digest = source.digest()?;
    let fits = stored.filter(|stored| stored.source == digest);
    Ok(fits.map_or_else(|| source.render(), |stored| stored.html))
}

/// The repository that notes are rendered for.
fn repository_of_notes<'a>(
    stored: Option<&'a Rendered>,
    listing: &'a Listing,
) -> Option<&'a WebLink> {
    match stored {
        Some(stored) => stored.repository.as_ref(),
        None => listing.content.repository.as_ref(),
    }
}

impl Context<'_> {
    /// Renders the texts that the commit changes.
    pub(super) async fn render_what_is_written(&mut self) -> Result<()> {
        for (listing, release) in self.texts_written() {
            self.render(listing, release).await?;
        }
        Ok(())
    }

    fn texts_written(&self) -> Vec<Text> {
        let mut written = BTreeMap::new();
        for (before, after) in self.changes() {
            let text = match after.or(before) {
                Some(Record::Listing(listing)) => (listing.id, None),
                Some(Record::Release(release)) => (release.listing, Some(release.version.clone())),
                _ => continue,
            };
            if source_of(before) != source_of(after) {
                written.insert(RecordKey::rendered(text.0, text.1.as_ref()), text);
            }
        }
        written.into_values().collect()
    }

    /// Makes the HTML of a text what it should be, once this commit is applied.
    async fn render(&mut self, id: ListingId, version: Option<Version>) -> Result<()> {
        let key = RecordKey::rendered(id, version.as_ref());
        let stored = self.get::<Rendered>(key.clone()).await?.map(|row| row.value);
        let listing = self.get::<Listing>(RecordKey::listing(id)).await?.map(|row| row.value);
        let release = match &version {
            Some(version) => self.get::<Release>(RecordKey::release(id, version)).await?,
            None => None,
        };
        let source = match (&listing, &version) {
            (None, _) => None,
            (Some(listing), None) => Source::description(listing),
            (Some(listing), Some(_)) => release.as_ref().and_then(|release| {
                let repository = repository_of_notes(stored.as_ref(), listing);
                Source::notes(&release.value, Some(listing), repository)
            }),
        };
        let Some(source) = source else {
            if stored.is_some() {
                self.delete(key);
            }
            return Ok(());
        };
        let digest = source.digest()?;
        let stands = stored.as_ref().is_some_and(|stored| {
            stored.source == digest && stored.sanitiser >= SanitiserVersion::CURRENT
        });
        if !stands {
            let rendered = Rendered {
                listing: id,
                release: version.clone(),
                repository: source.repository.cloned(),
                source: digest,
                sanitiser: SanitiserVersion::CURRENT,
                html: source.render(),
            };
            self.put(rendered);
        }
        Ok(())
    }

    /// Brings texts up to date.
    pub(super) async fn render_texts(&mut self, work: &Texts) -> Result<()> {
        if let Some((from, to)) = &work.progress {
            let now = self.get::<RenderingProgress>(to.key()).await?;
            if now.map(|row| row.value) != *from {
                return Ok(());
            }
            self.put(to.clone());
        }
        for (listing, release) in &work.texts {
            self.render(*listing, release.clone()).await?;
        }
        self.note_upkeep(Fact::TextsRendered {});
        Ok(())
    }
}

/// What of a record is rendered, if it is one that has a text.
fn source_of(record: Option<&Record>) -> Option<Source<'_>> {
    match record {
        Some(Record::Listing(listing)) => Source::description(listing),
        Some(Record::Release(release)) => Source::notes(release, None, None),
        _ => None,
    }
}
