//! Values in a query.

use axum::extract::FromRequestParts;
use fleetprompt_core::domain::{JsonBounds, RuleCode, from_json};
use http::StatusCode;
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Problem;

/// The query's parameters as values of the domain, each from its text. Unknown and repeated parameters
/// are refused, so that a misspelt filter never passes for none.
#[derive(Clone, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(head: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut parameters = Map::new();
        let query = head.uri.query().unwrap_or_default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let twice = parameters.insert(name.into_owned(), Value::String(value.into_owned()));
            if twice.is_some() {
                return Err(Problem::parameter(
                    "query",
                    RuleCode::Duplicate,
                    "holds a parameter twice",
                ));
            }
        }
        // Texts read from JSON texts: the domain's own rules and words, which never repeat a value.
        let parameters = super::caller::json(&Value::Object(parameters));
        match from_json(&parameters, JsonBounds::DOCUMENT) {
            Ok(parameters) => Ok(Query(parameters)),
            Err(refused) => {
                let name = refused.pointer().trim_start_matches('/');
                let name = if name.is_empty() { "query" } else { name };
                let detail = "A parameter of the query breaks a rule.";
                let problem = Problem::new(StatusCode::BAD_REQUEST, "invalid_parameter", detail);
                Err(problem.at(name, refused.rule().code(), refused.rule().to_string()))
            }
        }
    }
}
