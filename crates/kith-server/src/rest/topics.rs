//! Topics of circles, and what they hold.

use kith_core::command::Command;
use kith_core::id::FeedId;
use kith_core::refusal::Refusal;
use kith_proto::error::Problem;
use kith_proto::query::{Answer, Query, TopicWindow, Traffic};

use super::bodies::{ChangeTopic, Changes, Deny, NewTopic, Turned};
use super::call::Call;
use super::route::{BY_NAME, Kind, Param, Route, Verb, act, get};
use super::{reply, shapes};

const UNKNOWN: &[&str] = &["topic.not_found"];
const MANAGED: &[&str] = &[
    "topic.not_found",
    "topic.bad_schema",
    "topic.bad_guard",
    "topic.invalid",
    "topic.lifetime_stays",
    "topic.document_stays",
    "topic.no_document",
    "permission.denied",
    "name.taken",
    "limit.too_many",
];
const CHANGED: &[&str] = &[
    "topic.not_found",
    "topic.wrong_kind",
    "topic.wrong_change",
    "topic.overflow",
    "topic.item_there",
    "topic.item_not_found",
    "topic.element_not_found",
    "topic.element_taken",
    "topic.out_of_range",
    "topic.path_not_found",
    "topic.key_taken",
    "topic.stale",
    "topic.too_large",
    "topic.not_as_asked",
    "topic.several_circles",
    "topic.several_guards",
    "topic.refused",
    "guard.not_found",
    "guard.busy",
    "guard.late",
    "guard.gone",
    "guard.bad_answer",
    "guard.overtaken",
    "topic.too_fast",
    "topic.invalid",
    "limit.too_many",
    "permission.denied",
];
const UNDONE: &[&str] = &[
    "circle.not_found",
    "undo.nothing",
    "topic.not_found",
    "topic.overwritten",
    "topic.stale",
    "topic.too_large",
    "topic.overflow",
    "topic.invalid",
    "permission.denied",
];
const REDONE: &[&str] = &[
    "circle.not_found",
    "redo.nothing",
    "topic.not_found",
    "topic.overwritten",
    "topic.stale",
    "topic.too_large",
    "topic.overflow",
    "topic.invalid",
    "permission.denied",
];

