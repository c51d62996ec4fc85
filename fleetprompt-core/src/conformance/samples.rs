//! Records of every kind, made from a number: for stores to keep and tests to look for.
//!
//! A record's key follows from its number alone, and what else it holds from a [`Pick`], so that
//! the same record can be made again with other contents. References lead to a few *groups* of
//! ids, so that lists have more than one row.

mod installing;
mod pick;

use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::domain::{
    ArtifactPointer, Asset, AttemptId, Badge, BadgeKind, BoundedList, ByteSize, Compatibility,
    Deployment, DeploymentId, EntitlementId, Image, ImageFormat, ImageSize, IndexProgress,
    IndexSweep, Invitation, InvitationId, Likeness, Listing, ListingContent, ListingId,
    ListingMedia, ListingState, Membership, NameReview, NameState, NameSubject, Person, PersonId,
    PersonIdentity, Position, PriceClass, Publisher, PublisherId, PublisherProfile, PublisherRole,
    Release, ReleaseContent, Rendered, RenderedHtml, RenderingProgress, Report, ReportClass,
    ReportId, ReportState, Resembled, ReviewedName, SanitiserVersion, Screenshot, Sha256Digest,
    Takedown, TakedownReason, Tenant, TenantId, TenantIdentity, Timestamp, UpkeepTime, UploadId,
    Visibility, WellKnown,
};
use crate::policy::RenderContext;
use crate::port::{ClaimedName, NameScope, Record, RecordKind};

pub use installing::{SYSTEMS, attempt, binding, buyer_mark, entitlement, seat, standing};
pub use pick::Pick;

/// How many ids the references of samples lead to: `0..GROUPS`.
pub const GROUPS: u64 = 3;

/// Texts that a store must keep as they are: what SQL, LIKE, JSON and shells give a meaning to,
/// upper and lower case, and letters whose bytes sort differently than a dictionary would.
pub const TEXTS: &[&str] = &[
    "it's",
    "'; DROP TABLE listing; --",
    "100%",
    "a_b",
    "back\\slash",
    "\"quoted\"",
    "$1 ?1 :name @p #{x}",
    "{}[],\\u0000\\n",
    "Zebra",
    "zebra",
    "apple",
    "Äpfel",
    "äpfel",
    "éclair",
    "straße",
    "İstanbul",
    "日本語",
    "🦀 crab",
    "a",
    "aa",
    "a a",
];

/// The n-th point in time of samples, a second after the one before it.
pub fn time(n: u64) -> Timestamp {
    Timestamp::from_millis(1_769_947_200_000 + i64::try_from(n).unwrap() * 1_000)
}

fn parsed<T: FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().unwrap()
}

/// Ids are digests, so that their order is not that of creation.
fn bytes(kind: &str, n: u64) -> [u8; 16] {
    let digest: [u8; 32] = Sha256::digest(format!("{kind} {n}")).into();
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    id
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident: $id:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(n: u64) -> $id {
            $id::from_bytes(bytes(stringify!($name), n))
        }
    )*};
}

ids! {
    /// The n-th tenant.
    tenant_id: TenantId;
    /// The n-th person.
    person_id: PersonId;
    /// The n-th publisher.
    publisher_id: PublisherId;
    /// The n-th invitation.
    invitation_id: InvitationId;
    /// The n-th report of abuse.
    report_id: ReportId;
    /// The n-th listing.
    listing_id: ListingId;
    /// The n-th entitlement.
    entitlement_id: EntitlementId;
    /// The n-th attempt.
    attempt_id: AttemptId;
    /// The n-th upload.
    upload_id: UploadId;
}

/// The n-th name, in one scope after the other.
pub fn name(n: u64) -> ClaimedName {
    let scopes = NameScope::ALL;
    let scope = scopes[usize::try_from(n).unwrap() % scopes.len()];
    ClaimedName::new(scope, format!("sample-{n}"))
}

/// The n-th digest.
pub fn digest(n: u64) -> Sha256Digest {
    Sha256Digest::of(&n.to_be_bytes())
}

fn tenant_identity(n: u64) -> TenantIdentity {
    let issuer = parsed("https://id.example");
    let name = format!("{}{n}", TEXTS[usize::try_from(n).unwrap() % TEXTS.len()]);
    if n.is_multiple_of(2) {
        TenantIdentity::organisation(issuer, parsed(&name))
    } else {
        TenantIdentity::personal(issuer, parsed(&name))
    }
}

