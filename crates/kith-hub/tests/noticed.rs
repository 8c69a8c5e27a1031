//! Those who talk with each other know whether the other is there: only they, only of those who talked or
//! share a circle with them, and never of whoever blocks them.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod world;

use std::sync::Arc;
use std::time::Duration;

use kith_core::command::Command;
use kith_core::id::{FeedId, StreamId, UserId};
use kith_hub::presence::{Status, What};
use kith_hub::{Hub, Item, Limits, Subscriber};
use kith_store::memory::MemoryStore;
use serde_json::json;
use world::{connect, follow, hub, say, user};

struct Place {
    hub: Hub,
    ana: UserId,
    bob: UserId,
}

impl Place {
    async fn new() -> Self {
        let hub = hub(MemoryStore::new(), Limits::default()).await;
        let (ana, bob) = (user(&hub, "ana").await, user(&hub, "bob").await);
        Self { hub, ana, bob }
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
        self.hub.set_status(subscriber, Some(status)).await;
    }

    /// Who is there of those with whom a user talks.
    async fn present(&self, me: UserId) -> Vec<(UserId, Status)> {
        let all = self.hub.present_in_conversations(me).await.unwrap();
        all.into_iter().map(|(user, status, _)| (user, status)).collect()
    }
}

/// Who is told to be how.
async fn told(subscriber: &Arc<Subscriber>) -> Vec<(UserId, Status)> {
    let mut all = Vec::new();
    while let Ok(Some(batch)) =
        tokio::time::timeout(Duration::ZERO, subscriber.next(usize::MAX)).await
    {
        for item in &batch.items {
            if let Item::Signal(signal) = item
                && let What::Presence(status) = signal.what
            {
                all.push((signal.user, status));
            }
        }
    }
    all
}

#[tokio::test]
async fn one_who_answered_is_noticed_and_one_who_did_not_is_not() {
    let place = Place::new().await;
    let Place { hub, ana, bob } = &place;
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
    hub.disconnect(&his).await;
    assert_eq!(told(&mine).await, [(*bob, Status::Offline)]);
    assert_eq!(place.present(*ana).await, []);
}

#[tokio::test]
async fn those_of_one_circle_notice_each_other_before_they_wrote() {
    let place = Place::new().await;
    let Place { hub, ana, bob } = &place;
    let direct = place.direct().await;
    let mine = place.follower("ana", direct).await;
    let his = place.follower("bob", direct).await;
    let (tea, _) = world::circle(hub, *ana).await;
    place.act(*bob, Command::Join { circle: tea }).await;
    assert_eq!(place.present(*ana).await, [(*bob, Status::Online)]);
    place.is(&his, Status::Idle).await;
    assert_eq!(told(&mine).await, [(*bob, Status::Idle)]);
    place.act(*bob, Command::Leave { circle: tea }).await;
    place.is(&his, Status::Online).await;
    assert_eq!((told(&mine).await, place.present(*ana).await), (vec![], vec![]));
}

#[tokio::test]
async fn in_a_group_only_those_notice_it_who_are_in_it() {
    let place = Place::new().await;
    let Place { hub, ana, bob } = &place;
    let cyd = user(hub, "cyd").await;
    let group = json!({"create_group": {"users": [bob, cyd], "name": "Three"}});
    let group = place.act(*ana, serde_json::from_value(group).unwrap()).await.unwrap();
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
    let Place { hub, ana, bob } = &place;
    let direct = place.direct().await;
    for who in [*ana, *bob] {
        say(hub, who, direct, "tea").await.unwrap();
    }
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
