//! Names of things: 128-bit ids with a typed prefix, feed ids, and the numbers of events.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::spelled;

/// The alphabet of Crockford's base 32, lower case: no `i`, `l`, `o` or `u`.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 26 letters of 5 bits hold 128 bits.
const LETTERS: usize = 26;

/// A text that is not an id of the wanted kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid id")]
pub struct IdError;

/// What each byte counts as a letter of an id; [`NONE`] if it is none.
const DIGITS: [u8; 256] = {
    let mut digits = [NONE; 256];
    let mut digit = 0;
    while digit < ALPHABET.len() {
        digits[ALPHABET[digit] as usize] = digit as u8;
        digit += 1;
    }
    digits
};
const NONE: u8 = 255;

/// The text of an id, on the stack: events and answers are full of them.
#[derive(Clone, Copy)]
struct Spelling {
    bytes: [u8; Self::BYTES_MAX],
    len: usize,
}

impl Spelling {
    const BYTES_MAX: usize = AUDIT_CIRCLE.len() + LETTERS;

    fn plain(text: &str) -> Self {
        let mut bytes = [b'0'; Self::BYTES_MAX];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Self { bytes, len: text.len() }
    }

    fn of(prefix: &str, value: u128) -> Self {
        let mut bytes = [b'0'; Self::BYTES_MAX];
        let len = prefix.len() + LETTERS;
        bytes[..prefix.len()].copy_from_slice(prefix.as_bytes());
        let mut rest = value;
        for letter in bytes[prefix.len()..len].iter_mut().rev() {
            *letter = ALPHABET[(rest & 31) as usize];
            rest >>= 5;
        }
        Self { bytes, len }
    }

    fn as_str(&self) -> &str {
        // All of it is ASCII.
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }
}

fn decode(text: &str) -> Result<u128, IdError> {
    let bytes = text.as_bytes();
    // The first letter carries only the 3 highest of 128 bits.
    if bytes.len() != LETTERS || bytes[0] > b'7' {
        return Err(IdError);
    }
    let mut value = 0_u128;
    for byte in bytes {
        let digit = DIGITS[usize::from(*byte)];
        if digit == NONE {
            return Err(IdError);
        }
        value = value << 5 | u128::from(digit);
    }
    Ok(value)
}

/// Has serde read and write a type as its text.
macro_rules! spelled {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.spelling().as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                spelled::read(deserializer)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.spelling().as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(u128);

        spelled!($name);

        impl $name {
            /// What the text form starts with.
            pub const PREFIX: &str = $prefix;

            /// An id that sorts by time: 48 bits of milliseconds, then 80 of `random`.
            #[must_use]
            pub fn new(at: Timestamp, random: u128) -> Self {
                Self(u128::from(at.0) << 80 | random & ((1 << 80) - 1))
            }

            fn spelling(self) -> Spelling {
                Spelling::of($prefix, self.0)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let pattern = concat!("^", $prefix, "[0-7][0-9a-z]{25}$");
                json_schema!({ "type": "string", "pattern": pattern })
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                decode(text.strip_prefix($prefix).ok_or(IdError)?).map(Self)
            }
        }
    };
}

id! {
    /// An account, human or bot: `u_…`.
    UserId, "u_"
}
id! {
    /// A community: `c_…`.
    CircleId, "c_"
}
id! {
    /// A feed of messages: `s_…`.
    StreamId, "s_"
}
id! {
    /// A feed of changes to one typed value: `t_…`.
    TopicId, "t_"
}
id! {
    /// A named set of permissions in a circle: `r_…`.
    RoleId, "r_"
}
id! {
    /// A session, as its user may see and revoke it; never the secret itself: `d_…`.
    SessionId, "d_"
}
id! {
    /// An invite, as managers see and revoke it; never the code itself: `i_…`.
    InviteId, "i_"
}
id! {
    /// A file: `f_…`.
    FileId, "f_"
}

