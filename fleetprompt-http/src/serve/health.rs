//! Whether the process is up, and whether it can serve.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use fleetprompt_core::Marketplace;
use http::{HeaderValue, StatusCode, header};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// So long the store's last answer is good, whoever asks however often.
const FRESH: Duration = Duration::from_secs(1);
/// What is said while the clock is behind.
const BEHIND: Result<(), &str> = Err("clock behind\n");
/// So long the store may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Answers `GET /healthz` (the process is up) and `GET /readyz` (the store answers, the clock is not
/// [behind](Marketplace::clock_behind) its log, and the server is not about to stop). Both say one word or
/// two as plain text; not ready is 503.
///
/// ```
/// # use fleetprompt_core::memory::MemoryStore;
/// # use fleetprompt_core::token::{KeyRing, MasterKey};
/// # use fleetprompt_core::Marketplace;
/// use fleetprompt_http::serve::Health;
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let market = Marketplace::builder(MemoryStore::default())
/// #     .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32])?))
/// #     .issuer("https://market.example".parse()?).build().await?;
/// let health = Health::new(market);
/// assert!(health.is_ready().await);
/// health.drain();
/// assert!(!health.is_ready().await);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Health {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    market: Marketplace,
    draining: AtomicBool,
    /// What was found last, and when.
    last: Mutex<Option<(Instant, Result<(), &'static str>)>>,
}

impl Health {
    /// The health of a marketplace.
    pub fn new(market: Marketplace) -> Self {
        let inner = Inner { market, draining: AtomicBool::new(false), last: Mutex::default() };
        Health { inner: Arc::new(inner) }
    }

    /// From now on it is not ready: it will stop.
    pub fn drain(&self) {
        self.inner.draining.store(true, Ordering::Relaxed);
    }

    /// Whether callers may be sent here.
    pub async fn is_ready(&self) -> bool {
        self.look().await.is_ok()
    }

    async fn look(&self) -> Result<(), &'static str> {
        if self.inner.draining.load(Ordering::Relaxed) {
            return Err("draining\n");
        }
        let mut last = self.inner.last.lock().await;
        if let Some((at, found)) = *last
            && at.elapsed() < FRESH
        {
            return found;
        }
        let found = match timeout(PATIENCE, self.inner.market.clock_behind()).await {
            Ok(Ok(None)) => Ok(()),
            Ok(Ok(Some(behind))) => {
                let behind_seconds = behind.as_seconds_ceil();
                if last.is_none_or(|(_, found)| found != BEHIND) {
                    tracing::error!(behind_seconds, "the clock is behind the log's last event");
                }
                BEHIND
            }
            Ok(Err(_)) | Err(_) => Err("store unavailable\n"),
        };
        *last = Some((Instant::now(), found));
        found
    }

    /// The two routes.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/healthz", get(|| async { word(StatusCode::OK, "ok\n") }))
            .route("/readyz", get(ready))
            .with_state(self.clone())
    }
}

async fn ready(State(health): State<Health>) -> Response {
    match health.look().await {
        Ok(()) => word(StatusCode::OK, "ready\n"),
        Err(why) => word(StatusCode::SERVICE_UNAVAILABLE, why),
    }
}

fn word(status: StatusCode, word: &'static str) -> Response {
    let no_store = HeaderValue::from_static("no-store");
    (status, [(header::CACHE_CONTROL, no_store)], word).into_response()
}
