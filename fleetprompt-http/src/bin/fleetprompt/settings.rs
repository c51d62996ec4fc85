//! The configuration, and where it comes from.

mod database;
mod file;
mod forms;
mod media;
mod problem;
mod show;
mod source;

use std::net::SocketAddr;
use std::path::PathBuf;

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
use fleetprompt_postgres::{DatabaseUrl as PostgresUrl, PostgresOptions, SchemaName};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::cli::Flags;
use crate::failure::{Failure, Outcome};

use forms::{all_parsed, as_given, masked, parsed, parsed_if_any, within};

pub(crate) use database::DatabaseUrl;
pub(crate) use file::text as file_of;
pub(crate) use media::{MediaPlace, MediaSettings};
pub(crate) use problem::ADDRESS;
pub(crate) use show::Shown;

/// Everything that can be configured. Not `Debug`: it holds secrets. Serialized, each has the form in which
/// it is configured, and a secret shows that there is one.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Settings {
    #[serde(deserialize_with = "parsed", serialize_with = "as_given")]
    pub(crate) database: DatabaseUrl,
    pub(crate) listen: SocketAddr,
    /// Where the metrics are served; absent: nowhere.
    #[serde(default)]
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// The public URL; by default that of the address.
    #[serde(default, deserialize_with = "parsed_if_any", serialize_with = "as_given")]
    pub(crate) origin: Option<Origin>,
    /// Whether pages for browsers are served beside the API.
    pub(crate) pages: bool,
    /// Who issues tokens; by default the origin.
    #[serde(default)]
    pub(crate) issuer: Option<Issuer>,
    pub(crate) operator: SubjectName,
    pub(crate) key_file: PathBuf,
    /// The ring itself, in the form of the file; takes the file's place.
    #[serde(default, serialize_with = "masked")]
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
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct SystemSettings {
    name: SystemName,
    audience: Audience,
    issuer: IssuerName,
    client: ClientName,
    kinds: Vec<AssetKind>,
    #[serde(deserialize_with = "parsed", serialize_with = "as_given")]
    deep_link: DeepLinkTemplate,
    #[serde(default = "yes")]
    requires_confirmation: bool,
}

fn yes() -> bool {
    true
}

/// Who is let in.
#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct IdentitySettings {
    #[serde(default)]
    pub(crate) oidc: Option<OidcOptions>,
    #[serde(default)]
    pub(crate) services: Vec<ServiceOptions>,
}

/// How PostgreSQL is connected to.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct PostgresSettings {
    pub(crate) schema: String,
    #[serde(deserialize_with = "within::<1, 512, _>")]
    pub(crate) connections: u32,
    pub(crate) statement_timeout_seconds: u16,
    pub(crate) transaction_pooling: bool,
    /// Other servers that may be the primary.
    #[serde(deserialize_with = "all_parsed", serialize_with = "as_given")]
    pub(crate) failover: Vec<PostgresUrl>,
    /// A standby that answers those who have not signed in.
    #[serde(deserialize_with = "parsed_if_any", serialize_with = "as_given")]
    pub(crate) replica: Option<PostgresUrl>,
    /// How stale it may be.
    pub(crate) replica_staleness_seconds: u16,
}

impl Default for PostgresSettings {
    fn default() -> Self {
        let timeout = PostgresOptions::DEFAULT_STATEMENT_TIMEOUT.as_secs();
        PostgresSettings {
            schema: SchemaName::default().as_str().to_owned(),
            connections: PostgresOptions::DEFAULT_CONNECTIONS,
            statement_timeout_seconds: timeout.try_into().unwrap_or(u16::MAX),
            transaction_pooling: false,
            failover: Vec::new(),
            replica: None,
            replica_staleness_seconds: 5,
        }
    }
}

/// What `serve` does beside serving.
#[derive(Debug, Deserialize, Serialize)]
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
        let settings = Self::of(&layers)?;
        let shown = show::all(&settings, &layers)?;
        Ok((settings, shown))
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

    /// The hosts that deep links may lead to.
    pub(crate) fn deep_link_hosts(&self) -> Vec<String> {
        let named = || self.systems.iter().filter_map(|system| system.deep_link.host()).collect();
        self.deep_link_hosts.clone().unwrap_or_else(named)
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
        let hosts = self.deep_link_hosts();
        let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
        SystemRegistry::new(systems, &hosts)
            .map_err(|refused| Failure::usage(format!("systems: {refused}")))
    }
}
