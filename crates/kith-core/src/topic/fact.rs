//! What happened to a topic: exact, with what it replaced.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value as Json};

use super::json;
use super::path::Path;
use super::splice::Splice;
use super::text::Update;
use crate::text::ElementId;

/// What happened to the value of a topic. Places are counted from 0 at the time of the event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fact {
    /// The whole value was replaced. Both are written as a snapshot writes them.
    Set {
        /// The value now.
        value: Json,
        /// The value before.
        was: Json,
    },
    /// A number was added to.
    Add {
        /// How much.
        by: Number,
        /// Of a float: the value before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        was: Option<Number>,
    },
    /// An item came into a set.
    Append {
        /// Which.
        item: Json,
        /// Where among its items; absent for the end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<u32>,
    },
    /// An item left a set.
    Exclude {
        /// Which.
        item: Json,
        /// Where among its items it was.
        at: u32,
    },
    /// An element came into a list.
    Insert {
        /// Its name.
        element: ElementId,
        /// Where.
        at: u32,
        /// Its value.
        value: Json,
    },
    /// An element left a list.
    Remove {
        /// Which.
        element: ElementId,
        /// Where it was.
        at: u32,
        /// Its value.
        was: Json,
    },
    /// An element of a list went elsewhere.
    Move {
        /// Which.
        element: ElementId,
        /// Where it was.
        from: u32,
        /// Where it is.
        to: u32,
    },
    /// An element of a list got another value.
    Replace {
        /// Which.
        element: ElementId,
        /// Where it is.
        at: u32,
        /// Its value now.
        value: Json,
        /// Its value before.
        was: Json,
    },
    /// An entry of a map or of JSON was set.
    Put {
        /// Which.
        path: Path,
        /// Its value now.
        value: Json,
        /// Its value before; absent where there was none.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "some")]
        was: Option<Json>,
        /// In an array: it came in between, and what was there and after moved on.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        between: bool,
    },
    /// An entry of a map or of JSON was taken out; in an array what was after it moved up.
    Drop {
        /// Which.
        path: Path,
        /// Its value before.
        was: Json,
    },
    /// An entry got another key.
    Rename {
        /// Which, by its key before.
        path: Path,
        /// Its key now.
        key: String,
    },
    /// A part of a string was replaced.
    Splice(Splice),
    /// Updates came into the Yjs document of a `text` or a `json`.
    Update {
        /// Which, in the order in which they were made.
        updates: Vec<Update>,
    },
    /// Something happened.
    Emit {
        /// What.
        args: Map<String, Json>,
    },
}

impl Fact {
    /// How deep values are in each other where it puts them.
    pub(super) fn depth(&self) -> usize {
        match self {
            Self::Set { value, .. } => json::depth(value),
            Self::Put { path, value, .. } => path.0.len() + json::depth(value),
            Self::Append { item: value, .. }
            | Self::Insert { value, .. }
            | Self::Replace { value, .. } => json::depth(value) + 1,
            Self::Emit { args } => args.values().map(json::depth).max().unwrap_or(0) + 1,
            _ => 0,
        }
    }

    /// Whether it is of those that can be taken back.
    #[must_use]
    pub fn can_turn_back(&self) -> bool {
        !matches!(self, Self::Emit { .. } | Self::Update { .. })
    }

    /// Whether it changes what one sees.
    #[must_use]
    pub fn is_visible(&self) -> bool {
        match self {
            Self::Splice(splice) => !splice.delete.is_empty() || !splice.insert.is_empty(),
            _ => true,
        }
    }

    /// What it takes and gives.
    #[must_use]
    pub fn growth(&self) -> Growth {
        let new = |more, one_more| Growth { less: 0, more, one_more };
        let gone = |less| Growth { less, more: 0, one_more: false };
        match self {
            Self::Set { value, was } => {
                Growth { less: json::weight(was), more: json::weight(value), one_more: true }
            }
            Self::Replace { value, was, .. } => {
                Growth { less: json::weight(was), more: json::weight(value), one_more: false }
            }
            Self::Put { path, value, was, .. } => Growth {
                less: was.as_ref().map_or(0, json::weight),
                more: json::weight(value) + path.last_weight(),
                one_more: was.is_none(),
            },
            Self::Append { item, .. } => new(json::weight(item), true),
            Self::Insert { value, .. } => new(json::weight(value), true),
            Self::Exclude { item, .. } => gone(json::weight(item)),
            Self::Remove { was, .. } | Self::Drop { was, .. } => gone(json::weight(was)),
            Self::Splice(splice) => {
                Growth { less: splice.delete.len(), more: splice.insert.len(), one_more: false }
            }
            Self::Update { updates } => new(updates.iter().map(Update::weight).sum(), false),
            Self::Rename { path, key } => {
                Growth { less: path.last_weight(), more: key.len() + 4, one_more: false }
            }
            Self::Emit { args } => {
                let each = args.iter().map(|(name, value)| name.len() + 4 + json::weight(value));
                new(each.sum(), false)
            }
            Self::Add { .. } | Self::Move { .. } => gone(0),
        }
    }

    /// About how many bytes it takes as JSON.
    #[must_use]
    pub fn weight(&self) -> usize {
        let Growth { less, more, .. } = self.growth();
        less + more
    }
}

/// What a fact takes from a value and gives to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growth {
    /// About how many bytes of JSON go.
    pub less: usize,
    /// About how many come.
    pub more: usize,
    /// It may hold one item, element or entry more.
    pub one_more: bool,
}

/// Reads a null that is there as a value, not as the absence of one.
fn some<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(from).map(Some)
}
