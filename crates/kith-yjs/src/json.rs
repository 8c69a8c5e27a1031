//! The JSON in a document, and changes of it.
//!
//! Maps, arrays and texts are objects, arrays and texts; so are values that an editor put in as one.
//! Bytes are told as Base64; what JSON has no word for (XML, other documents, numbers without end, what
//! is deeper than values may be) is null, and an entry that is undefined is none.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kith_core::id::Seq;
use kith_core::refusal::Refusal;
use kith_core::topic::text::NESTS_MAX;
use kith_core::topic::{Change, DEPTH_MAX, Fact, Kind, Path, State, Step, Value, same};
use serde_json::{Map as Entries, Number, Value as Json};
use yrs::types::AsPrelim;
use yrs::{
    Any, Array, ArrayPrelim, ArrayRef, GetString, In, Map, MapPrelim, MapRef, Out, ReadTxn,
    Transact, TransactionMut,
};

use super::{Failed, Updates, guarded};

/// The most values that are told of a document.
const VALUES_MAX: usize = 500_000;
/// The largest number of which JavaScript counts all before it.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

impl Updates<'_> {
    /// The JSON of the shared map of a name.
    ///
    /// # Errors
    /// [`Failed`].
    pub fn json(&self, root: &str) -> Result<Json, Failed> {
        guarded(|| {
            self.shallow()?;
            let doc = self.open(0, true)?;
            let map = doc.get_or_insert_map(root);
            read(&doc.transact(), &map)
        })
    }

    /// What changes of the shared map of a name come to, one after the other, as this client: no other
    /// may edit as it at the same time. They are those of a topic of the kind `json`, with its rules;
    /// one that changes nothing comes to an update that says nothing.
    ///
    /// # Errors
    /// [`Failed`].
    pub fn changed(
        &self,
        client: u32,
        root: &str,
        changes: &[Change],
    ) -> Result<Vec<Vec<u8>>, Failed> {
        guarded(|| {
            self.shallow()?;
            let doc = self.open(client.into(), true)?;
            let map = doc.get_or_insert_map(root);
            let mut state = State::new(Seq(1), Value::Json(read(&doc.transact(), &map)?));
            let mut nests = self.nests;
            let mut updates = Vec::with_capacity(changes.len());
            for (place, change) in changes.iter().enumerate() {
                let refused = |refusal| Failed::Refused { place, refusal: Box::new(refusal) };
                let fact = state.resolve(Seq(2), change).map_err(refused)?;
                let before = state.value.to_json();
                state.apply(Seq(2), &fact);
                let Value::Json(Json::Object(after)) = &state.value else {
                    return Err(refused(Refusal::WrongKind { kind: Kind::Json }));
                };
                let mut writing = doc.transact_mut();
                let mut writer = Writer { writing: &mut writing, nests };
                writer.write(&map, &fact, &before, after);
                nests = writer.nests;
                if nests > NESTS_MAX {
                    return Err(refused(Refusal::TooLarge { max: NESTS_MAX }));
                }
                updates.push(writing.encode_update_v1());
            }
            Ok(updates)
        })
    }
}

/// The JSON of a map.
pub(super) fn read<T: ReadTxn>(reading: &T, map: &MapRef) -> Result<Json, Failed> {
    let mut reader = Reader { reading, left: VALUES_MAX };
    reader.entries(map, 1)
}

/// Reads values, as many as are left to be told.
struct Reader<'a, T> {
    reading: &'a T,
    left: usize,
}

