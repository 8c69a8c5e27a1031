//! What is unread: counted from the messages each time it is asked, so that no count can drift.

use std::collections::{BTreeSet, HashSet};

use kith_core::access;
use kith_core::document::{Doc, Key, seq_key};
use kith_core::id::{RoleId, Seq, StreamId, UserId};
use kith_store::Range;

use super::{damaged, parse_seq};
use crate::keys::{last_part, prefix};
use crate::{Hub, HubError};

/// What is unread in a stream or a thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// The thread; 0 for the stream itself.
    pub thread: Seq,
    /// The read marker.
    pub read: Seq,
    /// Unread messages.
    pub unread: u64,
    /// Unread messages that mean the user.
    pub mentions: u64,
}

/// Who asks, and what counts for nothing or something to them.
struct Reader {
    user: UserId,
    stream: StreamId,
    roles: BTreeSet<RoleId>,
    blocked: HashSet<UserId>,
}

impl Hub {
    /// What is unread in a stream that the user may read, and in each of its threads that the user
    /// follows: by having begun it, written in it, or been meant by name in it.
    ///
    /// # Errors
    /// As [`may_read`](Self::may_read).
    pub async fn unread(
        &self,
        user: UserId,
        stream: StreamId,
    ) -> Result<(Unread, Vec<Unread>), HubError> {
        let roles = self.roles_in(user, stream).await?;
        let blocked = self.blocked(user).await?;
        let reader = Reader { user, stream, roles, blocked };
        let own = self.unread_in(&reader, Seq(0)).await?;
        let followed = prefix("follow", &format!("{user}/{stream}"));
        let rows = self.inner.store.scan(followed, kith_store::ROWS_MAX).await?;
        let mut threads = Vec::new();
        for thread in rows.iter().filter_map(|row| last_part(&row.key).and_then(parse_seq)) {
            threads.push(self.unread_in(&reader, thread).await?);
        }
        Ok((own, threads))
    }

    /// The roles of a reader, in the circle of a stream.
    async fn roles_in(&self, user: UserId, stream: StreamId) -> Result<BTreeSet<RoleId>, HubError> {
        let found = self.look_committed(|draft| access::in_stream(draft, user, stream)).await?;
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

    async fn unread_in(&self, reader: &Reader, thread: Seq) -> Result<Unread, HubError> {
        let read = match self.stored(Key::Read(reader.user, reader.stream, thread)).await? {
            Some(Doc::Read(mark)) => mark.seq,
            _ => Seq(0),
        };
        let unread = self.messages_above(reader, thread, read).await?;
        let mentions = if unread == 0 { 0 } else { self.mentions(reader, thread, read).await? };
        Ok(Unread { thread, read, unread, mentions })
    }

    /// All messages above the marker, less one's own, less those of whom one blocks.
    async fn messages_above(
        &self,
        reader: &Reader,
        thread: Seq,
        read: Seq,
    ) -> Result<u64, HubError> {
        let place = format!("{}/{}", reader.stream, seq_key(thread));
        let after = Some(format!("{place}/{}", seq_key(read)));
        let range = Range { after, ..prefix("timeline", &place) };
        let mut unread = self.inner.store.count(range).await?;
        for author in reader.blocked.iter().chain([&reader.user]) {
            let place = format!("{place}/{author}");
            let after = Some(format!("{place}/{}", seq_key(read)));
            let range = Range { after, ..prefix("authored", &place) };
            unread = unread.saturating_sub(self.inner.store.count(range).await?);
        }
        Ok(unread)
    }

    /// Messages above the marker that mean the user by name, by role or with everyone, each once.
    async fn mentions(&self, reader: &Reader, thread: Seq, read: Seq) -> Result<u64, HubError> {
        let Reader { user, stream, roles, blocked } = reader;
        let place = format!("{stream}/{}", seq_key(thread));
        let mut places =
            vec![("mention_user", format!("{user}/{place}")), ("mention_all", place.clone())];
        places.extend(roles.iter().map(|role| ("mention_role", format!("{role}/{place}"))));
        let mut meant = BTreeSet::new();
        for (collection, place) in places {
            let after = Some(format!("{place}/{}", seq_key(read)));
            let range = Range { after, ..prefix(collection, &place) };
            for row in self.inner.store.scan(range, kith_store::ROWS_MAX).await? {
                let author: kith_core::document::Author =
                    serde_json::from_str(&row.body).map_err(|error| damaged("mention", &error))?;
                if author.author != *user && !blocked.contains(&author.author) {
                    meant.extend(last_part(&row.key).and_then(parse_seq));
                }
            }
        }
        Ok(meant.len() as u64)
    }
}
