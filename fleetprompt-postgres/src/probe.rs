//! A connection that asks a server how it is.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{Connection as _, raw_sql};

/// How long a server may take to say how it is, or to let somebody in.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// A connection of its own, so that no answer waits for one that is in use. Kept while it serves.
#[derive(Debug, Default)]
pub(crate) struct Probe(Option<PgConnection>);

impl Probe {
    /// One row from a server; `None` if it does not answer in time.
    pub(crate) async fn ask(
        &mut self,
        server: &PgConnectOptions,
        question: &'static str,
    ) -> Option<PgRow> {
        // Taken out, so that one that did not answer in time is gone.
        let mut conn = self.0.take();
        let asking = async {
            let mut conn = match conn.take() {
                Some(conn) => conn,
                None => PgConnection::connect_with(server).await?,
            };
            // One message: behind a pooler, the steps of a prepared statement go to several sessions.
            let row = raw_sql(question).fetch_one(&mut conn).await?;
            Ok::<_, sqlx::Error>((conn, row))
        };
        let (conn, row) = tokio::time::timeout(PATIENCE, asking).await.ok()?.ok()?;
        self.0 = Some(conn);
        Some(row)
    }

    /// Forgets its connection, since the next question is for another server.
    pub(crate) fn reset(&mut self) {
        self.0 = None;
    }
}
