//! Places inside JSON.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// One step into JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Step {
    /// To an item of an array, counted from 0.
    At(u32),
    /// To an entry of an object.
    Key(String),
}

/// The steps from the outermost value to one inside: `["todo", 3, "done"]`. In a map the first step is a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Path(pub Vec<Step>);

/// The most steps of a path.
pub(super) const STEPS_MAX: usize = 64;

impl Path {
    /// The way to an entry of a map.
    #[must_use]
    pub fn key(key: &str) -> Self {
        Self(vec![Step::Key(key.to_owned())])
    }

    /// The steps before the last, and the last.
    pub(super) fn split(&self) -> Option<(&[Step], &Step)> {
        self.0.split_last().map(|(last, before)| (before, last))
    }

    /// About how many bytes it takes.
    pub(super) fn last_weight(&self) -> usize {
        match self.0.last() {
            Some(Step::Key(key)) => key.len() + 4,
            _ => 1,
        }
    }
}

/// What is there after `steps`.
pub(super) fn get<'a>(mut json: &'a Json, steps: &[Step]) -> Option<&'a Json> {
    for step in steps {
        json = match (json, step) {
            (Json::Object(entries), Step::Key(key)) => entries.get(key)?,
            (Json::Array(items), Step::At(place)) => items.get(*place as usize)?,
            _ => return None,
        };
    }
    Some(json)
}

/// What is there after `steps`, to be changed.
pub(super) fn get_mut<'a>(mut json: &'a mut Json, steps: &[Step]) -> Option<&'a mut Json> {
    for step in steps {
        json = match (json, step) {
            (Json::Object(entries), Step::Key(key)) => entries.get_mut(key)?,
            (Json::Array(items), Step::At(place)) => items.get_mut(*place as usize)?,
            _ => return None,
        };
    }
    Some(json)
}
