//! Reports of abuse, as reporters, publishers and operators see them.

use super::fixture::*;
use crate::domain::*;
use crate::error::{ErrorCode, Result};
use crate::marketplace::{Acting, NewReport, ReportReceipt, ReportView, Retention};
use crate::policy::Quotas;
use crate::port::{PageSize, Principal};

fn about(subject: NameSubject) -> NewReport {
    let text = of("It sends my mail elsewhere.");
    NewReport { subject, class: ReportClass::Malware, text, evidence: None }
}

fn listing(id: ListingId) -> NameSubject {
    NameSubject::Listing(id)
}

fn report(f: &Fixture, by: &Acting, subject: NameSubject) -> Result<ReportReceipt> {
    run(by.report(about(subject), &f.key()))
}

fn resolve(f: &Fixture, id: ReportId, outcome: ReportOutcome) -> Result<ReportReceipt> {
    run(f.operator().resolve_report(id, outcome, of("Looked at."), &f.key()))
}

fn queue(f: &Fixture) -> Vec<ReportView> {
    run(f.operator().reports(None, ALL)).unwrap().items
}

#[test]
fn a_report_waits_for_an_operator_and_leaves_the_queue_when_it_is_decided() {
    let f = Fixture::default();
    let (ada, bob) = (f.person("acme", "ada"), f.person("buyers", "bob"));
    let acme = f.publisher(&ada, "acme");
    let id = f.published(&ada, acme, "reader");
    let evidence = Some(of("https://blog.example/reader"));
    let new = NewReport { evidence: evidence.clone(), ..about(listing(id)) };
    let first = f.twice(async |key| bob.report(new.clone(), key).await);
    assert_eq!((first.subject, first.state), (listing(id), ReportState::Open));
    let second = report(&f, &bob, NameSubject::Publisher(acme)).unwrap();

    let shown = queue(&f);
    assert_eq!(shown.iter().map(|it| it.id).collect::<Vec<_>>(), [first.id, second.id]);
    let of_listing = &shown[0];
    let address = of_listing.address.as_ref().unwrap();
    assert_eq!((address.handle.as_str(), address.slug.as_str()), ("acme", "reader"));
    assert_eq!(of_listing.publisher.id, acme);
    assert_eq!((of_listing.class, &of_listing.evidence), (ReportClass::Malware, &evidence));
    assert_eq!(of_listing.text, new.text);
    assert_eq!(shown[1].address, None);
    assert_eq!(shown[0].reporter, shown[1].reporter);

    let (operator, reason) = (f.operator(), of::<Reason>("Taken down."));
    let closed = f.twice(async |key| {
        operator.resolve_report(first.id, ReportOutcome::Upheld, reason.clone(), key).await
    });
    assert_eq!(closed.state, ReportState::Upheld);
    assert_eq!(queue(&f).iter().map(|it| it.id).collect::<Vec<_>>(), [second.id]);
    let again = resolve(&f, first.id, ReportOutcome::Dismissed);
    assert_eq!(refused(again), ErrorCode::WrongState);
    let unknown = resolve(&f, ReportId::from_bytes([9; 16]), ReportOutcome::Upheld);
    assert_eq!(refused(unknown), ErrorCode::ReportNotFound);
}

#[test]
fn one_report_of_somebody_about_something_is_open_at_a_time() {
    let f = Fixture::default();
    let (ada, bob) = (f.person("acme", "ada"), f.person("buyers", "bob"));
    let acme = f.publisher(&ada, "acme");
    let [one, other] = ["reader", "writer"].map(|slug| listing(f.published(&ada, acme, slug)));
    let first = report(&f, &bob, one).unwrap();
    assert_eq!(refused(report(&f, &bob, one)), ErrorCode::AlreadyReported);
    report(&f, &bob, other).unwrap();
    report(&f, &f.person("buyers", "carol"), one).unwrap();
    // The same name in another tenant is somebody else.
    report(&f, &f.person("others", "bob"), one).unwrap();
    assert_eq!(queue(&f).len(), 4);
    resolve(&f, first.id, ReportOutcome::Dismissed).unwrap();
    let again = report(&f, &bob, one).unwrap();
    assert_ne!(again.id, first.id);
    assert_eq!(queue(&f).last().unwrap().id, again.id, "behind what was filed before");
}

