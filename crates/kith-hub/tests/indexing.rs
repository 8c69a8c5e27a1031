//! The index makes way for those who publish, and is not far behind when they have done.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod world;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use kith_core::id::{Seq, StreamId};
use kith_hub::Limits;
use kith_store::index::{Ask, Entry, Found, Index, IndexError, Step};
use kith_store::memory::MemoryStore;
use tokio::time::{Instant, sleep};
use world::{circle, hub, say, user};

/// What a message costs an index that has nothing to do with any disk.
const COST: Duration = Duration::from_micros(200);

/// An index that takes its time, and notes when it did what.
#[derive(Default)]
struct Slow {
    read: Mutex<BTreeMap<StreamId, Seq>>,
    /// When each step began, and how many changes it had.
    steps: Mutex<Vec<(Instant, usize)>>,
}

#[async_trait]
impl Index for Slow {
    async fn follow(&self, _: u64) -> Result<(), IndexError> {
        Ok(())
    }
    async fn read(&self, streams: Vec<StreamId>) -> Result<Vec<Seq>, IndexError> {
        let read = self.read.lock().unwrap();
        Ok(streams.iter().map(|stream| read.get(stream).copied().unwrap_or(Seq(0))).collect())
    }
    async fn apply(&self, step: Step) -> Result<(), IndexError> {
        let changes = step.changes.len();
        self.steps.lock().unwrap().push((Instant::now(), changes));
        sleep(COST * u32::try_from(changes).unwrap()).await;
        self.read.lock().unwrap().extend(step.read);
        Ok(())
    }
    async fn forget(&self, _: StreamId, _: usize) -> Result<usize, IndexError> {
        Ok(0)
    }
    async fn find(&self, _: Ask, _: usize) -> Result<Vec<Found>, IndexError> {
        Ok(Vec::new())
    }
    async fn is_of(&self, _: u64) -> Result<bool, IndexError> {
        Ok(true)
    }
    async fn differing(&self, _: Vec<Entry>) -> Result<Vec<(StreamId, Seq)>, IndexError> {
        Ok(Vec::new())
    }
    async fn count(&self, _: StreamId) -> Result<u64, IndexError> {
        Ok(0)
    }
    async fn clear(&self) -> Result<(), IndexError> {
        Ok(())
    }
    fn size_bytes(&self) -> u64 {
        0
    }
}

#[tokio::test(start_paused = true)]
async fn while_others_publish_the_index_hardly_works_and_then_it_does_all() {
    let hub = hub(MemoryStore::new(), Limits::default()).await;
    let index = Arc::new(Slow::default());
    let following = tokio::spawn(hub.search_by(Arc::<Slow>::clone(&index)));
    let ana = user(&hub, "ana").await;
    let (_, tea) = circle(&hub, ana).await;
    hub.index_settled().await;
    index.steps.lock().unwrap().clear();

    let began = Instant::now();
    for number in 0..5000 {
        say(&hub, ana, tea, &format!("tea {number}")).await.unwrap();
        sleep(Duration::from_millis(1)).await;
    }
    let (busy, ended) = (began.elapsed(), Instant::now());
    hub.index_settled().await;
    assert!(ended.elapsed() < Duration::from_secs(5), "{:?}", ended.elapsed());

    let steps = index.steps.lock().unwrap().clone();
    let all: usize = steps.iter().map(|(_, changes)| changes).sum();
    assert_eq!(all, 5000);
    let beside: Vec<usize> =
        steps.iter().filter(|(at, _)| *at < ended).map(|(_, changes)| *changes).collect();
    assert!(beside.iter().all(|changes| *changes <= 200), "{beside:?}");
    let worked = COST * u32::try_from(beside.iter().sum::<usize>()).unwrap();
    assert!(!beside.is_empty() && worked < busy / 20, "{worked:?} of {busy:?} in {}", beside.len());
    assert!(beside.len() < 100, "it does many at a time: {}", beside.len());
    hub.close().await;
    following.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stream_in_which_much_is_said_keeps_no_other_out_of_the_index() {
    let hub = hub(MemoryStore::new(), Limits::default()).await;
    let index = Arc::new(Slow::default());
    tokio::spawn(hub.search_by(Arc::<Slow>::clone(&index)));
    let ana = user(&hub, "ana").await;
    let (_, tea) = circle(&hub, ana).await;
    let (_, cups) = circle(&hub, ana).await;
    let ((loud, calm), mut calm_at) = ((tea.min(cups), tea.max(cups)), Seq(0));
    for number in 0..6000 {
        say(&hub, ana, loud, &format!("tea {number}")).await.unwrap();
        if (1000..3000).contains(&number) && number % 100 == 0 {
            calm_at = say(&hub, ana, calm, "a cup").await.unwrap().events[0].seq;
        }
        sleep(Duration::from_millis(1)).await;
    }
    let read = index.read.lock().unwrap().clone();
    assert!(read[&loud] < Seq(5000), "it is behind: {read:?}");
    assert_eq!(read[&calm], calm_at);
}

#[tokio::test(start_paused = true)]
async fn what_is_said_now_and_then_is_in_the_index_at_once() {
    let hub = hub(MemoryStore::new(), Limits::default()).await;
    let index = Arc::new(Slow::default());
    tokio::spawn(hub.search_by(index));
    let ana = user(&hub, "ana").await;
    let (_, tea) = circle(&hub, ana).await;
    hub.index_settled().await;
    for number in 0..20 {
        say(&hub, ana, tea, &format!("tea {number}")).await.unwrap();
        let said = Instant::now();
        hub.index_settled().await;
        assert!(said.elapsed() < Duration::from_millis(60), "{:?}", said.elapsed());
        sleep(Duration::from_millis(200)).await;
    }
}
