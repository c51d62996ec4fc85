//! Well-known names, and the names that look like them.
//!
//! A name is well known while its publisher has a badge or its listing is popular. The keys under
//! which look-alikes find it are records: they are set in the commit that changes what they follow
//! from, and brought up to date with the search index where that is popularity. They only find
//! candidates; whether a name is well known is read from what it belongs to.
//!
//! Nothing that is read here is an expectation. Of a name that goes live and a badge that is granted
//! at the same moment, the one that read first comes first: what is live is never held again, so the
//! outcome is as if the name had been there a moment earlier.

use std::collections::BTreeSet;

use crate::domain::{
    DisplayName, Fact, Likeness, LikenessKey, Listing, ListingId, NameSubject, Publisher,
    PublisherId, Resembled, Slug, Standing, TenantId, WellKnown,
};
use crate::error::Result;
use crate::policy::{IMPERSONATED, Spelling, display_key, is_popular};
use crate::port::{PageSize, Record, RecordKey, Scan};

use super::Inner;
use super::context::Context;

/// Who wants a name: nobody is taken for an impostor of themselves.
#[derive(Clone, Copy)]
pub(super) struct Asking {
    pub(super) publisher: PublisherId,
    pub(super) tenant: TenantId,
}

impl Asking {
    fn owns(self, known: &Publisher) -> bool {
        known.id == self.publisher || known.tenant == self.tenant
    }
}

/// What a name looks like, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LooksLike {
    pub(super) likeness: Likeness,
    pub(super) resembles: Resembled,
}

/// Whether the names of a publisher are well known by themselves.
fn is_vouched_for(publisher: &Publisher) -> bool {
    !publisher.badges.is_empty() && !publisher.held
}

impl Context<'_> {
    /// Files the names of a publisher that the commit writes.
    pub(super) async fn file_publisher(&mut self, id: PublisherId) -> Result<()> {
        let key = RecordKey::publisher(id);
        // A new one has no badge.
        if self.creates(&key) {
            return Ok(());
        }
        let Some(found) = self.get::<Publisher>(key).await? else { return Ok(()) };
        let publisher = found.value;
        let mut keys = BTreeSet::new();
        if is_vouched_for(&publisher) {
            keys = Spelling::of_handle(&publisher.handle).keys();
            keys.extend(display_key(&publisher.profile.name));
        }
        self.file(NameSubject::Publisher(id), keys, false).await
    }

    /// Files the slug of a listing, and the handle of its publisher, if it is popular.
    pub(super) async fn file_listing(&mut self, id: ListingId) -> Result<()> {
        let key = RecordKey::listing(id);
        let is_new = self.creates(&key);
        let Some(found) = self.get::<Listing>(key).await? else { return Ok(()) };
        let listing = found.value;
        let mut keys = BTreeSet::new();
        if listing.is_listed() {
            let buyers = match is_new {
                true => None,
                false => self.get::<Standing>(RecordKey::standing(id)).await?,
            };
            if is_popular(&listing, buyers.map_or(0, |row| row.value.buyers)) {
                let publisher = RecordKey::publisher(listing.publisher);
                let publisher = self.get::<Publisher>(publisher).await?;
                keys = Spelling::of_slug(&listing.slug).keys();
                keys.extend(
                    publisher
                        .filter(|publisher| publisher.value.is_open())
                        .map(|publisher| Spelling::of_handle(&publisher.value.handle).keys())
                        .unwrap_or_default(),
                );
            }
        }
        self.file(NameSubject::Listing(id), keys, is_new).await
    }

    async fn file(
        &mut self,
        of: NameSubject,
        wanted: BTreeSet<LikenessKey>,
        is_new: bool,
    ) -> Result<()> {
        let mut filed = BTreeSet::new();
        if !is_new {
            // Those of one subject fit on a page: a slug and a handle have 172 at most.
            let rows: Vec<WellKnown> = self.scan(&Scan::WellKnownOf(of), PageSize::MAX).await?;
            filed = rows.into_iter().map(|row| row.key).collect();
        }
        let mut puts = false;
        for key in wanted.difference(&filed) {
            let record = WellKnown { key: key.clone(), of };
            if self.get::<WellKnown>(record.key()).await?.is_none() {
                self.put(record);
                puts = true;
            }
        }
        for key in filed.difference(&wanted) {
            let key = RecordKey::well_known(key, of);
            if self.get::<WellKnown>(key.clone()).await?.is_some() {
                self.delete(key);
            }
        }
        if puts && !self.has_events() {
            self.note_upkeep(Fact::IndexRefreshed {});
        }
        Ok(())
    }

    /// The publishers whose records the commit puts.
    pub(super) fn publishers_written(&self) -> BTreeSet<PublisherId> {
        let publisher = |record: &Record| match record {
            Record::Publisher(publisher) => Some(publisher.id),
            _ => None,
        };
        self.written().filter_map(publisher).collect()
    }
}

