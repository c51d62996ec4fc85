//! Running `pgbench`.

use std::fs;
use std::process::Command;

use fleetprompt_core::port::Change;
use tempfile::TempDir;

use crate::market::{key, looked_at, redemption};
use crate::server::url;

/// How many attempts there are to redeem, over and over: one that is redeemed again costs no more than one
/// that was not.
pub(crate) const ATTEMPTS: u64 = 20_000;
/// How far apart the numbers of two runs begin.
const APART: u64 = 10_000_000;

/// A script, and how it is run.
pub(crate) struct Script {
    folder: TempDir,
    clients: u32,
    seconds: u64,
}

impl Script {
    pub(crate) fn new(text: &str, clients: u32, seconds: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("script"), text).unwrap();
        Script { folder, clients, seconds }
    }

    /// Runs it for the n-th time of all scripts on a schema; answers transactions a second.
    pub(crate) fn run(&self, n: u64) -> f64 {
        let run = Command::new("pgbench")
            .args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--define=i=-1"])
            .arg(format!("--client={}", self.clients))
            .arg(format!("--time={}", self.seconds))
            .arg(format!("--define=first={}", n * APART))
            .arg(format!("--define=clients={}", self.clients))
            .arg("--file")
            .arg(self.folder.path().join("script"))
            .arg(url())
            .output()
            .unwrap();
        let (out, errors) = (text(&run.stdout), text(&run.stderr));
        assert!(run.status.success(), "{errors}");
        let (_, rate) = out.split_once("tps = ").unwrap();
        let digits = rate.chars().take_while(|c| c.is_ascii_digit() || *c == '.');
        digits.collect::<String>().parse().unwrap()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The statements of a redemption as [`redemption`] makes it, in a transaction of their own. With `head`,
/// events have dense positions, for which each transaction locks the head of the log; without, they have
/// any.
pub(crate) fn redeeming(schema: &str, head: bool) -> String {
    // Each client takes every so manyth attempt, and the id is written as the store writes it.
    assert_eq!(key(0x12ab).id(), "00000000-0000-12ab-0000-000000000000");
    let sample = redemption(0);
    let doc = sample.changes.iter().find_map(|change| match change {
        Change::Put { record, .. } => Some(record.encode().unwrap().len()),
        _ => None,
    });
    let (doc, answer) = (doc.unwrap(), sample.receipt.unwrap().answer.len());
    let event = sample.events.first().map(|event| serde_json::to_string(event).unwrap().len());
    let event = event.unwrap();
    let mut sql = vec![
        "\\set i :i + 1".to_owned(),
        "\\set n :first + :i * :clients + :client_id".to_owned(),
        "BEGIN".to_owned(),
    ];
    if head {
        sql.push(format!("SELECT last, at, feed_last FROM {schema}.log_head FOR UPDATE"));
    }
    sql.push(format!(
        "SELECT kid, fingerprint, answer FROM {schema}.receipt WHERE scope = sha256(:n::text::bytea)"
    ));
    for record in looked_at() {
        let (table, id) = (record.kind().name(), record.key().id().replace('\'', "''"));
        sql.push(format!("SELECT revision FROM {schema}.{table} WHERE id = '{id}'"));
    }
    let id =
        format!("(lpad(to_hex(:n::bigint % {ATTEMPTS}), 16, '0') || repeat('0', 16))::uuid::text");
    sql.push(format!("SELECT revision, created FROM {schema}.attempt WHERE id = {id}"));
    // Transactions that wait for nobody count a thousand different things.
    let scope = if head { "'bench'" } else { "'bench' || :n::bigint % 1000" };
    for counter in ["seats", "redeemed"] {
        sql.push(format!(
            "INSERT INTO {schema}.counter VALUES ({scope}, '{counter}', 1)
             ON CONFLICT (scope, name) DO UPDATE SET value = counter.value + 1"
        ));
    }
    sql.push(format!(
        "UPDATE {schema}.attempt SET revision = 2, changed = 2, state = 'redeemed',
         doc = repeat('m', {doc}) WHERE id = {id}"
    ));
    let position = if head {
        sql.push(format!(
            "UPDATE {schema}.log_head SET last = last + 1 RETURNING last AS last \\gset"
        ));
        ":last".to_owned()
    } else {
        format!("{} + :n::bigint", 1_u64 << 40)
    };
    sql.push(format!(
        "INSERT INTO {schema}.event VALUES ({position}, 1, NULL, repeat('e', {event}))"
    ));
    sql.push(format!(
        "INSERT INTO {schema}.receipt
         VALUES (sha256(:n::text::bytea), 'k1', sha256('fingerprint'), repeat('a', {answer}), 1)"
    ));
    sql.push("COMMIT".to_owned());
    let lines: Vec<String> = sql
        .into_iter()
        .map(|line| {
            let line = line.replace('\n', " ");
            if line.starts_with('\\') || line.ends_with("\\gset") { line } else { line + ";" }
        })
        .collect();
    lines.join("\n") + "\n"
}
