//! The HTML of texts: made with them, shown to whoever may read them, gone with them.

use std::sync::Arc;

use super::fixture::*;
use crate::conformance::{Fault, FaultStore};
use crate::domain::*;
use crate::error::{ErrorCode, ErrorKind};
use crate::marketplace::{Acting, ListingEdit, Resanitised};
use crate::port::{Change, Commit, Committed, PageSize, Record, RecordKey, Scan, Store};

const ONE: PageSize = PageSize::new(1);

fn scene() -> (Fixture, Acting, PublisherId) {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    (f, ada, acme)
}

fn edit(f: &Fixture, by: &Acting, id: ListingId, change: impl FnOnce(&mut ListingContent)) {
    let seen = run(by.listing(id)).unwrap();
    let mut content = seen.content;
    change(&mut content);
    let edit = ListingEdit { slug: seen.slug, content, asset: None };
    run(by.update_listing(id, seen.revision, edit, &f.key())).unwrap();
}

fn describe(f: &Fixture, by: &Acting, id: ListingId, text: &str) {
    edit(f, by, id, |content| content.description = Some(of(text)));
}

fn noted(f: &Fixture, by: &Acting, id: ListingId, version: &str, notes: &str) {
    let content = ReleaseContent { notes: Some(of(notes)), ..ReleaseContent::default() };
    run(by.publish_release(id, of(version), content, &f.key())).unwrap();
}

fn shown(by: &Acting, id: ListingId) -> Option<String> {
    run(by.description_html(id)).unwrap().map(|html| html.as_str().to_owned())
}

fn notes(by: &Acting, id: ListingId, version: &str) -> Option<String> {
    run(by.release_notes_html(id, &of(version))).unwrap().map(|html| html.as_str().to_owned())
}

fn stored(f: &Fixture) -> Vec<Rendered> {
    let rows = run(f.store.scan(&Scan::RenderedByVersion, None, ALL)).unwrap();
    let rendered = rows.into_iter().filter_map(|row| match row.value {
        Record::Rendered(rendered) => Some(*rendered),
        _ => None,
    });
    rendered.collect()
}

fn change_stored(f: &Fixture, change: impl Fn(Rendered) -> Option<Rendered>) {
    for rendered in stored(f) {
        let key = rendered.key();
        let expected = run(f.store.get(&key)).unwrap().unwrap().revision;
        let change = match change(rendered) {
            Some(changed) => Change::Put { record: changed.into(), expected: Some(expected) },
            None => Change::Delete { key, expected },
        };
        commit(f, change);
    }
}

fn commit(f: &Fixture, change: Change) {
    let at = Timestamp::MIN;
    let (actor, fact) = (Actor::Marketplace, Fact::TextsRendered {});
    let events = vec![Event { at, actor, fact, feed: None }];
    let commit = Commit { receipt: None, expectations: vec![], changes: vec![change], events };
    assert!(matches!(run(f.store.commit(commit)).unwrap(), Committed::Applied { .. }));
}

/// As if it had been written by older rules, which did something else.
fn grow_old(f: &Fixture) {
    change_stored(f, |rendered| {
        let html = RenderedHtml::of_html("old", &Default::default());
        Some(Rendered { sanitiser: SanitiserVersion::new(0), html, ..rendered })
    });
}

/// As if the store had been written before texts were rendered.
fn forget_all(f: &Fixture) {
    change_stored(f, |_| None);
    let key = RecordKey::rendering_progress();
    if let Some(row) = run(f.store.get(&key)).unwrap() {
        commit(f, Change::Delete { key, expected: row.revision });
    }
}

fn resanitise(f: &Fixture, budget: PageSize) -> u32 {
    let mut texts = 0;
    loop {
        let done = run(f.market.resanitize(budget)).unwrap();
        texts += done.texts;
        if !done.more {
            return texts;
        }
    }
}

