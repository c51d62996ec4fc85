//! Answers that are kept, against static bodies of the same size.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::Duration;

use crate::child::ServerProcess;
use crate::client::read;
use crate::database::Place;
use crate::load::{Generator, repeated};
use crate::options::{Options, StoreKind};
use crate::orders::{FIRST_PAGE, static_of};
use crate::rounds::{Rate, Run, compare};
use crate::shared::{Goal, figure};

const GOAL: Goal = Goal::AtLeast(0.8);

pub(crate) fn figures(options: &Options, kind: StoreKind, place: &Place) {
    let server = ServerProcess::start(&place.fresh(false));
    let time = Duration::from_secs(options.seconds);
    let connect =
        |address: SocketAddr| RefCell::new(Generator::connect(address, options.connections));
    let (whole, bare) = (connect(server.served.address), connect(server.served.bare));
    let run = |generator: &RefCell<Generator>, path: &str| {
        let request = read(path);
        let before = server.worked();
        let outcome = generator.borrow_mut().closed(repeated(&request, time));
        let worked = Some(server.worked() - before);
        Rate { done: outcome.answers, took: outcome.took, worked }
    };
    let listing = server.served.listing_path();
    let (static_listing, static_page) = (static_of(&listing), static_of(FIRST_PAGE));
    let [of_listing, of_its_static, _, of_page, of_page_static, _] = compare(
        options.rounds,
        [
            Run { name: "a listing", run: Box::new(|| run(&whole, &listing)) },
            Run { name: "the same, static", run: Box::new(|| run(&whole, &static_listing)) },
            Run { name: "the same, static, bare", run: Box::new(|| run(&bare, &static_listing)) },
            Run { name: "the first page", run: Box::new(|| run(&whole, FIRST_PAGE)) },
            Run { name: "the same, static", run: Box::new(|| run(&whole, &static_page)) },
            Run { name: "the same, static, bare", run: Box::new(|| run(&bare, &static_page)) },
        ],
    );
    let name = |what: &str| format!("{}_{what}_vs_static", kind.name());
    figure(&name("listing"), of_listing / of_its_static, "x", GOAL);
    figure(&name("first_page"), of_page / of_page_static, "x", GOAL);
}
