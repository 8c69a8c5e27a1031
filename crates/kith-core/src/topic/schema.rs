//! JSON Schemas to which the values of topics conform.
//!
//! The schema is what somebody with a permission wrote, and is applied while others wait: so it is
//! small, refers to nothing (what refers to itself can take exponential time), and its patterns are
//! matched in linear time.

use std::sync::{Arc, Mutex, PoisonError};

use jsonschema::{PatternOptions, Validator};
use serde_json::Value as Json;

use super::json;
use crate::refusal::Refusal;

/// The most bytes of a schema.
const SCHEMA_BYTES_MAX: usize = 4096;
/// The most characters of what a refusal says of a value.
const TOLD_CHARS: usize = 300;
/// Words of a schema that lead elsewhere, or look at a value again and again.
const FORBIDDEN: [&str; 7] = [
    "$ref",
    "$dynamicRef",
    "$recursiveRef",
    "$id",
    "$schema",
    "unevaluatedItems",
    "unevaluatedProperties",
];
/// Schemas that are at hand, ready to be used.
const READY_MAX: usize = 64;

/// Refuses a schema that cannot be used.
///
/// # Errors
/// [`Refusal::BadSchema`].
pub(crate) fn check(schema: &Json) -> Result<(), Refusal> {
    let bad = |why: &str| Err(Refusal::BadSchema { why: why.to_owned() });
    if json::weight(schema) > SCHEMA_BYTES_MAX {
        return bad("it is larger than 4 KiB");
    }
    if let Some(word) = forbidden(schema) {
        return bad(&format!("it has {word}"));
    }
    ready(schema).map(drop)
}

/// Refuses a value that does not conform to a schema.
///
/// # Errors
/// [`Refusal::Invalid`].
pub(crate) fn conforms(schema: &Json, value: &Json) -> Result<(), Refusal> {
    ready(schema)?.validate(value).map_err(|error| {
        let place = error.instance_path().to_string();
        let why = error.masked().to_string().chars().take(TOLD_CHARS).collect();
        Refusal::Invalid { place, why }
    })
}

fn forbidden(schema: &Json) -> Option<&'static str> {
    match schema {
        Json::Object(entries) => entries.iter().find_map(|(key, inner)| {
            FORBIDDEN.into_iter().find(|word| word == key).or_else(|| forbidden(inner))
        }),
        Json::Array(items) => items.iter().find_map(forbidden),
        _ => None,
    }
}

/// The schema, made ready. To make it so takes longer than to use it, so those that were used last
/// stay at hand; that changes no answer.
fn ready(schema: &Json) -> Result<Arc<Validator>, Refusal> {
    static READY: Mutex<Vec<(Json, Arc<Validator>)>> = Mutex::new(Vec::new());
    let mut all = READY.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(place) = all.iter().position(|(known, _)| known == schema) {
        let found = all.remove(place);
        let validator = Arc::clone(&found.1);
        all.push(found);
        return Ok(validator);
    }
    let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012);
    let made = options.with_pattern_options(PatternOptions::regex()).build(schema);
    let validator = Arc::new(made.map_err(|error| Refusal::BadSchema {
        why: error.to_string().chars().take(TOLD_CHARS).collect(),
    })?);
    if all.len() >= READY_MAX {
        all.remove(0);
    }
    all.push((schema.clone(), Arc::clone(&validator)));
    Ok(validator)
}
