//! A topic in which those who manage the others may not manage.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod world;

use std::collections::BTreeMap;

use kith_core::command::Command;
use kith_core::document::Rules;
use kith_core::id::{TopicId, UserId};
use kith_core::permission::{Permission, Permissions};
use kith_core::text::TopicName;
use kith_core::topic::{Asked, Kind};
use kith_hub::verify::Watched;
use kith_hub::{Hub, Limits};
use kith_store::memory::MemoryStore;
use serde_json::json;

use crate::world::{circle, hub, user};

fn name(name: &str) -> TopicName {
    TopicName::parse(name).unwrap()
}

/// What somebody may who does not may `manage_feeds` there, and what not: with which codes.
async fn tried(hub: &Hub, me: UserId, topic: TopicId, named: &str, make: &Command) -> Vec<String> {
    let add = serde_json::from_value(json!({"add": {"by": 1}})).unwrap();
    let changes = vec![Asked { topic, change: add }];
    let deny = BTreeMap::new();
    let tries = [
        Command::Change { changes, when: Vec::new(), group: None },
        Command::ChangeTopic { topic, name: name(named), rules: Rules::default() },
        Command::NarrowTopic { topic, deny },
        make.clone(),
        Command::RemoveTopic { topic },
    ];
    let mut codes = Vec::new();
    for command in tries {
        let done = hub.execute(me, None, &command).await;
        codes.push(done.map_or_else(|error| error.code().to_owned(), |_| String::new()));
    }
    codes
}

#[tokio::test(start_paused = true)]
async fn to_manage_is_denied_in_one_topic_alone() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let (ana, bob) = (user(&hub, "ana").await, user(&hub, "bob").await);
    let (circle, _) = circle(&hub, ana).await;
    hub.execute(bob, None, &Command::Join { circle }).await.unwrap();
    let (found, _) = hub.circle(ana, circle).await.unwrap();
    let is = &found.roles[&found.everyone];
    let allow = is.allow | Permissions::of(&[Permission::ManageFeeds]);
    let (role, label, rank) = (found.everyone, is.name.clone(), is.rank);
    let change = Command::ChangeRole { circle, role, name: label, allow, rank };
    hub.execute(ana, None, &change).await.unwrap();
    let no_managing = BTreeMap::from([(role, Permissions::of(&[Permission::ManageFeeds]))]);
    let make = |named: &str, deny: &BTreeMap<_, _>, replace| Command::CreateTopic {
        circle,
        name: name(named),
        holds: Kind::Int,
        value: None,
        rules: Rules::default(),
        deny: deny.clone(),
        replace,
    };
    let closed = hub.execute(ana, None, &make("closed", &no_managing, false)).await.unwrap();
    let open = hub.execute(ana, None, &make("open", &BTreeMap::new(), false)).await.unwrap();
    let (closed, open) = (closed.topic.unwrap(), open.topic.unwrap());
    let denied = || "permission.denied".to_owned();
    let again = |named| make(named, &BTreeMap::new(), true);
    let codes = tried(&hub, bob, closed, "closed", &again("closed")).await;
    assert_eq!(codes, [String::new(), denied(), denied(), denied(), denied()]);
    // A name of a topic that one may not manage is not to be had either.
    let codes = tried(&hub, bob, open, "closed", &make("closed", &BTreeMap::new(), false)).await;
    let (taken, done) = ("name.taken".to_owned(), String::new);
    assert_eq!(codes, [done(), taken.clone(), done(), taken, done()]);
    let codes = tried(&hub, ana, closed, "closed", &again("closed")).await;
    assert_eq!(codes, vec![String::new(); 5]);
}
