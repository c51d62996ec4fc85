//! A marketplace that is dumped and restored into a new cluster.

use fleetprompt_core::Marketplace;
use fleetprompt_core::domain::Position;
use fleetprompt_core::marketplace::SearchRequest;
use fleetprompt_core::port::{LogPage, PageSize, Store as _, StoredEvent};
use fleetprompt_core::search::{CatalogueFilter, CatalogueOrder};
use fleetprompt_postgres::PostgresStore;
use pollster::block_on;

use crate::cluster::Cluster;
use crate::market::{
    self, acme, anonymous, begin, key, list_an_agent, operator, publish, publisher, redeem,
    redeem_under,
};

fn connect(cluster: &Cluster) -> PostgresStore {
    block_on(PostgresStore::options().connections(2).connect(&cluster.url())).unwrap()
}

/// The log behind a position.
fn log(store: &PostgresStore, mut after: Position) -> Vec<StoredEvent> {
    let mut log = Vec::new();
    loop {
        match block_on(store.events(after, PageSize::new(7))).unwrap() {
            LogPage::Entries(entries) if entries.is_empty() => return log,
            LogPage::Entries(entries) => {
                log.extend(entries);
                after = log.last().unwrap().position;
            }
            LogPage::TooOld => panic!("nothing was pruned"),
        }
    }
}

/// What visitors, members and operators read, as text.
fn everything(market: &Marketplace, store: &PostgresStore) -> Vec<String> {
    let visitor = anonymous(market);
    let mut read = Vec::new();
    for order in [
        CatalogueOrder::Relevance,
        CatalogueOrder::Popularity,
        CatalogueOrder::Newest,
        CatalogueOrder::RecentlyUpdated,
        CatalogueOrder::Name,
    ] {
        let page = block_on(visitor.browse(CatalogueFilter::default(), order, None, PageSize::MAX));
        read.extend(page.unwrap().items.iter().map(|item| serde_json::to_string(item).unwrap()));
        for query in ["reader", "invoice reader 3", "raeder", "\"reader 2\"", "inv"] {
            let request = SearchRequest {
                query: query.parse().unwrap(),
                order,
                counts: true,
                ..Default::default()
            };
            let page = block_on(visitor.search(&request, None, PageSize::MAX)).unwrap();
            let hits = page.items.iter().map(|hit| serde_json::to_string(hit).unwrap());
            read.extend(hits);
            read.push(format!("{:?} {:?}", page.counts, page.instead));
        }
    }
    let ada = publisher(market);
    let mine = block_on(ada.publisher_listings(acme(market), None, PageSize::MAX)).unwrap();
    read.extend(mine.items.iter().map(|item| serde_json::to_string(item).unwrap()));
    let changes = block_on(visitor.changes(None, PageSize::MAX)).unwrap();
    read.push(serde_json::to_string(&changes.changes).unwrap());
    read.push(format!("{:?}", block_on(store.head()).unwrap()));
    read
}

#[test]
fn a_restored_marketplace_is_the_one_that_was_dumped() {
    let cluster = Cluster::new("");
    let store = connect(&cluster);
    let market = market::open(store.clone());
    let acme = publish(&market);
    let listings: Vec<_> = (0..6).map(|n| list_an_agent(&market, acme, n)).collect();
    let spent = begin(&market, listings[0], 0);
    let manifest = redeem(&market, &spent, 0).unwrap().as_str().to_owned();
    let unspent = begin(&market, listings[1], 1);
    block_on(market.refresh_index(PageSize::MAX)).unwrap();

    let file = cluster.folder().join("dump");
    cluster.run(
        "pg_dump",
        &[
            &"--format=custom",
            &"--schema=fleetprompt",
            &"--username=market",
            &"--host",
            &cluster.folder(),
            &"--file",
            &file,
            &"postgres",
        ],
    );
    let another = Cluster::new("");
    cluster.run(
        "pg_restore",
        &[
            &"--exit-on-error",
            &"--single-transaction",
            &"--username=market",
            &"--host",
            &another.folder(),
            &"--dbname=postgres",
            &file,
        ],
    );

    let restored_store = connect(&another);
    let restored = market::open(restored_store.clone());
    assert_eq!(everything(&restored, &restored_store), everything(&market, &store));
    let report = block_on(restored.check_index(Position::START, |_| {}));
    assert!(report.unwrap().is_clean());
    assert!(block_on(restored_store.check_index_tables()).unwrap().is_clean());
    // A follower who was halfway goes on where it was.
    let all = log(&store, Position::START);
    let (seen, rest) = all.split_at(all.len() / 2);
    assert_eq!(log(&restored_store, seen.last().unwrap().position), rest);
    // What was answered is answered again, and what was redeemed stays redeemed.
    assert_eq!(redeem(&restored, &spent, 0).unwrap().as_str(), manifest);
    let again = redeem_under(&restored, &spent, 0, &key("another")).unwrap_err();
    assert_eq!(again.code(), fleetprompt_core::ErrorCode::TokenRedeemed);

    let reason = "restored".parse().unwrap();
    block_on(operator(&restored).fence(reason, &key("fence"))).unwrap();
    let refused = redeem(&restored, &unspent, 1).unwrap_err();
    assert_eq!(refused.code(), fleetprompt_core::ErrorCode::InvalidToken);
    // The log goes on where it was, without a gap.
    list_an_agent(&restored, acme, 6);
    let longer = log(&restored_store, Position::START);
    assert_eq!(longer[..all.len()], all);
    assert!(longer.iter().zip(1..).all(|(entry, n)| entry.position == Position::new(n)));
}
