//! JSON that is written, looked at and let go: the room for it is used again.

use std::cell::RefCell;

use serde::Serialize;

/// Room that stays: most of what is written is smaller, and what is larger does not stay.
const KEPT_BYTES: usize = 16 * 1024;

thread_local! {
    static ROOM: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What `look` makes of the JSON of `value`; `None` for what has no JSON, such as a map whose keys are
/// no texts.
pub fn json<T: Serialize + ?Sized, R>(value: &T, look: impl FnOnce(&str) -> R) -> Option<R> {
    // Taken out, so that a value which writes another on the way finds no borrowed room.
    let mut room = ROOM.take();
    room.clear();
    let written = serde_json::to_writer(&mut room, value).ok();
    let seen = written.and_then(|()| std::str::from_utf8(&room).ok()).map(look);
    if room.capacity() <= KEPT_BYTES {
        ROOM.set(room);
    }
    seen
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_large_text_leaves_no_room_behind_and_what_has_no_json_is_not_seen() {
        let large = "a".repeat(2 * KEPT_BYTES);
        assert_eq!(json(&large, str::len), Some(large.len() + 2));
        assert_eq!(ROOM.take().capacity(), 0);
        assert_eq!(json("b", str::to_owned).as_deref(), Some("\"b\""));
        assert!(ROOM.with_borrow(Vec::capacity) > 0);
        let odd = BTreeMap::from([(vec![1], 2)]);
        assert_eq!(json(&odd, str::to_owned), None);
        assert_eq!(json("c", str::to_owned).as_deref(), Some("\"c\""));
    }
}
