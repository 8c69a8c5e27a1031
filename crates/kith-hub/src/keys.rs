//! Keys of documents that begin with ids.

use kith_store::Range;

/// The keys of a collection that begin with an id.
pub(crate) fn prefix(collection: &'static str, id: &impl std::fmt::Display) -> Range {
    Range { collection, prefix: format!("{id}/"), after: None, before: None, descending: false }
}

/// What stands after the last `/` of a key.
pub(crate) fn last_part(key: &str) -> Option<&str> {
    key.rsplit('/').next()
}
