//! The value of a `text`, and of a `json` with the rule `yjs`: a Yjs document, kept as the updates that
//! made it.
//!
//! An update says what somebody put into the document and took out of it, so that all who have the
//! same updates have the same document, in whichever order they got them. Kith never has to look
//! inside: it [scans](scan) an update for being one, keeps it as it came, and hands it on. What is in
//! a document (its text or JSON, the merging of many updates into one) is the business of others, who
//! do it without holding anybody up.

mod known;
mod made;
mod scan;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;

pub use known::Known;
pub use scan::{Scan, scan};

use super::json::depth;
use super::{DEPTH_MAX, Kind};
use crate::document::TEXT_BYTES_MAX;
use crate::refusal::Refusal;

/// The most bytes of one update.
pub const UPDATE_BYTES_MAX: usize = 2 * 1024 * 1024;
/// The most bytes of an update that is a whole document.
const WHOLE_BYTES_MAX: usize = TEXT_BYTES_MAX as usize;
/// The most pieces (insertions and gaps) that the updates of a document may have.
pub const PIECES_MAX: usize = 500_000;
/// The most ranges of a document that may be taken out.
pub const GONE_MAX: usize = 500_000;
/// The most clients that may have edited a document: each time an editor is opened and used it is
/// another one.
pub const CLIENTS_MAX: usize = 65_536;
/// The most types of a document that is looked into: all may be inside each other.
pub const NESTS_MAX: usize = 10_000;
/// The shared text that those who speak no Yjs read and write.
pub const ROOT: &str = "text";
/// The shared map that is the value of a `json`.
pub const JSON: &str = "json";

/// Unmerged bytes from which on merging is worth it.
const BULKY_BYTES: usize = 128 * 1024;
/// Unmerged updates from which on merging is worth it.
const BULKY_COUNT: usize = 8192;

/// An update of a Yjs document in the format v1, as Base64 in JSON.
#[derive(Clone, PartialEq, Eq, Hash, JsonSchema)]
#[schemars(with = "String")]
pub struct Update(Arc<[u8]>);

impl Update {
    /// These bytes, whatever they are: [`scan`] tells whether they are an update.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// What it says.
    ///
    /// # Errors
    /// [`Refusal::BadUpdate`].
    pub fn scan(&self) -> Result<Scan, Refusal> {
        scan(&self.0).map_err(|why| Refusal::BadUpdate { why })
    }

    /// About how many bytes it takes.
    pub(super) fn weight(&self) -> usize {
        self.0.len()
    }
}

impl std::fmt::Debug for Update {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Update({})", BASE64.encode(&self.0))
    }
}

impl Serialize for Update {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Update {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        let bytes = BASE64.decode(text.as_bytes()).map_err(serde::de::Error::custom)?;
        Ok(Self(bytes.into()))
    }
}

/// The JSON of a document.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Updates {
    updates: Vec<Update>,
}

fn updates(json: &Json) -> Result<Vec<Update>, Refusal> {
    let read = Updates::deserialize(json);
    read.map(|read| read.updates).map_err(|_| Refusal::WrongKind { kind: Kind::Text })
}

/// A Yjs document, as the updates that made it.
#[derive(Clone, Debug, Default)]
pub struct Text {
    /// All updates, in the order in which they came; the oldest may be many merged into one.
    updates: Vec<Update>,
    /// What they take together.
    bytes: usize,
    /// Pieces of all updates, however they overlap.
    pieces: usize,
    /// Pieces that hold others, of all updates.
    nests: usize,
    /// What they say, so that it is known what says nothing new.
    known: Arc<Known>,
}

// What is known follows from the updates.
impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.updates == other.updates
    }
}

impl Eq for Text {}

impl Text {
    /// The document that somebody asks for: `{"updates": […]}`, or what is to be written in it.
    pub(super) fn asked(json: &Json) -> Result<Self, Refusal> {
        // All of a document at once may have been merged into one update.
        let check = |text: &Self, update: &Update| text.check_within(update, WHOLE_BYTES_MAX);
        match json {
            Json::String(text) if text.is_empty() => Ok(Self::default()),
            Json::String(text) => Self::of(&[made::of_text(text)], check),
            _ => Self::of(&updates(json)?, check),
        }
    }

