//! The marketplace's own row: which copy of the data this is.

use serde::{Deserialize, Serialize};

use super::id::DeploymentId;
use super::time::Timestamp;

/// Which copy of the data this is. Keys are derived with the id, so tokens of one deployment are
/// worth nothing in another.
///
/// ```
/// use fleetprompt_core::domain::{Deployment, DeploymentId, Timestamp};
/// let before = Deployment { id: DeploymentId::from_bytes([1; 16]), since: Timestamp::MIN };
/// let restored = Deployment { id: DeploymentId::from_bytes([2; 16]), ..before.clone() };
/// // A store has one such row, whatever the id.
/// assert_eq!(before.key(), restored.key());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// The id; random, and renewed when a copy becomes another environment or was restored.
    pub id: DeploymentId,
    /// Since when the id stands.
    pub since: Timestamp,
}
