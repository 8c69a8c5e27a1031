//! Reading what is committed, for those who may.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use kith_core::access::{self, MayRead};
use kith_core::decide::invite;
use kith_core::document::{
    Circle, Doc, Home, Invite, Key, Member, Message, Session, Stream, User, seq_key,
};
use kith_core::event::Event;
use kith_core::id::{CircleId, FeedId, RoleId, Seq, StreamId, UserId};
use kith_core::permission::Permission;
use kith_core::refusal::Refusal;
use kith_store::{DocKey, Document, Range, StoreError};

use crate::subscriber::{last_part, prefix};
use crate::{Hub, HubError};

/// The state of a feed as a subscriber first sees it.
#[derive(Clone, Debug)]
pub enum Snapshot {
    /// A stream and its newest messages, oldest first, threads included.
    Stream {
        /// The stream.
        stream: Arc<Stream>,
        /// Its newest messages.
        messages: Vec<Arc<Message>>,
    },
    /// A circle and the reader's own membership.
    Circle {
        /// The circle.
        circle: Arc<Circle>,
        /// The membership.
        member: Arc<Member>,
    },
    /// Nothing but the end of the feed.
    Head,
}

/// Which messages of a stream or thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The thread; `None` for the stream itself.
    pub thread: Option<Seq>,
    /// Only older ones.
    pub before: Option<Seq>,
    /// Only newer ones.
    pub after: Option<Seq>,
    /// How many at most.
    pub limit: usize,
}

/// What is unread in a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// The read marker.
    pub read: Seq,
    /// Unread messages, threads apart.
    pub unread: u64,
    /// Unread messages that mean the user, threads included.
    pub mentions: u64,
}

pub(crate) fn parse_event(json: &str) -> Result<Event, HubError> {
    serde_json::from_str(json).map_err(|error| damaged("event", &error))
}

fn damaged(what: &str, error: &dyn std::fmt::Display) -> HubError {
    HubError::Store(StoreError::Corrupt(format!("{what}: {error}")))
}

/// Turns to find the store quiet before it is made quiet.
const TURNS_MAX: usize = 3;

impl Hub {
    /// The state of a feed as it was after one event, and that event.
    pub(crate) async fn snapshot(
        &self,
        proof: &MayRead,
        window: usize,
        reset: Option<crate::Reset>,
    ) -> Result<crate::Backlog, HubError> {
        let feed = proof.feed();
        for turn in 0..=TURNS_MAX {
            // A feed that is written all the time is not caught between two events by luck.
            let quiet =
                if turn == TURNS_MAX { self.inner.quiet.acquire().await.ok() } else { None };
            let seq = self.inner.store.head(feed).await?.seq;
            let state = self.state_of(proof, window).await?;
            let after = self.inner.store.head(feed).await?.seq;
            drop(quiet);
            if seq == after {
                return Ok(crate::Backlog::Snapshot { seq, reset, state });
            }
        }
        Err(HubError::Busy)
    }

    async fn state_of(&self, proof: &MayRead, window: usize) -> Result<Snapshot, HubError> {
        match proof.feed() {
            FeedId::Stream(id) => {
                let Some(Doc::Stream(stream)) = self.stored(Key::Stream(id)).await? else {
                    return Err(Refusal::NoSuchStream.into());
                };
                let range = Range { descending: true, ..prefix("message", &id) };
                let rows = self.inner.store.scan(range, window).await?;
                let mut messages = Vec::with_capacity(rows.len());
                for row in rows.into_iter().rev() {
                    messages.push(message_of(id, &row)?);
                }
                let blocked = self.blocked(proof.user()).await?;
                messages.retain(|message| !blocked.contains(&message.author));
                Ok(Snapshot::Stream { stream, messages })
            }
            FeedId::Circle(id) => {
                let circle = self.stored(Key::Circle(id)).await?;
                let member = self.stored(Key::Member(id, proof.user())).await?;
                match (circle, member) {
                    (Some(Doc::Circle(circle)), Some(Doc::Member(member))) => {
                        Ok(Snapshot::Circle { circle, member })
                    }
                    _ => Err(Refusal::NoSuchCircle.into()),
                }
            }
            FeedId::User(_) | FeedId::Site | FeedId::Audit(_) => Ok(Snapshot::Head),
        }
    }

