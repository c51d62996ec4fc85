//! Where the marketplace stands, as its callers see it.

use std::str::FromStr;

use fleetprompt_core::domain::{ParseError, Rule};
use url::Url;

/// The public URL under which the router is reached: scheme, host, and the path that it is mounted
/// under. Every URL in an answer is built from it; what a client sends as `Host` is never used.
///
/// ```
/// use fleetprompt_http::Origin;
/// let origin: Origin = "https://example.com/market/".parse()?;
/// assert_eq!(origin.at("/v1/listings"), "https://example.com/market/v1/listings");
/// assert!("ftp://example.com".parse::<Origin>().is_err());
/// assert!("https://example.com/?a=b".parse::<Origin>().is_err());
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// The URL of a path of the router's.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// The path that the router is mounted under, without a slash at the end; empty at the root.
    ///
    /// ```
    /// use fleetprompt_http::Origin;
    /// assert_eq!("https://example.com/market/".parse::<Origin>()?.path(), "/market");
    /// assert_eq!("https://example.com".parse::<Origin>()?.path(), "");
    /// # Ok::<(), fleetprompt_core::domain::ParseError>(())
    /// ```
    pub fn path(&self) -> &str {
        let behind_scheme = self.0.split_once("://").map_or("", |(_, rest)| rest);
        behind_scheme.find('/').and_then(|at| behind_scheme.get(at..)).unwrap_or_default()
    }

    /// Without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let refuse = |rule| ParseError::new("origin", rule);
        let url = Url::parse(text).map_err(|_| refuse(Rule::Format("an absolute URL")))?;
        let plain = url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        match url.scheme() {
            "http" | "https" if plain => Ok(Origin(url.as_str().trim_end_matches('/').to_owned())),
            "http" | "https" => {
                Err(refuse(Rule::Other("must hold no user name, query or fragment")))
            }
            _ => Err(refuse(Rule::Format("an http or https URL"))),
        }
    }
}