/// The n-th tenant, with its name.
pub fn tenant(n: u64, pick: &mut Pick) -> Tenant {
    Tenant {
        id: tenant_id(n),
        identity: tenant_identity(n),
        closing: pick.flag(),
        created_at: pick.time(),
    }
}

/// The n-th person, with their name.
pub fn person(n: u64, pick: &mut Pick) -> Person {
    let group = pick.below(GROUPS);
    Person {
        id: person_id(n),
        tenant: tenant_id(group),
        identity: PersonIdentity::new(tenant_identity(0), parsed(&format!("user_{n}"))),
        erasing: pick.flag(),
        created_at: pick.time(),
    }
}

/// The n-th publisher.
pub fn publisher(n: u64, pick: &mut Pick) -> Publisher {
    Publisher {
        id: publisher_id(n),
        tenant: pick.group(tenant_id),
        handle: parsed(&format!("sample-{n}")),
        profile: PublisherProfile {
            name: pick.text(),
            summary: pick.optional(Pick::text),
            website: pick.optional(|_| parsed("https://acme.example/?q='%25'")),
        },
        badges: pick
            .optional(|pick| Badge {
                kind: pick.one_of(BadgeKind::ALL),
                evidence: pick.text(),
                granted_at: pick.time(),
            })
            .into_iter()
            .collect(),
        suspended: pick.optional(Pick::text),
        held: pick.flag(),
        created_at: pick.time(),
        updated_at: pick.time(),
    }
}

/// The n-th membership: of person `n / GROUPS` in publisher `n % GROUPS`.
pub fn membership(n: u64, pick: &mut Pick) -> Membership {
    Membership {
        publisher: publisher_id(n % GROUPS),
        person: person_id(n / GROUPS),
        role: pick.one_of(PublisherRole::ALL),
        joined_at: pick.time(),
    }
}

/// The n-th invitation.
pub fn invitation(n: u64, pick: &mut Pick) -> Invitation {
    Invitation {
        id: invitation_id(n),
        publisher: pick.group(publisher_id),
        role: pick.one_of(PublisherRole::ALL),
        invited_by: pick.group(person_id),
        kid: parsed(pick.one_of(KIDS)),
        code_digest: digest(n),
        created_at: pick.time(),
        expires_at: pick.time(),
    }
}

/// The names of the keys of samples.
pub const KIDS: &[&str] = &["k1", "k10", "k2"];

/// The n-th listing.
pub fn listing(n: u64, pick: &mut Pick) -> Listing {
    let asset = match pick.below(4) {
        0 => Asset::WhsAgent { whs_agent_id: pick.text() },
        1 => Asset::AgentromaticWorkflow { agentromatic_workflow_id: pick.text() },
        2 => Asset::SpecAsset { spec_id: pick.text(), schema_version: parsed("2026-01") },
        _ => Asset::Pack {
            members: BoundedList::try_from(vec![listing_id(n + 1), listing_id(n + 2)]).unwrap(),
        },
    };
    Listing {
        id: listing_id(n),
        publisher: pick.group(publisher_id),
        slug: parsed(&format!("sample-{n}")),
        asset,
        content: ListingContent {
            title: pick.text(),
            summary: pick.text(),
            description: pick.optional(Pick::text),
            tags: match pick.flag() {
                true => vec!["c++".to_owned(), "rag".to_owned()].try_into().unwrap(),
                false => Default::default(),
            },
            category: parsed(pick.one_of(CATEGORIES)),
            price_class: pick.one_of(PriceClass::ALL),
            // Public and published twice as often, since a catalogue holds nothing else.
            visibility: pick.one_of(&[
                Visibility::Public,
                Visibility::Public,
                Visibility::Unlisted,
                Visibility::Organisation,
            ]),
            documentation: pick.optional(|_| parsed("https://docs.example/a?b=c&d='e'")),
            repository: pick.optional(|_| parsed("https://git.example/acme/bot")),
            license: pick.optional(|_| parsed("MIT OR Apache-2.0")),
        },
        media: media(n, pick),
        state: pick.one_of(&[
            ListingState::Published,
            ListingState::Published,
            ListingState::Deprecated,
            ListingState::Draft,
            ListingState::TakenDown,
        ]),
        successor: pick.optional(|_| listing_id(n + 1)),
        takedown: pick.optional(|pick| Takedown {
            class: pick.one_of(TakedownReason::ALL),
            reason: pick.text(),
            state_before: pick.one_of(ListingState::ALL),
            at: pick.time(),
        }),
        held: pick.optional(|pick| pick.below(4) == 0).unwrap_or_default(),
        imported_popularity: pick.optional(|_| u64::MAX).unwrap_or_default(),
        created_at: pick.time(),
        updated_at: pick.time(),
        published_at: pick.optional(Pick::time),
        released_at: pick.time(),
        latest: pick.optional(|_| parsed("1.4.0+build.7")),
    }
}

