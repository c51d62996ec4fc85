//! Which of several servers is the primary.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};

use crate::pool::Pool;
use crate::probe::Probe;
use crate::row;

/// How often the primary is looked after.
const EVERY: Duration = Duration::from_secs(1);

const IN_RECOVERY: &str = "SELECT pg_is_in_recovery()";

/// The servers that may be the primary, and the connections that lead to one of them.
pub(crate) struct Primary {
    pub(crate) servers: Vec<PgConnectOptions>,
    pub(crate) pools: [Pool; 2],
    /// The server that they lead to.
    pub(crate) current: usize,
}

impl Primary {
    /// Lets the connections lead to the primary. When there is none, they stay as they are.
    pub(crate) async fn find(&mut self) {
        for (n, server) in self.servers.iter().enumerate() {
            if is_primary(&mut Probe::default(), server).await {
                if n != self.current {
                    tracing::warn!(
                        host = server.get_host(),
                        port = server.get_port(),
                        "a new primary"
                    );
                    self.pools.iter().for_each(|pool| pool.lead(server));
                    self.current = n;
                }
                return;
            }
        }
    }

    /// Follows the primary wherever it goes.
    pub(crate) async fn follow(mut self) {
        let mut probe = Probe::default();
        let mut clock = tokio::time::interval(EVERY);
        loop {
            clock.tick().await;
            let Some(server) = self.servers.get(self.current) else { return };
            if !is_primary(&mut probe, server).await {
                self.find().await;
                probe.reset();
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
    let row = sqlx::raw_sql(IN_RECOVERY).fetch_one(conn).await?;
    match sqlx::Row::try_get(&row, 0)? {
        true => Err(sqlx::Error::Protocol("the server is a standby".to_owned())),
        false => Ok(()),
    }
}
