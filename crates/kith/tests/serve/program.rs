//! Runs the program, and a server of it that is stopped at the end of the test.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long anything may take before the test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// How long a server without connections may take to stop.
const STOP: Duration = Duration::from_secs(10);

/// The program with these arguments, and nothing of the environment that could configure it.
pub(crate) fn kith(args: &[&str]) -> Command {
    clean(Command::new(env!("CARGO_BIN_EXE_kith")), args)
}

/// The same in a network namespace.
pub(crate) fn kith_in(namespace: &str, args: &[&str]) -> Command {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", namespace, env!("CARGO_BIN_EXE_kith")]);
    clean(command, args)
}

fn clean(mut command: Command, args: &[&str]) -> Command {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("KITH_")) {
            command.env_remove(name);
        }
    }
    command.args(args).env("KITH_PASSWORD_MEMORY_KIB", "64");
    command
}

/// What a run of the program came to.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs the program to its end.
pub(crate) fn run(mut command: Command, input: &str) -> Ended {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that reads nothing may have ended before.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Somebody at a command line, who keeps a session in a directory of their own.
pub(crate) struct Person {
    profile: TempDir,
    server: String,
    /// The network namespace, where it is not that of the test.
    namespace: Option<String>,
}

impl Person {
    /// Somebody who is not signed in at the server of this URL.
    pub(crate) fn new(server: impl Into<String>) -> Self {
        Self { profile: tempfile::tempdir().unwrap(), server: server.into(), namespace: None }
    }

    /// The same person in a network namespace.
    pub(crate) fn within(self, namespace: &str) -> Self {
        Self { namespace: Some(namespace.to_owned()), ..self }
    }

    /// Somebody with a new account.
    pub(crate) fn sign_up(server: &Server, name: &str, password: &str) -> Self {
        let person = Self::new(format!("http://{}", server.address));
        let done = run(person.command(&["signup", name]), password);
        assert_eq!(done.code, Some(0), "{done:?}");
        person
    }

    /// The program, as this person starts it.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = match &self.namespace {
            Some(namespace) => kith_in(namespace, args),
            None => kith(args),
        };
        command.env("KITH_PROFILE", self.profile.path()).env("KITH_SERVER", &self.server);
        command
    }

    /// Runs a command to its end, with nothing on standard input.
    pub(crate) fn say(&self, args: &[&str]) -> Ended {
        run(self.command(args), "")
    }

    /// What a command prints that has to succeed.
    #[track_caller]
    pub(crate) fn done(&self, args: &[&str]) -> String {
        let ended = self.say(args);
        assert_eq!(ended.code, Some(0), "{args:?}: {ended:?}");
        ended.out
    }

    /// Runs a command over and over until this is in what it prints.
    #[track_caller]
    pub(crate) fn until(&self, args: &[&str], text: &str) {
        let began = Instant::now();
        loop {
            let told = self.done(args);
            if told.contains(text) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{args:?} never said {text:?}, but:\n{told}");
        }
    }
}

/// A running server.
pub(crate) struct Server {
    child: Option<Child>,
    pub(crate) address: SocketAddr,
    /// Where gateways listen that have an address of their own, in the order in which it said so.
    pub(crate) gateways: Vec<SocketAddr>,
    data: String,
}

impl Server {
    /// Starts a server on any free port and waits until it says that it listens.
    pub(crate) fn start(data: &str, args: &[&str]) -> Self {
        let mut command = kith(&["serve", "--listen", "127.0.0.1:0", "--data", data]);
        command.args(args);
        Self::begin(command)
    }

    /// Starts a server where one was before.
    pub(crate) fn start_at(address: SocketAddr, data: &str) -> Self {
        Self::begin(kith(&["serve", "--listen", &address.to_string(), "--data", data]))
    }

    /// Starts a server and waits until it says that it listens.
    pub(crate) fn begin(mut command: Command) -> Self {
        let mut args = command.get_args().skip_while(|arg| *arg != "--data").skip(1);
        let data = args.next().and_then(|data| data.to_str()).unwrap().to_owned();
        let is_gateway = |arg: &&OsStr| {
            let arg = arg.to_str().unwrap();
            arg.starts_with("gateway.") && arg.contains(".listen=")
        };
        let gateways = command.get_args().filter(is_gateway).count();
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut said = |begins: &str| {
            let mut line = String::new();
            out.read_line(&mut line).unwrap();
            let address = line.trim_end().split_once("://").filter(|_| line.starts_with(begins));
            let (_, address) = address.unwrap_or_else(|| panic!("the server said {line:?}"));
            address.parse().unwrap()
        };
        let address = said("kith: listening on ");
        let gateways = (0..gateways).map(|_| said("kith: ")).collect();
        Self { address, gateways, child: Some(child), data }
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Kills it where it stands.
    pub(crate) fn kill(mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
    }

    /// Sends a signal and waits for the end; the exit code. Whatever was done until then, the data
    /// is whole afterwards.
    pub(crate) fn stop(mut self, signal: &str) -> Option<i32> {
        self.signal(signal);
        let mut child = self.child.take().unwrap();
        let (ended, end) = mpsc::channel();
        std::thread::spawn(move || ended.send(child.wait().unwrap().code()));
        let code = end.recv_timeout(STOP).expect("the server stops in time");
        let checked = run(kith(&["check", "--data", &self.data]), "");
        assert_eq!(checked.code, Some(0), "{checked:?}");
        code
    }

    /// What the server answers to a request with a JSON body, as whoever has `token`, if any.
    pub(crate) fn post(&self, path: &str, token: Option<&str>, body: &str) -> String {
        let (host, length) = (self.address, body.len());
        let bearer = token.map(|token| format!("authorization: Bearer {token}\r\n"));
        self.ask(&format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n{}\
             content-length: {length}\r\nconnection: close\r\n\r\n{body}",
            bearer.unwrap_or_default()
        ))
    }

    /// What the server answers to a request by its line, as whoever has `token`, with more headers
    /// and a body.
    pub(crate) fn request(&self, line: &str, token: &str, headers: &str, body: &str) -> String {
        let (host, length) = (self.address, body.len());
        self.ask(&format!(
            "{line} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n{headers}\
             content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        ))
    }

    fn ask(&self, request: &str) -> String {
        String::from_utf8(self.exchange(request)).unwrap()
    }

    fn exchange(&self, request: &str) -> Vec<u8> {
        let mut socket = TcpStream::connect(self.address).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).unwrap();
        answer
    }

    /// What the server answers to a plain request.
    pub(crate) fn get(&self, path: &str) -> String {
        let host = self.address;
        self.ask(&format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"))
    }

    /// What the server answers to whoever has `token`.
    pub(crate) fn get_as(&self, path: &str, token: &str) -> String {
        String::from_utf8(self.bytes_as(path, token)).unwrap()
    }

    /// The same of what is no text.
    pub(crate) fn bytes_as(&self, path: &str, token: &str) -> Vec<u8> {
        let host = self.address;
        self.exchange(&format!(
            "GET {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\
             connection: close\r\n\r\n"
        ))
    }

    /// The status that the server answers a sign-in with.
    pub(crate) fn sign_in(&self, name: &str, password: &str) -> String {
        let body =
            serde_json::json!({ "name": name, "password": password.trim_end(), "kind": "token" })
                .to_string();
        let answer = self.post("/api/v1/sessions", None, &body);
        let status = answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.split_once("\r\n"));
        status.map_or(answer.clone(), |(status, _)| status.to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
