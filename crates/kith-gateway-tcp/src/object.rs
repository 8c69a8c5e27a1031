//! Writes objects as the originals do: JSON in ASCII, with a space behind each comma and colon.

use bytes::Bytes;
use serde_json::Value as Json;

/// An object with members in this order. `}` never stands before `{` in it: a client takes that for the
/// place between two objects.
pub(crate) fn object(members: &[(&str, Json)]) -> Bytes {
    let mut out = String::from("{");
    for (place, (key, value)) in members.iter().enumerate() {
        if place > 0 {
            out.push_str(", ");
        }
        write_text(&mut out, key);
        out.push_str(": ");
        write(&mut out, value);
    }
    out.push('}');
    Bytes::from(out)
}

fn write(out: &mut String, value: &Json) {
    match value {
        Json::String(text) => write_text(out, text),
        Json::Array(items) => {
            out.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push_str(", ");
                }
                write(out, item);
            }
            out.push(']');
        }
        Json::Object(members) => {
            out.push('{');
            for (place, (key, value)) in members.iter().enumerate() {
                if place > 0 {
                    out.push_str(", ");
                }
                write_text(out, key);
                out.push_str(": ");
                write(out, value);
            }
            out.push('}');
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => out.push_str(&value.to_string()),
    }
}

fn write_text(out: &mut String, text: &str) {
    out.push('"');
    text.chars().for_each(|c| write_char(out, c));
    out.push('"');
}

fn write_char(out: &mut String, c: char) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        ' '..='|' | '~' | '\u{7f}' => out.push(c),
        _ => {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
}

/// How many bytes a character takes in an object.
fn cost(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' => 2,
        ' '..='|' | '~' | '\u{7f}' => 1,
        _ => 6 * c.len_utf16(),
    }
}

/// How many bytes a text takes in an object, without its quotes.
pub(crate) fn length(text: &str) -> usize {
    text.chars().map(cost).sum()
}

/// A text in pieces of which each takes at most `room` bytes in an object; one piece where it fits. `room`
/// is at least what one character takes.
pub(crate) fn pieces(text: &str, room: usize) -> Vec<&str> {
    split(text, room, cost)
}

/// The beginning of a text that takes at most `room` bytes in an object.
pub(crate) fn beginning(text: &str, room: usize) -> &str {
    pieces(text, room).into_iter().next().unwrap_or_default()
}

/// A text in pieces of which each costs at most `room`.
pub(crate) fn split(text: &str, room: usize, cost: impl Fn(char) -> usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut begin, mut taken) = (0, 0);
    for (at, c) in text.char_indices() {
        let more = cost(c);
        if taken + more > room && at > begin {
            pieces.push(&text[begin..at]);
            (begin, taken) = (at, 0);
        }
        taken += more;
    }
    pieces.push(&text[begin..]);
    pieces
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_look_as_the_originals_write_them() {
        let list = json!([{"UN": "Ann", "UID": "a"}, {"UID": "é😀"}]);
        let got = object(&[("CMD", json!("LI\"ST\\\n")), ("n", json!(2)), ("DATA", list)]);
        let expected = r#"{"CMD": "LI\"ST\\\n", "n": 2, "DATA": [{"UID": "a", "UN": "Ann"}, {"UID": "\u00e9\ud83d\ude00"}]}"#;
        assert_eq!(got, expected.as_bytes());
        assert_eq!(object(&[("a", json!("}{"))]), br#"{"a": "\u007d{"}"#.as_slice());
    }

    proptest! {
        #[test]
        fn an_object_is_ascii_json_of_the_length_that_was_told(text in ".{0,40}") {
            let bytes = object(&[("t", json!(text))]);
            prop_assert!(bytes.is_ascii());
            prop_assert_eq!(bytes.len(), br#"{"t": ""}"#.len() + length(&text));
            let is_parted = bytes.windows(2).any(|pair| pair == [b'}', b'{']);
            prop_assert!(!is_parted);
            let back: Json = serde_json::from_slice(&bytes).unwrap();
            prop_assert_eq!(back, json!({ "t": text }));
        }

        #[test]
        fn pieces_fit_and_are_the_whole(text in ".{0,80}", room in 12_usize..60) {
            let all = pieces(&text, room);
            prop_assert_eq!(all.concat(), text.as_str());
            prop_assert!(all.iter().all(|piece| length(piece) <= room));
            prop_assert!(all.len() == 1 || all.iter().all(|piece| !piece.is_empty()));
        }
    }
}
