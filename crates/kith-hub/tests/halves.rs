//! The power goes, or a call fails, at every operation while transactions over several topics are
//! made and taken back: each is whole or not there, and saying it again settles what was unknown.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kith_core::command::Command;
use kith_core::event::Event;
use kith_core::id::{CircleId, FeedId, Seq, TopicId, UserId};
use kith_core::text::TopicName;
use kith_core::topic::{Asked, Kind};
use kith_hub::verify::verify;
use kith_hub::{Hub, Item, Limits, Subscriber};
use kith_store::fault::{Fault, FaultStore};
use kith_store::{Store, StoreError};
use serde_json::{Value, json};

use crate::world::faults::at_every_operation;
use crate::world::{circle, connect, follow, hub, op, user};

const OPERATIONS: usize = 12;

/// Two counters and a list of what was added to both.
struct Place {
    me: UserId,
    circle: CircleId,
    topics: [TopicId; 3],
}

async fn made(hub: &Hub) -> Place {
    let me = user(hub, "ana").await;
    let (circle, _) = circle(hub, me).await;
    let mut topics = Vec::new();
    for (name, holds) in [("one", Kind::Int), ("two", Kind::Int), ("log", Kind::List)] {
        let name = TopicName::parse(name).unwrap();
        let (value, rules, deny) = (None, Default::default(), Default::default());
        let make = Command::CreateTopic { circle, name, holds, value, rules, deny, replace: false };
        topics.push(hub.execute(me, None, &make).await.unwrap().topic.unwrap());
    }
    Place { me, circle, topics: topics.try_into().unwrap() }
}

impl Place {
    /// The operation of a number: every fourth takes one back.
    fn command(&self, number: usize) -> Command {
        if number % 4 == 3 {
            return Command::Undo { circle: self.circle, skip: false };
        }
        let add = json!({"add": {"by": number + 1}});
        let changes = [add.clone(), add, json!({"insert": {"value": number + 1}})];
        let asked = |(topic, change): (&TopicId, Value)| Asked {
            topic: *topic,
            change: serde_json::from_value(change).unwrap(),
        };
        let changes = self.topics.iter().zip(changes).map(asked).collect();
        Command::Change { changes, when: Vec::new(), group: None }
    }

    fn feeds(&self) -> [FeedId; 3] {
        self.topics.map(FeedId::Topic)
    }
}

/// What a run saw before it ended.
#[derive(Default)]
struct Seen {
    acknowledged: BTreeMap<String, Vec<Seq>>,
    refused: Vec<String>,
    delivered: Vec<Event>,
}

/// Changes all three in groups of three, as several clients at once, and follows along.
async fn work(hub: &Hub, place: &Place, subscriber: &Arc<Subscriber>) -> Seen {
    let mut seen = Seen::default();
    for group in 0..OPERATIONS / 3 {
        let asked = (0..3).map(|number| {
            let number = group * 3 + number;
            let (hub, me, command) = (hub.clone(), place.me, place.command(number));
            tokio::spawn(async move {
                let name = format!("op-{number}");
                let result = hub.execute(me, Some(op(&name)), &command).await;
                (name, result)
            })
        });
        for task in asked.collect::<Vec<_>>() {
            match task.await.unwrap() {
                (name, Ok(outcome)) => {
                    let seqs = outcome.events.iter().map(|place| place.seq).collect();
                    seen.acknowledged.insert(name, seqs);
                }
                (name, Err(error)) if !error.is_unknown() => seen.refused.push(name),
                _ => {}
            }
        }
        while let Ok(Some(batch)) =
            tokio::time::timeout(std::time::Duration::ZERO, subscriber.next(usize::MAX)).await
        {
            for item in &batch.items {
                match item {
                    Item::Event(delivery) => seen.delivered.push(delivery.event.as_ref().clone()),
                    Item::Events(all) => seen
                        .delivered
                        .extend(all.iter().map(|delivery| delivery.event.as_ref().clone())),
                    Item::Bundle(bundle) => seen
                        .delivered
                        .extend(bundle.events().map(|delivery| delivery.event.as_ref().clone())),
                    _ => {}
                }
            }
        }
    }
    seen
}

/// The events of all three, by feed.
async fn logs(store: &FaultStore, place: &Place) -> BTreeMap<FeedId, Vec<Event>> {
    let mut all = BTreeMap::new();
    for feed in place.feeds() {
        let rows = store.events(feed, Seq(0), 1000).await.unwrap();
        let events = rows.iter().map(|row| serde_json::from_str(&row.body).unwrap());
        all.insert(feed, events.collect());
    }
    all
}

