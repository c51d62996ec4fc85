//! The parts of a marketplace, put together as the configuration says.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fleetprompt_core::domain::{IdempotencyKey, IssuerName, PersonIdentity, Span};
use fleetprompt_core::marketplace::MarketplaceBuilder;
use fleetprompt_core::media::{ClamAv, Images, ObjectMedia};
use fleetprompt_core::port::{Entropy as _, Principal, StoreError, SystemEntropy};
use fleetprompt_core::token::KeyRing;
use fleetprompt_core::{Acting, Marketplace};
use fleetprompt_http::identity::dev::{DEV_ISSUER, DevIdentity};
use fleetprompt_http::identity::oidc::Oidc;
use fleetprompt_http::identity::service::Services;
use fleetprompt_http::identity::{Authenticate, Chain, IdentityConfigError};
use fleetprompt_http::limits::Limits;
use fleetprompt_http::observe::{LogOptions, Metrics, Observer, init_logs};
use fleetprompt_http::serve::{Health, Server};
use fleetprompt_http::{Api, router};
use fleetprompt_postgres::{PostgresLimiter, PostgresOptions, PostgresStore};
use fleetprompt_sqlite::SqliteStore;
use secrecy::ExposeSecret as _;
use tokio::net::TcpListener;
use tokio::runtime::Handle;

use crate::failure::{Failure, Outcome};
use crate::key_file::KeyFile;
use crate::open_files;
use crate::settings::{DatabaseUrl, MediaPlace, MediaSettings, Settings};

/// Who vouches for the operator of the program's commands: nobody can sign in under this name.
const PROGRAM: &str = "https://program.fleetprompt.invalid";

/// How many bytes of answers to anonymous readers are kept.
const KEPT_ANSWERS_BYTES: u64 = 32 << 20;

/// How often shared limits are pruned, and how many at once.
const PRUNED_EVERY: Duration = Duration::from_secs(30);
const PRUNED_AT_ONCE: u32 = 10_000;

/// How long what is being written may take when the program ends.
const CLOSED_WITHIN: Duration = Duration::from_secs(10);

/// How many images are drawn anew at a time.
const IMAGES_AT_ONCE: usize = 2;

/// An open database.
#[derive(Clone)]
pub(crate) enum Database {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

impl Database {
    /// Waits until it is closed, what was being written included; not for long, where a request that was cut
    /// off holds on to it.
    pub(crate) async fn close(self, market: Marketplace) {
        drop(market);
        if let Database::Postgres(store) = self {
            let closed = store.closed();
            drop(store);
            if tokio::time::timeout(CLOSED_WITHIN, closed).await.is_err() {
                tracing::warn!("the database's connections were cut off");
            }
        }
    }
}

/// What to do when there is no database of the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IfMissing {
    Make,
    Refuse,
    /// As [`Refuse`](Self::Refuse), for one that is no configured one.
    RefuseNamed,
}

/// Opens the database and brings it to this version.
pub(crate) async fn database(settings: &Settings, missing: IfMissing) -> Outcome<Database> {
    let named = &settings.database;
    let make = missing == IfMissing::Make;
    let opened = match named {
        DatabaseUrl::Sqlite(path) => {
            SqliteStore::options().create_if_missing(make).open(path).map(Database::Sqlite)
        }
        DatabaseUrl::Postgres(url) => {
            let options = postgres(settings)?.create_if_missing(make).runtime(Handle::current());
            options.connect(url.expose_secret()).await.map(Database::Postgres)
        }
    };
    opened.map_err(|error| match error {
        StoreError::Missing(_) => not_there(settings, missing, error),
        _ => Failure::from(error).of(named),
    })
}

/// No marketplace is where a command looked for one.
fn not_there(settings: &Settings, missing: IfMissing, error: StoreError) -> Failure {
    let named = &settings.database;
    let (place, setting) = match named {
        DatabaseUrl::Sqlite(_) => (named.to_string(), ""),
        DatabaseUrl::Postgres(_) => {
            let schema = &settings.postgres.schema;
            (format!("{named}, schema {schema}"), " Its schema is postgres.schema.")
        }
    };
    let hint = match missing {
        IfMissing::RefuseNamed => "Name a database that is there.",
        IfMissing::Make | IfMissing::Refuse => {
            "Name the database that you mean, with --database or in the configuration; \
             `fleetprompt migrate` and `fleetprompt import` make a new one."
        }
    };
    Failure::from(error).of(place).hint(format!("{hint}{setting}"))
}

