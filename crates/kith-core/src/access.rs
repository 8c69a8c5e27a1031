//! Who may do what: the one home of authorization.
//!
//! Every check gives back a proof that names what was allowed; code that reads storage asks for the
//! proof, so it cannot be reached without the check. Who may not see a thing is told that it does
//! not exist.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::document::{Circle, Home, Member, Stream, Topic};
use crate::draft::{Draft, Stop};
use crate::id::{CircleId, FeedId, RoleId, StreamId, Timestamp, TopicId, UserId};
use crate::permission::{Permission, Permissions};
use crate::refusal::Refusal;

/// What a member may do while timed out.
const WHILE_TIMED_OUT: Permissions = Permissions::of(&[Permission::Read]);
/// What everyone in a direct stream or group may do.
const IN_CONVERSATION: Permissions = Permissions::of(&[
    Permission::Read,
    Permission::Write,
    Permission::React,
    Permission::Attach,
    Permission::MentionAll,
]);
/// What administrators of the site may, as a permission is called.
pub const ADMINISTER: &str = "administer";
/// What only the owner of a circle may, as a permission is called.
pub const OWNER: &str = "owner";
/// The rank of a circle's owner: above every role.
pub const OWNER_RANK: u16 = u16::MAX;

/// A member's place in a circle.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The circle.
    pub circle: Arc<Circle>,
    /// The membership.
    pub member: Arc<Member>,
    /// What the member may do in the circle itself.
    pub permissions: Permissions,
    /// The highest of the ranks of the member's roles.
    pub rank: u16,
}

impl Standing {
    /// Refuses whoever lacks `permission`.
    ///
    /// # Errors
    /// [`Refusal::TimedOut`] or [`Refusal::Forbidden`].
    pub fn require(&self, permission: Permission, now: Timestamp) -> Result<(), Refusal> {
        require(self.permissions, permission, &self.member, now)
    }

    /// Refuses power over somebody of the same rank or above.
    ///
    /// # Errors
    /// [`Refusal::Outranked`].
    pub fn outranks(&self, other: u16) -> Result<(), Refusal> {
        if self.rank > other { Ok(()) } else { Err(Refusal::Outranked) }
    }
}

fn require(
    permissions: Permissions,
    permission: Permission,
    member: &Member,
    now: Timestamp,
) -> Result<(), Refusal> {
    if permissions.has(permission) {
        return Ok(());
    }
    match member.timed_out_until {
        Some(until) if until > now => Err(Refusal::TimedOut { wait_ms: until.since_ms(now) }),
        _ => Err(Refusal::Forbidden { permission: permission.name() }),
    }
}

/// The rank of `member` in `circle`.
#[must_use]
pub fn rank(circle: &Circle, member: &Member) -> u16 {
    if circle.owner == member.user {
        return OWNER_RANK;
    }
    roles(circle, member)
        .filter_map(|id| circle.roles.get(&id))
        .map(|role| role.rank)
        .max()
        .unwrap_or(0)
}

fn roles<'a>(circle: &Circle, member: &'a Member) -> impl Iterator<Item = RoleId> + 'a {
    member.roles.iter().copied().chain([circle.everyone])
}

/// What `member` may do where roles are denied `deny`: the union over the member's roles of what
/// each allows and is not denied. The owner may do everything.
#[must_use]
pub fn permissions(
    circle: &Circle,
    member: &Member,
    deny: &BTreeMap<RoleId, Permissions>,
    now: Timestamp,
) -> Permissions {
    if circle.owner == member.user {
        return Permissions::ALL;
    }
    let union = roles(circle, member).fold(Permissions::NONE, |union, id| {
        let allow = circle.roles.get(&id).map_or(Permissions::NONE, |role| role.allow);
        union | (allow - deny.get(&id).copied().unwrap_or_default())
    });
    match member.timed_out_until {
        Some(until) if until > now => union - (Permissions::ALL - WHILE_TIMED_OUT),
        _ => union,
    }
}

