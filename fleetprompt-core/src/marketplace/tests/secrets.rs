//! A secret in any text of any write is refused, and is nowhere afterwards.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::fixture::*;
use super::logs::logged;
use crate::domain::*;
use crate::error::{ErrorCode, Result};
use crate::marketplace::{
    BeginInstall, CatalogueEntry, Holder, ImportLine, ListingEdit, ListingEntry, NewListing,
    NewPublisher, NewReport, OperatorGrant, PublisherEdit, PublisherEntry, ReferenceDecision,
    ReleaseEntry, SuspensionEntry, TakedownEntry,
};
use crate::policy::find_secret;

/// The ways to write a secret that fields of some grammar take.
fn disguises() -> [String; 7] {
    let secret = secret();
    [
        format!("see {secret}"),
        secret.clone(),
        format!("https://acme.io/?t={secret}"),
        format!("1.0.0-{secret}"),
        format!(">=1.0.0-{secret}"),
        format!("text/{secret}"),
        format!("npm_{}", "x7q2m9k4t1v8b3n6w5z0".repeat(2).get(..36).unwrap()),
    ]
}

/// A value of every text in `sample`, each with a secret planted in it, and the field that it is
/// in. Words of a fixed list and digests take no secret, and are left out.
fn planted<T: DeserializeOwned>(sample: &Value) -> Vec<(String, T)> {
    let mut leaves = Vec::new();
    texts(sample, String::new(), "", &mut leaves);
    let mut made = Vec::new();
    for (pointer, field) in leaves {
        let with = |disguise: String| {
            let mut planted = sample.clone();
            *planted.pointer_mut(&pointer).unwrap() = disguise.into();
            serde_json::from_value(planted).ok()
        };
        if let Some(value) = disguises().into_iter().find_map(with) {
            made.push((field, value));
        }
    }
    made
}

fn texts(value: &Value, pointer: String, field: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(_) => found.push((pointer, field.to_owned())),
        Value::Array(entries) => {
            for (n, entry) in entries.iter().enumerate() {
                texts(entry, format!("{pointer}/{n}"), field, found);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                texts(member, format!("{pointer}/{key}"), key, found);
            }
        }
        _ => {}
    }
}

fn profile() -> Value {
    json!({ "name": "Acme", "summary": "Makes agents.", "website": "https://acme.example/" })
}

fn listing_content() -> Value {
    json!({
        "title": "Bot", "summary": "Answers.", "description": "Answers *all* of it.",
        "tags": ["ai", "rag"], "category": "agents", "priceClass": "free", "visibility": "public",
        "documentation": "https://docs.example/", "repository": "https://git.example/acme/bot",
        "license": "MIT",
    })
}

fn release_content() -> Value {
    json!({
        "notes": "Faster.", "compatibility": [{ "system": "whs", "range": ">=1.2, <3" }],
        "capabilities": ["net:http"], "secrets": ["SMTP_PASSWORD"],
        "artifacts": [{
            "uri": "https://cdn.example/a", "digest": Sha256Digest::of(b""), "size": 0,
            "mediaType": "text/plain",
        }],
        "deploymentPin": "dep_1", "schemaVersion": "1",
    })
}

/// Writes with one secret each, and the field that each must be refused by.
struct Attack {
    f: Fixture,
    tried: Vec<(String, Result<()>)>,
}

impl Attack {
    fn note<T>(&mut self, field: &str, outcome: Result<T>) {
        self.tried.push((field.to_owned(), outcome.map(drop)));
    }

