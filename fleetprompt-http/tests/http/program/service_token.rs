//! Static tokens of owning systems, from their making to their use.

use fleetprompt_core::domain::Sha256Digest;

use super::support::Place;

/// A token and its hash, as the program shows them.
fn generated(place: &Place) -> (String, String) {
    let ran = place.run(&["service-token", "generate"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    let lines: Vec<&str> = ran.out.lines().map(str::trim).collect();
    let token = lines.iter().find(|line| line.starts_with("fps_")).unwrap();
    let hash = lines.iter().find_map(|line| line.strip_prefix("tokens = [\"")).unwrap();
    assert_eq!(ran.out.matches("fps_").count(), 1, "once");
    ((*token).to_owned(), hash.trim_end_matches("\"]").to_owned())
}

#[test]
fn a_token_is_shown_once_and_its_hash_lets_it_in() {
    let place = Place::with_keys();
    let (token, hash) = generated(&place);
    let (other, _) = generated(&place);
    assert_ne!(token, other);
    assert_eq!(hash, Sha256Digest::of(token.as_bytes()).to_string());
    let config = format!(
        "listen = \"127.0.0.1:0\"\n\
         [log]\nlevel = \"trace\"\n\
         [[systems]]\nname = \"whs\"\naudience = \"whs\"\nissuer = \"https://market.example\"\n\
         client = \"whs-backend\"\nkinds = [\"whs_agent\"]\n\
         deep-link = \"https://whs.example/{{upstreamId}}?a={{attemptId}}\"\n\
         [[identity.services]]\nissuer = \"https://market.example\"\nclient = \"whs-backend\"\n\
         tokens = [\"{hash}\"]\n",
    );
    place.write("market.toml", &config);
    let server = place.start(&["--config", "market.toml", "serve"]);
    assert_eq!(server.get_as(&token, "/v1/references").0, 200);
    assert_eq!(server.get_as(&other, "/v1/references").0, 401);
    assert_eq!(server.get("/v1/references").0, 401);
    server.signal("TERM");
    let (code, said) = server.wait();
    assert_eq!(code, Some(0), "{said}");

    let shown = place.run(&["--config", "market.toml", "config", "show"]).ok();
    let mut kept = said + &shown;
    for file in std::fs::read_dir(place.path("")).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            kept += &String::from_utf8_lossy(&std::fs::read(path).unwrap());
        }
    }
    assert!(kept.contains("/v1/references"), "it is logged that somebody came");
    assert!(!kept.contains(&token) && !kept.contains(&other), "and never the token");
    assert!(!shown.contains(&hash), "{shown}");
}
