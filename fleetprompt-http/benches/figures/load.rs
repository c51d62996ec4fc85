//! Load: as much as the server takes, or as much as was said.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use hdrhistogram::Histogram;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

use crate::client::{Asked, Connection};
use crate::random::Random;

/// Some connections to one server.
pub(crate) struct Generator {
    runtime: Runtime,
    connections: Vec<Connection>,
}

/// What came of a load.
pub(crate) struct Outcome {
    pub(crate) answers: u64,
    pub(crate) took: Duration,
    /// How long each answer took, in nanoseconds.
    pub(crate) times: Histogram<u64>,
}

impl Outcome {
    pub(crate) fn a_second(&self) -> f64 {
        self.answers as f64 / self.took.as_secs_f64()
    }

    /// The time that such a share of the answers don't exceed, in milliseconds.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        self.times.value_at_quantile(share) as f64 / 1e6
    }
}

/// The times of answers while they come in, exact to a thousandth.
struct Times(RefCell<Histogram<u64>>);

impl Times {
    fn new() -> Self {
        Times(RefCell::new(Histogram::new(3).unwrap()))
    }

    fn note(&self, since: Instant) {
        let nanos = u64::try_from(since.elapsed().as_nanos()).unwrap();
        self.0.borrow_mut().record(nanos).unwrap();
    }

    fn outcome(self, start: Instant) -> Outcome {
        let times = self.0.into_inner();
        Outcome { answers: times.len(), took: start.elapsed(), times }
    }
}

impl Generator {
    pub(crate) fn connect(address: SocketAddr, connections: usize) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let connections = (0..connections).map(|_| Connection::open(address));
        let connections = runtime.block_on(join_all(connections));
        Generator { runtime, connections }
    }

    /// Each connection asks as soon as it is answered, until there is nothing left to ask.
    pub(crate) fn closed(&mut self, requests: impl Iterator<Item = Asked>) -> Outcome {
        let (requests, times) = (RefCell::new(requests), Times::new());
        let start = Instant::now();
        self.each(
            async |_, connection| loop {
                let Some(request) = requests.borrow_mut().next() else { return };
                let asked = Instant::now();
                connection.insist(request).await;
                times.note(asked);
            },
            std::future::ready(()),
        );
        times.outcome(start)
    }

    /// Each of the requests is due at its time, `rate` of them in a second on average, and waits for
    /// a connection if none is free; the waiting counts.
    pub(crate) fn open(&mut self, rate: f64, requests: impl Iterator<Item = Asked>) -> Outcome {
        let random = &mut Random::new(1, "arrivals");
        let (line, ended) = (Line::default(), Cell::new(false));
        let times = Times::new();
        let start = Instant::now();
        let calls = async |_, connection: &mut Connection| loop {
            let next = line.waiting.borrow_mut().pop_front();
            match next {
                Some((due, request)) => {
                    connection.insist(request).await;
                    times.note(due);
                }
                None if ended.get() => return,
                None => line.came.notified().await,
            }
        };
        let arrivals = async {
            let mut due = start;
            for request in requests {
                due += Duration::from_secs_f64(-(1.0 - random.unit()).ln() / rate);
                // A timer is too coarse; the processor is the generator's own.
                while Instant::now() < due {
                    tokio::task::yield_now().await;
                }
                line.waiting.borrow_mut().push_back((due, request));
                line.came.notify_one();
            }
            ended.set(true);
            line.came.notify_waiters();
        };
        self.each(calls, arrivals);
        times.outcome(start)
    }

    /// Does `work` on each connection, and something else meanwhile.
    pub(crate) fn each(
        &mut self,
        work: impl AsyncFn(usize, &mut Connection),
        meanwhile: impl Future<Output = ()>,
    ) {
        let Generator { runtime, connections } = self;
        let all = connections.iter_mut().enumerate().map(|(at, connection)| work(at, connection));
        runtime.block_on(join(join_all(all), meanwhile));
    }
}

/// Requests that are due and wait for a connection.
#[derive(Default)]
struct Line {
    waiting: RefCell<VecDeque<(Instant, Asked)>>,
    came: Notify,
}

/// The same request over and over, for so long.
pub(crate) fn repeated(request: &Asked, time: Duration) -> impl Iterator<Item = Asked> {
    let start = Instant::now();
    std::iter::from_fn(move || (start.elapsed() < time).then(|| request.clone()))
}
