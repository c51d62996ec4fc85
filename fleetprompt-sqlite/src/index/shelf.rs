//! Lists in other orders than that of ranks.
//!
//! Few matches are collected and sorted. Many lie close enough to each other that walking the
//! order and testing entry by entry soon fills a page; if it does not, because all of them lie far
//! behind, they are collected without their entries, and the order is walked for their positions.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use fleetprompt_core::domain::Position;
use fleetprompt_core::port::{Matching, Shelf, ShelfKey, ShelfOrder};
use rusqlite::Connection;

use crate::error::Fault;
use crate::row::time;

use super::dictionary::Dictionary;
use super::plan::{Plan, Question};
use super::stream::{self, Span};
use super::view::View;
use super::walk::Walk;

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
    walk.entries(conn, |row, key| {
        if walked == bounds.walked {
            return Ok(ControlFlow::Break(()));
        }
        walked += 1;
        let document = View::new(row.get_ref(3)?.as_blob().map_err(rusqlite::Error::from)?)?;
        if tests.pass(time(row, 2)?, document) {
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
