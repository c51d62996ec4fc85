//! The server: accepts, serves, and comes to an end.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use fleetprompt_core::port::SystemEntropy;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};

use super::by_address::{ByAddress, Place};
use super::connection::{Phase, Shared};
use super::shortage::{Shortage, is_of_connection, is_shortage};
use super::{Guard, Health, ServeOptions};
use crate::Origin;
use crate::convention::request_id::{self, Naming};
use crate::limits::Limits;
use crate::observe::Observer;

/// Serves a router over HTTP/1.1 and HTTP/2 (with prior knowledge) within [`ServeOptions`].
///
/// ```
/// use axum::{Router, routing::get};
/// use fleetprompt_http::serve::{ServeOptions, Server};
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// let router = Router::new().route("/", get(|| async { "hello" }));
/// let stop = async {}; // for instance a signal
/// let drained = Server::new(ServeOptions::default()).run(listener, router, stop).await;
/// assert!(drained.is_complete());
/// # Ok::<(), std::io::Error>(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Server {
    options: ServeOptions,
    observer: Observer,
    limits: Option<Limits>,
    health: Option<Health>,
    pages: Option<Origin>,
}

/// How a server ended.
///
/// ```
/// # use fleetprompt_http::serve::Drained;
/// fn exit_code(drained: Drained) -> u8 {
///     if drained.is_complete() { 0 } else { 1 }
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Drained {
    cut: usize,
}

impl Drained {
    /// Whether everything that ran was finished in time.
    pub fn is_complete(self) -> bool {
        self.cut == 0
    }

    /// How many connections were cut off.
    pub fn cut(self) -> usize {
        self.cut
    }
}

impl Server {
    /// A server within these bounds, without limits of rate and health.
    pub fn new(options: ServeOptions) -> Self {
        Server { options, observer: Observer::default(), limits: None, health: None, pages: None }
    }

    /// Logs and counts through `observer`.
    pub fn observer(self, observer: Observer) -> Self {
        Server { observer, ..self }
    }

    /// Counts requests against `limits`.
    pub fn limits(self, limits: Limits) -> Self {
        Server { limits: Some(limits), ..self }
    }

    /// Answers `/healthz` and `/readyz` as well, which are never limited or shed.
    pub fn health(self, health: Health) -> Self {
        Server { health: Some(health), ..self }
    }

    /// Shows what it refuses itself as a page where a page was asked for, of a router that
    /// [has pages](crate::Api::pages) and is reached at `origin`.
    ///
    /// ```
    /// use fleetprompt_http::serve::{ServeOptions, Server};
    /// let server = Server::new(ServeOptions::default()).pages("https://market.example".parse()?);
    /// # drop(server);
    /// # Ok::<(), fleetprompt_core::domain::ParseError>(())
    /// ```
    pub fn pages(self, origin: Origin) -> Self {
        Server { pages: Some(origin), ..self }
    }

    /// The router with everything that stands around it: names, logs, limits, guard, health.
    fn stack(&self, router: Router) -> Router {
        let naming = Naming { entropy: Arc::new(SystemEntropy), pages: self.pages.clone() };
        let mut router = Guard::new(&self.options, self.observer.metrics().clone()).around(router);
        if let Some(limits) = &self.limits {
            router = limits.clone().metrics(self.observer.metrics().clone()).around(router);
        }
        let router =
            self.observer.around(router).layer(from_fn_with_state(naming, request_id::name));
        match &self.health {
            Some(health) => router.merge(health.router()),
            None => router,
        }
    }

