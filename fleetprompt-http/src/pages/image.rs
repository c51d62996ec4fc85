//! Icons and screenshots, where pages and the texts in them look for them.

use fleetprompt_core::domain::ListingId;

use crate::api::media;
use crate::convention::{Answer, Caller, PathOf, Problem};

pub(super) async fn image(
    caller: Caller,
    PathOf((listing, digits)): PathOf<(ListingId, String)>,
) -> Answer {
    let digest = format!("sha256:{digits}").parse().map_err(|_| Problem::not_found())?;
    media::file(&caller, listing, digest).await
}
