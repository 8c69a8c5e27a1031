//! What is stored of a topic.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::id::{CircleId, FeedId, RoleId, Seq, Timestamp, TopicId};
use crate::permission::Permissions;
use crate::refusal::Refusal;
use crate::text::{ServiceName, TopicName};
use crate::topic::text::Text;
use crate::topic::{Kind, State, Value, schema};

/// A topic: what it is; its value is kept apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Topic {
    /// Its id.
    pub id: TopicId,
    /// Whose it is.
    pub circle: CircleId,
    /// Its name, which no other topic of the circle has.
    pub name: TopicName,
    /// The kind of its value.
    pub holds: Kind,
    /// How it behaves.
    #[serde(default, skip_serializing_if = "Rules::is_default")]
    pub rules: Rules,
    /// What roles are denied in it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub deny: BTreeMap<RoleId, Permissions>,
    /// Since when there is one.
    pub created_at: Timestamp,
}

/// How a topic behaves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// The most bytes that its value may take as JSON, about; 64 KiB if absent, at most 512 KiB. Of a
    /// Yjs document the most bytes of its updates; 4 MiB if absent, which is the most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_max: Option<u32>,
    /// The most items, elements or entries of its value; 10 000 if absent, which is the most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count_max: Option<u32>,
    /// The most changes in a second, by everyone together; any number if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes_per_second: Option<u32>,
    /// A JSON Schema (draft 2020-12) to which its value, or the arguments of an event, conform after
    /// every transaction; at most 4 KiB, without references.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Arc<Json>>,
    /// Its value and its changes are kept in memory only, and gone with the last who follows it: then
    /// it has its first value again. Decided when it is made.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ephemeral: bool,
    /// Its changes are no steps: undo and redo leave them alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_undo: bool,
    /// Whoever follows it may be told of several changes as of one: when more than a few wait for a
    /// slow reader, the newest value is told in their place. Never of `event` and Yjs documents.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub merge: bool,
    /// The service of the circle that decides what becomes of a transaction that changes the topic.
    /// Not of a Yjs document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<ServiceName>,
    /// A Yjs document is behind it, as behind a `text`: what many write in it at the same time is merged,
    /// and its value is the document's map named `json`. Of the kind `json` only, and decided when it
    /// is made.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub yjs: bool,
    /// How much of what happened is kept. Of an ephemeral topic nothing is, whatever it says.
    #[serde(default, skip_serializing_if = "History::is_all")]
    pub history: History,
}

/// How much is kept of what happened to a topic. What is older is forgotten a little later, step by
/// step, up to where the value was kept last: there may be more for a while, never less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum History {
    /// All of it.
    #[default]
    All,
    /// At least so many of its last events.
    Last(NonZeroU32),
    /// Only what is needed to go on: the value, and the last hundred events for those who were away
    /// for a moment.
    None,
}

/// The events that are kept where no history is asked for.
pub const RESUMED: u64 = 100;

impl History {
    /// Whether nothing is ever forgotten.
    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Self::All
    }
}

impl Topic {
    /// The kind of its value as it is kept: of a `json` with a Yjs document that of a `text`.
    #[must_use]
    pub fn form(&self) -> Kind {
        self.rules.form(self.holds)
    }

    /// The feed in which its value changes.
    #[must_use]
    pub fn feed(&self) -> FeedId {
        if self.rules.ephemeral { FeedId::Live(self.id) } else { FeedId::Topic(self.id) }
    }
}

impl Rules {
    /// Whether nothing is set.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// How many of the last events stay; `None` where all do, and where no store has any.
    #[must_use]
    pub fn events_kept(&self) -> Option<u64> {
        match self.history {
            _ if self.ephemeral => None,
            History::All => None,
            History::Last(count) => Some(u64::from(count.get())),
            History::None => Some(RESUMED),
        }
    }

    /// The kind of the value of a topic that holds this, as it is kept.
    #[must_use]
    pub fn form(&self, holds: Kind) -> Kind {
        if self.yjs { Kind::Text } else { holds }
    }

    /// The value that a topic which holds this is made with: the empty one where none is told.
    ///
    /// # Errors
    /// As [`Kind::value`].
    pub fn value(&self, holds: Kind, json: Option<&Json>) -> Result<Value, Refusal> {
        match json {
            Some(json) if self.yjs => Text::of_json(json).map(Value::Text),
            Some(json) if holds != Kind::Event => holds.value(json, Seq(1)),
            _ => Ok(self.form(holds).empty()),
        }
    }

