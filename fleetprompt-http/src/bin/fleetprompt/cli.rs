//! Commands and flags.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use fleetprompt_core::domain::{
    BadgeKind, EvidenceReference, Handle, ListingId, NameSubject, Position, PublisherId, Reason,
    Slug, TakedownReason,
};
use fleetprompt_core::token::KeyId;
use secrecy::SecretString;

use crate::settings::ADDRESS;

/// Serve and operate a FleetPrompt marketplace.
///
/// Without a command, a demo starts: a marketplace of its own with some sixty listings, on this
/// machine alone, and lines to try.
#[derive(Debug, Parser)]
#[command(name = "fleetprompt", version, propagate_version = true, after_long_help = AFTER)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) flags: Flags,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

const AFTER: &str = "\
Configuration:
  A file (TOML, --config), then variables of the environment, then flags; the
  later wins. A variable is named like its key: FLEETPROMPT_DATABASE,
  FLEETPROMPT_SERVE__CONNECTIONS (`__` goes into a section, `_` stands for `-`).
  `fleetprompt config show` prints all that holds, defaults too, as such a file,
  with where each value comes from and no secret. docs/OPERATIONS.md lists all
  keys.

Examples:
  fleetprompt
      starts the demo
  fleetprompt --config /etc/fleetprompt.toml serve
      serves a marketplace
  fleetprompt --database sqlite:market.db import catalogue.jsonl --confirm
      imports a catalogue, on your word that its references are right
  fleetprompt export | gzip > catalogue.jsonl.gz
      exports everything
  fleetprompt listing takedown acme/reader --class spam --reason 'Ticket 4711.'
      takes a listing down

Exit codes:
  0   done
  1   it failed
  2   the command line or the configuration is wrong
  3   a rule of the marketplace refused it, or some lines of an import
  75  the database can't be reached at present: try again
  141 whoever read the output went away before its end, as `| head` does";

/// Flags of every command.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Configuration")]
pub(crate) struct Flags {
    /// The configuration file
    #[arg(long, global = true, value_name = "FILE", env = "FLEETPROMPT_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// The database: sqlite:PATH, or postgres://ROLE:PASSWORD@HOST/NAME
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// The address to serve on [default: 127.0.0.1:8080]
    #[arg(long, global = true, value_name = "IP:PORT", value_parser = address)]
    pub(crate) listen: Option<SocketAddr>,
    /// The file of the key ring [default: fleetprompt.keys.json]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// Who operates, as the audit log names them [default: operator]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) operator: Option<String>,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("must be {ADDRESS}"))
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a demo on this machine: a catalogue, made-up identities, and lines to try
    Demo(DemoArgs),
    /// Serve the marketplace
    #[command(long_about = "\
Serve the marketplace.

The API is under /v1, and pages for browsers are beside it, from / on; `pages = false` leaves \
them out.

Prints one line on standard output when it is ready; logs go to standard error. SIGTERM, \
SIGINT or SIGHUP stops it: what runs is finished, nothing new is taken; a second SIGTERM or SIGINT \
stops it at once. \
Keys that were rotated in the key file are taken into use within a minute.")]
    Serve(ServeArgs),
    #[command(flatten)]
    Configured(Configured),
    /// Static tokens of owning systems
    #[command(subcommand)]
    ServiceToken(ServiceTokenCommand),
    /// Print the OpenAPI document
    Openapi,
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
}

