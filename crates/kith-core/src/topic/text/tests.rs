//! Documents made of updates: what is let in, what is known, and what merging may do.

use proptest::prelude::*;
use serde_json::json;

use super::super::{Change, Kind, State};
use super::*;
use crate::id::Seq;

/// An update of Yjs itself: client 1 wrote "abc" into the root `t` and took "b" out.
const WRITTEN: &[u8] =
    &[1, 3, 1, 0, 4, 1, 1, b't', 1, b'a', 129, 1, 0, 1, 132, 1, 1, 1, b'c', 1, 1, 1, 1, 1];

fn text(told: &str) -> Text {
    Text::asked(&json!(told)).unwrap()
}

fn run(client: u64, start: u32, end: u32) -> Run {
    Run { client, start, end }
}

use super::scan::Run;

#[test]
fn an_update_says_which_pieces_come_and_go() {
    let scan = scan(WRITTEN).unwrap();
    assert_eq!(scan.pieces, 3);
    assert_eq!(scan.there, [run(1, 0, 3)]);
    assert_eq!(scan.gone, [run(1, 1, 2)]);
}

#[test]
fn a_text_without_yjs_is_a_document() {
    let made = text("hé😀");
    let scan = scan(made.updates()[0].bytes()).unwrap();
    assert_eq!(scan.there, [run(0, 0, 4)]);
    assert!(text("").updates().is_empty());
}

#[test]
fn what_is_known_is_no_news() {
    let (empty, update) = (Text::default(), Update::new(WRITTEN));
    let scan = empty.check(&update).unwrap();
    assert!(empty.is_news(&scan));
    let mut full = Text::default();
    full.add(&update, &scan);
    assert!(!full.is_news(&scan));
    assert_eq!(full.known().clocks().collect::<Vec<_>>(), [(1, 3)]);
    // As a client says it that knows all of it: nothing new is there, and all that is gone.
    let again = super::scan(&[0, 1, 1, 1, 1, 1]).unwrap();
    assert!(!full.is_news(&again));
    assert!(full.is_news(&super::scan(&[0, 1, 1, 1, 0, 1]).unwrap()));
    assert!(full.is_news(&super::scan(&[1, 1, 1, 3, 132, 1, 2, 1, b'd', 0]).unwrap()));
}

#[test]
fn merging_may_leave_out_nothing() {
    let first = [1, 1, 1, 0, 4, 1, 1, b't', 1, b'a', 0];
    let second = [1, 1, 1, 1, 132, 1, 0, 1, b'b', 0];
    let both = Update::new(&[1, 1, 1, 0, 4, 1, 1, b't', 2, b'a', b'b', 0]);
    let mut before = Text::default();
    for bytes in [&first[..], &second[..]] {
        before.add(&Update::new(bytes), &scan(bytes).unwrap());
    }
    let mut later = before.clone();
    later.add(&Update::new(WRITTEN), &scan(WRITTEN).unwrap());
    let merged = before.merged(&both).unwrap();
    let after = later.after_merge(&before, &merged).unwrap();
    assert_eq!(after.updates(), [both, Update::new(WRITTEN)]);
    assert_eq!(after.known(), later.known());
    assert_eq!(before.merged(&Update::new(&first)), None);
    assert_eq!(before.merged(&Update::new(&[9])), None);
    assert_eq!(later.after_merge(&text("other"), &merged), None);
}

