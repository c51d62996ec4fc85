//! A network between the store and the server, which can be cut, and which can lose what becomes of
//! a commit.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use sqlx::postgres::PgConnectOptions;

/// What becomes of the next commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strike {
    /// The server does it, and the answer is lost with the connection.
    AnswerLost,
    /// It never gets to the server, and the connection is lost.
    Lost,
    /// Everything is [held](Proxy::hold) just before it, as if the client's machine had stopped.
    Held,
}

/// One end of a connection.
enum Wire {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Wire {
    fn again(&self) -> io::Result<Wire> {
        Ok(match self {
            Wire::Tcp(stream) => Wire::Tcp(stream.try_clone()?),
            Wire::Unix(stream) => Wire::Unix(stream.try_clone()?),
        })
    }

    fn end(&self) {
        drop(match self {
            Wire::Tcp(stream) => stream.shutdown(Shutdown::Both),
            Wire::Unix(stream) => stream.shutdown(Shutdown::Both),
        });
    }

    /// A message as it is: its type, the length of what follows, and that.
    fn message(&mut self, typed: bool) -> io::Result<Vec<u8>> {
        let mut message = vec![0; if typed { 5 } else { 4 }];
        self.read_exact(&mut message)?;
        let length = message.last_chunk::<4>().map_or(0, |length| u32::from_be_bytes(*length));
        let head = message.len();
        message.resize(head + length as usize - 4, 0);
        self.read_exact(&mut message[head..])?;
        Ok(message)
    }
}

impl Read for Wire {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Wire::Tcp(stream) => stream.read(bytes),
            Wire::Unix(stream) => stream.read(bytes),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Wire::Tcp(stream) => stream.write(bytes),
            Wire::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A connection through the proxy.
struct Link {
    client: Wire,
    server: Wire,
    ended: AtomicBool,
    /// Whether the server's answers are swallowed, up to the end of the next one.
    swallowed: AtomicBool,
}

impl Link {
    fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
        self.client.end();
        self.server.end();
    }
}

#[derive(Default)]
struct State {
    held: bool,
    strike: Option<Strike>,
    struck: u32,
    closed: bool,
    links: Vec<Arc<Link>>,
}

struct Network {
    server: PgConnectOptions,
    state: Mutex<State>,
    changed: Condvar,
}

/// A network that leads to the server of a URL. It ends with this.
pub(crate) struct Proxy {
    network: Arc<Network>,
    port: u16,
}

impl Proxy {
    pub(crate) fn to(url: &str) -> Self {
        let server = url.parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let network =
            Arc::new(Network { server, state: Mutex::default(), changed: Condvar::new() });
        let accepting = Arc::clone(&network);
        thread::spawn(move || {
            for client in listener.incoming() {
                if accepting.state.lock().unwrap().closed {
                    return;
                }
                // A server that is gone ends the connection.
                if let Ok(client) = client {
                    drop(accepting.link(client));
                }
            }
        });
        Proxy { network, port }
    }

