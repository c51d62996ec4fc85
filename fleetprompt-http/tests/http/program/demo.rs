//! The demo, and the lines that it prints to paste.

use std::process::Command;

use super::support::{Place, catalogue};

const DEMO: [&str; 3] = ["demo", "--listen", "127.0.0.1:0"];

/// The lines to paste, by step.
fn steps(told: &str) -> Vec<String> {
    let from = told.find("# Try it").unwrap();
    let to = told.find("# That is the whole loop.").unwrap();
    told[from..to].split("\n\n").map(str::to_owned).collect()
}

/// Pastes all steps into one shell, and answers what each shows. All goes into a file, as of those who
/// keep what their terminal shows: nothing may write it anew.
fn paste(place: &Place, steps: &[String]) -> Vec<String> {
    let mark = "=== the next step ===";
    let script = steps.join(&format!("\necho '{mark}'\n"));
    let path = place.write("shown", "");
    let shown = std::fs::File::options().append(true).open(&path).unwrap();
    let mut bash = Command::new("bash");
    let bash = bash.args(["-c", &script]).stdout(shown.try_clone().unwrap()).stderr(shown);
    let success = bash.status().unwrap().success();
    let shown = place.read("shown");
    assert!(success, "{shown}");
    shown.split(mark).map(|part| part.trim().to_owned()).collect()
}

#[test]
fn every_line_that_the_demo_prints_works_when_pasted() {
    let place = Place::new();
    let server = place.start(&DEMO);
    let shown = paste(&place, &steps(&server.told));
    assert_eq!(shown.len(), 14, "{shown:?}");
    let expected = [
        ("", ""),
        ("invoice-reader", "a search"),
        ("\"handle\":\"my-team-", "a publisher"),
        ("\"state\":\"draft\"", "a draft"),
        ("\"version\":\"1.0.0\"", "a release"),
        ("\"state\":\"confirmed\"", "a confirmation"),
        ("\"state\":\"published\"", "a listing that is published"),
        ("\"revision\":", "an edit"),
        ("\"state\":\"active\"", "an entitlement"),
        ("\"token\":\"fpi1.", "a token"),
        ("\"authorization\":\"none\"", "a manifest"),
        ("\"authorization\":\"none\"", "the manifest again"),
        ("token_redeemed", "a refusal"),
        ("\"changes\":", "the feed"),
    ];
    for (answer, (needle, what)) in shown.iter().zip(expected) {
        assert!(answer.contains(needle), "{what}: {answer}");
    }
    assert_eq!(shown[10], shown[11], "byte for byte");
    let problems = shown.iter().filter(|answer| answer.contains("\"code\":")).count();
    assert_eq!(problems, 1, "one is refused, and meant to be: {shown:?}");
}

#[test]
fn the_demo_names_the_page_to_open_first() {
    let place = Place::new();
    let server = place.start(&DEMO);
    let (_, opened) = server.told.split_once("\nOpen\n").unwrap();
    let first = opened.split_whitespace().next().unwrap();
    let path = first.strip_prefix("http://").and_then(|rest| rest.find('/')).unwrap();
    assert_eq!(&first["http://".len() + path..], "/");
    let (status, page) = server.get("/");
    assert!(status == 200 && page.contains("Invoice reader"), "{page}");
}

#[test]
fn the_demo_is_there_again_the_next_time_and_its_keys_are_its_owners_alone() {
    let place = Place::new();
    let server = place.start(&DEMO);
    assert!(server.told.contains("fleetprompt-demo/demo.db"), "{}", server.told);
    let before = server.get("/v1/publishers/harbor-ops");
    server.signal("INT");
    assert_eq!(server.wait().0, Some(0));
    let keys = place.read(".local/share/fleetprompt-demo/demo.keys.json");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let file = place.path(".local/share/fleetprompt-demo/demo.keys.json");
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let again = place.start(&DEMO);
    assert!(again.told.contains("of last time"), "{}", again.told);
    assert_eq!(again.get("/v1/publishers/harbor-ops"), before);
    assert_eq!(place.read(".local/share/fleetprompt-demo/demo.keys.json"), keys);
}

#[test]
fn the_demo_touches_no_other_database_and_listens_to_this_machine_alone() {
    let place = Place::new().with("FLEETPROMPT_DATABASE", "sqlite:production.db");
    for args in [
        &["demo", "--database", "sqlite:production.db"][..],
        &["--config", "market.toml"],
        &["demo", "--listen", "0.0.0.0:0"],
    ] {
        let ran = place.run(args);
        assert_eq!(ran.code, 2, "{args:?}: {ran:?}");
    }
    let server = place.start(&DEMO);
    assert_eq!(server.get("/readyz").0, 200);
    assert!(!place.path("production.db").exists());
}

/// Whose folder it is has a marketplace there, under any name.
#[test]
fn the_demo_neither_serves_nor_removes_a_marketplace_that_is_none() {
    let place = Place::with_keys();
    std::fs::create_dir(place.path("market")).unwrap();
    let files = ["sqlite:market/market.db", "sqlite:market/demo.db"];
    let catalogue = catalogue();
    for file in files {
        place.run(&["--database", file, "import", catalogue.to_str().unwrap()]).ok();
    }
    let export = |file| place.run(&["--database", file, "export"]).ok();
    let before = files.map(export);
    let demo = [&DEMO[..], &["--folder", "market"]].concat();
    for args in [&demo[..], &[&demo[..], &["--fresh"]].concat()] {
        let ran = place.run(args);
        assert_eq!(ran.code, 1, "{args:?}: {ran:?}");
        for told in ["market/demo.db: there is a marketplace that is no demo's", "--folder"] {
            assert!(ran.err.contains(told), "{}", ran.err);
        }
    }
    assert_eq!(files.map(export), before);

    std::fs::remove_file(place.path("market/demo.db")).unwrap();
    let keys = place.write("market/keys.json", "those of another marketplace");
    for args in [&demo[..], &demo, &[&demo[..], &["--fresh"]].concat()] {
        let server = place.start(args);
        assert_eq!(server.get("/readyz").0, 200);
        server.signal("KILL");
        server.wait();
    }
    assert_eq!(export(files[0]), before[0]);
    assert_eq!(std::fs::read(keys).unwrap(), b"those of another marketplace");
}

#[test]
fn a_demo_that_runs_is_not_taken_away_by_another_one() {
    let place = Place::new();
    let server = place.start(&DEMO);
    for args in [&[&DEMO[..], &["--fresh"]].concat()[..], &DEMO] {
        let ran = place.run(args);
        assert_eq!(ran.code, 1, "{args:?}: {ran:?}");
        let told = ["a demo is running in", "fleetprompt-demo", "Ctrl-C", "--folder FOLDER"];
        assert!(told.iter().all(|it| ran.err.contains(it)), "{}", ran.err);
    }
    assert_eq!(server.get("/v1/publishers/harbor-ops").0, 200, "it goes on");
    let address = server.address.to_string();
    let taken = place.run(&["demo", "--folder", "other", "--listen", &address]);
    assert_eq!(taken.code, 1, "{taken:?}");
    assert!(taken.err.contains("Choose another address with --listen"), "{}", taken.err);
    let elsewhere = place.start(&[&DEMO[..], &["--folder", "other"]].concat());
    assert_eq!(elsewhere.get("/readyz").0, 200);
    server.signal("KILL");
    server.wait();
    let fresh = place.start(&[&DEMO[..], &["--fresh"]].concat());
    assert!(!fresh.told.contains("of last time"), "{}", fresh.told);
}
