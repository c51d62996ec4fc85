//! Quotas: how much a publisher, a tenant or a person may have.

/// How much a publisher, a tenant or a person may have. Operators' imports are exempt.
///
/// ```
/// use fleetprompt_core::policy::Quotas;
/// let strict = Quotas { releases_per_day: 10, ..Quotas::default() };
/// assert_eq!(strict.listings_per_publisher, 500);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Publishers in a tenant.
    pub publishers_per_tenant: u64,
    /// Handles that a publisher may take in the place of others, which stay its own for good.
    pub renames_per_publisher: u64,
    /// Listings of a publisher that are not deleted.
    pub listings_per_publisher: u64,
    /// Releases that a publisher may publish in a day (UTC).
    pub releases_per_day: u64,
    /// Bytes of the images of a publisher's listings, as they are kept.
    pub media_bytes_per_publisher: u64,
    /// Images that may be uploaded to a publisher's listings in a day (UTC), whether they stay or not.
    pub uploads_per_day: u64,
    /// Members of a publisher.
    pub members_per_publisher: u64,
    /// Invitations of a publisher that are pending, or have expired and are not yet pruned.
    pub pending_invitations: u64,
    /// Installs that a tenant may begin in a day (UTC).
    pub installs_per_day: u64,
    /// Reports of abuse that a person may file in a day (UTC).
    pub reports_per_day: u64,
}

impl Default for Quotas {
    fn default() -> Self {
        Quotas {
            publishers_per_tenant: 20,
            renames_per_publisher: 20,
            listings_per_publisher: 500,
            releases_per_day: 200,
            media_bytes_per_publisher: 256 << 20,
            uploads_per_day: 200,
            members_per_publisher: 100,
            pending_invitations: 50,
            installs_per_day: 10_000,
            reports_per_day: 20,
        }
    }
}
