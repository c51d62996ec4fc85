//! Catalogues on the server: filled into a file by importing, and copied.

use std::time::Instant;

use fleetprompt_core::Acting;
use fleetprompt_core::copy::{CopyOptions, copy};
use fleetprompt_core::port::{CopyState, CopyTarget as _};
use fleetprompt_sqlite::SqliteStore;
use pollster::block_on;

use crate::corpus::Corpus;
use crate::fill::Files;
use crate::options::Options;
use crate::server::{Client, open, options, url};
use crate::side::{Side, visitor};

const OF_A_PUBLISHER: u64 = 5;
const SEED: u64 = 1;

/// A catalogue: in its file, from which questions are sampled, and on the server.
pub(crate) struct Catalogue {
    pub(crate) file: Side,
    pub(crate) visitor: Acting,
    /// Where a plain full-text table over the same texts is.
    pub(crate) plain: String,
}

/// The catalogue as large as wanted, and the smaller one.
pub(crate) fn filled(options: &Options) -> [Catalogue; 2] {
    let publishers = usize::try_from((options.listings / OF_A_PUBLISHER).max(1)).unwrap();
    let corpus = Corpus::MadeUp { seed: SEED, publishers };
    [options.listings, options.smaller()].map(|listings| {
        let file = Side::open(&Files::filled(&options.keep, &corpus, Some(listings)));
        let schema = format!("bench_{listings}_of_{}", options.listings);
        copied(&file.store, &schema, listings);
        let plain = plain(&file, &schema);
        Catalogue { visitor: visitor(open(&schema)), file, plain }
    })
}

/// Copies the file's content, unless it is there.
fn copied(file: &SqliteStore, schema: &str, listings: u64) {
    let target = block_on(options(schema).connect_copy_target(&url())).unwrap();
    if block_on(target.copy_state()).unwrap() == CopyState::Occupied {
        return;
    }
    let start = Instant::now();
    let report = block_on(copy(file, &target, CopyOptions::default(), |_| {})).unwrap();
    let seconds = start.elapsed().as_secs_f64();
    println!("{report}: a catalogue of {listings} listings was copied in {seconds:.0} s");
    // As operators are told to do after a copy.
    Client::connect().run(&format!(
        "VACUUM (ANALYZE) {schema}.index_posting, {schema}.index_entry, {schema}.index_term"
    ));
}

/// The same texts in a plain table with PostgreSQL's own full-text index, with weights like ours.
fn plain(file: &Side, schema: &str) -> String {
    const TOGETHER: i64 = 1_000;
    let table = format!("{schema}.plain_texts");
    let mut client = Client::connect();
    let there = client.run(&format!("SELECT FROM pg_class WHERE oid = to_regclass('{table}')"));
    if !there.is_empty() {
        return table;
    }
    client.run(&format!(
        "CREATE TABLE {table} (n bigint PRIMARY KEY, texts tsvector NOT NULL);
         SET search_path = {schema}"
    ));
    let listings = file.texts.listings;
    for first in (1..=listings).step_by(usize::try_from(TOGETHER).unwrap()) {
        let numbers: Vec<i64> = (first..(first + TOGETHER).min(listings + 1)).collect();
        let documents: Vec<_> = numbers.iter().map(|n| file.texts.document(*n)).collect();
        let texts = [
            documents.iter().map(|document| document.title.clone()).collect(),
            documents.iter().map(|document| document.tags.clone()).collect(),
            documents.iter().map(|document| document.summary.clone()).collect(),
        ];
        client.insert(
            "INSERT INTO plain_texts
             SELECT n, setweight(to_tsvector('english', title), 'A')
                 || setweight(to_tsvector('english', tags), 'B')
                 || setweight(to_tsvector('english', summary), 'C')
             FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) AS t (n, title, tags, summary)",
            numbers,
            texts,
        );
    }
    client.run("CREATE INDEX ON plain_texts USING gin (texts); ANALYZE plain_texts");
    table
}
