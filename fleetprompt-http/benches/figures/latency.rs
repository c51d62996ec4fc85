//! How long answers take at half load.
//!
//! The same bytes from `axum::serve` alone, at the very rate of the listing, say what the machine adds: they do
//! nothing that could take long.

use std::time::Duration;

use crate::catalogue;
use crate::child::ServerProcess;
use crate::client::{Asked, read, search};
use crate::database::Place;
use crate::load::{Generator, Outcome, repeated};
use crate::options::{Options, StoreKind};
use crate::orders::{FIRST_PAGE, static_of};
use crate::redeem::redemption;
use crate::shared::{Goal, figure};

/// How many searches and redemptions are made to find the highest rate.
const AT_MOST: usize = 2_000;

pub(crate) fn figures(options: &Options, kind: StoreKind, place: &Place) {
    let server = &mut ServerProcess::start(&place.fresh(false));
    let generator = &mut Generator::connect(server.served.address, options.connections);
    let time = Duration::from_secs(options.seconds);
    let seconds = options.seconds as f64;
    let show = |what: &str,
                generator: &mut Generator,
                most: f64,
                requests: &mut dyn Iterator<Item = Asked>| {
        let outcome = generator.open(most / 2.0, requests);
        print(what, &outcome, &format!(" of {most:.0}"));
        let name = format!("{}_{what}_p99_of_p50_at_half_load", kind.name());
        let of_median = outcome.quantile(0.99) / outcome.quantile(0.5);
        figure(&name, of_median, "x", Goal::AtMost(10.0));
    };

    for (what, path) in
        [("listing", server.served.listing_path()), ("first_page", FIRST_PAGE.to_owned())]
    {
        let request = read(&path);
        let most = generator.closed(repeated(&request, time)).a_second();
        let many = (most / 2.0 * seconds) as usize;
        show(what, generator, most, &mut std::iter::repeat_n(request, many));
        let bare = &mut Generator::connect(server.served.bare, options.connections);
        let outcome = bare.open(most / 2.0, std::iter::repeat_n(read(&static_of(&path)), many));
        print("the same, static, bare", &outcome, "");
    }

    // As many for the open loop as there can be in its time.
    let questions = catalogue::questions(options.listings, AT_MOST);
    let most = generator.closed(questions.iter().map(|words| search(words))).a_second();
    let many = (most / 2.0 * seconds) as usize;
    let questions = catalogue::questions(options.listings, AT_MOST + many);
    let fresh = questions.iter().skip(AT_MOST).map(|words| search(words));
    show("search", generator, most, &mut fresh.take(many));

    let bearer = server.served.system_token.clone();
    let mut redemptions = (0..).map(|number| (number, bearer.clone()));
    let mut requests = |tokens: Vec<String>| {
        let tokens = tokens.into_iter().zip(&mut redemptions);
        tokens
            .map(|(token, (number, bearer))| redemption(&token, &bearer, number))
            .collect::<Vec<_>>()
    };
    let first = requests(server.issue(AT_MOST));
    let most = generator.closed(first.into_iter()).a_second();
    let more = requests(server.issue((most / 2.0 * seconds) as usize));
    show("redeem", generator, most, &mut more.into_iter());
}

fn print(what: &str, outcome: &Outcome, of: &str) {
    let [p50, p90, p99, p999] = [0.5, 0.9, 0.99, 0.999].map(|share| outcome.quantile(share));
    println!(
        "{what:<24} {:>7.0} a second{of}  p50 {p50:.3} ms  p90 {p90:.3}  p99 {p99:.3}  p99.9 {p999:.3}",
        outcome.a_second()
    );
}
