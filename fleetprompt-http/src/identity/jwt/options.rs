//! What a configuration says about tokens and keys, parsed.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use fleetprompt_core::domain::{BoundedList, ParseError, Rule};
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::ClaimValue;

/// An algorithm by which tokens are signed (RFC 7518, section 3.1; RFC 8037). Those with a shared secret
/// are left out on purpose.
///
/// ```
/// use fleetprompt_http::identity::jwt::SigningAlgorithm;
/// assert_eq!(serde_json::from_str::<SigningAlgorithm>(r#""ES256""#)?, SigningAlgorithm::ES256);
/// assert!(serde_json::from_str::<SigningAlgorithm>(r#""HS256""#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RS384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RS512,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// RSASSA-PSS with SHA-384.
    PS384,
    /// RSASSA-PSS with SHA-512.
    PS512,
    /// ECDSA over P-256 with SHA-256.
    ES256,
    /// ECDSA over P-384 with SHA-384.
    ES384,
    /// Ed25519.
    EdDSA,
}

impl From<SigningAlgorithm> for jsonwebtoken::Algorithm {
    fn from(algorithm: SigningAlgorithm) -> Self {
        use SigningAlgorithm as Ours;
        match algorithm {
            Ours::RS256 => Self::RS256,
            Ours::RS384 => Self::RS384,
            Ours::RS512 => Self::RS512,
            Ours::PS256 => Self::PS256,
            Ours::PS384 => Self::PS384,
            Ours::PS512 => Self::PS512,
            Ours::ES256 => Self::ES256,
            Ours::ES384 => Self::ES384,
            Ours::EdDSA => Self::EdDSA,
        }
    }
}

/// The algorithms that tokens may be signed by: one to nine. RS256 alone unless it is said otherwise,
/// which is what OpenID Connect asks of every provider.
///
/// ```
/// use fleetprompt_http::identity::jwt::{Algorithms, SigningAlgorithm};
/// assert_eq!(Algorithms::default().as_slice(), [SigningAlgorithm::RS256]);
/// assert!(Algorithms::try_from(vec![]).is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<SigningAlgorithm>")]
pub struct Algorithms(BoundedList<SigningAlgorithm, 9>);

impl Algorithms {
    /// The algorithms, in the order in which they were given.
    pub fn as_slice(&self) -> &[SigningAlgorithm] {
        self.0.as_slice()
    }
}

impl Default for Algorithms {
    fn default() -> Self {
        // One entry is within every bound.
        Algorithms(vec![SigningAlgorithm::RS256].try_into().unwrap_or_default())
    }
}

impl TryFrom<Vec<SigningAlgorithm>> for Algorithms {
    type Error = ParseError;

    fn try_from(list: Vec<SigningAlgorithm>) -> Result<Self, ParseError> {
        not_empty("algorithms", list).map(Algorithms)
    }
}

/// The audiences of which a token must name one: one to sixteen. They say that the token was made for
/// this marketplace, and not for another service of the same provider.
///
/// ```
/// use fleetprompt_http::identity::jwt::Audiences;
/// let audiences: Audiences = "fleetprompt".parse()?;
/// assert_eq!(audiences.as_slice()[0].as_str(), "fleetprompt");
/// assert!(Audiences::try_from(vec![]).is_err());
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<ClaimValue>")]
pub struct Audiences(BoundedList<ClaimValue, 16>);

impl Audiences {
    /// The audiences, in the order in which they were given.
    pub fn as_slice(&self) -> &[ClaimValue] {
        self.0.as_slice()
    }

    /// Whether one of these is among ours.
    pub(crate) fn meet<'a>(&self, mut others: impl Iterator<Item = &'a str>) -> bool {
        others.any(|other| self.as_slice().iter().any(|ours| ours.as_str() == other))
    }
}

impl TryFrom<Vec<ClaimValue>> for Audiences {
    type Error = ParseError;

    fn try_from(list: Vec<ClaimValue>) -> Result<Self, ParseError> {
        not_empty("audiences", list).map(Audiences)
    }
}

impl FromStr for Audiences {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        vec![text.parse()?].try_into()
    }
}

fn not_empty<T: PartialEq, const MAX: usize>(
    field: &'static str,
    list: Vec<T>,
) -> Result<BoundedList<T, MAX>, ParseError> {
    if list.is_empty() {
        return Err(ParseError::new(field, Rule::Empty));
    }
    list.try_into().map_err(|refused: ParseError| ParseError::new(field, refused.rule()))
}

/// Where a provider is asked: `https`, or `http` at a loopback address or `localhost`; without user name,
/// query or fragment.
///
/// ```
/// use fleetprompt_http::identity::jwt::ProviderUrl;
/// assert!("https://id.example/.well-known/jwks.json".parse::<ProviderUrl>().is_ok());
/// assert!("http://127.0.0.1:4000/jwks".parse::<ProviderUrl>().is_ok());
/// assert!("http://id.example/jwks".parse::<ProviderUrl>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProviderUrl(Url);

