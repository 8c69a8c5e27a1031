//! Who changes topics in a run, always several in one transaction: movers, who move something from one
//! counter to another, and watchers, who follow all of it and never may see half of a transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use kith_checker::{Record, Recorder};
use kith_core::command::{Command, Outcome};
use kith_core::decide::secret_hash;
use kith_core::document::{Doc, Key, Rules};
use kith_core::event::{Body, Event};
use kith_core::id::{CircleId, FeedId, Seq, TopicId, UserId};
use kith_core::reduce::reduce;
use kith_core::text::TopicName;
use kith_core::topic::{Asked, Change, Kind, Value};
use kith_hub::read::Snapshot;
use kith_hub::{Backlog, Hub, HubError, Item, Place, Subscriber, Want};
use kith_store::Store;
use kith_store::memory::MemoryStore;
use serde_json::{Value as Json, json};

use crate::disk::Dice;
use crate::people::{Log, Progress, part};
use crate::world::op;

/// Transactions of each mover.
const MOVES: usize = 10;
/// What all counters have together, always.
const SUM: i64 = 300;

/// The topics of a run.
#[derive(Clone)]
pub(crate) struct Topics {
    owner: UserId,
    circle: CircleId,
    /// Between these is moved.
    counters: [TopicId; 3],
    /// A list with an element for some of the transactions.
    trail: TopicId,
    /// A map in which each mover has an entry so large that values are kept now and then.
    ledger: TopicId,
    /// Ephemeral ones, which are changed together.
    live: [TopicId; 2],
}

impl Topics {
    pub(crate) async fn make(hub: &Hub, owner: UserId, circle: CircleId) -> Self {
        let make = async |name: &str, holds, value: Option<Json>, ephemeral| {
            let name = TopicName::parse(name).unwrap();
            let rules = Rules { ephemeral, ..Rules::default() };
            let deny = BTreeMap::new();
            let create =
                Command::CreateTopic { circle, name, holds, value, rules, deny, replace: false };
            hub.execute(owner, None, &create).await.unwrap().topic.unwrap()
        };
        let counter = async |name| make(name, Kind::Int, Some(json!(SUM / 3)), false).await;
        Self {
            owner,
            circle,
            counters: [counter("a").await, counter("b").await, counter("c").await],
            trail: make("trail", Kind::List, None, false).await,
            ledger: make("ledger", Kind::Map, None, false).await,
            live: [
                make("live/a", Kind::Int, None, true).await,
                make("live/b", Kind::Int, None, true).await,
            ],
        }
    }

    /// Those that the store has.
    fn durable(&self) -> Vec<TopicId> {
        self.counters.into_iter().chain([self.trail, self.ledger]).collect()
    }

    /// The feeds of those that the store has.
    pub(crate) fn feeds(&self) -> Vec<FeedId> {
        self.durable().into_iter().map(FeedId::Topic).collect()
    }

    /// The feeds in which the values change.
    fn followed(&self) -> Vec<FeedId> {
        self.feeds().into_iter().chain(self.live.map(FeedId::Live)).collect()
    }

    /// What a mover's operation of this number does, the same whenever it is said: nothing where the
    /// last step is taken back.
    fn plan(&self, name: &str, number: usize) -> Option<Vec<Asked>> {
        let hash = blake3::hash(format!("{name}-{number}").as_bytes());
        let (seed, _) = hash.as_bytes().split_first_chunk().unwrap();
        let seed = u64::from_le_bytes(*seed);
        let dice = Dice(Arc::new(AtomicU64::new(seed)));
        let change = |topic, change: Json| Asked {
            topic,
            change: serde_json::from_value::<Change>(change).unwrap(),
        };
        let add = |topic, by: i64| change(topic, json!({"add": {"by": by}}));
        let by = i64::try_from(dice.roll(9)).unwrap() + 1;
        let live = [add(self.live[0], by), add(self.live[1], -by)];
        match dice.roll(6) {
            0 => return None,
            1 => return Some(live.to_vec()),
            _ => {}
        }
        let from = usize::try_from(dice.roll(3)).unwrap();
        let to = (from + 1 + usize::try_from(dice.roll(2)).unwrap()) % 3;
        let mut changes = vec![add(self.counters[from], -by), add(self.counters[to], by)];
        if dice.roll(2) == 0 {
            let value = format!("{name} {number}");
            changes.push(change(self.trail, json!({"insert": {"value": value, "to": {"at": 0}}})));
        }
        if dice.roll(3) > 0 {
            let value = format!("{number} {}", "x".repeat(900));
            changes.push(change(self.ledger, json!({"put": {"path": [name], "value": value}})));
        }
        if dice.roll(4) == 0 {
            changes.extend(live);
        }
        Some(changes)
    }

