//! pgbouncer in transaction mode, in front of a server that a test has for itself.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Stdio};

use crate::cluster::Cluster;
use crate::support::{Client, sql_at};
use crate::waiting::wait_until;

/// A pooler that gives each transaction another session than the one before.
pub(crate) struct Pooler {
    url: String,
    process: Child,
}

impl Pooler {
    /// In front of a server that runs, with two sessions to it already.
    pub(crate) fn to(cluster: &Cluster) -> Self {
        let (folder, port) = (cluster.folder().display(), cluster.port());
        let settings = cluster.folder().join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host={folder} port={port} user=market\n\
             [pgbouncer]\nlisten_addr =\nlisten_port = 6432\nunix_socket_dir = {folder}\n\
             auth_type = any\npool_mode = transaction\nserver_round_robin = 1\n\
             server_login_retry = 1\nserver_fast_close = 1\n\
             query_wait_timeout = 0\n"
        );
        fs::write(&settings, text).unwrap();
        fs::set_permissions(&settings, fs::Permissions::from_mode(0o644)).unwrap();
        let mut command = cluster.as_user("pgbouncer");
        command.arg("--quiet").arg(settings).stdin(Stdio::null());
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let url = format!("postgres://market@localhost:6432/postgres?host={folder}");
        let pooler = Pooler { url, process };
        wait_until("the pooler answers", || sql_at(&pooler.url, "SELECT 1").is_ok());
        // While one transaction runs, another needs a session of its own; both stay.
        let mut clients = [0, 1].map(|_| Client::connect_to(&pooler.url).unwrap());
        clients.iter_mut().for_each(|client| client.run("BEGIN"));
        clients.iter_mut().for_each(|client| client.run("COMMIT"));
        pooler
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
