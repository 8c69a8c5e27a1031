//! The documents that a draft puts: mostly a handful, in one piece of memory.

use crate::document::{Doc, Key};

/// Documents by their keys, in the order of the keys; `None` for those that are removed.
///
/// A map of a tree begins with room for eleven of them, more than a kilobyte: an operation writes
/// three to eight, and there are as many of these as operations. Whoever puts many puts them in order
/// or pays for each that comes in between: the events and limits of one operation bound them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written(Vec<(Key, Option<Doc>)>);

impl Written {
    fn place(&self, key: &Key) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.cmp(key))
    }

    /// What is written under a key; nothing where it is left as it was.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<&Option<Doc>> {
        self.0.get(self.place(key).ok()?).map(|(_, doc)| doc)
    }

    /// As [`get`](Self::get), to be changed.
    pub fn get_mut(&mut self, key: &Key) -> Option<&mut Option<Doc>> {
        let place = self.place(key).ok()?;
        self.0.get_mut(place).map(|(_, doc)| doc)
    }

    /// Whether something is written under a key.
    #[must_use]
    pub fn contains_key(&self, key: &Key) -> bool {
        self.place(key).is_ok()
    }

    /// Writes a document, or that there is none.
    pub fn insert(&mut self, key: Key, doc: Option<Doc>) {
        match self.place(&key) {
            Ok(place) => {
                if let Some((_, old)) = self.0.get_mut(place) {
                    *old = doc;
                }
            }
            Err(place) => self.0.insert(place, (key, doc)),
        }
    }

    /// Whether nothing is written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of it, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Option<Doc>)> {
        self.0.iter().map(|(key, doc)| (key, doc))
    }

    /// The keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.0.iter().map(|(key, _)| key)
    }
}

impl IntoIterator for Written {
    type Item = (Key, Option<Doc>);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::id::{Timestamp, TopicId, UserId};

    fn key(number: u128) -> Key {
        match number % 2 {
            0 => Key::Series(UserId::new(Timestamp(1), number), "a".into()),
            _ => Key::State(TopicId::new(Timestamp(1), number)),
        }
    }

    proptest! {
        #[test]
        fn it_is_a_map_in_order(puts in proptest::collection::vec((0..20_u128, any::<Option<u64>>()), 0..40)) {
            let (mut written, mut map) = (Written::default(), BTreeMap::new());
            for (number, doc) in puts {
                let doc = doc.map(Doc::Series);
                written.insert(key(number), doc.clone());
                map.insert(key(number), doc);
                if let Some(doc) = written.get_mut(&key(3)) {
                    *doc = None;
                    map.insert(key(3), None);
                }
            }
            prop_assert_eq!(written.is_empty(), map.is_empty());
            for number in 0..20 {
                prop_assert_eq!(written.get(&key(number)), map.get(&key(number)));
                prop_assert_eq!(written.contains_key(&key(number)), map.contains_key(&key(number)));
            }
            prop_assert!(written.keys().eq(map.keys()));
            prop_assert!(written.iter().eq(map.iter()));
            prop_assert!(written.into_iter().eq(map));
        }
    }
}
