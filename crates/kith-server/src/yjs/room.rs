//! Who is at which document, in the words of their editors: cursors, names, colours.
//!
//! What a client says of itself goes to all who follow the document, and to those who come later.
//! Each client has a number, which belongs to the session that used it first for as long as it is
//! there, so that nobody speaks for others.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kith_core::id::{SessionId, TopicId};
use tokio::time::Instant;

use super::wire::{self, State};

/// For how long a client is there that says nothing: as long as other clients believe it.
const PRESENT: Duration = Duration::from_secs(30);
/// The most clients of one connection at one document.
const OWNED_MAX: usize = 16;
/// The most clients at one document.
const CLIENTS_MAX: usize = 4096;

/// A client that is there.
struct Client {
    clock: u64,
    json: Box<str>,
    /// The connection that speaks for it.
    connection: u64,
    session: SessionId,
    until: Instant,
}

/// Who is at which document.
#[derive(Default)]
pub(crate) struct Rooms {
    rooms: Mutex<HashMap<TopicId, HashMap<u64, Client>>>,
}

impl Rooms {
    fn rooms(&self) -> MutexGuard<'_, HashMap<TopicId, HashMap<u64, Client>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what a connection says of its clients. What others are to be told of it.
    pub(super) fn hear<'a>(
        &self,
        topic: TopicId,
        (connection, session): (u64, SessionId),
        states: Vec<State<'a>>,
    ) -> Vec<State<'a>> {
        let now = Instant::now();
        let mut rooms = self.rooms();
        let room = rooms.entry(topic).or_default();
        room.retain(|_, client| client.until > now);
        let mut owned = room.values().filter(|client| client.connection == connection).count();
        let mut heard = Vec::new();
        for state in states {
            let known = room.get(&state.client);
            let gone = state.json == "null";
            let mine = known.is_none_or(|client| client.session == session);
            let newer = known.is_none_or(|client| {
                state.clock > client.clock || (state.clock == client.clock && gone)
            });
            let is_new = known.is_none_or(|client| client.connection != connection);
            let full = is_new && !gone && (owned >= OWNED_MAX || room.len() >= CLIENTS_MAX);
            if !mine || !newer || full {
                continue;
            }
            if gone {
                if room.remove(&state.client).is_none() {
                    continue;
                }
            } else {
                owned += usize::from(is_new);
                let (clock, json, until) = (state.clock, state.json.into(), now + PRESENT);
                room.insert(state.client, Client { clock, json, connection, session, until });
            }
            heard.push(state);
        }
        if room.is_empty() {
            rooms.remove(&topic);
        }
        heard
    }

    /// What those who are there say of themselves, as a message tells it; `None` where nobody is.
    pub(super) fn present(&self, topic: TopicId) -> Option<Vec<u8>> {
        let now = Instant::now();
        let rooms = self.rooms();
        let room = rooms.get(&topic)?;
        let here = room.iter().filter(|(_, client)| client.until > now);
        let states: Vec<State<'_>> = here
            .map(|(id, client)| State { client: *id, clock: client.clock, json: &client.json })
            .collect();
        (!states.is_empty()).then(|| wire::states(states.into_iter()))
    }

    /// Forgets the clients of a connection that has gone; what others are to be told.
    pub(super) fn leave(&self, topic: TopicId, connection: u64) -> Option<Vec<u8>> {
        let mut rooms = self.rooms();
        let room = rooms.get_mut(&topic)?;
        let mut gone = Vec::new();
        room.retain(|id, client| {
            let left = client.connection == connection;
            gone.extend(left.then_some((*id, client.clock)));
            !left
        });
        if room.is_empty() {
            rooms.remove(&topic);
        }
        let told = gone.into_iter().map(|(client, clock)| State { client, clock, json: "null" });
        (told.len() > 0).then(|| wire::states(told))
    }
}

#[cfg(test)]
mod tests {
    use kith_core::id::Timestamp;

    use super::*;

    const JSON: &str = r#"{"name":"ana"}"#;

    fn said(client: u64, clock: u64, json: &str) -> State<'_> {
        State { client, clock, json }
    }

    fn session(number: u128) -> SessionId {
        SessionId::new(Timestamp(1), number)
    }

    fn present(rooms: &Rooms, topic: TopicId) -> Vec<(u64, u64)> {
        let told = rooms.present(topic).unwrap_or(vec![0]);
        let states = wire::Read(&told).states().unwrap();
        let mut states: Vec<_> = states.iter().map(|one| (one.client, one.clock)).collect();
        states.sort_unstable();
        states
    }

    #[tokio::test(start_paused = true)]
    async fn clients_are_there_until_they_leave_or_are_silent() {
        let (rooms, topic) = (Rooms::default(), TopicId::new(Timestamp(1), 1));
        let (ana, bob) = ((1, session(1)), (2, session(2)));
        assert_eq!(rooms.hear(topic, ana, vec![said(7, 1, JSON)]).len(), 1);
        assert_eq!(rooms.hear(topic, ana, vec![said(7, 1, JSON)]).len(), 0, "said before");
        assert_eq!(rooms.hear(topic, bob, vec![said(8, 5, JSON)]).len(), 1);
        assert_eq!(present(&rooms, topic), [(7, 1), (8, 5)]);
        tokio::time::advance(PRESENT / 2).await;
        assert_eq!(rooms.hear(topic, bob, vec![said(8, 6, JSON)]).len(), 1);
        tokio::time::advance(PRESENT / 2).await;
        assert_eq!(present(&rooms, topic), [(8, 6)]);
        assert_eq!(rooms.hear(topic, bob, vec![said(8, 6, "null")]).len(), 1);
        assert!(rooms.present(topic).is_none());
        assert_eq!(rooms.hear(topic, bob, vec![said(8, 6, "null")]).len(), 0, "gone already");
        assert!(rooms.rooms().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_speaks_for_others() {
        let (rooms, topic) = (Rooms::default(), TopicId::new(Timestamp(1), 1));
        let (ana, again, bob) = ((1, session(1)), (3, session(1)), (2, session(2)));
        rooms.hear(topic, ana, vec![said(7, 1, JSON)]);
        for told in [said(7, 9, JSON), said(7, 9, "null")] {
            assert!(rooms.hear(topic, bob, vec![told]).is_empty());
        }
        assert!(rooms.leave(topic, 2).is_none());
        // A client that comes back before its old connection is known to have ended.
        assert_eq!(rooms.hear(topic, again, vec![said(7, 2, JSON)]).len(), 1);
        assert!(rooms.leave(topic, 1).is_none());
        let left = rooms.leave(topic, 3).unwrap();
        assert_eq!(wire::Read(&left).states().unwrap(), [said(7, 2, "null")]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_speaks_for_few_clients() {
        let (rooms, topic) = (Rooms::default(), TopicId::new(Timestamp(1), 1));
        let many = (0..100).map(|client| said(client, 1, JSON)).collect();
        assert_eq!(rooms.hear(topic, (1, session(1)), many).len(), OWNED_MAX);
    }
}
