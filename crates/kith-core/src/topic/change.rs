//! What may be asked of a topic.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value as Json};

use super::path::Path;
use super::text::Update;
use crate::id::{Seq, TopicId};
use crate::text::ElementId;

/// A change of a topic that somebody asks for. Which there are depends on the topic's kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    /// Replace the whole value. For every kind but `event`.
    Set {
        /// By this; of a list without the names of elements.
        value: Json,
    },
    /// Add to a number. For `int` and `float`.
    Add {
        /// How much; below 0 to subtract.
        by: Number,
    },
    /// Put an item into a set that has it not yet.
    Append {
        /// Which.
        item: Json,
    },
    /// Put a value into a list, at the end unless told otherwise; or into an array in JSON.
    Insert {
        /// Which.
        value: Json,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Anchor>,
        /// The name it shall have; the server chooses one if absent. It may not begin with `~`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        element: Option<ElementId>,
    },
    /// Take something out: an item of a set, an element of a list, an entry of a map or of JSON.
    Remove(Spot),
    /// Put an element of a list elsewhere in it.
    Move {
        /// Which.
        from: Spot,
        /// Where it shall be, counted without it.
        to: Anchor,
    },
    /// Put another value in the place of an element of a list.
    Replace {
        /// Which.
        spot: Spot,
        /// The new value.
        value: Json,
    },
    /// Set an entry of a map or of JSON. In an array the place after the last is there to be put to.
    Put {
        /// Which.
        path: Path,
        /// The value.
        value: Json,
    },
    /// Give an entry of a map, or of an object in JSON, another key that is not taken.
    Rename {
        /// Which.
        path: Path,
        /// Its new key.
        key: String,
    },
    /// Replace a part of a `string`, or of the shared text named `text` of a `text`.
    Splice {
        /// Where, in UTF-16 code units from the beginning.
        at: u32,
        /// How many UTF-16 code units are taken out.
        #[serde(default)]
        delete: u32,
        /// What is put in there.
        #[serde(default)]
        insert: String,
        /// The event after which the place was counted: what happened since is reckoned in. The
        /// present value if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<Seq>,
    },
    /// Bring what somebody did to the Yjs document of a `text` or a `json` into it. Never refused for
    /// being late.
    Update {
        /// Updates, in the order in which they were made.
        updates: Vec<Update>,
    },
    /// Tell those who follow an `event`.
    Emit {
        /// What.
        #[serde(default)]
        args: Map<String, Json>,
    },
}

/// A change of one topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Which topic.
    pub topic: TopicId,
    /// How.
    pub change: Change,
}

/// What must hold of a topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Which.
    pub topic: TopicId,
    /// This is the number of its last event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    /// This is its value; that of a list without the names of elements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Json>,
}

/// A place between the elements of a list, or of an array in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Anchor {
    /// Before the element that is now at this place, counted from 0; below 0 from the end: -1 is
    /// after the last.
    At(i64),
    /// Before this element.
    Before(ElementId),
    /// After this element.
    After(ElementId),
    /// Before the item at this place of an array in JSON; after its last, where there is none yet.
    Path(Path),
}

/// What is to be taken out, moved or replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Spot {
    /// The item of a set that is the same.
    Item(Json),
    /// The element at this place of a list, counted from 0; below 0 from the end: -1 is the last.
    At(i64),
    /// The element of this name.
    Element(ElementId),
    /// The entry there.
    Path(Path),
}
