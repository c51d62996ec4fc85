//! The configuration, and where it comes from.

mod database;
mod media;
mod problem;
mod show;
mod source;

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use figment::Figment;
use figment::value::Dict;
use fleetprompt_core::domain::{
    AssetKind, ClientName, DeepLinkTemplate, IssuerName, OwningSystem, SubjectName, SystemName,
    SystemRegistry,
};
use fleetprompt_core::token::{Audience, Issuer};
use fleetprompt_http::Origin;
use fleetprompt_http::identity::oidc::OidcOptions;
use fleetprompt_http::identity::service::ServiceOptions;
use fleetprompt_http::limits::LimitOptions;
use fleetprompt_http::observe::{LogOptions, TraceOptions};
use fleetprompt_http::serve::ServeOptions;
use fleetprompt_postgres::DatabaseUrl as PostgresUrl;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};

use crate::cli::Flags;
use crate::failure::{Failure, Outcome};

pub(crate) use database::DatabaseUrl;
pub(crate) use media::{MediaPlace, MediaSettings};
pub(crate) use problem::ADDRESS;
pub(crate) use show::Shown;

/// Everything that can be configured. Not `Debug`: it holds secrets.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Settings {
    #[serde(deserialize_with = "parsed")]
    pub(crate) database: DatabaseUrl,
    pub(crate) listen: SocketAddr,
    /// Where the metrics are served; absent: nowhere.
    #[serde(default)]
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// The public URL; by default that of the address.
    #[serde(default, deserialize_with = "parsed_if_any")]
    pub(crate) origin: Option<Origin>,
    /// Who issues tokens; by default the origin.
    #[serde(default)]
    pub(crate) issuer: Option<Issuer>,
    pub(crate) operator: SubjectName,
    pub(crate) key_file: PathBuf,
    /// The ring itself, in the form of the file; takes the file's place.
    #[serde(default)]
    pub(crate) key_ring: Option<SecretString>,
    pub(crate) insecure_dev_identity: bool,
    #[serde(deserialize_with = "within::<30, 600, _>")]
    pub(crate) token_lifetime_seconds: u32,
    /// The hosts that deep links may lead to; by default those that they name.
    #[serde(default)]
    pub(crate) deep_link_hosts: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) systems: Vec<SystemSettings>,
    #[serde(default)]
    pub(crate) identity: IdentitySettings,
    #[serde(default)]
    pub(crate) serve: ServeOptions,
    #[serde(default)]
    pub(crate) limits: LimitOptions,
    pub(crate) log: LogOptions,
    /// Where traces are exported to; absent: nowhere.
    #[serde(default)]
    pub(crate) traces: Option<TraceOptions>,
    #[serde(default)]
    pub(crate) media: Option<MediaSettings>,
    #[serde(default)]
    pub(crate) postgres: PostgresSettings,
    pub(crate) upkeep: UpkeepSettings,
}

/// An owning system.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct SystemSettings {
    name: SystemName,
    audience: Audience,
    issuer: IssuerName,
    client: ClientName,
    kinds: Vec<AssetKind>,
    #[serde(deserialize_with = "parsed")]
    deep_link: DeepLinkTemplate,
    #[serde(default = "yes")]
    requires_confirmation: bool,
}

fn yes() -> bool {
    true
}

/// Who is let in.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct IdentitySettings {
    #[serde(default)]
    pub(crate) oidc: Option<OidcOptions>,
    #[serde(default)]
    pub(crate) services: Vec<ServiceOptions>,
}

/// How PostgreSQL is connected to.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct PostgresSettings {
    #[serde(default)]
    pub(crate) schema: Option<String>,
    #[serde(default, deserialize_with = "within_if_any::<1, 512, _>")]
    pub(crate) connections: Option<u32>,
    #[serde(default)]
    pub(crate) statement_timeout_seconds: Option<u16>,
    #[serde(default)]
    pub(crate) transaction_pooling: bool,
    /// Other servers that may be the primary.
    #[serde(default, deserialize_with = "all_parsed")]
    pub(crate) failover: Vec<PostgresUrl>,
    /// A standby that answers those who have not signed in.
    #[serde(default, deserialize_with = "parsed_if_any")]
    pub(crate) replica: Option<PostgresUrl>,
    /// How stale it may be.
    #[serde(default)]
    pub(crate) replica_staleness_seconds: Option<u16>,
}

