//! Output that nobody reads to its end.

use super::support::{Place, Unread, catalogue};

#[test]
fn a_pipe_that_is_closed_ends_every_command_quietly() {
    let place = Place::new();
    let catalogue = catalogue().display().to_string();
    for args in [
        &["keys", "generate"][..],
        &["import", &catalogue, "--confirm"],
        &["openapi"],
        &["config", "show"],
        &["config", "show", "--format", "json"],
        &["keys", "list"],
        &["service-token", "generate"],
        &["migrate"],
        &["check"],
        &["check", "--repair-index"],
        &["export"],
        &["maintain"],
        &["backup", "copy.db"],
        &["copy", "sqlite:copy.db", "sqlite:other.db"],
        &["publisher", "suspend", "harbor-ops", "--reason", "Ticket 4711."],
        &["fence", "--reason", "Restored."],
    ] {
        let ran = place.run_unread(args, Unread::Output);
        assert_eq!(ran.code, 141, "{args:?}: {ran:?}");
        assert!(!ran.err.contains("fleetprompt:") && !ran.err.contains("panicked"), "{}", ran.err);
    }
    // What nobody heard of was done all the same.
    assert!(place.run(&["export"]).ok().contains("\"type\":\"suspension\""));
    place.run(&["check", "--database", "sqlite:other.db"]).ok();
    place.run(&["keys", "rotate"]).ok();
    assert_eq!(place.run_unread(&["keys", "revoke", "k1"], Unread::Output).code, 141);
    assert!(place.run(&["keys", "list"]).ok().contains("k1               revoked"));
}

#[test]
fn errors_that_nobody_reads_leave_the_exit_code_as_it_is() {
    let place = Place::with_keys();
    for (args, code) in [
        (&["migrate"][..], 0),
        (&["export"], 0),
        (&["keys", "revoke", "k1"], 3),
        (&["config", "show", "--config", "missing.toml"], 2),
        (&["no-such-command"], 2),
    ] {
        let ran = place.run_unread(args, Unread::Errors);
        assert_eq!(ran.code, code, "{args:?}: {ran:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_told() {
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let place = Place::with_keys();
    place.run(&["import", catalogue().to_str().unwrap(), "--confirm"]).ok();
    for args in [&["keys", "list"][..], &["export"], &["openapi"]] {
        let ran = place.run_into(args, full());
        assert_eq!(ran.code, 1, "{args:?}: {ran:?}");
        assert!(ran.err.contains("fleetprompt: standard output: "), "{}", ran.err);
    }
}
