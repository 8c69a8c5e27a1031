//! What topicsync clients say, and how they are answered.

use serde_json::{Map, Value as Json, json};

use crate::binary;
use crate::wire::Wire;

/// The largest message of a client, in bytes, as the original has it.
pub(crate) const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The most bytes of an id that a client makes: of a change, an action, a version, a request.
pub(crate) const ID_BYTES_MAX: usize = 256;
/// The most names in one message.
const NAMES_MAX: usize = 1000;

/// What a client says.
#[derive(Debug, PartialEq)]
pub(crate) enum Said {
    /// Of topics.
    Topics(Message),
    /// Of services.
    Services(Service),
}

/// What a client says of topics.
#[derive(Debug, PartialEq)]
pub(crate) enum Message {
    /// To follow topics. `batched` is the dialect in which it is answered.
    Subscribe { names: Vec<String>, batched: bool },
    /// To follow a topic no longer.
    Unsubscribe { name: String },
    /// To change topics.
    Action { commands: Vec<Json>, action_id: String },
}

/// What a client says of services.
#[derive(Debug, PartialEq)]
pub(crate) enum Service {
    /// To call one.
    Request(Request),
    /// To answer a request that the server passed on.
    Response { id: String, response: Json },
    /// To offer one.
    Register { name: String },
    /// To offer one no longer.
    Unregister { name: String },
}

/// A client calls a service.
#[derive(Debug, PartialEq)]
pub(crate) struct Request {
    pub(crate) name: String,
    pub(crate) args: Map<String, Json>,
    /// What the client calls it by.
    pub(crate) id: String,
}

/// Why there is no message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unsaid {
    /// It is none that is known here: nothing comes of it.
    Ignored,
    /// The connection is to be closed.
    Broken,
}

/// Reads a message in text.
///
/// # Errors
/// Why there is none.
pub(crate) fn read_text(text: &[u8]) -> Result<Said, Unsaid> {
    read(serde_json::from_slice(text).map_err(|_| Unsaid::Broken)?)
}

/// Reads a binary message: BSON if its first four bytes are its length, JSON otherwise.
///
/// # Errors
/// Why there is none.
pub(crate) fn read_binary(bytes: &[u8]) -> Result<Said, Unsaid> {
    let length = bytes.first_chunk().map(|first| i32::from_le_bytes(*first));
    if length.and_then(|length| usize::try_from(length).ok()) != Some(bytes.len()) {
        return read_text(bytes);
    }
    read(binary::document(bytes).ok_or(Unsaid::Broken)?)
}

fn read(message: Json) -> Result<Said, Unsaid> {
    let Json::Object(mut message) = message else { return Err(Unsaid::Broken) };
    let (Some(kind), Some(args)) = (message.remove("type"), message.remove("args")) else {
        return Err(Unsaid::Broken);
    };
    let (Json::String(kind), Json::Object(args)) = (kind, args) else {
        return Err(Unsaid::Ignored);
    };
    known(&kind, Members(args)).ok_or(Unsaid::Ignored)
}

fn known(kind: &str, mut args: Members) -> Option<Said> {
    let said = match kind {
        "subscribe" if args.has("topic_name") => {
            let names = vec![args.text("topic_name")?];
            Said::Topics(Message::Subscribe { names, batched: false })
        }
        "subscribe" => {
            let names = args.texts("topic_names")?;
            Said::Topics(Message::Subscribe { names, batched: true })
        }
        "unsubscribe" => Said::Topics(Message::Unsubscribe { name: args.text("topic_name")? }),
        "action" => {
            let (commands, action_id) = (args.list("commands")?, args.id("action_id")?);
            Said::Topics(Message::Action { commands, action_id })
        }
        "request" => Said::Services(Service::Request(Request {
            name: args.text("service_name")?,
            args: args.object("args")?,
            id: args.id("request_id")?,
        })),
        "response" => {
            let (id, response) = (args.id("request_id")?, args.any("response")?);
            Said::Services(Service::Response { id, response })
        }
        "register_service" => {
            Said::Services(Service::Register { name: args.text("service_name")? })
        }
        "unregister_service" => {
            Said::Services(Service::Unregister { name: args.text("service_name")? })
        }
        _ => return None,
    };
    args.is_empty().then_some(said)
}

/// Members of an object that are taken out one by one, so that what is left over is seen.
pub(crate) struct Members(pub(crate) Map<String, Json>);

