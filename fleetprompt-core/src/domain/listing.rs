//! Listings: one asset offered by a publisher, by reference.

use serde::{Deserialize, Serialize};

use super::bounded::BoundedList;
use super::id::{ListingId, PublisherId};
use super::link::WebLink;
use super::media::ListingMedia;
use super::name::Slug;
use super::time::Timestamp;
use super::version::Version;
use super::vocabulary::{AssetKind, ListingState, PriceClass, TakedownReason, Visibility};
use super::{
    Category, Description, License, Reason, SchemaVersion, Summary, Tags, Title, UpstreamId,
};

/// The most listings that a pack can hold.
pub const PACK_MEMBERS_MAX: usize = 20;

/// The asset that a listing offers: a reference to what an owning system holds, never a copy
/// (specification, section 3.2).
///
/// ```
/// use fleetprompt_core::domain::Asset;
/// let asset: Asset = serde_json::from_str(r#"{"kind":"whs_agent","whsAgentId":"agt_7"}"#)?;
/// assert_eq!(asset.kind().as_str(), "whs_agent");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Asset {
    /// An agent that WebHost.Systems runs.
    #[serde(rename_all = "camelCase")]
    WhsAgent {
        /// The agent's id there.
        whs_agent_id: UpstreamId,
    },
    /// A workflow that Agentromatic runs.
    #[serde(rename_all = "camelCase")]
    AgentromaticWorkflow {
        /// The workflow's id there.
        agentromatic_workflow_id: UpstreamId,
    },
    /// A specification asset that SpecPrompt holds.
    #[serde(rename_all = "camelCase")]
    SpecAsset {
        /// The asset's id there.
        spec_id: UpstreamId,
        /// The version of the schema that the asset follows.
        schema_version: SchemaVersion,
    },
    /// A collection of other listings.
    Pack {
        /// The listings, in the order in which they are shown.
        #[cfg_attr(feature = "openapi", schema(value_type = BTreeSet<ListingId>, max_items = 20))]
        members: BoundedList<ListingId, PACK_MEMBERS_MAX>,
    },
}

impl Asset {
    /// Which kind of asset this is.
    pub fn kind(&self) -> AssetKind {
        match self {
            Asset::WhsAgent { .. } => AssetKind::WhsAgent,
            Asset::AgentromaticWorkflow { .. } => AssetKind::AgentromaticWorkflow,
            Asset::SpecAsset { .. } => AssetKind::SpecAsset,
            Asset::Pack { .. } => AssetKind::Pack,
        }
    }

    /// The owning system's id of the asset; `None` for a pack, which lives here.
    pub fn upstream_id(&self) -> Option<&UpstreamId> {
        match self {
            Asset::WhsAgent { whs_agent_id: id }
            | Asset::AgentromaticWorkflow { agentromatic_workflow_id: id }
            | Asset::SpecAsset { spec_id: id, .. } => Some(id),
            Asset::Pack { .. } => None,
        }
    }
}

