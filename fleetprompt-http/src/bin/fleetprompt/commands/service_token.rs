//! `service-token`: what an owning system shows to be let in, and the hash that knows it again.

use fleetprompt_core::port::SystemEntropy;
use fleetprompt_http::identity::service::ServiceToken;
use zeroize::Zeroizing;

use crate::cli::ServiceTokenCommand;
use crate::failure::{Failure, Outcome};
use crate::output;

pub(super) fn run(command: ServiceTokenCommand) -> Outcome {
    match command {
        ServiceTokenCommand::Generate => generate(),
    }
}

fn generate() -> Outcome {
    let token = ServiceToken::generate(&SystemEntropy)
        .map_err(|error| Failure::failed(error.to_string()))?;
    let told = Zeroizing::new(format!(
        "Give this to the system. It is shown here alone:\n\
         \n    {}\n\n\
         Put this into its entry in identity.services, and restart every instance:\n\
         \n    tokens = [\"{}\"]\n",
        token.expose(),
        token.hash(),
    ));
    // In one piece: the standard output keeps whole lines in no buffer of its own.
    output::print(told.as_str());
    Ok(())
}
