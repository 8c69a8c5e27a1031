//! Where a user may look: all streams that they may read, and those of them that are meant.

use std::collections::BTreeSet;
use std::sync::Arc;

use kith_core::access;
use kith_core::document::{Circle, Home, Stream};
use kith_core::id::{CircleId, FeedId, StreamId, UserId};
use kith_core::refusal::Refusal;
use kith_core::search::{Search, name};
use kith_store::index::Scope;

use crate::keys::prefix;
use crate::{Hub, HubError};

/// Streams that are looked at under one lock.
const AT_ONCE: usize = 50;

/// A circle and those of its streams that a user may read.
pub(super) struct OfCircle {
    circle: Arc<Circle>,
    streams: Vec<Arc<Stream>>,
    hidden: Vec<StreamId>,
}

/// The streams that a user may read.
pub(super) struct Readable {
    user: UserId,
    circles: Vec<OfCircle>,
    conversations: Vec<Arc<Stream>>,
}

/// Where is looked.
#[derive(Default)]
pub(super) struct Within {
    pub(super) scopes: Vec<Scope>,
    pub(super) except: Vec<StreamId>,
}

impl Readable {
    pub(super) fn streams(&self) -> impl Iterator<Item = &Arc<Stream>> {
        let of_circles = self.circles.iter().flat_map(|of| &of.streams);
        of_circles.chain(&self.conversations)
    }

    /// All of them, said with few words.
    fn all(&self) -> Within {
        let mut within = Within::default();
        for OfCircle { circle, streams, hidden } in &self.circles {
            if streams.is_empty() {
                continue;
            }
            if hidden.len() <= streams.len() {
                within.scopes.push(Scope::Circle(circle.id));
                within.except.extend(hidden);
            } else {
                within.scopes.extend(streams.iter().map(|stream| Scope::Stream(stream.id)));
            }
        }
        let is_direct = |stream: &&Arc<Stream>| matches!(stream.home, Home::Direct { .. });
        if self.conversations.iter().any(|stream| is_direct(&stream)) {
            within.scopes.push(Scope::Direct(self.user));
        }
        let groups = self.conversations.iter().filter(|stream| !is_direct(stream));
        within.scopes.extend(groups.map(|stream| Scope::Stream(stream.id)));
        within
    }

    /// Those that `place` names; none if there is no such place.
    fn named(&self, place: &str) -> Vec<StreamId> {
        let place = place.strip_prefix('#').unwrap_or(place);
        if let Ok(id) = place.parse::<StreamId>() {
            return self.streams().filter(|one| one.id == id).map(|one| one.id).collect();
        }
        let by_id = place.parse::<CircleId>().ok();
        let whole = name(place);
        let parts = place.split_once('/').map(|(circle, stream)| (name(circle), name(stream)));
        let is_called = |stream: &Stream, text: &str| {
            stream.name.as_ref().is_some_and(|own| name(own.as_str()) == text)
        };
        let mut found = BTreeSet::new();
        for OfCircle { circle, streams, .. } in &self.circles {
            let own = name(circle.name.as_str());
            let all = Some(circle.id) == by_id || own == whole;
            let part =
                parts.as_ref().filter(|(circle, _)| *circle == own).map(|(_, stream)| stream);
            let meant = streams.iter().filter(|stream| {
                let in_part = part.is_some_and(|part| part.is_empty() || is_called(stream, part));
                all || in_part || is_called(stream, &whole)
            });
            found.extend(meant.map(|stream| stream.id));
        }
        let groups = self.conversations.iter().filter(|stream| is_called(stream, &whole));
        found.extend(groups.map(|stream| stream.id));
        found.into_iter().collect()
    }

    /// The direct stream with somebody.
    fn direct(&self, with: UserId) -> Option<StreamId> {
        let is_with = |stream: &&Arc<Stream>| match &stream.home {
            Home::Direct { users: [low, high] } => {
                (*low, *high) == (self.user.min(with), self.user.max(with))
            }
            _ => false,
        };
        self.conversations.iter().find(is_with).map(|stream| stream.id)
    }
}

impl Hub {
    /// All streams that a user may read.
    pub(super) async fn readable_by(&self, user: UserId) -> Result<Readable, HubError> {
        self.settled().await?;
        self.look_committed(|draft| access::to_read(draft, user, FeedId::User(user))).await?;
        let mut circles = Vec::new();
        for id in self.ids::<CircleId>(prefix("joined", &user)).await? {
            let found = self.look_committed(|draft| access::in_circle(draft, user, id)).await;
            let circle = match found {
                Ok(standing) => standing.circle,
                Err(HubError::Refused(_)) => continue,
                Err(error) => return Err(error),
            };
            let ids = self.ids(prefix("circle_stream", &id)).await?;
            let (streams, hidden) = self.readable_of(user, ids).await?;
            circles.push(OfCircle { circle, streams, hidden });
        }
        let ids = self.ids(prefix("conversation", &user)).await?;
        let (conversations, _) = self.readable_of(user, ids).await?;
        Ok(Readable { user, circles, conversations })
    }

    /// Those of some streams that a user may read, and the others.
    async fn readable_of(
        &self,
        user: UserId,
        ids: Vec<StreamId>,
    ) -> Result<(Vec<Arc<Stream>>, Vec<StreamId>), HubError> {
        let (mut streams, mut hidden) = (Vec::new(), Vec::new());
        for some in ids.chunks(AT_ONCE) {
            let looked = self
                .look_committed(|draft| {
                    let (mut streams, mut hidden) = (Vec::new(), Vec::new());
                    for id in some {
                        match access::in_stream(draft, user, *id) {
                            Ok(found) => streams.push(found.stream),
                            Err(kith_core::draft::Stop::Refused(_)) => hidden.push(*id),
                            Err(missing) => return Err(missing),
                        }
                    }
                    Ok((streams, hidden))
                })
                .await?;
            streams.extend(looked.0);
            hidden.extend(looked.1);
        }
        Ok((streams, hidden))
    }

    /// Where a search looks, within what its user may read.
    pub(super) async fn within(
        &self,
        readable: &Readable,
        search: &Search,
    ) -> Result<Within, HubError> {
        let mut within = if search.within.is_empty() {
            readable.all()
        } else {
            let mut meant = BTreeSet::new();
            for place in &search.within {
                meant.extend(self.streams_named(readable, place).await?);
            }
            let scopes = meant.into_iter().map(Scope::Stream).collect();
            Within { scopes, except: Vec::new() }
        };
        for place in &search.not_within {
            within.except.extend(self.streams_named(readable, place).await?);
        }
        Ok(within)
    }

    async fn streams_named(
        &self,
        readable: &Readable,
        place: &str,
    ) -> Result<Vec<StreamId>, HubError> {
        if let Some(name) = place.strip_prefix('@') {
            let with = self.searched_user(readable.user, name).await?;
            return Ok(readable.direct(with).into_iter().collect());
        }
        let found = readable.named(place);
        // Whoever may not see a place is told that it does not exist.
        if found.is_empty() { Err(Refusal::NoSuchStream.into()) } else { Ok(found) }
    }

    /// Who is meant by a name in a search.
    pub(super) async fn searched_user(&self, me: UserId, name: &str) -> Result<UserId, HubError> {
        if name.eq_ignore_ascii_case("me") {
            return Ok(me);
        }
        match name.parse::<UserId>() {
            Ok(id) => Ok(id),
            Err(_) => Ok(self.user_by_name(name).await?.id),
        }
    }
}
