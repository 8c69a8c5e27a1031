//! Sessions that change several topics in each transaction, and follow all of them: none is ever shown
//! half of one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::SinkExt;
use kith_checker::{Record, Recorder};
use serde_json::{Value, json};
use tokio_websockets::Message;

use crate::client::{Socket, World, hash, next, told};

/// What each counter begins with.
pub(crate) const BEGIN: i64 = 1000;

/// The part that an operation has in the feed of one topic.
pub(crate) fn part(op: &str, feed: &str) -> String {
    format!("{op}@{feed}")
}

/// An operation that has no answer yet.
#[derive(Clone)]
struct Open {
    op: String,
    what: Value,
    /// The topics that it changes, where that is known before.
    topics: Vec<String>,
}

pub(crate) struct Mover {
    world: Arc<World>,
    index: usize,
    client: String,
    recorder: Recorder,
    /// The last event of each topic.
    at: BTreeMap<String, u64>,
    values: BTreeMap<String, i64>,
    moves: usize,
    open: Option<Open>,
    moves_on: bool,
    /// Topics that are not followed on this connection.
    missing: BTreeSet<String>,
    /// The number of the request to follow them.
    asked: Option<u64>,
    /// What it holds is whole.
    whole: bool,
    requests: u64,
}

impl Mover {
    pub(crate) fn new(world: Arc<World>, index: usize, recorder: Recorder) -> Self {
        let at = world.topics().map(|topic| (topic.clone(), 0)).collect();
        world.posting.fetch_add(1, Ordering::Relaxed);
        Self {
            world,
            index,
            client: format!("mover{index}"),
            recorder,
            at,
            values: BTreeMap::new(),
            moves: 0,
            open: None,
            moves_on: true,
            missing: BTreeSet::new(),
            asked: None,
            whole: false,
            requests: 0,
        }
    }

