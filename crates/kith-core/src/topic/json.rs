//! JSON as topics compare and count it.

use serde_json::{Number, Value as Json};

/// Whether two values are the same: numbers by what they count, objects whatever the order of their
/// keys.
#[must_use]
pub fn same(one: &Json, two: &Json) -> bool {
    match (one, two) {
        (Json::Number(one), Json::Number(two)) => {
            one == two
                || (int(one).is_some() && int(one) == int(two))
                || one.as_f64() == two.as_f64()
        }
        (Json::Array(one), Json::Array(two)) => {
            one.len() == two.len() && one.iter().zip(two).all(|(one, two)| same(one, two))
        }
        (Json::Object(one), Json::Object(two)) => {
            one.len() == two.len()
                && one.iter().all(|(key, value)| two.get(key).is_some_and(|two| same(value, two)))
        }
        _ => one == two,
    }
}

/// The whole number that `number` is; `1.0` is one.
pub(super) fn int(number: &Number) -> Option<i64> {
    let whole = |float: f64| {
        // Beyond 2^53 neighbours are the same number.
        let exact = float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_992.0;
        exact.then_some(float as i64)
    };
    number.as_i64().or_else(|| number.as_f64().filter(|_| !number.is_u64()).and_then(whole))
}

/// The finite number that `number` is.
pub(super) fn float(number: &Number) -> Option<f64> {
    number.as_f64().filter(|float| float.is_finite())
}

/// The items without those that are the same as an earlier one.
pub(super) fn distinct(items: &[Json]) -> Vec<Json> {
    let mut all: Vec<Json> = Vec::with_capacity(items.len());
    for item in items {
        if position(&all, item).is_none() {
            all.push(item.clone());
        }
    }
    all
}

/// Where in `items` one is that is the same.
pub(super) fn position(items: &[Json], item: &Json) -> Option<usize> {
    items.iter().position(|other| same(other, item))
}

/// How deep values are in each other; 0 for one that holds none.
pub(super) fn depth(json: &Json) -> usize {
    match json {
        Json::Array(items) => items.iter().map(depth).max().unwrap_or(0) + 1,
        Json::Object(entries) => entries.values().map(depth).max().unwrap_or(0) + 1,
        _ => 0,
    }
}

/// About how many bytes the text takes.
pub(super) fn weight(json: &Json) -> usize {
    match json {
        Json::Null | Json::Bool(_) => 4,
        Json::Number(_) => 8,
        Json::String(text) => text.len() + 2,
        Json::Array(items) => items.iter().map(|item| weight(item) + 1).sum::<usize>() + 2,
        Json::Object(entries) => {
            entries.iter().map(|(key, value)| key.len() + 4 + weight(value)).sum::<usize>() + 2
        }
    }
}
