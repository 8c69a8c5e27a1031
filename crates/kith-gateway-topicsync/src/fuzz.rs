//! What reads messages, reachable for the fuzz targets and for nobody else.

use serde_json::Value as Json;

use crate::command::Asked;
use crate::entry::New;
use crate::message::{Message, Said, read_binary, read_text};

/// Reads a message as text and in binary, with its commands and the entries of the list in them; what
/// came of it, in words.
#[must_use]
pub fn read(input: &[u8]) -> String {
    let mut told = String::new();
    for message in [read_text(input), read_binary(input)] {
        told.push_str(&format!("{message:?}"));
        let Ok(Said::Topics(Message::Action { commands, .. })) = message else { continue };
        for command in commands {
            let value = command.get("value").cloned().unwrap_or(Json::Null);
            told.push_str(&format!("{:?} {:?}", Asked::read(command), New::read(&value).is_ok()));
        }
    }
    told
}
