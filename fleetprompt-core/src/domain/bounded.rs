//! Short lists of structured entries without duplicates.

use serde::{Deserialize, Serialize};

use super::parse::ParseError;

/// At most `MAX` entries, none of them twice, in the order in which they were given.
///
/// ```
/// use fleetprompt_core::domain::BoundedList;
/// let two: BoundedList<u8, 2> = vec![1, 2].try_into()?;
/// assert_eq!(two.as_slice(), [1, 2]);
/// assert!(BoundedList::<u8, 2>::try_from(vec![1, 1]).is_err());
/// assert!(BoundedList::<u8, 2>::try_from(vec![1, 2, 3]).is_err());
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<T>", bound(deserialize = "T: Deserialize<'de> + PartialEq"))]
pub struct BoundedList<T, const MAX: usize>(Vec<T>);

impl<T, const MAX: usize> BoundedList<T, MAX> {
    /// The entries, in order.
    pub fn as_slice(&self) -> &[T] {
        &self.0
    }
}

impl<T, const MAX: usize> Default for BoundedList<T, MAX> {
    fn default() -> Self {
        BoundedList(Vec::new())
    }
}

impl<T: PartialEq, const MAX: usize> TryFrom<Vec<T>> for BoundedList<T, MAX> {
    type Error = ParseError;

    fn try_from(entries: Vec<T>) -> Result<Self, ParseError> {
        super::list::check(&entries, "list", MAX)?;
        Ok(BoundedList(entries))
    }
}
