//! `openapi`: the document of the interface.

use crate::failure::{Failure, Outcome};
use crate::output::tell;

pub(super) fn run() -> Outcome {
    let document = fleetprompt_http::openapi().to_pretty_json();
    tell!("{}", document.map_err(|error| Failure::failed(error.to_string()))?);
    Ok(())
}