#[test]
fn what_a_reporter_may_not_see_is_answered_as_what_never_existed() {
    let f = Fixture::default();
    let (ada, bob) = (f.person("acme", "ada"), f.person("buyers", "bob"));
    let acme = f.publisher(&ada, "acme");
    let draft = f.draft(&ada, acme, "draft");
    let gone = f.published(&ada, acme, "gone");
    run(ada.delete_listing(gone, &f.key())).unwrap();
    let taken_down = f.published(&ada, acme, "bad");
    let reason: Reason = of("Malware.");
    let class = TakedownReason::Malware;
    run(f.operator().take_down(taken_down, class, reason.clone(), &f.key())).unwrap();
    let evil = f.publisher(&f.person("evil", "eve"), "evil");
    run(f.operator().suspend_publisher(evil, reason, &f.key())).unwrap();

    let before = f.events();
    let told = |subject| report(&f, &bob, subject).unwrap_err();
    let never = told(listing(ListingId::from_bytes([9; 16])));
    assert_eq!(never.code(), ErrorCode::ListingNotFound);
    for hidden in [draft, gone, taken_down] {
        assert_eq!(told(listing(hidden)), never);
    }
    let never = told(NameSubject::Publisher(PublisherId::from_bytes([9; 16])));
    assert_eq!(never.code(), ErrorCode::PublisherNotFound);
    assert_eq!(told(NameSubject::Publisher(evil)), never);
    assert_eq!(f.events(), before);

    // What the reporter's own organisation shares can be reported within it.
    let mut new = new_listing(acme, "inside");
    new.content.visibility = Visibility::Organisation;
    let inside = run(ada.create_listing(new, &f.key())).unwrap().id;
    run(ada.publish_listing(inside, &f.key())).unwrap();
    assert_eq!(refused(report(&f, &bob, listing(inside))), ErrorCode::ListingNotFound);
    report(&f, &f.person("acme", "grace"), listing(inside)).unwrap();
}

#[test]
fn people_report_and_operators_alone_read_and_decide() {
    let f = Fixture::default();
    let (ada, bob) = (f.person("acme", "ada"), f.person("buyers", "bob"));
    let acme = f.publisher(&ada, "acme");
    let id = listing(f.published(&ada, acme, "reader"));
    assert_eq!(refused(report(&f, &f.anonymous(), id)), ErrorCode::Unauthenticated);
    assert_eq!(refused(report(&f, &f.system("whs"), id)), ErrorCode::Forbidden);
    assert_eq!(refused(report(&f, &f.operator(), id)), ErrorCode::Forbidden);
    let filed = report(&f, &bob, id).unwrap();
    assert_eq!(refused(run(f.anonymous().reports(None, ALL))), ErrorCode::Unauthenticated);
    let admin = f.market.act_as(Principal::admin(identity("acme", "root")));
    for reader in [ada, bob, admin, f.system("whs")] {
        assert_eq!(refused(run(reader.reports(None, ALL))), ErrorCode::Forbidden);
        let outcome = ReportOutcome::Dismissed;
        let decided = run(reader.resolve_report(filed.id, outcome, of("No."), &f.key()));
        assert_eq!(refused(decided), ErrorCode::Forbidden);
    }
    assert_eq!(queue(&f).len(), 1);
}

#[test]
fn a_person_reports_so_much_a_day() {
    let quotas = Quotas { reports_per_day: 2, ..Quotas::default() };
    let f = Fixture::with(|builder| builder.quotas(quotas));
    let (ada, bob) = (f.person("acme", "ada"), f.person("buyers", "bob"));
    let acme = f.publisher(&ada, "acme");
    let [a, b, c] = ["a", "b", "c"].map(|slug| listing(f.published(&ada, acme, slug)));
    let first = report(&f, &bob, a).unwrap();
    assert_eq!(refused(report(&f, &bob, a)), ErrorCode::AlreadyReported, "and costs nothing");
    report(&f, &bob, b).unwrap();
    resolve(&f, first.id, ReportOutcome::Dismissed).unwrap();
    let limited = report(&f, &bob, c).unwrap_err();
    assert_eq!(limited.code(), ErrorCode::QuotaExceeded);
    let wait = limited.retry_after().unwrap();
    report(&f, &f.person("buyers", "carol"), c).unwrap();
    f.clock.advance(wait);
    report(&f, &bob, c).unwrap();
}

