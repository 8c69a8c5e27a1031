//! Memberships: joining, leaving, and the powers of those who manage members.

use std::sync::Arc;

use crate::access::{self, Standing};
use crate::command::Outcome;
use crate::decide::{audit, tell};
use crate::document::{Ban, Doc, Key, Member};
use crate::draft::{Draft, Stop};
use crate::event::{Act, Body, Leaving};
use crate::id::{CircleId, FeedId, UserId};
use crate::permission::Permission;
use crate::refusal::Refusal;
use crate::text::{DisplayName, Line};

/// The longest time-out, in seconds: 28 days.
pub const TIME_OUT_SECONDS_MAX: u32 = 28 * 24 * 3600;

/// Makes `user` a member, whoever let them in. Joining twice changes nothing.
pub(crate) fn add(
    draft: &mut Draft<'_>,
    outcome: &mut Outcome,
    circle: CircleId,
    user: UserId,
) -> Result<bool, Stop> {
    outcome.circle = Some(circle);
    if draft.member(circle, user)?.is_some() {
        return Ok(false);
    }
    tell(draft, outcome, FeedId::Circle(circle), Body::MemberJoined { user })?;
    tell(draft, outcome, FeedId::User(user), Body::CircleJoined { circle })?;
    Ok(true)
}

pub(crate) fn join(draft: &mut Draft<'_>, me: UserId, circle: CircleId) -> Result<Outcome, Stop> {
    let found = draft.circle(circle)?.ok_or(Refusal::NoSuchCircle)?;
    let member = draft.member(circle, me)?.is_some();
    // Whoever is banned may not even learn that it is still there.
    if !member && (!found.public || draft.ban(circle, me)?.is_some()) {
        return Err(Refusal::NoSuchCircle.into());
    }
    let mut outcome = Outcome::default();
    add(draft, &mut outcome, circle, me)?;
    Ok(outcome)
}

fn remove(
    draft: &mut Draft<'_>,
    circle: CircleId,
    user: UserId,
    how: Leaving,
) -> Result<Outcome, Stop> {
    let mut outcome = Outcome::default();
    tell(draft, &mut outcome, FeedId::Circle(circle), Body::MemberLeft { user, how })?;
    draft.emit(FeedId::User(user), Body::CircleLeft { circle, how })?;
    Ok(outcome)
}

pub(crate) fn leave(draft: &mut Draft<'_>, me: UserId, circle: CircleId) -> Result<Outcome, Stop> {
    let standing = access::in_circle(draft, me, circle)?;
    if standing.circle.owner == me {
        return Err(Refusal::OwnerStays.into());
    }
    remove(draft, circle, me, Leaving::Left)
}

/// The standing of `me` and the membership of `user`, when `me` may act on `user`.
fn over(
    draft: &Draft<'_>,
    me: UserId,
    circle: CircleId,
    user: UserId,
) -> Result<(Standing, Arc<Member>), Stop> {
    let standing = access::in_circle(draft, me, circle)?;
    standing.require(Permission::ManageMembers, draft.now)?;
    let member = draft.member(circle, user)?.ok_or(Refusal::NotMember)?;
    standing.outranks(access::rank(&standing.circle, &member))?;
    Ok((standing, member))
}

pub(crate) fn kick(
    draft: &mut Draft<'_>,
    me: UserId,
    circle: CircleId,
    user: UserId,
    reason: Option<&Line>,
) -> Result<Outcome, Stop> {
    over(draft, me, circle, user)?;
    let how = Leaving::Kicked;
    audit(draft, circle, Act::MemberRemoved { user, how, reason: reason.cloned() })?;
    remove(draft, circle, user, how)
}

pub(crate) fn ban(
    draft: &mut Draft<'_>,
    me: UserId,
    circle: CircleId,
    user: UserId,
    reason: Option<&Line>,
) -> Result<Outcome, Stop> {
    let how = Leaving::Banned;
    let outcome = match over(draft, me, circle, user) {
        Ok(_) => remove(draft, circle, user, how)?,
        // Who is not a member yet can be kept out all the same.
        Err(Stop::Refused(Refusal::NotMember)) if draft.user(user)?.is_some() => Outcome::default(),
        Err(stop) => return Err(stop),
    };
    let ban = Ban { by: me, reason: reason.cloned(), at: draft.now };
    draft.put(Key::Ban(circle, user), Some(Doc::Ban(Arc::new(ban))));
    audit(draft, circle, Act::MemberRemoved { user, how, reason: reason.cloned() })?;
    Ok(outcome)
}

pub(crate) fn unban(
    draft: &mut Draft<'_>,
    me: UserId,
    circle: CircleId,
    user: UserId,
) -> Result<Outcome, Stop> {
    access::in_circle(draft, me, circle)?.require(Permission::ManageMembers, draft.now)?;
    if draft.ban(circle, user)?.is_some() {
        draft.put(Key::Ban(circle, user), None);
        audit(draft, circle, Act::Unbanned { user })?;
    }
    Ok(Outcome::default())
}

pub(crate) fn time_out(
    draft: &mut Draft<'_>,
    me: UserId,
    circle: CircleId,
    user: UserId,
    seconds: u32,
    reason: Option<&Line>,
) -> Result<Outcome, Stop> {
    if seconds > TIME_OUT_SECONDS_MAX {
        return Err(Refusal::TooMany { max: TIME_OUT_SECONDS_MAX as usize }.into());
    }
    let (_, member) = over(draft, me, circle, user)?;
    let until = (seconds > 0).then(|| draft.now.plus_ms(u64::from(seconds) * 1000));
    let reason = reason.cloned();
    audit(draft, circle, Act::MemberTimedOut { user, until, reason })?;
    let member = Member { timed_out_until: until, ..member.as_ref().clone() };
    changed(draft, circle, member)
}

pub(crate) fn rename(
    draft: &mut Draft<'_>,
    me: UserId,
    circle: CircleId,
    user: UserId,
    nickname: Option<&DisplayName>,
) -> Result<Outcome, Stop> {
    let nickname = nickname.cloned();
    let member = if me == user {
        let standing = access::in_circle(draft, me, circle)?;
        // A name is read by everyone: whoever may only read does not write by changing theirs.
        if let Some(until) = standing.member.timed_out_until.filter(|until| *until > draft.now) {
            return Err(Refusal::TimedOut { wait_ms: until.since_ms(draft.now) }.into());
        }
        standing.member
    } else {
        let (_, member) = over(draft, me, circle, user)?;
        audit(draft, circle, Act::MemberRenamed { user, nickname: nickname.clone() })?;
        member
    };
    changed(draft, circle, Member { nickname, ..member.as_ref().clone() })
}

pub(crate) fn changed(
    draft: &mut Draft<'_>,
    circle: CircleId,
    member: Member,
) -> Result<Outcome, Stop> {
    let mut outcome = Outcome::default();
    tell(draft, &mut outcome, FeedId::Circle(circle), Body::MemberChanged { member })?;
    Ok(outcome)
}
