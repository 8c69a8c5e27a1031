//! An editor as the protocol of Hocuspocus sees it, that does as little as it can: it sends updates
//! that were made before, and keeps what it is sent.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::trace::put;
use crate::peer::{upgrade, websocket};

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a server says about the document.
pub(super) enum Said<'a> {
    /// The client may come in.
    Welcome,
    /// What the client misses.
    Has(&'a [u8]),
    /// What somebody did.
    Did(&'a [u8]),
    /// Whether something of the client's is kept.
    Kept(bool),
    Other,
}

/// One editor of one document.
pub(super) struct Editor {
    stream: TcpStream,
    name: Vec<u8>,
    out: Vec<u8>,
    sent: usize,
    heard: Vec<u8>,
    at: usize,
    /// Bytes in both directions since it came in.
    pub(super) bytes: u64,
}

impl Editor {
    /// Comes in and gets the document as it is, in one update.
    pub(super) fn open(port: u16, path: &str, name: &str, token: &str) -> Result<(Self, Vec<u8>)> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(&upgrade(path, port))?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            answer.push(byte[0]);
        }
        stream.set_nonblocking(true)?;
        let mut address = Vec::new();
        chunk(&mut address, name.as_bytes());
        let mut editor = Self {
            stream,
            name: address,
            out: Vec::new(),
            sent: 0,
            heard: Vec::new(),
            at: 0,
            bytes: 0,
        };
        editor.say(&[2, 0], token.as_bytes());
        editor.until(|said| matches!(said, Said::Welcome).then_some(()))?;
        editor.say(&[0, 0], &[0]);
        let has = editor.until(|said| match said {
            Said::Has(update) => Some(update.to_vec()),
            _ => None,
        })?;
        editor.bytes = 0;
        Ok((editor, has))
    }

    /// Tells what was done.
    pub(super) fn did(&mut self, update: &[u8]) {
        self.say(&[0, 2], update);
    }

    fn say(&mut self, head: &[u8], body: &[u8]) {
        let mut message = self.name.clone();
        message.extend_from_slice(head);
        chunk(&mut message, body);
        websocket(2, &message, &mut self.out);
    }

    fn until<T>(&mut self, find: impl Fn(&Said<'_>) -> Option<T>) -> Result<T> {
        let late = Instant::now() + PATIENCE;
        loop {
            let mut found = None;
            self.turn(|said| {
                found = found.take().or_else(|| find(&said));
                Ok(())
            })?;
            if let Some(found) = found {
                return Ok(found);
            }
            if Instant::now() > late {
                bail!("the server does not answer");
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Sends what can be sent, and hears what has come; whether anything went either way.
    pub(super) fn turn(&mut self, mut hear: impl FnMut(Said<'_>) -> Result<()>) -> Result<bool> {
        let mut moved = false;
        while self.sent < self.out.len() {
            match self.stream.write(&self.out[self.sent..]) {
                Ok(count) => {
                    self.sent += count;
                    self.bytes += count as u64;
                    moved = true;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
        }
        if self.sent == self.out.len() {
            self.out.clear();
            self.sent = 0;
        }
        let filled = self.heard.len();
        self.heard.resize(filled + 256 * 1024, 0);
        let read = match self.stream.read(&mut self.heard[filled..]) {
            Ok(0) => bail!("the server hung up"),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error.into()),
        };
        self.heard.truncate(filled + read);
        self.bytes += read as u64;
        while let Some((opcode, start, end)) = whole(&self.heard, self.at) {
            self.at = end;
            match opcode {
                2 => hear(self.understand(&self.heard[start..end]).context("no message")?)?,
                9 => websocket(10, &self.heard[start..end], &mut self.out),
                10 => {}
                8 => bail!("the server says goodbye: {:?}", &self.heard[start..end]),
                other => bail!("a frame of kind {other}"),
            }
        }
        self.heard.drain(..self.at);
        self.at = 0;
        Ok(moved || read > 0)
    }

    fn understand<'a>(&self, message: &'a [u8]) -> Option<Said<'a>> {
        let Some(message) = message.strip_prefix(self.name.as_slice()) else {
            return Some(Said::Other);
        };
        Some(match message {
            [2, 2, ..] => Said::Welcome,
            [0 | 4, 1, rest @ ..] => Said::Has(read_chunk(rest)?),
            [0, 2, rest @ ..] => Said::Did(read_chunk(rest)?),
            [8, kept] => Said::Kept(*kept == 1),
            _ => Said::Other,
        })
    }
}

fn chunk(out: &mut Vec<u8>, bytes: &[u8]) {
    put(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn read_chunk(bytes: &[u8]) -> Option<&[u8]> {
    let mut length = 0;
    for (place, byte) in bytes.iter().enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * place);
        if *byte < 0x80 {
            return bytes.get(place + 1..place + 1 + length);
        }
    }
    None
}

/// The kind of a frame, and where its payload is, when all of it is there.
fn whole(bytes: &[u8], at: usize) -> Option<(u8, usize, usize)> {
    let rest = bytes.get(at..)?;
    let (header, length) = match rest.get(1)? {
        126 => (4, usize::from(u16::from_be_bytes([*rest.get(2)?, *rest.get(3)?]))),
        127 => {
            let length: [u8; 8] = rest.get(2..10)?.try_into().ok()?;
            (10, usize::try_from(u64::from_be_bytes(length)).ok()?)
        }
        short => (2, usize::from(*short)),
    };
    let (start, end) = (at + header, at + header + length);
    (end <= bytes.len()).then_some((rest[0] & 0x0f, start, end))
}