#[test]
fn the_queue_is_read_in_pages() {
    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let bad = listing(f.published(&ada, acme, "reader"));
    let file = |n: usize| report(&f, &f.person("buyers", &format!("bob-{n}")), bad).unwrap().id;
    let filed: Vec<_> = (0..5).map(file).collect();
    let (mut cursor, mut seen) = (None, Vec::new());
    loop {
        let page = run(f.operator().reports(cursor.as_ref(), PageSize::new(2))).unwrap();
        seen.extend(page.items.iter().map(|it| it.id));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, filed);
}

#[test]
fn the_log_says_that_something_was_reported_and_not_what() {
    let f = Fixture::default();
    let (ada, bob) = (f.person("acme", "ada"), f.person("buyers", "bob"));
    let acme = f.publisher(&ada, "acme");
    let id = f.published(&ada, acme, "reader");
    let feed = run(f.anonymous().changes(None, ALL)).unwrap();
    let filed = report(&f, &bob, listing(id)).unwrap();
    resolve(&f, filed.id, ReportOutcome::Upheld).unwrap();
    assert_eq!(run(f.anonymous().changes(None, ALL)).unwrap(), feed);
    let log = run(f.operator().audit_log(Position::START, ALL)).unwrap();
    let facts = log.iter().map(|entry| &entry.event.fact);
    let facts: Vec<_> = facts.filter(|fact| fact.name().starts_with("report.")).collect();
    let (report, class, state) = (filed.id, ReportClass::Malware, ReportState::Upheld);
    let [first, last] =
        [Fact::ReportFiled { report, class }, Fact::ReportResolved { report, state }];
    assert_eq!(facts, [&first, &last]);
    for fact in facts {
        assert_eq!(fact.audiences(), Audiences { publisher: false, holder: false });
    }
    let told = serde_json::to_string(&log).unwrap();
    for unsaid in ["elsewhere", "Looked at"] {
        assert!(!told.contains(unsaid), "{unsaid}");
    }
}

/// Nothing leads from a report to the name of whoever was erased, and who comes back under it did
/// not report anything.
#[test]
fn a_report_outlives_the_name_of_whoever_filed_it() {
    let f = Fixture::default();
    let (ada, bob) = (f.person("acme", "ada"), f.person("buyers", "bob"));
    let acme = f.publisher(&ada, "acme");
    let id = listing(f.published(&ada, acme, "reader"));
    let filed = report(&f, &bob, id).unwrap();
    run(f.operator().erase_subject(&identity("buyers", "bob"), &f.key())).unwrap();
    let shown = queue(&f);
    assert_eq!(shown.len(), 1);
    let told = serde_json::to_string(&shown).unwrap();
    assert!(!told.contains("bob") && !told.contains("buyers"), "{told}");
    let back = report(&f, &bob, id).unwrap();
    assert_ne!(queue(&f)[1].reporter, shown[0].reporter);
    resolve(&f, filed.id, ReportOutcome::Upheld).unwrap();
    assert_eq!(queue(&f).iter().map(|it| it.id).collect::<Vec<_>>(), [back.id]);
}

#[test]
fn decided_reports_are_forgotten_after_their_time_and_open_ones_never() {
    let retention = Retention { reports: Span::days(30), ..Retention::default() };
    let f = Fixture::with(|builder| builder.retention(retention));
    let (ada, bob) = (f.person("acme", "ada"), f.person("buyers", "bob"));
    let acme = f.publisher(&ada, "acme");
    let [a, b, c] = ["a", "b", "c"].map(|slug| listing(f.published(&ada, acme, slug)));
    let [a, b, _] = [a, b, c].map(|subject| report(&f, &bob, subject).unwrap().id);
    resolve(&f, a, ReportOutcome::Upheld).unwrap();
    f.pass(Span::days(10));
    resolve(&f, b, ReportOutcome::Dismissed).unwrap();
    let forgotten = || run(f.market.maintain(ALL)).unwrap().reports;
    f.pass(Span::days(19));
    assert_eq!(forgotten(), 0);
    f.pass(Span::days(1));
    assert_eq!(forgotten(), 1);
    assert_eq!(refused(resolve(&f, a, ReportOutcome::Upheld)), ErrorCode::ReportNotFound);
    f.pass(Span::days(400));
    assert_eq!(forgotten(), 1);
    assert_eq!(queue(&f).len(), 1);
}