/// Milliseconds since the Unix epoch, as told by the clock that was passed in.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// This time and `ms` milliseconds more.
    #[must_use]
    pub fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// The milliseconds from `earlier` to this time; 0 where the clock went back.
    #[must_use]
    pub fn since_ms(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// The number of an event in its feed: 1, 2, 3 … without gaps; 0 stands before the first.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// The number that follows.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Anything ordered. The text form is the id of what the feed tells about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FeedId {
    /// The accounts of the site: `site`.
    Site,
    /// What concerns one user alone, read by no other (read markers, blocks, circles): `u_…`.
    User(UserId),
    /// The members and roles of a circle, read by its members: `c_…`.
    Circle(CircleId),
    /// Who did what to whom in a circle, read by those who may: `audit:c_…`.
    Audit(CircleId),
    /// The messages of a stream: `s_…`.
    Stream(StreamId),
    /// A topic and its changes: `t_…`.
    Topic(TopicId),
    /// The changes of an ephemeral topic, which no store has. Outside the server it goes by the name of
    /// the topic's own feed, and that stands for this one.
    Live(TopicId),
}

impl FeedId {
    /// Whether a store has its events.
    #[must_use]
    pub fn is_stored(self) -> bool {
        !matches!(self, Self::Live(_))
    }

    /// Hands its text to `take`, without one on the heap.
    pub(crate) fn with_text<T>(self, take: impl FnOnce(&str) -> T) -> T {
        take(self.spelling().as_str())
    }

    fn spelling(self) -> Spelling {
        match self {
            Self::Site => Spelling::plain("site"),
            Self::User(id) => id.spelling(),
            Self::Circle(id) => id.spelling(),
            Self::Audit(id) => Spelling::of(AUDIT_CIRCLE, id.0),
            Self::Stream(id) => id.spelling(),
            Self::Topic(id) | Self::Live(id) => id.spelling(),
        }
    }
}

spelled!(FeedId);

const AUDIT: &str = "audit:";
/// How the feed of a circle's audit log begins.
const AUDIT_CIRCLE: &str = "audit:c_";

impl JsonSchema for FeedId {
    fn schema_name() -> Cow<'static, str> {
        "FeedId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let pattern = "^(site|(u_|c_|s_|t_|audit:c_)[0-7][0-9a-z]{25})$";
        json_schema!({ "type": "string", "pattern": pattern })
    }
}

impl FromStr for FeedId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text == "site" {
            Ok(Self::Site)
        } else if let Some(circle) = text.strip_prefix(AUDIT) {
            circle.parse().map(Self::Audit)
        } else {
            match text.get(..2) {
                Some(UserId::PREFIX) => text.parse().map(Self::User),
                Some(CircleId::PREFIX) => text.parse().map(Self::Circle),
                Some(StreamId::PREFIX) => text.parse().map(Self::Stream),
                Some(TopicId::PREFIX) => text.parse().map(Self::Topic),
                _ => Err(IdError),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ids_survive_their_text_and_sort_alike(a: u128, b: u128) {
            let (x, y) = (UserId(a), UserId(b));
            prop_assert_eq!(x.to_string().parse::<UserId>(), Ok(x));
            prop_assert_eq!(x.cmp(&y), x.to_string().cmp(&y.to_string()));
        }

        #[test]
        fn any_text_is_an_id_or_an_error(text in "\\PC{0,40}") {
            if let Ok(feed) = text.parse::<FeedId>() {
                prop_assert_eq!(feed.to_string(), text);
            }
        }
    }

    #[test]
    fn a_feed_id_is_the_id_of_its_subject() {
        let circle = CircleId::new(Timestamp(5), 7);
        for feed in [FeedId::Site, FeedId::Circle(circle), FeedId::Audit(circle)] {
            assert_eq!(feed.to_string().parse(), Ok(feed));
        }
        assert_eq!("s_8zzzzzzzzzzzzzzzzzzzzzzzzz".parse::<FeedId>(), Err(IdError));
        assert_eq!("c_".parse::<FeedId>(), Err(IdError));
    }
}
