//! The search over a pipe, as scripts use it.
#![expect(clippy::unwrap_used, reason = "a test says what it expects")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn search(folder: &Path, arguments: &[&str], queries: &[u8]) -> Output {
    let mut running = Command::new(env!("CARGO_BIN_EXE_search"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    running.stdin.take().unwrap().write_all(queries).unwrap();
    running.wait_with_output().unwrap()
}

fn printed(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn each_line_is_a_query_over_the_catalogue_that_comes_along() {
    let folder = tempfile::tempdir().unwrap();
    let answers = search(folder.path(), &[], b"invoice\ntikcet\nnothing-like-it\n");
    let expected = "\
> invoice
1 found
acme/invoice-reader  Invoice reader  (agent)
    Reads invoices and files them where they belong.

> tikcet
nothing has `tikcet`; showing `ticket`
1 found
north-wind/ticket-triage  Ticket triage  (workflow)
    Sorts new tickets by urgency and sends each to the right queue.

> nothing-like-it
";
    let printed = printed(&answers);
    assert!(printed.starts_with(expected), "{printed}");
    assert!(folder.path().join("fleetprompt.db").exists());
}

#[test]
fn a_file_is_imported_once_and_again_when_it_changed() {
    let folder = tempfile::tempdir().unwrap();
    let line = |slug: &str| {
        format!(
            r#"{{"publisher":"acme","slug":"{slug}","kind":"whs_agent","upstreamId":"{slug}","title":"Agent {slug}","summary":"Acts.","version":"1.0.0"}}"#
        )
    };
    let file = folder.path().join("mine.jsonl");
    std::fs::write(&file, line("one")).unwrap();
    let arguments = ["mine.jsonl", "--database", "mine.db"];
    let imports = |output: &Output| output.stderr.starts_with(b"importing mine.jsonl");

    let first = search(folder.path(), &arguments, b"agent\n");
    assert!(printed(&first).contains("acme/one") && imports(&first));
    let second = search(folder.path(), &arguments, b"agent\n");
    assert_eq!(printed(&second), printed(&first));
    assert!(!imports(&second));

    std::fs::write(&file, format!("{}\n{}", line("one"), line("two"))).unwrap();
    let third = search(folder.path(), &arguments, b"agent\n");
    assert!(printed(&third).contains("2 found") && imports(&third));

    let without_file = search(folder.path(), &["--database", "mine.db"], b"\n");
    assert!(printed(&without_file).contains("2 found"), "and nothing else was imported");
}

#[test]
fn order_kind_and_limit_can_be_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let named = |arguments: &[&str]| -> Vec<String> {
        let answers = printed(&search(folder.path(), arguments, b"\n"));
        let addresses = answers.lines().filter_map(|line| line.split_once("  "));
        addresses.map(|(address, _)| address.to_owned()).filter(|it| !it.is_empty()).collect()
    };
    let by_name = [
        "acme/invoice-reader",
        "north-wind/nightly-report",
        "openspec/support-playbook",
        "north-wind/ticket-triage",
    ];
    assert_eq!(named(&["--order", "name"]), by_name);
    assert_eq!(named(&["--order", "name", "--limit", "1"]), by_name[..1]);
    assert_eq!(named(&["--kind", "spec_asset"]), by_name[2..3]);
}

#[test]
fn no_escape_sequence_of_a_query_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let answers = search(folder.path(), &[], b"\x1b]0;owned\x07 \x9b2J \xe2\x80\xae\r\n");
    let printed = printed(&answers);
    assert!(printed.starts_with("> \u{fffd}]0;owned\u{fffd} "), "{printed:?}");
    let hidden = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!printed.contains(hidden), "{printed:?}");
}

#[test]
fn failures_and_wrong_arguments_have_exit_codes_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let missing = search(folder.path(), &["missing.jsonl"], b"");
    assert_eq!(missing.status.code(), Some(1));
    assert!(missing.stderr.starts_with(b"search: missing.jsonl: "));
    let wrong = search(folder.path(), &["--order", "sideways"], b"");
    assert_eq!(wrong.status.code(), Some(2));
    let help = printed(&search(folder.path(), &["--help"], b""));
    for part in ["Ctrl-O", "Exit codes: 0", "--database", "--limit"] {
        assert!(help.contains(part), "{part}");
    }
}
