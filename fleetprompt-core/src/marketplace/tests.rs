//! What publishers, visitors, owning systems and operators see happen.

pub(super) mod fixture;

mod catalogue;
mod feed;
mod importing;
mod isolation;
mod listings;
mod logs;
mod members;
mod metrics;
mod moderation;
mod people;
mod references;
mod releases;
mod replay;
mod tenants;
mod upkeep;
