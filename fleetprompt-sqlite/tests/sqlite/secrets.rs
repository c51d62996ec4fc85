//! A secret that was refused is in no file of the store.

use std::fs;

use fleetprompt_core::ErrorCode;
use fleetprompt_core::domain::{ReleaseContent, Rule};
use fleetprompt_core::marketplace::{ImportLine, NewPublisher};
use fleetprompt_core::port::Principal;
use pollster::block_on;

use crate::market;
use crate::support::folder;

#[test]
fn a_refused_secret_leaves_no_byte_in_the_store() {
    let (folder, path) = folder();
    let secret = ["glpat", "x7q2m9k4t1v8b3n6w5z0"].join("-");
    let open = market::open(&path);
    let (listing, _) = market::list_an_agent(&open);
    let ada = market::publisher(&open);

    let notes = Some(format!("Set `{secret}` first.").parse().unwrap());
    let content = ReleaseContent { notes, ..ReleaseContent::default() };
    let key = market::key("leaking-release");
    let release = ada.publish_release(listing, "1.1.0".parse().unwrap(), content, &key);
    let profile = fleetprompt_core::domain::PublisherProfile {
        name: "Other".parse().unwrap(),
        summary: None,
        website: Some(format!("https://acme.io/?token={secret}").parse().unwrap()),
    };
    let new = NewPublisher { handle: "other".parse().unwrap(), profile };
    let key = market::key("leaking-publisher");
    let publisher = ada.create_publisher(new, &key);
    let line = serde_json::json!({
        "publisher": "imported", "slug": "bot", "kind": "whs_agent", "upstreamId": "a1",
        "title": "Bot", "summary": secret, "version": "1.0.0",
    });
    let row = ImportLine::parse(&line.to_string(), false).unwrap().row;
    let operator = open.act_as(Principal::operator(market::buyer()));
    let import = operator.import(row);
    for (field, refused) in [
        ("notes", block_on(release).map(drop)),
        ("website", block_on(publisher).map(drop)),
        ("summary", block_on(import).map(drop)),
    ] {
        let refused = refused.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::InvalidInput);
        let said = refused.field().unwrap();
        assert!(said.field() == field && matches!(said.rule(), Rule::Secret(_)), "{said}");
        assert!(!format!("{refused} {refused:?}").contains("x7q2m9k4"));
    }
    for file in fs::read_dir(folder.path()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(8).any(|part| part == b"x7q2m9k4"));
    }
    assert!(fs::read(&path).unwrap().len() > 4_096, "the store was read");
}
