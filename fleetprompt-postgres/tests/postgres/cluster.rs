//! Servers that a test has for itself, to restart, kill, copy and promote.

use std::ffi::OsStr;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sqlx::postgres::PgRow;
use tempfile::TempDir;

use super::support::sql_at;
use super::waiting::wait_until;

/// A server with a folder of its own, which ends with the test.
pub(crate) struct Cluster {
    folder: PathBuf,
    /// The port of its socket, and of TCP if it listens.
    port: u16,
    programs: PathBuf,
    user: Option<User>,
    guard: Option<Child>,
}

/// Whom the server runs as, since it refuses root.
#[derive(Clone)]
struct User {
    name: String,
    uid: u32,
    gid: u32,
}

fn answer(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let answer = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    output.status.success().then_some(answer)
}

impl User {
    fn to_run_as() -> Option<Self> {
        if fs::metadata("/proc/self").unwrap().uid() != 0 {
            return None;
        }
        let of = |name: &str, what: &str| answer("id", &[what, name])?.parse().ok();
        ["postgres", "nobody"].into_iter().find_map(|name| {
            Some(User { name: name.to_owned(), uid: of(name, "-u")?, gid: of(name, "-g")? })
        })
    }
}

/// The folder of the newest programs, as `scripts/with-postgres` finds it.
fn programs() -> PathBuf {
    if let Some(initdb) = answer("sh", &["-c", "command -v initdb"]) {
        return fs::canonicalize(initdb).unwrap().parent().unwrap().to_owned();
    }
    let versions = fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is installed");
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.map(|entry| entry.unwrap().path()).max_by_key(|path| version(path));
    newest.unwrap().join("bin")
}

impl Cluster {
    /// A new server with these settings beside its own.
    pub(crate) fn new(settings: &str) -> Self {
        let cluster = Cluster::unmade(TempDir::new().unwrap().keep(), 5432);
        cluster.make(settings);
        cluster.start();
        cluster
    }

    /// A new server in a folder that is there already.
    pub(crate) fn in_folder(folder: &Path, settings: &str) -> Self {
        let path = folder.join("cluster");
        fs::create_dir(&path).unwrap();
        let cluster = Cluster::unmade(path, 5432);
        cluster.make(settings);
        cluster.start();
        cluster
    }

    /// A new server that listens on TCP as well. It is not started yet.
    pub(crate) fn on_tcp(settings: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let cluster = Cluster::unmade(TempDir::new().unwrap().keep(), free);
        cluster.make(&format!("listen_addresses = '127.0.0.1'\n{settings}"));
        cluster
    }

    fn unmade(folder: PathBuf, port: u16) -> Self {
        let user = User::to_run_as();
        if let Some(User { uid, gid, .. }) = &user {
            chown(&folder, Some(*uid), Some(*gid)).unwrap();
        }
        let mut cluster = Cluster { folder, port, programs: programs(), user, guard: None };
        cluster.guard = Some(cluster.guard());
        cluster
    }

    fn make(&self, settings: &str) {
        let data = self.data();
        self.run(
            "initdb",
            &[
                &"--username",
                &"market",
                &"--auth",
                &"trust",
                &"--encoding",
                &"UTF8",
                &"--locale",
                &"C.UTF-8",
                &"--no-sync",
                &"--pgdata",
                &data,
            ],
        );
        let own = format!(
            "listen_addresses = ''\nport = {}\nfsync = on\nshared_buffers = 16MB\n\
             unix_socket_directories = '{}'\nwal_keep_size = 64MB\nhot_standby_feedback = on\n\
             wal_receiver_status_interval = 100ms\nwal_retrieve_retry_interval = 100ms\n{settings}\n",
            self.port,
            self.folder.display()
        );
        let path = data.join("postgresql.conf");
        let conf = fs::read_to_string(&path).unwrap();
        fs::write(path, conf + &own).unwrap();
    }

    /// A standby that streams from this server, started.
    pub(crate) fn standby(&self) -> Cluster {
        self.copied(&[&"--write-recovery-conf"])
    }

    /// Commits are answered from now on when the standby has them.
    pub(crate) fn replicate_synchronously(&self) {
        self.sql("ALTER SYSTEM SET synchronous_standby_names = '*'");
        self.sql("SELECT pg_reload_conf()");
        let synchronous = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'";
        wait_until("the standby is synchronous", || !self.sql(synchronous).is_empty());
    }

