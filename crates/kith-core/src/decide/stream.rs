//! Streams: channels of circles, direct streams, groups.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::access::{self, OWNER_RANK, Standing};
use crate::command::{Arranged, Outcome};
use crate::decide::{audit, gone, tell};
use crate::document::{Doc, GROUP_MAX, Home, Key, Tally};
use crate::draft::{Draft, Stop};
use crate::event::{Act, Body};
use crate::id::{CircleId, FeedId, RoleId, StreamId, UserId};
use crate::permission::{Permission, Permissions};
use crate::refusal::Refusal;
use crate::text::{Line, StreamName};

/// The most streams of a circle, archived ones included.
pub const STREAMS_MAX: usize = 500;
/// The longest wait between two messages of a slow stream, in seconds.
pub const SLOW_SECONDS_MAX: u32 = 6 * 3600;

/// Makes a stream in a circle, whoever asked.
pub(crate) fn add(
    draft: &mut Draft<'_>,
    outcome: &mut Outcome,
    circle: CircleId,
    name: &StreamName,
    about: Option<&Line>,
    deny: &BTreeMap<RoleId, Permissions>,
) -> Result<(), Stop> {
    let tally = draft.tally(circle)?.unwrap_or_default();
    if tally.streams as usize >= STREAMS_MAX {
        return Err(Refusal::TooMany { max: STREAMS_MAX }.into());
    }
    let tally = Tally { streams: tally.streams + 1, ..tally.as_ref().clone() };
    draft.put(Key::Tally(circle), Some(Doc::Tally(Arc::new(tally))));
    let stream = StreamId::new(draft.now, draft.random());
    let body = Body::StreamCreated {
        home: Home::Channel { circle },
        name: Some(name.clone()),
        about: about.cloned(),
        deny: deny.clone(),
    };
    tell(draft, outcome, FeedId::Stream(stream), body)?;
    audit(draft, circle, Act::StreamCreated { stream, name: name.clone() })?;
    outcome.stream = Some(stream);
    Ok(())
}

/// Refuses narrowing by roles that are not there or not below one's own.
pub(crate) fn may_deny(
    standing: &Standing,
    before: &BTreeMap<RoleId, Permissions>,
    deny: &BTreeMap<RoleId, Permissions>,
) -> Result<(), Refusal> {
    let changed = deny.iter().filter(|(role, set)| before.get(role) != Some(set));
    let removed = before.iter().filter(|(role, _)| !deny.contains_key(role));
    for (role, set) in changed.chain(removed) {
        match standing.circle.roles.get(role) {
            Some(role) => standing.outranks(role.rank)?,
            // What denies a role that was removed may go, and may not come.
            None if deny.contains_key(role) => return Err(Refusal::NoSuchRole),
            None => {}
        }
        if standing.rank != OWNER_RANK && !standing.permissions.contains(*set) {
            return Err(Refusal::Outranked);
        }
    }
    Ok(())
}

pub(crate) fn create(
    draft: &mut Draft<'_>,
    me: UserId,
    circle: CircleId,
    name: &StreamName,
    about: Option<&Line>,
    deny: &BTreeMap<RoleId, Permissions>,
) -> Result<Outcome, Stop> {
    let standing = access::in_circle(draft, me, circle)?;
    standing.require(Permission::ManageFeeds, draft.now)?;
    may_deny(&standing, &BTreeMap::new(), deny)?;
    let mut outcome = Outcome::default();
    add(draft, &mut outcome, circle, name, about, deny)?;
    Ok(outcome)
}

/// How a stream shall be.
pub(crate) struct Wanted<'a> {
    pub(crate) name: &'a StreamName,
    pub(crate) about: Option<&'a Line>,
    pub(crate) archived: bool,
    pub(crate) slow_seconds: u32,
}

pub(crate) fn change(
    draft: &mut Draft<'_>,
    me: UserId,
    stream: StreamId,
    to: &Wanted<'_>,
) -> Result<Outcome, Stop> {
    let access = access::in_stream(draft, me, stream)?;
    if let Home::Direct { .. } = access.stream.home {
        return Err(Refusal::Forbidden { permission: Permission::ManageFeeds.name() }.into());
    }
    if to.slow_seconds > SLOW_SECONDS_MAX {
        return Err(Refusal::TooMany { max: SLOW_SECONDS_MAX as usize }.into());
    }
    if let Some(circle) = access.circle() {
        access.require(Permission::ManageFeeds, draft.now)?;
        audit(draft, circle, Act::StreamChanged { stream })?;
    }
    let mut outcome = Outcome::default();
    let body = Body::StreamChanged {
        name: Some(to.name.clone()),
        about: to.about.cloned(),
        archived: to.archived,
        slow_seconds: to.slow_seconds,
    };
    tell(draft, &mut outcome, FeedId::Stream(stream), body)?;
    Ok(outcome)
}

