//! The kinds of topics and the values they hold.

use std::collections::{BTreeMap, HashSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value as Json};

use super::json;
use super::resolve::DEPTH_MAX;
use super::text::Text;
use crate::id::Seq;
use crate::refusal::Refusal;
use crate::text::ElementId;

/// What a topic holds, chosen when it is made.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// True or false.
    Bool,
    /// A whole number of 64 bits.
    Int,
    /// A number of 64 bits in floating point, finite.
    Float,
    /// A text that is edited in places.
    String,
    /// A Yjs document: what many write at the same time is merged.
    Text,
    /// Different values without order.
    Set,
    /// Values in order, each with an id that stays with it.
    List,
    /// Values by key.
    Map,
    /// Any JSON, changed in its parts.
    Json,
    /// No value: something that happens.
    Event,
}

impl Kind {
    /// Its name in the protocol.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Float => "float",
            Self::String => "string",
            Self::Text => "text",
            Self::Set => "set",
            Self::List => "list",
            Self::Map => "map",
            Self::Json => "json",
            Self::Event => "event",
        }
    }

    /// The value of a topic that was made without one.
    #[must_use]
    pub fn empty(self) -> Value {
        match self {
            Self::Bool => Value::Bool(false),
            Self::Int => Value::Int(0),
            Self::Float => Value::Float(0.0),
            Self::String => Value::String(String::new()),
            Self::Text => Value::Text(Text::default()),
            Self::Set => Value::Set(Vec::new()),
            Self::List => Value::List(Vec::new()),
            Self::Map => Value::Map(BTreeMap::new()),
            Self::Json => Value::Json(Json::Null),
            Self::Event => Value::Event,
        }
    }

    /// The value that `json` stands for; elements of a list are named after the event `seq`, unless
    /// they are told with their names: `{"elements": [{"element": …, "value": …}]}`.
    ///
    /// # Errors
    /// [`Refusal::WrongKind`] when it is none of this kind, [`Refusal::TooDeep`], and
    /// [`Refusal::ElementTaken`] when two elements have the same name.
    pub fn value(self, json: &Json, seq: Seq) -> Result<Value, Refusal> {
        if let (Self::List, Json::Object(_)) = (self, json) {
            return named(json).map(Value::List);
        }
        if json::depth(json) > DEPTH_MAX {
            return Err(Refusal::TooDeep { max: DEPTH_MAX });
        }
        let wrong = || Refusal::WrongKind { kind: self };
        Ok(match (self, json) {
            (Self::Bool, Json::Bool(value)) => Value::Bool(*value),
            (Self::Int, Json::Number(number)) => Value::Int(json::int(number).ok_or_else(wrong)?),
            (Self::Float, Json::Number(number)) => {
                Value::Float(json::float(number).ok_or_else(wrong)?)
            }
            (Self::String, Json::String(text)) => Value::String(text.clone()),
            (Self::Text, json) => Value::Text(Text::asked(json)?),
            (Self::Set, Json::Array(items)) => Value::Set(json::distinct(items)),
            (Self::List, Json::Array(items)) => {
                let named = items.iter().enumerate().map(|(place, value)| Element {
                    element: ElementId::of_part(seq, place),
                    value: value.clone(),
                });
                Value::List(named.collect())
            }
            (Self::Map, Json::Object(entries)) => Value::Map(
                entries.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
            ),
            (Self::Json, any) => Value::Json(any.clone()),
            _ => return Err(wrong()),
        })
    }

    /// Reads what [`Value::to_json`] wrote.
    ///
    /// # Errors
    /// [`Refusal::WrongKind`] when it is none of this kind.
    pub fn read(self, json: &Json) -> Result<Value, Refusal> {
        match self {
            Self::List => serde_json::from_value(json.clone())
                .map(Value::List)
                .map_err(|_| Refusal::WrongKind { kind: self }),
            Self::Text => Text::read(json).map(Value::Text),
            Self::Event => Ok(Value::Event),
            _ => self.value(json, Seq(0)),
        }
    }
}

