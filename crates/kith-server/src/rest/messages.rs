//! Messages, reactions and pins.

use kith_core::command::Command;
use kith_core::refusal::Refusal;
use kith_core::search::Order;
use kith_core::text::Emoji;
use kith_proto::error::Problem;
use kith_proto::query::Query;

use super::bodies::{ChangeMessage, NewMessage};
use super::call::Call;
use super::route::{Kind, Param, Route, Verb, act, get};
use super::shapes;

const UNKNOWN: &[&str] = &["stream.not_found", "message.not_found"];
const REACTED: &[&str] = &[
    "stream.not_found",
    "message.not_found",
    "permission.denied",
    "user.blocked",
    "stream.archived",
    "limit.too_many",
];

pub(super) const ROUTES: &[Route] = &[
    get::<shapes::Messages>("/streams/{stream}/messages", "Messages, oldest first", |call| {
        Ok(Query::Messages {
            stream: call.id("stream")?,
            thread: call.asked_seq("thread")?,
            before: call.asked_seq("before")?,
            after: call.asked_seq("after")?,
            around: call.asked_seq("around")?,
            limit: call.limit()?,
        })
    })
    .query(&[
        Param { name: "before", kind: Kind::Number, about: "Only older ones than this." },
        Param { name: "after", kind: Kind::Number, about: "Only newer ones than this." },
        Param { name: "around", kind: Kind::Number, about: "This one and those about it." },
        Param { name: "limit", kind: Kind::Number, about: "At most 200; 50 if absent." },
        Param {
            name: "thread",
            kind: Kind::Number,
            about: "The message whose thread is meant; absent for the stream itself.",
        },
    ])
    .errors(UNKNOWN),
    get::<shapes::Found>("/search", "Messages that say something, of all that one may read", search)
        .query(&[
            Param {
                name: "text",
                kind: Kind::Text(500),
                about: "Words, \"phrases\", -exclusions and filters: from: in: has: is: before: after: on:.",
            },
            Param {
                name: "order",
                kind: Kind::Text(4),
                about: "`rank`, the best first, or `time`, the newest first; rank if absent.",
            },
            Param {
                name: "after",
                kind: Kind::Text(100),
                about: "Only those behind what an answer to the same question named as `next`.",
            },
            Param { name: "limit", kind: Kind::Number, about: "At most 100; 20 if absent." },
            Param {
                name: "offset_minutes",
                kind: Kind::Text(6),
                about: "How many minutes the asker's clock is ahead of UTC, for the days in filters.",
            },
        ])
        .errors(&[
            "input.empty",
            "input.too_long",
            "limit.too_many",
            "stream.not_found",
            "user.not_found",
            "search.unknown_filter",
            "search.bad_filter",
            "search.bad_cursor",
            "search.off",
            "search.busy",
            "search.late",
        ]),
    get::<shapes::Message>("/streams/{stream}/messages/{message}", "One message", |call| {
        Ok(Query::Message { stream: call.id("stream")?, message: call.message()? })
    })
    .errors(UNKNOWN),
    get::<shapes::Edits>(
        "/streams/{stream}/messages/{message}/edits",
        "What a message said before each of its last 50 edits, oldest first, and what it says now",
        |call| Ok(Query::Edits { stream: call.id("stream")?, message: call.message()? }),
    )
    .errors(UNKNOWN),
    act(
        Verb::Put,
        "/streams/{stream}/messages/{message}",
        "Post a message under a name of the client's own choice, once however often it is said",
        |call| {
            let NewMessage { text, reply_to, thread, topic, files } = call.body()?;
            let stream = call.id("stream")?;
            Ok(Command::Post { stream, text, reply_to, thread, topic, files })
        },
    )
    .named_by("message")
    .body::<NewMessage>(r#"{"text":"Good *morning*","reply_to":3}"#)
    .errors(&[
        "stream.not_found",
        "message.not_found",
        "topic.not_found",
        "file.not_found",
        "limit.too_many",
        "stream.archived",
        "stream.too_soon",
        "permission.denied",
        "user.blocked",
    ]),
    act(Verb::Patch, "/streams/{stream}/messages/{message}", "Edit one's own message", |call| {
        let ChangeMessage { text } = call.body()?;
        Ok(Command::Edit { stream: call.id("stream")?, message: call.message()?, text })
    })
    .body::<ChangeMessage>(r#"{"text":"Good evening"}"#)
    .errors(&[
        "stream.not_found",
        "message.not_found",
        "message.not_author",
        "user.blocked",
        "stream.archived",
        "permission.denied",
    ]),
    act(
        Verb::Delete,
        "/streams/{stream}/messages/{message}",
        "Delete one's own message, or another's with `manage_messages`",
        |call| Ok(Command::Delete { stream: call.id("stream")?, message: call.message()? }),
    )
    .errors(&["stream.not_found", "message.not_found", "permission.denied"]),
    act(
        Verb::Put,
        "/streams/{stream}/messages/{message}/reactions/{emoji}",
        "React to a message",
        |call| {
            let (stream, message, emoji) = (call.id("stream")?, call.message()?, emoji(call)?);
            Ok(Command::React { stream, message, emoji })
        },
    )
    .errors(REACTED),
    act(
        Verb::Delete,
        "/streams/{stream}/messages/{message}/reactions/{emoji}",
        "Take a reaction back",
        |call| {
            let (stream, message, emoji) = (call.id("stream")?, call.message()?, emoji(call)?);
            Ok(Command::Unreact { stream, message, emoji })
        },
    )
    .errors(UNKNOWN),
    act(Verb::Put, "/streams/{stream}/messages/{message}/pin", "Pin a message", |call| {
        pin(call, true)
    })
    .errors(&["stream.not_found", "message.not_found", "permission.denied", "limit.too_many"]),
    act(Verb::Delete, "/streams/{stream}/messages/{message}/pin", "Unpin a message", |call| {
        pin(call, false)
    })
    .errors(&["stream.not_found", "message.not_found", "permission.denied"]),
];

fn search(call: &Call) -> Result<Query, Problem> {
    let order = match call.asked("order").as_deref() {
        None | Some("rank") => Order::Rank,
        Some("time") => Order::Time,
        Some(_) => return Err(Problem::new("input.malformed", "order is rank or time")),
    };
    Ok(Query::Search {
        text: call.asked("text").unwrap_or_default(),
        order,
        after: call.asked("after"),
        limit: call.limit()?,
        offset_minutes: call.asked_id("offset_minutes")?.unwrap_or_default(),
    })
}

fn emoji(call: &Call) -> Result<Emoji, Problem> {
    Emoji::parse(call.part("emoji")?).map_err(|refusal: Refusal| Problem::from(&refusal))
}

fn pin(call: &Call, pinned: bool) -> Result<Command, Problem> {
    Ok(Command::Pin { stream: call.id("stream")?, message: call.message()?, pinned })
}