    /// A committed document.
    async fn stored(&self, key: Key) -> Result<Option<Doc>, HubError> {
        Ok(self.stored_all(vec![key]).await?.pop().flatten())
    }

    /// Committed documents, in the order of `keys`.
    async fn stored_all(&self, keys: Vec<Key>) -> Result<Vec<Option<Doc>>, HubError> {
        let paths = keys.iter().filter_map(Key::path);
        let asked = paths.map(|(collection, key)| DocKey { collection, key }).collect();
        let found = self.inner.store.get(asked).await?;
        let parse = |(key, json): (&Key, Option<Arc<str>>)| match json {
            Some(json) => key.parse(&json).map(Some).map_err(|error| damaged("document", &error)),
            None => Ok(None),
        };
        keys.iter().zip(found).map(parse).collect()
    }

    async fn blocked(&self, user: UserId) -> Result<HashSet<UserId>, HubError> {
        let rows = self.inner.store.scan(prefix("block", &user), kith_store::ROWS_MAX).await?;
        Ok(rows.iter().filter_map(|row| last_part(&row.key)?.parse().ok()).collect())
    }

    /// Proof that a user may read a feed.
    ///
    /// # Errors
    /// A refusal that is the same for what is not there and what may not be read.
    pub async fn may_read(&self, user: UserId, feed: FeedId) -> Result<MayRead, HubError> {
        let proof = self.look(|draft| access::to_read(draft, user, feed)).await?;
        self.settled().await?;
        Ok(proof)
    }

    /// Messages of a stream or thread, oldest first, and whether there are more on the side that
    /// was asked for. Without `after` the newest are given.
    ///
    /// # Errors
    /// As [`may_read`](Self::may_read).
    pub async fn messages(
        &self,
        user: UserId,
        stream: StreamId,
        page: Page,
    ) -> Result<(Vec<Arc<Message>>, bool), HubError> {
        self.may_read(user, FeedId::Stream(stream)).await?;
        let place = format!("{stream}/{}", seq_key(page.thread.unwrap_or_default()));
        let key = |seq: Seq| format!("{place}/{}", seq_key(seq));
        let descending = page.after.is_none();
        let range = Range {
            after: page.after.map(key),
            before: page.before.map(key),
            descending,
            ..prefix("timeline", &place)
        };
        let mut rows = self.inner.store.scan(range, page.limit + 1).await?;
        let more = rows.len() > page.limit;
        rows.truncate(page.limit);
        if descending {
            rows.reverse();
        }
        let seqs = rows.iter().filter_map(|row| last_part(&row.key).and_then(parse_seq));
        let keys = seqs.map(|seq| Key::Message(stream, seq)).collect();
        let blocked = self.blocked(user).await?;
        let found = self.stored_all(keys).await?.into_iter().flatten();
        let messages = found.filter_map(|doc| match doc {
            Doc::Message(message) if !blocked.contains(&message.author) => Some(message),
            _ => None,
        });
        Ok((messages.collect(), more))
    }

    /// One message.
    ///
    /// # Errors
    /// As [`may_read`](Self::may_read), and `message.not_found`.
    pub async fn message(
        &self,
        user: UserId,
        stream: StreamId,
        seq: Seq,
    ) -> Result<Arc<Message>, HubError> {
        self.may_read(user, FeedId::Stream(stream)).await?;
        match self.stored(Key::Message(stream, seq)).await? {
            Some(Doc::Message(message)) => Ok(message),
            _ => Err(Refusal::NoSuchMessage(seq).into()),
        }
    }

    /// What is unread in a stream that the user may read, threads apart.
    ///
    /// # Errors
    /// As [`may_read`](Self::may_read).
    pub async fn unread(&self, user: UserId, stream: StreamId) -> Result<Unread, HubError> {
        let roles = self.roles_in(user, stream).await?;
        let blocked = self.blocked(user).await?;
        let read = self.marker(user, stream, Seq(0)).await?;
        let unread = self.unread_in(user, stream, Seq(0), read, &blocked).await?;
        let mentions = self.mentions(user, stream, read, &roles, &blocked).await?;
        Ok(Unread { read, unread, mentions })
    }

