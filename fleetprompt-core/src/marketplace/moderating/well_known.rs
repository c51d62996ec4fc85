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

use crate::marketplace::Inner;
use crate::marketplace::writing::context::Context;

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

/// What is compared with well-known names.
#[derive(Clone, Copy)]
enum Compared<'a> {
    /// A handle or slug.
    Spelt(&'a Spelling),
    /// What pages show, by the keys of what looks the same.
    Shown(&'a BTreeSet<LikenessKey>),
}

impl Compared<'_> {
    fn likeness_to(self, known: &Spelling) -> Option<Likeness> {
        match self {
            Compared::Spelt(name) => name.likeness_to(known),
            Compared::Shown(keys) => {
                (!known.keys().is_disjoint(keys)).then_some(Likeness::DisplayName)
            }
        }
    }

    fn likeness_to_shown(self, known: &DisplayName) -> Option<Likeness> {
        let Compared::Shown(keys) = self else { return None };
        display_key(known).filter(|key| keys.contains(key)).map(|_| Likeness::DisplayName)
    }

    /// The well-known publisher that it looks like by its handle or by what pages show.
    fn like_publisher(self, known: &Publisher) -> Option<LooksLike> {
        let likeness = self
            .likeness_to(&Spelling::of_handle(&known.handle))
            .or_else(|| self.likeness_to_shown(&known.profile.name))?;
        Some(LooksLike { likeness, resembles: Resembled::Publisher(known.id) })
    }
}

/// Whether the names of a publisher are well known by themselves.
fn is_vouched_for(publisher: &Publisher) -> bool {
    !publisher.badges.is_empty() && !publisher.held
}

impl Context<'_> {
    /// Files the names of a publisher.
    pub(in crate::marketplace) async fn file_publisher(&mut self, id: PublisherId) -> Result<()> {
        let key = RecordKey::publisher(id);
        let is_new = self.creates(&key);
        let Some(found) = self.get::<Publisher>(key).await? else { return Ok(()) };
        let publisher = found.value;
        let mut keys = BTreeSet::new();
        if is_vouched_for(&publisher) {
            keys = Spelling::of_handle(&publisher.handle).keys();
            keys.extend(display_key(&publisher.profile.name));
        }
        self.file(NameSubject::Publisher(id), keys, is_new).await
    }

    /// Files the slug of a listing, and the handle of its publisher, if it is popular.
    pub(in crate::marketplace) async fn file_listing(&mut self, id: ListingId) -> Result<()> {
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
    pub(in crate::marketplace) fn publishers_written(&self) -> BTreeSet<PublisherId> {
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
                    && let Some(alike) =
                        self.compare_with(Compared::Spelt(name), found, asking).await?
                {
                    return Ok(Some(alike));
                }
            }
        }
        Ok(None)
    }

    /// What a shown name looks the same as, found by its keys: a word that impostors want, or a
    /// well-known name of somebody else.
    pub(super) async fn shown_like(
        &self,
        keys: &BTreeSet<LikenessKey>,
        asking: Asking,
    ) -> Result<Option<LooksLike>> {
        if keys.is_empty() {
            return Ok(None);
        }
        for word in IMPERSONATED {
            let shown: DisplayName = word.parse()?;
            if display_key(&shown).is_some_and(|key| keys.contains(&key)) {
                let (likeness, resembles) =
                    (Likeness::DisplayName, Resembled::Reserved(word.parse()?));
                return Ok(Some(LooksLike { likeness, resembles }));
            }
        }
        for key in keys {
            for found in self.filed_under(key.clone()).await? {
                let alike = self.compare_with(Compared::Shown(keys), found, asking).await?;
                if alike.is_some() {
                    return Ok(alike);
                }
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
        name: Compared<'_>,
        known: NameSubject,
        asking: Asking,
    ) -> Result<Option<LooksLike>> {
        match known {
            NameSubject::Publisher(id) => {
                let found = self.read::<Publisher>(&RecordKey::publisher(id)).await?;
                let known = found.map(|row| row.value).filter(is_vouched_for);
                let known = known.filter(|known| !asking.owns(known));
                Ok(known.and_then(|known| name.like_publisher(&known)))
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
                let like_handle = || {
                    let likeness = name.likeness_to(&Spelling::of_handle(&publisher.handle))?;
                    let resembles = Resembled::Publisher(publisher.id);
                    Some(LooksLike { likeness, resembles })
                };
                Ok(like_slug.or_else(like_handle))
            }
        }
    }
}
