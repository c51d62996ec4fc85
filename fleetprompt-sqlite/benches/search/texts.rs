//! The same listings in a plain full-text table: what search is compared with, and where queries
//! are sampled from.

use std::collections::HashMap;
use std::path::Path;

use fleetprompt_core::domain::{ListingId, Position, Timestamp};
use fleetprompt_core::marketplace::ImportRow;
use rusqlite::{Connection, Row, params, params_from_iter};

use crate::question::{Filter, Question};

/// How many words of a description are searched.
const DESCRIPTION_WORDS: usize = 1_000;
/// How many listings a transaction writes.
const TOGETHER: i64 = 5_000;

const SCHEMA: &str = "
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    CREATE TABLE doc (
        n INTEGER PRIMARY KEY,
        listing TEXT NOT NULL,
        ordinal INTEGER,
        kind TEXT NOT NULL,
        category TEXT NOT NULL,
        price TEXT NOT NULL,
        handle TEXT NOT NULL,
        publisher TEXT,
        released INTEGER NOT NULL,
        popularity INTEGER NOT NULL,
        title TEXT NOT NULL,
        name TEXT NOT NULL,
        tags TEXT NOT NULL,
        summary TEXT NOT NULL,
        description TEXT NOT NULL
    ) STRICT;
    CREATE VIRTUAL TABLE plain USING fts5(name, tags, summary, description,
        content = 'doc', content_rowid = 'n', tokenize = 'porter unicode61');
    CREATE TABLE tagged (tag TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (tag, n))
        STRICT, WITHOUT ROWID;
    CREATE TABLE word (
        word TEXT NOT NULL PRIMARY KEY, texts INTEGER NOT NULL, names INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE total (bytes INTEGER NOT NULL) STRICT;
";

/// A listing as it was imported.
pub(crate) struct Document {
    /// Its place among the listings, from 1 on.
    pub(crate) n: i64,
    pub(crate) listing: ListingId,
    /// The position of the event that created it.
    pub(crate) ordinal: Position,
    pub(crate) title: String,
    pub(crate) tags: String,
    pub(crate) summary: String,
}

/// How many listings have a word, anywhere and in the name.
pub(crate) struct Word {
    pub(crate) word: String,
    pub(crate) texts: i64,
    pub(crate) names: i64,
}

/// Writes the texts.
pub(crate) struct Writer {
    conn: Connection,
    written: i64,
    words: HashMap<Box<str>, (u32, u32)>,
    bytes: usize,
}

impl Writer {
    pub(crate) fn create(path: &Path) -> Self {
        let conn = Connection::open(path).unwrap();
        conn.execute_batch(SCHEMA).unwrap();
        conn.execute_batch("BEGIN").unwrap();
        Writer { conn, written: 0, words: HashMap::new(), bytes: 0 }
    }

    pub(crate) fn add(&mut self, listing: ListingId, row: &ImportRow) {
        let content = &row.content;
        let (title, slug) = (content.title.as_str(), row.slug.as_str());
        let whole: &str = content.description.as_ref().map_or("", |text| text.as_str());
        let description =
            whole.split_whitespace().take(DESCRIPTION_WORDS).collect::<Vec<_>>().join(" ");
        let tags: Vec<&str> = content.tags.as_slice().iter().map(|tag| tag.as_str()).collect();
        let (name, summary) = (format!("{title} {slug}"), content.summary.as_str());
        let about = format!("{} {}", tags.join(" "), content.category);
        let by = format!("{} {}", row.publisher, row.publisher_name);
        let searched = [&name, &about, &by, summary, &description];
        self.bytes += searched.iter().map(|text| text.len()).sum::<usize>();
        self.count_words(&name, &[&about, summary, &description]);
        self.written += 1;
        let n = self.written;
        let sql = "INSERT INTO doc VALUES (?, ?, NULL, ?, ?, ?, ?, NULL, ?, ?, ?, ?, ?, ?, ?)";
        self.conn
            .prepare_cached(sql)
            .unwrap()
            .execute(params![
                n,
                listing.to_string(),
                row.asset.kind().as_str(),
                content.category.as_str(),
                content.price_class.as_str(),
                row.publisher.as_str(),
                row.released_at.as_millis(),
                i64::try_from(row.popularity).unwrap_or(i64::MAX),
                title,
                name,
                about,
                summary,
                description
            ])
            .unwrap();
        let sql = "INSERT INTO plain (rowid, name, tags, summary, description)
                   VALUES (?, ?, ?, ?, ?)";
        let values = params![n, name, about, summary, description];
        self.conn.prepare_cached(sql).unwrap().execute(values).unwrap();
        for tag in tags {
            let sql = "INSERT OR IGNORE INTO tagged VALUES (?, ?)";
            self.conn.prepare_cached(sql).unwrap().execute(params![tag, n]).unwrap();
        }
        if n % TOGETHER == 0 {
            self.conn.execute_batch("COMMIT; BEGIN").unwrap();
        }
    }

    /// Without the publisher's, which the plain table does not have.
    fn count_words(&mut self, name: &str, texts: &[&str]) {
        let mut here: Vec<(String, bool)> = plain_words(name).map(|word| (word, false)).collect();
        here.extend(texts.iter().flat_map(|text| plain_words(text)).map(|word| (word, true)));
        // Those of the name stand first among their like.
        here.sort();
        here.dedup_by(|later, first| later.0 == first.0);
        for (word, elsewhere) in here {
            let (texts, names) = self.words.entry(word.into()).or_default();
            *texts += 1;
            *names += u32::from(!elsewhere);
        }
    }

    /// Ends the writing, and takes the positions from the marketplace's own file.
    pub(crate) fn finish(self, market: &Path) {
        let conn = self.conn;
        for (word, (texts, names)) in self.words {
            let sql = "INSERT INTO word VALUES (?, ?, ?)";
            conn.prepare_cached(sql).unwrap().execute(params![word, texts, names]).unwrap();
        }
        conn.execute("INSERT INTO total VALUES (?)", [i64::try_from(self.bytes).unwrap()]).unwrap();
        conn.execute_batch("COMMIT").unwrap();
        conn.execute("ATTACH ? AS market", [market.to_str()]).unwrap();
        conn.execute_batch(
            "UPDATE doc SET (ordinal, publisher) =
                 (SELECT created, publisher FROM market.listing WHERE id = doc.listing);
             INSERT INTO plain (plain) VALUES ('optimize')",
        )
        .unwrap();
    }
}

/// The words of a text that have letters of the English alphabet only, lowered.
pub(crate) fn plain_words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphabetic()))
        .map(str::to_ascii_lowercase)
}

