//! BSON as JSON, for clients that prefer it.

use bson::{RawArray, RawBsonRef, RawDocument};
use serde_json::{Map, Number, Value as Json};

/// How deep documents may be in each other, as in JSON that is read.
const DEPTH_MAX: usize = 128;

/// The document, if it holds nothing but what JSON has.
pub(crate) fn document(bytes: &[u8]) -> Option<Json> {
    object(RawDocument::from_bytes(bytes).ok()?, DEPTH_MAX)
}

fn object(document: &RawDocument, depth: usize) -> Option<Json> {
    let depth = depth.checked_sub(1)?;
    let mut members = Map::new();
    for member in document {
        let (name, member) = member.ok()?;
        members.insert(name.as_str().to_owned(), value(member, depth)?);
    }
    Some(Json::Object(members))
}

fn array(array: &RawArray, depth: usize) -> Option<Json> {
    let depth = depth.checked_sub(1)?;
    let items = array.into_iter().map(|item| value(item.ok()?, depth));
    items.collect::<Option<Vec<_>>>().map(Json::Array)
}

fn value(value: RawBsonRef<'_>, depth: usize) -> Option<Json> {
    Some(match value {
        RawBsonRef::Null => Json::Null,
        RawBsonRef::Boolean(value) => Json::Bool(value),
        RawBsonRef::Int32(value) => Json::from(value),
        RawBsonRef::Int64(value) => Json::from(value),
        RawBsonRef::Double(value) => Json::Number(Number::from_f64(value)?),
        RawBsonRef::String(value) => Json::from(value),
        RawBsonRef::Document(value) => object(value, depth)?,
        RawBsonRef::Array(value) => array(value, depth)?,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use bson::{Bson, doc};
    use serde_json::json;

    use super::*;

    #[test]
    fn what_json_has_is_read_and_nothing_else() {
        let known = doc! {"a": 1, "b": 2_i64, "c": 0.5, "d": [true, Bson::Null, {"e": "f"}]};
        let told = json!({"a": 1, "b": 2, "c": 0.5, "d": [true, null, {"e": "f"}]});
        assert_eq!(document(&known.to_vec().unwrap()), Some(told));
        for strange in [Bson::Double(f64::NAN), Bson::DateTime(bson::DateTime::MIN), Bson::MinKey] {
            assert_eq!(document(&doc! {"a": strange}.to_vec().unwrap()), None);
        }
    }

    #[test]
    fn nesting_has_an_end() {
        // Documents in each other, written by hand: the writer has an end of its own.
        let nested = |depth: usize| {
            let mut bytes = vec![5, 0, 0, 0, 0];
            for _ in 1..depth {
                let length = u32::try_from(bytes.len() + 8).unwrap();
                bytes = [&length.to_le_bytes()[..], &[3, b'a', 0], &bytes, &[0]].concat();
            }
            bytes
        };
        assert!(document(&nested(DEPTH_MAX)).is_some());
        assert!(document(&nested(DEPTH_MAX + 1)).is_none());
        assert!(document(&nested(3000)).is_none());
    }
}
