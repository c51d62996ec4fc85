//! What a host, an operator and a fault would notice of the store, on a real server.
//!
//! `scripts/with-postgres cargo nextest run -p fleetprompt-postgres` starts one and runs them.

#[cfg(test)]
mod cluster;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod copy;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod dump;
#[cfg(test)]
mod failover;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod full_disk;
#[cfg(test)]
mod giving_up;
#[cfg(test)]
mod kills;
#[cfg(test)]
mod lent;
#[cfg(test)]
mod limiter;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod load;
#[cfg(test)]
mod market;
#[cfg(test)]
mod migration;
#[cfg(test)]
mod network;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod pooled;
#[cfg(test)]
mod pooler;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod races;
#[cfg(test)]
mod replica;
#[cfg(test)]
mod stored;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod upkeep;
#[cfg(test)]
mod waiting;
