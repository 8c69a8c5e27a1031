//! Awareness: what a session shows of itself to those who follow a feed with it (a cursor, a
//! selection, a name, a colour). It is never stored, and ends with the connection.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::refusal::Refusal;
use crate::service::is_flat;
use crate::text::Coded;

/// The most states that are shown in one feed.
pub const STATES_MAX: usize = 1000;
/// The most states that one connection shows, in all feeds.
pub const STATES_OWN_MAX: usize = 128;
/// The most states that one connection shows in one feed. Only gateways show more than one.
pub const STATES_OWN_HERE_MAX: usize = 16;

/// What a session shows of itself in a feed: a JSON object of at most [`AwareState::BYTES_MAX`] bytes,
/// nested at most [`AwareState::DEPTH_MAX`] deep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Map<String, Json>", into = "Map<String, Json>")]
#[schemars(with = "Map<String, Json>")]
pub struct AwareState {
    entries: Arc<Map<String, Json>>,
    bytes: usize,
}

impl AwareState {
    /// The most bytes of a state as JSON.
    pub const BYTES_MAX: usize = 16 * 1024;
    /// The deepest nesting of the values in a state.
    pub const DEPTH_MAX: usize = 16;

    /// Checks the size and the depth of a state.
    ///
    /// # Errors
    /// [`Refusal::TooLong`] or [`Refusal::Malformed`], of the field `state`.
    pub fn new(entries: Map<String, Json>) -> Result<Self, Refusal> {
        if !entries.values().all(|value| is_flat(value, Self::DEPTH_MAX)) {
            return Err(Refusal::Malformed { field: "state" });
        }
        // What was read from a text of this length can be written.
        let bytes = serde_json::to_vec(&entries).map_or(usize::MAX, |text| text.len());
        if bytes > Self::BYTES_MAX {
            return Err(Refusal::TooLong { field: "state", max: Self::BYTES_MAX });
        }
        Ok(Self { entries: Arc::new(entries), bytes })
    }

    /// What is in it.
    #[must_use]
    pub fn entries(&self) -> &Map<String, Json> {
        &self.entries
    }

    /// How many bytes it takes as JSON.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl TryFrom<Map<String, Json>> for AwareState {
    type Error = Coded;

    fn try_from(entries: Map<String, Json>) -> Result<Self, Coded> {
        Self::new(entries).map_err(Coded)
    }
}

impl From<AwareState> for Map<String, Json> {
    fn from(state: AwareState) -> Self {
        Arc::unwrap_or_clone(state.entries)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Json) -> Result<AwareState, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn a_state_is_an_object_of_a_bounded_size() {
        let state = json!({"cursor": {"anchor": 1, "head": 2}, "name": "ana"});
        assert_eq!(serde_json::to_value(read(state.clone()).unwrap()).unwrap(), state);
        let full = json!({"x": "x".repeat(AwareState::BYTES_MAX - 8)});
        assert_eq!(full.to_string().len(), AwareState::BYTES_MAX);
        assert!(read(full).is_ok());
        let over = json!({"x": "x".repeat(AwareState::BYTES_MAX - 7)});
        let error = read(over).unwrap_err();
        assert_eq!(Coded::split(&error).map(|(code, _)| code), Some("input.too_long"));
        let nested = |depth| (0..depth).fold(Json::Null, |inside, _| Json::Array(vec![inside]));
        assert!(read(json!({"x": nested(AwareState::DEPTH_MAX)})).is_ok());
        let error = read(json!({"x": nested(AwareState::DEPTH_MAX + 1)})).unwrap_err();
        assert_eq!(Coded::split(&error).map(|(code, _)| code), Some("input.malformed"));
        for other in [json!(7), json!([]), json!("x")] {
            assert!(read(other).is_err());
        }
    }
}