/// The standing of `user` in `circle`.
///
/// # Errors
/// [`Refusal::NoSuchCircle`] to whoever is not a member.
pub fn in_circle(draft: &Draft<'_>, user: UserId, circle: CircleId) -> Result<Standing, Stop> {
    let found = draft.circle(circle)?;
    let member = draft.member(circle, user)?;
    let (Some(circle), Some(member)) = (found, member) else {
        return Err(Refusal::NoSuchCircle.into());
    };
    let permissions = permissions(&circle, &member, &BTreeMap::new(), draft.now);
    let rank = rank(&circle, &member);
    Ok(Standing { circle, member, permissions, rank })
}

/// A circle that a user may know of: as its member, because anyone may find it who is not banned there,
/// or as an administrator of the site.
///
/// # Errors
/// [`Refusal::NoSuchCircle`] to everybody else.
pub fn to_know_circle(
    draft: &Draft<'_>,
    user: UserId,
    circle: CircleId,
) -> Result<Arc<Circle>, Stop> {
    let found = draft.circle(circle)?.ok_or(Refusal::NoSuchCircle)?;
    let knows = draft.member(circle, user)?.is_some()
        || (found.public && draft.ban(circle, user)?.is_none())
        || draft.account(user)?.is_some_and(|account| account.site_admin);
    if knows { Ok(found) } else { Err(Refusal::NoSuchCircle.into()) }
}

/// A circle that a user may remove: as its owner, or as an administrator of the site.
///
/// # Errors
/// [`Refusal::NoSuchCircle`] to whoever is not in it, [`Refusal::Forbidden`] to other members.
pub fn to_remove_circle(
    draft: &Draft<'_>,
    user: UserId,
    circle: CircleId,
) -> Result<Arc<Circle>, Stop> {
    let found = draft.circle(circle)?.ok_or(Refusal::NoSuchCircle)?;
    if draft.account(user)?.is_some_and(|account| account.site_admin) {
        return Ok(found);
    }
    match in_circle(draft, user, circle)?.circle.owner == user {
        true => Ok(found),
        false => Err(Refusal::Forbidden { permission: OWNER }.into()),
    }
}

/// Whether what a feed tells about was removed, or never was.
///
/// # Errors
/// [`Stop::Missing`] when a document has to be loaded first.
pub fn is_gone(draft: &Draft<'_>, feed: FeedId) -> Result<bool, Stop> {
    let circle = match feed {
        FeedId::Circle(circle) | FeedId::Audit(circle) => circle,
        FeedId::Topic(topic) | FeedId::Live(topic) => match draft.topic(topic)? {
            Some(topic) => topic.circle,
            None => return Ok(true),
        },
        FeedId::Stream(stream) => match draft.stream(stream)?.map(|stream| stream.home.clone()) {
            Some(Home::Channel { circle }) => circle,
            Some(Home::Direct { .. } | Home::Group { .. }) => return Ok(false),
            None => return Ok(true),
        },
        FeedId::User(_) | FeedId::Site => return Ok(false),
    };
    Ok(draft.circle(circle)?.is_none())
}

/// What a user may do in a stream that they may read.
#[derive(Clone, Debug)]
pub struct InStream {
    /// The stream.
    pub stream: Arc<Stream>,
    /// What the user may do in it.
    pub permissions: Permissions,
    /// The user's place in the circle, where the stream is a circle's.
    pub standing: Option<Standing>,
}

impl InStream {
    /// Refuses whoever lacks `permission` here.
    ///
    /// # Errors
    /// [`Refusal::TimedOut`] or [`Refusal::Forbidden`].
    pub fn require(&self, permission: Permission, now: Timestamp) -> Result<(), Refusal> {
        match &self.standing {
            Some(standing) => require(self.permissions, permission, &standing.member, now),
            None if self.permissions.has(permission) => Ok(()),
            None => Err(Refusal::Forbidden { permission: permission.name() }),
        }
    }

    /// The circle whose stream this is.
    #[must_use]
    pub fn circle(&self) -> Option<CircleId> {
        self.standing.as_ref().map(|standing| standing.circle.id)
    }
}

