//! One connection, from its acceptance to its end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use futures_util::FutureExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until};
use tower::Service;

use super::ServeOptions;
use super::activity::{Activity, Delivered, Standing, Watched};
use crate::observe::{ConnectionEnd, Metrics};

/// How long a connection that was asked to end may take to say so.
const LINGER: Duration = Duration::from_secs(5);

/// What all connections of a server share.
pub(super) struct Shared {
    pub(super) options: ServeOptions,
    pub(super) router: Router,
    pub(super) metrics: Metrics,
    /// Asks idle connections, longest idle first, to make room.
    pub(super) room: Notify,
    /// Tells that a connection has ended, and given back what it held.
    pub(super) ended: Notify,
    pub(super) phase: watch::Sender<Phase>,
}

/// How far a server is on its way to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Serving,
    /// What runs is finished, and no more.
    Draining,
    /// All is cut off.
    Cut,
}

impl Shared {
    /// Takes back a wish for room that no connection was idle to hear: it would end the next that is,
    /// which may be the newcomer itself.
    pub(super) fn has_room(&self) {
        let _ = self.room.notified().now_or_never();
    }

    fn protocol(&self) -> Builder<TokioExecutor> {
        let options = &self.options;
        let mut builder = Builder::new(TokioExecutor::new());
        let header_bytes = options.header_bytes.get();
        builder
            .http1()
            .timer(TokioTimer::new())
            // The connection's own watch knows an idle connection from a head that does not end.
            .header_read_timeout(None::<Duration>)
            .max_headers(usize::from(options.headers.get()))
            .max_buf_size(header_bytes as usize);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_header_list_size(header_bytes)
            .max_concurrent_streams(options.streams.get())
            .max_pending_accept_reset_streams(20_usize)
            .max_local_error_reset_streams(20_usize)
            .initial_stream_window_size(65_536_u32)
            .initial_connection_window_size(262_144_u32)
            .max_send_buf_size(64 << 10)
            .keep_alive_interval(Duration::from(options.keep_alive))
            .keep_alive_timeout(options.header_time.into());
        builder
    }

    /// Serves one connection to its end.
    pub(super) async fn serve(self: Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        // Answers are written whole; waiting for more only delays them.
        let _ = stream.set_nodelay(true);
        let activity = Activity::new(&self.options);
        let io = TokioIo::new(Watched { stream, activity: Arc::clone(&activity) });
        let service = service_fn({
            let activity = Arc::clone(&activity);
            let router = self.router.clone();
            move |request: http::Request<Incoming>| {
                let ticket = activity.begin(&request);
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(ConnectInfo(peer));
                let answer = router.clone().call(request);
                async move {
                    let answer = answer.await?;
                    Ok::<_, Infallible>(answer.map(|body| Delivered::new(body, ticket)))
                }
            }
        });
        let builder = self.protocol();
        let mut connection = pin!(builder.serve_connection(io, service));
        let mut phase = self.phase.subscribe();
        let mut closing: Option<Instant> = None;
        let end = loop {
            let standing = activity.standing();
            let until = closing.map_or(standing.until(), |closing| closing.min(standing.until()));
            let idle = !matches!(standing, Standing::Busy(_));
            tokio::select! {
                biased;
                served = connection.as_mut() => break match served {
                    Ok(()) => ConnectionEnd::Closed,
                    Err(_) => ConnectionEnd::Broken,
                },
                () = activity.changed() => {}
                now = reached(&mut phase, if closing.is_none() { Phase::Draining } else { Phase::Cut }) => {
                    if now == Phase::Cut {
                        break ConnectionEnd::Cut;
                    }
                    connection.as_mut().graceful_shutdown();
                    closing = Some(Instant::now() + Duration::from(self.options.drain_time) + LINGER);
                }
                () = self.room.notified(), if idle && closing.is_none() => {
                    self.metrics.connection_evicted();
                    connection.as_mut().graceful_shutdown();
                    closing = Some(Instant::now() + LINGER);
                }
                () = sleep_until(until) => match standing {
                    Standing::Idle(_) if closing.is_none() => {
                        connection.as_mut().graceful_shutdown();
                        closing = Some(Instant::now() + LINGER);
                    }
                    Standing::Idle(_) => break ConnectionEnd::Closed,
                    Standing::Arriving(_) | Standing::Busy(_) => break ConnectionEnd::TimedOut,
                },
            }
        };
        self.metrics.connection_ended(end);
    }
}

/// Waits for the phase, or a later one.
async fn reached(phase: &mut watch::Receiver<Phase>, wanted: Phase) -> Phase {
    // Without a sender the server is gone.
    phase.wait_for(|now| *now >= wanted).await.map_or(Phase::Cut, |now| *now)
}
