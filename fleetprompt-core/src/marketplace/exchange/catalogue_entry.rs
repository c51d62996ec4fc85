//! A catalogue in JSON Lines, as an export writes it and an import reads it back.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::{
    Asset, BadgeKind, BoundedList, EvidenceReference, Handle, JsonError, JsonRule, ListingContent,
    ListingState, PACK_MEMBERS_MAX, ParseError, PublisherProfile, Reason, ReleaseContent,
    SchemaVersion, Slug, TakedownReason, Timestamp, UpstreamId, Version, from_json_tree, json_tree,
};

use super::import_line::{BOUNDS, ImportLine, unreadable};
use crate::marketplace::ListingAddress;

/// One entry of a catalogue. Written as a JSON object whose `type` says which.
///
/// Entries name publishers and listings by handle and slug, so that they mean the same in every
/// marketplace. They hold what a catalogue offers and what operators decided about it: no ids, no
/// members, no entitlements, no images.
///
/// ```
/// use fleetprompt_core::marketplace::{CatalogueEntry, CatalogueLine};
/// let line = r#"{"type":"publisher","handle":"acme","profile":{"name":"Acme Robotics"}}"#;
/// let CatalogueLine::Entry(entry) = CatalogueLine::parse(line, false)? else { unreachable!() };
/// assert!(matches!(&*entry, CatalogueEntry::Publisher(acme) if acme.handle.as_str() == "acme"));
/// assert_eq!(serde_json::to_string(&entry)?, line);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CatalogueEntry {
    /// A publisher.
    Publisher(PublisherEntry),
    /// A listing, without its releases.
    Listing(ListingEntry),
    /// A release of a listing.
    Release(ReleaseEntry),
    /// That a listing is deprecated.
    Deprecation(DeprecationEntry),
    /// That a listing is taken down.
    Takedown(TakedownEntry),
    /// That a publisher is suspended.
    Suspension(SuspensionEntry),
}

/// What must be imported before what: entries of one stage rest on those of the stages before and
/// not on each other, so they may be imported at the same time.
///
/// ```
/// use fleetprompt_core::marketplace::CatalogueStage;
/// assert!(CatalogueStage::Publishers < CatalogueStage::Listings);
/// assert!(CatalogueStage::Listings < CatalogueStage::Packs);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CatalogueStage {
    /// Publishers.
    Publishers,
    /// Listings that refer to what an owning system has.
    Listings,
    /// Listings that hold other listings.
    Packs,
    /// Releases.
    Releases,
    /// Deprecations, which may name a successor.
    Deprecations,
    /// What was taken down.
    Takedowns,
    /// Who is suspended, last: nothing can be added to a publisher then.
    Suspensions,
}

impl CatalogueStage {
    /// Every stage, in order.
    pub const ALL: [CatalogueStage; 7] = [
        CatalogueStage::Publishers,
        CatalogueStage::Listings,
        CatalogueStage::Packs,
        CatalogueStage::Releases,
        CatalogueStage::Deprecations,
        CatalogueStage::Takedowns,
        CatalogueStage::Suspensions,
    ];

    /// The stage after it.
    pub(super) fn next(self) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| *stage > self)
    }

    /// The word for it in a cursor.
    pub(super) const fn word(self) -> &'static str {
        match self {
            CatalogueStage::Publishers => "publishers",
            CatalogueStage::Listings => "listings",
            CatalogueStage::Packs => "packs",
            CatalogueStage::Releases => "releases",
            CatalogueStage::Deprecations => "deprecations",
            CatalogueStage::Takedowns => "takedowns",
            CatalogueStage::Suspensions => "suspensions",
        }
    }
}

impl CatalogueEntry {
    /// The stage at which it is imported.
    pub fn stage(&self) -> CatalogueStage {
        match self {
            CatalogueEntry::Publisher(_) => CatalogueStage::Publishers,
            CatalogueEntry::Listing(ListingEntry { asset: EntryAsset::Pack { .. }, .. }) => {
                CatalogueStage::Packs
            }
            CatalogueEntry::Listing(_) => CatalogueStage::Listings,
            CatalogueEntry::Release(_) => CatalogueStage::Releases,
            CatalogueEntry::Deprecation(_) => CatalogueStage::Deprecations,
            CatalogueEntry::Takedown(_) => CatalogueStage::Takedowns,
            CatalogueEntry::Suspension(_) => CatalogueStage::Suspensions,
        }
    }
}

