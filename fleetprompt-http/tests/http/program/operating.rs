//! What an operator does from the command line.

use super::support::{Place, catalogue};

fn populated() -> Place {
    let place = Place::with_keys();
    place.run(&["import", catalogue().to_str().unwrap(), "--confirm"]).ok();
    place
}

#[test]
fn publishers_and_listings_are_moderated_and_the_catalogue_shows_it() {
    let place = populated();
    let reason = ["--reason", "Ticket 4711."];
    let with = |args: &[&str]| place.run(&[args, &reason[..]].concat());
    with(&["publisher", "suspend", "casa-verde"]).ok();
    assert_eq!(with(&["publisher", "suspend", "casa-verde"]).code, 3, "it is suspended already");
    place.run(&["publisher", "verify", "harbor-ops", "--evidence", "case-2001"]).ok();
    with(&["listing", "takedown", "lumen-labs/paper-scout", "--class", "malware"]).ok();
    let exported = place.run(&["export"]).ok();
    for line in [
        r#"{"type":"suspension","publisher":"casa-verde","reason":"Ticket 4711."}"#,
        r#""badges":[{"kind":"verified","evidence":"case-2001"}]"#,
        r#"{"type":"takedown","publisher":"lumen-labs","slug":"paper-scout","class":"malware""#,
    ] {
        assert!(exported.contains(line), "{line}");
    }
    place.run(&["publisher", "restore", "casa-verde"]).ok();
    place.run(&["listing", "restore", "lumen-labs/paper-scout"]).ok();
    let exported = place.run(&["export"]).ok();
    assert!(!exported.contains("suspension") && !exported.contains("takedown"));

    assert_eq!(place.run(&["publisher", "restore", "no-such"]).code, 3);
    assert_eq!(place.run(&["listing", "restore", "no-slash"]).code, 2);
    place.run(&["names", "list"]).ok();
    place.run(&["names", "list", "--refused"]).ok();
    let listing = "listing/01940000-0000-7000-8000-000000000001";
    let refused = with(&["names", "allow", &format!("{listing}@7")]);
    assert_eq!(refused.code, 3, "{refused:?}");
    let refused = with(&["names", "allow", listing]);
    assert_eq!(refused.code, 2, "what was looked at has to be said: {refused:?}");
}

#[test]
fn a_database_is_migrated_twice_backed_up_checked_tended_and_fenced() {
    let place = populated();
    place.run(&["migrate"]).ok();
    place.run(&["migrate"]).ok();
    let maintained = place.run(&["maintain"]).ok();
    assert!(maintained.contains("texts gone over"), "{maintained}");
    assert!(place.run(&["check"]).ok().contains("0 findings"));
    place.run(&["backup", "copy.db"]).ok();
    assert_eq!(place.run(&["backup", "copy.db"]).code, 1, "it exists");
    let copy = ["--database", "sqlite:copy.db"];
    let fenced = place.run(&[&copy[..], &["fence", "--reason", "Restored."]].concat()).ok();
    assert!(fenced.contains("0 install tokens are revoked"), "{fenced}");
    let exported = place.run(&[&copy[..], &["export"]].concat()).ok();
    assert_eq!(exported, place.run(&["export"]).ok());
}

