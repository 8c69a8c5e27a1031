//! What a user finds in their inbox: what means or answers them, newest first, in pages, and never
//! what they may not read; and what messages said before they were edited.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod world;

use kith_core::command::Command;
use kith_core::id::{CircleId, Seq, StreamId, UserId};
use kith_hub::verify::{Watched, verify};
use kith_hub::{Hub, HubError, Limits};
use kith_store::memory::MemoryStore;
use serde_json::{Value, json};
use world::{circle, hub, user};

async fn act(hub: &Hub, me: UserId, command: Value) -> kith_core::command::Outcome {
    let command: Command = serde_json::from_value(command).unwrap();
    hub.execute(me, None, &command).await.unwrap()
}

async fn post(hub: &Hub, me: UserId, stream: StreamId, more: Value) -> Seq {
    let mut post = json!({ "stream": stream });
    post.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    act(hub, me, json!({ "post": post })).await.events[0].seq
}

/// All that a user finds, in pages of `limit`, as `text +reply +mention +unread`.
async fn found(hub: &Hub, me: UserId, unread: bool, limit: usize) -> Vec<String> {
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let (entries, next) = hub.inbox(me, before, unread, limit).await.unwrap();
        assert!(entries.len() <= limit);
        for entry in entries {
            let mut line = entry.message.text.as_str().to_owned();
            for (is_so, word) in
                [(entry.reply, "reply"), (entry.mention, "mention"), (entry.unread, "unread")]
            {
                if is_so {
                    line.push_str(&format!(" +{word}"));
                }
            }
            all.push(line);
        }
        match next {
            Some(next) => before = Some(next),
            None => return all,
        }
    }
}

async fn people(hub: &Hub) -> ([UserId; 3], CircleId, StreamId) {
    let all = [user(hub, "ana").await, user(hub, "bob").await, user(hub, "cyd").await];
    let (tea, talk) = circle(hub, all[0]).await;
    for one in &all[1..] {
        act(hub, *one, json!({"join": {"circle": tea}})).await;
    }
    (all, tea, talk)
}

#[tokio::test]
async fn what_means_or_answers_somebody_is_found_newest_first_in_pages_of_any_size() {
    let store = MemoryStore::new();
    let hub = hub(Watched(store.clone()), Limits::default()).await;
    let ([ana, bob, cyd], tea, talk) = people(&hub).await;
    let cooks = act(
        &hub,
        ana,
        json!({"create_role": {
            "circle": tea, "name": "cooks", "allow": ["read"], "rank": 5,
        }}),
    )
    .await
    .role
    .unwrap();
    act(&hub, ana, json!({"set_roles": {"circle": tea, "user": bob, "roles": [cooks]}})).await;
    let mine = post(&hub, bob, talk, json!({"text": "mine"})).await;
    post(&hub, ana, talk, json!({"text": "hello @bob"})).await;
    post(&hub, ana, talk, json!({"text": "nobody is meant"})).await;
    let all = post(&hub, ana, talk, json!({"text": "@everyone and @bob"})).await;
    post(&hub, cyd, talk, json!({"text": "an answer", "reply_to": mine})).await;
    post(&hub, ana, talk, json!({"text": "@cooks", "reply_to": mine})).await;
    post(&hub, bob, talk, json!({"text": "@bob himself", "reply_to": mine})).await;
    let direct = act(&hub, cyd, json!({"open_direct": {"user": bob}})).await.stream.unwrap();
    post(&hub, cyd, direct, json!({"text": "psst @bob"})).await;
    let expected = vec![
        "psst @bob +mention +unread",
        "@cooks +reply +mention +unread",
        "an answer +reply +unread",
        "@everyone and @bob +mention +unread",
        "hello @bob +mention +unread",
    ];
    for limit in [1, 2, 3, 5, 50] {
        assert_eq!(found(&hub, bob, false, limit).await, expected, "{limit} a page");
    }
    act(&hub, bob, json!({"read": {"stream": talk, "seq": all}})).await;
    assert_eq!(found(&hub, bob, true, 2).await, expected[..3]);
    let read = found(&hub, bob, false, 50).await;
    assert_eq!(read[3..], ["@everyone and @bob +mention", "hello @bob +mention"]);
    assert_eq!(found(&hub, cyd, false, 50).await, ["@everyone and @bob +mention +unread"]);
    hub.settled().await.unwrap();
    assert_eq!(verify(&store).await.unwrap().problems, []);
}