/// Reads the texts.
pub(crate) struct Texts {
    conn: Connection,
    /// How many there are.
    pub(crate) listings: i64,
    /// How many bytes of text are searched.
    pub(crate) bytes: i64,
}

impl Texts {
    pub(crate) fn open(path: &Path) -> Self {
        let conn = Connection::open(path).unwrap();
        conn.execute_batch("PRAGMA mmap_size = 1073741824; PRAGMA cache_size = -4096").unwrap();
        let count = |sql| conn.query_row(sql, [], |row| row.get(0)).unwrap();
        let (listings, bytes) = (count("SELECT max(n) FROM doc"), count("SELECT bytes FROM total"));
        Texts { conn, listings, bytes }
    }

    /// The n-th listing, from 1 on.
    pub(crate) fn document(&self, n: i64) -> Document {
        let sql = "SELECT listing, ordinal, title, tags, summary FROM doc WHERE n = ?";
        let read = |row: &Row<'_>| {
            Ok(Document {
                n,
                listing: row.get::<_, String>(0)?.parse().unwrap(),
                ordinal: Position::new(row.get::<_, i64>(1)?.unsigned_abs()),
                title: row.get(2)?,
                tags: row.get(3)?,
                summary: row.get(4)?,
            })
        };
        self.conn.prepare_cached(sql).unwrap().query_row([n], read).unwrap()
    }

    /// When the listings were released, the first of them first.
    pub(crate) fn releases(&self) -> Vec<Timestamp> {
        self.all("SELECT released FROM doc ORDER BY 1", [], |row| {
            row.get(0).map(Timestamp::from_millis)
        })
    }

    /// How popular each listing is, in their order.
    pub(crate) fn popularity(&self) -> Vec<i64> {
        self.all("SELECT popularity FROM doc ORDER BY n", [], |row| row.get(0))
    }

    /// The words that at least `fewest` listings have and at most `most`.
    pub(crate) fn words(&self, fewest: i64, most: i64) -> Vec<Word> {
        let sql = "SELECT word, texts, names FROM word WHERE texts BETWEEN ? AND ? ORDER BY word";
        self.all(sql, [fewest, most], |row| {
            Ok(Word { word: row.get(0)?, texts: row.get(1)?, names: row.get(2)? })
        })
    }

    /// What listings are filtered by: each filter that at least `fewest` of them pass and at most
    /// `most`.
    pub(crate) fn filters(&self, fewest: i64, most: i64) -> Vec<Filter> {
        let grouped = |columns: &str, table: &str, make: fn(&str, &str) -> Filter| {
            let sql = format!(
                "SELECT {columns} FROM {table}
                 GROUP BY 1, 2 HAVING count(*) BETWEEN ? AND ? ORDER BY 1"
            );
            self.all(&sql, [fewest, most], move |row| {
                Ok(make(row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?))
            })
        };
        [
            grouped("kind, ''", "doc", |kind, _| Filter::Kind(kind.parse().unwrap())),
            grouped("category, ''", "doc", |name, _| Filter::Category(name.parse().unwrap())),
            grouped("price, ''", "doc", |class, _| Filter::Price(class.parse().unwrap())),
            grouped("handle, publisher", "doc", |handle, id| {
                Filter::Publisher(handle.parse().unwrap(), id.parse().unwrap())
            }),
            grouped("tag, ''", "tagged", |tag, _| Filter::Tag(tag.parse().unwrap())),
        ]
        .concat()
    }

    /// How many listings have both words, counted up to `most`.
    pub(crate) fn meetings(&self, one: &str, other: &str, most: i64) -> i64 {
        let sql = "SELECT count(*) FROM (SELECT 1 FROM plain WHERE plain MATCH ? LIMIT ?)";
        let expression = format!("\"{one}\" \"{other}\"");
        let mut statement = self.conn.prepare_cached(sql).unwrap();
        statement.query_row(params![expression, most], |row| row.get(0)).unwrap()
    }

    /// The best listings by `bm25()`, weighted.
    pub(crate) fn best(&self, question: &Question, limit: usize) -> Vec<i64> {
        let mut sql = "SELECT plain.rowid FROM plain".to_owned();
        if !question.filters.is_empty() || question.since.is_some() {
            sql.push_str(" CROSS JOIN doc ON doc.n = plain.rowid");
        }
        sql.push_str(" WHERE plain MATCH ?");
        let mut values = vec![question.expression()];
        for filter in &question.filters {
            let (clause, value) = filter.in_sql();
            sql.push_str(" AND ");
            sql.push_str(clause);
            values.push(value);
        }
        if let Some(since) = question.since {
            sql.push_str(&format!(" AND doc.released >= {}", since.as_millis()));
        }
        sql.push_str(&format!(" ORDER BY bm25(plain, 10, 3, 1, 0.5) LIMIT {limit}"));
        self.all(&sql, params_from_iter(values), |row| row.get(0))
    }

    fn all<T>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Vec<T> {
        let mut statement = self.conn.prepare_cached(sql).unwrap();
        statement.query_map(values, read).unwrap().collect::<Result<_, _>>().unwrap()
    }
}
