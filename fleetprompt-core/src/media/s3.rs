//! Media in S3, or in a store that speaks its protocol.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::path::Path;
use object_store::{ClientOptions, RetryConfig};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::domain::{ParseError, Rule};
use crate::port::MediaError;

use super::objects::{ObjectMedia, failed};

/// How long a connection may take to come about, and an answer to be there as a whole.
const CONNECTED_WITHIN: Duration = Duration::from_secs(5);
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);
/// How often a request is repeated that failed on its way, and for how long at most.
const RETRIES: usize = 2;
const RETRIED_WITHIN: Duration = Duration::from_secs(20);

/// Where in S3 media are kept, and by whose leave. Each part is checked when it is parsed.
///
/// ```
/// use fleetprompt_core::media::{ObjectMedia, S3Config, S3Credentials};
/// let config = S3Config {
///     bucket: "acme-market".parse()?,
///     region: "eu-central-1".parse()?,
///     // Amazon's own without one.
///     endpoint: Some("https://objects.example".parse()?),
///     prefix: "market/media".parse()?,
///     credentials: S3Credentials::Environment,
/// };
/// let media = ObjectMedia::in_s3(&config)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct S3Config {
    /// The bucket, which has to be there.
    pub bucket: S3Bucket,
    /// The region that requests are signed for.
    pub region: S3Region,
    /// Where the store answers; without one, where Amazon's does for the region.
    pub endpoint: Option<S3Endpoint>,
    /// The folder in the bucket; what lies beside it is left alone.
    pub prefix: S3Prefix,
    /// By whose leave.
    pub credentials: S3Credentials,
}

