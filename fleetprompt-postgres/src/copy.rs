//! Copying from a schema and into one. See [`fleetprompt_core::copy`].

use std::sync::Arc;
use std::time::Duration;

use fleetprompt_core::port::{
    ClaimedName, CopyKey, CopyRow, CopySnapshot, CopySource, CopyTable, Head, IdempotencyScope,
    NameOwner, NewReceipt, PageSize, RecordKind, StoreError, StoreFuture, StoredEvent,
};
use sqlx::postgres::PgConnection;
use tokio::sync::Mutex;

use crate::error::{Fault, store_error};
use crate::index::lookup;
use crate::read;
use crate::row::{self, digest, integer, natural, position, time};
use crate::session::{Session, Work};
use crate::store::{PostgresStore, SNAPSHOT};
use crate::upkeep::OF_EVERYTHING;

mod target;

pub use target::PostgresCopyTarget;

/// However slowly the other side takes what was read, and however long a table is that is counted.
const UNHURRIED: &str =
    "SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL statement_timeout = 0";

/// A transaction of one connection of its own, `REPEATABLE READ`: readers and writers go on, and the
/// server keeps old versions of rows until the snapshot is dropped.
impl CopySource for PostgresStore {
    fn copy_snapshot(&self) -> StoreFuture<'_, Box<dyn CopySnapshot>> {
        Box::pin(async move {
            let pool = self.inner.readers.clone();
            let begin = async move {
                // Out of the pool, since it is never to go back in the middle of a transaction.
                let conn = pool.acquire().await.map_err(|error| store_error(&error))?;
                let mut conn = conn.detach();
                for sql in [SNAPSHOT, UNHURRIED] {
                    let begun = sqlx::raw_sql(sql).execute(&mut conn).await;
                    begun.map_err(|error| store_error(&error))?;
                }
                Ok(conn)
            };
            let conn = self.inner.threads.run(begin).await?;
            let store = self.clone();
            let snapshot = Snapshot { store, conn: Arc::new(Mutex::new(Some(conn))) };
            // The state is that of the first read.
            snapshot.head().await?;
            Ok(Box::new(snapshot) as Box<dyn CopySnapshot>)
        })
    }
}

/// A connection in a transaction, which ends when it is closed; nothing once it was lost.
struct Snapshot {
    store: PostgresStore,
    conn: Arc<Mutex<Option<PgConnection>>>,
}

impl Snapshot {
    async fn read<T: Send + 'static>(
        &self,
        read: impl for<'c> FnOnce(Session<'c>) -> Work<'c, T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.read_within(self.store.inner.patience, read).await
    }

    async fn read_within<T: Send + 'static>(
        &self,
        patience: Duration,
        read: impl for<'c> FnOnce(Session<'c>) -> Work<'c, T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = &self.store.inner;
        let settings = Arc::clone(&inner.settings);
        let slot = Arc::clone(&self.conn);
        let reading = async move {
            let mut slot = slot.lock().await;
            let lost = StoreError::Unavailable("the connection of a copy was lost");
            // Put back only when all went well: what failed can't be read on.
            let mut conn = slot.take().ok_or(lost)?;
            let read = read(Session::new(&mut conn, &settings));
            let read = tokio::time::timeout(patience, read).await;
            let read = read.unwrap_or(Err(Fault::Silence))?;
            *slot = Some(conn);
            Ok(read)
        };
        inner.threads.run(reading).await
    }
}

impl CopySnapshot for Snapshot {
    fn head(&self) -> StoreFuture<'_, Head> {
        Box::pin(self.read(|session| Box::pin(read::head(session))))
    }

    fn count(&self, table: CopyTable) -> StoreFuture<'_, u64> {
        Box::pin(self.read_within(OF_EVERYTHING, move |session| Box::pin(count(session, table))))
    }

    fn rows<'a>(
        &'a self,
        table: CopyTable,
        after: Option<&'a CopyKey>,
        size: PageSize,
    ) -> StoreFuture<'a, Vec<CopyRow>> {
        let after = after.cloned();
        Box::pin(self.read(move |session| Box::pin(rows(session, table, after, size))))
    }
}

async fn count(mut session: Session<'_>, table: CopyTable) -> Result<u64, Fault> {
    let standing = if table == CopyTable::Counters { " WHERE value > 0" } else { "" };
    let sql = format!("SELECT count(*) FROM {}.{}{standing}", session.schema(), table.name());
    let statement = session.statement(sql);
    natural(&session.one(statement).await?, 0)
}

