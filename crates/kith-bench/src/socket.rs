//! A WebSocket client that does as little as it can, so that the server is what is measured.

use anyhow::{Result, bail};

use crate::peer::{text as text_frame, upgrade};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// How long a server may be silent or not listen before that is an error.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A connection, and what was read from it and not looked at yet.
pub(crate) struct Socket {
    stream: TcpStream,
    buffer: Vec<u8>,
    at: usize,
    received: usize,
}

impl Socket {
    /// Connects and signs in.
    pub(crate) fn enter(port: u16, token: &str) -> Result<Self> {
        let mut socket = Self::open("/api/v1/ws", port)?;
        socket.send(&format!(r#"{{"v":1,"auth":{{"token":"{token}"}}}}"#))?;
        let welcome = socket.next()?;
        if !welcome.starts_with(br#"{"welcome""#) {
            bail!("no welcome: {}", String::from_utf8_lossy(&welcome));
        }
        Ok(socket)
    }

    /// Connects to a path.
    pub(crate) fn open(path: &str, port: u16) -> Result<Self> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.write_all(&upgrade(path, port))?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            answer.push(byte[0]);
        }
        if !answer.starts_with(b"HTTP/1.1 101") {
            bail!("no upgrade: {}", String::from_utf8_lossy(&answer));
        }
        Ok(Self { stream, buffer: Vec::new(), at: 0, received: 0 })
    }

    /// Sends a text.
    pub(crate) fn send(&mut self, text: &str) -> Result<()> {
        Ok(self.stream.write_all(&text_frame(text))?)
    }

    /// Sends frames that were made by [`peer::text`](crate::peer::text).
    pub(crate) fn send_frames(&mut self, frames: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(frames)?)
    }

    /// Waits for the next text and gives its bytes.
    pub(crate) fn next(&mut self) -> Result<Vec<u8>> {
        loop {
            if let Some((start, end)) = self.whole() {
                let text = self.buffer[start..end].to_vec();
                let control = self.buffer[self.at] & 0x08 != 0;
                self.at = end;
                if control {
                    continue;
                }
                return Ok(text);
            }
            self.fill()?;
        }
    }

    /// Waits until it has read `count` more texts that hold `mark`; the bytes of the last.
    pub(crate) fn skip(&mut self, count: usize, mark: &[u8]) -> Result<()> {
        let mut left = count;
        while left > 0 {
            match self.whole() {
                Some((start, end)) => {
                    left -= usize::from(self.buffer[start..end].starts_with(mark));
                    self.at = end;
                }
                None => self.fill()?,
            }
        }
        Ok(())
    }

    /// Sends a request and waits for the text that holds `mark`.
    pub(crate) fn ask(&mut self, text: &str, mark: &str) -> Result<String> {
        self.send(text)?;
        loop {
            let answer = String::from_utf8(self.next()?)?;
            if answer.contains("\"error\"") {
                bail!("{text}: {answer}");
            }
            if answer.contains(mark) {
                return Ok(answer);
            }
        }
    }

    /// Says goodbye and waits until the server has hung up.
    pub(crate) fn leave(mut self) -> Result<()> {
        self.stream.write_all(&[0x88, 0x80, 0, 0, 0, 0])?;
        self.buffer.resize(64 * 1024, 0);
        while self.stream.read(&mut self.buffer)? > 0 {}
        Ok(())
    }

    fn fill(&mut self) -> Result<()> {
        self.buffer.drain(..self.at);
        self.at = 0;
        let filled = self.buffer.len();
        self.buffer.resize(filled + 64 * 1024, 0);
        let read = self.stream.read(&mut self.buffer[filled..])?;
        self.buffer.truncate(filled + read);
        if read == 0 {
            bail!("the server closed the connection");
        }
        self.received += read;
        Ok(())
    }

    /// Bytes that came since the connection was upgraded.
    pub(crate) fn received(&self) -> usize {
        self.received
    }

    /// Where the payload of the next frame is, when all of it is there.
    fn whole(&self) -> Option<(usize, usize)> {
        let rest = self.buffer.get(self.at..)?;
        let (header, length) = match rest.get(1)? {
            126 => (4, usize::from(u16::from_be_bytes([*rest.get(2)?, *rest.get(3)?]))),
            127 => {
                let bytes: [u8; 8] = rest.get(2..10)?.try_into().ok()?;
                (10, usize::try_from(u64::from_be_bytes(bytes)).ok()?)
            }
            short => (2, usize::from(*short)),
        };
        let (start, end) = (self.at + header, self.at + header + length);
        (end <= self.buffer.len()).then_some((start, end))
    }
}
