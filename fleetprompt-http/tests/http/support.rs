//! What the tests are written with: a marketplace behind the router, callers, and requests.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use fleetprompt_core::Marketplace;
use fleetprompt_core::domain::{
    AssetKind, OwningSystem, PersonIdentity, SystemRegistry, TenantIdentity,
};
use fleetprompt_core::media::Images;
use fleetprompt_core::memory::MemoryMedia;
use fleetprompt_core::port::{Clock, Principal, Store, SystemClock};
use fleetprompt_core::token::{KeyRing, MasterKey};
use fleetprompt_http::identity::{Authenticate, AuthenticateError, AuthenticateFuture};
use fleetprompt_http::{Api, router};
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tower::ServiceExt as _;

const ISSUER: &str = "https://id.example";
const ORIGIN: &str = "https://market.example/shop";

/// Takes callers at their word: `person:<tenant>:<subject>`, `admin:…`, `operator:<subject>`,
/// `system:<name>`.
struct AtTheirWord;

impl Authenticate for AtTheirWord {
    fn authenticate<'a>(&'a self, head: &'a http::request::Parts) -> AuthenticateFuture<'a> {
        let word = head.headers.get(header::AUTHORIZATION);
        let who = match word {
            None => Ok(Principal::Anonymous),
            Some(word) => word
                .to_str()
                .ok()
                .and_then(|word| word.strip_prefix("Bearer "))
                .and_then(principal)
                .ok_or(AuthenticateError::Invalid),
        };
        Box::pin(std::future::ready(who))
    }
}

fn principal(word: &str) -> Option<Principal> {
    let issuer = || ISSUER.parse().unwrap();
    let parts: Vec<_> = word.split(':').collect();
    Some(match *parts.as_slice() {
        ["person", "", subject] => {
            Principal::person(PersonIdentity::personal(issuer(), subject.parse().ok()?))
        }
        [role @ ("person" | "admin"), tenant, subject] => {
            let tenant = TenantIdentity::organisation(issuer(), tenant.parse().ok()?);
            let identity = PersonIdentity::new(tenant, subject.parse().ok()?);
            if role == "admin" { Principal::admin(identity) } else { Principal::person(identity) }
        }
        ["operator", subject] => {
            Principal::operator(PersonIdentity::personal(issuer(), subject.parse().ok()?))
        }
        ["system", system] => {
            Principal::system(issuer(), format!("{system}-backend").parse().ok()?)
        }
        _ => return None,
    })
}

fn systems() -> SystemRegistry {
    let system = |name: &str, kind| OwningSystem {
        name: name.parse().unwrap(),
        audience: name.parse().unwrap(),
        issuer: ISSUER.parse().unwrap(),
        client: format!("{name}-backend").parse().unwrap(),
        kinds: vec![kind],
        deep_link: format!("https://{name}.example/install/{{upstreamId}}?attempt={{attemptId}}")
            .parse()
            .unwrap(),
        requires_confirmation: true,
    };
    let systems = vec![
        system("whs", AssetKind::WhsAgent),
        system("agentromatic", AssetKind::AgentromaticWorkflow),
        system("specprompt", AssetKind::SpecAsset),
    ];
    let hosts = ["whs.example", "agentromatic.example", "specprompt.example"];
    SystemRegistry::new(systems, &hosts).unwrap()
}

/// The keys of every town.
pub(crate) fn ring() -> KeyRing {
    KeyRing::single(MasterKey::from_bytes(&[7; 32]).unwrap())
}

fn api(market: Marketplace) -> Api {
    Api::new(market, Arc::new(AtTheirWord), ORIGIN.parse().unwrap())
        .people_of(ISSUER.parse().unwrap())
}

/// A marketplace behind the router.
#[derive(Clone)]
pub(crate) struct Town {
    pub(crate) app: Router,
    api: Api,
    pub(crate) market: Marketplace,
    keys: Arc<AtomicU64>,
}

impl Town {
    /// On this store.
    pub(crate) async fn on(store: impl Store + 'static) -> Self {
        Town::at(store, Arc::new(SystemClock)).await
    }