    /// The address of the database through the network.
    pub(crate) fn url(&self) -> String {
        let server = &self.network.server;
        let (user, database) = (server.get_username(), server.get_database().unwrap_or("postgres"));
        format!("postgres://{user}@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    /// Lets the next commit be lost, or its answer. A commit is what a connection that has called the
    /// store's function sends next, or its `COMMIT`.
    pub(crate) fn strike(&self, strike: Strike) {
        self.network.state.lock().unwrap().strike = Some(strike);
    }

    /// How many commits were struck.
    pub(crate) fn struck(&self) -> u32 {
        self.network.state.lock().unwrap().struck
    }

    /// Swallows everything, as a cable that is pulled: nobody is told.
    pub(crate) fn hold(&self) {
        self.network.state.lock().unwrap().held = true;
    }

    /// Delivers what was held, late, and everything from now on.
    pub(crate) fn release(&self) {
        self.network.state.lock().unwrap().held = false;
        self.network.changed.notify_all();
    }

    /// Ends all connections; what was held is lost.
    pub(crate) fn sever(&self) {
        for link in self.network.state.lock().unwrap().links.drain(..) {
            link.end();
        }
        self.network.changed.notify_all();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.network.state.lock().unwrap().closed = true;
        self.sever();
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

impl Network {
    fn connect(&self) -> io::Result<Wire> {
        let (server, port) = (&self.server, self.server.get_port());
        Ok(match server.get_socket() {
            Some(folder) => {
                let path: PathBuf = folder.join(format!(".s.PGSQL.{port}"));
                Wire::Unix(UnixStream::connect(path)?)
            }
            None => Wire::Tcp(TcpStream::connect((server.get_host(), port))?),
        })
    }

    fn link(self: &Arc<Self>, client: TcpStream) -> io::Result<()> {
        client.set_nodelay(true)?;
        let (client, server) = (Wire::Tcp(client), self.connect()?);
        let (ended, swallowed) = (AtomicBool::new(false), AtomicBool::new(false));
        let link = Arc::new(Link { client, server, ended, swallowed });
        self.state.lock().unwrap().links.push(Arc::clone(&link));
        let (network, forth) = (Arc::clone(self), Arc::clone(&link));
        thread::spawn(move || {
            drop(network.carry_forth(&forth));
            network.close(&forth);
        });
        let network = Arc::clone(self);
        thread::spawn(move || {
            drop(network.carry_back(&link));
            network.close(&link);
        });
        Ok(())
    }

    fn close(&self, link: &Arc<Link>) {
        link.end();
        self.state.lock().unwrap().links.retain(|other| !Arc::ptr_eq(other, link));
        self.changed.notify_all();
    }

    /// Waits until the network carries; answers whether the connection still is.
    fn carries(&self, link: &Link) -> bool {
        let held = |state: &mut State| state.held && !link.ended.load(Ordering::SeqCst);
        drop(self.changed.wait_while(self.state.lock().unwrap(), held).unwrap());
        !link.ended.load(Ordering::SeqCst)
    }

    fn carry_forth(&self, link: &Link) -> io::Result<()> {
        let (mut client, mut server) = (link.client.again()?, link.server.again()?);
        let mut message = client.message(false)?;
        let (mut writes, mut open) = (false, false);
        loop {
            writes |= contains(&message, b"commit_1");
            let query = message.first() == Some(&b'Q');
            open |= query && contains(&message, b"BEGIN");
            let commits = match message.first() {
                Some(b'Q') => writes && contains(&message, b"COMMIT"),
                Some(b'B') => writes && !open,
                _ => false,
            };
            open &= !(query && (contains(&message, b"COMMIT") || contains(&message, b"ROLLBACK")));
            if commits {
                let mut state = self.state.lock().unwrap();
                let strike = state.strike.take();
                state.struck += u32::from(strike.is_some());
                match strike {
                    Some(Strike::Lost) => return Ok(()),
                    Some(Strike::AnswerLost) => link.swallowed.store(true, Ordering::SeqCst),
                    Some(Strike::Held) => state.held = true,
                    None => {}
                }
            }
            if !self.carries(link) {
                return Ok(());
            }
            server.write_all(&message)?;
            message = client.message(true)?;
        }
    }

    fn carry_back(&self, link: &Link) -> io::Result<()> {
        let (mut client, mut server) = (link.client.again()?, link.server.again()?);
        loop {
            let message = server.message(true)?;
            if link.swallowed.load(Ordering::SeqCst) {
                // The end of the answer: the server has committed.
                if message.first() == Some(&b'Z') {
                    return Ok(());
                }
                continue;
            }
            if !self.carries(link) {
                return Ok(());
            }
            client.write_all(&message)?;
        }
    }
}

fn contains(message: &[u8], word: &[u8]) -> bool {
    message.windows(word.len()).any(|window| window == word)
}
