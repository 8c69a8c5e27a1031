//! Members of circles, and what is done to them.

use kith_core::command::Command;
use kith_proto::query::Query;

use super::bodies::{Nickname, Reason, Roles, TimeOut};
use super::route::{Kind, Param, Route, Verb, act, get};
use super::shapes;

const UNKNOWN: &[&str] = &["circle.not_found"];
/// How long ago people came who are told of, unless it is said.
const CAME_SECONDS: u64 = 3600;
const MODERATED: &[&str] = &[
    "circle.not_found",
    "member.not_found",
    "circle.owner_stays",
    "limit.too_many",
    "permission.denied",
    "permission.outranked",
];

pub(super) const ROUTES: &[Route] = &[
    get::<shapes::Members>(
        "/circles/{circle}/members",
        "Members, in the order of their ids",
        |call| {
            let (after, limit) = (call.asked_id("after")?, call.limit()?);
            Ok(Query::Members { circle: call.id("circle")?, after, limit })
        },
    )
    .query(&[
        Param { name: "after", kind: Kind::Id("u_"), about: "Only those after this one." },
        Param { name: "limit", kind: Kind::Number, about: "At most 200; 100 if absent." },
    ])
    .errors(UNKNOWN),
    get::<shapes::Bans>(
        "/circles/{circle}/bans",
        "Who is banned, in the order of their ids, for those who may manage members",
        |call| {
            let (after, limit) = (call.asked_id("after")?, call.limit()?);
            Ok(Query::Bans { circle: call.id("circle")?, after, limit })
        },
    )
    .query(&[
        Param { name: "after", kind: Kind::Id("u_"), about: "Only those after this one." },
        Param { name: "limit", kind: Kind::Number, about: "At most 200; 100 if absent." },
    ])
    .errors(&["circle.not_found", "permission.denied", "member.timed_out"]),
    get::<shapes::Present>("/circles/{circle}/present", "Who of a circle is there now", |call| {
        Ok(Query::Present { circle: call.id("circle")? })
    })
    .errors(UNKNOWN),
    get::<shapes::Present>(
        "/conversations/present",
        "Who is there now of those with whom one talks, as far as one may know it",
        |_| Ok(Query::PresentInConversations {}),
    ),
    get::<shapes::Came>(
        "/circles/{circle}/came",
        "Who of a circle came within so many seconds, gone again or not",
        |call| {
            let seconds = call.asked_id("seconds")?.unwrap_or(CAME_SECONDS);
            Ok(Query::Came { circle: call.id("circle")?, seconds })
        },
    )
    .query(&[Param {
        name: "seconds",
        kind: Kind::Number,
        about: "Within so many before now; 3600 if absent.",
    }])
    .errors(UNKNOWN),
    act(
        Verb::Put,
        "/circles/{circle}/members/{user}/roles",
        "Give a member exactly these roles",
        |call| {
            let Roles { roles } = call.body()?;
            Ok(Command::SetRoles { circle: call.id("circle")?, user: call.id("user")?, roles })
        },
    )
    .body::<Roles>(r#"{"roles":["r_01h455vb4pex5vsknk084sn02q"]}"#)
    .errors(&[
        "circle.not_found",
        "member.not_found",
        "role.not_found",
        "permission.denied",
        "permission.outranked",
    ]),
    act(
        Verb::Put,
        "/circles/{circle}/members/{user}/nickname",
        "Set what a member is called: oneself, or who is below",
        |call| {
            let Nickname { nickname } = call.body()?;
            let (circle, user) = (call.id("circle")?, call.id("user")?);
            Ok(Command::SetNickname { circle, user, nickname })
        },
    )
    .body::<Nickname>(r#"{"nickname":"Annie"}"#)
    .errors(MODERATED),
    act(
        Verb::Put,
        "/circles/{circle}/members/{user}/timeout",
        "Let a member only read for a time",
        |call| {
            let TimeOut { seconds, reason } = call.body()?;
            let (circle, user) = (call.id("circle")?, call.id("user")?);
            Ok(Command::TimeOut { circle, user, seconds, reason })
        },
    )
    .body::<TimeOut>(r#"{"seconds":600,"reason":"Calm down"}"#)
    .errors(MODERATED),
    act(Verb::Delete, "/circles/{circle}/members/{user}", "Make a member leave", |call| {
        let (circle, user, reason) = (call.id("circle")?, call.id("user")?, call.reason()?);
        Ok(Command::Kick { circle, user, reason })
    })
    .query(&[Param { name: "reason", kind: Kind::Text(500), about: "Why." }])
    .errors(MODERATED),
    act(Verb::Put, "/circles/{circle}/bans/{user}", "Keep a user out for good", |call| {
        let Reason { reason } = call.body()?;
        Ok(Command::Ban { circle: call.id("circle")?, user: call.id("user")?, reason })
    })
    .body::<Reason>(r#"{"reason":"Spam"}"#)
    .errors(&[
        "circle.not_found",
        "user.not_found",
        "member.not_found",
        "circle.owner_stays",
        "permission.denied",
        "permission.outranked",
    ]),
    act(Verb::Delete, "/circles/{circle}/bans/{user}", "Let a banned user come again", |call| {
        Ok(Command::Unban { circle: call.id("circle")?, user: call.id("user")? })
    })
    .errors(&["circle.not_found", "permission.denied"]),
];
