//! How a path names a publisher or a release.

use std::fmt;

use fleetprompt_core::ErrorCode;
use fleetprompt_core::domain::{Channel, Handle, ListingId, ParseError, PublisherId, Version};
use fleetprompt_core::marketplace::{Found, PublisherView, ReleaseView};
use serde::Deserialize;

use crate::convention::{Caller, Problem};

/// A publisher by its id, or by its handle. An id is taken for an id, also where somebody has a handle
/// that is spelt like one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum PublisherAddress {
    Id(PublisherId),
    Handle(Handle),
}

impl TryFrom<String> for PublisherAddress {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        match text.parse() {
            Ok(id) => Ok(PublisherAddress::Id(id)),
            Err(_) => text.parse().map(PublisherAddress::Handle),
        }
    }
}

impl PublisherAddress {
    /// The publisher, or where it stands now.
    pub(crate) async fn find(
        &self,
        caller: &Caller,
    ) -> Result<Found<PublisherView, Handle>, Problem> {
        match self {
            PublisherAddress::Id(id) => Ok(Found::Here(caller.publisher(*id).await?)),
            PublisherAddress::Handle(handle) => Ok(caller.publisher_by_handle(handle).await?),
        }
    }

    /// The id of the publisher, also by a handle that it once had.
    pub(crate) async fn id(&self, caller: &Caller) -> Result<PublisherId, Problem> {
        let mut address = self.clone();
        // A handle that was left leads to the one that stands: one step.
        for _ in 0..2 {
            match address.find(caller).await? {
                Found::Here(publisher) => return Ok(publisher.id),
                Found::Moved(handle) => address = PublisherAddress::Handle(handle),
            }
        }
        Err(ErrorCode::PublisherNotFound.into())
    }
}

/// A release by its version, or the latest of a channel.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum ReleaseAddress {
    Version(Version),
    Latest(Channel),
}

impl TryFrom<String> for ReleaseAddress {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        match text.as_str() {
            "latest" => Ok(ReleaseAddress::Latest(Channel::Stable)),
            "latest-prerelease" => Ok(ReleaseAddress::Latest(Channel::Prerelease)),
            _ => text.parse().map(ReleaseAddress::Version),
        }
    }
}

impl fmt::Display for ReleaseAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReleaseAddress::Version(version) => version.fmt(f),
            ReleaseAddress::Latest(Channel::Stable) => f.write_str("latest"),
            ReleaseAddress::Latest(Channel::Prerelease) => f.write_str("latest-prerelease"),
        }
    }
}

impl ReleaseAddress {
    pub(crate) async fn find(
        &self,
        caller: &Caller,
        listing: ListingId,
    ) -> Result<ReleaseView, Problem> {
        Ok(match self {
            ReleaseAddress::Version(version) => caller.release(listing, version).await?,
            ReleaseAddress::Latest(channel) => caller.latest_release(listing, *channel).await?,
        })
    }
}
