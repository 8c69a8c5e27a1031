//! What is inside Yjs documents: merging their updates, telling what somebody misses, and the shared
//! text and JSON in them. The work is that of the crate `yrs`.
//!
//! All of it takes time and memory in proportion to the document, or more, and is to be done where
//! nobody waits behind it, with much [stack](STACK_BYTES). What is given is not trusted: where `yrs`
//! gives up in the middle the answer is [`Failed::Broken`].

mod json;

use std::panic::{AssertUnwindSafe, catch_unwind};

use kith_core::refusal::Refusal;
use kith_core::topic::text::NESTS_MAX;
use serde_json::Value as Json;
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{
    ClientID, Doc, GetString, OffsetKind, Options, ReadTxn, StateVector, Text, TextRef, Transact,
    Update,
};

/// Why it cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// The updates, or the state vector, cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// The document does things that its reader does not expect.
    #[error("the document is broken")]
    Broken,
    /// Types may be inside each other so deep that looking inside is not safe.
    #[error("the document is nested too deep")]
    TooDeep,
    /// The place is beyond the end of the text, or inside a character.
    #[error("there is no such place in the text")]
    OutOfRange,
    /// There is more in the document than is told.
    #[error("there is too much in the document")]
    TooLarge,
    /// The rules say no to one of the changes.
    #[error("change {place}: {refusal}")]
    Refused {
        /// Which, counted from 0.
        place: usize,
        /// Why.
        refusal: Box<Refusal>,
    },
}

impl From<yrs::encoding::read::Error> for Failed {
    fn from(error: yrs::encoding::read::Error) -> Self {
        Self::Unreadable(error.to_string())
    }
}

impl From<yrs::error::UpdateError> for Failed {
    fn from(error: yrs::error::UpdateError) -> Self {
        Self::Unreadable(error.to_string())
    }
}

/// How much stack the thread has to have that does this work, in bytes: it goes as deep into a
/// document as types are nested in it.
pub const STACK_BYTES: usize = 128 * 1024 * 1024;
/// Updates that are merged in one step.
const MERGED_AT_ONCE: usize = 32;

/// A document as the updates that made it. What they hold must have been checked before for its
/// form: its numbers, its texts, and how deep its values are nested.
#[derive(Clone, Copy, Debug)]
pub struct Updates<'a> {
    /// The updates, in the format v1.
    pub updates: &'a [&'a [u8]],
    /// How many pieces in them hold others.
    pub nests: usize,
}