impl ProviderUrl {
    /// The URL.
    pub fn as_url(&self) -> &Url {
        &self.0
    }

    /// Whether it is `https`; otherwise it is `http` to this machine.
    pub(crate) fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }
}

impl FromStr for ProviderUrl {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let refuse = |rule| Err(ParseError::new("url", rule));
        let Ok(url) = Url::parse(text) else { return refuse(Rule::Format("an absolute URL")) };
        if !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some()
        {
            return refuse(Rule::Other("must hold no user name, query or fragment"));
        }
        let local = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => IpAddr::from(ip).to_canonical().is_loopback(),
            None => false,
        };
        match url.scheme() {
            "https" => Ok(ProviderUrl(url)),
            "http" if local => Ok(ProviderUrl(url)),
            _ => refuse(Rule::Format("an https URL, or an http URL of this machine")),
        }
    }
}

impl From<ProviderUrl> for String {
    fn from(url: ProviderUrl) -> String {
        url.0.into()
    }
}

impl TryFrom<String> for ProviderUrl {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

/// A number of seconds, from `MIN` to `MAX`.
///
/// ```
/// use fleetprompt_http::identity::jwt::Seconds;
/// assert!(Seconds::<60, 600>::try_from(30).is_err());
/// assert_eq!(Seconds::<60, 600>::try_from(90)?.get(), std::time::Duration::from_secs(90));
/// # Ok::<(), fleetprompt_core::domain::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32")]
pub struct Seconds<const MIN: u32, const MAX: u32>(u32);

impl<const MIN: u32, const MAX: u32> Seconds<MIN, MAX> {
    /// As many seconds, brought within the bounds.
    pub(crate) const fn clamped(seconds: u32) -> Self {
        Seconds(if seconds < MIN {
            MIN
        } else if seconds > MAX {
            MAX
        } else {
            seconds
        })
    }

    /// The span.
    pub fn get(self) -> Duration {
        Duration::from_secs(u64::from(self.0))
    }
}

impl<const MIN: u32, const MAX: u32> TryFrom<u32> for Seconds<MIN, MAX> {
    type Error = ParseError;

    fn try_from(seconds: u32) -> Result<Self, ParseError> {
        (MIN..=MAX)
            .contains(&seconds)
            .then_some(Seconds(seconds))
            .ok_or(ParseError::new("seconds", Rule::OutOfRange))
    }
}

impl<const MIN: u32, const MAX: u32> fmt::Display for Seconds<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// How far the clocks of provider and marketplace may differ when `exp` and `nbf` are judged: up to five
/// minutes, 30 seconds unless it is said otherwise.
///
/// ```
/// use fleetprompt_http::identity::jwt::Leeway;
/// assert_eq!(Leeway::default().to_string(), "30");
/// assert!(Leeway::try_from(301).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Leeway(Seconds<0, 300>);

impl Leeway {
    pub(crate) fn seconds(self) -> u64 {
        self.0.get().as_secs()
    }
}

impl Default for Leeway {
    fn default() -> Self {
        Leeway(Seconds::clamped(30))
    }
}

impl TryFrom<u32> for Leeway {
    type Error = ParseError;

    fn try_from(seconds: u32) -> Result<Self, ParseError> {
        seconds.try_into().map(Leeway)
    }
}

impl fmt::Display for Leeway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// By which keys and algorithms the tokens of an issuer are signed.
///
/// ```
/// use fleetprompt_http::identity::jwt::{KeyOptions, SigningAlgorithm};
/// let options: KeyOptions = serde_json::from_str(
///     r#"{"algorithms": ["ES256"], "jwks-url": "https://id.example/keys"}"#,
/// )?;
/// assert_eq!(options.algorithms.as_slice(), [SigningAlgorithm::ES256]);
/// assert_eq!(options.refresh_seconds.to_string(), "600");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct KeyOptions {
    /// The algorithms that tokens may be signed by.
    pub algorithms: Algorithms,
    /// The issuer's JSON Web Key Set (RFC 7517). Without it, it is found through the issuer's
    /// `/.well-known/openid-configuration` (OpenID Connect Discovery 1.0).
    pub jwks_url: Option<ProviderUrl>,
    /// After how long keys are asked for again, by the way: a minute to a day, ten minutes by default.
    /// A key that the provider has withdrawn is believed about that much longer.
    pub refresh_seconds: Seconds<60, 86_400>,
    /// How long keys are used while the provider does not answer: a minute to a week, a day by default.
    pub max_age_seconds: Seconds<60, 604_800>,
}

impl Default for KeyOptions {
    fn default() -> Self {
        KeyOptions {
            algorithms: Algorithms::default(),
            jwks_url: None,
            refresh_seconds: Seconds::clamped(600),
            max_age_seconds: Seconds::clamped(86_400),
        }
    }
}
