//! The key ring in its file: JSON, readable by its owner only, replaced as a whole.
//!
//! ```json
//! {"format":"fleetprompt-keys-1","keys":[{"kid":"k1","state":"active","secret":"…"}]}
//! ```
//!
//! A secret is 32 to 128 random bytes as base64url without padding. States are `pending`, `active`,
//! `retiring` and `revoked`; exactly one key is active. Revoked keys stay in the file: their names
//! and secrets must not come back.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use fleetprompt_core::port::{Entropy as _, SystemEntropy};
use fleetprompt_core::token::{KeyEntry, KeyId, KeyRing, KeyRingError, KeyState, MasterKey};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use zeroize::{Zeroize as _, Zeroizing};

use crate::failure::{Failure, Outcome};

const FORMAT: &str = "fleetprompt-keys-1";

/// Far more keys than anybody needs.
const MAX_BYTES: u64 = 256 * 1_024;

/// The form of the file. Borrows, so that no copy of a secret is left behind.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Form<'a> {
    format: &'a str,
    #[serde(borrow)]
    keys: Vec<Entry<'a>>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry<'a> {
    kid: KeyId,
    state: KeyState,
    secret: &'a str,
}

/// The keys of a file. Never displayed.
pub(crate) struct KeyFile {
    keys: Vec<Key>,
}

struct Key {
    kid: KeyId,
    state: KeyState,
    secret: Zeroizing<String>,
}

