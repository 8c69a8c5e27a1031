//! Circles: made, changed, handed over, removed.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::access;
use crate::command::Outcome;
use crate::decide::{audit, file, member, stream, tell};
use crate::document::{Doc, Key, Mark, Role};
use crate::draft::{Draft, Stop};
use crate::event::{Act, Body};
use crate::id::{CircleId, FeedId, FileId, RoleId, UserId};
use crate::permission::{Permission, Permissions};
use crate::refusal::Refusal;
use crate::text::{CircleName, Line, RoleName, StreamName};

/// What every member may do in a new circle.
pub const MEMBER: Permissions = Permissions::of(&[
    Permission::Read,
    Permission::Write,
    Permission::React,
    Permission::Attach,
    Permission::UseServices,
]);
/// What moderators may do in a new circle: also what members may, so that a stream that is narrowed
/// for members alone stays open to moderators.
pub const MODERATOR: Permissions = Permissions::of(&[
    Permission::Read,
    Permission::Write,
    Permission::React,
    Permission::Attach,
    Permission::UseServices,
    Permission::MentionAll,
    Permission::Invite,
    Permission::ManageMessages,
    Permission::ManageFeeds,
    Permission::ManageMembers,
    Permission::ViewAudit,
    Permission::OfferServices,
]);
/// The rank of moderators in a new circle.
pub const MODERATOR_RANK: u16 = 100;
/// The first stream of a new circle.
const FIRST_STREAM: &str = "general";

pub(crate) fn create(
    draft: &mut Draft<'_>,
    me: UserId,
    name: &CircleName,
    public: bool,
) -> Result<Outcome, Stop> {
    let circle = CircleId::new(draft.now, draft.random());
    let everyone = RoleId::new(draft.now, draft.random());
    let moderator = RoleId::new(draft.now, draft.random());
    let roles = BTreeMap::from([
        (everyone, Role { name: RoleName::parse("member")?, allow: MEMBER, rank: 0 }),
        (
            moderator,
            Role { name: RoleName::parse("moderator")?, allow: MODERATOR, rank: MODERATOR_RANK },
        ),
    ]);
    let mut outcome = Outcome { circle: Some(circle), ..Outcome::default() };
    let body = Body::CircleCreated { name: name.clone(), public, roles, everyone };
    tell(draft, &mut outcome, FeedId::Circle(circle), body)?;
    audit(draft, circle, Act::CircleCreated)?;
    member::add(draft, &mut outcome, circle, me)?;
    let first = StreamName::parse(FIRST_STREAM)?;
    stream::add(draft, &mut outcome, circle, &first, None, &BTreeMap::new())?;
    Ok(outcome)
}

/// After how many seconds without an action members may be shown as idle.
pub const IDLE_SECONDS: std::ops::RangeInclusive<u32> = 60..=24 * 3600;

/// How a circle shall be.
pub(crate) struct Wanted<'a> {
    pub(crate) name: &'a CircleName,
    pub(crate) about: Option<&'a Line>,
    pub(crate) public: bool,
    pub(crate) idle_seconds: Option<u32>,
}

pub(crate) fn change(
    draft: &mut Draft<'_>,
    me: UserId,
    circle: CircleId,
    to: &Wanted<'_>,
) -> Result<Outcome, Stop> {
    let standing = access::in_circle(draft, me, circle)?;
    standing.require(Permission::ManageCircle, draft.now)?;
    let idle_seconds = to.idle_seconds.unwrap_or(standing.circle.idle_seconds);
    if idle_seconds != 0 && !IDLE_SECONDS.contains(&idle_seconds) {
        return Err(Refusal::Malformed { field: "idle_seconds" }.into());
    }
    let mut outcome = Outcome::default();
    let (name, about, public) = (to.name.clone(), to.about.cloned(), to.public);
    let icon = standing.circle.icon.clone();
    let body = Body::CircleChanged { name: name.clone(), about, icon, public, idle_seconds };
    tell(draft, &mut outcome, FeedId::Circle(circle), body)?;
    audit(draft, circle, Act::CircleChanged { name, public })?;
    Ok(outcome)
}

/// Has a circle shown with the image of a file of whoever manages it, or with none.
pub(crate) fn depict(
    draft: &mut Draft<'_>,
    me: UserId,
    id: CircleId,
    wanted: Option<FileId>,
) -> Result<Outcome, Stop> {
    let standing = access::in_circle(draft, me, id)?;
    standing.require(Permission::ManageCircle, draft.now)?;
    let circle = standing.circle;
    let mut outcome = Outcome::default();
    let Some(icon) = file::depict(draft, me, wanted, circle.icon.as_deref())? else {
        return Ok(outcome);
    };
    let body = Body::CircleChanged {
        name: circle.name.clone(),
        about: circle.about.clone(),
        icon: icon.clone(),
        public: circle.public,
        idle_seconds: circle.idle_seconds,
    };
    tell(draft, &mut outcome, FeedId::Circle(id), body)?;
    audit(draft, id, Act::IconSet { icon })?;
    Ok(outcome)
}

pub(crate) fn change_owner(
    draft: &mut Draft<'_>,
    me: UserId,
    circle: CircleId,
    owner: UserId,
) -> Result<Outcome, Stop> {
    let standing = access::in_circle(draft, me, circle)?;
    if standing.circle.owner != me {
        return Err(Refusal::Forbidden { permission: access::OWNER }.into());
    }
    if draft.member(circle, owner)?.is_none() {
        return Err(Refusal::NotMember.into());
    }
    let mut outcome = Outcome::default();
    tell(draft, &mut outcome, FeedId::Circle(circle), Body::OwnerChanged { owner })?;
    audit(draft, circle, Act::OwnerChanged { owner })?;
    Ok(outcome)
}

/// Removes a circle: from here on there is none of this id, for anybody. What it held is forgotten
/// [later](crate::decide::gone), a little at a time.
pub(crate) fn remove(draft: &mut Draft<'_>, me: UserId, id: CircleId) -> Result<Outcome, Stop> {
    let circle = access::to_remove_circle(draft, me, id)?;
    if let Some(icon) = &circle.icon {
        file::let_go(draft, icon.file)?;
    }
    draft.put(Key::Tally(id), None);
    draft.put(Key::GoneCircle(id), Some(Doc::GoneCircle(Arc::new(Mark { at: draft.now }))));
    audit(draft, id, Act::CircleRemoved)?;
    let body = Body::CircleRemoved { circle: id, name: circle.name.clone() };
    draft.emit(FeedId::Circle(id), body.clone())?;
    draft.emit(FeedId::Site, body)?;
    Ok(Outcome { circle: Some(id), ..Outcome::default() })
}