    /// The values of the counters add up to what they began with, by what is in the store.
    pub(crate) async fn add_up(&self, store: &MemoryStore) {
        let mut documents = BTreeMap::new();
        for feed in self.feeds() {
            for row in store.events(feed, Seq(0), 10_000).await.unwrap() {
                let event: Event = serde_json::from_str(&row.body).unwrap();
                reduce(&mut documents, &event).unwrap_or_else(|never| match never {});
            }
        }
        assert_eq!(self.sum(&documents), Some(SUM), "the store has half of a transaction");
    }

    /// The sum of the counters, if all of them are known.
    fn sum(&self, documents: &BTreeMap<Key, Doc>) -> Option<i64> {
        let value = |topic: &TopicId| match documents.get(&Key::State(*topic)) {
            Some(Doc::State(state)) => match state.value {
                Value::Int(number) => Some(number),
                _ => None,
            },
            _ => None,
        };
        self.counters.iter().map(value).sum()
    }
}

/// One who moves; it goes on where it was when the server comes back.
#[derive(Clone)]
pub(crate) struct Mover {
    pub(crate) me: UserId,
    pub(crate) name: String,
    pub(crate) progress: Arc<Mutex<Progress>>,
}

impl Mover {
    pub(crate) async fn go(self, hub: Hub, topics: Topics, recorder: Recorder, dice: Dice) {
        let durable = topics.feeds();
        loop {
            let (number, doubtful) = {
                let mut progress = self.progress.lock().unwrap();
                if progress.sent == MOVES {
                    return;
                }
                let number = 1 + progress.sent + progress.failed;
                (number, std::mem::replace(&mut progress.doubtful, true))
            };
            dice.pause().await;
            let id = format!("{}-{number}", self.name);
            let (command, feeds) = match topics.plan(&self.name, number) {
                Some(changes) => {
                    let all = changes.iter().map(|asked| FeedId::Topic(asked.topic));
                    let feeds: Vec<_> = all.filter(|feed| durable.contains(feed)).collect();
                    self.invoke(&id, &feeds, &recorder);
                    (Command::Change { changes, when: Vec::new(), group: None }, Some(feeds))
                }
                None => (Command::Undo { circle: topics.circle, skip: false }, None),
            };
            let result = hub.execute(self.me, Some(op(&id)), &command).await;
            let done = self.note(&id, (feeds.as_deref(), &durable), doubtful, &result, &recorder);
            if done && dice.roll(3) == 0 {
                // Now and then the answer is lost and the operation said again.
                let again = hub.execute(self.me, Some(op(&id)), &command).await;
                self.record(&id, (feeds.as_deref(), &durable), true, &again, &recorder);
            }
        }
    }

    /// Writes down that something is asked for in all of these feeds, or in none.
    fn invoke(&self, id: &str, feeds: &[FeedId], recorder: &Recorder) {
        let mut parts = Vec::new();
        for feed in feeds {
            let (client, op, body_hash) = (self.name.clone(), part(id, *feed), id.to_owned());
            parts.push(op.clone());
            let feed = feed.to_string();
            recorder.record(Record::Invoke { client, op, feed, body_hash, at: 0 });
        }
        if !parts.is_empty() {
            recorder.record(Record::Transaction { parts });
        }
    }

    /// Writes an answer down; whether it was done.
    fn note(
        &self,
        id: &str,
        (feeds, durable): (Option<&[FeedId]>, &[FeedId]),
        doubtful: bool,
        result: &Result<Outcome, HubError>,
        recorder: &Recorder,
    ) -> bool {
        let unknown = self.record(id, (feeds, durable), doubtful, result, recorder);
        let mut progress = self.progress.lock().unwrap();
        progress.doubtful = unknown;
        progress.sent += usize::from(result.is_ok());
        progress.failed += usize::from(result.is_err() && !unknown);
        result.is_ok()
    }

