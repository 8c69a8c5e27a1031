//! Changes as topicsync writes them.

use std::sync::Arc;

use kith_core::topic::Kind;
use serde_json::{Map, Value as Json, json};

/// The types of topics that topicsync knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Generic,
    String,
    Int,
    Float,
    Set,
    List,
    Dict,
    Event,
}

impl Type {
    /// Its name in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::String => "string",
            Self::Int => "int",
            Self::Float => "float",
            Self::Set => "set",
            Self::List => "list",
            Self::Dict => "dict",
            Self::Event => "event",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        const ALL: [Type; 8] = [
            Type::Generic,
            Type::String,
            Type::Int,
            Type::Float,
            Type::Set,
            Type::List,
            Type::Dict,
            Type::Event,
        ];
        ALL.into_iter().find(|one| one.name() == name)
    }

    /// What a topic of this form is told as; `None` for a document that Yjs merges: there is no word
    /// for it.
    pub(crate) fn of(kind: Kind) -> Option<Self> {
        Some(match kind {
            Kind::Bool | Kind::Json => Self::Generic,
            Kind::Int => Self::Int,
            Kind::Float => Self::Float,
            Kind::String => Self::String,
            Kind::Set => Self::Set,
            Kind::List => Self::List,
            Kind::Map => Self::Dict,
            Kind::Event => Self::Event,
            Kind::Text => return None,
        })
    }

    /// The kind of a topic that is made with this type.
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Generic => Kind::Json,
            Self::String => Kind::String,
            Self::Int => Kind::Int,
            Self::Float => Kind::Float,
            Self::Set => Kind::Set,
            Self::List => Kind::List,
            Self::Dict => Kind::Map,
            Self::Event => Kind::Event,
        }
    }
}

/// What happened to a topic, with what it takes to turn it back.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum What {
    Set {
        value: Json,
        old: Json,
    },
    Add {
        by: Json,
    },
    InsertText {
        base: String,
        at: u32,
        text: String,
        result: String,
    },
    DeleteText {
        base: String,
        at: u32,
        text: String,
        result: String,
    },
    Append {
        item: Json,
    },
    Remove {
        item: Json,
    },
    /// `at` is the place as it is told, `place` where that was.
    Insert {
        item: Json,
        at: i64,
        place: u32,
    },
    Pop {
        at: i64,
        item: Json,
        place: u32,
    },
    AddKey {
        key: String,
        value: Json,
    },
    PopKey {
        key: String,
        value: Json,
    },
    ChangeKey {
        key: String,
        value: Json,
        old: Json,
    },
    Emit {
        args: Map<String, Json>,
    },
}

/// A change of one topic, as it is sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wire {
    /// The name of the topic.
    pub(crate) topic: Arc<str>,
    pub(crate) is: Type,
    pub(crate) what: What,
    pub(crate) id: String,
}

impl Wire {
    pub(crate) fn to_json(&self) -> Json {
        let (kind, mut body) = match &self.what {
            What::Set { value, old } => ("set", json!({"value": value, "old_value": old})),
            What::Add { by } => ("add", json!({"value": by})),
            What::InsertText { base, at, text, result } => (
                "insert",
                json!({"topic_version": base, "position": at, "insertion": text,
                       "result_topic_version": result}),
            ),
            What::DeleteText { base, at, text, result } => (
                "delete",
                json!({"topic_version": base, "position": at, "deletion": text,
                       "result_topic_version": result}),
            ),
            What::Append { item } => ("append", json!({"item": item})),
            What::Remove { item } => ("remove", json!({"item": item})),
            What::Insert { item, at, .. } => ("insert", json!({"item": item, "position": at})),
            What::Pop { at, .. } => ("pop", json!({"position": at})),
            What::AddKey { key, value } => ("add", json!({"key": key, "value": value})),
            What::PopKey { key, .. } => ("pop", json!({"key": key})),
            What::ChangeKey { key, value, old } => {
                ("change_value", json!({"key": key, "value": value, "old_value": old}))
            }
            What::Emit { args } => ("emit", json!({"args": args})),
        };
        if let Json::Object(members) = &mut body {
            members.insert("topic_name".to_owned(), Json::from(self.topic.as_ref()));
            members.insert("topic_type".to_owned(), Json::from(self.is.name()));
            members.insert("type".to_owned(), Json::from(kind));
            members.insert("id".to_owned(), Json::from(self.id.as_str()));
        }
        body
    }
}

impl What {
    /// What takes it back; `None` for what happened, of which nothing is sent.
    pub(crate) fn inverse(&self) -> Option<Self> {
        Some(match self.clone() {
            Self::Set { value, old } => Self::Set { value: old, old: value },
            Self::Add { by } => Self::Add { by: negative(&by) },
            Self::InsertText { base, at, text, result } => {
                Self::DeleteText { base: result, at, text, result: base }
            }
            Self::DeleteText { base, at, text, result } => {
                Self::InsertText { base: result, at, text, result: base }
            }
            Self::Append { item } => Self::Remove { item },
            Self::Remove { item } => Self::Append { item },
            Self::Insert { item, place, .. } => Self::Pop { at: place.into(), item, place },
            Self::Pop { item, place, .. } => Self::Insert { item, at: place.into(), place },
            Self::AddKey { key, value } => Self::PopKey { key, value },
            Self::PopKey { key, value } => Self::AddKey { key, value },
            Self::ChangeKey { key, value, old } => Self::ChangeKey { key, value: old, old: value },
            Self::Emit { .. } => return None,
        })
    }
}

/// The number below zero, or above.
pub(crate) fn negative(number: &Json) -> Json {
    match number.as_i64().and_then(i64::checked_neg) {
        Some(negative) => Json::from(negative),
        None => number.as_f64().map_or(Json::Null, |number| Json::from(-number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_back_twice_is_as_it_was() {
        let text = |text: &str| text.to_owned();
        for what in [
            What::Set { value: json!(1), old: json!(2) },
            What::Add { by: json!(5) },
            What::Add { by: json!(0.5) },
            What::InsertText { base: text("a"), at: 1, text: text("x"), result: text("b") },
            What::Append { item: json!({}) },
            What::Insert { item: json!(1), at: 3, place: 3 },
            What::AddKey { key: text("k"), value: json!(1) },
            What::ChangeKey { key: text("k"), value: json!(1), old: json!(2) },
        ] {
            let back = what.inverse().unwrap();
            assert_ne!(back, what);
            assert_eq!(back.inverse(), Some(what));
        }
        assert_eq!(What::Emit { args: Map::new() }.inverse(), None);
    }
}
