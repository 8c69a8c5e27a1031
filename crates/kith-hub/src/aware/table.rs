//! Who shows what in which feed, as a state machine without time, locks or sockets.
//!
//! Each change has a number, and each reader of a feed knows up to which it was told. So nothing is
//! queued for anybody: whoever is slow is told the newest of each state, however many there were.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use kith_core::aware::{AwareState, STATES_MAX, STATES_OWN_HERE_MAX, STATES_OWN_MAX};
use kith_core::id::{FeedId, SessionId, UserId};
use kith_core::refusal::Refusal;
use kith_core::text::DisplayName;

use crate::WIRES;

/// How many of those who have gone a feed remembers. Whoever has missed more is told all who are
/// there, and that there is nobody else.
const GONE_MAX: usize = 256;
/// What a state costs beside its text, in bytes.
const ROW_BYTES: usize = 128;

/// The number of a reader who was told nothing yet.
pub(crate) const NOTHING: u64 = 0;
/// The number of a reader who was told something that does not hold any more.
pub(crate) const ANEW: u64 = 1;

/// What a client shows in a feed, or that it shows nothing any more.
#[derive(Debug)]
pub struct Shown {
    /// The number of the client, which nobody else in the feed has.
    pub client: u64,
    /// Grows with each change and each renewal of the client.
    pub clock: u64,
    /// Whether the client chose its number and its clock itself, as those of Yjs do.
    pub numbered: bool,
    /// The session that shows it.
    pub session: SessionId,
    /// Whose session it is.
    pub user: UserId,
    /// What the user is called.
    pub name: DisplayName,
    /// What is shown; `None` when it is gone.
    pub state: Option<AwareState>,
    connection: u64,
    /// Readers that go by its clock take it for older than that it was gone, until its clock grows.
    is_unseen: bool,
    wire: [OnceLock<Bytes>; WIRES],
}

impl Shown {
    /// The bytes of it in one encoding, made by whoever needs them first. `slot` is below [`WIRES`].
    pub fn wire(&self, slot: usize, encode: impl FnOnce(&Self) -> Bytes) -> Bytes {
        match self.wire.get(slot) {
            Some(cell) => cell.get_or_init(|| encode(self)).clone(),
            None => encode(self),
        }
    }

    /// About what it takes to tell it.
    fn bytes(&self) -> usize {
        ROW_BYTES + self.state.as_ref().map_or(0, AwareState::bytes)
    }

    fn with(&self, clock: u64, state: Option<AwareState>) -> Arc<Self> {
        Arc::new(Self { clock, state, name: self.name.clone(), wire: Default::default(), ..*self })
    }
}

/// What a connection says of one of its clients.
pub(crate) struct Said {
    pub(crate) client: u64,
    /// Its clock, where it has one of its own.
    pub(crate) clock: Option<u64>,
    pub(crate) connection: u64,
    pub(crate) session: SessionId,
    pub(crate) user: UserId,
    pub(crate) name: DisplayName,
    pub(crate) state: AwareState,
}

/// What a reader of a feed has not been told.
#[derive(Debug)]
pub(crate) struct News {
    pub(crate) all: bool,
    pub(crate) shown: Vec<Arc<Shown>>,
    /// About how many bytes.
    pub(crate) bytes: usize,
    /// The number of the last change in it.
    pub(crate) told: u64,
    /// There is more than fits.
    pub(crate) more: bool,
}

/// The states of one feed.
struct Room {
    /// By the number of their last change; those that are gone as well.
    rows: BTreeMap<u64, Arc<Shown>>,
    /// The number of each client's row.
    places: HashMap<u64, u64>,
    /// The numbers of the rows of those who have gone.
    gone: BTreeSet<u64>,
    /// The last number of a row of those that is not remembered any more.
    forgotten: u64,
    /// The last number that its readers were called for.
    called: u64,
}

impl Default for Room {
    fn default() -> Self {
        let (rows, places, gone) = Default::default();
        Self { rows, places, gone, forgotten: ANEW, called: ANEW }
    }
}

impl Room {
    fn find(&self, client: u64) -> Option<(u64, &Arc<Shown>)> {
        let place = *self.places.get(&client)?;
        self.rows.get(&place).map(|row| (place, row))
    }

    /// The row of a client that is there.
    fn present(&self, client: u64) -> Option<(u64, &Arc<Shown>)> {
        self.find(client).filter(|(_, row)| row.state.is_some())
    }