/// One asset offered by a publisher.
///
/// ```
/// use fleetprompt_core::domain::{Listing, ListingState};
/// # let id = "01940000-0000-7000-8000-000000000001";
/// # let published: Listing = serde_json::from_value(serde_json::json!({
/// #     "id": id, "publisher": id, "slug": "invoice-sorter",
/// #     "asset": { "kind": "whs_agent", "whsAgentId": "agent/42" },
/// #     "content": { "title": "Invoice sorter", "summary": "Sorts invoices.",
/// #         "category": "finance", "priceClass": "free", "visibility": "public" },
/// #     "state": "published", "createdAt": "2026-01-01T00:00:00Z",
/// #     "updatedAt": "2026-01-01T00:00:00Z", "releasedAt": "2026-01-01T00:00:00Z",
/// # }))?;
/// assert!(published.is_listed() && published.is_obtainable());
/// let deprecated = Listing { state: ListingState::Deprecated, ..published };
/// assert!(deprecated.is_listed(), "still in the catalogue");
/// assert!(!deprecated.is_obtainable());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listing {
    /// The listing's id.
    pub id: ListingId,
    /// Whose it is.
    pub publisher: PublisherId,
    /// The name in URLs, unique in its publisher under its skeleton.
    pub slug: Slug,
    /// What is offered.
    pub asset: Asset,
    /// What pages show.
    pub content: ListingContent,
    /// Its icon and screenshots.
    #[serde(default, skip_serializing_if = "ListingMedia::is_empty")]
    pub media: ListingMedia,
    /// Where in its life the listing is.
    pub state: ListingState,
    /// The listing to use in place of this deprecated one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<ListingId>,
    /// Present while an operator has taken the listing down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takedown: Option<Takedown>,
    /// Whether its slug is held since it was first to be read by everybody: to all but its
    /// publisher's members it is as if it did not exist, and never was anything else.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
    /// A quality signal that an operator's import brought along; 0 without one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub imported_popularity: u64,
    /// When the listing was created.
    pub created_at: Timestamp,
    /// When the listing was last changed.
    pub updated_at: Timestamp,
    /// When the listing first became public: what was never public leaves no trace in the feed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_at: Option<Timestamp>,
    /// When its newest release was published, or the listing created.
    pub released_at: Timestamp,
    /// The highest stable version that is not yanked: what its releases say, kept where a page of
    /// listings finds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<Version>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// What a publisher says of a listing; all of it can be edited.
///
/// ```
/// use fleetprompt_core::domain::ListingContent;
/// let mut content = serde_json::json!({
///     "title": "Invoice sorter", "summary": "Sorts invoices.", "category": "finance",
///     "priceClass": "free", "visibility": "public",
/// });
/// assert!(serde_json::from_value::<ListingContent>(content.clone()).is_ok());
/// content["badge"] = "verified".into();
/// assert!(serde_json::from_value::<ListingContent>(content).is_err(), "not for it to say");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListingContent {
    /// The name that pages show.
    pub title: Title,
    /// A sentence or two.
    pub summary: Summary,
    /// The long text, as its author wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Description>,
    /// Words to find it by.
    #[serde(default)]
    pub tags: Tags,
    /// The shelf it stands on.
    pub category: Category,
    /// Whether anyone may claim it.
    pub price_class: PriceClass,
    /// Who may see it once it is published.
    pub visibility: Visibility,
    /// Where its documentation is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documentation: Option<WebLink>,
    /// Where its source is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<WebLink>,
    /// Under which licence it stands (an SPDX expression).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<License>,
}

/// An operator's decision to take a listing down.
///
/// ```
/// use fleetprompt_core::domain::{ListingState, Takedown, TakedownReason, Timestamp};
/// let takedown = Takedown {
///     class: TakedownReason::Impersonation,
///     reason: "Carries another publisher's name.".parse()?,
///     state_before: ListingState::Unlisted,
///     at: Timestamp::MIN,
/// };
/// assert!(ListingState::TakenDown.can_become(takedown.state_before));
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Takedown {
    /// The class of the reason, which the public feed shows.
    pub class: TakedownReason,
    /// The reason, which the publisher is told.
    pub reason: Reason,
    /// The state to return to when the decision is reversed.
    pub state_before: ListingState,
    /// When it was decided.
    pub at: Timestamp,
}

impl Listing {
    /// Whether the listing stands in the public catalogue: browsing finds it.
    pub fn is_listed(&self) -> bool {
        !self.held
            && self.content.visibility == Visibility::Public
            && matches!(self.state, ListingState::Published | ListingState::Deprecated)
    }

    /// Whether somebody who knows its address may read it without further standing.
    pub fn is_readable_by_anyone(&self) -> bool {
        self.content.visibility != Visibility::Organisation && self.is_offered()
    }

    /// Whether everybody who knows its address may read it, or might if its name were not held.
    pub fn is_shown_but_for_its_name(&self) -> bool {
        Listing { held: false, ..self.clone() }.is_readable_by_anyone()
    }

