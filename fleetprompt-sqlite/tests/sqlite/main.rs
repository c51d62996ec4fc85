//! What a host, an operator and a crash would notice of the store.

#[cfg(test)]
mod child;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod erasure;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod market;
#[cfg(test)]
mod media;
#[cfg(test)]
mod migration;
#[cfg(test)]
mod processes;
#[cfg(test)]
mod redemption;
#[cfg(test)]
mod rendered;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod stored;
#[cfg(test)]
mod support;
#[cfg(test)]
mod upkeep;
