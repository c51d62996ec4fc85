//! What the layers inside find out about a request, for its line in the log.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use fleetprompt_core::port::Principal;

/// Among a request's extensions.
#[derive(Clone, Default)]
pub(crate) struct Exchange {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    caller: OnceLock<&'static str>,
    address: OnceLock<IpAddr>,
}

impl Exchange {
    /// Who asks, by kind alone.
    pub(crate) fn note_caller(&self, principal: &Principal) {
        let kind = match principal {
            Principal::Anonymous => "anonymous",
            Principal::Person { .. } => "person",
            Principal::System { .. } => "system",
            Principal::Operator { .. } => "operator",
        };
        // The first is the one that the route asked for.
        let _ = self.inner.caller.set(kind);
    }

    pub(crate) fn note_address(&self, address: IpAddr) {
        let _ = self.inner.address.set(address);
    }

    pub(super) fn caller(&self) -> Option<&'static str> {
        self.inner.caller.get().copied()
    }

    pub(super) fn address(&self) -> Option<IpAddr> {
        self.inner.address.get().copied()
    }
}
