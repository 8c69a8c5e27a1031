//! Operations that are numbered in a series: done once like any other, and no look-up for new ones.

mod world;

use kith_core::command::Command;
use kith_hub::{HubError, Limits};
use kith_store::fault::FaultStore;

use crate::world::{circle, hub, op, post, user};

#[tokio::test(start_paused = true)]
async fn a_new_number_costs_no_look_up() {
    let store = FaultStore::new(Vec::new());
    let hub = hub(store.clone(), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (_, stream) = circle(&hub, ana).await;
    hub.execute(ana, Some(op("a-1")), &post(stream, "1")).await.unwrap();
    let mut costs = Vec::new();
    for name in ["a-2", "a-3", "a-10", "b", "c"] {
        let before = store.operations();
        hub.execute(ana, Some(op(name)), &post(stream, name)).await.unwrap();
        costs.push(store.operations() - before);
    }
    let commit = costs[0];
    assert_eq!(costs, [commit, commit, commit, commit + 1, commit + 1]);
}

#[tokio::test(start_paused = true)]
async fn an_old_number_is_done_once_in_whatever_order_they_come() {
    let store = FaultStore::new(Vec::new());
    let mut first = Vec::new();
    let names = ["a-9", "a-10", "a-2", "a-100", "b-1", "a-b-7", "a-007", "a-0"];
    let hub = hub(store.clone(), Limits::default()).await;
    let (ana, bob) = (user(&hub, "ana").await, user(&hub, "bob").await);
    let (circle, stream) = circle(&hub, ana).await;
    hub.execute(bob, None, &Command::Join { circle }).await.unwrap();
    for name in names {
        first.push(hub.execute(ana, Some(op(name)), &post(stream, name)).await.unwrap());
    }
    let count = hub.stream_now(ana, stream).await.unwrap().1;
    // Here, and on a server that has nothing at hand.
    let anew = world::hub(store, Limits::default()).await;
    for hub in [&hub, &anew] {
        for (name, first) in names.iter().zip(&first) {
            let again = hub.execute(ana, Some(op(name)), &post(stream, name)).await.unwrap();
            assert_eq!(&again, first, "{name}");
            let other = hub.execute(ana, Some(op(name)), &post(stream, "other")).await;
            assert!(matches!(other, Err(HubError::Refused(_))), "{other:?}");
        }
        assert_eq!(hub.stream_now(ana, stream).await.unwrap().1, count);
    }
    // A smaller number that was never done is new, and so is the same name of another user.
    for (who, name) in [(ana, "a-50"), (bob, "a-9")] {
        let before = anew.stream_now(ana, stream).await.unwrap().1;
        anew.execute(who, Some(op(name)), &post(stream, name)).await.unwrap();
        assert_eq!(anew.stream_now(ana, stream).await.unwrap().1, before.next());
    }
}
