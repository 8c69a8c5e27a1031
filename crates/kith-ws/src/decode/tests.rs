//! Messages survive any way of cutting them up; everything else is refused.

use proptest::prelude::*;

use super::*;

/// A client's frame.
fn masked(first: u8, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..=125 => frame.push(0x80 | length as u8),
        length @ 126..=0xffff => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

fn refused(bytes: &[u8]) -> Violation {
    let mut decoder = Decoder::new(Limits { message_bytes_max: 1000, fragments_max: 4 });
    decoder.push(bytes);
    loop {
        match decoder.next() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("accepted"),
            Err(violation) => {
                decoder.push(&masked(0x81, b"more", [1; 4]));
                assert_eq!(decoder.next(), Err(violation));
                assert_eq!(decoder.held(), 0);
                return violation;
            }
        }
    }
}

#[test]
fn the_example_of_the_rfc() {
    let mut decoder = Decoder::new(Limits::default());
    decoder.push(&[0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    assert_eq!(decoder.next(), Ok(Some(Message::Text("Hello".into()))));
    assert_eq!(decoder.next(), Ok(None));
    assert_eq!(decoder.held(), 0);
}

#[test]
fn each_violation_is_refused() {
    let mask = [1, 2, 3, 4];
    assert_eq!(refused(&[0x81, 0x05]), Violation::NotMasked);
    assert_eq!(refused(&masked(0xc1, b"", mask)), Violation::ReservedBits);
    assert_eq!(refused(&masked(0x83, b"", mask)), Violation::UnknownOpcode);
    assert_eq!(refused(&masked(0x09, b"", mask)), Violation::ControlFrame);
    assert_eq!(refused(&masked(0x89, &[0; 126], mask)), Violation::ControlFrame);
    assert_eq!(refused(&masked(0x80, b"", mask)), Violation::Fragment);
    assert_eq!(
        refused(&[masked(0x01, b"a", mask), masked(0x81, b"b", mask)].concat()),
        Violation::Fragment
    );
    assert_eq!(refused(&[0x82, 0xfe, 0, 5]), Violation::Length);
    assert_eq!(refused(&[0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0]), Violation::Length);
    assert_eq!(refused(&[0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0]), Violation::TooLarge);
    assert_eq!(refused(&masked(0x82, &[0; 1001], mask)), Violation::TooLarge);
    let empty: Vec<u8> = std::iter::once(masked(0x01, b"", mask))
        .chain(vec![masked(0, b"", mask); 4])
        .flatten()
        .collect();
    assert_eq!(refused(&empty), Violation::TooManyFragments);
    assert_eq!(refused(&masked(0x81, &[0xff], mask)), Violation::NotUtf8);
    assert_eq!(refused(&masked(0x88, &[3], mask)), Violation::ControlFrame);
    assert_eq!(refused(&masked(0x88, &1005_u16.to_be_bytes(), mask)), Violation::CloseCode);
    assert_eq!(refused(&masked(0x88, &[0x03, 0xe8, 0xff], mask)), Violation::NotUtf8);
}

#[test]
fn a_declared_length_takes_no_memory() {
    let mut decoder = Decoder::new(Limits { message_bytes_max: usize::MAX, fragments_max: 4 });
    decoder.push(&[0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4]);
    assert_eq!(decoder.next(), Ok(None));
    assert!(decoder.held() < 100);
}

#[derive(Clone, Debug)]
struct Sent {
    binary: bool,
    text: String,
    cuts: Vec<usize>,
    ping: bool,
    mask: [u8; 4],
}

fn sent() -> impl Strategy<Value = Sent> {
    (
        any::<bool>(),
        "\\PC{0,300}",
        prop::collection::vec(0_usize..300, 0..4),
        any::<bool>(),
        any::<[u8; 4]>(),
    )
        .prop_map(|(binary, text, cuts, ping, mask)| Sent { binary, text, cuts, ping, mask })
}

proptest! {
    #[test]
    fn messages_survive_any_cutting(all in prop::collection::vec(sent(), 0..8), chunk in 1_usize..50) {
        let (mut wire, mut expected) = (Vec::new(), Vec::new());
        for one in &all {
            let bytes = one.text.as_bytes();
            let mut cuts: Vec<usize> = one.cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let parts: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            for (index, part) in parts.iter().enumerate() {
                let opcode = if index > 0 { 0 } else if one.binary { 2 } else { 1 };
                let fin = if index + 1 == parts.len() { 0x80 } else { 0 };
                wire.extend(masked(fin | opcode, part, one.mask));
                if one.ping && fin == 0 {
                    wire.extend(masked(0x89, b"?", one.mask));
                    expected.push(Message::Ping(Bytes::from_static(b"?")));
                }
            }
            expected.push(if one.binary {
                Message::Binary(Bytes::copy_from_slice(bytes))
            } else {
                Message::Text(one.text.clone().into())
            });
        }
        let mut decoder = Decoder::new(Limits::default());
        let mut seen = Vec::new();
        for piece in wire.chunks(chunk) {
            decoder.push(piece);
            while let Some(message) = decoder.next().unwrap() {
                seen.push(message);
            }
        }
        prop_assert_eq!(seen, expected);
        prop_assert_eq!(decoder.held(), 0);
    }

    #[test]
    fn any_bytes_are_read_or_refused_within_bounds(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..40)) {
        let mut decoder = Decoder::new(Limits { message_bytes_max: 500, fragments_max: 8 });
        for piece in pieces {
            decoder.push(&piece);
            while let Ok(Some(_)) = decoder.next() {}
            prop_assert!(decoder.held() <= 500 + 14 + 200 + 500);
        }
    }
}
