use super::*;
use crate::domain::PersonIdentity;

const ID: &str = "01010101-0101-0101-0101-010101010101";
const NOON: &str = "2026-01-31T12:00:00Z";

/// A listing that offers ASSET.
const LISTING: &str = r#"{
    "id":"ID","publisher":"ID","slug":"sorter","asset":ASSET,
    "content":{"title":"Sorter","summary":"Sorts.","tags":["ai"],"category":"finance",
        "priceClass":"free","visibility":"public"},
    "state":"published","createdAt":"NOON","updatedAt":"NOON","publishedAt":"NOON",
    "releasedAt":"NOON"
}"#;

/// An entitlement that came from SOURCE.
const ENTITLEMENT: &str = r#"{
    "id":"ID","listing":"ID","publisher":"ID","tenant":"ID","person":"ID","source":SOURCE,
    "state":"active","window":{"startsAt":"NOON"},"seats":3,
    "createdAt":"NOON","updatedAt":"NOON"
}"#;

/// An attempt that stands as STATE says.
const ATTEMPT: &str = r#"{
    "id":"ID","listing":"ID","publisher":"ID","version":"1.4.0","releaseDigest":"DIGEST",
    "system":"whs","upstreamId":"agent/42","context":"room:7","entitlement":"ID","tenant":"ID",
    "person":"ID",STATE,
    "mismatches":0,"issuedAt":"NOON","expiresAt":"NOON"
}"#;

/// A release of VERSION without anything that it can leave out.
const RELEASE: &str = r#"{
    "listing":"ID","version":"VERSION",
    "content":{"compatibility":[],"capabilities":[],"secrets":[],"artifacts":[]},
    "digest":"DIGEST","publishedAt":"NOON"
}"#;

const FULL_RELEASE: &str = r#"{
    "listing":"ID","version":"1.4.0",
    "content":{
        "notes":"Faster.","compatibility":[{"system":"whs","range":">=1.2, <3"}],
        "capabilities":["net:http"],"secrets":["SMTP_PASSWORD"],
        "artifacts":[{"uri":"https://cdn.example/a.tar.gz","digest":"DIGEST","size":24,
            "mediaType":"application/gzip"}],
        "deploymentPin":"dep_1","schemaVersion":"2.1"
    },
    "digest":"DIGEST","yanked":"Broken.","publishedAt":"NOON"
}"#;

const PUBLISHER: &str = r#"{
    "id":"ID","tenant":"ID","handle":"acme","profile":{"name":"Acme"},
    "badges":[{"kind":"verified","evidence":"case-1","grantedAt":"NOON"}],
    "suspended":"Spam.","createdAt":"NOON","updatedAt":"NOON"
}"#;

const PERSON: &str = r#"{
    "id":"ID","tenant":"ID",
    "identity":{
        "tenant":{"issuer":"https://id.example","name":{"personal":"user_ada"}},
        "subject":"user_ada"
    },
    "erasing":true,"createdAt":"NOON"
}"#;

const TENANT: &str = r#"{
    "id":"ID","identity":{"issuer":"https://id.example","name":{"organisation":"org_acme"}},
    "createdAt":"NOON"
}"#;

const INVITATION: &str = r#"{
    "id":"ID","publisher":"ID","role":"viewer","invitedBy":"ID","kid":"k1",
    "codeDigest":"DIGEST","createdAt":"NOON","expiresAt":"NOON"
}"#;

const BINDING: &str = r#"{
    "publisher":"ID","tenant":"ID","system":"whs","kind":"whs_agent","upstreamId":"agent/42",
    "state":"confirmed","createdAt":"NOON","decidedAt":"NOON"
}"#;

const REDEEMED: &str = r#"
    "method":"token","token":{"kid":"k1","digest":"DIGEST"},"state":"redeemed",
    "redemption":{"at":"NOON","keyDigest":"DIGEST","fingerprint":"DIGEST","manifest":"{}"}
"#;

const WAITING: &str = r#"{
    "subject":{"kind":"publisher","id":"ID"},
    "names":{"of":"publisher","handle":"acne-bot","name":"Acne"},
    "likeness":"edit","resembles":{"kind":"publisher","of":"ID"},
    "state":"waiting","heldAt":"NOON"
}"#;

const REFUSED: &str = r#"{
    "subject":{"kind":"listing","id":"ID"},"names":{"of":"listing","slug":"acne-bot"},
    "likeness":"edit","resembles":{"kind":"listing","of":"ID"},
    "state":"refused","reason":"Pretends.","heldAt":"NOON","decidedAt":"NOON"
}"#;

const REPORT: &str = r#"{
    "id":"ID","subject":{"kind":"listing","id":"ID"},"reporter":"ID","class":"malware",
    "text":"It phones home.","state":"open","filedAt":"NOON"
}"#;