pub(crate) fn narrow(
    draft: &mut Draft<'_>,
    me: UserId,
    stream: StreamId,
    deny: &BTreeMap<RoleId, Permissions>,
) -> Result<Outcome, Stop> {
    let access = access::in_stream(draft, me, stream)?;
    access.require(Permission::ManageFeeds, draft.now)?;
    let Some(standing) = &access.standing else {
        return Err(Refusal::NoSuchCircle.into());
    };
    may_deny(standing, &access.stream.deny, deny)?;
    audit(draft, standing.circle.id, Act::StreamNarrowed { stream, deny: deny.clone() })?;
    let mut outcome = Outcome::default();
    tell(draft, &mut outcome, FeedId::Stream(stream), Body::StreamNarrowed { deny: deny.clone() })?;
    Ok(outcome)
}

/// Removes a stream of a circle: from here on there is none of this id, for anybody. What it held is
/// forgotten [later](crate::decide::gone), a little at a time.
pub(crate) fn remove(draft: &mut Draft<'_>, me: UserId, stream: StreamId) -> Result<Outcome, Stop> {
    let access = access::in_stream(draft, me, stream)?;
    access.require(Permission::ManageFeeds, draft.now)?;
    let circle = access.circle().ok_or(Refusal::NoSuchCircle)?;
    let tally = draft.tally(circle)?.unwrap_or_default();
    let tally = Tally { streams: tally.streams.saturating_sub(1), ..tally.as_ref().clone() };
    draft.put(Key::Tally(circle), Some(Doc::Tally(Arc::new(tally))));
    gone::stream(draft, circle, stream)?;
    audit(draft, circle, Act::StreamRemoved { stream, name: access.stream.name.clone() })?;
    Ok(Outcome { stream: Some(stream), ..Outcome::default() })
}

/// The most sections of a circle.
pub const SECTIONS_MAX: usize = 100;

pub(crate) fn arrange(
    draft: &mut Draft<'_>,
    me: UserId,
    circle: CircleId,
    sections: &[Arranged],
) -> Result<Outcome, Stop> {
    access::in_circle(draft, me, circle)?.require(Permission::ManageFeeds, draft.now)?;
    let count = sections.iter().map(|arranged| arranged.streams.len()).sum::<usize>();
    for (count, max) in [(sections.len(), SECTIONS_MAX), (count, STREAMS_MAX)] {
        if count > max {
            return Err(Refusal::TooMany { max }.into());
        }
    }
    let mut outcome = Outcome::default();
    let mut placed = BTreeSet::new();
    for Arranged { section, streams } in sections {
        for stream in streams {
            let access = access::in_stream(draft, me, *stream)?;
            if access.circle() != Some(circle) {
                return Err(Refusal::NoSuchStream.into());
            }
            if !placed.insert(*stream) {
                return Err(Refusal::Malformed { field: "sections" }.into());
            }
            let position = u32::try_from(placed.len()).unwrap_or(u32::MAX);
            if access.stream.section != *section || access.stream.position != position {
                let body = Body::StreamArranged { section: section.clone(), position };
                tell(draft, &mut outcome, FeedId::Stream(*stream), body)?;
            }
        }
    }
    if !outcome.events.is_empty() {
        audit(draft, circle, Act::StreamsArranged)?;
    }
    Ok(outcome)
}

/// Refuses when one of two users blocks the other.
pub(crate) fn not_blocked(draft: &Draft<'_>, me: UserId, other: UserId) -> Result<(), Stop> {
    if draft.block(other, me)?.is_some() || draft.block(me, other)?.is_some() {
        return Err(Refusal::Blocked.into());
    }
    Ok(())
}