/// What `user` may do in `stream`.
///
/// # Errors
/// [`Refusal::NoSuchStream`] to whoever may not read it.
pub fn in_stream(draft: &Draft<'_>, user: UserId, stream: StreamId) -> Result<InStream, Stop> {
    let hidden = || Stop::from(Refusal::NoSuchStream);
    let stream = draft.stream(stream)?.ok_or_else(hidden)?;
    let (permissions, standing) = match &stream.home {
        Home::Direct { users } if users.contains(&user) => (IN_CONVERSATION, None),
        Home::Group { users, .. } if users.contains(&user) => (IN_CONVERSATION, None),
        Home::Direct { .. } | Home::Group { .. } => return Err(hidden()),
        Home::Channel { circle } => {
            let standing = match in_circle(draft, user, *circle) {
                Err(Stop::Refused(_)) => return Err(hidden()),
                other => other?,
            };
            let member = &standing.member;
            (permissions(&standing.circle, member, &stream.deny, draft.now), Some(standing))
        }
    };
    if !permissions.has(Permission::Read) {
        return Err(hidden());
    }
    Ok(InStream { stream, permissions, standing })
}

/// What a user may do in a topic that they may read.
#[derive(Clone, Debug)]
pub struct InTopic {
    /// The topic.
    pub topic: Arc<Topic>,
    /// What the user may do in it.
    pub permissions: Permissions,
    /// The user's place in the circle.
    pub standing: Standing,
}

impl InTopic {
    /// Refuses whoever lacks `permission` here.
    ///
    /// # Errors
    /// [`Refusal::TimedOut`] or [`Refusal::Forbidden`].
    pub fn require(&self, permission: Permission, now: Timestamp) -> Result<(), Refusal> {
        require(self.permissions, permission, &self.standing.member, now)
    }
}

/// What `user` may do in `topic`.
///
/// # Errors
/// [`Refusal::NoSuchTopic`] to whoever may not read it.
pub fn in_topic(draft: &Draft<'_>, user: UserId, topic: TopicId) -> Result<InTopic, Stop> {
    let hidden = || Stop::from(Refusal::NoSuchTopic);
    let topic = draft.topic(topic)?.ok_or_else(hidden)?;
    let standing = match in_circle(draft, user, topic.circle) {
        Err(Stop::Refused(_)) => return Err(hidden()),
        other => other?,
    };
    let permissions = permissions(&standing.circle, &standing.member, &topic.deny, draft.now);
    if !permissions.has(Permission::Read) {
        return Err(hidden());
    }
    Ok(InTopic { topic, permissions, standing })
}

/// The standing of a user who may call services of a circle.
///
/// # Errors
/// [`Refusal::NoSuchCircle`] to whoever is not a member, [`Refusal::TimedOut`] or
/// [`Refusal::Forbidden`].
pub fn to_call(draft: &Draft<'_>, user: UserId, circle: CircleId) -> Result<Standing, Stop> {
    for_services(draft, user, circle, Permission::UseServices)
}

/// The standing of a user who may offer services in a circle.
///
/// # Errors
/// As [`to_call`].
pub fn to_offer(draft: &Draft<'_>, user: UserId, circle: CircleId) -> Result<Standing, Stop> {
    for_services(draft, user, circle, Permission::OfferServices)
}

fn for_services(
    draft: &Draft<'_>,
    user: UserId,
    circle: CircleId,
    permission: Permission,
) -> Result<Standing, Stop> {
    let standing = in_circle(draft, user, circle)?;
    standing.require(permission, draft.now)?;
    enabled(draft, user)?;
    Ok(standing)
}

/// Refuses accounts that are disabled, or are not there.
///
/// # Errors
/// [`Refusal::Disabled`].
pub fn enabled(draft: &Draft<'_>, user: UserId) -> Result<(), Stop> {
    match draft.user(user)? {
        Some(user) if !user.disabled => Ok(()),
        _ => Err(Refusal::Disabled.into()),
    }
}

