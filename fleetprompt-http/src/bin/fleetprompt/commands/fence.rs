//! `fence`: what a restored store is told before it serves anyone.

use crate::assemble;
use crate::cli::FenceArgs;
use crate::failure::Outcome;
use crate::output::tell;
use crate::settings::Settings;

pub(super) async fn run(settings: &Settings, args: FenceArgs) -> Outcome {
    let (_, market) = assemble::existing(settings).await?;
    let operator = assemble::operator(settings, &market)?;
    let receipt = operator.fence(args.reason, &assemble::once("fence")?).await?;
    tell!("{} install tokens are revoked", receipt.revoked);
    tell!("Restart every instance: the database is another deployment now.");
    Ok(())
}