/// Refuses whoever may not know how somebody is there by talking with them: where one of the two is not
/// in the conversation, or blocks the other.
///
/// # Errors
/// [`Refusal::NoSuchStream`] or [`Refusal::Blocked`].
pub fn may_notice(
    draft: &Draft<'_>,
    me: UserId,
    other: UserId,
    stream: StreamId,
) -> Result<(), Stop> {
    let users = access::in_stream(draft, me, stream)?.stream.users();
    if !users.contains(&other) {
        return Err(Refusal::NoSuchStream.into());
    }
    not_blocked(draft, me, other)
}

fn known(draft: &Draft<'_>, user: UserId) -> Result<(), Stop> {
    match draft.user(user)? {
        Some(user) if !user.disabled => Ok(()),
        _ => Err(Refusal::NoSuchUser.into()),
    }
}

pub(crate) fn open_direct(
    draft: &mut Draft<'_>,
    me: UserId,
    user: UserId,
) -> Result<Outcome, Stop> {
    known(draft, user)?;
    if me == user {
        return Err(Refusal::NoSuchUser.into());
    }
    let users = [me.min(user), me.max(user)];
    if let Some(direct) = draft.direct(users[0], users[1])? {
        return Ok(Outcome { stream: Some(direct.stream), ..Outcome::default() });
    }
    not_blocked(draft, me, user)?;
    let stream = StreamId::new(draft.now, draft.random());
    let mut outcome = Outcome { stream: Some(stream), ..Outcome::default() };
    let home = Home::Direct { users };
    let body = Body::StreamCreated { home, name: None, about: None, deny: BTreeMap::new() };
    tell(draft, &mut outcome, FeedId::Stream(stream), body)?;
    tell(draft, &mut outcome, FeedId::User(me), Body::ConversationOpened { stream })?;
    draft.emit(FeedId::User(user), Body::ConversationOpened { stream })?;
    Ok(outcome)
}

pub(crate) fn create_group(
    draft: &mut Draft<'_>,
    me: UserId,
    users: &BTreeSet<UserId>,
    name: Option<&StreamName>,
) -> Result<Outcome, Stop> {
    let mut all = users.clone();
    all.insert(me);
    if all.len() > GROUP_MAX {
        return Err(Refusal::TooMany { max: GROUP_MAX }.into());
    }
    let stream = StreamId::new(draft.now, draft.random());
    let mut outcome = Outcome { stream: Some(stream), ..Outcome::default() };
    let body = Body::StreamCreated {
        home: Home::Group { users: all.clone(), by: me },
        name: name.cloned(),
        about: None,
        deny: BTreeMap::new(),
    };
    tell(draft, &mut outcome, FeedId::Stream(stream), body)?;
    for user in all {
        enter(draft, me, user, stream)?;
    }
    Ok(outcome)
}

fn enter(draft: &mut Draft<'_>, me: UserId, user: UserId, stream: StreamId) -> Result<(), Stop> {
    known(draft, user)?;
    if user != me {
        not_blocked(draft, me, user)?;
    }
    draft.emit(FeedId::User(user), Body::ConversationOpened { stream }).map(drop)
}

pub(crate) fn add_to_group(
    draft: &mut Draft<'_>,
    me: UserId,
    stream: StreamId,
    users: &BTreeSet<UserId>,
) -> Result<Outcome, Stop> {
    let access = access::in_stream(draft, me, stream)?;
    let Home::Group { users: inside, .. } = &access.stream.home else {
        return Err(Refusal::NoSuchStream.into());
    };
    let new: BTreeSet<UserId> = users.difference(inside).copied().collect();
    if inside.len() + new.len() > GROUP_MAX {
        return Err(Refusal::TooMany { max: GROUP_MAX }.into());
    }
    let mut outcome = Outcome::default();
    if !new.is_empty() {
        let body = Body::GroupAdded { users: new.clone() };
        tell(draft, &mut outcome, FeedId::Stream(stream), body)?;
        for user in new {
            enter(draft, me, user, stream)?;
        }
    }
    Ok(outcome)
}

pub(crate) fn leave_group(
    draft: &mut Draft<'_>,
    me: UserId,
    stream: StreamId,
) -> Result<Outcome, Stop> {
    let access = access::in_stream(draft, me, stream)?;
    let Home::Group { .. } = access.stream.home else {
        return Err(Refusal::NoSuchStream.into());
    };
    let mut outcome = Outcome::default();
    draft.emit(FeedId::Stream(stream), Body::GroupLeft { user: me })?;
    tell(draft, &mut outcome, FeedId::User(me), Body::ConversationLeft { stream })?;
    Ok(outcome)
}
