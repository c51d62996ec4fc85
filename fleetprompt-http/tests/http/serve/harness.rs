//! A server on a real socket, and a client that writes what it likes.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::routing::{get, post, put};
use bytes::Bytes;
use fleetprompt_core::Marketplace;
use fleetprompt_core::memory::MemoryStore;
use fleetprompt_core::port::Store;
use fleetprompt_core::token::{KeyRing, MasterKey};
use fleetprompt_http::observe::{LogOptions, Metrics, Observer};
use fleetprompt_http::serve::{Drained, ServeOptions, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::stores::waiting::PATIENCE;

/// Options with some of them set, as a configuration would.
pub(super) fn options(json: &str) -> ServeOptions {
    serde_json::from_str(json).unwrap()
}

/// Handlers that stay in their place until they are let go.
#[derive(Clone)]
pub(super) struct Held {
    entered: Arc<Semaphore>,
    go: Arc<Semaphore>,
}

impl Held {
    pub(super) fn new() -> Self {
        Held { entered: Arc::new(Semaphore::new(0)), go: Arc::new(Semaphore::new(0)) }
    }

    async fn stay(self) -> &'static str {
        self.entered.add_permits(1);
        self.go.acquire().await.unwrap().forget();
        "held"
    }

    /// Waits until so many more have come in.
    pub(super) async fn entered(&self, count: u32) {
        let entered = in_time("requests to come in", self.entered.acquire_many(count));
        entered.await.unwrap().forget();
    }

    pub(super) fn let_go(&self, count: usize) {
        self.go.add_permits(count);
    }
}

/// Routes to try things on.
pub(super) fn routes(held: &Held) -> Router {
    let held = held.clone();
    Router::new()
        .route("/fast", get(|| async { "fast" }))
        .route("/held", get(move || held.clone().stay()))
        .route("/echo", post(|body: String| async { body }))
        .route("/ignore", post(|| async { "ignored" }))
        .route("/v1/media/icon", put(|body: Bytes| async { body }))
        .route("/never", get(|| async { std::future::pending::<&'static str>().await }))
        .route("/large", get(|| async { vec![0_u8; 64 << 20] }))
        .route("/fall", get(fall))
        .route("/things/{id}", get(|| async { "thing" }))
}

async fn fall() -> &'static str {
    panic!("the canary-of-a-panic")
}

/// A server that runs.
pub(super) struct Running {
    pub(super) address: SocketAddr,
    pub(super) metrics: Metrics,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Drained>,
}

impl Running {
    /// Starts `server` with its own figures.
    pub(super) async fn start(options: ServeOptions, router: Router) -> Self {
        Self::with(options, router, |server| server).await
    }

    /// The same, with more of a server.
    pub(super) async fn with(
        options: ServeOptions,
        router: Router,
        more: impl FnOnce(Server) -> Server,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let metrics = Metrics::default();
        let observer = Observer::new(LogOptions::default(), metrics.clone());
        let server = more(Server::new(options).observer(observer));
        let (stop, stopped) = oneshot::channel();
        let stopped = async {
            let _ = stopped.await;
        };
        let task = tokio::spawn(server.run(listener, router, stopped));
        Running { address, metrics, stop, task }
    }

    pub(super) async fn connect(&self) -> Client {
        Client(TcpStream::connect(self.address).await.unwrap())
    }

    /// One request on a connection of its own.
    pub(super) async fn get(&self, path: &str) -> Answer {
        let mut client = self.connect().await;
        client.send(&format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")).await;
        client.answer().await
    }

    /// Asks it to stop; the handle says how it ended.
    pub(super) fn stop(self) -> JoinHandle<Drained> {
        self.stop.send(()).unwrap();
        self.task
    }

    /// Waits until the figures hold this line.
    pub(super) async fn figure(&self, line: &str) {
        let what = format!("the figures say {line}");
        until(&what, async || self.metrics.encode().lines().any(|other| other == line)).await;
    }
}

/// Waits until something is so; says what was waited for in vain.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !is_so().await {
        assert!(start.elapsed() < PATIENCE, "waited in vain until {what}");
        tokio::task::yield_now().await;
    }
}

/// What comes in time; says what did not.
async fn in_time<T>(what: &str, comes: impl Future<Output = T>) -> T {
    match timeout(PATIENCE, comes).await {
        Ok(came) => came,
        Err(_) => panic!("waited in vain for {what}"),
    }
}

/// A connection.
pub(super) struct Client(TcpStream);

impl Client {
    pub(super) async fn send(&mut self, bytes: &str) {
        // A server that has closed already is what some tests wait for.
        let _ = self.0.write_all(bytes.as_bytes()).await;
    }

    pub(super) async fn send_bytes(&mut self, bytes: &[u8]) {
        let _ = self.0.write_all(bytes).await;
    }

    /// All that comes until the server closes.
    pub(super) async fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // Being reset is being closed.
        let _ = in_time("the end of a connection", self.0.read_to_end(&mut bytes)).await;
        bytes
    }

    /// The answer on a connection that the server closes after it.
    pub(super) async fn answer(&mut self) -> Answer {
        Answer::read(&self.rest().await)
    }

    /// The next answer of a connection that stays open; its body must have a length.
    pub(super) async fn next_answer(&mut self) -> Answer {
        let mut bytes = Vec::new();
        loop {
            let read = in_time("an answer", self.0.read_u8()).await.unwrap();
            bytes.push(read);
            if bytes.ends_with(b"\r\n\r\n") {
                break;
            }
        }
        let head = Answer::read(&bytes);
        let length = head.header("content-length").unwrap().parse().unwrap();
        let body = self.exactly(length).await;
        Answer { body: String::from_utf8(body).unwrap(), ..head }
    }

    pub(super) async fn exactly(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        in_time("bytes", self.0.read_exact(&mut bytes)).await.unwrap();
        bytes
    }
}

/// What a server answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Answer {
    fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Answer { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let start = format!("{name}: ");
        self.head.lines().find_map(|line| line.strip_prefix(&start))
    }

    /// The code of its problem.
    pub(super) fn code(&self) -> String {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap_or_default();
        body["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// A marketplace over `store`.
pub(super) async fn market(store: impl Store + 'static) -> Marketplace {
    let keys = KeyRing::single(MasterKey::from_bytes(&[7; 32]).unwrap());
    let issuer = "https://market.example".parse().unwrap();
    Marketplace::builder(store).keys(keys).issuer(issuer).build().await.unwrap()
}

/// A marketplace in memory.
pub(super) fn any_market() -> impl Future<Output = Marketplace> {
    market(MemoryStore::default())
}
