//! The server's process: it serves, and does besides what it is told on its standard input.

use std::io::{BufRead as _, Write as _};
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::response::IntoResponse as _;
use axum::routing::get;
use axum::serve::ListenerExt as _;
use fleetprompt_core::port::{Commit, SystemEntropy};
use fleetprompt_http::identity::Chain;
use fleetprompt_http::identity::dev::{DEV_ISSUER, DevIdentity};
use fleetprompt_http::identity::service::{ServiceOptions, ServiceToken, Services};
use fleetprompt_http::limits::{LimitOptions, Limits};
use fleetprompt_http::observe::{LogOptions, Metrics, Observer, subscriber};
use fleetprompt_http::serve::{Health, ServeOptions, Server};
use fleetprompt_http::{Api, router};
use http::Request;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use crate::database::Database;
use crate::market::{commit, fill, redemption};
use crate::orders::{FIRST_PAGE, Order, Report, Serve, Served, static_of};
use crate::processor;
use crate::town::{CLIENT, MARKET, Town};

/// What the program keeps.
const KEPT_ANSWERS_BYTES: u64 = 32 << 20;

/// Serves until the standard input ends.
pub(crate) fn serve(orders: &str) {
    processor::pin(processor::SERVER);
    let quiet = subscriber(LogOptions::default(), std::io::sink);
    tracing::subscriber::set_global_default(quiet).unwrap();
    let orders: Serve = serde_json::from_str(orders).unwrap();
    let mut hall = Hall::open(&orders);
    let served = hall.served.clone();
    say(&Report::Ready(served));
    for line in std::io::stdin().lock().lines() {
        let order = serde_json::from_str(&line.unwrap()).unwrap();
        say(&hall.obey(order));
    }
}

fn say(report: &Report) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string(report).unwrap()).unwrap();
    out.flush().unwrap();
}

/// A marketplace that is served.
struct Hall {
    runtime: Runtime,
    town: Town,
    beside: Database,
    /// How many commits were made of the attempts in the store beside.
    committed: u64,
    served: Served,
}

impl Hall {
    fn open(orders: &Serve) -> Self {
        // As the program does; it has one worker on one processor.
        let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
        let [market, beside] = [&orders.market, &orders.beside]
            .map(|location| Database::open(location, runtime.handle()));
        let town = runtime.block_on(Town::on(&market));
        let served = runtime.block_on(start(&market, &town, orders.people));
        Hall { runtime, town, beside, committed: 0, served }
    }

    fn obey(&mut self, order: Order) -> Report {
        match order {
            Order::Issue(many) => Report::Tokens(self.runtime.block_on(self.town.tokens(many))),
            Order::Redeem { tokens, callers } => self.timed(tokens, callers, |town, token| {
                let town = town.clone();
                async move { town.redeem(token).await }
            }),
            Order::Commit { commits, callers, all } => {
                let commits = self.commits(commits, all);
                let store = self.beside.clone();
                self.timed(commits, callers, move |_, new| {
                    let store = store.clone();
                    async move { commit(store.store(), new).await }
                })
            }
            Order::Search(questions) => self.timed(questions, 1, |town, question| {
                let town = town.clone();
                async move { town.search(&question).await }
            }),
        }
    }

    /// Does all of it, by so many tasks at a time.
    fn timed<T, F>(
        &self,
        work: Vec<T>,
        tasks: usize,
        one: impl Fn(&Town, T) -> F + Clone + Send + 'static,
    ) -> Report
    where
        T: Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let mut shares: Vec<Vec<T>> = (0..tasks).map(|_| Vec::new()).collect();
        for (piece, share) in work.into_iter().zip((0..tasks).cycle()) {
            shares.get_mut(share).unwrap().push(piece);
        }
        self.runtime.block_on(async {
            let start = Instant::now();
            let mut running = JoinSet::new();
            for share in shares {
                let (town, one) = (self.town.clone(), one.clone());
                running.spawn(async move {
                    for piece in share {
                        one(&town, piece).await;
                    }
                });
            }
            running.join_all().await;
            Report::Took(start.elapsed().as_secs_f64())
        })
    }

    /// Redemptions of attempts that no commit has redeemed yet, of so many in all.
    fn commits(&mut self, many: usize, all: usize) -> Vec<Commit> {
        if self.committed == 0 {
            fill(self.beside.store(), all as u64);
        }
        let first = self.committed;
        self.committed += many as u64;
        (first..self.committed).map(redemption).collect()
    }
}

/// Starts to serve.
async fn start(database: &Database, town: &Town, people: bool) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let token = ServiceToken::generate(&SystemEntropy).unwrap();
    let mut whs = ServiceOptions::new(MARKET.parse().unwrap(), CLIENT.parse().unwrap());
    whs.tokens = vec![token.hash()].try_into().unwrap();
    let services = Services::new(vec![whs]).unwrap();
    let dev = people.then(|| DevIdentity::for_listener(address).unwrap());
    let identity = Chain::new(None, Some(services), dev).unwrap();
    let api = Api::new(town.market.clone(), Arc::new(identity), MARKET.parse().unwrap())
        .people_of(DEV_ISSUER.parse().unwrap())
        .response_cache(KEPT_ANSWERS_BYTES);
    let api = router(api);
    let listing = town.listing.to_string();
    let mut statics = Router::new();
    if !people {
        for path in [FIRST_PAGE.to_owned(), format!("/v1/listings/{listing}")] {
            statics = statics.merge(standing(&api, &path).await);
        }
    }

    let bare = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let served = Served {
        address,
        bare: bare.local_addr().unwrap(),
        listing,
        system_token: token.expose().to_owned(),
    };
    let bare = bare.tap_io(|stream| drop(stream.set_nodelay(true)));
    tokio::spawn(axum::serve(bare, statics.clone()).into_future());

    let limits = Limits::new(out_of_the_way());
    let limits = match database.limiter() {
        Some(limiter) => limits.shared(Arc::new(limiter)),
        None => limits,
    };
    let server = Server::new(ServeOptions::default())
        .observer(Observer::new(LogOptions::default(), Metrics::default()))
        .limits(limits)
        .health(Health::new(town.market.clone()));
    tokio::spawn(async move {
        let _ = server.run(listener, api.merge(statics), std::future::pending()).await;
    });
    served
}

/// Budgets that are counted, and that nobody reaches.
fn out_of_the_way() -> LimitOptions {
    let most = json!({"count": 1_000_000_000, "per": "1m"});
    let principal =
        json!({"read": most, "search": most, "write": most, "mint": most, "redeem": most});
    let options = json!({
        "address": most, "principal": principal, "tenant": most,
        "refused-credentials": most, "invalid-tokens": most,
    });
    serde_json::from_value(options).unwrap()
}

/// A route that answers with what stands at `path`, bytes and headers, without looking.
async fn standing(api: &Router, path: &str) -> Router {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let (mut head, body) = api.clone().oneshot(request).await.unwrap().into_parts();
    assert!(head.status.is_success());
    head.headers.remove("x-request-id");
    let (headers, bytes) = (head.headers, to_bytes(body, usize::MAX).await.unwrap());
    let answer = move || {
        let answer = (headers.clone(), bytes.clone());
        async move { answer.into_response() }
    };
    Router::new().route(&static_of(path), get(answer))
}
