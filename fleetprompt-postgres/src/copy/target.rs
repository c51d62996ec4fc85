//! A schema that a copy is written into.

use std::sync::Arc;

use fleetprompt_core::domain::Position;
use fleetprompt_core::port::{
    CopyMark, CopyRow, CopySnapshot, CopySource, CopyState, CopyTable, CopyTarget, Head,
    RecordKind, StoreError, StoreFuture,
};

use crate::error::Fault;
use crate::index::{NewEntries, NewEntry};
use crate::options::PostgresOptions;
use crate::prepared::{NewRow, new_event, new_row};
use crate::row::{self, integer};
use crate::session::Session;
use crate::store::{PostgresStore, Purpose};

const ANOTHER: StoreError = StoreError::Unavailable("another process copies into this store");

/// The dictionary and the postings, which follow from the entries of the index.
const DERIVED: [&str; 2] = ["index_term", "index_posting"];

/// A schema that a copy is written into; once it is finished, it can be opened as a store. Each page of
/// a copy is one transaction, and durable before the next is asked for.
///
/// ```no_run
/// use fleetprompt_core::copy::{CopyOptions, copy};
/// use fleetprompt_core::port::CopySource;
/// use fleetprompt_postgres::PostgresStore;
///
/// # async fn example(file: &dyn CopySource) -> Result<(), Box<dyn std::error::Error>> {
/// let url = "postgres://market@db.example/market";
/// let target = PostgresStore::options().connect_copy_target(url).await?;
/// let report = copy(file, &target, CopyOptions::default(), |_| {}).await?;
/// println!("{report}");
/// let store = PostgresStore::connect(url).await?;
/// # drop(store);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct PostgresCopyTarget(PostgresStore);

impl PostgresOptions {
    /// Connects to the database at `url` to copy into the schema, which is made if it is missing and may
    /// be ([`create_if_missing`](Self::create_if_missing)). It must be empty, or hold an unfinished copy.
    ///
    /// ```no_run
    /// use fleetprompt_core::port::{CopyState, CopyTarget};
    /// use fleetprompt_postgres::PostgresStore;
    /// # pollster::block_on(async {
    /// let url = "postgres:///market?host=/run/postgresql";
    /// let target = PostgresStore::options().connect_copy_target(url).await?;
    /// assert_eq!(target.copy_state().await?, CopyState::Empty);
    /// # Ok::<(), fleetprompt_core::port::StoreError>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// As [`connect`](Self::connect), but for [`StoreError::UnfinishedCopy`].
    pub async fn connect_copy_target(&self, url: &str) -> Result<PostgresCopyTarget, StoreError> {
        let store = PostgresStore::with_options(url.parse()?, self, Purpose::Copying).await?;
        Ok(PostgresCopyTarget(store))
    }
}

impl CopySource for PostgresCopyTarget {
    fn copy_snapshot(&self) -> StoreFuture<'_, Box<dyn CopySnapshot>> {
        self.0.copy_snapshot()
    }
}

impl CopyTarget for PostgresCopyTarget {
    fn copy_state(&self) -> StoreFuture<'_, CopyState> {
        Box::pin(self.0.snapshot(|mut session| Box::pin(async move { state(&mut session).await })))
    }

    fn begin_copy<'a>(&'a self, mark: &'a CopyMark, head: &'a Head) -> StoreFuture<'a, ()> {
        let (mark, head) = (mark.clone(), *head);
        Box::pin(self.0.transact(move |session| Box::pin(begin(session, mark, head))))
    }

    fn put_copied<'a>(
        &'a self,
        rows: Vec<CopyRow>,
        from: &'a CopyMark,
        to: &'a CopyMark,
    ) -> StoreFuture<'a, ()> {
        let (from, to) = (from.clone(), to.clone());
        Box::pin(async move {
            let rows = Rows::new(rows)?;
            self.0.transact(move |session| Box::pin(put(session, rows, from, to))).await
        })
    }

    fn finish_copy<'a>(&'a self, mark: &'a CopyMark) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            // What the planner should know from the first search on; each by itself, so that no
            // time-out meets the sum of them.
            let tables = CopyTable::all().map(CopyTable::name).chain(DERIVED);
            for table in tables {
                self.0.transact(move |session| Box::pin(analyze(session, table))).await?;
            }
            let mark = mark.clone();
            self.0.transact(move |session| Box::pin(finish(session, mark))).await
        })
    }
}

async fn finish(mut session: Session<'_>, mark: CopyMark) -> Result<(), Fault> {
    turn(&mut session).await?;
    set_mark(&mut session, Some(&mark), None).await
}

async fn analyze(mut session: Session<'_>, table: &str) -> Result<(), Fault> {
    let statement = session.statement(format!("ANALYZE {}.{table}", session.schema()));
    session.all(statement).await.map(drop)
}

/// Waits for the turn to write.
async fn turn(session: &mut Session<'_>) -> Result<(), Fault> {
    let statement = session.statement(format!("SELECT FROM {}.write_turn_1()", session.schema()));
    session.all(statement).await.map(drop)
}

