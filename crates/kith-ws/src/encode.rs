//! Frames from a server: whole, unmasked, ready to be shared (RFC 6455, section 5.2).

use bytes::{BufMut, Bytes, BytesMut};

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Opcode {
    /// UTF-8 text.
    Text = 0x1,
    /// Bytes.
    Binary = 0x2,
    /// The last frame.
    Close = 0x8,
    /// Are you there?
    Ping = 0x9,
    /// I am.
    Pong = 0xa,
}

/// The longest payload of a close, ping or pong, in bytes.
pub const CONTROL_BYTES_MAX: usize = 125;

/// The longest head of a frame, in bytes.
pub const HEAD_BYTES_MAX: usize = 10;

/// One whole frame.
#[must_use]
pub fn frame(opcode: Opcode, payload: &[u8]) -> Bytes {
    // Exactly as long as it becomes: then it is shared without a note of what is left of it.
    let mut bytes = BytesMut::with_capacity(head_bytes(payload.len()) + payload.len());
    append(opcode, &[payload], &mut bytes);
    bytes.freeze()
}

/// The bytes of the head of a frame with so long a payload.
fn head_bytes(length: usize) -> usize {
    match length {
        0..=125 => 2,
        126..=0xffff => 4,
        _ => HEAD_BYTES_MAX,
    }
}

/// Puts one whole frame behind what is in `out`; its payload is `parts`, one after the other.
pub fn append(opcode: Opcode, parts: &[&[u8]], out: &mut BytesMut) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    out.put_u8(0x80 | opcode as u8);
    match length {
        0..=125 => out.put_u8(length as u8),
        126..=0xffff => {
            out.put_u8(126);
            out.put_u16(length as u16);
        }
        _ => {
            out.put_u8(127);
            out.put_u64(length as u64);
        }
    }
    parts.iter().for_each(|part| out.put_slice(part));
}

/// A close frame; `reason` is cut to what fits.
#[must_use]
pub fn close_frame(code: u16, reason: &str) -> Bytes {
    let mut end = reason.len().min(CONTROL_BYTES_MAX - 2);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend_from_slice(&reason.as_bytes()[..end]);
    frame(Opcode::Close, &payload)
}

/// A ping; `payload` is cut to what fits.
#[must_use]
pub fn ping(payload: &[u8]) -> Bytes {
    frame(Opcode::Ping, &payload[..payload.len().min(CONTROL_BYTES_MAX)])
}

/// The answer to a ping with this payload.
#[must_use]
pub fn pong(payload: &[u8]) -> Bytes {
    frame(Opcode::Pong, &payload[..payload.len().min(CONTROL_BYTES_MAX)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_rfc() {
        assert_eq!(frame(Opcode::Text, b"Hello")[..], [0x81, 5, b'H', b'e', b'l', b'l', b'o']);
        assert_eq!(frame(Opcode::Binary, &[0; 256])[..4], [0x82, 0x7e, 1, 0]);
        assert_eq!(frame(Opcode::Binary, &[0; 65536])[..10], [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]);
    }

    #[test]
    fn a_payload_may_be_put_together() {
        let mut out = BytesMut::from(&b"before"[..]);
        append(Opcode::Text, &[b"Hel", b"", b"lo"], &mut out);
        assert_eq!(out[..6], *b"before");
        assert_eq!(out[6..], frame(Opcode::Text, b"Hello"));
    }

    #[test]
    fn a_reason_is_cut_between_characters() {
        let close = close_frame(4401, &"é".repeat(100));
        assert_eq!(close.len(), 2 + 2 + 122);
        assert!(std::str::from_utf8(&close[4..]).is_ok());
    }
}
