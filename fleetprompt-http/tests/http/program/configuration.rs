//! Where the configuration comes from, and what is said of it.

use serde_json::Value;

use super::support::Place;

/// A value of `config show`, and where it comes from.
fn shown(place: &Place, args: &[&str], key: &str) -> (String, String) {
    let args = [args, &["config", "show", "--format", "json"]].concat();
    let all: Value = serde_json::from_str(&place.run(&args).ok()).unwrap();
    let found = all.as_array().unwrap().iter().find(|one| one["key"] == key);
    let found = found.unwrap_or_else(|| panic!("{key} is not shown: {all}"));
    let text = |name: &str| found[name].as_str().unwrap().to_owned();
    (text("value"), text("source"))
}

fn pair(value: &str, source: &str) -> (String, String) {
    (value.to_owned(), source.to_owned())
}

#[test]
fn a_flag_goes_before_a_variable_and_a_variable_before_the_file() {
    let place = Place::new();
    assert_eq!(shown(&place, &[], "operator"), pair("\"operator\"", "default"));
    let file = place.write("market.toml", "operator = \"from-file\"\n[log]\nlevel = \"warn\"\n");
    let file = file.display().to_string();
    let config = ["--config", &file];
    assert_eq!(shown(&place, &config, "operator"), pair("\"from-file\"", &file));
    assert_eq!(shown(&place, &config, "log.level"), pair("\"warn\"", &file));
    assert_eq!(shown(&place, &config, "listen").1, "default");

    let place = place.with("FLEETPROMPT_OPERATOR", "31").with("FLEETPROMPT_LOG__LEVEL", "debug");
    assert_eq!(shown(&place, &config, "operator"), pair("\"31\"", "FLEETPROMPT_OPERATOR"));
    assert_eq!(shown(&place, &config, "log.level"), pair("\"debug\"", "FLEETPROMPT_LOG__LEVEL"));
    let flag = ["--config", &file, "--operator", "from-flag"];
    assert_eq!(shown(&place, &flag, "operator"), pair("\"from-flag\"", "--operator"));

    let place = place.with("FLEETPROMPT_CONFIG", &file);
    assert_eq!(shown(&place, &[], "database"), pair("\"sqlite:fleetprompt.db\"", "default"));
}