async fn state(session: &mut Session<'_>) -> Result<CopyState, Fault> {
    let schema = session.schema();
    let any = CopyTable::all()
        .map(|table| format!("EXISTS (SELECT FROM {schema}.{})", table.name()))
        .collect::<Vec<_>>()
        .join(" OR ");
    let sql = format!("SELECT copying, last > 0 OR {any} FROM {schema}.log_head");
    let statement = session.statement(sql);
    let row = session.one(statement).await?;
    Ok(match row::get::<Option<&str>>(&row, 0)? {
        Some(mark) => CopyState::Unfinished(CopyMark::decode(mark)?),
        None if row::get(&row, 1)? => CopyState::Occupied,
        None => CopyState::Empty,
    })
}

async fn begin(mut session: Session<'_>, mark: CopyMark, head: Head) -> Result<(), Fault> {
    turn(&mut session).await?;
    let schema = session.schema();
    match state(&mut session).await? {
        CopyState::Occupied => return Err(StoreError::Open("the store is not empty").into()),
        CopyState::Unfinished(_) => {
            let tables = CopyTable::all().map(CopyTable::name).chain(DERIVED);
            let tables: Vec<_> = tables.map(|table| format!("{schema}.{table}")).collect();
            let sql = [
                format!("TRUNCATE {}", tables.join(", ")),
                format!("UPDATE {schema}.index_size SET entries = 0"),
            ];
            for sql in sql {
                let statement = session.statement(sql);
                session.all(statement).await?;
            }
        }
        CopyState::Empty => {}
    }
    let sql = format!(
        "UPDATE {schema}.log_head SET copying = $1, last = $2, at = $3, feed_last = $4,
             pruned = $5, feed_pruned = $6"
    );
    let statement = session.statement(sql).bind(mark.encode()?);
    let Head { last, at, feed_last, pruned, feed_pruned } = head;
    let statement = statement.bind(integer(last.get())).bind(at.as_millis());
    let positions = [feed_last, pruned, feed_pruned];
    let statement = positions
        .iter()
        .fold(statement, |statement, position: &Position| statement.bind(integer(position.get())));
    session.all(statement).await.map(drop)
}

/// Replaces the mark, if it is `from`.
async fn set_mark(
    session: &mut Session<'_>,
    from: Option<&CopyMark>,
    to: Option<&CopyMark>,
) -> Result<(), Fault> {
    let sql = format!(
        "UPDATE {}.log_head SET copying = $2 WHERE copying IS NOT DISTINCT FROM $1
         RETURNING one",
        session.schema()
    );
    let statement = session.statement(sql);
    let statement = statement.bind(from.map(CopyMark::encode).transpose()?);
    let statement = statement.bind(to.map(CopyMark::encode).transpose()?);
    match session.first(statement).await? {
        Some(_) => Ok(()),
        None => Err(ANOTHER.into()),
    }
}

async fn put(
    mut session: Session<'_>,
    rows: Rows,
    from: CopyMark,
    to: CopyMark,
) -> Result<(), Fault> {
    turn(&mut session).await?;
    set_mark(&mut session, Some(&from), Some(&to)).await?;
    for (kind, records) in rows.records {
        records.put(&mut session, kind).await?;
    }
    rows.others.put(&mut session).await
}

/// Rows made ready for writing.
#[derive(Default)]
struct Rows {
    records: Vec<(RecordKind, Records)>,
    others: Others,
}

impl Rows {
    fn new(rows: Vec<CopyRow>) -> Result<Self, StoreError> {
        let mut ready = Rows::default();
        for row in rows {
            ready.push(row)?;
        }
        Ok(ready)
    }

    fn push(&mut self, row: CopyRow) -> Result<(), StoreError> {
        let others = &mut self.others;
        match row {
            CopyRow::Record(record) => {
                let kind = record.value.kind();
                if self.records.last().is_none_or(|(last, _)| *last != kind) {
                    self.records.push((kind, Records::default()));
                }
                let Some((_, records)) = self.records.last_mut() else { return Ok(()) };
                let NewRow { doc, columns } = new_row(&record.value)?;
                records.ids.push(record.value.key().id().to_owned());
                records.revisions.push(integer(record.revision.get()));
                records.created.push(integer(record.created.get()));
                records.changed.push(integer(record.changed.get()));
                records.docs.push(doc);
                records.columns.push(columns);
            }
            CopyRow::Name { name, owner } => {
                others.names.0.push(name.scope().name().to_owned());
                others.names.1.push(name.name().to_owned());
                others.names.2.push(owner.as_str().to_owned());
            }
            CopyRow::Counter { scope, name, value } => {
                others.counters.0.push(scope);
                others.counters.1.push(name);
                others.counters.2.push(integer(value));
            }
            CopyRow::Receipt(kept) => {
                others.receipts.scopes.push(kept.scope.0.to_vec());
                others.receipts.kids.push(kept.fingerprint.kid.as_str().to_owned());
                others.receipts.fingerprints.push(kept.fingerprint.digest.to_vec());
                others.receipts.answers.push(kept.answer);
                others.receipts.expiries.push(kept.expires_at.as_millis());
            }
            CopyRow::Event { stored, feed } => {
                let event = new_event(&stored.event)?;
                others.events.positions.push(integer(stored.position.get()));
                others.events.times.push(event.at.as_millis());
                others.events.feed.push(feed.map(|position| integer(position.get())));
                others.events.docs.push(event.doc);
            }
            CopyRow::Entry(stored) => {
                others.ordinals.push(integer(stored.ordinal.get()));
                let number = others.entries.push(&Arc::new(NewEntry::new(&stored.entry)));
                others.numbers.push(number);
            }
        }
        Ok(())
    }
}

