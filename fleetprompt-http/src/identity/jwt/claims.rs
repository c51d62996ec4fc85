//! What a token says, and where in it.

use std::fmt;
use std::str::FromStr;

use fleetprompt_core::domain::{ParseError, Rule};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::identity::error::{Judged, Refused};

/// The most bytes of a path or value in the configuration.
const MAX_BYTES: usize = 256;
/// The most levels that a path leads down.
const MAX_LEVELS: usize = 8;
/// The most entries of a claim that is a list of roles.
const MAX_ENTRIES: usize = 256;

const NOT_TEXT: Refused = Refused::Invalid("a claim of the wrong type");

/// Where a claim stands: a name, such as `org_id` or `https://acme.example/org`, or a JSON pointer
/// (RFC 6901), such as `/app_metadata/org`.
///
/// ```
/// use fleetprompt_http::identity::jwt::ClaimPath;
/// assert!("/realm_access/roles".parse::<ClaimPath>().is_ok());
/// assert!("https://acme.example/roles".parse::<ClaimPath>().is_ok());
/// assert_eq!("/org_id".parse::<ClaimPath>()?.to_string(), "org_id");
/// assert!("".parse::<ClaimPath>().is_err());
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClaimPath {
    parents: Vec<String>,
    name: String,
}

impl FromStr for ClaimPath {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let text = bounded("claim", text)?;
        let steps = match text.strip_prefix('/') {
            Some(pointer) => pointer
                .split('/')
                .map(|step| step.replace("~1", "/").replace("~0", "~"))
                .collect::<Vec<_>>(),
            None => vec![text.to_owned()],
        };
        let refuse = |rule| ParseError::new("claim", rule);
        match steps.as_slice() {
            _ if steps.iter().any(String::is_empty) => {
                Err(refuse(Rule::Format("a name, or a JSON pointer (RFC 6901)")))
            }
            [parents @ .., name] if parents.len() < MAX_LEVELS => {
                Ok(ClaimPath { parents: parents.to_vec(), name: name.clone() })
            }
            _ => Err(refuse(Rule::TooLong { max: MAX_LEVELS, unit: "levels" })),
        }
    }
}

impl fmt::Display for ClaimPath {
    /// As a name where it is one, and as a pointer otherwise.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ClaimPath { parents, name } = self;
        if parents.is_empty() && !name.starts_with('/') {
            return f.write_str(name);
        }
        let mut steps = parents.iter().chain([name]);
        steps.try_for_each(|step| write!(f, "/{}", step.replace('~', "~0").replace('/', "~1")))
    }
}

impl From<ClaimPath> for String {
    fn from(path: ClaimPath) -> String {
        path.to_string()
    }
}

impl TryFrom<String> for ClaimPath {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

/// What a claim must say: an audience, or a role. 1 to 256 bytes without control characters, compared
/// byte by byte.
///
/// ```
/// use fleetprompt_http::identity::jwt::ClaimValue;
/// let role: ClaimValue = "org:admin".parse()?;
/// assert_eq!(role.as_str(), "org:admin");
/// assert!("".parse::<ClaimValue>().is_err());
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ClaimValue(String);

impl ClaimValue {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClaimValue {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        bounded("claim value", text).map(|text| ClaimValue(text.to_owned()))
    }
}

impl TryFrom<String> for ClaimValue {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

fn bounded<'a>(field: &'static str, text: &'a str) -> Result<&'a str, ParseError> {
    let rule = match text {
        "" => Rule::Empty,
        _ if text.len() > MAX_BYTES => Rule::TooLong { max: MAX_BYTES, unit: "bytes" },
        _ if text.chars().any(char::is_control) => Rule::Characters("printable characters"),
        _ => return Ok(text),
    };
    Err(ParseError::new(field, rule))
}

/// The claims of a token. `null` is as good as absent, everywhere: it is what templates of providers
/// write for what they don't know.
pub(crate) struct Claims(Map<String, Value>);

impl Claims {
    pub(crate) fn new(claims: Map<String, Value>) -> Self {
        Claims(claims)
    }

    fn find(&self, path: &ClaimPath) -> Judged<Option<&Value>> {
        let mut object = &self.0;
        for step in &path.parents {
            match object.get(step) {
                None | Some(Value::Null) => return Ok(None),
                Some(Value::Object(next)) => object = next,
                Some(_) => return Err(NOT_TEXT),
            }
        }
        Ok(present(object, &path.name))
    }

    /// A claim that is a text, if it is there.
    pub(crate) fn text_at(&self, path: &ClaimPath) -> Judged<Option<&str>> {
        self.find(path)?.map(|value| value.as_str().ok_or(NOT_TEXT)).transpose()
    }

    /// A claim at the top that is a text, if it is there.
    pub(crate) fn text(&self, name: &str) -> Judged<Option<&str>> {
        Claims::text_in(&self.0, name)
    }

    /// A text in an object, if it is there.
    pub(crate) fn text_in<'a>(
        object: &'a Map<String, Value>,
        name: &str,
    ) -> Judged<Option<&'a str>> {
        present(object, name).map(|value| value.as_str().ok_or(NOT_TEXT)).transpose()
    }

    /// A claim at the top that is an object, if it is there.
    pub(crate) fn object(&self, name: &str) -> Judged<Option<&Map<String, Value>>> {
        present(&self.0, name).map(|value| value.as_object().ok_or(NOT_TEXT)).transpose()
    }

    /// Whether a claim, a text or a list of texts, says one of these.
    pub(crate) fn says(&self, path: &ClaimPath, wanted: &[ClaimValue]) -> Judged<bool> {
        let is_wanted = |text: &str| wanted.iter().any(|wanted| wanted.as_str() == text);
        match self.find(path)? {
            None => Ok(false),
            Some(Value::String(text)) => Ok(is_wanted(text)),
            Some(Value::Array(entries)) if entries.len() <= MAX_ENTRIES => {
                let texts = entries.iter().map(|entry| entry.as_str().ok_or(NOT_TEXT));
                let texts = texts.collect::<Judged<Vec<_>>>()?;
                Ok(texts.into_iter().any(is_wanted))
            }
            Some(_) => Err(NOT_TEXT),
        }
    }

    /// The texts of `aud`, which is one text or a list of them (RFC 7519, section 4.1.3).
    pub(crate) fn audiences(&self) -> impl Iterator<Item = &str> {
        let audience = self.0.get("aud");
        let list = audience.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        audience.and_then(Value::as_str).into_iter().chain(list.iter().filter_map(Value::as_str))
    }
}

fn present<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).filter(|value| !value.is_null())
}