/// The commands that do what the configuration says, and log beside what they print.
#[derive(Debug, Subcommand)]
pub(crate) enum Configured {
    /// Bring the database to this version, and make it if there is none
    Migrate,
    /// Import a catalogue in JSON Lines, plain or gzip
    #[command(long_about = "\
Import a catalogue in JSON Lines, plain or gzip.

A line is an entry, as `export` writes them, or a row of a foreign catalogue: publisher, slug, \
kind, upstreamId, title, summary and version, and maybe tags, category, priceClass, popularity, \
updated, publisherName, description, documentation, repository, license and schemaVersion. A \
line that can't be imported is reported with its number and field, and the rest goes on (exit \
code 3 then).

It can be interrupted and run again at any time: what is there already is left as it is. \
Publishers that are made belong to the operator's tenant.")]
    Import(ImportArgs),
    /// Export the catalogue, public or not, in JSON Lines
    #[command(long_about = "\
Export the catalogue, public or not, in JSON Lines which `import` reads back: publishers, \
listings, packs, releases, and what was deprecated, taken down or suspended. Left out are \
people, entitlements and installs, images, what is deleted, and what waits for a decision about \
its name; `backup` has all of it.")]
    Export(ExportArgs),
    /// The key ring: what tokens and cursors are made with
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Vouch for a publisher, suspend or restore it
    #[command(subcommand)]
    Publisher(PublisherCommand),
    /// Take a listing down, or restore it
    #[command(subcommand)]
    Listing(ListingCommand),
    /// Names that look like a well-known one, and wait for a decision
    #[command(subcommand)]
    Names(NamesCommand),
    /// Copy a SQLite database into a new file, while it is in use
    Backup(BackupArgs),
    /// Copy everything of one database into another
    #[command(long_about = "\
Copy everything of one database into another, from SQLite to PostgreSQL and back: people, \
entitlements, install attempts, the log, the search index. Stop what writes to the source first; \
reading may go on. It can be interrupted and run again at any time, and goes on where it \
stopped. At the end every table of both is compared; until then the target can't be served.

  fleetprompt copy sqlite:market.db postgres://market@db.example/market")]
    Copy(CopyArgs),
    /// Check the database and the search index
    Check(CheckArgs),
    /// Forget what has served, and bring the search index and rendered texts up to date
    #[command(long_about = "\
Forget what has served, and bring the search index, rendered texts and kept images up to date. \
`serve` does this by itself every minute; this does all that is due at once.")]
    Maintain,
    /// Revoke every install token of a store that was restored or promoted with losses
    Fence(FenceArgs),
    /// Ask the server on the configured address whether it is ready
    Healthcheck,
}