    /// On this store, by this clock.
    pub(crate) async fn at(store: impl Store + 'static, clock: Arc<dyn Clock>) -> Self {
        let market = Marketplace::builder(store)
            .clock(clock)
            .keys(ring())
            .issuer("https://market.example".parse().unwrap())
            .systems(systems())
            .media(Arc::new(MemoryMedia::default()))
            .redraw(Arc::new(Images::new(16)))
            .unscanned_uploads()
            .build()
            .await
            .unwrap();
        Town::of(market)
    }

    /// Of this marketplace.
    pub(crate) fn of(market: Marketplace) -> Self {
        let api = api(market.clone());
        Town { app: router(api.clone()), api, market, keys: Arc::default() }
    }

    /// The same marketplace behind a router that keeps answers.
    pub(crate) fn keeping_answers(self) -> Self {
        let api = self.api.response_cache(1 << 20);
        Town { app: router(api.clone()), api, ..self }
    }

    /// The same with pages for browsers.
    pub(crate) fn with_pages(self) -> Self {
        let api = self.api.pages();
        Town { app: router(api.clone()), api, ..self }
    }

    /// The same under a path of a host's.
    pub(crate) fn nested_at(self, path: &str) -> Self {
        Town { app: Router::new().nest(path, self.app), ..self }
    }

    /// The same marketplace, reached at another origin.
    pub(crate) fn at_origin(self, origin: &str) -> Self {
        let api = Api::new(self.market.clone(), Arc::new(AtTheirWord), origin.parse().unwrap());
        Town { app: router(api.clone()), api, ..self }
    }

    /// The same marketplace, asked through the server at this address.
    pub(crate) fn served_at(self, address: SocketAddr) -> Self {
        let forward = move |request| forward(address, request);
        Town { app: Router::new().fallback(forward), ..self }
    }

    /// In memory.
    pub(crate) async fn in_memory() -> Self {
        Town::on(fleetprompt_core::memory::MemoryStore::default()).await
    }

    pub(crate) fn call(&self, method: Method, path: &str) -> Call {
        Call {
            town: self.clone(),
            method,
            path: path.to_owned(),
            headers: HeaderMap::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str) -> Call {
        self.call(Method::POST, path)
    }

    pub(crate) fn put(&self, path: &str) -> Call {
        self.call(Method::PUT, path)
    }

    pub(crate) fn patch(&self, path: &str) -> Call {
        self.call(Method::PATCH, path)
    }

    /// A key that no other write of this town has.
    pub(crate) fn fresh_key(&self) -> String {
        format!("key-of-a-test-{:06}", self.keys.fetch_add(1, Ordering::Relaxed))
    }
}

/// Passes a request on, on a connection of its own.
pub(crate) async fn forward(to: SocketAddr, mut request: Request<Body>) -> Response<Body> {
    let stream = TokioIo::new(TcpStream::connect(to).await.unwrap());
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    request.headers_mut().insert(header::HOST, to.to_string().parse().unwrap());
    sender.send_request(request).await.unwrap().map(Body::new)
}

/// A request in the making. A write gets a key of its own unless it is given one.
#[must_use]
pub(crate) struct Call {
    town: Town,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Call {
    pub(crate) fn by(self, who: &str) -> Self {
        self.header("authorization", &format!("Bearer {who}"))
    }

    pub(crate) fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, value.parse().unwrap());
        self
    }

    pub(crate) fn json(self, body: Value) -> Self {
        self.raw("application/json", body.to_string().into_bytes())
    }

    pub(crate) fn raw(mut self, kind: &str, body: Vec<u8>) -> Self {
        self.body = body;
        self.header("content-type", kind)
    }

    pub(crate) async fn send(mut self) -> Got {
        let write = self.method != Method::GET;
        if write && !self.headers.contains_key("idempotency-key") {
            let key = self.town.fresh_key();
            self = self.key(&key);
        }
        self.send_as_it_is().await
    }

