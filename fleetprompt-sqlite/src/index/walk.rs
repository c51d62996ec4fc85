//! Walks along the orders of shelves, from where a page begins.

use std::ops::ControlFlow;

use fleetprompt_core::domain::Position;
use fleetprompt_core::port::{Shelf, ShelfKey, ShelfOrder};
use rusqlite::{Connection, Row, ToSql, params_from_iter};

use crate::error::Fault;
use crate::row::{integer, position, time};

/// A walk along an order.
pub(super) struct Walk<'a> {
    order: ShelfOrder,
    after: Option<&'a ShelfKey>,
}

impl<'a> Walk<'a> {
    /// The walk; `None` from a key of another order, which stands behind everything.
    pub(super) fn new(shelf: &'a Shelf) -> Option<Self> {
        let fits = match (shelf.order, &shelf.after) {
            (_, None)
            | (ShelfOrder::Newest, Some(ShelfKey::Newest(_)))
            | (ShelfOrder::Released, Some(ShelfKey::Released(..)))
            | (ShelfOrder::Name, Some(ShelfKey::Name(..))) => true,
            (_, Some(_)) => false,
        };
        fits.then_some(Walk { order: shelf.order, after: shelf.after.as_ref() })
    }

    /// Calls `visit` with each entry: its release and its forward document are the columns 2 and 3.
    pub(super) fn entries(
        &self,
        conn: &Connection,
        visit: impl FnMut(&Row<'_>, ShelfKey) -> Result<ControlFlow<()>, Fault>,
    ) -> Result<(), Fault> {
        self.read(conn, ", released_at, forward", visit)
    }

    /// The first keys whose positions are `wanted`, which the order's index alone tells.
    pub(super) fn keys(
        &self,
        conn: &Connection,
        wanted: impl Fn(Position) -> bool,
        size: usize,
    ) -> Result<Vec<ShelfKey>, Fault> {
        let mut keys = Vec::new();
        self.read(conn, "", |_, key| {
            if wanted(key.ordinal()) {
                keys.push(key);
            }
            Ok(if keys.len() < size { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        Ok(keys)
    }

    fn read(
        &self,
        conn: &Connection,
        columns: &str,
        mut visit: impl FnMut(&Row<'_>, ShelfKey) -> Result<ControlFlow<()>, Fault>,
    ) -> Result<(), Fault> {
        let params = self.parameters();
        for sql in self.statements(columns) {
            let mut statement = conn.prepare_cached(&sql)?;
            let few = params.iter().take(statement.parameter_count());
            let mut rows = statement.query(params_from_iter(few))?;
            while let Some(row) = rows.next()? {
                if visit(row, self.key(row)?)?.is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn parameters(&self) -> Vec<Box<dyn ToSql + 'a>> {
        let Some(after) = self.after else { return Vec::new() };
        let ordinal: Box<dyn ToSql> = Box::new(integer(after.ordinal().get()));
        match after {
            ShelfKey::Newest(_) => vec![ordinal],
            ShelfKey::Released(at, _) => vec![Box::new(at.as_millis()), ordinal],
            ShelfKey::Name(name, _) => vec![Box::new(name), ordinal],
        }
    }

    /// What is read, one after the other. A bound of two columns, of which the second is the row's
    /// id, would be tested row by row: so what equals the first comes by itself.
    fn statements(&self, columns: &str) -> Vec<String> {
        let select = |key: &str, rest: &str| {
            format!("SELECT ordinal, {key}{columns} FROM index_entry {rest}")
        };
        let (key, index, behind, direction) = match self.order {
            ShelfOrder::Newest => {
                let bound = self.after.map_or("", |_| "WHERE ordinal < ?1");
                return vec![select("NULL", &format!("{bound} ORDER BY ordinal DESC"))];
            }
            ShelfOrder::Released => ("released_at", "index_entry_by_release", "<", "DESC"),
            ShelfOrder::Name => ("sort_name", "index_entry_by_name", ">", "ASC"),
        };
        let along = format!("ORDER BY {key} {direction}, ordinal {direction}");
        match self.after {
            None => vec![select(key, &format!("INDEXED BY {index} {along}"))],
            Some(_) => vec![
                select(
                    key,
                    &format!("INDEXED BY {index} WHERE {key} = ?1 AND ordinal {behind} ?2 {along}"),
                ),
                select(key, &format!("INDEXED BY {index} WHERE {key} {behind} ?1 {along}")),
            ],
        }
    }

    fn key(&self, row: &Row<'_>) -> Result<ShelfKey, Fault> {
        let ordinal = position(row, 0)?;
        Ok(match self.order {
            ShelfOrder::Newest => ShelfKey::Newest(ordinal),
            ShelfOrder::Released => ShelfKey::Released(time(row, 1)?, ordinal),
            ShelfOrder::Name => ShelfKey::Name(row.get(1)?, ordinal),
        })
    }
}

#[cfg(test)]
pub(super) fn statements() -> Vec<(String, &'static str)> {
    use fleetprompt_core::domain::Timestamp;
    let start = Position::START;
    let next = [
        (ShelfOrder::Newest, ShelfKey::Newest(start)),
        (ShelfOrder::Released, ShelfKey::Released(Timestamp::MIN, start)),
        (ShelfOrder::Name, ShelfKey::Name(String::new(), start)),
    ];
    let bounds = [
        "INTEGER PRIMARY KEY (rowid<?)",
        "index_entry_by_release (released_at=? AND rowid<?)",
        "index_entry_by_release (released_at<?)",
        "index_entry_by_name (sort_name=? AND rowid>?)",
        "index_entry_by_name (sort_name>?)",
    ];
    let from = |order, after| Walk { order, after }.statements(", forward");
    let behind = next.iter().flat_map(|(order, after)| from(*order, Some(after)));
    let mut all: Vec<_> = behind.zip(bounds).collect();
    for (order, _) in &next {
        all.extend(from(*order, None).into_iter().map(|sql| (sql, "index_entry")));
    }
    all
}
