//! Who takes part in a run: readers, writers, and a moderator who kicks one of the readers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use kith_checker::{Record, Recorder};
use kith_core::command::{Command, Outcome};
use kith_core::decide::secret_hash;
use kith_core::event::Event;
use kith_core::id::{CircleId, FeedId, Seq, StreamId, UserId};
use kith_core::text::OpId;
use kith_hub::read::Snapshot;
use kith_hub::{Backlog, Hub, HubError, Item, Place, Subscriber, Want};

use crate::STEPS;
use crate::disk::Dice;
use crate::world::{op, post};

/// What a reader writes down: at the moment of receiving, in the order of the whole run.
#[derive(Clone)]
pub(crate) struct Log {
    pub(crate) recorder: Recorder,
    pub(crate) client: String,
    /// How far this reader is, by its own account.
    pub(crate) at: Arc<Mutex<BTreeMap<FeedId, Seq>>>,
}

pub(crate) fn hash_of(event: &Event) -> String {
    serde_json::to_string(event).unwrap()
}

/// The part that an operation has in one feed: one on several topics has several.
pub(crate) fn part(id: &str, feed: FeedId) -> String {
    match feed {
        FeedId::Topic(_) => format!("{id}@{feed}"),
        _ => id.to_owned(),
    }
}

/// What the event is a part of.
pub(crate) fn part_of(event: &Event) -> Option<String> {
    event.op.as_ref().map(|op| part(op.as_str(), event.feed))
}

impl Log {
    pub(crate) fn deliver(&self, event: &Event) {
        self.at.lock().unwrap().insert(event.feed, event.seq);
        if !event.feed.is_stored() {
            return;
        }
        self.recorder.record(Record::Deliver {
            client: self.client.clone(),
            feed: event.feed.to_string(),
            epoch: 1,
            seq: event.seq.0,
            op: part_of(event),
            hash: hash_of(event),
        });
    }

    fn tell(&self, backlog: Option<&Told>) {
        match backlog {
            Some((_, Backlog::Events { events, .. })) => {
                events.iter().for_each(|event| self.deliver(&event.event));
            }
            Some((feed, Backlog::Snapshot { seq, state, .. })) => {
                exact(*seq, state);
                self.at.lock().unwrap().insert(*feed, *seq);
                let (client, feed) = (self.client.clone(), feed.to_string());
                self.recorder.record(Record::Snapshot { client, feed, epoch: 1, seq: seq.0 });
            }
            None => {}
        }
    }
}

/// A snapshot has the newest messages up to its number and none beyond: the run's stream was made by
/// its first event, and every other is a message.
fn exact(seq: Seq, state: &Snapshot) {
    let Snapshot::Stream { messages, .. } = state else { panic!("a stream was followed") };
    let has: Vec<u64> = messages.iter().map(|message| message.seq.0).collect();
    let newest: Vec<u64> = (seq.0.saturating_sub(WINDOW - 1).max(2)..=seq.0).collect();
    assert_eq!(has, newest, "the snapshot after {seq} is not the state after it");
}

/// Messages of a snapshot.
const WINDOW: u64 = 10;

type Told = (FeedId, Backlog);
/// Answers to subscriptions by the token that stands for them in the mailbox.
pub(crate) type Answers = Arc<Mutex<BTreeMap<Vec<u8>, Told>>>;