pub(super) const ROUTES: &[Route] = &[
    act(Verb::Post, "/circles/{circle}/topics", "Make a topic in a circle", |call| {
        let NewTopic { name, holds, value, rules, deny, replace } = call.body()?;
        let circle = call.id("circle")?;
        Ok(Command::CreateTopic { circle, name, holds, value, rules, deny, replace })
    })
    .body::<NewTopic>(r#"{"name":"board/todo","holds":"list","value":["water"]}"#)
    .large()
    .errors(&[
        "circle.not_found",
        "name.taken",
        "role.not_found",
        "topic.wrong_kind",
        "topic.wrong_change",
        "topic.element_taken",
        "topic.bad_update",
        "topic.lifetime_stays",
        "topic.document_stays",
        "topic.no_document",
        "topic.too_fast",
        "topic.too_deep",
        "topic.too_large",
        "topic.bad_schema",
        "topic.bad_guard",
        "topic.invalid",
        "permission.denied",
        "permission.outranked",
        "limit.too_many",
    ])
    .creates(),
    get::<shapes::Topics>(
        "/circles/{circle}/topics",
        "Topics of a circle, in the order of their names",
        |call| {
            let begin = call.asked("begin").unwrap_or_default();
            let (after, limit) = (call.asked("after"), call.limit()?);
            Ok(Query::Topics { circle: call.id("circle")?, begin, after, limit })
        },
    )
    .query(BY_NAME)
    .errors(&["circle.not_found"]),
    get::<shapes::TopicValues>(
        "/circles/{circle}/topics/values",
        "Topics of a circle with their values, at most 1 MiB of them or one that is larger",
        |call| {
            let begin = call.asked("begin").unwrap_or_default();
            let (after, limit) = (call.asked("after"), call.limit()?);
            Ok(Query::TopicValues { circle: call.id("circle")?, begin, after, limit })
        },
    )
    .query(BY_NAME)
    .errors(&["circle.not_found"]),
    get::<TopicWindow>("/topics/{topic}", "A topic and its value", |call| {
        Ok(Query::Topic { topic: call.id("topic")?, seq: call.asked_seq("seq")? })
    })
    .query(&[Param {
        name: "seq",
        kind: Kind::Number,
        about: "Its value after this event; the present one if absent.",
    }])
    .errors(&["topic.not_found", "topic.stale"]),
    get::<shapes::History>(
        "/topics/{topic}/history",
        "What happened to a topic, newest first: who did what, when",
        |call| {
            let (before, limit) = (call.asked_seq("before")?, call.limit()?);
            Ok(Query::History { topic: call.id("topic")?, before, limit })
        },
    )
    .query(&[
        Param { name: "before", kind: Kind::Number, about: "Only what came before this event." },
        Param { name: "limit", kind: Kind::Number, about: "At most 200; 50 if absent." },
    ])
    .errors(UNKNOWN),
    act(Verb::Put, "/topics/{topic}", "Change what a topic is called and how it behaves", |call| {
        let ChangeTopic { name, rules } = call.body()?;
        Ok(Command::ChangeTopic { topic: call.id("topic")?, name, rules })
    })
    .body::<ChangeTopic>(r#"{"name":"board/done"}"#)
    .errors(MANAGED),
    act(Verb::Put, "/topics/{topic}/deny", "Set what roles are denied in a topic", |call| {
        let Deny { deny } = call.body()?;
        Ok(Command::NarrowTopic { topic: call.id("topic")?, deny })
    })
    .body::<Deny>(r#"{"deny":{"r_01h455vb4pex5vsknk084sn02q":["write"]}}"#)
    .errors(&[
        "topic.not_found",
        "role.not_found",
        "permission.denied",
        "permission.outranked",
    ]),
    act(Verb::Delete, "/topics/{topic}", "Remove a topic and what it holds", |call| {
        Ok(Command::RemoveTopic { topic: call.id("topic")? })
    })
    .errors(&["topic.not_found", "permission.denied"]),
    act(Verb::Post, "/topics/changes", "Change topics: all of it, or nothing", |call| {
        let Changes { changes, when, group } = call.body()?;
        Ok(Command::Change { changes, when, group })
    })
    .body::<Changes>(
        r#"{"changes":[{"topic":"t_01h455vb4pex5vsknk084sn02q","change":{"add":{"by":1}}}]}"#,
    )
    .errors(CHANGED),
    act(Verb::Post, "/circles/{circle}/undo", "Take back one's last step in a circle", |call| {
        let Turned { skip } = call.body()?;
        Ok(Command::Undo { circle: call.id("circle")?, skip })
    })
    .body::<Turned>("{}")
    .errors(UNDONE),
    act(Verb::Post, "/circles/{circle}/redo", "Do again what was taken back last", |call| {
        let Turned { skip } = call.body()?;
        Ok(Command::Redo { circle: call.id("circle")?, skip })
    })
    .body::<Turned>("{}")
    .errors(REDONE),
    get::<Traffic>(
        "/topics/{topic}/traffic",
        "How much a topic is followed, and how far it is",
        |call| Ok(Query::Traffic { feeds: vec![FeedId::Topic(call.id("topic")?)] }),
    )
    .tell(first_traffic)
    .errors(&["topic.not_found", "permission.denied", "member.timed_out"]),
    get::<shapes::Undoable>(
        "/circles/{circle}/undo",
        "How many steps one can take back in a circle, and do again",
        |call| Ok(Query::Undoable { circle: call.id("circle")? }),
    )
    .errors(&["circle.not_found"]),
];

fn first_traffic(_: &Call, answer: &Answer) -> Result<serde_json::Value, Problem> {
    match answer {
        Answer::Traffic(all) => match all.first() {
            Some(traffic) => reply::json(traffic),
            None => Err(Problem::from(&Refusal::NoSuchTopic)),
        },
        other => reply::json(other),
    }
}
