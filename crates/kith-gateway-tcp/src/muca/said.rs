//! What clients say.

use serde_json::{Map, Value as Json};

/// The most recipients that one message names.
const TO_MAX: usize = 1000;

/// What a client says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// It is this user now.
    Join {
        /// The nickname.
        name: String,
        /// The user id.
        uid: String,
    },
    /// A text for those of these ids; for everybody if there are none.
    Send {
        /// What.
        text: String,
        /// To whom.
        to: Vec<String>,
    },
    /// Nothing that means anything.
    Other,
}

impl Said {
    /// Reads an object; `None` if something is missing in it.
    pub(crate) fn read(object: &Map<String, Json>) -> Option<Self> {
        let text = |name: &str| object.get(name)?.as_str().map(str::to_owned);
        match text("CMD")?.as_str() {
            "JOIN" => Some(Self::Join { name: text("UN")?, uid: text("UID")? }),
            "SEND" => {
                let to = object.get("TO")?.as_array()?;
                let to = to.iter().take(TO_MAX);
                let to = to.map(|uid| uid.as_str().map(str::to_owned)).collect::<Option<_>>()?;
                Some(Self::Send { text: text("MSG")?, to })
            }
            _ => Some(Self::Other),
        }
    }
}
