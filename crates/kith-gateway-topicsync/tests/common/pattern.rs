//! How recorded messages are compared: placeholders stand for what differs from run to run.

use std::collections::HashMap;

use serde_json::Value as Json;

/// What placeholders stand for, by kind and name.
pub(crate) type Bound = HashMap<(String, String), Json>;

/// A part of a text.
enum Part<'a> {
    Text(&'a str),
    Hole(&'a str, &'a str),
}

fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${")
        && let Some((hole, after)) = after.split_once('}')
        && let Some((kind, name)) = hole.split_once(':')
    {
        if !before.is_empty() {
            parts.push(Part::Text(before));
        }
        parts.push(Part::Hole(kind, name));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    parts
}

fn key(kind: &str, name: &str) -> (String, String) {
    (kind.to_owned(), name.to_owned())
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The value with its placeholders replaced by what they stand for.
pub(crate) fn fill(value: &Json, bound: &Bound) -> Json {
    match value {
        Json::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), fill(value, bound))).collect()
        }
        Json::Array(items) => items.iter().map(|item| fill(item, bound)).collect(),
        Json::String(text) => match parts(text).as_slice() {
            [Part::Hole(kind, name)] => bound[&key(kind, name)].clone(),
            parts => Json::from(parts.iter().fold(String::new(), |text, part| match part {
                Part::Text(part) => text + part,
                Part::Hole(kind, name) => text + &plain(&bound[&key(kind, name)]),
            })),
        },
        other => other.clone(),
    }
}

/// Whether `got` is what was recorded; binds placeholders on the way.
pub(crate) fn matches(want: &Json, got: &Json, bound: &mut Bound) -> bool {
    match (want, got) {
        (Json::String(want), got) => matches_text(want, got, bound),
        (Json::Object(want), Json::Object(got)) => {
            want.len() == got.len()
                && want
                    .iter()
                    .all(|(name, want)| got.get(name).is_some_and(|got| matches(want, got, bound)))
        }
        (Json::Array(want), Json::Array(got)) => {
            want.len() == got.len()
                && want.iter().zip(got).all(|(want, got)| matches(want, got, bound))
        }
        (Json::Number(want), Json::Number(got)) => want == got || want.as_f64() == got.as_f64(),
        _ => want == got,
    }
}

fn matches_text(want: &str, got: &Json, bound: &mut Bound) -> bool {
    let parts = parts(want);
    if let [Part::Hole(kind, name)] = parts.as_slice() {
        return match bound.get(&key(kind, name)) {
            _ if *kind == "any" => true,
            Some(known) => known == got,
            None => {
                let is_new = !bound.values().any(|known| known == got);
                let fits = is_new && (*kind != "sid" || got.is_string());
                if fits {
                    bound.insert(key(kind, name), got.clone());
                }
                fits
            }
        };
    }
    let Some(mut rest) = got.as_str() else { return false };
    let mut unknown = None;
    for (place, part) in parts.iter().enumerate() {
        let text = match part {
            Part::Text(text) => (*text).to_owned(),
            Part::Hole(kind, name) => match bound.get(&key(kind, name)) {
                Some(known) => plain(known),
                None => {
                    assert!(place == 0, "{want}: a new placeholder begins its text");
                    unknown = Some(key(kind, name));
                    continue;
                }
            },
        };
        let at = if unknown.is_some() && place == 1 { rest.find(&text) } else { Some(0) };
        let Some(at) = at else { return false };
        if let Some(unknown) = unknown.take() {
            bound.insert(unknown, Json::from(&rest[..at]));
        }
        let Some(after) = rest[at..].strip_prefix(&text) else { return false };
        rest = after;
    }
    rest.is_empty()
}