#[derive(Debug, Default, Args)]
pub(crate) struct DemoArgs {
    /// Where the demo keeps its database and keys [default: fleetprompt-demo in the user's data folder]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,
    /// Begin anew: the demo's former database is removed
    #[arg(long)]
    pub(crate) fresh: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Take made-up identities, such as `Bearer dev:acme:ada`; on a loopback address only
    #[arg(long)]
    pub(crate) insecure_dev_identity: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The catalogue; `-` for standard input
    pub(crate) file: PathBuf,
    /// Count the references as confirmed, on your word as the operator: those of rows, and of
    /// entries that say so
    #[arg(long)]
    pub(crate) confirm: bool,
    /// Stop at the first line that can't be imported
    #[arg(long)]
    pub(crate) strict: bool,
    /// How many lines are imported at a time
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub(crate) parallel: u16,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// A new file, instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Add a key: the first one is active, later ones wait to be activated
    #[command(long_about = "\
Add a key: the first one is active, later ones wait to be activated.

A database knows its keys by their names: the first key of a new ring for a database that had \
another ring needs a name that it does not know.")]
    Generate {
        /// The key's name, up to 16 letters a to z and digits; k and the next number by default
        #[arg(long)]
        kid: Option<KeyId>,
    },
    /// Make a key the active one: the oldest that waits, or else a new one
    #[command(long_about = "\
Make a key the active one: the oldest that waits, or else a new one. The one before retires: it \
still verifies what was made with it.

With several instances, or owning systems that verify offline, give everyone the ring with the \
new key first: `keys generate`, hand the file out, then `keys rotate` there.")]
    Rotate,
    /// List the keys and their states, without secrets
    List,
    /// Make a key that waits the active one
    Activate {
        /// The key's name
        kid: KeyId,
    },
    /// Revoke a key, and every install token that was made with it
    #[command(long_about = "\
Revoke a key, and every install token that was made with it. The active key can't be revoked: \
rotate first. If the database could not be reached, run it again.")]
    Revoke {
        /// The key's name
        kid: KeyId,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ServiceTokenCommand {
    /// Make a token, and show it once with its hash
    #[command(long_about = "\
Make a token, and show it once with its hash. The token is for the system: the marketplace keeps \
it nowhere, and neither reads nor changes a configuration for this. The hash goes into the \
configuration, under `tokens` of the system's entry in `identity.services`; nobody gets in with \
it.")]
    Generate,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PublisherCommand {
    /// Give a publisher a badge
    Verify {
        /// Its handle
        handle: Handle,
        /// Where the evidence lies, in your own records
        #[arg(long, value_name = "REFERENCE")]
        evidence: EvidenceReference,
        /// Which badge: verified, official, partner
        #[arg(long, default_value = "verified")]
        badge: BadgeKind,
    },
    /// Suspend a publisher: nobody but its members sees it or what it offers
    Suspend {
        /// Its handle
        handle: Handle,
        /// Why; its members are told
        #[arg(long)]
        reason: Reason,
    },
    /// Lift a suspension
    Restore {
        /// Its handle
        handle: Handle,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ListingCommand {
    /// Take a listing down
    Takedown {
        /// HANDLE/SLUG
        listing: ListingName,
        /// abuse, malware, legal, impersonation, spam, other; everybody sees it
        #[arg(long)]
        class: TakedownReason,
        /// Why; its publisher is told
        #[arg(long)]
        reason: Reason,
    },
    /// Reverse a take-down
    Restore {
        /// HANDLE/SLUG
        listing: ListingName,
    },
}

/// A listing's address: `HANDLE/SLUG`.
#[derive(Clone, Debug)]
pub(crate) struct ListingName {
    pub(crate) handle: Handle,
    pub(crate) slug: Slug,
}

impl std::str::FromStr for ListingName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (handle, slug) = text.split_once('/').ok_or("must be HANDLE/SLUG")?;
        let told = |refused: fleetprompt_core::domain::ParseError| refused.to_string();
        Ok(ListingName { handle: handle.parse().map_err(told)?, slug: slug.parse().map_err(told)? })
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum NamesCommand {
    /// List the names that wait, those held first coming first
    List {
        /// List those that were refused instead
        #[arg(long)]
        refused: bool,
    },
    /// Let a name pass
    Allow {
        /// publisher/ID@VERSION or listing/ID@VERSION, as `names list` prints it
        subject: Seen,
        /// Why, for the audit log
        #[arg(long)]
        reason: Reason,
    },
    /// Refuse a name
    Refuse {
        /// publisher/ID@VERSION or listing/ID@VERSION, as `names list` prints it
        subject: Seen,
        /// Why; the publisher is told
        #[arg(long)]
        reason: Reason,
    },
}

/// Whose name, as it was looked at: `publisher/ID@VERSION` or `listing/ID@VERSION`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) subject: NameSubject,
    pub(crate) version: Position,
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.subject, self.version.get())
    }
}

impl std::str::FromStr for Seen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const FORM: &str = "must be publisher/ID@VERSION or listing/ID@VERSION";
        let told = |refused: fleetprompt_core::domain::ParseError| refused.to_string();
        let (subject, version) = text.split_once('@').ok_or(FORM)?;
        let subject = match subject.split_once('/') {
            Some(("publisher", it)) => it.parse::<PublisherId>().map(NameSubject::Publisher),
            Some(("listing", it)) => it.parse::<ListingId>().map(NameSubject::Listing),
            _ => return Err(FORM.to_owned()),
        };
        let version = version.parse().map_err(|_| FORM)?;
        Ok(Seen { subject: subject.map_err(told)?, version: Position::new(version) })
    }
}

#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// The new file
    pub(crate) to: PathBuf,
}

/// Addresses as they are given: one that is wrong may hold a password too, and the command line's own
/// parser repeats what it refuses.
#[derive(Debug, Args)]
pub(crate) struct CopyArgs {
    /// The database to copy: sqlite:PATH or postgres://…
    pub(crate) from: SecretString,
    /// The database to make: sqlite:PATH or postgres://…
    pub(crate) to: SecretString,
    /// Begin anew, where a copy was begun that can't go on
    #[arg(long)]
    pub(crate) restart: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Also repair what differs in the search index
    #[arg(long)]
    pub(crate) repair_index: bool,
}

#[derive(Debug, Args)]
pub(crate) struct FenceArgs {
    /// Why, for the log
    #[arg(long)]
    pub(crate) reason: Reason,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print all that holds, and where each value comes from
    #[command(long_about = "\
Print all that holds, defaults too, and where each value comes from, as a configuration file that \
can be used as it is.

Secrets are masked. What is masked or not set is a comment in the file, and so is all of an entry \
of a list, such as `[[identity.services]]`, that holds a secret: fill it in.")]
    Show {
        /// How
        #[arg(long, value_enum, default_value_t = ShowFormat::Text)]
        format: ShowFormat,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShowFormat {
    /// A configuration file, in TOML
    Text,
    /// For programs: an array of {key, value, source}, the value as TOML, or null if it is not set
    Json,
}
