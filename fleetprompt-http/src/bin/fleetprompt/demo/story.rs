//! What the demo prints: what to open, and lines to paste.

use std::fmt::Write as _;
use std::net::SocketAddr;

/// What there is to look at.
pub(super) fn opening(served: SocketAddr) -> String {
    format!(
        "\nOpen\n\
         \x20 http://{served}/                         the marketplace, in a browser\n\
         \x20 http://{served}/docs                     the API, for people\n\
         \x20 http://{served}/openapi.json             the API, for programs\n\
         \x20 http://{served}/v1/listings?q=invoice    a search\n\n"
    )
}

/// A step: what it shows, and the lines.
struct Step {
    title: &'static str,
    lines: Vec<String>,
}

/// The whole loop, as lines of a shell with comments: what is printed can be pasted as it is, line by
/// line or all at once. `run` makes names and keys that no earlier run had.
pub(super) fn try_it(served: SocketAddr, run: &str) -> String {
    let mut text =
        String::from("# Try it: paste these lines into another terminal, in this order.\n");
    let _ = writeln!(text, "FP=http://{served} JSON='Content-Type: application/json'");
    text.push_str(PICK);
    for (n, Step { title, lines }) in steps(run).into_iter().enumerate() {
        let _ = writeln!(text, "\n# {}. {title}", n + 1);
        for line in lines {
            let _ = writeln!(text, "{line}");
        }
    }
    text.push_str("# That is the whole loop.\n");
    text
}

/// Shows an answer, and picks one of its fields.
const PICK: &str = "pick() { tee -a /dev/stderr | grep -o \"\\\"$1\\\":\\\"[^\\\"]*\" | head -n 1 | cut -d '\"' -f 4; echo >&2; }\n";

const ADA: &str = "Bearer dev:my-team:ada";
const BOB: &str = "Bearer dev:buyers:bob";
const WHS: &str = "Bearer dev-system:whs";

fn steps(run: &str) -> Vec<Step> {
    let mut steps = publishing(run);
    steps.extend(owning_and_installing(run));
    steps
}

fn publishing(run: &str) -> Vec<Step> {
    let publisher = format!(r#"{{"handle":"my-team-{run}","profile":{{"name":"My team {run}"}}}}"#);
    let listing = format!(
        r#"{{"publisher":"$PUBLISHER","slug":"hello","asset":{{"kind":"whs_agent","whsAgentId":"agt_{run}"}},"content":{{"title":"Hello","summary":"Says hello in the morning.","description":"It says **hello**.","tags":["greeting"],"category":"household","priceClass":"free","visibility":"public"}}}}"#
    );
    let release = r#"{"version":"1.0.0","content":{"notes":"The first release."}}"#;
    let confirm = format!(
        r#"{{"publisher":"$PUBLISHER","kind":"whs_agent","upstreamId":"agt_{run}","decision":"confirm"}}"#
    );
    let post = |who, key, path, body: &str| post(run, who, key, path, body);
    vec![
        step(
            "Anyone searches",
            [shown("curl -s \"$FP/v1/listings?q=invoices&limit=3\"".to_owned())],
        ),
        step(
            "Ada becomes a publisher",
            [into("PUBLISHER", "id", post(ADA, "publisher", "/v1/publishers", &publisher))],
        ),
        step(
            "She lists an agent that WHS runs: a draft, which nobody else sees",
            [into("LISTING", "id", post(ADA, "listing", "/v1/listings", &listing))],
        ),
        step(
            "She publishes a release of it",
            [shown(post(ADA, "release", "/v1/listings/$LISTING/releases", release))],
        ),
        step(
            "WHS confirms that the agent is hers to offer",
            [shown(post(WHS, "confirm", "/v1/references", &confirm))],
        ),
        step(
            "She publishes the listing, and anyone finds it",
            [
                shown(post(ADA, "publish", "/v1/listings/$LISTING/publish", "")),
                shown(format!("curl -s \"$FP/v1/publishers/my-team-{run}/listings/hello\"")),
            ],
        ),
        step(
            "She changes a word, and says which version she read: somebody else's edit is not lost",
            [
                format!(
                    "TAG=$(curl -s -D - -o /dev/null \"$FP/v1/listings/$LISTING\" -H 'Authorization: {ADA}' | tr -d '\\r' | sed -n 's/^[Ee][Tt][Aa][Gg]: //p')"
                ),
                shown(format!(
                    "curl -s -X PATCH \"$FP/v1/listings/$LISTING\" -H 'Authorization: {ADA}' -H 'Idempotency-Key: fleetprompt-demo-{run}-edit' -H \"If-Match: $TAG\" -H 'Content-Type: application/merge-patch+json' -d '{{\"content\":{{\"summary\":\"Says hello, and means it.\"}}}}'"
                )),
            ],
        ),
    ]
}

fn owning_and_installing(run: &str) -> Vec<Step> {
    let install = r#"{"listing":"$LISTING","method":"token","context":"workspace-42"}"#;
    let redeem = r#"{"token":"$TOKEN","expectedSubject":"bob","expectedTenant":"buyers"}"#;
    let post = |who, key, path, body| post(run, who, key, path, body);
    vec![
        step(
            "Bob claims it. He owns it now; whether he may run it is for WHS to say",
            [shown(post(BOB, "claim", "/v1/listings/$LISTING/claim", ""))],
        ),
        step(
            "He begins an install, and gets a token for WHS: one use, five minutes, nobody else's",
            [into("TOKEN", "token", post(BOB, "install", "/v1/installs", install))],
        ),
        step(
            "WHS redeems the token for Bob's session, and gets the manifest",
            [shown(post(WHS, "redeem", "/v1/install-tokens/redeem", redeem))],
        ),
        step(
            "The answer got lost? WHS asks again under the same key: the same manifest",
            [shown(post(WHS, "redeem", "/v1/install-tokens/redeem", redeem))],
        ),
        step(
            "A second use is refused",
            [shown(post(WHS, "redeem-2", "/v1/install-tokens/redeem", redeem))],
        ),
        step(
            "What happened, as anyone may follow it",
            [shown("curl -s \"$FP/v1/changes?limit=3\"".to_owned())],
        ),
    ]
}

fn step(title: &'static str, lines: impl Into<Vec<String>>) -> Step {
    Step { title, lines: lines.into() }
}

/// A write of `who`, under a key that is this run's.
fn post(run: &str, who: &str, key: &str, path: &str, body: &str) -> String {
    let write = format!(
        "curl -s \"$FP{path}\" -H \"Authorization: {who}\" -H 'Idempotency-Key: fleetprompt-demo-{run}-{key}'"
    );
    match body {
        "" => format!("{write} -X POST"),
        body => format!("{write} -H \"$JSON\" -d \"{}\"", body.replace('"', "\\\"")),
    }
}

/// A line whose answer is shown, and a field of it kept for the lines to come.
fn into(variable: &str, field: &str, line: String) -> String {
    format!("{variable}=$({line} | pick {field})")
}

/// A line whose answer is shown.
fn shown(line: String) -> String {
    format!("{line}; echo")
}