    pub(crate) async fn run(mut self, stop: Arc<AtomicBool>) {
        loop {
            if let Some(mut socket) = self.world.connect(self.index).await
                && self.talk(&mut socket, &stop).await.is_some()
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5 + (self.index as u64 * 37) % 60)).await;
        }
    }

    /// Talks until the connection breaks (`None`) or everything is done.
    async fn talk(&mut self, socket: &mut Socket, stop: &AtomicBool) -> Option<()> {
        self.missing = self.at.keys().cloned().collect();
        (self.asked, self.whole) = (None, false);
        loop {
            self.follow(socket).await?;
            let done = stop.load(Ordering::Relaxed);
            if self.moves_on && (!done || self.open.is_some()) {
                self.go(socket).await?;
                continue;
            }
            if std::mem::take(&mut self.moves_on) {
                self.world.posting.fetch_sub(1, Ordering::Relaxed);
            }
            match tokio::time::timeout(Duration::from_millis(200), next(socket)).await {
                Ok(frame) => self.take(&frame?),
                // Quiet for a while after the end: is this all there is?
                Err(_) if done && self.world.posting.load(Ordering::Relaxed) == 0 && self.whole => {
                    let mut behind = false;
                    for (topic, at) in &self.at {
                        behind |= self.world.topic(topic).await["seq"] != json!(at);
                    }
                    if !behind {
                        self.end().await;
                        return Some(());
                    }
                }
                Err(_) => {}
            }
        }
    }

    /// It holds what the server does.
    async fn end(&self) {
        for (topic, value) in &self.values {
            assert_eq!(self.world.topic(topic).await["value"], json!(value), "{topic}");
        }
        for topic in self.at.keys() {
            let (client, feed) = (self.client.clone(), topic.clone());
            self.recorder.record(Record::Quiet { client, feed });
        }
    }

    async fn send(&mut self, socket: &mut Socket, request: Value) -> Option<u64> {
        self.requests += 1;
        let mut request = request;
        request["id"] = json!(self.requests);
        socket.send(Message::text(request.to_string())).await.ok()?;
        Some(self.requests)
    }

    /// Asks to follow what is not followed, unless that is asked already.
    async fn follow(&mut self, socket: &mut Socket) -> Option<()> {
        if self.asked.is_none() && !self.missing.is_empty() {
            let wanted: Vec<Value> = std::mem::take(&mut self.missing)
                .iter()
                .map(|feed| json!({"feed": feed, "after": self.at[feed], "events_only": true}))
                .collect();
            self.asked = Some(self.send(socket, json!({"subscribe": wanted})).await?);
        }
        Some(())
    }

    /// Does one transaction, or says the one again that has no answer yet.
    async fn go(&mut self, socket: &mut Socket) -> Option<()> {
        let open = match self.open.clone() {
            Some(open) => open,
            None => {
                let open = self.plan();
                self.invoke(&open.op, &open.topics);
                self.open = Some(open.clone());
                open
            }
        };
        let id = self.send(socket, json!({"op": open.op, "do": open.what})).await?;
        loop {
            let frame = next(socket).await?;
            if frame["ok"]["id"] == json!(id) {
                let places: Vec<(String, u64)> = frame["ok"]["done"]["events"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|place| {
                        let feed = place["feed"].as_str().unwrap().to_owned();
                        (feed, place["seq"].as_u64().unwrap())
                    })
                    .collect();
                if open.topics.is_empty() {
                    // Only now is known what it was.
                    let topics: Vec<String> = places.iter().map(|(feed, _)| feed.clone()).collect();
                    self.invoke(&open.op, &topics);
                }
                for (feed, seq) in places {
                    let (client, op) = (self.client.clone(), part(&open.op, &feed));
                    self.recorder.record(Record::Ok { client, op, seq, epoch: 1 });
                }
                self.open = None;
                return Some(());
            }
            if frame["error"]["id"] == json!(id) {
                if !frame["error"]["retry_ms"].is_u64() {
                    // The rules only refuse to take back what is not there to be taken back.
                    assert!(open.topics.is_empty(), "{frame}");
                    self.open = None;
                }
                return Some(());
            }
            self.take(&frame);
        }
    }

    fn plan(&mut self) -> Open {
        self.moves += 1;
        let (op, moves) = (format!("{}-{}", self.client, self.moves), self.moves);
        if moves.is_multiple_of(5) {
            let what = json!({"undo": {"circle": self.world.circle}});
            return Open { op, what, topics: Vec::new() };
        }
        let counters = &self.world.counters;
        let from = (self.index + moves) % counters.len();
        let to = (from + 1 + moves % (counters.len() - 1)) % counters.len();
        let by = i64::try_from(1 + moves % 9).unwrap();
        let mut topics = vec![counters[from].clone(), counters[to].clone()];
        let mut changes = vec![
            json!({"topic": counters[from], "change": {"add": {"by": -by}}}),
            json!({"topic": counters[to], "change": {"add": {"by": by}}}),
        ];
        if moves.is_multiple_of(3) {
            let value = format!("{moves} {}", "x".repeat(2000));
            let put = json!({"put": {"path": [self.client], "value": value}});
            changes.push(json!({"topic": self.world.ledger, "change": put}));
            topics.push(self.world.ledger.clone());
        }
        Open { op, what: json!({"change": {"changes": changes}}), topics }
    }

    /// Writes down that something is asked for in all of these topics, or in none.
    fn invoke(&self, op: &str, topics: &[String]) {
        let parts: Vec<String> = topics.iter().map(|feed| part(op, feed)).collect();
        for (op, feed) in parts.iter().zip(topics) {
            self.recorder.record(Record::Invoke {
                client: self.client.clone(),
                op: op.clone(),
                feed: feed.clone(),
                body_hash: op.clone(),
                at: 0,
            });
        }
        if !parts.is_empty() {
            self.recorder.record(Record::Transaction { parts });
        }
    }

    /// Writes down what a frame shows.
    fn take(&mut self, frame: &Value) {
        told(frame).iter().for_each(|event| self.deliver(event));
        if let Some(together) = frame["events"].as_array() {
            together.iter().for_each(|event| self.deliver(event));
        } else if let Some(told) = frame["subscribed"].get("events") {
            told["events"].as_array().unwrap().iter().for_each(|event| self.deliver(event));
            if told["more"] == json!(true) {
                self.missing.insert(told["feed"].as_str().unwrap().to_owned());
            }
        } else if let Some(lagged) = frame.get("lagged") {
            self.whole = false;
            let feeds = lagged["feeds"].as_array().unwrap();
            self.missing.extend(feeds.iter().map(|feed| feed.as_str().unwrap().to_owned()));
        } else if frame["subscribed"].is_object() {
            panic!("neither snapshot nor refusal was asked for: {frame}");
        } else if frame["ok"]["id"].as_u64().is_some_and(|id| self.asked == Some(id)) {
            self.asked = None;
            self.whole = self.missing.is_empty();
        }
        if self.whole {
            let feeds = self.at.keys().cloned().collect();
            self.recorder.record(Record::Whole { client: self.client.clone(), feeds });
            let all = self.world.counters.len();
            assert_eq!(self.values.len(), all, "{}", self.client);
            let sum: i64 = self.values.values().sum();
            assert_eq!(sum, BEGIN * i64::try_from(all).unwrap(), "{} holds a half", self.client);
        }
    }

    fn deliver(&mut self, event: &Value) {
        let (feed, seq) = (event["feed"].as_str().unwrap(), event["seq"].as_u64().unwrap());
        self.at.insert(feed.to_owned(), seq);
        let body = &event["body"];
        if let Some(value) = body["value"].as_i64() {
            self.values.insert(feed.to_owned(), value);
        } else if let Some(by) = body["fact"]["add"]["by"].as_i64() {
            *self.values.get_mut(feed).unwrap() += by;
        }
        self.recorder.record(Record::Deliver {
            client: self.client.clone(),
            feed: feed.to_owned(),
            epoch: 1,
            seq,
            op: event["op"].as_str().map(|op| part(op, feed)),
            hash: hash(event),
        });
    }
}
