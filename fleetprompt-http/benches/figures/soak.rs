//! Memory under mixed traffic, as much of it as the server takes.
//!
//! What no file backs is held flat: pages of the database's own file come and go with the system's
//! memory, and are printed beside it.

use std::cell::Cell;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::catalogue;
use crate::child::ServerProcess;
use crate::client::{Connection, keyed, read, search, write};
use crate::database::Place;
use crate::load::Generator;
use crate::options::{Options, StoreKind};
use crate::orders::{FIRST_PAGE, Served};
use crate::processor::Memory;
use crate::random::Random;
use crate::redeem::redemption;
use crate::shared::{Goal, figure};
use crate::town::{BUYER, BUYERS, MAKER, MAKERS};

/// How many different questions are asked: more than answers are kept.
const QUESTIONS: usize = 20_000;
const SAMPLED_EVERY: Duration = Duration::from_secs(1);

pub(crate) fn figures(options: &Options, kind: StoreKind, place: &Place) {
    let server = ServerProcess::start(&place.fresh(true));
    let mut generator = Generator::connect(server.served.address, options.connections);
    let time = Duration::from_secs(options.soak);
    let traffic = Traffic {
        served: server.served.clone(),
        questions: catalogue::questions(options.listings, QUESTIONS),
        end: Instant::now() + time,
        number: Cell::new(0),
    };
    let mut samples = Vec::new();
    let sampling = async {
        while Instant::now() < traffic.end {
            tokio::time::sleep(SAMPLED_EVERY).await;
            samples.push(server.memory());
        }
    };
    generator.each(async |at, connection| traffic.of_one(at, connection).await, sampling);
    let asked = traffic.number.get();
    println!("{asked} requests in {} s of soak", options.soak);
    for tenth in samples.chunks(samples.len().div_ceil(10)) {
        let Memory { resident, anonymous } = *tenth.last().unwrap();
        let [resident, anonymous] = [resident, anonymous].map(|bytes| bytes as f64 / 1e6);
        println!("  {anonymous:.1} MB without a file behind them, {resident:.1} MB in all");
    }
    let late = samples.get(samples.len() / 3..).unwrap_or_default();
    let late: Vec<f64> = late.iter().map(|memory| memory.anonymous as f64).collect();
    let name = format!("{}_soak_memory_growth", kind.name());
    figure(&name, growth(&late) * 100.0, "%", Goal::AtMost(2.0));
}

/// How much a line through the values rises from its beginning to its end, of their mean.
fn growth(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let (middle, mean) = ((n - 1.0) / 2.0, values.iter().sum::<f64>() / n);
    let (mut rise, mut run) = (0.0, 0.0);
    for (at, value) in values.iter().enumerate() {
        let from_middle = at as f64 - middle;
        rise += from_middle * (value - mean);
        run += from_middle * from_middle;
    }
    rise / run * (n - 1.0) / mean
}

struct Traffic {
    served: Served,
    questions: Vec<String>,
    end: Instant,
    number: Cell<u64>,
}

impl Traffic {
    fn next(&self) -> u64 {
        self.number.replace(self.number.get() + 1)
    }

    /// What comes over one connection. The first one edits: an edit is held against what was read, so
    /// that two who edit the same would refuse each other.
    async fn of_one(&self, at: usize, connection: &mut Connection) {
        let random = &mut Random::new(at as u64, "traffic");
        while Instant::now() < self.end {
            match random.below(100) {
                0..30 if at == 0 => self.edit(connection).await,
                0..40 => self.reads(connection, &self.served.listing_path()).await,
                40..55 => self.reads(connection, FIRST_PAGE).await,
                55..80 => {
                    self.next();
                    let question = random.pick(&self.questions).unwrap();
                    connection.insist(search(question)).await;
                }
                80..85 => self.reads(connection, "/v1/suggest?q=inv").await,
                85..95 => self.install(connection).await,
                95..98 => self.introspect(connection).await,
                _ => self.misses(connection).await,
            }
        }
    }

    async fn reads(&self, connection: &mut Connection, path: &str) {
        self.next();
        connection.insist(read(path)).await;
    }

    async fn misses(&self, connection: &mut Connection) {
        let number = self.next();
        let path = format!("/v1/listings/00000000-0000-7000-8000-{number:012x}");
        let (head, _) = connection.ask(read(&path)).await;
        assert_eq!(head.status, StatusCode::NOT_FOUND);
    }

    /// Begins an install and redeems its token.
    async fn install(&self, connection: &mut Connection) {
        let begin = json!({"listing": self.served.listing, "method": "token"});
        let buyer = format!("dev:{BUYERS}:{BUYER}");
        let request = write(Method::POST, "/v1/installs", &buyer, &begin);
        let key = format!("install-over-http-{:012}", self.next());
        let (_, started) = connection.insist(keyed(request, &key)).await;
        let token = text(&started, "/handovers/0/token");
        connection.insist(redemption(&token, &self.served.system_token, self.next())).await;
    }

    async fn introspect(&self, connection: &mut Connection) {
        self.next();
        let body = json!({"token": "fpi1.k1.WzFd.c2VjcmV0", "expectedSubject": BUYER});
        let path = "/v1/install-tokens/introspect";
        connection.insist(write(Method::POST, path, &self.served.system_token, &body)).await;
    }

    async fn edit(&self, connection: &mut Connection) {
        let (path, maker) = (self.served.listing_path(), format!("dev:{MAKERS}:{MAKER}"));
        self.next();
        let (head, _) = connection.insist(read(&path)).await;
        let number = self.next();
        let patch = json!({"content": {"title": format!("Invoice reader {number}")}});
        let mut request = write(Method::PATCH, &path, &maker, &patch);
        let tag = head.headers.get("etag").unwrap().clone();
        request.headers_mut().insert("if-match", tag);
        let key = format!("edit-over-http-{number:012}");
        connection.insist(keyed(request, &key)).await;
    }
}

fn text(body: &Bytes, pointer: &str) -> String {
    let body: Value = serde_json::from_slice(body).unwrap();
    body.pointer(pointer).and_then(Value::as_str).unwrap().to_owned()
}