/// A publisher of a catalogue.
///
/// ```
/// use fleetprompt_core::marketplace::PublisherEntry;
/// let acme = r#"{"handle":"acme","profile":{"name":"Acme"},
///     "badges":[{"kind":"verified","evidence":"case-1138"}]}"#;
/// let acme: PublisherEntry = serde_json::from_str(acme)?;
/// assert_eq!(acme.badges.len(), 1);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublisherEntry {
    /// The name in URLs.
    pub handle: Handle,
    /// What it says of itself.
    pub profile: PublisherProfile,
    /// What operators vouch for; one of each kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub badges: Vec<EntryBadge>,
}

/// A badge of a publisher of a catalogue.
///
/// ```
/// use fleetprompt_core::{domain::BadgeKind, marketplace::EntryBadge};
/// let badge = EntryBadge { kind: BadgeKind::Partner, evidence: "contract-7".parse()? };
/// assert_eq!(badge.evidence.as_str(), "contract-7");
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EntryBadge {
    /// Which badge.
    pub kind: BadgeKind,
    /// Where the evidence lies, in the operator's own records.
    pub evidence: EvidenceReference,
}

/// A listing of a catalogue.
///
/// ```
/// use fleetprompt_core::domain::ListingState;
/// use fleetprompt_core::marketplace::ListingEntry;
/// let bot = r#"{"publisher":"acme","slug":"bot","asset":{"kind":"whs_agent","whsAgentId":"a1"},
///     "content":{"title":"Bot","summary":"Answers.","category":"agents","priceClass":"free",
///     "visibility":"public"}}"#;
/// let bot: ListingEntry = serde_json::from_str(bot)?;
/// assert_eq!((bot.state, bot.confirmed), (ListingState::Published, false), "by default");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListingEntry {
    /// The publisher's handle.
    pub publisher: Handle,
    /// The name in URLs.
    pub slug: Slug,
    /// What is offered.
    pub asset: EntryAsset,
    /// What pages show.
    pub content: ListingContent,
    /// Where in its life it is: a draft, published or unlisted. What became of it later are entries
    /// of their own.
    #[serde(default = "published")]
    pub state: ListingState,
    /// Whether the owning system confirmed the reference. Counts in an import only if the operator
    /// gives their word for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confirmed: bool,
    /// The popularity that it brings along, kept as a quality signal.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub popularity: u64,
}

fn published() -> ListingState {
    ListingState::Published
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// As [`Asset`], whose packs name their members by address.
///
/// ```
/// use fleetprompt_core::marketplace::EntryAsset;
/// let pack = r#"{"kind":"pack","members":[{"handle":"acme","slug":"bot"}]}"#;
/// let EntryAsset::Pack { members } = serde_json::from_str(pack)? else { unreachable!() };
/// assert_eq!(members.as_slice()[0].slug.as_str(), "bot");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum EntryAsset {
    /// An agent that WebHost.Systems runs.
    WhsAgent {
        /// The agent's id there.
        whs_agent_id: UpstreamId,
    },
    /// A workflow that Agentromatic runs.
    AgentromaticWorkflow {
        /// The workflow's id there.
        agentromatic_workflow_id: UpstreamId,
    },
    /// A specification asset that SpecPrompt holds.
    SpecAsset {
        /// The asset's id there.
        spec_id: UpstreamId,
        /// The version of the schema that the asset follows.
        schema_version: SchemaVersion,
    },
    /// A collection of other listings.
    Pack {
        /// The listings, in the order in which they are shown.
        members: BoundedList<ListingAddress, PACK_MEMBERS_MAX>,
    },
}

