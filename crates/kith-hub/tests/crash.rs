//! The power goes, or a call fails, at every operation of a workload in turn: what was acknowledged
//! or shown is there afterwards, and saying it again settles what was unknown.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod world;

use std::collections::BTreeMap;

use kith_core::event::{Body, Event};
use kith_core::id::{FeedId, Seq, StreamId, UserId};
use kith_hub::{Hub, Item, Limits, Subscriber};
use kith_store::fault::{Fault, FaultStore};
use kith_store::{Store, StoreError};
use std::sync::Arc;
use world::faults::at_every_operation;
use world::{circle, connect, follow, hub, op, post, user};

const OPERATIONS: usize = 12;

/// What a run saw before it ended.
#[derive(Default)]
struct Seen {
    acknowledged: BTreeMap<String, Seq>,
    refused: Vec<String>,
    delivered: Vec<Event>,
}

/// Posts in groups of three, as several writers at once, and follows along.
async fn work(hub: &Hub, me: UserId, stream: StreamId, subscriber: &Arc<Subscriber>) -> Seen {
    let mut seen = Seen::default();
    for group in 0..OPERATIONS / 3 {
        let posts = (0..3).map(|number| {
            let (hub, name) = (hub.clone(), format!("op{group}-{number}"));
            tokio::spawn(async move {
                let result = hub.execute(me, Some(op(&name)), &post(stream, &name)).await;
                (name, result)
            })
        });
        for task in posts.collect::<Vec<_>>() {
            match task.await.unwrap() {
                (name, Ok(outcome)) => {
                    seen.acknowledged.insert(name, outcome.events[0].seq);
                }
                (name, Err(error)) if !error.is_unknown() => seen.refused.push(name),
                _ => {}
            }
        }
        while let Ok(Some(batch)) =
            tokio::time::timeout(std::time::Duration::ZERO, subscriber.next(usize::MAX)).await
        {
            seen.delivered.extend(batch.items.iter().filter_map(|item| match item {
                Item::Event(delivery) => Some(delivery.event.as_ref().clone()),
                _ => None,
            }));
        }
    }
    seen
}

async fn log(store: &FaultStore, stream: StreamId) -> Vec<Event> {
    let rows = store.events(FeedId::Stream(stream), Seq(0), 1000).await.unwrap();
    rows.iter().map(|row| serde_json::from_str(&row.body).unwrap()).collect()
}

/// What was acknowledged or shown is there, and nothing that was refused is.
fn judge(seen: &Seen, refused: &[String], log: &[Event], when: &str) {
    for (index, event) in log.iter().enumerate() {
        assert_eq!(event.seq.0, index as u64 + 1, "{when}: numbered without gaps");
    }
    let named = |name: &str| {
        let is = |event: &&Event| event.op.as_ref().is_some_and(|op| op.as_str() == name);
        log.iter().filter(is).map(|event| event.seq).collect::<Vec<_>>()
    };
    for (name, seq) in &seen.acknowledged {
        assert_eq!(named(name), [*seq], "{when}: {name} was acknowledged");
    }
    for name in refused {
        assert_eq!(named(name), [], "{when}: {name} was refused");
    }
    for event in &seen.delivered {
        assert_eq!(log.get(event.seq.0 as usize - 1), Some(event), "{when}: it was shown");
    }
}

/// Everything is said again, to whatever the disk kept, until it is done: once each.
async fn settle(store: &FaultStore, me: UserId, stream: StreamId, seen: &Seen, when: &str) {
    let hub = hub(store.clone(), Limits::default()).await;
    for group in 0..OPERATIONS / 3 {
        for number in 0..3 {
            let name = format!("op{group}-{number}");
            let outcome = hub.execute(me, Some(op(&name)), &post(stream, &name)).await.unwrap();
            if let Some(seq) = seen.acknowledged.get(&name) {
                assert_eq!(outcome.events[0].seq, *seq, "{when}: {name} is told the same again");
            }
        }
    }
    let log = log(store, stream).await;
    let posted = log.iter().filter(|event| matches!(event.body, Body::Posted { .. })).count();
    assert_eq!(posted, OPERATIONS, "{when}: everything happened once");
    judge(seen, &[], &log, when);
}

/// Runs the workload with one fault planned; says whether the fault came.
async fn run(make: impl Fn(u64) -> Fault, after: u64, seed: u64) -> bool {
    let store = FaultStore::new(vec![]);
    let hub = hub(store.clone(), Limits { group_max: 2, ..Limits::default() }).await;
    let me = user(&hub, "ana").await;
    let (_, stream) = circle(&hub, me).await;
    let subscriber = connect(&hub, "ana").await;
    follow(&hub, &subscriber, FeedId::Stream(stream), None).await.unwrap();
    let at = store.operations() + after;
    let fault = make(at);
    let when = format!("{fault:?} seed {seed}");
    store.plan(fault);
    let seen = work(&hub, me, stream, &subscriber).await;
    let came = store.operations() >= at;
    let recovered = store.recover(seed);
    judge(&seen, &seen.refused, &log(&recovered, stream).await, &when);
    settle(&recovered, me, stream, &seen, &when).await;
    came
}

#[tokio::test(start_paused = true)]
async fn power_loss_at_every_operation_keeps_what_was_acknowledged() {
    at_every_operation(async |after, seed| run(|at| Fault::Crash { at }, after, seed).await).await;
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_at_every_operation_gives_no_false_answer() {
    at_every_operation(async |after, seed| {
        run(|at| Fault::Fail { at, error: StoreError::Full }, after, seed).await
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_call_at_every_operation_gives_no_false_answer() {
    at_every_operation(async |after, seed| {
        run(|at| Fault::Fail { at, error: StoreError::Failed("EIO".to_owned()) }, after, seed).await
    })
    .await;
}
