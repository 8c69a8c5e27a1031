//! What happens in the demo, as it is written in `data/demo.json`.

use std::collections::BTreeMap;

use anyhow::Context;
use kith_core::id::Timestamp;
use kith_core::permission::Permissions;
use kith_core::text::{CircleName, DisplayName, Emoji, Line, MessageText, SectionName};
use kith_core::text::{StreamName, TopicName, UserName};
use kith_core::topic::Kind;
use serde::Deserialize;
use serde_json::Value;

const TEXT: &str = include_str!("../../data/demo.json");
const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;

/// The whole demo.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Script {
    pub(super) people: Vec<Person>,
    pub(super) circle: CircleName,
    pub(super) about: Line,
    /// By name.
    pub(super) moderators: Vec<String>,
    pub(super) streams: Vec<Channel>,
    pub(super) topics: Vec<Thing>,
    pub(super) talks: Vec<Talk>,
    pub(super) edits: Vec<Edit>,
    pub(super) moves: Vec<Moves>,
    pub(super) direct: Vec<Direct>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {
    pub(super) name: UserName,
    pub(super) shown: DisplayName,
}

/// A stream of the circle.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Channel {
    pub(super) name: StreamName,
    pub(super) about: Line,
    pub(super) section: SectionName,
    /// What those are denied who are no moderators.
    #[serde(default)]
    pub(super) deny: Permissions,
}

/// A topic of the circle.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Thing {
    pub(super) name: TopicName,
    pub(super) holds: Kind,
    pub(super) value: Value,
}

/// What is said in a stream, one after another.
#[derive(Deserialize)]
pub(super) struct Talk {
    pub(super) r#in: String,
    #[serde(flatten)]
    pub(super) said: Said,
}

/// What is said in a conversation.
#[derive(Deserialize)]
pub(super) struct Direct {
    /// By name: two, or a group.
    pub(super) with: Vec<String>,
    pub(super) name: Option<StreamName>,
    #[serde(flatten)]
    pub(super) said: Said,
}

#[derive(Deserialize)]
pub(super) struct Said {
    #[serde(flatten)]
    pub(super) when: When,
    pub(super) say: Vec<Message>,
}

/// When something begins: so many days ago at a time of day (UTC), or so long ago (`-HH:MM`).
#[derive(Deserialize)]
pub(super) struct When {
    days: u64,
    at: String,
}

impl When {
    pub(super) fn before(&self, present: Timestamp) -> anyhow::Result<Timestamp> {
        let (ago, time) = match self.at.strip_prefix('-') {
            Some(time) => (true, time),
            None => (false, self.at.as_str()),
        };
        let (hours, minutes) = time.split_once(':').context("a time is HH:MM")?;
        let of_day = (hours.parse::<u64>()? * 60 + minutes.parse::<u64>()?) * MINUTE_MS;
        let midnight = present.0 / DAY_MS * DAY_MS;
        Ok(Timestamp(match ago {
            true => present.0.saturating_sub(self.days * DAY_MS + of_day),
            false => midnight.saturating_sub(self.days * DAY_MS) + of_day,
        }))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Message {
    pub(super) by: String,
    pub(super) text: MessageText,
    /// What it is called by those that refer to it.
    pub(super) id: Option<String>,
    pub(super) reply: Option<String>,
    pub(super) thread: Option<String>,
    /// The topic that is shown live in it.
    pub(super) topic: Option<String>,
    #[serde(default)]
    pub(super) pin: bool,
    #[serde(default)]
    pub(super) react: BTreeMap<Emoji, Vec<String>>,
}

/// A message that is edited.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Edit {
    pub(super) of: String,
    pub(super) text: MessageText,
}

/// What a topic is set to, one after another.
#[derive(Deserialize)]
pub(super) struct Moves {
    pub(super) topic: String,
    pub(super) by: String,
    #[serde(flatten)]
    pub(super) when: When,
    pub(super) values: Vec<Value>,
}

impl Script {
    pub(super) fn read() -> anyhow::Result<Self> {
        serde_json::from_str(TEXT).context("data/demo.json")
    }
}
