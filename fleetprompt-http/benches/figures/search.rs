//! Searches of which no answer is kept, against the marketplace called directly in the same process.

use std::cell::RefCell;

use crate::catalogue;
use crate::child::ServerProcess;
use crate::client::search;
use crate::database::Place;
use crate::load::Generator;
use crate::options::{Options, StoreKind};
use crate::orders::Order;
use crate::rounds::{Rate, Run, compare};
use crate::shared::{Goal, figure};

/// How many searches a run has.
const SEARCHES: usize = 1_000;

pub(crate) fn figures(options: &Options, kind: StoreKind, place: &Place) {
    let server = RefCell::new(ServerProcess::start(&place.fresh(false)));
    let address = server.borrow().served.address;
    let mut generator = Generator::connect(address, options.connections);
    // Each is put once to each of both.
    let questions = catalogue::questions(options.listings, SEARCHES * (options.rounds + 1));
    let (mut over_http, mut directly) = (questions.chunks(SEARCHES), questions.chunks(SEARCHES));
    let [http, direct] = compare(
        options.rounds,
        [
            Run {
                name: "searches over HTTP",
                run: Box::new(|| {
                    let requests = over_http.next().unwrap().iter().map(|words| search(words));
                    let before = server.borrow().worked();
                    let outcome = generator.closed(requests);
                    let worked = Some(server.borrow().worked() - before);
                    Rate { done: outcome.answers, took: outcome.took, worked }
                }),
            },
            Run {
                name: "the same, the marketplace itself",
                run: Box::new(|| {
                    let order = Order::Search(directly.next().unwrap().to_vec());
                    let took = server.borrow_mut().timed(&order);
                    Rate { done: SEARCHES as u64, took, worked: None }
                }),
            },
        ],
    );
    let name = format!("{}_search_vs_marketplace", kind.name());
    figure(&name, http / direct, "x", Goal::AtLeast(0.5));
}
