//! Who does nothing for as long as a circle says is shown as idle there, and nowhere else, until they do
//! something.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod world;

use kith_core::command::Command;
use kith_core::id::{CircleId, FeedId, UserId};
use kith_hub::presence::Status;
use kith_hub::verify::Watched;
use kith_hub::{Hub, HubError, Limits};
use kith_store::memory::MemoryStore;
use serde_json::json;
use world::{circle, connect, follow, hub_and_clock, told, user};

async fn set_idle(hub: &Hub, me: UserId, circle: CircleId, seconds: u32) -> Result<(), HubError> {
    let change = json!({"change_circle": {"circle": circle, "name": "Tea", "public": true, "idle_seconds": seconds}});
    let command: Command = serde_json::from_value(change).unwrap();
    hub.execute(me, None, &command).await.map(drop)
}

#[tokio::test]
async fn whoever_does_nothing_is_idle_where_the_circle_says_so() {
    let (hub, clock) = hub_and_clock(Watched(MemoryStore::new()), Limits::default()).await;
    let (ana, bob) = (user(&hub, "ana").await, user(&hub, "bob").await);
    let ((tea, _), (ops, _)) = (circle(&hub, ana).await, circle(&hub, ana).await);
    for circle in [tea, ops] {
        hub.execute(bob, None, &Command::Join { circle }).await.unwrap();
    }
    set_idle(&hub, ana, tea, 300).await.unwrap();
    for seconds in [1, 59, 86_401] {
        assert!(set_idle(&hub, ana, tea, seconds).await.is_err(), "{seconds}");
    }
    let (mine, _his) = (connect(&hub, "ana").await, connect(&hub, "bob").await);
    follow(&hub, &mine, FeedId::Circle(tea), None).await.unwrap();
    follow(&hub, &mine, FeedId::Circle(ops), None).await.unwrap();
    told(&mine).await;
    let how = async |circle: CircleId| {
        let all = hub.present(ana, circle).await.unwrap();
        all.into_iter().find(|(user, ..)| *user == bob).map(|(_, status, _)| status)
    };
    clock.pass_ms(290_000);
    hub.acted(ana);
    hub.tell_idle().await;
    assert_eq!((told(&mine).await, how(tea).await), (Vec::new(), Some(Status::Online)));
    clock.pass_ms(20_000);
    assert_eq!((how(tea).await, how(ops).await), (Some(Status::Idle), Some(Status::Online)));
    for _ in 0..2 {
        hub.tell_idle().await;
    }
    assert_eq!(told(&mine).await, [(bob, Status::Idle)], "once, and in one circle alone");
    hub.acted(bob);
    assert_eq!(
        (told(&mine).await, how(tea).await),
        (vec![(bob, Status::Online)], Some(Status::Online))
    );
    clock.pass_ms(400_000);
    hub.acted(ana);
    hub.tell_idle().await;
    told(&mine).await;
    set_idle(&hub, ana, tea, 0).await.unwrap();
    hub.tell_idle().await;
    assert_eq!(told(&mine).await, [(bob, Status::Online)], "the circle says no more");
}
