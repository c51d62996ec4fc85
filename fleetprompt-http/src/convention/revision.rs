//! Revisions as entity tags (RFC 9110 §8.8, §13.1).

use axum::extract::FromRequestParts;
use fleetprompt_core::ErrorCode;
use fleetprompt_core::domain::{Revision, RuleCode};
use http::request::Parts;
use http::{StatusCode, header};
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Required, schema::Type};

use super::Problem;

/// The revision that an edit starts from, taken from `If-Match`: the `ETag` of the answer that was read.
#[derive(Clone, Copy, Debug)]
pub struct IfMatch(pub Revision);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else {
            let detail = "An edit needs an If-Match header with the ETag that was read.";
            let status = StatusCode::PRECONDITION_REQUIRED;
            let problem = Problem::new(status, "precondition_required", detail);
            return Err(problem.at("If-Match", RuleCode::Missing, "must be sent"));
        };
        let tag = value.to_str().ok().and_then(|tag| tag.strip_prefix('"')?.strip_suffix('"'));
        let Some(tag) = tag else {
            return Err(Problem::parameter(
                "If-Match",
                RuleCode::Format,
                "must be one strong entity tag",
            ));
        };
        let revision = tag.split_once('-').and_then(|(revision, _)| revision.parse().ok());
        // The revision alone is compared, whatever stands behind it; a tag without one matches nothing.
        Ok(IfMatch(Revision::new(revision.ok_or(ErrorCode::RevisionMismatch)?)))
    }
}

impl utoipa::IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let parameter = ParameterBuilder::new()
            .name("If-Match")
            .parameter_in(ParameterIn::Header)
            .required(Required::True)
            .description(Some("The `ETag` of the answer that the edit starts from."))
            .schema(Some(
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .pattern(Some("^\"[0-9]+-[0-9a-f]{16}\"$")),
            ))
            .example(Some("\"3-5f0c9a1be2d47788\"".into()));
        vec![parameter.build()]
    }
}
