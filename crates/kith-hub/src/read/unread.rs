//! What is unread: counted from the messages each time it is asked, so that no count can drift.

use std::collections::{BTreeSet, HashSet};

use kith_core::access;
use kith_core::document::{Doc, Key, seq_key};
use kith_core::id::{FeedId, RoleId, Seq, StreamId, UserId};
use kith_store::Range;

use super::{damaged, parse_seq};
use crate::subscriber::{last_part, prefix};
use crate::{Hub, HubError};

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

impl Hub {
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
}
