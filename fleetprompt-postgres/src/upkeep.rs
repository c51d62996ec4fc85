//! Whether the tables of the search index agree with each other, and mending them.

use std::fmt;
use std::time::Duration;

use fleetprompt_core::port::StoreError;

use crate::error::Fault;
use crate::row;
use crate::session::Session;
use crate::store::{Begin, PostgresStore};

/// How long a look at everything may take: longer than anybody waits.
pub(crate) const OF_EVERYTHING: Duration = Duration::from_secs(7 * 24 * 3_600);

/// How many differences are mended in one transaction.
const TOGETHER: i64 = 100_000;

/// Lets a transaction take its time, and read tables from one end to the other.
const UNHURRIED: &str = "SELECT set_config('statement_timeout', '0', true),
    set_config('enable_seqscan', 'on', true)";

/// What does not agree in the tables of the search index. See [`PostgresStore::check_index_tables`].
///
/// ```
/// use fleetprompt_postgres::IndexTables;
/// let tables = IndexTables { postings: 2, ..IndexTables::default() };
/// assert!(!tables.is_clean());
/// assert_eq!(tables.to_string(), "0 entries that can't be used, 2 wrong postings, 0 wrong counts");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexTables {
    /// Entries whose rank is not that of their quality, whose terms are not in the dictionary, or whose
    /// listing is not there.
    pub entries: u64,
    /// Postings that are missing, or that no entry has.
    pub postings: u64,
    /// Numbers of entries that are not what is there: of a term, or of all.
    pub counts: u64,
}

impl IndexTables {
    /// Whether everything agrees.
    pub fn is_clean(&self) -> bool {
        *self == IndexTables::default()
    }
}

impl fmt::Display for IndexTables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let IndexTables { entries, postings, counts } = self;
        write!(f, "{entries} entries that can't be used, {postings} wrong postings, ")?;
        write!(f, "{counts} wrong counts")
    }
}

impl PostgresStore {
    /// Compares the tables of the search index with each other, as of one moment. Whether entries say
    /// what their listings say is another question, which the marketplace's `check_index` answers.
    ///
    /// Reads all of the index, sorts it on the server, and holds up nobody; the server keeps what is
    /// deleted meanwhile until it is done.
    ///
    /// ```no_run
    /// # async fn look(store: &fleetprompt_postgres::PostgresStore) -> Result<(), Box<dyn std::error::Error>> {
    /// let tables = store.check_index_tables().await?;
    /// assert!(tables.is_clean(), "{tables}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the server can't be asked. What is wrong is in the answer.
    pub async fn check_index_tables(&self) -> Result<IndexTables, StoreError> {
        let pool = self.inner.readers.clone();
        let found =
            self.on(pool, Begin::Snapshot, OF_EVERYTHING, |session| Box::pin(compare(session)));
        Ok(found.await??)
    }

    /// Mends what [`check_index_tables`](Self::check_index_tables) finds; answers how many differences
    /// there were. Searches and commits go on while it looks for them; while it mends, 100,000 at a time,
    /// commits wait.
    ///
    /// An entry that can't be used is removed, and found again only when the marketplace's
    /// `rebuild_index` has set it anew. Dropping the future stops it between two transactions.
    ///
    /// ```no_run
    /// # async fn mend(store: &fleetprompt_postgres::PostgresStore) -> Result<(), Box<dyn std::error::Error>> {
    /// let mended = store.mend_index_tables().await?;
    /// println!("{mended} differences");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::Full`] when there is no room for it, [`StoreError::ReadOnly`], and when the server
    /// can't be asked.
    pub async fn mend_index_tables(&self) -> Result<u64, StoreError> {
        let mut mended = 0;
        loop {
            let pool = self.inner.readers.clone();
            let step =
                self.on(pool, Begin::Write, OF_EVERYTHING, |session| Box::pin(mend(session)));
            match step.await?? {
                0 => return Ok(mended),
                more => mended += more,
            }
        }
    }
}

async fn compare(mut session: Session<'_>) -> Result<IndexTables, Fault> {
    session.one(session.statement(UNHURRIED.to_owned())).await?;
    let sql = format!(
        "SELECT count(*) FILTER (WHERE d.wrong = 'entry'),
             count(*) FILTER (WHERE d.wrong IN ('missing', 'extra')),
             count(*) FILTER (WHERE d.wrong IN ('entries', 'uses', 'level'))
         FROM {}.index_differences_1() AS d",
        session.schema()
    );
    let row = session.one(session.statement(sql)).await?;
    Ok(IndexTables {
        entries: row::natural(&row, 0)?,
        postings: row::natural(&row, 1)?,
        counts: row::natural(&row, 2)?,
    })
}

async fn mend(mut session: Session<'_>) -> Result<u64, Fault> {
    session.one(session.statement(UNHURRIED.to_owned())).await?;
    let sql = format!("SELECT {}.mend_index_1($1)", session.schema());
    let row = session.one(session.statement(sql).bind(TOGETHER)).await?;
    row::natural(&row, 0)
}
