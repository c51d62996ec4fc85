//! All settings, as `config show` prints them, and as a file that is used again.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::support::Place;

/// Everything that can be configured, but for what excludes it and secrets.
const FULL: &str = r#"
database = "postgres://market@db.invalid:5433/market"
listen = "127.0.0.1:8181"
metrics-listen = "127.0.0.1:9191"
origin = "https://market.example/path"
pages = false
issuer = "https://issuer.example"
operator = "olga \"o\" \u0041 \\ # é"
key-file = "other.keys.json"
insecure-dev-identity = false
token-lifetime-seconds = 60
deep-link-hosts = ["whs.example", "other.example"]

[[systems]]
name = "whs"
audience = "whs"
issuer = "https://id.example"
client = "whs-backend"
kinds = ["whs_agent"]
deep-link = "https://whs.example/install/{upstreamId}?attempt={attemptId}"
requires-confirmation = false

[[systems]]
name = "agentromatic"
audience = "agentromatic"
issuer = "https://id.example"
client = "agentromatic"
kinds = ["agentromatic_workflow", "spec_asset"]
deep-link = "https://other.example/{upstreamId}"

[identity.oidc]
issuer = "https://clerk.example"
audiences = ["market", "other"]
leeway-seconds = 12
authorized-parties = ["https://app.example"]

[identity.oidc.organisation.claims]
tenant = "/organisation/a~1b/id"
role = "https://acme.example/roles"
admin-roles = ["admin"]

[identity.oidc.keys]
algorithms = ["ES256", "EdDSA"]
jwks-url = "https://clerk.example/keys"
refresh-seconds = 90
max-age-seconds = 120

[identity.oidc.operator]
claim = "/~1public/role"
value = "operator"

[[identity.services]]
issuer = "https://id.example"
client = "agentromatic"
[identity.services.jwt]
audiences = ["systems"]
client-claim = "azp"
subject = "x@clients"
[identity.services.jwt.keys]
jwks-url = "https://id.example/keys"

[[identity.services]]
issuer = "https://id.example"
client = "whs-backend"
[identity.services.jwt]
audiences = ["systems"]

[serve]
connections = 64
request-time = "1m 30s"
drain-delay = "5s"

[limits]
exempt = ["10.0.0.0/8"]
client-address = { header = "forwarded", trusted-networks = ["192.0.2.0/24"] }
address = { count = 5, per = "2s" }
tenant = { count = 5, per = "2s", burst = 50 }

[log]
format = "json"
addresses = true

[traces]
endpoint = "https://collector.example/otlp"
sampled = 0.25

[media]
clamav = "unix:/run/clamav/clamd.ctl"
[media.s3]
bucket = "media"
region = "eu-1"
endpoint = "https://s3.example"
prefix = "market/images"

[postgres]
schema = "market"
connections = 9
statement-timeout-seconds = 7
transaction-pooling = true
failover = ["postgres://market@db2.invalid/market"]
replica = "postgres://market@db3.invalid/market"
replica-staleness-seconds = 3

[upkeep]
interval-seconds = 0
"#;

/// What is not set there, in one entry of a list at least.
const OTHERS: &[&str] = &[
    "identity.services.*.jwt.keys.jwks-url",
    "identity.services.*.jwt.subject",
    "key-ring",
    "limits.address.burst",
    "media.folder",
    "media.s3.access-key-id",
    "media.s3.secret-access-key",
    "media.s3.session-token",
];

/// Every setting with its value, or `None` for what is not set.
type Settings = BTreeMap<String, Option<String>>;

fn settings(place: &Place, args: &[&str]) -> Settings {
    let args = [args, &["config", "show", "--format", "json"]].concat();
    let all: Value = serde_json::from_str(&place.run(&args).ok()).unwrap();
    let text = |one: &Value| one.as_str().map(str::to_owned);
    let all = all.as_array().unwrap().iter();
    all.map(|one| (text(&one["key"]).unwrap(), text(&one["value"]))).collect()
}

