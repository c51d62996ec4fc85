//! What is stored: every column has a reason.

use std::collections::{BTreeMap, BTreeSet};

use fleetprompt_core::conformance::samples::{self, Pick};
use fleetprompt_core::port::{Column, RecordKind};
use sqlx::Row as _;

use crate::load::{apply, attempt_key};
use crate::support::{Schema, sql};

type Reasons = &'static [(&'static str, &'static [&'static str])];

/// The columns of tables that hold no records, and why they are there.
const OTHERS: Reasons = &[
    ("keeps names unique", &["name_claim.scope", "name_claim.name", "name_claim.owner"]),
    ("counts what the marketplace did itself", &["counter.scope", "counter.name", "counter.value"]),
    (
        "answers a retry, under digests",
        &[
            "receipt.scope",
            "receipt.kid",
            "receipt.fingerprint",
            "receipt.answer",
            "receipt.expires_at",
        ],
    ),
    (
        "a word of a listing in the public catalogue, or a label that says what kind of one it is",
        &[
            "index_term.id",
            "index_term.term",
            "index_term.stem",
            "index_term.entries",
            "index_term.uses",
            "index_term.level",
            "index_size.one",
            "index_size.entries",
        ],
    ),
    (
        "finds the listings of the public catalogue",
        &[
            "index_entry.ordinal",
            "index_entry.rank",
            "index_entry.quality",
            "index_entry.released_at",
            "index_entry.version",
            "index_entry.sort_name",
            "index_entry.terms",
            "index_entry.words",
            "index_entry.labels",
            "index_entry.stems",
            "index_entry.written",
            "index_posting.term",
            "index_posting.rank",
        ],
    ),
    (
        "orders the marketplace's own events",
        &[
            "event.position",
            "event.at",
            "event.feed_position",
            "event.doc",
            "log_head.one",
            "log_head.last",
            "log_head.at",
            "log_head.feed_last",
            "log_head.pruned",
            "log_head.feed_pruned",
        ],
    ),
    (
        "limits arrivals, under digests",
        &["limit_due.key", "limit_due.due", "limit_due.before", "limit_due.at"],
    ),
    ("tells how far a copy has come", &["log_head.copying"]),
    ("tells how the schema was made", &["schema_version.one", "schema_version.version"]),
];

/// The columns of each table in their order, with their types and collations.
fn columns(schema: &Schema) -> BTreeMap<String, Vec<(String, String)>> {
    let rows = sql(&format!(
        "SELECT c.relname::text, a.attname::text,
             format_type(a.atttypid, a.atttypmod) || coalesce(' ' || l.collname, '')
         FROM pg_attribute AS a
         JOIN pg_class AS c ON c.oid = a.attrelid AND c.relkind = 'r'
         JOIN pg_namespace AS n ON n.oid = c.relnamespace
         LEFT JOIN pg_collation AS l ON l.oid = a.attcollation
         WHERE n.nspname = $name${}$name$ AND a.attnum > 0 AND NOT a.attisdropped
         ORDER BY c.relname, a.attnum",
        schema.name.as_str()
    ));
    let mut columns: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for row in rows {
        columns.entry(row.get(0)).or_default().push((row.get(1), row.get(2)));
    }
    columns
}

/// A kind of record has a table with its columns and no other, compared byte by byte.
#[test]
fn every_kind_has_a_table_with_exactly_its_columns() {
    let schema = Schema::new();
    drop(schema.open());
    let found = columns(&schema);
    for kind in RecordKind::ALL {
        let own = kind.columns().iter().map(|column| {
            let number = matches!(column, Column::ExpiresAt | Column::Sanitiser | Column::Yanked);
            (column.name(), if number { "bigint" } else { "text C" })
        });
        let first = [
            ("id", "text C"),
            ("revision", "bigint"),
            ("created", "bigint"),
            ("changed", "bigint"),
        ];
        let wanted = first.into_iter().chain(own).chain([("doc", "text default")]);
        let wanted: Vec<_> =
            wanted.map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect();
        assert_eq!(found.get(kind.name()), Some(&wanted), "{}", kind.name());
    }
}

#[test]
fn every_other_column_has_a_reason() {
    let schema = Schema::new();
    drop(schema.open());
    let kinds: BTreeSet<&str> = RecordKind::ALL.iter().map(|kind| kind.name()).collect();
    let others = columns(&schema).into_iter().filter(|(table, _)| !kinds.contains(table.as_str()));
    let found: BTreeSet<String> = others
        .flat_map(|(table, columns)| {
            columns.into_iter().map(move |(column, _)| format!("{table}.{column}"))
        })
        .collect();
    let reasons = OTHERS.iter().flat_map(|(_, columns)| *columns);
    let reasons: BTreeSet<String> = reasons.map(|column| (*column).to_owned()).collect();
    assert_eq!(found, reasons);
}

/// An administrator who looks finds documents that can be read, in the table that the kind names.
#[test]
fn a_record_can_be_looked_at_by_hand() {
    let schema = Schema::new();
    apply(&schema.open(), 0);
    let rows = sql(&format!(
        "SELECT id, (doc::jsonb) ->> 'system', revision FROM {}.attempt",
        schema.name
    ));
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].get::<String, _>(0), attempt_key(0).id());
    let system = samples::attempt(0, &mut Pick::full()).system;
    assert_eq!(rows[0].get::<String, _>(1), system.to_string());
    assert_eq!(rows[0].get::<i64, _>(2), 1);
}
