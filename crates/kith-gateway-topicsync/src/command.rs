//! One command of an action, as a client wrote it.

use serde_json::{Map, Value as Json};

use crate::message::{ID_BYTES_MAX, Members};
use crate::wire::Type;

/// What shall happen to a topic.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ask {
    Set { value: Json },
    Add { by: Json },
    InsertText { base: String, at: i64, text: String, result: String },
    DeleteText { base: String, at: i64, text: String, result: String },
    Append { item: Json },
    Remove { item: Json },
    Insert { item: Json, at: i64 },
    Pop { at: i64 },
    AddKey { key: String, value: Json },
    PopKey { key: String },
    ChangeKey { key: String, value: Json, old: Json },
    Emit { args: Map<String, Json> },
}

/// A command: which topic, what it is taken for, and what shall happen.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    pub(crate) topic: String,
    pub(crate) is: Type,
    pub(crate) ask: Ask,
    /// The id that the client gave the change.
    pub(crate) id: Option<String>,
}

impl Asked {
    /// Reads a command.
    ///
    /// # Errors
    /// A sentence on what is wrong.
    pub(crate) fn read(command: Json) -> Result<Self, String> {
        let Json::Object(members) = command else {
            return Err("a command is an object".to_owned());
        };
        let mut members = Members(members);
        let topic = members.text("topic_name").ok_or("topic_name is missing or no text")?;
        let is = members.text("topic_type").ok_or("topic_type is missing or no text")?;
        let is = Type::named(&is).ok_or("there is no such topic_type")?;
        let kind = members.text("type").ok_or("type is missing or no text")?;
        let id = match members.any("id") {
            None | Some(Json::Null) => None,
            Some(Json::String(id)) if id.len() <= ID_BYTES_MAX => Some(id),
            Some(_) => return Err(format!("id is a text of at most {ID_BYTES_MAX} bytes")),
        };
        let ask = ask(is, &kind, &mut members)
            .ok_or_else(|| format!("there is no change of {} like this", is.name()))?;
        if !members.is_empty() {
            return Err(format!("this change of {} has no such members", is.name()));
        }
        Ok(Self { topic, is, ask, id })
    }
}

fn ask(is: Type, kind: &str, members: &mut Members) -> Option<Ask> {
    Some(match (is, kind) {
        (Type::Event, "emit") => Ask::Emit { args: members.object("args")? },
        (Type::Event, _) => return None,
        (_, "set") => {
            // What the client takes for the old value does not matter.
            members.any("old_value");
            Ask::Set { value: members.any("value")? }
        }
        (Type::Int | Type::Float, "add") => Ask::Add { by: members.any("value")? },
        (Type::String, "insert") => Ask::InsertText {
            base: members.id("topic_version")?,
            at: place(members)?,
            text: members.text("insertion")?,
            result: members.id("result_topic_version")?,
        },
        (Type::String, "delete") => Ask::DeleteText {
            base: members.id("topic_version")?,
            at: place(members)?,
            text: members.text("deletion")?,
            result: members.id("result_topic_version")?,
        },
        (Type::Set, "append") => Ask::Append { item: members.any("item")? },
        (Type::Set, "remove") => Ask::Remove { item: members.any("item")? },
        (Type::List, "insert") => Ask::Insert { item: members.any("item")?, at: place(members)? },
        (Type::List, "pop") => Ask::Pop { at: place(members)? },
        (Type::Dict, "add") => {
            Ask::AddKey { key: members.text("key")?, value: members.any("value")? }
        }
        (Type::Dict, "pop") => Ask::PopKey { key: members.text("key")? },
        (Type::Dict, "change_value") => Ask::ChangeKey {
            key: members.text("key")?,
            value: members.any("value")?,
            old: members.any("old_value").unwrap_or_default(),
        },
        _ => return None,
    })
}

/// A place: a whole number, however it is written.
fn place(members: &mut Members) -> Option<i64> {
    let place = members.any("position")?;
    let whole = |float: f64| (float.fract() == 0.0 && float.abs() < 1e15).then_some(float as i64);
    place.as_i64().or_else(|| place.as_f64().and_then(whole))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn commands_are_read_strictly() {
        let pop = json!({"topic_name": "l", "topic_type": "list", "type": "pop", "position": -1.0,
                         "id": null});
        let expected =
            Asked { topic: "l".to_owned(), is: Type::List, ask: Ask::Pop { at: -1 }, id: None };
        assert_eq!(Asked::read(pop.clone()), Ok(expected));
        for (name, value) in [
            ("topic_name", json!(null)),
            ("topic_type", json!("bool")),
            ("topic_type", json!("dict")),
            ("type", json!("insert")),
            ("type", json!("reversed_emit")),
            ("position", json!(1.5)),
            ("position", json!(1e300)),
            ("id", json!(7)),
            ("id", json!("x".repeat(ID_BYTES_MAX + 1))),
            ("colour", json!("red")),
        ] {
            let mut command = pop.clone();
            command[name] = value;
            assert!(Asked::read(command.clone()).is_err(), "{command}");
        }
        assert!(Asked::read(json!([])).is_err());
        let emit = json!({"topic_name": "e", "topic_type": "event", "type": "emit", "args": {},
                          "forward_info": {}});
        assert!(Asked::read(emit).is_err(), "it is internal");
    }
}
