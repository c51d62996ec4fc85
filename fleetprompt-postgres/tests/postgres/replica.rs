//! A real standby, which reads for whoever has not signed in.

use std::time::Duration;

use fleetprompt_core::Marketplace;
use fleetprompt_core::domain::{ListingId, PublisherId};
use fleetprompt_core::marketplace::{ListingEdit, SearchRequest};
use fleetprompt_core::port::{PageSize, Store as _};
use fleetprompt_core::search::{CatalogueFilter, CatalogueOrder};
use fleetprompt_postgres::PostgresStore;
use pollster::block_on;

use crate::cluster::Cluster;
use crate::market::{self, anonymous, key, list_an_agent, publish, publisher};
use crate::proxy::Proxy;
use crate::waiting::wait_until;

/// How stale the standby may be where a test waits for nothing else.
pub(crate) const HOURS: Duration = Duration::from_secs(7_200);

fn with_replica(primary: &Cluster, replica: &str, staleness: Duration) -> PostgresStore {
    let options =
        PostgresStore::options().connections(4).replica(replica.parse().unwrap(), staleness);
    block_on(options.connect(&primary.url())).unwrap()
}

/// Waits until the standby is known to be good enough, or not to be.
fn wait(store: &PostgresStore, serves: bool) {
    wait_until(if serves { "the standby serves" } else { "the standby serves no more" }, || {
        store.replica_staleness().is_some() == serves
    });
}

/// Waits until the standby is known to have all that was answered up to now.
pub(crate) fn wait_for_all(store: &PostgresStore) {
    let now = std::time::Instant::now();
    wait_until("the standby has everything", || {
        store.replica_staleness().is_some_and(|staleness| staleness < now.elapsed())
    });
}

/// The standby keeps what it has, and replays nothing more.
pub(crate) fn pause(standby: &Cluster) {
    standby.sql("SELECT pg_wal_replay_pause()");
    let paused = "SELECT 1 WHERE pg_get_wal_replay_pause_state() = 'paused'";
    wait_until("replay is paused", || !standby.sql(paused).is_empty());
}

pub(crate) fn retitle(market: &Marketplace, listing: ListingId, title: &str) {
    let ada = publisher(market);
    let seen = block_on(ada.listing(listing)).unwrap();
    let edit = ListingEdit { slug: seen.slug, content: market::content(title), asset: None };
    let key = key(&title.replace(' ', "-"));
    block_on(ada.update_listing(listing, seen.revision, edit, &key)).unwrap();
}

/// The titles that readers who have not signed in are shown, by every way to them, all the same.
pub(crate) fn shown(market: &Marketplace, acme: PublisherId, listing: ListingId) -> String {
    let reader = anonymous(market);
    let size = PageSize::new(10);
    let title = block_on(reader.listing(listing)).unwrap().content.title.to_string();
    let order = CatalogueOrder::Newest;
    let browsed = block_on(reader.browse(CatalogueFilter::default(), order, None, size)).unwrap();
    let request = SearchRequest { query: "reader".parse().unwrap(), ..SearchRequest::default() };
    let found = block_on(reader.search(&request, None, size)).unwrap();
    let listed = block_on(reader.publisher_listings(acme, None, size)).unwrap();
    let suggested = block_on(reader.suggest(&"reader".parse().unwrap())).unwrap();
    for other in [
        browsed.items[0].content.title.to_string(),
        found.items[0].listing.content.title.to_string(),
        listed.items[0].content.title.to_string(),
        suggested.listings[0].title.to_string(),
    ] {
        assert_eq!(other, title);
    }
    title
}