/// By whose leave a bucket is used. They may read, write and delete below the prefix, and list the
/// bucket. No part of them is in `Debug`, in a log or in an error.
///
/// ```
/// use fleetprompt_core::media::S3Credentials;
/// let given = S3Credentials::Given {
///     key_id: "AKIA…".into(), secret: "wJalr…".into(), session: None,
/// };
/// let shown = format!("{given:?}");
/// assert!(!shown.contains("AKIA") && !shown.contains("wJalr"));
/// ```
#[derive(Clone, Debug, Default)]
pub enum S3Credentials {
    /// Those that the environment names, looked for in the order of Amazon's own tools:
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`; a web identity
    /// (`AWS_WEB_IDENTITY_TOKEN_FILE`, `AWS_ROLE_ARN`); a container's; the machine's own. What comes
    /// from the last three is renewed before it expires.
    #[default]
    Environment,
    /// Those that the host has from elsewhere.
    Given {
        /// The id of the access key.
        key_id: SecretString,
        /// The secret of the access key.
        secret: SecretString,
        /// The session that the key is for, if it is for one.
        session: Option<SecretString>,
    },
}

/// What of the environment names credentials. Everything else that it may say, such as that
/// signatures are to be left away, is not asked.
const ENVIRONMENT: &[AmazonS3ConfigKey] = &[
    AmazonS3ConfigKey::AccessKeyId,
    AmazonS3ConfigKey::SecretAccessKey,
    AmazonS3ConfigKey::Token,
    AmazonS3ConfigKey::WebIdentityTokenFile,
    AmazonS3ConfigKey::RoleArn,
    AmazonS3ConfigKey::RoleSessionName,
    AmazonS3ConfigKey::ContainerCredentialsRelativeUri,
    AmazonS3ConfigKey::ContainerCredentialsFullUri,
    AmazonS3ConfigKey::ContainerAuthorizationTokenFile,
];

impl S3Credentials {
    fn given_to(&self, builder: AmazonS3Builder) -> AmazonS3Builder {
        match self {
            S3Credentials::Environment => {
                let found = AmazonS3Builder::from_env();
                ENVIRONMENT.iter().fold(builder, |builder, key| match found.get_config_value(key) {
                    Some(value) => builder.with_config(*key, value),
                    None => builder,
                })
            }
            S3Credentials::Given { key_id, secret, session } => {
                let builder = builder
                    .with_access_key_id(key_id.expose_secret())
                    .with_secret_access_key(secret.expose_secret());
                match session {
                    Some(session) => builder.with_token(session.expose_secret()),
                    None => builder,
                }
            }
        }
    }
}

macro_rules! part {
    ($(#[$doc:meta])* $name:ident, $field:literal, $rule:literal, $fits:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(String);

        impl FromStr for $name {
            type Err = ParseError;

            fn from_str(text: &str) -> Result<Self, ParseError> {
                let fits: fn(&str) -> bool = $fits;
                match fits(text) {
                    true => Ok($name(text.to_owned())),
                    false => Err(ParseError::new($field, Rule::Format($rule))),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

part! {
    /// The name of a bucket: 3 to 63 of `a-z`, `0-9`, `-` and `.`, a letter or digit at both ends
    /// (Amazon's rules for general purpose buckets).
    ///
    /// ```
    /// use fleetprompt_core::media::S3Bucket;
    /// assert!("acme-market".parse::<S3Bucket>().is_ok());
    /// assert!("Acme/Market".parse::<S3Bucket>().is_err());
    /// ```
    S3Bucket, "bucket", "the name of a bucket", |text| {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let ends = [text.bytes().next(), text.bytes().next_back()];
        (3..=63).contains(&text.len())
            && text.bytes().all(|byte| plain(byte) || matches!(byte, b'-' | b'.'))
            && ends.into_iter().flatten().all(plain)
            && !text.contains("..")
    }
}
part! {
    /// The name of a region: 1 to 64 of `a-z`, `0-9` and `-`. Stores without regions take any, often
    /// `us-east-1`.
    ///
    /// ```
    /// use fleetprompt_core::media::S3Region;
    /// assert!("eu-central-1".parse::<S3Region>().is_ok());
    /// assert!("".parse::<S3Region>().is_err());
    /// ```
    S3Region, "region", "the name of a region", |text| {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (1..=64).contains(&text.len()) && text.bytes().all(plain)
    }
}
part! {
    /// Where a store answers: an `https` address, or one of `http` in a network that is one's own,
    /// without user, query or fragment.
    ///
    /// ```
    /// use fleetprompt_core::media::S3Endpoint;
    /// assert!("https://objects.example".parse::<S3Endpoint>().is_ok());
    /// assert!("https://key:secret@objects.example".parse::<S3Endpoint>().is_err());
    /// ```
    S3Endpoint, "endpoint", "a web address without user, query and fragment", |text| {
        Url::parse(text).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https")
                && (url.username(), url.password()) == ("", None)
                && (url.query(), url.fragment()) == (None, None)
        })
    }
}
part! {
    /// A folder in a bucket: at most 256 bytes, parts of `A-Z`, `a-z`, `0-9`, `-`, `_` and `.` joined
    /// by `/`; or nothing, which is the bucket itself.
    ///
    /// ```
    /// use fleetprompt_core::media::S3Prefix;
    /// assert!("market/media".parse::<S3Prefix>().is_ok() && "".parse::<S3Prefix>().is_ok());
    /// assert!("/media/".parse::<S3Prefix>().is_err() && "a/../b".parse::<S3Prefix>().is_err());
    /// ```
    S3Prefix, "prefix", "a folder, its parts joined by `/`", |text| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let part = |part: &str| !matches!(part, "" | "." | "..") && part.bytes().all(plain);
        text.is_empty() || text.len() <= 256 && text.split('/').all(part)
    }
}

/// The bucket itself.
impl Default for S3Prefix {
    fn default() -> Self {
        S3Prefix(String::new())
    }
}

