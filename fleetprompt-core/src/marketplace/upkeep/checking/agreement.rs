//! What a record must agree with.

use crate::domain::{
    Asset, BindingState, Channel, Entitlement, Invitation, Listing, ListingId, ListingState,
    Membership, NameReview, NameState, NameSubject, Person, PersonId, Publisher, PublisherId,
    PublisherRole, Release, ReportState, Seat, Tenant, TenantId, Version,
};
use crate::error::Result;
use crate::marketplace::publishing::releases::by_version;
use crate::port::{
    ClaimedName, Counter, CounterFamily, Record, RecordKey, RecordKind, Scan, Versioned,
};

use super::look::Look;
use super::report::FaultKind;

/// The records that one refers to by their key, and which outlive it.
pub(super) fn referred(record: &Record) -> Vec<RecordKey> {
    let of = |subject: NameSubject| match subject {
        NameSubject::Publisher(id) => RecordKey::publisher(id),
        NameSubject::Listing(id) => RecordKey::listing(id),
    };
    match record {
        Record::Membership(it) => vec![RecordKey::publisher(it.publisher)],
        Record::Invitation(it) => vec![RecordKey::publisher(it.publisher)],
        Record::Binding(it) => vec![RecordKey::publisher(it.publisher)],
        Record::Listing(it) => {
            let mut keys = vec![RecordKey::publisher(it.publisher)];
            keys.extend(it.successor.map(RecordKey::listing));
            if let Asset::Pack { members } = &it.asset {
                keys.extend(members.as_slice().iter().copied().map(RecordKey::listing));
            }
            keys
        }
        Record::Release(it) => vec![RecordKey::listing(it.listing)],
        Record::Rendered(it) => vec![RecordKey::listing(it.listing)],
        Record::Standing(it) => vec![RecordKey::listing(it.listing)],
        Record::BuyerMark(it) => vec![RecordKey::listing(it.listing)],
        Record::Entitlement(it) => {
            vec![RecordKey::listing(it.listing), RecordKey::publisher(it.publisher)]
        }
        Record::Seat(it) => vec![RecordKey::entitlement(it.entitlement)],
        Record::Attempt(it) => vec![
            RecordKey::listing(it.listing),
            RecordKey::publisher(it.publisher),
            RecordKey::entitlement(it.entitlement),
        ],
        Record::WellKnown(it) => vec![of(it.of)],
        Record::NameReview(it) => vec![of(it.subject)],
        Record::Report(it) => vec![of(it.subject)],
        Record::Deployment(_)
        | Record::Tenant(_)
        | Record::Person(_)
        | Record::Publisher(_)
        | Record::IndexProgress(_)
        | Record::RenderingProgress(_) => vec![],
    }
}

/// The release that a record refers to. It goes before the record when a tenant is deleted.
pub(super) fn release_of(record: &Record) -> Option<(ListingId, &Version)> {
    match record {
        Record::Attempt(it) => Some((it.listing, &it.version)),
        Record::Rendered(it) => it.release.as_ref().map(|version| (it.listing, version)),
        _ => None,
    }
}