/// A key without the places in lists.
fn anywhere(key: &str) -> String {
    let is_place = |part: &str| part.parse::<usize>().is_ok();
    let parts = key.split('.').map(|part| if is_place(part) { "*" } else { part });
    parts.collect::<Vec<_>>().join(".")
}

#[test]
fn what_is_shown_is_a_file_that_says_the_same() {
    for (file, variables, args) in [
        ("", &[][..], &[][..]),
        (FULL, &[], &[]),
        ("[media]\nfolder = \"m\\u007f\\nn\"\nunscanned = true", &[], &[]),
        (
            "[limits]\nclient-address = { trusted-hops = 2 }\n[identity]\nservices = []",
            &[
                ("FLEETPROMPT_SERVE__CONNECTIONS", "77"),
                ("FLEETPROMPT_LOG__ADDRESSES", "true"),
                ("FLEETPROMPT_OPERATOR", "31"),
                ("FLEETPROMPT_LIMITS__EXEMPT", r#"["10.0.0.0/8"]"#),
            ],
            &["--listen", "127.0.0.1:1", "--database", "sqlite:///a/b.db"],
        ),
    ] {
        let given = |place: Place| {
            variables.iter().fold(place, |place, (name, value)| place.with(name, value))
        };
        let place = given(Place::new());
        place.write("given.toml", file);
        let args = [&["--config", "given.toml"], args].concat();
        let before = settings(&place, &args);
        let shown = place.run(&[&args[..], &["config", "show"]].concat()).ok();

        let other = Place::new();
        other.write("saved.toml", &shown);
        let saved = ["--config", "saved.toml"];
        assert_eq!(settings(&other, &saved), before, "{shown}");
        let again = other.run(&[&saved[..], &["config", "show"]].concat()).ok();
        let values = |shown: &str| {
            let lines = shown.lines().map(|line| line.rsplit_once(" # ").map_or(line, |it| it.0));
            lines.map(|line| line.trim_end().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(values(&again), values(&shown));
    }
}

#[test]
fn every_setting_that_there_is_is_shown() {
    let place = Place::new();
    place.write("full.toml", FULL);
    let shown = settings(&place, &["--config", "full.toml"]);
    let unset = shown.iter().filter(|(_, value)| value.is_none());
    let unset: BTreeSet<String> = unset.map(|(key, _)| anywhere(key)).collect();
    assert_eq!(unset, OTHERS.iter().map(|key| (*key).to_owned()).collect(), "FULL lacks some");

    let file = place.run(&["--config", "full.toml", "config", "show"]).ok();
    // The program says itself which keys a section has, where it does not know one.
    let mut sections = vec![String::new()];
    let mut seen = 0;
    while let Some(section) = sections.pop() {
        let within = if section.is_empty() { section.clone() } else { format!("{section}.") };
        let shown: BTreeSet<&str> =
            shown.keys().filter_map(|key| key.strip_prefix(&within)).collect();
        let nested = shown.iter().filter_map(|key| key.split_once('.'));
        let nested: BTreeSet<&str> = nested.map(|(name, _)| name).collect();
        // One that has no settings of its own has no place in the file.
        for key in keys(&file, &section).unwrap_or_default() {
            let is_there = shown.contains(&*key) || nested.contains(&*key);
            assert!(is_there, "{within}{key} is not shown: {file}");
            seen += 1;
        }
        sections.extend(nested.iter().map(|name| format!("{within}{name}")));
    }
    assert!(seen > 100, "{seen}");
}

/// The keys that a section may have, as the refusal of another one lists them. `file` has all sections.
fn keys(file: &str, section: &str) -> Option<Vec<String>> {
    let names = section.split('.').filter(|part| part.parse::<usize>().is_err());
    let names = names.collect::<Vec<_>>().join(".");
    let is_entry = section.ends_with(|it: char| it.is_ascii_digit());
    let header = match is_entry {
        _ if section.is_empty() => String::new(),
        true => format!("\n[[{names}]]\n"),
        false => format!("\n[{names}]\n"),
    };
    let (before, after) = file.split_once(&header)?;
    let place = Place::new();
    place.write("odd.toml", &format!("{before}{header}no-such-key = 1\n{after}"));
    let refused = place.run(&["--config", "odd.toml", "config", "show"]);
    let told = refused.err.split_once("there is no such key; there are ");
    let (_, known) = told.unwrap_or_else(|| panic!("{section}: {refused:?}"));
    let known = known.lines().next().unwrap();
    Some(known.split(", ").map(str::to_owned).collect())
}

#[test]
fn a_masked_value_is_a_comment_and_leaves_a_file_that_can_be_used() {
    let canary = "canary7f3c";
    let hash = format!("sha256:{}", "7f3c".repeat(16));
    let ring = r#"{"format":"fleetprompt-keys-1","keys":["canary7f3c"]}"#;
    let place = Place::new().with("FLEETPROMPT_KEY_RING", ring);
    let services = format!(
        "[[identity.services]]\nissuer = \"https://id.example\"\nclient = \"whs\"\n\
         tokens = [\"{hash}\"]\n\
         [[identity.services]]\nissuer = \"https://id.example\"\nclient = \"other\"\n\
         jwt = {{ audiences = [\"systems\"] }}\n"
    );
    let file = format!(
        "database = \"postgres://market:{canary}@db.invalid/market\"\n\
         [postgres]\nfailover = [\"postgres://db2.invalid/m\", \"postgres://m:{canary}@db2.invalid/m\"]\n\
         replica = \"postgres://db3.invalid/market?password={canary}\"\n\
         [media]\nunscanned = true\n[media.s3]\nbucket = \"media\"\nregion = \"eu\"\n\
         access-key-id = \"{canary}\"\nsecret-access-key = \"{canary}\"\nsession-token = \"{canary}\"\n\
         {services}"
    );
    place.write("market.toml", &file);
    let args = ["--config", "market.toml"];
    let shown = place.run(&[&args[..], &["config", "show"]].concat());
    let json = place.run(&[&args[..], &["config", "show", "--format", "json"]].concat());
    for ran in [&shown, &json] {
        assert!(!ran.said().contains(canary) && !ran.said().contains("7f3c"), "{}", ran.said());
    }
    let shown = shown.ok();
    let masked = [
        "database",
        "identity.services.0.tokens",
        "key-ring",
        "media.s3.access-key-id",
        "media.s3.secret-access-key",
        "media.s3.session-token",
        "postgres.failover",
        "postgres.replica",
    ];
    let first = format!("# Fill in what is masked before this is used: {}", masked.join(", "));
    assert_eq!(shown.lines().next(), Some(first.as_str()));
    for line in [
        "# database = \"postgres://market:***@db.invalid/market\"",
        "# key-ring = \"***\"",
        "# [[identity.services]]",
        "# client = \"whs\"",
        "client = \"other\"",
        "# secret-access-key = \"***\"",
    ] {
        assert!(shown.lines().any(|it| it.starts_with(line)), "{line}: {shown}");
    }

    let other = Place::new();
    other.write("saved.toml", &shown);
    let (before, after) = (settings(&place, &args), settings(&other, &["--config", "saved.toml"]));
    assert_eq!(after["database"].as_deref(), Some("\"sqlite:fleetprompt.db\""));
    assert_eq!(after["identity.services.0.client"].as_deref(), Some("\"other\""));
    let lasting = |(key, _): &(&String, &Option<String>)| {
        !masked.contains(&key.as_str()) && !key.starts_with("identity.services")
    };
    let lasting = |all: &Settings| {
        let kept = all.iter().filter(lasting);
        kept.map(|(key, value)| (key.clone(), value.clone())).collect::<Settings>()
    };
    assert_eq!(lasting(&after), lasting(&before), "{shown}");
}
