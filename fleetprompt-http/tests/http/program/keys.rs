//! The key ring in its file.

use serde_json::Value;

use super::support::Place;

fn secrets(place: &Place) -> Vec<String> {
    let file: Value = serde_json::from_str(&place.read("fleetprompt.keys.json")).unwrap();
    let keys = file["keys"].as_array().unwrap().iter();
    keys.map(|key| key["secret"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn keys_are_made_rotated_and_revoked_and_never_printed() {
    let place = Place::new();
    let mut said = String::new();
    let mut run = |args: &[&str], code: i32| {
        let ran = place.run(args);
        assert_eq!(ran.code, code, "{args:?}: {ran:?}");
        said.push_str(&ran.said());
        ran.said()
    };
    for args in
        [&["keys", "list"][..], &["keys", "rotate"], &["keys", "activate", "k1"], &["export"]]
    {
        assert!(run(args, 2).contains("fleetprompt keys generate"));
    }
    run(&["keys", "generate"], 0);
    assert!(run(&["keys", "list"], 0).contains("k1               active"));
    run(&["keys", "generate"], 0);
    assert!(run(&["keys", "list"], 0).contains("k2               pending"));
    assert!(run(&["keys", "revoke", "k1"], 3).contains("k1 is active: rotate first"));
    run(&["keys", "activate", "k2"], 0);
    assert!(run(&["keys", "activate", "k2"], 3).contains("k2 is the active key already"));
    assert!(run(&["keys", "activate", "k1"], 3).contains("k1 has been active, and retires"));
    run(&["keys", "activate", "k9"], 3);
    run(&["keys", "rotate"], 0);
    let listed = run(&["keys", "list"], 0);
    assert!(listed.contains("k3               active") && listed.contains("retiring"), "{listed}");
    run(&["migrate"], 0);
    assert!(run(&["keys", "revoke", "k1"], 0).contains("k1 is revoked"));
    run(&["keys", "revoke", "k1"], 0);
    assert!(run(&["keys", "activate", "k1"], 3).contains("k1 is revoked, and stays so"));
    let listed = run(&["keys", "list"], 0);
    assert!(listed.contains("k1               revoked"), "{listed}");

    let secrets = secrets(&place);
    assert_eq!(secrets.len(), 3);
    for secret in &secrets {
        assert!(secret.len() >= 43 && !said.contains(secret.as_str()));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(place.path("fleetprompt.keys.json")).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
    }
}

/// Two instances on one database, each with a ring that was made on its own.
#[test]
fn a_ring_whose_key_only_has_the_same_name_is_refused() {
    let place = Place::with_keys();
    place.run(&["migrate"]).ok();
    place.run(&["maintain"]).ok();
    let ours = place.read("fleetprompt.keys.json");
    std::fs::remove_file(place.path("fleetprompt.keys.json")).unwrap();
    place.run(&["keys", "generate"]).ok();
    for args in [&["maintain"][..], &["serve", "--insecure-dev-identity"]] {
        let refused = place.run(args);
        assert_eq!(refused.code, 2, "{refused:?}");
        assert!(refused.err.contains("the key k1 is not the one that this store knows"));
        assert!(refused.err.contains("keys generate --kid NAME"));
    }
    // A new ring, for a copy that becomes another environment.
    std::fs::remove_file(place.path("fleetprompt.keys.json")).unwrap();
    let made = place.run(&["keys", "generate", "--kid", "test1"]).ok();
    assert!(made.contains("with the key test1"));
    let twice = place.run(&["keys", "generate", "--kid", "test1"]);
    assert_eq!(twice.code, 3, "{twice:?}");
    place.run(&["maintain"]).ok();
    place.write("fleetprompt.keys.json", &ours);
    place.run(&["maintain"]).ok();
}

#[test]
fn a_ring_from_the_environment_takes_the_files_place_and_is_not_changed() {
    let made = Place::with_keys();
    let place = Place::new().with("FLEETPROMPT_KEY_RING", &made.read("fleetprompt.keys.json"));
    assert!(place.run(&["keys", "list"]).ok().contains("k1"));
    assert_eq!(place.run(&["keys", "rotate"]).code, 2);
    assert!(!place.path("fleetprompt.keys.json").exists());
}
