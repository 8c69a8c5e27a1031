//! The programs that show text at a terminal: ours, a pager, and a client of IRC.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::window::{Window, numbered};
use crate::Plan;
use crate::peer::{InspIrcd, Peer as _};
use crate::server::{Server, program};
use crate::site::{TEXT_CHARS, ask, sign_up};
use crate::socket::Socket;

/// Who talks in the stream.
const AUTHORS: usize = 4;
/// Messages of one author that follow each other.
const TURN: usize = 8;
const PASSWORD: &str = "correct horse battery";

/// A server with a stream of numbered messages, and those who write them.
pub(super) struct Talk {
    server: Server,
    stream: String,
    tokens: Vec<String>,
    authors: Vec<Socket>,
    /// How many messages there are.
    pub(super) said: usize,
}

impl Talk {
    pub(super) fn begin(plan: &Plan, data: &Path, messages: usize) -> Result<Self> {
        let server = Server::kith(&plan.kith, data)?;
        let owner = sign_up(server.port, "author0")?;
        let made = r#"{"create_circle":{"name":"Bench","public":true}}"#;
        let made = ask(server.port, &owner, made)?;
        let id = |what: &str| made[what].as_str().context("no circle").map(str::to_owned);
        let (circle, stream) = (id("circle")?, id("stream")?);
        let mut tokens = vec![owner];
        for number in 1..AUTHORS {
            let token = sign_up(server.port, &format!("author{number}"))?;
            ask(server.port, &token, &format!(r#"{{"join":{{"circle":"{circle}"}}}}"#))?;
            tokens.push(token);
        }
        let mut talk = Self { server, stream, tokens, authors: Vec::new(), said: 0 };
        talk.enter()?;
        while talk.said < messages {
            let (turn, count) = (talk.said / TURN, TURN.min(messages - talk.said));
            let frames: Vec<u8> = (0..count).flat_map(|_| talk.next()).collect();
            let author = &mut talk.authors[turn % AUTHORS];
            author.send_frames(&frames)?;
            author.skip(count, br#"{"ok""#)?;
        }
        Ok(talk)
    }

    /// Has those come in who write. Whoever was silent for minutes has been sent away.
    pub(super) fn enter(&mut self) -> Result<()> {
        let port = self.server.port;
        self.authors =
            self.tokens.iter().map(|token| Socket::enter(port, token)).collect::<Result<_>>()?;
        Ok(())
    }

    /// The frame of the next message.
    fn next(&mut self) -> Vec<u8> {
        let (number, stream) = (self.said, &self.stream);
        self.said += 1;
        let text = numbered(number, TEXT_CHARS);
        crate::peer::text(&format!(
            r#"{{"id":{number},"op":"talk-{number}","do":{{"post":{{"stream":"{stream}","text":"{text}"}}}}}}"#
        ))
    }

    /// `kith chat` of somebody who came just now, in a profile that is put into `dir`.
    pub(super) fn client(&self, plan: &Plan, dir: &Path, name: &str) -> Result<Window> {
        let server = format!("http://127.0.0.1:{}", self.server.port);
        let kith = |command: &mut Command| {
            command.args(["--server", &server, "--profile"]).arg(dir.join(name));
        };
        for args in [["signup", name].as_slice(), &["circle", "join", "Bench"]] {
            let mut command = Command::new(&plan.kith);
            kith(command.args(args));
            let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
            let mut input = child.stdin.take().context("no input")?;
            // Who joins reads nothing.
            let _ = writeln!(input, "{PASSWORD}");
            drop(input);
            if !child.wait()?.success() {
                bail!("{command:?} failed");
            }
        }
        let mut command = program(&plan.kith);
        kith(command.args(["chat", "Bench"]));
        Window::open(&command)
    }

    /// Says one more.
    pub(super) fn say(&mut self) -> Result<()> {
        let turn = self.said / TURN;
        let frame = self.next();
        self.authors[turn % AUTHORS].send_frames(&frame)
    }
}

/// `less` at the end of a file with the same texts.
pub(super) fn less(file: &Path) -> Result<Window> {
    let mut command = program("less");
    Window::open(command.arg("+G").arg(file))
}

/// `WeeChat` in a channel of `InspIRCd`, and who writes there.
pub(super) struct Channel {
    /// Ends after its client.
    _server: Server,
    author: TcpStream,
    pub(super) said: usize,
}

impl Channel {
    /// Opens both, and waits until the first text is seen.
    pub(super) fn open(dir: &Path) -> Result<(Self, Window)> {
        let server = InspIrcd.start(dir)?;
        let mut author = TcpStream::connect(("127.0.0.1", server.port))?;
        for step in InspIrcd.publisher(0) {
            author.write_all(&step.say)?;
            let (mut heard, mut byte) = (Vec::new(), [0]);
            while !heard.ends_with(&step.until) {
                author.read_exact(&mut byte)?;
                heard.push(byte[0]);
            }
        }
        let mut command = program("weechat");
        command.arg("--dir").arg(dir.join("weechat"));
        let add = format!("/server add bench 127.0.0.1/{}", server.port);
        for line in [
            // It would write down what comes, and ours does not.
            "/set logger.file.auto_log off",
            &add,
            // Of older versions and of newer ones.
            "/set irc.server.bench.ssl off",
            "/set irc.server.bench.tls off",
            "/set irc.server.bench.nicks reader",
            "/set irc.server.bench.autojoin #r0",
            "/connect bench",
        ] {
            command.arg("--run-command").arg(line);
        }
        let mut window = Window::open(&command)?;
        let mut channel = Self { _server: server, author, said: 0 };
        // Until it is in the channel, nobody hears what is said there.
        for _ in 0..100 {
            channel.say()?;
            let last = channel.said - 1;
            if window.sees_within(Duration::from_millis(200), |_, most| most == last)? {
                return Ok((channel, window));
            }
        }
        bail!("WeeChat shows nothing of its channel:\n{}", window.shown())
    }

    pub(super) fn say(&mut self) -> Result<()> {
        let mut frame = Vec::new();
        InspIrcd.frame(0, 0, &numbered(self.said, TEXT_CHARS), &mut frame);
        self.said += 1;
        Ok(self.author.write_all(&frame)?)
    }
}
