//! Catalogues, and the marketplace that they are imported into.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use fleetprompt_core::domain::PersonIdentity;
use fleetprompt_core::marketplace::{ImportLine, ImportRow};
use fleetprompt_core::port::{Principal, Store};
use fleetprompt_core::token::{KeyRing, MasterKey};
use fleetprompt_core::{Acting, Marketplace};

/// The rows of the catalogue in `file` (JSON Lines, plain or gzip). Lines that no import takes are
/// left out.
pub(crate) fn read(file: &Path) -> impl Iterator<Item = ImportRow> + use<> {
    let mut start = [0; 2];
    let gzip = File::open(file).unwrap().read(&mut start).unwrap() == 2 && start == [0x1f, 0x8b];
    let file = File::open(file).unwrap();
    let reader: Box<dyn Read> =
        if gzip { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let lines = BufReader::new(reader).lines();
    lines.filter_map(|line| ImportLine::parse(&line.unwrap(), false).ok()).map(|it| it.row)
}

/// A marketplace on `store`.
pub(crate) fn marketplace(store: impl Store + 'static) -> Marketplace {
    let market = Marketplace::builder(store)
        .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32]).unwrap()))
        .issuer("https://market.example".parse().unwrap())
        .build();
    pollster::block_on(market).unwrap()
}

/// Who imports.
pub(crate) fn operator(market: &Marketplace) -> Acting {
    let issuer = "https://id.example".parse().unwrap();
    let importer = PersonIdentity::personal(issuer, "importer".parse().unwrap());
    market.act_as(Principal::operator(importer))
}
