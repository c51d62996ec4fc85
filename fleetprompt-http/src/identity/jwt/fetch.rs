//! Asking a provider for its keys, within bounds.

use std::time::Duration;

use fleetprompt_core::domain::{IssuerName, JsonBounds, from_json};
use http::{StatusCode, header};
use reqwest::Client;
use reqwest::redirect::Policy;
use serde::Deserialize;

use super::ProviderUrl;
use super::keys::KeySet;
use crate::identity::IdentityConfigError;

/// The most bytes of a provider's answer.
pub(crate) const MAX_BODY_BYTES: usize = 512 * 1_024;
/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long an answer may take, its body included.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Where a provider's keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    KeySet(ProviderUrl),
    /// Named by the document at this URL, which must be that of this issuer.
    Discovery {
        issuer: IssuerName,
        document: ProviderUrl,
    },
}

impl Source {
    /// That of an issuer, at this URL or else as it says itself.
    pub(crate) fn of(
        issuer: &IssuerName,
        key_set: Option<&ProviderUrl>,
    ) -> Result<Self, IdentityConfigError> {
        if let Some(url) = key_set {
            return Ok(Source::KeySet(url.clone()));
        }
        let _: ProviderUrl =
            issuer.as_str().parse().map_err(IdentityConfigError::Undiscoverable)?;
        // OpenID Connect Discovery 1.0, section 4.
        let base = issuer.as_str().trim_end_matches('/');
        let document = format!("{base}/.well-known/openid-configuration")
            .parse()
            .map_err(IdentityConfigError::Undiscoverable)?;
        Ok(Source::Discovery { issuer: issuer.clone(), document })
    }

    fn is_https(&self) -> bool {
        match self {
            Source::KeySet(url) | Source::Discovery { document: url, .. } => url.is_https(),
        }
    }
}

/// Why there are no keys, in words without values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("the provider can't be reached")]
    Unreachable,
    #[error("the provider did not answer in time")]
    TimedOut,
    #[error("the provider answered with another status than 200")]
    Status,
    #[error("the provider's answer is too long")]
    TooLong,
    #[error("the discovery document is malformed, or of another issuer")]
    Discovery,
    #[error("the provider names keys at a URL that is not https")]
    KeySetUrl,
    #[error("the key set is malformed, or holds no key for signatures")]
    KeySet,
}

impl From<reqwest::Error> for FetchError {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() { FetchError::TimedOut } else { FetchError::Unreachable }
    }
}

/// Fetches the keys of one source.
#[derive(Debug)]
pub(crate) struct Fetcher {
    source: Source,
    client: Client,
}

impl Fetcher {
    pub(crate) fn new(source: Source) -> Result<Self, IdentityConfigError> {
        crate::cryptography::expect();
        let client = Client::builder()
            .user_agent(concat!("fleetprompt/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .pool_max_idle_per_host(1);
        let client = if source.is_https() {
            client.https_only(true)
        } else {
            // This machine needs neither a proxy nor authorities.
            client.no_proxy().tls_certs_only([])
        };
        let client = client.build().map_err(|_| IdentityConfigError::Https)?;
        Ok(Fetcher { source, client })
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    pub(crate) async fn fetch(&self) -> Result<KeySet, FetchError> {
        let found;
        let url = match &self.source {
            Source::KeySet(url) => url,
            Source::Discovery { issuer, document } => {
                found = self.discover(issuer, document).await?;
                &found
            }
        };
        let body = self.get(url).await?;
        KeySet::parse(&body).ok_or(FetchError::KeySet)
    }

    async fn discover(
        &self,
        issuer: &IssuerName,
        document: &ProviderUrl,
    ) -> Result<ProviderUrl, FetchError> {
        #[derive(Deserialize)]
        struct Document {
            issuer: String,
            jwks_uri: String,
        }
        let body = self.get(document).await?;
        let bounds = JsonBounds { max_bytes: MAX_BODY_BYTES, ..JsonBounds::DOCUMENT };
        let found: Document = from_json(&body, bounds).map_err(|_| FetchError::Discovery)?;
        if found.issuer != issuer.as_str() {
            return Err(FetchError::Discovery);
        }
        let url: ProviderUrl = found.jwks_uri.parse().map_err(|_| FetchError::KeySetUrl)?;
        // A provider elsewhere has no say about this machine's ports.
        if url.is_https() == document.is_https() { Ok(url) } else { Err(FetchError::KeySetUrl) }
    }

    async fn get(&self, url: &ProviderUrl) -> Result<Vec<u8>, FetchError> {
        let request = self.client.get(url.as_url().clone());
        let mut response = request.header(header::ACCEPT, "application/json").send().await?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > MAX_BODY_BYTES {
                return Err(FetchError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}