/// A list as somebody tells it who has it from elsewhere: with the names of its elements.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    elements: Vec<Element>,
}

fn named(json: &Json) -> Result<Vec<Element>, Refusal> {
    // Around each value are three more than in a list without names.
    if json::depth(json) > DEPTH_MAX + 2 {
        return Err(Refusal::TooDeep { max: DEPTH_MAX });
    }
    let Named { elements } =
        Named::deserialize(json).map_err(|_| Refusal::WrongKind { kind: Kind::List })?;
    let mut names = HashSet::new();
    if !elements.iter().all(|one| names.insert(&one.element)) {
        return Err(Refusal::ElementTaken);
    }
    Ok(elements)
}

/// One value of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Element {
    /// Its name, for as long as it is in the list.
    pub element: ElementId,
    /// The value.
    pub value: Json,
}

/// The value of a topic.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each is the value of the kind of its name")]
pub enum Value {
    Bool(bool),
    Int(i64),
    Float(f64),
    String(String),
    Text(Text),
    Set(Vec<Json>),
    List(Vec<Element>),
    Map(BTreeMap<String, Json>),
    Json(Json),
    Event,
}

// A float is finite, so it equals itself.
impl Eq for Value {}

impl Value {
    /// Of which kind it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Bool(_) => Kind::Bool,
            Self::Int(_) => Kind::Int,
            Self::Float(_) => Kind::Float,
            Self::String(_) => Kind::String,
            Self::Text(_) => Kind::Text,
            Self::Set(_) => Kind::Set,
            Self::List(_) => Kind::List,
            Self::Map(_) => Kind::Map,
            Self::Json(_) => Kind::Json,
            Self::Event => Kind::Event,
        }
    }

    /// Its JSON: that of a list names its elements, that of an event is null.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match self {
            Self::Bool(value) => Json::Bool(*value),
            Self::Int(value) => Json::from(*value),
            Self::Float(value) => Number::from_f64(*value).map_or(Json::Null, Json::Number),
            Self::String(text) => Json::String(text.clone()),
            Self::Text(text) => text.to_json(),
            Self::Set(items) => Json::Array(items.clone()),
            Self::List(elements) => {
                // An element is a text and JSON: it always has a JSON.
                serde_json::to_value(elements).unwrap_or_default()
            }
            Self::Map(entries) => Json::Object(
                entries.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
            ),
            Self::Json(value) => value.clone(),
            Self::Event => Json::Null,
        }
    }

    /// Its JSON without the names of elements: what [`Kind::value`] reads.
    #[must_use]
    pub fn to_plain(&self) -> Json {
        match self {
            Self::List(elements) => {
                Json::Array(elements.iter().map(|element| element.value.clone()).collect())
            }
            _ => self.to_json(),
        }
    }

    /// How many values it holds: of a set, a list, a map, or the outermost of JSON; 1 of others.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::Set(items) | Self::Json(Json::Array(items)) => items.len(),
            Self::List(elements) => elements.len(),
            Self::Map(entries) => entries.len(),
            Self::Json(Json::Object(entries)) => entries.len(),
            _ => 1,
        }
    }

    /// About how many bytes it takes as JSON.
    #[must_use]
    pub fn weight(&self) -> usize {
        match self {
            Self::Bool(_) | Self::Int(_) | Self::Float(_) | Self::Event => 8,
            Self::String(text) => text.len() + 2,
            Self::Text(text) => text.bytes(),
            Self::Set(items) => items.iter().map(|item| json::weight(item) + 1).sum::<usize>() + 2,
            Self::List(elements) => elements.iter().map(Element::weight).sum::<usize>() + 2,
            Self::Map(entries) => {
                let each = entries.iter().map(|(key, value)| key.len() + 4 + json::weight(value));
                each.sum::<usize>() + 2
            }
            Self::Json(value) => json::weight(value),
        }
    }
}

impl Element {
    pub(super) fn weight(&self) -> usize {
        self.element.as_str().len() + 24 + json::weight(&self.value)
    }
}
