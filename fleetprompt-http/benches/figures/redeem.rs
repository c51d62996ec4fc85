//! Redemptions, against the marketplace and the store called directly in the same process.

use std::cell::{Cell, RefCell};

use http::Method;
use serde_json::json;

use crate::child::ServerProcess;
use crate::client::{Asked, keyed, write};
use crate::database::Place;
use crate::load::Generator;
use crate::options::{Options, StoreKind};
use crate::orders::Order;
use crate::rounds::{Rate, Run, compare};
use crate::shared::{Goal, figure};
use crate::town::{BUYER, BUYERS};

/// How many redemptions a run has.
const REDEMPTIONS: usize = 2_048;

pub(crate) fn figures(options: &Options, kind: StoreKind, place: &Place) {
    let server = RefCell::new(ServerProcess::start(&place.fresh(false)));
    let served = server.borrow().served.clone();
    let mut generator = Generator::connect(served.address, options.connections);
    let callers = options.connections;
    let keys = Cell::new(0);
    let done = REDEMPTIONS as u64;
    let all = REDEMPTIONS * (options.rounds + 1);
    let [http, market, store] = compare(
        options.rounds,
        [
            Run {
                name: "redemptions over HTTP",
                run: Box::new(|| {
                    let tokens = server.borrow_mut().issue(REDEMPTIONS);
                    let requests: Vec<Asked> = tokens
                        .iter()
                        .map(|token| {
                            redemption(token, &served.system_token, keys.replace(keys.get() + 1))
                        })
                        .collect();
                    let before = server.borrow().worked();
                    let outcome = generator.closed(requests.into_iter());
                    let worked = Some(server.borrow().worked() - before);
                    Rate { done: outcome.answers, took: outcome.took, worked }
                }),
            },
            Run {
                name: "the same, the marketplace itself",
                run: Box::new(|| {
                    let mut server = server.borrow_mut();
                    let tokens = server.issue(REDEMPTIONS);
                    let took = server.timed(&Order::Redeem { tokens, callers });
                    Rate { done, took, worked: None }
                }),
            },
            Run {
                name: "commits like theirs, the store itself",
                run: Box::new(|| {
                    let order = Order::Commit { commits: REDEMPTIONS, callers, all };
                    let took = server.borrow_mut().timed(&order);
                    Rate { done, took, worked: None }
                }),
            },
        ],
    );
    let name = |against: &str| format!("{}_redeem_vs_{against}", kind.name());
    figure(&name("marketplace"), http / market, "x", Goal::AtLeast(0.7));
    figure(&name("store_commits"), http / store, "x", Goal::AtLeast(0.7));
}

/// The redemption of a token, as its owning system asks for it.
pub(crate) fn redemption(token: &str, bearer: &str, number: u64) -> Asked {
    let body = json!({"token": token, "expectedSubject": BUYER, "expectedTenant": BUYERS});
    let request = write(Method::POST, "/v1/install-tokens/redeem", bearer, &body);
    keyed(request, &format!("redeem-over-http-{number:012}"))
}
