//! How many files a server may have open, connections among them. Shells and systemd give 1024, which are
//! fewer than the connections that it takes by default; each of those may be raised by the process itself.

use std::num::NonZeroU32;

use fleetprompt_http::serve::ServeOptions;

use crate::settings::Settings;

/// What is open whether or not anybody asks: the database, listeners, the log.
const ALWAYS: u32 = 256;

/// The bounds of the server, with no more connections than files can be opened for. Raises the limit of
/// the process as far as it may and needs to.
pub(crate) fn fit(settings: &Settings) -> ServeOptions {
    let mut options = settings.serve.clone();
    let others = others(settings);
    let wanted = u64::from(options.connections.get()) + u64::from(others);
    let Some(limit) = raised(wanted) else { return options };
    let connections = connections(limit, others);
    if connections < options.connections {
        tracing::warn!(
            limit,
            wanted,
            connections,
            "fewer connections are taken than serve.connections says: the limit of open files is too low"
        );
        options.connections = connections;
    }
    options
}

/// How many files are open at most beside connections.
fn others(settings: &Settings) -> u32 {
    // A request may read an image, from a file or another server; an upload asks a scanner as well.
    let requests = settings.serve.running.get().saturating_add(settings.serve.uploads.get());
    // Those of a primary, of a standby, and of as many others while one takes the place of another.
    let database = settings.postgres.connections.saturating_mul(4);
    ALWAYS.saturating_add(requests).saturating_add(database)
}

/// How many connections fit within `limit` open files. At least half of them, if little is left: not all
/// of what else may be open is, most of the time.
fn connections(limit: u64, others: u32) -> NonZeroU32 {
    let fit = limit.saturating_sub(others.into()).max(limit / 2);
    let fit = u32::try_from(fit).unwrap_or(u32::MAX);
    NonZeroU32::new(fit).unwrap_or(NonZeroU32::MIN)
}

/// The limit of open files, raised to `wanted` or as far as it may be. `None` if there is none.
#[cfg(unix)]
fn raised(wanted: u64) -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let current = current?;
    let more = maximum.map_or(wanted, |maximum| maximum.min(wanted));
    if more <= current {
        return Some(current);
    }
    let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(more), maximum });
    Some(raised.map_or(current, |()| more))
}

#[cfg(not(unix))]
fn raised(_: u64) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_room_for_what_else_is_open() {
        for (limit, fit) in [(4_096, 3_496), (1_024, 512), (600, 300), (1, 1), (0, 1)] {
            assert_eq!(connections(limit, 600).get(), fit, "{limit}");
        }
        assert_eq!(connections(u64::MAX, 600).get(), u32::MAX);
    }
}