#[test]
fn a_description_is_rendered_with_the_listing_and_follows_its_text_and_repository() {
    let (f, ada, acme) = scene();
    let id = f.draft(&ada, acme, "bot");
    assert_eq!((shown(&ada, id), stored(&f).len()), (None, 0));
    describe(&f, &ada, id, "[Guide](guide.md) <script>alert(1)</script>");
    assert_eq!(shown(&ada, id).unwrap(), "<p>Guide </p>\n");
    assert_eq!(stored(&f).len(), 1);
    assert_eq!(stored(&f)[0].html.as_str(), "<p>Guide </p>\n", "it is kept, and not made again");

    edit(&f, &ada, id, |content| content.repository = Some(of("https://github.com/acme/bot")));
    assert!(shown(&ada, id).unwrap().contains("https://github.com/acme/bot/blob/HEAD/guide.md"));
    assert_eq!(shown(&ada, id).as_deref(), Some(stored(&f)[0].html.as_str()));

    edit(&f, &ada, id, |content| content.description = None);
    assert_eq!((shown(&ada, id), stored(&f).len()), (None, 0));
}

#[test]
fn what_does_not_change_a_text_does_not_render_it_again() {
    let (f, ada, acme) = scene();
    let id = f.draft(&ada, acme, "bot");
    describe(&f, &ada, id, "*Hi*");
    let key = RecordKey::rendered(id, None);
    let before = run(f.store.get(&key)).unwrap().unwrap();
    edit(&f, &ada, id, |content| content.title = of("Another"));
    noted(&f, &ada, id, "1.0.0", "First.");
    run(ada.yank_release(id, of("1.0.0"), of("Broken."), &f.key())).unwrap();
    assert_eq!(run(f.store.get(&key)).unwrap().unwrap(), before);
}

#[test]
fn notes_keep_the_repository_of_their_day() {
    let (f, ada, acme) = scene();
    let id = f.draft(&ada, acme, "bot");
    edit(&f, &ada, id, |content| content.repository = Some(of("https://github.com/acme/old")));
    noted(&f, &ada, id, "1.0.0", "See [this](x.md).");
    edit(&f, &ada, id, |content| content.repository = Some(of("https://github.com/acme/new")));
    noted(&f, &ada, id, "1.1.0", "See [this](x.md).");
    assert!(notes(&ada, id, "1.0.0").unwrap().contains("/acme/old/"));
    assert!(notes(&ada, id, "1.1.0").unwrap().contains("/acme/new/"));
    grow_old(&f);
    resanitise(&f, ALL);
    assert!(notes(&ada, id, "1.0.0").unwrap().contains("/acme/old/"), "also by newer rules");
    let missing = run(ada.release_notes_html(id, &of("9.0.0"))).unwrap_err();
    assert_eq!(missing.code(), ErrorCode::ReleaseNotFound);
}

#[test]
fn html_is_shown_to_those_who_may_read_the_text() {
    let (f, ada, acme) = scene();
    let id = f.draft(&ada, acme, "bot");
    describe(&f, &ada, id, "*Secret*");
    noted(&f, &ada, id, "1.0.0", "*Secret*");
    let eve = f.person("evil", "eve");
    let refused = |by: &Acting| {
        let description = run(by.description_html(id)).unwrap_err().code();
        let notes = run(by.release_notes_html(id, &of("1.0.0"))).unwrap_err().code();
        assert_eq!([description, notes], [ErrorCode::ListingNotFound; 2]);
    };
    refused(&eve);
    run(ada.publish_listing(id, &f.key())).unwrap();
    assert!(shown(&eve, id).is_some() && notes(&eve, id, "1.0.0").is_some());
    let operator = f.operator();
    run(operator.take_down(id, TakedownReason::Malware, of("Steals."), &f.key())).unwrap();
    refused(&eve);
    assert!(shown(&ada, id).is_some(), "its members may still see what was taken down");
}

#[test]
fn html_goes_with_a_deleted_listing() {
    let (f, ada, acme) = scene();
    let id = f.draft(&ada, acme, "bot");
    describe(&f, &ada, id, "*Hi*");
    run(ada.delete_listing(id, &f.key())).unwrap();
    assert_eq!(stored(&f), []);
}

#[test]
fn html_goes_with_a_deleted_tenant() {
    let (f, ada, acme) = scene();
    let id = f.draft(&ada, acme, "bot");
    describe(&f, &ada, id, "*Hi*");
    noted(&f, &ada, id, "1.0.0", "*Hi*");
    assert_eq!(stored(&f).len(), 2);
    let tenant = identity("acme", "ada").tenant().clone();
    run(f.operator().delete_tenant(&tenant, &f.key())).unwrap();
    assert_eq!(stored(&f), []);
}

