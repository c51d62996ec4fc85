//! What the schemas say of inputs and answers, against values of them.

mod checks;
mod samples;

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};
use utoipa::PartialSchema;

use checks::*;
use samples::*;

use super::fixture::*;
use crate::domain::*;
use crate::marketplace::*;
use crate::policy::Aggregate;
use crate::search::{Cursor, Excerpt, Query};
use crate::token::{ClaimText, KeyId};

#[test]
fn one_name_means_one_schema() {
    let mut known = BTreeMap::new();
    for (name, schema) in schemas() {
        let schema = serde_json::to_value(schema).unwrap();
        let before = known.entry(name.clone()).or_insert_with(|| schema.clone());
        assert_eq!(*before, schema, "two schemas are called {name}");
    }
}

#[test]
fn schemas_refer_to_each_other_alone_and_are_told_to_readers_of_no_rust() {
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => members.iter().for_each(|(key, value)| {
                if let ("$ref", Value::String(to)) = (key.as_str(), value) {
                    found.push(to.clone());
                }
                references(value, found);
            }),
            Value::Array(entries) => entries.iter().for_each(|entry| references(entry, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 100);
    for reference in found {
        assert!(document.pointer(&reference[1..]).is_some(), "{reference} leads nowhere");
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        // What comes of a generic type, or of what has a word for each case, is described there.
        let text = schema.to_string();
        assert!(schema["description"].is_string(), "{name} is not described");
        for code in ["```", "crate::", "](", "\"null\""] {
            assert!(!text.contains(code), "{name} says {code}: {text}");
        }
    }
}

#[test]
fn listings_and_publishers_fit() {
    answers(full_listing(), bare_listing());
    answers(full_publisher(), bare_publisher());
    let mine = |publisher| MyPublisher { publisher, role: PublisherRole::Owner };
    answers(mine(full_publisher()), mine(bare_publisher()));
    fits([ListingAddress { handle: of("acme"), slug: of("bot") }]);
    let cursor = Some(of::<Cursor>("fpc1.k1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
    let page = |items, next| Page { items, next };
    answers(page(vec![full_listing(), bare_listing()], cursor), page(Vec::new(), None));
}

#[test]
fn releases_fit() {
    let content = json!({
        "notes": "Faster.", "compatibility": [{ "system": "whs", "range": ">=1.2, <3" }],
        "capabilities": ["net:http"], "secrets": ["SMTP_PASSWORD"],
        "artifacts": [{
            "uri": "oci://cdn.example/a", "digest": Sha256Digest::of(b""), "size": 0,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
        }],
        "deploymentPin": "dep_1", "schemaVersion": "1",
    });
    inputs::<ReleaseContent>(content.clone(), json!({}));
    let release = |content, yanked| ReleaseView {
        listing: id(),
        version: of("1.4.0-rc.1+build.7"),
        channel: Channel::Prerelease,
        content,
        digest: Sha256Digest::of(b""),
        yanked,
        published_at: at(),
    };
    answers(
        release(serde_json::from_value(content).unwrap(), Some(of("It loses mail."))),
        release(ReleaseContent::default(), None),
    );
}

#[test]
fn what_is_found_fits() {
    let excerpt = Excerpt::of("Reads invoices.", &Query::parse("invoices"), 200);
    assert_eq!(excerpt.marks.len(), 1);
    fits([excerpt.clone(), Excerpt::default()]);
    let facet = |value| vec![Facet { value, matches: 1 }];
    let marks =
        Marks { description: Some(excerpt.clone()), title: excerpt.clone(), summary: excerpt };
    let correction =
        Correction { word: "scrapper".to_owned(), searched: vec!["scraper".to_owned()] };
    let full = SearchPage {
        items: vec![
            SearchHit { listing: full_listing(), marks },
            SearchHit { listing: bare_listing(), marks: Marks::default() },
        ],
        next: Some(of("fpc1.k1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
        instead: Some(Instead { corrections: vec![correction], left_out: vec!["the".to_owned()] }),
        counts: Some(Counts {
            matches: 1,
            more: false,
            kinds: facet(AssetKind::Pack),
            categories: vec![Facet { value: of("agents"), matches: 1 }],
            tags: vec![Facet { value: of("ai"), matches: 1 }],
            badges: vec![Facet { value: BadgeKind::Official, matches: 1 }],
        }),
        cut: true,
    };
    let bare =
        SearchPage { items: Vec::new(), next: None, instead: None, counts: None, cut: false };
    answers(full, bare);
    let address = ListingAddress { handle: of("acme"), slug: of("bot") };
    let suggestion = Suggestion { id: id(), title: of("Bot"), address };
    let full = Suggestions { listings: vec![suggestion], publishers: vec![brief()] };
    answers(full, Suggestions::default());
}

#[test]
fn what_changed_fits() {
    let f = Fixture::default();
    let (ada, operator) = (f.person("acme", "ada"), f.operator());
    let acme = f.publisher(&ada, "acme");
    f.join(&ada, acme, &f.person("acme", "grace"), PublisherRole::Viewer);
    let [kept, gone] = ["reader", "writer"].map(|slug| f.offered(&ada, acme, slug));
    f.install(&identity("byers", "bob"), kept);
    run(operator.take_down(gone, TakedownReason::Spam, of("It is spam."), &f.key())).unwrap();
    let successor = Some(kept);
    let sorter = f.published(&ada, acme, "sorter");
    run(ada.deprecate_listing(sorter, successor, &f.key())).unwrap();
    let seen = run(ada.publisher(acme)).unwrap();
    let edit = PublisherEdit { handle: of("acme"), profile: seen.profile };
    run(ada.update_publisher(acme, seen.revision, edit, &f.key())).unwrap();
    let empty = f.publisher(&ada, "empty");
    run(operator.suspend_publisher(empty, of("It is empty."), &f.key())).unwrap();

    let page = run(f.anonymous().changes(None, ALL)).unwrap();
    let told = serde_json::to_string(&page).unwrap();
    for change in ["changed", "gone", "publisher", "publisher_gone"] {
        assert!(told.contains(&format!("\"change\":\"{change}\"")), "{change}");
    }
    let none = ChangesPage { changes: Vec::new(), cursor: page.cursor };
    answers(page, none);

    let entries = run(operator.audit_log(Position::START, ALL)).unwrap();
    assert!(entries.len() > 20);
    fits(entries);
    // A kind of event that did not happen here is told by its name as well.
    let kinds = serde_json::to_value(Fact::schema()).unwrap();
    for kind in kinds["oneOf"].as_array().unwrap() {
        let name = kind["properties"]["type"]["enum"][0].as_str().unwrap();
        assert!(name.contains('.'), "{name}");
    }
}

#[test]
fn what_is_written_is_answered_with_receipts_that_fit() {
    let listing = |held| ListingReceipt {
        id: id(),
        publisher: id(),
        slug: of("bot"),
        state: ListingState::Draft,
        revision: Revision::FIRST,
        at: at(),
        held,
    };
    answers(listing(Some(HoldReason::LooksWellKnown)), listing(None));
    let image = Some(Sha256Digest::of(b""));
    answers(
        MediaReceipt { listing: listing(None), image },
        MediaReceipt { listing: listing(None), image: None },
    );
    let (revision, at) = (Revision::FIRST, at());
    let publisher = |held| PublisherReceipt { id: id(), handle: of("acme"), revision, at, held };
    answers(publisher(Some(HoldReason::LooksWellKnown)), publisher(None));
    let member = |role| MemberReceipt { publisher: id(), person: id(), role, at };
    answers(member(Some(PublisherRole::Viewer)), member(None));
    let (listing, version, digest) = (id(), of("1.4.0"), Sha256Digest::of(b""));
    fits([ReleaseReceipt { listing, version, digest, yanked: false, revision, at }]);
    fits([EntitlementReceipt { id: id(), state: EntitlementState::Active, revision, at }]);
    fits([InstallReceipt { attempts: vec![id()], at }]);
    let role = PublisherRole::Owner;
    fits([InvitationReceipt { id: id(), publisher: id(), role, expires_at: at, at }]);
    fits([KeyRevocationReceipt { kid: of::<KeyId>("2026q1"), revoked: 3, at }]);
    fits([FenceReceipt { deployment: id(), revoked: 3, at }]);
    let (system, state) = (of("whs"), BindingState::Refused);
    fits([ReferenceReceipt { publisher: id(), system, state, revision, at }]);
    for subject in [NameSubject::Publisher(id()), NameSubject::Listing(id())] {
        fits([NameReceipt { subject, state: NameState::Allowed, at }]);
    }
    let (subject, state) = (NameSubject::Listing(id()), ReportState::Open);
    fits([ReportReceipt { id: id(), subject, state, at }]);
    fits([Erasure { person: id() }]);
    fits([TenantDeletion { tenant: id() }]);
    fits([Imported { listing: id(), outcome: ImportOutcome::ReleaseAdded }]);
}

#[test]
fn what_is_owned_and_installed_fits() {
    let entitlement = |person, window, seats| EntitlementView {
        id: id(),
        listing: id(),
        publisher: id(),
        person,
        source: EntitlementSourceKind::OperatorGrant,
        status: EntitlementStatus::Active,
        window,
        seats,
        revision: Revision::FIRST,
        created_at: at(),
        as_of: at(),
    };
    let window = Window::between(Timestamp::MIN, Some(at())).unwrap();
    answers(
        entitlement(Some(id()), window, NonZeroU32::new(5)),
        entitlement(None, Window::from(at()), None),
    );
    let attempt = |context| AttemptView {
        id: id(),
        listing: id(),
        publisher: id(),
        version: of("1.4.0"),
        system: of("whs"),
        context,
        entitlement: id(),
        method: InstallMethod::DeepLink,
        status: AttemptStatus::Expired,
        issued_at: at(),
        expires_at: at(),
    };
    answers(attempt(Some(of("telespace:7"))), attempt(None));

    let f = Fixture::default();
    let ada = f.person("acme", "ada");
    let acme = f.publisher(&ada, "acme");
    let listing = f.offered(&ada, acme, "reader");
    run(ada.claim_free(listing, &f.key())).unwrap();
    let (token, attempt) = f.begin(&ada, listing, Some("telespace:7")).unwrap();
    let ada = identity("acme", "ada");
    let request = |expected| RedeemRequest { token: token.clone(), expected };
    let active = run(f.system("whs").introspect(&request(ada.clone()))).unwrap();
    assert_eq!(active.active().unwrap().attempt, attempt);
    answers(active, Introspection::INACTIVE);
    let manifest = f.redeem(&token, &ada, &f.key()).unwrap().read().unwrap();
    let pin = Some(of("dep_1"));
    let reference = ManifestReference { deployment_pin: pin, ..manifest.reference.clone() };
    let bare = Manifest { context: None, ..manifest.clone() };
    answers(Manifest { reference, subject: of::<ClaimText>("ada"), ..manifest }, bare);
}

#[test]
fn what_members_and_operators_read_fits() {
    fits([MemberView { person: id(), role: PublisherRole::Owner, joined_at: at() }]);
    let (role, invited_by) = (PublisherRole::Owner, id());
    let (created_at, expires_at) = (at(), at());
    fits([InvitationView { id: id(), role, invited_by, created_at, expires_at }]);
    let reference = |reason, decided_at| ReferenceView {
        publisher: id(),
        kind: AssetKind::WhsAgent,
        upstream_id: of("agent/42"),
        state: BindingState::Pending,
        reason,
        asked_at: at(),
        decided_at,
    };
    answers(reference(Some(of("Not theirs.")), Some(at())), reference(None, None));
    let name = |names, resembles, reason| HeldNameView {
        subject: NameSubject::Listing(id()),
        version: Position::new(7),
        names,
        publisher: brief(),
        likeness: Likeness::Edit,
        resembles,
        held_at: at(),
        state: NameState::Refused,
        reason,
    };
    let address = ListingAddress { handle: of("acme"), slug: of("bot") };
    for resembled in [
        ResembledView::Reserved { word: of("fleetprompt") },
        ResembledView::Publisher { publisher: brief() },
        ResembledView::Listing { listing: id(), address },
    ] {
        let names = |title| ReviewedName::Listing { slug: of("bot"), title };
        let full = name(names(Some(of("Bot"))), Some(resembled), Some(of("Theirs.")));
        answers(full, name(names(None), None, None));
    }
    let report = |address, evidence| ReportView {
        id: id(),
        subject: NameSubject::Publisher(id()),
        publisher: brief(),
        address,
        reporter: id(),
        class: ReportClass::SecretExposed,
        text: of("It is in the notes."),
        evidence,
        filed_at: at(),
    };
    let address = ListingAddress { handle: of("acme"), slug: of("bot") };
    answers(report(Some(address), Some(of("https://blog.example/"))), report(None, None));
    let day = ReleaseDay {
        day: "2026-01-31".to_owned(),
        version: "1.4.0".to_owned(),
        begun: Aggregate::of(14),
        redeemed: Aggregate::of(0),
    };
    let metrics = |days| Metrics {
        first: of("2026-01-01"),
        end: of("2026-01-31"),
        begun: Aggregate::of(14),
        redeemed: Aggregate::of(12),
        distinct_buyers: Aggregate::of(3),
        days,
    };
    answers(metrics(vec![day]), metrics(Vec::new()));
}

#[test]
fn inputs_are_read_as_their_schemas_say() {
    let (agent, workflow, listing) = (
        json!({ "kind": "whs_agent", "whsAgentId": "a1" }),
        json!({ "kind": "agentromatic_workflow", "agentromaticWorkflowId": "w1" }),
        id::<ListingId>(),
    );
    let new = |asset, content| {
        json!({
            "publisher": id::<PublisherId>(), "slug": "bot", "asset": asset, "content": content,
        })
    };
    inputs::<NewListing>(new(agent, full_content()), new(workflow.clone(), bare_content()));
    inputs::<ListingEdit>(
        json!({ "slug": "bot", "content": full_content(), "asset": workflow }),
        json!({ "slug": "bot", "content": bare_content() }),
    );
    let profile =
        json!({ "name": "Acme", "summary": "Makes agents.", "website": "https://acme.example/" });
    let full = json!({ "handle": "acme", "profile": profile });
    let bare = json!({ "handle": "acme", "profile": { "name": "Acme" } });
    inputs::<NewPublisher>(full.clone(), bare.clone());
    inputs::<PublisherEdit>(full, bare);
    inputs::<BeginInstall>(
        json!({
            "listing": listing, "version": "1.4.0", "method": "token", "context": "telespace:7",
            "entitlement": id::<EntitlementId>(),
        }),
        json!({ "listing": listing, "method": "deep_link" }),
    );
    let acme = json!({ "issuer": "https://id.example", "name": { "organisation": "org_acme" } });
    let tenant = json!({ "tenant": { "identity": acme, "seats": 5 } });
    let person = json!({ "person": {
        "tenant": { "issuer": "https://id.example", "name": { "personal": "user_ada" } },
        "subject": "user_ada",
    } });
    inputs::<OperatorGrant>(
        json!({
            "listing": listing, "holder": tenant, "reference": "ticket-31", "reason": "Paid.",
            "window": { "startsAt": "2026-01-01T00:00:00Z", "endsAt": "2026-02-01T00:00:00Z" },
            "pending": true,
        }),
        json!({ "listing": listing, "holder": person, "reference": "ticket-31",
                "reason": "Paid." }),
    );
    inputs::<ReferenceDecision>(
        json!({ "decision": "confirm", "reason": "A ticket says so." }),
        json!({ "decision": "confirm" }),
    );
    let refuse = json!({ "decision": "refuse", "reason": "Not theirs." });
    inputs::<ReferenceDecision>(refuse.clone(), refuse);
    let subject = json!({ "kind": "publisher", "id": id::<PublisherId>() });
    inputs::<NewReport>(
        json!({ "subject": subject, "class": "spam", "text": "It is everywhere.",
                "evidence": "https://blog.example/" }),
        json!({ "subject": { "kind": "listing", "id": listing }, "class": "other", "text": "?" }),
    );
    let place = json!({ "image": Sha256Digest::of(b""), "alt": "A list." });
    inputs::<ScreenshotPlace>(place.clone(), place);
}

/// The bounds of lists that are written out in their schemas are those of the table.
#[test]
fn lists_end_where_the_table_of_bounds_says() {
    fn ends(value: &Value, field: &str, found: &mut Vec<u64>) {
        if let Value::Object(members) = value {
            found.extend(members.get(field).and_then(|list| list["maxItems"].as_u64()));
            members.values().for_each(|member| ends(member, field, found));
        }
        value.as_array().into_iter().flatten().for_each(|entry| ends(entry, field, found));
    }
    let document = document();
    for list in bounds::LISTS {
        let schemas = &document["components"]["schemas"];
        let found = match list.field {
            "tags" => vec![schemas["Tags"]["maxItems"].as_u64().unwrap()],
            "capabilities" => vec![schemas["Capabilities"]["maxItems"].as_u64().unwrap()],
            "secretNames" => vec![schemas["SecretNames"]["maxItems"].as_u64().unwrap()],
            // Screenshots are answered, and come in one by one.
            "screenshots" => continue,
            field => {
                let mut found = Vec::new();
                ends(schemas, field, &mut found);
                found
            }
        };
        assert!(!found.is_empty(), "{}", list.field);
        assert!(found.iter().all(|end| *end == list.max_entries as u64), "{}", list.field);
    }
    let size = &document["components"]["schemas"]["ByteSize"];
    assert_eq!(size["maximum"].as_f64(), Some(bounds::MAX_ARTIFACT_BYTES as f64));
    let width = &document["components"]["schemas"]["ImageSize"]["properties"]["width"];
    assert_eq!(width["maximum"].as_f64(), Some(f64::from(bounds::MAX_IMAGE_SIDE)));
}

/// A type of texts: whether one is of it in its stored form, as its parser and as its schema say.
struct Form {
    name: &'static str,
    parses: fn(&str) -> bool,
    schema: Validator,
}

impl Form {
    fn verdicts(&self, text: &str) -> (bool, bool) {
        ((self.parses)(text), self.schema.is_valid(&text.into()))
    }
}

macro_rules! forms {
    ($($type:ty),* $(,)?) => {[$(Form {
        name: stringify!($type),
        parses: |text| text.parse::<$type>().is_ok_and(|parsed| parsed.to_string() == text),
        schema: closed::<$type>(),
    }),*]};
}

/// The patterns and lengths say what the parsers accept, and nothing else.
#[test]
fn patterns_say_what_parsers_accept() {
    let forms = forms![
        Tag,
        Category,
        Capability,
        SecretName,
        SystemName,
        Provider,
        MediaType,
        SchemaVersion,
        Slug,
        KeyId,
        Sha256Digest,
        FeedCursor,
        Version,
        Cursor,
    ];
    let word = "[a-cA-C0-2.+#_:/!$&^ -]{0,12}";
    let long = "[a-z]{30,66}[-_/.]?[a-z]{0,66}";
    let known = proptest::sample::select(vec!["text/plain", "sha256:00", "k1", "fpf1.0.1"]);
    let version = "[0-9]{1,2}\\.[0-9]{1,2}\\.[0-9]{1,2}(-[0-2a.-]{0,6})?(\\+[0-2a.-]{0,6})?";
    let texts = prop_oneof![word, long, version, known.prop_map(str::to_owned)];
    let agree = |text: String| {
        for form in &forms {
            let (parsed, told) = form.verdicts(&text);
            prop_assert_eq!(parsed, told, "{} as {}", text, form.name);
        }
        Ok(())
    };
    proptest::test_runner::TestRunner::default().run(&texts, agree).unwrap();
}

#[test]
fn forms_of_one_spelling_are_told_exactly() {
    let [digest, cursor, handle] = forms![Sha256Digest, FeedCursor, Handle];
    let text = Sha256Digest::of(b"").to_string();
    assert_eq!(digest.verdicts(&text), (true, true));
    assert_eq!(digest.verdicts(&text.to_uppercase()), (false, false));
    let text = "fpf1.01940000-0000-7000-8000-000000000001.31";
    assert_eq!(cursor.verdicts(text), (true, true));
    assert_eq!(cursor.verdicts(&text.replace(".31", ".031")), (false, false));
    assert_eq!(handle.verdicts("acme-robotics"), (true, true));
    assert_eq!(handle.verdicts("acme--robotics"), (false, false));
    assert_eq!(handle.verdicts("admin"), (false, true), "reserved words are not listed");
    fits([0, 4, 5, 14, 1_000].map(Aggregate::of));
}
