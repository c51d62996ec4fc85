//! The key that makes a write safe to repeat.

use axum::extract::FromRequestParts;
use fleetprompt_core::domain::{IdempotencyKey, RuleCode};
use http::StatusCode;
use http::request::Parts;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Required, schema::Type};

use super::Problem;

const NAME: &str = "Idempotency-Key";

/// The `Idempotency-Key` header, which each write needs: 16 to 255 visible ASCII characters, bare or as
/// a structured field's string, in quotes.
#[derive(Clone, Debug)]
pub struct Key(pub IdempotencyKey);

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut sent = parts.headers.get_all(NAME).iter();
        let Some(value) = sent.next() else {
            let detail = "A write needs an Idempotency-Key header, so that it is safe to repeat.";
            let problem = Problem::new(StatusCode::BAD_REQUEST, "idempotency_key_missing", detail);
            return Err(problem.at(NAME, RuleCode::Missing, "must be sent"));
        };
        if sent.next().is_some() {
            return Err(Problem::parameter(NAME, RuleCode::Duplicate, "must be sent once"));
        }
        let text = value.to_str().unwrap_or_default();
        // A quotation mark alone begins no bare key, so that each text is one or the other.
        let bare = match text.strip_prefix('"') {
            Some(quoted) => quoted.strip_suffix('"').unwrap_or_default(),
            None => text,
        };
        match bare.parse() {
            Ok(key) => Ok(Key(key)),
            Err(refused) => {
                Err(Problem::parameter(NAME, refused.rule().code(), refused.rule().to_string()))
            }
        }
    }
}

impl utoipa::IntoParams for Key {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let schema = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^([!#-~][!-~]{15,254}|\"[!-~]{16,255}\")$"));
        let parameter = ParameterBuilder::new()
            .name(NAME)
            .parameter_in(ParameterIn::Header)
            .required(Required::True)
            .description(Some(
                "Drawn by the client for this write and kept for its retries: the same key with the \
                 same request is answered the same, and done once. 16 to 255 visible ASCII characters, \
                 bare or in quotes.",
            ))
            .schema(Some(schema))
            .example(Some("6f1d2c9e-publish-web-scraper".into()));
        vec![parameter.build()]
    }
}