    /// Writes an answer down; whether it leaves in doubt what happened.
    fn record(
        &self,
        id: &str,
        (feeds, durable): (Option<&[FeedId]>, &[FeedId]),
        doubtful: bool,
        result: &Result<Outcome, HubError>,
        recorder: &Recorder,
    ) -> bool {
        match result {
            Ok(outcome) => {
                // An answer that is told again calls the feed of an ephemeral value by its topic.
                let places = outcome.events.iter().filter(|place| durable.contains(&place.feed));
                if feeds.is_none() {
                    // Only now is known what it was.
                    let feeds: Vec<_> = places.clone().map(|place| place.feed).collect();
                    self.invoke(id, &feeds, recorder);
                }
                for place in places {
                    let (client, op) = (self.name.clone(), part(id, place.feed));
                    recorder.record(Record::Ok { client, op, seq: place.seq.0, epoch: 1 });
                }
                false
            }
            Err(error) => {
                // The rules only refuse to take back what is not there to be taken back.
                let refused = matches!(error, HubError::Refused(_));
                assert!(!refused || feeds.is_none(), "{id}: {error}");
                let unknown = !refused && (doubtful || error.is_unknown());
                for feed in feeds.unwrap_or_default() {
                    let (client, op) = (self.name.clone(), part(id, *feed));
                    recorder.record(match unknown {
                        true => Record::Unknown { client, op },
                        false => Record::Fail { client, op, code: error.code().to_owned() },
                    });
                }
                unknown
            }
        }
    }
}

/// One who follows all topics.
#[derive(Clone)]
pub(crate) struct Watcher {
    pub(crate) log: Log,
    /// Whose session it is.
    pub(crate) session: String,
    pub(crate) topics: Topics,
    /// What it holds, by its own account.
    pub(crate) holds: Arc<Mutex<BTreeMap<Key, Doc>>>,
}

/// A connection of a watcher.
struct Watch {
    subscriber: Arc<Subscriber>,
    /// The feeds that it has to follow yet.
    missing: BTreeSet<FeedId>,
    /// How often it began to follow what was missing.
    turn: usize,
    /// The end of that turn is in its mailbox.
    noted: bool,
    /// What it holds is whole.
    whole: bool,
    told: Mutex<Vec<(FeedId, Backlog)>>,
}

impl Watcher {
    /// Connects, follows, reads and goes, a few times.
    pub(crate) async fn watch(self, hub: Hub, dice: Dice) {
        for _ in 0..3 {
            let Some(mut watch) = self.connect(&hub).await else { continue };
            for _ in 0..dice.roll(40) {
                dice.pause().await;
                self.turn(&hub, &mut watch, &dice).await;
            }
            hub.disconnect(&watch.subscriber).await;
        }
    }

    async fn connect(&self, hub: &Hub) -> Option<Watch> {
        let subscriber = hub.connect(&secret_hash(&self.session)).await.ok()?;
        let missing = self.topics.followed().into_iter().collect();
        Some(Watch {
            subscriber,
            missing,
            turn: 0,
            noted: false,
            whole: false,
            told: Mutex::default(),
        })
    }

    /// Follows what is missing and reads what waits.
    async fn turn(&self, hub: &Hub, watch: &mut Watch, dice: &Dice) {
        if !watch.missing.is_empty() {
            for feed in watch.missing.clone() {
                if self.follow(hub, watch, feed).await {
                    watch.missing.remove(&feed);
                }
            }
            watch.turn += 1;
            watch.noted = false;
        }
        // Behind everything that happened before, as the server's answer to following is.
        if !watch.noted && hub.settled().await.is_ok() {
            watch.noted = true;
            watch.subscriber.reply(format!("whole {}", watch.turn).into());
        }
        while let Ok(Some(batch)) =
            tokio::time::timeout(std::time::Duration::ZERO, watch.subscriber.next(2000)).await
        {
            dice.pause().await;
            for item in &batch.items {
                self.take(watch, item);
            }
        }
    }

    async fn follow(&self, hub: &Hub, watch: &Watch, feed: FeedId) -> bool {
        let after = self.log.at.lock().unwrap().get(&feed).copied();
        let (FeedId::Topic(topic) | FeedId::Live(topic)) = feed else { return false };
        let want = Want { window: 1, events_only: false, merges: false };
        let encode = |backlog: &Backlog| {
            let mut told = watch.told.lock().unwrap();
            told.push((feed, backlog.clone()));
            bytes::Bytes::from(format!("told {}", told.len() - 1))
        };
        let place = Place { epoch: None, after };
        let followed = hub.subscribe(&watch.subscriber, FeedId::Topic(topic), &place, want, encode);
        followed.await.is_ok()
    }

