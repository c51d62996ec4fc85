//! `keys`: the ring in its file. No secret is ever printed.

use std::path::Path;

use fleetprompt_core::token::{KeyId, KeyState};

use crate::assemble;
use crate::cli::KeysCommand;
use crate::failure::{Failure, Outcome};
use crate::key_file::KeyFile;
use crate::output::tell;
use crate::settings::Settings;

pub(super) async fn run(settings: &Settings, command: KeysCommand) -> Outcome {
    let path = &settings.key_file;
    if settings.key_ring.is_some() && !matches!(command, KeysCommand::List) {
        return Err(Failure::usage(
            "the key ring is given by key-ring, which no command can change",
        )
        .hint("Change it where it is kept, or leave it out and use --key-file."));
    }
    match command {
        KeysCommand::Generate { kid } => generate(path, kid),
        KeysCommand::Rotate => rotate(path),
        KeysCommand::List => list(settings),
        KeysCommand::Activate { kid } => activate(path, kid),
        KeysCommand::Revoke { kid } => revoke(settings, kid).await,
    }
}

fn generate(path: &Path, kid: Option<KeyId>) -> Outcome {
    let Some(mut file) = KeyFile::read(path)? else {
        let file = KeyFile::first(kid)?;
        file.write(path)?;
        for (kid, _) in file.states() {
            tell!("{}: made, with the key {kid}", path.display());
        }
        return Ok(());
    };
    let kid = file.generate(kid)?;
    file.write(path)?;
    tell!("{}: the key {kid} is added, and waits", path.display());
    tell!("Give the file to all instances, and then: fleetprompt keys activate {kid}");
    Ok(())
}

fn rotate(path: &Path) -> Outcome {
    let mut file = KeyFile::present(path)?;
    let waits = file.states().find(|(_, state)| *state == KeyState::Pending);
    let kid = match waits {
        Some((kid, _)) => kid,
        None => file.generate(None)?,
    };
    file.activate(kid)?;
    file.write(path)?;
    tell_active(path, kid);
    Ok(())
}

fn activate(path: &Path, kid: KeyId) -> Outcome {
    let mut file = KeyFile::present(path)?;
    file.activate(kid)?;
    file.write(path)?;
    tell_active(path, kid);
    Ok(())
}

fn tell_active(path: &Path, kid: KeyId) {
    tell!("{}: {kid} is the active key", path.display());
    tell!("Running instances that have the file take it into use within a minute.");
}

fn list(settings: &Settings) -> Outcome {
    let ring = assemble::keys(settings)?;
    for (kid, state) in ring.kids() {
        let state = match state {
            KeyState::Pending => "pending",
            KeyState::Active => "active",
            KeyState::Retiring => "retiring",
            KeyState::Revoked => "revoked",
        };
        tell!("{:<16} {state}", kid.as_str());
    }
    Ok(())
}

/// First the file, so that nothing new verifies; then what was issued.
async fn revoke(settings: &Settings, kid: KeyId) -> Outcome {
    let mut file = KeyFile::present(&settings.key_file)?;
    file.revoke(kid)?;
    file.write(&settings.key_file)?;
    tell!("{}: {kid} is revoked", settings.key_file.display());
    let (_, market) = assemble::existing(settings).await.map_err(|failure| {
        failure.hint("The key is revoked in its file. Run this again to revoke what it issued.")
    })?;
    let operator = assemble::operator(settings, &market)?;
    let receipt = operator.revoke_key(kid, &assemble::once("revoke-key")?).await?;
    tell!("{} install tokens that it had issued are revoked", receipt.revoked);
    tell!("Other instances refuse it once they have the file, at the latest a minute later.");
    Ok(())
}