    /// The threads of a stream that the user follows: each with the marker and the unread count.
    ///
    /// # Errors
    /// As [`may_read`](Self::may_read).
    pub async fn unread_threads(
        &self,
        user: UserId,
        stream: StreamId,
    ) -> Result<Vec<(Seq, Seq, u64)>, HubError> {
        self.may_read(user, FeedId::Stream(stream)).await?;
        let blocked = self.blocked(user).await?;
        let followed = prefix("follow", &format!("{user}/{stream}"));
        let rows = self.inner.store.scan(followed, kith_store::ROWS_MAX).await?;
        let mut threads = Vec::new();
        for thread in rows.iter().filter_map(|row| last_part(&row.key).and_then(parse_seq)) {
            let read = self.marker(user, stream, thread).await?;
            let unread = self.unread_in(user, stream, thread, read, &blocked).await?;
            threads.push((thread, read, unread));
        }
        Ok(threads)
    }

    /// The roles of a reader, in the circle of a stream.
    async fn roles_in(&self, user: UserId, stream: StreamId) -> Result<BTreeSet<RoleId>, HubError> {
        let found = self.look(|draft| access::in_stream(draft, user, stream)).await?;
        self.settled().await?;
        Ok(match found.standing {
            Some(standing) => {
                let mut roles = standing.member.roles.clone();
                roles.insert(standing.circle.everyone);
                roles
            }
            None => BTreeSet::new(),
        })
    }

    async fn marker(&self, user: UserId, stream: StreamId, thread: Seq) -> Result<Seq, HubError> {
        Ok(match self.stored(Key::Read(user, stream, thread)).await? {
            Some(Doc::Read(mark)) => mark.seq,
            _ => Seq(0),
        })
    }

    /// All messages above the marker, less one's own, less those of whom one blocks.
    async fn unread_in(
        &self,
        user: UserId,
        stream: StreamId,
        thread: Seq,
        read: Seq,
        blocked: &HashSet<UserId>,
    ) -> Result<u64, HubError> {
        let place = format!("{stream}/{}", seq_key(thread));
        let after = Some(format!("{place}/{}", seq_key(read)));
        let range = Range { after, ..prefix("timeline", &place) };
        let mut unread = self.inner.store.count(range).await?;
        for author in blocked.iter().chain([&user]) {
            let place = format!("{place}/{author}");
            let after = Some(format!("{place}/{}", seq_key(read)));
            let range = Range { after, ..prefix("authored", &place) };
            unread = unread.saturating_sub(self.inner.store.count(range).await?);
        }
        Ok(unread)
    }

    /// Messages above the marker that mean the user by name, by role or with everyone, each once.
    async fn mentions(
        &self,
        user: UserId,
        stream: StreamId,
        read: Seq,
        roles: &BTreeSet<RoleId>,
        blocked: &HashSet<UserId>,
    ) -> Result<u64, HubError> {
        let mut places =
            vec![("mention_user", format!("{user}/{stream}")), ("mention_all", stream.to_string())];
        places.extend(roles.iter().map(|role| ("mention_role", format!("{role}/{stream}"))));
        let mut meant = BTreeSet::new();
        for (collection, place) in places {
            let after = Some(format!("{place}/{}", seq_key(read)));
            let range = Range { after, ..prefix(collection, &place) };
            for row in self.inner.store.scan(range, kith_store::ROWS_MAX).await? {
                let author: kith_core::document::Author =
                    serde_json::from_str(&row.body).map_err(|error| damaged("mention", &error))?;
                if author.author != user && !blocked.contains(&author.author) {
                    meant.extend(last_part(&row.key).and_then(parse_seq));
                }
            }
        }
        Ok(meant.len() as u64)
    }

    /// The last committed event of a feed.
    ///
    /// # Errors
    /// As [`may_read`](Self::may_read).
    pub async fn head(&self, user: UserId, feed: FeedId) -> Result<Seq, HubError> {
        self.may_read(user, feed).await?;
        Ok(self.inner.store.head(feed).await?.seq)
    }

