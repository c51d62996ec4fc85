//! Connections for reading, shared by all threads.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use fleetprompt_core::port::StoreError;
use rusqlite::Connection;

use crate::error::Fault;
use crate::open::{Access, connect};
use crate::options::SqliteOptions;

/// A fixed set of connections. A read takes microseconds, less than handing it to another thread
/// would, so it runs where it is asked for.
pub(crate) struct Readers(Vec<Mutex<Connection>>);

impl Readers {
    pub(crate) fn open(path: &Path, options: &SqliteOptions) -> Result<Self, StoreError> {
        let connection = |_| connect(path, Access::Read, options).map(Mutex::new);
        (0..options.readers).map(connection).collect::<Result<_, _>>().map(Readers)
    }

    /// Runs a short read.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let conn = self.lock().ok_or(StoreError::Unavailable("there is no connection"))?;
        Ok(read(&conn)?)
    }

    /// The connection that this thread used last, or a free one, or the first that becomes free of
    /// those that it might wait for.
    fn lock(&self) -> Option<MutexGuard<'_, Connection>> {
        let own = HOME.with(|home| *home).checked_rem(self.0.len())?;
        let (before, from) = self.0.split_at_checked(own)?;
        for slot in from.iter().chain(before) {
            match slot.try_lock() {
                Ok(conn) => return Some(conn),
                // A panic in the middle of a read leaves nothing behind: statements reset themselves.
                Err(TryLockError::Poisoned(conn)) => return Some(conn.into_inner()),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        from.first().map(|slot| slot.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Where a thread looks first, so that it finds its pages in the cache.
    static HOME: usize = THREADS.fetch_add(1, Ordering::Relaxed);
}
