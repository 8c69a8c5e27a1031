//! What a feed's events add up to, as an answer to subscribing.

use kith_core::document::{Circle, Member, Message, Stream, Topic};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// The state of a feed: what its events add up to, or a window of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Of a stream: itself and its newest messages, oldest first, threads included.
    Stream {
        /// The stream.
        stream: Stream,
        /// Its newest messages.
        messages: Vec<Message>,
    },
    /// Of a circle: itself and the user's own membership.
    Circle {
        /// The circle.
        circle: Circle,
        /// The user's own membership.
        member: Member,
    },
    /// Of a topic: itself and its value.
    Topic {
        /// The topic.
        topic: Topic,
        /// Its value; the elements of a list with their names: `[{"element": …, "value": …}]`.
        value: Json,
    },
    /// Of any other feed: nothing but its end; ask for what is needed.
    Head {},
}
