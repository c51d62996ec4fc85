//! What publishers, visitors, owning systems and operators see happen.

mod fixture;

mod catalogue;
mod feed;
mod isolation;
mod listings;
mod members;
mod moderation;
mod references;
mod releases;
mod replay;