impl KeyFile {
    /// The keys in a text of the form of the file; `place` says where it comes from.
    pub(crate) fn parse(text: &str, place: &str) -> Outcome<Self> {
        // What serde says of a wrong value repeats it; where it stands is enough.
        let form: Form<'_> = serde_json::from_str(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            Failure::usage(format!("{place} is no key ring: line {line}, column {column}"))
                .hint("Its form is described in docs/OPERATIONS.md; `fleetprompt keys generate` makes one.")
        })?;
        if form.format != FORMAT {
            return Err(Failure::usage(format!("{place} is no key ring of this version")));
        }
        let keys = form.keys.into_iter();
        let keys = keys.map(|Entry { kid, state, secret }| Key {
            kid,
            state,
            secret: Zeroizing::new(secret.to_owned()),
        });
        let file = KeyFile { keys: keys.collect() };
        file.ring().map_err(|refused| refused.of(place))?;
        Ok(file)
    }

    /// The keys in a file; `None` if there is none.
    pub(crate) fn read(path: &Path) -> Outcome<Option<Self>> {
        let meta = match fs::metadata(path) {
            Ok(meta) => meta,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::file(path, &error)),
        };
        if meta.len() > MAX_BYTES {
            return Err(Failure::usage(format!("{} is no key ring: too large", path.display())));
        }
        guard(path, &meta)?;
        let text = fs::read_to_string(path).map(Zeroizing::new);
        let text = text.map_err(|error| Failure::file(path, &error))?;
        Self::parse(&text, &path.display().to_string()).map(Some)
    }

    /// The keys in a file that has to be there.
    pub(crate) fn present(path: &Path) -> Outcome<Self> {
        Self::read(path)?.ok_or_else(|| {
            Failure::usage(format!("{}: there is no key ring", path.display())).hint(
                "`fleetprompt keys generate` makes one; all instances of a marketplace share it.",
            )
        })
    }

    /// A file with one key, active, of this name or `k1`.
    pub(crate) fn first(kid: Option<KeyId>) -> Outcome<Self> {
        let mut file = KeyFile { keys: Vec::new() };
        let kid = file.generate(kid)?;
        file.restate(|key| if key.kid == kid { KeyState::Active } else { key.state });
        Ok(file)
    }

    /// The ring of these keys.
    pub(crate) fn ring(&self) -> Outcome<KeyRing> {
        let entries = self.keys.iter().map(|key| {
            let Key { kid, state, ref secret } = *key;
            let secret: MasterKey = secret
                .parse()
                .map_err(|refused| Failure::usage(format!("key {kid}: {refused}")))?;
            Ok(KeyEntry { kid, state, key: secret })
        });
        KeyRing::new(entries.collect::<Outcome<_>>()?)
            .map_err(|refused| Failure::usage(refused.to_string()))
    }

    /// The keys' names and states, in the order of the file.
    pub(crate) fn states(&self) -> impl Iterator<Item = (KeyId, KeyState)> {
        self.keys.iter().map(|key| (key.kid, key.state))
    }

    /// Adds a key, pending, of this name, or with the next number as its name.
    pub(crate) fn generate(&mut self, kid: Option<KeyId>) -> Outcome<KeyId> {
        let known = |kid: &KeyId| self.keys.iter().any(|key| key.kid == *kid);
        let free = (1..=u16::MAX).filter_map(|n| format!("k{n}").parse().ok());
        if let Some(kid) = kid.filter(known) {
            return Err(Failure::refused(format!("the ring has a key {kid} already")));
        }
        let kid: KeyId = kid
            .into_iter()
            .chain(free)
            .find(|kid| !known(kid))
            .ok_or_else(|| Failure::failed("the ring has no room for another key"))?;
        let mut seed = SystemEntropy.seed().map_err(|error| Failure::failed(error.to_string()))?;
        let secret = Zeroizing::new(base64url(&seed));
        seed.zeroize();
        self.keys.push(Key { kid, state: KeyState::Pending, secret });
        Ok(kid)
    }

    /// Makes a key that waits the active one, and the one that was active a retiring one.
    pub(crate) fn activate(&mut self, kid: KeyId) -> Outcome {
        self.take_over(|ring| ring.activate(&kid))
    }

    /// Revokes a key. A revoked one stays revoked.
    pub(crate) fn revoke(&mut self, kid: KeyId) -> Outcome {
        if self.states().any(|key| key == (kid, KeyState::Active)) {
            return Err(Failure::refused(format!("{kid} is active: rotate first")).hint(format!(
                "fleetprompt keys rotate, and then again: fleetprompt keys revoke {kid}"
            )));
        }
        self.take_over(|ring| ring.revoke(&kid))
    }

    /// Takes the states of the ring over that `change` makes: its rules are the core's.
    fn take_over(
        &mut self,
        change: impl FnOnce(&KeyRing) -> Result<KeyRing, KeyRingError>,
    ) -> Outcome {
        let ring = change(&self.ring()?).map_err(|refused| match refused {
            KeyRingError::Backwards { kid, from, .. } => backwards(kid, from),
            other => Failure::refused(other.to_string()),
        })?;
        self.restate(|key| ring.state(&key.kid).unwrap_or(key.state));
        Ok(())
    }

    fn restate(&mut self, state: impl Fn(&Key) -> KeyState) {
        for key in &mut self.keys {
            key.state = state(key);
        }
    }

    /// Writes the file in place of what is there, if anything: whoever reads it finds the keys from
    /// before or those from now.
    pub(crate) fn write(&self, path: &Path) -> Outcome {
        let keys = self.keys.iter();
        let keys = keys.map(|key| Entry { kid: key.kid, state: key.state, secret: &key.secret });
        let form = Form { format: FORMAT, keys: keys.collect() };
        let text = serde_json::to_string_pretty(&form).map(Zeroizing::new);
        let text = text.map_err(|error| Failure::failed(error.to_string()))?;
        let failed = |error: std::io::Error| Failure::file(path, &error);
        // What a symbolic link leads to is replaced, and not the link.
        let real = match fs::canonicalize(path) {
            Err(error) if error.kind() == ErrorKind::NotFound && !path.is_symlink() => None,
            found => Some(found.map_err(failed)?),
        };
        let path = real.as_deref().unwrap_or(path);
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        // A temporary file is its owner's alone from the start.
        let mut file = NamedTempFile::new_in(folder).map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
        file.write_all(b"\n").map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist(path).map_err(|error| failed(error.error))?;
        sync_folder(folder).map_err(failed)
    }
}

/// A key that can't be activated, as it has been already.
fn backwards(kid: KeyId, from: KeyState) -> Failure {
    let refused = match from {
        KeyState::Active => return Failure::refused(format!("{kid} is the active key already")),
        KeyState::Revoked => format!("{kid} is revoked, and stays so"),
        KeyState::Pending | KeyState::Retiring => format!("{kid} has been active, and retires"),
    };
    Failure::refused(refused).hint("`fleetprompt keys rotate` makes another key the active one.")
}