    pub(crate) async fn send_as_it_is(self) -> Got {
        let mut request =
            Request::builder().method(self.method).uri(&self.path).body(Body::from(self.body));
        *request.as_mut().unwrap().headers_mut() = self.headers;
        let response = self.town.app.clone().oneshot(request.unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes().to_vec();
        Got { status: head.status, headers: head.headers, bytes }
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Got {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// A text in the body, by its JSON pointer.
    #[track_caller]
    pub(crate) fn at(&self, pointer: &str) -> String {
        let json = self.json();
        match json.pointer(pointer) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => panic!("no {pointer} in {json}"),
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }

    /// Refused so, with a problem that names the request.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Self {
        let got = self.expect(status);
        assert_eq!(got.header("content-type"), "application/problem+json");
        assert_eq!(got.at("/code"), code);
        assert_eq!(got.at("/status"), status.to_string());
        assert_eq!(got.at("/requestId"), got.header("x-request-id"));
        got
    }
}

pub(crate) const ADA: &str = "person:org_acme:user_ada";
pub(crate) const BOB: &str = "person:org_buyers:user_bob";
pub(crate) const OPERATOR: &str = "operator:user_olga";
pub(crate) const WHS: &str = "system:whs";

/// What a listing says.
pub(crate) fn content(title: &str) -> Value {
    json!({
        "title": title,
        "summary": "Reads invoices and files them where they belong.",
        "description": "# What it does\n\nReads **invoices**.",
        "tags": ["invoices", "ocr"],
        "category": "finance",
        "priceClass": "free",
        "visibility": "public",
        "license": "Apache-2.0",
    })
}

impl Town {
    /// The publisher `acme` of Ada's.
    pub(crate) async fn acme(&self) -> String {
        self.publisher("acme", "Acme Robotics").await
    }

    /// Another publisher of hers.
    pub(crate) async fn publisher(&self, handle: &str, name: &str) -> String {
        let new = json!({"handle": handle, "profile": {"name": name}});
        self.post("/v1/publishers").by(ADA).json(new).send().await.expect(201).at("/id")
    }

    /// A draft of Ada's, in that publisher.
    pub(crate) async fn draft(&self, publisher: &str, slug: &str, upstream: &str) -> String {
        let asset = json!({"kind": "whs_agent", "whsAgentId": upstream});
        self.draft_of(publisher, slug, asset, content("Invoice reader")).await
    }

    /// A draft of Ada's that offers this and says that.
    pub(crate) async fn draft_of(
        &self,
        publisher: &str,
        slug: &str,
        asset: Value,
        content: Value,
    ) -> String {
        let new = json!({"publisher": publisher, "slug": slug, "asset": asset, "content": content});
        self.post("/v1/listings").by(ADA).json(new).send().await.expect(201).at("/id")
    }

    /// The listing `acme/invoice-reader` with release 1.0.0, published, confirmed by WHS.
    pub(crate) async fn published(&self) -> (String, String) {
        let publisher = self.acme().await;
        let listing = self.draft(&publisher, "invoice-reader", "agt_7f3c").await;
        self.publish(&listing).await;
        let confirm = json!({
            "publisher": publisher, "kind": "whs_agent", "upstreamId": "agt_7f3c",
            "decision": "confirm",
        });
        self.post("/v1/references").by(WHS).json(confirm).send().await.expect(200);
        (publisher, listing)
    }

    /// Gives a draft of Ada's release 1.0.0, and publishes it.
    pub(crate) async fn publish(&self, listing: &str) {
        let release = json!({"version": "1.0.0", "content": {"capabilities": ["read_files"]}});
        let path = format!("/v1/listings/{listing}/releases");
        self.post(&path).by(ADA).json(release).send().await.expect(201);
        let path = format!("/v1/listings/{listing}/publish");
        self.post(&path).by(ADA).send().await.expect(200);
    }

    /// A token of Bob's for that listing.
    pub(crate) async fn token(&self, listing: &str) -> (String, String) {
        let path = format!("/v1/listings/{listing}/claim");
        self.post(&path).by(BOB).send().await.expect(201);
        let begin = json!({"listing": listing, "method": "token", "context": "workspace-42"});
        let got = self.post("/v1/installs").by(BOB).json(begin).send().await.expect(201);
        (got.at("/handovers/0/id"), got.at("/handovers/0/token"))
    }
}

/// What an owning system sends for Bob.
pub(crate) fn presented(token: &str) -> Value {
    json!({"token": token, "expectedSubject": "user_bob", "expectedTenant": "org_buyers"})
}
