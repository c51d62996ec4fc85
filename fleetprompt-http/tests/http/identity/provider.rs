//! A provider of keys on this machine, which can fail in many ways.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::keys::SigningKey;

pub(super) struct Provider {
    address: SocketAddr,
    inner: Arc<Inner>,
}

struct Inner {
    issuer: String,
    discovery: Mutex<Value>,
    mode: Mutex<Mode>,
    asked: watch::Sender<usize>,
}

/// How it answers when it is asked for its keys.
#[derive(Clone)]
pub(super) enum Mode {
    Keys(Value),
    Text(String),
    Status(StatusCode),
    RedirectTo(String),
    Silence,
}

impl Provider {
    pub(super) async fn of(keys: &[&SigningKey]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let issuer = format!("http://{address}");
        let discovery = json!({"issuer": issuer, "jwks_uri": format!("{issuer}/keys")});
        let inner = Arc::new(Inner {
            issuer,
            discovery: Mutex::new(discovery),
            mode: Mutex::new(Mode::Keys(set(keys))),
            asked: watch::Sender::new(0),
        });
        let discover = |State(inner): State<Arc<Inner>>| async move {
            inner.discovery.lock().unwrap().to_string().into_response()
        };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discover))
            .route("/keys", get(answer))
            .route("/elsewhere", get(answer))
            .with_state(Arc::clone(&inner));
        tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        Provider { address, inner }
    }

    pub(super) fn issuer(&self) -> &str {
        &self.inner.issuer
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on it answers like this.
    pub(super) fn now(&self, mode: Mode) {
        *self.inner.mode.lock().unwrap() = mode;
    }

    pub(super) fn publishes(&self, keys: &[&SigningKey]) {
        self.now(Mode::Keys(set(keys)));
    }

    pub(super) fn says_of_itself(&self, discovery: Value) {
        *self.inner.discovery.lock().unwrap() = discovery;
    }

    /// How often it was asked for its keys.
    pub(super) fn asked(&self) -> usize {
        *self.inner.asked.borrow()
    }

    /// Waits until it has been asked that often.
    pub(super) async fn has_been_asked(&self, times: usize) {
        let mut asked = self.inner.asked.subscribe();
        asked.wait_for(|asked| *asked >= times).await.unwrap();
    }
}

fn set(keys: &[&SigningKey]) -> Value {
    json!({"keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>()})
}

async fn answer(State(inner): State<Arc<Inner>>) -> Response {
    inner.asked.send_modify(|asked| *asked += 1);
    let mode = inner.mode.lock().unwrap().clone();
    match mode {
        Mode::Keys(keys) => keys.to_string().into_response(),
        Mode::Text(text) => text.into_response(),
        Mode::Status(status) => status.into_response(),
        Mode::RedirectTo(url) => Redirect::temporary(&url).into_response(),
        Mode::Silence => std::future::pending().await,
    }
}
