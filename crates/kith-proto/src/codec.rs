//! The two encodings of frames: JSON text and MessagePack.

mod msgpack;

use kith_core::scratch;
use kith_core::text::Coded;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Problem;

/// How a connection's frames are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// JSON in text frames.
    #[default]
    Json,
    /// MessagePack with named fields in binary frames.
    MsgPack,
}

impl Encoding {
    /// All there are; an encoding's place in it is its [`index`](Self::index).
    pub const ALL: [Self; 2] = [Self::Json, Self::MsgPack];

    /// The encoding of a WebSocket subprotocol.
    #[must_use]
    pub fn of_subprotocol(name: &str) -> Option<Self> {
        match name {
            crate::JSON => Some(Self::Json),
            crate::MSGPACK => Some(Self::MsgPack),
            _ => None,
        }
    }

    /// A small number for tables of encodings.
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }

    /// The bytes of a frame.
    #[must_use]
    pub fn encode<T: Serialize>(self, value: &T) -> Vec<u8> {
        // Frames are structs of texts, numbers and maps with text keys: they can always be written.
        match self {
            Self::Json => serde_json::to_vec(value).unwrap_or_default(),
            Self::MsgPack => rmp_serde::to_vec_named(value).unwrap_or_default(),
        }
    }

    /// What `look` makes of the bytes of a frame, which are let go then.
    pub fn encoded<T: Serialize, R>(self, value: &T, look: impl FnOnce(&[u8]) -> R) -> Option<R> {
        match self {
            Self::Json => scratch::json(value, |text| look(text.as_bytes())),
            Self::MsgPack => Some(look(&self.encode(value))),
        }
    }

    /// Reads a frame.
    ///
    /// # Errors
    /// As [`invalid`], with the place of the first mistake. Depth is bounded: JSON at 128 levels by
    /// its parser, MessagePack at [`DEPTH_MAX`]. Memory is bounded by the length of `bytes`, whatever
    /// lengths they claim.
    pub fn decode<T: DeserializeOwned>(self, bytes: &[u8]) -> Result<T, Problem> {
        match self {
            Self::Json => serde_json::from_slice(bytes).map_err(|error| invalid(&error)),
            Self::MsgPack => {
                if !msgpack::is_whole(bytes) {
                    return Err(invalid(&"it is not one whole value"));
                }
                let mut reader = rmp_serde::Deserializer::new(bytes);
                reader.set_max_depth(DEPTH_MAX);
                T::deserialize(&mut reader).map_err(|error| invalid(&error))
            }
        }
    }
}

/// The deepest nesting of a MessagePack frame. Values of topics go to 60, and a frame has some levels
/// around them.
pub const DEPTH_MAX: usize = 96;

/// The problem with what could not be read: the code of the text that was refused, else
/// `input.invalid`.
#[must_use]
pub fn invalid(error: &dyn std::fmt::Display) -> Problem {
    let mut message = error.to_string();
    // A parser may quote what it read; enough of it is enough.
    if let Some((cut, _)) = message.char_indices().nth(200) {
        message.truncate(cut);
    }
    match Coded::split(&message) {
        Some((code, sentence)) => Problem::new(code, sentence),
        None => Problem::new("input.invalid", message),
    }
}

#[cfg(test)]
mod tests {
    use kith_core::command::Command;
    use kith_core::id::{Seq, StreamId, Timestamp};
    use kith_core::text::MessageText;

    use super::*;
    use crate::frame::{Push, Request};

    fn request() -> Request {
        let stream = StreamId::new(Timestamp(1), 2);
        let text = MessageText::parse("hi").unwrap();
        let command = Command::Post {
            stream,
            text,
            reply_to: Some(Seq(4)),
            thread: None,
            topic: None,
            files: Vec::new(),
        };
        Request { command: Some(command), ..Request::new(7) }
    }

    #[test]
    fn both_encodings_carry_the_same() {
        for encoding in Encoding::ALL {
            let bytes = encoding.encode(&request());
            assert_eq!(encoding.decode::<Request>(&bytes), Ok(request()));
        }
    }

    #[test]
    fn unknown_fields_and_nonsense_are_refused_with_a_short_reason() {
        for bad in [r#"{"id":1,"fly":{}}"#, "[]", "", r#"{"id":1,"do":{"post":{"stream":"x"}}}"#] {
            let problem = Encoding::Json.decode::<Request>(bad.as_bytes()).unwrap_err();
            assert_eq!(problem.code, "input.invalid");
            assert!(problem.message.len() < 900);
        }
    }

    #[test]
    fn a_text_that_is_no_good_is_refused_by_its_own_code() {
        let stream = StreamId::new(Timestamp(1), 2);
        let post = |text: &str| serde_json::json!({"post": {"stream": stream, "text": text}});
        for (command, code) in [
            (serde_json::json!({"create_circle": {"name": ""}}), "input.empty"),
            (post("\u{7}"), "input.malformed"),
            (post(&"x".repeat(9000)), "input.too_long"),
        ] {
            let request = serde_json::json!({"id": 1, "do": command});
            for encoding in Encoding::ALL {
                let problem = encoding.decode::<Request>(&encoding.encode(&request)).unwrap_err();
                assert_eq!(problem.code, code, "{encoding:?} {problem}");
            }
        }
    }

    #[test]
    fn deep_nesting_is_refused_not_followed() {
        let deep = "[".repeat(100_000);
        assert!(Encoding::Json.decode::<Push>(deep.as_bytes()).is_err());
        let deep = [vec![0x91; 100_000], vec![0xc0]].concat();
        assert!(Encoding::MsgPack.decode::<Push>(&deep).is_err());
    }
}
