//! Connections that are lent again as they come back.
//!
//! The driver's pool asks a connection whether it still answers whenever it is given back, which takes
//! the server as long as a point read. Here only one that may be in the middle of something goes back
//! that way; all others wait beside it for whoever comes next.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool};
use sqlx::{Connection as _, Postgres};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::probe::PATIENCE;

/// How long a connection may have been idle before it is tested again ahead of its use.
pub(crate) const TRUSTED: Duration = Duration::from_secs(1);

/// The connections to a server.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Shared>);

struct Shared {
    /// One for each connection: whoever has a turn finds one that is ready, or room in the driver's pool.
    turns: Arc<Semaphore>,
    ready: Mutex<Ready>,
    /// How often the connections were led to another server; changed with what is ready.
    server: watch::Sender<u64>,
}

struct Ready {
    /// Connects to the server of now: each has a pool of its own, so that none of what comes back from
    /// one is lent as another's.
    driver: PgPool,
    /// The one that came back last is lent first.
    connections: Vec<(PoolConnection<Postgres>, Instant)>,
    closed: bool,
}

impl Drop for Ready {
    /// What the end of the store's threads has left: the driver would have them take it back.
    fn drop(&mut self) {
        for (conn, _) in self.connections.drain(..) {
            drop(conn.detach());
        }
    }
}

impl Pool {
    /// Lends what `driver` connects, which nobody else may use.
    pub(crate) fn new(driver: PgPool) -> Self {
        let connections = driver.options().get_max_connections();
        let turns = Semaphore::new(usize::try_from(connections).unwrap_or(Semaphore::MAX_PERMITS));
        let (turns, server) = (Arc::new(turns), watch::Sender::new(0));
        let ready = Mutex::new(Ready { driver, connections: Vec::new(), closed: false });
        Pool(Arc::new(Shared { turns, ready, server }))
    }

    /// A connection that answers.
    ///
    /// # Errors
    /// When none becomes free in the time that the driver's pool waits for one, when the server can't
    /// be reached, and when the pool is closed.
    pub(crate) async fn acquire(&self) -> Result<Lent, sqlx::Error> {
        let patience = self.driver().options().get_acquire_timeout();
        let turn = tokio::time::timeout(patience, Arc::clone(&self.0.turns).acquire_owned()).await;
        let turn = turn.map_err(|_| sqlx::Error::PoolTimedOut)?;
        let turn = turn.map_err(|_| sqlx::Error::PoolClosed)?;
        loop {
            let (found, driver, server) = {
                let mut ready = self.ready();
                (ready.connections.pop(), ready.driver.clone(), self.server())
            };
            let conn = match found {
                None => match self.while_led_to(server, Box::pin(driver.acquire())).await {
                    Some(conn) => conn?,
                    None => continue,
                },
                Some((conn, since)) if since.elapsed() <= TRUSTED => conn,
                Some((mut conn, _)) => {
                    // A network that swallows everything must not take the time to make a new one.
                    match tokio::time::timeout(PATIENCE, conn.ping()).await {
                        Ok(Ok(())) => conn,
                        Ok(Err(_)) | Err(_) => {
                            drop(conn.detach());
                            continue;
                        }
                    }
                }
            };
            return Ok(Lent { conn, turn, server, pool: self.clone() });
        }
    }

    /// Which server is connected to.
    pub(crate) fn connect_options(&self) -> Arc<PgConnectOptions> {
        self.driver().connect_options()
    }

    /// Has connections made to another server from now on. Those that lead to the old one are closed,
    /// and what is done on them is [given up](Self::while_led_to).
    pub(crate) fn lead(&self, server: &PgConnectOptions) {
        let mut ready = self.ready();
        let driver = ready.driver.options().clone().connect_lazy_with(server.clone());
        let old = std::mem::replace(&mut ready.driver, driver);
        let idle = std::mem::take(&mut ready.connections);
        self.0.server.send_modify(|server| *server += 1);
        drop(ready);
        forget(idle, &old);
    }

    /// What comes of `work` on a server, or `None` once the pool leads to another one: whoever waits for
    /// a server that has been replaced may wait until a pooler in between gives up.
    pub(crate) async fn while_led_to<T>(
        &self,
        server: u64,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let mut led = self.0.server.subscribe();
        let led_elsewhere = async {
            // It ends with the pool, which is there as long as this is.
            drop(led.wait_for(|now| *now != server).await);
        };
        tokio::select! {
            biased;
            done = work => Some(done),
            () = led_elsewhere => None,
        }
    }

    fn server(&self) -> u64 {
        *self.0.server.borrow()
    }

    /// Forgets the connections that nobody uses, without a word to the server.
    pub(crate) fn drop_idle(&self) {
        let (idle, driver) = {
            let mut ready = self.ready();
            (std::mem::take(&mut ready.connections), ready.driver.clone())
        };
        forget(idle, &driver);
    }

    /// Closes all connections, those in use when they come back, and waits for that.
    pub(crate) async fn close(&self) {
        self.0.turns.close();
        let (idle, driver) = {
            let mut ready = self.ready();
            ready.closed = true;
            (std::mem::take(&mut ready.connections), ready.driver.clone())
        };
        // They are closed by the driver, to which they go back.
        drop(idle);
        driver.close().await;
    }

    fn driver(&self) -> PgPool {
        self.ready().driver.clone()
    }

    fn ready(&self) -> MutexGuard<'_, Ready> {
        self.0.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes connections that are ready, and those that wait in the driver's pool, without a word to the
/// server.
fn forget(ready: Vec<(PoolConnection<Postgres>, Instant)>, driver: &PgPool) {
    let ready = ready.into_iter().map(|(conn, _)| conn);
    for conn in ready.chain(std::iter::from_fn(|| driver.try_acquire())) {
        drop(conn.detach());
    }
}

/// A connection on loan. Dropped, it is tested before anybody else has it.
pub(crate) struct Lent {
    conn: PoolConnection<Postgres>,
    turn: OwnedSemaphorePermit,
    server: u64,
    pool: Pool,
}

impl Lent {
    /// Gives it back with nothing left to be read from it, and no transaction open.
    pub(crate) fn give_back(self) {
        let Lent { conn, turn, server, pool } = self;
        let mut ready = pool.ready();
        if ready.closed {
            drop(conn);
        } else if pool.server() == server {
            ready.connections.push((conn, Instant::now()));
        } else {
            drop(conn.detach());
        }
        drop(ready);
        drop(turn);
    }

    /// Gives it back as it is. The driver sees to what is left of it, and would wait for that as long
    /// as a network that swallows everything lets it.
    pub(crate) fn give_back_tested(self) {
        let Lent { mut conn, turn, server, pool } = self;
        if pool.server() != server {
            drop((conn.detach(), turn));
            return;
        }
        let returned = conn.return_to_pool();
        tokio::spawn(async move {
            // One that is given up is out of the pool, so the turn is free all the same.
            let _ = tokio::time::timeout(PATIENCE, returned).await;
            drop(turn);
        });
    }

    /// Which server it leads to, for [`Pool::while_led_to`].
    pub(crate) fn server(&self) -> u64 {
        self.server
    }

    /// Takes it out of the pool.
    pub(crate) fn detach(self) -> PgConnection {
        self.conn.detach()
    }
}

impl Deref for Lent {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.conn
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.conn
    }
}