#[test]
fn what_a_client_could_not_read_is_refused() {
    let refused: [(&[u8], &str); 18] = [
        (&[], "it ends too early"),
        (&[0], "it ends too early"),
        (&[0, 0, 0], "it goes on after its end"),
        (&[1, 0, 1, 0, 0], "a client has no pieces"),
        (&[1, 0x80, 0, 1, 0, 0], "a number is not as short as it can be"),
        (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], "a number is too large"),
        (&[1, 1, 1, 0, 0, 0, 0], "a piece is empty"),
        (&[1, 1, 1, 0, 4, 1, 1, b't', 0, 0], "a piece is empty"),
        (&[1, 1, 1, 0, 4, 1, 1, b't', 1, 0xff, 0], "a text is not UTF-8"),
        (&[1, 1, 1, 0, 4, 2, 1, b't', 1, b'a', 0], "a piece is nowhere"),
        (&[1, 1, 1, 0, 132, 1, 0, 1, b'a', 0], "a piece stands on itself"),
        (&[1, 1, 1, 0, 5, 1, 1, b't', 1, b'{', 0], "it holds JSON that is none"),
        (b"\x01\x01\x01\x00\x05\x01\x01t\x08\"\\ud800\"\x00", "it holds JSON that is none"),
        (&[1, 1, 1, 0, 7, 1, 1, b't', 9, 0], "it has a type that is not known"),
        (&[1, 1, 1, 0, 11, 1, 1, b't', 9, 0], "it has a piece that is not known"),
        (&[1, 1, 1, 0, 8, 1, 1, b't', 1, 9, 0], "it has a value that is not known"),
        (&[2, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0], "a client is named twice"),
        (&[0, 1, 1, 2, 5, 1, 0, 1], "what is gone is not in order"),
    ];
    for (bytes, why) in refused {
        assert_eq!(scan(bytes), Err(why), "{bytes:?}");
    }
    let deep: Vec<u8> =
        [1, 1, 1, 0, 8, 1, 1, b't', 1].into_iter().chain([117, 1].repeat(100)).collect();
    assert_eq!(scan(&deep), Err("values are nested too deep"));
    let state = State::new(Seq(1), Kind::Text.empty());
    let change = |updates| Change::Update { updates };
    let refusal = state.resolve(Seq(2), &change(vec![Update::new(&[9])])).unwrap_err();
    assert_eq!(refusal.code(), "topic.bad_update");
    assert_eq!(state.resolve(Seq(2), &change(Vec::new())).unwrap_err().code(), "topic.bad_update");
    let large = Update::new(&vec![0; UPDATE_BYTES_MAX + 1]);
    assert_eq!(state.resolve(Seq(2), &change(vec![large])).unwrap_err().code(), "topic.too_large");
}

#[test]
fn clients_are_counted_before_they_are_let_in() {
    let mut many = Vec::new();
    scan::write_number(&mut many, CLIENTS_MAX as u64 + 1);
    for client in 0..=CLIENTS_MAX as u64 {
        many.push(1);
        scan::write_number(&mut many, client);
        many.extend([0, 0, 1]);
    }
    many.push(0);
    let refusal = Text::default().check(&Update::new(&many)).unwrap_err();
    assert_eq!(refusal.code(), "topic.too_large");
}

proptest! {
    /// Whatever the bytes, a scan ends, and says nothing beyond what is there.
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(scan) = scan(&bytes) {
            prop_assert!(scan.pieces + scan.gone.len() <= bytes.len());
        }
    }

    /// An update with a byte changed is read or refused, and never leads to a document that cannot be
    /// read again.
    #[test]
    fn a_damaged_update_is_read_or_refused(place in 0..WRITTEN.len(), byte in any::<u8>()) {
        let mut bytes = WRITTEN.to_vec();
        bytes[place] = byte;
        let update = Update::new(&bytes);
        let mut text = Text::default();
        if let Ok(scan) = text.check(&update) {
            text.add(&update, &scan);
            prop_assert_eq!(Text::read(&text.to_json()), Ok(text));
        }
    }

    /// What is gone is the same however it was told.
    #[test]
    fn ranges_are_covered_in_any_order(ranges in proptest::collection::vec((0..40_u32, 1..6_u32), 1..30)) {
        let mut known = Known::default();
        let mut cells = [false; 64];
        for (start, length) in ranges {
            let gone = vec![run(1, start, start + length)];
            let scan = Scan { gone, ..Scan::default() };
            let new = (start..start + length).any(|cell| !cells[cell as usize]);
            prop_assert_eq!(known.is_news(&scan), new);
            known.add(&scan);
            (start..start + length).for_each(|cell| cells[cell as usize] = true);
            prop_assert!(!known.is_news(&scan));
        }
        let apart = (0..63).filter(|cell| cells[*cell] && !cells[cell + 1]).count();
        prop_assert_eq!(known.gone(), apart);
    }
}