impl Updates<'_> {
    /// All updates in one. What was taken out is left out where that can be done safely.
    ///
    /// # Errors
    /// [`Failed::Unreadable`], [`Failed::Broken`].
    pub fn merged(&self) -> Result<Vec<u8>, Failed> {
        guarded(|| {
            if self.nests > NESTS_MAX {
                return Ok(self.one()?.encode_v1());
            }
            let doc = self.open(0, false)?;
            Ok(doc.transact().encode_state_as_update_v1(&StateVector::default()))
        })
    }

    /// What somebody misses who has `state_vector`, as one update.
    ///
    /// # Errors
    /// [`Failed::Unreadable`], [`Failed::Broken`].
    pub fn missing(&self, state_vector: &[(u64, u32)]) -> Result<Vec<u8>, Failed> {
        let known: StateVector =
            state_vector.iter().map(|(client, clock)| (ClientID::new(*client), *clock)).collect();
        guarded(|| {
            let one;
            let all = match self.updates {
                [update] => update,
                _ => {
                    one = self.one()?.encode_v1();
                    one.as_slice()
                }
            };
            Ok(yrs::diff_updates_v1(all, &known.encode_v1())?)
        })
    }

    /// The shared text of a name.
    ///
    /// # Errors
    /// [`Failed`].
    pub fn text(&self, root: &str) -> Result<String, Failed> {
        guarded(|| {
            self.shallow()?;
            let (doc, text) = self.open_text(0, root)?;
            Ok(text.get_string(&doc.transact()))
        })
    }

    /// The names of all that is shared in the document, with the text and the JSON in each: null where
    /// there is too much of it.
    ///
    /// # Errors
    /// [`Failed`].
    pub fn roots(&self) -> Result<Vec<(String, String, Json)>, Failed> {
        guarded(|| {
            self.shallow()?;
            let doc = self.open(0, true)?;
            let mut names: Vec<String> =
                doc.transact().root_refs().map(|(name, _)| name.to_owned()).collect();
            names.sort();
            let roots = names.into_iter().map(|name| {
                let text = doc.get_or_insert_text(name.as_str()).get_string(&doc.transact());
                let map = doc.get_or_insert_map(name.as_str());
                let json = json::read(&doc.transact(), &map).unwrap_or_default();
                (name, text, json)
            });
            Ok(roots.collect())
        })
    }

    /// What puts `insert` into the place of a part of a shared text, as this client: no other may
    /// edit as it at the same time. Places are counted in UTF-16 code units. `None` where that
    /// changes nothing.
    ///
    /// # Errors
    /// [`Failed`].
    pub fn splice(
        &self,
        client: u32,
        root: &str,
        (at, delete): (u32, u32),
        insert: &str,
    ) -> Result<Option<Vec<u8>>, Failed> {
        guarded(|| {
            self.shallow()?;
            let (doc, text) = self.open_text(client.into(), root)?;
            let now = text.get_string(&doc.transact());
            let until = at.checked_add(delete).ok_or(Failed::OutOfRange)?;
            if !is_place(&now, at) || !is_place(&now, until) {
                return Err(Failed::OutOfRange);
            }
            if delete == 0 && insert.is_empty() {
                return Ok(None);
            }
            let mut writing = doc.transact_mut();
            if delete > 0 {
                text.remove_range(&mut writing, at, delete);
            }
            text.insert(&mut writing, at, insert);
            Ok(Some(writing.encode_update_v1()))
        })
    }

    /// All updates in one, with everything that was taken out.
    fn one(&self) -> Result<Update, Failed> {
        let decoded: Result<Vec<Update>, _> =
            self.updates.iter().map(|update| Update::decode_v1(update)).collect();
        let mut all = decoded?;
        // Merging many at once takes longer than in proportion.
        while all.len() > 1 {
            let mut rest = all.into_iter().peekable();
            all = Vec::new();
            while rest.peek().is_some() {
                all.push(Update::merge_updates(rest.by_ref().take(MERGED_AT_ONCE)));
            }
        }
        Ok(all.pop().unwrap_or_default())
    }

    fn shallow(&self) -> Result<(), Failed> {
        if self.nests > NESTS_MAX { Err(Failed::TooDeep) } else { Ok(()) }
    }

    fn open_text(&self, client: u64, root: &str) -> Result<(Doc, TextRef), Failed> {
        let doc = self.open(client, true)?;
        let text = doc.get_or_insert_text(root);
        Ok((doc, text))
    }

    /// The document, as this client has it. `keeps` what was taken out.
    fn open(&self, client: u64, keeps: bool) -> Result<Doc, Failed> {
        let mut options = Options::with_client_id(ClientID::new(client));
        options.offset_kind = OffsetKind::Utf16;
        options.skip_gc = keeps;
        let doc = Doc::with_options(options);
        let mut writing = doc.transact_mut();
        // One after the other, those that come before what they stand on are not always taken in
        // rightly when that comes.
        writing.apply_update(self.one()?)?;
        drop(writing);
        Ok(doc)
    }
}

/// Whether a place counted in UTF-16 code units is between two characters of a text.
fn is_place(text: &str, unit: u32) -> bool {
    let unit = unit as usize;
    let mut passed = 0;
    for char in text.chars() {
        if passed >= unit {
            break;
        }
        passed += char.len_utf16();
    }
    passed == unit
}

/// Does something that may give up in the middle. Nothing of it is used then.
fn guarded<T>(work: impl FnOnce() -> Result<T, Failed>) -> Result<T, Failed> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Failed::Broken))
}

#[cfg(test)]
mod tests;