#[test]
fn names_and_counters_that_differ_from_the_records_are_found() {
    let place = populated();
    assert!(place.run(&["check"]).ok().contains(" rows compared, 0 faults"));
    let database = rusqlite::Connection::open(place.path("fleetprompt.db")).unwrap();
    let publisher: String = database
        .query_row("SELECT scope FROM counter WHERE name = 'members' LIMIT 1", [], |row| row.get(0))
        .unwrap();
    let damage = "UPDATE counter SET value = value + 1 WHERE name = 'members' AND scope = ?1";
    assert_eq!(database.execute(damage, [&publisher]), Ok(1));
    let damage = "DELETE FROM name_claim WHERE scope = 'handle' AND owner = ?1";
    assert_eq!(database.execute(damage, [&publisher]), Ok(1));
    let found = place.run(&["check"]);
    assert_eq!(found.code, 1, "{found:?}");
    for line in [
        " rows compared, 2 faults".to_owned(),
        format!("publisher {publisher}: does not hold its name (handle)\n"),
        format!(
            "publisher {publisher}: its counter says another number than there are (members)\n"
        ),
    ] {
        assert!(found.out.contains(&line), "{line}: {found:?}");
    }
    assert!(found.out.contains(": 0 findings") || found.out.contains(", 0 findings"), "{found:?}");
    // More than are named one by one.
    database.execute("DELETE FROM name_claim", []).unwrap();
    database.execute("UPDATE counter SET value = value + 1", []).unwrap();
    let found = place.run(&["check"]);
    let is_named = |line: &&str| {
        ["listing ", "publisher ", "tenant ", "binding "].iter().any(|kind| line.starts_with(kind))
    };
    assert_eq!(found.out.lines().filter(is_named).count(), 100, "{found:?}");
    assert!(found.out.contains("records: 60 in all: does not hold its name (slug)\n"), "{found:?}");
}

#[test]
fn tables_of_the_search_index_that_differ_are_found_and_mended() {
    let place = populated();
    let database = rusqlite::Connection::open(place.path("fleetprompt.db")).unwrap();
    database.execute_batch("UPDATE index_count SET entries = entries + 1 WHERE id > 0").unwrap();
    let found = place.run(&["check"]);
    assert_eq!(found.code, 1, "{found:?}");
    assert!(found.out.contains("index_count"), "{found:?}");
    assert!(found.out.contains("`fleetprompt check --repair-index`"), "{found:?}");
    let repaired = place.run(&["check", "--repair-index"]).ok();
    assert!(repaired.contains("made anew from 60 entries"), "{repaired}");
    assert!(place.run(&["check"]).ok().contains("0 findings"));
}

#[test]
fn a_command_that_needs_a_database_makes_none() {
    let place = Place::with_keys();
    let run_all = |why: &str| {
        let fence = ["fence", "--reason", "Restored."];
        let copy = ["copy", "sqlite:fleetprompt.db", "sqlite:copy.db"];
        let others = [&["export"][..], &["check"], &["backup", "copy.db"], &["names", "list"]];
        for args in [&others[..], &[&fence, &["maintain"], &copy]].concat() {
            let ran = place.run(args);
            assert_eq!(ran.code, 1, "{args:?}: {ran:?}");
            let told = format!("sqlite:fleetprompt.db: there is no marketplace here: {why}\n");
            assert!(ran.err.contains(&told), "{args:?}: {}", ran.err);
            assert!(!place.path("copy.db").exists(), "{args:?}");
        }
    };
    run_all("there is no such file");
    assert!(!place.path("fleetprompt.db").exists());
    place.write("fleetprompt.db", "");
    run_all("the file is empty");
    assert_eq!(place.read("fleetprompt.db"), "");
    place.run(&["migrate"]).ok();
    place.run(&["check"]).ok();
}

#[test]
fn a_database_that_is_damaged_is_checked_to_its_end_and_judged() {
    let place = populated();
    assert!(place.run(&["check"]).ok().ends_with("nothing is wrong\n"));
    let database = rusqlite::Connection::open(place.path("fleetprompt.db")).unwrap();
    database.execute_batch("UPDATE listing SET doc = 'canary' WHERE created < 40").unwrap();
    for args in [&["check"][..], &["check", "--repair-index"]] {
        let found = place.run(args);
        assert_eq!(found.code, 1, "{found:?}");
        assert!(
            found.out.contains("listing: ") && found.out.contains("can't be read"),
            "{found:?}"
        );
        assert!(!found.out.contains("`fleetprompt check --repair-index`"), "{found:?}");
        for told in ["search index: the store is damaged", "docs/OPERATIONS.md#integrity-check"] {
            assert!(found.err.contains(told), "{found:?}");
        }
        assert!(found.err.ends_with("something is wrong, see above\n"), "{found:?}");
        assert!(!found.said().contains("canary") && !found.err.contains("on our side"));
    }
    let export = place.run(&["export"]);
    assert_eq!(export.code, 1, "{export:?}");
    assert!(export.err.contains("the store is damaged, or this is a defect"), "{export:?}");
}