impl EntryAsset {
    /// The asset of anything but a pack.
    pub(super) fn reference(&self) -> Option<Asset> {
        Some(match self.clone() {
            EntryAsset::WhsAgent { whs_agent_id } => Asset::WhsAgent { whs_agent_id },
            EntryAsset::AgentromaticWorkflow { agentromatic_workflow_id } => {
                Asset::AgentromaticWorkflow { agentromatic_workflow_id }
            }
            EntryAsset::SpecAsset { spec_id, schema_version } => {
                Asset::SpecAsset { spec_id, schema_version }
            }
            EntryAsset::Pack { .. } => return None,
        })
    }

    /// The entry of anything but a pack.
    pub(super) fn of_reference(asset: &Asset) -> Option<Self> {
        Some(match asset.clone() {
            Asset::WhsAgent { whs_agent_id } => EntryAsset::WhsAgent { whs_agent_id },
            Asset::AgentromaticWorkflow { agentromatic_workflow_id } => {
                EntryAsset::AgentromaticWorkflow { agentromatic_workflow_id }
            }
            Asset::SpecAsset { spec_id, schema_version } => {
                EntryAsset::SpecAsset { spec_id, schema_version }
            }
            Asset::Pack { .. } => return None,
        })
    }
}

/// A release of a catalogue.
///
/// ```
/// use fleetprompt_core::marketplace::ReleaseEntry;
/// let first = r#"{"publisher":"acme","slug":"bot","version":"1.0.0",
///     "publishedAt":"2026-01-31T12:00:00Z","content":{"notes":"The first."}}"#;
/// let first: ReleaseEntry = serde_json::from_str(first)?;
/// assert!(first.yanked.is_none());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReleaseEntry {
    /// The publisher's handle.
    pub publisher: Handle,
    /// The listing's slug.
    pub slug: Slug,
    /// The version.
    pub version: Version,
    /// When it was published.
    pub published_at: Timestamp,
    /// What its publisher says of it.
    #[serde(default)]
    pub content: ReleaseContent,
    /// Why it is yanked, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yanked: Option<Reason>,
}

/// That a listing of a catalogue is deprecated.
///
/// ```
/// use fleetprompt_core::marketplace::DeprecationEntry;
/// let old = r#"{"publisher":"acme","slug":"bot","successor":{"handle":"acme","slug":"bot-2"}}"#;
/// let old: DeprecationEntry = serde_json::from_str(old)?;
/// assert!(old.successor.is_some());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeprecationEntry {
    /// The publisher's handle.
    pub publisher: Handle,
    /// The listing's slug.
    pub slug: Slug,
    /// The listing to use in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<ListingAddress>,
}

/// That a listing of a catalogue is taken down.
///
/// ```
/// use fleetprompt_core::marketplace::TakedownEntry;
/// let spam = r#"{"publisher":"acme","slug":"bot","class":"spam","reason":"Sells watches."}"#;
/// let spam: TakedownEntry = serde_json::from_str(spam)?;
/// assert_eq!(spam.class.as_str(), "spam");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TakedownEntry {
    /// The publisher's handle.
    pub publisher: Handle,
    /// The listing's slug.
    pub slug: Slug,
    /// The class of the reason, which everybody sees.
    pub class: TakedownReason,
    /// The reason, which its publisher is told.
    pub reason: Reason,
}

/// That a publisher of a catalogue is suspended.
///
/// ```
/// use fleetprompt_core::marketplace::SuspensionEntry;
/// let acme: SuspensionEntry = serde_json::from_str(r#"{"publisher":"acme","reason":"Fraud."}"#)?;
/// assert_eq!(acme.publisher.as_str(), "acme");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SuspensionEntry {
    /// The publisher's handle.
    pub publisher: Handle,
    /// The reason, which its members are told.
    pub reason: Reason,
}

