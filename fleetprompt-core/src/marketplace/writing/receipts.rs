//! What writes answer: ids, states, revisions and times, the same to a retry.

use serde::{Deserialize, Serialize};

use crate::domain::{Handle, HoldReason, PublisherId, Revision, Timestamp};

/// What a write to a publisher answers.
///
/// ```
/// # use fleetprompt_core::domain::{PersonIdentity, PublisherProfile};
/// # use fleetprompt_core::marketplace::NewPublisher;
/// # use fleetprompt_core::memory::MemoryStore;
/// # use fleetprompt_core::port::Principal;
/// # use fleetprompt_core::token::{KeyRing, MasterKey};
/// # use fleetprompt_core::Marketplace;
/// use fleetprompt_core::marketplace::PublisherReceipt;
/// # pollster::block_on(async {
/// # let market = Marketplace::builder(MemoryStore::default())
/// #     .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?))
/// #     .issuer("https://market.example".parse()?).build().await?;
/// # let ada = PersonIdentity::personal("https://id.example".parse()?, "user_ada".parse()?);
/// # let ada = market.act_as(Principal::person(ada));
/// # let profile = PublisherProfile { name: "Acme".parse()?, summary: None, website: None };
/// # let new = NewPublisher { handle: "acme".parse()?, profile };
/// let key = "create-acme-0001".parse()?;
/// let first: PublisherReceipt = ada.create_publisher(new.clone(), &key).await?;
/// let retry = ada.create_publisher(new, &key).await?;
/// assert_eq!(first, retry);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PublisherReceipt {
    /// The publisher.
    pub id: PublisherId,
    /// Its handle.
    pub handle: Handle,
    /// Its revision after the write.
    pub revision: Revision,
    /// When it was written.
    pub at: Timestamp,
    /// Why the names asked for are held for review, if they are: a new publisher is seen by its
    /// members alone until then, another one goes on under its former names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<HoldReason>,
}