/// Records of a kind, column by column.
#[derive(Default)]
struct Records {
    ids: Vec<String>,
    revisions: Vec<i64>,
    created: Vec<i64>,
    changed: Vec<i64>,
    docs: Vec<String>,
    columns: Vec<String>,
}

impl Records {
    async fn put(self, session: &mut Session<'_>, kind: RecordKind) -> Result<(), Fault> {
        let (schema, table) = (session.schema(), kind.name());
        let names: String =
            kind.columns().iter().map(|column| format!(", {}", column.name())).collect();
        let values: String =
            kind.columns().iter().map(|column| format!(", r.{}", column.name())).collect();
        let sql = format!(
            "INSERT INTO {schema}.{table} (id, revision, created, changed, doc{names})
             SELECT k.id, k.revision, k.created, k.changed, k.doc{values}
             FROM unnest($1, $2, $3, $4, $5, $6) AS k (id, revision, created, changed, doc, columns)
             CROSS JOIN LATERAL
                 jsonb_populate_record(NULL::{schema}.{table}, k.columns::jsonb) AS r"
        );
        let statement = session.statement(sql).bind(self.ids).bind(self.revisions);
        let statement = statement.bind(self.created).bind(self.changed);
        session.all(statement.bind(self.docs).bind(self.columns)).await.map(drop)
    }
}

#[derive(Default)]
struct Receipts {
    scopes: Vec<Vec<u8>>,
    kids: Vec<String>,
    fingerprints: Vec<Vec<u8>>,
    answers: Vec<String>,
    expiries: Vec<i64>,
}

#[derive(Default)]
struct Events {
    positions: Vec<i64>,
    times: Vec<i64>,
    feed: Vec<Option<i64>>,
    docs: Vec<String>,
}

/// Rows that are no records, column by column.
#[derive(Default)]
struct Others {
    names: (Vec<String>, Vec<String>, Vec<String>),
    counters: (Vec<String>, Vec<String>, Vec<i64>),
    receipts: Receipts,
    events: Events,
    ordinals: Vec<i64>,
    numbers: Vec<i32>,
    entries: NewEntries,
}

impl Others {
    async fn put(self, session: &mut Session<'_>) -> Result<(), Fault> {
        let schema = session.schema();
        let Others { names, counters, receipts, events, ordinals, numbers, entries } = self;
        if !names.0.is_empty() {
            let sql = format!(
                "INSERT INTO {schema}.name_claim (scope, name, owner) SELECT * FROM unnest($1, $2, $3)"
            );
            let statement = session.statement(sql).bind(names.0).bind(names.1).bind(names.2);
            session.all(statement).await?;
        }
        if !counters.0.is_empty() {
            let sql = format!(
                "INSERT INTO {schema}.counter (scope, name, value) SELECT * FROM unnest($1, $2, $3)"
            );
            let statement = session.statement(sql).bind(counters.0).bind(counters.1);
            session.all(statement.bind(counters.2)).await?;
        }
        if !receipts.scopes.is_empty() {
            let sql = format!(
                "INSERT INTO {schema}.receipt (scope, kid, fingerprint, answer, expires_at)
                 SELECT * FROM unnest($1, $2, $3, $4, $5)"
            );
            let statement = session.statement(sql).bind(receipts.scopes).bind(receipts.kids);
            let statement = statement.bind(receipts.fingerprints).bind(receipts.answers);
            session.all(statement.bind(receipts.expiries)).await?;
        }
        if !events.positions.is_empty() {
            let sql = format!(
                "INSERT INTO {schema}.event (position, at, feed_position, doc)
                 SELECT * FROM unnest($1, $2, $3, $4)"
            );
            let statement = session.statement(sql).bind(events.positions).bind(events.times);
            session.all(statement.bind(events.feed).bind(events.docs)).await?;
        }
        if !ordinals.is_empty() {
            let parameters: Vec<String> = (1..=15).map(|n| format!("${n}")).collect();
            let sql = format!("SELECT FROM {schema}.set_entries_1({})", parameters.join(", "));
            let statement = session.statement(sql).bind(ordinals).bind(numbers);
            session.all(entries.bind(statement)).await?;
        }
        Ok(())
    }
}