    /// The most bytes of the value of a topic of this form.
    #[must_use]
    pub fn bytes(&self, form: Kind) -> usize {
        let unless_set = if form == Kind::Text { 4 * 1024 * 1024 } else { 64 * 1024 };
        self.bytes_max.unwrap_or(unless_set) as usize
    }

    /// The most items, elements or entries of the value.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count_max.unwrap_or(COUNT_MAX) as usize
    }

    /// Refuses what no topic of this kind may have.
    ///
    /// # Errors
    /// [`Refusal::NoDocument`], [`Refusal::TooMany`], [`Refusal::BadSchema`], [`Refusal::BadGuard`].
    pub fn check(&self, holds: Kind) -> Result<(), Refusal> {
        let within = |asked: Option<u32>, max: u32| match asked {
            Some(asked) if asked > max => Err(Refusal::TooMany { max: max as usize }),
            _ => Ok(()),
        };
        if self.yjs && holds != Kind::Json {
            return Err(Refusal::NoDocument);
        }
        let form = self.form(holds);
        within(self.bytes_max, if form == Kind::Text { TEXT_BYTES_MAX } else { BYTES_MAX })?;
        within(self.count_max, COUNT_MAX)?;
        if let Some(guard) = &self.guard {
            let why = match form {
                Kind::Text => "what many write in a document is merged, and waits for nobody",
                _ if guard.is_reserved() => "the services of the server guard nothing",
                _ if guard.is_command() => "a slash command is called from within a stream",
                _ => "",
            };
            if !why.is_empty() {
                return Err(Refusal::BadGuard { why });
            }
        }
        match self.schema.as_deref() {
            Some(_) if form == Kind::Text => {
                Err(Refusal::BadSchema { why: "a Yjs document has none".to_owned() })
            }
            Some(schema) => schema::check(schema),
            None => Ok(()),
        }
    }
}

/// The most bytes that a topic's value may be allowed.
pub const BYTES_MAX: u32 = 512 * 1024;
/// The most bytes that a Yjs document may be allowed.
pub const TEXT_BYTES_MAX: u32 = 4 * 1024 * 1024;
/// The most items, elements or entries that a topic's value may be allowed.
pub const COUNT_MAX: u32 = 10_000;

/// Which topic has a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicRef {
    /// The topic.
    pub topic: TopicId,
}

/// A topic as it was after one of its events, so that it need not be told from its beginning, and can
/// go on without it. Those of a topic are so far apart that they take less than the events between
/// them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The event.
    pub seq: Seq,
    /// The kind of the value, as it is kept.
    pub holds: Kind,
    /// The value, with the names of elements.
    pub value: Json,
    /// What the topic was then. Where it is absent, what was before is still needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<Arc<Topic>>,
    /// BLAKE3 of all of this but itself: of a topic without its beginning nothing else vouches for
    /// its first value.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sum: String,
}

impl Kept {
    /// A topic as it is after the event `seq`.
    #[must_use]
    pub fn new(seq: Seq, topic: Arc<Topic>, state: &State) -> Self {
        Self::of(seq, topic, state.value.to_json())
    }

    /// The same of a value that is told already.
    #[must_use]
    pub fn of(seq: Seq, topic: Arc<Topic>, value: Json) -> Self {
        let holds = topic.form();
        let mut kept = Self { seq, holds, value, topic: Some(topic), sum: String::new() };
        kept.sum = kept.summed();
        kept
    }

    /// Whether a topic can go on from here without what was before.
    #[must_use]
    pub fn is_beginning(&self) -> bool {
        self.topic.is_some() && self.sum == self.summed()
    }

    fn summed(&self) -> String {
        let all = (self.seq, self.holds, &self.value, &self.topic);
        // A tuple of numbers, texts and maps with text keys: it always has a JSON.
        let json = serde_json::to_vec(&all).unwrap_or_default();
        blake3::hash(&json).to_hex().to_string()
    }
}

/// That a topic which keeps only the end of its history may have something to forget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// The event after which its value was last kept.
    pub kept: Seq,
}