#[tokio::test]
async fn nothing_is_found_that_may_not_be_read_any_more() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let ([ana, bob, cyd], tea, talk) = people(&hub).await;
    let said = post(&hub, ana, talk, json!({"text": "hello @bob"})).await;
    post(&hub, cyd, talk, json!({"text": "me too @bob"})).await;
    assert_eq!(found(&hub, bob, false, 50).await.len(), 2);
    act(&hub, bob, json!({"block": {"user": cyd}})).await;
    assert_eq!(found(&hub, bob, false, 50).await, ["hello @bob +mention +unread"]);
    act(&hub, ana, json!({"edit": {"stream": talk, "message": said, "text": "hello"}})).await;
    assert_eq!(found(&hub, bob, false, 50).await, [""; 0]);
    act(&hub, ana, json!({"edit": {"stream": talk, "message": said, "text": "hi @bob"}})).await;
    assert_eq!(found(&hub, bob, false, 50).await, ["hi @bob +mention +unread"]);
    act(&hub, ana, json!({"kick": {"circle": tea, "user": bob}})).await;
    assert_eq!(found(&hub, bob, false, 50).await, [""; 0]);
    act(&hub, bob, json!({"join": {"circle": tea}})).await;
    assert_eq!(found(&hub, bob, false, 50).await.len(), 1);
    act(&hub, ana, json!({"delete": {"stream": talk, "message": said}})).await;
    assert_eq!(found(&hub, bob, false, 50).await, [""; 0]);
}

#[tokio::test]
async fn threads_that_one_follows_are_told_until_they_are_read() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let ([ana, bob, cyd], _, talk) = people(&hub).await;
    let mut roots = Vec::new();
    for text in ["one", "two"] {
        let root = post(&hub, ana, talk, json!({"text": text})).await;
        post(&hub, bob, talk, json!({"text": "in it", "thread": root})).await;
        roots.push(root);
    }
    let last = post(&hub, cyd, talk, json!({"text": "and I, @bob", "thread": roots[0]})).await;
    let told = async |who: UserId, limit: usize| {
        let (threads, more) = hub.unread_threads(who, limit).await.unwrap();
        let card = |one: &kith_hub::read::inbox::Thread| {
            let root = one.root.as_ref().unwrap().text.as_str().to_owned();
            (root, one.last.text.as_str().to_owned(), one.unread.unread, one.unread.mentions)
        };
        (threads.iter().map(card).collect::<Vec<_>>(), more)
    };
    let text = |text: &str| text.to_owned();
    let one = (text("one"), text("and I, @bob"), 1, 1);
    assert_eq!(told(bob, 50).await, (vec![one.clone()], false));
    let one_of_ana = (text("one"), text("and I, @bob"), 2, 0);
    let two = (text("two"), text("in it"), 1, 0);
    assert_eq!(told(ana, 50).await, (vec![one_of_ana.clone(), two], false));
    assert_eq!(told(ana, 1).await, (vec![one_of_ana], true));
    act(&hub, bob, json!({"read": {"stream": talk, "thread": roots[0], "seq": last}})).await;
    assert_eq!(told(bob, 50).await, (Vec::new(), false));
}

#[tokio::test]
async fn what_a_message_said_before_is_told_until_it_is_deleted() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let ([ana, bob, _], _, talk) = people(&hub).await;
    let said = post(&hub, ana, talk, json!({"text": "frist"})).await;
    let versions = async |who: UserId| {
        let told = hub.versions(who, talk, said).await;
        told.map(|all| all.iter().map(|one| one.text.as_str().to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(versions(bob).await.unwrap(), ["frist"]);
    for number in 0..60 {
        let text = format!("first {number}");
        act(&hub, ana, json!({"edit": {"stream": talk, "message": said, "text": text}})).await;
    }
    let told = versions(bob).await.unwrap();
    assert_eq!((told.len(), told[0].as_str(), told[1].as_str()), (51, "frist", "first 10"));
    assert_eq!(told[50], "first 59");
    let stranger = user(&hub, "dan").await;
    act(&hub, ana, json!({"delete": {"stream": talk, "message": said}})).await;
    for (who, code) in [(bob, "message.not_found"), (stranger, "stream.not_found")] {
        match versions(who).await.unwrap_err() {
            HubError::Refused(refusal) => assert_eq!(refusal.code(), code),
            other => panic!("{other}"),
        }
    }
}