pub(crate) fn postgres(settings: &Settings) -> Outcome<PostgresOptions> {
    let given = &settings.postgres;
    let refused = |error| Failure::usage(format!("postgres.schema: {error}"));
    let options = PostgresStore::options()
        .transaction_pooling(given.transaction_pooling)
        .schema(given.schema.parse().map_err(refused)?)
        .connections(given.connections)
        .statement_timeout(Duration::from_secs(given.statement_timeout_seconds.into()));
    let options = given.failover.iter().cloned().fold(options, PostgresOptions::failover);
    let staleness = Duration::from_secs(given.replica_staleness_seconds.into());
    Ok(match &given.replica {
        Some(replica) => options.replica(replica.clone(), staleness),
        None => options,
    })
}

/// The key ring: the configured one, or that of the file.
pub(crate) fn keys(settings: &Settings) -> Outcome<KeyRing> {
    if let Some(ring) = &settings.key_ring {
        return KeyFile::parse(ring.expose_secret(), "the configured key ring")?.ring();
    }
    KeyFile::present(&settings.key_file)?.ring()
}

/// The marketplace in a database.
pub(crate) async fn marketplace(
    settings: &Settings,
    database: &Database,
    keys: KeyRing,
) -> Outcome<Marketplace> {
    let builder = match database {
        Database::Sqlite(store) => Marketplace::builder(store.clone()),
        Database::Postgres(store) => Marketplace::builder(store.clone()),
    };
    let builder = builder
        .keys(keys)
        .issuer(settings.issuer()?)
        .systems(settings.owning_systems()?)
        .token_lifetime(Span::seconds(settings.token_lifetime_seconds));
    Ok(media(settings, builder)?.build().await?)
}

fn media(settings: &Settings, builder: MarketplaceBuilder) -> Outcome<MarketplaceBuilder> {
    let Some(media) = &settings.media else { return Ok(builder) };
    let kept = Arc::new(kept(media)?);
    let builder = builder.media(kept).redraw(Arc::new(Images::new(IMAGES_AT_ONCE)));
    Ok(match media.scanner()? {
        Some(address) => builder.scanner(Arc::new(ClamAv::new(address.clone()))),
        None => builder.unscanned_uploads(),
    })
}

fn kept(media: &MediaSettings) -> Outcome<ObjectMedia> {
    match media.place()? {
        MediaPlace::Folder(folder) => ObjectMedia::in_folder(folder).map_err(|error| {
            Failure::usage(format!("media.folder: {}: {error}", folder.display()))
        }),
        MediaPlace::S3(config) => ObjectMedia::in_s3(&config)
            .map_err(|error| Failure::usage(format!("media.s3: {error}"))),
    }
}

/// A database and its marketplace, for a command that works on what is there.
pub(crate) async fn existing(settings: &Settings) -> Outcome<(Database, Marketplace)> {
    let keys = keys(settings)?;
    let database = database(settings, IfMissing::Refuse).await?;
    let market = marketplace(settings, &database, keys).await?;
    Ok((database, market))
}

/// The operator of the program's commands.
pub(crate) fn operator(settings: &Settings, market: &Marketplace) -> Outcome<Acting> {
    let identity = PersonIdentity::personal(PROGRAM.parse()?, settings.operator.clone());
    Ok(market.act_as(Principal::operator(identity)))
}

/// A key for one run of a command: a person who runs it again means it again.
pub(crate) fn once(command: &str) -> Outcome<IdempotencyKey> {
    let seed = SystemEntropy.seed().map_err(|error| Failure::failed(error.to_string()))?;
    let random: String = seed.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{command}-{random}").parse()?)
}

/// Who is let in, on the address that is served.
fn identity(settings: &Settings, served: SocketAddr) -> Outcome<Arc<dyn Authenticate>> {
    let refused = |error: IdentityConfigError| Failure::usage(format!("identity: {error}"));
    let oidc = settings.identity.oidc.clone().map(Oidc::new).transpose().map_err(refused)?;
    let services = match settings.identity.services.as_slice() {
        [] => None,
        services => Some(Services::new(services.to_vec()).map_err(refused)?),
    };
    let dev = settings.insecure_dev_identity.then(|| DevIdentity::for_listener(served));
    let dev = dev
        .transpose()
        .map_err(|error| Failure::usage(format!("insecure-dev-identity: {error}, not {served}")))?;
    Ok(Arc::new(Chain::new(oidc, services, dev).map_err(refused)?))
}

