//! Upkeep of rendered texts: those of older rules, and those that were never rendered, in small
//! steps.

use crate::domain::{
    Listing, ListingId, Position, Release, Rendered, RenderingProgress, SanitiserVersion, Version,
};
use crate::error::Result;
use crate::port::{ColumnValue, Entity, PageKey, PageSize, RecordKey, Scan, Versioned};

use crate::marketplace::writing::chores::Chore;
use crate::marketplace::writing::rendering::{Text, Texts};
use crate::marketplace::{Inner, Marketplace};

/// How many texts one commit goes over: each may come with a megabyte of HTML.
const BATCH: u16 = 8;

/// What a call of [`Marketplace::resanitize`] did.
///
/// ```
/// # use fleetprompt_core::{Marketplace, memory::MemoryStore, token::{KeyRing, MasterKey}};
/// use fleetprompt_core::marketplace::Resanitised;
/// use fleetprompt_core::port::PageSize;
/// # pollster::block_on(async {
/// # let market = Marketplace::builder(MemoryStore::default())
/// #     .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?))
/// #     .issuer("https://market.example".parse()?).build().await?;
/// let Resanitised { texts, more } = market.resanitize(PageSize::MAX).await?;
/// assert_eq!((texts, more), (0, false), "a new marketplace has no texts");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resanitised {
    /// How many texts were gone over, whether or not anything changed for them.
    pub texts: u32,
    /// Whether there may be more to do: call again.
    pub more: bool,
}

impl Marketplace {
    /// Renders texts anew whose HTML was made by older rules than
    /// [`SanitiserVersion::CURRENT`], and once those that a store holds from before texts were
    /// rendered. Goes over at most `budget` texts. For the host to call after an upgrade until there
    /// is no more, and as often as it likes; readers and writers are not held up, several processes
    /// may call it at once, and what is interrupted goes on where it stopped.
    ///
    /// # Errors
    /// When the store fails. What was done until then stays done.
    ///
    /// ```
    /// # use fleetprompt_core::{Marketplace, memory::MemoryStore, token::{KeyRing, MasterKey}};
    /// # use fleetprompt_core::port::PageSize;
    /// # pollster::block_on(async {
    /// # let market = Marketplace::builder(MemoryStore::default())
    /// #     .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?)).issuer("https://m.example".parse()?)
    /// #     .build().await?;
    /// while market.resanitize(PageSize::MAX).await?.more {}
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn resanitize(&self, budget: PageSize) -> Result<Resanitised> {
        let market = &*self.inner;
        let mut left = budget.get();
        let done = |left: u16| u32::from(budget.get() - left);
        // A step that finds no text is one that ends a part of the search; there are three.
        for _ in 0..budget.get().saturating_add(3) {
            if left == 0 {
                break;
            }
            let most = PageSize::new(left.min(BATCH));
            let Some(work) = market.next_texts(most).await? else {
                return Ok(Resanitised { texts: done(left), more: false });
            };
            left = left.saturating_sub(u16::try_from(work.texts.len()).unwrap_or(u16::MAX));
            market.chore(&Chore::Render(work)).await?;
        }
        Ok(Resanitised { texts: done(left), more: true })
    }
}

impl Inner {
    /// What is to be done next, if anything is.
    async fn next_texts(&self, most: PageSize) -> Result<Option<Texts>> {
        let oldest = self.list::<Rendered>(&Scan::RenderedByVersion, None, most).await?;
        let outdated = oldest.into_iter().map(|row| row.value);
        let outdated = outdated.filter(|row| row.sanitiser < SanitiserVersion::CURRENT);
        let texts: Vec<Text> = outdated.map(|row| (row.listing, row.release)).collect();
        if !texts.is_empty() {
            return Ok(Some(Texts { texts, progress: None }));
        }
        let key = RecordKey::rendering_progress();
        let known = self.read::<RenderingProgress>(&key).await?.map(|row| row.value);
        let (texts, to) = match &known {
            Some(RenderingProgress::Done) => return Ok(None),
            None => self.descriptions(None, most).await?,
            Some(RenderingProgress::Descriptions { after }) => {
                self.descriptions(after.as_ref(), most).await?
            }
            Some(RenderingProgress::Notes { after }) => self.notes(after.as_ref(), most).await?,
        };
        Ok(Some(Texts { texts, progress: Some((known, to)) }))
    }

    async fn descriptions(
        &self,
        after: Option<&(Position, ListingId)>,
        most: PageSize,
    ) -> Result<(Vec<Text>, RenderingProgress)> {
        let after = after.map(|(created, id)| behind(*created, RecordKey::listing(*id)));
        let (rows, full) = self.page::<Listing>(&Scan::AllListings, after, most).await?;
        let last = rows.last().map(|last| (last.created, last.value.id));
        let to = match last.filter(|_| full) {
            Some(last) => RenderingProgress::Descriptions { after: Some(last) },
            None => RenderingProgress::Notes { after: None },
        };
        Ok((rows.into_iter().map(|row| (row.value.id, None)).collect(), to))
    }

    async fn notes(
        &self,
        after: Option<&(Position, ListingId, Version)>,
        most: PageSize,
    ) -> Result<(Vec<Text>, RenderingProgress)> {
        let after = after.map(|(created, listing, version)| {
            behind(*created, RecordKey::release(*listing, version))
        });
        let (rows, full) = self.page::<Release>(&Scan::AllReleases, after, most).await?;
        let last =
            rows.last().map(|last| (last.created, last.value.listing, last.value.version.clone()));
        let to = match last.filter(|_| full) {
            Some(last) => RenderingProgress::Notes { after: Some(last) },
            None => RenderingProgress::Done,
        };
        let texts = rows.into_iter().map(|row| (row.value.listing, Some(row.value.version)));
        Ok((texts.collect(), to))
    }

    /// A page of a list, and whether there may be more.
    async fn page<E: Entity>(
        &self,
        scan: &Scan,
        after: Option<PageKey>,
        most: PageSize,
    ) -> Result<(Vec<Versioned<E>>, bool)> {
        let rows = self.list::<E>(scan, after.as_ref(), most).await?;
        let full = rows.len() == usize::from(most.get());
        Ok((rows, full))
    }
}

/// Where a page ended.
fn behind(created: Position, last: RecordKey) -> PageKey {
    let order = ColumnValue::Integer(i64::try_from(created.get()).unwrap_or(i64::MAX));
    PageKey { order, id: last.id().to_owned() }
}
