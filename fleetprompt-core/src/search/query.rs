//! What somebody typed.

use std::convert::Infallible;
use std::str::FromStr;

use crate::domain::{AssetKind, Handle, Tag};
use crate::port::{Term, Token};

/// What somebody typed, understood.
///
/// ```
/// use fleetprompt_core::search::Query;
/// assert!(Query::parse("").is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Query {
    all: Vec<QueryClause>,
    none: Vec<QueryClause>,
    kinds: Vec<AssetKind>,
    tags: Vec<Tag>,
    publishers: Vec<Handle>,
    without_kinds: Vec<AssetKind>,
    without_tags: Vec<Tag>,
    without_publishers: Vec<Handle>,
    name_key: Option<String>,
    cut: bool,
}

/// Something that a text must, or must not, have.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum QueryClause {
    /// A word, or any of the terms that it may be a part of.
    Word { token: Token, joined: Vec<Term>, prefix: bool },
    /// At least two words next to each other.
    Phrase(Vec<Token>),
}

impl Query {
    /// Understands a text; any text is one.
    pub fn parse(text: &str) -> Self {
        let _ = text;
        Query::default()
    }

    pub(crate) fn all(&self) -> &[QueryClause] {
        &self.all
    }

    pub(crate) fn none(&self) -> &[QueryClause] {
        &self.none
    }

    pub(crate) fn kinds(&self) -> &[AssetKind] {
        &self.kinds
    }

    pub(crate) fn tags(&self) -> &[Tag] {
        &self.tags
    }

    pub(crate) fn publishers(&self) -> &[Handle] {
        &self.publishers
    }

    pub(crate) fn without_kinds(&self) -> &[AssetKind] {
        &self.without_kinds
    }

    pub(crate) fn without_tags(&self) -> &[Tag] {
        &self.without_tags
    }

    pub(crate) fn without_publishers(&self) -> &[Handle] {
        &self.without_publishers
    }

    pub(crate) fn name_key(&self) -> Option<&str> {
        self.name_key.as_deref()
    }

    /// Whether it asks for no words.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether the text was longer than what is looked at.
    pub fn is_cut(&self) -> bool {
        self.cut
    }
}

impl FromStr for Query {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Query::parse(text))
    }
}
