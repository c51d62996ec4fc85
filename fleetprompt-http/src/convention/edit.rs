//! What every edit takes.

use axum::extract::{FromRequest, FromRequestParts as _, Request};
use fleetprompt_core::domain::{IdempotencyKey, Revision};
use serde::de::DeserializeOwned;

use super::{IfMatch, Key, PathOf, Problem, SignedIn};
use crate::api::Api;

/// An edit of what a path names: who makes it, of what, under which key, from which revision, and what it
/// says. They are read in this order, so that the first that is wrong decides the answer.
#[derive(Clone, Debug)]
pub struct Edit<P, B> {
    /// Who makes it.
    pub caller: SignedIn,
    /// What the path names.
    pub of: P,
    /// What makes it safe to repeat.
    pub key: IdempotencyKey,
    /// What it starts from.
    pub revision: Revision,
    /// What it says.
    pub body: B,
}

impl<P, B> FromRequest<Api> for Edit<P, B>
where
    P: DeserializeOwned + Send,
    B: FromRequest<Api, Rejection = Problem>,
{
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let (mut head, body) = request.into_parts();
        let caller = SignedIn::from_request_parts(&mut head, api).await?;
        let PathOf(of) = PathOf::from_request_parts(&mut head, api).await?;
        let Key(key) = Key::from_request_parts(&mut head, api).await?;
        let IfMatch(revision) = IfMatch::from_request_parts(&mut head, api).await?;
        let body = B::from_request(Request::from_parts(head, body), api).await?;
        Ok(Edit { caller, of, key, revision, body })
    }
}