#[test]
fn whatever_is_wrong_is_told_by_its_place_and_never_by_its_value() {
    let secret = "canary-7f3c";
    for (file, told) in [
        ("databse = \"canary-7f3c\"", "market.toml: databse: there is no such key"),
        ("[serve]\nshutdown = 3", "market.toml: serve.shutdown: there is no such key"),
        ("listen = \"canary-7f3c\"", "market.toml: listen: "),
        ("listen = 8080", "market.toml: listen: "),
        ("database = \"mysql://x:canary-7f3c@db/x\"", "market.toml: database: must be sqlite:PATH"),
        ("database = [\"canary-7f3c\"]", "market.toml: database: must be "),
        ("token-lifetime-seconds = \"canary-7f3c\"", "market.toml: token-lifetime-seconds: "),
        ("log = { level = \"canary-7f3c\" }", "market.toml: log.level: must be one of error, warn"),
        ("origin = \"ftp://canary-7f3c\"", "market.toml: origin: origin must be "),
        (
            "[traces]\nendpoint = \"http://a:canary-7f3c@collector.example\"",
            "market.toml: traces.endpoint: endpoint must be the http or https URL of a collector",
        ),
        (
            "[traces]\nendpoint = \"http://a\"\nsampled = 2",
            "market.toml: traces.sampled: sampled is outside the allowed range",
        ),
        ("[[systems]]\nname = \"whs\"", "is missing"),
        (
            "[[systems]]\ndeep-link = \"javascript:canary-7f3c\"",
            "market.toml: systems.0.deep-link: ",
        ),
        (
            "key-ring = \"canary-7f3c",
            "market.toml: TOML parse error at line 1, column 24: invalid basic string",
        ),
        ("listen = \"a\"\nlisten = \"canary-7f3c\"", "line 2, column 1: duplicate key `listen`"),
        ("canary-7f3c", "line 1, column 12: expected `.`, `=`"),
        ("listen = \"canary-7f3c\"", "listen: must be IP:PORT, such as 127.0.0.1:8080"),
        ("metrics-listen = true", "metrics-listen: must be IP:PORT, such as 127.0.0.1:8080"),
        (
            "[serve]\nconnections = \"canary-7f3c\"",
            "serve.connections: must be a whole number from 1 to 4294967295, and is a text",
        ),
        ("[upkeep]\ninterval-seconds = -1", "must be a whole number from 0 to 4294967295"),
        ("log = { level = 3 }", "log.level: must be a text, and is a number"),
        ("log = 3", "log: must be a section, and is a number"),
    ] {
        let place = Place::new();
        place.write("market.toml", file);
        let ran = place.run(&["--config", "market.toml", "config", "show"]);
        assert_eq!(ran.code, 2, "{file}: {ran:?}");
        assert!(ran.err.contains(told), "{file}: {}", ran.err);
        assert!(!ran.said().contains(secret), "{file}: {}", ran.said());
        assert!(!ran.err.contains("config show"), "it would say the same: {}", ran.err);
    }
    for (file, told) in [
        ("[media]\nunscanned = true", "media: images are kept in a folder or in S3"),
        (
            "[media]\nfolder = \"m\"\n[media.s3]\nbucket = \"media\"\nregion = \"eu\"",
            "media: images are kept in a folder or in S3",
        ),
        ("[media.s3]\nbucket = \"Canary-7f3c\"\nregion = \"eu\"", "market.toml: media.s3.bucket: "),
        (
            "[media.s3]\nbucket = \"media\"\nregion = \"eu\"\nsecret-access-key = \"canary-7f3c\"",
            "media.s3: access-key-id and secret-access-key belong together",
        ),
    ] {
        let place = Place::new();
        place.write("market.toml", file);
        let ran = place.run(&["--config", "market.toml", "config", "show"]);
        assert_eq!(ran.code, 2, "{file}: {ran:?}");
        let said = ran.said();
        assert!(said.contains(told) && !said.to_lowercase().contains(secret), "{file}: {said}");
    }
    for (name, value, told) in [
        (
            "FLEETPROMPT_DATABSE",
            "canary-7f3c",
            "the variable FLEETPROMPT_DATABSE: there is no such",
        ),
        ("FLEETPROMPT_LISTEN", "canary-7f3c", "the variable FLEETPROMPT_LISTEN: "),
        ("FLEETPROMPT_LOG__LEVEL", "canary-7f3c", "the variable FLEETPROMPT_LOG__LEVEL: must be"),
    ] {
        let ran = Place::new().with(name, value).run(&["config", "show"]);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains(told) && !ran.said().contains(secret), "{}", ran.said());
    }
    let ran = Place::new().run(&["--database", "canary-7f3c", "config", "show"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("the flag --database: must be") && !ran.said().contains(secret));
    let ran = Place::new().run(&["--config", "missing.toml", "config", "show"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("missing.toml"), "{}", ran.err);
}

#[test]
fn what_no_server_can_be_made_of_is_refused_before_anything_is_begun() {
    for (file, told) in [
        (
            "[[identity.services]]\nissuer = \"https://id.example\"\nclient = \"whs\"",
            "identity: a service needs",
        ),
        ("listen = \"0.0.0.0:0\"\ninsecure-dev-identity = true", "insecure-dev-identity: "),
        (
            "token-lifetime-seconds = 5",
            "market.toml: token-lifetime-seconds: must be a whole number from 30 to 600",
        ),
        (
            "token-lifetime-seconds = \"soon\"",
            "market.toml: token-lifetime-seconds: must be a whole number from 30 to 600",
        ),
        ("[media]\nfolder = \"media\"", "media: uploads are scanned by ClamAV"),
        (
            "[postgres]\nconnections = 0",
            "market.toml: postgres.connections: must be a whole number from 1 to 512",
        ),
        ("[postgres]\nschema = \"pg_market\"", "postgres.schema: "),
    ] {
        let place = Place::with_keys();
        place.write("market.toml", file);
        let shown = place.run(&["--config", "market.toml", "config", "show"]);
        assert_eq!((shown.code, shown.out.as_str()), (2, ""), "{file}: {shown:?}");
        assert!(shown.err.contains(told), "{file}: {}", shown.err);
    }
    let place = Place::with_keys();
    place.write("market.toml", "token-lifetime-seconds = 600\n[postgres]\nconnections = 512\n");
    place.run(&["--config", "market.toml", "config", "show"]).ok();
}

#[test]
fn secrets_are_shown_nowhere() {
    let canary = "canary7f3c";
    let place = Place::new()
        .with("FLEETPROMPT_DATABASE", "postgres://market:canary7f3c@db.invalid/market")
        .with("FLEETPROMPT_KEY_RING", r#"{"format":"fleetprompt-keys-1","keys":["canary7f3c"]}"#);
    place.write(
        "market.toml",
        "[identity.oidc]\nissuer = \"https://id.example\"\naudiences = [\"market\"]\n",
    );
    for args in [
        &["--config", "market.toml", "config", "show"][..],
        &["--config", "market.toml", "config", "show", "--format", "json"],
        &["--config", "market.toml", "keys", "list"],
        &["--config", "market.toml", "keys", "generate"],
        &["--config", "market.toml", "serve", "--listen", "127.0.0.1:0"],
        &["--config", "market.toml", "migrate"],
    ] {
        let ran = place.run(args);
        assert!(!ran.said().contains(canary), "{args:?}: {}", ran.said());
    }
    let text = place.run(&["--config", "market.toml", "config", "show"]).ok();
    for line in ["# key-ring = \"***\"", "postgres://market:***@db.invalid/market"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(text.contains("[identity.oidc]\n"), "{text}");
}

#[test]
fn help_fits_a_terminal_of_eighty_columns() {
    let place = Place::new().with("COLUMNS", "80");
    for args in [
        &["--help"][..],
        &["demo", "--help"],
        &["serve", "--help"],
        &["import", "--help"],
        &["export", "--help"],
        &["copy", "--help"],
        &["maintain", "--help"],
        &["keys", "rotate", "--help"],
        &["keys", "revoke", "--help"],
        &["service-token", "generate", "--help"],
        &["config", "show", "--help"],
    ] {
        let help = place.run(args).ok();
        assert!(help.lines().all(|line| line.chars().count() <= 80), "{args:?}: {help}");
        let prose = help.split("Usage:").next().unwrap();
        for (line, next) in prose.lines().zip(prose.lines().skip(1)) {
            let word = next.split(' ').next().unwrap();
            let is_filled = line.chars().count() + 1 + word.chars().count() > 80;
            assert!(line.is_empty() || word.is_empty() || is_filled, "{args:?}: {line}");
        }
    }
    assert_eq!(place.run(&["--version"]).ok().split(' ').next(), Some("fleetprompt"));
}

#[test]
fn help_is_there_for_every_command_and_says_what_exit_codes_mean() {
    let place = Place::new();
    let help = place.run(&["--help"]).ok();
    for needle in ["Exit codes:", "FLEETPROMPT_DATABASE", "serve", "import", "healthcheck"] {
        assert!(help.contains(needle), "{needle}");
    }
    for command in [
        "demo",
        "serve",
        "migrate",
        "import",
        "export",
        "keys",
        "publisher",
        "listing",
        "names",
        "backup",
        "copy",
        "check",
        "maintain",
        "fence",
        "openapi",
        "healthcheck",
        "config",
    ] {
        assert!(help.contains(command), "{command}");
        place.run(&[command, "--help"]).ok();
    }
    assert_eq!(place.run(&["no-such-command"]).code, 2);
    let document: Value = serde_json::from_str(&place.run(&["openapi"]).ok()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{document}");
}

#[test]
fn every_variable_that_the_help_names_is_there() {
    let help = Place::new().run(&["--help"]).ok();
    let is_name = |c: char| c.is_ascii_uppercase() || c == '_';
    let named: std::collections::BTreeSet<&str> =
        help.split(|c: char| !is_name(c)).filter(|word| word.starts_with("FLEETPROMPT_")).collect();
    assert!(named.len() >= 3, "{named:?}");
    for name in named {
        let place = Place::new();
        let (value, key) = match name {
            "FLEETPROMPT_CONFIG" => {
                (place.write("market.toml", "").display().to_string(), "database")
            }
            "FLEETPROMPT_DATABASE" => ("sqlite:other.db".to_owned(), "database"),
            "FLEETPROMPT_SERVE__CONNECTIONS" => ("64".to_owned(), "serve.connections"),
            other => panic!("{other} is named; say here what it may be"),
        };
        shown(&place.with(name, &value), &[], key);
    }
}

#[test]
fn what_is_to_be_copied_is_told_without_its_password() {
    let place = Place::with_keys();
    for (from, to, told) in [
        ("sqlite:m.db", "postgress://market:canary-7f3c@db/market", "TO: must be sqlite:PATH"),
        ("mysql://market:canary-7f3c@db/market", "sqlite:m.db", "FROM: must be sqlite:PATH"),
        ("sqlite:nope.db", "postgres://market:canary-7f3c@db.invalid/market", "no such file"),
    ] {
        let ran = place.run(&["copy", from, to]);
        assert!(ran.code > 0 && ran.err.contains(told), "{ran:?}");
        assert!(!ran.said().contains("canary-7f3c"), "{}", ran.said());
        assert!(!ran.err.contains("--database"), "it names its own: {}", ran.err);
    }
}