impl<T: ReadTxn> Reader<'_, T> {
    fn entries(&mut self, map: &MapRef, depth: usize) -> Result<Json, Failed> {
        let mut entries = Entries::new();
        for (key, value) in map.iter(self.reading) {
            if value != Out::Any(Any::Undefined) {
                entries.insert(key.to_owned(), self.value(value, depth)?);
            }
        }
        Ok(Json::Object(entries))
    }

    /// A value that is in `depth` others.
    fn value(&mut self, value: Out, depth: usize) -> Result<Json, Failed> {
        self.left = self.left.checked_sub(1).ok_or(Failed::TooLarge)?;
        Ok(match value {
            Out::Any(value) => return self.plain(&value, depth),
            Out::YText(text) => Json::String(text.get_string(self.reading)),
            Out::YMap(_) | Out::YArray(_) if depth >= DEPTH_MAX => Json::Null,
            Out::YMap(map) => self.entries(&map, depth + 1)?,
            Out::YArray(array) => {
                let items: Vec<Out> = array.iter(self.reading).collect();
                let items = items.into_iter().map(|item| self.value(item, depth + 1));
                Json::Array(items.collect::<Result<_, _>>()?)
            }
            _ => Json::Null,
        })
    }

    fn plain(&mut self, value: &Any, depth: usize) -> Result<Json, Failed> {
        Ok(match value {
            Any::Null | Any::Undefined => Json::Null,
            Any::Bool(value) => Json::Bool(*value),
            Any::Number(yrs::any::Number::Int(whole)) => Json::from(*whole),
            Any::Number(yrs::any::Number::Float(float)) => number(*float),
            Any::String(text) => Json::String(text.to_string()),
            Any::Buffer(bytes) => Json::String(BASE64.encode(bytes)),
            Any::Array(_) | Any::Map(_) if depth >= DEPTH_MAX => Json::Null,
            Any::Array(items) => {
                self.left = self.left.checked_sub(items.len()).ok_or(Failed::TooLarge)?;
                let items = items.iter().map(|item| self.plain(item, depth + 1));
                Json::Array(items.collect::<Result<_, _>>()?)
            }
            Any::Map(entries) => {
                self.left = self.left.checked_sub(entries.len()).ok_or(Failed::TooLarge)?;
                let there = entries.iter().filter(|(_, value)| **value != Any::Undefined);
                let told =
                    there.map(|(key, value)| Ok((key.clone(), self.plain(value, depth + 1)?)));
                Json::Object(told.collect::<Result<_, Failed>>()?)
            }
        })
    }
}

/// A number as JavaScript writes it: whole ones without a point, and 0 without a sign.
fn number(float: f64) -> Json {
    if float.fract() == 0.0 && float.abs() <= WHOLE_MAX {
        return Json::from(float as i64);
    }
    Number::from_f64(float).map_or(Json::Null, Json::Number)
}

/// In what a change is made.
enum Holder {
    Map(MapRef),
    Array(ArrayRef),
}

/// Writes into a document, and counts the types that it puts there.
struct Writer<'a, 'doc> {
    writing: &'a mut TransactionMut<'doc>,
    nests: usize,
}

impl Writer<'_, '_> {
    /// Makes what happened to the JSON happen to the document: `before` was its JSON, `after` is to be.
    fn write(&mut self, root: &MapRef, fact: &Fact, before: &Json, after: &Entries<String, Json>) {
        let (Fact::Put { path, .. } | Fact::Drop { path, .. } | Fact::Rename { path, .. }) = fact
        else {
            return self.all(root, before, after);
        };
        let Some((last, steps)) = path.0.split_last() else {
            return self.all(root, before, after);
        };
        let mut holder = Holder::Map(root.clone());
        for (place, step) in steps.iter().enumerate() {
            match self.inner(&holder, step) {
                Some(inner) => holder = inner,
                // A value that was put in as one is put in anew, as types.
                None => {
                    let path = Path(path.0.iter().take(place + 1).cloned().collect());
                    if let Some(value) = at(after, &path) {
                        self.put(&holder, step, value, true);
                    }
                    return;
                }
            }
        }
        match fact {
            Fact::Put { value, was, .. } => self.put(&holder, last, value, was.is_some()),
            Fact::Drop { .. } => self.take(&holder, last),
            Fact::Rename { key, .. } => self.rename(&holder, last, key),
            _ => {}
        }
    }

