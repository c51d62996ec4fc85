//! A server that has to prove that it is the one.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fleetprompt_core::domain::Revision;
use fleetprompt_core::port::StoreError;
use fleetprompt_postgres::PostgresStore;
use pollster::block_on;
use sqlx::Row as _;
use tempfile::TempDir;

use crate::cluster::Cluster;
use crate::load::{apply, revision};

const PASSWORD: &str = "canary-of-the-password";

fn openssl(folder: &Path, arguments: &str) {
    let mut command = Command::new("openssl");
    let output = command.args(arguments.split(' ')).current_dir(folder).stdin(Stdio::null());
    let output = output.output().expect("openssl is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// An authority with certificates for the server and for a client, as files.
struct Authority(TempDir);

impl Authority {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let authority = Authority(folder);
        let new = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2";
        openssl(authority.0.path(), &format!("{new} -keyout ca.key -out ca.crt -subj /CN=tests"));
        authority.certify("server", "localhost", "DNS:localhost");
        authority.certify("client", "market", "DNS:client.example");
        authority
    }

    fn certify(&self, file: &str, name: &str, alternative: &str) {
        let folder = self.0.path();
        let request = "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc";
        let files = format!("-keyout {file}.key -out {file}.csr -subj /CN={name}");
        openssl(folder, &format!("{request} {files}"));
        fs::write(folder.join("names"), format!("subjectAltName={alternative}")).unwrap();
        let sign = "x509 -req -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names";
        openssl(folder, &format!("{sign} -in {file}.csr -out {file}.crt"));
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A server with this authority's certificate, which lets in whoever has a certificate of the
    /// authority, or the password, over TLS alone.
    fn serve(&self) -> Cluster {
        let cluster = Cluster::on_tcp(
            "ssl = on\nssl_cert_file = 'server.crt'\nssl_key_file = 'server.key'\n\
             ssl_ca_file = 'ca.crt'",
        );
        let data = cluster.data();
        let owner = |path: &Path| {
            use std::os::unix::fs::MetadataExt as _;
            let data = fs::metadata(&data).unwrap();
            std::os::unix::fs::chown(path, Some(data.uid()), Some(data.gid())).unwrap();
        };
        for name in ["server.crt", "server.key", "ca.crt"] {
            fs::copy(self.file(name), data.join(name)).unwrap();
            owner(&data.join(name));
        }
        fs::write(
            data.join("pg_hba.conf"),
            "local all all trust\nhostssl all certified 127.0.0.1/32 cert map=map\n\
             hostssl all all 127.0.0.1/32 scram-sha-256\n",
        )
        .unwrap();
        fs::write(data.join("pg_ident.conf"), "map market certified\n").unwrap();
        cluster.start();
        cluster.sql(&format!("ALTER ROLE market PASSWORD '{PASSWORD}'"));
        cluster.sql("CREATE ROLE certified LOGIN; GRANT CREATE ON DATABASE postgres TO certified");
        cluster
    }
}

/// The address of a server by TCP.
fn url(cluster: &Cluster, host: &str, more: &str) -> String {
    let port = cluster.port();
    format!("postgres://market:{PASSWORD}@{host}:{port}/postgres?{more}")
}

fn connect(url: &str) -> Result<PostgresStore, StoreError> {
    let options = PostgresStore::options().connections(1).acquire_timeout(Duration::from_secs(5));
    block_on(options.connect(url))
}

/// What the store logs, and everything that its errors say.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl Write for Said {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn only_the_server_that_was_meant_is_talked_to() {
    let (authority, other) = (Authority::new(), Authority::new());
    let cluster = authority.serve();
    let mut said = Said::default();
    let log = said.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || log.clone())
        .finish();
    // Threads of the store have no other.
    drop(tracing::subscriber::set_global_default(subscriber));
    let root =
        |authority: &Authority| format!("sslrootcert={}", authority.file("ca.crt").display());
    let full = format!("sslmode=verify-full&{}", root(&authority));

    let store = connect(&url(&cluster, "localhost", &full)).unwrap();
    apply(&store, 0);
    let encrypted = cluster.sql(
        "SELECT count(*) FILTER (WHERE NOT ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
         WHERE application_name = 'fleetprompt'",
    );
    assert_eq!(encrypted[0].get::<i64, _>(0), 0);

    let refused = |host: &str, more: &str| match connect(&url(&cluster, host, more)) {
        Err(error) => error,
        Ok(_) => panic!("{host} {more}: it connected"),
    };
    let untrusted =
        StoreError::Open("the server's certificate is not from an authority that is trusted");
    let misnamed = StoreError::Open("the server's certificate is for another host name");
    let wrong = format!("sslmode=verify-full&{}", root(&other));
    let mut answers = vec![
        (refused("localhost", &wrong), untrusted.clone()),
        (refused("localhost", "sslmode=verify-full"), untrusted.clone()),
        (refused("localhost", &format!("sslmode=verify-ca&{}", root(&other))), untrusted),
        (refused("127.0.0.1", &full), misnamed),
        (
            refused("localhost", "sslmode=disable"),
            StoreError::Open("the server does not let the role in"),
        ),
        (
            refused("localhost", "sslmode=verify-full&sslrootcert=/no/such/file"),
            StoreError::Open("a file of a certificate or key can't be read"),
        ),
    ];
    // The name is what `verify-ca` does not look at.
    let by_address = format!("sslmode=verify-ca&{}", root(&authority));
    assert_eq!(
        revision(&connect(&url(&cluster, "127.0.0.1", &by_address)).unwrap(), 0),
        Some(Revision::FIRST)
    );

    let plain = Cluster::on_tcp("");
    plain.start();
    for mode in ["require", "verify-full"] {
        let more = format!("sslmode={mode}&{}", root(&authority));
        let error = connect(&url(&plain, "localhost", &more)).unwrap_err();
        answers.push((error, StoreError::Open("the server does not offer TLS")));
    }
    for (answer, expected) in &answers {
        assert_eq!(answer, expected);
        writeln!(said, "{answer} {answer:?}").unwrap();
    }
    let url = url(&cluster, "localhost", &full);
    let options = PostgresStore::options().failover(url.parse().unwrap());
    writeln!(said, "{store:?} {options:?}").unwrap();
    let said = String::from_utf8(said.0.lock().unwrap().clone()).unwrap();
    assert!(said.contains("authority that is trusted"), "nothing was recorded");
    let told: Vec<_> = said.lines().filter(|line| line.contains(PASSWORD)).collect();
    assert!(told.is_empty(), "the password was told: {told:?}");
}

#[test]
fn a_client_may_prove_itself_by_a_certificate() {
    let (authority, other) = (Authority::new(), Authority::new());
    let cluster = authority.serve();
    let url = |of: &Authority| {
        let (root, cert, key) =
            (authority.file("ca.crt"), of.file("client.crt"), of.file("client.key"));
        format!(
            "postgres://certified@localhost:{}/postgres?sslmode=verify-full&sslrootcert={}&sslcert={}&sslkey={}",
            cluster.port(),
            root.display(),
            cert.display(),
            key.display()
        )
    };
    let store = connect(&url(&authority)).unwrap();
    apply(&store, 0);
    assert_eq!(revision(&store, 0), Some(Revision::FIRST));
    let refused = connect(&url(&other)).unwrap_err();
    assert_eq!(
        refused,
        StoreError::Open("the server refuses the TLS connection, or the certificate")
    );
}
