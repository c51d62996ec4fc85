//! Connections that stay open, and what is asked over them.

use std::net::SocketAddr;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::response::Parts;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// A request that can be sent.
pub(crate) type Asked = Request<Full<Bytes>>;

/// One connection.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Connection { sender }
    }

    /// Asks, and waits for the whole answer.
    pub(crate) async fn ask(&mut self, request: Asked) -> (Parts, Bytes) {
        self.sender.ready().await.unwrap();
        let (head, body) = self.sender.send_request(request).await.unwrap().into_parts();
        (head, body.collect().await.unwrap().to_bytes())
    }

    /// The same, insisting on an answer that is no refusal.
    pub(crate) async fn insist(&mut self, request: Asked) -> (Parts, Bytes) {
        let (head, body) = self.ask(request).await;
        assert!(head.status.is_success(), "{} {}", head.status, String::from_utf8_lossy(&body));
        (head, body)
    }
}

/// A read by nobody in particular.
pub(crate) fn read(path: &str) -> Asked {
    let request = Request::get(path).header(HOST, "localhost");
    request.body(Full::default()).unwrap()
}

/// The first page of what is found for some words.
pub(crate) fn search(words: &str) -> Asked {
    read(&format!("/v1/listings?q={}", words.replace(' ', "+")))
}

/// A JSON body by somebody.
pub(crate) fn write(method: Method, path: &str, bearer: &str, body: &Value) -> Asked {
    let request = Request::builder().method(method).uri(path).header(HOST, "localhost");
    let request = request.header(AUTHORIZATION, format!("Bearer {bearer}"));
    let request = request.header(CONTENT_TYPE, "application/json");
    request.body(Full::from(body.to_string())).unwrap()
}

/// The same, under an idempotency key.
pub(crate) fn keyed(mut request: Asked, key: &str) -> Asked {
    request.headers_mut().insert("idempotency-key", key.parse().unwrap());
    request
}
