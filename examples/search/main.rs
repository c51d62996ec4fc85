//! Searches a catalogue in the terminal, as one types, or answers the queries of a pipe.

mod interactive;
mod line;
mod listing;
mod model;
mod notes;
mod plain;
mod render;
#[cfg(test)]
mod samples;
mod terminal;
mod visitor;
mod words;

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use fleetprompt_core::Marketplace;
use fleetprompt_core::domain::AssetKind;
use fleetprompt_core::port::{PAGE_MAX, PageSize};
use fleetprompt_core::search::CatalogueOrder;
use fleetprompt_examples::importing::{Importing, import};
use fleetprompt_examples::{Outcome, open_store};
use fleetprompt_sqlite::SqliteStore;

use model::Model;
use notes::Notes;
use visitor::Visitor;

/// The catalogue that comes with the examples.
const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/catalogue.jsonl");

/// Search a catalogue in the terminal: results come as you type.
///
/// All words have to be there, the last one may be unfinished. "a phrase", -without, kind:whs_agent,
/// tag:support and publisher:acme work as well.
///
/// Keys: Down, Up, Page Down, Page Up, Home and End select a listing, to the very end of what was
/// found; Enter shows it whole, and Esc goes back. Tab completes the first suggestion. Backspace,
/// Ctrl-W and Ctrl-U delete a character, a word, and all. Ctrl-O goes to the next order, Ctrl-K to
/// the next kind. Esc and Ctrl-C quit.
///
/// If standard input or standard output is no terminal, each line of standard input is a query, and
/// what it finds is printed as plain text.
///
/// Exit codes: 0 done; 1 something failed; 2 the arguments are wrong.
#[derive(Parser)]
#[command(name = "search", version)]
struct Arguments {
    /// A catalogue in JSON Lines, plain or gzip, to import first, unless it was before (as
    /// `import --help` says). Without it, the database is searched as it is; if there is none, the
    /// small catalogue that comes with the examples is imported.
    file: Option<PathBuf>,
    /// The database; made if there is none.
    #[arg(long, default_value = "fleetprompt.db")]
    database: PathBuf,
    /// The order to begin with.
    #[arg(long, default_value = "relevance", value_parser = orders())]
    order: CatalogueOrder,
    /// The kind to look for.
    #[arg(long, value_parser = kinds())]
    kind: Option<AssetKind>,
    /// How many listings are printed for a query, where no terminal is.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=i64::from(PAGE_MAX)))]
    limit: u16,
}

fn orders() -> impl clap::builder::TypedValueParser<Value = CatalogueOrder> {
    PossibleValuesParser::new(words::ORDERS.map(|(_, word)| word)).map(|chosen| {
        let order = words::ORDERS.iter().find(|(_, word)| *word == chosen);
        order.map_or_else(CatalogueOrder::default, |(order, _)| *order)
    })
}

fn kinds() -> impl clap::builder::TypedValueParser<Value = AssetKind> {
    PossibleValuesParser::new(AssetKind::ALL.iter().map(|kind| kind.as_str()))
        .try_map(|chosen| chosen.parse::<AssetKind>())
}

fn main() -> ExitCode {
    match pollster::block_on(run(&Arguments::parse())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("search: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Outcome {
    let market = filled(arguments).await?;
    let visitor = Visitor::of(&market);
    let model = Model { order: arguments.order, kind: arguments.kind, ..Model::default() };
    let (queries, answers) = (io::stdin(), io::stdout());
    if queries.is_terminal() && answers.is_terminal() {
        interactive::search(&visitor, model).await
    } else {
        let limit = PageSize::new(arguments.limit);
        plain::search(&visitor, model, limit, queries.lock(), answers.lock()).await
    }
}

/// The database, with the catalogue in it.
async fn filled(arguments: &Arguments) -> Outcome<Marketplace> {
    let is_new = !arguments.database.exists();
    let store = SqliteStore::open(&arguments.database)?;
    let market = open_store(&arguments.database, store.clone()).await?;
    let file = match &arguments.file {
        Some(file) => file.as_path(),
        None if is_new => Path::new(SAMPLE),
        None => return Ok(market),
    };
    let notes = Notes::beside(&arguments.database);
    let note = Notes::note_of(file)?;
    if is_new || !notes.have(&note)? {
        eprintln!("importing {}", file.display());
        eprint!("{}", import(&market, file, Importing::default()).await?);
        store.merge_index().await?;
        notes.add(&note)?;
    }
    Ok(market)
}
