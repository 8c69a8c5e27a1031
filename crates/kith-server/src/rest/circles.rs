//! Circles, their roles and invites.

use kith_core::command::Command;
use kith_proto::query::Query;

use super::bodies::{ChangeCircle, NewCircle, NewInvite, NewOwner, Picture, Role};
use super::route::{Kind, Param, Route, Verb, act, get};
use super::shapes;

const UNKNOWN: &[&str] = &["circle.not_found"];
const MANAGED: &[&str] = &["circle.not_found", "permission.denied"];
const RANKED: &[&str] = &[
    "circle.not_found",
    "role.not_found",
    "role.stays",
    "name.taken",
    "limit.too_many",
    "permission.denied",
    "permission.outranked",
];
const ROLE: &str = r#"{"name":"Moderators","allow":["manage_messages"],"rank":10}"#;

pub(super) const ROUTES: &[Route] = &[
    get::<shapes::Circles>(
        "/circles/public",
        "Public circles, in the order of their making",
        |call| Ok(Query::PublicCircles { after: call.asked_id("after")? }),
    )
    .query(&[Param {
        name: "after",
        kind: Kind::Id("c_"),
        about: "Only those after this one.",
    }]),
    act(Verb::Post, "/circles", "Make a circle with a first stream, and own it", |call| {
        let NewCircle { name, public } = call.body()?;
        Ok(Command::CreateCircle { name, public })
    })
    .body::<NewCircle>(r#"{"name":"Garden","public":true}"#)
    .errors(&["limit.too_many"])
    .creates(),
    get::<shapes::CircleWindow>("/circles/{circle}", "A circle that one is in", |call| {
        Ok(Query::Circle { circle: call.id("circle")? })
    })
    .errors(UNKNOWN),
    act(Verb::Put, "/circles/{circle}", "Change a circle", |call| {
        let ChangeCircle { name, about, public, idle_seconds } = call.body()?;
        let circle = call.id("circle")?;
        Ok(Command::ChangeCircle { circle, name, about, public, idle_seconds })
    })
    .body::<ChangeCircle>(r#"{"name":"Garden","about":"Plants","public":false}"#)
    .errors(MANAGED),
    act(
        Verb::Delete,
        "/circles/{circle}",
        "Remove a circle and all that is in it, as its owner or an administrator of the site",
        |call| Ok(Command::RemoveCircle { circle: call.id("circle")? }),
    )
    .errors(MANAGED),
    act(Verb::Put, "/circles/{circle}/icon", "Set the image that a circle is shown with", |call| {
        let Picture { file } = call.body()?;
        Ok(Command::SetIcon { circle: call.id("circle")?, file: Some(file) })
    })
    .body::<Picture>(r#"{"file":"f_01h455vb4pex5vsknk084sn02q"}"#)
    .errors(&["circle.not_found", "permission.denied", "file.not_found", "file.no_image"]),
    act(Verb::Delete, "/circles/{circle}/icon", "Show a circle without an image", |call| {
        Ok(Command::SetIcon { circle: call.id("circle")?, file: None })
    })
    .errors(MANAGED),
    act(Verb::Post, "/circles/{circle}/join", "Join a public circle", |call| {
        Ok(Command::Join { circle: call.id("circle")? })
    })
    .errors(&["circle.not_found", "limit.too_many"]),
    act(Verb::Post, "/circles/{circle}/leave", "Leave a circle", |call| {
        Ok(Command::Leave { circle: call.id("circle")? })
    })
    .errors(&["circle.not_found", "circle.owner_stays"]),
    act(Verb::Put, "/circles/{circle}/owner", "Hand a circle over to another member", |call| {
        let NewOwner { owner } = call.body()?;
        Ok(Command::ChangeOwner { circle: call.id("circle")?, owner })
    })
    .body::<NewOwner>(r#"{"owner":"u_01h455vb4pex5vsknk084sn02q"}"#)
    .errors(&["circle.not_found", "member.not_found", "permission.denied"]),
    act(Verb::Post, "/circles/{circle}/roles", "Make a role", |call| {
        let Role { name, allow, rank } = call.body()?;
        Ok(Command::CreateRole { circle: call.id("circle")?, name, allow, rank })
    })
    .body::<Role>(ROLE)
    .errors(RANKED)
    .creates(),
    act(Verb::Put, "/circles/{circle}/roles/{role}", "Change a role", |call| {
        let Role { name, allow, rank } = call.body()?;
        let (circle, role) = (call.id("circle")?, call.id("role")?);
        Ok(Command::ChangeRole { circle, role, name, allow, rank })
    })
    .body::<Role>(ROLE)
    .errors(RANKED),
    act(Verb::Delete, "/circles/{circle}/roles/{role}", "Remove a role", |call| {
        Ok(Command::RemoveRole { circle: call.id("circle")?, role: call.id("role")? })
    })
    .errors(RANKED),
    get::<shapes::Invites>(
        "/circles/{circle}/invites",
        "Invites of a circle: all for those who manage members, else one's own",
        |call| Ok(Query::Invites { circle: call.id("circle")? }),
    )
    .errors(UNKNOWN),
    act(Verb::Post, "/circles/{circle}/invites", "Make an invite; its code is told once", |call| {
        let NewInvite { seconds, uses } = call.body()?;
        Ok(Command::CreateInvite { circle: call.id("circle")?, seconds, uses })
    })
    .body::<NewInvite>(r#"{"seconds":86400,"uses":1}"#)
    .errors(&["circle.not_found", "permission.denied", "limit.too_many"])
    .creates(),
    act(Verb::Delete, "/circles/{circle}/invites/{invite}", "Revoke an invite", |call| {
        Ok(Command::RevokeInvite { circle: call.id("circle")?, invite: call.id("invite")? })
    })
    .errors(&["circle.not_found", "invite.not_found", "permission.denied"]),
    get::<shapes::CircleCard>("/invites/{code}", "Where an invite leads", |call| {
        Ok(Query::InviteTarget { code: call.part("code")?.to_owned() })
    })
    .errors(&["invite.not_found"]),
    act(Verb::Post, "/invites/{code}/accept", "Join the circle of an invite", |call| {
        Ok(Command::AcceptInvite { code: call.part("code")?.to_owned() })
    })
    .errors(&["invite.not_found", "limit.too_many"]),
];
