//! The demo, and the lines that it prints to paste.

use std::process::Command;

use super::support::Place;

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
fn the_demo_is_there_again_the_next_time_and_its_keys_are_its_owners_alone() {
    let place = Place::new();
    let server = place.start(&DEMO);
    assert!(server.told.contains("fleetprompt-demo/market.db"), "{}", server.told);
    let before = server.get("/v1/publishers/harbor-ops");
    server.signal("INT");
    assert_eq!(server.wait().0, Some(0));
    let keys = place.read(".local/share/fleetprompt-demo/keys.json");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let file = place.path(".local/share/fleetprompt-demo/keys.json");
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let again = place.start(&DEMO);
    assert!(again.told.contains("of last time"), "{}", again.told);
    assert_eq!(again.get("/v1/publishers/harbor-ops"), before);
    assert_eq!(place.read(".local/share/fleetprompt-demo/keys.json"), keys);
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