    /// Every write that takes a text from its caller.
    fn run(&mut self) {
        let (maker, operator) = (self.f.person("maker", "olaf"), self.f.operator());
        let publisher = self.f.publisher(&maker, "maker");
        let draft = self.f.draft(&maker, publisher, "draft");
        let listing = self.f.offered(&maker, publisher, "reader");
        let name = disguises()[1].clone();
        let slug: Slug = of(&name);

        for (field, profile) in planted::<PublisherProfile>(&profile()) {
            let new = NewPublisher { handle: of("other"), profile: profile.clone() };
            let outcome = run(maker.create_publisher(new, &self.f.key()));
            self.note(&field, outcome);
            let edit = PublisherEdit { handle: of("maker"), profile };
            let outcome =
                run(maker.update_publisher(publisher, Revision::FIRST, edit, &self.f.key()));
            self.note(&field, outcome);
        }
        let profile: PublisherProfile = serde_json::from_value(profile()).unwrap();
        let new = NewPublisher { handle: of(&name), profile };
        let outcome = run(maker.create_publisher(new, &self.f.key()));
        self.note("handle", outcome);

        for (field, content) in planted::<ListingContent>(&listing_content()) {
            let new = NewListing { content: content.clone(), ..new_listing(publisher, "new") };
            let outcome = run(maker.create_listing(new, &self.f.key()));
            self.note(&field, outcome);
            let edit = ListingEdit { slug: of("draft"), content, asset: None };
            let outcome = run(maker.update_listing(draft, Revision::FIRST, edit, &self.f.key()));
            self.note(&field, outcome);
        }
        let new = NewListing { slug: slug.clone(), ..new_listing(publisher, "new") };
        let outcome = run(maker.create_listing(new, &self.f.key()));
        self.note("slug", outcome);
        for sample in [
            json!({ "kind": "whs_agent", "whsAgentId": "a" }),
            json!({ "kind": "agentromatic_workflow", "agentromaticWorkflowId": "a" }),
            json!({ "kind": "spec_asset", "specId": "a", "schemaVersion": "1" }),
        ] {
            for (field, asset) in planted::<Asset>(&sample) {
                let new = NewListing { asset, ..new_listing(publisher, "new") };
                let outcome = run(maker.create_listing(new, &self.f.key()));
                self.note(&field, outcome);
            }
        }

        for (field, content) in planted::<ReleaseContent>(&release_content()) {
            let version = of("2.0.0");
            let outcome = run(maker.publish_release(listing, version, content, &self.f.key()));
            self.note(&field, outcome);
        }
        let (version, content) = (of(&disguises()[3]), ReleaseContent::default());
        let outcome = run(maker.publish_release(listing, version, content, &self.f.key()));
        self.note("version", outcome);

        let reason: Reason = of(&disguises()[0]);
        let key = self.f.key();
        let outcome = run(maker.yank_release(listing, of("1.0.0"), reason.clone(), &key));
        self.note("reason", outcome);
        let key = self.f.key();
        let class = TakedownReason::ALL[0];
        let outcome = run(operator.take_down(listing, class, reason.clone(), &key));
        self.note("reason", outcome);
        let outcome = run(operator.suspend_publisher(publisher, reason.clone(), &self.f.key()));
        self.note("reason", outcome);
        let outcome = run(operator.fence(reason.clone(), &self.f.key()));
        self.note("reason", outcome);
        let (badge, evidence) = (BadgeKind::ALL[0], of(&name));
        let outcome = run(operator.grant_badge(publisher, badge, evidence, &self.f.key()));
        self.note("evidence", outcome);
        let refuse = ReferenceDecision::Refuse { reason: reason.clone() };
        let (kind, whs, key) = (AssetKind::WhsAgent, self.f.system("whs"), self.f.key());
        let outcome = run(whs.decide_reference(publisher, kind, of("reader"), refuse, &key));
        self.note("reason", outcome);

        let holder = Holder::Person(identity("acme", "ada"));
        let grant = OperatorGrant {
            listing,
            holder,
            reference: of("order-1"),
            reason: of("Asked for."),
            window: None,
            pending: false,
        };
        for (field, grant) in [
            ("reference", OperatorGrant { reference: of(&name), ..grant.clone() }),
            ("reason", OperatorGrant { reason: reason.clone(), ..grant.clone() }),
        ] {
            let outcome = run(operator.grant_entitlement(grant, &self.f.key()));
            self.note(field, outcome);
        }
        let granted = run(operator.grant_entitlement(grant, &self.f.key())).unwrap();
        let key = self.f.key();
        let outcome = run(operator.suspend_entitlement(granted.id, granted.revision, reason, &key));
        self.note("reason", outcome);

        let ada = self.f.person("acme", "ada");
        let sample = json!({
            "subject": NameSubject::Listing(listing), "class": "secret_exposed",
            "text": "It is in the notes.", "evidence": "https://blog.example/leak",
        });
        for (field, new) in planted::<NewReport>(&sample) {
            let outcome = run(ada.report(new, &self.f.key()));
            self.note(&field, outcome);
        }
        let (method, context) = (InstallMethod::Token, Some(of(&name)));
        let begin = BeginInstall { listing, version: None, method, context, entitlement: None };
        let outcome = run(ada.begin_install(begin, &self.f.key()));
        self.note("context", outcome);

        let line = json!({
            "publisher": "import", "publisherName": "Import", "slug": "bot", "kind": "spec_asset",
            "upstreamId": "a1", "schemaVersion": "1", "title": "Bot", "summary": "Answers.",
            "description": "All.", "tags": ["ai"], "category": "agents", "version": "1.0.0",
            "documentation": "https://docs.example/", "repository": "https://git.example/a",
            "license": "MIT",
        });
        for (field, line) in planted::<Value>(&line) {
            let inner = match field.as_str() {
                "upstreamId" => "specId",
                field => field,
            };
            let read = disguises().iter().find_map(|disguise| {
                let mut line = line.clone();
                let text = if field == "tags" { json!([disguise]) } else { json!(disguise) };
                line[&field] = text;
                ImportLine::parse(&line.to_string(), false).ok()
            });
            if let Some(read) = read {
                let outcome = run(operator.import(read.row));
                self.note(inner, outcome);
            }
        }
        self.import_entries();
    }

