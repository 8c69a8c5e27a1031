//! What is asked of the guard of a topic, and what it says.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{Asked, Change, Condition, Kind};
use crate::id::{CircleId, TopicId};
use crate::refusal::Refusal;
use crate::service::Failure;
use crate::text::{Label, OpId, TopicName};

/// A transaction that somebody asks for, as a guard is told of it: the arguments of a call that says
/// `guard`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// In which circle.
    pub circle: CircleId,
    /// The name that its sender gave the operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub op: Option<OpId>,
    /// The changes, in order.
    pub changes: Vec<Proposed>,
    /// What must hold before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<Condition>,
    /// What makes it one step with others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Label>,
}

/// One change of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Proposed {
    /// Which topic.
    pub topic: TopicId,
    /// What the topic is called.
    pub name: TopicName,
    /// The kind of its value.
    pub holds: Kind,
    /// How it shall change.
    pub change: Change,
}

/// What a guard lets happen: the result of its call. An empty object, or null, says: as proposed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// All that shall happen, in order, at most 1000 changes; what was proposed, as it was, if
    /// absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Vec<Granted>>,
    /// What must hold for it: where it does not, the guard is asked again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<Condition>,
}

/// One change that a guard lets happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Granted {
    /// One that was proposed, counted from 0, with the rights of whoever did.
    Proposed(u32),
    /// One of the guard's own, with the rights of its provider.
    Effect(Asked),
}

impl Verdict {
    /// Reads the result of a guard's call.
    ///
    /// # Errors
    /// [`Refusal::BadVerdict`].
    pub fn read(value: Json) -> Result<Self, Refusal> {
        if value.is_null() {
            return Ok(Self::default());
        }
        // An array would be read as the fields in their order.
        if !value.is_object() {
            return Err(Refusal::BadVerdict { why: "it is no object".to_owned() });
        }
        serde_json::from_value(value).map_err(|error| {
            // A sentence on what is wrong may repeat what the guard said.
            Refusal::BadVerdict { why: error.to_string().chars().take(WHY_MAX).collect() }
        })
    }
}

/// The most characters of why a guard's answer is no good.
const WHY_MAX: usize = 200;

/// What a guard says that refuses: as it is told to whoever asked. The change that the guard names in
/// `data` as `{"change": n}` is the one that the refusal is about.
#[must_use]
pub fn refused(failure: Failure, proposed: usize) -> Refusal {
    let named = failure.data.get("change").and_then(Json::as_u64);
    let place = named.and_then(|place| usize::try_from(place).ok()).filter(|at| *at < proposed);
    Refusal::Guard { place, failure: Box::new(failure) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::text::{FailureCode, Line};

    #[test]
    fn a_verdict_is_read_strictly() {
        for plain in [json!(null), json!({})] {
            assert_eq!(Verdict::read(plain), Ok(Verdict::default()));
        }
        let some = Verdict::read(json!({"changes": [{"proposed": 1}]}));
        assert_eq!(some.map(|some| some.changes), Ok(Some(vec![Granted::Proposed(1)])));
        for garbage in [
            json!(true),
            json!([]),
            json!("no".repeat(1000)),
            json!({"changes": 1}),
            json!({"changes": [0]}),
            json!({"changes": [{"proposed": -1}]}),
            json!({"changes": [{"effect": {"topic": "x", "change": {"set": {"value": 1}}}}]}),
            json!({"changes": [], "by": "u_1"}),
            json!({"when": [{"seq": 1}]}),
        ] {
            let Err(Refusal::BadVerdict { why }) = Verdict::read(garbage.clone()) else {
                panic!("{garbage}");
            };
            assert!(why.len() <= 4 * WHY_MAX);
        }
    }

    #[test]
    fn a_refusal_names_a_change_that_was_proposed() {
        let failure = |data: Json| Failure {
            code: FailureCode::parse("too.much").unwrap(),
            message: Line::parse("too much").unwrap(),
            data,
        };
        for (data, place) in [
            (json!({"change": 1}), Some(1)),
            (json!({"change": 2}), None),
            (json!({"change": -1}), None),
            (json!({"change": "1"}), None),
            (json!([1]), None),
            (json!(null), None),
        ] {
            assert_eq!(refused(failure(data), 2).change(), place);
        }
    }
}