    fn count(&self) -> usize {
        self.rows.len() - self.gone.len()
    }

    /// Puts a row at the place of its change, and nowhere else.
    fn put(&mut self, place: u64, row: Arc<Shown>) {
        let is_gone = row.state.is_none();
        if let Some(old) = self.places.insert(row.client, place) {
            self.rows.remove(&old);
            self.gone.remove(&old);
        }
        self.rows.insert(place, row);
        if is_gone {
            self.gone.insert(place);
        }
        while self.gone.len() > GONE_MAX
            && let Some(oldest) = self.gone.pop_first()
        {
            self.forgotten = oldest;
            if let Some(row) = self.rows.remove(&oldest) {
                self.places.remove(&row.client);
            }
        }
    }
}

/// The states of all feeds that somebody follows.
pub(crate) struct Table {
    rooms: HashMap<FeedId, Room>,
    /// The states of each connection.
    owned: HashMap<u64, HashSet<(FeedId, u64)>>,
    /// The number of the last change.
    last: u64,
    /// Counts the times that access was taken: what was looked up before is looked up again.
    pub(crate) revocations: u64,
}

impl Default for Table {
    fn default() -> Self {
        Self { rooms: HashMap::new(), owned: HashMap::new(), last: ANEW, revocations: 0 }
    }
}

impl Table {
    /// Shows something; whether there is something new to tell. What somebody says of a client of
    /// another session, and what is older than what is known, is left aside; so is what another session
    /// says of one that has gone, and is not newer.
    pub(crate) fn show(&mut self, feed: FeedId, said: Said) -> Result<bool, Refusal> {
        let last = self.rooms.get(&feed).and_then(|room| room.find(said.client));
        let last = last.map(|(place, row)| (place, Arc::clone(row)));
        let is_older = last
            .as_ref()
            .is_some_and(|(_, row)| said.clock.is_some_and(|clock| clock <= row.clock));
        let is_of_another = last.as_ref().is_some_and(|(_, row)| row.session != said.session);
        let known = last.filter(|(_, row)| row.state.is_some());
        // Clients of y-websocket say again what they are told: of one that has gone meanwhile, too.
        let is_of_the_gone = known.is_none() && is_of_another && is_older;
        if is_of_the_gone || (known.is_some() && (is_of_another || is_older)) {
            return Ok(false);
        }
        let is_unseen = known.is_none() && is_older;
        let owner = known.as_ref().map(|(_, row)| row.connection);
        if owner != Some(said.connection) {
            self.has_room(feed, &said, owner.is_none())?;
            if let Some(owner) = owner {
                self.disown(owner, feed, said.client);
            }
            self.owned.entry(said.connection).or_default().insert((feed, said.client));
        }
        self.last += 1;
        let (place, clock) = (self.last, said.clock.unwrap_or(self.last));
        let room = self.rooms.entry(feed).or_default();
        let Said { client, connection, session, user, name, state, .. } = said;
        let same = known.filter(|(_, row)| row.state.as_ref() == Some(&state) && !row.is_unseen);
        let row = Shown {
            client,
            clock,
            numbered: said.clock.is_some(),
            session,
            user,
            name,
            state: Some(state),
            connection,
            is_unseen,
            wire: Default::default(),
        };
        // A renewal is of use only to those whom all is told again.
        let is_new = same.is_none();
        room.put(same.map_or(place, |(place, _)| place), Arc::new(row));
        Ok(is_new)
    }

    fn has_room(&self, feed: FeedId, said: &Said, is_new: bool) -> Result<(), Refusal> {
        let full = |count: usize, max| if count < max { Ok(()) } else { Err(max) };
        let owned = self.owned.get(&said.connection);
        let here = owned.map_or(0, |all| all.iter().filter(|(at, _)| *at == feed).count());
        let there = self.rooms.get(&feed).filter(|_| is_new).map_or(0, Room::count);
        full(owned.map_or(0, HashSet::len), STATES_OWN_MAX)
            .and_then(|()| full(here, STATES_OWN_HERE_MAX))
            .and_then(|()| full(there, STATES_MAX))
            .map_err(|max| Refusal::TooMany { max })
    }

    fn disown(&mut self, connection: u64, feed: FeedId, client: u64) {
        if let Some(owned) = self.owned.get_mut(&connection) {
            owned.remove(&(feed, client));
            if owned.is_empty() {
                self.owned.remove(&connection);
            }
        }
    }

