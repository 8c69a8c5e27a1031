//! The circle as topicsync clients see it: one task that follows the topics they follow, tells them
//! what happens, and does what they ask, one thing at a time.
//!
//! It is an ordinary connection of the user as whom the clients act, and so is each client: what they
//! may is decided where everybody else's is, and what waits for a client when access is taken is not
//! sent (`client.rs`).

mod act;
mod catch_up;
mod client;
mod list;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use act::{Finished, Judging};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use kith_core::document::Topic;
use kith_core::event::Event;
use kith_core::id::{CircleId, FeedId, Seq, TopicId, UserId};
use kith_core::topic::{Kind, State};
use kith_hub::read::Snapshot;
use kith_hub::{Backlog, Bell, Hub, HubError, Notices, Place, Subscriber, Want};
use serde_json::Value as Json;
use tokio::sync::{Notify, mpsc, oneshot};

use crate::entry::{CLIENT_MESSAGE, SERVER_STATUS, TOPIC_LIST, entry};
use crate::merge::Waiting;
use crate::message::{First, Message};
use crate::plan::first_version;
use crate::text::Versions;
use crate::trail::Trail;

pub(crate) use client::{Client, Kick, text};

/// Topics that are followed though no client follows them any more.
const SPARE_MAX: usize = 1024;
/// The most topics that one client follows.
const SUBSCRIPTIONS_MAX: usize = 10_000;

/// What a client, or the server on its behalf, asks of the room.
pub(crate) enum Call {
    /// It comes; it is told its id.
    Enter { subscriber: Arc<Subscriber>, kick: Kick, id: oneshot::Sender<u64> },
    /// It says something. `done` is sent once it is dealt with.
    Say { client: u64, message: Message, done: oneshot::Sender<()> },
    /// It asks whether all before was dealt with.
    Ping { client: u64, payload: Bytes },
    /// Something was not sent to it, for access was taken while it waited.
    Renew { client: u64 },
    /// Its request has ended: it is answered after all that happened before. `instead` is the answer
    /// where access was taken since `version`.
    Answer { client: u64, answer: Bytes, instead: Bytes, version: u64 },
    /// Something that it asked was not done, for this reason.
    Complain { client: u64, reason: String },
    /// It left.
    Leave { client: u64 },
}

/// The numbers that are given out, for as long as the server runs.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    client: AtomicU64,
    id: AtomicU64,
}

/// Whose room it is, and where.
pub(crate) struct Seat {
    pub(crate) user: UserId,
    pub(crate) circle: CircleId,
}

/// A topic that the user may read.
pub(crate) struct Known {
    pub(crate) topic: Arc<Topic>,
    /// Its first value, as it is told in the list.
    pub(crate) boundary: Json,
}

impl Known {
    pub(crate) fn entry(&self) -> Json {
        entry(&self.topic, &self.boundary)
    }
}

/// A topic that is followed.
pub(crate) struct Followed {
    name: Arc<str>,
    /// Where its value changes.
    feed: FeedId,
    /// The last event that is folded in.
    pub(crate) seq: Seq,
    state: State,
    /// Of a string: its versions.
    pub(crate) versions: Option<Versions>,
    trail: Trail,
}

/// Why a room ends: the hub failed, or the user may no longer be here.
#[derive(Debug)]
pub(crate) struct Ended(pub(crate) String);

impl From<HubError> for Ended {
    fn from(error: HubError) -> Self {
        Self(error.to_string())
    }
}

/// Values of topics on their way from a subscription to its answer in the mailbox.
type Arrivals = Arc<Mutex<HashMap<u64, (Seq, Arc<Topic>, Arc<State>)>>>;

/// Rung when something happened.
#[derive(Default)]
struct Ring(Notify);

impl Bell for Ring {
    fn ring(self: Arc<Self>) {
        self.0.notify_one();
    }
}

