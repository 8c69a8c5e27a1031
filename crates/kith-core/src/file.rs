//! What a message says of the files that go with it, and what their contents are called.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::{FileId, IdError};
use crate::spelled;
use crate::text::{Color, FileName, MediaType};

/// The most files of one message.
pub const FILES_MAX: usize = 10;

/// The BLAKE3 hash of a content, by which it is stored: 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobHash([u8; 32]);

impl BlobHash {
    /// The hash of `content`.
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        Self(*blake3::hash(content).as_bytes())
    }

    /// The bytes of the hash.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for BlobHash {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for BlobHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for BlobHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for BlobHash {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        // One hash has one name: in small letters alone.
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(IdError);
        }
        blake3::Hash::from_hex(text).map(|hash| Self(*hash.as_bytes())).map_err(|_| IdError)
    }
}

impl Serialize for BlobHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BlobHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        spelled::read(deserializer)
    }
}

impl JsonSchema for BlobHash {
    fn schema_name() -> Cow<'static, str> {
        "BlobHash".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9a-f]{64}$" })
    }
}

/// A file as a message shows it: everything that is needed before the content is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attachment {
    /// The file.
    pub id: FileId,
    /// What it is called.
    pub name: FileName,
    /// What it is, as the server found by looking into it.
    #[serde(rename = "type")]
    pub media: MediaType,
    /// How many bytes it has.
    pub bytes: u64,
    /// The BLAKE3 hash of its content.
    pub hash: BlobHash,
    /// Of an image: its width in pixels, upright.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Of an image: its height in pixels, upright.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Of an image: its colour on the whole, to show until it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<Color>,
    /// Whether there is a small image of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub thumbnail: bool,
}

/// A small square image by which a user or a circle is known at a glance; the server made it of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Icon {
    /// The file.
    pub file: FileId,
    /// The BLAKE3 hash of the square: another image has another.
    pub hash: BlobHash,
    /// Its colour on the whole, to show until it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<Color>,
}

/// The units of sizes, each 1024 of the one before.
const UNITS: [&str; 5] = ["bytes", "KiB", "MiB", "GiB", "TiB"];

impl Attachment {
    /// The file as a line of text, for those who are shown nothing else: `[tea.jpg, 47.1 KiB]`.
    #[must_use]
    pub fn line(&self) -> String {
        let mut unit = 0;
        // As a whole number of tenths of the unit.
        let mut tenths = u128::from(self.bytes) * 10;
        while tenths >= 10_240 && unit + 1 < UNITS.len() {
            (tenths, unit) = (tenths.div_ceil(1024), unit + 1);
        }
        let name = UNITS.get(unit).copied().unwrap_or_default();
        match (unit, tenths % 10) {
            (0, _) | (_, 0) => format!("[{}, {} {name}]", self.name, tenths / 10),
            (_, tenth) => format!("[{}, {}.{tenth} {name}]", self.name, tenths / 10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_a_line_that_says_how_large_it_is() {
        for (bytes, size) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1024, "1 KiB"),
            (48_213, "47.1 KiB"),
            (26_214_400, "25 MiB"),
            (u64::MAX, "16777216 TiB"),
        ] {
            let about = Attachment {
                id: FileId::new(crate::id::Timestamp(1), 1),
                name: FileName::parse("tea.jpg").unwrap(),
                media: MediaType::parse("image/jpeg").unwrap(),
                bytes,
                hash: BlobHash::of(b""),
                width: None,
                height: None,
                color: None,
                thumbnail: false,
            };
            assert_eq!(about.line(), format!("[tea.jpg, {size}]"));
        }
    }

    #[test]
    fn a_hash_has_one_name() {
        let hash = BlobHash::of(b"tea");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert_eq!(hash.to_string().len(), 64);
        let upper = hash.to_string().to_uppercase();
        for bad in ["", "../../etc/passwd", &upper, &"0".repeat(63), &"g".repeat(64)] {
            assert!(bad.parse::<BlobHash>().is_err(), "{bad:?}");
        }
    }
}