    /// Whether it is offered at all, so that those who own it may install it: also when it is
    /// unlisted or deprecated, and not when it was taken down or deleted, or its name is held.
    pub fn is_offered(&self) -> bool {
        !self.held
            && matches!(
                self.state,
                ListingState::Published | ListingState::Unlisted | ListingState::Deprecated
            )
    }

    /// Whether new entitlements may be claimed and new installs begun.
    pub fn is_obtainable(&self) -> bool {
        !self.held && self.state == ListingState::Published
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(state: ListingState, visibility: Visibility) -> Listing {
        let id = "01940000-0000-7000-8000-000000000001";
        let noon = "2026-01-31T12:00:00Z";
        serde_json::from_value(serde_json::json!({
            "id": id, "publisher": id, "slug": "sorter", "state": state,
            "asset": { "kind": "whs_agent", "whsAgentId": "agent/42" },
            "content": {
                "title": "Sorter", "summary": "Sorts.", "category": "finance",
                "priceClass": "free", "visibility": visibility,
            },
            "createdAt": noon, "updatedAt": noon, "releasedAt": noon,
        }))
        .unwrap()
    }

    /// Who sees what, written down anew: `l` stands in the catalogue, `r` is readable by anyone
    /// with the address, `o` is obtainable, `-` is not.
    #[test]
    fn what_is_seen_and_obtained_follows_from_state_and_visibility() {
        let table = [
            //               public  unlisted  organisation
            ("draft", ["---", "---", "---"]),
            ("published", ["lro", "-ro", "--o"]),
            ("unlisted", ["-r-", "-r-", "---"]),
            ("deprecated", ["lr-", "-r-", "---"]),
            ("taken_down", ["---", "---", "---"]),
            ("deleted", ["---", "---", "---"]),
        ];
        assert_eq!(table.len(), ListingState::ALL.len());
        for &state in ListingState::ALL {
            for &visibility in Visibility::ALL {
                let held = Listing { held: true, ..listing(state, visibility) };
                let seen = held.is_listed() || held.is_readable_by_anyone();
                assert!(!seen && !held.is_obtainable(), "{state}, {visibility}, held");
            }
        }
        for (state, row) in table {
            let state = state.parse().unwrap();
            let visibilities = [Visibility::Public, Visibility::Unlisted, Visibility::Organisation];
            assert_eq!(visibilities.len(), Visibility::ALL.len());
            let found = visibilities.map(|visibility| {
                let listing = listing(state, visibility);
                let flag = |is: bool, letter| if is { letter } else { '-' };
                String::from_iter([
                    flag(listing.is_listed(), 'l'),
                    flag(listing.is_readable_by_anyone(), 'r'),
                    flag(listing.is_obtainable(), 'o'),
                ])
            });
            assert_eq!(found, row, "{state}");
        }
    }

    #[test]
    fn an_asset_names_its_reference_as_the_specification_does() {
        let id: UpstreamId = "x/1".parse().unwrap();
        let json = |asset: &Asset| serde_json::to_string(asset).unwrap();
        for (asset, written) in [
            (
                Asset::WhsAgent { whs_agent_id: id.clone() },
                r#"{"kind":"whs_agent","whsAgentId":"x/1"}"#,
            ),
            (
                Asset::AgentromaticWorkflow { agentromatic_workflow_id: id.clone() },
                r#"{"kind":"agentromatic_workflow","agentromaticWorkflowId":"x/1"}"#,
            ),
            (
                Asset::SpecAsset { spec_id: id.clone(), schema_version: "2.1".parse().unwrap() },
                r#"{"kind":"spec_asset","specId":"x/1","schemaVersion":"2.1"}"#,
            ),
        ] {
            assert_eq!(json(&asset), written);
            assert_eq!(asset.upstream_id(), Some(&id));
            assert_eq!(serde_json::from_str::<Asset>(written).unwrap(), asset);
        }
        let copied = r#"{"kind":"whs_agent","whsAgentId":"x/1","logs":"upstream's"}"#;
        assert!(serde_json::from_str::<Asset>(copied).is_err(), "references, not copies");
    }
}
