//! Running the program in a folder of its own.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio};

use tempfile::TempDir;

use crate::stores::waiting::{PATIENCE, wait_until};

/// A folder with a database and keys, and nothing of this machine's environment.
pub(super) struct Place {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

/// What nobody reads.
#[derive(Clone, Copy)]
pub(super) enum Unread {
    Output,
    Errors,
}

/// What a run left behind.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

impl Ran {
    #[track_caller]
    pub(super) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }

    /// All that it said.
    pub(super) fn said(&self) -> String {
        format!("{}{}", self.out, self.err)
    }
}

impl Place {
    pub(super) fn new() -> Self {
        Place { folder: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    /// With a key ring as well.
    pub(super) fn with_keys() -> Self {
        let place = Self::new();
        place.run(&["keys", "generate"]).ok();
        place
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(super) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fleetprompt"));
        command.args(args);
        self.within(command)
    }

    /// The command in this folder.
    fn within(&self, mut command: Command) -> Command {
        command.current_dir(self.folder.path()).env_clear();
        command.env("HOME", self.folder.path()).stdin(Stdio::null());
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        command
    }

    pub(super) fn run(&self, args: &[&str]) -> Ran {
        ran(self.command(args).output().unwrap())
    }

    /// With `input` on standard input.
    pub(super) fn run_with(&self, args: &[&str], input: &[u8]) -> Ran {
        let mut command = self.command(args);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        ran(child.wait_with_output().unwrap())
    }

    /// With standard output into a file.
    pub(super) fn run_into(&self, args: &[&str], output: File) -> Ran {
        let mut command = self.command(args);
        command.stdout(output).stderr(Stdio::piped());
        ran(command.spawn().unwrap().wait_with_output().unwrap())
    }

    /// With standard output, or standard error, into a pipe that nobody reads.
    pub(super) fn run_unread(&self, args: &[&str], unread: Unread) -> Ran {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = self.command(args);
        match unread {
            Unread::Output => command.stdout(writer).stderr(Stdio::piped()),
            Unread::Errors => command.stdout(Stdio::piped()).stderr(writer),
        };
        ran(command.spawn().unwrap().wait_with_output().unwrap())
    }

    /// Starts a server, and waits until it says that it is ready.
    pub(super) fn start(&self, args: &[&str]) -> Server {
        started(self.command(args))
    }

    /// The same from a shell, which sets up something before.
    pub(super) fn start_after(&self, setup: &str, args: &[&str]) -> Server {
        let mut command = Command::new("/bin/sh");
        let script = format!("{setup} && exec \"$0\" \"$@\"");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_fleetprompt")]).args(args);
        started(self.within(command))
    }
}

fn started(mut command: Command) -> Server {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut told = String::new();
    let address = loop {
        let mut line = String::new();
        if out.read_line(&mut line).unwrap() == 0 {
            panic!("it ended before it was ready: {told}{}", rest(&mut err));
        }
        told.push_str(&line);
        if let Some((_, rest)) = line.split_once("is ready on http://") {
            let address = rest.split_whitespace().next().unwrap().trim_end_matches('.');
            break address.parse().unwrap();
        }
    };
    Server { child, out, err, told, address }
}

fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn rest(err: &mut BufReader<ChildStderr>) -> String {
    let mut text = String::new();
    err.read_to_string(&mut text).unwrap();
    text
}

/// A server that runs; killed when the test ends.
pub(super) struct Server {
    child: Child,
    out: BufReader<ChildStdout>,
    err: BufReader<ChildStderr>,
    /// What it printed until it was ready.
    pub(super) told: String,
    pub(super) address: SocketAddr,
}

impl Server {
    /// The status and the body that it answers a request with.
    pub(super) fn get(&self, path: &str) -> (u16, String) {
        self.get_with(path, "")
    }

    /// The same, to whoever has this token.
    pub(super) fn get_as(&self, token: &str, path: &str) -> (u16, String) {
        self.get_with(path, &format!("Authorization: Bearer {token}\r\n"))
    }

    /// A connection. Whoever reads from it fails when nothing comes for long.
    pub(super) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    fn get_with(&self, path: &str, header: &str) -> (u16, String) {
        let mut stream = self.connect();
        let address = self.address;
        let end = "Connection: close\r\n\r\n";
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\n{header}{end}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    /// Waits until it logs a line with this in it.
    pub(super) fn logs(&mut self, needle: &str) {
        let mut line = String::new();
        while !line.contains(needle) {
            line.clear();
            assert_ne!(self.err.read_line(&mut line).unwrap(), 0, "it ended without {needle}");
        }
    }

    /// Of the process.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    pub(super) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([format!("-{name}"), id]).status().unwrap();
        assert!(sent.success());
    }

    /// Its exit code, and what it said after it was ready.
    pub(super) fn wait(mut self) -> (Option<i32>, String) {
        wait_until("it has ended", || self.has_ended());
        let code = self.child.wait().unwrap().code();
        let mut said = String::new();
        self.out.read_to_string(&mut said).unwrap();
        said.push_str(&rest(&mut self.err));
        (code, said)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The demo's catalogue, as it lies in the sources.
pub(super) fn catalogue() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/demo/catalogue.jsonl")
}
