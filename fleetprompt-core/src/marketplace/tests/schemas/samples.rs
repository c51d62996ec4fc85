//! Answers with everything that there can be, and with as little as there can be.

use std::fmt::Debug;

use serde_json::{Value, json};

use super::super::fixture::of;
use crate::domain::*;
use crate::marketplace::*;

pub(super) fn id<T: std::str::FromStr<Err: Debug>>() -> T {
    of("01940000-0000-7000-8000-000000000001")
}

pub(super) fn at() -> Timestamp {
    of("2026-01-31T09:30:00.5Z")
}

pub(super) fn badge() -> BadgeView {
    BadgeView { kind: BadgeKind::Verified, granted_at: at() }
}

pub(super) fn brief() -> PublisherBrief {
    PublisherBrief { id: id(), handle: of("acme"), name: of("Acme"), badges: vec![badge()] }
}

pub(super) fn full_content() -> Value {
    json!({
        "title": "Bot", "summary": "Answers.", "description": "Answers *all* of it.",
        "tags": ["ai", "c++"], "category": "agents", "priceClass": "free", "visibility": "public",
        "documentation": "https://docs.example/", "repository": "https://git.example/acme/bot",
        "license": "MIT",
    })
}

pub(super) fn bare_content() -> Value {
    json!({ "title": "Bot", "summary": "Answers.", "category": "agents", "priceClass": "free",
            "visibility": "public" })
}

pub(super) fn held() -> HeldName {
    HeldName {
        why: HoldReason::LooksWellKnown,
        names: ReviewedName::Publisher { handle: of("acme"), name: of("Acme") },
        state: NameState::Refused,
        reason: Some(of("Taken for another.")),
        held_at: at(),
    }
}

pub(super) fn full_listing() -> ListingView {
    let (digest, alt) = (Sha256Digest::of(b""), of("A list."));
    let size = ImageSize::new(64, 32).unwrap();
    let image = ImageView { digest, media_type: "image/png", size };
    let shot = ScreenshotView { image: image.clone(), alt };
    ListingView {
        id: id(),
        publisher: brief(),
        slug: of("bot"),
        asset: Asset::SpecAsset { spec_id: of("s1"), schema_version: of("2026-01") },
        content: serde_json::from_value(full_content()).unwrap(),
        media: MediaView { icon: Some(image), screenshots: vec![shot] },
        state: ListingState::Deprecated,
        successor: Some(id()),
        takedown: Some(Takedown {
            class: TakedownReason::Malware,
            reason: of("It phones home."),
            state_before: ListingState::Published,
            at: at(),
        }),
        held: Some(held()),
        reference: Some(BindingState::Confirmed),
        latest: Some(of("1.4.0")),
        revision: Revision::FIRST,
        created_at: at(),
        updated_at: at(),
        released_at: at(),
    }
}

pub(super) fn bare_listing() -> ListingView {
    ListingView {
        asset: Asset::Pack { members: vec![id()].try_into().unwrap() },
        content: serde_json::from_value(bare_content()).unwrap(),
        media: MediaView::default(),
        successor: None,
        takedown: None,
        held: None,
        reference: None,
        latest: None,
        ..full_listing()
    }
}

pub(super) fn full_publisher() -> PublisherView {
    PublisherView {
        id: id(),
        handle: of("acme"),
        profile: PublisherProfile {
            name: of("Acme"),
            summary: Some(of("Makes agents.")),
            website: Some(of("https://acme.example/")),
        },
        badges: vec![badge()],
        suspended: Some(of("Impersonates another publisher.")),
        held: Some(held()),
        revision: Revision::FIRST,
        created_at: at(),
    }
}

pub(super) fn bare_publisher() -> PublisherView {
    let profile = PublisherProfile { name: of("Acme"), summary: None, website: None };
    PublisherView { profile, suspended: None, held: None, ..full_publisher() }
}