    /// A server from a copy of this one's files, taken now; it knows nothing of what comes later.
    pub(crate) fn copy(&self) -> Cluster {
        self.copied(&[])
    }

    fn copied(&self, how: &[&dyn AsRef<OsStr>]) -> Cluster {
        let copy = Cluster::unmade(TempDir::new().unwrap().keep(), 5432);
        let (data, folder, port) = (copy.data(), self.folder.display(), self.port);
        let from = format!("host={folder} port={port} user=market application_name=standby");
        let common: [&dyn AsRef<OsStr>; 6] =
            [&"--checkpoint=fast", &"--no-sync", &"--dbname", &from, &"--pgdata", &data];
        self.run("pg_basebackup", &[how, &common].concat());
        copy.start();
        copy
    }

    /// The folder of its socket.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The address of its socket.
    pub(crate) fn url(&self) -> String {
        let (folder, port) = (self.folder.display(), self.port);
        format!("postgres://market@localhost:{port}/postgres?host={folder}")
    }

    pub(crate) fn sql(&self, text: &str) -> Vec<PgRow> {
        sql_at(&self.url(), text).unwrap()
    }

    /// Starts it, and waits until it answers. Where it listens is said here, since a standby has the
    /// settings of its primary.
    pub(crate) fn start(&self) {
        let listen = format!("-k {} -p {}", self.folder.display(), self.port);
        let log = self.folder.join("server.log");
        self.control(&[&"start", &"--wait", &"--log", &log, &"--options", &listen]);
    }

    /// Ends it at once, as a crash does.
    pub(crate) fn stop(&self) {
        self.control(&[&"stop", &"--mode", &"immediate"]);
    }

    /// Ends it at once and starts it again.
    pub(crate) fn restart(&self) {
        self.stop();
        self.start();
    }

    /// Makes a standby the primary, and waits until it is.
    pub(crate) fn promote(&self) {
        self.control(&[&"promote", &"--wait"]);
    }

    /// Kills the server's first process; the others end as they notice.
    pub(crate) fn kill(&self) {
        let pids = fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        let killed = Command::new("kill").args(["-9", pids.lines().next().unwrap()]).status();
        assert!(killed.unwrap().success());
    }

    /// Whether it is there; it may be on its way up.
    pub(crate) fn runs(&self) -> bool {
        let mut command = self.command("pg_ctl");
        let status = command.args(["status", "--pgdata"]).arg(self.data());
        status.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
    }

    fn control(&self, what: &[&dyn AsRef<OsStr>]) {
        let data = self.data();
        let common: [&dyn AsRef<OsStr>; 3] = [&"--silent", &"--pgdata", &data];
        self.run("pg_ctl", &[what, &common].concat());
    }

    /// Runs a program as the server's user.
    pub(crate) fn run(&self, program: &str, arguments: &[&dyn AsRef<OsStr>]) {
        // What a server inherits stays open as long as it runs.
        let log = self.folder.join("programs.log");
        let output = fs::File::options().append(true).create(true).open(&log).unwrap();
        let mut command = self.command(program);
        command.stdout(output.try_clone().unwrap()).stderr(output);
        arguments.iter().for_each(|argument| {
            command.arg(argument.as_ref());
        });
        let status = command.status().unwrap();
        assert!(status.success(), "{program}: {}", fs::read_to_string(log).unwrap());
    }

    fn command(&self, program: &str) -> Command {
        let mut command = self.as_user(self.programs.join(program));
        command.stdin(Stdio::null());
        command
    }

    /// A program that runs as the server does.
    pub(crate) fn as_user(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = match &self.user {
            None => Command::new(program),
            Some(User { name, gid, .. }) => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid", name, "--regid", &gid.to_string(), "--clear-groups"]);
                command.arg(program);
                command
            }
        };
        command.current_dir(&self.folder).env("HOME", &self.folder);
        command
    }

    /// A process that ends the server when this one is gone, whatever became of it.
    fn guard(&self) -> Child {
        let mut command = self.as_user("setsid");
        let script = r#"read -r _; "$0" stop --silent --mode immediate --pgdata "$1"; rm -rf "$2""#;
        command.args(["sh", "-c", script]).arg(self.programs.join("pg_ctl"));
        command.arg(self.data()).arg(&self.folder).stdin(Stdio::piped());
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut guard) = self.guard.take() {
            drop(guard.stdin.take());
            // The server may have been killed, or never started.
            drop(guard.wait());
        }
    }
}