/// Images of the n-th listing.
fn media(n: u64, pick: &mut Pick) -> ListingMedia {
    let image = |upload: u64, format| Image {
        digest: digest(upload),
        upload: upload_id(upload),
        format,
        size: ImageSize::new(640, 480).unwrap(),
        bytes: 4_096.try_into().unwrap(),
    };
    let screenshot = pick.optional(|pick| Screenshot {
        image: image(2 * n + 1, ImageFormat::Jpeg),
        alt: pick.text(),
    });
    ListingMedia {
        icon: pick.optional(|_| image(2 * n, ImageFormat::Png)),
        screenshots: Vec::from_iter(screenshot).try_into().unwrap(),
    }
}

/// The categories of samples.
pub const CATEGORIES: &[&str] = &["ai", "ai-2", "data"];

/// The n-th release: of listing `n % GROUPS`.
pub fn release(n: u64, pick: &mut Pick) -> Release {
    let [major, minor, patch] = [n / GROUPS / 16, n / GROUPS / 4 % 4 * 5, n / GROUPS % 4 * 5];
    let suffix = ["", "-alpha", "-alpha.9", "-alpha.10+build.7"];
    // The number decides the suffix too, since it is part of the key.
    let suffix = suffix[usize::try_from(n * 7 / 3 % 4).unwrap()];
    Release {
        listing: listing_id(n % GROUPS),
        version: parsed(&format!("{major}.{minor}.{patch}{suffix}")),
        content: ReleaseContent {
            notes: pick.optional(Pick::text),
            compatibility: pick
                .optional(|_| Compatibility { system: parsed("whs"), range: parsed(">=1.2, <3") })
                .map(|entry| BoundedList::try_from(vec![entry]).unwrap())
                .unwrap_or_default(),
            capabilities: pick
                .optional(|_| vec!["net:http".to_owned()].try_into().unwrap())
                .unwrap_or_default(),
            secrets: pick
                .optional(|_| vec!["SMTP_PASSWORD".to_owned()].try_into().unwrap())
                .unwrap_or_default(),
            artifacts: pick
                .optional(|_| ArtifactPointer {
                    uri: parsed("oci://registry.example/acme/bot:1.0"),
                    digest: digest(n),
                    size: ByteSize::MAX,
                    media_type: parsed("application/gzip"),
                })
                .map(|pointer| BoundedList::try_from(vec![pointer]).unwrap())
                .unwrap_or_default(),
            deployment_pin: pick.optional(Pick::text),
            schema_version: pick.optional(|_| parsed("2026-01")),
        },
        digest: digest(n),
        yanked: pick.optional(Pick::text),
        published_at: pick.time(),
    }
}

/// The n-th progress of the index: that of version n.
pub fn index_progress(n: u64, pick: &mut Pick) -> IndexProgress {
    IndexProgress {
        version: u16::try_from(n).unwrap(),
        followed: Position::new(pick.below(100)),
        sweep: pick.optional(|pick| IndexSweep {
            publisher: pick.optional(|pick| pick.group(publisher_id)),
            after: pick.optional(|pick| (Position::new(pick.below(100)), pick.group(listing_id))),
        }),
    }
}

/// The keys of well-known names of samples.
pub const LIKENESS_KEYS: &[&str] = &["d:sample", "s:sarnple", "w:a-b"];

/// The n-th publisher or listing that has a name.
pub fn name_subject(n: u64) -> NameSubject {
    match n.is_multiple_of(2) {
        true => NameSubject::Publisher(publisher_id(n / 2)),
        false => NameSubject::Listing(listing_id(n / 2)),
    }
}

/// The n-th key of a well-known name: of subject `n / 3`.
pub fn well_known(n: u64) -> WellKnown {
    let keys = LIKENESS_KEYS.len();
    let key = LIKENESS_KEYS[usize::try_from(n).unwrap() % keys];
    WellKnown { key: parsed(key), of: name_subject(n / keys as u64) }
}

