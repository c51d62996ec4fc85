//! Serving, and stopping.

use super::support::{Place, Server, catalogue};

const ANYWHERE: [&str; 2] = ["--listen", "127.0.0.1:0"];

#[test]
fn a_server_says_where_it_is_answers_and_stops_when_told() {
    let place = Place::with_keys();
    let server = place.start(&[&["serve"], &ANYWHERE[..]].concat());
    assert_eq!(server.told.lines().count(), 1, "one line: {}", server.told);
    assert_eq!(server.get("/healthz").0, 200);
    assert_eq!(server.get("/readyz").0, 200);
    assert_eq!(server.get("/v1/no-such-thing").0, 404);
    let address = server.address.to_string();
    place.run(&["healthcheck", "--listen", &address]).ok();
    let taken = place.run(&["serve", "--listen", &address]);
    assert_eq!(taken.code, 1);
    assert!(taken.err.contains("--listen"), "{}", taken.err);

    server.signal("TERM");
    let (code, said) = server.wait();
    assert_eq!(code, Some(0), "{said}");
    let gone = place.run(&["healthcheck", "--listen", &address]);
    assert_eq!(gone.code, 1, "{gone:?}");
    let server = place.start(&[&["serve"], &ANYWHERE[..]].concat());
    server.signal("INT");
    assert_eq!(server.wait().0, Some(0));
}

#[test]
fn pages_are_left_out_when_they_are_not_wanted() {
    let serve = [&["serve"], &ANYWHERE[..]].concat();
    let place = Place::with_keys();
    let server = place.start(&serve);
    assert!(server.get("/").1.contains("<h1"));
    let place = Place::with_keys().with("FLEETPROMPT_PAGES", "false");
    let server = place.start(&serve);
    let (status, problem) = server.get("/");
    assert!(status == 404 && problem.contains("\"code\":\"not_found\""), "{problem}");
    assert_eq!(server.get("/v1/listings").0, 200);
}

#[test]
fn nothing_is_served_without_keys_or_with_made_up_identities_to_others() {
    let ran = Place::new().run(&[&["serve"], &ANYWHERE[..]].concat());
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("fleetprompt keys generate"), "{}", ran.err);
    let everywhere = ["serve", "--insecure-dev-identity", "--listen", "0.0.0.0:0"];
    let ran = Place::with_keys().run(&everywhere);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("loopback"), "{}", ran.err);
}

#[test]
fn a_server_that_lets_nobody_in_says_so() {
    let warnings = ["no identity is configured", "no owning system is configured"];
    let place = Place::with_keys();
    let server = place.start(&[&["serve"], &ANYWHERE[..]].concat());
    server.signal("TERM");
    let (_, said) = server.wait();
    for warning in warnings {
        assert_eq!(said.matches(warning).count(), 1, "{warning}: {said}");
    }
    let config = "[[systems]]\nname = \"whs\"\naudience = \"whs\"\nissuer = \"https://id.example\"\n\
                  client = \"whs\"\nkinds = [\"whs_agent\"]\n\
                  deep-link = \"https://whs.example/{upstreamId}?a={attemptId}\"\n";
    place.write("market.toml", config);
    let args = ["--config", "market.toml", "serve", "--insecure-dev-identity"];
    let server = place.start(&[&args[..], &ANYWHERE].concat());
    server.signal("TERM");
    let (_, said) = server.wait();
    assert!(warnings.iter().all(|warning| !said.contains(warning)), "{said}");
}

#[test]
fn a_server_that_cannot_serve_never_says_that_it_is_ready() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let busy = format!("metrics-listen = \"{}\"\n", taken.local_addr().unwrap());
    let nobody = "[[identity.services]]\nissuer = \"https://id.example\"\nclient = \"whs\"\n";
    for (file, code, told) in
        [(busy.as_str(), 1, "metrics-listen: "), (nobody, 2, "identity: a service needs")]
    {
        let place = Place::with_keys();
        place.write("market.toml", file);
        let ran = place.run(&[&["--config", "market.toml", "serve"], &ANYWHERE[..]].concat());
        assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{ran:?}");
        assert!(ran.err.contains(told), "{}", ran.err);
    }
}