impl ObjectMedia {
    /// Keeps media in S3, or in a store that speaks its protocol. Nothing is asked of it yet: what is
    /// wrong with the configuration shows when it is used, as [`MediaError::Unavailable`]. A request
    /// is given up after half a minute, and repeated for 20 seconds at most.
    ///
    /// Its futures need to be driven by tokio. Encrypted connections use the process's provider of
    /// cryptography for rustls; where there is none, this makes it `ring`.
    ///
    /// # Errors
    /// [`MediaError::Unavailable`] when the environment names half of a pair of credentials.
    ///
    /// ```
    /// use fleetprompt_core::media::{ObjectMedia, S3Config, S3Credentials};
    /// let media = ObjectMedia::in_s3(&S3Config {
    ///     bucket: "acme-market".parse()?,
    ///     region: "eu-central-1".parse()?,
    ///     endpoint: None,
    ///     prefix: "media".parse()?,
    ///     credentials: S3Credentials::Environment,
    /// })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn in_s3(config: &S3Config) -> Result<Self, MediaError> {
        expect_cryptography();
        let S3Config { bucket, region, endpoint, prefix, credentials } = config;
        let in_the_open = endpoint.as_ref().is_some_and(|at| at.0.starts_with("http:"));
        let client = ClientOptions::new()
            .with_connect_timeout(CONNECTED_WITHIN)
            .with_timeout(ANSWERED_WITHIN)
            .with_allow_http(in_the_open);
        let retry = RetryConfig {
            max_retries: RETRIES,
            retry_timeout: RETRIED_WITHIN,
            ..RetryConfig::default()
        };
        // A certificate for all buckets' names does not cover one with a dot in it.
        let by_host = endpoint.is_none() && !bucket.0.contains('.');
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&bucket.0)
            .with_region(&region.0)
            .with_virtual_hosted_style_request(by_host)
            // One object at a time is deleted, by the request that every store knows.
            .with_disable_bulk_delete(true)
            .with_client_options(client)
            .with_retry(retry);
        if let Some(endpoint) = endpoint {
            builder = builder.with_endpoint(&endpoint.0);
        }
        let objects = credentials.given_to(builder).build().map_err(failed)?;
        Ok(ObjectMedia::at_root(Arc::new(objects), Path::from(prefix.0.as_str())))
    }
}

/// Sees to it that there is a provider of cryptography: the HTTP client brings none.
pub(super) fn expect_cryptography() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Whoever else was faster has seen to it.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_keeps_to_its_form() {
        for good in ["abc", "a.b-9", &"a".repeat(63)] {
            assert!(good.parse::<S3Bucket>().is_ok(), "{good}");
        }
        for bad in ["ab", "-ab", "ab.", "a..b", "a/b", "a b", "ABC", "ä-ö", &"a".repeat(64)] {
            assert!(bad.parse::<S3Bucket>().is_err(), "{bad}");
        }
        for bad in ["", "EU", "a/b", "a.example/", &"a".repeat(65)] {
            assert!(bad.parse::<S3Region>().is_err(), "{bad}");
        }
        for bad in ["", "objects.example", "ftp://a.example", "https://u@a.example", "https://a?b"]
        {
            assert!(bad.parse::<S3Endpoint>().is_err(), "{bad}");
        }
        for bad in ["/", "a/", "/a", "a//b", "..", "a/./b", "a b", "a%2fb", &"a".repeat(257)] {
            assert!(bad.parse::<S3Prefix>().is_err(), "{bad}");
        }
        let refused = "s3cr3t@host".parse::<S3Bucket>().unwrap_err();
        assert_eq!(refused.to_string(), "bucket must be the name of a bucket", "never the value");
    }

    #[test]
    fn no_part_of_the_credentials_is_shown() {
        let config = S3Config {
            bucket: "media".parse().unwrap(),
            region: "eu-central-1".parse().unwrap(),
            endpoint: None,
            prefix: "".parse().unwrap(),
            credentials: S3Credentials::Given {
                key_id: "canary-key".into(),
                secret: "canary-secret".into(),
                session: Some("canary-session".into()),
            },
        };
        let media = ObjectMedia::in_s3(&config).unwrap();
        let shown = format!("{config:?} {media:?}");
        assert!(shown.contains("eu-central-1") && !shown.contains("canary"), "{shown}");
    }
}
