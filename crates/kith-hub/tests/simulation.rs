//! Seeded simulation: readers, writers, kicks, crashes of connections and a store that is slow in
//! any order of steps, judged by the independent checker. `SEED` replays one run, `RUNS` sets how
//! many there are.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod world;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use kith_checker::{Record, Recorder, check};
use kith_core::command::Command;
use kith_core::event::{Body, Event};
use kith_core::id::{FeedId, Seq, StreamId, UserId};
use kith_hub::{Backlog, Hub, Item, Limits, Place, Subscriber, Want};
use kith_store::memory::MemoryStore;
use kith_store::{Batch, DocKey, Document, Head, Range, Store, StoreError, StoredEvent};
use world::{connect, hub, op, post, user};

/// Random numbers of one run (SplitMix64), shared by its tasks.
#[derive(Clone)]
struct Dice(Arc<AtomicU64>);

impl Dice {
    fn roll(&self, sides: u64) -> u64 {
        let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ z >> 31) % sides
    }

    /// Lets other tasks go first, for a random number of turns.
    async fn pause(&self) {
        for _ in 0..self.roll(4) {
            tokio::task::yield_now().await;
        }
    }
}

/// A store whose calls take a random number of turns, before and after they happen.
struct Slow {
    inner: MemoryStore,
    dice: Dice,
}

#[async_trait]
impl Store for Slow {
    async fn commit(&self, batches: Vec<Batch>) -> Vec<Result<(), StoreError>> {
        self.dice.pause().await;
        let done = self.inner.commit(batches).await;
        self.dice.pause().await;
        done
    }
    async fn head(&self, feed: FeedId) -> Result<Head, StoreError> {
        self.dice.pause().await;
        let head = self.inner.head(feed).await;
        self.dice.pause().await;
        head
    }
    async fn events(
        &self,
        feed: FeedId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.dice.pause().await;
        let events = self.inner.events(feed, after, limit).await;
        self.dice.pause().await;
        events
    }
    async fn get(&self, keys: Vec<DocKey>) -> Result<Vec<Option<Arc<str>>>, StoreError> {
        self.dice.pause().await;
        let found = self.inner.get(keys).await;
        self.dice.pause().await;
        found
    }
    async fn scan(&self, range: Range, limit: usize) -> Result<Vec<Document>, StoreError> {
        self.dice.pause().await;
        self.inner.scan(range, limit).await
    }
    async fn count(&self, range: Range) -> Result<u64, StoreError> {
        self.inner.count(range).await
    }
    async fn feeds(&self, after: Option<FeedId>, limit: usize) -> Result<Vec<FeedId>, StoreError> {
        self.inner.feeds(after, limit).await
    }
    async fn epoch(&self) -> Result<u64, StoreError> {
        self.inner.epoch().await
    }
    async fn prune(
        &self,
        collection: &'static str,
        before: String,
        limit: usize,
    ) -> Result<u64, StoreError> {
        self.inner.prune(collection, before, limit).await
    }
}

const READERS: usize = 4;
const STEPS: usize = 30;

/// What a reader writes down: at the moment of receiving, in the order of the whole run.
#[derive(Clone)]
struct Log {
    recorder: Recorder,
    client: String,
    /// How far this reader is, by its own account.
    at: Arc<Mutex<BTreeMap<FeedId, Seq>>>,
}

fn hash_of(event: &Event) -> String {
    serde_json::to_string(event).unwrap()
}

impl Log {
    fn deliver(&self, event: &Event) {
        self.at.lock().unwrap().insert(event.feed, event.seq);
        self.recorder.record(Record::Deliver {
            client: self.client.clone(),
            feed: event.feed.to_string(),
            epoch: 1,
            seq: event.seq.0,
            op: event.op.as_ref().map(|op| op.as_str().to_owned()),
            hash: hash_of(event),
        });
    }
}

