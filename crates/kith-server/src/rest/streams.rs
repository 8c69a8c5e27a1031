//! Streams of circles, direct streams and groups.

use kith_core::command::Command;
use kith_proto::query::Query;

use super::bodies::{Arrange, ChangeStream, Deny, Direct, NewGroup, NewStream, Read, Users};
use super::route::{Route, Verb, act, get};
use super::shapes;

const UNKNOWN: &[&str] = &["stream.not_found"];
const MANAGED: &[&str] =
    &["stream.not_found", "circle.not_found", "limit.too_many", "permission.denied"];
const DENIED: &[&str] = &[
    "stream.not_found",
    "circle.not_found",
    "role.not_found",
    "permission.denied",
    "permission.outranked",
];
const PEOPLE: &[&str] = &["user.not_found", "user.blocked", "limit.too_many"];

pub(super) const ROUTES: &[Route] = &[
    act(Verb::Post, "/circles/{circle}/streams", "Make a stream in a circle", |call| {
        let NewStream { name, about, deny } = call.body()?;
        Ok(Command::CreateStream { circle: call.id("circle")?, name, about, deny })
    })
    .body::<NewStream>(r#"{"name":"seeds","about":"What to sow when"}"#)
    .errors(&[
        "circle.not_found",
        "role.not_found",
        "permission.denied",
        "permission.outranked",
        "limit.too_many",
    ])
    .creates(),
    act(
        Verb::Put,
        "/circles/{circle}/streams",
        "Set in which sections and in which order the streams of a circle are shown",
        |call| {
            let Arrange { sections } = call.body()?;
            Ok(Command::ArrangeStreams { circle: call.id("circle")?, sections })
        },
    )
    .body::<Arrange>(
        r#"{"sections":[{"section":"Talk","streams":["s_01h455vb4pex5vsknk084sn02q"]}]}"#,
    )
    .errors(&["circle.not_found", "stream.not_found", "permission.denied", "limit.too_many"]),
    get::<shapes::StreamWindow>(
        "/streams/{stream}",
        "A stream, and how far one has read it",
        |call| Ok(Query::Stream { stream: call.id("stream")? }),
    )
    .errors(UNKNOWN),
    act(Verb::Put, "/streams/{stream}", "Change a stream of a circle, or a group's name", |call| {
        let ChangeStream { name, about, archived, slow_seconds } = call.body()?;
        let stream = call.id("stream")?;
        Ok(Command::ChangeStream { stream, name, about, archived, slow_seconds })
    })
    .body::<ChangeStream>(r#"{"name":"seeds","archived":false,"slow_seconds":0}"#)
    .errors(MANAGED),
    act(Verb::Put, "/streams/{stream}/deny", "Set what roles are denied in a stream", |call| {
        let Deny { deny } = call.body()?;
        Ok(Command::NarrowStream { stream: call.id("stream")?, deny })
    })
    .body::<Deny>(r#"{"deny":{"r_01h455vb4pex5vsknk084sn02q":["write"]}}"#)
    .errors(DENIED),
    act(
        Verb::Delete,
        "/streams/{stream}",
        "Remove a stream of a circle and all that is in it",
        |call| Ok(Command::RemoveStream { stream: call.id("stream")? }),
    )
    .errors(&["stream.not_found", "permission.denied"]),
    get::<shapes::Unread>(
        "/streams/{stream}/unread",
        "What is unread in a stream and its threads that one follows",
        |call| Ok(Query::Unread { stream: call.id("stream")? }),
    )
    .errors(UNKNOWN),
    act(Verb::Put, "/streams/{stream}/read", "Set how far one has read, onward or back", |call| {
        let Read { seq, thread } = call.body()?;
        Ok(Command::Read { stream: call.id("stream")?, thread, seq })
    })
    .body::<Read>(r#"{"seq":7}"#)
    .errors(&["stream.not_found", "message.not_found", "feed.ahead"]),
    act(Verb::Post, "/direct", "Open the direct stream with a user", |call| {
        let Direct { user } = call.body()?;
        Ok(Command::OpenDirect { user })
    })
    .body::<Direct>(r#"{"user":"u_01h455vb4pex5vsknk084sn02q"}"#)
    .errors(PEOPLE),
    act(Verb::Post, "/groups", "Make a group", |call| {
        let NewGroup { users, name } = call.body()?;
        Ok(Command::CreateGroup { users, name })
    })
    .body::<NewGroup>(r#"{"users":["u_01h455vb4pex5vsknk084sn02q"],"name":"Trip"}"#)
    .errors(PEOPLE)
    .creates(),
    act(Verb::Post, "/groups/{stream}/users", "Add users to a group", |call| {
        let Users { users } = call.body()?;
        Ok(Command::AddToGroup { stream: call.id("stream")?, users })
    })
    .body::<Users>(r#"{"users":["u_01h455vb4pex5vsknk084sn02q"]}"#)
    .errors(&["stream.not_found", "user.not_found", "user.blocked", "limit.too_many"]),
    act(Verb::Post, "/groups/{stream}/leave", "Leave a group", |call| {
        Ok(Command::LeaveGroup { stream: call.id("stream")? })
    })
    .errors(UNKNOWN),
];
