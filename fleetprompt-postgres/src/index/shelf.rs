//! Lists in other orders than that of ranks.

use fleetprompt_core::domain::{Position, Timestamp};
use fleetprompt_core::port::{Shelf, ShelfKey, ShelfOrder, StoreError};
use sqlx::postgres::PgRow;

use crate::error::Fault;
use crate::row::{self, integer, position, time};
use crate::session::Session;

use super::question::{Clauses, since};

/// Where a page begins: behind this in any order.
struct After {
    ordinal: i64,
    time: i64,
    name: Vec<u8>,
}

impl After {
    /// Where the page begins; `None` behind a key of another order, where nothing stands.
    fn of(shelf: &Shelf) -> Option<Self> {
        let (order, key) = (shelf.order, shelf.after.as_ref());
        let start = match order {
            ShelfOrder::Newest | ShelfOrder::Released => i64::MAX,
            ShelfOrder::Name => -1,
        };
        let ordinal = |ordinal: &Position| integer(ordinal.get());
        let latest = Timestamp::MAX.as_millis();
        Some(match (order, key) {
            (_, None) => After { ordinal: start, time: latest, name: Vec::new() },
            (ShelfOrder::Newest, Some(ShelfKey::Newest(at))) => {
                After { ordinal: ordinal(at), time: latest, name: Vec::new() }
            }
            (ShelfOrder::Released, Some(ShelfKey::Released(time, at))) => {
                After { ordinal: ordinal(at), time: time.as_millis(), name: Vec::new() }
            }
            (ShelfOrder::Name, Some(ShelfKey::Name(name, at))) => {
                After { ordinal: ordinal(at), time: latest, name: name.as_bytes().to_vec() }
            }
            (_, Some(_)) => return None,
        })
    }
}

pub(super) async fn shelf(mut session: Session<'_>, shelf: Shelf) -> Result<Vec<ShelfKey>, Fault> {
    let Some(after) = After::of(&shelf) else { return Ok(Vec::new()) };
    let schema = session.schema();
    let sql = format!(
        "SELECT ordinal, released_at, sort_name
         FROM {schema}.shelf_1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
    );
    let number: i32 = match shelf.order {
        ShelfOrder::Newest => 0,
        ShelfOrder::Released => 1,
        ShelfOrder::Name => 2,
    };
    let mut clauses = Clauses::default();
    clauses.push(1, &shelf.matching);
    let statement = session.statement(sql).bind(number).bind(after.ordinal).bind(after.time);
    let statement = statement.bind(after.name).bind(i64::from(shelf.size.get()));
    let statement = clauses.bind(statement.bind(since(&shelf.matching)));
    let rows = session.all(statement).await?;
    rows.iter().map(|row| key(row, shelf.order)).collect()
}

fn key(row: &PgRow, order: ShelfOrder) -> Result<ShelfKey, Fault> {
    let ordinal = position(row, 0)?;
    Ok(match order {
        ShelfOrder::Newest => ShelfKey::Newest(ordinal),
        ShelfOrder::Released => ShelfKey::Released(time(row, 1)?, ordinal),
        ShelfOrder::Name => {
            let name = String::from_utf8(row::get(row, 2)?);
            let name = name.map_err(|_| StoreError::Corrupt("a name in the index is no text"));
            ShelfKey::Name(name?, ordinal)
        }
    })
}