/// Reads what waits until the mailbox is empty for a moment.
async fn drain(subscriber: &Arc<Subscriber>, log: &Log, answers: &Answers, dice: &Dice) -> bool {
    let mut lagged = false;
    while let Ok(batch) =
        tokio::time::timeout(std::time::Duration::ZERO, subscriber.next(2000)).await
    {
        let Some(batch) = batch else { return true };
        dice.pause().await;
        for item in &batch.items {
            match item {
                Item::Event(delivery) => log.deliver(&delivery.event),
                Item::Reply(token) => {
                    let backlog = answers.lock().unwrap().remove(token.as_ref());
                    tell(log, backlog.as_ref());
                }
                Item::Lagged(_) | Item::Closed(_) => lagged = true,
                Item::Signal(_) => {}
            }
        }
    }
    lagged
}

fn tell(log: &Log, backlog: Option<&Told>) {
    match backlog {
        Some((_, Backlog::Events { events, .. })) => {
            events.iter().for_each(|event| log.deliver(event));
        }
        Some((feed, Backlog::Snapshot { seq, .. })) => {
            log.at.lock().unwrap().insert(*feed, *seq);
            let (client, feed) = (log.client.clone(), feed.to_string());
            log.recorder.record(Record::Snapshot { client, feed, epoch: 1, seq: seq.0 });
        }
        None => {}
    }
}

type Told = (FeedId, Backlog);
type Answers = Arc<Mutex<BTreeMap<Vec<u8>, Told>>>;

async fn follow(
    hub: &Hub,
    subscriber: &Arc<Subscriber>,
    stream: StreamId,
    log: &Log,
    answers: &Answers,
) -> bool {
    let feed = FeedId::Stream(stream);
    let after = log.at.lock().unwrap().get(&feed).copied();
    let place = Place { epoch: None, after };
    let want = Want { window: 10, events_only: false };
    let encode = |backlog: &Backlog| {
        let mut answers = answers.lock().unwrap();
        let token =
            format!("{}-{}-{}", subscriber.id, answers.len(), backlog_id(backlog)).into_bytes();
        answers.insert(token.clone(), (feed, backlog.clone()));
        bytes::Bytes::from(token)
    };
    hub.subscribe(subscriber, feed, &place, want, encode).await.is_ok()
}

fn backlog_id(backlog: &Backlog) -> String {
    match backlog {
        Backlog::Events { events, seq, .. } => format!("e{}.{}", events.len(), seq),
        Backlog::Snapshot { seq, .. } => format!("s{seq}"),
    }
}

async fn reader(hub: Hub, name: String, stream: StreamId, log: Log, dice: Dice) {
    let answers = Answers::default();
    for _ in 0..STEPS / 5 {
        let subscriber = connect(&hub, &name).await;
        follow(&hub, &subscriber, stream, &log, &answers).await;
        for _ in 0..dice.roll(12) {
            dice.pause().await;
            if drain(&subscriber, &log, &answers, &dice).await {
                follow(&hub, &subscriber, stream, &log, &answers).await;
            }
        }
        hub.disconnect(&subscriber).await;
    }
}

async fn writer(
    hub: Hub,
    me: UserId,
    name: String,
    stream: StreamId,
    recorder: Recorder,
    dice: Dice,
) {
    for number in 0..STEPS {
        dice.pause().await;
        let id = format!("{name}-{number}");
        recorder.record(Record::Invoke {
            client: name.clone(),
            op: id.clone(),
            feed: stream.to_string(),
            body_hash: id.clone(),
            at: 0,
        });
        // Now and then the answer is lost and the operation said again.
        for _ in 0..=dice.roll(2) {
            let result = hub.execute(me, Some(op(&id)), &post(stream, &id)).await;
            recorder.record(match result {
                Ok(outcome) => Record::Ok {
                    client: name.clone(),
                    op: id.clone(),
                    seq: outcome.events[0].seq.0,
                    epoch: 1,
                },
                Err(error) => panic!("{error}"),
            });
        }
    }
}

