//! Files as they are stored: what is known of each, those that are still coming, and how much a user
//! has.

use serde::{Deserialize, Serialize};

use super::is_zero;
use crate::file::{Attachment, BlobHash};
use crate::id::{Timestamp, UserId};
use crate::text::{FileName, MediaType};

/// A file whose content is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Who uploaded it.
    pub owner: UserId,
    /// What messages say of it.
    pub about: Attachment,
    /// A small image of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbnail: Option<Thumbnail>,
    /// Of an image: the square in its middle, for whoever it is the [`Icon`](crate::file::Icon) of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub square: Option<Thumbnail>,
    /// When its upload was begun.
    pub created_at: Timestamp,
    /// How many messages, users and circles refer to it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub uses: u32,
    /// When it goes, because nothing refers to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

impl File {
    /// The blobs that it consists of.
    pub fn blobs(&self) -> impl Iterator<Item = BlobHash> {
        let made = [&self.thumbnail, &self.square].into_iter().flatten().map(|made| made.hash);
        std::iter::once(self.about.hash).chain(made)
    }
}

/// A small image of a file, which the server made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thumbnail {
    /// The hash of its content.
    pub hash: BlobHash,
    /// What it is.
    pub media: MediaType,
    /// How many bytes it has.
    pub bytes: u64,
}

/// A file that is not whole yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// Who uploads it.
    pub owner: UserId,
    /// What it is called.
    pub name: FileName,
    /// How many bytes it will have.
    pub bytes: u64,
    /// The hash that its content shall have, where its owner said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<BlobHash>,
    /// How many bytes are there, and on the disk.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub offset: u64,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When what is there of it goes.
    pub expires_at: Timestamp,
}

/// How much a user has uploaded, for the limits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Bytes of all files, and of those that are coming.
    pub bytes: u64,
    /// The day on which they began an upload last, counted from 1970.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub day: u64,
    /// How many they began on that day.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub begun: u32,
}
