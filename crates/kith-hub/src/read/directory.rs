//! Who and what there is: circles, streams, members, users, invites, sessions, blocks.

use std::sync::Arc;

use kith_core::access;
use kith_core::decide::invite;
use kith_core::document::{Ban, Circle, Doc, Home, Invite, Key, Member, Session, Stream, User};
use kith_core::draft::Draft;
use kith_core::id::{CircleId, FeedId, Seq, StreamId, UserId};
use kith_core::permission::Permission;
use kith_core::refusal::Refusal;
use kith_store::{Document, Range};

use super::damaged;
use crate::keys::{last_part, prefix};
use crate::{Hub, HubError};

/// Members who are looked at when it is asked who blocks somebody.
pub const BLOCKERS_MAX: usize = 1000;

/// Those who are banned, with who did it and why.
type Bans = Vec<(Arc<User>, Arc<Ban>)>;

impl Hub {
    /// The circles that a user is in, with the user's memberships.
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn circles(&self, user: UserId) -> Result<Vec<(Arc<Circle>, Arc<Member>)>, HubError> {
        self.settled().await?;
        let mut circles = Vec::new();
        for id in self.ids::<CircleId>(prefix("joined", &user)).await? {
            let found = self.look_committed(|draft| access::in_circle(draft, user, id)).await;
            match found {
                Ok(standing) => circles.push((standing.circle, standing.member)),
                Err(HubError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(circles)
    }

    /// A circle that a user is in, with the user's membership.
    ///
    /// # Errors
    /// `circle.not_found`.
    pub async fn circle(
        &self,
        user: UserId,
        circle: CircleId,
    ) -> Result<(Arc<Circle>, Arc<Member>), HubError> {
        let found = self.look_committed(|draft| access::in_circle(draft, user, circle)).await?;
        Ok((found.circle, found.member))
    }

    /// A circle that a user is in, with the user's membership, as they are after the last event of the
    /// circle, and which that is.
    ///
    /// # Errors
    /// `circle.not_found`.
    pub async fn circle_now(
        &self,
        user: UserId,
        circle: CircleId,
    ) -> Result<(Arc<Circle>, Arc<Member>, Seq), HubError> {
        self.look_committed(|draft| {
            let found = access::in_circle(draft, user, circle)?;
            Ok((found.circle, found.member, draft.head(FeedId::Circle(circle))?.seq))
        })
        .await
    }

    /// A stream that a user may read, as it is after its last event, and which that is.
    ///
    /// # Errors
    /// `stream.not_found`.
    pub async fn stream_now(
        &self,
        user: UserId,
        stream: StreamId,
    ) -> Result<(Arc<Stream>, Seq), HubError> {
        self.look_committed(|draft| {
            let found = access::in_stream(draft, user, stream)?;
            Ok((found.stream, draft.head(FeedId::Stream(stream))?.seq))
        })
        .await
    }

    /// A stream that a user may read.
    ///
    /// # Errors
    /// `stream.not_found`.
    pub async fn stream(&self, user: UserId, stream: StreamId) -> Result<Arc<Stream>, HubError> {
        let found = self.look_committed(|draft| access::in_stream(draft, user, stream)).await?;
        Ok(found.stream)
    }

    /// The streams of a circle that a user may read, in the order in which they are shown.
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn streams(
        &self,
        user: UserId,
        circle: CircleId,
    ) -> Result<Vec<Arc<Stream>>, HubError> {
        self.settled().await?;
        let ids = self.ids::<StreamId>(prefix("circle_stream", &circle)).await?;
        let mut streams = self.readable(user, ids).await?;
        streams.sort_by_key(|stream| stream.place());
        Ok(streams)
    }

    /// The direct streams and groups of a user.
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn conversations(&self, user: UserId) -> Result<Vec<Arc<Stream>>, HubError> {
        self.settled().await?;
        let ids = self.ids::<StreamId>(prefix("conversation", &user)).await?;
        self.readable(user, ids).await
    }

    pub(crate) async fn readable(
        &self,
        user: UserId,
        ids: Vec<StreamId>,
    ) -> Result<Vec<Arc<Stream>>, HubError> {
        let mut streams = Vec::new();
        for id in ids {
            match self.look_committed(|draft| access::in_stream(draft, user, id)).await {
                Ok(found) => streams.push(found.stream),
                Err(HubError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(streams)
    }

    pub(crate) async fn ids<T: std::str::FromStr>(&self, range: Range) -> Result<Vec<T>, HubError> {
        let rows = self.inner.store.scan(range, kith_store::ROWS_MAX).await?;
        Ok(rows.iter().filter_map(|row| last_part(&row.key)?.parse().ok()).collect())
    }

    /// Members of a circle in the order of their ids, after `after`, and whether there are more.
    ///
    /// # Errors
    /// `circle.not_found` to whoever is not in it.
    pub async fn members(
        &self,
        user: UserId,
        circle: CircleId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<(Vec<Arc<Member>>, bool), HubError> {
        self.may_read(user, FeedId::Circle(circle)).await?;
        let after = after.map(|after| format!("{circle}/{after}"));
        let range = Range { after, ..prefix("member", &circle) };
        let rows = self.inner.store.scan(range, limit + 1).await?;
        let mut members = Vec::new();
        for row in rows.iter().take(limit) {
            match Key::Member(circle, user).parse(&row.body) {
                Ok(Doc::Member(member)) => members.push(member),
                Ok(_) => {}
                Err(error) => return Err(damaged("member", &error)),
            }
        }
        Ok((members, rows.len() > limit))
    }

    /// Those who are banned from a circle in the order of their ids, after `after`, each with who did it
    /// and why, and whether there are more.
    ///
    /// # Errors
    /// `circle.not_found` to whoever is not in it, `permission.denied` to those who may not manage
    /// members.
    pub async fn bans(
        &self,
        me: UserId,
        circle: CircleId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<(Bans, bool), HubError> {
        let standing = self.look_committed(|draft| access::in_circle(draft, me, circle)).await?;
        standing.require(Permission::ManageMembers, self.now())?;
        self.settled().await?;
        let after = after.map(|after| format!("{circle}/{after}"));
        let range = Range { after, ..prefix("ban", &circle) };
        let rows = self.inner.store.scan(range, limit + 1).await?;
        let named =
            |row: &Document| Some((last_part(&row.key)?.parse::<UserId>().ok()?, row.body.clone()));
        let shown: Vec<_> = rows.iter().take(limit).filter_map(named).collect();
        let ids = shown.iter().map(|(id, _)| Key::User(*id));
        let users = self.stored_all(ids.collect()).await?;
        let mut bans = Vec::new();
        for ((id, body), user) in shown.iter().zip(users) {
            match (Key::Ban(circle, *id).parse(body), user) {
                (Ok(Doc::Ban(ban)), Some(Doc::User(user))) => bans.push((user, ban)),
                (Ok(_), _) => {}
                (Err(error), _) => return Err(damaged("ban", &error)),
            }
        }
        Ok((bans, rows.len() > limit))
    }

    /// A user, when the asker may know of them: oneself, or somebody who is or was in a circle or
    /// conversation of the asker, so that it can be told who wrote what is still there. Site
    /// administrators know everyone.
    ///
    /// # Errors
    /// `user.not_found`.
    pub async fn user(&self, me: UserId, user: UserId) -> Result<Arc<User>, HubError> {
        let found = self.look_committed(|draft| draft.user(user)).await?;
        self.settled().await?;
        let found = found.ok_or(Refusal::NoSuchUser)?;
        if me == user || self.acquainted(me, user).await? {
            return Ok(found);
        }
        Err(Refusal::NoSuchUser.into())
    }

    /// The user of a name. Whoever is signed in may ask: a name is what one tells to be written to.
    ///
    /// # Errors
    /// `user.not_found`.
    pub async fn user_by_name(&self, name: &str) -> Result<Arc<User>, HubError> {
        let folded = name.trim().to_ascii_lowercase();
        let found = self
            .look_committed(|draft| match draft.name_owner(folded.clone())? {
                Some(owner) => draft.user(owner.user),
                None => Ok(None),
            })
            .await?;
        found.ok_or_else(|| Refusal::NoSuchUser.into())
    }

    async fn acquainted(&self, me: UserId, user: UserId) -> Result<bool, HubError> {
        let admin = self.look_committed(|draft| draft.account(me)).await?;
        if admin.is_some_and(|account| account.site_admin) {
            return Ok(true);
        }
        for circle in self.ids::<CircleId>(prefix("joined", &me)).await? {
            let is_or_was = |draft: &Draft<'_>| {
                Ok(draft.circle(circle)?.is_some()
                    && (draft.member(circle, user)?.is_some()
                        || draft.former(FeedId::Circle(circle), user)?.is_some()))
            };
            if self.look_committed(is_or_was).await? {
                return Ok(true);
            }
        }
        for stream in self.conversations(me).await? {
            let inside = match &stream.home {
                Home::Direct { users } => users.contains(&user),
                Home::Group { users, .. } => {
                    let was = |draft: &Draft<'_>| draft.former(FeedId::Stream(stream.id), user);
                    users.contains(&user) || self.look_committed(was).await?.is_some()
                }
                Home::Channel { .. } => false,
            };
            if inside {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Circles that anyone may find and that a user is not banned from, in the order of their
    /// making, and whether there are more.
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn public_circles(
        &self,
        user: UserId,
        after: Option<CircleId>,
        limit: usize,
    ) -> Result<(Vec<Arc<Circle>>, bool), HubError> {
        let mut after = after.map(|after| after.to_string());
        let mut circles = Vec::new();
        loop {
            let range = Range {
                prefix: String::new(),
                after: after.take(),
                ..prefix("public_circle", &"")
            };
            let rows = self.inner.store.scan(range, limit + 1).await?;
            let ids = || rows.iter().filter_map(|row| row.key.parse::<CircleId>().ok());
            let found = self.stored_all(ids().map(Key::Circle).collect()).await?;
            let bans = self.stored_all(ids().map(|id| Key::Ban(id, user)).collect()).await?;
            circles.extend(found.into_iter().zip(bans).filter_map(|found| match found {
                (Some(Doc::Circle(circle)), None) if circle.public => Some(circle),
                _ => None,
            }));
            if rows.len() <= limit || circles.len() > limit {
                let more = circles.len() > limit;
                circles.truncate(limit);
                return Ok((circles, more));
            }
            after = rows.last().map(|row| row.key.clone());
        }
    }

    /// The invites of a circle: all for those who manage members, else one's own.
    ///
    /// # Errors
    /// `circle.not_found` to whoever is not in it.
    pub async fn invites(
        &self,
        user: UserId,
        circle: CircleId,
    ) -> Result<Vec<Arc<Invite>>, HubError> {
        let standing = self.look_committed(|draft| access::in_circle(draft, user, circle)).await?;
        self.settled().await?;
        let all = standing.permissions.has(Permission::ManageMembers);
        let rows = self.inner.store.scan(prefix("circle_invite", &circle), 1000).await?;
        let mut keys = Vec::new();
        for row in &rows {
            let found: kith_core::document::InviteRef =
                serde_json::from_str(&row.body).map_err(|error| damaged("invite", &error))?;
            keys.push(Key::Invite(found.code_hash));
        }
        let found = self.stored_all(keys).await?.into_iter().flatten();
        let invites = found.filter_map(|doc| match doc {
            Doc::Invite(invite) if all || invite.by == user => Some(invite),
            _ => None,
        });
        Ok(invites.collect())
    }

    /// The circle that an invite leads a user to.
    ///
    /// # Errors
    /// `invite.not_found`, also to whoever is banned there.
    pub async fn invite_target(&self, user: UserId, code: &str) -> Result<Arc<Circle>, HubError> {
        let found = self
            .look_committed(|draft| {
                let invite = invite::find(draft, code)?;
                if draft.ban(invite.circle, user)?.is_some() {
                    return Ok(None);
                }
                draft.circle(invite.circle)
            })
            .await?;
        found.ok_or_else(|| Refusal::NoSuchInvite.into())
    }

    /// The circle that an invite leads whoever has no account to.
    ///
    /// # Errors
    /// `invite.not_found`.
    pub async fn invited(&self, code: &str) -> Result<Arc<Circle>, HubError> {
        let found =
            self.look_committed(|draft| draft.circle(invite::find(draft, code)?.circle)).await?;
        found.ok_or_else(|| Refusal::NoSuchInvite.into())
    }

    /// A user's sessions that are still valid.
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn sessions(&self, user: UserId) -> Result<Vec<Arc<Session>>, HubError> {
        self.settled().await?;
        let rows = self.inner.store.scan(prefix("user_session", &user), 1000).await?;
        let mut sessions = Vec::new();
        for row in &rows {
            let found: kith_core::document::SessionRef =
                serde_json::from_str(&row.body).map_err(|error| damaged("session", &error))?;
            if let Ok(session) = self.authenticate(&found.token_hash).await {
                sessions.push(session);
            }
        }
        Ok(sessions)
    }

    /// Whom a user blocks.
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn blocks(&self, user: UserId) -> Result<Vec<UserId>, HubError> {
        self.settled().await?;
        self.ids(prefix("block", &user)).await
    }

    /// The members of a circle who block a user of it, in the order of their ids. Of the members of a
    /// large circle only the first [`BLOCKERS_MAX`] are looked at.
    ///
    /// # Errors
    /// `circle.not_found` to whoever is not in it.
    pub async fn blockers(&self, user: UserId, circle: CircleId) -> Result<Vec<UserId>, HubError> {
        let (members, _) = self.members(user, circle, None, BLOCKERS_MAX).await?;
        let members: Vec<UserId> = members.iter().map(|member| member.user).collect();
        let keys = members.iter().map(|member| Key::Block(*member, user)).collect();
        let found = self.stored_all(keys).await?;
        let blocking = members.into_iter().zip(found).filter(|(_, block)| block.is_some());
        Ok(blocking.map(|(member, _)| member).collect())
    }

    /// Those of some users who are members of a circle.
    pub(crate) async fn members_among(
        &self,
        circle: CircleId,
        users: Vec<UserId>,
    ) -> Result<Vec<UserId>, HubError> {
        let keys = users.iter().map(|user| Key::Member(circle, *user)).collect();
        let found = self.stored_all(keys).await?;
        let inside = users.into_iter().zip(found).filter(|(_, member)| member.is_some());
        Ok(inside.map(|(user, _)| user).collect())
    }
}