#[test]
fn visitors_read_from_the_standby_and_everybody_else_from_the_primary() {
    let primary = Cluster::new("");
    let standby = primary.standby();
    let store = with_replica(&primary, &standby.url(), HOURS);
    let market = market::open(store.clone());
    let acme = publish(&market);
    let listing = list_an_agent(&market, acme, 0);
    wait_for_all(&store);
    assert_eq!(shown(&market, acme, listing), "Invoice reader 0");

    pause(&standby);
    retitle(&market, listing, "Another reader");
    // It is within the bound, so it still answers, with what it has.
    assert_eq!(shown(&market, acme, listing), "Invoice reader 0");
    let own = block_on(publisher(&market).listing(listing)).unwrap();
    assert_eq!(own.content.title.to_string(), "Another reader", "everybody reads what they wrote");
    // A follower of the feed is told of a change and sees it, whoever it is.
    let changes = block_on(anonymous(&market).changes(None, PageSize::MAX)).unwrap();
    let last = serde_json::to_string(changes.changes.last().unwrap()).unwrap();
    assert!(last.contains("Another reader"), "{last}");
    let cursor = block_on(anonymous(&market).feed_cursor()).unwrap();
    assert_eq!(changes.cursor, cursor);

    standby.sql("SELECT pg_wal_replay_resume()");
    wait_for_all(&store);
    assert_eq!(shown(&market, acme, listing), "Another reader");

    // One that is gone costs nobody an answer, and one that comes back is used again.
    standby.stop();
    retitle(&market, listing, "Third reader");
    assert_eq!(shown(&market, acme, listing), "Third reader");
    standby.start();
    wait_for_all(&store);
    pause(&standby);
    retitle(&market, listing, "Fourth reader");
    assert_eq!(shown(&market, acme, listing), "Third reader", "the standby answers again");

    // One that is promoted follows nobody.
    standby.promote();
    wait(&store, false);
    assert_eq!(shown(&market, acme, listing), "Fourth reader");
}

#[test]
fn a_standby_that_is_too_far_behind_answers_nobody() {
    let primary = Cluster::new("");
    let standby = primary.standby();
    let store = with_replica(&primary, &standby.url(), Duration::from_millis(400));
    let market = market::open(store.clone());
    let acme = publish(&market);
    let listing = list_an_agent(&market, acme, 0);
    wait(&store, true);
    pause(&standby);
    retitle(&market, listing, "Another reader");
    wait(&store, false);
    assert_eq!(shown(&market, acme, listing), "Another reader");
    standby.sql("SELECT pg_wal_replay_resume()");
    wait(&store, true);
    assert_eq!(shown(&market, acme, listing), "Another reader");
}

#[test]
fn a_standby_that_says_nothing_is_left_alone() {
    let primary = Cluster::new("");
    let standby = primary.standby();
    let network = Proxy::to(&standby.url());
    let store = with_replica(&primary, &network.url(), HOURS);
    let market = market::open(store.clone());
    let acme = publish(&market);
    let listing = list_an_agent(&market, acme, 0);
    wait_for_all(&store);
    assert_eq!(shown(&market, acme, listing), "Invoice reader 0");
    network.hold();
    retitle(&market, listing, "Another reader");
    assert_eq!(shown(&market, acme, listing), "Another reader");
    assert_eq!(store.replica_staleness(), None);
    network.sever();
    network.release();
    wait_for_all(&store);
    assert_eq!(shown(&market, acme, listing), "Another reader");
}

/// What one view has read is never followed by something older, whoever answers.
#[test]
fn a_view_that_fell_back_does_not_go_back_in_time() {
    let primary = Cluster::new("");
    let standby = primary.standby();
    let store = with_replica(&primary, &standby.url(), HOURS);
    let market = market::open(store.clone());
    let acme = publish(&market);
    wait_for_all(&store);
    pause(&standby);
    let before = block_on(store.head()).unwrap();
    list_an_agent(&market, acme, 0);
    let after = block_on(store.head()).unwrap();
    assert!(after.last > before.last);
    let view = store.bounded_staleness().unwrap();
    assert_eq!(block_on(view.head()).unwrap(), before);
    assert!(view.bounded_staleness().is_none(), "a view of a view is the view");
    standby.stop();
    assert_eq!(block_on(view.head()).unwrap(), after);
    standby.start();
    wait(&store, true);
    assert_eq!(block_on(view.head()).unwrap(), after);
}