/// Reads what waits until the mailbox is empty for a moment; whether the feed was lost.
pub(crate) async fn drain(
    subscriber: &Arc<Subscriber>,
    log: &Log,
    answers: &Answers,
    dice: &Dice,
) -> bool {
    let mut lost = false;
    while let Ok(batch) =
        tokio::time::timeout(std::time::Duration::ZERO, subscriber.next(2000)).await
    {
        let Some(batch) = batch else { return true };
        dice.pause().await;
        for item in &batch.items {
            match item {
                Item::Event(delivery) => log.deliver(&delivery.event),
                Item::Events(all) => all.iter().for_each(|each| log.deliver(&each.event)),
                Item::Bundle(bundle) => bundle.events().for_each(|each| log.deliver(&each.event)),
                Item::Reply(token) => {
                    let backlog = answers.lock().unwrap().remove(token.as_ref());
                    log.tell(backlog.as_ref());
                }
                Item::Lagged(_) | Item::Closed(_) => lost = true,
                Item::Newest(_) | Item::Signal(_) | Item::Aware(_) => {}
                Item::Told(_) | Item::Offered(_) => {}
            }
        }
    }
    lost
}

pub(crate) async fn follow(
    hub: &Hub,
    subscriber: &Arc<Subscriber>,
    stream: StreamId,
    log: &Log,
    answers: &Answers,
) -> bool {
    let feed = FeedId::Stream(stream);
    let after = log.at.lock().unwrap().get(&feed).copied();
    let place = Place { epoch: None, after };
    let want = Want { window: usize::try_from(WINDOW).unwrap(), events_only: false, merges: false };
    let encode = |backlog: &Backlog| {
        let mut answers = answers.lock().unwrap();
        let token = format!("{}-{}-{}", subscriber.id, answers.len(), name_of(backlog));
        answers.insert(token.clone().into_bytes(), (feed, backlog.clone()));
        bytes::Bytes::from(token)
    };
    hub.subscribe(subscriber, feed, &place, want, encode).await.is_ok()
}

fn name_of(backlog: &Backlog) -> String {
    match backlog {
        Backlog::Events { events, seq, .. } => format!("e{}.{}", events.len(), seq),
        Backlog::Snapshot { seq, .. } => format!("s{seq}"),
    }
}

/// Lets others go first for fewer than `turns` turns.
async fn wait(dice: &Dice, turns: u64) {
    for _ in 0..dice.roll(turns) {
        tokio::task::yield_now().await;
    }
}

/// Connects, follows, reads and goes, a few times.
pub(crate) async fn reader(hub: Hub, stream: StreamId, log: Log, dice: Dice) {
    let answers = Answers::default();
    for _ in 0..STEPS / 3 {
        let Ok(subscriber) = hub.connect(&secret_hash(&log.client)).await else { continue };
        let mut follows = follow(&hub, &subscriber, stream, &log, &answers).await;
        for _ in 0..dice.roll(24) {
            dice.pause().await;
            if dice.roll(8) == 0 {
                // Now and then a reader sleeps.
                wait(&dice, 150).await;
            }
            if drain(&subscriber, &log, &answers, &dice).await || !follows {
                follows = follow(&hub, &subscriber, stream, &log, &answers).await;
            }
        }
        hub.disconnect(&subscriber).await;
    }
}

/// Says an operation again and again until it is known whether it was done.
async fn insist(hub: &Hub, me: UserId, id: &OpId, command: &Command) -> Option<Outcome> {
    loop {
        match hub.execute(me, Some(id.clone()), command).await {
            Ok(outcome) => return Some(outcome),
            Err(error) if error.is_unknown() => {}
            Err(_) => return None,
        }
    }
}

/// How far a writer is.
#[derive(Default)]
pub(crate) struct Progress {
    /// Messages, or transactions, that are through.
    pub(crate) sent: usize,
    /// Operations that failed for good, each followed by one of another name.
    pub(crate) failed: usize,
    /// The operation that is tried now may have been done by an earlier attempt.
    pub(crate) doubtful: bool,
}

/// A writer; it goes on where it was when the server comes back.
#[derive(Clone)]
pub(crate) struct Writer {
    pub(crate) me: UserId,
    pub(crate) name: String,
    pub(crate) progress: Arc<Mutex<Progress>>,
}

