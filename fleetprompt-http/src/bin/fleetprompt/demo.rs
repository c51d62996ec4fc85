//! The demo: a marketplace with a catalogue of its own, on this machine alone.

mod story;

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use figment::value::{Dict, Value};
use fleetprompt_core::domain::{PersonIdentity, Position};
use fleetprompt_core::port::{
    Entropy as _, Principal, RecordKey, Store as _, StoreError, SystemEntropy,
};
use fleetprompt_sqlite::SqliteStore;
use indicatif::ProgressBar;
use tokio::net::TcpListener;

use fleetprompt_http::identity::dev::DEV_ISSUER;

use crate::assemble::{self, IfMissing};
use crate::cli::{DemoArgs, Flags};
use crate::commands::{Importing, import, run_server};
use crate::failure::{Failure, Outcome};
use crate::key_file::KeyFile;
use crate::output::{self, tell};
use crate::server_log::ServerLog;
use crate::settings::Settings;

/// The catalogue, in the form that `import` reads.
const CATALOGUE: &str = include_str!("../../demo/catalogue.jsonl");

/// Where it is served if nothing else is asked for and nobody else is there.
const ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// Whose tokens and receipts a demo's are, and who vouches for its operator: no other marketplace is
/// operated by somebody whom this one vouches for.
const DEMO: &str = "https://demo.fleetprompt.invalid";

/// The owning systems of the demo: name, kind of assets.
const SYSTEMS: [(&str, &str); 3] =
    [("whs", "whs_agent"), ("agentromatic", "agentromatic_workflow"), ("specprompt", "spec_asset")];

pub(crate) async fn run(flags: &Flags, args: DemoArgs) -> Outcome {
    refuse_others(flags)?;
    let folder = args.folder.map_or_else(data_folder, Ok)?;
    assemble::private_folder(&folder)?;
    let _lock = lock(&folder)?;
    let (database, key_file) = (folder.join("demo.db"), folder.join("demo.keys.json"));
    let operator = operator()?;
    let former = is_there(&database, &operator).await?;
    if args.fresh {
        remove(&database)?;
    }
    let listener = listen(flags.listen).await?;
    let served = listener.local_addr().map_err(|error| Failure::failed(error.to_string()))?;
    let settings = settings(&database, &key_file, served)?;
    let log = ServerLog::begin(&settings)?;
    if KeyFile::read(&key_file)?.is_none() {
        KeyFile::first(None)?.write(&key_file)?;
    }
    let keys = assemble::keys(&settings)?;
    let opened = assemble::database(&settings, IfMissing::Make).await?;
    let market = assemble::marketplace(&settings, &opened, keys).await?;
    let operator = market.act_as(Principal::operator(operator));
    // Also where there is one already, since it may have been stopped in the middle: what is there
    // stays as it is.
    let how = Importing { confirm: true, strict: true, parallel: 16 };
    let hidden = ProgressBar::hidden();
    import(&operator, CATALOGUE.as_bytes(), &hidden, how).await.1?;

    tell!("FleetPrompt, a demo. Nothing of it leaves this machine.\n");
    match former && !args.fresh {
        true => {
            tell!("The catalogue of last time is in {} (--fresh begins anew)", database.display())
        }
        false => tell!("The catalogue is in {}", database.display()),
    }
    if flags.listen.is_none() && served != ADDRESS {
        tell!("{ADDRESS} is taken: this is on another port.");
    }
    let run = word()?;
    let served = run_server(&settings, (&opened, &market), (listener, log.metrics()), |served| {
        output::print(story::opening(served));
        output::print(story::try_it(served, &run));
        tell!("\nFleetPrompt is ready on http://{served}. Stop it with Ctrl-C.");
    })
    .await;
    log.end().await;
    served
}

/// The demo has a database and keys of its own. Whoever names others means another command.
fn refuse_others(flags: &Flags) -> Outcome {
    let Flags { config, database, key_file, operator, listen } = flags;
    if let Some(listen) = listen
        && !listen.ip().is_loopback()
    {
        return Err(Failure::usage(
            "--listen: the demo takes made-up identities, so it stays on this machine",
        )
        .hint("Give a loopback address such as 127.0.0.1:8080."));
    }
    if config.is_some() || database.is_some() || key_file.is_some() || operator.is_some() {
        return Err(Failure::usage("the demo has a database, keys and a configuration of its own")
            .hint("To serve yours: fleetprompt serve. To put the demo elsewhere: fleetprompt demo --folder FOLDER."));
    }
    Ok(())
}

