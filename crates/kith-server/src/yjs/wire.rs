//! The messages of y-websocket and of Hocuspocus: read with bounds, written whole.
//!
//! Both are binary frames of one message each. A message has a type and a body; one of Hocuspocus
//! begins with the name of its document, since a socket carries many. Numbers have 7 bits in a byte,
//! the least first.

use bytes::Bytes;
use kith_core::event::Body;
use kith_core::topic::Fact;
use kith_core::topic::text::{Known, Update};
use kith_ws::encode::{Opcode, frame};
use serde::de::IgnoredAny;

/// The most states in one message about who is there.
const STATES_MAX: u64 = 256;
/// The longest state, in bytes.
const STATE_BYTES_MAX: usize = 16 * 1024;
/// The most clients in a state vector.
const CLIENTS_MAX: u64 = 2 * kith_core::topic::text::CLIENTS_MAX as u64;

/// A message that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// What a client says about one document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Message<'a> {
    /// Asks for what it misses, who has this.
    Wants(Vec<(u64, u32)>),
    /// Tells what the server misses, as it asked.
    Has(&'a [u8]),
    /// Tells what has just been done.
    Did(&'a [u8]),
    /// Tells who is there and what they do.
    There(Vec<State<'a>>),
    /// Asks who is there.
    Who,
    /// Proves who it is.
    Auth(&'a str),
    /// Will not speak of this document any more.
    Close,
    /// Something that means nothing to this server.
    Other,
}

/// What one client says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State<'a> {
    pub(crate) client: u64,
    pub(crate) clock: u64,
    /// JSON; `null` when it is gone.
    pub(crate) json: &'a str,
}

/// The rest of a message.
pub(crate) struct Read<'a>(pub(crate) &'a [u8]);

impl<'a> Read<'a> {
    pub(crate) fn number(&mut self) -> Result<u64, Malformed> {
        let mut number = 0;
        for shift in (0..53).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or(Malformed)?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if *byte < 0x80 {
                return if number < 1 << 53 { Ok(number) } else { Err(Malformed) };
            }
        }
        Err(Malformed)
    }

    pub(crate) fn chunk(&mut self) -> Result<&'a [u8], Malformed> {
        let count = usize::try_from(self.number()?).map_err(|_| Malformed)?;
        let (chunk, rest) = self.0.split_at_checked(count).ok_or(Malformed)?;
        self.0 = rest;
        Ok(chunk)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.chunk()?).map_err(|_| Malformed)
    }

    /// Reads a message, without the name of its document.
    pub(crate) fn message(mut self) -> Result<Message<'a>, Malformed> {
        Ok(match self.number()? {
            // 4 is an answer that asks for none.
            0 | 4 => match self.number()? {
                0 => Message::Wants(Read(self.chunk()?).state_vector()?),
                1 => Message::Has(self.chunk()?),
                2 => Message::Did(self.chunk()?),
                _ => return Err(Malformed),
            },
            1 => Message::There(Read(self.chunk()?).states()?),
            2 => match self.number()? {
                0 => Message::Auth(self.text()?),
                _ => return Err(Malformed),
            },
            3 => Message::Who,
            7 => Message::Close,
            _ => Message::Other,
        })
    }

    fn state_vector(mut self) -> Result<Vec<(u64, u32)>, Malformed> {
        let count = self.number()?;
        if count > CLIENTS_MAX {
            return Err(Malformed);
        }
        let mut vector = Vec::new();
        for _ in 0..count {
            let (client, clock) = (self.number()?, self.number()?);
            vector.push((client, u32::try_from(clock).map_err(|_| Malformed)?));
        }
        Ok(vector)
    }

    fn states(mut self) -> Result<Vec<State<'a>>, Malformed> {
        let count = self.number()?;
        if count > STATES_MAX {
            return Err(Malformed);
        }
        let mut states = Vec::new();
        for _ in 0..count {
            let (client, clock, json) = (self.number()?, self.number()?, self.text()?);
            // Whoever gets it parses it.
            if json.len() > STATE_BYTES_MAX || serde_json::from_str::<IgnoredAny>(json).is_err() {
                return Err(Malformed);
            }
            states.push(State { client, clock, json });
        }
        Ok(states)
    }
}

pub(super) fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

pub(super) fn put_chunk(bytes: &mut Vec<u8>, chunk: &[u8]) {
    put(bytes, chunk.len() as u64);
    bytes.extend_from_slice(chunk);
}

