//! A server that holds under pressure: everything a client can take of it is bounded.
//!
//! What may take its time is cut off ([`ServeOptions`]), what comes in greater number than can be
//! served is refused at once with 503 and `Retry-After`, and whoever asks to stop is waited for only so
//! long. There is no TLS: a proxy in front does that.

mod activity;
mod body;
mod by_address;
mod connection;
mod guard;
mod health;
mod options;
mod server;
mod shortage;
mod turn;

pub use guard::Guard;
pub use health::Health;
pub use options::{HeaderBytes, ServeOptions};
pub use server::{Drained, Server};
