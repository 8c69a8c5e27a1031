//! What clients ask, in either protocol.

use tokio::io::AsyncRead;

use super::v1::Fields;
use super::{Dialect, v2};
use crate::reader::{self, Reader};

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// To sign in, with the port at which the client listens for others (version 2).
    Login {
        name: String,
        password: String,
        port: Option<u16>,
    },
    /// Whether a user may sign in (version 1).
    Logon {
        who: String,
    },
    /// To sign in, or up (version 1).
    Auth {
        who: String,
        password: String,
        new: bool,
    },
    Logout,
    Message {
        to: String,
        text: String,
    },
    Broadcast {
        text: String,
    },
    Block {
        who: String,
    },
    Unblock {
        who: String,
    },
    WhoElse,
    WhoElseSince {
        seconds: u64,
    },
    StartPrivate {
        with: String,
    },
    /// What the protocol does not know.
    Unknown {
        action: String,
    },
}

/// What is asked, and in whose name, where the protocol says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) ask: Ask,
    pub(crate) by: Option<String>,
}

/// What came.
#[derive(Debug)]
pub(super) enum Got {
    Asked(Asked),
    Gone,
    Broken,
}

/// A connection whose protocol is known.
pub(super) enum Wire<R> {
    V1 { reader: Reader<R>, fields: Fields },
    V2 { reader: Reader<R> },
}

impl<R: AsyncRead + Unpin> Wire<R> {
    /// Waits for the first byte that is no space: it tells which protocol is spoken. `None` if it is
    /// neither.
    pub(super) async fn begin(mut reader: Reader<R>) -> Option<Self> {
        loop {
            let bytes = reader.bytes().await;
            if bytes.is_empty() {
                return None;
            }
            match bytes.trim_ascii_start().first() {
                None => {}
                Some(b'{') => {
                    reader.push(&bytes);
                    return Some(Self::V2 { reader });
                }
                Some(b'T') => {
                    let mut fields = Fields::default();
                    fields.push(&bytes);
                    return Some(Self::V1 { reader, fields });
                }
                Some(_) => return None,
            }
        }
    }

    pub(super) fn dialect(&self) -> Dialect {
        match self {
            Self::V1 { .. } => Dialect::V1,
            Self::V2 { .. } => Dialect::V2,
        }
    }

    /// What is asked next. Whoever gives up waiting loses nothing.
    pub(super) async fn next(&mut self) -> Got {
        match self {
            Self::V2 { reader } => match reader.object().await {
                reader::Got::Object(object) => match v2::read(&object) {
                    Some(ask) => Got::Asked(Asked { ask, by: None }),
                    None => Got::Broken,
                },
                reader::Got::Gone => Got::Gone,
                reader::Got::Broken => Got::Broken,
            },
            Self::V1 { reader, fields } => loop {
                match fields.next() {
                    Ok(Some(asked)) => return Got::Asked(asked),
                    Ok(None) => {}
                    Err(_) => return Got::Broken,
                }
                let bytes = reader.bytes().await;
                if bytes.is_empty() {
                    return Got::Gone;
                }
                fields.push(&bytes);
            },
        }
    }
}
