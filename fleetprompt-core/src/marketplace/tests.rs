//! What publishers, visitors, owning systems and operators see happen.

pub(super) mod fixture;

mod audiences;
mod bounds;
mod catalogue;
mod checking;
mod exporting;
mod feed;
mod held_listings;
mod held_publishers;
mod importing;
mod indexing;
mod isolation;
mod key_rings;
mod limits;
mod listings;
mod logs;
mod meanwhile;
mod members;
mod metrics;
mod moderation;
mod people;
mod popularity;
mod references;
mod refreshing;
mod releases;
mod rendering;
mod replay;
mod reports;
#[cfg(feature = "openapi")]
mod schemas;
mod secrets;
mod tenants;
mod time;
mod upkeep;
#[cfg(feature = "images")]
mod uploads;
