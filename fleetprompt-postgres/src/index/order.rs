//! The orders that lists are read in, and where a page begins.

use fleetprompt_core::domain::{Position, Timestamp};
use fleetprompt_core::port::{Rank, Shelf, ShelfKey, ShelfOrder, StoreError};
use sqlx::postgres::PgRow;

use crate::error::Fault;
use crate::row::{self, integer, natural, position, time};
use crate::session::Statement;

/// The columns that [`Found::read`] reads.
pub(super) const FOUND: &str = "e.ordinal, e.rank, e.released_at, e.sort_name";

/// An entry's place in all orders.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) ordinal: Position,
    pub(super) rank: Rank,
    released_at: Timestamp,
    sort_name: Vec<u8>,
}

impl Found {
    pub(super) fn read(row: &PgRow) -> Result<Self, Fault> {
        Ok(Found {
            ordinal: position(row, 0)?,
            rank: Rank::from_number(natural(row, 1)?),
            released_at: time(row, 2)?,
            sort_name: row::get(row, 3)?,
        })
    }

    /// The place on a shelf of that order.
    pub(super) fn shelf_key(&self, order: ShelfOrder) -> Result<ShelfKey, Fault> {
        Ok(match order {
            ShelfOrder::Newest => ShelfKey::Newest(self.ordinal),
            ShelfOrder::Released => ShelfKey::Released(self.released_at, self.ordinal),
            ShelfOrder::Name => {
                let name = String::from_utf8(self.sort_name.clone());
                let name = name.map_err(|_| StoreError::Corrupt("a name in the index is no text"));
                ShelfKey::Name(name?, self.ordinal)
            }
        })
    }
}

/// An order.
#[derive(Clone, Copy, Debug)]
enum Order {
    Rank,
    Shelf(ShelfOrder),
}

/// A part of an order.
#[derive(Clone, Debug)]
pub(super) struct Span {
    order: Order,
    /// Only what comes behind this.
    after: Option<Found>,
    /// Only what comes at or before this rank.
    until: Option<Rank>,
}

impl Span {
    /// A part of the order of ranks.
    pub(super) fn of_ranks(after: Option<Rank>, until: Option<Rank>) -> Self {
        let mark = |rank: Rank| Found {
            ordinal: rank.ordinal(),
            rank,
            released_at: Timestamp::MIN,
            sort_name: Vec::new(),
        };
        Span { order: Order::Rank, after: after.map(mark), until }
    }

    /// The part of a shelf that is wanted; `None` behind a key of another order, where nothing stands.
    pub(super) fn of_shelf(shelf: &Shelf) -> Option<Self> {
        let ordinal = shelf.after.as_ref().map_or(Position::START, ShelfKey::ordinal);
        let mark = |released_at, name: &str| Found {
            ordinal,
            rank: Rank::from_number(0),
            released_at,
            sort_name: name.as_bytes().to_vec(),
        };
        let after = match (shelf.order, &shelf.after) {
            (_, None) => None,
            (ShelfOrder::Newest, Some(ShelfKey::Newest(_))) => Some(mark(Timestamp::MIN, "")),
            (ShelfOrder::Released, Some(ShelfKey::Released(at, _))) => Some(mark(*at, "")),
            (ShelfOrder::Name, Some(ShelfKey::Name(name, _))) => Some(mark(Timestamp::MIN, name)),
            (_, Some(_)) => return None,
        };
        Some(Span { order: Order::Shelf(shelf.order), after, until: None })
    }

    /// The same part from behind `after` on.
    pub(super) fn behind(self, after: Found) -> Self {
        Span { after: Some(after), ..self }
    }

    /// How an entry `e` is ordered.
    pub(super) fn order_by(&self) -> &'static str {
        match self.order {
            Order::Rank => "e.rank",
            Order::Shelf(ShelfOrder::Newest) => "e.ordinal DESC",
            Order::Shelf(ShelfOrder::Released) => "e.released_at DESC, e.ordinal DESC",
            Order::Shelf(ShelfOrder::Name) => "e.sort_name, e.ordinal",
        }
    }

    /// The condition on an entry `e`, with its parameters numbered from 1 on, and how many there are.
    pub(super) fn condition(&self) -> (String, usize) {
        let (mut parts, mut parameters) = (Vec::new(), 0);
        if self.after.is_some() {
            let (condition, count) = match self.order {
                Order::Rank => ("e.rank > $1", 1),
                Order::Shelf(ShelfOrder::Newest) => ("e.ordinal < $1", 1),
                Order::Shelf(ShelfOrder::Released) => ("(e.released_at, e.ordinal) < ($1, $2)", 2),
                Order::Shelf(ShelfOrder::Name) => ("(e.sort_name, e.ordinal) > ($1, $2)", 2),
            };
            parts.push(condition.to_owned());
            parameters += count;
        }
        if self.until.is_some() {
            parameters += 1;
            parts.push(format!("e.rank <= ${parameters}"));
        }
        let condition = if parts.is_empty() { "true".to_owned() } else { parts.join(" AND ") };
        (condition, parameters)
    }

    /// Adds the parameters of the condition.
    pub(super) fn bind(&self, mut statement: Statement) -> Statement {
        if let Some(Found { ordinal, rank, released_at, sort_name }) = &self.after {
            let ordinal = integer(ordinal.get());
            statement = match self.order {
                Order::Rank => statement.bind(integer(rank.number())),
                Order::Shelf(ShelfOrder::Newest) => statement.bind(ordinal),
                Order::Shelf(ShelfOrder::Released) => {
                    statement.bind(released_at.as_millis()).bind(ordinal)
                }
                Order::Shelf(ShelfOrder::Name) => statement.bind(sort_name.clone()).bind(ordinal),
            };
        }
        match self.until {
            Some(until) => statement.bind(integer(until.number())),
            None => statement,
        }
    }
}
