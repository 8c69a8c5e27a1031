//! Those who talk with each other know whether the other is there: only they, only of those who talked or
//! share a circle with them, and never of whoever blocks them. Nobody waits until it is told.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod world;

use std::sync::Arc;

use async_trait::async_trait;
use kith_core::command::Command;
use kith_core::decide::secret_hash;
use kith_core::id::{FeedId, StreamId, UserId};
use kith_hub::presence::Status;
use kith_hub::presence::conversations::SHARED_MAX;
use kith_hub::{Hub, Limits, Subscriber};
use kith_store::around::Around;
use kith_store::memory::MemoryStore;
use kith_store::{Document, Range, Store, StoreError};
use serde_json::json;
use tokio::sync::Semaphore;
use world::{connect, follow, hub, say, told, user};

/// A gate before every look whether somebody wrote in a stream; it is open until a test shuts it.
struct Gate {
    way: Semaphore,
    reached: Semaphore,
}

impl Gate {
    fn shut(&self) {
        self.way.forget_permits(Semaphore::MAX_PERMITS);
    }

    fn open(&self) {
        self.way.add_permits(Semaphore::MAX_PERMITS);
    }

    /// Waits until somebody stands before it since this was asked last.
    async fn reached(&self) {
        self.reached.acquire().await.unwrap().forget();
    }
}

struct Gated(MemoryStore, Arc<Gate>);

#[async_trait]
impl Around for Gated {
    fn inner(&self) -> &dyn Store {
        &self.0
    }
    async fn scan(&self, range: Range, limit: usize) -> Result<Vec<Document>, StoreError> {
        if range.collection == "authored" && self.1.way.available_permits() == 0 {
            self.1.reached.add_permits(1);
            drop(self.1.way.acquire().await.unwrap());
        }
        self.0.scan(range, limit).await
    }
}

struct Place {
    hub: Hub,
    gate: Arc<Gate>,
    ana: UserId,
    bob: UserId,
}

impl Place {
    async fn new() -> Self {
        let way = Semaphore::new(Semaphore::MAX_PERMITS);
        let gate = Arc::new(Gate { way, reached: Semaphore::new(0) });
        let hub = hub(Gated(MemoryStore::new(), Arc::clone(&gate)), Limits::default()).await;
        let (ana, bob) = (user(&hub, "ana").await, user(&hub, "bob").await);
        Self { hub, gate, ana, bob }
    }

    /// A conversation of ana and bob in which both wrote.
    async fn talk(&self) -> StreamId {
        let direct = self.direct().await;
        for who in [self.ana, self.bob] {
            say(&self.hub, who, direct, "tea").await.unwrap();
        }
        direct
    }

    async fn group(&self, me: UserId, with: &[UserId]) -> StreamId {
        let group = json!({"create_group": {"users": with, "name": "Tea"}});
        self.act(me, serde_json::from_value(group).unwrap()).await.unwrap()
    }

    async fn leave(&self, subscriber: &Arc<Subscriber>) {
        self.hub.disconnect(subscriber).await;
        self.hub.presence_told().await;
    }

    async fn act(&self, me: UserId, command: Command) -> Option<StreamId> {
        self.hub.execute(me, None, &command).await.unwrap().stream
    }

    /// Ana's conversation with bob, in which nobody said anything.
    async fn direct(&self) -> StreamId {
        self.act(self.ana, Command::OpenDirect { user: self.bob }).await.unwrap()
    }

    /// A connection that follows a conversation.
    async fn follower(&self, name: &str, stream: StreamId) -> Arc<Subscriber> {
        let subscriber = connect(&self.hub, name).await;
        follow(&self.hub, &subscriber, FeedId::Stream(stream), None).await.unwrap();
        told(&subscriber).await;
        subscriber
    }

    async fn is(&self, subscriber: &Subscriber, status: Status) {
        self.hub.set_status(subscriber, Some(status));
        self.hub.presence_told().await;
    }

    /// Who is there of those with whom a user talks.
    async fn present(&self, me: UserId) -> Vec<(UserId, Status)> {
        let all = self.hub.present_in_conversations(me).await.unwrap();
        all.into_iter().map(|(user, status, _)| (user, status)).collect()
    }
}