    /// Entries of a catalogue that was exported elsewhere.
    fn import_entries(&mut self) {
        let operator = self.f.operator();
        let badge = json!({ "kind": "verified", "evidence": "case-1138" });
        let publisher = json!({ "handle": "beta", "profile": profile(), "badges": [badge] });
        for (field, entry) in planted::<PublisherEntry>(&publisher) {
            let outcome = run(operator.import_entry(CatalogueEntry::Publisher(entry)));
            self.note(&field, outcome);
        }
        let listing = json!({
            "publisher": "maker", "slug": "new",
            "asset": { "kind": "whs_agent", "whsAgentId": "a" }, "content": listing_content(),
        });
        for (field, entry) in planted::<ListingEntry>(&listing) {
            let outcome = run(operator.import_entry(CatalogueEntry::Listing(entry)));
            self.note(&field, outcome);
        }
        let release = json!({
            "publisher": "maker", "slug": "reader", "version": "3.0.0",
            "publishedAt": "2026-01-31T12:00:00Z", "content": release_content(),
            "yanked": "It loops.",
        });
        for (field, entry) in planted::<ReleaseEntry>(&release) {
            let outcome = run(operator.import_entry(CatalogueEntry::Release(entry)));
            self.note(&field, outcome);
        }
        let takedown = json!({
            "publisher": "maker", "slug": "reader", "class": "spam", "reason": "Sells watches.",
        });
        for (field, entry) in planted::<TakedownEntry>(&takedown) {
            let outcome = run(operator.import_entry(CatalogueEntry::Takedown(entry)));
            self.note(&field, outcome);
        }
        let suspension = json!({ "publisher": "maker", "reason": "Under review." });
        for (field, entry) in planted::<SuspensionEntry>(&suspension) {
            let outcome = run(operator.import_entry(CatalogueEntry::Suspension(entry)));
            self.note(&field, outcome);
        }
    }
}

#[test]
fn no_write_takes_a_secret_in_any_text_and_nothing_keeps_it() {
    assert!(disguises().iter().all(|disguise| find_secret(disguise).is_some()));
    let mut attack = Attack { f: Fixture::default(), tried: Vec::new() };
    let log = logged(|| attack.run());

    let mut fields: Vec<&str> = attack.tried.iter().map(|(field, _)| field.as_str()).collect();
    for (field, outcome) in &attack.tried {
        let refused = outcome.as_ref().unwrap_err();
        assert_eq!(refused.code(), ErrorCode::InvalidInput, "{field}");
        let said = refused.field().unwrap();
        assert_eq!(said.field(), field);
        assert!(matches!(said.rule(), Rule::Secret(_)), "{field}: {said}");
    }
    fields.sort_unstable();
    fields.dedup();
    // Every text that a caller can give; a new one belongs here.
    let every = [
        "agentromaticWorkflowId",
        "capabilities",
        "category",
        "context",
        "deploymentPin",
        "description",
        "documentation",
        "evidence",
        "handle",
        "license",
        "mediaType",
        "name",
        "notes",
        "publisher",
        "publisherName",
        "range",
        "reason",
        "reference",
        "repository",
        "schemaVersion",
        "secrets",
        "slug",
        "specId",
        "summary",
        "system",
        "tags",
        "text",
        "title",
        "uri",
        "version",
        "website",
        "whsAgentId",
        "yanked",
    ];
    assert_eq!(fields, every);

    let shown = format!("{:?} {:?} {log}", attack.tried, attack.f.store);
    for canary in ["x7q2m9k4t1", "glpat"] {
        assert!(!shown.contains(canary), "{canary}");
    }
}

#[test]
fn names_that_deceive_and_links_that_lead_nowhere_are_refused() {
    let f = Fixture::default();
    let maker = f.person("maker", "olaf");
    let publisher = f.publisher(&maker, "maker");
    let create = |content: ListingContent| {
        let new = NewListing { content, ..new_listing(publisher, "new") };
        run(maker.create_listing(new, &f.key())).map(drop).map_err(|refused| refused.field())
    };
    let refused = |field, rule| Err(Some(ParseError::new(field, rule)));
    let mixed = content("р\u{430}ypal");
    assert_eq!(create(mixed), refused("title", Rule::MixedScripts));
    let borrowed = content("\u{430}\u{440}\u{435} store");
    assert_eq!(create(borrowed), refused("title", Rule::LooksLatin));
    let link = Some(of("http://192.168.0.1/reboot"));
    let rule = Rule::Other("must name a host that everybody reaches");
    assert_eq!(
        create(ListingContent { repository: link, ..content("Bot") }),
        refused("repository", rule)
    );
    assert_eq!(create(content("Помощник GPT-4")), Ok(()));
}
