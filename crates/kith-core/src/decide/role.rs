//! Roles: made, changed, given. Nobody can give what they lack, nor reach their own rank.

use std::collections::BTreeSet;

use crate::access::{self, OWNER_RANK, Standing};
use crate::command::Outcome;
use crate::decide::{audit, member, tell};
use crate::document::{Member, Role};
use crate::draft::{Draft, Stop};
use crate::event::{Act, Body};
use crate::id::{CircleId, FeedId, RoleId, UserId};
use crate::permission::{Permission, Permissions};
use crate::refusal::Refusal;
use crate::text::RoleName;

/// The most roles of a circle.
pub const ROLES_MAX: usize = 100;
/// The highest rank of a role.
pub const RANK_MAX: u16 = 1000;

pub(crate) fn wanted(name: &RoleName, allow: Permissions, rank: u16) -> Role {
    Role { name: name.clone(), allow, rank }
}

/// The standing of `me`, when `me` may make or change a role into `to`.
fn manager(draft: &Draft<'_>, me: UserId, circle: CircleId, to: &Role) -> Result<Standing, Stop> {
    let standing = access::in_circle(draft, me, circle)?;
    standing.require(Permission::ManageRoles, draft.now)?;
    standing.outranks(to.rank)?;
    if to.rank > RANK_MAX {
        return Err(Refusal::TooMany { max: usize::from(RANK_MAX) }.into());
    }
    if !standing.permissions.contains(to.allow) {
        return Err(Refusal::Outranked.into());
    }
    Ok(standing)
}

fn set(draft: &mut Draft<'_>, circle: CircleId, role: RoleId, to: &Role) -> Result<Outcome, Stop> {
    let mut outcome = Outcome { role: Some(role), ..Outcome::default() };
    tell(draft, &mut outcome, FeedId::Circle(circle), Body::RoleSet { role, to: to.clone() })?;
    audit(draft, circle, Act::RoleSet { role, to: to.clone() })?;
    Ok(outcome)
}

pub(crate) fn create(
    draft: &mut Draft<'_>,
    me: UserId,
    circle: CircleId,
    to: &Role,
) -> Result<Outcome, Stop> {
    let standing = manager(draft, me, circle, to)?;
    if standing.circle.roles.len() >= ROLES_MAX {
        return Err(Refusal::TooMany { max: ROLES_MAX }.into());
    }
    if standing.circle.roles.values().any(|role| role.name == to.name) {
        return Err(Refusal::NameTaken.into());
    }
    let role = RoleId::new(draft.now, draft.random());
    set(draft, circle, role, to)
}

/// Refuses a role that is not there or not below the rank of `standing`.
fn below(standing: &Standing, role: RoleId) -> Result<&Role, Refusal> {
    let found = standing.circle.roles.get(&role).ok_or(Refusal::NoSuchRole)?;
    standing.outranks(found.rank)?;
    Ok(found)
}

pub(crate) fn change(
    draft: &mut Draft<'_>,
    me: UserId,
    circle: CircleId,
    role: RoleId,
    to: &Role,
) -> Result<Outcome, Stop> {
    let standing = manager(draft, me, circle, to)?;
    let now = below(&standing, role)?;
    // Taking away what one lacks would be power over what one does not have.
    if standing.rank != OWNER_RANK && !standing.permissions.contains(now.allow - to.allow) {
        return Err(Refusal::Outranked.into());
    }
    if standing.circle.everyone == role && to.rank != 0 {
        return Err(Refusal::RoleStays.into());
    }
    if standing.circle.roles.iter().any(|(id, other)| *id != role && other.name == to.name) {
        return Err(Refusal::NameTaken.into());
    }
    set(draft, circle, role, to)
}

pub(crate) fn remove(
    draft: &mut Draft<'_>,
    me: UserId,
    circle: CircleId,
    role: RoleId,
) -> Result<Outcome, Stop> {
    let standing = access::in_circle(draft, me, circle)?;
    standing.require(Permission::ManageRoles, draft.now)?;
    below(&standing, role)?;
    if standing.circle.everyone == role {
        return Err(Refusal::RoleStays.into());
    }
    let mut outcome = Outcome::default();
    tell(draft, &mut outcome, FeedId::Circle(circle), Body::RoleRemoved { role })?;
    audit(draft, circle, Act::RoleRemoved { role })?;
    Ok(outcome)
}

pub(crate) fn give(
    draft: &mut Draft<'_>,
    me: UserId,
    circle: CircleId,
    user: UserId,
    roles: &BTreeSet<RoleId>,
) -> Result<Outcome, Stop> {
    let standing = access::in_circle(draft, me, circle)?;
    standing.require(Permission::ManageRoles, draft.now)?;
    let target = draft.member(circle, user)?.ok_or(Refusal::NotMember)?;
    if me != user {
        standing.outranks(access::rank(&standing.circle, &target))?;
    }
    // Roles that were removed since stay behind in memberships and grant nothing.
    let known = |role: &&RoleId| standing.circle.roles.contains_key(*role);
    for role in roles.symmetric_difference(&target.roles).filter(known) {
        below(&standing, *role)?;
    }
    if !roles.iter().all(|role| known(&role)) {
        return Err(Refusal::NoSuchRole.into());
    }
    let mut roles = roles.clone();
    roles.remove(&standing.circle.everyone);
    audit(draft, circle, Act::MemberRolesSet { user, roles: roles.clone() })?;
    member::changed(draft, circle, Member { roles, ..target.as_ref().clone() })
}
