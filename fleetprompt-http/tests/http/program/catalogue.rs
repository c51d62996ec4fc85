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
    let nowhere = second.run(&["export", "--output", "missing/again.jsonl"]);
    let told = "fleetprompt: missing/again.jsonl: there is no such folder\n";
    assert_eq!((nowhere.code, nowhere.err.as_str()), (1, told));
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
    assert!(ran.err.contains("line 3: /type must be one of"), "{}", ran.err);
    assert!(ran.err.contains("line 4: slug "), "{}", ran.err);
    assert!(!ran.said().contains("canary"), "{}", ran.said());
    assert!(place.run(&["export"]).ok().contains("\"slug\":\"bot\""));
    let strict = Place::with_keys().run_with(&["import", "-", "--strict"], lines.as_bytes());
    assert_eq!(strict.code, 3);
    assert!(strict.err.contains("stopped at line 3"), "{}", strict.err);
}

/// A row of a foreign catalogue.
fn row(n: usize) -> String {
    format!(
        "{{\"publisher\":\"acme\",\"slug\":\"bot-{n}\",\"kind\":\"whs_agent\",\"upstreamId\":\"a{n}\",\
         \"title\":\"Bot {n}\",\"summary\":\"Answers.\",\"version\":\"1.0.0\"}}\n"
    )
}

#[test]
fn an_import_that_stops_has_imported_what_comes_before_and_says_so() {
    let place = Place::with_keys();
    let rows = |numbers: std::ops::Range<usize>| numbers.map(row).collect::<String>();
    let wrong = "{\"publisher\":\"acme\",\"slug\":\"-\"}\n";
    let lines = rows(0..30) + wrong + &rows(30..60);
    for parallel in ["1", "8", "64"] {
        let place = Place::with_keys();
        let args = ["import", "-", "--strict", "--parallel", parallel];
        let ran = place.run_with(&args, lines.as_bytes());
        assert_eq!(ran.code, 3, "{ran:?}");
        assert!(ran.err.contains("stopped at line 31, as --strict asks"), "{}", ran.err);
        assert!(ran.out.contains("lines read") && ran.out.contains("1  skipped"), "{}", ran.out);
        let exported = place.run(&["export"]).ok();
        let is_there = |n: usize| exported.contains(&format!("\"slug\":\"bot-{n}\""));
        assert!((0..30).all(is_there), "{parallel}: {exported}");
        assert!(parallel == "64" || !is_there(59), "nothing was read after it stopped");
        place.run(&["check"]).ok();
    }
    // So does one whose input is cut off.
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(rows(0..30).as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let ran = place.run_with(&["import", "-"], &packed[..packed.len() - 8]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("line 31: ") && ran.out.contains("30 lines read"), "{ran:?}");
}

#[test]
fn a_catalogue_that_is_not_there_makes_no_database() {
    let place = Place::with_keys();
    let ran = place.run(&["import", "missing.jsonl"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("missing.jsonl"), "{}", ran.err);
    assert!(!place.path("fleetprompt.db").exists());
}