    /// Makes the whole map as it is to be, and leaves alone what is so already.
    fn all(&mut self, root: &MapRef, before: &Json, after: &Entries<String, Json>) {
        let none = Entries::new();
        let before = before.as_object().unwrap_or(&none);
        for key in before.keys().filter(|key| !after.contains_key(*key)) {
            root.remove(self.writing, key);
        }
        for (key, value) in after {
            if !before.get(key).is_some_and(|now| same(now, value)) {
                let value = self.prelim(value);
                root.insert(self.writing, key.as_str(), value);
            }
        }
    }

    /// The type at a place, if one is there that can be edited in its parts.
    fn inner(&self, holder: &Holder, step: &Step) -> Option<Holder> {
        let found = match (holder, step) {
            (Holder::Map(map), Step::Key(key)) => map.get(self.writing, key),
            (Holder::Array(array), Step::At(at)) => array.get(self.writing, *at),
            _ => None,
        };
        match found? {
            Out::YMap(map) => Some(Holder::Map(map)),
            Out::YArray(array) => Some(Holder::Array(array)),
            _ => None,
        }
    }

    /// Puts a value to a place; in an array `instead` of what is there.
    fn put(&mut self, holder: &Holder, step: &Step, value: &Json, instead: bool) {
        let value = self.prelim(value);
        match (holder, step) {
            (Holder::Map(map), Step::Key(key)) => {
                map.insert(self.writing, key.as_str(), value);
            }
            (Holder::Array(array), Step::At(at)) => {
                if instead {
                    array.remove(self.writing, *at);
                }
                array.insert(self.writing, *at, value);
            }
            _ => {}
        }
    }

    fn take(&mut self, holder: &Holder, step: &Step) {
        match (holder, step) {
            (Holder::Map(map), Step::Key(key)) => {
                map.remove(self.writing, key);
            }
            (Holder::Array(array), Step::At(at)) => array.remove(self.writing, *at),
            _ => {}
        }
    }

    /// Puts what is at a key to another, types and all that is in them.
    fn rename(&mut self, holder: &Holder, step: &Step, to: &str) {
        let (Holder::Map(map), Step::Key(key)) = (holder, step) else { return };
        let Some(found) = map.get(self.writing, key) else { return };
        let value = found.as_prelim(self.writing);
        self.nests += nests(&value);
        map.remove(self.writing, key);
        map.insert(self.writing, to, value);
    }

    /// A value, its objects and arrays as types.
    fn prelim(&mut self, value: &Json) -> In {
        let value = prelim(value);
        self.nests += nests(&value);
        value
    }
}

fn prelim(value: &Json) -> In {
    match value {
        Json::Null => In::Any(Any::Null),
        Json::Bool(value) => In::Any(Any::Bool(*value)),
        Json::Number(number) => {
            let float = number.as_f64().unwrap_or_default();
            let whole = float.fract() == 0.0 && float.abs() <= WHOLE_MAX;
            In::Any(if whole { Any::from(float as i64) } else { Any::from(float) })
        }
        Json::String(text) => In::Any(Any::String(text.as_str().into())),
        Json::Array(items) => In::Array(items.iter().map(prelim).collect::<ArrayPrelim>()),
        Json::Object(entries) => {
            let entries =
                entries.iter().map(|(key, value)| (Arc::from(key.as_str()), prelim(value)));
            In::Map(entries.collect::<MapPrelim>())
        }
    }
}

/// How many types there are in a value, itself included.
fn nests(value: &In) -> usize {
    match value {
        In::Any(_) => 0,
        In::Array(items) => 1 + items.iter().map(nests).sum::<usize>(),
        In::Map(entries) => 1 + entries.values().map(nests).sum::<usize>(),
        _ => 1,
    }
}

fn at<'a>(root: &'a Entries<String, Json>, path: &Path) -> Option<&'a Json> {
    let (first, rest) = path.0.split_first()?;
    let Step::Key(key) = first else { return None };
    rest.iter().try_fold(root.get(key)?, |value, step| match step {
        Step::Key(key) => value.get(key),
        Step::At(at) => value.get(*at as usize),
    })
}

#[cfg(test)]
mod tests;