    /// Shows nothing of a client any more, as its session says, with a clock where it has one of its
    /// own; whether it showed something.
    pub(crate) fn hide(
        &mut self,
        feed: FeedId,
        client: u64,
        session: SessionId,
        clock: Option<u64>,
    ) -> bool {
        let known = self.rooms.get(&feed).and_then(|room| room.present(client));
        let may = known.is_some_and(|(_, row)| {
            row.session == session && clock.is_none_or(|clock| clock >= row.clock)
        });
        may && self.take(feed, client, clock)
    }

    /// Shows nothing of a connection in a feed any more; whether it showed something.
    pub(crate) fn clear(&mut self, connection: u64, feed: FeedId) -> bool {
        let clients: Vec<u64> = self.clients(connection, feed).collect();
        clients.into_iter().fold(false, |any, client| any | self.take(feed, client, None))
    }

    fn take(&mut self, feed: FeedId, client: u64, clock: Option<u64>) -> bool {
        let Some(room) = self.rooms.get_mut(&feed) else { return false };
        let Some((_, row)) = room.present(client) else { return false };
        self.last += 1;
        let clock = clock.unwrap_or(if row.numbered { row.clock } else { self.last });
        let (owner, gone) = (row.connection, row.with(clock, None));
        room.put(self.last, gone);
        self.disown(owner, feed, client);
        true
    }

    fn clients(&self, connection: u64, feed: FeedId) -> impl Iterator<Item = u64> {
        let owned = self.owned.get(&connection).into_iter().flatten();
        owned.filter(move |(at, _)| *at == feed).map(|(_, client)| *client)
    }

    /// The feeds in which a connection shows something.
    pub(crate) fn feeds_of(&self, connection: u64) -> BTreeSet<FeedId> {
        self.owned.get(&connection).into_iter().flatten().map(|(feed, _)| *feed).collect()
    }

    /// Lets go of a feed that nobody follows.
    pub(crate) fn forget(&mut self, feed: FeedId) {
        let Some(room) = self.rooms.remove(&feed) else { return };
        for row in room.rows.values() {
            self.disown(row.connection, feed, row.client);
        }
    }

    /// Renews the clocks of those who have none of their own; whether anybody shows anything.
    pub(crate) fn renew(&mut self, feed: FeedId) -> bool {
        let Self { rooms, last, .. } = self;
        let Some(room) = rooms.get_mut(&feed) else { return false };
        for row in room.rows.values_mut().filter(|row| !row.numbered && row.state.is_some()) {
            *last += 1;
            *row = row.with(*last, row.state.clone());
        }
        true
    }

    /// What a reader that was told all up to `told` has not been told, about so many bytes of it, but
    /// not what its own connection shows. `None` where that is nothing.
    pub(crate) fn news(
        &self,
        feed: FeedId,
        told: u64,
        connection: u64,
        bytes_max: usize,
    ) -> Option<News> {
        let room = self.rooms.get(&feed)?;
        let all = told <= room.forgotten;
        let after = if all { ANEW } else { told };
        let mut news = News { all, shown: Vec::new(), bytes: 0, told: after, more: false };
        for (place, row) in room.rows.range(after + 1..) {
            if news.bytes >= bytes_max {
                news.more = true;
                break;
            }
            news.told = *place;
            if row.connection != connection && !(all && row.state.is_none()) {
                news.bytes += row.bytes();
                news.shown.push(Arc::clone(row));
            }
        }
        Some(news)
    }

    /// About how many bytes of a feed its readers have not been called for; they are now. `None` where
    /// nobody shows anything there.
    pub(crate) fn call(&mut self, feed: FeedId) -> Option<usize> {
        let room = self.rooms.get_mut(&feed)?;
        let news = room.rows.range(room.called + 1..);
        let bytes = news.map(|(_, row)| row.bytes()).sum();
        room.called = self.last;
        Some(bytes)
    }

    /// How many feeds it knows, rows of them, and states of connections.
    #[cfg(test)]
    fn sizes(&self) -> (usize, usize, usize) {
        let rows = self.rooms.values().map(|room| room.rows.len()).sum();
        (self.rooms.len(), rows, self.owned.values().map(HashSet::len).sum())
    }
}

#[cfg(test)]
mod tests;
