//! Media in memory.

use std::collections::BTreeMap;
use std::future::ready;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::port::{MediaFuture, MediaName, MediaStore, PageSize};

/// A media store in memory, for tests and for trying things out. Clones share what they hold, which
/// is gone with the last of them.
///
/// ```
/// use fleetprompt_core::memory::MemoryMedia;
/// use fleetprompt_core::port::{MediaStore, PageSize};
/// let store = MemoryMedia::default();
/// assert_eq!(pollster::block_on(store.list(None, PageSize::MAX)), Ok(vec![]));
/// ```
#[derive(Clone, Default)]
pub struct MemoryMedia {
    kept: Arc<Mutex<BTreeMap<MediaName, Vec<u8>>>>,
}

impl std::fmt::Debug for MemoryMedia {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MemoryMedia({} objects)", self.kept().len())
    }
}

impl MemoryMedia {
    fn kept(&self) -> MutexGuard<'_, BTreeMap<MediaName, Vec<u8>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MediaStore for MemoryMedia {
    fn put<'a>(&'a self, name: &'a MediaName, bytes: Vec<u8>) -> MediaFuture<'a, ()> {
        self.kept().insert(*name, bytes);
        Box::pin(ready(Ok(())))
    }

    fn get<'a>(&'a self, name: &'a MediaName) -> MediaFuture<'a, Option<Vec<u8>>> {
        let found = self.kept().get(name).cloned();
        Box::pin(ready(Ok(found)))
    }

    fn delete<'a>(&'a self, name: &'a MediaName) -> MediaFuture<'a, ()> {
        self.kept().remove(name);
        Box::pin(ready(Ok(())))
    }

    fn list<'a>(
        &'a self,
        after: Option<&'a MediaName>,
        size: PageSize,
    ) -> MediaFuture<'a, Vec<MediaName>> {
        let first = after.map_or(Bound::Unbounded, |name| Bound::Excluded(*name));
        let kept = self.kept();
        let names = kept.range((first, Bound::Unbounded)).map(|(name, _)| *name);
        let page = names.take(size.get().into()).collect();
        Box::pin(ready(Ok(page)))
    }
}
