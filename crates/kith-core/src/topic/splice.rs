//! Edits of a string in places, and how one is reckoned over those that came before it.
//!
//! Places are counted in UTF-16 code units, as browsers and most editors count. The rules of
//! reckoning are those of topicsync (`docs/topics.md`), with one exception: a text that was put
//! inside a part which somebody else took out is kept.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::change::Change;
use crate::id::Seq;

/// A part of a string and what came in its place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Splice {
    /// Where, in UTF-16 code units from the beginning.
    pub at: u32,
    /// What was taken out there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub delete: String,
    /// What was put in there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub insert: String,
    /// The edits that it took back or did again, where it was made for that. A turn may need several
    /// splices; each says the whole of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<Turn>,
}

/// Edits of a string that are taken back, or done again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// Which: the numbers of their events, from and to.
    pub edits: Vec<(Seq, Seq)>,
    /// Whether they are done again.
    pub on: bool,
}

impl Splice {
    /// What takes it back, right after it.
    #[must_use]
    pub fn inverse(&self) -> Self {
        let (delete, insert) = (self.insert.clone(), self.delete.clone());
        Self { at: self.at, delete, insert, turn: None }
    }

    /// What it is after `earlier` happened, which it did not know of.
    #[must_use]
    pub fn over(&self, earlier: &Self) -> Self {
        let mut splice = self.clone();
        splice.over_deletion(earlier.at, units(&earlier.delete));
        splice.over_insertion(earlier.at, &earlier.insert);
        splice
    }

    /// What this, the earlier, still does after `later` was done, which did not know of it: with it
    /// the text is the same as after this and then `later` [over](Self::over) it. At most two edits,
    /// to be made one after the other.
    #[must_use]
    pub fn past(&self, later: &Self) -> Vec<Self> {
        let (from, until) = (self.at, self.end());
        let (start, end) = (later.at, later.end());
        // What the later one leaves to be taken out, on both sides of it.
        let before = part(&self.delete, 0, until.min(start).saturating_sub(from));
        let rest = from.max(end).min(until.max(end));
        let after = part(&self.delete, rest.saturating_sub(from), until.saturating_sub(from));
        let moved = (rest - (end - start)).saturating_add(units(&later.insert));
        let after_at = moved.saturating_sub(units(&before));
        let mut left = later.clone();
        left.over_deletion(from, until - from);
        let left_end = left.end();
        let leads = from < left.at || (from == left.at && left_end > left.at);
        let (first, second) = match (leads, from < left_end) {
            (true, _) => (self.insert.as_str(), ""),
            // The later one takes it out again.
            (false, true) => ("", ""),
            (false, false) => ("", self.insert.as_str()),
        };
        let both = [
            Self { at: from, delete: before, insert: first.to_owned(), turn: None },
            Self {
                at: after_at.saturating_add(units(first)),
                delete: after,
                insert: second.to_owned(),
                turn: None,
            },
        ];
        both.into_iter().filter(|edit| !edit.is_nothing()).collect()
    }

    /// The place after what is taken out.
    pub(super) fn end(&self) -> u32 {
        self.at.saturating_add(units(&self.delete))
    }

    /// Whether it changes no text.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.delete.is_empty() && self.insert.is_empty()
    }

    /// The change that asks for it, counted after the event `after`.
    #[must_use]
    pub fn asked(&self, after: Option<Seq>) -> Change {
        let (at, delete, insert) = (self.at, units(&self.delete), self.insert.clone());
        Change::Splice { at, delete, insert, after }
    }

    /// What it is after the whole text was replaced.
    #[must_use]
    pub fn over_set(&self) -> Self {
        Self { insert: self.insert.clone(), ..Self::default() }
    }

    fn over_deletion(&mut self, from: u32, count: u32) {
        let (start, end) = (self.at, self.end());
        let until = from.saturating_add(count);
        let shared = start.max(from)..end.min(until);
        if shared.start < shared.end {
            self.delete = without(&self.delete, shared.start - start, shared.end - start);
            self.at = start.min(from);
        } else if until <= start {
            self.at -= count;
        } else if from < start {
            self.at = from;
        }
    }

    fn over_insertion(&mut self, at: u32, text: &str) {
        let end = self.end();
        if at < self.at || (at == self.at && end > self.at) {
            self.at = self.at.saturating_add(units(text));
        } else if at < end
            && let Some(place) = byte_at(&self.delete, at - self.at)
        {
            self.delete.insert_str(place, text);
        }
    }
}

/// The UTF-16 code units of a text.
#[must_use]
pub fn units(text: &str) -> u32 {
    let count = if text.is_ascii() { text.len() } else { text.encode_utf16().count() };
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The byte at which a UTF-16 code unit begins; `None` beyond the end and inside a character.
#[must_use]
pub fn byte_at(text: &str, unit: u32) -> Option<usize> {
    let unit = unit as usize;
    if text.is_ascii() {
        return (unit <= text.len()).then_some(unit);
    }
    let mut passed = 0;
    for (place, char) in text.char_indices() {
        if passed >= unit {
            return (passed == unit).then_some(place);
        }
        passed += char.len_utf16();
    }
    (passed == unit).then_some(text.len())
}

/// The code units from `from` up to `until`; nothing where there are none.
pub(super) fn part(text: &str, from: u32, until: u32) -> String {
    let places = byte_at(text, from).zip(byte_at(text, until));
    places.and_then(|(from, until)| text.get(from..until)).unwrap_or_default().to_owned()
}

/// The text without the code units from `from` up to `until`.
fn without(text: &str, from: u32, until: u32) -> String {
    let (from, until) = (byte_at(text, from), byte_at(text, until));
    match from.zip(until).and_then(|(from, until)| Some((text.get(..from)?, text.get(until..)?))) {
        Some((before, after)) => [before, after].concat(),
        None => text.to_owned(),
    }
}