/// Kicks a reader and lets them in again, over and over.
async fn moderator(
    hub: Hub,
    owner: UserId,
    who: (UserId, String),
    tea: kith_core::id::CircleId,
    stream: StreamId,
    recorder: Recorder,
    dice: Dice,
) {
    for _ in 0..STEPS / 6 {
        for _ in 0..dice.roll(20) {
            tokio::task::yield_now().await;
        }
        let kick = Command::Kick { circle: tea, user: who.0, reason: None };
        hub.execute(owner, None, &kick).await.unwrap();
        let (client, feed) = (who.1.clone(), stream.to_string());
        recorder.record(Record::Fence { client: client.clone(), feed: feed.clone(), at: 0 });
        for _ in 0..dice.roll(20) {
            tokio::task::yield_now().await;
        }
        recorder.record(Record::Granted { client, feed });
        hub.execute(who.0, None, &Command::Join { circle: tea }).await.unwrap();
    }
}

fn run(seed: u64) -> kith_checker::Report {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(async {
        let dice = Dice(Arc::new(AtomicU64::new(seed)));
        let store = MemoryStore::new();
        let slow = Slow { inner: store.clone(), dice: dice.clone() };
        let limits =
            Limits { mailbox_bytes: 3000, replay_max: 12, group_max: 3, ..Limits::default() };
        let hub = hub(slow, limits).await;
        let recorder = Recorder::memory();
        let owner = user(&hub, "owner").await;
        let (tea, stream) = world::circle(&hub, owner).await;
        let mut tasks = Vec::new();
        let mut logs = Vec::new();
        for number in 0..READERS {
            let name = format!("reader{number}");
            let me = user(&hub, &name).await;
            hub.execute(me, None, &Command::Join { circle: tea }).await.unwrap();
            let log = Log { recorder: recorder.clone(), client: name.clone(), at: Arc::default() };
            logs.push((name.clone(), log.clone()));
            tasks.push(tokio::spawn(reader(hub.clone(), name.clone(), stream, log, dice.clone())));
            if number == 0 {
                let (who, recorder) = ((me, name), recorder.clone());
                tasks.push(tokio::spawn(moderator(
                    hub.clone(),
                    owner,
                    who,
                    tea,
                    stream,
                    recorder,
                    dice.clone(),
                )));
            }
        }
        for number in 0..3 {
            let name = format!("writer{number}");
            let me = user(&hub, &name).await;
            hub.execute(me, None, &Command::Join { circle: tea }).await.unwrap();
            tasks.push(tokio::spawn(writer(
                hub.clone(),
                me,
                name,
                stream,
                recorder.clone(),
                dice.clone(),
            )));
        }
        for task in tasks {
            task.await.unwrap();
        }
        quiet(&hub, stream, &logs, &recorder, &dice).await;
        end(&store, stream, &recorder).await;
        check(recorder.take())
    })
}

/// Everyone comes back and catches up.
async fn quiet(
    hub: &Hub,
    stream: StreamId,
    logs: &[(String, Log)],
    recorder: &Recorder,
    dice: &Dice,
) {
    for (name, log) in logs {
        let answers = Answers::default();
        let subscriber = connect(hub, name).await;
        assert!(follow(hub, &subscriber, stream, log, &answers).await);
        drain(&subscriber, log, &answers, dice).await;
        recorder.record(Record::Quiet { client: name.clone(), feed: stream.to_string() });
    }
}

/// What is in the store at the end.
async fn end(store: &MemoryStore, stream: StreamId, recorder: &Recorder) {
    let feed = FeedId::Stream(stream);
    let head = store.head(feed).await.unwrap();
    recorder.record(Record::Head { feed: feed.to_string(), epoch: 1, seq: head.seq.0 });
    for row in store.events(feed, Seq(0), 10_000).await.unwrap() {
        let event: Event = serde_json::from_str(&row.body).unwrap();
        assert!(matches!(event.body, Body::Posted { .. } | Body::StreamCreated { .. }));
        recorder.record(Record::Logged {
            feed: feed.to_string(),
            epoch: 1,
            seq: row.seq.0,
            op: event.op.as_ref().map(|op| op.as_str().to_owned()),
            hash: hash_of(&event),
        });
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn no_schedule_loses_doubles_reorders_or_leaks() {
    let seeds = match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("RUNS").unwrap_or(150),
    };
    for seed in seeds {
        let report = run(seed);
        assert!(report.is_clean(), "SEED={seed}\n{report}");
        assert_eq!(report.acked, 3 * STEPS as u64, "SEED={seed}");
        assert!(report.delivered > 0, "SEED={seed}");
    }
}
