//! Services: functions that members of a circle offer to each other. What is said of them, and how
//! much of it there may be.

use std::fmt::{self, Write};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::id::{CircleId, SessionId, StreamId, UserId};
use crate::refusal::Refusal;
use crate::text::{CallKey, FailureCode, Line};

/// The most bytes of one value that is passed to or from a service, about as JSON.
pub const VALUE_BYTES_MAX: usize = 64 * 1024;
/// The deepest nesting of such a value: every encoding reads it, within the frame that holds it.
pub const VALUE_DEPTH_MAX: usize = 16;
/// The most offers of one session.
pub const OFFERS_MAX: usize = 100;
/// The most services of one circle, those of the server apart.
pub const SERVICES_MAX: usize = 1000;
/// The most providers of one service.
pub const PROVIDERS_MAX: usize = 100;
/// The most open calls of one session.
pub const CALLS_MAX: usize = 100;
/// The most calls that wait for one service.
pub const WAITING_MAX: usize = 100;
/// How many calls a provider has at a time, unless it says otherwise.
pub const AT_ONCE: u32 = 16;
/// The most calls that a provider may have at a time.
pub const AT_ONCE_MAX: u32 = 1000;
/// The most items of a stream that a caller may have asked for and not yet been given.
pub const CREDIT_MAX: u32 = 1000;
/// How long a call may take, in milliseconds, unless the caller says otherwise.
pub const DEADLINE_MS: u32 = 30_000;
/// The longest that a call may take, in milliseconds.
pub const DEADLINE_MS_MAX: u32 = 3_600_000;

/// Which provider of a service gets a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// The one with the fewest calls for what it can take.
    #[default]
    Any,
    /// One after another.
    RoundRobin,
    /// Always the same for the same key of the caller, or for the same user without one, as long as
    /// it is there; when providers come or go, as few keys as possible move.
    Sticky,
}

/// The provider that a caller wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Provider {
    /// This session.
    Session(SessionId),
    /// Any session of this user.
    User(UserId),
}

/// Where two users meet: as long as they do, each may call the personal services of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Meeting {
    /// Both are the same.
    Oneself,
    /// In a circle in which both may call services.
    Circle(CircleId),
    /// In a direct stream or a group of both.
    Conversation(StreamId),
}

/// Why a service did not do what it was called for, in the words of its provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// Its code: what it means is between the provider and its callers.
    pub code: FailureCode,
    /// A sentence for a person.
    pub message: Line,
    /// What else there is to say.
    #[serde(default, skip_serializing_if = "Json::is_null")]
    pub data: Json,
}

/// About how many bytes a value takes as JSON.
///
/// # Errors
/// [`Refusal::LargeValue`] when it is more than [`VALUE_BYTES_MAX`], [`Refusal::Malformed`] when it
/// is nested deeper than [`VALUE_DEPTH_MAX`].
pub fn bytes_of(value: &Json) -> Result<usize, Refusal> {
    if !is_flat(value, VALUE_DEPTH_MAX) {
        return Err(Refusal::Malformed { field: "value" });
    }
    weight_of(value)
}

/// About how many bytes a value takes as JSON, however it is nested.
///
/// # Errors
/// [`Refusal::LargeValue`] when it is more than [`VALUE_BYTES_MAX`].
pub fn weight_of(value: &Json) -> Result<usize, Refusal> {
    let bytes = weight(value);
    if bytes > VALUE_BYTES_MAX {
        return Err(Refusal::LargeValue { max: VALUE_BYTES_MAX });
    }
    Ok(bytes)
}

/// Whether a value is nested at most so deep.
pub(crate) fn is_flat(value: &Json, depth: usize) -> bool {
    match value {
        Json::Array(items) => depth > 0 && items.iter().all(|item| is_flat(item, depth - 1)),
        Json::Object(entries) => {
            depth > 0 && entries.values().all(|value| is_flat(value, depth - 1))
        }
        _ => true,
    }
}

fn weight(value: &Json) -> usize {
    /// Counts the bytes that a number is written with.
    struct Count(usize);

    impl Write for Count {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0 += text.len();
            Ok(())
        }
    }

    match value {
        Json::Null | Json::Bool(_) => 4,
        Json::Number(number) => {
            let mut count = Count(0);
            // Counting does not fail.
            let _ = write!(count, "{number}");
            count.0
        }
        Json::String(text) => text.len() + 2,
        Json::Array(items) => items.iter().map(|item| weight(item) + 1).sum::<usize>() + 2,
        Json::Object(entries) => {
            entries.iter().map(|(key, value)| key.len() + 4 + weight(value)).sum::<usize>() + 2
        }
    }
}

/// How much the provider whose `place`-th connection under `session` it is attracts `key`: of several
/// providers the one that attracts it most is the key's (rendezvous hashing).
#[must_use]
pub fn attraction(key: Option<&CallKey>, caller: UserId, session: SessionId, place: usize) -> u64 {
    let mut hasher = blake3::Hasher::new();
    match key {
        Some(key) => hasher.update(key.as_str().as_bytes()),
        None => hasher.update(caller.to_string().as_bytes()),
    };
    hasher.update(&[0]);
    hasher.update(session.to_string().as_bytes());
    hasher.update(&(place as u64).to_le_bytes());
    let mut bytes = [0; 8];
    hasher.finalize_xof().fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Timestamp;

    #[test]
    fn few_keys_move_when_a_provider_goes_and_none_that_were_not_its_own() {
        let sessions: Vec<_> = (0..5).map(|n| SessionId::new(Timestamp(n), n.into())).collect();
        let caller = UserId::new(Timestamp(1), 1);
        let best = |key: &CallKey, sessions: &[SessionId]| {
            let all = sessions.iter().copied();
            all.max_by_key(|one| attraction(Some(key), caller, *one, 0)).unwrap()
        };
        let mut counts = [0; 5];
        for number in 0..1000 {
            let key = CallKey::parse(&format!("key {number}")).unwrap();
            let before = best(&key, &sessions);
            counts[sessions.iter().position(|one| *one == before).unwrap()] += 1;
            let after = best(&key, &sessions[..4]);
            assert!(before == after || before == sessions[4]);
        }
        assert!(counts.iter().all(|count| (100..300).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_value_is_bounded() {
        assert_eq!(bytes_of(&Json::Null), Ok(4));
        let value = serde_json::json!({"a": [1, -2.5, "x"], "b": {}});
        let (about, text) = (bytes_of(&value).unwrap(), value.to_string());
        assert!(about.abs_diff(text.len()) < 5, "{about} {text}");
        assert!(bytes_of(&"x".repeat(VALUE_BYTES_MAX).into()).is_err());
        let nested = |depth| (0..depth).fold(Json::Null, |inside, _| Json::Array(vec![inside]));
        assert!(bytes_of(&nested(VALUE_DEPTH_MAX)).is_ok());
        assert!(bytes_of(&nested(VALUE_DEPTH_MAX + 1)).is_err());
    }
}
