//! What the examples share: keys in a file, the owning systems of the family, and words for people.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use fleetprompt_core::domain::{AssetKind, OwningSystem, ParseError, SystemRegistry};
use fleetprompt_core::port::{Entropy as _, SystemEntropy};
use fleetprompt_core::token::{KeyRing, MasterKey};

/// What an example answers.
pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// The key ring of a database: its master key lies in a file beside it, made when there is none,
/// readable by its owner only. A real host takes the key from its secret store.
///
/// # Errors
/// When the file can't be read or written, or holds no key.
pub fn keys_beside(database: &Path) -> Outcome<KeyRing> {
    let path = database.with_extension("key");
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = SystemEntropy.seed()?.to_vec();
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            options.open(&path)?.write_all(&key)?;
            key
        }
        Err(error) => return Err(error.into()),
    };
    Ok(KeyRing::single(MasterKey::from_bytes(&bytes)?))
}

/// The owning systems of the family, at addresses of their own.
///
/// # Errors
/// Never with the values in here.
pub fn systems() -> Outcome<SystemRegistry> {
    let system = |name: &str, kind| -> Result<OwningSystem, ParseError> {
        Ok(OwningSystem {
            name: name.parse()?,
            audience: name.parse()?,
            issuer: "https://id.example".parse()?,
            client: format!("{name}-backend").parse()?,
            kinds: vec![kind],
            deep_link: format!("https://{name}.example/install/{{upstreamId}}?attempt={{attemptId}}").parse()?,
            requires_confirmation: true,
        })
    };
    let systems = vec![
        system("whs", AssetKind::WhsAgent)?,
        system("agentromatic", AssetKind::AgentromaticWorkflow)?,
        system("specprompt", AssetKind::SpecAsset)?,
    ];
    Ok(SystemRegistry::new(systems, &["whs.example", "agentromatic.example", "specprompt.example"])?)
}