#[test]
fn old_html_is_made_anew_in_steps_of_any_size() {
    for budget in [1, 3, 8, 200] {
        let (f, ada, acme) = scene();
        let ids: Vec<_> = (0..11).map(|n| f.draft(&ada, acme, &format!("bot-{n}"))).collect();
        ids.iter().for_each(|id| describe(&f, &ada, *id, "*Hi*"));
        noted(&f, &ada, ids[0], "1.0.0", "*Hi*");
        resanitise(&f, ALL);
        grow_old(&f);
        assert_eq!(shown(&ada, ids[3]).unwrap(), "old");
        assert_eq!(resanitise(&f, PageSize::new(budget)), 12, "in steps of {budget}");
        assert!(stored(&f).iter().all(|rendered| rendered.html.as_str() == "<p><em>Hi</em></p>\n"));
        assert!(stored(&f).iter().all(|it| it.sanitiser == SanitiserVersion::CURRENT));
    }
}

#[test]
fn texts_from_before_there_was_html_are_rendered_once() {
    for budget in [1, 2, 200] {
        let (f, ada, acme) = scene();
        let ids: Vec<_> = (0..5).map(|n| f.draft(&ada, acme, &format!("bot-{n}"))).collect();
        ids.iter().for_each(|id| describe(&f, &ada, *id, "*Hi*"));
        (0..3).for_each(|n| noted(&f, &ada, ids[1], &format!("1.{n}.0"), "*New*"));
        let before = stored(&f);
        forget_all(&f);
        assert_eq!(
            shown(&ada, ids[4]).unwrap(),
            "<p><em>Hi</em></p>\n",
            "readers do not wait for it"
        );
        assert_eq!(resanitise(&f, PageSize::new(budget)), 8);
        assert_eq!(stored(&f), before);
        let events = f.events();
        assert_eq!(run(f.market.resanitize(ALL)), Ok(Resanitised::default()));
        assert_eq!(f.events(), events, "where nothing is to be done, nothing is written");
    }
}

#[test]
fn what_was_interrupted_goes_on_where_it_stopped() {
    let (f, ada, acme) = scene();
    let ids: Vec<_> = (0..20).map(|n| f.draft(&ada, acme, &format!("bot-{n}"))).collect();
    ids.iter().for_each(|id| describe(&f, &ada, *id, "*Hi*"));
    noted(&f, &ada, ids[0], "1.0.0", "*Hi*");
    let before = stored(&f);
    forget_all(&f);
    let faults = FaultStore::new(Arc::new(f.store.clone()));
    let market = f.through(faults.clone());
    faults.script([Fault::CutOff]);
    let failed = run(market.resanitize(ALL)).unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Unavailable);
    let first = stored(&f).len();
    assert!(first < before.len());
    run(f.market.resanitize(PageSize::new(8))).unwrap();
    assert!(stored(&f).len() > first);
    resanitise(&f, ONE);
    assert_eq!(stored(&f), before);
}

#[test]
fn a_retry_after_an_upgrade_is_answered_and_renders_nothing() {
    let (f, ada, acme) = scene();
    let key = f.key();
    let mut new = new_listing(acme, "bot");
    new.content.description = Some(of("*Hi*"));
    let made = run(ada.create_listing(new.clone(), &key)).unwrap();
    resanitise(&f, ALL);
    grow_old(&f);
    let (before, events) = (stored(&f), f.events());
    assert_eq!(run(ada.create_listing(new.clone(), &key)).unwrap(), made);
    assert_eq!((stored(&f), f.events()), (before, events), "what is kept is for upkeep to renew");
    assert_eq!(resanitise(&f, ALL), 1);
    assert_eq!(run(ada.create_listing(new, &key)).unwrap(), made);
    assert_eq!(shown(&ada, made.id).unwrap(), "<p><em>Hi</em></p>\n");
}

#[test]
fn newer_rules_are_not_undone() {
    let (f, ada, acme) = scene();
    let id = f.draft(&ada, acme, "bot");
    describe(&f, &ada, id, "*Hi*");
    let newer = SanitiserVersion::new(SanitiserVersion::CURRENT.get() + 1);
    change_stored(&f, |rendered| Some(Rendered { sanitiser: newer, ..rendered }));
    resanitise(&f, ALL);
    assert_eq!(stored(&f)[0].sanitiser, newer);
    describe(&f, &ada, id, "*Ho*");
    assert_eq!(shown(&ada, id).unwrap(), "<p><em>Ho</em></p>\n", "another text is another matter");
}
