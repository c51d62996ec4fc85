//! What writes answer: ids, states, revisions and times, the same to a retry.

use serde::{Deserialize, Serialize};

use crate::domain::{Handle, PublisherId, Revision, Timestamp};

/// What a write to a publisher answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
}