#[tokio::test]
async fn one_who_answered_is_noticed_and_one_who_did_not_is_not() {
    let place = Place::new().await;
    let Place { hub, ana, bob, .. } = &place;
    let direct = place.direct().await;
    say(hub, *ana, direct, "tea?").await.unwrap();
    let mine = place.follower("ana", direct).await;
    let his = place.follower("bob", direct).await;
    place.is(&mine, Status::Idle).await;
    place.is(&his, Status::Away).await;
    assert_eq!((told(&his).await, told(&mine).await), (vec![(*ana, Status::Idle)], vec![]));
    assert_eq!(place.present(*bob).await, [(*ana, Status::Idle)]);
    assert_eq!(place.present(*ana).await, []);
    say(hub, *bob, direct, "please").await.unwrap();
    assert_eq!(place.present(*ana).await, [(*bob, Status::Away)]);
    place.leave(&his).await;
    assert_eq!(told(&mine).await, [(*bob, Status::Offline)]);
    assert_eq!(place.present(*ana).await, []);
}

#[tokio::test]
async fn those_of_one_circle_notice_each_other_before_they_wrote() {
    let place = Place::new().await;
    let Place { hub, ana, bob, .. } = &place;
    let direct = place.direct().await;
    let mine = place.follower("ana", direct).await;
    let his = place.follower("bob", direct).await;
    let (tea, _) = world::circle(hub, *ana).await;
    place.act(*bob, Command::Join { circle: tea }).await;
    assert_eq!(place.present(*ana).await, [(*bob, Status::Online)]);
    place.is(&his, Status::Idle).await;
    assert_eq!(told(&mine).await, [(*bob, Status::Idle)]);
    place.act(*bob, Command::Leave { circle: tea }).await;
    place.is(&his, Status::Away).await;
    assert_eq!(told(&mine).await, [(*bob, Status::Offline)], "was shown, and may not know it");
    place.is(&his, Status::Online).await;
    assert_eq!((told(&mine).await, place.present(*ana).await), (vec![], vec![]));
}

#[tokio::test]
async fn in_a_group_only_those_notice_it_who_are_in_it() {
    let place = Place::new().await;
    let Place { hub, ana, bob, .. } = &place;
    let cyd = user(hub, "cyd").await;
    let group = place.group(*ana, &[*bob, cyd]).await;
    say(hub, *bob, group, "tea?").await.unwrap();
    let mine = place.follower("ana", group).await;
    let hers = place.follower("cyd", group).await;
    let his = connect(hub, "bob").await;
    for follower in [&mine, &hers] {
        assert_eq!(told(follower).await, [(*bob, Status::Online)]);
    }
    place.act(cyd, Command::LeaveGroup { stream: group }).await;
    place.is(&his, Status::Away).await;
    assert_eq!((told(&mine).await, told(&hers).await), (vec![(*bob, Status::Away)], vec![]));
    assert_eq!((place.present(*ana).await.len(), place.present(cyd).await), (1, vec![]));
}

#[tokio::test]
async fn whoever_is_blocked_hears_last_of_all_that_the_other_is_gone() {
    let place = Place::new().await;
    let Place { ana, bob, .. } = &place;
    let direct = place.talk().await;
    let mine = place.follower("ana", direct).await;
    let his = place.follower("bob", direct).await;
    told(&mine).await;
    place.act(*bob, Command::Block { user: *ana }).await;
    assert_eq!(told(&mine).await, [(*bob, Status::Offline)]);
    place.is(&his, Status::Idle).await;
    place.is(&mine, Status::Idle).await;
    assert_eq!((told(&mine).await, told(&his).await), (vec![], vec![]));
    assert_eq!((place.present(*ana).await, place.present(*bob).await), (vec![], vec![]));
    place.act(*bob, Command::Unblock { user: *ana }).await;
    place.is(&his, Status::Online).await;
    assert_eq!(told(&mine).await, [(*bob, Status::Online)]);
}

#[tokio::test]
async fn whoever_could_not_notice_the_other_hears_nothing_of_a_block() {
    let place = Place::new().await;
    let Place { hub, ana, bob, .. } = &place;
    let direct = place.direct().await;
    say(hub, *ana, direct, "tea?").await.unwrap();
    let mine = place.follower("ana", direct).await;
    let _his = place.follower("bob", direct).await;
    place.act(*bob, Command::Block { user: *ana }).await;
    assert_eq!(told(&mine).await, []);
}

