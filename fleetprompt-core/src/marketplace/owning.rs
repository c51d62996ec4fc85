//! What buyers do: they come to own, and are handed over to the owning system, which redeems.

mod buyers;
mod entitlements;
mod grounds;
mod installs;
mod minting;
mod redemption;

pub use entitlements::{EntitlementReceipt, EntitlementView, Holder, OperatorGrant};
pub use installs::{
    AttemptView, BeginInstall, Handover, InstallLink, InstallReceipt, InstallStarted, Way,
};
pub use redemption::{ActiveToken, Introspection, RedeemRequest, RedeemedManifest};