    /// The document that somebody asks for as that of a `json`: `{"updates": […]}`, or any other object,
    /// which is to be written in it.
    ///
    /// # Errors
    /// [`Refusal::WrongKind`], [`Refusal::TooDeep`], and as [`check`](Self::check).
    pub fn of_json(json: &Json) -> Result<Self, Refusal> {
        let Json::Object(entries) = json else {
            return Err(Refusal::WrongKind { kind: Kind::Json });
        };
        let are_updates = |value: &Json| matches!(value, Json::Array(_)) && entries.len() == 1;
        match entries.get("updates") {
            Some(value) if are_updates(value) => Self::asked(json),
            _ if depth(json) > DEPTH_MAX => Err(Refusal::TooDeep { max: DEPTH_MAX }),
            _ if entries.is_empty() => Ok(Self::default()),
            _ => {
                let check =
                    |text: &Self, update: &Update| text.check_within(update, WHOLE_BYTES_MAX);
                Self::of(&[made::of_entries(entries)], check)
            }
        }
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    pub(super) fn read(json: &Json) -> Result<Self, Refusal> {
        Self::of(&updates(json)?, |_, update| update.scan())
    }

    fn of(
        updates: &[Update],
        check: impl Fn(&Self, &Update) -> Result<Scan, Refusal>,
    ) -> Result<Self, Refusal> {
        let mut text = Self::default();
        for update in updates {
            let scan = check(&text, update)?;
            text.add(update, &scan);
        }
        Ok(text)
    }

    pub(super) fn to_json(&self) -> Json {
        let updates = self.updates.clone();
        // Texts alone: they always have a JSON.
        serde_json::to_value(Updates { updates }).unwrap_or_default()
    }

    /// All updates, in the order in which they came.
    #[must_use]
    pub fn updates(&self) -> &[Update] {
        &self.updates
    }

    /// What the updates take, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many pieces hold others; each may be inside another.
    #[must_use]
    pub fn nests(&self) -> usize {
        self.nests
    }

    /// What the updates say.
    #[must_use]
    pub fn known(&self) -> &Known {
        &self.known
    }

    /// Whether an update says anything that is not known.
    #[must_use]
    pub fn is_news(&self, update: &Scan) -> bool {
        self.known.is_news(update)
    }

    /// What an update says, if the document may take it.
    ///
    /// # Errors
    /// [`Refusal::BadUpdate`], [`Refusal::TooLarge`].
    pub fn check(&self, update: &Update) -> Result<Scan, Refusal> {
        self.check_within(update, UPDATE_BYTES_MAX)
    }

    fn check_within(&self, update: &Update, max: usize) -> Result<Scan, Refusal> {
        if update.0.len() > max {
            return Err(Refusal::TooLarge { max });
        }
        let scan = update.scan()?;
        let pieces = self.pieces + scan.pieces;
        let gone = self.known.gone() + scan.gone.len();
        if pieces > PIECES_MAX || gone > GONE_MAX {
            return Err(Refusal::TooLarge { max: PIECES_MAX });
        }
        if self.known.clients_with(&scan) > CLIENTS_MAX {
            return Err(Refusal::TooLarge { max: CLIENTS_MAX });
        }
        Ok(scan)
    }

    /// Takes an update in.
    pub(super) fn add(&mut self, update: &Update, scan: &Scan) {
        self.bytes += update.weight();
        self.pieces += scan.pieces;
        self.nests += scan.nests;
        Arc::make_mut(&mut self.known).add(scan);
        self.updates.push(update.clone());
    }

    /// Whether its updates are worth merging: reading it takes long by then.
    #[must_use]
    pub fn is_bulky(&self) -> bool {
        let Some((first, rest)) = self.updates.split_first() else { return false };
        let merged = first.weight();
        rest.len() > BULKY_COUNT || self.bytes - merged > BULKY_BYTES.max(merged)
    }

    /// The same document, made of `merged` alone; `None` where that leaves anything out.
    #[must_use]
    pub fn merged(&self, merged: &Update) -> Option<Self> {
        let text = Self::of(std::slice::from_ref(merged), |_, update| update.scan()).ok()?;
        text.known.covers(&self.known).then_some(text)
    }

    /// This document with `merged` in the place of what `before` had, of which it was made; `None`
    /// where it is no continuation of `before`.
    #[must_use]
    pub fn after_merge(&self, before: &Self, merged: &Self) -> Option<Self> {
        let rest = self.updates.strip_prefix(before.updates.as_slice())?;
        let mut text = merged.clone();
        for update in rest {
            text.add(update, &update.scan().ok()?);
        }
        Some(text)
    }
}

#[cfg(test)]
mod tests;
