//! HTML in a file: made again after an upgrade, whatever interrupts it.

use std::path::Path;

use fleetprompt_core::domain::ListingId;
use fleetprompt_core::marketplace::ListingEdit;
use fleetprompt_core::port::PageSize;
use pollster::block_on;
use rusqlite::Connection;

use crate::market::{key, list_an_agent, open, publisher};
use crate::support::folder;

const VERSIONS: [&str; 12] = [
    "2.0.0", "2.0.1", "2.0.2", "2.0.3", "2.0.4", "2.0.5", "2.0.6", "2.0.7", "2.0.8", "2.0.9",
    "2.1.0", "2.2.0",
];

/// A listing with a description and twelve releases with notes.
fn described(path: &Path) -> ListingId {
    let market = open(path);
    let (id, _) = list_an_agent(&market);
    let ada = publisher(&market);
    let seen = block_on(ada.listing(id)).unwrap();
    let mut content = seen.content;
    content.description = Some("*Reads* <script>alert(1)</script>invoices.".parse().unwrap());
    let edit = ListingEdit { slug: seen.slug, content, asset: None };
    block_on(ada.update_listing(id, seen.revision, edit, &key("description"))).unwrap();
    for version in VERSIONS {
        let notes = serde_json::json!({ "notes": format!("*{version}*") });
        let content = serde_json::from_value(notes).unwrap();
        let version_key = key(&format!("release-{version}"));
        block_on(ada.publish_release(id, version.parse().unwrap(), content, &version_key)).unwrap();
    }
    id
}

/// Every text as it is stored, and the version of its rules.
fn stored(path: &Path) -> Vec<(String, i64, String)> {
    let conn = Connection::open(path).unwrap();
    let sql = "SELECT id, sanitiser, json_extract(doc, '$.html') FROM rendered ORDER BY id";
    let mut rows = conn.prepare(sql).unwrap();
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

fn change(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

/// Calls it once, as a process does that ends right after it; then another one goes on to the end.
fn resanitise_in_two_lives(path: &Path, before: &[(String, i64, String)]) {
    let some = block_on(open(path).resanitize(PageSize::new(3))).unwrap();
    assert!(some.more);
    assert_ne!(stored(path), before, "it is not done yet");
    let market = open(path);
    while block_on(market.resanitize(PageSize::new(5))).unwrap().more {}
    assert_eq!(stored(path), before);
}

#[test]
fn old_html_in_a_file_is_made_anew_across_restarts() {
    let (_folder, path) = folder();
    let id = described(&path);
    let before = stored(&path);
    assert_eq!(before.len(), 1 + VERSIONS.len());
    let older = "UPDATE rendered SET sanitiser = 0,
        doc = json_set(doc, '$.sanitiser', 0, '$.html', '<p>old</p>')";
    change(&path, older);
    resanitise_in_two_lives(&path, &before);
    let html = block_on(publisher(&open(&path)).description_html(id)).unwrap().unwrap();
    assert_eq!(html.as_str(), "<p><em>Reads</em> invoices.</p>\n");
}

#[test]
fn a_file_from_before_there_was_html_gets_it_across_restarts() {
    let (_folder, path) = folder();
    described(&path);
    let before = stored(&path);
    change(&path, "DELETE FROM rendered; DELETE FROM rendering_progress;");
    resanitise_in_two_lives(&path, &before);
}
