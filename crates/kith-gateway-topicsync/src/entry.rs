//! The list of topics: what is told of each, and what makes one.

use kith_core::document::{Rules, Topic};
use kith_core::topic::Kind;
use serde_json::{Value as Json, json};

use crate::message::Members;
use crate::wire::Type;

/// The dict that lists all topics.
pub(crate) const TOPIC_LIST: &str = "_topicsync/topic_list";
/// A string that says how the server is.
pub(crate) const SERVER_STATUS: &str = "_topicsync/server_status";
/// What the names of strings with messages for one client begin with.
pub(crate) const CLIENT_MESSAGE: &str = "_topicsync/client_message/";
/// What the names begin with that no client may give.
pub(crate) const RESERVED: &str = "_topicsync/";
/// The most bytes of a first value that is told in the list.
const BOUNDARY_BYTES_MAX: usize = 1024;

/// What the list says of a topic.
pub(crate) fn entry(topic: &Topic, boundary: &Json) -> Json {
    json!({
        "type": Type::of(topic.form()).map(Type::name),
        "boundary_value": boundary,
        "is_stateful": !topic.rules.no_undo,
        "order_strict": !topic.rules.merge,
    })
}

/// What the list says of itself.
pub(crate) fn own_entry() -> Json {
    json!({"type": "dict", "is_stateful": true, "boundary_value": {}})
}

/// A first value as the list tells it: null where it is too large for a list.
pub(crate) fn boundary(value: &Json) -> Json {
    if value.to_string().len() > BOUNDARY_BYTES_MAX { Json::Null } else { value.clone() }
}

/// A value as a snapshot writes it, without the names of elements.
pub(crate) fn plain(kind: Kind, value: &Json) -> Json {
    match kind {
        Kind::List => kind.read(value).map_or(Json::Null, |value| value.to_plain()),
        _ => value.clone(),
    }
}

/// What a client wants a new topic to be.
pub(crate) struct New {
    pub(crate) holds: Kind,
    pub(crate) value: Option<Json>,
    pub(crate) rules: Rules,
}

impl New {
    /// Reads an entry of the list.
    ///
    /// # Errors
    /// A sentence on what is wrong.
    pub(crate) fn read(entry: &Json) -> Result<Self, &'static str> {
        let entry = entry.as_object().ok_or("an entry of the list is an object")?;
        let mut entry = Members(entry.clone());
        let is = entry.text("type").and_then(|name| Type::named(&name));
        let is = is.ok_or("there is no such type of topics")?;
        let value = entry.any("boundary_value").ok_or("boundary_value is missing")?;
        let mut flag = |name| match entry.any(name) {
            None => Ok(true),
            Some(Json::Bool(flag)) => Ok(flag),
            Some(_) => Err("is_stateful and order_strict are true or false"),
        };
        let no_undo = !flag("is_stateful")?;
        let merge = !flag("order_strict")?;
        if !entry.is_empty() {
            return Err("an entry of the list has no such members");
        }
        // A topic that was made without a value begins with that of its type.
        let value = (is != Type::Event && !value.is_null()).then_some(value);
        Ok(Self { holds: is.kind(), value, rules: Rules { no_undo, merge, ..Rules::default() } })
    }
}
