//! Filters and orders of the public catalogue.

use serde::{Deserialize, Serialize};

use crate::domain::{
    AssetKind, BadgeKind, Category, PriceClass, PublisherId, SystemName, Tags, Timestamp,
};
use crate::port::{Clause, Matching, Term};

use super::label;

/// Which listings of the public catalogue to show. Filters that are set all apply. Read from JSON, one
/// that is not known is refused: left out, it would show everything.
///
/// ```
/// use fleetprompt_core::domain::AssetKind;
/// use fleetprompt_core::search::CatalogueFilter;
/// let finance = CatalogueFilter {
///     kind: Some(AssetKind::WhsAgent),
///     category: Some("finance".parse()?),
///     ..CatalogueFilter::default()
/// };
/// assert_ne!(finance, CatalogueFilter::default());
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct CatalogueFilter {
    /// Only this kind of asset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<AssetKind>,
    /// Only this publisher.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<PublisherId>,
    /// Only this category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// Only what has all of these tags.
    #[serde(skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// Only of publishers with this badge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub badge: Option<BadgeKind>,
    /// Only what works with this system: the one that owns the asset, or one that the latest
    /// stable release names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<SystemName>,
    /// Only what had a release at this time or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_since: Option<Timestamp>,
    /// Only this price class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_class: Option<PriceClass>,
}

impl CatalogueFilter {
    /// What an entry must have to pass.
    pub(crate) fn matching(&self) -> Matching {
        let mut all = Vec::new();
        let mut only = |label: Option<Term>| all.push(clause(label));
        if let Some(kind) = self.kind {
            only(label::kind(kind));
        }
        if let Some(publisher) = self.publisher {
            only(label::publisher(publisher));
        }
        if let Some(category) = &self.category {
            only(label::category(category));
        }
        self.tags.as_slice().iter().for_each(|tag| only(label::tag(tag)));
        if let Some(badge) = self.badge {
            only(label::badge(badge));
        }
        if let Some(system) = &self.system {
            only(label::system(system));
        }
        if let Some(class) = self.price_class {
            only(label::price_class(class));
        }
        if let Some(since) = self.updated_since {
            all.push(label::released_since(since));
        }
        Matching { all, none: Vec::new(), since: self.updated_since }
    }
}

/// The clause of a label. One that could not be written down is nowhere.
pub(crate) fn clause(label: Option<Term>) -> Clause {
    label.map(Clause::of).unwrap_or_default()
}

/// In which order to show what was found.
///
/// ```
/// use fleetprompt_core::search::CatalogueOrder;
/// assert_eq!(CatalogueOrder::default(), CatalogueOrder::Relevance);
/// assert_eq!(serde_json::to_string(&CatalogueOrder::RecentlyUpdated)?, r#""recently_updated""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CatalogueOrder {
    /// What fits the words best. Without words, the same as [`Popularity`](Self::Popularity).
    #[default]
    Relevance,
    /// By quality, the best first: installs by distinct buyers before all.
    Popularity,
    /// The latest created first.
    Newest,
    /// The latest released first.
    RecentlyUpdated,
    /// By name, as it is folded for searching.
    Name,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_filter_is_not_taken_for_none() {
        let read = |json| serde_json::from_str::<CatalogueFilter>(json);
        let free =
            CatalogueFilter { price_class: Some(PriceClass::Free), ..CatalogueFilter::default() };
        assert_eq!(read(r#"{"priceClass":"free"}"#).unwrap(), free);
        for misspelt in [r#"{"price_class":"free"}"#, r#"{"tag":["ai"]}"#] {
            assert!(read(misspelt).is_err(), "{misspelt}");
        }
    }
}