/// The one identity provider that people come from, if there is one.
fn people_issuer(settings: &Settings) -> Outcome<Option<IssuerName>> {
    match (settings.insecure_dev_identity, &settings.identity.oidc) {
        (true, None) => Ok(Some(DEV_ISSUER.parse()?)),
        (false, Some(oidc)) => Ok(Some(oidc.issuer.clone())),
        (true, Some(_)) | (false, None) => Ok(None),
    }
}

/// Whether a server could be put together from the configuration, as far as that can be told without
/// its database, its keys and its addresses.
pub(crate) fn accepted(settings: &Settings) -> Outcome {
    let served = settings.listen;
    identity(settings, served)?;
    people_issuer(settings)?;
    settings.origin_at(served)?;
    settings.issuer()?;
    postgres(settings).map(drop)
}

/// A server that has all it needs: nothing of the configuration can stop it any more.
pub(crate) struct Prepared {
    listener: TcpListener,
    server: Server,
    api: Api,
    figures: Option<Background>,
    pruning: Option<Background>,
}

/// Puts a server together, which counts in `metrics`. These are served from here on.
pub(crate) async fn prepare(
    listener: TcpListener,
    served: SocketAddr,
    (database, market): (&Database, &Marketplace),
    settings: &Settings,
    metrics: &Metrics,
) -> Outcome<Prepared> {
    let identity = identity(settings, served)?;
    let origin = settings.origin_at(served)?;
    let api = Api::new(market.clone(), identity, origin.clone());
    let api = if settings.pages { api.pages() } else { api };
    // Whether an answer still holds is asked of the primary, and a replica's may not have held before.
    let api = match (database, &settings.postgres.replica) {
        (Database::Postgres(_), Some(_)) => api,
        _ => api.response_cache(KEPT_ANSWERS_BYTES),
    };
    let api = match people_issuer(settings)? {
        Some(issuer) => api.people_of(issuer),
        None => api,
    };
    let figures = settings.metrics_listen.map(|address| figures(address, metrics.clone()));
    let figures = match figures {
        Some(figures) => Some(figures.await?),
        None => None,
    };
    let limits = Limits::new(settings.limits.clone());
    let (limits, pruning) = match database {
        Database::Sqlite(_) => (limits, None),
        Database::Postgres(store) => {
            let shared = Arc::new(PostgresLimiter::new(store));
            let pruning = Background::spawn(prune(Arc::clone(&shared)));
            (limits.shared(shared), Some(pruning))
        }
    };
    let server = Server::new(open_files::fit(settings))
        .observer(Observer::new(settings.log, metrics.clone()))
        .limits(limits)
        .health(Health::new(market.clone()));
    let server = if settings.pages { server.pages(origin) } else { server };
    Ok(Prepared { listener, server, api, figures, pruning })
}

impl Prepared {
    /// Serves until `stop` is over, and then what runs to its end, for a while.
    pub(crate) async fn run(self, stop: impl Future<Output = ()> + Send + 'static) {
        let Prepared { listener, server, api, figures, pruning } = self;
        let drained = server.run(listener, router(api), stop).await;
        drop((figures, pruning));
        if !drained.is_complete() {
            tracing::warn!(connections = drained.cut(), "some requests did not finish in time");
        }
    }
}

/// Serves the metrics, on an address of their own, until it is dropped.
async fn figures(address: SocketAddr, metrics: Metrics) -> Outcome<Background> {
    let listener = TcpListener::bind(address).await.map_err(|error| {
        Failure::failed(format!("metrics-listen: {address}: {error}"))
            .hint("Choose another address, or stop what uses it.")
    })?;
    let serving = axum::serve(listener, metrics.router());
    Ok(Background::spawn(async move {
        if let Err(error) = serving.await {
            tracing::error!(%error, "the metrics are not served any more");
        }
    }))
}

/// Forgets the limits of those who have not come for long, now and then.
async fn prune(limiter: Arc<PostgresLimiter>) {
    loop {
        tokio::time::sleep(PRUNED_EVERY).await;
        if limiter.prune(PRUNED_AT_ONCE).await.is_err() {
            tracing::warn!("the shared limits could not be pruned; trying again later");
        }
    }
}

/// Ends when it is dropped.
pub(crate) struct Background(tokio::task::JoinHandle<()>);

impl Background {
    pub(crate) fn spawn(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Background(tokio::spawn(work))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Logs to standard error.
pub(crate) fn logs(options: LogOptions) {
    // A second one is refused; the first one stays.
    let _ = init_logs(options);
}

/// The folder of a file, made if it is missing and its owner's alone.
pub(crate) fn private_folder(folder: &Path) -> Outcome {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| Failure::file(folder, &error))
}
