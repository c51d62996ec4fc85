//! Redeeming over a real file: raced for by two processes, and leaving no secret on the disk.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Barrier;
use std::thread;

use fleetprompt_core::ErrorCode;
use fleetprompt_core::domain::{Fact, PersonIdentity, Position};
use fleetprompt_core::marketplace::RedeemRequest;
use fleetprompt_core::port::{PageSize, Principal};
use fleetprompt_core::token::InstallToken;
use pollster::block_on;

use crate::market::{MASTER_KEY, begin, buyer, key, list_an_agent, open, publisher, whs};
use crate::support::{dump, folder};

const PATH: &str = "FLEETPROMPT_TEST_RACE_PATH";
/// How many tasks of each process redeem.
const TASKS: usize = 32;

fn request(token: &str) -> RedeemRequest {
    RedeemRequest { token: InstallToken::presented(token.to_owned()), expected: buyer() }
}

/// Opens the marketplace, says so, waits for a token, and redeems it many times at once.
#[test]
#[ignore = "a process of the race"]
fn redeems_as_one_of_many() {
    let Some(path) = std::env::var_os(PATH) else { return };
    let market = open(Path::new(&path));
    println!("open.");
    let mut token = String::new();
    std::io::stdin().read_line(&mut token).unwrap();
    let start = Barrier::new(TASKS);
    let process = std::process::id();
    thread::scope(|scope| {
        for task in 0..TASKS {
            let (market, start, token) = (&market, &start, token.trim());
            scope.spawn(move || {
                let key = key(&format!("{process}/{task}"));
                start.wait();
                match block_on(whs(market).redeem(request(token), &key)) {
                    Ok(_) => println!("outcome redeemed."),
                    Err(error) => println!("outcome {}.", error.code().as_str()),
                }
            });
        }
    });
}

fn racer(path: &Path) -> (Child, BufReader<std::process::ChildStdout>) {
    let name = "redemption::redeems_as_one_of_many";
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--ignored", "--nocapture", "--test-threads=1"])
        .env(PATH, path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.ends_with("open.\n") {
        line.clear();
        assert_ne!(lines.read_line(&mut line).unwrap(), 0, "the process ended before the race");
    }
    (child, lines)
}

#[test]
fn sixty_four_tasks_in_two_processes_redeem_a_token_once() {
    let (_folder, path) = folder();
    let market = open(&path);
    let (listing, _) = list_an_agent(&market);
    let token = begin(&market, listing);
    let mut racers = [racer(&path), racer(&path)];
    for (child, _) in &mut racers {
        writeln!(child.stdin.as_mut().unwrap(), "{}", token.expose()).unwrap();
    }
    let mut outcomes = Vec::new();
    for (mut child, lines) in racers {
        for line in lines.lines() {
            let line = line.unwrap();
            let outcome = line.split_once("outcome ").and_then(|(_, rest)| rest.strip_suffix('.'));
            outcomes.extend(outcome.map(str::to_owned));
        }
        assert!(child.wait().unwrap().success());
    }
    outcomes.sort();
    let lost = 2 * TASKS - 1;
    let mut expected = vec!["redeemed".to_owned()];
    expected.extend(vec!["token_redeemed".to_owned(); lost]);
    assert_eq!(outcomes, expected);

    let issuer = "https://id.example".parse().unwrap();
    let operator = PersonIdentity::personal(issuer, "user_op".parse().unwrap());
    let operator = market.act_as(Principal::operator(operator));
    let log = block_on(operator.audit_log(Position::START, PageSize::MAX)).unwrap();
    let count = |wanted: fn(&Fact) -> bool| log.iter().filter(|it| wanted(&it.event.fact)).count();
    assert_eq!(count(|fact| matches!(fact, Fact::InstallBegun { .. })), 1);
    assert_eq!(count(|fact| matches!(fact, Fact::InstallRedeemed { .. })), 1);
    assert_eq!(count(|fact| matches!(fact, Fact::ReplayDetected { .. })), lost);
    let bob = market.act_as(Principal::person(buyer()));
    assert_eq!(block_on(bob.my_installs(None, PageSize::MAX)).unwrap().items.len(), 1);
}

/// Whoever gets hold of the disk finds nothing to redeem, to accept or to sign with.
#[test]
fn no_token_code_or_key_reaches_the_disk() {
    let (_folder, path) = folder();
    let market = open(&path);
    let (listing, invitation) = list_an_agent(&market);
    let token = begin(&market, listing);
    let redeem_key = key("canary-of-the-redemption");
    let manifest = block_on(whs(&market).redeem(request(token.expose()), &redeem_key)).unwrap();
    let (whs, invalid) = (whs(&market), key("invalid"));
    let refused = block_on(whs.redeem(request("fpi1.k1.canary.canary"), &invalid)).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::InvalidToken);
    let code = invitation.code.unwrap();
    // A retry makes the code again, from nothing that was stored.
    let acme = invitation.receipt.publisher;
    let role = fleetprompt_core::domain::PublisherRole::Viewer;
    let again = block_on(publisher(&market).invite(acme, role, &key("invitation"))).unwrap();
    assert_eq!(again.code.unwrap().expose(), code.expose());

    let disk = dump(&path);
    let holds = |needle: &[u8]| disk.windows(needle.len()).any(|window| window == needle);
    assert!(holds(manifest.as_str().replace('"', "\\\"").as_bytes()), "the search works");
    for secret in token.expose().split('.').filter(|part| part.len() > 16) {
        assert!(!holds(secret.as_bytes()), "a part of the token is on the disk");
    }
    for secret in code.expose().split('.').filter(|part| part.len() > 36) {
        assert!(!holds(secret.as_bytes()), "a part of the invitation's code is on the disk");
    }
    assert!(!holds(MASTER_KEY), "the master key is on the disk");
    assert!(!holds(redeem_key.as_str().as_bytes()), "an idempotency key is on the disk");
    assert!(!holds(b"canary"), "input that was refused is on the disk");
}
