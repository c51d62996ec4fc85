//! Pages of a list, and the way to the next.

use fleetprompt_core::domain::{ParseError, Rule};
use fleetprompt_core::port::{PAGE_MAX, PageSize};
use fleetprompt_core::search::Cursor;
use http::{HeaderValue, Uri};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::Origin;

/// How many entries a page has at most: 1 to 200, in decimal.
///
/// ```
/// use fleetprompt_http::convention::Limit;
/// assert!(Limit::try_from("50".to_owned()).is_ok());
/// assert!(Limit::try_from("0".to_owned()).is_err());
/// assert!(Limit::try_from("201".to_owned()).is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Limit(PageSize);

impl Limit {
    /// The same, for the core.
    pub fn size(self) -> PageSize {
        self.0
    }
}

impl TryFrom<String> for Limit {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        let rows = text.parse().ok().filter(|rows| (1..=PAGE_MAX).contains(rows));
        let rows = rows.ok_or(ParseError::new("limit", Rule::Format("a number from 1 to 200")))?;
        Ok(Limit(PageSize::new(rows)))
    }
}

/// The parameters of each list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Where to go on: `nextCursor` of the page before. Absent: from the start.
    pub cursor: Option<Cursor>,
    /// How many entries at most.
    #[serde(default)]
    #[param(value_type = Option<u16>, minimum = 1, maximum = 200, default = 20)]
    pub limit: Limit,
}

/// `<…>; rel="next"` (RFC 8288): this very request, with the cursor replaced. The link is built from the
/// configured origin, never from what the client says the host is.
pub(super) fn next_link(origin: &Origin, uri: &Uri, next: &str) -> Option<HeaderValue> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let sent = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    query.extend_pairs(sent.filter(|(name, _)| name != "cursor")).append_pair("cursor", next);
    let link = format!("<{}?{}>; rel=\"next\"", origin.at(uri.path()), query.finish());
    HeaderValue::from_str(&link).ok()
}