fn base64url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Refuses a file that others may write, and warns of one that others may read.
#[cfg(unix)]
fn guard(path: &Path, meta: &fs::Metadata) -> Outcome {
    use std::os::unix::fs::PermissionsExt as _;
    use std::sync::Once;
    let mode = meta.permissions().mode();
    if mode & 0o022 != 0 {
        return Err(Failure::usage(format!("{} can be written by others", path.display()))
            .hint(format!("chmod 600 {}", path.display())));
    }
    if mode & 0o044 != 0 {
        // Once: a server reads it time and again.
        static WARNED: Once = Once::new();
        WARNED.call_once(|| {
            tracing::warn!(file = %path.display(), "the key file can be read by others");
        });
    }
    Ok(())
}

#[cfg(not(unix))]
fn guard(_: &Path, _: &fs::Metadata) -> Outcome {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states(file: &KeyFile) -> Vec<(String, KeyState)> {
        file.states().map(|(kid, state)| (kid.to_string(), state)).collect()
    }

    #[test]
    fn what_is_written_is_read_again_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        assert!(KeyFile::read(&path).unwrap().is_none());
        let mut file = KeyFile::first(None).unwrap();
        file.write(&path).unwrap();
        let second = file.generate(None).unwrap();
        file.activate(second).unwrap();
        file.write(&path).unwrap();
        let read = KeyFile::read(&path).unwrap().unwrap();
        assert_eq!(states(&read), states(&file));
        let expected = [("k1".to_owned(), KeyState::Retiring), ("k2".to_owned(), KeyState::Active)];
        assert_eq!(states(&read), expected);
        assert!(read.keys.iter().zip(&file.keys).all(|(one, other)| one.secret == other.secret));
        assert_ne!(read.keys[0].secret, read.keys[1].secret);
        let others = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(others, 1, "nothing is left beside it");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o660)).unwrap();
            assert!(KeyFile::read(&path).is_err(), "others may write it");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_followed_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real/keys.json"), folder.path().join("keys.json"));
        fs::create_dir(real.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink("real/keys.json", &link).unwrap();
        let mut file = KeyFile::first(None).unwrap();
        assert!(file.write(&link).is_err(), "it leads nowhere");
        file.write(&real).unwrap();
        let second = file.generate(None).unwrap();
        file.activate(second).unwrap();
        file.write(&link).unwrap();
        assert!(link.is_symlink());
        assert_eq!(states(&KeyFile::read(&real).unwrap().unwrap()), states(&file));
    }

    #[test]
    fn keys_only_move_forward() {
        let mut file = KeyFile::first(None).unwrap();
        let kid = |text: &str| text.parse::<KeyId>().unwrap();
        assert!(file.revoke(kid("k1")).is_err(), "it is the active one");
        assert!(file.activate(kid("k1")).is_err(), "it is active already");
        assert!(file.activate(kid("k9")).is_err(), "there is none");
        file.generate(None).unwrap();
        file.activate(kid("k2")).unwrap();
        file.revoke(kid("k1")).unwrap();
        file.revoke(kid("k1")).unwrap();
        assert!(file.activate(kid("k1")).is_err(), "it is revoked");
        assert_eq!(file.generate(None).unwrap(), kid("k3"), "names do not come back");
    }

    #[test]
    fn a_file_that_is_no_ring_is_told_by_place_and_shows_nothing_of_it() {
        let canary = "Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2E";
        let key = |kid: &str, state: &str| {
            format!(r#"{{"kid":"{kid}","state":"{state}","secret":"{canary}"}}"#)
        };
        let form = |keys: &str| format!(r#"{{"format":"fleetprompt-keys-1","keys":[{keys}]}}"#);
        assert!(KeyFile::parse(&form(&key("k1", "active")), "x").is_ok());
        for wrong in [
            String::new(),
            canary.to_owned(),
            form(""),
            form(&key("k1", "pending")),
            form(&key("k1", canary)),
            form(&key(canary, "active")),
            form(&format!("{},{}", key("k1", "active"), key("k2", "pending"))),
            form(&key("k1", "active")).replace("keys-1", "keys-9"),
            form(&key("k1", "active")).replace(canary, &canary[..20]),
            form(&key("k1", "active")).replace("secret", canary),
        ] {
            let refused = KeyFile::parse(&wrong, "keys.json").err().unwrap();
            let said = format!("{refused} {refused:?}");
            assert!(said.contains("keys.json") && !said.contains(&canary[..20]), "{said}");
        }
    }
}