/// `fleetprompt-demo` in the folder where the user's programs keep their data.
fn data_folder() -> Outcome<PathBuf> {
    let absolute =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    // XDG Base Directory Specification; %LOCALAPPDATA% is the like of it on Windows.
    let data = absolute("XDG_DATA_HOME")
        .or_else(|| absolute("LOCALAPPDATA"))
        .or_else(|| absolute("HOME").map(|home| home.join(".local").join("share")));
    data.map(|data| data.join("fleetprompt-demo")).ok_or_else(|| {
        Failure::usage("there is no home folder to keep the demo in")
            .hint("Name one with --folder.")
    })
}

/// Held while a demo runs in the folder, so that no other one takes its database away. The system
/// gives it back when the process ends, however it does.
fn lock(folder: &Path) -> Outcome<File> {
    let path = folder.join("lock");
    let failed = |error: std::io::Error| Failure::file(&path, &error);
    let file = File::options().write(true).create(true).truncate(false).open(&path);
    let file = file.map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Failure::failed(format!("a demo is running in {}", folder.display())).hint(
                "Stop it first, with Ctrl-C where it runs, or keep this one elsewhere: \
                 fleetprompt demo --folder FOLDER",
            ))
        }
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Who makes what is in a demo's catalogue. It is known as a demo's by them.
fn operator() -> Outcome<PersonIdentity> {
    Ok(PersonIdentity::personal(DEMO.parse()?, "operator".parse()?))
}

/// Whether a demo is in the file. A marketplace that is no demo's is neither served nor removed.
async fn is_there(database: &Path, operator: &PersonIdentity) -> Outcome<bool> {
    let elsewhere = "Keep the demo elsewhere: fleetprompt demo --folder FOLDER";
    let failed = |error: StoreError| Failure::from(error).of(database.display()).hint(elsewhere);
    let opened = SqliteStore::options().create_if_missing(false).open(database);
    let store = match opened {
        Err(StoreError::Missing(_)) => return Ok(false),
        opened => opened.map_err(failed)?,
    };
    // Its operator is named by the first of its entries, and a deployment alone is nobody's loss.
    let is_empty = store.head().await.map_err(failed)?.last <= Position::new(1);
    let operator = store.get(&RecordKey::person(operator)).await.map_err(failed)?;
    if is_empty || operator.is_some() {
        return Ok(true);
    }
    let what = format!("{}: there is a marketplace that is no demo's", database.display());
    Err(Failure::failed(what).hint(elsewhere))
}

fn remove(database: &Path) -> Outcome {
    for ending in ["", "-wal", "-shm"] {
        let mut path = OsString::from(database);
        path.push(ending);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(Failure::file(Path::new(&path), &error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The address that was asked for; or the usual one, or a free port if that is taken.
async fn listen(asked: Option<SocketAddr>) -> Outcome<TcpListener> {
    let address = asked.unwrap_or(ADDRESS);
    let failed = |error: std::io::Error| Failure::not_bound(address, &error);
    match TcpListener::bind(address).await {
        Err(error) if asked.is_none() && error.kind() == ErrorKind::AddrInUse => {
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)
        }
        bound => bound.map_err(failed),
    }
}

fn settings(database: &Path, key_file: &Path, served: SocketAddr) -> Outcome<Settings> {
    let dict = |entries: Vec<(&str, Value)>| -> Dict {
        entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    };
    let system = |(name, kind): (&str, &str)| {
        let link = format!("https://{name}.example/install/{{upstreamId}}?attempt={{attemptId}}");
        Value::from(dict(vec![
            ("name", name.into()),
            ("audience", name.into()),
            ("issuer", DEV_ISSUER.into()),
            ("client", name.into()),
            ("kinds", Value::from(vec![Value::from(kind)])),
            ("deep-link", Value::from(link)),
        ]))
    };
    let systems: Vec<Value> = SYSTEMS.into_iter().map(system).collect();
    Settings::of_demo(dict(vec![
        ("database", Value::from(format!("sqlite:{}", database.display()))),
        ("key-file", Value::from(key_file.display().to_string())),
        ("listen", Value::from(served.to_string())),
        // The address may be another one next time; tokens and receipts must not notice.
        ("issuer", DEMO.into()),
        ("insecure-dev-identity", true.into()),
        ("systems", Value::from(systems)),
        ("log", Value::from(dict(vec![("level", "warn".into())]))),
    ]))
}

/// Four letters that no earlier run had, so that the lines of this one work.
fn word() -> Outcome<String> {
    let seed = SystemEntropy.seed().map_err(|error| Failure::failed(error.to_string()))?;
    Ok(seed.iter().take(4).map(|byte| char::from(b'a' + byte % 26)).collect())
}