impl Look<'_> {
    /// Looks at a record, and at what it must agree with. One that is gone agrees with everything.
    pub(super) async fn at_record(&mut self, key: &RecordKey) -> Result<()> {
        let Some(row) = self.row(key).await? else { return Ok(()) };
        let Versioned { created, changed, value: record, .. } = row;
        if changed < created {
            self.find(FaultKind::PositionWrong);
        }
        for key in referred(&record) {
            self.require(&key).await?;
        }
        if let Some((listing, version)) = release_of(&record) {
            self.require_release(listing, version).await?;
        }
        match &record {
            Record::Tenant(tenant) => self.at_tenant(tenant).await,
            Record::Person(person) => self.at_person(person).await,
            Record::Membership(member) => self.require_person(member.person).await,
            Record::Publisher(publisher) => self.at_publisher(publisher).await,
            Record::Listing(listing) => self.at_listing(listing).await,
            Record::Entitlement(entitlement) => self.at_entitlement(entitlement).await,
            Record::Binding(it) if it.state == BindingState::Confirmed => {
                self.hold(&ClaimedName::reference(it), it.publisher).await
            }
            Record::Report(it) if it.state == ReportState::Open => {
                self.hold(&ClaimedName::open_report(it.reporter, it.subject), it.id).await
            }
            _ => Ok(()),
        }
    }

    async fn at_tenant(&mut self, tenant: &Tenant) -> Result<()> {
        if self.first_two::<Tenant>(&Scan::TenantBehind(tenant.id)).await?.len() > 1 {
            self.find(FaultKind::SurrogateShared);
        }
        self.count_publishers(tenant.id).await
    }

    pub(super) async fn count_publishers(&mut self, tenant: TenantId) -> Result<()> {
        let [publishers] = self.sum(&Scan::PublishersOf(tenant), |_: &Publisher| [1]).await?;
        self.count(&Counter::publishers(tenant), publishers).await
    }

    async fn at_person(&mut self, person: &Person) -> Result<()> {
        if self.first_two::<Person>(&Scan::PersonBehind(person.id)).await?.len() > 1 {
            self.find(FaultKind::SurrogateShared);
        }
        if self.first_two::<Tenant>(&Scan::TenantBehind(person.tenant)).await?.is_empty() {
            self.find(FaultKind::ReferenceBroken(RecordKind::Tenant));
        }
        Ok(())
    }

    async fn require_person(&mut self, person: PersonId) -> Result<()> {
        if self.first_two::<Person>(&Scan::PersonBehind(person)).await?.is_empty() {
            self.find(FaultKind::ReferenceBroken(RecordKind::Person));
        }
        Ok(())
    }

    async fn at_publisher(&mut self, publisher: &Publisher) -> Result<()> {
        let id = publisher.id;
        self.hold(&ClaimedName::handle(&publisher.handle.skeleton()), id).await?;
        // Whoever goes with their tenant leaves no name to decide about.
        if publisher.held && publisher.suspended.is_none() {
            self.require_review(NameSubject::Publisher(id)).await?;
        }
        let member = |it: &Membership| [1, u64::from(it.role == PublisherRole::Owner)];
        let [members, owners] = self.sum(&Scan::MembersOf(id), member).await?;
        let listing =
            |it: &Listing| [u64::from(it.state != ListingState::Deleted), it.media.bytes()];
        let [listings, bytes] = self.sum(&Scan::ListingsOf(id), listing).await?;
        let [invitations] = self.sum(&Scan::InvitationsOf(id), |_: &Invitation| [1]).await?;
        let counts = [
            (CounterFamily::Owners, owners),
            (CounterFamily::Members, members),
            (CounterFamily::Listings, listings),
            (CounterFamily::MediaBytes, bytes),
            (CounterFamily::Invitations, invitations),
        ];
        for (family, there_are) in counts {
            self.count(&Counter::of_publisher(family, id), there_are).await?;
        }
        Ok(())
    }

    async fn at_listing(&mut self, listing: &Listing) -> Result<()> {
        // A deleted one keeps what it said last, and its name only if somebody could have followed it.
        if listing.state == ListingState::Deleted {
            return Ok(());
        }
        self.hold(&ClaimedName::slug(listing.publisher, &listing.slug), listing.id).await?;
        if listing.held {
            self.require_review(NameSubject::Listing(listing.id)).await?;
        }
        let releases = by_version(listing.id, Channel::Stable);
        let latest = self.first_two::<Release>(&releases).await?.into_iter().next();
        if listing.latest != latest.map(|release| release.version)
            && !self.goes_with_its_tenant(listing.publisher).await?
        {
            self.find(FaultKind::LatestWrong);
        }
        Ok(())
    }

    async fn at_entitlement(&mut self, entitlement: &Entitlement) -> Result<()> {
        let id = entitlement.id;
        self.hold(&ClaimedName::source(entitlement), id).await?;
        let [taken] = self.sum(&Scan::SeatsOf(id), |_: &Seat| [1]).await?;
        self.count(&Counter::seats(id), taken).await
    }

    /// Expects that the operators' queue has a name that is held, since nobody could decide else.
    async fn require_review(&mut self, subject: NameSubject) -> Result<()> {
        let review = self.record::<NameReview>(&RecordKey::name_review(subject)).await?;
        if review.is_none_or(|review| review.state == NameState::Allowed) {
            self.find(FaultKind::ReferenceBroken(RecordKind::NameReview));
        }
        Ok(())
    }

    async fn require_release(&mut self, listing: ListingId, version: &Version) -> Result<()> {
        if self.row(&RecordKey::release(listing, version)).await?.is_some() {
            return Ok(());
        }
        let gone = match self.record::<Listing>(&RecordKey::listing(listing)).await? {
            Some(listing) if listing.state == ListingState::Deleted => true,
            Some(listing) => self.goes_with_its_tenant(listing.publisher).await?,
            None => false,
        };
        if !gone {
            self.find(FaultKind::ReferenceBroken(RecordKind::Release));
        }
        Ok(())
    }

    /// Whether a publisher's tenant is being deleted, which takes its releases before its listings.
    async fn goes_with_its_tenant(&mut self, publisher: PublisherId) -> Result<bool> {
        let publisher = self.record::<Publisher>(&RecordKey::publisher(publisher)).await?;
        let Some(publisher) = publisher.filter(|it| it.suspended.is_some()) else {
            return Ok(false);
        };
        let tenant = self.first_two::<Tenant>(&Scan::TenantBehind(publisher.tenant)).await?;
        Ok(tenant.first().is_none_or(|tenant| tenant.closing))
    }
}
