//! Pages of lists, and the cursors between them.

use crate::error::{ErrorCode, Result};
use crate::port::{Entity, PageKey, PageSize, Principal, Scan, Versioned};
use crate::search::{Cursor, CursorBinding};

use super::Inner;

/// A page of a list, and where the next one begins.
///
/// ```
/// use fleetprompt_core::marketplace::Page;
/// let last = Page { items: vec![1, 2], next: None };
/// assert_eq!(last.items.len(), 2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Where the next page begins; `None` when this is the last one.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// A list without entries.
    pub(super) fn empty() -> Self {
        Page { items: Vec::new(), next: None }
    }
}

impl Inner {
    /// A page of `scan` for `principal`. The cursor works for `list`, which names the scan with all
    /// of its parameters, and this principal only.
    pub(super) async fn page<E: Entity, T>(
        &self,
        principal: &Principal,
        list: &str,
        scan: &Scan,
        cursor: Option<&Cursor>,
        size: PageSize,
        shape: impl Fn(Versioned<E>) -> T,
    ) -> Result<Page<T>> {
        let binding = CursorBinding::new(list.as_bytes(), principal.scope_text().as_bytes());
        let (keys, deployment) = (self.keys(), self.deployment());
        let after: Option<PageKey> = match cursor {
            None => None,
            Some(cursor) => {
                let payload = cursor
                    .open(&keys, deployment, &binding)
                    .map_err(|_| ErrorCode::InvalidCursor)?;
                Some(serde_json::from_slice(&payload).map_err(|_| ErrorCode::InvalidCursor)?)
            }
        };
        let rows = self.list::<E>(scan, after.as_ref(), size).await?;
        let next = match rows.last() {
            Some(last) if rows.len() == usize::from(size.get()) => {
                let row = last.clone().map(Into::into);
                let payload = serde_json::to_vec(&scan.plan().page_key(&row))
                    .map_err(|_| ErrorCode::Internal)?;
                Some(Cursor::seal(&keys, deployment, &binding, &payload)?)
            }
            _ => None,
        };
        Ok(Page { items: rows.into_iter().map(shape).collect(), next })
    }
}