pub(crate) async fn rows(
    session: Session<'_>,
    table: CopyTable,
    after: Option<CopyKey>,
    size: PageSize,
) -> Result<Vec<CopyRow>, Fault> {
    let after = after.as_ref();
    match table {
        CopyTable::Records(kind) => records(session, kind, CopyKey::text(after)?, size).await,
        CopyTable::Names => names(session, CopyKey::pair(after)?, size).await,
        CopyTable::Counters => counters(session, CopyKey::pair(after)?, size).await,
        CopyTable::Receipts => receipts(session, CopyKey::digest(after)?, size).await,
        CopyTable::Events => {
            let after = integer(CopyKey::position(after)?.get());
            events(session, after, size).await
        }
        CopyTable::Entries => {
            let entries = lookup::entries(session, CopyKey::position(after)?, size).await?;
            Ok(entries.into_iter().map(CopyRow::Entry).collect())
        }
    }
}

async fn records(
    mut session: Session<'_>,
    kind: RecordKind,
    after: &str,
    size: PageSize,
) -> Result<Vec<CopyRow>, Fault> {
    let (columns, schema, table) = (row::whole(kind), session.schema(), kind.name());
    let sql = format!("SELECT {columns} FROM {schema}.{table} WHERE id > $1 ORDER BY id LIMIT $2");
    let statement = session.statement(sql).bind(after.to_owned()).bind(i64::from(size.get()));
    let rows = session.all(statement).await?;
    let record = |row| {
        let record = row::record(kind, row)?;
        if row::get::<&str>(row, 4)? != record.value.key().id() {
            return Err(StoreError::Corrupt("a document belongs under another key").into());
        }
        if !row::agrees(row, 5, &record.value)? {
            return Err(StoreError::Corrupt("a column differs from its document").into());
        }
        Ok(CopyRow::Record(record))
    };
    rows.iter().map(record).collect()
}

async fn names(
    mut session: Session<'_>,
    (scope, name): (&str, &str),
    size: PageSize,
) -> Result<Vec<CopyRow>, Fault> {
    let schema = session.schema();
    let sql = format!(
        "SELECT scope, name, owner FROM {schema}.name_claim WHERE (scope, name) > ($1, $2)
         ORDER BY scope, name LIMIT $3"
    );
    let statement = session.statement(sql).bind(scope.to_owned()).bind(name.to_owned());
    let rows = session.all(statement.bind(i64::from(size.get()))).await?;
    let name = |row| {
        let name = ClaimedName::stored(row::get(row, 0)?, row::get(row, 1)?)?;
        Ok(CopyRow::Name { name, owner: NameOwner::new(row::get::<String>(row, 2)?) })
    };
    rows.iter().map(name).collect()
}

async fn counters(
    mut session: Session<'_>,
    (scope, name): (&str, &str),
    size: PageSize,
) -> Result<Vec<CopyRow>, Fault> {
    let schema = session.schema();
    let sql = format!(
        "SELECT scope, name, value FROM {schema}.counter
         WHERE (scope, name) > ($1, $2) AND value > 0 ORDER BY scope, name LIMIT $3"
    );
    let statement = session.statement(sql).bind(scope.to_owned()).bind(name.to_owned());
    let rows = session.all(statement.bind(i64::from(size.get()))).await?;
    let counter = |row| {
        let (scope, name) = (row::get(row, 0)?, row::get(row, 1)?);
        Ok(CopyRow::Counter { scope, name, value: natural(row, 2)? })
    };
    rows.iter().map(counter).collect()
}

async fn receipts(
    mut session: Session<'_>,
    after: &[u8],
    size: PageSize,
) -> Result<Vec<CopyRow>, Fault> {
    let schema = session.schema();
    let sql = format!(
        "SELECT scope, kid, fingerprint, answer, expires_at FROM {schema}.receipt
         WHERE scope > $1 ORDER BY scope LIMIT $2"
    );
    let statement = session.statement(sql).bind(after.to_vec()).bind(i64::from(size.get()));
    let rows = session.all(statement).await?;
    let receipt = |row| {
        Ok(CopyRow::Receipt(NewReceipt {
            scope: IdempotencyScope(digest(row, 0)?),
            fingerprint: read::fingerprint(row, 1)?,
            answer: row::get(row, 3)?,
            expires_at: time(row, 4)?,
        }))
    };
    rows.iter().map(receipt).collect()
}

async fn events(
    mut session: Session<'_>,
    after: i64,
    size: PageSize,
) -> Result<Vec<CopyRow>, Fault> {
    let schema = session.schema();
    let sql = format!(
        "SELECT position, doc, at, feed_position FROM {schema}.event
         WHERE position > $1 ORDER BY position LIMIT $2"
    );
    let statement = session.statement(sql).bind(after).bind(i64::from(size.get()));
    let rows = session.all(statement).await?;
    let event = |row| {
        let stored = StoredEvent { position: position(row, 0)?, event: read::event(row, 1)? };
        let in_feed = row::get::<Option<i64>>(row, 3)?.is_some();
        let feed = in_feed.then(|| position(row, 3)).transpose()?;
        if stored.event.at != time(row, 2)? || stored.event.feed.is_some() != in_feed {
            return Err(StoreError::Corrupt("a column differs from its document").into());
        }
        Ok(CopyRow::Event { stored, feed })
    };
    rows.iter().map(event).collect()
}