/// A line of a catalogue that was understood: an entry if it has a `type`, otherwise a row.
///
/// ```
/// use fleetprompt_core::marketplace::CatalogueLine;
/// let line = r#"{"type":"suspension","publisher":"acme","reason":"Fraud."}"#;
/// assert!(matches!(CatalogueLine::parse(line, false)?, CatalogueLine::Entry(_)));
/// let line = r#"{"publisher":"acme","slug":"bot","kind":"whs_agent","upstreamId":"a1",
///     "title":"Bot","summary":"Answers.","version":"1.0.0"}"#;
/// assert!(matches!(CatalogueLine::parse(line, false)?, CatalogueLine::Row(_)));
///
/// let line = r#"{"type":"suspension","publisher":"acme","reason":""}"#;
/// let refused = CatalogueLine::parse(line, false).unwrap_err();
/// assert_eq!(refused.to_string(), "/reason reason must not be empty");
/// # Ok::<(), fleetprompt_core::marketplace::CatalogueLineError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CatalogueLine {
    /// A row of a foreign catalogue.
    Row(Box<ImportLine>),
    /// An entry of a catalogue that was exported.
    Entry(Box<CatalogueEntry>),
}

/// Why a line was not understood. Names the field and the rule, never the value.
///
/// ```
/// use fleetprompt_core::marketplace::CatalogueLine;
/// let refused = CatalogueLine::parse(r#"{"type":"canary"}"#, false).unwrap_err();
/// assert!(refused.to_string().starts_with("/type must be one of publisher, listing"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueLineError {
    /// A row breaks a rule.
    #[error(transparent)]
    Row(#[from] ParseError),
    /// An entry breaks a rule.
    #[error(transparent)]
    Entry(#[from] JsonError),
    /// There is no such type of entries.
    #[error("/type must be one of publisher, listing, release, deprecation, takedown, suspension")]
    UnknownType,
    /// A listing is at a state that is an entry of its own.
    #[error("/state must be one of draft, published, unlisted")]
    State,
}

impl CatalogueLine {
    /// Understands a line of at most
    /// [`IMPORT_LINE_MAX_BYTES`](crate::marketplace::IMPORT_LINE_MAX_BYTES). With `confirm`, the references of
    /// rows, and of entries that say so, count as confirmed on the importing operator's word.
    ///
    /// # Errors
    /// The first field that is missing, unknown or breaks its rule.
    pub fn parse(line: &str, confirm: bool) -> Result<Self, CatalogueLineError> {
        let tree = json_tree(line.as_bytes(), BOUNDS).map_err(unreadable)?;
        let Value::Object(mut fields) = tree else {
            return Err(JsonError::whole(JsonRule::WrongType).into());
        };
        match fields.remove("type") {
            None => Ok(CatalogueLine::Row(Box::new(ImportLine::of(fields, confirm)?))),
            Some(kind) => {
                let entry = CatalogueEntry::of(kind.as_str().unwrap_or_default(), fields)?;
                Ok(CatalogueLine::Entry(Box::new(entry.confirmed_if(confirm))))
            }
        }
    }
}

impl CatalogueEntry {
    fn of(kind: &str, fields: Map<String, Value>) -> Result<Self, CatalogueLineError> {
        let tree = Value::Object(fields);
        Ok(match kind {
            "publisher" => CatalogueEntry::Publisher(from_json_tree(tree)?),
            "listing" => {
                let entry: ListingEntry = from_json_tree(tree)?;
                use ListingState::{Draft, Published, Unlisted};
                if !matches!(entry.state, Draft | Published | Unlisted) {
                    return Err(CatalogueLineError::State);
                }
                CatalogueEntry::Listing(entry)
            }
            "release" => CatalogueEntry::Release(from_json_tree(tree)?),
            "deprecation" => CatalogueEntry::Deprecation(from_json_tree(tree)?),
            "takedown" => CatalogueEntry::Takedown(from_json_tree(tree)?),
            "suspension" => CatalogueEntry::Suspension(from_json_tree(tree)?),
            _ => return Err(CatalogueLineError::UnknownType),
        })
    }

    fn confirmed_if(self, confirm: bool) -> Self {
        match self {
            CatalogueEntry::Listing(entry) => CatalogueEntry::Listing(ListingEntry {
                confirmed: entry.confirmed && confirm,
                ..entry
            }),
            other => other,
        }
    }
}
