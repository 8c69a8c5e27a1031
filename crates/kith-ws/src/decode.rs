//! What clients send: masked frames, fragments, control frames in between (RFC 6455, section 5).

use bytes::{Buf, Bytes, BytesMut};

use crate::encode::CONTROL_BYTES_MAX;

/// What a client may send.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The largest message, in bytes, all fragments together.
    pub message_bytes_max: usize,
    /// The most fragments of one message.
    pub fragments_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { message_bytes_max: 64 * 1024, fragments_max: 1024 }
    }
}

/// Something a client sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Text: these bytes are UTF-8.
    Text(Bytes),
    /// Bytes.
    Binary(Bytes),
    /// Asks for a pong with the same bytes.
    Ping(Bytes),
    /// Answers a ping.
    Pong(Bytes),
    /// The last frame.
    Close {
        /// Why, as a code.
        code: Option<u16>,
        /// Why, in words.
        reason: String,
    },
}

/// How a client broke the protocol. The connection is to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each message says it")]
pub enum Violation {
    #[error("frames of a client are masked")]
    NotMasked,
    #[error("no extension was agreed on")]
    ReservedBits,
    #[error("there is no such kind of frame")]
    UnknownOpcode,
    #[error("a control frame is whole and has at most 125 bytes")]
    ControlFrame,
    #[error("a fragment out of place")]
    Fragment,
    #[error("a length is written as short as it can be")]
    Length,
    #[error("the message is too large")]
    TooLarge,
    #[error("the message has too many fragments")]
    TooManyFragments,
    #[error("text is UTF-8")]
    NotUtf8,
    #[error("no such close code")]
    CloseCode,
}

impl Violation {
    /// The code to close with (RFC 6455, section 7.4.1).
    #[must_use]
    pub fn close_code(self) -> u16 {
        match self {
            Self::NotUtf8 => 1007,
            Self::TooLarge | Self::TooManyFragments => 1009,
            _ => 1002,
        }
    }
}

/// The head of a frame.
#[derive(Clone, Copy, Debug)]
struct Head {
    fin: bool,
    opcode: u8,
    length: usize,
    mask: [u8; 4],
    /// Bytes of the head itself.
    size: usize,
}

/// Reads messages from the bytes of a client. Holds no memory while nothing is pending.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    input: BytesMut,
    /// The message whose fragments are coming: its opcode, and what came.
    partial: Option<(u8, BytesMut)>,
    fragments: usize,
    dead: Option<Violation>,
}

