use super::fixture::*;
use crate::ErrorCode;
use crate::domain::*;
use crate::marketplace::NewListing;
use crate::policy::Quotas;

#[test]
fn latest_is_the_highest_version_and_not_the_last_one() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let id = f.published(&ada, acme, "reader");
    let latest =
        |channel| run(f.anonymous().latest_release(id, channel)).map(|it| it.version.to_string());
    assert_eq!(latest(Channel::Stable), Err(ErrorCode::ReleaseNotFound.into()));
    for version in ["1.9.0", "2.0.0-rc.1", "1.10.0", "1.2.0", "0.9.9"] {
        f.release(&ada, id, version);
    }
    assert_eq!(latest(Channel::Stable).unwrap(), "1.10.0");
    assert_eq!(latest(Channel::Prerelease).unwrap(), "2.0.0-rc.1");
    assert_eq!(run(ada.listing(id)).unwrap().latest, Some(of("1.10.0")));
    run(ada.yank_release(id, of("1.10.0"), of("Broken."), &f.key())).unwrap();
    assert_eq!(latest(Channel::Stable).unwrap(), "1.9.0");
    assert_eq!(run(ada.listing(id)).unwrap().latest, Some(of("1.9.0")), "what pages show follows");
    run(ada.unyank_release(id, of("1.10.0"), &f.key())).unwrap();
    assert_eq!(latest(Channel::Stable).unwrap(), "1.10.0");
    assert_eq!(run(ada.listing(id)).unwrap().latest, Some(of("1.10.0")));
    let all = run(f.anonymous().releases(id, None, ALL)).unwrap().items;
    let order: Vec<_> = all.iter().map(|it| it.version.as_str()).collect();
    assert_eq!(order, ["2.0.0-rc.1", "1.10.0", "1.9.0", "1.2.0", "0.9.9"]);
}

#[test]
fn a_version_is_published_once_whatever_its_build_metadata() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let id = f.published(&ada, acme, "reader");
    f.release(&ada, id, "1.0.0+one");
    for again in ["1.0.0+one", "1.0.0+two", "1.0.0"] {
        let content = ReleaseContent::default();
        let published = run(ada.publish_release(id, of(again), content, &f.key()));
        assert_eq!(refused(published), ErrorCode::ReleaseExists, "{again}");
    }
    // The other spelling names no release: nobody reads or yanks what they did not mean.
    assert_eq!(refused(run(ada.release(id, &of("1.0.0")))), ErrorCode::ReleaseNotFound);
    let yanked = run(ada.yank_release(id, of("1.0.0+two"), of("No."), &f.key()));
    assert_eq!(refused(yanked), ErrorCode::ReleaseNotFound);
    assert!(run(ada.release(id, &of("1.0.0+one"))).is_ok());
}

#[test]
fn a_digest_covers_listing_version_and_content() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let (one, other) = (f.draft(&ada, acme, "one"), f.draft(&ada, acme, "other"));
    let plain = ReleaseContent::default();
    let noted = ReleaseContent { notes: Some(of("Faster.")), ..plain.clone() };
    let publish = |id, version: &str, content: &ReleaseContent| {
        run(ada.publish_release(id, of(version), content.clone(), &f.key())).unwrap().digest
    };
    let digests = std::collections::BTreeSet::from([
        publish(one, "1.0.0", &plain),
        publish(one, "1.0.1", &plain),
        publish(other, "1.0.0", &plain),
        publish(other, "1.0.1", &noted),
        publish(other, "1.0.2", &plain),
    ]);
    assert_eq!(digests.len(), 5);
    let view = run(ada.release(one, &of("1.0.0"))).unwrap();
    let covered = serde_json::to_vec(&(one, "1.0.0", &view.content)).unwrap();
    assert_eq!(view.digest, Sha256Digest::of(&covered), "anyone can compute it again");
}

#[test]
fn a_day_holds_so_many_releases() {
    let strict = Quotas { releases_per_day: 1, ..Quotas::default() };
    let f = Fixture::with(|builder| builder.quotas(strict));
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let id = f.draft(&ada, acme, "reader");
    f.release(&ada, id, "1.0.0");
    let publish = || run(ada.publish_release(id, of("1.1.0"), ReleaseContent::default(), &f.key()));
    let refusal = publish().unwrap_err();
    assert_eq!(refusal.code(), ErrorCode::QuotaExceeded);
    let wait = refusal.retry_after().unwrap();
    assert_eq!(wait, Span::hours(12), "the clock of the tests starts at noon");
    f.clock.advance(wait);
    publish().unwrap();
}

#[test]
fn a_spec_asset_follows_a_schema_and_nothing_else_does() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let asset = Asset::SpecAsset { spec_id: of("spec-1"), schema_version: of("2026-01") };
    let new = NewListing { publisher: acme, slug: of("spec"), asset, content: content("Spec") };
    let spec = run(ada.create_listing(new, &f.key())).unwrap().id;
    f.release(&ada, spec, "1.0.0");
    let inherited = run(ada.release(spec, &of("1.0.0"))).unwrap().content.schema_version;
    assert_eq!(inherited, Some(of("2026-01")));
    let own = ReleaseContent { schema_version: Some(of("2026-02")), ..Default::default() };
    run(ada.publish_release(spec, of("1.1.0"), own.clone(), &f.key())).unwrap();
    let agent = f.draft(&ada, acme, "agent");
    let wrong = run(ada.publish_release(agent, of("1.0.0"), own, &f.key())).unwrap_err();
    assert_eq!(wrong.field().unwrap().field(), "schemaVersion");
}

#[test]
fn yanks_are_decided_once_and_shown_with_their_reason() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let id = f.published(&ada, acme, "reader");
    f.release(&ada, id, "1.0.0");
    assert_eq!(refused(run(ada.unyank_release(id, of("1.0.0"), &f.key()))), ErrorCode::WrongState);
    let yank = |by: &crate::Acting| run(by.yank_release(id, of("1.0.0"), of("Leaks."), &f.key()));
    assert!(yank(&f.operator()).unwrap().yanked);
    assert_eq!(refused(yank(&ada)), ErrorCode::WrongState);
    let seen = run(f.anonymous().release(id, &of("1.0.0"))).unwrap();
    assert_eq!(seen.yanked, Some(of("Leaks.")));
    let listed = run(f.anonymous().releases(id, None, ALL)).unwrap().items;
    assert_eq!(listed, [seen], "the history keeps it");
    assert!(!run(ada.unyank_release(id, of("1.0.0"), &f.key())).unwrap().yanked);
}

#[test]
fn the_public_feed_says_that_a_release_was_published_yanked_or_restored() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let id = f.published(&ada, acme, "reader");
    let draft = f.draft(&ada, acme, "draft");
    let cursor = run(f.anonymous().feed_cursor()).unwrap();
    let told = || run(f.anonymous().changes(Some(&cursor), ALL)).unwrap().changes.len();
    f.release(&ada, id, "1.0.0");
    assert_eq!(told(), 1);
    run(ada.yank_release(id, of("1.0.0"), of("Leaks."), &f.key())).unwrap();
    assert_eq!(told(), 2);
    run(ada.unyank_release(id, of("1.0.0"), &f.key())).unwrap();
    assert_eq!(told(), 3);
    f.release(&ada, draft, "1.0.0");
    assert_eq!(told(), 3, "nobody knows of a draft");
}