    /// Serves until `shutdown` is ready and what runs then is finished or cut off.
    pub async fn run(
        self,
        listener: TcpListener,
        router: Router,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Drained {
        let shared = Arc::new(Shared {
            router: self.stack(router),
            options: self.options.clone(),
            metrics: self.observer.metrics().clone(),
            room: Notify::new(),
            ended: Notify::new(),
            phase: watch::Sender::new(Phase::Serving),
        });
        let mut gate = Gate {
            listener,
            places: Arc::new(Semaphore::new(self.options.connections.get() as usize)),
            by_address: Arc::default(),
            shared: Arc::clone(&shared),
            limits: self.limits.clone(),
            shortage: Shortage::default(),
        };
        gate.serve_until(async {
            shutdown.await;
            if let Some(health) = &self.health {
                health.drain();
            }
            if let Some(delay) = self.options.drain_delay {
                sleep(delay.into()).await;
            }
        })
        .await;
        let Gate { listener, places, .. } = gate;
        drop(listener);
        drain(&shared, &places).await
    }
}

/// Has what runs finish, and cuts off what does not in time.
async fn drain(shared: &Shared, places: &Semaphore) -> Drained {
    shared.phase.send_replace(Phase::Draining);
    let all = shared.options.connections.get();
    let mut ended: Pin<Box<_>> = Box::pin(places.acquire_many(all));
    match timeout(shared.options.drain_time.into(), ended.as_mut()).await {
        Ok(_) => Drained { cut: 0 },
        Err(_) => {
            // The waiting permit takes those that are free: the rest are connections.
            let cut = shared.metrics.connections();
            shared.phase.send_replace(Phase::Cut);
            let _ = ended.await;
            tracing::warn!(connections = cut, "cut off what did not finish in time");
            Drained { cut }
        }
    }
}

/// Where connections come in.
struct Gate {
    listener: TcpListener,
    places: Arc<Semaphore>,
    by_address: Arc<ByAddress>,
    shared: Arc<Shared>,
    limits: Option<Limits>,
    shortage: Shortage,
}

struct Accepted {
    stream: TcpStream,
    peer: SocketAddr,
    place: Option<Place>,
    permit: OwnedSemaphorePermit,
}

impl Gate {
    /// Serves each connection that comes, on a task of its own, until `closed`.
    async fn serve_until(&mut self, closed: impl Future<Output = ()>) {
        let mut closed = pin!(closed);
        loop {
            tokio::select! {
                biased;
                () = closed.as_mut() => return,
                accepted = self.next() => {
                    let shared = Arc::clone(&self.shared);
                    shared.metrics.connection_opened();
                    tokio::spawn(async move {
                        Arc::clone(&shared).serve(accepted.stream, accepted.peer).await;
                        drop((accepted.place, accepted.permit));
                        shared.ended.notify_waiters();
                    });
                }
            }
        }
    }

    /// The next connection that has a place.
    async fn next(&mut self) -> Accepted {
        loop {
            let (stream, peer) = match self.listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    if !is_of_connection(&error) {
                        self.bear(&error).await;
                    }
                    continue;
                }
            };
            if self.shortage.accepted() {
                tracing::info!("connections are accepted again");
            }
            self.shared.has_room();
            let Ok(place) = self.place(peer) else {
                self.shared.metrics.connection_refused();
                continue;
            };
            let permit = match Arc::clone(&self.places).try_acquire_owned() {
                Ok(permit) => permit,
                Err(_) => {
                    self.shared.room.notify_one();
                    match Arc::clone(&self.places).acquire_owned().await {
                        Ok(permit) => permit,
                        Err(_) => continue,
                    }
                }
            };
            self.shared.has_room();
            return Accepted { stream, peer, place, permit };
        }
    }

    /// Makes room, if it is room that lacks, and waits for a moment.
    async fn bear(&mut self, error: &std::io::Error) {
        if self.shortage.failed() {
            tracing::error!(cause = %error, "can't accept connections");
        }
        let ended = self.shared.ended.notified();
        if is_shortage(error) {
            self.shared.room.notify_one();
        }
        // What lacks may come from elsewhere as well, which tells nobody.
        let _ = timeout(Duration::from_millis(100), ended).await;
    }

    /// A place among those of its address, which a proxy does not need.
    fn place(&self, peer: SocketAddr) -> Result<Option<Place>, TooMany> {
        let (address, proxy) = match &self.limits {
            Some(limits) => (limits.fold(peer.ip()), limits.is_proxy(peer.ip())),
            None => (peer.ip().to_canonical(), false),
        };
        if proxy {
            return Ok(None);
        }
        let most = self.shared.options.connections_per_address.get();
        self.by_address.take(address, most).map(Some).ok_or(TooMany)
    }
}

struct TooMany;
