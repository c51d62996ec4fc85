//! Which of several servers is the primary.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool};

use crate::probe::Probe;
use crate::row;

/// How often the primary is looked after.
const EVERY: Duration = Duration::from_secs(1);

const IN_RECOVERY: &str = "SELECT pg_is_in_recovery()";

/// The servers that may be the primary, and the connections that lead to the one that is.
pub(crate) struct Primary {
    pub(crate) servers: Vec<PgConnectOptions>,
    pub(crate) pools: [PgPool; 2],
}

impl Primary {
    /// Points the connections at the primary, as long as there is nothing to choose or none is found,
    /// at the server that they led to before.
    pub(crate) async fn find(&self) {
        if self.servers.len() < 2 {
            return;
        }
        for server in &self.servers {
            if is_primary(&mut Probe::default(), server).await {
                self.lead_to(server);
                return;
            }
        }
    }

    /// Follows the primary wherever it goes.
    pub(crate) async fn follow(self) {
        let [readers, _] = &self.pools;
        let mut probe = Probe::default();
        let mut current = readers.connect_options();
        let mut clock = tokio::time::interval(EVERY);
        loop {
            clock.tick().await;
            if is_primary(&mut probe, &current).await {
                continue;
            }
            self.find().await;
            let now = readers.connect_options();
            if !Arc::ptr_eq(&now, &current) {
                tracing::warn!(host = now.get_host(), port = now.get_port(), "another primary");
                current = now;
            }
            probe.reset();
        }
    }

    fn lead_to(&self, server: &PgConnectOptions) {
        for pool in &self.pools {
            pool.set_connect_options(server.clone());
            // Those to another server; the ones in use end by themselves.
            while let Some(conn) = pool.try_acquire() {
                drop(conn.detach());
            }
        }
    }
}

async fn is_primary(probe: &mut Probe, server: &PgConnectOptions) -> bool {
    let answer = probe.ask(server, IN_RECOVERY).await;
    answer.is_some_and(|answer| matches!(row::get::<bool>(&answer, 0), Ok(false)))
}

/// Refuses a connection to a server that only follows.
pub(crate) async fn require(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    let row = sqlx::query(IN_RECOVERY).persistent(false).fetch_one(conn).await?;
    match sqlx::Row::try_get(&row, 0)? {
        true => Err(sqlx::Error::Protocol("the server is a standby".to_owned())),
        false => Ok(()),
    }
}