/// The circle as topicsync clients see it.
pub(crate) struct Room {
    hub: Hub,
    user: UserId,
    circle: CircleId,
    me: Arc<Subscriber>,
    ring: Arc<Ring>,
    notices: Notices,
    noticed: VecDeque<Option<Arc<Event>>>,
    numbers: Arc<Numbers>,
    /// What the names of operations begin with.
    run: u32,
    operations: u64,
    /// Counts what was told.
    order: u64,
    known: BTreeMap<Arc<str>, Known>,
    names: HashMap<TopicId, Arc<str>>,
    followed: HashMap<TopicId, Followed>,
    /// Of strings that clients changed and nobody follows: the last event, and the version it made.
    left: HashMap<TopicId, (Seq, String)>,
    arrivals: Arrivals,
    arrival: u64,
    clients: BTreeMap<u64, Client>,
    /// Actions that wait for a guard.
    judging: FuturesUnordered<Judging>,
    waiting: Waiting,
    /// When what waits goes out.
    due: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Room {
    /// The room of a user in a circle, with a connection that is the room's own.
    ///
    /// # Errors
    /// When the hub fails, or the user may not be there.
    pub(crate) async fn open(
        hub: Hub,
        seat: &Seat,
        me: Arc<Subscriber>,
        numbers: Arc<Numbers>,
    ) -> Result<Self, Ended> {
        let ring = Arc::new(Ring::default());
        let bell: std::sync::Weak<Ring> = Arc::downgrade(&ring);
        me.attach(bell);
        // A number that no other room has lately: the operations of another are none of its own.
        let run = (hub.random() >> 96) as u32;
        let mut room = Self {
            notices: hub.notices(),
            noticed: VecDeque::new(),
            user: seat.user,
            circle: seat.circle,
            me,
            ring,
            numbers,
            run,
            operations: 0,
            order: 0,
            known: BTreeMap::new(),
            names: HashMap::new(),
            followed: HashMap::new(),
            left: HashMap::new(),
            arrivals: Arrivals::default(),
            arrival: 0,
            clients: BTreeMap::new(),
            judging: FuturesUnordered::new(),
            waiting: Waiting::default(),
            due: None,
            hub,
        };
        room.follow_feed(FeedId::Circle(seat.circle)).await?;
        room.refresh().await?;
        Ok(room)
    }

    /// Serves until nobody calls any more, or it cannot go on.
    pub(crate) async fn run(mut self, mut calls: mpsc::Receiver<Call>) {
        let why = loop {
            let ended = tokio::select! {
                biased;
                _ = self.me.ended() => break "the session has ended".to_owned(),
                () = async {
                    match &mut self.due {
                        Some(due) => due.await,
                        None => std::future::pending().await,
                    }
                } => self.flush().await,
                call = calls.recv() => match call {
                    Some(call) => self.call(call).await,
                    None => break "nobody is there".to_owned(),
                },
                Some(judgement) = self.judging.next() => self.judged(judgement).await,
                notice = self.notices.next() => {
                    self.noticed.push_back(notice);
                    self.catch_up(None).await
                }
                () = self.ring.0.notified() => self.catch_up(None).await,
            };
            if let Err(Ended(why)) = ended {
                break why;
            }
        };
        tracing::info!(%why, "the topicsync gateway lets its clients go");
        self.hub.disconnect(&self.me).await;
    }

    async fn call(&mut self, call: Call) -> Result<(), Ended> {
        self.catch_up(None).await?;
        match call {
            Call::Enter { subscriber, kick, id } => {
                let client = self.numbers.client.fetch_add(1, Ordering::Relaxed) + 1;
                let one = Client::new(client, subscriber, kick);
                one.greet();
                self.clients.insert(client, one);
                if id.send(client).is_err() {
                    self.clients.remove(&client);
                }
            }
            Call::Say { client, message, done } => {
                let finished = Finished(Some(done));
                match message {
                    Message::Subscribe { names, batched } => {
                        self.subscribe(client, names, batched).await?;
                    }
                    Message::Unsubscribe { name } => self.unsubscribe(client, &name),
                    Message::Action { commands, action_id } => {
                        self.act(client, commands, action_id, finished).await?;
                    }
                }
            }
            Call::Ping { client, payload } => {
                if let Some(client) = self.clients.get(&client) {
                    client.pong(&payload);
                }
            }
            Call::Renew { client } => self.renew(client),
            Call::Answer { client, answer, instead, version } => {
                if let Some(client) = self.clients.get(&client) {
                    client.answer(answer, instead, version);
                }
            }
            Call::Complain { client, reason } => self.complain(client, &reason),
            Call::Leave { client } => {
                self.clients.remove(&client);
                self.spare();
            }
        }
        Ok(())
    }

    /// An id of the server's own.
    fn id(&self) -> String {
        new_id(&self.numbers)
    }

    async fn subscribe(
        &mut self,
        client: u64,
        names: Vec<String>,
        batched: bool,
    ) -> Result<(), Ended> {
        for name in &names {
            self.follow(name).await?;
        }
        self.catch_up(None).await?;
        self.send_waiting();
        let names: Vec<String> =
            names.into_iter().filter(|name| self.first(client, name, batched).is_some()).collect();
        let Some(one) = self.clients.get_mut(&client) else { return Ok(()) };
        one.batched = batched;
        let mut firsts = Vec::new();
        for name in names {
            if one.names.len() < SUBSCRIPTIONS_MAX || one.names.contains(name.as_str()) {
                one.names.insert(name.as_str().into());
                firsts.push(name);
            }
        }
        self.tell_first(client, firsts);
        Ok(())
    }

    /// Tells a client topics as they are now, in its dialect.
    fn tell_first(&self, client: u64, names: Vec<String>) {
        let Some(one) = self.clients.get(&client) else { return };
        let firsts = names
            .into_iter()
            .filter_map(|name| self.first(client, &name, one.batched).map(|first| (name, first)));
        one.tell_first(firsts);
    }

    /// A topic as a client first sees it.
    fn first(&self, client: u64, name: &str, batched: bool) -> Option<First> {
        let status = |value: &str| {
            Some(First { value: Json::from(value), version: Some(first_version(name)) })
        };
        if name == TOPIC_LIST {
            return Some(First { value: self.list(), version: None });
        }
        if name == SERVER_STATUS {
            return status("ok");
        }
        if let Some(whose) = name.strip_prefix(CLIENT_MESSAGE) {
            let own = self.clients.get(&client).filter(|_| whose == client.to_string());
            return own.and_then(Client::message);
        }
        let known = self.known.get(name)?;
        let followed = self.followed.get(&known.topic.id)?;
        let version = followed.versions.as_ref().map(|versions| match batched {
            true if known.topic.rules.merge => first_version(name),
            _ => versions.now().to_owned(),
        });
        Some(First { value: followed.state.value.to_plain(), version })
    }

    fn renew(&self, client: u64) {
        let Some(one) = self.clients.get(&client) else { return };
        self.tell_first(client, one.names.iter().map(|name| name.as_ref().to_owned()).collect());
    }

    fn unsubscribe(&mut self, client: u64, name: &str) {
        if let Some(client) = self.clients.get_mut(&client) {
            client.names.remove(name);
        }
        self.spare();
    }

    /// Follows no longer what nobody follows, where that is much.
    fn spare(&mut self) {
        if self.followed.len() <= SPARE_MAX {
            return;
        }
        let (clients, hub, me) = (&self.clients, &self.hub, &self.me);
        let left = &mut self.left;
        self.followed.retain(|topic, followed| {
            let wanted = clients.values().any(|client| client.names.contains(&followed.name));
            if !wanted {
                hub.unsubscribe(me, followed.feed);
                if let Some(versions) = &followed.versions {
                    left.insert(*topic, (followed.seq, versions.now().to_owned()));
                }
            }
            wanted
        });
    }

    /// Follows the topic of a name, if it is there and not followed yet. It is once its answer is taken.
    async fn follow(&mut self, name: &str) -> Result<(), Ended> {
        match self.known.get(name) {
            Some(Known { topic, .. }) if !self.followed.contains_key(&topic.id) => {
                self.follow_feed(topic.feed()).await
            }
            _ => Ok(()),
        }
    }

    async fn follow_feed(&mut self, feed: FeedId) -> Result<(), Ended> {
        self.arrival += 1;
        let (arrivals, arrival) = (Arc::clone(&self.arrivals), self.arrival);
        let encode = move |backlog: &Backlog| {
            if let Backlog::Snapshot { seq, state: Snapshot::Topic { topic, state }, .. } = backlog
            {
                let arrived = (*seq, Arc::clone(topic), Arc::clone(state));
                arrivals.lock().unwrap_or_else(PoisonError::into_inner).insert(arrival, arrived);
            }
            Bytes::copy_from_slice(&arrival.to_le_bytes())
        };
        let want = Want { window: 0, events_only: false, merges: false };
        let followed = self.hub.subscribe(&self.me, feed, &Place::default(), want, encode).await;
        match (followed, feed) {
            (Ok(()), _) => Ok(()),
            // A topic may go, or be hidden, at any time.
            (Err(HubError::Refused(_)), FeedId::Topic(_) | FeedId::Live(_)) => Ok(()),
            (Err(error), _) => Err(error.into()),
        }
    }

    /// The value of a topic arrived.
    fn arrive(&mut self, marker: &[u8]) {
        let Ok(arrival) = marker.try_into().map(u64::from_le_bytes) else { return };
        let arrived = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner).remove(&arrival);
        let Some((seq, topic, state)) = arrived else { return };
        let Some(name) = self.names.get(&topic.id).cloned() else {
            self.hub.unsubscribe(&self.me, topic.feed());
            return;
        };
        let again = self.followed.remove(&topic.id);
        let feed = topic.feed();
        let left = self.left.remove(&topic.id).filter(|(last, _)| *last == seq);
        let versions = (topic.holds == Kind::String).then(|| match (left, feed, seq) {
            (Some((_, version)), ..) => Versions::new(version),
            (None, FeedId::Topic(_), Seq(1)) => Versions::new(first_version(&name)),
            _ => Versions::new(self.id()),
        });
        let state = State::clone(&state);
        let trail = Trail::default();
        let followed = Followed { name: Arc::clone(&name), feed, seq, state, versions, trail };
        self.followed.insert(topic.id, followed);
        if again.is_some() {
            // Some of what happened was not told one by one.
            self.waiting.drop_topic(&name);
            let follow = self.clients.values().filter(|client| client.names.contains(&name));
            let follow: Vec<u64> = follow.map(|client| client.id).collect();
            for client in follow {
                self.tell_first(client, vec![name.as_ref().to_owned()]);
            }
        }
    }
}

/// An id of the server's own.
pub(crate) fn new_id(numbers: &Numbers) -> String {
    format!("0_{}", numbers.id.fetch_add(1, Ordering::Relaxed) + 1)
}
