//! What one should look at, and what follows one over devices.

use kith_core::command::Command;
use kith_core::refusal::Refusal;
use kith_core::text::PreferenceKey;
use kith_proto::error::Problem;
use kith_proto::query::{InboxPlace, Query};
use serde_json::Value;

use super::bodies::Preference;
use super::call::Call;
use super::route::{Kind, Param, Route, Verb, act, get};
use super::shapes;

const LIMIT: Param =
    Param { name: "limit", kind: Kind::Number, about: "At most 200; 50 if absent." };

pub(super) const ROUTES: &[Route] = &[
    get::<shapes::Inbox>(
        "/inbox",
        "Messages that mean or answer one, in all circles and conversations, newest first",
        |call| {
            let unread = call.asked("unread").is_some_and(|unread| unread == "true");
            Ok(Query::Inbox { before: before(call)?, unread, limit: call.limit()? })
        },
    )
    .query(&[
        Param {
            name: "at",
            kind: Kind::Number,
            about: "Where to go on, with `stream` and `seq`: the `next` of the answer before.",
        },
        Param { name: "stream", kind: Kind::Id("s_"), about: "The same." },
        Param { name: "seq", kind: Kind::Number, about: "The same." },
        Param { name: "unread", kind: Kind::Text(5), about: "`true`: only those that are unread." },
        LIMIT,
    ]),
    get::<shapes::Threads>(
        "/threads",
        "The threads that one follows and that have unread messages",
        |call| Ok(Query::Threads { limit: call.limit()? }),
    )
    .query(&[LIMIT]),
    get::<shapes::Preferences>("/preferences", "What follows one over devices", |_| {
        Ok(Query::Preferences {})
    }),
    act(Verb::Put, "/preferences/{key}", "Set a preference", |call| {
        let Preference { value } = call.body()?;
        Ok(Command::SetPreference { key: key(call)?, value })
    })
    .body::<Preference>(r#"{"value":{"theme":"dark"}}"#)
    .errors(&["limit.too_many"]),
    act(Verb::Delete, "/preferences/{key}", "Forget a preference", |call| {
        Ok(Command::SetPreference { key: key(call)?, value: Value::Null })
    }),
];

fn key(call: &Call) -> Result<PreferenceKey, Problem> {
    PreferenceKey::parse(call.part("key")?).map_err(|refusal: Refusal| Problem::from(&refusal))
}

/// The place to go on from: all of it, or none.
fn before(call: &Call) -> Result<Option<InboxPlace>, Problem> {
    let (at, stream) = (call.asked_seq("at")?, call.asked_id("stream")?);
    match (at, stream, call.asked_seq("seq")?) {
        (None, None, None) => Ok(None),
        (Some(at), Some(stream), Some(seq)) => {
            Ok(Some(InboxPlace { at: kith_core::id::Timestamp(at.0), stream, seq }))
        }
        _ => Err(Problem::from(&Refusal::Malformed { field: "the place to go on from" })),
    }
}
