//! When commits wait for more operations, and what stays at hand for those who come back.

mod world;

use std::sync::atomic::Ordering;
use std::time::Duration;

use kith_core::command::Outcome;
use kith_core::id::FeedId;
use kith_hub::{Hub, HubError, Limits};
use kith_store::fault::FaultStore;
use kith_store::memory::MemoryStore;
use tokio::time::Instant;

use crate::world::{circle, connect, follow, hub, post, say, seen, user};

/// Posts `count` messages one after the other, each of the next of `from`; how long it took.
async fn posts(hub: &Hub, from: &[u64], count: usize) -> Result<Duration, HubError> {
    let ana = user(hub, "ana").await;
    let (_, stream) = circle(hub, ana).await;
    let began = Instant::now();
    for number in 0..count {
        let post = post(stream, "a");
        hub.submit(ana, from[number % from.len()], None, &post).await?.wait().await?;
    }
    Ok(began.elapsed())
}

#[tokio::test(start_paused = true)]
async fn one_connection_waits_for_nothing_and_several_for_each_other() {
    let new = || hub(MemoryStore::new(), Limits::default());
    assert_eq!(posts(&new().await, &[7], 20).await.unwrap(), Duration::ZERO);
    let several = posts(&new().await, &[7, 8], 20).await.unwrap();
    let gather = Duration::from_millis(Limits::default().gather_ms);
    assert!(several >= gather * 17 && several <= gather * 21, "{several:?}");
    // What changes nothing needs no commit, and does not wait for others either.
    let busy = new().await;
    posts(&busy, &[7, 8], 4).await.unwrap();
    let began = Instant::now();
    busy.transact(None, None, |_| Ok(Outcome::default())).await.unwrap();
    assert_eq!(began.elapsed(), Duration::ZERO);
    let off = hub(MemoryStore::new(), Limits { gather_ms: 0, ..Limits::default() }).await;
    assert_eq!(posts(&off, &[7, 8], 20).await.unwrap(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn what_several_publish_at_a_time_shares_commits() {
    let hub = hub(MemoryStore::new(), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (_, stream) = circle(&hub, ana).await;
    let post = post(stream, "a");
    let before = hub.stats().groups.load(Ordering::Relaxed);
    for _ in 0..10 {
        let mut answers = Vec::new();
        for from in 1..=10 {
            answers.push(hub.submit(ana, from, None, &post).await.unwrap());
            tokio::task::yield_now().await;
        }
        for answer in answers {
            answer.wait().await.unwrap();
        }
    }
    let groups = hub.stats().groups.load(Ordering::Relaxed) - before;
    assert!((10..=25).contains(&groups), "{groups} commits for 100 messages");
}

#[tokio::test(start_paused = true)]
async fn the_near_past_is_at_hand_as_far_as_there_is_room() {
    for (at_hand_bytes, reads) in [(1024 * 1024, 0), (0, 1)] {
        let store = FaultStore::new(Vec::new());
        let limits = Limits { at_hand_max: 2, at_hand_bytes, ..Limits::default() };
        let hub = hub(store.clone(), limits).await;
        let ana = user(&hub, "ana").await;
        let (_, stream) = circle(&hub, ana).await;
        let feed = FeedId::Stream(stream);
        for text in ["1", "2", "3"] {
            say(&hub, ana, stream, text).await.unwrap();
        }
        let live = connect(&hub, "ana").await;
        follow(&hub, &live, feed, None).await.unwrap();
        for _ in 0..20 {
            say(&hub, ana, stream, "more").await.unwrap();
        }
        // The first who comes back from before anybody followed it has it read, for the next too.
        for turn in 0..3 {
            let back = connect(&hub, "ana").await;
            let before = store.operations();
            follow(&hub, &back, feed, Some(2)).await.unwrap();
            let asked = store.operations() - before;
            assert_eq!(asked, if turn == 0 { 1 } else { reads }, "turn {turn}");
            let told = seen(&back).await;
            assert_eq!(told[0], "events 3..24");
        }
    }
}