const UPHELD: &str = r#"{
    "id":"ID","subject":{"kind":"publisher","id":"ID"},"reporter":"ID","class":"secret_exposed",
    "text":"It is in the notes.","evidence":"https://acme.example/","state":"upheld",
    "reason":"It is.","filedAt":"NOON","decidedAt":"NOON"
}"#;

/// One document of each shape, as stores hold them. They are written by hand: a name that changes
/// in code no longer reads what was stored under the old one.
fn documents() -> Vec<(RecordKind, String)> {
    use RecordKind as Kind;
    let listing = |asset: &str| (Kind::Listing, LISTING.replace("ASSET", asset));
    let release = |version: &str| (Kind::Release, RELEASE.replace("VERSION", version));
    let entitlement = |source: &str| (Kind::Entitlement, ENTITLEMENT.replace("SOURCE", source));
    let attempt = |state: &str| (Kind::Attempt, ATTEMPT.replace("STATE", state));
    let other = |kind, text: &str| (kind, text.to_owned());
    let documents = [
        other(Kind::Deployment, r#"{"id":"ID","since":"NOON"}"#),
        other(
            Kind::Deployment,
            r#"{"id":"ID","since":"NOON","keys":{"k1":"DIGEST"},"disregarded":"NOON",
                "upkeep":{"reached":"NOON","doubted":"NOON"}}"#,
        ),
        other(Kind::Tenant, TENANT),
        other(Kind::Person, PERSON),
        other(Kind::Publisher, PUBLISHER),
        other(
            Kind::Membership,
            r#"{"publisher":"ID","person":"ID","role":"owner","joinedAt":"NOON"}"#,
        ),
        other(Kind::Invitation, INVITATION),
        listing(r#"{"kind":"whs_agent","whsAgentId":"agent/42"}"#),
        listing(r#"{"kind":"agentromatic_workflow","agentromaticWorkflowId":"flow/7"}"#),
        listing(r#"{"kind":"spec_asset","specId":"spec/3","schemaVersion":"2.1"}"#),
        listing(r#"{"kind":"pack","members":["ID"]}"#),
        other(Kind::Release, FULL_RELEASE),
        release("1.5.0-rc.1"),
        release("1.5.0"),
        other(Kind::Binding, BINDING),
        entitlement(r#"{"kind":"free_claim"}"#),
        entitlement(r#"{"kind":"commerce","provider":"specprompt","reference":"order-9"}"#),
        entitlement(r#"{"kind":"operator_grant","reference":"case-1","reason":"Trial."}"#),
        entitlement(r#"{"kind":"organisation_grant","reference":"g-1","decision":"d-1"}"#),
        other(Kind::Seat, r#"{"entitlement":"ID","person":"ID","takenAt":"NOON"}"#),
        attempt(r#""method":"deep_link","state":"issued""#),
        attempt(r#""method":"token","token":{"kid":"k1","digest":"DIGEST"},"state":"issued""#),
        attempt(REDEEMED),
        other(
            Kind::BuyerMark,
            r#"{"listing":"ID","buyer":"DIGEST","firstAt":"NOON","lastAt":"NOON"}"#,
        ),
        other(Kind::Standing, r#"{"listing":"ID","buyers":3,"countedAt":"NOON"}"#),
        other(Kind::IndexProgress, r#"{"version":1,"followed":7}"#),
        other(
            Kind::IndexProgress,
            r#"{"version":1,"followed":7,"sweep":{"publisher":"ID","after":[3,"ID"]}}"#,
        ),
        other(Kind::WellKnown, r#"{"key":"d:acme","of":{"kind":"publisher","id":"ID"}}"#),
        other(Kind::NameReview, WAITING),
        other(Kind::NameReview, REFUSED),
        other(Kind::Report, REPORT),
        other(Kind::Report, UPHELD),
        other(
            Kind::Rendered,
            r#"{"listing":"ID","source":"DIGEST","sanitiser":1,"html":"<p>Hi</p>"}"#,
        ),
        other(
            Kind::Rendered,
            r#"{"listing":"ID","release":"1.0.0","repository":"https://code.example/bot",
            "source":"DIGEST","sanitiser":1,"html":""}"#,
        ),
        other(Kind::RenderingProgress, r#"{"looksFor":"descriptions"}"#),
        other(Kind::RenderingProgress, r#"{"looksFor":"notes","after":[3,"ID","1.0.0"]}"#),
        other(Kind::RenderingProgress, r#"{"looksFor":"done"}"#),
    ];
    let digest = format!("sha256:{}", "0a".repeat(32));
    let filled = |text: String| {
        let compact: String = text.lines().map(str::trim).collect();
        compact
            .replace("\"ID\"", &format!("\"{ID}\""))
            .replace("NOON", NOON)
            .replace("DIGEST", &digest)
    };
    documents.map(|(kind, text)| (kind, filled(text))).into()
}

/// A record of every kind, and of some kinds several.
pub(in crate::port) fn records() -> Vec<Record> {
    documents().iter().map(|(kind, text)| Record::decode(*kind, text).unwrap()).collect()
}

#[test]
fn what_is_stored_reads_back_and_is_written_as_it_was() {
    let documents = documents();
    for kind in RecordKind::ALL {
        assert!(documents.iter().any(|(other, _)| other == kind), "no sample of {kind:?}");
    }
    for (kind, document) in documents {
        let record = Record::decode(kind, &document).unwrap();
        assert_eq!(record.kind(), kind);
        assert_eq!(record.encode().unwrap(), document);
    }
}

#[test]
fn another_kinds_document_is_corruption() {
    for (kind, document) in documents() {
        for other in RecordKind::ALL.iter().filter(|other| **other != kind) {
            let read = Record::decode(*other, &document);
            assert!(matches!(read, Err(StoreError::Corrupt(_))), "{kind:?} as {other:?}");
        }
        for broken in ["", "{}", "null", "[]", &document[1..], &format!("{document}{document}")] {
            let read = Record::decode(kind, broken);
            assert!(matches!(read, Err(StoreError::Corrupt(_))), "{kind:?} from {broken}");
        }
        if document.contains(NOON) {
            let value = document.replace(NOON, "yesterday");
            let error = Record::decode(kind, &value).unwrap_err();
            assert!(!error.to_string().contains("yesterday"), "errors hold no values");
        }
    }
}

/// The tables' columns and the records' values are written in two places.
#[test]
fn records_have_a_value_for_each_column_of_their_kind_and_for_no_other() {
    let mut columns: Vec<Column> =
        RecordKind::ALL.iter().flat_map(|kind| kind.columns()).copied().collect();
    columns.push(Column::Created);
    for record in records() {
        for column in &columns {
            let has = record.kind().columns().contains(column);
            assert_eq!(record.column(*column).is_some(), has, "{:?} {column:?}", record.kind());
        }
    }
}

#[test]
fn names_of_tables_and_columns_are_plain_and_tell_apart() {
    let plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let kinds: std::collections::BTreeSet<_> = RecordKind::ALL.iter().map(|k| k.name()).collect();
    assert_eq!(kinds.len(), RecordKind::ALL.len());
    assert!(kinds.into_iter().all(plain));
    for kind in RecordKind::ALL {
        let columns: std::collections::BTreeSet<_> =
            kind.columns().iter().map(|column| column.name()).collect();
        assert_eq!(columns.len(), kind.columns().len(), "{kind:?}");
        assert!(columns.into_iter().all(plain));
    }
}

#[test]
fn versions_that_differ_in_build_metadata_alone_have_one_key() {
    let key = |version: &str| {
        RecordKey::release(ListingId::from_bytes([1; 16]), &version.parse().unwrap())
    };
    assert_eq!(key("1.0.0+linux"), key("1.0.0+macos"));
    assert_ne!(key("1.0.0"), key("1.0.0-rc.1"));
    assert_ne!(key("1.0.0"), key("1.0.1"));
}

#[test]
fn debug_shows_nothing_of_a_key_but_its_kind() {
    let ada = PersonIdentity::personal(
        "https://id.example".parse().unwrap(),
        "user_ada".parse().unwrap(),
    );
    let upstream = "secret-agent".parse().unwrap();
    let publisher = PublisherId::from_bytes([1; 16]);
    let keys = [
        RecordKey::person(&ada),
        RecordKey::tenant(ada.tenant()),
        RecordKey::binding(publisher, &"whs".parse().unwrap(), AssetKind::WhsAgent, &upstream),
    ];
    let shown: Vec<_> = keys.iter().map(|key| format!("{key:?}")).collect();
    assert_eq!(shown, ["RecordKey(person)", "RecordKey(tenant)", "RecordKey(binding)"]);
}

#[test]
fn no_name_of_a_tenant_or_subject_makes_the_key_of_another() {
    let issuer = || "https://id.example".parse().unwrap();
    let identities = [
        TenantIdentity::organisation(issuer(), "p".parse().unwrap()),
        TenantIdentity::personal(issuer(), "p".parse().unwrap()),
        TenantIdentity::organisation("https://id.example/o".parse().unwrap(), "p".parse().unwrap()),
        TenantIdentity::organisation(issuer(), "o/p".parse().unwrap()),
    ];
    let keys: std::collections::BTreeSet<_> = identities.iter().map(RecordKey::tenant).collect();
    assert_eq!(keys.len(), identities.len());
}
