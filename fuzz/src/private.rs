//! What two devices of a private session say to each other, and what devices say to the relay.

use std::net::SocketAddr;

use kith_private::frame::{Frame, Piece};
use kith_private::signal::Signal;
use kith_relay::{DATAGRAM_BYTES_MAX, Message, Options, Relay, Secret};

/// What a frame or a call says is the same when it is said again.
pub(crate) fn frames(input: &[u8]) {
    if let Ok(frame) = Frame::parse(input) {
        assert_eq!(Frame::parse(frame.text().as_bytes()).as_ref(), Ok(&frame));
    }
    if let Ok(piece) = Piece::parse(input) {
        assert_eq!(Piece::parse(&piece.frame()), Ok(piece));
    }
    if let Ok(signal) = serde_json::from_slice::<Signal>(input) {
        let again = serde_json::to_value(&signal).and_then(serde_json::from_value::<Signal>);
        assert_eq!(again.ok(), Some(signal));
    }
}

pub(crate) fn frame_seeds() -> Vec<Vec<u8>> {
    let texts = [
        r#"{"hello":{"next":1}}"#,
        r#"{"said":{"n":1,"what":{"message":{"text":"tea?"}}}}"#,
        r#"{"said":{"n":2,"what":{"offer":{"file":1,"name":"tea.txt","size":1099511627776}}}}"#,
        r#"{"got":{"file":1,"bytes":1048576}}"#,
        r#"{"bye":{}}"#,
        r#"{"v":1,"id":"000102030405060708090a0b0c0d0e0f","from":"me/private/x","say":{"again":{}}}"#,
        r#"{"v":1,"id":"000102030405060708090a0b0c0d0e0f","from":"me/private/x","say":{"end":{"why":"lost"}}}"#,
    ];
    let piece = Piece { file: 1, at: 1 << 20, bytes: b"tea" }.frame();
    texts.map(|text| text.as_bytes().to_vec()).into_iter().chain([piece]).collect()
}

/// Strangers are told little, and nobody else anything.
pub(crate) fn stun(input: &[u8]) {
    let input = input.get(..DATAGRAM_BYTES_MAX).unwrap_or(input);
    let options = Options {
        address: [192, 0, 2, 7].into(),
        turn: true,
        allocations_max: 4,
        per_user_max: 1,
        bytes_per_second: 1000,
        bytes_per_second_per_user: 1000,
    };
    let mut relay = Relay::new(options, Secret::new(&[7; 32]), 1, 1_700_000_000_000);
    let from = SocketAddr::from(([10, 0, 0, 1], 5));
    let mut out = Vec::new();
    if let Some(to) = relay.receive(1_700_000_000_000, from, input, &mut out) {
        assert_eq!(to, from);
        assert!(out.len() <= input.len() + 40, "{} bytes for {}", out.len(), input.len());
        assert!(Message::parse(&out).is_ok());
    }
}

pub(crate) fn stun_seeds() -> Vec<Vec<u8>> {
    let message = |method: u8, attributes: &[u8]| {
        let mut raw = vec![0, method, 0, u8::try_from(attributes.len()).unwrap_or(0)];
        raw.extend([0x21, 0x12, 0xa4, 0x42]);
        raw.extend([7; 12]);
        raw.extend(attributes);
        raw
    };
    let allocate = [0x00, 0x19, 0, 4, 17, 0, 0, 0];
    let mut signed = [0x00, 0x06, 0, 3, b'a', b':', b'b', 0].to_vec();
    signed.extend([0x00, 0x14, 0, 4]);
    signed.extend(b"kith");
    signed.extend([0x00, 0x15, 0, 4, 1, 2, 3, 4, 0x00, 0x08, 0, 20]);
    signed.extend([9; 20]);
    let mut channel = vec![0x40, 1, 0, 3];
    channel.extend(b"tea");
    vec![message(1, &[]), message(3, &allocate), message(4, &signed), channel]
}
