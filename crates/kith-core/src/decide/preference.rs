//! Preferences: what follows a user over devices. Each is checked by what its name says it is; beyond
//! that the server looks at none of them.

use std::collections::BTreeSet;
use std::str::FromStr;

use serde::Deserialize;
use serde_json::Value as Json;

use crate::command::Outcome;
use crate::decide::tell;
use crate::draft::{Draft, Stop};
use crate::event::Body;
use crate::id::{CircleId, FeedId, StreamId, Timestamp, UserId};
use crate::refusal::Refusal;
use crate::text::PreferenceKey;

/// The most bytes of a preference's JSON.
pub const VALUE_BYTES_MAX: usize = 8 * 1024;
/// The most bytes of the JSON of all preferences of a user.
pub const BYTES_MAX: usize = 128 * 1024;
/// The most preferences of a user.
pub const COUNT_MAX: usize = 2000;
/// The most streams or circles that one preference lists.
pub const LIST_MAX: usize = 200;

/// What a user is notified of.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Level {
    /// Every message.
    All,
    /// What means the user.
    Mentions,
    /// Nothing.
    Nothing,
}

/// How much a circle or a stream says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "these say what is valid, and are never used")]
struct Notify {
    #[serde(default)]
    level: Option<Level>,
    #[serde(default)]
    muted: bool,
    /// Muted until then, and no longer.
    #[serde(default)]
    muted_until: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Theme {
    System,
    Light,
    Dark,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Density {
    Compact,
    Normal,
    Roomy,
}

/// How clients look.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "these say what is valid, and are never used")]
struct Appearance {
    #[serde(default)]
    theme: Option<Theme>,
    #[serde(default)]
    density: Option<Density>,
    /// The size of text, in per cent.
    #[serde(default)]
    font_percent: Option<u16>,
    #[serde(default)]
    reduced_motion: Option<bool>,
}

/// Whether a preference of this name may be so.
fn is_valid(key: &str, value: &Json) -> bool {
    match key.split_once(':') {
        Some(("notify", of)) => {
            let is_id = of.parse::<CircleId>().is_ok() || of.parse::<StreamId>().is_ok();
            is_id && Notify::deserialize(value).is_ok()
        }
        Some(("page", name)) => !name.is_empty(),
        Some(_) => false,
        None => match key {
            "favourites" => {
                Vec::<StreamId>::deserialize(value).is_ok_and(|list| list.len() <= LIST_MAX)
            }
            "circles" => {
                Vec::<CircleId>::deserialize(value).is_ok_and(|list| list.len() <= LIST_MAX)
            }
            "appearance" => Appearance::deserialize(value).is_ok_and(|appearance| {
                appearance.font_percent.is_none_or(|percent| (50..=300).contains(&percent))
            }),
            "language" => value.as_str().is_some_and(|tag| {
                (2..=35).contains(&tag.len())
                    && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            }),
            _ => false,
        },
    }
}

/// Sets a preference, or forgets it.
pub(crate) fn set(
    draft: &mut Draft<'_>,
    me: UserId,
    key: &PreferenceKey,
    value: &Json,
) -> Result<Outcome, Stop> {
    let before = draft.preferences(me)?.unwrap_or_default();
    let mut outcome = Outcome::default();
    if before.values.get(key).unwrap_or(&Json::Null) == value {
        return Ok(outcome);
    }
    if !value.is_null() {
        let bytes = value.to_string().len();
        if bytes > VALUE_BYTES_MAX {
            return Err(Refusal::TooLong { field: "value", max: VALUE_BYTES_MAX }.into());
        }
        if !is_valid(key.as_str(), value) {
            return Err(Refusal::Malformed { field: "preference" }.into());
        }
        let others = before.values.iter().filter(|(other, _)| *other != key);
        let (count, sum) = others.fold((1, bytes), |(count, sum), (key, value)| {
            (count + 1, sum + key.as_str().len() + value.to_string().len())
        });
        if count > COUNT_MAX || sum > BYTES_MAX {
            return Err(Refusal::TooMany { max: COUNT_MAX }.into());
        }
    }
    let body = Body::PreferenceSet { key: key.clone(), value: value.clone() };
    tell(draft, &mut outcome, FeedId::User(me), body)?;
    Ok(outcome)
}

/// Has a user prefer nothing any more about streams that are gone, nor about the circle that is gone
/// with them.
pub(super) fn forget(
    draft: &mut Draft<'_>,
    user: UserId,
    circle: Option<CircleId>,
    streams: &BTreeSet<StreamId>,
) -> Result<(), Stop> {
    let Some(before) = draft.preferences(user)? else { return Ok(()) };
    for (key, value) in &before.values {
        let value = match key.as_str().split_once(':') {
            Some(("notify", of)) => {
                let is_gone = circle.is_some_and(|circle| of.parse() == Ok(circle))
                    || of.parse().is_ok_and(|stream| streams.contains(&stream));
                is_gone.then_some(Json::Null)
            }
            Some(_) => None,
            None if key.as_str() == "favourites" => {
                without(value, |id: &StreamId| streams.contains(id))
            }
            None if key.as_str() == "circles" => {
                without(value, |id: &CircleId| Some(*id) == circle)
            }
            None => None,
        };
        if let Some(value) = value {
            draft.emit(FeedId::User(user), Body::PreferenceSet { key: key.clone(), value })?;
        }
    }
    Ok(())
}

/// A list without those that are gone, where it has any of them.
fn without<T: FromStr>(list: &Json, is_gone: impl Fn(&T) -> bool) -> Option<Json> {
    let all = list.as_array()?;
    let is_gone =
        |id: &Json| id.as_str().and_then(|id| id.parse().ok()).is_some_and(|id| is_gone(&id));
    let left: Vec<Json> = all.iter().filter(|id| !is_gone(id)).cloned().collect();
    (left.len() < all.len()).then_some(Json::Array(left))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_preference_is_what_its_name_says() {
        let stream = "s_01h455vb4pex5vsknk084sn02q";
        let notify = format!("notify:{stream}");
        for (key, value, valid) in [
            (notify.as_str(), json!({"level": "mentions"}), true),
            (&notify, json!({"muted": true, "muted_until": 1_763_000_000_000_u64}), true),
            (&notify, json!({"level": "loud"}), false),
            (&notify, json!({"volume": 3}), false),
            ("notify:u_01h455vb4pex5vsknk084sn02q", json!({"level": "all"}), false),
            ("notify:", json!({}), false),
            ("favourites", json!([stream]), true),
            ("favourites", json!(["c_01h455vb4pex5vsknk084sn02q"]), false),
            ("favourites", json!(vec![stream; 201]), false),
            ("circles", json!(["c_01h455vb4pex5vsknk084sn02q"]), true),
            ("appearance", json!({"theme": "dark", "font_percent": 110}), true),
            ("appearance", json!({"font_percent": 1000}), false),
            ("appearance", json!({"theme": "pink"}), false),
            ("language", json!("pt-BR"), true),
            ("language", json!("<b>"), false),
            ("page:sidebar", json!({"any": ["thing"]}), true),
            ("page:", json!(1), false),
            ("other", json!(1), false),
        ] {
            assert_eq!(is_valid(key, &value), valid, "{key} {value}");
        }
    }
}
