//! Where traces go, the section `[traces]` of a configuration.

use std::str::FromStr;

use fleetprompt_core::domain::{ParseError, Rule};
use serde::{Deserialize, Serialize};
use url::Url;

/// Where traces are exported to, by OTLP over HTTP (OpenTelemetry Protocol 1), and how many.
///
/// ```
/// use fleetprompt_http::observe::TraceOptions;
/// let options: TraceOptions = serde_json::from_str(r#"{"endpoint": "http://127.0.0.1:4318"}"#)?;
/// assert_eq!(options.endpoint.traces(), "http://127.0.0.1:4318/v1/traces");
/// assert_eq!(options.sampled.share(), 1.0);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TraceOptions {
    /// The collector.
    pub endpoint: CollectorUrl,
    /// Which share of the traces that begin here is exported. Of those that a caller began, all are that
    /// the caller keeps, and no others. Default: all.
    #[serde(default)]
    pub sampled: SampledShare,
}

/// The base URL of a collector, `http` or `https`, without user name, password, query or fragment: as
/// `OTEL_EXPORTER_OTLP_ENDPOINT` has it, so traces are sent to `v1/traces` below it.
///
/// ```
/// use fleetprompt_http::observe::CollectorUrl;
/// let url: CollectorUrl = "https://collector.example/otlp/".parse()?;
/// assert_eq!(url.traces(), "https://collector.example/otlp/v1/traces");
/// assert!("http://user:secret@collector.example".parse::<CollectorUrl>().is_err());
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CollectorUrl(Url);

impl CollectorUrl {
    /// Where traces are sent.
    pub fn traces(&self) -> String {
        format!("{}/v1/traces", self.0.as_str().trim_end_matches('/'))
    }
}

impl FromStr for CollectorUrl {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let rule = "the http or https URL of a collector, without user name, password and query";
        let refused = ParseError::new("endpoint", Rule::Format(rule));
        let url = Url::parse(text).map_err(|_| refused)?;
        let plain = matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if plain { Ok(CollectorUrl(url)) } else { Err(refused) }
    }
}

impl From<CollectorUrl> for String {
    fn from(url: CollectorUrl) -> String {
        url.0.into()
    }
}

impl TryFrom<String> for CollectorUrl {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

/// A share, from 0 (none) to 1 (all).
///
/// ```
/// use fleetprompt_http::observe::SampledShare;
/// assert_eq!(SampledShare::try_from(0.1)?.share(), 0.1);
/// assert!(SampledShare::try_from(1.5).is_err());
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64")]
pub struct SampledShare(f64);

impl SampledShare {
    /// The share.
    pub fn share(self) -> f64 {
        self.0
    }
}

impl Default for SampledShare {
    fn default() -> Self {
        SampledShare(1.0)
    }
}

impl TryFrom<f64> for SampledShare {
    type Error = ParseError;

    fn try_from(share: f64) -> Result<Self, ParseError> {
        match (0.0..=1.0).contains(&share) {
            true => Ok(SampledShare(share)),
            false => Err(ParseError::new("sampled", Rule::OutOfRange)),
        }
    }
}