/// What messages about a document of this name begin with.
pub(crate) fn prefix(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_chunk(&mut bytes, name.as_bytes());
    bytes
}

/// Writes messages about one document, each as a frame.
pub(crate) struct Write<'a> {
    prefix: &'a [u8],
    frames: Vec<u8>,
}

impl<'a> Write<'a> {
    pub(crate) fn new(prefix: &'a [u8]) -> Self {
        Self { prefix, frames: Vec::new() }
    }

    pub(crate) fn done(self) -> Bytes {
        self.frames.into()
    }

    fn message(&mut self, head: &[u8], chunk: Option<&[u8]>) {
        let mut message = self.prefix.to_vec();
        message.extend_from_slice(head);
        if let Some(chunk) = chunk {
            put_chunk(&mut message, chunk);
        }
        self.frames.extend_from_slice(&frame(Opcode::Binary, &message));
    }

    /// Asks for what the server misses, which has this.
    pub(crate) fn wants(&mut self, known: &Known) {
        let mut vector = Vec::new();
        let clocks = known.clocks();
        put(&mut vector, clocks.len() as u64);
        for (client, clock) in clocks {
            put(&mut vector, client);
            put(&mut vector, clock.into());
        }
        self.message(&[0, 0], Some(&vector));
    }

    /// Tells what the client misses; also where that is nothing.
    pub(crate) fn has(&mut self, updates: &[Update]) {
        let (first, rest) = updates
            .split_first()
            .map_or((&[0, 0][..], updates), |(first, rest)| (first.bytes(), rest));
        self.message(&[0, 1], Some(first));
        for update in rest {
            self.did(update);
        }
    }

    /// Tells what has just been done.
    pub(crate) fn did(&mut self, update: &Update) {
        self.message(&[0, 2], Some(update.bytes()));
    }

    /// Tells of an event of a text what is in it for editors.
    pub(crate) fn event(&mut self, body: &Body) {
        if let Body::Changed { fact: Fact::Update { updates } } = body {
            updates.iter().for_each(|update| self.did(update));
        }
    }

    /// Tells who is there: [`states`].
    pub(crate) fn there(&mut self, states: &[u8]) {
        self.message(&[1], Some(states));
    }

    /// Lets a client in.
    pub(crate) fn welcome(&mut self, writes: bool) {
        let scope = if writes { "read-write" } else { "readonly" };
        self.message(&[2, 2], Some(scope.as_bytes()));
    }

    /// Says no: to a client of y-websocket.
    pub(crate) fn warning(&mut self, why: &str) {
        self.message(&[2, 0], Some(why.as_bytes()));
    }

    /// Says no: to a client of Hocuspocus.
    pub(crate) fn denied(&mut self, why: &str) {
        self.message(&[2, 1], Some(why.as_bytes()));
    }

    /// Says whether a change is kept.
    pub(crate) fn kept(&mut self, kept: bool) {
        self.message(&[8, kept.into()], None);
    }

    /// Tells that there is no more of this document.
    pub(crate) fn close(&mut self, why: &str) {
        self.message(&[7], Some(why.as_bytes()));
    }

    /// Something that every client of Hocuspocus answers.
    pub(crate) fn ping(&mut self) {
        self.frames.extend_from_slice(&frame(Opcode::Binary, &[9]));
    }
}

/// The same to each of these sessions.
pub(crate) fn to_each(sessions: &[Bytes], say: impl Fn(&mut Write<'_>)) -> Bytes {
    let mut frames = Vec::new();
    for prefix in sessions {
        let mut write = Write { prefix, frames };
        say(&mut write);
        frames = write.frames;
    }
    frames.into()
}

/// What one client says of itself, for [`states`].
pub(crate) fn state(State { client, clock, json }: State<'_>) -> Bytes {
    let mut bytes = Vec::new();
    put(&mut bytes, client);
    put(&mut bytes, clock);
    put_chunk(&mut bytes, json.as_bytes());
    bytes.into()
}

/// What clients say of themselves, for [`Write::there`].
pub(crate) fn states(all: &[Bytes]) -> Vec<u8> {
    let mut bytes = Vec::new();
    put(&mut bytes, all.len() as u64);
    all.iter().for_each(|one| bytes.extend_from_slice(one));
    bytes
}
