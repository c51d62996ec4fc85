//! Importing and exporting a catalogue.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::support::{Place, catalogue};

#[test]
fn what_is_exported_is_imported_again_elsewhere() {
    let file = catalogue();
    let file = file.to_str().unwrap();
    let first = Place::with_keys();
    let report = first.run(&["import", file, "--confirm"]).ok();
    assert!(report.contains("60  listings") && report.contains("12  publishers"), "{report}");
    let again = first.run(&["import", file, "--confirm"]).ok();
    assert!(again.contains("0  skipped"), "{again}");
    let exported = first.run(&["export"]).ok();
    assert_eq!(exported.lines().count(), std::fs::read_to_string(file).unwrap().lines().count());

    let second = Place::with_keys();
    let packed = |text: &str| {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(text.as_bytes()).unwrap();
        gzip.finish().unwrap()
    };
    second.run_with(&["import", "-", "--confirm"], &packed(&exported)).ok();
    second.run(&["export", "--output", "again.jsonl"]).ok();
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    };
    assert_eq!(sorted(&second.read("again.jsonl")), sorted(&exported));
    assert_ne!(second.run(&["export", "--output", "again.jsonl"]).code, 0, "it exists");
    let checked = second.run(&["check"]).ok();
    assert!(checked.contains("60 listings compared, 0 missing"), "{checked}");
}

#[test]
fn lines_that_cannot_be_imported_are_told_by_number_and_the_rest_goes_on() {
    let place = Place::with_keys();
    let lines = "{\"type\":\"publisher\",\"handle\":\"acme\",\"profile\":{\"name\":\"Acme\"}}\n\
        \n\
        {\"type\":\"canary\"}\n\
        {\"publisher\":\"acme\",\"slug\":\"-canary-\"}\n\
        {\"publisher\":\"acme\",\"slug\":\"bot\",\"kind\":\"whs_agent\",\"upstreamId\":\"a1\",\
         \"title\":\"Bot\",\"summary\":\"Answers.\",\"version\":\"1.0.0\"}\n";
    let ran = place.run_with(&["import", "-"], lines.as_bytes());
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("line 2: /type must be one of"), "{}", ran.err);
    assert!(ran.err.contains("line 3: slug "), "{}", ran.err);
    assert!(!ran.said().contains("canary"), "{}", ran.said());
    assert!(place.run(&["export"]).ok().contains("\"slug\":\"bot\""));
    let strict = Place::with_keys().run_with(&["import", "-", "--strict"], lines.as_bytes());
    assert_eq!(strict.code, 3);
    assert!(strict.err.contains("stopped at line 2"), "{}", strict.err);
}
