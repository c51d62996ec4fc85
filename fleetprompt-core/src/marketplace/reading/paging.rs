//! Pages and the cursors between them.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{ErrorCode, Result};
use crate::port::{Entity, PageKey, PageSize, Principal, Record, Scan, Versioned};
use crate::search::{Cursor, CursorBinding};

use crate::marketplace::Inner;

/// A page of a list.
///
/// ```
/// use fleetprompt_core::marketplace::Page;
/// let page = Page { items: vec!["acme/invoice-reader"], next: None };
/// assert_eq!(serde_json::to_string(&page).unwrap(), r#"{"items":["acme/invoice-reader"]}"#);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The entries, in the list's order. A page may be short, or even empty, and still not be the
    /// last one.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last one.
    #[serde(rename = "nextCursor", skip_serializing_if = "Option::is_none")]
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// A list without entries.
    pub(in crate::marketplace) fn empty() -> Self {
        Page { items: Vec::new(), next: None }
    }
}

/// One list, as one principal pages through it.
pub(in crate::marketplace) struct Paging<'a> {
    market: &'a Inner,
    scan: Scan,
    binding: CursorBinding,
}

impl<'a> Paging<'a> {
    /// The list that `scan` names. `query` is what was asked for: a cursor holds for it, and for
    /// `principal`, alone.
    pub(in crate::marketplace) fn new(
        market: &'a Inner,
        principal: &Principal,
        query: &impl Serialize,
        scan: Scan,
    ) -> Result<Self> {
        let binding = cursor_binding(principal, query)?;
        Ok(Paging { market, scan, binding })
    }

    /// Where a cursor points.
    pub(super) fn open(&self, cursor: Option<&Cursor>) -> Result<Option<PageKey>> {
        self.market.resume(cursor, &self.binding)
    }

    /// The cursor that points behind `key`.
    pub(super) fn seal(&self, key: &PageKey) -> Result<Cursor> {
        self.market.seal(key, &self.binding)
    }

    /// The rows behind `after`, and where they end if there may be more.
    pub(super) async fn rows<E: Entity>(
        &self,
        after: Option<&PageKey>,
        size: PageSize,
    ) -> Result<(Vec<Versioned<E>>, Option<PageKey>)> {
        let rows = self.market.list::<E>(&self.scan, after, size).await?;
        let full = rows.len() >= usize::from(size.get());
        let end = rows.last().filter(|_| full).map(|row| self.key_of(row.clone()));
        Ok((rows, end))
    }

    /// A page, each row as `shape` shows it.
    pub(in crate::marketplace) async fn page<E: Entity, V>(
        &self,
        cursor: Option<&Cursor>,
        size: PageSize,
        shape: impl FnMut(Versioned<E>) -> V,
    ) -> Result<Page<V>> {
        let wanted = usize::from(size.get());
        let (mut rows, end) = self.rows(self.open(cursor)?.as_ref(), size.and_one()).await?;
        let more = rows.len() > wanted;
        rows.truncate(wanted);
        let end = if more { rows.last().map(|row| self.key_of(row.clone())) } else { end };
        let next = end.map(|key| self.seal(&key)).transpose()?;
        Ok(Page { items: rows.into_iter().map(shape).collect(), next })
    }

    /// Where a page that ends with `row` ends.
    pub(super) fn key_of<E: Entity>(&self, row: Versioned<E>) -> PageKey {
        self.scan.plan().page_key(&row.map(Into::<Record>::into))
    }
}

/// What a cursor of this query and this principal holds for.
pub(super) fn cursor_binding(
    principal: &Principal,
    query: &impl Serialize,
) -> Result<CursorBinding> {
    let query = serde_json::to_vec(query).map_err(|_| ErrorCode::Internal)?;
    Ok(CursorBinding::new(&query, principal.scope_text().as_bytes()))
}

impl Inner {
    /// Where a cursor points.
    pub(super) fn resume<T: DeserializeOwned>(
        &self,
        cursor: Option<&Cursor>,
        binding: &CursorBinding,
    ) -> Result<Option<T>> {
        let Some(cursor) = cursor else { return Ok(None) };
        let payload = cursor
            .open(&self.keys(), self.deployment(), binding)
            .map_err(|_| ErrorCode::InvalidCursor)?;
        let place = serde_json::from_slice(&payload).map_err(|_| ErrorCode::InvalidCursor)?;
        Ok(Some(place))
    }

    /// The cursor that points to a place.
    pub(super) fn seal(&self, place: &impl Serialize, binding: &CursorBinding) -> Result<Cursor> {
        let payload = serde_json::to_vec(place).map_err(|_| ErrorCode::Internal)?;
        Cursor::seal(&self.keys(), self.deployment(), binding, &payload)
            .map_err(|_| ErrorCode::Internal.into())
    }
}

impl PageSize {
    /// One row more, to see whether there is one; the largest page has no room for it.
    pub(super) const fn and_one(self) -> Self {
        PageSize::new(self.get().saturating_add(1))
    }
}