#[test]
fn two_instances_on_one_database_are_one_marketplace() {
    one_marketplace(&Place::with_keys());
}

/// Two instances that start at the same time, and an import beside them.
fn one_marketplace(place: &Place) {
    let start = || place.start(&[&["serve"], &ANYWHERE[..]].concat());
    let (one, other) = std::thread::scope(|scope| {
        let first = scope.spawn(start);
        (start(), first.join().unwrap())
    });
    let handle = |server: &Server| server.get("/v1/publishers/harbor-ops").0;
    assert_eq!((handle(&one), handle(&other)), (404, 404));
    place.run(&["import", catalogue().to_str().unwrap(), "--confirm"]).ok();
    assert_eq!((handle(&one), handle(&other)), (200, 200));
    place.run(&["publisher", "suspend", "harbor-ops", "--reason", "Ticket 4711."]).ok();
    assert_eq!((handle(&one), handle(&other)), (404, 404));
    for server in [one, other] {
        server.signal("TERM");
        assert_eq!(server.wait().0, Some(0));
    }
}

/// A balancer sends nobody to a server that could only lose what they write.
#[cfg(unix)]
#[test]
fn a_server_whose_database_is_moved_away_is_not_ready_until_it_is_back() {
    let place = Place::with_keys();
    let mut server = place.start(&[&["serve"], &ANYWHERE[..]].concat());
    let becomes = |server: &Server, status| {
        while server.get("/readyz").0 != status {
            std::thread::yield_now();
        }
    };
    becomes(&server, 200);
    let (file, aside) = (place.path("fleetprompt.db"), place.path("aside.db"));
    std::fs::rename(&file, &aside).unwrap();
    becomes(&server, 503);
    server.logs("the database's file was removed, renamed or replaced");
    std::fs::rename(&aside, &file).unwrap();
    becomes(&server, 200);
}

mod on_postgres {
    use super::{ANYWHERE, Place, catalogue, one_marketplace};
    use crate::stores::cluster::Cluster;
    use crate::stores::waiting::wait_until;

    /// On the server that `scripts/with-postgres` starts, in a schema of its own.
    fn place(schema: &str) -> Place {
        const SERVER: &str = "FLEETPROMPT_TEST_DATABASE_URL";
        let url = std::env::var(SERVER).unwrap_or_else(|_| {
            panic!("{SERVER} is not set: run the tests under `scripts/with-postgres`")
        });
        Place::with_keys()
            .with("FLEETPROMPT_DATABASE", &url)
            .with("FLEETPROMPT_POSTGRES__SCHEMA", &format!("{schema}_{}", std::process::id()))
    }

    #[test]
    fn two_instances_share_one_limit() {
        let place = place("shared_limit");
        // Five lists of two units each, and the next after minutes.
        let config = "listen = \"127.0.0.1:0\"\n[limits.principal]\n\
                      read = { count = 10, per = \"1h\", burst = 10 }\n";
        place.write("market.toml", config);
        let start =
            || place.start(&["--config", "market.toml", "serve", "--insecure-dev-identity"]);
        let instances = [start(), start()];
        let ask = |who: &str, turn: usize| {
            instances[turn % 2].get_as(&format!("dev:org:{who}"), "/v1/publishers").0
        };
        let asked: Vec<u16> = (0..8).map(|turn| ask("ada", turn)).collect();
        assert_eq!(asked, [200, 200, 200, 200, 200, 429, 429, 429], "whichever is asked");
        assert_eq!([ask("bob", 0), ask("bob", 1)], [200, 200], "somebody else has their own");
        let [one, other] = instances;
        one.signal("TERM");
        assert_eq!(one.wait().0, Some(0));
        assert_eq!(other.get_as("dev:org:ada", "/v1/publishers").0, 429, "it outlives an instance");
    }

