//! The connections of a store.

use std::sync::Arc;
use std::time::Duration;

use fleetprompt_core::port::StoreError;
use rustls::crypto::CryptoProvider;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::address::DatabaseUrl;
use crate::error::{Fault, open_error};
use crate::options::PostgresOptions;
use crate::pool::{Pool, TRUSTED};
use crate::primary::{self, Primary};
use crate::probe::PATIENCE;
use crate::replica::Replica;
use crate::schema;
use crate::session::{Settings, milliseconds};
use crate::store::Purpose;

/// How many statements a connection keeps prepared: more than the store has.
const STATEMENTS: usize = 256;

/// How a server is connected to.
pub(crate) fn connect_options(url: &DatabaseUrl, options: &PostgresOptions) -> PgConnectOptions {
    let connect = url.connect.clone();
    let connect = connect.application_name("fleetprompt").disable_statement_logging();
    if options.transaction_pooling {
        // A pooler passes neither on.
        return connect.statement_cache_capacity(0).extra_float_digits(None);
    }
    let timeout = milliseconds(options.statement_timeout);
    connect.statement_cache_capacity(STATEMENTS).options([
        ("statement_timeout", timeout.to_string()),
        ("default_transaction_isolation", "read committed".to_owned()),
    ])
}

/// What a store is opened to.
pub(crate) struct Opened {
    pub(crate) readers: Pool,
    pub(crate) writer: Pool,
    pub(crate) replica: Option<Arc<Replica>>,
}

/// Connects, sees to the schema, and begins to look after the servers.
pub(crate) async fn open(
    servers: Vec<PgConnectOptions>,
    options: PostgresOptions,
    settings: Arc<Settings>,
    purpose: Purpose,
) -> Result<Opened, StoreError> {
    let no_server = StoreError::Open("the store needs an address");
    let first = servers.first().ok_or(no_server)?;
    // A program may have several providers of cryptography compiled in, and rustls chooses none then.
    if CryptoProvider::get_default().is_none() {
        // Whoever was quicker has installed one, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    let several = servers.len() > 1;
    let primary = |connections| {
        let driver = pool(connections, options.acquire_timeout)
            .after_connect(move |conn, _| {
                Box::pin(async move {
                    match several {
                        true => primary::require(conn).await,
                        false => Ok(()),
                    }
                })
            })
            .connect_lazy_with(first.clone());
        Pool::new(driver)
    };
    let (readers, writer) = (primary(options.connections), primary(1));
    let pools = [readers.clone(), writer.clone()];
    let mut primary = Primary { servers, pools, current: 0 };
    if several {
        primary.find().await;
    }
    if let Err(fault) = schema::prepare(&writer, &settings, options.create_if_missing).await {
        return Err(open_error(reason(fault, &writer.connect_options()).await));
    }
    if purpose == Purpose::Serving {
        schema::check_finished(&writer, &settings).await.map_err(open_error)?;
    }
    if several {
        tokio::spawn(primary.follow());
    }
    let replica = options.replica.as_ref().map(|replica| {
        let standby = connect_options(&replica.url, &options);
        let timeout = options.acquire_timeout.min(PATIENCE);
        let pool = pool(options.connections, timeout).connect_lazy_with(standby.clone());
        let replica = Arc::new(Replica::new(Pool::new(pool), replica.staleness));
        let (measured, readers) = (Arc::clone(&replica), readers.clone());
        tokio::spawn(async move { measured.measure(&readers, &standby).await });
        replica
    });
    Ok(Opened { readers, writer, replica })
}

/// Why there was no connection: the driver's pool tries until its time is over, and does not say.
async fn reason(fault: Fault, server: &PgConnectOptions) -> Fault {
    if !matches!(fault, Fault::Sqlx(sqlx::Error::PoolTimedOut)) {
        return fault;
    }
    match tokio::time::timeout(PATIENCE, PgConnection::connect_with(server)).await {
        Ok(Err(error)) => error.into(),
        Ok(Ok(_)) | Err(_) => fault,
    }
}

fn pool(connections: u32, acquire_timeout: Duration) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(acquire_timeout)
        .test_before_acquire(false)
        .before_acquire(|conn, meta| {
            Box::pin(async move {
                if meta.idle_for <= TRUSTED {
                    return Ok(true);
                }
                // A network that swallows everything must not take the time to make a new one.
                match tokio::time::timeout(PATIENCE, conn.ping()).await {
                    Ok(pinged) => pinged.map(|()| true),
                    Err(_) => Err(sqlx::Error::PoolTimedOut),
                }
            })
        })
}