    fn take(&self, watch: &mut Watch, item: &Item) {
        match item {
            Item::Event(delivery) => {
                let is_half = watch.whole && !delivery.event.feed.is_stored();
                assert!(!is_half, "half of a transaction: {:?}", delivery.event);
                self.happen(&delivery.event);
            }
            Item::Events(all) => {
                let live = all.iter().filter(|each| !each.event.feed.is_stored()).count();
                assert!(!watch.whole || live != 1, "half of a transaction: {all:?}");
                all.iter().for_each(|each| self.happen(&each.event));
            }
            Item::Bundle(_) | Item::Newest(_) => unreachable!("nobody asks for it"),
            Item::Reply(token) => {
                let token = String::from_utf8_lossy(token);
                match token.split_once(' ') {
                    Some(("told", place)) => {
                        let place: usize = place.parse().unwrap();
                        let (feed, backlog) = watch.told.lock().unwrap()[place].clone();
                        self.tell(feed, &backlog);
                    }
                    _ if watch.missing.is_empty() => {
                        watch.whole |= token == format!("whole {}", watch.turn);
                    }
                    _ => {}
                }
            }
            Item::Lagged(feeds) => self.lose(watch, feeds),
            Item::Closed(closed) => self.lose(watch, std::slice::from_ref(&closed.feed)),
            Item::Signal(_) | Item::Aware(_) | Item::Told(_) | Item::Offered(_) => {}
        }
        if watch.whole {
            let client = self.log.client.clone();
            let feeds = self.topics.feeds().iter().map(ToString::to_string).collect();
            self.log.recorder.record(Record::Whole { client, feeds });
            let sum = self.topics.sum(&self.holds.lock().unwrap());
            assert_eq!(sum, Some(SUM), "{} holds half of a transaction", self.log.client);
        }
    }

    fn lose(&self, watch: &mut Watch, feeds: &[FeedId]) {
        watch.whole = false;
        watch.missing.extend(feeds);
    }

    fn happen(&self, event: &Event) {
        self.log.deliver(event);
        if let Body::Changed { .. } = event.body {
            let mut holds = self.holds.lock().unwrap();
            reduce(&mut *holds, event).unwrap_or_else(|never| match never {});
        }
    }

    fn tell(&self, feed: FeedId, backlog: &Backlog) {
        match backlog {
            Backlog::Events { events, more, .. } => {
                assert!(!more, "a snapshot was asked for");
                events.iter().for_each(|event| self.happen(&event.event));
            }
            Backlog::Snapshot { seq, state: Snapshot::Topic { topic, state }, .. } => {
                self.log.at.lock().unwrap().insert(feed, *seq);
                if feed.is_stored() {
                    let (client, feed) = (self.log.client.clone(), feed.to_string());
                    let (epoch, seq) = (1, seq.0);
                    self.log.recorder.record(Record::Snapshot { client, feed, epoch, seq });
                }
                let state = Doc::State(Arc::clone(state));
                self.holds.lock().unwrap().insert(Key::State(topic.id), state);
            }
            Backlog::Snapshot { .. } => panic!("a topic was followed"),
        }
    }

    /// Comes back and catches up: it holds what the server does.
    pub(crate) async fn catch_up(&self, hub: &Hub, dice: &Dice) {
        let mut watch = self.connect(hub).await.unwrap();
        while !watch.whole {
            self.turn(hub, &mut watch, dice).await;
        }
        for topic in self.topics.durable() {
            let told = hub.topic_value(self.topics.owner, topic).await.unwrap();
            let holds = self.holds.lock().unwrap();
            let Some(Doc::State(state)) = holds.get(&Key::State(topic)) else { panic!("{topic}") };
            assert_eq!(state.value, told.2.value, "{} holds another value", self.log.client);
            let (client, feed) = (self.log.client.clone(), FeedId::Topic(topic).to_string());
            self.log.recorder.record(Record::Quiet { client, feed });
        }
        hub.disconnect(&watch.subscriber).await;
    }
}
