//! What two devices say over their own connection: texts on one data channel, pieces of files on
//! another. All that comes from the other side is bounded here before anybody looks at it.

use kith_core::text::MessageText;
use serde::{Deserialize, Serialize};

use crate::hex::Hex;

/// The longest text frame, in bytes.
pub const FRAME_BYTES_MAX: usize = 64 * 1024;
/// The most bytes of a file in one frame.
pub const PIECE_BYTES_MAX: usize = 60 * 1024;
/// What stands before the bytes of a file: which file, and where in it.
const HEAD_BYTES: usize = 12;
/// The largest file.
pub const FILE_BYTES_MAX: u64 = 1 << 40;
/// The longest name that a file is offered under, in bytes.
pub const NAME_BYTES_MAX: usize = 1024;

/// A frame that is not as it should be. The session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the other side said what cannot be read")]
pub struct FrameError;

/// A text frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Frame {
    /// The first on every connection: the number of what is awaited next of the other side.
    Hello {
        /// Counted from 1.
        next: u64,
    },
    /// Everything before this number has arrived.
    Ack {
        /// The number of what is awaited next.
        next: u64,
    },
    /// Something that must arrive: it is said again on the next connection until it is acknowledged.
    Said {
        /// Its number: 1, 2, 3 … without gaps.
        n: u64,
        /// What.
        what: What,
    },
    /// Somebody writes.
    Typing {},
    /// Whoever takes a file wants it from here on.
    Resume {
        /// Which of the other side's.
        file: u32,
        /// How many bytes it has: whole blocks.
        from: u64,
        /// The sum over them.
        sum: Hex<32>,
    },
    /// Whoever takes a file has kept so much of it: more may come.
    Got {
        /// Which of the other side's.
        file: u32,
        /// How many bytes.
        bytes: u64,
    },
    /// The session is over.
    Bye {},
    /// Everything of a file was sent.
    Whole {
        /// Which of ours.
        file: u32,
        /// The sum over all of it.
        sum: Hex<32>,
    },
}

/// What must arrive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum What {
    /// A message.
    Message {
        /// What it says.
        text: MessageText,
    },
    /// A file is offered.
    Offer {
        /// Its number with whoever offers it: 1, 2, 3 …
        file: u32,
        /// Its name: whoever takes it makes one of it that is safe.
        name: String,
        /// How many bytes it has.
        size: u64,
    },
    /// A file is offered no longer.
    Withdraw {
        /// Which of ours.
        file: u32,
    },
    /// A file is not taken, or no longer.
    Refuse {
        /// Which of the other side's.
        file: u32,
    },
    /// A file arrived whole, and its sum fits.
    Kept {
        /// Which of the other side's.
        file: u32,
    },
}

impl Frame {
    /// Reads a text frame.
    ///
    /// # Errors
    /// [`FrameError`] when it is too long or of another shape.
    pub fn parse(bytes: &[u8]) -> Result<Self, FrameError> {
        if bytes.len() > FRAME_BYTES_MAX {
            return Err(FrameError);
        }
        let frame: Self = serde_json::from_slice(bytes).map_err(|_| FrameError)?;
        if let Self::Said { what: What::Offer { name, size, .. }, .. } = &frame
            && (name.len() > NAME_BYTES_MAX || *size > FILE_BYTES_MAX)
        {
            return Err(FrameError);
        }
        Ok(frame)
    }

    /// Its text.
    ///
    /// # Panics
    /// Never: a frame has nothing that JSON cannot say.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("a frame has nothing that JSON cannot say")
    }
}

/// A piece of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// The number of the file with whoever sends it.
    pub file: u32,
    /// Where in it.
    pub at: u64,
    /// What is there.
    pub bytes: &'a [u8],
}

impl<'a> Piece<'a> {
    /// Reads a frame of the channel of files.
    ///
    /// # Errors
    /// [`FrameError`] when it is too short or too long, or holds nothing.
    pub fn parse(frame: &'a [u8]) -> Result<Self, FrameError> {
        let (file, rest) = frame.split_first_chunk::<4>().ok_or(FrameError)?;
        let (at, bytes) = rest.split_first_chunk::<8>().ok_or(FrameError)?;
        if bytes.is_empty() || bytes.len() > PIECE_BYTES_MAX {
            return Err(FrameError);
        }
        Ok(Self { file: u32::from_be_bytes(*file), at: u64::from_be_bytes(*at), bytes })
    }

    /// Its frame.
    #[must_use]
    pub fn frame(&self) -> Vec<u8> {
        let mut frame = Vec::with_capacity(HEAD_BYTES + self.bytes.len());
        frame.extend_from_slice(&self.file.to_be_bytes());
        frame.extend_from_slice(&self.at.to_be_bytes());
        frame.extend_from_slice(self.bytes);
        frame
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn frames_are_read_as_they_are_written() {
        let text = MessageText::parse("tea?\n\"yes\"").unwrap();
        for (frame, json) in [
            (Frame::Hello { next: 1 }, r#"{"hello":{"next":1}}"#),
            (Frame::Typing {}, r#"{"typing":{}}"#),
            (
                Frame::Said { n: 2, what: What::Message { text } },
                r#"{"said":{"n":2,"what":{"message":{"text":"tea?\n\"yes\""}}}}"#,
            ),
            (Frame::Got { file: 1, bytes: 9 }, r#"{"got":{"file":1,"bytes":9}}"#),
        ] {
            assert_eq!(frame.text(), json);
            assert_eq!(Frame::parse(json.as_bytes()), Ok(frame));
        }
    }

    #[test]
    fn what_is_too_much_is_not_read() {
        let offer = |name: String, size| {
            let what = What::Offer { file: 1, name, size };
            Frame::parse(Frame::Said { n: 1, what }.text().as_bytes()).is_ok()
        };
        assert!(offer("a".repeat(NAME_BYTES_MAX), FILE_BYTES_MAX));
        assert!(!offer("a".repeat(NAME_BYTES_MAX + 1), 1));
        assert!(!offer("a".to_owned(), FILE_BYTES_MAX + 1));
        assert!(Frame::parse(br#"{"typing":{},"hello":{"next":1}}"#).is_err());
        assert!(Frame::parse(br#"{"typing":{"more":1}}"#).is_err());
        let message = "m".repeat(MessageText::CHARS_MAX + 1);
        let long = format!(r#"{{"said":{{"n":1,"what":{{"message":{{"text":"{message}"}}}}}}}}"#);
        assert!(Frame::parse(long.as_bytes()).is_err());
        assert!(Piece::parse(&[0; HEAD_BYTES]).is_err());
        assert!(Piece::parse(&vec![0; HEAD_BYTES + PIECE_BYTES_MAX + 1]).is_err());
    }

    #[test]
    fn the_longest_message_has_room_in_a_frame() {
        for one in ["\"", "\n", "🐢", "é"] {
            let text = format!("x{}x", one.repeat(MessageText::CHARS_MAX - 2));
            let text = MessageText::parse(&text).unwrap();
            let frame = Frame::Said { n: u64::MAX, what: What::Message { text } };
            assert!(frame.text().len() <= FRAME_BYTES_MAX);
        }
    }

    proptest! {
        #[test]
        fn a_piece_comes_through(file: u32, at: u64, bytes in prop::collection::vec(any::<u8>(), 1..99)) {
            let piece = Piece { file, at, bytes: &bytes };
            let frame = piece.frame();
            prop_assert_eq!(Piece::parse(&frame), Ok(piece));
        }

        #[test]
        fn anything_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Frame::parse(&bytes);
            let _ = Piece::parse(&bytes);
        }
    }
}