impl Writer {
    pub(crate) async fn write(self, hub: Hub, stream: StreamId, recorder: Recorder, dice: Dice) {
        loop {
            let (id, doubtful) = {
                let mut progress = self.progress.lock().unwrap();
                if progress.sent == STEPS {
                    return;
                }
                let id = format!("{}-{}", self.name, 1 + progress.sent + progress.failed);
                // Until it is answered the server may be killed with it.
                (id, std::mem::replace(&mut progress.doubtful, true))
            };
            dice.pause().await;
            if dice.roll(4) == 0 {
                // Quiet times are when a doubtful kick is alone in its group.
                wait(&dice, 100).await;
            }
            recorder.record(Record::Invoke {
                client: self.name.clone(),
                op: id.clone(),
                feed: stream.to_string(),
                body_hash: id.clone(),
                at: 0,
            });
            let result = hub.execute(self.me, Some(op(&id)), &post(stream, &id)).await;
            if self.note(&id, doubtful, &result, &recorder) && dice.roll(2) == 0 {
                // Now and then the answer is lost and the operation said again.
                let again = hub.execute(self.me, Some(op(&id)), &post(stream, &id)).await;
                recorder.record(self.answer(&id, true, &again));
            }
        }
    }

    /// Writes an answer down; whether the operation was done.
    fn note(
        &self,
        id: &str,
        doubtful: bool,
        result: &Result<Outcome, HubError>,
        recorder: &Recorder,
    ) -> bool {
        let mut progress = self.progress.lock().unwrap();
        let answer = self.answer(id, doubtful, result);
        progress.doubtful = matches!(answer, Record::Unknown { .. });
        progress.sent += usize::from(result.is_ok());
        progress.failed += usize::from(matches!(answer, Record::Fail { .. }));
        recorder.record(answer);
        result.is_ok()
    }

    /// What an answer says: what is not taken now may have been done by an earlier attempt.
    fn answer(&self, id: &str, doubtful: bool, result: &Result<Outcome, HubError>) -> Record {
        let (client, op) = (self.name.clone(), id.to_owned());
        match result {
            Ok(outcome) => Record::Ok { client, op, seq: outcome.events[0].seq.0, epoch: 1 },
            Err(error) if doubtful || error.is_unknown() => Record::Unknown { client, op },
            Err(error) => Record::Fail { client, op, code: error.code().to_owned() },
        }
    }
}

/// Kicks a reader and lets them in again, over and over.
#[derive(Clone)]
pub(crate) struct Moderator {
    pub(crate) owner: UserId,
    pub(crate) circle: CircleId,
    /// What the reader can follow there.
    pub(crate) feeds: Vec<FeedId>,
    pub(crate) reader: (UserId, String),
    /// Kicks so far, in all lives of the server.
    pub(crate) kicks: Arc<Mutex<usize>>,
}

impl Moderator {
    pub(crate) async fn moderate(self, hub: Hub, recorder: Recorder, dice: Dice) {
        self.let_in(&hub, &recorder).await;
        for _ in 0..STEPS / 3 {
            wait(&dice, 20).await;
            let number = {
                let mut kicks = self.kicks.lock().unwrap();
                *kicks += 1;
                *kicks
            };
            let kick = Command::Kick { circle: self.circle, user: self.reader.0, reason: None };
            let id = op(&format!("kick-{number}"));
            if insist(&hub, self.owner, &id, &kick).await.is_some() {
                for feed in &self.feeds {
                    let (client, feed) = (self.reader.1.clone(), feed.to_string());
                    recorder.record(Record::Fence { client, feed, at: 0 });
                }
            }
            wait(&dice, 60).await;
            self.let_in(&hub, &recorder).await;
        }
    }

    pub(crate) async fn let_in(&self, hub: &Hub, recorder: &Recorder) {
        for feed in &self.feeds {
            let (client, feed) = (self.reader.1.clone(), feed.to_string());
            recorder.record(Record::Granted { client, feed });
        }
        let join = Command::Join { circle: self.circle };
        while hub.execute(self.reader.0, None, &join).await.is_err() {}
    }
}
