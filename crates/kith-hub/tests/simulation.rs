//! Seeded simulation: readers, writers, those who change several topics at once, kicks, crashes of
//! connections and of the server, a clock that jumps, and a store that is slow and fails, in any order
//! of steps, judged by the independent checker. `SEED` replays one run, `RUNS` sets how many there are.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "simulation/disk.rs"]
mod disk;
#[path = "simulation/movers.rs"]
mod movers;
#[path = "simulation/people.rs"]
mod people;
mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use kith_checker::{Record, Recorder, check};
use kith_core::command::Command;
use kith_core::event::{Body, Event};
use kith_core::id::{FeedId, Seq, StreamId};
use kith_hub::verify::verify;
use kith_hub::{Environment, Hub, Limits};
use kith_store::Store;
use kith_store::memory::MemoryStore;
use tokio::task::JoinSet;

use crate::disk::{Dice, Slow};
use crate::movers::{Mover, Topics, Watcher};
use crate::people::{Answers, Log, Moderator, Writer, drain, follow, hash_of, part_of, reader};
use crate::world::{connect, user};
use kith_hub::testing::Clock;

const READERS: usize = 4;
const WRITERS: usize = 3;
const MOVERS: usize = 2;
/// Messages of each writer.
const STEPS: usize = 30;
/// The longest that the server lives before it is killed, in turns.
const LIFE: u64 = 400;

/// By when everything has come to an end on a server that is not killed, in turns.
const END: u64 = 1_000_000;

/// What outlives the server: the disk, the clock, and what people remember.
struct Run {
    dice: Dice,
    store: MemoryStore,
    clock: Arc<Clock>,
    faulty: Arc<AtomicBool>,
    recorder: Recorder,
    stream: StreamId,
    readers: Vec<Log>,
    writers: Vec<Writer>,
    topics: Topics,
    movers: Vec<Mover>,
    watchers: Vec<Watcher>,
    moderator: Moderator,
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

async fn hub(
    dice: &Dice,
    store: &MemoryStore,
    clock: &Arc<Clock>,
    faulty: &Arc<AtomicBool>,
) -> Hub {
    let slow = Slow { inner: store.clone(), dice: dice.clone(), faulty: Arc::clone(faulty) };
    // With few events at hand readers catch up from the store, with more they race with writers.
    let at_hand_bytes = usize::try_from(dice.roll(3) * 1000).unwrap();
    let limits = Limits {
        mailbox_bytes: 3000,
        replay_max: 12,
        group_max: 3,
        at_hand_max: 2,
        at_hand_bytes,
        ..Limits::default()
    };
    let env: Arc<dyn Environment> = Arc::<Clock>::clone(clock);
    Hub::open(Arc::new(slow), env, limits).await.unwrap()
}

impl Run {
    /// Makes the people, the circle and its stream, on a server that does not fail.
    fn begin(seed: u64) -> Self {
        let dice = Dice(Arc::new(AtomicU64::new(seed)));
        let (store, clock) = (MemoryStore::new(), Arc::new(Clock::default()));
        let faulty = Arc::new(AtomicBool::new(false));
        let recorder = Recorder::memory();
        runtime().block_on(async {
            let hub = hub(&dice, &store, &clock, &faulty).await;
            let owner = user(&hub, "owner").await;
            let (circle, stream) = world::circle(&hub, owner).await;
            let topics = Topics::make(&hub, owner, circle).await;
            let (mut readers, mut writers) = (Vec::new(), Vec::new());
            let (mut movers, mut watchers) = (Vec::new(), Vec::new());
            let mut kicked = None;
            for number in 0..READERS {
                let client = format!("reader{number}");
                let me = user(&hub, &client).await;
                hub.execute(me, None, &Command::Join { circle }).await.unwrap();
                kicked.get_or_insert((me, client.clone()));
                readers.push(Log { recorder: recorder.clone(), client, at: Arc::default() });
            }
            for number in 0..WRITERS {
                let name = format!("writer{number}");
                let me = user(&hub, &name).await;
                hub.execute(me, None, &Command::Join { circle }).await.unwrap();
                writers.push(Writer { me, name, progress: Arc::default() });
            }
            for number in 0..MOVERS {
                let name = format!("mover{number}");
                let me = user(&hub, &name).await;
                hub.execute(me, None, &Command::Join { circle }).await.unwrap();
                movers.push(Mover { me, name, progress: Arc::default() });
            }
            // One of them has the same rights as the reader who is kicked.
            for session in ["reader0", "mover0"] {
                let client = format!("{session}/watch");
                let log = Log { recorder: recorder.clone(), client, at: Arc::default() };
                let (session, topics) = (session.to_owned(), topics.clone());
                watchers.push(Watcher { log, session, topics, holds: Arc::default() });
            }
            let reader = kicked.unwrap();
            let feeds = topics.feeds().into_iter().chain([FeedId::Stream(stream)]).collect();
            let moderator = Moderator { owner, circle, feeds, reader, kicks: Arc::default() };
            Self {
                dice,
                store,
                clock,
                faulty,
                recorder,
                stream,
                readers,
                writers,
                topics,
                movers,
                watchers,
                moderator,
            }
        })
    }

