//! WebSocket frames: read the same whole and in pieces.

use kith_ws::decode::{Decoder, Limits, Message, Violation};
use kith_ws::encode::CONTROL_BYTES_MAX;

use crate::mutate::Random;

const LIMITS: Limits = Limits { message_bytes_max: 4096, fragments_max: 8 };

/// The head of a frame, and what is pushed into a decoder at a time beyond what it is to hold.
const SLACK: usize = 14 + CONTROL_BYTES_MAX;

/// What a decoder makes of pieces, and how it ends.
fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Message>, Option<Violation>) {
    let mut decoder = Decoder::new(LIMITS);
    let mut messages = Vec::new();
    for piece in pieces {
        decoder.push(piece);
        loop {
            match decoder.next() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(violation) => {
                    assert!((1002..=1009).contains(&violation.close_code()));
                    return (messages, Some(violation));
                }
            }
        }
        let held_max = 2 * LIMITS.message_bytes_max + piece.len() + SLACK;
        assert!(decoder.held() <= held_max, "{} bytes are held", decoder.held());
    }
    (messages, None)
}

/// The first byte says how the others are cut.
pub(crate) fn frames(input: &[u8]) {
    let Some((&seed, wire)) = input.split_first() else { return };
    let whole = read(std::iter::once(wire));
    for message in &whole.0 {
        let size = match message {
            Message::Text(text) => text.len(),
            Message::Binary(bytes) => bytes.len(),
            Message::Ping(bytes) | Message::Pong(bytes) => {
                assert!(bytes.len() <= CONTROL_BYTES_MAX);
                0
            }
            Message::Close { code, reason } => {
                assert!(code.is_some() || reason.is_empty());
                0
            }
        };
        assert!(size <= LIMITS.message_bytes_max);
    }
    assert_eq!(read(wire.chunks(1)), whole, "byte by byte");
    let mut random = Random::new(seed.into());
    let mut rest = wire;
    let pieces = std::iter::from_fn(|| {
        if rest.is_empty() {
            return None;
        }
        let (piece, after) = rest.split_at(1 + random.below(rest.len()));
        rest = after;
        Some(piece)
    });
    assert_eq!(read(pieces), whole, "in pieces");
}

/// A client's frame, with the mask 1 2 3 4.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match u8::try_from(payload.len()) {
        Ok(length @ 0..=125) => frame.push(0x80 | length),
        _ => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(payload.len()).unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    frame.extend([1, 2, 3, 4]);
    let mask = [1, 2, 3, 4].into_iter().cycle();
    frame.extend(payload.iter().zip(mask).map(|(byte, mask)| byte ^ mask));
    frame
}

pub(crate) fn frame_seeds() -> Vec<Vec<u8>> {
    let parts: &[&[Vec<u8>]] = &[
        &[masked(0x81, br#"{"id":1,"get":{"ping":{}}}"#)],
        &[masked(0x82, &[7; 200]), masked(0x8a, b"pong")],
        &[masked(0x01, "é".as_bytes()), masked(0x89, b"?"), masked(0x80, "à".as_bytes())],
        &[masked(0x02, &[0; 126]), masked(0x00, b""), masked(0x80, &[1; 3])],
        &[masked(0x88, &[0x03, 0xe8, b'b', b'y', b'e'])],
        &[masked(0x88, b"")],
        &[vec![0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4]],
    ];
    parts.iter().map(|parts| [vec![9], parts.concat()].concat()).collect()
}
