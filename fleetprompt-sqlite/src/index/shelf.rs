//! Lists in other orders than that of ranks.
//!
//! Few matches are collected and sorted. Many lie close enough to each other that walking the
//! order and testing entry by entry soon fills a page; if it does not, because all of them lie far
//! behind, they are collected without their entries, and the order is walked for their positions.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use fleetprompt_core::domain::Position;
use fleetprompt_core::port::{Matching, Shelf, ShelfKey, ShelfOrder};
use rusqlite::{Connection, Row, ToSql};

use crate::error::Fault;
use crate::row::{integer, position, time};

use super::dictionary::Dictionary;
use super::forward::Document;
use super::plan::{Plan, Question};
use super::stream::{self, Span};

/// Where one way of reading a shelf ends and the next begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Up to how many matches are sorted.
    pub(super) sorted: usize,
    /// How many entries are tested before the matches are collected.
    pub(super) walked: usize,
}

impl Bounds {
    /// Each way takes a few milliseconds at its bound.
    pub(super) const USUAL: Bounds = Bounds { sorted: 5_000, walked: 20_000 };
}

pub(super) fn shelf(
    conn: &Connection,
    shelf: &Shelf,
    bounds: Bounds,
) -> Result<Vec<ShelfKey>, Fault> {
    let size = usize::from(shelf.size.get());
    let Some(walk) = Walk::new(shelf) else { return Ok(Vec::new()) };
    if shelf.matching == Matching::default() {
        return walk.keys(conn, |_| true, size);
    }
    let mut dictionary = Dictionary::new(conn);
    let Some(question) = Question::new(&shelf.matching, &mut dictionary)? else {
        return Ok(Vec::new());
    };
    let plan = question.plan(&mut dictionary)?;
    let few = question.most() <= bounds.sorted as u64
        || stream::ordinals(conn, &plan, bounds.sorted + 1)?.len() <= bounds.sorted;
    if few {
        return sorted(conn, &plan, shelf, size);
    }
    let tests = question.tests(&mut dictionary)?;
    let (mut keys, mut walked) = (Vec::new(), 0);
    let mut document = Document::default();
    walk.entries(conn, |row, key| {
        if walked == bounds.walked {
            return Ok(ControlFlow::Break(()));
        }
        walked += 1;
        document.read(row.get_ref(3)?.as_blob().map_err(rusqlite::Error::from)?)?;
        if tests.pass(time(row, 2)?, &document) {
            keys.push(key);
        }
        Ok(if keys.len() < size { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    if keys.len() == size || walked < bounds.walked {
        return Ok(keys);
    }
    let matches: BTreeSet<Position> =
        stream::ordinals(conn, &plan, usize::MAX)?.into_iter().collect();
    walk.keys(conn, |ordinal| matches.contains(&ordinal), size)
}

/// All matches, sorted.
fn sorted(
    conn: &Connection,
    plan: &Plan,
    shelf: &Shelf,
    size: usize,
) -> Result<Vec<ShelfKey>, Fault> {
    let mut keys = Vec::new();
    stream::entries(conn, plan, Span::default(), |found| {
        let ordinal = found.rank.ordinal();
        let key = match shelf.order {
            ShelfOrder::Newest => ShelfKey::Newest(ordinal),
            ShelfOrder::Released => ShelfKey::Released(found.released_at, ordinal),
            ShelfOrder::Name => ShelfKey::Name(found.sort_name.to_owned(), ordinal),
        };
        if shelf.after.as_ref().is_none_or(|after| behind(&key, after)) {
            keys.push(key);
        }
        ControlFlow::Continue(())
    })?;
    keys.sort_by(|one, other| match (one, other) {
        (ShelfKey::Newest(one), ShelfKey::Newest(other)) => other.cmp(one),
        (ShelfKey::Released(at, one), ShelfKey::Released(then, other)) => {
            (then, other).cmp(&(at, one))
        }
        (ShelfKey::Name(one, ordinal), ShelfKey::Name(other, then)) => {
            (one, ordinal).cmp(&(other, then))
        }
        // All keys are of the order of this shelf.
        _ => std::cmp::Ordering::Equal,
    });
    keys.truncate(size);
    Ok(keys)
}

fn behind(key: &ShelfKey, after: &ShelfKey) -> bool {
    match (key, after) {
        (ShelfKey::Newest(key), ShelfKey::Newest(after)) => key < after,
        (ShelfKey::Released(at, key), ShelfKey::Released(then, after)) => (at, key) < (then, after),
        (ShelfKey::Name(name, key), ShelfKey::Name(last, after)) => (name, key) > (last, after),
        _ => false,
    }
}

/// A walk along one of the orders, from where a page begins.
struct Walk<'a> {
    order: ShelfOrder,
    after: Option<&'a ShelfKey>,
}

impl<'a> Walk<'a> {
    /// The walk; `None` from a key of another order, which stands behind everything.
    fn new(shelf: &'a Shelf) -> Option<Self> {
        let fits = match (shelf.order, &shelf.after) {
            (_, None)
            | (ShelfOrder::Newest, Some(ShelfKey::Newest(_)))
            | (ShelfOrder::Released, Some(ShelfKey::Released(..)))
            | (ShelfOrder::Name, Some(ShelfKey::Name(..))) => true,
            (_, Some(_)) => false,
        };
        fits.then_some(Walk { order: shelf.order, after: shelf.after.as_ref() })
    }

    /// The statement that reads `columns` behind the order's key, which it puts first.
    fn statement(&self, columns: &str) -> String {
        let (key, index, behind, direction) = match self.order {
            ShelfOrder::Newest => ("", "", "<", "DESC"),
            ShelfOrder::Released => {
                ("released_at", "INDEXED BY index_entry_by_release", "<", "DESC")
            }
            ShelfOrder::Name => ("sort_name", "INDEXED BY index_entry_by_name", ">", "ASC"),
        };
        let (value, keys, order) = if key.is_empty() {
            ("NULL", "ordinal".to_owned(), format!("ordinal {direction}"))
        } else {
            (key, format!("({key}, ordinal)"), format!("{key} {direction}, ordinal {direction}"))
        };
        let bounds = match (&self.after, key.is_empty()) {
            (None, _) => String::new(),
            (Some(_), true) => format!("WHERE {keys} {behind} ?1"),
            (Some(_), false) => format!("WHERE {keys} {behind} (?1, ?2)"),
        };
        format!(
            "SELECT ordinal, {value}{columns} FROM index_entry {index} {bounds} ORDER BY {order}"
        )
    }

    fn read(
        &self,
        conn: &Connection,
        columns: &str,
        mut visit: impl FnMut(&Row<'_>, ShelfKey) -> Result<ControlFlow<()>, Fault>,
    ) -> Result<(), Fault> {
        let mut params: Vec<Box<dyn ToSql + 'a>> = Vec::new();
        match self.after {
            None | Some(ShelfKey::Newest(_)) => {}
            Some(ShelfKey::Released(at, _)) => params.push(Box::new(at.as_millis())),
            Some(ShelfKey::Name(name, _)) => params.push(Box::new(name)),
        }
        params.extend(
            self.after.map(|key| -> Box<dyn ToSql> { Box::new(integer(key.ordinal().get())) }),
        );
        let mut statement = conn.prepare_cached(&self.statement(columns))?;
        let mut rows = statement.query(rusqlite::params_from_iter(params))?;
        while let Some(row) = rows.next()? {
            let ordinal = position(row, 0)?;
            let key = match self.order {
                ShelfOrder::Newest => ShelfKey::Newest(ordinal),
                ShelfOrder::Released => ShelfKey::Released(time(row, 1)?, ordinal),
                ShelfOrder::Name => ShelfKey::Name(row.get(1)?, ordinal),
            };
            if visit(row, key)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Calls `visit` with each entry: its release and its forward document are the columns 2 and 3.
    fn entries(
        &self,
        conn: &Connection,
        visit: impl FnMut(&Row<'_>, ShelfKey) -> Result<ControlFlow<()>, Fault>,
    ) -> Result<(), Fault> {
        self.read(conn, ", released_at, forward", visit)
    }

    /// The first keys whose positions are `wanted`, which the order's index alone tells.
    fn keys(
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
}

#[cfg(test)]
pub(super) fn statements() -> Vec<(String, &'static str)> {
    use fleetprompt_core::domain::Timestamp;
    let start = Position::START;
    let first =
        [ShelfOrder::Newest, ShelfOrder::Released, ShelfOrder::Name].map(|order| (order, None));
    let next = [
        (ShelfKey::Newest(start), "rowid<?"),
        (ShelfKey::Released(Timestamp::MIN, start), "(released_at,rowid)<(?,?)"),
        (ShelfKey::Name(String::new(), start), "(sort_name,rowid)>(?,?)"),
    ];
    let mut all: Vec<_> = first
        .iter()
        .map(|(order, after)| (Walk { order: *order, after: *after }.statement(""), "index_entry"))
        .collect();
    for ((order, _), (after, bound)) in first.iter().zip(&next) {
        all.push((Walk { order: *order, after: Some(after) }.statement(", forward"), bound));
    }
    all
}