impl Members {
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn any(&mut self, name: &str) -> Option<Json> {
        self.0.remove(name)
    }

    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        match self.0.remove(name)? {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    /// A text that is not too long to be an id.
    pub(crate) fn id(&mut self, name: &str) -> Option<String> {
        self.text(name).filter(|id| id.len() <= ID_BYTES_MAX)
    }

    pub(crate) fn list(&mut self, name: &str) -> Option<Vec<Json>> {
        match self.0.remove(name)? {
            Json::Array(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn object(&mut self, name: &str) -> Option<Map<String, Json>> {
        match self.0.remove(name)? {
            Json::Object(members) => Some(members),
            _ => None,
        }
    }

    fn texts(&mut self, name: &str) -> Option<Vec<String>> {
        let items = self.list(name).filter(|items| items.len() <= NAMES_MAX)?;
        items.into_iter().map(|item| item.as_str().map(str::to_owned)).collect()
    }
}

/// A topic as a client first sees it.
#[derive(Clone, Debug)]
pub(crate) struct First {
    pub(crate) value: Json,
    /// Of a string: its version.
    pub(crate) version: Option<String>,
}

impl First {
    fn members(self) -> Map<String, Json> {
        let mut members = Map::new();
        members.insert("value".to_owned(), self.value);
        if let Some(version) = self.version {
            members.insert("id".to_owned(), Json::from(version));
        }
        members
    }
}

fn said(kind: &str, args: &Json) -> String {
    json!({"type": kind, "args": args}).to_string()
}

/// The first message on every connection.
pub(crate) fn hello(client: u64) -> String {
    said("hello", &json!({"id": client}))
}

/// The answer to a subscribe of one topic.
pub(crate) fn init(name: &str, first: First) -> String {
    let mut args = first.members();
    args.insert("topic_name".to_owned(), Json::from(name));
    said("init", &Json::Object(args))
}

/// The answer to a subscribe of a list.
pub(crate) fn init_all(firsts: impl IntoIterator<Item = (String, First)>) -> String {
    let firsts = firsts.into_iter().map(|(name, first)| (name, Json::Object(first.members())));
    said("init", &json!({"content": Json::Object(firsts.collect())}))
}

/// What happened.
pub(crate) fn update<'a>(wires: impl IntoIterator<Item = &'a Wire>, action_id: &str) -> String {
    let changes: Vec<Json> = wires.into_iter().map(Wire::to_json).collect();
    said("update", &json!({"changes": changes, "action_id": action_id}))
}

/// An action did not happen.
pub(crate) fn reject(reason: &str) -> String {
    said("reject", &json!({"reason": reason}))
}

/// The answer to a request.
pub(crate) fn response(id: &str, response: &Json) -> String {
    said("response", &json!({"response": response, "request_id": id}))
}

/// A request of others, for a service that the client offers.
pub(crate) fn request(name: &str, args: &Json, id: &str) -> String {
    said("request", &json!({"service_name": name, "args": args, "request_id": id}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &Result<Said, Unsaid>) {
        assert_eq!(&read_text(text.as_bytes()), expected, "{text}");
    }

    #[test]
    fn messages_are_read_as_the_originals_do() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let (one, two) = (names(&["n"]), names(&["n", "m"]));
        check(
            r#"{"type":"subscribe","args":{"topic_name":"n"},"extra":1}"#,
            &Ok(Said::Topics(Message::Subscribe { names: one, batched: false })),
        );
        check(
            r#"{"type":"subscribe","args":{"topic_names":["n","m"]}}"#,
            &Ok(Said::Topics(Message::Subscribe { names: two, batched: true })),
        );
        let (name, id) = ("s".to_owned(), "1_1".to_owned());
        let args = Map::from_iter([("x".to_owned(), Json::Null)]);
        check(
            r#"{"type":"request","args":{"service_name":"s","args":{"x":null},"request_id":"1_1"}}"#,
            &Ok(Said::Services(Service::Request(Request {
                name: name.clone(),
                args,
                id: id.clone(),
            }))),
        );
        check(
            r#"{"type":"response","args":{"response":null,"request_id":"1_1"}}"#,
            &Ok(Said::Services(Service::Response { id, response: Json::Null })),
        );
        check(
            r#"{"type":"register_service","args":{"service_name":"s"}}"#,
            &Ok(Said::Services(Service::Register { name: name.clone() })),
        );
        check(
            r#"{"type":"unregister_service","args":{"service_name":"s"}}"#,
            &Ok(Said::Services(Service::Unregister { name })),
        );
        for ignored in [
            r#"{"type":"request","args":{"service_name":"s","args":[],"request_id":"1"}}"#,
            r#"{"type":"request","args":{"service_name":"s","request_id":"1"}}"#,
            r#"{"type":"response","args":{"request_id":"1"}}"#,
            r#"{"type":"subscribe","args":{"topic":"n"}}"#,
            r#"{"type":"subscribe","args":{"topic_names":["n",1]}}"#,
            r#"{"type":"subscribe","args":{"topic_name":"n","topic_names":[]}}"#,
            r#"{"type":"subscribe","args":[]}"#,
            r#"{"type":"action","args":{"commands":[]}}"#,
            r#"{"type":"frobnicate","args":{}}"#,
            r#"{"type":1,"args":{}}"#,
        ] {
            check(ignored, &Err(Unsaid::Ignored));
        }
        for broken in ["", "[]", "1", r#"{"type":"subscribe"}"#, r#"{"args":{}}"#, r#"{"type""#] {
            check(broken, &Err(Unsaid::Broken));
        }
        check(&"[".repeat(100_000), &Err(Unsaid::Broken));
    }

    #[test]
    fn ids_and_lists_have_an_end() {
        let action =
            |id: &str| json!({"type": "action", "args": {"commands": [], "action_id": id}});
        let long = "x".repeat(ID_BYTES_MAX + 1);
        assert!(read(action(&long[1..])).is_ok());
        assert_eq!(read(action(&long)), Err(Unsaid::Ignored));
        let names = vec!["n"; NAMES_MAX + 1];
        let many = json!({"type": "subscribe", "args": {"topic_names": names}});
        assert_eq!(read(many), Err(Unsaid::Ignored));
    }

    #[test]
    fn a_binary_message_is_json_or_bson() {
        let text = br#"{"type":"unsubscribe","args":{"topic_name":"n"}}"#;
        let unsubscribe = || Ok(Said::Topics(Message::Unsubscribe { name: "n".to_owned() }));
        assert_eq!(read_binary(text), unsubscribe());
        let document = bson::doc! {"type": "unsubscribe", "args": {"topic_name": "n"}};
        assert_eq!(read_binary(&document.to_vec().unwrap()), unsubscribe());
        assert_eq!(read_binary(&[5, 0, 0, 0, 1]), Err(Unsaid::Broken));
        assert_eq!(read_binary(&[]), Err(Unsaid::Broken));
    }
}
