//! How much one address may have open.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// What each address has open of one thing.
#[derive(Debug, Default)]
pub(super) struct ByAddress {
    open: Mutex<BTreeMap<IpAddr, u32>>,
}

impl ByAddress {
    /// A place among at most `most`, until it is dropped.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr, most: u32) -> Option<Place> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place { of: Arc::clone(self), address })
    }
}

/// One of those that an address may have.
pub(super) struct Place {
    of: Arc<ByAddress>,
    address: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.of.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}
