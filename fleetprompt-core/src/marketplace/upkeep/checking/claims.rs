//! What names and counters must agree with: whose they are.

use std::str::FromStr;

use crate::domain::{
    AssetKind, Binding, BindingState, Entitlement, Report, ReportState, SystemName, Tenant,
    TenantId, UpstreamId,
};
use crate::error::Result;
use crate::port::{ClaimedName, CounterFamily, NameOwner, NameScope, RecordKey, Scan};

use super::look::Look;
use super::report::FaultKind;

/// The record of whoever has a name; `None` if the owner or the name is none that could have been
/// written down.
pub(super) fn bearer(name: &ClaimedName, owner: &NameOwner) -> Option<RecordKey> {
    fn id<T: FromStr>(owner: &NameOwner) -> Option<T> {
        owner.as_str().parse().ok()
    }
    match name.scope() {
        NameScope::Handle => id(owner).map(RecordKey::publisher),
        NameScope::Slug => id(owner).map(RecordKey::listing),
        NameScope::EntitlementSource => id(owner).map(RecordKey::entitlement),
        NameScope::OpenReport => id(owner).map(RecordKey::report),
        NameScope::Reference => {
            let mut parts = name.name().splitn(3, '/');
            let system: SystemName = parts.next()?.parse().ok()?;
            let kind: AssetKind = parts.next()?.parse().ok()?;
            let upstream: UpstreamId = parts.next()?.parse().ok()?;
            Some(RecordKey::binding(id(owner)?, &system, kind, &upstream))
        }
    }
}

impl Look<'_> {
    /// Looks at a name, and at what its owner says of it. A name that nobody has is in order.
    pub(super) async fn at_name(&mut self, name: &ClaimedName) -> Result<()> {
        let Some(owner) = self.owner(name).await? else { return Ok(()) };
        let Some(key) = bearer(name, &owner) else {
            self.find(FaultKind::NameAstray);
            return Ok(());
        };
        let borne = match name.scope() {
            // Former handles and slugs stay with whoever had them, as redirects.
            NameScope::Handle | NameScope::Slug => self.row(&key).await?.is_some(),
            NameScope::EntitlementSource => {
                let found = self.record::<Entitlement>(&key).await?;
                found.is_some_and(|found| ClaimedName::source(&found) == *name)
            }
            NameScope::Reference => {
                let found = self.record::<Binding>(&key).await?;
                found.is_some_and(|found| found.state == BindingState::Confirmed)
            }
            NameScope::OpenReport => {
                let found = self.record::<Report>(&key).await?;
                found.is_some_and(|found| {
                    let open = ClaimedName::open_report(found.reporter, found.subject);
                    found.state == ReportState::Open && open == *name
                })
            }
        };
        if !borne {
            self.find(FaultKind::NameAstray);
        }
        Ok(())
    }

    /// Looks at whose a counter is, and, where no record stands for them any more, at what it counts.
    pub(super) async fn at_counter(&mut self, scope: &str, name: &str) -> Result<()> {
        let word = name.split_once('/').map_or(name, |(word, _)| word);
        let family = CounterFamily::ALL.iter().find(|family| family.name() == word);
        let counted_for = match family {
            Some(
                CounterFamily::Owners
                | CounterFamily::Members
                | CounterFamily::Renames
                | CounterFamily::Listings
                | CounterFamily::Releases
                | CounterFamily::Invitations
                | CounterFamily::MediaBytes
                | CounterFamily::Uploads,
            ) => scope.parse().ok().map(RecordKey::publisher),
            Some(CounterFamily::Seats) => scope.parse().ok().map(RecordKey::entitlement),
            Some(CounterFamily::Begun | CounterFamily::Redeemed) => {
                scope.parse().ok().map(RecordKey::listing)
            }
            // Tenants and persons are forgotten, and what they did on a day is counted all the same.
            Some(CounterFamily::Attempts | CounterFamily::Reports) => return Ok(()),
            Some(CounterFamily::Publishers) => return self.at_publishers_of(scope).await,
            None => None,
        };
        let there = match counted_for {
            Some(key) => self.row(&key).await?.is_some(),
            None => false,
        };
        if !there {
            self.find(FaultKind::CounterAstray);
        }
        Ok(())
    }

    async fn at_publishers_of(&mut self, scope: &str) -> Result<()> {
        let Ok(tenant) = scope.parse::<TenantId>() else {
            self.find(FaultKind::CounterAstray);
            return Ok(());
        };
        // What is wrong with one that is there is said of it.
        if self.first_two::<Tenant>(&Scan::TenantBehind(tenant)).await?.is_empty() {
            self.count_publishers(tenant).await?;
        }
        Ok(())
    }
}