/// Each operation is in all three or in none, what was acknowledged or shown is there, and nothing
/// that was refused is.
fn judge(seen: &Seen, refused: &[String], logs: &BTreeMap<FeedId, Vec<Event>>, when: &str) {
    let mut parts: BTreeMap<&str, Vec<FeedId>> = BTreeMap::new();
    for (feed, log) in logs {
        for (event, seq) in log.iter().zip(1..) {
            assert_eq!(event.seq, Seq(seq), "{when}: numbered without gaps");
            if let Some(op) = &event.op {
                parts.entry(op.as_str()).or_default().push(*feed);
            }
        }
    }
    let whole: Vec<FeedId> = logs.keys().copied().collect();
    for (name, feeds) in &parts {
        assert_eq!(*feeds, whole, "{when}: half of {name}, or twice");
    }
    for (name, seqs) in &seen.acknowledged {
        assert_eq!(seqs.len(), 3, "{when}: {name}");
        assert!(parts.contains_key(name.as_str()), "{when}: {name} was acknowledged");
    }
    for name in refused {
        assert!(!parts.contains_key(name.as_str()), "{when}: {name} was refused");
    }
    for event in &seen.delivered {
        let log = &logs[&event.feed];
        assert_eq!(log.get(event.seq.0 as usize - 1), Some(event), "{when}: it was shown");
    }
    let shown: BTreeSet<(&str, FeedId)> = seen
        .delivered
        .iter()
        .map(|event| (event.op.as_ref().unwrap().as_str(), event.feed))
        .collect();
    for (name, _) in &shown {
        let all = whole.iter().all(|feed| shown.contains(&(name, *feed)));
        assert!(all, "{when}: half of {name} was shown");
    }
}

/// Everything is said again, to whatever the disk kept, until it is done: once each.
async fn settle(store: &FaultStore, place: &Place, seen: &Seen, when: &str) {
    let hub = hub(store.clone(), Limits::default()).await;
    for number in 0..OPERATIONS {
        let name = format!("op-{number}");
        let outcome = hub.execute(place.me, Some(op(&name)), &place.command(number)).await.unwrap();
        let seqs: Vec<Seq> = outcome.events.iter().map(|place| place.seq).collect();
        if let Some(told) = seen.acknowledged.get(&name) {
            assert_eq!(seqs, *told, "{when}: {name} is told the same again");
        }
    }
    let mut values = Vec::new();
    for topic in place.topics {
        let (_, _, state) = hub.topic_value(place.me, topic).await.unwrap();
        values.push(state.value.to_plain());
    }
    let sum: u64 = values[2].as_array().unwrap().iter().map(|one| one.as_u64().unwrap()).sum();
    assert_eq!(values[..2], [json!(sum), json!(sum)], "{when}");
    hub.close().await;
    judge(seen, &[], &logs(store, place).await, when);
    assert_eq!(verify(store).await.unwrap().problems, [], "{when}");
}

/// Runs the workload with one fault planned; says whether the fault came.
async fn run(make: impl Fn(u64) -> Fault, after: u64, seed: u64) -> bool {
    let store = FaultStore::new(vec![]);
    let hub = hub(store.clone(), Limits { group_max: 2, ..Limits::default() }).await;
    let place = made(&hub).await;
    let subscriber = connect(&hub, "ana").await;
    for feed in place.feeds() {
        follow(&hub, &subscriber, feed, None).await.unwrap();
    }
    let at = store.operations() + after;
    let fault = make(at);
    let when = format!("{fault:?} seed {seed}");
    store.plan(fault);
    let seen = work(&hub, &place, &subscriber).await;
    let came = store.operations() >= at;
    let recovered = store.recover(seed);
    judge(&seen, &seen.refused, &logs(&recovered, &place).await, &when);
    settle(&recovered, &place, &seen, &when).await;
    came
}

#[tokio::test(start_paused = true)]
async fn power_loss_at_every_operation_leaves_no_half_of_a_transaction() {
    at_every_operation(async |after, seed| run(|at| Fault::Crash { at }, after, seed).await).await;
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_at_every_operation_leaves_no_half_of_a_transaction() {
    at_every_operation(async |after, seed| {
        run(|at| Fault::Fail { at, error: StoreError::Full }, after, seed).await
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_call_at_every_operation_leaves_no_half_of_a_transaction() {
    at_every_operation(async |after, seed| {
        run(|at| Fault::Fail { at, error: StoreError::Failed("EIO".to_owned()) }, after, seed).await
    })
    .await;
}
