//! What a client, an attacker and an operator would notice of the facade.

#[cfg(test)]
mod identity;
