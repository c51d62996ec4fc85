//! The caller of a route, authenticated.

use axum::extract::FromRequestParts;
use fleetprompt_core::Acting;
use http::request::Parts;

use super::Problem;
use crate::api::Api;

/// Who asks, with the marketplace as it looks to them. It stands first among a handler's arguments: a bad
/// credential is refused before anything else is looked at.
#[derive(Clone, Debug)]
pub struct Caller(pub Acting);

impl Caller {
    /// Whether the answer may be kept by others: only what nobody in particular asked for.
    pub(crate) fn is_anonymous(&self) -> bool {
        self.0.principal().is_anonymous()
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(head: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let principal = api.identity().authenticate(head).await?;
        Ok(Caller(api.market().act_as(principal)))
    }
}