/// Refuses whoever may not know how much a feed is followed: only those who manage the feeds of its
/// circle may.
///
/// # Errors
/// As [`to_read`], [`Refusal::TimedOut`] or [`Refusal::Forbidden`].
pub fn to_watch(draft: &Draft<'_>, user: UserId, feed: FeedId) -> Result<(), Stop> {
    to_read(draft, user, feed)?;
    let permission = Permission::ManageFeeds;
    match feed {
        FeedId::Stream(stream) => in_stream(draft, user, stream)?.require(permission, draft.now)?,
        FeedId::Topic(topic) | FeedId::Live(topic) => {
            in_topic(draft, user, topic)?.require(permission, draft.now)?;
        }
        FeedId::Circle(circle) | FeedId::Audit(circle) => {
            in_circle(draft, user, circle)?.require(permission, draft.now)?;
        }
        FeedId::User(_) | FeedId::Site => {
            return Err(Refusal::Forbidden { permission: permission.name() }.into());
        }
    }
    Ok(())
}

/// Proof that a user may read a feed, made by [`to_read`] alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MayRead {
    user: UserId,
    feed: FeedId,
}

impl MayRead {
    /// Who may read.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.user
    }

    /// What may be read.
    #[must_use]
    pub fn feed(&self) -> FeedId {
        self.feed
    }
}

/// Whether `user` may read `feed`.
///
/// # Errors
/// A refusal that is the same for what does not exist and what may not be read.
pub fn to_read(draft: &Draft<'_>, user: UserId, feed: FeedId) -> Result<MayRead, Stop> {
    match feed {
        FeedId::Stream(stream) => {
            in_stream(draft, user, stream)?;
        }
        FeedId::Topic(topic) | FeedId::Live(topic) => {
            in_topic(draft, user, topic)?;
        }
        FeedId::Circle(circle) => {
            in_circle(draft, user, circle)?;
        }
        FeedId::Audit(circle) => {
            in_circle(draft, user, circle)?.require(Permission::ViewAudit, draft.now)?;
        }
        FeedId::User(owner) if owner == user => {}
        FeedId::User(_) => return Err(Refusal::NoSuchFeed.into()),
        FeedId::Site => {
            if !draft.account(user)?.is_some_and(|account| account.site_admin) {
                return Err(Refusal::NoSuchFeed.into());
            }
        }
    }
    enabled(draft, user)?;
    Ok(MayRead { user, feed })
}

/// Refuses whoever does not administer the site.
///
/// # Errors
/// [`Refusal::Forbidden`].
pub fn to_administer(draft: &Draft<'_>, user: UserId) -> Result<(), Stop> {
    match draft.account(user)? {
        Some(account) if account.site_admin => Ok(()),
        _ => Err(Refusal::Forbidden { permission: ADMINISTER }.into()),
    }
}

/// Whether `user` may show something of themselves to those who follow `feed`: whoever may read it
/// may, and is not timed out.
///
/// # Errors
/// As [`to_read`], or [`Refusal::TimedOut`].
pub fn to_show(draft: &Draft<'_>, user: UserId, feed: FeedId) -> Result<MayRead, Stop> {
    let proof = to_read(draft, user, feed)?;
    let member = match feed {
        FeedId::Stream(stream) => {
            in_stream(draft, user, stream)?.standing.map(|standing| standing.member)
        }
        FeedId::Topic(topic) | FeedId::Live(topic) => {
            Some(in_topic(draft, user, topic)?.standing.member)
        }
        FeedId::Circle(circle) | FeedId::Audit(circle) => {
            Some(in_circle(draft, user, circle)?.member)
        }
        FeedId::User(_) | FeedId::Site => None,
    };
    match member.and_then(|member| member.timed_out_until) {
        Some(until) if until > draft.now => {
            Err(Refusal::TimedOut { wait_ms: until.since_ms(draft.now) }.into())
        }
        _ => Ok(proof),
    }
}