/// The n-th review of a name.
pub fn name_review(n: u64, pick: &mut Pick) -> NameReview {
    let subject = name_subject(n);
    let (names, resembles) = match subject {
        NameSubject::Publisher(_) => (
            ReviewedName::Publisher { handle: parsed(&format!("sample-{n}")), name: pick.text() },
            match pick.flag() {
                true => Resembled::Publisher(pick.group(publisher_id)),
                false => Resembled::Reserved(parsed("fleetprompt")),
            },
        ),
        NameSubject::Listing(_) => (
            ReviewedName::Listing {
                slug: parsed(&format!("sample-{n}")),
                title: pick.optional(Pick::text),
            },
            Resembled::Listing(pick.group(listing_id)),
        ),
    };
    NameReview {
        subject,
        names,
        likeness: pick.one_of(Likeness::ALL),
        resembles,
        state: pick.one_of(NameState::ALL),
        reason: pick.optional(Pick::text),
        held_at: pick.time(),
        decided_at: pick.optional(Pick::time),
    }
}

/// The n-th report of abuse.
pub fn report(n: u64, pick: &mut Pick) -> Report {
    Report {
        id: report_id(n),
        subject: name_subject(pick.below(2 * GROUPS)),
        reporter: pick.group(person_id),
        class: pick.one_of(ReportClass::ALL),
        text: pick.text(),
        evidence: pick.optional(|_| parsed("https://acme.example/?q='%25'")),
        state: pick.one_of(ReportState::ALL),
        reason: pick.optional(Pick::text),
        filed_at: pick.time(),
        decided_at: pick.optional(Pick::time),
    }
}

/// The n-th text that was rendered: a description, or notes.
pub fn rendered(n: u64, pick: &mut Pick) -> Rendered {
    let text: String = pick.one_of(TEXTS).to_owned();
    Rendered {
        listing: listing_id(n),
        release: (n % 2 == 1).then(|| parsed("1.0.0")),
        repository: pick.optional(|_| parsed("https://code.example/acme/?q='%25'")),
        source: Sha256Digest::of(text.as_bytes()),
        sanitiser: SanitiserVersion::new(u32::try_from(pick.below(GROUPS)).unwrap()),
        html: RenderedHtml::of_markdown(&text, &RenderContext::default()),
    }
}

/// How far texts have been looked for.
pub fn rendering_progress(pick: &mut Pick) -> RenderingProgress {
    let place = |pick: &mut Pick| (Position::new(pick.below(100)), pick.group(listing_id));
    match pick.below(3) {
        0 => RenderingProgress::Descriptions { after: pick.optional(place) },
        1 => {
            let after = pick.optional(|pick| {
                let (created, listing) = place(pick);
                (created, listing, parsed("1.0.0"))
            });
            RenderingProgress::Notes { after }
        }
        _ => RenderingProgress::Done,
    }
}

/// The kinds of which there is more than one record.
pub fn kinds_of_many() -> impl Iterator<Item = &'static RecordKind> {
    let single = [RecordKind::Deployment, RecordKind::RenderingProgress];
    RecordKind::ALL.iter().filter(move |kind| !single.contains(kind))
}

/// The n-th record of a kind; there may be only one, see [`kinds_of_many`].
pub fn record(kind: RecordKind, n: u64, pick: &mut Pick) -> Record {
    match kind {
        RecordKind::Deployment => {
            let id = DeploymentId::from_bytes(bytes("deployment", n));
            let since = pick.time();
            let disregarded = pick.optional(Pick::time);
            let upkeep = pick.optional(|pick| UpkeepTime {
                reached: pick.time(),
                doubted: pick.optional(Pick::time),
            });
            let keys = KIDS.iter().map(|kid| (parsed(kid), digest(n))).collect();
            Deployment { id, since, keys, disregarded, upkeep }.into()
        }
        RecordKind::Tenant => tenant(n, pick).into(),
        RecordKind::Person => person(n, pick).into(),
        RecordKind::Publisher => publisher(n, pick).into(),
        RecordKind::Membership => membership(n, pick).into(),
        RecordKind::Invitation => invitation(n, pick).into(),
        RecordKind::Listing => listing(n, pick).into(),
        RecordKind::Release => release(n, pick).into(),
        RecordKind::Binding => binding(n, pick).into(),
        RecordKind::Entitlement => entitlement(n, pick).into(),
        RecordKind::Seat => seat(n, pick).into(),
        RecordKind::Attempt => attempt(n, pick).into(),
        RecordKind::BuyerMark => buyer_mark(n, pick).into(),
        RecordKind::Standing => standing(n, pick).into(),
        RecordKind::IndexProgress => index_progress(n, pick).into(),
        RecordKind::WellKnown => well_known(n).into(),
        RecordKind::NameReview => name_review(n, pick).into(),
        RecordKind::Report => report(n, pick).into(),
        RecordKind::Rendered => rendered(n, pick).into(),
        RecordKind::RenderingProgress => rendering_progress(pick).into(),
    }
}