impl Inner {
    /// The well-known name of somebody else that a handle or slug looks like.
    pub(super) async fn looks_like(
        &self,
        name: &Spelling,
        asking: Asking,
    ) -> Result<Option<LooksLike>> {
        for word in IMPERSONATED.iter().filter(|_| name.is_handle()) {
            let word: Slug = word.parse()?;
            if let Some(likeness) = name.likeness_to(&Spelling::of_reserved(&word)) {
                return Ok(Some(LooksLike { likeness, resembles: Resembled::Reserved(word) }));
            }
        }
        let mut seen = BTreeSet::new();
        for key in name.probes() {
            for found in self.filed_under(key).await? {
                if seen.insert(found)
                    && let Some(alike) = self.compare_with(name, found, asking).await?
                {
                    return Ok(Some(alike));
                }
            }
        }
        Ok(None)
    }

    /// What the shown name of a publisher looks the same as: a word that impostors want, or the shown
    /// name of a publisher, vouched for and somebody else's.
    pub(super) async fn shown_like(
        &self,
        name: &DisplayName,
        asking: Asking,
    ) -> Result<Option<LooksLike>> {
        let Some(key) = display_key(name) else { return Ok(None) };
        let likeness = Likeness::DisplayName;
        for word in IMPERSONATED {
            let shown: DisplayName = word.parse()?;
            if display_key(&shown).as_ref() == Some(&key) {
                let resembles = Resembled::Reserved(word.parse()?);
                return Ok(Some(LooksLike { likeness, resembles }));
            }
        }
        for found in self.filed_under(key.clone()).await? {
            let NameSubject::Publisher(id) = found else { continue };
            let Some(known) = self.read::<Publisher>(&RecordKey::publisher(id)).await? else {
                continue;
            };
            let known = known.value;
            let same = display_key(&known.profile.name).as_ref() == Some(&key);
            if same && is_vouched_for(&known) && !asking.owns(&known) {
                let resembles = Resembled::Publisher(id);
                return Ok(Some(LooksLike { likeness, resembles }));
            }
        }
        Ok(None)
    }

    async fn filed_under(&self, key: LikenessKey) -> Result<Vec<NameSubject>> {
        let rows = self.list::<WellKnown>(&Scan::WellKnownLike(key), None, PageSize::MAX).await?;
        Ok(rows.into_iter().map(|row| row.value.of).collect())
    }

    async fn compare_with(
        &self,
        name: &Spelling,
        known: NameSubject,
        asking: Asking,
    ) -> Result<Option<LooksLike>> {
        match known {
            NameSubject::Publisher(id) => {
                let found = self.read::<Publisher>(&RecordKey::publisher(id)).await?;
                let known = found.map(|row| row.value).filter(is_vouched_for);
                Ok(known.and_then(|known| like_handle(name, &known, asking)))
            }
            NameSubject::Listing(id) => {
                let Some(found) = self.read::<Listing>(&RecordKey::listing(id)).await? else {
                    return Ok(None);
                };
                let listing = found.value;
                let standing = self.read::<Standing>(&RecordKey::standing(id)).await?;
                let buyers = standing.map_or(0, |row| row.value.buyers);
                let key = RecordKey::publisher(listing.publisher);
                let publisher = self.read::<Publisher>(&key).await?.map(|row| row.value);
                let Some(publisher) = publisher.filter(Publisher::is_open) else { return Ok(None) };
                if !listing.is_listed() || !is_popular(&listing, buyers) || asking.owns(&publisher)
                {
                    return Ok(None);
                }
                let like_slug = name.likeness_to(&Spelling::of_slug(&listing.slug));
                let like_slug = like_slug
                    .map(|likeness| LooksLike { likeness, resembles: Resembled::Listing(id) });
                Ok(like_slug.or_else(|| like_handle(name, &publisher, asking)))
            }
        }
    }
}

fn like_handle(name: &Spelling, known: &Publisher, asking: Asking) -> Option<LooksLike> {
    if asking.owns(known) {
        return None;
    }
    let likeness = name.likeness_to(&Spelling::of_handle(&known.handle))?;
    Some(LooksLike { likeness, resembles: Resembled::Publisher(known.id) })
}