#[tokio::test]
async fn a_block_in_the_middle_of_telling_is_the_last_that_is_heard() {
    for was_shown in [true, false] {
        let place = Place::new().await;
        let Place { hub, gate, ana, bob } = &place;
        let direct = place.talk().await;
        let his = place.follower("bob", direct).await;
        let mine = place.follower("ana", direct).await;
        if was_shown {
            assert_eq!(place.present(*ana).await, [(*bob, Status::Online)]);
        }
        gate.shut();
        hub.set_status(&his, Some(Status::Idle));
        gate.reached().await;
        place.act(*bob, Command::Block { user: *ana }).await;
        gate.open();
        hub.presence_told().await;
        let last = if was_shown { vec![(*bob, Status::Offline)] } else { vec![] };
        assert_eq!(told(&mine).await, last);
    }
}

#[tokio::test]
async fn a_block_in_the_middle_of_a_question_leaves_the_other_out() {
    let place = Place::new().await;
    let Place { hub, gate, ana, bob } = &place;
    let direct = place.talk().await;
    let _his = place.follower("bob", direct).await;
    gate.shut();
    let (asked, me) = (hub.clone(), *ana);
    let asked = tokio::spawn(async move { asked.present_in_conversations(me).await });
    gate.reached().await;
    place.act(*bob, Command::Block { user: *ana }).await;
    gate.open();
    assert_eq!(asked.await.unwrap().unwrap(), []);
}

#[tokio::test]
async fn an_answer_that_waits_when_one_is_blocked_is_not_sent() {
    let place = Place::new().await;
    let Place { hub, ana, bob, .. } = &place;
    let direct = place.talk().await;
    let mine = place.follower("ana", direct).await;
    let _his = place.follower("bob", direct).await;
    let (version, reading) = (mine.access_version(), hub.reading(*ana));
    assert_eq!(place.present(*ana).await, [(*bob, Status::Online)]);
    assert!(!reading.is_stale());
    place.act(*bob, Command::Block { user: *ana }).await;
    assert!(mine.access_version() != version && reading.is_stale());
}

#[tokio::test]
async fn nobody_waits_until_it_is_told_and_then_it_is_as_it_is_by_then() {
    let place = Place::new().await;
    let Place { hub, gate, bob, .. } = &place;
    let direct = place.talk().await;
    let mine = place.follower("ana", direct).await;
    gate.shut();
    let his = hub.connect(&secret_hash("bob")).await.unwrap();
    gate.reached().await;
    hub.set_status(&his, Some(Status::Away));
    assert_eq!(told(&mine).await, []);
    hub.disconnect(&his).await;
    let again = hub.connect(&secret_hash("bob")).await.unwrap();
    hub.set_status(&again, Some(Status::Idle));
    gate.open();
    hub.presence_told().await;
    let heard = told(&mine).await;
    assert!(!heard.is_empty() && heard.iter().all(|one| *one == (*bob, Status::Idle)), "{heard:?}");
}

#[tokio::test]
async fn of_many_conversations_the_newest_count_and_those_of_one_crowd_out_no_other() {
    let place = Place::new().await;
    let Place { hub, ana, bob, .. } = &place;
    let cyd = user(hub, "cyd").await;
    let (direct, hers) = (place.talk().await, connect(hub, "cyd").await);
    let mine = place.follower("ana", direct).await;
    let his = place.follower("bob", direct).await;
    assert_eq!(told(&mine).await, [(*bob, Status::Online)]);
    for _ in 0..3 * SHARED_MAX {
        let group = place.group(cyd, &[*bob]).await;
        follow(hub, &hers, FeedId::Stream(group), None).await.unwrap();
    }
    place.is(&his, Status::Idle).await;
    assert_eq!((told(&mine).await, told(&hers).await), (vec![(*bob, Status::Idle)], vec![]));
    say(hub, *bob, place.group(*ana, &[*bob]).await, "tea").await.unwrap();
    let mut groups = Vec::new();
    for _ in 0..SHARED_MAX {
        let group = place.group(*ana, &[*bob]).await;
        follow(hub, &mine, FeedId::Stream(group), None).await.unwrap();
        groups.push(group);
    }
    assert_eq!(place.present(*ana).await, [], "he wrote in older ones alone");
    place.is(&his, Status::Online).await;
    assert_eq!(told(&mine).await, [(*bob, Status::Offline)]);
    say(hub, *bob, *groups.last().unwrap(), "tea").await.unwrap();
    assert_eq!(place.present(*ana).await, [(*bob, Status::Online)]);
    place.leave(&his).await;
    assert_eq!(told(&mine).await, [(*bob, Status::Offline); SHARED_MAX], "in each of them");
}