impl Decoder {
    /// A decoder at the start of a connection.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, input: BytesMut::new(), partial: None, fragments: 0, dead: None }
    }

    /// From now on a message may have this many bytes.
    pub fn allow(&mut self, message_bytes_max: usize) {
        self.limits.message_bytes_max = message_bytes_max;
    }

    /// Takes in bytes that arrived. Call [`next`](Self::next) until it gives nothing before more is
    /// pushed, and memory is bounded by the limits and what was pushed.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.dead.is_none() {
            self.input.extend_from_slice(bytes);
        }
    }

    /// How many bytes it holds.
    #[must_use]
    pub fn held(&self) -> usize {
        self.input.len() + self.partial.as_ref().map_or(0, |(_, bytes)| bytes.len())
    }

    /// The next message that is complete.
    ///
    /// # Errors
    /// How the client broke the protocol; from then on always the same.
    #[expect(clippy::should_implement_trait, reason = "it is no iterator: more may be pushed")]
    pub fn next(&mut self) -> Result<Option<Message>, Violation> {
        if let Some(violation) = self.dead {
            return Err(violation);
        }
        let result = self.step();
        if let Err(violation) = result {
            self.dead = Some(violation);
            self.input = BytesMut::new();
            self.partial = None;
        }
        result
    }

    fn step(&mut self) -> Result<Option<Message>, Violation> {
        while let Some(head) = self.head()? {
            if self.input.len() < head.size + head.length {
                return Ok(None);
            }
            self.input.advance(head.size);
            let mut payload = self.input.split_to(head.length);
            if self.input.is_empty() {
                // What was split off keeps the buffer; a fresh one costs nothing until it is used.
                self.input = BytesMut::new();
            }
            unmask(&mut payload, head.mask);
            if let Some(message) = self.take(head, payload)? {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    /// The head of the next frame, checked as far as it alone can be.
    fn head(&self) -> Result<Option<Head>, Violation> {
        let input = &self.input[..];
        let [first, second, rest @ ..] = input else { return Ok(None) };
        if first & 0x70 != 0 {
            return Err(Violation::ReservedBits);
        }
        if second & 0x80 == 0 {
            return Err(Violation::NotMasked);
        }
        let (fin, opcode, short) = (first & 0x80 != 0, first & 0x0f, second & 0x7f);
        if !matches!(opcode, 0 | 1 | 2 | 8 | 9 | 10) {
            return Err(Violation::UnknownOpcode);
        }
        if opcode >= 8 && (!fin || usize::from(short) > CONTROL_BYTES_MAX) {
            return Err(Violation::ControlFrame);
        }
        let (length, extra) = match (short, rest) {
            (126, [a, b, ..]) => (u64::from(u16::from_be_bytes([*a, *b])), 2),
            (127, [a, b, c, d, e, f, g, h, ..]) => {
                (u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]), 8)
            }
            (126 | 127, _) => return Ok(None),
            (short, _) => (u64::from(short), 0),
        };
        if extra == 2 && length < 126 || extra == 8 && length < 0x1_0000 || length >> 63 == 1 {
            return Err(Violation::Length);
        }
        let pending = self.partial.as_ref().map_or(0, |(_, bytes)| bytes.len());
        let room = self.limits.message_bytes_max.saturating_sub(pending) as u64;
        if opcode < 8 && length > room {
            return Err(Violation::TooLarge);
        }
        let Some([m0, m1, m2, m3]) = rest.get(extra..extra + 4) else { return Ok(None) };
        let mask = [*m0, *m1, *m2, *m3];
        // Bounded by the limit, or by 125 for control frames.
        Ok(Some(Head { fin, opcode, length: length as usize, mask, size: 2 + extra + 4 }))
    }

    fn take(&mut self, head: Head, payload: BytesMut) -> Result<Option<Message>, Violation> {
        match (head.opcode, self.partial.take()) {
            (8, _) => close(&payload).map(Some),
            (9, partial) => {
                self.partial = partial;
                Ok(Some(Message::Ping(payload.freeze())))
            }
            (10, partial) => {
                self.partial = partial;
                Ok(Some(Message::Pong(payload.freeze())))
            }
            (0, Some((opcode, mut bytes))) => {
                self.fragments += 1;
                if self.fragments > self.limits.fragments_max {
                    return Err(Violation::TooManyFragments);
                }
                bytes.extend_from_slice(&payload);
                if head.fin {
                    return data(opcode, bytes).map(Some);
                }
                self.partial = Some((opcode, bytes));
                Ok(None)
            }
            (0, None) | (_, Some(_)) => Err(Violation::Fragment),
            (opcode, None) if head.fin => data(opcode, payload).map(Some),
            (opcode, None) => {
                self.fragments = 1;
                self.partial = Some((opcode, payload));
                Ok(None)
            }
        }
    }
}

fn data(opcode: u8, bytes: BytesMut) -> Result<Message, Violation> {
    if opcode == 1 {
        // Looked at where it is: it shares the buffer with what came before and after.
        std::str::from_utf8(&bytes).map_err(|_| Violation::NotUtf8)?;
        Ok(Message::Text(bytes.freeze()))
    } else {
        Ok(Message::Binary(bytes.freeze()))
    }
}

fn close(payload: &[u8]) -> Result<Message, Violation> {
    let (code, reason) = match payload {
        [] => (None, ""),
        [_] => return Err(Violation::ControlFrame),
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
                return Err(Violation::CloseCode);
            }
            (Some(code), std::str::from_utf8(reason).map_err(|_| Violation::NotUtf8)?)
        }
    };
    Ok(Message::Close { code, reason: reason.to_owned() })
}

/// Removes the mask (RFC 6455, section 5.3), eight bytes at a time.
fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let mut chunks = payload.chunks_exact_mut(8);
    for chunk in &mut chunks {
        if let Ok(eight) = <[u8; 8]>::try_from(&*chunk) {
            chunk.copy_from_slice(&(u64::from_ne_bytes(eight) ^ wide).to_ne_bytes());
        }
    }
    for (byte, mask) in chunks.into_remainder().iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests;