    /// The circles that a user is in, with the user's memberships.
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn circles(&self, user: UserId) -> Result<Vec<(Arc<Circle>, Arc<Member>)>, HubError> {
        self.settled().await?;
        let mut circles = Vec::new();
        for id in self.ids::<CircleId>(prefix("joined", &user)).await? {
            let found = self.look(|draft| access::in_circle(draft, user, id)).await;
            match found {
                Ok(standing) => circles.push((standing.circle, standing.member)),
                Err(HubError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(circles)
    }

    /// The streams of a circle that a user may read.
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
        self.readable(user, ids).await
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

    async fn readable(
        &self,
        user: UserId,
        ids: Vec<StreamId>,
    ) -> Result<Vec<Arc<Stream>>, HubError> {
        let mut streams = Vec::new();
        for id in ids {
            match self.look(|draft| access::in_stream(draft, user, id)).await {
                Ok(found) => streams.push(found.stream),
                Err(HubError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(streams)
    }

    async fn ids<T: std::str::FromStr>(&self, range: Range) -> Result<Vec<T>, HubError> {
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

    /// A user, when the asker may know of them: oneself, or somebody of a shared circle or
    /// conversation. Site administrators know everyone.
    ///
    /// # Errors
    /// `user.not_found`.
    pub async fn user(&self, me: UserId, user: UserId) -> Result<Arc<User>, HubError> {
        let found = self.look(|draft| draft.user(user)).await?;
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
            .look(|draft| match draft.name_owner(folded.clone())? {
                Some(owner) => draft.user(owner.user),
                None => Ok(None),
            })
            .await?;
        self.settled().await?;
        found.ok_or_else(|| Refusal::NoSuchUser.into())
    }

    async fn acquainted(&self, me: UserId, user: UserId) -> Result<bool, HubError> {
        let admin = self.look(|draft| draft.account(me)).await?;
        if admin.is_some_and(|account| account.site_admin) {
            return Ok(true);
        }
        for circle in self.ids::<CircleId>(prefix("joined", &me)).await? {
            if self.look(|draft| draft.member(circle, user)).await?.is_some() {
                return Ok(true);
            }
        }
        for stream in self.conversations(me).await? {
            let inside = match &stream.home {
                Home::Direct { users } => users.contains(&user),
                Home::Group { users, .. } => users.contains(&user),
                Home::Channel { .. } => false,
            };
            if inside {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Circles that anyone may find, in the order of their making, and whether there are more.
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn public_circles(
        &self,
        after: Option<CircleId>,
        limit: usize,
    ) -> Result<(Vec<Arc<Circle>>, bool), HubError> {
        let after = after.map(|after| after.to_string());
        let range = Range { prefix: String::new(), after, ..prefix("public_circle", &"") };
        let rows = self.inner.store.scan(range, limit + 1).await?;
        let ids = rows.iter().take(limit).filter_map(|row| row.key.parse().ok());
        let found = self.stored_all(ids.map(Key::Circle).collect()).await?;
        let circles = found.into_iter().flatten().filter_map(|doc| match doc {
            Doc::Circle(circle) if circle.public => Some(circle),
            _ => None,
        });
        Ok((circles.collect(), rows.len() > limit))
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
        let standing = self.look(|draft| access::in_circle(draft, user, circle)).await?;
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

    /// The circle that an invite leads to.
    ///
    /// # Errors
    /// `invite.not_found`.
    pub async fn invite_target(&self, code: &str) -> Result<Arc<Circle>, HubError> {
        let found = self
            .look(|draft| {
                let invite = invite::find(draft, code)?;
                draft.circle(invite.circle)
            })
            .await?;
        self.settled().await?;
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
}

fn parse_seq(text: &str) -> Option<Seq> {
    u64::from_str_radix(text, 16).ok().map(Seq)
}

fn message_of(stream: StreamId, row: &Document) -> Result<Arc<Message>, HubError> {
    match Key::Message(stream, Seq(0)).parse(&row.body) {
        Ok(Doc::Message(message)) => Ok(message),
        Ok(_) => Err(damaged("message", &row.key)),
        Err(error) => Err(damaged("message", &error)),
    }
}