    /// One life of the server: everyone does their thing until they are through, or, where `turns`
    /// says so, until it is killed in the middle of whatever it does.
    fn live(&self, turns: Option<u64>) {
        self.faulty.store(true, Ordering::Relaxed);
        runtime().block_on(async {
            let hub = hub(&self.dice, &self.store, &self.clock, &self.faulty).await;
            let mut people = JoinSet::new();
            for log in &self.readers {
                people.spawn(reader(hub.clone(), self.stream, log.clone(), self.dice.clone()));
            }
            for writer in self.writers.clone() {
                let (recorder, dice) = (self.recorder.clone(), self.dice.clone());
                people.spawn(writer.write(hub.clone(), self.stream, recorder, dice));
            }
            for mover in self.movers.clone() {
                let (recorder, dice) = (self.recorder.clone(), self.dice.clone());
                people.spawn(mover.go(hub.clone(), self.topics.clone(), recorder, dice));
            }
            for watcher in self.watchers.clone() {
                people.spawn(watcher.watch(hub.clone(), self.dice.clone()));
            }
            let moderator = self.moderator.clone();
            people.spawn(moderator.moderate(
                hub.clone(),
                self.recorder.clone(),
                self.dice.clone(),
            ));
            let (clock, dice) = (Arc::clone(&self.clock), self.dice.clone());
            // Nothing that is promised may hang on what time it is.
            let clockmaker = tokio::spawn(async move {
                loop {
                    for _ in 0..dice.roll(60) {
                        tokio::task::yield_now().await;
                    }
                    let day = 24 * 3600 * 1000;
                    clock.jump_ms(if dice.roll(2) == 0 { day } else { -day });
                }
            });
            let killed = async {
                for _ in 0..turns.unwrap_or(END) {
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                () = killed => assert!(turns.is_some(), "some operation never comes to an end"),
                () = async { while let Some(done) = people.join_next().await { done.unwrap() } } => {}
            }
            clockmaker.abort();
            if turns.is_none() {
                self.faulty.store(false, Ordering::Relaxed);
                self.moderator.let_in(&hub, &self.recorder).await;
                self.quiet(&hub).await;
            }
        });
    }

    /// Everyone comes back and catches up.
    async fn quiet(&self, hub: &Hub) {
        for log in &self.readers {
            let answers = Answers::default();
            let subscriber = connect(hub, &log.client).await;
            assert!(follow(hub, &subscriber, self.stream, log, &answers).await);
            drain(&subscriber, log, &answers, &self.dice).await;
            let (client, feed) = (log.client.clone(), self.stream.to_string());
            self.recorder.record(Record::Quiet { client, feed });
        }
        for watcher in &self.watchers {
            watcher.catch_up(hub, &self.dice).await;
        }
    }

    /// What is in the store at the end.
    fn end(&self) {
        runtime().block_on(async {
            let verified = verify(&self.store).await.unwrap();
            assert!(verified.problems.is_empty(), "{:#?}", verified.problems);
            self.topics.add_up(&self.store).await;
            for feed in &self.moderator.feeds {
                self.log(*feed).await;
            }
        });
    }

    /// Writes down all events of a feed.
    async fn log(&self, feed: FeedId) {
        let head = self.store.head(feed).await.unwrap();
        self.recorder.record(Record::Head { feed: feed.to_string(), epoch: 1, seq: head.seq.0 });
        for row in self.store.events(feed, Seq(0), 10_000).await.unwrap() {
            let event: Event = serde_json::from_str(&row.body).unwrap();
            let is_topic = matches!(feed, FeedId::Topic(_));
            assert!(
                is_topic || matches!(event.body, Body::Posted { .. } | Body::StreamCreated { .. })
            );
            self.recorder.record(Record::Logged {
                feed: feed.to_string(),
                epoch: 1,
                seq: row.seq.0,
                op: part_of(&event),
                hash: hash_of(&event),
            });
        }
    }
}

/// The verdict on one run; what its own assertions say names the seed too.
fn run(seed: u64) -> kith_checker::Report {
    let run = Run::begin(seed);
    for _ in 0..run.dice.roll(3) {
        run.live(Some(run.dice.roll(LIFE)));
    }
    run.live(None);
    run.end();
    check(run.recorder.take())
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn no_schedule_loses_doubles_reorders_or_leaks() {
    let seeds = match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("RUNS").unwrap_or(100),
    };
    let mut delivered = 0;
    for seed in seeds {
        let report = std::panic::catch_unwind(|| run(seed));
        let report = report.unwrap_or_else(|why| {
            let why = why.downcast_ref::<String>().map(String::as_str);
            panic!("SEED={seed} broke off\n{}", why.unwrap_or("for a reason of its own"))
        });
        assert!(report.is_clean(), "SEED={seed}\n{report}");
        assert!(report.acked > (WRITERS * STEPS) as u64, "SEED={seed}\n{report}");
        delivered += report.delivered;
    }
    assert!(delivered > 0, "nobody was told anything");
}