/// What `serve` does beside serving.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct UpkeepSettings {
    /// How often; 0 for never.
    pub(crate) interval_seconds: u32,
}

impl Settings {
    /// The configuration of a command: file, environment and flags, the later before the earlier.
    pub(crate) fn load(flags: &Flags) -> Outcome<Self> {
        Self::of(&source::layers(flags)?)
    }

    /// The configuration of the demo: nothing but what is built in and `overrides`.
    pub(crate) fn of_demo(overrides: Dict) -> Outcome<Self> {
        Self::of(&source::demo(overrides))
    }

    /// The configuration, and every value that holds with where it comes from.
    pub(crate) fn show(flags: &Flags) -> Outcome<(Self, Vec<Shown>)> {
        let layers = source::layers(flags)?;
        Ok((Self::of(&layers)?, show::all(&layers)?))
    }

    fn of(layers: &Figment) -> Outcome<Self> {
        let settings: Settings =
            layers.extract_lossy().map_err(|errors| problem::tell(layers, errors))?;
        settings.owning_systems()?;
        settings.media.as_ref().map(MediaSettings::place).transpose()?;
        settings.media.as_ref().map(MediaSettings::scanner).transpose()?;
        Ok(settings)
    }

    /// The public URL, of the marketplace that is served on `listen`.
    pub(crate) fn origin_at(&self, listen: SocketAddr) -> Outcome<Origin> {
        match &self.origin {
            Some(origin) => Ok(origin.clone()),
            None => Ok(format!("http://{listen}").parse()?),
        }
    }

    /// The name under which tokens are issued.
    pub(crate) fn issuer(&self) -> Outcome<Issuer> {
        match &self.issuer {
            Some(issuer) => Ok(issuer.clone()),
            None => Ok(self.origin_at(self.listen)?.as_str().parse()?),
        }
    }

    /// The owning systems, checked together.
    pub(crate) fn owning_systems(&self) -> Outcome<SystemRegistry> {
        let systems: Vec<OwningSystem> = self
            .systems
            .iter()
            .map(|system| OwningSystem {
                name: system.name.clone(),
                audience: system.audience.clone(),
                issuer: system.issuer.clone(),
                client: system.client.clone(),
                kinds: system.kinds.clone(),
                deep_link: system.deep_link.clone(),
                requires_confirmation: system.requires_confirmation,
            })
            .collect();
        let named: Vec<String> =
            systems.iter().filter_map(|system| system.deep_link.host()).collect();
        let hosts = self.deep_link_hosts.as_ref().unwrap_or(&named);
        let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
        SystemRegistry::new(systems, &hosts)
            .map_err(|refused| Failure::usage(format!("systems: {refused}")))
    }
}

/// A value by its own parser, whose refusals repeat no value.
fn parsed<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err: Display>,
    D: Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}

fn parsed_if_any<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: FromStr<Err: Display>,
    D: Deserializer<'de>,
{
    parsed(deserializer).map(Some)
}

/// A whole number from `MIN` to `MAX`.
fn within<'de, const MIN: u32, const MAX: u32, D>(deserializer: D) -> Result<u32, D::Error>
where
    D: Deserializer<'de>,
{
    match u32::deserialize(deserializer) {
        Ok(number) if (MIN..=MAX).contains(&number) => Ok(number),
        _ => Err(serde::de::Error::custom(format!("must be a whole number from {MIN} to {MAX}"))),
    }
}

fn within_if_any<'de, const MIN: u32, const MAX: u32, D>(
    deserializer: D,
) -> Result<Option<u32>, D::Error>
where
    D: Deserializer<'de>,
{
    within::<MIN, MAX, D>(deserializer).map(Some)
}

fn all_parsed<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: FromStr<Err: Display>,
    D: Deserializer<'de>,
{
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| text.parse().map_err(serde::de::Error::custom)).collect()
}