    #[test]
    fn a_command_that_needs_a_schema_makes_none() {
        let place = place("forgotten");
        let fence = ["fence", "--reason", "Restored."];
        for args in [&["check"][..], &["export"], &fence, &["check"]] {
            let ran = place.run(args);
            assert_eq!(ran.code, 1, "{args:?}: {ran:?}");
            let schema = format!(", schema forgotten_{}: there is no", std::process::id());
            for told in [&schema, "there is no such schema", "postgres.schema"] {
                assert!(ran.err.contains(told), "{}", ran.err);
            }
        }
    }

    #[test]
    fn two_instances_on_one_database_are_one_marketplace() {
        let place = place("program");
        place.run(&["migrate"]).ok();
        place.run(&["migrate"]).ok();
        one_marketplace(&place);
        assert!(place.run(&["export"]).ok().contains("\"type\":\"suspension\""));
        assert!(place.run(&["check"]).ok().contains("60 listings compared, 0 missing"));
        assert_eq!(place.run(&["backup", "copy.db"]).code, 2, "pg_dump does that");
    }

    #[test]
    fn tables_of_the_search_index_that_differ_are_found_and_mended() {
        let server = Cluster::new("");
        let place = Place::with_keys().with("FLEETPROMPT_DATABASE", &server.url());
        place.run(&["migrate"]).ok();
        place.run(&["import", catalogue().to_str().unwrap(), "--confirm"]).ok();
        place.run(&["check"]).ok();
        server.sql(
            "DELETE FROM fleetprompt.index_posting; UPDATE fleetprompt.index_size SET entries = 1",
        );
        let found = place.run(&["check"]);
        assert_eq!(found.code, 1, "{found:?}");
        assert!(found.out.contains("wrong postings, 1 wrong counts"), "{found:?}");
        assert!(found.out.contains("`fleetprompt check --repair-index`"), "{found:?}");
        let repaired = place.run(&["check", "--repair-index"]).ok();
        assert!(repaired.contains("differences mended"), "{repaired}");
        assert!(repaired.contains("0 wrong postings, 0 wrong counts"), "looked again: {repaired}");
        assert!(place.run(&["check"]).ok().contains("0 wrong postings, 0 wrong counts"));
    }

    /// A standby reads for visitors, and takes over when the primary is lost.
    #[test]
    fn a_replica_answers_visitors_and_a_promoted_one_serves() {
        let primary = Cluster::new("");
        let standby = primary.standby();
        let place = Place::with_keys()
            .with("FLEETPROMPT_DATABASE", &primary.url())
            .with("FLEETPROMPT_POSTGRES__FAILOVER", &format!("[\"{}\"]", standby.url()))
            .with("FLEETPROMPT_POSTGRES__REPLICA", &standby.url())
            .with("FLEETPROMPT_POSTGRES__REPLICA_STALENESS_SECONDS", "7200");
        let mut server = place.start(&[&["serve"], &ANYWHERE[..]].concat());
        server.logs("the replica serves");
        place.run(&["import", catalogue().to_str().unwrap(), "--confirm"]).ok();
        let answers = |status| {
            let what = format!("the publisher is answered with {status}");
            wait_until(&what, || server.get("/v1/publishers/harbor-ops").0 == status);
        };
        answers(200);

        standby.sql("SELECT pg_wal_replay_pause()");
        wait_until("the standby is paused", || {
            !standby.sql("SELECT 1 WHERE pg_get_wal_replay_pause_state() = 'paused'").is_empty()
        });
        place.run(&["publisher", "suspend", "harbor-ops", "--reason", "Ticket 4711."]).ok();
        let stale = server.get("/v1/publishers/harbor-ops");
        assert_eq!(stale.0, 200, "it is within the bound: {}", stale.1);
        standby.sql("SELECT pg_wal_replay_resume()");
        // What was answered before is not kept.
        answers(404);

        primary.replicate_synchronously();
        primary.kill();
        standby.promote();
        place.run(&["publisher", "restore", "harbor-ops"]).ok();
        answers(200);
        let shown = place.run(&["config", "show"]).ok();
        assert!(shown.contains("\nreplica-staleness-seconds = "), "{shown}");
    }
}
