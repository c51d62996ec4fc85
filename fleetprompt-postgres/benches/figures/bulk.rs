//! Filling the index of a large catalogue past the store: rows in bulk, and the indexes afterwards.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use fleetprompt_core::domain::Position;
use fleetprompt_core::port::{IndexEntry, PageSize, Rank, SearchIndex as _, frequency_level};
use fleetprompt_sqlite::SqliteStore;
use pollster::block_on;

use crate::server::Client;

/// How many bytes are sent at a time.
const TOGETHER: usize = 1 << 20;

#[derive(Default)]
struct Terms {
    ids: HashMap<(String, String), usize>,
    counts: Vec<(u64, u64)>,
}

impl Terms {
    fn id(&mut self, term: &str, stem: &str) -> usize {
        let new = self.counts.len();
        let id = *self.ids.entry((term.to_owned(), stem.to_owned())).or_insert(new);
        if id == new {
            self.counts.push((0, 0));
        }
        id
    }
}

/// Fills the empty index of a schema with what the file's holds.
pub(crate) fn fill(file: &SqliteStore, schema: &str) {
    let mut client = Client::connect();
    client.run(&format!(
        "SET search_path = {schema}; TRUNCATE index_entry, index_posting, index_term;
         DROP INDEX index_entry_by_term, index_entry_by_rank, index_entry_by_release,
             index_entry_by_name, index_term_by_name, index_term_by_head;
         ALTER TABLE index_posting DROP CONSTRAINT index_posting_pkey"
    ));
    let mut terms = Terms::default();
    let (mut after, mut entries) = (Position::START, 0_u64);
    client.copy("COPY index_entry FROM STDIN", || {
        let mut lines = String::new();
        while lines.len() < TOGETHER {
            let page = block_on(file.entries(after, PageSize::MAX)).unwrap();
            let Some(last) = page.last() else { break };
            after = last.ordinal;
            for stored in &page {
                line(&mut lines, stored.ordinal, &stored.entry, &mut terms);
                entries += 1;
            }
        }
        lines
    });
    println!("{entries} entries");
    let mut all = terms.ids.into_iter();
    let counts = terms.counts;
    client.copy("COPY index_term FROM STDIN", || {
        let mut lines = String::new();
        for ((term, stem), id) in all.by_ref().take(10_000) {
            let (entries, uses) = counts[id];
            let level = frequency_level(uses);
            writeln!(
                lines,
                "{}\t{}\t{}\t{entries}\t{uses}\t{level}",
                id + 1,
                quoted(&term),
                quoted(&stem)
            )
            .unwrap();
        }
        lines
    });
    client.run(&format!("UPDATE index_size SET entries = {entries}"));
    for sql in [
        "CREATE UNIQUE INDEX index_term_by_name ON index_term (term, stem)",
        "CREATE INDEX index_term_by_head ON index_term (
             left(term, CASE WHEN ascii(term) >= 11904 THEN 1 ELSE 2 END), level DESC, term, stem
         ) WHERE level > 0",
        "CREATE UNIQUE INDEX index_entry_by_rank ON index_entry (rank)",
        "CREATE INDEX index_entry_by_release ON index_entry (released_at, ordinal)",
        "CREATE INDEX index_entry_by_name ON index_entry (sort_name, ordinal)",
        "CREATE INDEX index_entry_by_term ON index_entry USING gin (terms) WITH (fastupdate = off)",
        "INSERT INTO index_posting SELECT unnest(terms), rank FROM index_entry",
        "ALTER TABLE index_posting ADD PRIMARY KEY (term, rank)",
        "VACUUM (ANALYZE) index_entry",
        "VACUUM (ANALYZE) index_posting",
        "VACUUM (ANALYZE) index_term",
    ] {
        let start = std::time::Instant::now();
        client.run(sql);
        println!("{sql}: {:.0} s", start.elapsed().as_secs_f64());
    }
}

fn line(lines: &mut String, ordinal: Position, entry: &IndexEntry, terms: &mut Terms) {
    let (mut found, mut words) = (BTreeMap::new(), BTreeMap::new());
    for term in entry.terms() {
        found.insert(terms.id(term.as_str(), term.as_str()), ());
    }
    for token in entry.words() {
        words.insert(terms.id(token.word.as_str(), token.stem.as_str()), ());
    }
    found.keys().for_each(|id| terms.counts[*id].0 += 1);
    words.keys().for_each(|id| terms.counts[*id].1 += 1);
    let (mut stems, mut written) = (String::new(), String::new());
    for run in &entry.runs {
        write!(stems, "{} ", run.field.number()).unwrap();
        for token in &run.tokens {
            stems += token.stem.as_str();
            stems.push(' ');
            if token.word != token.stem {
                written += token.word.as_str();
            }
            written.push(' ');
        }
        stems.push('\n');
        written.push('\n');
    }
    let labels: Vec<&str> = entry.labels.iter().map(|label| label.as_str()).collect();
    let name: String = entry.sort_name.bytes().map(|byte| format!("{byte:02x}")).collect();
    writeln!(
        lines,
        "{}\t{}\t{}\t{}\t{}\t\\\\x{name}\t{}\t{}\t{}\t{}\t{}",
        ordinal.get(),
        Rank::new(entry.quality, ordinal).number(),
        entry.quality.get(),
        entry.released_at.as_millis(),
        entry.version,
        array(found.keys()),
        array(words.keys()),
        quoted(&labels.join(" ")),
        quoted(&stems),
        quoted(&written),
    )
    .unwrap();
}

fn array<'a>(ids: impl Iterator<Item = &'a usize>) -> String {
    let ids: Vec<String> = ids.map(|id| (id + 1).to_string()).collect();
    format!("{{{}}}", ids.join(","))
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n")
}
